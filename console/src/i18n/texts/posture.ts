// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const posture = texts({
  title: ['安全态势', 'Tình hình an toàn', 'Posture'],
});
