/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What the rules of `ward collect` found on this machine: the lines of JSON that it keeps, a file a day (docs/COLLECT.md).
 *
 * A last line without its end is being written just now, and not there yet. A line that is no finding makes the table partial.
 */
#include <fcntl.h>
#include <unistd.h>

#include "data/json.h"
#include "fact/scan.h"

enum { LINE_MOST = 64 * 1024 * 1024, CHUNK = 256 * 1024, ARENA_MOST = 8 * 1024 * 1024 };

/* From the brace or bracket at `at` to the one that closes it; the text was parsed, so there is one. */
static struct str json_part(struct str text, size_t at)
{
	size_t depth = 0;
	bool quoted = false;
	for (size_t i = at; i < text.n; i++) {
		char c = text.p[i];
		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return str_slice(text, at, i + 1);
		}
	}
	return STR_NONE;
}

/* Text as it is, an object as its JSON. */
static struct str value_of(struct str line, const struct doc *map, const char *key)
{
	const struct doc *value = doc_get(map, str_from(key));
	if (value && (value->type == DOC_MAP || value->type == DOC_ARRAY))
		return json_part(line, value->at);
	return doc_string(value);
}

static struct str joined(struct arena *arena, const struct doc *list)
{
	BUF(out);
	for (size_t i = 0; list && list->type == DOC_ARRAY && i < list->n; i++) {
		if (out.n)
			buf_add_char(&out, ' ');
		buf_add(&out, doc_string(&list->items[i]));
	}
	return arena_str(arena, buf_str(&out));
}

static int64_t number_of(const struct doc *map, const char *key)
{
	return doc_int(doc_get(map, str_from(key)), NONE);
}

/* 1: a row; 0: no finding. */
static int add_line(struct scan *scan, struct arena *arena, const char *path, struct str line, struct err *err)
{
	struct source source = { .name = path, .text = line };
	const struct doc *found;
	if (json_parse(arena, &source, &found, NULL) < 0 || found->type != DOC_MAP || !doc_text(found, "title").p)
		return 0;
	int r = scan_row(scan,
	                 ROW(doc_text(found, "time"), doc_text(found, "level"), doc_text(found, "title"), doc_text(found, "rule"),
	                     doc_text(found, "host"), doc_text(found, "source"), doc_text(found, "file"), number_of(found, "line"),
	                     joined(arena, doc_get(found, STR("tags"))), value_of(line, found, "fields"),
	                     value_of(line, found, "event"), number_of(found, "count"), value_of(line, found, "events")),
	                 err);
	return r < 0 ? r : 1;
}

/* All whole lines of the buffer; what is left begins it. */
static int take_lines(struct scan *scan, struct arena *arena, const char *path, struct buf *text, uint64_t *number, struct err *err)
{
	struct str rest = buf_str(text);
	ptrdiff_t end;
	while ((end = str_find_char(rest, '\n')) >= 0) {
		struct str line = str_slice(rest, 0, (size_t)end);
		rest = str_slice(rest, (size_t)end + 1, rest.n);
		++*number;
		int r = line.n ? add_line(scan, arena, path, line, err) : 1;
		if (r < 0)
			return r;
		if (r == 0)
			scan_partial(scan, NOTE("{}:{}: not understood", str_from(path), arena_printf(scan_arena(scan), "%llu",
			                                                                             (unsigned long long)*number)));
		if (arena->bytes > ARENA_MOST) {
			arena_done(arena);
			*arena = (struct arena){ 0 };
		}
	}
	memmove(text->p, rest.p, rest.n);
	text->n = rest.n;
	return 0;
}

static int read_file(struct scan *scan, struct str path, struct err *err)
{
	ARENA(arena);
	BUF(text);
	uint64_t number = 0;
	const char *name = arena_cstr(scan_arena(scan), path);
	CLEANUP(fd_close_p) int fd = root_openat(scan_root(scan), name, O_RDONLY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		scan_partial(scan, NOTE("cannot read {}: {}", path, str_from(err_words(fd < 0 ? fd : -EINVAL))));
		return 0;
	}
	for (;;) {
		ssize_t n = read(fd, buf_reserve(&text, CHUNK), CHUNK);
		if (n < 0 || text.n > LINE_MOST) {
			scan_partial(scan, NOTE("cannot read {}: {}", path, str_from(err_words(n < 0 ? -errno : -EFBIG))));
			return 0;
		}
		if (n == 0)
			return 0;
		text.n += (size_t)n;
		int r = take_lines(scan, &arena, name, &text, &number, err);
		if (r < 0)
			return r;
	}
}

static int findings_scan(struct scan *scan, struct err *err)
{
	struct strings files = scan_glob(scan, STR("var/lib/ward/findings/*.jsonl"));
	int r = 0;
	for (size_t i = 0; i < files.n && r == 0; i++)
		r = read_file(scan, files.p[i], err);
	return r;
}

const struct table table_findings = {
	.name = "findings",
	.doc = "What the rules of ward collect found on this machine, where it keeps them by default",
	.sources = { "var/lib/ward/findings/2026-11-23.jsonl" },
	.scan = findings_scan,
	.columns = {
		{ "time", TEXT, "of the event, UTC: 2026-11-23T08:30:00Z; NULL when it says none" },
		{ "level", TEXT, "informational, low, medium, high or critical" },
		{ "title", TEXT, "of the rule" },
		{ "rule", TEXT, "the rule's id" },
		{ "host", TEXT, "who wrote the event" },
		{ "source", TEXT, "name of the source in the configuration" },
		{ "file", TEXT, "where the event was read: a path, an address" },
		{ "line", INT, "where in it; NULL when there are no lines" },
		{ "tags", TEXT, "of the rule, with a blank between: attack.t1110 attack.credential-access" },
		{ "fields", TEXT, "those that made the rule match, a JSON object" },
		{ "event", TEXT, "the record as it was read; NULL for a correlation" },
		{ "count", INT, "of a correlation: what was counted" },
		{ "events", TEXT, "of a correlation: the events that took part, a JSON list" },
	},
};
