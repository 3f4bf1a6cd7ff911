// SPDX-License-Identifier: MulanPSL-2.0
// One record with what may be done with it; current while others work on it.
import { computed, type ComputedRef } from 'vue';
import { get } from '@/api/http';
import type { RecordAnswer, Register, Row, Transition } from '@/api/types';
import { useLoad } from '@/components/useLoad';
import { label, t } from '@/i18n';
import { useLive } from '@/stores/live';
import { findField, findRegister, findState } from '@/stores/registers';
import { hasRole } from '@/stores/session';

export interface Step { transition: Transition; from?: string; allowed: boolean; why: string }

// The steps from the present state: those that the server allows, and why the others are not this person's.
export function stepsOf(register: Register, answer: RecordAnswer): Step[] {
  const { record, may } = answer;
  if (record.withdrawn) return [];
  const told = new Map(may.transitions.map((one) => (typeof one === 'string' ? [one, ''] : [one.name, one.why ?? ''])));
  return register.transitions.filter((one) => !one.automatic && one.from.includes(record.state ?? '')).map((transition) => {
    const why = told.get(transition.name);
    if (why === '') return { transition, from: record.state, allowed: true, why: missing(register, transition, record) };
    if (why) return { transition, from: record.state, allowed: false, why };
    if (transition.roles?.length && !hasRole(...transition.roles)) return { transition, from: record.state, allowed: false, why: t('register.roleOnly', { roles: transition.roles.map((role) => t(`role.${role}`)).join(t('common.comma')) }) };
    const fields = (transition.differs_from ?? []).map((name) => label(findField(register, name)?.label)).join(t('common.comma'));
    return { transition, from: record.state, allowed: false, why: fields ? t('register.differs', { fields }) : '' };
  });
}
// A step that ends a record, other than well: into a final state whose tone is not good.
export function ends(register: Register, transition: Transition): boolean {
  const to = findState(register, transition.to);
  return transition.tone === 'bad' || (to?.final === true && to.tone !== 'good');
}
// The step that comes next: the first that neither ends the record nor leads from a good state to one that is not. A record that is as it
// should be has none; what one does with it then is to change it.
export function mainStep(register: Register, steps: Step[]): Step | undefined {
  const good = (name: string | undefined): boolean => findState(register, name)?.tone === 'good';
  const next = steps.find(({ transition }) => !ends(register, transition) && !(good(steps[0].from) && !good(transition.to)));
  return next?.allowed ? next : undefined;
}
const filled = (row: Row, name: string): boolean => {
  const value = row[name];
  return !(value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length));
};
function missing(register: Register, transition: Transition, row: Row): string {
  const fields = (transition.needs ?? []).filter((name) => !filled(row, name) && !transition.asks?.includes(name)).map((name) => label(findField(register, name)?.label));
  return fields.length ? t('register.missing', { fields: fields.join(t('common.comma')) }) : '';
}

export function useRecord(name: ComputedRef<string>, id: ComputedRef<string>) {
  const register = computed(() => findRegister(name.value));
  const loaded = useLoad(() => get<RecordAnswer>(`records/${name.value}/${id.value}`));
  useLive((change) => change.kind === name.value && (!change.object || String(change.object) === id.value), () => loaded.reload());
  const row = computed<Row | null>(() => {
    const answer = loaded.data.value;
    if (!answer) return null;
    const files = Object.fromEntries((register.value?.fields ?? []).filter((field) => field.type === 'files').map((field) => [field.name, (answer.files ?? []).filter((file) => file.field === field.name)]));
    return ({ ...answer.record, ...files, _titles: { ...answer.record._titles, ...answer.titles } } as Row);
  });
  const steps = computed(() => (register.value && loaded.data.value ? stepsOf(register.value, loaded.data.value) : []));
  return { register, loaded, row, steps };
}
