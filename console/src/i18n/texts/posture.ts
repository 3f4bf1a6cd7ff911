// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const posture = texts({
  title: ['安全态势', 'Tình hình an toàn', 'Posture'],
  below: ['下级单位', 'Đơn vị cấp dưới', 'Organisations below'],
  belowEmpty: ['没有下级单位', 'Không có đơn vị cấp dưới', 'There is no organisation below'],
  belowEmptyText: ['在单位台账登记下级单位后，这里显示它们的态势。', 'Ghi đơn vị cấp dưới vào sổ đơn vị, tình hình của họ sẽ hiện ở đây.', 'Enter the organisations below in their register; their posture then shows here.'],
  coverage: ['覆盖', 'Độ phủ', 'Coverage'],
  coverageHosts: ['{seen} / {all} 台主机在 {days} 天内检查过', '{seen} / {all} máy đã kiểm tra trong {days} ngày', '{seen} of {all} hosts inspected within {days} days'],
  days: ['连续平稳', 'Chuỗi ngày yên ổn', 'Days in a row'],
  daysBreach: ['连续无违规', 'Ngày không vi phạm', 'Days without compliance breach'],
  daysData: ['连续无数据事故', 'Ngày không sự cố dữ liệu', 'Days without data accident'],
  daysOutage: ['连续无中断', 'Ngày không gián đoạn', 'Days without outage'],
  dayUnit: ['天', 'ngày', 'days'],
  dayNone: ['尚无记录', 'Chưa có số liệu', 'No record yet'],
  findings: ['未销号问题', 'Tồn tại chưa đóng', 'Open findings'],
  leave: ['退出大屏', 'Thoát', 'Leave'],
  noData: ['未报告', 'Chưa báo cáo', 'Not reported'],
  noDataText: ['没有数据就不打分', 'Không có số liệu thì không chấm điểm', 'Without data there is no score'],
  notSeen: ['{n} 台主机近期未检查，其现状未知。', '{n} máy chưa được kiểm tra gần đây, tình trạng hiện tại chưa rõ.', '{n} hosts were not inspected lately: their present state is not known.'],
  open: ['未销号', 'Chưa đóng', 'Open'],
  overdue: ['逾期', 'Quá hạn', 'Overdue'],
  score: ['得分', 'Điểm', 'Score'],
  scoreHow: ['得分＝符合 ÷（符合＋不符合＋无法判断）。看不到的留在分母里，不算符合。', 'Điểm = đạt ÷ (đạt + không đạt + chưa xác định). Mục không nhìn thấy vẫn nằm ở mẫu số, không tính là đạt.', 'Score = passed ÷ (passed + failed + unknown). What could not be seen stays in the denominator and never counts as passed.'],
  severe: ['其中严重和高', 'Trong đó nghiêm trọng, cao', 'Critical and high'],
  trend: ['近 {n} 天趋势', 'Xu hướng {n} ngày', 'Trend of {n} days'],
  trendEmpty: ['明天起这里显示趋势', 'Xu hướng sẽ hiện từ ngày mai', 'The trend begins tomorrow'],
  verdicts: ['检查结论', 'Kết luận kiểm tra', 'Verdicts'],
  verdictsOf: ['共 {n} 项结论', '{n} kết luận', '{n} verdicts'],
  wall: ['大屏显示', 'Màn hình lớn', 'Wall screen'],
});
