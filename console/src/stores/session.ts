// SPDX-License-Identifier: MulanPSL-2.0
// Who works here now. Filled before the first page is shown; empty when nobody is logged in.
import { computed, reactive, ref } from 'vue';
import { ApiError, call, get, patch, post } from '@/api/http';
import type { Lang, Session } from '@/api/types';
import { lang, setLang, spoken } from '@/i18n';
import { stopLive } from './live';
import { forgetRegisters } from './registers';
import { setTheme, theme } from './theme';

export const state = reactive<{ session: Session | null; asked: boolean; first: boolean; unreachable: boolean }>({
  session: null, asked: false, first: false, unreachable: false,
});
export const session = computed(() => state.session);
export const profile = computed(() => state.session?.profile ?? '');
export const hasRole = (...roles: string[]): boolean => roles.some((role) => state.session?.roles.includes(role));
// A small office: the menu leaves out what only a larger one uses.
export const smallOffice = computed(() => ['township', 'pharmacy'].includes(profile.value));

export async function loadSession(): Promise<void> {
  state.unreachable = false;
  try {
    state.session = await call<Session>('GET', 'session', { quiet: true });
    state.first = false;
    // A language chosen in this browser is the account's from now on: what the server says is in the one that is shown.
    const wished = state.session.user.lang;
    if (wished !== lang.value && localStorage.getItem('ward.lang')) await patch('me', { lang: lang.value }).catch(() => undefined);
    else if (wished) setLang(wished);
    if (state.session.user.theme && !localStorage.getItem('ward.theme')) setTheme(state.session.user.theme);
  } catch (problem) {
    state.session = null;
    state.first = (problem as { first?: boolean }).first === true;
    state.unreachable = problem instanceof ApiError && (problem.status === 0 || problem.status >= 500);
  }
  state.asked = true;
}

export async function login(given: { login: string; password: string; code?: string }): Promise<void> {
  await call('POST', 'login', { body: given, quiet: true });
  await loadSession();
}

export async function logout(): Promise<void> {
  try {
    await post('logout');
  } finally {
    forget();
  }
}

export function forget(): void {
  state.session = null;
  stopLive();
  forgetRegisters();
}

export async function chooseLang(chosen: Lang): Promise<void> {
  setLang(chosen);
  localStorage.setItem('ward.lang', chosen);
  if (state.session) await patch('me', { lang: chosen }).catch(() => undefined);
  spoken.value++;
}

export async function chooseTheme(chosen: string): Promise<void> {
  setTheme(chosen);
  if (state.session) await patch('me', { theme: theme.value }).catch(() => undefined);
}

// The password again, before something is signed: one dialog for the whole console (components/FreshDialog.vue).
export const freshAsked = ref<null | ((given: boolean) => void)>(null);
export function askFresh(): Promise<boolean> {
  freshAsked.value?.(false);
  return new Promise((resolve) => {
    freshAsked.value = (given) => {
      freshAsked.value = null;
      resolve(given);
    };
  });
}
export const proveFresh = async (password: string, code: string): Promise<void> => {
  await call('POST', 'fresh', { body: code ? { password, code } : { password }, quiet: true });
};
export const reloadSession = async (): Promise<Session> => (state.session = await get<Session>('session'));
