/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Logs whose columns a line "#Fields:" names: the W3C Extended Log File Format of IIS, Exchange (with commas), Windows
 * Firewall and proxies, and Zeek's tables ("#fields", with tabs). Other directives give no event.
 *
 * "-" is a value that is not there and gives no field. Names stay as they are written but for those of headers:
 * "cs(User-Agent)" is cs-user-agent as in Sigma's taxonomy, and cs-uri is put together from cs-uri-stem and cs-uri-query. IIS
 * writes a blank as "+"; that is undone for cs-user-agent. The name of a log of Zeek ("#path") is the field _path, as in its JSON. Times are UTC unless "#Time Format: Local" says otherwise.
 *
 * The raw text of an event is its row with the "#Fields:" line above it, and what else matters of the directives.
 */
#include "base/buf.h"
#include "data/lang.h"
#include "event/parsers/columns.h"
#include "event/parsers/payload.h"

#define LOCAL "#Time Format: Local"
#define PATH  "#path\t"

struct w3c_state {
	struct columns columns;
	bool local, zeek;
	int date, time, stem, query, agent, host; /* columns, or -1 */
	uint32_t uri, path_id; /* ids of cs-uri and _path */
	char path[64];         /* of Zeek, the log's name: "dns" */
	size_t path_n;
	struct str columns_path; /* that of the columns in force */
};

static void w3c_done(void *state)
{
	struct w3c_state *w3c = state;
	columns_done(&w3c->columns);
}

/* Runs of blanks are one; tabs and commas are not. */
static struct str take_cell(struct arena *arena, struct str *row, char delimiter, bool *more)
{
	if (delimiter == '\t') { /* no quotes in Zeek's tables */
		ptrdiff_t at = row->n ? str_find_char(*row, '\t') : -1;
		struct str cell = str_slice(*row, 0, at < 0 ? row->n : (size_t)at);
		*more = at >= 0;
		*row = str_slice(*row, at < 0 ? row->n : (size_t)at + 1, row->n);
		return cell;
	}
	struct str cell = columns_cell(arena, row, delimiter, more);
	if (delimiter == ' ') {
		while (row->n && row->p[0] == ' ')
			*row = str_slice(*row, 1, row->n);
		*more = row->n > 0;
	}
	return cell;
}

