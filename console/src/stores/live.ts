// SPDX-License-Identifier: MulanPSL-2.0
// One stream of server-sent events keeps all pages current. A page says what it shows; many changes at once make one reload.
import { onBeforeUnmount, ref } from 'vue';

export interface Change { seq?: number; kind: string; object?: number; org?: number; action?: string }
export type LiveState = 'off' | 'on' | 'lost';
export const live = ref<LiveState>('off');

type Listener = (change: Change, event: string) => void;
const listeners = new Set<Listener>();
let source: EventSource | null = null;
let later = 0;

export function startLive(): void {
  if (source) return;
  source = new EventSource('api/stream');
  source.onopen = () => (live.value = 'on');
  source.onerror = () => {
    live.value = 'lost'; // the browser tries again by itself, but not after a refusal
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    clearTimeout(later);
    later = window.setTimeout(startLive, 15000);
  };
  // What was missed cannot be told one by one: everything shown is fetched anew.
  source.addEventListener('refetch', () => {
    for (const listener of [...listeners]) listener({ kind: '*' }, 'refetch');
  });
  for (const name of ['change', 'clock', 'progress']) {
    source.addEventListener(name, (event) => {
      let change: Change;
      try {
        change = JSON.parse((event as MessageEvent<string>).data) as Change;
      } catch {
        return;
      }
      for (const listener of [...listeners]) listener(change, name);
    });
  }
}
export function stopLive(): void {
  clearTimeout(later);
  source?.close();
  source = null;
  live.value = 'off';
}

export function onChange(listener: Listener): void {
  listeners.add(listener);
  onBeforeUnmount(() => listeners.delete(listener));
}

// Call `reload` soon after something of these kinds changed; not more often than each 1.5 s, and not while the page is hidden.
export function useLive(concerns: (change: Change) => boolean, reload: () => unknown): void {
  let timer = 0;
  let waiting = false;
  const run = (): void => {
    timer = 0;
    if (document.hidden) waiting = true;
    else void reload();
  };
  const shown = (): void => {
    if (waiting && !document.hidden) {
      waiting = false;
      void reload();
    }
  };
  onChange((change) => {
    if (!timer && (change.kind === '*' || concerns(change))) timer = window.setTimeout(run, 1500);
  });
  document.addEventListener('visibilitychange', shown);
  onBeforeUnmount(() => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', shown);
  });
}
