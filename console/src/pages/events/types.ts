// SPDX-License-Identifier: MulanPSL-2.0
// What /api/events answers.
export interface EventRow { time: string; arrived: string; host: string; source: string; parser: string; raw: string; fields: Record<string, unknown> }
export interface Events { rows: EventRow[]; next: string | null; partial: boolean; damaged: number; given_up: number }
export interface EventsHistogram { step: number; from: number; to: number; total: number; bars: [number, number][]; partial: boolean; damaged: number }

// A value as the search language takes it: quoted where it holds anything but letters, digits, dots and dashes.
export function asValue(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  return /^[\w.-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
