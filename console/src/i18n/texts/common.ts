// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const common = texts({
  again: ['重试', 'Thử lại', 'Try again'],
  all: ['全部', 'Tất cả', 'All'],
  apply: ['应用', 'Áp dụng', 'Apply'],
  calendar: ['打开日历', 'Mở lịch', 'Open the calendar'],
  cancel: ['取消', 'Hủy', 'Cancel'],
  clear: ['清除', 'Xóa bộ lọc', 'Clear'],
  close: ['关闭', 'Đóng', 'Close'],
  colon: ['：', ': ', ': '],
  comma: ['、', ', ', ', '],
  copied: ['已复制', 'Đã chép', 'Copied'],
  copy: ['复制', 'Chép', 'Copy'],
  dateExample: ['例如 {example}', 'Ví dụ {example}', 'e.g. {example}'],
  dateWrong: ['请写成“{example}”这样的格式', 'Hãy ghi theo dạng “{example}”', 'Write it like “{example}”'],
  details: ['详情', 'Chi tiết', 'Details'],
  download: ['下载', 'Tải xuống', 'Download'],
  from: ['从', 'Từ', 'From'],
  loading: ['正在加载…', 'Đang tải…', 'Loading…'],
  moreRows: ['加载更多', 'Tải thêm', 'Load more'],
  no: ['否', 'Không', 'No'],
  offline: ['服务器没有响应，请检查网络后重试。', 'Máy chủ không trả lời. Hãy kiểm tra mạng rồi thử lại.', 'The server does not answer. Check the network and try again.'],
  of: ['{n} / {all}', '{n} / {all}', '{n} of {all}'],
  org: ['单位', 'Đơn vị', 'Organisation'],
  pair: ['需要第二人确认，已提交待确认。', 'Cần người thứ hai xác nhận; yêu cầu đã được gửi.', 'A second person must confirm; the request has been filed.'],
  reason: ['理由', 'Lý do', 'Reason'],
  save: ['保存', 'Lưu', 'Save'],
  search: ['搜索', 'Tìm', 'Search'],
  severity: ['严重程度', 'Mức độ', 'Severity'],
  source: ['来源', 'Nguồn', 'Source'],
  state: ['状态', 'Trạng thái', 'State'],
  time: ['时间', 'Thời gian', 'Time'],
  to: ['到', 'Đến', 'To'],
  unverified: ['未核实', 'Chưa xác minh', 'Unverified'],
  unverifiedWhy: ['该数值尚未对照原文核实，使用前请确认。', 'Giá trị này chưa được đối chiếu với văn bản gốc; hãy xác nhận trước khi dùng.', 'This value has not been checked against the original text; confirm before relying on it.'],
  yes: ['是', 'Có', 'Yes'],
  unanswered: ['尚不清楚', 'Chưa rõ', 'Not known yet'],
});

export const time = texts({
  days: ['{d} 天 {h} 小时', '{d} ngày {h} giờ', '{d} d {h} h'],
  daysAgo: ['{n} 天前', '{n} ngày trước', '{n} d ago'],
  hours: ['{h} 小时 {m} 分', '{h} giờ {m} phút', '{h} h {m} min'],
  hoursAgo: ['{n} 小时前', '{n} giờ trước', '{n} h ago'],
  late: ['已超 {span}', 'quá hạn {span}', '{span} overdue'],
  lateDays: ['逾期 {n} 天', 'quá hạn {n} ngày', '{n} d overdue'],
  left: ['剩余 {span}', 'còn {span}', '{span} left'],
  leftDays: ['剩余 {n} 天', 'còn {n} ngày', '{n} d left'],
  minutes: ['{m} 分 {s} 秒', '{m} phút {s} giây', '{m} min {s} s'],
  minutesAgo: ['{n} 分钟前', '{n} phút trước', '{n} min ago'],
  now: ['刚刚', 'vừa xong', 'just now'],
  seconds: ['{s} 秒', '{s} giây', '{s} s'],
  today: ['今天到期', 'hết hạn hôm nay', 'due today'],
});

