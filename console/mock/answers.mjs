// SPDX-License-Identifier: MulanPSL-2.0
// What the mock server answers, resource by resource.
import { checks, clocks, grading, groups, profiles, registers, roles } from './declared.mjs';
import { count, hosts, hostTables, int, now, orgs, persons, pick, sha, tables, titleOf, verdicts } from './data.mjs';

const profile = process.env.PROFILE ?? 'city';
const mine = (process.env.ROLES ?? 'security,duty').split(',');
let first = process.env.FIRST === '1';
let loggedIn = process.env.OUT !== '1' && !first;
const user = { id: 1, login: 'chenlg', name: '陈立国', lang: undefined };
const views = [];
const journal = [];
const imports = new Map();
const wrong = (status, code, text, fields = []) => ({ status, body: { error: { code, text, fields } } });
const ok = (body) => ({ body });
const three = (zh, vi, en) => ({ 'zh-CN': zh, vi, en });

const may = (register, what) => !register.grants?.[what] || register.grants[what].some((role) => mine.includes(role));
const readable = registers.filter((register) => may(register, 'read'));
const state = (register, name) => register.states?.find((one) => one.name === name);
const open = (register) => tables.get(register.name).filter((row) => !row.withdrawn && !state(register, row.state)?.final).length;

function declaration(register) {
  const { grants, dues, indexes, on_create, ...rest } = register;
  return { states: [], transitions: [], views: [], ...rest, open: open(register), total: tables.get(register.name).length,
    may: Object.fromEntries(['create', 'edit', 'import', 'export', 'withdraw', 'unmask'].map((what) => [what, may(register, what)])) };
}

function titles(register, row) {
  const out = { org: orgs.find((one) => one.id === row.org)?.name };
  for (const field of register.fields) {
    const value = row[field.name];
    if (value === null || value === undefined) continue;
    if (field.type === 'person') out[field.name] = persons[(value - 1) % persons.length];
    if (field.type === 'org') out[field.name] = orgs.find((one) => one.id === value)?.name ?? '';
    if (field.type === 'reference') out[field.name] = titleOf(field.to, tables.get(field.to)?.[value - 1]);
    if (field.type === 'references') out[field.name] = value.map((id) => titleOf(field.to, tables.get(field.to)?.[id - 1]));
  }
  return out;
}

function filtered(register, query) {
  let rows = tables.get(register.name).filter((row) => query.get('withdrawn') || !row.withdrawn);
  const tests = query.getAll('f');
  const view = register.views?.find((one) => one.name === query.get('view'));
  for (const test of [...tests, ...(view?.filter ?? [])]) {
    const [field, op, ...rest] = test.split(':');
    const wanted = rest.join(':');
    const s = (row) => (row[field] === true ? '1' : row[field] === false ? '0' : String(row[field] ?? ''));
    const less = (a, b) => (Number.isFinite(+a) && Number.isFinite(+b) ? +a - +b : a < b ? -1 : a > b ? 1 : 0);
    rows = rows.filter((row) => ({ eq: s(row) === wanted, ne: s(row) !== wanted, lt: s(row) !== '' && less(s(row), wanted) < 0, le: s(row) !== '' && less(s(row), wanted) <= 0, gt: less(s(row), wanted) > 0, ge: less(s(row), wanted) >= 0,
      in: wanted.split(',').includes(s(row)), has: s(row).toLowerCase().includes(wanted.toLowerCase()), empty: s(row) === '', filled: s(row) !== '' })[op]);
  }
  const q = (query.get('q') ?? '').toLowerCase();
  if (q) rows = rows.filter((row) => JSON.stringify(row).toLowerCase().includes(q));
  const sort = query.get('sort') || view?.sort || '-updated';
  const name = sort.replace(/^-/, '');
  const sign = sort.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => sign * ((a[name] ?? '') < (b[name] ?? '') ? -1 : (a[name] ?? '') > (b[name] ?? '') ? 1 : 0));
}
function page(rows, query, most = 50) {
  const limit = Number(query.get('limit') ?? most);
  const after = Number(query.get('after') ?? 0);
  return { rows: rows.slice(after, after + limit), next: rows.length > after + limit ? String(after + limit) : null, total: Math.min(rows.length, 10000), more: rows.length > 10000 };
}
function transitions(register, row) {
  return (register.transitions ?? []).filter((one) => !one.automatic && one.from.includes(row.state) && (!one.roles?.length || one.roles.some((role) => mine.includes(role)))).map((one) => one.name);
}
function note(kind, object, action, before, after, reason) {
  journal.push({ seq: journal.length + 1, time: Math.floor(Date.now() / 1000), actor: 1, actor_name: user.name, kind, object, org: 1, action, before, after, reason: reason ?? null, hash: sha(String(journal.length)) });
}
for (const register of registers) {
  for (const row of tables.get(register.name).slice(0, 3)) {
    note(register.name, row.id, 'create', null, { ...row });
    note(register.name, row.id, 'edit', { state: register.states?.[0]?.name }, { state: row.state }, '按整改要求更新');
  }
}
function check(register, values, old) {
  const problems = [];
  for (const field of register.fields) {
    const value = field.name in values ? values[field.name] : old?.[field.name];
    if (field.required && !field.read_only && (value === null || value === undefined || value === '')) problems.push({ field: field.name, text: '必填' });
    if (field.pattern && typeof value === 'string' && value && !new RegExp(`^(?:${field.pattern})$`, 'u').test(value) && !field.sensitive) problems.push({ field: field.name, text: field.pattern_help?.['zh-CN'] ?? `格式应为 ${field.pattern}` });
  }
  return problems;
}

