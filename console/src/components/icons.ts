// SPDX-License-Identifier: MulanPSL-2.0
// The names under which the console uses icons.
import {
  AlarmClock, Aim, ArrowDown, ArrowLeft, ArrowRight, Bell, Calendar, Check, CircleCheck, CircleClose, Clock, Close, Coin, Collection, CopyDocument,
  DataAnalysis, DataLine, Delete, Document, DocumentChecked, Download, Edit, Expand, Files, Filter, FolderOpened, FullScreen, Grid, Help, Histogram, HomeFilled,
  InfoFilled, Key, Link, List, Lock, Menu, Monitor, Moon, MoreFilled, Operation, Paperclip, Plus, Position, Printer, QuestionFilled, Refresh, Remove, Search,
  Setting, Stamp, Sunny, SwitchButton, Tickets, Upload, User, View, Warning, WarningFilled,
} from '@element-plus/icons-vue';

export const icons = {
  alarm: AlarmClock, aim: Aim, down: ArrowDown, back: ArrowLeft, next: ArrowRight, bell: Bell, calendar: Calendar, check: Check, good: CircleCheck,
  bad: CircleClose, clock: Clock, close: Close, coin: Coin, registers: Collection, copy: CopyDocument, posture: DataAnalysis, chart: DataLine, trash: Delete,
  document: Document, inspection: DocumentChecked, download: Download, edit: Edit, expand: Expand, files: Files, filter: Filter, folder: FolderOpened,
  full: FullScreen, grid: Grid, help: Help, histogram: Histogram, home: HomeFilled, info: InfoFilled, key: Key, link: Link, list: List, lock: Lock, menu: Menu,
  host: Monitor, dark: Moon, more: MoreFilled, columns: Operation, attach: Paperclip, plus: Plus, send: Position, print: Printer, question: QuestionFilled,
  refresh: Refresh, remove: Remove, search: Search, setting: Setting, stamp: Stamp, light: Sunny, leave: SwitchButton, ticket: Tickets, upload: Upload,
  user: User, view: View, warn: Warning, alert: WarningFilled,
};
export type IconName = keyof typeof icons;
