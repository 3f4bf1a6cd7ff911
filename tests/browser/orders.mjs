// SPDX-License-Identifier: MulanPSL-2.0
// What two persons order about the installation: a new key of the seal and the removal of old days, begun by one, confirmed or refused by
// the other, and told where it was begun when it is done.
import { flow } from './flow.mjs';

await flow(async ({ as, check, look, picture, go, until }) => {
  const security = await as('security');
  const auditor = await as('auditor');
  const begin = async (reason) => {
    const dialog = security.locator('.el-dialog:visible');
    await dialog.waitFor();
    check(await dialog.locator('button[type=submit]').isDisabled(), `${reason}: can be sent without a reason`);
    await dialog.getByLabel('理由').fill(reason);
    await look(security, `begin-${reason}`);
    const before = security.problems.length;
    await dialog.locator('button[type=submit]').click();
    await dialog.waitFor({ state: 'hidden' });
    check(security.problems.length === before, security.problems.slice(before).join(' '));
  };
  const decide = async (label, says, reason) => {
    await go(auditor, '/system/pairs');
    const waiting = auditor.locator('li', { hasText: says });
    await waiting.waitFor();
    await look(auditor, `waiting-${reason}`);
    await waiting.getByRole('button', { name: label }).click();
    const dialog = auditor.locator('.el-dialog:visible');
    await dialog.getByLabel('理由').fill(reason);
    await dialog.locator('button[type=submit]').click();
    await dialog.waitFor({ state: 'hidden' });
    await waiting.waitFor({ state: 'detached' });
  };
  // A new key: proposed, refused; proposed again, confirmed, done while the page is open.
  await go(security, '/system/keys');
  const key = security.locator('tr', { hasText: '签章' }).first();
  const print = async () => (await key.locator('code').innerText()).trim();
  const old = await print();
  await look(security, 'keys');
  await key.getByRole('button', { name: '更换' }).click();
  await begin('年度轮换');
  await decide('拒绝', '更换签章密钥', '请改到周末');
  check((await print()) === old, 'a refused order changed the key');
  await key.getByRole('button', { name: '更换' }).click();
  await begin('周末轮换');
  await decide('确认', '更换签章密钥', '已核对');
  await security.getByText('已执行').waitFor({ timeout: 60000 });
  await until(async () => (await print()) !== old, 'the page shows the new key', 60);
  await look(security, 'keys-done');
  // Days of today's archive are too young to go.
  await go(security, '/system/archive');
  check(await security.getByRole('button', { name: '清除 400 天以前的存档' }).isDisabled(), 'there is nothing to remove, and a button that removes it');
  await look(security, 'archive');
  // Were there old ones (only the browser believes it), an order would go the same way, and tell the truth.
  await security.route('**/api/archive?*', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({ response: answer, json: { ...body, over: { days: 20, records: 1000, bytes: 123456789, from: '2025-03-01', to: '2025-03-20', held: 0 } } });
  });
  await security.getByLabel('查看早于多少天的存档').fill('400');
  await security.getByLabel('查看早于多少天的存档').press('Enter');
  await security.getByRole('button', { name: '清除 400 天以前的存档', disabled: false }).click();
  await begin('磁盘将满');
  await decide('确认', '清除 400 天以前的存档', '已核对期限');
  await until(async () => (await security.locator('tr', { hasText: '清除 400 天' }).allInnerTexts()).some((text) => text.includes('已执行')), 'the removal is told', 60);
  await look(security, 'archive-done');
  // Who may not begin sees what was done, and no button.
  await go(auditor, '/system/archive');
  check(!(await auditor.getByRole('button', { name: /清除/ }).count()), 'an auditor may begin a removal');
  await picture(auditor, 'archive-auditor');
});
