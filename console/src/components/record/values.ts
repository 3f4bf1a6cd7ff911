// SPDX-License-Identifier: MulanPSL-2.0
// Values of records as words, from what the declaration says of their field.
import type { Field, Period, Register, Row } from '@/api/types';
import { known, label, t } from '@/i18n';
import { day, number, time } from '@/i18n/format';
import { categoryName, isCategory } from '@/stores/categories';
import { findField, findRegister } from '@/stores/registers';

// Columns that every register has, beside its fields.
export const systemColumns = ['number', 'org', 'state', 'updated', 'created'];
export function columnLabel(register: Register, name: string): string {
  const field = findField(register, name);
  if (field) return label(field.label);
  const known: Record<string, string> = { number: 'register.number', org: 'common.org', state: 'common.state', updated: 'register.updated', created: 'register.createdAt', version: 'register.version' };
  return known[name] ? t(known[name]) : name;
}

// What a new record's form leaves for later (docs/OFFICE.md): what a step of its workflow asks for, needs or sets, unless it must be filled in
// or the record begins settled. Files are added to a record that there is.
export function comesLater(register: Register, field: Field): boolean {
  if (field.type === 'files') return true;
  if (field.required || register.states[0]?.tone === 'good') return false;
  return register.transitions.some((step) => !step.automatic && (step.asks?.includes(field.name) || step.needs?.includes(field.name) || step.sets?.includes(field.name)));
}

export function periodOf(row: Row, field: Field): Period | null {
  const value = row[field.name] as Period | null | undefined;
  if (value && typeof value === 'object') return value;
  const from = row[`${field.name}_from`] as Period['from'];
  const to = row[`${field.name}_to`] as Period['to'];
  return from || to ? { from: from ?? null, to: to ?? null } : null;
}
export const unitName = (unit: string): string => (known(`unit.${unit}`) ? t(`unit.${unit}`) : unit);
const list = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string' && value.startsWith('[')) {
    try {
      return JSON.parse(value) as unknown[];
    } catch {
      return [value];
    }
  }
  return value === null || value === undefined || value === '' ? [] : [value];
};
export const asList = list;

export function words(field: Field, value: unknown, title?: string | string[]): string {
  if (value === null || value === undefined || value === '') return '';
  switch (field.type) {
    case 'bool': return t(value === true || value === 1 ? 'common.yes' : 'common.no');
    case 'choice': return label(field.choices?.find((one) => one.name === value)?.label) || String(value);
    case 'choices': return list(value).map((one) => label(field.choices?.find((choice) => choice.name === one)?.label) || String(one)).join(t('common.comma'));
    case 'date': return day(value as string);
    case 'time': return typeof value === 'number' ? time(value) : String(value);
    case 'integer': case 'number': return typeof value === 'number' ? `${number(value)}${field.unit ? ` ${unitName(field.unit)}` : ''}` : String(value);
    case 'reference': case 'person': case 'org': return typeof title === 'string' && title ? title : `#${String(value)}`;
    case 'references': return Array.isArray(title) ? title.join(t('common.comma')) : list(value).map((one) => `#${String(one)}`).join(t('common.comma'));
    case 'texts': return list(value).join(t('common.comma'));
    case 'files': return list(value).map((one) => (one as { name?: string }).name ?? String(one)).join(t('common.comma'));
    case 'period': {
      const period = value as Period;
      const one = (at: Period['from']): string => (typeof at === 'number' ? time(at) : day(at));
      return `${one(period.from) || '…'} – ${one(period.to) || '…'}`;
    }
    default: return String(value);
  }
}

// One field of a journal entry.
export function told(register: Register, name: string, value: unknown, titles: Record<string, string> = {}): string {
  if (value === null || value === undefined || value === '') return '–';
  if (name === 'state') return label(register.states.find((one) => one.name === value)?.label) || String(value);
  const field = findField(register, name);
  if (/sha256$/.test(name)) return `${String(value).slice(0, 12)}…`;
  if (name === 'org' && !field) return titles[String(value)] ?? `#${String(value)}`;
  if (!field) return typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (isCategory(register.name, field)) return categoryName(String(value));
  return words(field, value, Array.isArray(value) ? value.map((id) => titles[String(id)] ?? `#${String(id)}`) : titles[String(value)]) || '–';
}

export function rowTitle(register: Register | string, row: Row): string {
  const declared = typeof register === 'string' ? findRegister(register) : register;
  if (!declared) return row.number ?? `#${row.id}`;
  const parts = declared.title.map((name) => {
    const field = findField(declared, name);
    if (!field) return name === 'number' ? row.number : undefined;
    return words(field, row[name], row._titles?.[name]);
  });
  return parts.filter(Boolean).join(' ') || row.number || `#${row.id}`;
}
