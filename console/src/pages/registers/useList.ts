// SPDX-License-Identifier: MulanPSL-2.0
// A list of records whose whole state (words, filters, sorting, view) stands in the address, fetched page by page.
import { computed, ref, shallowRef, watch, type ComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { get } from '@/api/http';
import type { List, Register, Row } from '@/api/types';
import { spoken } from '@/i18n';
import { parse, written, type Filter } from './filters';

const LIMIT = 50;
const many = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : typeof value === 'string' ? [value] : []);

export function useList(register: ComputedRef<Register | undefined>) {
  const route = useRoute();
  const router = useRouter();
  const rows = shallowRef<Row[]>([]);
  const total = ref<number | null>(null);
  const more = ref(false);
  const next = ref<string | null>(null);
  const loading = ref(false);
  const error = ref('');
  const ready = ref(false);
  let running: AbortController | null = null;

  const q = computed(() => (typeof route.query.q === 'string' ? route.query.q : ''));
  const view = computed(() => (typeof route.query.view === 'string' ? route.query.view : ''));
  const filters = computed<Filter[]>(() => many(route.query.f).map(parse));
  const declared = computed(() => register.value?.views.find((one) => one.name === view.value));
  const sort = computed(() => (typeof route.query.sort === 'string' ? route.query.sort : (declared.value?.sort ?? '')));
  const withdrawn = computed(() => route.query.withdrawn === '1');
  const query = computed(() => ({ q: q.value, f: filters.value.map(written), sort: sort.value, view: declared.value ? view.value : '', withdrawn: withdrawn.value }));

  function change(changes: Record<string, string | string[] | undefined>): void {
    void router.replace({ query: { ...route.query, ...changes } });
  }
  async function fetch(after: string | null): Promise<void> {
    if (!register.value) return;
    running?.abort();
    const mine = (running = new AbortController());
    loading.value = true;
    try {
      const answer = await get<List<Row>>(`records/${register.value.name}`, { ...query.value, limit: LIMIT, after }, mine.signal);
      if (mine !== running) return;
      rows.value = after ? [...rows.value, ...answer.rows] : answer.rows;
      next.value = answer.next ?? null;
      if (answer.total !== undefined) total.value = answer.total;
      more.value = answer.more === true;
      error.value = '';
      ready.value = true;
    } catch (problem) {
      if (mine === running) error.value = (problem as Error).message;
    } finally {
      if (mine === running) loading.value = false;
    }
  }
  const reload = (): Promise<void> => fetch(null);
  watch(spoken, reload);
  watch([register, query], (now, before) => {
    if (JSON.stringify([now[0]?.name, now[1]]) !== JSON.stringify([before?.[0]?.name, before?.[1]])) void reload();
  }, { immediate: true });
  return {
    rows, total, more, next, loading, error, ready, q, view, filters, sort, withdrawn, query, change, reload,
    fetchMore: () => fetch(next.value),
    addFilter: (filter: Filter) => change({ f: [...many(route.query.f).filter((one) => parse(one).field !== filter.field || parse(one).op !== filter.op), written(filter)] }),
    dropFilter: (filter: Filter) => change({ f: many(route.query.f).filter((one) => one !== written(filter)) }),
    clear: () => void router.replace({ query: {} }),
    filtered: computed(() => q.value !== '' || filters.value.length > 0 || view.value !== ''),
  };
}
