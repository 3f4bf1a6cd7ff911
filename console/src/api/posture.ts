// SPDX-License-Identifier: MulanPSL-2.0
// How an organisation stands, as the API puts it and as the pages show it.
import { get } from './http';
import type { Posture, PostureOrg } from './types';

interface Standing {
  score: { percent: number | null; good: number; of: number };
  verdicts: { pass: number; fail: number; unknown: number; not_applicable?: number };
  coverage: { hosts: number; inspected: number; fresh: number; fresh_days: number };
  findings: Posture['findings'];
}
interface Streak { days: number; since?: number; from?: string; lasting?: boolean }
interface Answer extends Standing {
  org: { id: number; name: string };
  days: { outage: Streak; data: Streak; breach: Streak };
  trend: { day: string; pass: number; fail: number; unknown: number; critical?: number; high?: number }[];
  below: (Standing & { org: number; name: string; tier?: string; kind?: string })[];
}

const share = (pass: number, fail: number, unknown: number): number | null => (pass + fail + unknown > 0 ? Math.floor((pass * 1000) / (pass + fail + unknown)) / 10 : null);

export async function posture(org?: string): Promise<Posture> {
  const answer = await get<Answer>('posture', { org });
  return {
    org: answer.org,
    days: { outage: answer.days.outage?.days ?? null, data: answer.days.data?.days ?? null, breach: answer.days.breach?.days ?? null },
    score: answer.score.percent,
    verdicts: { pass: answer.verdicts.pass, fail: answer.verdicts.fail, unknown: answer.verdicts.unknown, 'not-applicable': answer.verdicts.not_applicable ?? 0 },
    findings: answer.findings,
    trend: answer.trend.map((one) => ({ day: one.day, score: share(one.pass, one.fail, one.unknown), fail: one.fail, high: (one.critical ?? 0) + (one.high ?? 0) })),
    below: answer.below.map((one): PostureOrg => ({ org: one.org, name: one.name, tier: one.tier, kind: one.kind, score: one.score.percent, hosts: one.coverage.hosts, seen: one.coverage.fresh, overdue: one.findings.overdue, findings: one.findings.open })),
    coverage: { hosts: answer.coverage.hosts, seen: answer.coverage.fresh, days: answer.coverage.fresh_days },
  };
}
