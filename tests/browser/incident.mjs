// SPDX-License-Identifier: MulanPSL-2.0
// From what a rule found in a log to an incident that is closed: graded, with one legal clock missed and others met, its reports drafted
// and sent, its end approved by a leader who signs, and a lesson that somebody owes.
import { appendFileSync } from 'node:fs';
import { api } from './browser.mjs';
import { flow } from './flow.mjs';

const now = () => Math.floor(Date.now() / 1000);
// As a log of the last century says it: "Nov 23 09:05:07".
const stamp = (at) => `${at.toLocaleString('en-US', { month: 'short' })} ${String(at.getDate()).padStart(2)} ${at.toTimeString().slice(0, 8)}`;

await flow(async ({ office, as, check, look, picture, go, until, step, choose, refused, calm }) => {
  const duty = await as('duty');
  await go(duty, '/detections');
  await picture(duty, 'detections-none');
  // Somebody guesses passwords on a host whose log is collected. The page that is open shows it by itself.
  const guess = (n) => `${stamp(new Date(Date.now() - 5000))} his01 sshd[9${n}]: Failed password for invalid user admin from 203.0.113.9 port 40${n} ssh2\n`;
  appendFileSync(office.log, Array.from({ length: 35 }, (_, n) => guess(n + 10)).join(''));
  const row = duty.locator('tr', { hasText: 'his01' }).first();
  await row.waitFor();
  await calm(duty);
  await row.getByRole('button').first().click();
  await duty.locator('tr.inside pre').waitFor();
  await look(duty, 'detections');
  await row.getByRole('button', { name: '转为事件' }).click();
  await duty.waitForURL(/incidents\/\d+$/);
  await calm(duty);
  const id = Number(duty.url().match(/(\d+)$/)[1]);
  const read = async (page) => (await api(page, 'GET', `incidents/${id}`)).body;
  const begun = await read(duty);
  check(begun.evidence.length === 1 && begun.evidence[0].content.includes('his01'), 'the detection is no evidence of its incident');
  check((await duty.locator('h1').innerText()).includes('一台主机上大量 SSH 登录失败'), 'the incident is not named in the language of who raised it');
  await look(duty, 'new');

  // It was noticed on the telephone three hours ago: the clocks run from then.
  await duty.getByRole('link', { name: '编辑' }).click();
  await duty.waitForURL('**/edit');
  const found = new Date((Math.floor(now() / 60) * 60 - 3 * 3600) * 1000);
  const local = new Date(found.getTime() - found.getTimezoneOffset() * 60000).toISOString();
  for (const name of ['发现时间', '发生时间']) {
    const box = duty.getByLabel(name);
    await box.fill(local.slice(0, 16).replace('T', ' '));
    await box.press('Tab');
  }
  await duty.getByLabel('理由', { exact: true }).fill('按值班电话记录更正');
  await duty.locator('form button[type=submit]').click();
  await duty.waitForURL(new RegExp(`incidents/${id}$`));
  await duty.locator('.clocks li.missed', { hasText: '向上级主管部门首报' }).waitFor();
  await calm(duty);
  await duty.getByRole('textbox', { name: '内容' }).fill('发现 his01 被猜测口令，已封禁来源地址。');
  await duty.getByRole('button', { name: '记入时间线' }).click();
  await duty.locator('.moments li', { hasText: '已封禁来源地址' }).waitFor();
  await calm(duty);
  await step(duty, '初报');
  await picture(duty, 'reported');

  // Evidence from the archive of logs: the very line.
  await until(async () => (await api(duty, 'GET', 'events?q=203.0.113.9&limit=50')).body.rows.length === 35, 'the lines are not in the archive');
  await go(duty, '/events?q=203.0.113.9&span=day');
  const line = duty.locator('li.event').first();
  await line.locator('button.line').click();
  await line.getByRole('button', { name: '作为事件证据' }).click();
  const attach = duty.locator('.el-dialog:visible');
  await choose(duty, attach, '事件', begun.number);
  await look(duty, 'attach');
  await attach.getByRole('button', { name: '作为事件证据' }).click();
  await attach.waitFor({ state: 'hidden' });
  const [, kept] = (await read(duty)).evidence;
  check(kept?.kind === 'event' && /^\w{3} .*Failed password for invalid user admin from 203\.0\.113\.9 port 40\d\d ssh2$/.test(kept.content), `the line of the log is no evidence: ${JSON.stringify(kept)}`);

  // Graded by what is known of its effect, which starts the clocks of the law.
  const security = await as('security');
  await go(security, `/incidents/${id}`);
  await security.getByRole('button', { name: '影响情况' }).click();
  await security.getByLabel('泄露个人信息的人数').fill('1200000');
  await security.locator('form.calc').getByLabel('涉及关键信息基础设施').selectOption({ label: '否' });
  check(!(await security.getByLabel('主页被篡改时长').isVisible()), 'what is not asked of this kind stands among what is');
  await security.locator('form.calc summary').click();
  await security.getByLabel('主页被篡改时长').fill('5');
  check((await security.locator('form.calc summary').innerText()).includes('已填 1 /'), 'nothing says how many of the folded are filled in');
  await look(security, 'grading');
  await security.getByRole('button', { name: '计算等级' }).click();
  await security.locator('form.calc').waitFor({ state: 'hidden' });
  await calm(security);
  const graded = await read(security);
  check((await security.locator('main').innerText()).includes('泄露个人信息的人数：1,200,000'), 'the answer that decided the grade is not shown with it');
  check(graded.grade.grade === 'III', `1,200,000 people's data are no grade III but ${graded.grade.grade}`);
  await step(security, '定级', async (dialog) => {
    await dialog.getByLabel('确定等级').selectOption('III');
    await dialog.getByLabel('定级理由').fill('泄露超过一百万人的个人信息。');
  });
  const first = security.locator('.clocks li', { hasText: '其他运营者首报' });
  await first.waitFor();
  check(await first.evaluate((one) => one.matches('.running, .near')), 'the clock of four hours does not run after three');
  await look(security, 'graded');

  // The first report is drafted from the record, and sent within its four hours; the two hours of the superior are over.
  const report = async (stage, name) => {
    await security.locator('.reports').getByRole('link', { name, exact: true }).click();
    await security.waitForURL(`**/reports/${stage}`);
    await calm(security);
    const paper = await security.frameLocator('iframe.paper').locator('body').innerText();
    for (const part of ['青石市医疗保障局', graded.number]) check(paper.includes(part), `the ${stage} report does not name ${part}`);
    check(!/NaN|undefined|\{\{|null/.test(paper), `the ${stage} report: ${paper.match(/.{0,40}(NaN|undefined|\{\{|null).{0,40}/)?.[0]}`);
    await picture(security, `report-${stage}`);
    await go(security, `/incidents/${id}`);
    return paper;
  };
  const sent = async (clock, receipt, state) => {
    await security.locator('.clocks li', { hasText: clock }).getByRole('button', { name: '登记已报送' }).click();
    const dialog = security.locator('.el-dialog:visible');
    await dialog.getByLabel('回执编号').fill(receipt);
    if (receipt.endsWith('0042')) await look(security, 'sent');
    await dialog.getByRole('button', { name: '登记已报送' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await security.locator(`.clocks li.${state}`, { hasText: receipt }).waitFor();
    await calm(security);
  };
  check((await report('first', '初报')).includes('1200000'), 'the first report lacks how many people it concerns');
  await sent('其他运营者首报', '12387-2026-0042', 'met');
  await sent('向上级主管部门首报', 'SJ-BG-7', 'sent-late');
  await look(security, 'clocks');
  const states = Object.fromEntries((await read(security)).clocks.map((clock) => [clock.rule, clock.state]));
  check(states['CN-R5'] === 'met' && states['CN-R10'] === 'late', `states of the clocks: ${JSON.stringify(states)}`);

  // Work: a task for somebody, progress, the way back.
  await security.getByRole('link', { name: '新增任务' }).click();
  await security.waitForURL('**/task/new?**');
  await calm(security);
  await security.getByLabel('标题').fill('更换 his01 全部弱口令');
  const day = security.getByRole('textbox', { name: /^期限/ });
  await day.fill(new Date(Date.now() + 86400000).toISOString().slice(0, 10));
  await day.press('Tab');
  await picture(security, 'task');
  await security.locator('form button[type=submit]').click();
  await security.waitForURL(/r\/task\/\d+$/);
  await go(security, `/incidents/${id}`);
  await security.locator('.tasks a', { hasText: '更换 his01 全部弱口令' }).waitFor();
  await step(security, '开始处置', async (asked) => choose(security, asked, '指挥人', office.people.leader.name));
  await step(security, '已控制', async (asked) => asked.getByLabel('处置措施').fill('封禁来源地址，停用弱口令账号。'));
  check((await report('progress', '续报')).includes('停用弱口令账号'), 'the progress report lacks the measures');
  await sent('未明情况补报', '12387-2026-0043', 'met');
  await step(security, '开始恢复');

  // Its end is approved by a leader, who signs with the password.
  check(await security.locator('.steps').getByRole('button', { name: '批准结束应急' }).isDisabled(), 'who is no leader may end it');
  const leader = await as('leader', { expected: ['status of 401'] });
  await go(leader, `/incidents/${id}`);
  await picture(leader, 'leader');
  // A leader approves; the record is kept by others.
  for (const name of ['影响情况', '添加证据', '记入时间线', '登记已报送']) check(!(await leader.getByRole('button', { name }).count()), `a leader is offered '${name}', which is refused`);
  await leader.locator('.steps').getByRole('button', { name: '批准结束应急' }).click();
  await leader.locator('.el-dialog:visible').getByRole('button', { name: '批准结束应急' }).click();
  const sign = leader.locator('.el-dialog:visible').filter({ hasText: '请再次验证身份' });
  const ended = leader.locator('h1').locator('xpath=..').getByText('应急结束');
  await sign.or(ended).first().waitFor();
  if (await sign.isVisible()) {
    await look(leader, 'sign');
    await sign.getByLabel('密码', { exact: true }).fill('Correct-Horse-Battery-9');
    await sign.getByRole('button', { name: '确认' }).click();
  }
  await ended.waitFor();
  await calm(leader);

  // The summary within its thirty days, and what is to be learned.
  await go(security, '/incidents');
  await go(security, `/incidents/${id}`);
  await step(security, '提交总结', async (asked) => {
    await asked.getByLabel('原因').fill('测试账号口令过弱。');
    await asked.getByLabel('教训与改进').fill('测试账号不得使用弱口令。');
  });
  check((await report('final', '终报')).includes('测试账号不得使用弱口令'), 'the final report lacks the lessons');
  await sent('处置总结报告', '12387-2026-0051', 'met');
  await security.getByRole('button', { name: '教训转整改' }).click();
  const lesson = security.locator('.el-dialog:visible');
  await lesson.getByLabel('标题').fill('测试账号纳入弱口令检查');
  await lesson.getByLabel('严重程度').selectOption('high');
  await choose(security, lesson, '责任人', office.people.officer.name);
  await look(security, 'lesson');
  await lesson.getByRole('button', { name: '教训转整改' }).click();
  await lesson.waitFor({ state: 'hidden' });
  const owed = security.locator('.tasks a', { hasText: '测试账号纳入弱口令检查' });
  await owed.waitFor();
  await owed.click();
  await security.waitForURL(/findings\/\d+$/);
  await calm(security);
  check((await security.locator('main').innerText()).includes(office.people.officer.name), 'nobody owes the lesson');
  await picture(security, 'finding');

  await go(leader, '/incidents');
  await go(leader, `/incidents/${id}`);
  await step(leader, '关闭');
  await look(leader, 'closed');
  await go(leader, '/incidents');
  await picture(leader, 'incidents');
  const events = (await read(leader)).timeline.filter((one) => one.kind === 'state').length;
  check(events >= 8, `the timeline tells of ${events} states`);
});
