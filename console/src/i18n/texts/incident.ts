// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const incident = texts({
  title: ['事件处置', 'Xử lý sự cố', 'Incidents'],
});
export const warning = texts({
  title: ['通报预警', 'Thông báo, cảnh báo', 'Warnings'],
});
