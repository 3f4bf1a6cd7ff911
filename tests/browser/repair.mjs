// SPDX-License-Identifier: MulanPSL-2.0
// A finding of a check, from the inspection to the repair order, through each hand, to the verified end; and open again by the retest,
// because what was reported repaired is not.
import { api } from './browser.mjs';
import { flow } from './flow.mjs';

await flow(async ({ office, as, check, look, go, step, choose, refused, calm }) => {
  const security = await as('security');
  // From what the inspection says of the office to the finding.
  await go(security, '/inspection');
  await look(security, 'inspection');
  // The registers are checked by the clock, the first time within seconds.
  let found;
  for (let wait = 0; wait < 80 && !found; wait++) {
    if (wait) await security.waitForTimeout(500);
    found = (await api(security, 'GET', 'records/finding?f=check_id:eq:training-quarter')).body.rows[0];
  }
  check(found?.state === 'open', 'no finding of the check of the quarter’s training');
  await go(security, '/findings');
  await security.getByRole('searchbox').first().fill(found.number);
  // The list follows what is typed a moment later: a click before that would land where the row was.
  await security.waitForURL(/[?&]q=/);
  await security.waitForFunction(() => document.querySelectorAll('table.data tbody tr').length === 1);
  await calm(security);
  await security.getByRole('link', { name: found.number }).first().click();
  await security.waitForURL(`**/findings/${found.id}`);
  await calm(security);
  await look(security, 'finding');
  await security.getByRole('link', { name: /…/ }).first().click();
  await security.waitForURL('**/evidence/**');
  await calm(security);
  await look(security, 'evidence');
  await security.goBack();
  await calm(security);

  // Ordered to be repaired, by somebody, until a day.
  const none = security.locator('.steps').getByRole('button', { name: '下达整改', exact: true });
  await none.click();
  const dialog = security.locator('.el-dialog:visible');
  await refused(security, 422, async () => {
    await dialog.getByRole('button', { name: '下达整改', exact: true }).click();
    await dialog.locator('.wrong, .note.bad').first().waitFor();
  });
  check(/责任人/.test(await dialog.innerText()), 'the order without a person is not refused with words');
  await look(security, 'issue-dialog');
  await choose(security, dialog, '责任人', office.people.officer.name);
  await dialog.getByRole('button', { name: '下达整改', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await calm(security);
  check((await security.locator('h1').locator('xpath=..').innerText()).includes('已下达'), 'the finding does not say that it is issued');
  // The order, for printing.
  await security.getByRole('link', { name: '整改通知书' }).click();
  await security.waitForURL('**/order');
  await calm(security);
  const paper = security.frameLocator('iframe.paper');
  await paper.locator('body').waitFor();
  const order = await paper.locator('body').innerText();
  for (const part of [found.number, office.people.officer.name, '青石市医疗保障局']) check(order.includes(part), `the order does not name ${part}`);
  check(!/NaN|undefined|null|\{\{/.test(order), `the order holds no words: ${order}`);
  await look(security, 'order');

  // Who is responsible sees it at home, acknowledges, repairs, reports.
  const officer = await as('officer');
  await officer.locator('.tasks a', { hasText: found.number }).first().click();
  await calm(officer);
  await step(officer, '签收');
  await step(officer, '开始整改');
  await step(officer, '提交复核', async (asked) => asked.getByLabel('整改措施').fill('已组织全员网络安全培训。'));
  await look(officer, 'submitted');
  // Nobody verifies their own repair: the button is off, and says why; the server refuses it, too.
  const own = officer.locator('.steps').getByRole('button', { name: '复核', exact: true });
  check(await own.isDisabled(), 'the one responsible may verify');
  check(/复核人|安全管理员|责任人/.test(await officer.locator('.steps').innerText()), 'nothing says why the one responsible may not verify');
  const now = (await api(officer, 'GET', `records/finding/${found.id}`)).body.record;
  const refusal = await refused(officer, 403, () => api(officer, 'POST', `records/finding/${found.id}/transition`, { version: now.version, name: 'verify' }));
  check(/\p{Script=Han}/u.test(refusal.body.error?.text ?? ''), `no words for it: ${JSON.stringify(refusal.body)}`);

  // A second person verifies, another closes.
  const verifier = await as('verifier');
  await go(verifier, '/findings?view=verify');
  await verifier.getByRole('link', { name: found.number }).first().click();
  await calm(verifier);
  // What was reported is tested again by itself, and whoever verifies is told what that saw.
  await verifier.locator('.note', { hasText: '问题仍然存在' }).waitFor({ timeout: 60000 });
  await look(verifier, 'retested');
  await step(verifier, '复核');
  await go(security, `/findings/${found.id}`);
  await step(security, '销号');
  await look(security, 'closed');
  // The automatic retest does not believe it: there was no training.
  await security.locator('h1').locator('xpath=..').getByText('待下达').waitFor({ timeout: 20000 });
  await security.getByRole('tab', { name: '历史' }).click();
  await security.locator('.hist li').first().waitFor();
  check(/自动重开|重开/.test(await security.locator('#tab-body').innerText()), 'the history does not tell that it was opened again');
  await look(security, 'reopened');

  // Now there is one: asked again, it is gone.
  const day = new Date().toISOString().slice(0, 10);
  const made = (await api(security, 'POST', 'records/training', { values: { course: '网络安全', audience: '全员', held_on: day, expected: 8, attended: 8 } })).body.record;
  await api(security, 'POST', `records/training/${made.id}/transition`, { version: made.version, name: 'hold' });
  await security.getByRole('button', { name: '立即复测' }).click();
  await security.locator('h1').locator('xpath=..').getByText('已销号').waitFor({ timeout: 20000 });
  await look(security, 'gone');
});
