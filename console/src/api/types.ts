// SPDX-License-Identifier: MulanPSL-2.0
// The shapes of the API's answers (docs/OFFICE.md names the addresses). Times are seconds since 1970, dates "2026-11-23".

import type { CaseClock } from './cases';

export type Lang = 'zh-CN' | 'vi' | 'en';
export type Text = Partial<Record<Lang, string>>;
export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad';
export type Value = string | number | boolean | null | string[] | number[] | FileRef[] | Period;
export interface Period { from: string | number | null; to: string | number | null }
export interface FileRef { id: number; name: string; size: number; type: string; sha256: string }

export interface List<T> { rows: T[]; next?: string | null; total?: number; more?: boolean }

export interface Session {
  user: { id: number; login: string; name: string; lang?: Lang; theme?: string };
  person: { id: number; name: string } | number | null;
  org: { id: number; name: string };
  roles: string[];
  csrf: string;
  fresh_until?: number;
  profile: string;
  version: string;
  must: 'password' | 'second-factor' | null;
}

export interface Choice { name: string; label: Text; tone?: Tone; final?: boolean }
export type FieldType =
  | 'text' | 'long-text' | 'integer' | 'number' | 'date' | 'time' | 'bool' | 'choice' | 'choices'
  | 'reference' | 'references' | 'person' | 'org' | 'period' | 'files' | 'texts';
export interface Field {
  name: string; type: FieldType; label: Text; help?: Text;
  required?: boolean; unique?: boolean; read_only?: boolean; time?: boolean;
  to?: string; choices?: Choice[]; min?: number; max?: number;
  pattern?: string; pattern_help?: Text; sensitive?: string | null; unit?: string; default?: Value;
}
export interface Transition {
  name: string; label: Text; from: string[]; to: string;
  roles?: string[]; differs_from?: string[]; needs?: string[]; asks?: string[]; sets?: string[];
  reason?: boolean; confirmed?: boolean; signed?: boolean; automatic?: boolean; tone?: Tone;
}
export interface ListView { name: string; label: Text; filter: string[]; sort?: string }
export interface Register {
  name: string; code: string; group: string; label: Text; about?: Text; number?: string;
  key?: string[]; title: string[]; columns: string[];
  fields: Field[]; states: Choice[]; transitions: Transition[]; views: ListView[];
  may: { create?: boolean; edit?: boolean; import?: boolean; export?: boolean; withdraw?: boolean; unmask?: boolean };
  needed?: boolean; quiet?: boolean; open?: number; total?: number; profiles?: string[];
}
export interface Group { name: string; label: Text; about?: Text }
export interface Registers { registers: Register[]; groups: Group[] }

export type Row = {
  id: number; number?: string; org?: number; state?: string; version: number; updated?: number; created?: number; withdrawn?: number | null;
  _titles?: Record<string, string | string[]>;
} & { [field: string]: unknown };
export interface RecordAnswer {
  files?: (FileRef & { field: string })[];
  record: Row;
  titles?: Record<string, string | string[]>;
  may: { edit: boolean; withdraw: boolean; unmask?: boolean; transitions: (string | { name: string; why?: string | null; missing?: string[] })[] };
  related?: { register: string; field: string; count: number }[];
}
export interface HistoryEntry {
  seq: number; time: number; actor: string | number; actor_name?: string; action: string;
  before: Record<string, unknown> | null; after: Record<string, unknown> | null; reason?: string | null; hash: string; titles?: Record<string, Record<string, string>>;
  kind?: string; object?: number; org?: number | null;
}
export interface SavedView { id: number; register: string; name: string; query: string; shared?: boolean }
export interface ImportState {
  id: number; register?: string; name?: string; state: 'checking' | 'checked' | 'refused' | 'applying' | 'applied' | 'interrupted';
  progress: number; // of 1000
  rows: number; created: number; changed: number; bad: number; trouble?: string | null; left_out?: string[];
  problems: { row: number; column?: string; field?: string; text: string }[];
}

export type Verdict = 'pass' | 'fail' | 'unknown' | 'not-applicable';
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';
export interface VerdictCounts { pass: number; fail: number; unknown: number; 'not-applicable': number }

export interface HomeItem {
  register: string; id: number; number?: string; title: string; state?: string; due?: number | string | null; org?: number | string;
  severity?: Severity; why?: string; transitions?: string[]; mine?: boolean; org_name?: string;
}
export interface Home {
  tasks: HomeItem[]; overdue: HomeItem[]; clocks: CaseClock[]; duty: { id: number; slot?: string; place?: string; place_name?: string; person?: number; person_name?: string; state?: string }[];
  counts: Record<string, number>;
  dates?: { rule: string; title?: Text; due: string; days: number; verified?: boolean }[];
}
export interface PostureOrg { org: number; name: string; tier?: string; kind?: string; parent?: number | null; score: number | null; hosts?: number; seen?: number; fail?: number; overdue?: number; findings?: number }
export interface Posture {
  org: { id: number; name: string } | number;
  days: { outage: number | null; data: number | null; breach: number | null };
  score: number | null;
  verdicts: VerdictCounts;
  findings: { critical?: number; high?: number; medium?: number; low?: number; overdue: number; open?: number; closed?: number };
  trend: { day: string; score: number | null; fail?: number; high?: number }[];
  below: PostureOrg[];
  coverage: { hosts: number; seen: number; stale: number; never: number; fresh_days: number };
  since?: Record<'outage' | 'data' | 'breach', { since?: number; from?: string; lasting?: boolean }>;
  good?: number; of?: number;
}

