// SPDX-License-Identifier: MulanPSL-2.0
// Every text of the console stands in texts/*.ts as [zh-CN, vi, en], one file for each group of pages: none can be missing in one
// language. A key is "group.name".
import { createI18n } from 'vue-i18n';
import { computed, ref } from 'vue';
import type { Lang, Text } from '@/api/types';
import { groups, type Three } from './texts';

export const langs: { id: Lang; name: string; short: string }[] = [
  { id: 'zh-CN', name: '简体中文', short: '中' },
  { id: 'vi', name: 'Tiếng Việt', short: 'VI' },
  { id: 'en', name: 'English', short: 'EN' },
];

function messages(index: 0 | 1 | 2): Record<string, Record<string, string>> {
  const out: Record<string, Record<string, string>> = {};
  for (const [group, texts] of Object.entries(groups as Record<string, Record<string, Three>>)) {
    out[group] = Object.fromEntries(Object.entries(texts).map(([name, three]) => [name, three[index]]));
  }
  return out;
}

function begin(): Lang {
  const wished = [localStorage.getItem('ward.lang') ?? '', ...navigator.languages];
  for (const one of wished) {
    if (one.startsWith('zh')) return 'zh-CN';
    if (one.startsWith('vi')) return 'vi';
    if (one.startsWith('en')) return 'en';
  }
  return 'zh-CN';
}

export const i18n = createI18n({
  legacy: false,
  locale: begin() as string,
  fallbackLocale: 'en',
  messages: { 'zh-CN': messages(0), vi: messages(1), en: messages(2) } as Record<string, Record<string, Record<string, string>>>,
  missingWarn: true,
});
export const lang = computed(() => i18n.global.locale.value as Lang);
// Counts up when the server, too, speaks the language that was chosen: what it says in it is asked for again.
export const spoken = ref(0);
export function setLang(chosen: Lang): void {
  i18n.global.locale.value = chosen;
  document.documentElement.lang = chosen;
}
document.documentElement.lang = lang.value;

export const t = (key: string, values: Record<string, unknown> = {}): string => i18n.global.t(key, values);
export const known = (key: string): boolean => i18n.global.te(key);

// A text in three languages from the server; a plain string is what it is.
export function label(text: Text | string | null | undefined): string {
  if (!text) return '';
  if (typeof text === 'string') return text;
  return text[lang.value] || text.en || text['zh-CN'] || text.vi || '';
}
