// SPDX-License-Identifier: MulanPSL-2.0
import vue from '@vitejs/plugin-vue';
import { fileURLToPath, URL } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    // Offices keep browsers for years: nothing newer than what their domestic Chromium builds understand.
    target: 'chrome87',
    cssTarget: 'chrome87',
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    // Few requests for the first page: the frame, what all pages share and the home are one file.
    rollupOptions: { output: { manualChunks: (id) => (/src\/(api|stores|i18n|components\/(?!Chart\.vue|record\/)|pages\/Home\.vue)/.test(id) ? 'shell' : undefined) } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8090' } },
});
