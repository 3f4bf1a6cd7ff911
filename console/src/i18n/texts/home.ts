// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const home = texts({
  title: ['我的工作', 'Việc của tôi', 'My work'],
});