function records(method, [name, id, verb, extra], query, body, raw) {
  const register = readable.find((one) => one.name === name);
  if (!register) return wrong(404, 'missing', '没有这本台账');
  const rows = tables.get(name);
  if (!id && method === 'GET') {
    const answer = page(filtered(register, query), query);
    return ok({ ...answer, rows: answer.rows.map((row) => ({ ...row, _titles: titles(register, row) })) });
  }
  if (!id && method === 'POST') {
    const problems = check(register, body.values);
    if (problems.length) return wrong(422, 'invalid', '有字段需要更正', problems);
    const row = { id: rows.length + 1, org: body.org ?? 1, version: 1, created: now, updated: now, state: register.states?.[0]?.name ?? null, number: register.number?.replace('{year}', '2026').replace(/\{n:(\d)\}/, (_, n) => String(rows.length + 1).padStart(+n, '0')), ...body.values };
    rows.push(row);
    note(name, row.id, 'create', null, row);
    return { status: 201, body: { id: row.id, record: row } };
  }
  if (id === 'bulk') {
    return ok((body.ids ?? []).map((one, i) => ({ id: one, ok: i !== 1, error: i === 1 ? { code: 'forbidden', text: '签发人与签收人不能是同一人' } : undefined })));
  }
  if (id === 'template.xlsx' || id === 'export') return { body: Buffer.from('PK'), type: 'application/octet-stream' };
  if (id === 'imports') {
    const bad = raw.toString('utf8').includes('bad');
    const problems = bad ? [{ row: 4, column: 'D', field: 'id_card', text: '应为 18 位' }, { row: 9, column: 'F', field: 'state', text: '“在用中”不是可选值：可填 在用、停用、报废' }, { row: 17, column: 'H', text: '“2026-13-01”不是日期' }] : [];
    const one = { id: imports.size + 1, register: name, state: 'checking', progress: 0, rows: 128, created: 101, changed: 24, bad: problems.length, problems, left_out: 0 };
    imports.set(one.id, one);
    return { status: 201, body: one };
  }
  const row = rows.find((one) => one.id === Number(id));
  if (!row) return wrong(404, 'missing', '没有这条记录');
  if (!verb && method === 'GET') return ok({ record: row, titles: titles(register, row), may: { edit: may(register, 'edit'), withdraw: may(register, 'withdraw'), unmask: may(register, 'unmask'), transitions: transitions(register, row) }, related: registers.flatMap((one) => one.fields.filter((field) => field.to === name).map((field) => ({ register: one.name, field: field.name, count: int(0, 4) }))) });
  if (verb === 'history') return ok({ rows: journal.filter((one) => one.kind === name && one.object === row.id).reverse() });
  if (verb === 'unmask') {
    note(name, row.id, 'unmask', null, { field: body.field }, body.reason);
    return ok({ value: { phone: '13851232046' }[register.fields.find((one) => one.name === body.field)?.sensitive] ?? '320102199003071234' });
  }
  if (verb === 'files') return { status: 201, body: { id: int(100, 999), name: query.get('name'), size: raw.length, type: 'application/pdf', sha256: sha(raw) } };
  if (body && body.version !== row.version) return wrong(409, 'stale', '这条记录刚刚被别人修改过');
  if (method === 'PATCH') {
    const problems = check(register, body.values, row);
    if (problems.length) return wrong(422, 'invalid', '有字段需要更正', problems);
    note(name, row.id, 'edit', Object.fromEntries(Object.keys(body.values).map((key) => [key, row[key]])), body.values, body.reason);
    Object.assign(row, body.values, { version: row.version + 1, updated: now });
    return ok({ record: row });
  }
  if (verb === 'withdraw') {
    row.withdrawn = now;
    note(name, row.id, 'withdraw', {}, {}, body.reason);
    return ok({});
  }
  if (verb === 'transition') {
    const step = register.transitions.find((one) => one.name === body.name);
    for (const needed of step.needs ?? []) if (!(body.values?.[needed] ?? row[needed])) return wrong(422, 'invalid', '有字段需要填写', [{ field: needed, text: '必填' }]);
    if (step.confirmed) return { status: 202, body: { error: { code: 'pair', text: '需要第二人确认' } } };
    note(name, row.id, body.name, { state: row.state }, { state: step.to, ...body.values }, body.reason);
    Object.assign(row, body.values, { state: step.to, version: row.version + 1, updated: now });
    for (const [field, what] of Object.entries(step.sets ?? {})) row[field] = what === 'actor' ? 1 : what === 'now' ? now : what;
    return ok({ record: row });
  }
  return undefined;
}

