// SPDX-License-Identifier: MulanPSL-2.0
// Filters of a list, as they stand in the address: "field:op:value".
import type { Field, Register } from '@/api/types';
import { label, t } from '@/i18n';
import { columnLabel } from '@/components/record/values';
import { findField } from '@/stores/registers';

export interface Filter { field: string; op: string; value: string }
export const parse = (text: string): Filter => {
  const [field, op, ...rest] = text.split(':');
  return { field, op, value: rest.join(':') };
};
export const written = (filter: Filter): string => `${filter.field}:${filter.op}:${filter.value}`;

// Which comparisons make sense for a field.
export function operators(field: Field | undefined, name: string): string[] {
  if (name === 'state') return ['in', 'ne'];
  switch (field?.type) {
    case 'choice': return field.required ? ['in', 'ne'] : ['in', 'ne', 'empty', 'filled'];
    case 'bool': return ['eq'];
    case 'integer': case 'number': case 'date': case 'time': return ['ge', 'le', 'eq', 'empty', 'filled'];
    case 'reference': case 'person': case 'org': return ['eq', 'ne', 'empty', 'filled'];
    case 'files': case 'period': case 'references': return ['empty', 'filled'];
    default: return field?.sensitive ? ['eq', 'empty', 'filled'] : ['has', 'eq', 'empty', 'filled'];
  }
}
export const filterFields = (register: Register): { name: string; text: string; field?: Field }[] => [
  ...(register.states.length ? [{ name: 'state', text: t('common.state') }] : []),
  { name: 'org', text: t('common.org'), field: { name: 'org', type: 'org', label: {} } as Field },
  ...register.fields.map((field) => ({ name: field.name, text: label(field.label), field })),
];
export function said(register: Register, filter: Filter, titles: Record<string, string>): string {
  const field = findField(register, filter.field);
  const names = filter.value.split(',').map((value) => {
    if (filter.field === 'state') return label(register.states.find((one) => one.name === value)?.label) || value;
    if (field?.choices?.length) return label(field.choices.find((one) => one.name === value)?.label) || value;
    if (field?.type === 'bool') return t(value === '1' || value === 'true' ? 'common.yes' : 'common.no');
    return titles[`${filter.field}:${value}`] ?? value;
  });
  return `${columnLabel(register, filter.field)} ${t(`register.op_${filter.op}`)} ${names.join(t('common.comma'))}`.trim();
}
