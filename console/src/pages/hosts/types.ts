// SPDX-License-Identifier: MulanPSL-2.0
// What /api/hosts answers.
export type VerdictName = 'pass' | 'fail' | 'unknown' | 'not-applicable';
export interface Host {
  id: number; name: string; machine_id: string | null; org: number | null; seen: number; profile: string | null; os: string | null;
  address: string | null; here: boolean; verdicts: Record<VerdictName, number>; failed: Record<string, number>;
}
export interface HostTableEntry { name: string; doc?: string | null; taken: number; coverage: 'complete' | 'partial' | 'unavailable'; reason: string | null; rows: number; sha256: string | null }
export interface HostRun { id: number; started: number; seconds: number; profile: string | null; regime: string | null; privileged: boolean; pass: number; fail: number; unknown: number; 'not-applicable': number }
export interface HostWhole extends Host { tables: HostTableEntry[]; inspections: HostRun[]; trend: { day: string; pass: number; fail: number; unknown: number }[] }
export interface HostTable {
  host: number; name: string; doc: string | null; taken: number; coverage: string; reason: string | null; sha256: string | null;
  describes: { name: string; doc: string | null }[]; table: { columns: string[]; rows: unknown[][] };
}
