/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * CSV, RFC 4180: a header, then a row an event, whose cells are fields named by the header. Comma, semicolon, tab or bar between
 * cells, whichever the header has most of ("sep=;" above it, as Excel writes, says so itself); cells in quotes may hold
 * line ends. Where the first row holds numbers, addresses or moments it is no header, and columns are called
 * column1, column2 … A header that comes again is skipped.
 *
 * The raw text of an event is the header and its row. Its time is that of the columns `date` and `time`, of one that is called
 * like a time, or the first that is a moment.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parsers/columns.h"
#include "event/parsers/payload.h"

struct csv_state {
	struct columns columns;
	struct str header; /* of columns.head, without what is before it */
	char delimiter; /* of "sep=;"; '\0': find it */
	bool piece;     /* the record is a part of a line that is too long */
	int date, time; /* columns, or -1 */
};

static void csv_done(void *state)
{
	struct csv_state *csv = state;
	columns_done(&csv->columns);
}

/* What stands most often outside of quotes in the first line. */
static char find_delimiter(struct str text)
{
	static const char delimiters[] = ",;\t|";
	unsigned count[128] = { 0 };
	bool quoted = false;
	for (size_t i = 0; i < text.n && text.p[i] != '\n'; i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (uint8_t)text.p[i] < 128)
			count[(uint8_t)text.p[i]]++;
	}
	char best = ',';
	for (const char *d = delimiters; *d; d++)
		if (count[(uint8_t)*d] > count[(uint8_t)best])
			best = *d;
	return best;
}

static char delimiter_of(const struct csv_state *csv, struct str text)
{
	return csv->columns.head.p ? csv->columns.delimiter : csv->delimiter ? csv->delimiter : find_delimiter(text);
}

/* Without the CR of its end, or several. */
static struct str without_cr(struct str row)
{
	while (row.n && row.p[row.n - 1] == '\r')
		row.n--;
	return row;
}

/* A row that is whole; quotes that are never closed belong to their line alone. */
static size_t csv_frame(struct parse *parse, struct str text, bool last, struct str *record)
{
	struct csv_state *csv = parse->state;
	struct str look = str_slice(text, 0, (size_t)PARSE_LINE + 1);
	const char *line = memchr(look.p, '\n', look.n);
	csv->piece = false;
	if (!line && text.n <= PARSE_LINE && !last)
		return 0;
	ptrdiff_t n = columns_row(look, delimiter_of(csv, look));
	if ((n < 0 || (size_t)n == look.n) && text.n <= PARSE_LINE && !last)
		return 0;
	if (n < 0 || (size_t)n > PARSE_LINE)
		n = line ? line - text.p : (ptrdiff_t)look.n;
	if ((size_t)n > PARSE_LINE) {
		csv->piece = true;
		n = PARSE_LINE;
		for (int back = 0; back < 3 && ((uint8_t)text.p[n] & 0xc0) == 0x80; back++)
			n--;
		*record = str_slice(text, 0, (size_t)n);
		return (size_t)n;
	}
	*record = without_cr(str_slice(text, 0, (size_t)n));
	return (size_t)n + ((size_t)n < text.n ? 1 : 0);
}

/* Names of columns are no numbers, addresses and moments. */
static bool is_value(struct str cell)
{
	struct timestamp_hint hint = { 0 };
	int64_t ns;
	size_t digits = 0;
	for (size_t i = 0; i < cell.n; i++)
		digits += (uint8_t)(cell.p[i] - '0') < 10;
	return cell.n == 0 || digits * 2 > cell.n || timestamp_prefix(cell, &hint, &ns) > 0;
}

static bool is_header(struct str row, char delimiter)
{
	ARENA(arena);
	unsigned values = 0, cells = 0;
	if (columns_row(row, delimiter) < 0)
		return false;
	for (bool more = true; more && cells < COLUMNS_MOST; cells++)
		values += is_value(str_trim(columns_cell(&arena, &row, delimiter, &more)));
	return values * 4 < cells;
}

static int time_column(const struct columns *columns)
{
	static const char *const names[] = { "timestamp", "@timestamp", "datetime", "date time", "date_time", "date-time", "time", "TimeCreated",
		                             "Date and Time", "EventTime", "UtcTime", "log_time", "logtime", "时间", "日期时间",
		                             "发生时间", "日志时间", "thời gian", "ngày giờ", "Thời gian" };
	for (size_t i = 0; i < COUNT(names); i++) {
		int column = columns_find(columns, names[i]);
		if (column >= 0)
			return column;
	}
	return -1;
}

