// SPDX-License-Identifier: MulanPSL-2.0
// What an entry of the journal changed, in words: of a register's record by its declaration, of ward's own objects by the texts of `journal`.
import type { HistoryEntry, Register } from '@/api/types';
import { known, label, t } from '@/i18n';
import { number, time } from '@/i18n/format';
import { findRegister } from '@/stores/registers';
import { columnLabel, told } from './values';

export interface Change { name: string; label: string; before: string; after: string }

const object = (value: unknown): Record<string, unknown> => {
  if (typeof value === 'string') {
    try {
      return (JSON.parse(value) ?? {}) as Record<string, unknown>;
    } catch {
      return {};
    }
  }
  return (value ?? {}) as Record<string, unknown>;
};
// Kept by every change, told by the entry itself, or nobody's to read.
const hidden = ['version', 'updated', 'updated_by', 'created', 'created_by', 'id', 'state_since', 'payload_sha256', 'warned', 'session'];

// A value of what is no record.
const kinds: Record<string, (value: unknown) => string> = {
  roles: (value) => (Array.isArray(value) ? value.map((one) => (known(`role.${String(one)}`) ? t(`role.${String(one)}`) : String(one))).join(t('common.comma')) : String(value)),
  register: (value) => label(findRegister(String(value))?.label) || String(value),
};
const moments = ['starts', 'due', 'sent', 'at', 'expires', 'until'];
function own(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (kinds[name]) return kinds[name](value) || '–';
  if (typeof value === 'boolean') return t(value ? 'common.yes' : 'common.no');
  if (typeof value === 'number') return moments.includes(name) ? time(value, true) : number(value);
  if (Array.isArray(value)) return value.every((one) => typeof one !== 'object') ? value.map((one) => String(one)).join(t('common.comma')) || '–' : t('journal.entries', { n: value.length });
  if (typeof value === 'object') return Object.entries(value as object).map(([key, one]) => `${wordOf(key)}${t('common.colon')}${own(key, one)}`).join(t('journal.semicolon'));
  const word = `journal.${name}_${String(value)}`;
  return known(word) ? t(word) : String(value);
}
const wordOf = (name: string): string => (known(`journal.field_${name}`) ? t(`journal.field_${name}`) : name.replaceAll('_', ' '));

export function changesOf(entry: HistoryEntry, register?: Register): Change[] {
  const before = object(entry.before);
  const after = object(entry.after);
  const titles = entry.titles ?? {};
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !hidden.includes(name))
    .map((name) => (register
      ? { name, label: columnLabel(register, name), before: told(register, name, before[name], titles[name]), after: told(register, name, after[name], titles[name]) }
      : { name, label: wordOf(name), before: own(name, before[name]), after: own(name, after[name]) }))
    .filter((one) => one.before !== one.after);
}
