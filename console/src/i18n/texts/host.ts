// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const host = texts({
  title: ['主机', 'Máy', 'Hosts'],
});
