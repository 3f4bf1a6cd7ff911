// SPDX-License-Identifier: MulanPSL-2.0
// How heavy the first page is and when it can be used, with a cold cache:	node tests/browser/first_page.mjs ADDRESS [RUNS [SESSION]]
// Prints {"bytes": transferred over the network, "requests": n, "ms": median until a field can be typed into or the menu stands}.
// With the cookie of a session: home, until the menu stands and nothing on the page waits for its data.
import { calm, open, page } from './browser.mjs';

const [address, runs = '5', session] = process.argv.slice(2);
const browser = await open();
const times = [];
let bytes = 0;
let requests = 0;
for (let run = 0; run < Number(runs); run++) {
  const one = await page(browser, { expected: ['401'] });
  if (session) await one.context().addCookies([{ name: '__Host-ward', value: session, url: address, secure: true, httpOnly: true, sameSite: 'Strict' }]);
  const cdp = await one.context().newCDPSession(one);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  bytes = requests = 0;
  cdp.on('Network.loadingFinished', (event) => {
    bytes += event.encodedDataLength;
    requests++;
  });
  const begun = Date.now();
  await one.goto(address, { waitUntil: 'commit' });
  await one.locator(session ? 'nav.side a' : 'form input, nav.side a, .door main a').first().waitFor();
  if (session) await calm(one, 0);
  times.push(Date.now() - begun);
  await one.waitForTimeout(500);
  await one.context().close();
}
await browser.close();
times.sort((a, b) => a - b);
console.log(JSON.stringify({ bytes, requests, ms: times[Math.floor(times.length / 2)] }));