/* The columns of this header, or of a row that has none. */
static void begin(struct csv_state *csv, struct str row)
{
	ARENA(scratch);
	BUF(head);
	char delimiter = delimiter_of(csv, row);
	if (csv->delimiter)
		buf_printf(&head, "sep=%c\n", csv->delimiter);
	size_t sep = head.n;
	if (is_header(row, delimiter)) {
		buf_add(&head, row);
	} else {
		bool more = true;
		for (unsigned i = 1; more && i <= COLUMNS_MOST; i++) {
			(void)columns_cell(&scratch, &row, delimiter, &more);
			if (i > 1)
				buf_add_char(&head, delimiter);
			buf_printf(&head, "column%u", i);
		}
	}
	columns_begin(&csv->columns, buf_str(&head), delimiter);
	csv->header = str_slice(csv->columns.head, sep, head.n);
	row = csv->header;
	for (bool more = true; more && csv->columns.n < COLUMNS_MOST;)
		columns_add(&csv->columns, str_trim(columns_cell(&scratch, &row, delimiter, &more)));
	csv->date = columns_find(&csv->columns, "date");
	csv->time = columns_find(&csv->columns, "time");
	if (csv->date < 0 || csv->time < 0) {
		csv->date = -1;
		csv->time = time_column(&csv->columns);
	}
}

static void give_row(struct parse *parse, struct event *event, struct csv_state *csv, struct str row)
{
	struct timestamp_hint hint = parse_hint(parse);
	struct str date = STR_NONE, time = STR_NONE;
	uint32_t column = 0;
	int64_t first = EVENT_NO_TIME;
	for (bool more = true; more; column++) {
		struct str cell = columns_cell(&parse->batch->arena, &row, csv->columns.delimiter, &more);
		if ((int)column == csv->date)
			date = str_trim(cell);
		else if ((int)column == csv->time)
			time = str_trim(cell);
		else if (csv->time < 0 && first == EVENT_NO_TIME && cell.n > 12 && !timestamp_parse(cell, &hint, &first))
			first = EVENT_NO_TIME;
		columns_field(parse, event, &csv->columns, column, cell);
	}
	event->time = csv->time < 0 ? first : time_of_parts(&hint, date, time, STR_NONE);
}

static int csv_record(struct parse *parse, struct str record, const char **flaw)
{
	struct csv_state *csv = parse->state;
	struct str raw = STR_NONE;
	if (csv->piece) {
		*flaw = TR("the line is longer than 1 MiB and was cut into pieces");
		return -EINVAL;
	}
	if (!csv->columns.head.p) {
		struct str rest = record;
		if (str_starts(rest, "sep=") && (rest.n == 5 || (rest.n > 6 && rest.p[5] == '\n'))) {
			csv->delimiter = rest.p[4];
			rest = str_slice(rest, 6, rest.n);
			if (rest.n == 0)
				return 0;
		}
		/* A record that was kept has its header before it. */
		ptrdiff_t n = columns_row(rest, delimiter_of(csv, rest));
		struct str head = without_cr(str_slice(rest, 0, n < 0 ? rest.n : (size_t)n));
		begin(csv, head);
		if (n >= 0 && (size_t)n + 1 < rest.n) {
			raw = record;
			record = str_slice(rest, (size_t)n + 1, rest.n);
		}
	}
	if (str_eq(record, csv->header))
		return 0;
	struct event *event = parse_event(parse, raw.p ? raw : columns_raw(&parse->batch->arena, &csv->columns, record));
	give_row(parse, event, csv, record);
	return 0;
}

/* The same number of cells in every row, of at least three columns. */
static int csv_probe(struct str text)
{
	char delimiter = find_delimiter(text);
	unsigned columns = 0, rows = 0, other = 0;
	while (text.n && rows < 32) {
		ARENA(arena);
		unsigned cells = 0;
		ptrdiff_t n = columns_row(text, delimiter);
		struct str row = without_cr(str_slice(text, 0, n < 0 ? text.n : (size_t)n));
		if (n < 0 && rows > 1)
			break; /* the text ends within quotes */
		text = str_slice(text, n < 0 ? text.n : (size_t)n + 1, text.n);
		if (row.n == 0)
			continue;
		if (!utf8_valid(row) || memchr(row.p, '\0', row.n))
			return 0;
		for (bool more = true; more; cells++)
			(void)columns_cell(&arena, &row, delimiter, &more);
		if (rows++ == 0)
			columns = cells;
		else
			other += cells != columns;
	}
	if (columns < 3 || rows < 2 || other * 8 > rows)
		return 0;
	return columns > 3 ? 50 : 40;
}

const struct parser parser_csv = {
	.name = "csv",
	.doc = TR("tables with a header: comma, semicolon, tab or bar between cells"),
	.framing = FRAME_OWN,
	.state_size = sizeof(struct csv_state),
	.done = csv_done,
	.probe = csv_probe,
	.frame = csv_frame,
	.record = csv_record,
};