const running = (incident, rule, title, basis, starts, limit, sent = null, verified = true) => ({ id: starts + limit, incident, number: tables.get('incident')?.[incident - 1]?.number, summary: tables.get('incident')?.[incident - 1]?.summary, rule, title, basis, verified, starts, due: starts + limit, ...(sent ? { sent, receipt: 'WX-2026-118' } : {}),
  state: sent ? (sent <= starts + limit ? 'met' : 'late') : now > starts + limit ? 'missed' : 'running', to: three('上级医保部门', 'Cơ quan cấp trên', 'The superior agency') });
const t0 = (id) => tables.get('incident')?.[id - 1]?.t0 ?? now;
const clocksOf = (id) => [
  running(id, 'CN-R10', three('行业首报', 'Báo cáo đầu của ngành', 'First report to the sector'), '街道预案', t0(id), 7200, id === 2 ? t0(id) + 3000 : null),
  running(id, 'CN-R5', three('网信部门首报', 'Báo cáo đầu cho cơ quan mạng', 'First report to the cyberspace office'), '国家网络安全事件报告管理办法 第四条第（三）项', t0(id), 14400),
  running(id, 'CN-R13', three('个人信息泄露告知', 'Thông báo lộ dữ liệu cá nhân', 'Notice of leaked personal data'), '个人信息保护法 第五十七条', t0(id), id === 2 ? 3600 : 9000, null, false),
];
const item = (register, row, extra = {}) => ({ register, id: row.id, number: row.number, title: row.title ?? row.summary ?? titleOf(register, row), state: row.state, due: row.due ?? null, org: orgs.find((one) => one.id === row.org)?.name, severity: row.severity, ...extra });

