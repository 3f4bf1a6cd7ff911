// SPDX-License-Identifier: MulanPSL-2.0
// Short words at the top of the page.
import { ElMessage } from 'element-plus';
import { ApiError } from '@/api/http';
import { t } from '@/i18n';

export const said = (text: string): void => void ElMessage({ message: text, type: 'success', duration: 2600, grouping: true });
export function failed(problem: unknown): void {
  if (problem instanceof ApiError && problem.code === 'pair') {
    ElMessage({ message: problem.message || t('common.pair'), type: 'warning', duration: 8000, showClose: true });
    return;
  }
  const text = problem instanceof Error ? problem.message : String(problem);
  ElMessage({ message: text, type: 'error', duration: 7000, showClose: true, grouping: true });
}
