// SPDX-License-Identifier: MulanPSL-2.0
// What the menu holds for this person: a small office sees only what it needs; everything stays reachable by Ctrl+K.
import { computed } from 'vue';
import { label, t } from '@/i18n';
import { hasRole, smallOffice } from '@/stores/session';
import { findRegister, groups, menuRegisters } from '@/stores/registers';
import type { IconName } from '../icons';

export interface Entry { to: string; text: string; icon?: IconName; count?: number; shown: boolean; children?: Entry[]; keys?: string }
export interface Part { text: string; entries: Entry[] }

export const parts = computed<Part[]>(() => {
  const staff = !hasRole('supplier') || hasRole('security', 'operator', 'auditor', 'leader', 'officer', 'duty');
  const large = !smallOffice.value;
  const finding = findRegister('finding');
  const incident = findRegister('incident');
  const notice = findRegister('notice');
  const all: Part[] = [
    { text: t('menu.work'), entries: [
      { to: '/', text: t('home.title'), icon: 'home', shown: true, keys: 'g h' },
      { to: '/posture', text: t('posture.title'), icon: 'posture', shown: staff, keys: 'g p' },
    ] },
    { text: t('menu.security'), entries: [
      { to: '/inspection', text: t('inspection.title'), icon: 'inspection', shown: staff, keys: 'g c' },
      { to: '/findings', text: t('finding.title'), icon: 'ticket', shown: !!finding, count: finding?.open, keys: 'g f' },
      { to: '/incidents', text: t('incident.title'), icon: 'alert', shown: !!incident, count: incident?.open, keys: 'g i' },
      { to: '/warnings', text: t('warning.title'), icon: 'bell', shown: !!notice, count: notice?.open, keys: 'g w' },
    ] },
    { text: t('menu.registers'), entries: [
      { to: '/registers', text: t('register.all'), icon: 'registers', shown: menuRegisters.value.length > 0, keys: 'g r',
        children: groups.value.map((group) => ({ to: `/registers/${group.name}`, text: label(group.label), shown: true })) },
    ] },
    { text: t('menu.look'), entries: [
      { to: '/hosts', text: t('host.title'), icon: 'host', shown: staff, keys: 'g m' },
      { to: '/events', text: t('event.title'), icon: 'search', shown: hasRole('security', 'operator', 'auditor') || (large && hasRole('leader', 'duty')), keys: 'g e' },
      { to: '/detections', text: t('detection.title'), icon: 'aim', shown: large && hasRole('security', 'operator', 'auditor', 'leader', 'duty'), keys: 'g d' },
      { to: '/sql', text: t('sql.title'), icon: 'coin', shown: staff && large && hasRole('security', 'operator', 'auditor'), keys: 'g s' },
    ] },
    { text: t('menu.system'), entries: [
      { to: '/system', text: t('system.title'), icon: 'setting', shown: hasRole('security', 'operator', 'auditor', 'leader'), keys: 'g y' },
    ] },
  ];
  return all.map((part) => ({ ...part, entries: part.entries.filter((entry) => entry.shown) })).filter((part) => part.entries.length);
});
