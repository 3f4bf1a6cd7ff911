// SPDX-License-Identifier: MulanPSL-2.0
// The declarations of the registers that this person may read; everything generic is drawn from them.
import { computed, shallowRef } from 'vue';
import { get } from '@/api/http';
import { label } from '@/i18n';
import type { Choice, Field, Group, Register, Registers } from '@/api/types';

const all = shallowRef<Registers | null>(null);
let loading: Promise<Registers> | null = null;

export function loadRegisters(again = false): Promise<Registers> {
  if (again) loading = null;
  loading ??= get<Registers>('registers').then(
    (answer) => (all.value = { registers: answer.registers ?? [], groups: answer.groups ?? [] }),
    (problem) => {
      loading = null;
      throw problem;
    },
  );
  return loading;
}
export function forgetRegisters(): void {
  all.value = null;
  loading = null;
}

// The server says which this kind of office keeps; others show once something stands in them.
const needed = (register: Register): boolean => register.needed !== false || !!register.total;
export const registers = computed(() => all.value?.registers ?? []);
export const menuRegisters = computed(() => registers.value.filter((register) => !register.quiet && needed(register)));
export const groups = computed<Group[]>(() => (all.value?.groups ?? []).filter((group) => menuRegisters.value.some((register) => register.group === group.name)));
const allGroups = computed<Group[]>(() => all.value?.groups ?? []);
export const groupOrder = (name: string): number => allGroups.value.findIndex((one) => one.name === name);
export const groupLabel = (name: string): string => label(allGroups.value[groupOrder(name)]?.label) || name;
export const findRegister = (name: string): Register | undefined => registers.value.find((register) => register.name === name);
export const findField = (register: Register, name: string): Field | undefined => register.fields.find((field) => field.name === name);
export const findState = (register: Register | undefined, name: string | undefined): Choice | undefined => register?.states.find((one) => one.name === name);
