// SPDX-License-Identifier: MulanPSL-2.0
// The first login by the link that `ward up` printed, to the first page; after another start (`office.kept` names what was kept of the
// first), logging in with the code of the second factor, and with a recovery code.
import { readFileSync, writeFileSync } from 'node:fs';
import { totp } from './browser.mjs';
import { flow } from './flow.mjs';

const password = 'Correct-Horse-Battery-9';
await flow(async ({ office, stranger, check, look, refused, calm }) => {
  const one = await stranger({ expected: ['status of 401'] }); // who is logged in is asked before anybody is
  const home = () => one.locator('nav.side').waitFor();
  const button = (name) => one.getByRole('button', { name, exact: true });
  if (office.link) {
    await one.goto(office.link);
    await calm(one);
    await look(one, 'first');
    await one.getByLabel('单位名称').fill('青石市医疗保障局');
    await one.getByLabel('单位类型').selectOption('city');
    await one.getByLabel('姓名').fill('陈立国');
    await one.getByLabel('登录名').fill('chenlg');
    const typed = one.locator('input[autocomplete=new-password]');
    for (const [first, second] of [['short', 'short'], ['all-small-letters', 'all-small-letters'], [password, `${password}x`]]) {
      await typed.nth(0).fill(first);
      await typed.nth(1).fill(second);
      check(await button('创建并进入').isDisabled(), `a password that is no good can be sent: ${first} ${second}`);
    }
    await typed.nth(1).fill(password);
    await look(one, 'first-filled');
    await button('创建并进入').click();
    await button('开始设置').click();
    const secret = (await one.locator('code.secret').textContent()).replace(/\s/g, '');
    check((await one.locator('.qr svg path').getAttribute('d')).length > 1000, 'no QR code');
    await look(one, 'second-factor');
    await one.getByLabel('动态验证码').fill('000000');
    await refused(one, 422, async () => {
      await button('确认').click();
      await one.getByRole('alert').waitFor();
    });
    await one.getByLabel('动态验证码').fill(totp(secret));
    await button('确认').click();
    await one.locator('.recovery li').first().waitFor();
    const codes = await one.locator('.recovery li').allTextContents();
    check(codes.length === 10 && codes.every((code) => /^[a-z0-9]{5}-[a-z0-9]{5}$/.test(code)), `recovery codes: ${codes}`);
    await look(one, 'recovery');
    await button('已保存').click();
    await home();
    await calm(one);
    check((await one.locator('h1').textContent()).includes('陈立国'), 'home does not greet by name');
    await look(one, 'home');
    writeFileSync(office.kept, JSON.stringify({ secret, codes }));
    // The link works once.
    const other = await stranger({ expected: ['status of 401'] });
    await other.goto(office.link);
    await calm(other);
    await other.getByText('已经用过').waitFor();
    check(!(await other.getByLabel('单位名称').isVisible()), 'the link still offers to begin');
    await look(other, 'link-again');
    return;
  }
  const { secret, codes } = JSON.parse(readFileSync(office.kept));
  const name = async (word) => {
    await one.getByLabel('登录名').fill('chenlg');
    await one.getByLabel('密码', { exact: true }).fill(word);
    await button('登录').click();
  };
  await one.goto(`${office.base}#/findings`);
  await calm(one);
  await look(one, 'login');
  await name('wrong password');
  await one.getByRole('alert').waitFor();
  check(/\p{Script=Han}/u.test(await one.getByRole('alert').innerText()), 'a wrong password has no words');
  await name(password);
  const code = one.getByLabel('动态验证码');
  await code.waitFor();
  await look(one, 'login-code');
  await code.fill('000000');
  await button('登录').click();
  await one.getByRole('alert').waitFor();
  check(/\p{Script=Han}/u.test(await one.getByRole('alert').innerText()), 'a wrong code has no words');
  await code.fill(totp(secret, Date.now() + 30000)); // that of this half minute may have been used
  await button('登录').click();
  await home();
  await one.waitForURL('**/findings'); // where the way was to
  await calm(one);
  await one.locator('.person > button').click();
  await one.getByRole('button', { name: '退出登录' }).click();
  await one.getByLabel('登录名').waitFor();
  await name(password);
  await code.waitFor();
  await button('手机不在身边？使用备用码').click();
  await one.locator('input.code').fill(codes[3]);
  await look(one, 'login-recovery');
  await button('登录').click();
  await home();
  await calm(one);
  await look(one, 'again');
});
