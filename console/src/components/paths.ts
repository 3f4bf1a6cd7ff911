// SPDX-License-Identifier: MulanPSL-2.0
// Where a record is shown: some registers have pages of their own.
const own: Record<string, string> = { finding: '/findings', incident: '/incidents', notice: '/warnings' };
export const recordPath = (register: string, id: number | string): string => `${own[register] ?? `/r/${register}`}/${id}`;