export const severity = texts({
  critical: ['严重', 'Nghiêm trọng', 'Critical'],
  high: ['高', 'Cao', 'High'],
  medium: ['中', 'Trung bình', 'Medium'],
  low: ['低', 'Thấp', 'Low'],
  info: ['提示', 'Thông tin', 'Info'],
});

export const verdict = texts({
  pass: ['符合', 'Đạt', 'Pass'],
  fail: ['不符合', 'Không đạt', 'Fail'],
  unknown: ['无法判断', 'Chưa xác định', 'Unknown'],
  'not-applicable': ['不适用', 'Không áp dụng', 'Not applicable'],
});

export const role = texts({
  operator: ['系统管理员', 'Quản trị hệ thống', 'System administrator'],
  security: ['安全管理员', 'Quản trị an toàn', 'Security administrator'],
  auditor: ['审计管理员', 'Quản trị kiểm toán', 'Audit administrator'],
  leader: ['单位负责人', 'Lãnh đạo đơn vị', 'Leader'],
  duty: ['值班员', 'Trực ban', 'Duty officer'],
  officer: ['经办人', 'Cán bộ nghiệp vụ', 'Officer'],
  verifier: ['复核人', 'Người kiểm tra lại', 'Verifier'],
  supplier: ['服务商人员', 'Nhân sự nhà cung cấp', "Supplier's staff"],
});

export const menu = texts({
  work: ['工作', 'Công việc', 'Work'],
  security: ['安全', 'An toàn', 'Security'],
  registers: ['台账', 'Sổ', 'Registers'],
  look: ['检索', 'Tra cứu', 'Look up'],
  system: ['系统', 'Hệ thống', 'System'],
  open: ['{n} 条未办结', '{n} chưa xong', '{n} open'],
});

export const shell = texts({
  crumbs: ['所在位置', 'Vị trí', 'Where you are'],
  home: ['回到首页', 'Về trang đầu', 'To the start'],
  jump: ['快速跳转', 'Đi nhanh', 'Jump to'],
  jumpHint: ['输入页面、台账名称或编号…', 'Gõ tên trang, tên sổ hoặc mã…', 'Type a page, a register, a code…'],
  jumpNone: ['没有找到。', 'Không tìm thấy.', 'Nothing found.'],
  keyClose: ['关闭', 'Đóng', 'Close'],
  keyNew: ['新建', 'Thêm mới', 'New'],
  keySave: ['保存、运行', 'Lưu, chạy', 'Save, run'],
  keySearch: ['搜索本页', 'Tìm trong trang', 'Search this page'],
  keys: ['键盘快捷键', 'Phím tắt', 'Keyboard shortcuts'],
  language: ['语言', 'Ngôn ngữ', 'Language'],
  live_lost: ['重新连接中', 'Đang nối lại', 'Reconnecting'],
  live_off: ['未连接', 'Chưa kết nối', 'Not connected'],
  live_on: ['实时', 'Trực tiếp', 'Live'],
  menu: ['菜单', 'Danh mục', 'Menu'],
  missing: ['没有这个页面', 'Không có trang này', 'There is no such page'],
  missingText: ['地址可能有误，或者您没有权限查看。', 'Địa chỉ có thể sai hoặc bạn không có quyền xem.', 'The address may be wrong, or you may not see it.'],
  skip: ['跳到正文', 'Đến nội dung', 'Skip to content'],
  toDark: ['深色显示', 'Giao diện tối', 'Dark theme'],
  toLight: ['浅色显示', 'Giao diện sáng', 'Light theme'],
});

// Units of fields, as declared.
export const unit = texts({
  d: ['天', 'ngày', 'days'],
  days: ['天', 'ngày', 'days'],
  h: ['小时', 'giờ', 'hours'],
  min: ['分钟', 'phút', 'minutes'],
  ms: ['毫秒', 'mili giây', 'ms'],
});
