// SPDX-License-Identifier: MulanPSL-2.0
// Who sees and may do what: the menu, the buttons, and what an address typed by hand shows.
import { api } from './browser.mjs';
import { flow } from './flow.mjs';

// For each: entries that the menu has and has not, addresses that say "may not" or lead nowhere, paths of the API that are refused.
const people = {
  security: { has: ['问题整改', '系统管理', '查询'], lacks: [], may: ['新增人员'], api: {} },
  operator: { has: ['主机', '系统管理'], lacks: [], api: { 'POST users': 403, 'GET journal': 403 } },
  auditor: { has: ['系统管理', '问题整改'], lacks: [], api: { 'POST users': 403, 'POST records/finding': 403, 'GET journal': 200 } },
  officer: { has: ['问题整改', '全部台账'], lacks: ['查询'], api: { 'GET users': 403, 'GET journal': 403, 'POST sql': 403 } },
  supplier: { has: [], lacks: ['查询', '日志检索', '安全检查'], api: { 'GET users': 403, 'GET journal': 403, 'GET hosts': 403, 'GET events': 403, 'POST sql': 403 } },
};
await flow(async ({ as, check, look, go, refused, calm }) => {
  for (const [role, told] of Object.entries(people)) {
    const one = await as(role);
    const menu = await one.locator('nav.side').innerText();
    for (const entry of told.has) check(menu.includes(entry), `${role} lacks ${entry} in the menu`);
    for (const entry of told.lacks) check(!menu.split(/\n/).includes(entry), `${role} has ${entry} in the menu`);
    await look(one, `home-${role}`);
    // Everything that the menu leads to opens without being refused.
    for (const link of await one.locator('nav.side a').evaluateAll((all) => all.map((a) => a.getAttribute('href').slice(1)))) {
      await go(one, link);
      const bad = await one.locator('.note.bad[role=alert]').allInnerTexts();
      check(!bad.length, `${role} ${link}: ${bad.join(' | ')}`);
      for (const problem of one.problems.splice(0)) check(false, `${role} ${link}: ${problem}`);
    }
    await go(one, '/system/people');
    const adds = await one.getByRole('button', { name: '新增人员' }).count();
    check(Boolean(adds) === (role === 'security'), `${role} ${adds ? 'may' : 'may not'} add people`);
    await go(one, '/r/person');
    const makes = await one.locator('.page-head').getByText('新建').count();
    check(Boolean(makes) === ['security', 'officer'].includes(role), `${role} ${makes ? 'may' : 'may not'} enter persons`);
    one.problems.length = 0;
    for (const [asked, status] of Object.entries(told.api)) {
      const [method, path] = asked.split(' ');
      const act = () => api(one, method, path, method === 'POST' ? { sql: 'SELECT 1', login: 'x-y-z', name: 'x', values: { title: 'x' } } : undefined);
      const answer = status >= 400 ? await refused(one, status, act) : await act();
      check(answer.status === status, `${role} ${asked}: ${answer.status} instead of ${status}`);
    }
    // An address typed by hand says that it is not there, in words, and breaks nothing.
    await go(one, '/system/journal');
    if (!['security', 'auditor'].includes(role)) check(!(await one.locator('table').count()), `${role} sees the journal`);
    await go(one, '/nowhere');
    await look(one, `nowhere-${role}`);
    await calm(one);
    await one.context().close();
  }
});
