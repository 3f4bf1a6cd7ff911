/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * key:value, as two makers of security devices write it behind a syslog header:
 *
 *	NSFOCUS WAF    tag:waf_log_websec site_id:1 dst_ip:192.0.2.1 stat_time:2026-11-03 08:01:02 http:GET / HTTP/1.1
 *	Sangfor NGAF   日志类型:WAF应用防护日志, 源IP:192.0.2.1, 目的端口:80, 系统动作:拒绝
 *
 * The first: pairs end at a blank or semicolon that a name of small letters, digits and _ with a colon and something behind
 * it follows; so values may hold blanks. The second: pairs end at a comma and a blank, a name is what stands before
 * the first colon, and a part without one belongs to the value before it.
 */
#include "data/lang.h"
#include "event/parser.h"
#include "event/parsers/payload.h"

enum { NAME_MOST = 96, PAIRS_FEWEST = 3 };

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The length of "name" when "name:x" stands here, but not "http://"; 0: it does not. */
static size_t name_at(struct str text, size_t at)
{
	size_t n = 0;
	while (at + n < text.n && n < NAME_MOST && is_name_char(text.p[at + n]))
		n++;
	if (n == 0 || at + n + 1 >= text.n || text.p[at + n] != ':' || (text.p[at] >= '0' && text.p[at] <= '9'))
		return 0;
	struct str behind = str_slice(text, at + n + 1, text.n);
	return behind.p[0] == ' ' || str_starts(behind, "//") ? 0 : n;
}

/* The next pair in either way of writing; false: none. */
struct pairs {
	struct str text;
	size_t at;
	bool commas;
};

static bool next_by_blank(struct pairs *pairs, struct str *name, struct str *value)
{
	size_t n = name_at(pairs->text, pairs->at);
	if (n == 0)
		return false;
	*name = str_slice(pairs->text, pairs->at, pairs->at + n);
	size_t from = pairs->at + n + 1, to = from;
	while (to < pairs->text.n) {
		char c = pairs->text.p[to];
		if ((c == ' ' || c == ';') && to + 1 < pairs->text.n) {
			size_t next = to + 1;
			while (next < pairs->text.n && pairs->text.p[next] == ' ')
				next++;
			if (name_at(pairs->text, next)) {
				*value = str_slice(pairs->text, from, to);
				pairs->at = next;
				return true;
			}
		}
		to++;
	}
	*value = str_slice(pairs->text, from, to);
	if (str_ends(*value, ";"))
		value->n--;
	pairs->at = pairs->text.n;
	return true;
}

/* Where the part that begins at `from` ends: at ", " or at the end. */
static size_t part_end(struct str text, size_t from)
{
	ptrdiff_t end = str_find(str_slice(text, from, text.n), ", ");
	return end < 0 ? text.n : from + (size_t)end;
}

static bool next_by_comma(struct pairs *pairs, struct str *name, struct str *value)
{
	struct str text = pairs->text;
	size_t end = part_end(text, pairs->at);
	ptrdiff_t colon = str_find_char(str_slice(text, pairs->at, end), ':');
	if (pairs->at >= text.n || colon <= 0 || colon > NAME_MOST)
		return false;
	size_t from = pairs->at + (size_t)colon + 1;
	*name = str_slice(text, pairs->at, from - 1);
	while (end < text.n && str_find_char(str_slice(text, end + 2, part_end(text, end + 2)), ':') <= 0)
		end = part_end(text, end + 2);
	*value = str_slice(text, from, end);
	pairs->at = end < text.n ? end + 2 : text.n;
	return true;
}

static bool next_pair(struct pairs *pairs, struct str *name, struct str *value)
{
	return pairs->commas ? next_by_comma(pairs, name, value) : next_by_blank(pairs, name, value);
}

static struct pairs pairs_of(struct str text)
{
	/* Names of small letters alone: the first way. */
	return (struct pairs){ .text = text, .commas = name_at(text, 0) == 0 };
}

bool colon_likely(struct str text)
{
	return str_starts(text, "tag:waf_log_") || str_starts(text, "\xe6\x97\xa5\xe5\xbf\x97\xe7\xb1\xbb\xe5\x9e\x8b:");
}

static int colon_record(struct parse *parse, struct str record, const char **flaw)
{
	struct pairs pairs = pairs_of(str_trim(record));
	struct event *event = parse_event(parse, record);
	struct str name, value;
	while (next_pair(&pairs, &name, &value))
		parse_field(parse, event, str_trim(name), str_trim(value), VALUE_TEXT);
	if (event->n >= PAIRS_FEWEST)
		return 0;
	*flaw = TR("not key:value: fewer than three pairs");
	return -EINVAL;
}

static bool is_line(struct str line)
{
	return colon_likely(line);
}

static int colon_probe(struct str text)
{
	return probe_lines(text, is_line, 80);
}

const struct parser parser_colon = {
	.name = "colon",
	.doc = TR("key:value, as NSFOCUS and Sangfor devices write it"),
	.probe = colon_probe,
	.record = colon_record,
	.verbatim = true,
};
