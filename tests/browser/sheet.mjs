// SPDX-License-Identifier: MulanPSL-2.0
// A register and its workbooks: the template that is downloaded, a bad workbook whose errors stand by row and column, a good one that is
// written, and what is exported again. (The workbooks and what was downloaded lie in `office.folder`.)
import { flow } from './flow.mjs';

await flow(async ({ office, as, check, look, go, calm }) => {
  const security = await as('security');
  const keep = async (act, name) => {
    const [file] = await Promise.all([security.waitForEvent('download'), act()]);
    await file.saveAs(`${office.folder}/${name}`);
  };
  await go(security, '/r/asset');
  await security.locator('.page-head').getByRole('link', { name: '导入' }).click();
  await calm(security);
  await look(security, 'begin');
  await keep(() => security.getByRole('button', { name: '下载模板' }).click(), 'template.xlsx');
  const pick = async (name) => {
    await security.locator('input[type=file]').setInputFiles(`${office.folder}/${name}`);
    await security.locator('.tallies, .note.bad').first().waitFor();
    await security.locator('progress').waitFor({ state: 'detached' });
    await calm(security);
  };
  await pick('bad.xlsx');
  const rows = await security.locator('table.data tbody tr').allInnerTexts();
  check(rows.length >= 3, `three errors are ${rows.length}: ${rows}`);
  for (const [row, column] of [['3', '名称'], ['4', '类别'], ['5', '购置日期']]) check(rows.some((text) => text.trim().startsWith(row) && text.includes(column)), `no error in row ${row}, column ${column}: ${rows.join(' | ')}`);
  check(rows.every((text) => /\p{Script=Han}/u.test(text.split('\t').pop())), `errors without words: ${rows.join(' | ')}`);
  await look(security, 'bad');
  await pick('broken.xlsx');
  await security.getByText('文件不能读取').waitFor();
  await look(security, 'broken');
  await pick('good.xlsx');
  await security.getByText('没有发现错误').waitFor();
  await look(security, 'good');
  await security.getByRole('button', { name: /^写入 3 条/ }).click();
  await security.getByText('导入完成').waitFor();
  await look(security, 'applied');
  await go(security, '/r/asset');
  check((await security.locator('tbody tr').count()) === 3, 'the list does not show the three that were written');
  await look(security, 'list');
  await security.locator('.page-head').getByText('导出').click();
  await look(security, 'export-menu');
  await keep(() => security.getByText(/XLSX/).first().click(), 'export.xlsx');
});
