// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const sql = texts({
  title: ['查询', 'Truy vấn SQL', 'SQL'],
  sub: ['用 SQL 查询台账、各主机的表和日志，只读。', 'Hỏi sổ, bảng của các máy và nhật ký bằng SQL, chỉ đọc.', 'Asks registers, the tables of hosts, and events; read-only.'],
  run: ['运行', 'Chạy', 'Run'],
  editor: ['SQL 语句', 'Câu lệnh SQL', 'SQL statement'],
  hint: ['按 Ctrl+Enter 运行', 'Nhấn Ctrl+Enter để chạy', 'Ctrl+Enter runs it'],
  tables: ['可查询的表', 'Các bảng', 'Tables'],
  tableSearch: ['查找表或列', 'Tìm bảng hoặc cột', 'Find a table or column'],
  registers: ['台账', 'Sổ', 'Registers'],
  hosts: ['主机表', 'Bảng của máy', 'Tables of hosts'],
  others: ['其他', 'Khác', 'Others'],
  insert: ['把 {name} 放入语句', 'Đưa {name} vào câu lệnh', 'Put {name} into the statement'],
  rows: ['{n} 行，{ms} 毫秒', '{n} dòng, {ms} ms', '{n} rows, {ms} ms'],
  cut: ['只显示前 {n} 行', 'chỉ hiện {n} dòng đầu', 'only the first {n} rows are shown'],
  empty: ['没有结果行', 'Không có dòng nào', 'No rows'],
  emptyText: ['语句运行正常，但没有符合条件的行。', 'Câu lệnh chạy được nhưng không có dòng nào phù hợp.', 'The statement ran, and nothing matches.'],
  begin: ['写一条查询，或从这些开始', 'Viết một truy vấn, hoặc bắt đầu từ đây', 'Write a statement, or begin with one of these'],
  coverage: ['有些表没有看全，结果可能不完整', 'Một số bảng chưa xem được hết, kết quả có thể thiếu', 'Some tables were not seen whole; the result may lack rows'],
  csv: ['下载 CSV', 'Tải CSV', 'Download CSV'],
  exampleOpen: ['未办结的问题，按单位', 'Tồn tại chưa xong theo đơn vị', 'Open findings by organisation'],
  exampleListen: ['各主机对外监听的端口', 'Cổng đang mở ra ngoài của các máy', 'Ports that hosts offer to others'],
  exampleAccounts: ['没有第二因素的管理账号', 'Tài khoản quản trị thiếu xác thực hai lớp', 'Administrators without a second factor'],
  exampleEvents: ['最近登录失败的日志', 'Nhật ký đăng nhập thất bại gần đây', 'Events of failed logins'],
});
export const evidence = texts({
  title: ['证据', 'Bằng chứng', 'Evidence'],
  sub: ['结论所依据的数据行，连同摘要一并留存。', 'Các dòng dữ liệu làm căn cứ cho kết luận, lưu cùng mã băm.', 'The rows a statement rests on, kept with their digest.'],
  rows: ['数据行', 'Dòng dữ liệu', 'Rows'],
  none: ['没有数据行：结论依据的正是“没有”。', 'Không có dòng nào: kết luận dựa trên việc không có.', 'No rows: that there are none is what the statement rests on.'],
  taken: ['采集时间', 'Thời điểm thu', 'Taken'],
  host: ['查看主机', 'Xem máy', 'To the host'],
  tables: ['来源表', 'Bảng nguồn', 'Tables'],
  checking: ['正在计算…', 'Đang tính…', 'Computing…'],
  good: ['摘要一致：证据没有被改动', 'Mã băm khớp: bằng chứng không bị sửa', 'The digest agrees: the evidence was not changed'],
  bad: ['摘要不一致：证据已被改动或损坏', 'Mã băm không khớp: bằng chứng đã bị sửa hoặc hỏng', 'The digest does not agree: the evidence was changed or damaged'],
  here: ['本页计算', 'Tính tại đây', 'Computed here'],
  kept: ['留存记录', 'Đã lưu', 'On record'],
  bytes: ['参与计算的字节', 'Dữ liệu dùng để tính', 'The bytes it is computed over'],
  how: ['浏览器对下方字节自行计算 SHA-256，不依赖服务器。也可下载后用 sha256sum 核对。', 'Trình duyệt tự tính SHA-256 trên các byte bên dưới, không dựa vào máy chủ. Có thể tải về và kiểm tra bằng sha256sum.', 'Your browser computes SHA-256 over the bytes below by itself, without trusting the server. Or download them and use sha256sum.'],
});
