// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const system = texts({
  title: ['系统管理', 'Quản trị hệ thống', 'System'],
});
