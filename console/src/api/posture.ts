// SPDX-License-Identifier: MulanPSL-2.0
// How an organisation stands, as the API puts it and as the pages show it.
import { get } from './http';
import type { Posture } from './types';

interface Answer extends Omit<Posture, 'trend'> {
  trend: { day: string; pass: number; fail: number; unknown: number; critical?: number; high?: number }[];
}

const share = (pass: number, fail: number, unknown: number): number | null => (pass + fail + unknown > 0 ? Math.floor((pass * 1000) / (pass + fail + unknown)) / 10 : null);

export async function posture(org?: string): Promise<Posture> {
  const answer = await get<Answer>('posture', { org });
  return { ...answer, trend: answer.trend.map((one) => ({ day: one.day, score: share(one.pass, one.fail, one.unknown), fail: one.fail, high: (one.critical ?? 0) + (one.high ?? 0) })) };
}
