// SPDX-License-Identifier: MulanPSL-2.0
// Texts of the console: each key that the sources ask for exists, none is there for nothing, placeholders are the same in all three
// languages. (That a text stands in all three is a matter of its type.)	node tests/browser/texts.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../console/src', import.meta.url));
const files = readdirSync(src, { recursive: true }).filter((name) => /\.(vue|ts)$/.test(name));
const wrong = [];
const keys = new Map();
let source = '';
for (const name of files) {
  const text = readFileSync(join(src, name), 'utf8');
  if (!/^i18n.texts/.test(name)) {
    source += text;
    continue;
  }
  for (const group of text.matchAll(/^export const (\w+) = texts\(\{\n(.*?)^\}\)/gms)) {
    for (const line of group[2].matchAll(/^ {2}'?([\w-]+)'?: \[(.*)\],$/gm)) {
      const key = `${group[1]}.${line[1]}`;
      if (keys.has(key)) wrong.push(`${key} stands twice`);
      const three = line[2].match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g) ?? [];
      keys.set(key, three);
      const holes = three.map((one) => [...one.matchAll(/\{(\w+)\}/g)].map((hole) => hole[1]).sort().join());
      if (three.length !== 3) wrong.push(`${key}: ${three.length} texts`);
      else if (new Set(holes).size > 1) wrong.push(`${key}: placeholders differ: ${holes.join(' | ')}`);
    }
  }
}
const groups = new Set([...keys.keys()].map((key) => key.split('.')[0]));
const asked = new Set();
const prefixes = [];
for (const match of source.matchAll(/['"`]((?:[a-z]\w*)\.[\w-]*)(['"`]|\$\{)/gi)) {
  if (!groups.has(match[1].split('.')[0])) continue;
  if (match[2] === '${') prefixes.push(match[1]);
  else asked.add(match[1]);
}
for (const match of source.matchAll(/`(\w+)\.\$\{/g)) if (groups.has(match[1])) prefixes.push(`${match[1]}.`);
for (const key of asked) if (!keys.has(key) && /\bt\(|['"`]/.test(key) === false && new RegExp(`t\\([^)]*['"\`]${key.replace('.', '\\.')}['"\`]`).test(source)) wrong.push(`${key}: asked for, but there is none`);
for (const key of keys.keys()) if (!asked.has(key) && !prefixes.some((prefix) => key.startsWith(prefix))) wrong.push(`${key}: nothing asks for it`);
for (const line of wrong) console.log(line);
if (!keys.size) console.log('no texts found');
process.exitCode = wrong.length || !keys.size ? 1 : 0;
