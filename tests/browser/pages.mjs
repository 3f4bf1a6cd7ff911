// SPDX-License-Identifier: MulanPSL-2.0
// Pages and dialogs as they stand for somebody who cannot see them well, has no mouse, or holds a phone; content follows the language.
import { api } from './browser.mjs';
import { flow } from './flow.mjs';

const languages = { 'zh-CN': ['中', '待下达', '不符合'], vi: ['VI', 'Chờ giao', 'Không đạt'], en: ['EN', 'Open', 'Not met'] };
await flow(async ({ as, check, look, go, calm }) => {
  const one = await as('security');
  const finding = (await api(one, 'GET', 'records/finding?limit=1')).body.rows[0];
  const incident = (await api(one, 'POST', 'records/incident', { values: { summary: '门户网站被篡改', t0: Math.floor(Date.now() / 1000) - 3600 } })).body.record;
  const places = [`/findings/${finding.id}`, `/incidents/${incident.id}`, '/wall', '/inspection/log-daemon', '/inspection/management/training-quarter', '/hosts/1', '/r/person', '/r/person/new', '/registers/risk', '/events', '/system/profiles'];
  // Labels, states and titles change with the language, without loading the page again.
  await go(one, `/findings/${finding.id}`);
  const marker = await one.evaluate(() => (window.notReloaded = Math.random()));
  for (const [lang, [button, state, unmet]] of Object.entries(languages)) {
    await one.locator('header .langs button', { hasText: button }).click();
    await one.locator('.page-head').getByText(state, { exact: true }).first().waitFor();
    await one.locator('.page-head h1', { hasText: unmet }).waitFor(); // what the server says, too
    check((await one.evaluate(() => window.notReloaded)) === marker, `${lang}: loaded again`);
    check((await one.evaluate(() => document.documentElement.lang)) === lang, `the page does not say that it is ${lang}`);
    await look(one, `finding-${lang}`);
    if (lang === 'en') {
      const han = await one.evaluate(() => document.querySelector('nav.side').innerText.match(/\p{Script=Han}+/u)?.[0]);
      check(!han, `Chinese in the English menu: ${han}`);
    }
  }
  // A moment is typed as the reader's language writes it, not the browser's; what is none goes nowhere, and is told.
  await go(one, '/r/incident/new');
  await one.locator('header .langs button', { hasText: 'VI' }).click();
  const found = one.getByLabel('Thời điểm phát hiện');
  await one.getByLabel('Tóm tắt sự cố').fill('Trang web bị thay đổi');
  for (const typed of ['31/02/2026 10:00', '11/23/2026 14:30', '23/11/2026']) {
    await found.fill(typed);
    await one.locator('form button[type=submit]').click();
    check((await found.getAttribute('aria-invalid')) === 'true', `'${typed}' is taken for a moment`);
    check((await found.locator('xpath=..').innerText()).includes('23/11/2026 14:30'), 'nothing says how a moment is written');
    check(one.url().endsWith('/new'), `'${typed}' was sent`);
  }
  await look(one, 'moment-wrong');
  for (const [typed, shown] of [['23/11/2026 9:05', '23/11/2026 09:05'], ['2026-11-23 14:30', '23/11/2026 14:30'], ['２０２６年11月23日14：31', '23/11/2026 14:31']]) {
    await found.fill(typed);
    await one.keyboard.press('Tab');
    check((await found.inputValue()) === shown && (await found.getAttribute('aria-invalid')) !== 'true', `'${typed}' becomes '${await found.inputValue()}'`);
  }
  check((await one.evaluate(() => document.activeElement.getAttribute('aria-label'))) === 'Mở lịch', 'the calendar is not the next thing that Tab reaches');
  await one.locator('header .langs button', { hasText: '中' }).click();
  check((await one.getByLabel('发现时间').inputValue()) === '2026-11-23 14:31', 'the moment does not follow the language');
  one.once('dialog', (asked) => asked.accept()); // what was typed is left behind
  // What ends a record is not what its page offers first; a record that is as it should be is changed.
  const somebody = (await api(one, 'GET', 'records/person?limit=1')).body.rows[0];
  await go(one, `/r/person/${somebody.id}`);
  const leave = one.locator('.steps').getByRole('button', { name: '办理离岗' });
  check(await leave.evaluate((node) => node.matches('.danger:not(.primary)')), 'to mark a person as left looks like the usual step');
  check((await one.locator('.steps .primary').count()) === 0 && (await one.getByRole('link', { name: '编辑' }).evaluate((node) => node.matches('.primary'))), 'to change the record is not the first thing to do');
  await go(one, `/incidents/${incident.id}`);
  check((await one.locator('.steps .primary').innerText()) === '初报', 'the next step of an incident is not marked');
  // Both themes.
  for (const dark of [false, true]) {
    if (dark) await one.getByRole('button', { name: '深色' }).or(one.locator('header button[aria-label*="深"]')).first().click();
    for (const path of places) {
      await go(one, path);
      await look(one, `${path.replace(/\W+/g, '_')}${dark ? '-dark' : ''}`);
      if (path === '/wall') await go(one, '/');
    }
    // Dialogs.
    await go(one, `/findings/${finding.id}`);
    await one.locator('.steps button:enabled').first().click();
    await one.locator('.el-dialog:visible').waitFor();
    await look(one, `dialog-step${dark ? '-dark' : ''}`);
    await one.keyboard.press('Escape');
    await one.locator('.el-dialog:visible').waitFor({ state: 'hidden' });
    await one.keyboard.press('Control+k');
    await one.locator('.el-dialog:visible').waitFor();
    await look(one, `dialog-palette${dark ? '-dark' : ''}`);
    await one.keyboard.press('Escape');
    await one.locator('.el-dialog:visible').waitFor({ state: 'hidden' });
  }
  // By the keyboard alone: from the skip link to a dialog and back to where one was.
  await go(one, `/findings/${finding.id}`);
  const step = one.locator('.steps button:enabled').first();
  await one.locator('#page-title').focus();
  for (let i = 0; i < 40 && !(await step.evaluate((node) => node === document.activeElement)); i++) await one.keyboard.press('Tab');
  check(await step.evaluate((node) => node === document.activeElement), 'the step cannot be reached by Tab');
  await one.keyboard.press('Enter');
  await one.locator('.el-dialog:visible').waitFor();
  await one.waitForFunction(() => document.querySelector('.el-dialog')?.contains(document.activeElement)).catch(() => check(false, 'the focus is not in the dialog'));
  await one.keyboard.press('Escape');
  await one.locator('.el-dialog:visible').waitFor({ state: 'hidden' });
  // On a phone.
  await one.setViewportSize({ width: 360, height: 740 });
  for (const path of [...places, '/', '/system/journal', '/sql']) {
    if (path === '/wall') continue;
    await go(one, path);
    await look(one, `${path.replace(/\W+/g, '_')}-phone`);
  }
  await calm(one);
});
