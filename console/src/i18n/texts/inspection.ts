// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const inspection = texts({
  title: ['主机检查', 'Kiểm tra máy', 'Inspection'],
});
