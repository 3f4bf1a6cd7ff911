// SPDX-License-Identifier: MulanPSL-2.0
// What a threshold is called; English has no words of its own for most names, which read as words without their underscores.
import type { Profile } from '@/api/types';
import { label } from '@/i18n';

type Param = Profile['params'][number];
export const named = (param: Param | undefined): string => {
  const said = label(param?.label);
  return said && said !== param?.name ? said : (param?.name ?? '').replaceAll('_', ' ');
};
