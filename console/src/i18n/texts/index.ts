// SPDX-License-Identifier: MulanPSL-2.0
import { common, menu, role, severity, shell, time, unit, verdict } from './common';
import { home } from './home';
import { posture } from './posture';
import { inspection } from './inspection';
import { finding } from './finding';
import { incident, warning } from './incident';
import { register } from './register';
import { detection, event } from './event';
import { host } from './host';
import { journal } from './journal';
import { evidence, sql } from './sql';
import { session } from './session';
import { system } from './system';

export type Three = readonly [zh: string, vi: string, en: string];
const check = <T extends Record<string, Record<string, Three>>>(groups: T): T => groups;
export const groups = check({
  common, menu, role, severity, shell, time, unit, verdict, home, posture, inspection, finding, incident, warning, register, event, detection, host, journal, evidence, sql, session, system,
});
