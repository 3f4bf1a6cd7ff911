// SPDX-License-Identifier: MulanPSL-2.0
// Numbers, dates and times as people here write them.
import { lang, t } from '.';

const cache = new Map<string, Intl.DateTimeFormat>();
function formatter(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${lang.value} ${name}`;
  let found = cache.get(key);
  if (!found) cache.set(key, (found = new Intl.DateTimeFormat(lang.value === 'en' ? 'en-GB' : lang.value, options)));
  return found;
}
const two = (n: number): string => String(n).padStart(2, '0');

export function day(value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === '') return '';
  const at = typeof value === 'number' ? new Date(value * 1000) : new Date(`${value.slice(0, 10)}T00:00:00`);
  if (Number.isNaN(at.getTime())) return String(value);
  if (lang.value === 'vi') return `${two(at.getDate())}/${two(at.getMonth() + 1)}/${at.getFullYear()}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
export function time(value: number | null | undefined, seconds = false): string {
  if (value === null || value === undefined) return '';
  const at = new Date(value * 1000);
  return `${day(value)} ${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
}
// What people type is read as it is written here; "2026-11-23" is understood in every language, and full-width digits, too. null: no date.
export function readDay(text: string): string | null {
  const words = text.normalize('NFKC').trim().replace(/\s*[年月./]\s*/g, '-').replace(/日$/, '');
  const ours = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(words);
  const turned = lang.value === 'vi' ? /^(\d{1,2})-(\d{1,2})-(\d{4})$/.exec(words) : null;
  const [year, month, date] = ours ? [ours[1], ours[2], ours[3]] : turned ? [turned[3], turned[2], turned[1]] : [];
  if (!year || Number(year) < 1900) return null;
  const at = new Date(Number(year), Number(month) - 1, Number(date));
  return at.getMonth() === Number(month) - 1 && at.getDate() === Number(date) ? `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}` : null;
}
export function readTime(text: string): number | null {
  const words = text.normalize('NFKC').trim().replace(/[日T](?=\d)/, ' ');
  const parts = /^(?<day>.+?)\s+(?<hour>\d{1,2}):(?<minute>\d{2})(:(?<second>\d{2}))?$/.exec(words) ?? /^(?<hour>\d{1,2}):(?<minute>\d{2})\s+(?<day>.+)$/.exec(words);
  const { day: on = '', hour = '', minute = '', second = '0' } = parts?.groups ?? {};
  const date = readDay(on);
  if (!date || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const [year, month, of] = date.split('-').map(Number);
  return Math.floor(new Date(year, month - 1, of, Number(hour), Number(minute), Number(second)).getTime() / 1000);
}
export function clockTime(value: number): string {
  const at = new Date(value * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}
export const weekday = (at: Date): string => formatter('weekday', { weekday: 'long' }).format(at);
export const longDay = (at: Date): string => formatter('long', { year: 'numeric', month: 'long', day: 'numeric' }).format(at);
export const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '' : !Number.isFinite(value) ? '–' : new Intl.NumberFormat(lang.value === 'vi' ? 'vi' : 'en').format(value);
export const percent = (part: number, whole: number): string => (whole > 0 && Number.isFinite(part) ? `${number(Math.floor((part / whole) * 1000) / 10)}%` : '–');
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let n = value / 1024;
  let unit = 0;
  while (n >= 1024 && unit < 3) {
    n /= 1024;
    unit++;
  }
  return `${n.toFixed(n < 10 ? 1 : 0)} ${units[unit]}`;
}
// "2 days 4 h", "3 h 05 min", "4 min 12 s": two parts, for a difference in seconds.
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(Math.abs(seconds)));
  if (s >= 86400) return t('time.days', { d: Math.floor(s / 86400), h: Math.floor((s % 86400) / 3600) });
  if (s >= 3600) return t('time.hours', { h: Math.floor(s / 3600), m: two(Math.floor((s % 3600) / 60)) });
  if (s >= 60) return t('time.minutes', { m: Math.floor(s / 60), s: two(s % 60) });
  return t('time.seconds', { s });
}
export function ago(value: number, now: number): string {
  const s = now - value;
  if (s < 45) return t('time.now');
  if (s < 3600) return t('time.minutesAgo', { n: Math.max(1, Math.round(s / 60)) });
  if (s < 86400) return t('time.hoursAgo', { n: Math.round(s / 3600) });
  if (s < 86400 * 30) return t('time.daysAgo', { n: Math.round(s / 86400) });
  return day(value);
}
// Whole days from today to a date; negative: passed.
export function daysTo(value: number | string, now: number): number {
  const at = typeof value === 'number' ? new Date(value * 1000) : new Date(`${value.slice(0, 10)}T00:00:00`);
  const a = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  const today = new Date(now * 1000);
  return Math.round((a - new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime()) / 86400000);
}
