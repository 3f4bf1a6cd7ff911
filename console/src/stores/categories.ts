// SPDX-License-Identifier: MulanPSL-2.0
// Kinds of incidents: their names, and what is asked first of each. Fetched when somebody first needs them.
import { shallowRef } from 'vue';
import { categories, type Categories } from '@/api/cases';
import type { Field } from '@/api/types';
import { label } from '@/i18n';

const all = shallowRef<Categories[]>([]);
let asked: Promise<void> | null = null;
export function editions(): Categories[] {
  asked ??= categories().then((rows) => void (all.value = rows), () => void (asked = null));
  return all.value;
}
// Of an incident alone the field "category" holds the name of a kind.
export const isCategory = (register: string, field: Field): boolean => register === 'incident' && field.name === 'category';
export function categoryName(name: string): string {
  for (const edition of editions()) {
    for (const one of edition.classes) {
      const found = one.name === name ? one : one.kinds.find((kind) => kind.name === name);
      if (found) return label(found.label);
    }
  }
  return name;
}
// What to ask first of an incident of this kind: of the kind, or of its class, or else of any.
export function asksOf(name: unknown): string[] {
  for (const edition of editions()) {
    for (const one of edition.classes) {
      const kind = one.kinds.find((other) => other.name === name);
      if (!kind && one.name !== name) continue;
      return kind?.asks.length ? kind.asks : one.asks.length ? one.asks : edition.asks;
    }
  }
  return editions().find((edition) => edition.asks.length)?.asks ?? [];
}