function home() {
  const findings = tables.get('finding') ?? [];
  return ok({
    tasks: [...findings.filter((row) => row.state === 'open').slice(0, 3).map((row) => item('finding', row, { transitions: ['issue'], mine: true })), ...findings.filter((row) => row.state === 'submitted').slice(0, 3).map((row) => item('finding', row, { transitions: ['verify'] })), ...(tables.get('notice') ?? []).slice(0, 2).map((row) => item('notice', row, { due: row.acknowledge_due, why: 'acknowledge' }))],
    overdue: findings.filter((row) => row.overdue).slice(0, 5).map((row) => item('finding', row)),
    clocks: [...clocksOf(1), ...clocksOf(2).slice(1)].filter((one) => one.state !== 'met'),
    duty: [{ id: 1, slot: 'day', place: 'machine_room', place_name: '中心机房', person: 1, person_name: '陈立国', state: 'scheduled' }, { id: 2, slot: 'night', place: 'site', place_name: '门户网站巡查', person: 2, person_name: '周敏', state: 'scheduled' }],
    counts: { tasks: 8, overdue: findings.filter((row) => row.overdue).length, open_findings: findings.filter((row) => row.state !== 'closed').length, without_owner: 4, open_incidents: 3 },
  });
}
function posture(query) {
  const id = Number(query.get('org') || 1);
  const all = count(verdicts);
  const lasting = { since: now - 63 * 86400, from: 'start', lasting: false };
  return ok({
    org: orgs.find((one) => one.id === id), days: { outage: 63, data: 412, breach: 18 }, since: { outage: lasting, data: lasting, breach: { ...lasting, from: 'incident' } }, score: 78, good: 1450, of: 2022, verdicts: all,
    findings: { critical: 3, high: 14, medium: 27, low: 11, overdue: 9, open: 55 }, coverage: { hosts: 42, seen: 37, stale: 3, never: 2, fresh_days: 2 },
    trend: Array.from({ length: 90 }, (_, i) => ({ day: new Date((now - (89 - i) * 86400) * 1000).toISOString().slice(0, 10), hosts: 40, pass: 1200 + i * 4, fail: Math.round(620 - i * 2.6 + Math.cos(i / 4) * 20), unknown: 200, critical: 12, high: Math.round(90 - i * 0.5) })),
    below: orgs.filter((one) => one.parent === id).map((one, i) => ({ org: one.id, name: one.name, tier: one.tier, kind: one.kind, score: i === 2 ? null : 84 - i * 9, hosts: 12 + i, seen: i === 2 ? 0 : 11, fail: 30 + i, unknown: 8, overdue: i * 3, findings: 18 + i })),
  });
}
function evidence(digest) {
  const verdict = verdicts.find((one) => one.evidence === digest) ?? verdicts[1];
  const columns = ['path', 'mode', 'owner', 'size'];
  const rows = [['/etc/shadow', '0644', 'root', 1834], ['/etc/shadow-', '0644', 'root', 1801]];
  const canonical = JSON.stringify({ check: verdict.check, columns, rows });
  return ok({ sha256: sha(canonical), columns, rows, taken: verdict.taken, host: { id: verdict.host, name: verdict.host_name }, tables: [{ name: 'file', coverage: 'complete', taken: verdict.taken, sha256: sha('file') }, { name: 'users', coverage: 'partial', reason: 'LDAP 用户未列出', taken: verdict.taken, sha256: sha('users') }], canonical, check: verdict.check, sql: checks.find((one) => one.id === verdict.check)?.violations, verdict: verdict.value });
}
const fieldsOf = (i) => ({ 'host.name': hosts[i % 12].name, 'process.name': pick(['sshd', 'nginx', 'powershell.exe', 'sudo']), 'user.name': pick(['root', 'hisadmin', 'zhoumin']), 'source.ip': `10.8.${i % 9}.${i % 200}`, 'event.code': 4600 + (i % 40) });
const lines = ['Failed password for root from 10.8.3.77 port 51422 ssh2', 'Accepted publickey for hisadmin from 10.8.1.20', 'GET /index.php?id=1%27%20union%20select HTTP/1.1 403', 'sudo: zhoumin : TTY=pts/1 ; COMMAND=/usr/bin/pg_dump medicare', 'An account was successfully logged on', 'new USB device: Kingston DataTraveler'];
const events = Array.from({ length: 240 }, (_, i) => ({ id: `2026-11-23-${i}`, time: now - i * 137, host: hosts[i % 12].name, source: pick(['sshd', 'nginx', 'auditd', 'windows-security']), severity: pick(['info', 'info', 'low', 'medium', 'high']), message: lines[i % lines.length], fields: fieldsOf(i) }));
const tactics = [['reconnaissance', '侦察', 'Trinh sát', 'Reconnaissance'], ['initial-access', '初始访问', 'Xâm nhập ban đầu', 'Initial access'], ['execution', '执行', 'Thực thi', 'Execution'], ['persistence', '持久化', 'Duy trì', 'Persistence'], ['privilege-escalation', '提权', 'Leo thang quyền', 'Privilege escalation'], ['defense-evasion', '防御规避', 'Né tránh', 'Defence evasion'], ['credential-access', '凭据访问', 'Lấy thông tin đăng nhập', 'Credential access'], ['discovery', '发现', 'Thăm dò', 'Discovery'], ['lateral-movement', '横向移动', 'Di chuyển ngang', 'Lateral movement'], ['collection', '收集', 'Thu thập', 'Collection'], ['exfiltration', '外传', 'Rò rỉ', 'Exfiltration'], ['impact', '影响', 'Tác động', 'Impact']];
const techniqueNames = ['T1110 Brute Force', 'T1078 Valid Accounts', 'T1059 Command Interpreter', 'T1190 Exploit Public-Facing App', 'T1053 Scheduled Task', 'T1543 System Process', 'T1070 Indicator Removal', 'T1021 Remote Services', 'T1005 Data from Local System', 'T1048 Exfiltration', 'T1486 Data Encrypted', 'T1490 Inhibit Recovery', 'T1003 Credential Dumping', 'T1046 Network Scan', 'T1566 Phishing'];
const techniques = techniqueNames.map((name, i) => ({ id: name.slice(0, 5), name: name.slice(6), tactic: tactics[(i * 5 + 1) % 12][0], count: i % 3 ? int(0, 40) : 0, rules: int(1, 9), worst: pick(['high', 'medium', 'critical', 'low']) }));
const detections = Array.from({ length: 34 }, (_, i) => ({ id: i + 1, rule: `ward-rule-${i}`, title: three(['SSH 暴力破解', '异常数据导出', '清除日志', '可疑 PowerShell'][i % 4], ['Dò mật khẩu SSH', 'Xuất dữ liệu bất thường', 'Xóa nhật ký', 'PowerShell đáng ngờ'][i % 4], ['SSH brute force', 'Unusual export of data', 'Logs cleared', 'Suspicious PowerShell'][i % 4]), level: pick(['critical', 'high', 'medium', 'low']), time: now - i * 5300, last: now - i * 4000, count: int(1, 80), host: hosts[i % 12].name, techniques: [techniques[i % 15].id], state: 'new', incident: i === 3 ? 2 : null }));
const users = persons.map((name, i) => ({ id: i + 1, login: `user${i + 1}`, name, org: (i % 8) + 1, org_name: orgs[i % 8].name, state: i === 6 ? 'locked' : 'active', roles: [['security', 'duty'], ['officer'], ['verifier', 'officer'], ['operator'], ['auditor'], ['leader'], ['officer'], ['duty']][i], totp: i % 3 !== 1, last_login: now - i * 86400 }));
const pairs = [{ id: 1, action: 'roles', text: '授予 周敏 “系统管理员” 角色', initiator: '陈立国', initiated: now - 600, reason: '接替刘建华', expires: now + 85000, state: 'open', mine: true, may: false }, { id: 2, action: 'unmask', text: '批量查看 42 条身份证号', initiator: '王晓燕', initiated: now - 4000, reason: '公安机关协查函 青公函〔2026〕18号', expires: now + 40000, state: 'open', mine: false, may: true }];

