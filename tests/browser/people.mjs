// SPDX-License-Identifier: MulanPSL-2.0
// How colleagues come in: the first administrator adds an auditor alone, because there is nobody to confirm; from then on the roles of
// others wait for a second person. Each new one changes the password that they were given, and an administrator sets up a second factor.
import { totp } from './browser.mjs';
import { flow } from './flow.mjs';

await flow(async ({ office, as, stranger, check, look, go, calm }) => {
  const security = await as('security');
  const add = async (name, login, roles) => {
    await go(security, '/system/people');
    await security.getByRole('button', { name: '新增人员' }).click();
    const dialog = security.locator('.el-dialog:visible');
    await dialog.getByLabel('姓名').fill(name);
    await dialog.getByLabel('登录名').fill(login);
    for (const role of roles) await dialog.getByRole('checkbox', { name: role }).check();
    await dialog.getByLabel('理由').fill('岗位需要');
    await look(security, `add-${login}`);
    await dialog.locator('button[type=submit]').click();
    const given = await dialog.locator('.secret-word').textContent();
    await look(security, `given-${login}`);
    await dialog.locator('.modal-foot button').click();
    return given;
  };
  const enter = async (login, given, factor) => {
    const one = await stranger({ expected: ['status of 401'] });
    await one.goto(office.base);
    await calm(one);
    await one.getByLabel('登录名').fill(login);
    await one.getByLabel('密码', { exact: true }).fill(given);
    await one.getByRole('button', { name: '登录', exact: true }).click();
    await one.waitForURL('**/me?must=password');
    await calm(one);
    await look(one, `must-password-${login}`);
    await one.getByLabel('现在的密码').fill(given);
    for (const box of await one.locator('input[autocomplete=new-password]').all()) await box.fill('Another-Horse-Battery-7');
    await one.getByRole('button', { name: '修改密码' }).click();
    if (factor) {
      await one.getByRole('button', { name: '开始设置' }).click();
      const secret = (await one.locator('code.secret').textContent()).replace(/\s/g, '');
      await one.getByLabel('动态验证码').fill(totp(secret));
      await one.getByRole('button', { name: '确认', exact: true }).click();
      await look(one, `recovery-${login}`);
      await one.getByRole('button', { name: '已保存' }).click();
    }
    await one.waitForURL(/#\/$/);
    await calm(one);
    await look(one, `home-${login}`);
    return one;
  };
  // Roles that exclude each other cannot be given together.
  await go(security, '/system/people');
  await security.getByRole('button', { name: '新增人员' }).click();
  const dialog = security.locator('.el-dialog:visible');
  await dialog.getByRole('checkbox', { name: '审计管理员' }).check();
  await dialog.getByRole('checkbox', { name: '安全管理员' }).check();
  await dialog.getByRole('alert').waitFor();
  check(await dialog.locator('button[type=submit]').isDisabled(), 'roles that exclude each other can be sent');
  await security.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });

  const auditor = await enter('yansj', await add('严审计', 'yansj', ['审计管理员']), true);
  check(await auditor.locator('nav.side a', { hasText: '全部台账' }).count(), 'the menu lacks the registers after the first login');
  const password = await add('李经办', 'lijb', ['经办人']);
  await go(security, '/system/pairs');
  await security.getByText('由您发起，须由他人确认').waitFor();
  check(!(await security.getByRole('button', { name: '确认', exact: true }).count()), 'who asked can confirm it');
  await look(security, 'pair-mine');
  await auditor.locator('a.note', { hasText: '确认' }).click(); // it comes by itself
  await calm(auditor);
  await look(auditor, 'pair');
  check(/lijb|李经办/.test(await auditor.locator('main').innerText()), 'it does not say whose roles');
  await auditor.getByRole('button', { name: '确认', exact: true }).click();
  const asked = auditor.locator('.el-dialog:visible');
  await asked.getByLabel('理由').fill('已核对任命文件');
  await look(auditor, 'pair-dialog');
  await asked.locator('button[type=submit]').click();
  await asked.waitFor({ state: 'hidden' });
  const officer = await enter('lijb', password, false);
  check(!(await officer.locator('nav.side a', { hasText: '系统管理' }).count()) || !(await officer.locator('main').innerText()).includes('新增人员'), 'an officer keeps accounts');
  await go(security, '/system/people');
  check((await security.locator('tr', { hasText: 'lijb' }).innerText()).includes('经办人'), 'the confirmed role does not show');
  // The journal has both names.
  await go(auditor, '/system/journal');
  await look(auditor, 'journal');
  await auditor.getByRole('button', { name: '校验整个日志' }).click();
  await auditor.getByText(/完整：/).waitFor();
});
