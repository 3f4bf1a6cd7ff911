// SPDX-License-Identifier: MulanPSL-2.0
// How the console speaks with the server: one function, one kind of error. A call that needs the password again asks for it and is
// repeated; a session that ended leads to the login.
import { reactive } from 'vue';

export interface FieldProblem { field: string; text: string }
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, text: string, readonly fields: FieldProblem[] = []) {
    super(text);
  }
}

interface Hooks {
  csrf: () => string;
  loggedOut: () => void;
  fresh: () => Promise<boolean>; // ask for the password; false: the person gave up
  offline: () => string; // words for a server that does not answer
}
let hooks: Hooks = { csrf: () => '', loggedOut: () => undefined, fresh: async () => false, offline: () => 'offline' };
export function setHooks(given: Hooks): void {
  hooks = given;
}

export const traffic = reactive({ open: 0 }); // requests under way, for the bar at the top

export type Query = Record<string, string | number | boolean | null | undefined | string[]>;
export function address(path: string, query?: Query): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined || value === '' || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) parts.push(`${name}=${encodeURIComponent(one === true ? '1' : String(one))}`);
  }
  return `api/${path}${parts.length ? `?${parts.join('&')}` : ''}`;
}

interface Options { query?: Query; body?: unknown; raw?: Blob; quiet?: boolean; signal?: AbortSignal; again?: boolean }

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': document.documentElement.lang };
  if (method !== 'GET') headers['X-Ward-CSRF'] = hooks.csrf();
  let body: BodyInit | undefined;
  if (options.raw) {
    headers['Content-Type'] = 'application/octet-stream';
    body = options.raw;
  } else if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(options.body);
  }
  traffic.open++;
  let response: Response;
  let text: string;
  try {
    response = await fetch(address(path, options.query), { method, headers, body, signal: options.signal, credentials: 'same-origin', cache: 'no-store' });
    text = await response.text();
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem;
    throw new ApiError(0, 'offline', hooks.offline());
  } finally {
    traffic.open--;
  }
  let answer: unknown = null;
  if (text && (response.headers.get('Content-Type') ?? '').includes('json')) {
    try {
      answer = JSON.parse(text);
    } catch {
      throw new ApiError(response.status, 'internal', `${method} ${path}: malformed answer`);
    }
  } else if (text) {
    answer = text;
  }
  const said = (answer as { error?: { code?: string; text?: string; fields?: FieldProblem[] }; first?: boolean } | null) ?? {};
  // 202 is an answer like others where work was begun; what waits for a second person says so ("pair").
  if (response.ok && said.error === undefined) return answer as T;
  const code = said.error?.code ?? (response.status === 401 ? 'login' : 'internal');
  const error = new ApiError(response.status, code, said.error?.text ?? `${response.status} ${response.statusText}`, said.error?.fields ?? []);
  if (code === 'fresh' && !options.again && (await hooks.fresh())) return call<T>(method, path, { ...options, again: true });
  if (code === 'login' && !options.quiet) hooks.loggedOut();
  throw Object.assign(error, { first: said.first === true });
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> => call<T>('GET', path, { query, signal });
export const post = <T>(path: string, body: unknown = {}, query?: Query): Promise<T> => call<T>('POST', path, { body, query });
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', path, { body });
export const put = <T>(path: string, body: unknown): Promise<T> => call<T>('PUT', path, { body });
export const remove = <T>(path: string): Promise<T> => call<T>('DELETE', path);
export const send = <T>(path: string, raw: Blob, query?: Query): Promise<T> => call<T>('POST', path, { raw, query });

// Give the person a file that the server makes.
export function download(path: string, query?: Query, name = ''): void {
  const link = document.createElement('a');
  link.href = address(path, query);
  link.download = name;
  link.rel = 'noopener';
  document.body.append(link);
  link.click();
  link.remove();
}

// Give the person a file made here.
export function save(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
