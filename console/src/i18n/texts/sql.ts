// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const sql = texts({
  title: ['查询', 'Truy vấn SQL', 'SQL'],
});
export const evidence = texts({
  title: ['证据', 'Bằng chứng', 'Evidence'],
});
