// SPDX-License-Identifier: MulanPSL-2.0
// The frame of each flow: people of an office at work in one browser. What goes wrong anywhere is printed, one line each, and the exit
// code is 1 then. The office (tests/it/staff.py) is described by JSON in WARD_OFFICE; pictures go to the folder WARD_PICTURES.
import { mkdirSync } from 'node:fs';
import { axe, calm, faults, go, member, open, page } from './browser.mjs';

export const words = (...all) => all.filter(Boolean).join(' ');

export async function flow(body) {
  const office = JSON.parse(process.env.WARD_OFFICE);
  const folder = process.env.WARD_PICTURES;
  if (folder) mkdirSync(folder, { recursive: true });
  const wrong = [];
  const pages = [];
  const browser = await open();
  const kept = (made, who) => {
    pages.push([made, who]);
    return made;
  };
  const name = process.argv[1].split('/').pop().replace('.mjs', '');
  const tools = {
    office,
    check: (ok, what) => {
      if (!ok) wrong.push(what);
    },
    // Somebody of the staff, logged in; somebody who is not.
    as: async (role, settings) => kept(await member(browser, office, role, settings), role),
    stranger: async (settings) => kept(await page(browser, settings), 'stranger'),
    picture: async (made, what) => {
      if (folder) await made.screenshot({ path: `${folder}/${name}-${what}.png`, fullPage: true });
    },
    // What comes about by itself, within so many seconds.
    until: async (asked, what, seconds = 30) => {
      for (const end = Date.now() + seconds * 1000; !(await asked());) {
        if (Date.now() > end) throw new Error(`${seconds} s: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    // This page as it stands has no fault.
    look: async (made, what, settings) => {
      await tools.picture(made, what);
      wrong.push(...(await faults(made, what, settings)));
    },
    // Something that the server must refuse with this status: the browser says so, and that is no fault.
    refused: async (made, status, act) => {
      const before = made.problems.length;
      const answer = await act();
      const told = made.problems.splice(before);
      const meant = told.filter((one) => one.includes(`status of ${status}`));
      if (!meant.length) wrong.push(`nothing was refused with ${status}`);
      wrong.push(...told.filter((one) => !meant.includes(one)));
      return answer;
    },
    // A step of a record's workflow, by its button and dialog; `fill` does what the dialog asks for.
    step: async (made, label, fill) => {
      await made.locator('.steps').getByRole('button', { name: label, exact: true }).click();
      const dialog = made.locator('.el-dialog:visible');
      await dialog.waitFor();
      if (fill) await fill(dialog);
      await dialog.getByRole('button', { name: label, exact: true }).click();
      await dialog.waitFor({ state: 'hidden' });
      await calm(made);
    },
    // Choose in a field that looks for records.
    choose: async (made, within, field, typed) => {
      await within.getByRole('combobox', { name: field, exact: true }).fill(typed);
      await made.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: typed }).first().click();
    },
    go, calm, axe,
  };
  try {
    await body(tools);
  } catch (problem) {
    wrong.push(String(problem.stack ?? problem).slice(0, 3000));
    for (const [made, who] of pages) if (folder) await made.screenshot({ path: `${folder}/${name}-broken-${who}.png` }).catch(() => undefined);
  }
  for (const [made, who] of pages) wrong.push(...made.problems.map((problem) => `${who}: ${problem}`));
  await browser.close();
  for (const line of wrong) console.log(line);
  process.exitCode = wrong.length ? 1 : 0;
}
