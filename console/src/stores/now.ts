// SPDX-License-Identifier: MulanPSL-2.0
// The time, each second, for everything that counts down.
import { ref } from 'vue';

export const now = ref(Math.floor(Date.now() / 1000));
setInterval(() => {
  if (!document.hidden) now.value = Math.floor(Date.now() / 1000);
}, 1000);
