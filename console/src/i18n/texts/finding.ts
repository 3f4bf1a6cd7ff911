// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const finding = texts({
  title: ['问题整改', 'Khắc phục tồn tại', 'Rectification'],
});
