// SPDX-License-Identifier: MulanPSL-2.0
// Records that look like an office's, the same at each start.
import { createHash } from 'node:crypto';
import { checks, registers } from './declared.mjs';

let seed = 20261123;
export const random = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);
export const pick = (list) => list[Math.floor(random() * list.length)];
export const int = (a, b) => a + Math.floor(random() * (b - a + 1));
export const now = Math.floor(Date.now() / 1000);
export const sha = (text) => createHash('sha256').update(text).digest('hex');
const date = (offset) => new Date((now + offset * 86400) * 1000).toISOString().slice(0, 10);

export const orgs = [
  { id: 1, parent: null, name: '青石市医疗保障局', tier: 'city', kind: 'bureau' },
  { id: 2, parent: 1, name: '临河县医疗保障局', tier: 'county', kind: 'bureau' },
  { id: 3, parent: 1, name: '安平县医疗保障局', tier: 'county', kind: 'bureau' },
  { id: 4, parent: 2, name: '白塔镇医保服务所', tier: 'township', kind: 'bureau' },
  { id: 5, parent: 2, name: '柳林镇医保服务所', tier: 'township', kind: 'bureau' },
  { id: 6, parent: 2, name: '临河县人民医院', tier: 'institution', kind: 'hospital' },
  { id: 7, parent: 3, name: '安平县中医院', tier: 'institution', kind: 'hospital' },
  { id: 8, parent: 3, name: '康民大药房（城关店）', tier: 'institution', kind: 'pharmacy' },
  { id: 9, parent: 1, name: 'Trạm y tế phường Nguyễn Huệ', tier: 'institution', kind: 'hospital' },
];
export const persons = ['陈立国', '周敏', 'Nguyễn Thị Thu Hà', '刘建华', '王晓燕', 'Trần Quốc Bảo', '孙志强', '李雪梅'];
const words = {
  name: ['医保核心业务平台', '异地就医结算系统', '公众服务网站', '药品招采平台', '内部办公系统', '数据交换前置机'],
  text: ['核心交换机 S5735', '窗口办公电脑', '结算数据库主库', '门户网站发布区', '统一身份认证', 'Máy chủ ứng dụng số 2', '县级专线路由器', '互联网出口防火墙'],
  long: ['按年度计划开展，已通知相关科室，具体安排见附件。', '经核查，发现配置与基线不一致，责任科室已确认并制定整改计划。', 'Đã kiểm tra tại chỗ, kết quả đạt yêu cầu; biên bản kèm theo.'],
};

function value(field, register, i) {
  const choices = field.choices?.map((one) => one.name);
  if (!field.required && random() < 0.14 && field.type !== 'bool') return null;
  switch (field.type) {
    case 'text':
      if (field.sensitive) return { name: `${pick(persons).slice(0, 1)}*${pick(['三', '华', '燕'])}`, 'id-card': '3201**********1234', phone: '138****2046' }[field.sensitive] ?? '******';
      if (/sha256|hash/.test(field.name)) return sha(field.name + i);
      if (/ip$|address/.test(field.name)) return `10.${int(8, 20)}.${int(0, 60)}.${int(2, 250)}`;
      if (/serial/.test(field.name)) return `SN${int(100000, 999999)}`;
      if (/version/.test(field.name)) return `V${int(1, 9)}.${int(0, 20)}`;
      if (/_no$|number/.test(field.name)) return `青医保〔2026〕${int(1, 300)}号`;
      if (/^name$|system/.test(field.name)) return `${pick(words.name)}${i > 5 ? ` ${i}` : ''}`;
      return `${pick(words.text)}`;
    case 'long-text': return pick(words.long);
    case 'texts': return [pick(words.text), pick(words.text)];
    case 'integer': return int(Math.max(field.min ?? 0, 0), Math.min(field.max ?? 400, 400));
    case 'number': return Math.round(random() * 10000) / 100;
    case 'date': return date(int(-120, 240));
    case 'time': return now - int(0, 86400 * 90);
    case 'bool': return random() < 0.3;
    case 'choice': return choices?.length ? pick(choices) : null;
    case 'choices': return choices?.slice(0, int(1, 2)) ?? [];
    case 'person': return int(1, persons.length);
    case 'org': return int(1, orgs.length);
    case 'reference': return registers.some((one) => one.name === field.to) ? int(1, 20) : null;
    case 'references': return [int(1, 20), int(1, 20)];
    case 'period': return field.time ? { from: now - int(0, 40) * 3600, to: now + int(1, 40) * 3600 } : { from: date(-int(0, 90)), to: date(int(1, 200)) };
    case 'files': return random() < 0.5 ? [] : [{ id: i * 10, name: '现场照片与说明.pdf', size: int(20000, 900000), type: 'application/pdf', sha256: sha(`file${i}`) }];
    default: return null;
  }
}

