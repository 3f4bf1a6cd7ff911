// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const finding = texts({
  host: ['所在主机', 'Máy liên quan', 'The host'],
  title: ['问题整改', 'Khắc phục tồn tại', 'Rectification'],
  board: ['看板', 'Bảng', 'Board'],
  boardEmpty: ['没有未销号的问题', 'Không còn tồn tại chưa đóng', 'No open findings'],
  boardEmptyText: ['运行一次主机检查，或登记自查发现的问题。', 'Hãy chạy kiểm tra máy hoặc ghi tồn tại do tự kiểm tra.', 'Run an inspection, or enter what a self-inspection found.'],
  check: ['检查项', 'Mục kiểm tra', 'Check'],
  evidence: ['证据', 'Bằng chứng', 'Evidence'],
  evidenceNone: ['这条问题由人工登记，没有机器证据。', 'Tồn tại này do người nhập, không có bằng chứng của máy.', 'Entered by hand: there is no machine evidence.'],
  list: ['列表', 'Danh sách', 'List'],
  makeIncident: ['升级为事件', 'Chuyển thành sự cố', 'Make it an incident'],
  order: ['整改通知书', 'Yêu cầu khắc phục', 'Repair order'],
  retest: ['立即复测', 'Kiểm tra lại ngay', 'Test again now'],
  retested: ['已安排复测，结果会自动更新', 'Đã yêu cầu kiểm tra lại, kết quả sẽ tự cập nhật', 'The test has been asked for; the result follows by itself'],
  retest_seen: ['{time} 自动复测：问题仍然存在。此时销号，下一次检查会重新打开。', '{time} đã kiểm tra tự động: tồn tại vẫn còn. Nếu đóng lúc này, lần kiểm tra sau sẽ mở lại.', 'Tested again {time}: it is still there. Closed now, it will be opened again by the next check.'],
  retest_gone: ['{time} 自动复测：问题已不再发现', '{time} đã kiểm tra tự động: không còn thấy tồn tại', 'Tested again {time}: it is no longer seen'],
  retest_unknown: ['{time} 自动复测：无法判定，请人工核实', '{time} đã kiểm tra tự động: không xác định được, hãy kiểm tra bằng người', 'Tested again {time}: it could not be seen; look for yourself'],
});