export interface Host {
  id: number; name: string; machine_id?: string; org: number; org_name?: string; seen: number | null; profile?: string; os?: string; address?: string;
  verdicts: VerdictCounts; state?: string; inspecting?: boolean; self?: boolean;
}
export interface HostTable { name: string; taken: number | null; coverage: 'complete' | 'partial' | 'unavailable'; reason?: string | null; rows: number; sha256?: string; doc?: string }
export interface HostDetail extends Host { tables: HostTable[]; inspections?: { id: number; started: number; ended: number | null; verdicts?: VerdictCounts }[] }
export interface TableRows { columns: string[]; rows: unknown[][]; taken: number; coverage: string; reason?: string | null; sha256?: string; total?: number }
export interface Check { id: string; title: Text; why?: Text; remedy?: Text; severity: Severity; clauses?: string[]; topic?: string; sql?: string; violations?: string; verdicts?: VerdictCounts }
export interface ManagementCheck extends Check { topic: string; value: Verdict | null; since: number | null; seen: number | null; partial: boolean; reason: string | null; open: number; scope?: Text }
export interface VerdictRow {
  host: number; host_name: string; org?: number; check: string; title?: Text; severity: Severity; value: Verdict; since?: number; taken?: number;
  reason?: string | null; violations?: number; found?: number; seen?: number; partial?: boolean; evidence?: string | null; finding?: number | null;
}
export interface Evidence {
  sha256: string; columns: string[]; rows: unknown[][]; taken: number; host: { id: number; name: string } | string | number | null;
  tables: { name: string; coverage: string; reason?: string | null; taken?: number; sha256?: string }[]; canonical: string;
  check?: string; sql?: string; verdict?: Verdict;
}


export interface EventRow { id: string; time: number; host?: string; source?: string; severity?: string; message: string; fields?: Record<string, unknown> }
export interface Bucket { from: number; to: number; count: number; bad?: number }
export interface Detection { id: number; rule: string; title: Text | string; level: Severity; time: number; last?: number; count: number; host?: string; techniques: string[]; state?: string; incident?: number | null; finding?: number | null; event?: string }
export interface Technique { id: string; name: Text | string; tactic: string; count: number; rules: number; worst?: Severity | null }
export interface Techniques { tactics: { id: string; name: Text | string }[]; techniques: Technique[] }

export interface User { id: number; login: string; name: string; person?: number | null; org: number; org_name?: string; state: string; roles: string[]; totp: boolean; last_login?: number | null; lang?: string }
export interface Role { name: string; label: Text; about: Text; excludes?: string[]; second_factor?: boolean }
export interface SessionRow { id: number; user: string; address?: string; agent?: string; started: number; seen: number; current?: boolean }
export interface Token { id: number; name: string; scope: string[] | string; created: number; used?: number | null; expires?: number | null; token?: string }
export interface Pair { id: number; action: string; text?: string; initiator: string; initiated: number; reason: string; expires?: number; state: string; mine?: boolean; may?: boolean; object?: string }
export interface Org { id: number; parent: number | null; name: string; tier?: string; kind?: string }
export interface Profile { name: string; kind: 'office' | 'regime'; title: Text; basis?: string; params: { name: string; label?: Text; value: unknown; source?: string; effective_from?: string; verified?: boolean }[]; skip?: { check: string; reason: Text }[]; current?: boolean; rectify?: Record<'critical' | 'high' | 'medium' | 'low', number> & { working_days: boolean } }
export interface Rule { id: string; title: string | Text; titles?: Text; level: string; tags?: string[]; product?: string | null; category?: string | null; service?: string | null; file?: string }
export interface Order { id: number; what: string; value: number; by: string; reason: string; given: number; state: string; tries: number; ended?: number; outcome?: { error?: string; days?: number; from?: string | null; to?: string | null; held?: number; sha256?: string; public?: string } }
export interface ArchiveDays { days: number; bytes: number; from: string | null; to: string | null }
export interface Archive { least: number; asked: number; kept: ArchiveDays; over: ArchiveDays; held: ArchiveDays; holds: { name: string; from: string | null; to: string | null; reason: string; since: number }[] }
export interface Key { kind: string; id?: string; algorithm?: string; public?: string; from?: number; until?: number; sha256?: string; pem?: string }
export interface DoctorItem { state: 'good' | 'doubtful' | 'wrong'; text: string; remedy?: string | null; label: string; topic: string }
export interface JournalState { ok: boolean; entries: number; head?: string; sealed?: number; sealed_at?: number; problem?: string | null; seconds?: number }
export interface SqlAnswer { columns: string[]; rows: unknown[][]; ms: number; coverage: { table: string; status: string; reason?: string | null; host?: string }[]; more?: boolean }