export const tables = new Map();
for (const register of registers) {
  const many = { finding: 64, asset: 420, account: 160, incident: 7, notice: 12, post: 14 }[register.name] ?? 26;
  const rows = [];
  for (let i = 1; i <= many; i++) {
    const row = { id: i, org: pick(orgs).id, version: 1, created: now - int(30, 200) * 86400, updated: now - int(0, 86400 * 40) };
    row.number = register.number?.replace('{year}', '2026').replace(/\{n:(\d)\}/, (_, n) => String(i).padStart(+n, '0'));
    row.state = register.states?.length ? pick(register.states).name : null;
    for (const field of register.fields) row[field.name] = value(field, register, i);
    rows.push(row);
  }
  tables.set(register.name, rows);
}
for (const row of tables.get('finding') ?? []) {
  const check = pick(checks);
  row.title = check.title['zh-CN'];
  row.check_id = check.id;
  row.severity = check.severity;
  row.source = 'check';
  row.host = int(1, 12);
  row.subject = pick(['/etc/ssh/sshd_config:33', 'yb-app-02', 'port 3389/tcp', 'user hisadmin', '/etc/shadow', 'openssl 1.1.1n']);
  row.evidence_sha256 = null;
  row.due = row.state === 'open' ? null : date(int(-12, 30));
  row.overdue = !!row.due && row.due < date(0) && !['closed', 'accepted', 'verified'].includes(row.state);
  row.basis = (check.clauses ?? []).join('；');
  row.fact = check.why['zh-CN'];
}
const happened = ['门户网站首页被篡改', '医院前置机感染勒索病毒', '结算平台中断 47 分钟', '疑似参保信息外泄', '窗口电脑连接可疑域名', '数据库出现异常导出', 'Tấn công dò mật khẩu vào cổng dịch vụ'];
(tables.get('incident') ?? []).forEach((row, i) => {
  row.summary = happened[i % happened.length];
  row.t0 = now - [2700, 9000, 86400 * 3, 86400 * 12, 7200, 86400 * 40, 86400 * 70][i % 7];
  row.state = ['reported', 'responding', 'ended', 'closed', 'detected', 'summarised', 'closed'][i % 7];
  row.grade_calculated = row.grade_final = ['III', 'III', 'IV', 'II', null, 'IV', 'IV'][i % 7];
});
(tables.get('notice') ?? []).forEach((row, i) => {
  row.title = ['关于防范 OpenSSH 高危漏洞的预警通报', '关于开展弱口令专项清理的通知', '勒索病毒活动预警（橙色）', 'Cảnh báo lỗ hổng trên máy chủ web'][i % 4];
  row.sender = '省医疗保障信息中心';
  row.colour = ['red', 'orange', 'yellow', 'blue'][i % 4];
  row.received = now - i * 40000;
  row.acknowledge_due = row.received + 7200;
  row.feedback_due = row.received + 5 * 86400;
});
(tables.get('system') ?? []).forEach((row, i) => (row.name = words.name[i % 6]));

export const titleOf = (register, row) => {
  const declared = registers.find((one) => one.name === register);
  return (declared?.title ?? ['number']).map((name) => row?.[name]).filter((one) => one !== null && one !== undefined).join(' ');
};

const kernel = ['yb-core-01', 'yb-core-02', 'yb-app-01', 'yb-app-02', 'yb-web-01', 'yb-gw-01', 'lh-front-01', 'lh-win-07', 'ap-front-01', 'bt-pc-03', 'ap-his-02', 'qs-db-01'];
export const hosts = kernel.map((name, i) => ({
  id: i + 1, name, machine_id: sha(name).slice(0, 32), org: (i % 8) + 1, org_name: orgs[i % 8].name, seen: i === 8 ? now - 86400 * 9 : now - int(60, 5400), profile: i < 6 ? 'city' : 'county',
  os: i % 3 ? 'Debian GNU/Linux 12' : 'Kylin Linux Advanced Server V10', address: `10.8.${i}.${int(2, 200)}`, self: i === 0,
}));
export const verdicts = [];
for (const host of hosts) {
  for (const check of checks) {
    const dice = random();
    const value = dice < 0.56 ? 'pass' : dice < 0.71 ? 'fail' : dice < 0.8 ? 'unknown' : 'not-applicable';
    verdicts.push({ host: host.id, host_name: host.name, org: host.org, check: check.id, title: check.title, severity: check.severity, value, since: now - int(1, 60) * 86400, taken: host.seen,
      reason: value === 'unknown' ? pick(['缺少读取 /etc/shadow 的权限', 'cannot read /proc/kcore: permission denied', 'audit 子系统未启用']) : null, violations: value === 'fail' ? int(1, 6) : 0,
      evidence: value === 'pass' || value === 'fail' ? sha(host.name + check.id) : null, finding: value === 'fail' ? int(1, 60) : null });
  }
}
export const count = (rows) => rows.reduce((sum, row) => ({ ...sum, [row.value]: sum[row.value] + 1 }), { pass: 0, fail: 0, unknown: 0, 'not-applicable': 0 });
for (const host of hosts) host.verdicts = count(verdicts.filter((row) => row.host === host.id));
export const hostTables = ['users', 'groups', 'processes', 'listening', 'sshd_config', 'sysctl', 'mounts', 'packages', 'sudoers', 'certificates', 'firewall', 'units', 'logins', 'arp'].map((name, i) => ({
  name, taken: now - 900, coverage: i === 7 ? 'partial' : i === 10 ? 'unavailable' : 'complete', reason: i === 7 ? '3 个软件包的文件清单无法读取' : i === 10 ? 'nft: operation not permitted' : null, rows: i === 10 ? 0 : int(3, 800), sha256: sha(name),
}));
