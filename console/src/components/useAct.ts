// SPDX-License-Identifier: MulanPSL-2.0
// One thing that the server is asked to do: `busy` meanwhile. What went wrong stands in `wrong` where the form shows it (`form`), and is a
// message otherwise. True: it was done.
import { ref, type Ref } from 'vue';
import { failed } from './notify';

export function useAct(form = false): { busy: Ref<boolean>; wrong: Ref<string>; act: (what: () => Promise<unknown>) => Promise<boolean> } {
  const busy = ref(false);
  const wrong = ref('');
  async function act(what: () => Promise<unknown>): Promise<boolean> {
    busy.value = true;
    wrong.value = '';
    try {
      await what();
      return true;
    } catch (problem) {
      if (form) wrong.value = (problem as Error).message;
      else failed(problem);
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, wrong, act };
}
