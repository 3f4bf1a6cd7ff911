// SPDX-License-Identifier: MulanPSL-2.0
// Keyboard shortcuts: "g" and a letter go to a page, "/" to the search of the page, "n" to a new record, "?" shows them all.
import { onBeforeUnmount } from 'vue';
import { parts } from './menu';

interface Actions { palette: () => void; help: () => void; go: (to: string) => void }

export function useKeys(actions: Actions): void {
  let begun = 0; // when "g" was pressed
  function typed(event: KeyboardEvent): void {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      actions.palette();
      return;
    }
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || document.querySelector('.el-overlay:not([style*="none"])')) return;
    if (begun && event.timeStamp - begun < 1200) {
      begun = 0;
      const found = parts.value.flatMap((part) => part.entries).find((entry) => entry.keys === `g ${event.key}`);
      if (found) {
        event.preventDefault();
        actions.go(found.to);
      }
      return;
    }
    begun = 0;
    if (event.key === 'g') {
      begun = event.timeStamp;
    } else if (event.key === '?') {
      event.preventDefault();
      actions.help();
    } else if (event.key === '/') {
      const field = document.querySelector<HTMLInputElement>('[data-key="search"]');
      if (field) {
        event.preventDefault();
        field.focus();
        field.select();
      }
    } else if (event.key === 'n') {
      const button = document.querySelector<HTMLElement>('[data-key="new"]');
      if (button) {
        event.preventDefault();
        button.click();
      }
    }
  }
  document.addEventListener('keydown', typed);
  onBeforeUnmount(() => document.removeEventListener('keydown', typed));
}
