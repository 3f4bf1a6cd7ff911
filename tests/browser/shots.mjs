// SPDX-License-Identifier: MulanPSL-2.0
// Pictures of pages, to be looked at:	node tests/browser/shots.mjs BASE FOLDER [PATH…] with LANGS, THEMES, SIZES in the environment.
import { mkdirSync } from 'node:fs';
import { axe, calm, open, page } from './browser.mjs';

const [base, folder, ...wanted] = process.argv.slice(2);
const list = (name, otherwise) => (process.env[name] ?? otherwise).split(',');
mkdirSync(folder, { recursive: true });
const browser = await open();
let bad = 0;
for (const lang of list('LANGS', 'zh-CN')) {
  for (const theme of list('THEMES', 'light')) {
    for (const size of list('SIZES', '1366x768')) {
      const [width, height] = size.split('x').map(Number);
      const one = await page(browser, { lang, theme, width, height });
      for (const path of wanted) {
        await one.goto('about:blank');
        await one.goto(`${base}#${path}`);
        await calm(one).catch((problem) => console.log(`${path}: ${problem}`));
        const name = `${folder}/${path.replace(/[^a-z0-9]+/gi, '_') || 'home'}-${lang}-${theme}-${width}.png`;
        await one.screenshot({ path: name, fullPage: process.env.FULL === '1' });
        const wide = await one.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) console.log(`${path} ${lang} ${size}: ${wide}px too wide`);
        if (process.env.AXE !== '0') for (const found of await axe(one)) console.log(`${path} ${lang} ${theme} ${size}: ${found}`), bad++;
        for (const problem of one.problems.splice(0)) console.log(`${path} ${lang}: ${problem}`), bad++;
      }
      await one.context().close();
    }
  }
}
await browser.close();
process.exitCode = bad ? 1 : 0;
