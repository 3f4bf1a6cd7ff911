// SPDX-License-Identifier: MulanPSL-2.0
// Something that is fetched and shown: the newest answer counts, an older one that comes late is dropped.
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { spoken } from '@/i18n';

export interface Loaded<T> { data: ShallowRef<T | null>; error: Ref<string>; loading: Ref<boolean>; reload: () => Promise<void> }
export function useLoad<T>(fetch: (signal: AbortSignal) => Promise<T>, begin = true): Loaded<T> {
  const data = shallowRef<T | null>(null);
  const error = ref('');
  const loading = ref(false);
  let running: AbortController | null = null;
  async function reload(): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    loading.value = true;
    try {
      const answer = await fetch(mine.signal);
      if (mine === running) {
        data.value = answer;
        error.value = '';
      }
    } catch (problem) {
      if (mine === running) error.value = problem instanceof Error ? problem.message : String(problem);
    } finally {
      if (mine === running) loading.value = false;
    }
  }
  if (begin) void reload();
  watch(spoken, () => data.value !== null && reload());
  return { data, error, loading, reload };
}
