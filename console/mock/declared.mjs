// SPDX-License-Identifier: MulanPSL-2.0
// Registers, checks, clocks and grading as content/ declares them, for the mock server. CONTENT names another folder.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const content = process.env.CONTENT ?? fileURLToPath(new URL('../../content', import.meta.url));
const read = (path) => parse(readFileSync(join(content, path), 'utf8'));
const folder = (name) => (existsSync(join(content, name)) ? readdirSync(join(content, name)).filter((file) => file.endsWith('.yaml')).sort() : []);

export const roles = read('roles.yaml');
const names = {
  org: ['组织与人员', 'Tổ chức, nhân sự', 'Organisation'], risk: ['风险与整改', 'Rủi ro, khắc phục', 'Risk'], incident: ['事件与预警', 'Sự cố, cảnh báo', 'Incidents'],
  asset: ['资产与系统', 'Tài sản, hệ thống', 'Assets'], supply: ['供应与变更', 'Cung ứng, thay đổi', 'Supply'], data: ['数据', 'Dữ liệu', 'Data'],
};
export const registers = folder('registers').map((file) => read(`registers/${file}`));
const declaredGroups = existsSync(join(content, 'registers.yaml')) ? read('registers.yaml') : [];
const listed = Array.isArray(declaredGroups) ? declaredGroups : (declaredGroups.groups ?? []);
export const groups = [...new Set(registers.map((one) => one.group))].map((name) => listed.find((one) => one.name === name) ?? {
  name, label: { 'zh-CN': names[name]?.[0] ?? name, vi: names[name]?.[1] ?? name, en: names[name]?.[2] ?? name },
});
export const checks = folder('checks').flatMap((file) => read(`checks/${file}`).map((check) => ({ ...check, topic: file.replace('.yaml', '') })));
export const clocks = folder('clocks').flatMap((file) => read(`clocks/${file}`));
export const grading = folder('grading').map((file) => ({ name: file.replace('.yaml', ''), ...read(`grading/${file}`) }));
export const profiles = folder('profiles').map((file) => ({ name: file.replace('.yaml', ''), ...read(`profiles/${file}`) }));
