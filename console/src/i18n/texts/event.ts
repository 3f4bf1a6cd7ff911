// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const event = texts({
  title: ['日志检索', 'Tra cứu nhật ký', 'Events'],
  sub: ['在本机存档的全部日志中查找，最新的在前。', 'Tìm trong toàn bộ nhật ký đã lưu trên máy này, mới nhất trước.', 'Looks through all logs archived on this machine, newest first.'],
  query: ['检索条件', 'Điều kiện tìm', 'Search'],
  placeholder: ['例如：failed user:admin* NOT src:10.0.0.0/8', 'Ví dụ: failed user:admin* NOT src:10.0.0.0/8', 'For example: failed user:admin* NOT src:10.0.0.0/8'],
  help: ['怎样写检索条件', 'Cách viết điều kiện', 'How to write a search'],
  helpWord: ['任意位置出现该词，不分大小写', 'từ này ở bất kỳ chỗ nào, không phân biệt hoa thường', 'the word anywhere, in any case of letters'],
  helpPhrase: ['带空格的原话', 'nguyên cụm từ có dấu cách', 'a phrase with blanks'],
  helpField: ['某个字段的值，* 代表任意字符', 'giá trị của một trường, * là ký tự bất kỳ', 'the value of a field, * stands for any characters'],
  helpRange: ['数值或地址范围', 'khoảng số hoặc dải địa chỉ', 'numbers or addresses within a range'],
  helpNot: ['用 OR、NOT 和括号组合', 'kết hợp bằng OR, NOT và dấu ngoặc', 'combine with OR, NOT and parentheses'],
  range: ['时间范围', 'Khoảng thời gian', 'Time'],
  lastHour: ['最近 1 小时', '1 giờ qua', 'Last hour'],
  lastDay: ['最近 24 小时', '24 giờ qua', 'Last 24 hours'],
  lastWeek: ['最近 7 天', '7 ngày qua', 'Last 7 days'],
  lastMonth: ['最近 30 天', '30 ngày qua', 'Last 30 days'],
  own: ['自定', 'Tự chọn', 'From – to'],
  count: ['共 {n} 条', '{n} bản ghi', '{n} events'],
  chart: ['各时段日志数量', 'Số bản ghi theo thời gian', 'Events over time'],
  chartBar: ['{time}：{n} 条，点按查看这一段', '{time}: {n} bản ghi, bấm để xem riêng', '{time}: {n} events; press to look at these alone'],
  source: ['日志源', 'Nguồn', 'Source'],
  host: ['主机', 'Máy', 'Host'],
  raw: ['原文', 'Nguyên văn', 'Record'],
  fields: ['字段', 'Trường', 'Fields'],
  with: ['只看 {value}', 'Chỉ xem {value}', 'Only {value}'],
  without: ['排除 {value}', 'Bỏ {value}', 'Without {value}'],
  expand: ['展开这条日志', 'Mở bản ghi', 'Open this event'],
  empty: ['没有符合条件的日志', 'Không có bản ghi phù hợp', 'No event matches'],
  emptyText: ['请放宽时间范围，或减少条件。', 'Hãy mở rộng khoảng thời gian hoặc bớt điều kiện.', 'Look at a longer time, or ask for less.'],
  none: ['这台机器还没有存档日志', 'Máy này chưa lưu nhật ký nào', 'This machine has archived nothing yet'],
  partial: ['到时限为止只查了一部分：请缩短时间范围。', 'Hết thời hạn, mới tìm được một phần: hãy rút ngắn khoảng thời gian.', 'Time was up before everything was looked at: choose a shorter time.'],
  damaged: ['有 {n} 个数据块无法读取，结果不完整；请到“系统”核验存档。', '{n} khối không đọc được, kết quả chưa đủ; hãy kiểm tra kho lưu trữ.', '{n} blocks could not be read, so this is not complete; verify the archive.'],
});
export const detection = texts({
  title: ['威胁检测', 'Phát hiện', 'Detections'],
});
