// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const inspection = texts({
  title: ['主机检查', 'Kiểm tra máy', 'Inspection'],
  sub: ['每条结论都有证据；看不到的不会算作符合。', 'Kết luận nào cũng có bằng chứng; không thấy thì không tính là đạt.', 'Evidence under each verdict; what could not be seen never passes.'],
  allHosts: ['全部主机', 'Tất cả máy', 'All hosts'],
  clauses: ['依据条款', 'Điều khoản', 'Clauses'],
  column_check: ['检查项', 'Mục kiểm tra', 'Check'],
  column_host: ['主机', 'Máy', 'Host'],
  column_result: ['结论', 'Kết luận', 'Verdict'],
  column_since: ['自', 'Từ', 'Since'],
  column_why: ['说明', 'Giải thích', 'Why'],
  empty: ['还没有检查结论', 'Chưa có kết luận', 'No verdicts yet'],
  emptyText: ['打开主机页面，对一台主机运行检查。', 'Mở trang máy và chạy kiểm tra một máy.', 'Open the hosts and inspect one.'],
  evidence: ['证据', 'Bằng chứng', 'Evidence'],
  failed: ['{n} 台不符合', '{n} máy không đạt', '{n} fail'],
  finding: ['整改 #{id}', 'Khắc phục #{id}', 'Finding #{id}'],
  hosts: ['受影响主机', 'Máy liên quan', 'Hosts'],
  noneFound: ['没有符合条件的检查项', 'Không có mục phù hợp', 'No check matches'],
  remedy: ['如何整改', 'Cách khắc phục', 'How to repair'],
  sql: ['判断依据（SQL）', 'Câu truy vấn', 'How it is judged (SQL)'],
  unseen: ['{n} 台无法判断', '{n} máy chưa rõ', '{n} unknown'],
  unknownNote: ['“无法判断”表示所需数据读取不全，例如权限不足。请先解决原因再复测。', '“Chưa xác định” nghĩa là không đọc đủ dữ liệu, ví dụ thiếu quyền. Hãy xử lý nguyên nhân rồi kiểm tra lại.', '“Unknown” means the data could not be read whole, for lack of rights for example. Mend the cause, then test again.'],
  violations: ['{n} 处', '{n} chỗ', '{n} places'],
  why: ['为什么', 'Vì sao', 'Why it matters'],
});
