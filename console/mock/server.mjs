// SPDX-License-Identifier: MulanPSL-2.0
// A server in the shape of docs/OFFICE.md with invented data, to work on the console and for fast visual tests:
//	node mock/server.mjs [PORT [DIST]]		PROFILE=township, ROLES=security,duty, FIRST=1
// It also sends the same headers as the real one, so that what the policy forbids shows here, too.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers } from './answers.mjs';

const port = Number(process.argv[2] ?? 8090);
const dist = process.argv[3] ?? fileURLToPath(new URL('../dist', import.meta.url));
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (!url.pathname.startsWith('/api/')) {
    const path = join(dist, normalize(url.pathname === '/' ? '/index.html' : url.pathname));
    if (!path.startsWith(dist) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
    return;
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  let body = null;
  try {
    body = raw.length && /json/.test(request.headers['content-type'] ?? '') ? JSON.parse(raw.toString()) : null;
  } catch {
    /* stays null */
  }
  if (url.pathname === '/api/stream') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': hello\n\n');
    return;
  }
  let answer;
  try {
    answer = answers(request.method, url.pathname.slice(5).split('/').map(decodeURIComponent), url.searchParams, body, raw, request);
  } catch (problem) {
    console.error(problem);
    answer = { status: 500, body: { error: { code: 'internal', text: String(problem) } } };
  }
  const { status = 200, body: out, type, headers } = answer ?? { status: 404, body: { error: { code: 'missing', text: `mock: ${request.method} ${url.pathname}` } } };
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  response.writeHead(status, { 'Content-Type': type ?? 'application/json' }).end(type ? out : JSON.stringify(out ?? {}));
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
