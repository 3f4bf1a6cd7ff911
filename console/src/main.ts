// SPDX-License-Identifier: MulanPSL-2.0
import { createApp } from 'vue';
import App from './App.vue';
import { setHooks } from './api/http';
import { i18n, t } from './i18n';
import { router } from './router';
import { askFresh, forget, loadSession, state } from './stores/session';
import './stores/theme';
import './styles/element.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shared.css';

setHooks({
  csrf: () => state.session?.csrf ?? '',
  fresh: askFresh,
  offline: () => t('common.offline'),
  loggedOut: () => {
    if (!state.session) return;
    forget();
    void router.push({ path: '/login', query: { to: router.currentRoute.value.fullPath } });
  },
});

const app = createApp(App);
app.use(i18n);
// The first address is judged as soon as the router is there: it must know by then who is logged in.
void loadSession().then(() => app.use(router).mount('#app'));
