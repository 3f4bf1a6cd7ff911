// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const posture = texts({
  title: ['安全态势', 'Tình hình an toàn', 'Posture'],
  below: ['下级单位', 'Đơn vị cấp dưới', 'Organisations below'],
  belowEmpty: ['没有下级单位', 'Không có đơn vị cấp dưới', 'There is no organisation below'],
  belowEmptyText: ['在单位台账登记下级单位后，这里显示它们的态势。', 'Ghi đơn vị cấp dưới vào sổ đơn vị, tình hình của họ sẽ hiện ở đây.', 'Enter the organisations below in their register; their posture then shows here.'],
  coverage: ['覆盖', 'Độ phủ', 'Coverage'],
  coverageHosts: ['{seen} / {all} 台主机 24 小时内有报告', '{seen} / {all} máy có báo cáo trong 24 giờ', '{seen} of {all} hosts reported within 24 h'],
  coverageComplete: ['{n} 台数据完整', '{n} máy có dữ liệu đầy đủ', '{n} with complete data'],
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
  notSeen: ['{n} 台主机未报告，其状况未知，不计入得分。', '{n} máy chưa báo cáo, tình trạng chưa rõ, không tính vào điểm.', '{n} hosts have not reported: their state is unknown and not in the score.'],
  open: ['未销号', 'Chưa đóng', 'Open'],
  overdue: ['逾期', 'Quá hạn', 'Overdue'],
  score: ['得分', 'Điểm', 'Score'],
  scoreHow: ['得分＝已判断检查项中符合的比例，按严重程度加权；无法判断的单独列出，不算符合。', 'Điểm = tỷ lệ đạt trong các mục đã kết luận, có trọng số theo mức độ; mục chưa xác định tách riêng, không tính là đạt.', 'The score is the share of judged checks that pass, weighted by severity; what is unknown is shown apart and never counts as passed.'],
  trend: ['近 {n} 天趋势', 'Xu hướng {n} ngày', 'Trend of {n} days'],
  trendEmpty: ['明天起这里显示趋势', 'Xu hướng sẽ hiện từ ngày mai', 'The trend begins tomorrow'],
  verdicts: ['检查结论', 'Kết luận kiểm tra', 'Verdicts'],
  verdictsOf: ['共 {n} 项结论', '{n} kết luận', '{n} verdicts'],
  wall: ['大屏显示', 'Màn hình lớn', 'Wall screen'],
});
