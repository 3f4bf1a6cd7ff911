// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const event = texts({
  title: ['日志检索', 'Tra cứu nhật ký', 'Events'],
});
export const detection = texts({
  title: ['威胁检测', 'Phát hiện', 'Detections'],
});
