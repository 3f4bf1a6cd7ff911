// SPDX-License-Identifier: MulanPSL-2.0
// All pages, loaded when they are first opened. `open`: without login; `bare`: without menu.
import { nextTick } from 'vue';
import { createRouter, createWebHashHistory, type RouteRecordRaw } from 'vue-router';
import { state } from './stores/session';

const routes: RouteRecordRaw[] = [
  { path: '/login', component: () => import('./pages/session/Login.vue'), meta: { open: true, bare: true } },
  { path: '/first/:token?', component: () => import('./pages/session/First.vue'), meta: { open: true, bare: true } },
  { path: '/', component: () => import('./pages/Home.vue') },
  { path: '/posture', component: () => import('./pages/posture/Page.vue') },
  { path: '/wall', component: () => import('./pages/posture/Wall.vue'), meta: { bare: true } },
  { path: '/inspection', component: () => import('./pages/inspection/Page.vue') },
  { path: '/inspection/management', component: () => import('./pages/inspection/ManagementPage.vue') },
  { path: '/inspection/management/:check', component: () => import('./pages/inspection/ManagementCheckPage.vue') },
  { path: '/inspection/:check', component: () => import('./pages/inspection/CheckPage.vue') },
  { path: '/findings', component: () => import('./pages/findings/ListPage.vue') },
  { path: '/findings/:id(\\d+)', component: () => import('./pages/findings/DetailPage.vue') },
  { path: '/findings/:id(\\d+)/order', component: () => import('./pages/documents/Page.vue') },
  { path: '/incidents', component: () => import('./pages/incidents/ListPage.vue') },
  { path: '/incidents/:id(\\d+)', component: () => import('./pages/incidents/DetailPage.vue') },
  { path: '/incidents/:id(\\d+)/reports/:stage', component: () => import('./pages/documents/Page.vue') },
  { path: '/warnings', component: () => import('./pages/warnings/ListPage.vue') },
  { path: '/warnings/:id(\\d+)', component: () => import('./pages/warnings/DetailPage.vue') },
  { path: '/registers/:group?', component: () => import('./pages/registers/Index.vue') },
  { path: '/r/:register', component: () => import('./pages/registers/ListPage.vue') },
  { path: '/events', component: () => import('./pages/events/Index.vue') },
  { path: '/hosts', component: () => import('./pages/hosts/Index.vue') },
  { path: '/hosts/:id(\\d+)', component: () => import('./pages/hosts/Detail.vue') },
  { path: '/hosts/:id(\\d+)/tables/:table', component: () => import('./pages/hosts/Table.vue') },
  { path: '/detections', component: () => import('./pages/detections/Index.vue') },
  { path: '/evidence/:sha256', component: () => import('./pages/evidence/Index.vue') },
  { path: '/sql', component: () => import('./pages/sql/Index.vue') },
  { path: '/r/:register/new', component: () => import('./pages/registers/FormPage.vue') },
  { path: '/r/:register/import', component: () => import('./pages/registers/ImportPage.vue') },
  { path: '/r/:register/:id(\\d+)', component: () => import('./pages/registers/RecordPage.vue') },
  { path: '/r/:register/:id(\\d+)/edit', component: () => import('./pages/registers/FormPage.vue') },
  { path: '/system/:section?', component: () => import('./pages/system/Page.vue') },
  { path: '/me', component: () => import('./pages/session/Me.vue') },
  { path: '/:rest(.*)', component: () => import('./pages/Missing.vue') },
];

export const router = createRouter({
  history: createWebHashHistory(),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

router.beforeEach((to) => {
  if (!state.session && !to.meta.open) return state.first ? '/first' : { path: '/login', query: to.path === '/' ? {} : { to: to.fullPath } };
  if (state.session?.must && to.path !== '/me' && !to.meta.open) return { path: '/me', query: { must: state.session.must } };
  if (state.session && to.path === '/login') return '/';
  return true;
});
// Where a page begins, for whoever hears it or works with the keyboard.
router.afterEach((to, from) => {
  if (to.path !== from.path && from.matched.length) void nextTick(() => setTimeout(() => document.getElementById('page-title')?.focus({ preventScroll: true }), 60));
});
