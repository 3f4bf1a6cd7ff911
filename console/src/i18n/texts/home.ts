// SPDX-License-Identifier: MulanPSL-2.0
import type { Three } from '.';
const texts = <T extends Record<string, Three>>(given: T): T => given;

export const home = texts({
  title: ['我的工作', 'Việc của tôi', 'My work'],
  hello_morning: ['{name}，早上好', 'Chào buổi sáng, {name}', 'Good morning, {name}'],
  hello_noon: ['{name}，下午好', 'Chào buổi chiều, {name}', 'Good afternoon, {name}'],
  hello_evening: ['{name}，晚上好', 'Chào buổi tối, {name}', 'Good evening, {name}'],
  today: ['{day} {weekday}', '{weekday}, {day}', '{weekday}, {day}'],
  tasks: ['待我办理', 'Chờ tôi xử lý', 'Waiting for me'],
  tasksEmpty: ['没有待办事项', 'Không có việc chờ', 'Nothing waits for you'],
  tasksEmptyText: ['可以看看本单位的态势，或检查最近的台账更新。', 'Bạn có thể xem tình hình đơn vị hoặc các sổ vừa cập nhật.', 'Look at the posture of your office, or at what changed in the registers.'],
  overdue: ['已逾期', 'Quá hạn', 'Overdue'],
  overdueEmpty: ['没有逾期事项', 'Không có việc quá hạn', 'Nothing is overdue'],
  clocks: ['正在计时', 'Đang tính giờ', 'Running clocks'],
  clocksEmpty: ['没有正在计时的报告时限', 'Không có thời hạn báo cáo nào đang chạy', 'No legal clock is running'],
  duty: ['值班', 'Trực', 'On duty'],
  dutyEmpty: ['今天没有排班', 'Hôm nay chưa có lịch trực', 'Nobody is on duty today'],
  dutyPlan: ['安排值班', 'Xếp lịch trực', 'Plan the duty'],
  dates: ['临近的法定期限', 'Thời hạn theo luật sắp đến', 'Dates of the law that come near'],
  count_open_findings: ['未销号问题', 'Tồn tại chưa đóng', 'Open findings'],
  count_open_incidents: ['处置中事件', 'Sự cố đang xử lý', 'Open incidents'],
  count_overdue: ['逾期', 'Quá hạn', 'Overdue'],
  count_without_owner: ['未指定责任人', 'Chưa có người phụ trách', 'Without an owner'],
  count_tasks: ['待办', 'Việc chờ', 'To do'],
  pairs: ['{n} 项操作等待您作为第二人确认', '{n} thao tác chờ bạn xác nhận', '{n} actions wait for your confirmation'],
  report: ['登记事件', 'Báo sự cố', 'Report an incident'],
  why_feedback: ['待反馈', 'Chờ phản hồi', 'To answer'],
  why_summary: ['待总结', 'Chờ tổng kết', 'To summarise'],
  why_due: ['待整改', 'Chờ khắc phục', 'To fix'],
  why_acknowledge: ['待签收', 'Chờ tiếp nhận', 'To acknowledge'],
});
