// SPDX-License-Identifier: MulanPSL-2.0
// A day at the desk: a warning from above is answered, a sealed value is looked at with a reason, several records are dealt with at once
// though not all of them can be, somebody else was faster, all of it by the keyboard where it matters; and a leader who sits at home sees
// what waits for a second person.
import { api } from './browser.mjs';
import { flow } from './flow.mjs';

await flow(async ({ office, as, check, look, picture, go, step, refused, calm }) => {
  const security = await as('security');
  const make = async (register, values, page = security) => {
    const answer = await api(page, 'POST', `records/${register}`, { values });
    check(answer.status < 300, `no ${register}: ${JSON.stringify(answer.body)}`);
    return answer.body.record;
  };
  const dialog = (page) => page.locator('.el-dialog:visible');

  // ---- a second person is asked for: the leader's page says so by itself ----
  const leader = await as('leader');
  check(!(await leader.locator('a.note').count()), 'something waits for the leader already');
  const users = (await api(security, 'GET', 'users')).body.rows;
  const duty = users.find((one) => one.login === 'duty');
  const asked = await api(security, 'PUT', `users/${duty.id}/roles`, { roles: ['duty', 'officer'], reason: '兼任经办' });
  check(asked.status === 202, `roles without a second person: ${asked.status}`);
  const waits = leader.locator('a.note', { hasText: '确认' });
  await waits.waitFor();
  await look(leader, 'leader-waits');
  await waits.click();
  await leader.waitForURL('**/system/pairs');
  await calm(leader);
  await leader.getByRole('button', { name: '确认', exact: true }).click();
  await dialog(leader).getByLabel('理由').fill('已核对');
  await dialog(leader).locator('button[type=submit]').click();
  await dialog(leader).waitFor({ state: 'hidden' });
  await go(leader, '/');
  check(!(await leader.locator('a.note').count()), 'it still waits for the leader');

  // ---- a warning from above ----
  const parent = (await api(security, 'GET', 'orgs')).body.rows[0];
  await make('org', { name: '青石市云溪区医疗保障局', code: 'QS-YX', kind: 'bureau', tier: 'county', parent: parent.id });
  await go(security, '/warnings');
  await picture(security, 'warnings-none');
  await security.locator('.page-head').getByRole('link', { name: '新建' }).click();
  await security.waitForURL('**/notice/new');
  await calm(security);
  await security.getByLabel('来文编号').fill('国信预警〔2026〕17号');
  await security.getByLabel('标题').fill('某办公软件远程代码执行漏洞预警');
  await security.getByLabel('发布单位').fill('省网络安全应急中心');
  await security.getByLabel('预警级别').selectOption({ label: '红色' });
  const received = security.getByLabel('收到时间');
  const at = new Date(Date.now() - 600000);
  await received.fill(new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16).replace('T', ' '));
  await received.press('Tab');
  await look(security, 'warning-form');
  await security.locator('form button[type=submit]').click();
  await security.waitForURL(/warnings\/\d+$/);
  await calm(security);
  const notice = Number(security.url().match(/(\d+)$/)[1]);
  const record = async () => (await api(security, 'GET', `records/notice/${notice}`)).body.record;
  const begun = await record();
  check(begun.acknowledge_due === begun.received + 1800 && begun.feedback_due === begun.received + 86400, `a red warning is due ${JSON.stringify([begun.received, begun.acknowledge_due, begun.feedback_due])}`);
  await look(security, 'warning');
  await security.locator('.page-head').getByRole('button', { name: '转发下级' }).click();
  await look(security, 'relay');
  await dialog(security).locator('button[type=submit]').click();
  await dialog(security).waitFor({ state: 'hidden' });
  const below = (await api(security, 'GET', `records/notice?f=parent_notice:eq:${notice}`)).body.rows;
  check((await record()).state === 'distributed', 'a notice that was relayed is not said to be');
  check(below.length === 1 && below[0].org !== begun.org, `the tier below has ${below.length} notices`);
  await calm(security);
  await step(security, '签收');
  await step(security, '落实', async (form) => form.getByLabel('落实措施').fill('已在全部终端升级。'));
  await refused(security, 422, async () => {
    await security.locator('.steps').getByRole('button', { name: '反馈', exact: true }).click();
    await dialog(security).getByRole('button', { name: '反馈', exact: true }).click();
    await dialog(security).locator('.wrong, .note.bad').first().waitFor();
  });
  check((await dialog(security).innerText()).includes('反馈内容'), 'nothing says that the feedback is missing');
  await dialog(security).getByLabel('反馈内容').fill('共 63 台终端，已全部升级完毕。');
  await dialog(security).getByRole('button', { name: '反馈', exact: true }).click();
  await dialog(security).waitFor({ state: 'hidden' });
  await calm(security);
  await step(security, '关闭');
  const done = await record();
  check(done.state === 'closed' && done.acknowledged_by && done.fed_back_at && done.relayed_at, `the warning is ${JSON.stringify(done)}`);
  await picture(security, 'warning-closed');

  // ---- a sealed value ----
  const person = await make('person', { name: '罗小燕', phone: '13812345678' });
  await go(security, `/r/person/${person.id}`);
  const shown = security.locator('#tab-body');
  check(!(await shown.innerText()).includes('13812345678'), 'the telephone is not masked');
  await shown.getByRole('button', { name: '查看' }).first().click();
  const submit = dialog(security).locator('button[type=submit]');
  check(await submit.isDisabled(), 'a sealed value without a reason');
  const reason = '应急联系本人核实账号异常';
  await dialog(security).getByLabel('理由').fill(reason);
  await look(security, 'unmask');
  await submit.click();
  await dialog(security).waitFor({ state: 'hidden' });
  await shown.getByText('13812345678').waitFor();
  await picture(security, 'unmasked');
  const auditor = await as('auditor');
  await go(auditor, '/system/journal');
  const entry = auditor.locator('tr', { hasText: reason }).or(auditor.locator('li', { hasText: reason })).first();
  await entry.waitFor();
  check((await entry.innerText()).includes(office.people.security.name), 'the journal does not say who looked');
  check(!(await auditor.locator('main').innerText()).includes('13812345678'), 'the journal holds the value itself');
  await picture(auditor, 'journal');

  // ---- several at once ----
  for (const course of ['第一期', '第二期', '第三期']) {
    const made = await make('training', { course, audience: '全员', held_on: '2026-03-02', expected: 9, attended: 9 });
    if (course !== '第三期') await api(security, 'POST', `records/training/${made.id}/transition`, { version: made.version, name: 'hold' });
  }
  await go(security, '/r/training');
  await security.getByRole('checkbox', { name: '选择全部' }).check();
  const bar = security.locator('.bulk');
  await bar.getByRole('button', { name: '考核完成' }).click();
  await dialog(security).getByLabel('理由').fill('统一考核');
  await dialog(security).locator('button[type=submit]').click();
  await dialog(security).locator('li').first().waitFor();
  const told = await dialog(security).innerText();
  check(told.includes('第三期') && !told.includes('第一期') && /第三期\s+.*\p{Script=Han}/u.test(told), `what was refused, and why: ${told}`);
  await look(security, 'bulk');
  await dialog(security).locator('.modal-foot button').click();
  await bar.waitFor({ state: 'hidden' });
  await security.waitForFunction(() => [...document.querySelectorAll('tbody tr')].filter((row) => row.innerText.includes('已考核')).length === 2);
  await picture(security, 'bulk-done');

  // ---- somebody else was faster ----
  const asset = await make('asset', { asset_no: 'ZC-900', name: '窗口电脑', kind: 'pc' });
  await go(security, `/r/asset/${asset.id}/edit`);
  await security.getByLabel('存放地点').fill('二楼窗口');
  const officer = await as('officer');
  const other = await api(officer, 'PATCH', `records/asset/${asset.id}`, { version: asset.version, values: { purpose: '参保登记' } });
  check(other.status === 200, `the officer cannot change the asset: ${other.status}`);
  await refused(security, 409, async () => {
    await security.locator('form button[type=submit]').click();
    await security.locator('.note.warn[role=alert]').waitFor();
  });
  check((await security.getByLabel('存放地点').inputValue()) === '二楼窗口', 'what was typed is gone');
  check((await security.getByLabel('用途').inputValue()) === '参保登记', 'what the other one changed does not show');
  await look(security, 'stale');
  await security.locator('form button[type=submit]').click();
  await security.waitForURL(new RegExp(`r/asset/${asset.id}$`));
  const both = (await api(security, 'GET', `records/asset/${asset.id}`)).body.record;
  check(both.location === '二楼窗口' && both.purpose === '参保登记', `of two changes one is lost: ${JSON.stringify(both)}`);

  // ---- a dialog by the keyboard; and stale, too ----
  const lesson = await make('training', { course: '第四期', audience: '全员', held_on: '2026-04-02', expected: 9 });
  await go(security, `/r/training/${lesson.id}`);
  // As in another tab: what changes meanwhile is fetched when the page is looked at again.
  await security.evaluate(() => Object.defineProperty(document, 'hidden', { get: () => true }));
  const button = security.locator('.steps').getByRole('button', { name: '登记举办' });
  await button.focus();
  await security.keyboard.press('Enter');
  await dialog(security).waitFor();
  const inside = () => security.evaluate(() => Boolean(document.activeElement?.closest('.el-dialog')));
  await security.waitForFunction(() => document.activeElement?.closest('.el-dialog'));
  for (let i = 0; i < 14; i++) {
    await security.keyboard.press(i < 8 ? 'Tab' : 'Shift+Tab');
    check(await inside(), `Tab ${i + 1} leaves the open dialog`);
  }
  await security.keyboard.press('Escape');
  await dialog(security).waitFor({ state: 'hidden' });
  await security.waitForFunction(() => document.activeElement?.closest('.steps button')).catch(() => check(false, 'the focus does not return to what opened the dialog'));
  await security.keyboard.press('Enter');
  await dialog(security).getByLabel('实到人数').fill('8');
  const now = (await api(officer, 'GET', `records/training/${lesson.id}`)).body.record;
  await api(officer, 'PATCH', `records/training/${lesson.id}`, { version: now.version, values: { audience: '窗口人员' } });
  await refused(security, 409, async () => {
    await dialog(security).locator('button[type=submit]').click();
    await dialog(security).locator('.note.warn[role=alert]').waitFor();
  });
  await calm(security);
  check((await dialog(security).getByLabel('实到人数').inputValue()) === '8', 'what was typed into the dialog is gone');
  await look(security, 'stale-dialog');
  await dialog(security).locator('button[type=submit]').click();
  await dialog(security).waitFor({ state: 'hidden' });
  const held = (await api(security, 'GET', `records/training/${lesson.id}`)).body.record;
  check(held.state === 'held' && held.attended === 8 && held.audience === '窗口人员', `of two changes one is lost: ${JSON.stringify(held)}`);
});
