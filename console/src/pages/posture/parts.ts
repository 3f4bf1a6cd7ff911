// SPDX-License-Identifier: MulanPSL-2.0
import type { Posture } from '@/api/types';
import type { Option } from '@/components/Chart.vue';
import { t } from '@/i18n';

// Score against the left scale, open and overdue findings against the right.
export function trendOption(posture: Posture, colour: (name: string) => string): Option {
  const axis = { axisLine: { lineStyle: { color: colour('line-2') } }, axisTick: { show: false }, splitLine: { lineStyle: { color: colour('line') } }, axisLabel: { color: colour('ink-2'), fontSize: 12 } };
  const line = (name: string, key: 'score' | 'fail' | 'high', tone: string, index: number, dash?: number[]): NonNullable<Option['series']> => ({ type: 'line', name, yAxisIndex: index, showSymbol: false, data: posture.trend.map((one) => one[key] ?? null), lineStyle: { color: colour(tone), width: index ? 1.6 : 2.4, type: dash ?? 'solid' }, itemStyle: { color: colour(tone) } });
  return {
    grid: { left: 40, right: 40, top: 34, bottom: 26 },
    legend: { top: 0, left: 0, icon: 'roundRect', itemHeight: 3, itemWidth: 16, textStyle: { color: colour('ink-2') } },
    tooltip: { trigger: 'axis' },
    xAxis: { type: 'category', data: posture.trend.map((one) => one.day.slice(5)), ...axis, boundaryGap: false },
    yAxis: [{ type: 'value', min: 0, max: 100, interval: 25, ...axis }, { type: 'value', minInterval: 1, ...axis, splitLine: { show: false } }],
    series: [line(t('posture.score'), 'score', 'brand', 0), line(t('verdict.fail'), 'fail', 'info', 1, [5, 3]), line(t('posture.severe'), 'high', 'bad', 1, [2, 2])] as Option['series'],
  };
}
export const trendTable = (posture: Posture): { columns: string[]; rows: (string | number | null)[][] } => ({
  columns: [t('common.time'), t('posture.score'), t('verdict.fail'), t('posture.severe')],
  rows: posture.trend.map((one) => [one.day, one.score, one.fail ?? null, one.high ?? null]),
});
