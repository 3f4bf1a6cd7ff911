// SPDX-License-Identifier: MulanPSL-2.0
// What all tests in the browser share: Debian's chromium, and a page on which any error of the console, of the content security
// policy or of a script makes the test fail.
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

// Wait until nothing is loading.
export async function calm(page) {
  await page.waitForLoadState('domcontentloaded');
  await page.waitForFunction(() => !document.querySelector('.waiting, .traffic') && document.querySelector('h1'), null, { timeout: 15000 });
  await page.waitForTimeout(120);
}
