// SPDX-License-Identifier: MulanPSL-2.0
// What all tests in the browser share: Debian's chromium, and a page on which any error of the console, of the content security
// policy or of a script makes the test fail.
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';

const require = createRequire(new URL('../../console/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axeSource = require.resolve('axe-core/axe.min.js');

export const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export async function open() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? paths.find(existsSync),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

// A page; `problems` gathers what must not happen. Statuses that a test provokes on purpose are named in `expected`.
export async function page(browser, { width = 1366, height = 768, lang = 'zh-CN', theme = 'light', expected = [], ignoreTls = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: lang, colorScheme: theme, ignoreHTTPSErrors: ignoreTls, reducedMotion: 'reduce', bypassCSP: false });
  await context.addInitScript(`try { localStorage.setItem("ward.lang", "${lang}"); localStorage.setItem("ward.theme", "${theme}"); } catch { /* about:blank */ }
    document.addEventListener('securitypolicyviolation', (e) => console.error('CSP: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber));`);
  const made = await context.newPage();
  made.setDefaultTimeout(patience);
  const problems = [];
  made.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const text = message.text();
    if (expected.some((one) => text.includes(one))) return;
    problems.push(`${message.type()}: ${text} (${message.location().url})`);
  });
  made.on('pageerror', (error) => problems.push(`script: ${error.stack ?? error}`));
  made.problems = problems;
  return made;
}

// What axe finds against WCAG 2.1 A and AA: one line for each element. It is put in by the browser's own means, past the policy.
export async function axe(page) {
  const source = (await import('node:fs')).readFileSync(axeSource, 'utf8');
  await page.evaluate(source);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id} (${one.impact}): ${node.target.join(' ')}: ${node.failureSummary.split('\n').slice(1).join('; ').trim().slice(0, 220)}`));
}

// Until something that must come is given up, in milliseconds: it only ends what hangs, so a slow machine may take its time.
export const patience = 120000;

// Wait until nothing is loading, for so many frames in a row: what one answer brings may ask for the next.
export async function calm(page, frames = 8) {
  await page.waitForLoadState('domcontentloaded');
  await page.evaluate(() => (window.calmFrames = 0));
  await page.waitForFunction((wanted) => {
    const still = !document.querySelector('.waiting, .traffic') && document.querySelector('h1');
    window.calmFrames = still ? (window.calmFrames ?? 0) + 1 : 0;
    return window.calmFrames > wanted;
  }, frames, { timeout: patience, polling: 'raf' });
}

// The six digits of this half minute (RFC 6238); `at`: milliseconds.
export function totp(secret, at = Date.now()) {
  let bits = '';
  for (const c of secret.replace(/\s/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = createHmac('sha1', key).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

// A page of somebody of the office's staff (tests/it/staff.py) who is logged in.
export async function member(browser, office, role, settings = {}) {
  const made = await page(browser, settings);
  await made.context().addCookies([{ name: '__Host-ward', value: office.people[role].cookie, url: office.base, secure: true, httpOnly: true, sameSite: 'Strict' }]);
  await made.goto(office.base);
  await made.locator('nav.side').waitFor({ state: 'attached' });
  await calm(made);
  return made;
}

// To another page of the console, without loading it again: the router's word that it is there, because until its script has come the
// page before it stands.
export async function go(page, path) {
  await page.evaluate((to) => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(to).then(() => undefined), path);
  await calm(page);
}

// Ask the API as whoever is logged in on this page: {status, body}.
export async function api(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const { csrf } = await (await fetch('api/session')).json();
    const answer = await fetch(`api/${path}`, { method, headers: { 'X-Ward-CSRF': csrf, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: (answer.headers.get('Content-Type') ?? '').includes('json') && text ? JSON.parse(text) : text };
  }, [method, path, body]);
}

// What is wrong with a page as it stands: keys and values that are no words, what is cut off, what axe finds, what the browser said.
export async function faults(page, where, { accessible = true } = {}) {
  const wrong = page.problems.splice(0);
  wrong.push(...(await page.evaluate(() => {
    const text = document.body.innerText;
    const out = [];
    const key = text.match(/\b(common|home|posture|inspection|finding|incident|warning|register|event|detection|host|sql|evidence|session|system|shell|menu|role|time)\.[a-z]\w+\b/)?.[0];
    if (key) out.push(`a key instead of its text: ${key}`);
    const value = text.match(/.{0,30}(\bNaN\b|\bundefined\b|\[object |\bInvalid Date\b).{0,20}/)?.[0];
    if (value) out.push(`no words: ${value}`);
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) out.push(`${wide} px too wide`);
    return out;
  })));
  if (accessible) wrong.push(...(await axe(page)));
  return wrong.map((one) => `${where}: ${one}`);
}
