// SPDX-License-Identifier: MulanPSL-2.0
// Light or dark; "auto" follows the machine.
import { computed, ref } from 'vue';

const media = window.matchMedia('(prefers-color-scheme: dark)');
export const theme = ref(localStorage.getItem('ward.theme') ?? 'auto');
const machine = ref(media.matches);
export const dark = computed(() => (theme.value === 'auto' ? machine.value : theme.value === 'dark'));

function show(): void {
  document.documentElement.classList.toggle('dark', dark.value);
}
export function setTheme(chosen: string): void {
  theme.value = ['light', 'dark'].includes(chosen) ? chosen : 'auto';
  localStorage.setItem('ward.theme', theme.value);
  show();
}
media.addEventListener?.('change', (event) => {
  machine.value = event.matches;
  show();
});
show();