/* "cs(User-Agent)" as cs-user-agent. */
static struct str column_name(struct arena *arena, struct str name)
{
	ptrdiff_t open = str_find_char(name, '(');
	if (open <= 0 || name.p[name.n - 1] != ')')
		return name;
	char *p = arena_bytes(arena, name.n);
	memcpy(p, name.p, name.n - 1);
	p[open] = '-';
	for (size_t i = (size_t)open; i < name.n - 1; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	return (struct str){ p, name.n - 1 };
}

static void begin(struct w3c_state *w3c, struct str line, struct str columns)
{
	ARENA(scratch);
	BUF(head);
	char delimiter = w3c->zeek ? '\t' : ' ';
	columns = str_trim(columns);
	if (!w3c->zeek && str_find_char(columns, ',') >= 0 && str_find_char(columns, ' ') < 0)
		delimiter = ',';
	else if (!w3c->zeek && str_find_char(columns, '\t') >= 0)
		delimiter = '\t';
	if (w3c->local)
		buf_puts(&head, LOCAL "\n");
	if (w3c->zeek && w3c->path_n)
		buf_printf(&head, PATH "%.*s\n", (int)w3c->path_n, w3c->path);
	buf_add(&head, line);
	columns_begin(&w3c->columns, buf_str(&head), delimiter);
	w3c->columns_path = STR_NONE;
	if (w3c->zeek && w3c->path_n)
		w3c->columns_path = arena_str(&w3c->columns.arena, (struct str){ w3c->path, w3c->path_n });
	for (bool more = columns.n > 0; more && w3c->columns.n < COLUMNS_MOST;)
		columns_add(&w3c->columns, column_name(&scratch, take_cell(&scratch, &columns, delimiter, &more)));
	w3c->date = columns_find(&w3c->columns, "date");
	w3c->time = columns_find(&w3c->columns, w3c->zeek ? "ts" : "time");
	if (w3c->time < 0 || (w3c->date < 0 && !w3c->zeek)) {
		w3c->date = -1;
		w3c->time = columns_find(&w3c->columns, "date-time");
		if (w3c->time < 0)
			w3c->time = columns_find(&w3c->columns, "timestamp");
	}
	w3c->stem = columns_find(&w3c->columns, "cs-uri") < 0 ? columns_find(&w3c->columns, "cs-uri-stem") : -1;
	w3c->query = columns_find(&w3c->columns, "cs-uri-query");
	w3c->agent = columns_find(&w3c->columns, "cs-user-agent");
	w3c->host = columns_find(&w3c->columns, "s-computername");
}

static void directive(struct w3c_state *w3c, struct str line)
{
	if (str_starts(line, "#Fields:")) {
		w3c->zeek = false;
		begin(w3c, line, str_slice(line, 8, line.n));
	} else if (str_starts(line, "#fields\t")) {
		w3c->zeek = true;
		begin(w3c, line, str_slice(line, 8, line.n));
	} else if (str_starts(line, PATH)) {
		struct str path = str_trim(str_slice(line, sizeof(PATH) - 1, line.n));
		w3c->path_n = path.n < sizeof(w3c->path) && path.n && !memchr(path.p, '\0', path.n) ? path.n : 0;
		if (w3c->path_n)
			memcpy(w3c->path, path.p, path.n);
	} else if (str_starts(line, "#Time Format:")) {
		w3c->local = str_is_nocase(str_trim(str_slice(line, 13, line.n)), "local");
	}
}

static struct str with_blanks(struct arena *arena, struct str text)
{
	if (!memchr(text.p, '+', text.n) || memchr(text.p, ' ', text.n))
		return text;
	char *p = arena_bytes(arena, text.n);
	for (size_t i = 0; i < text.n; i++)
		p[i] = text.p[i] == '+' ? ' ' : text.p[i];
	return (struct str){ p, text.n };
}

static bool is_there(const struct w3c_state *w3c, struct str *cell)
{
	if (cell->n == 1 && cell->p[0] == '-')
		return false;
	if (w3c->zeek && str_is(*cell, "(empty)"))
		cell->n = 0;
	return true;
}

static void give_uri(struct parse *parse, struct event *event, struct w3c_state *w3c, struct str stem, struct str query)
{
	if (query.n) {
		size_t n = stem.n + 1 + query.n;
		char *p = arena_bytes(&parse->batch->arena, n);
		memcpy(p, stem.p, stem.n);
		p[stem.n] = '?';
		memcpy(p + stem.n + 1, query.p, query.n);
		stem = (struct str){ p, n };
	}
	known_field(parse, event, &w3c->uri, STR("cs-uri"), stem, VALUE_TEXT);
}

static void give_row(struct parse *parse, struct event *event, struct w3c_state *w3c, struct str row)
{
	struct timestamp_hint hint = parse_hint(parse);
	struct arena *arena = &parse->batch->arena;
	struct str date = STR_NONE, time = STR_NONE, stem = STR_NONE, query = STR_NONE;
	uint32_t column = 0;
	if (w3c->zeek && w3c->columns_path.n)
		known_field(parse, event, &w3c->path_id, STR("_path"), arena_str(arena, w3c->columns_path), VALUE_TEXT);
	for (bool more = row.n > 0; more; column++) {
		struct str cell = take_cell(arena, &row, w3c->columns.delimiter, &more);
		int at = (int)column;
		if (!is_there(w3c, &cell))
			continue;
		if (at == w3c->date)
			date = cell;
		else if (at == w3c->time)
			time = cell;
		else if (at == w3c->stem)
			stem = cell;
		else if (at == w3c->query)
			query = cell;
		else if (at == w3c->agent && w3c->columns.delimiter == ' ')
			cell = with_blanks(arena, cell);
		else if (at == w3c->host)
			event->host = cell;
		columns_field(parse, event, &w3c->columns, column, cell);
	}
	if (stem.n)
		give_uri(parse, event, w3c, stem, query);
	if (!w3c->local) {
		hint.zone = 0;
		hint.local = false;
	}
	event->time = time_of_parts(&hint, date, time, STR_NONE);
}

static int w3c_record(struct parse *parse, struct str record, const char **flaw)
{
	struct w3c_state *w3c = parse->state;
	struct str rest = record, row = STR_NONE;
	/* A record that was kept has its directives before it. */
	while (rest.n && rest.p[0] == '#') {
		struct str line = str_cut(&rest, '\n');
		directive(w3c, line);
	}
	row = rest;
	if (row.n == 0)
		return 0;
	if (!w3c->columns.head.p) {
		*flaw = TR("no line #Fields: before it names its columns");
		return -EINVAL;
	}
	bool whole = row.p != record.p;
	struct event *event = parse_event(parse, whole ? record : columns_raw(&parse->batch->arena, &w3c->columns, row));
	give_row(parse, event, w3c, row);
	return 0;
}

static int w3c_probe(struct str text)
{
	struct str line;
	bool first = true;
	while (str_line(&text, &line)) {
		if (line.n && line.p[0] != '#' && !first)
			return 0;
		if (str_starts(line, "#Fields:") || str_starts(line, "#fields\t"))
			return 95;
		first = false;
	}
	return 0;
}

static const char *const derived[] = { "cs-uri", "cs-user-agent", NULL };

const struct parser parser_w3c = {
	.name = "w3c",
	.doc = TR("logs with a #Fields line: IIS, Exchange, Windows Firewall, proxies, Zeek"),
	.state_size = sizeof(struct w3c_state),
	.done = w3c_done,
	.probe = w3c_probe,
	.record = w3c_record,
	.verbatim = true,
	.derived = derived,
};