export function answers(method, [what, a, b, c, d], query, body, raw) {
  if (what === 'session') return loggedIn ? ok({ user, person: { id: 1, name: user.name }, org: orgs[0], roles: mine, csrf: 'mock', fresh_until: now + 300, profile, version: '0.4.0', must: process.env.MUST ?? null }) : { status: 401, body: { error: { code: 'login', text: '请登录' }, first } };
  if (what === 'login') {
    if (body.password === 'wrong') return wrong(401, 'login', '登录名或密码不正确');
    if (body.login === 'totp' && !body.code) return wrong(401, 'second-factor', '请输入动态验证码');
    loggedIn = true;
    return ok({});
  }
  if (what === 'first') {
    if (!body.password || body.password.length < 12) return wrong(422, 'invalid', '密码太短', [{ field: 'password', text: '至少 12 位' }]);
    first = false;
    loggedIn = true;
    Object.assign(user, { login: body.login, name: body.name });
    orgs[0].name = body.org_name;
    return ok({});
  }
  if (what === 'health') return ok({ state: 'good' });
  if (!loggedIn) return wrong(401, 'login', '请登录');
  const handlers = {
    logout: () => ((loggedIn = false), ok({})),
    me: () => ok({}),
    fresh: () => (body.password === 'wrong' ? wrong(401, 'login', '密码不正确') : ok({})),
    password: () => ok({}),
    'second-factor': () => ok(body.code ? {} : { secret: 'JBSWY3DPEHPK3PXPJBSWY3DP', otpauth: 'otpauth://totp/ward:chenlg?secret=JBSWY3DPEHPK3PXPJBSWY3DP&issuer=ward' }),
    registers: () => ok({ registers: readable.map(declaration), groups }),
    records: () => records(method, [a, b, c, d], query, body, raw),
    imports: () => {
      const one = imports.get(Number(a));
      if (one && b === 'apply') Object.assign(one, { state: 'applying', progress: 0 });
      else if (one?.state === 'applying' || one?.state === 'checking') Object.assign(one, one.progress >= 1000 ? { state: one.state === 'checking' ? 'checked' : 'applied' } : { progress: one.progress + 500 });
      return one ? ok(one) : undefined;
    },
    views: () => {
      if (method === 'POST') return views.push({ id: views.length + 1, ...body }), ok(views.at(-1));
      if (method === 'DELETE') return views.splice(views.findIndex((one) => one.id === Number(a)), 1), ok({});
      return ok({ rows: views });
    },
    home, posture: () => posture(query),
    hosts: () => {
      const host = hosts.find((one) => one.id === Number(a));
      if (!a) return ok({ rows: hosts, next: null, total: hosts.length });
      if (b === 'inspect') return ok({});
      if (b === 'tables') return ok({ columns: ['uid', 'username', 'shell', 'directory'], rows: Array.from({ length: 24 }, (_, i) => [1000 + i, `user${i}`, i % 4 ? '/bin/bash' : '/usr/sbin/nologin', `/home/user${i}`]), taken: now - 900, coverage: 'complete', sha256: sha(c) });
      return ok({ ...host, tables: hostTables, inspections: [0, 1, 2, 3].map((i) => ({ id: 40 - i, started: now - 900 - i * 86400, ended: now - 870 - i * 86400, verdicts: host.verdicts })) });
    },
    checks: () => (a ? ok({ ...checks.find((one) => one.id === a), sql: checks.find((one) => one.id === a)?.violations }) : ok({ rows: checks.map(({ violations, ...one }) => ({ ...one, verdicts: count(verdicts.filter((row) => row.check === one.id)) })) })),
    verdicts: () => ok(page(verdicts.filter((row) => (!query.get('host') || row.host === Number(query.get('host'))) && (!query.get('check') || row.check === query.get('check')) && (!query.get('value') || query.get('value').split(',').includes(row.value))), query, 200)),
    evidence: () => evidence(a),
    findings: () => (b === 'order' ? { type: 'text/html; charset=utf-8', body: '<!doctype html><title>限期整改通知书</title><h1>限期整改通知书</h1><p>青医保安整〔2026〕12号</p>' } : b === 'evidence' ? ok({ rows: [{ sha256: verdicts[1].evidence, taken: now - 900, host: hosts[0].name, verdict: 'fail', rows: 2 }, { sha256: verdicts[2].evidence, taken: now - 86400, host: hosts[0].name, verdict: 'fail', rows: 3 }] }) : ok({})),
    incidents: () => {
      const row = tables.get('incident').find((one) => one.id === Number(a));
      if (b === 'reports') return { type: 'text/html; charset=utf-8', body: '<!doctype html><title>报告</title><h1>网络安全事件报告（初报）</h1>' };
      if (b) return ok({});
      if (!row) return wrong(404, 'missing', '没有这条记录');
      const rules = grading[0];
      return ok({ id: row.id, number: row.number, state: row.state, version: row.version, jurisdiction: 'CN', grade_final: row.grade_final, clocks: clocksOf(row.id),
        grade: { grade: 'III', grading: rules.name, basis: rules.basis, may_rise: true, unverified: false, missing: rules.inputs.slice(5, 8).map((one) => one.name), inputs: rules.inputs.map((one, i) => ({ name: one.name, value: i > 4 && i < 9 ? null : one.type === 'bool' ? false : one.type === 'choice' ? one.choices[0].name : i === 1 ? 46 : 0 })), indicators: rules.indicators.slice(0, 14).map((one, i) => ({ ...one, holds: i === 9 ? 'yes' : i % 4 === 1 ? 'unknown' : 'no', when: undefined })) },
        waiting: [{ rule: 'CN-R1', title: clocks[0].title }],
        timeline: [{ id: 1, at: row.t0, what: '值班员发现首页被替换，截图留证', made_by_name: '陈立国', kind: 'found' }, { id: 2, at: row.t0 + 600, what: '断开发布服务器网络，启用静态备用页', made_by_name: '周敏', kind: 'measure' }, { id: 3, at: row.t0 + 1500, what: '电话报告县医保局信息科', made_by_name: '陈立国', kind: 'report' }],
        tasks: [], findings: (tables.get('finding') ?? []).slice(0, 2).map((one) => item('finding', one)), reports: [{ id: 1, stage: 'first', rule: 'CN-R10', sent: row.t0 + 3000, receipt: 'WX-2026-118', sha256: sha('r') }], evidence: [{ id: 1, kind: 'verdict', sha256: verdicts[1].evidence, title: '首页文件与批准版本不一致', made: row.t0 + 300, made_by_name: '陈立国' }] });
    },
    clocks: () => ok({ rows: clocks }), grading: () => ok({ rows: grading }), categories: () => ok({ rows: [] }), calendar: () => ok({ rows: [] }),
    events: () => {
      if (a === 'histogram') return ok({ buckets: Array.from({ length: 48 }, (_, i) => ({ from: now - (48 - i) * 1800, to: now - (47 - i) * 1800, count: Math.round(300 + 220 * Math.sin(i / 4) + (i === 31 ? 900 : 0)) })) });
      if (a) return ok({ ...events.find((one) => one.id === a), raw: '<86>Nov 23 05:12:11 yb-core-01 sshd[2211]: Failed password for root' });
      if (query.get('q') === '(') return wrong(422, 'invalid', '第 1 个字符：括号没有闭合');
      return ok(page(events.filter((row) => !query.get('q') || JSON.stringify(row).toLowerCase().includes(query.get('q').toLowerCase())), query));
    },
    detections: () => (a === 'techniques' ? ok({ tactics: tactics.map(([id, zh, vi, en]) => ({ id, name: three(zh, vi, en) })), techniques }) : ok(page(detections.filter((row) => !query.get('technique') || row.techniques.includes(query.get('technique'))), query))),
    sql: () => (/syntax/.test(body.sql) ? wrong(422, 'invalid', 'near "syntax": syntax error') : ok({ columns: ['host', 'username', 'uid', 'shell'], rows: Array.from({ length: 40 }, (_, i) => [hosts[i % 12].name, `user${i}`, 1000 + i, '/bin/bash']), ms: 34, coverage: [{ table: 'users', status: 'complete' }, { table: 'packages', status: 'partial', reason: '2 台主机未报告', host: 'ap-front-01' }] })),
    users: () => (a ? ok({}) : ok({ rows: users })), roles: () => ok({ rows: roles }), tokens: () => (method === 'POST' ? ok({ id: 9, token: 'ward_pat_4f1c9a7be2', ...body }) : ok({ rows: [{ id: 1, name: '数据平台对接', scope: ['records:read'], created: now - 864000, used: now - 4000, expires: now + 8640000 }] })),
    sessions: () => ok({ rows: [{ id: 1, user: '陈立国', address: '10.8.1.20', agent: 'Chromium 120', started: now - 4000, seen: now - 20, current: true }, { id: 2, user: '周敏', address: '10.8.1.32', agent: 'Firefox 115', started: now - 9000, seen: now - 700 }] }),
    pairs: () => (a ? ok({}) : ok({ rows: pairs })), orgs: () => ok({ rows: orgs }),
    journal: () => (a === 'verify' ? ok({ ok: true, entries: 18422, head: sha('head'), sealed: 18400, sealed_at: now - 420, seconds: 0.21 }) : ok(page([...journal].reverse(), query))),
    profiles: () => ok({ rows: profiles.map((one) => ({ ...one, current: one.name === profile })) }),
    rules: () => ok({ rows: detections.slice(0, 12).map((one, i) => ({ id: one.rule, title: one.title, level: one.level, techniques: one.techniques, logsource: ['linux/sshd', 'windows/security', 'web/nginx'][i % 3], hits: one.count })) }),
    keys: () => ok({ rows: [{ kind: 'seal', id: sha('k').slice(0, 16), algorithm: 'ed25519', public: 'ed25519 …' }, { kind: 'authority', from: now - 864000, until: now + 864000000, sha256: sha('v'), pem: '-----BEGIN' }, { kind: 'server', from: now - 864000, until: now + 8640000, sha256: sha('w'), pem: '-----BEGIN' }] }),
    doctor: () => ok({ state: 'doubtful', lines: [{ topic: 'records', label: '记录', state: 'good', text: 'SQLite, WAL, 12.4 MiB', remedy: null }, { topic: 'disk', label: '磁盘', state: 'doubtful', text: '剩余 8%', remedy: '清理 /var 或扩容' }] }),
  };
  return handlers[what]?.();
}
