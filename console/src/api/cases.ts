// SPDX-License-Identifier: MulanPSL-2.0
// Incidents, clocks and grades as src/case puts them.
import { get, post } from './http';
import type { Text } from './types';

export interface CaseClock {
  id?: number; incident: number; rule: string; round?: number; state: string; starts: number; due?: number | null; sent?: number | null; receipt?: string | null;
  title?: Text | string; to?: Text | string; says?: Text | string; report?: string; basis?: string; source?: string; verified?: boolean; number?: string; summary?: string;
}
export interface Condition { field: string; value?: unknown; holds?: string; [key: string]: unknown }
export interface Indicator { id: string; grade: string; text: Text; holds: 'yes' | 'no' | 'unknown'; source?: string; verified?: boolean; when?: Condition[] }
export interface Grade { grade: string; grading: string; basis?: string; may_rise?: boolean; unverified?: boolean; missing?: string[]; inputs?: { name: string; value: unknown }[]; indicators?: Indicator[] }
export interface Moment { id?: number; at: number; what: string; kind?: string; made?: number; made_by_name?: string }
export interface CaseEvidence { id?: number; kind: string; reference?: string; title: string; sha256?: string; content?: string | null; made?: number; made_by_name?: string }
export interface CaseReport { id?: number; stage: string; rule?: string; sent?: number; receipt?: string; sha256?: string }
export interface CaseTask { id: number; number?: string; title: string; state?: string; due?: number | string | null; severity?: string }
export interface IncidentAnswer {
  id: number; number?: string; state?: string; version?: number; jurisdiction?: string; grade_final?: string | null; category?: Text; grade?: Grade;
  clocks: CaseClock[]; waiting?: { rule: string; title: Text; when?: Condition[] }[]; timeline: Moment[]; evidence: CaseEvidence[]; reports: CaseReport[]; tasks: CaseTask[]; findings: CaseTask[];
}
export interface GradingInput { name: string; type: string; unit?: string; label: Text; choices?: { name: string; label: Text }[] }
export interface Grading { name: string; title: Text; basis?: string; effective_from?: string; grades: { name: string; label: Text }[]; inputs: GradingInput[]; indicators: { id: string; grade: string; text: Text; source?: string; verified?: boolean }[] }
export interface CategoryKind { name: string; label: Text; asks: string[] }
export interface Categories { name: string; title: Text; asks: string[]; effective_from: string; effective_to?: string; classes: (CategoryKind & { kinds: CategoryKind[] })[] }
export interface LawClock {
  id: string; jurisdiction: string; kind: string; title: Text; start?: string; limit?: Record<string, number | boolean>; report?: string; from?: Text; to?: Text; says?: Text;
  basis?: string; source?: string; effective_from?: string; effective_to?: string; on?: string; due?: string; keep_days?: number; verified: boolean; enabled: boolean;
}

export const incident = (id: number | string): Promise<IncidentAnswer> => get(`incidents/${id}`);
export const gradings = async (): Promise<Grading[]> => (await get<{ rows: Grading[] }>('grading')).rows;
export const categories = async (): Promise<Categories[]> => (await get<{ rows: Categories[] }>('categories')).rows;
export const gradeIncident = (id: number, inputs: Record<string, unknown>): Promise<unknown> => post(`incidents/${id}/grade`, { inputs });
export const addMoment = (id: number, moment: { at?: number; what: string }): Promise<unknown> => post(`incidents/${id}/timeline`, moment);
export const addEvidence = (id: number, evidence: { kind: string; title: string; sha256?: string; reference?: string; content?: string }): Promise<unknown> => post(`incidents/${id}/evidence`, evidence);
export const addLesson = (id: number, values: Record<string, unknown>): Promise<unknown> => post(`incidents/${id}/lessons`, { values });
export const markSent = (id: number, rule: string, given: { receipt: string; at?: number }): Promise<unknown> => post(`incidents/${id}/clocks/${rule}/sent`, given);
