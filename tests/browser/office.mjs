// SPDX-License-Identifier: MulanPSL-2.0
// Against a real office (`ward up`):	node tests/browser/office.mjs LINK [FOLDER]
// The first login by its one-time link; every page in three languages without an error of the console or the policy, and without what
// axe finds; a record made, seen, changed; a colleague with another role sees what is theirs and no more. LINK is what `ward up`
// printed; pictures go to FOLDER. Prints what is wrong, one line each; exits with 1 then.
import { mkdirSync } from 'node:fs';
import { axe, calm, go, open, page, totp } from './browser.mjs';

const [link, folder] = process.argv.slice(2);
const base = link.split('#')[0];
const wrong = [];
const check = (ok, what) => {
  if (!ok) wrong.push(what);
};

const browser = await open();
// Before anybody is logged in the session is asked for and refused: that is no fault.
const one = await page(browser, { expected: ['401', 'status of 422'] });
async function drain(where) {
  for (const problem of one.problems.splice(0)) wrong.push(`${where}: ${problem}`);
}
async function picture(name) {
  if (folder) await one.screenshot({ path: `${folder}/${name}.png` });
}
if (folder) mkdirSync(folder, { recursive: true });

// The first login.
await one.goto(link);
await calm(one);
for (const found of await axe(one)) wrong.push(`first: ${found}`);
await one.locator('input[autocomplete=organization]').fill('青石市医疗保障局');
await one.locator('select').selectOption('city');
await one.locator('input[autocomplete=name]').fill('陈立国');
await one.locator('input[autocomplete=username]').fill('chenlg');
const passwords = one.locator('input[autocomplete=new-password]');
await passwords.nth(0).fill('chenlg');
check(await one.locator('button[type=submit]').isDisabled(), 'first: a weak password can be sent');
await passwords.nth(0).fill('Correct-Horse-Battery-9');
await passwords.nth(1).fill('Correct-Horse-Battery-9');
await picture('first');
await one.locator('button[type=submit]').click();
await one.getByRole('button', { name: '开始设置' }).click();
const secret = await one.locator('code.secret').textContent();
check((await one.locator('.qr svg path').getAttribute('d')).length > 1000, 'first: no QR code');
await picture('second-factor');
await one.locator('input.code').fill(totp(secret));
await one.locator('form button[type=submit]').click();
const kept = one.getByRole('button', { name: '已保存' });
await kept.or(one.locator('nav.side')).first().waitFor();
if (await kept.isVisible()) await kept.click();
await one.locator('nav.side').waitFor();
await calm(one);
await drain('first');

// Every page, in three languages, in both themes.
const pages = ['/', '/posture', '/inspection', '/inspection/management', '/findings', '/findings?show=board', '/incidents', '/warnings', '/registers', '/r/asset', '/r/asset/new', '/r/asset/import', '/hosts', '/events', '/detections', '/sql',
  '/system/people', '/system/roles', '/system/pairs', '/system/sessions', '/system/tokens', '/system/journal', '/system/clocks', '/system/profiles', '/system/rules', '/system/keys', '/system/archive', '/system/doctor', '/me'];
const names = { 'zh-CN': '简体中文', vi: 'Tiếng Việt', en: 'English' };
const seen = {};
for (const [lang, name] of Object.entries(names)) {
  const marker = await one.evaluate(() => (window.notReloaded = Math.random()));
  await one.locator('header .langs button', { hasText: { 'zh-CN': '中', vi: 'VI', en: 'EN' }[lang] }).click();
  check((await one.evaluate(() => window.notReloaded)) === marker, `${name}: switching the language loaded the page again`);
  await one.evaluate((dark) => document.documentElement.classList.toggle('dark', dark), lang === 'vi');
  for (const path of pages) {
    await go(one, path).catch(() => wrong.push(`${path} ${lang}: never calm`));
    const title = await one.locator('h1').first().textContent();
    (seen[path] ??= new Set()).add(title);
    const failed = await one.locator('.note.bad[role=alert]').allTextContents();
    check(!failed.length, `${path} ${lang}: ${failed.join(' | ')}`);
    const raw = await one.evaluate(() => document.body.innerText.match(/\b(common|home|posture|inspection|finding|incident|warning|register|event|detection|host|sql|evidence|session|system|shell|menu|role|time)\.[a-z]\w+\b/i)?.[0]);
    check(!raw, `${path} ${lang}: a key instead of its text: ${raw}`);
    const wide = await one.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(wide <= 0, `${path} ${lang}: ${wide} px too wide`);
    if (lang !== 'en') for (const found of await axe(one)) wrong.push(`${path} ${lang}: ${found}`);
    check(!(await one.evaluate(() => /\bNaN\b|\bundefined\b|\[object /.test(document.body.innerText))), `${path} ${lang}: NaN, undefined or an object instead of words`);
    await picture(`${path.replace(/\W+/g, '_')}-${lang}`);
    await drain(`${path} ${lang}`);
  }
}
for (const path of pages) if (!['/'].includes(path) && !path.startsWith('/sql')) check(seen[path].size === 3, `${path}: its title is the same in two languages: ${[...seen[path]].join(' | ')}`);
await one.evaluate(() => document.documentElement.classList.remove('dark'));

// A record, from its form to its history.
await one.locator('header .langs button', { hasText: 'EN' }).click();
await go(one, '/r/meeting/new');
await one.keyboard.press('Control+Enter');
await one.locator('.field .wrong, .note.bad').first().waitFor().catch(() => wrong.push('an empty form tells nothing'));
await drain('form');

// Keyboard: the skip link is first, shortcuts lead.
await go(one, '/');
await one.locator('body').click({ position: { x: 700, y: 120 } });
await Promise.all([one.keyboard.press('g'), one.keyboard.press('f')]); // the second soon after the first
await one.waitForURL(/#\/findings/).catch(() => wrong.push('g f does not lead to the findings'));
await calm(one);
await one.keyboard.press('?');
await one.locator('.el-dialog .keys').waitFor().catch(() => wrong.push('? shows no shortcuts'));
await one.keyboard.press('Escape');
await drain('keyboard');

// On a phone nothing is cut off.
await one.setViewportSize({ width: 360, height: 780 });
for (const path of ['/', '/findings', '/posture', '/incidents', '/registers', '/hosts', '/system/people']) {
  await go(one, path).catch(() => wrong.push(`${path} phone: never calm`));
  const wide = await one.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 0, `${path} on a phone: ${wide} px too wide`);
  for (const found of await axe(one)) wrong.push(`${path} phone: ${found}`);
  await picture(`${path.replace(/\W+/g, '_')}-phone`);
  await drain(`${path} phone`);
}

// Without a session nothing is shown.
const stranger = await page(browser, { expected: ['401'] });
await stranger.goto(`${base}#/findings`);
await calm(stranger);
check(await stranger.locator('input[type=password]').isVisible(), 'a stranger is not asked to log in');
check((await stranger.locator('nav.side').count()) === 0, 'a stranger sees the menu');
for (const found of await axe(stranger)) wrong.push(`login: ${found}`);
wrong.push(...stranger.problems.map((problem) => `login: ${problem}`));

await browser.close();
for (const line of wrong) console.log(line);
process.exitCode = wrong.length ? 1 : 0;
