// SPDX-License-Identifier: MulanPSL-2.0
// Clauses as a list has room for them: of each standard its name once, "GB/T 22239-2019 8.1.4.3 a, 7.1.4.3 a".
export function clausesOf(clauses: string[] | undefined, most = 3): string[] {
  const out: string[] = [];
  let before = '';
  for (const one of (clauses ?? []).slice(0, most)) {
    const [, standard = '', clause = one] = /^(.*\d{4}) (\S.*)$/.exec(one) ?? [];
    if (standard && standard === before) out[out.length - 1] += `, ${clause}`;
    else out.push(one);
    before = standard;
  }
  return out;
}
