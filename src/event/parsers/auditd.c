/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Linux audit, as auditd writes it (/var/log/audit/audit.log, raw or enriched), as it comes through syslog, and as the
 * kernel logs it where no auditd runs ("audit: type=1400 audit(…)").
 *
 * An audit event is one or several records with the same time and serial number, possibly with records of other events
 * between them. They are joined here into one event; `raw` holds its records, a line each. An event is given when its
 * EOE came, when it is two seconds behind the newest record (audit's own rule), when AUDIT_PENDING events wait, or on flush.
 * Records of user space are events by themselves (audit's record types 1100 to 1299 and 2000 and up). An event
 * beyond AUDIT_EVENT_BYTES is given as it is; its further records make a second one.
 */
#include <libaudit.h>

#include "data/lang.h"
#include "event/parsers/auditd.h"

enum { AUDIT_PENDING = 64, AUDIT_EVENT_BYTES = 256 * 1024 };
#define AUDIT_PATIENCE (INT64_C(2) * 1000000000)

struct pending {
	struct buf records; /* lines */
	int64_t ns;
	uint64_t serial, line;
	uint64_t node;      /* hash of the node's name: several hosts may write into one log */
};

/* In the order of their first records. */
struct auditd_state {
	struct pending *pending[AUDIT_PENDING];
	size_t n;
	int64_t newest;
};

/* ---- the frame ---- */

static bool take_number(struct str *rest, uint64_t *out, unsigned most)
{
	size_t n = 0;
	*out = 0;
	while (n < rest->n && n < most && rest->p[n] >= '0' && rest->p[n] <= '9')
		*out = *out * 10 + (uint64_t)(rest->p[n++] - '0');
	*rest = str_slice(*rest, n, rest->n);
	return n > 0;
}

static bool take_char(struct str *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	*rest = str_slice(*rest, 1, rest->n);
	return true;
}

/* SECONDS.MILLISECONDS:SERIAL): */
static bool take_stamp(struct str *rest, struct audit_frame *out)
{
	uint64_t seconds, thousandth;
	if (!take_number(rest, &seconds, 10) || !take_char(rest, '.') || !take_number(rest, &thousandth, 3) ||
	    !take_char(rest, ':') || !take_number(rest, &out->serial, 19) || !take_char(rest, ')'))
		return false;
	out->ns = (int64_t)seconds * 1000000000 + (int64_t)thousandth * 1000000;
	while (take_char(rest, ':') || take_char(rest, ' '))
		continue;
	return true;
}

/* The last word before `end` that begins with `key`, as "type=" does, looked for from `end` back. */
static struct str word_before(struct str line, size_t end, const char *key, size_t *at)
{
	while (end > 0 && line.p[end - 1] == ' ')
		end--;
	size_t from = end;
	while (from > 0 && line.p[from - 1] != ' ')
		from--;
	struct str word = str_slice(line, from, end);
	if (!str_starts(word, key))
		return STR_NONE;
	*at = from;
	return str_slice(word, strlen(key), word.n);
}

/* "UNKNOWN[1334]" and numbers as the kernel logs them, to names. */
static struct str type_name(struct str type)
{
	int64_t number;
	struct str digits = str_starts(type, "UNKNOWN[") && type.n > 9 ? str_slice(type, 8, type.n - 1) : type;
	if (digits.n == 0 || digits.p[0] < '0' || digits.p[0] > '9' || !str_to_int(digits, 10, &number) || number > 9999)
		return type;
	const char *name = audit_msg_type_to_name((int)number);
	return name ? str_from(name) : type;
}

bool audit_frame_read(struct str line, struct audit_frame *out)
{
	ptrdiff_t at = str_find(line, "audit(");
	if (at < 0)
		return false;
	struct str rest = str_slice(line, (size_t)at + 6, line.n);
	size_t from = (size_t)at;
	*out = (struct audit_frame){ 0 };
	if (!take_stamp(&rest, out))
		return false;
	out->body = rest;
	if (from >= 4 && memcmp(line.p + from - 4, "msg=", 4) == 0)
		from -= 4;
	out->type = type_name(word_before(line, from, "type=", &from));
	out->node = word_before(line, from, "node=", &from);
	out->prefix = str_trim(str_slice(line, 0, from));
	return true;
}

bool audit_type_is_alone(struct str type)
{
	char name[40];
	if (type.n == 0 || type.n >= sizeof(name))
		return false;
	memcpy(name, type.p, type.n);
	name[type.n] = '\0';
	int number = audit_name_to_msg_type(name);
	return (number >= AUDIT_FIRST_USER_MSG && number < AUDIT_FIRST_EVENT) || number >= 2000;
}

/* ---- joining ---- */

static void pending_free(struct pending *pending)
{
	buf_done(&pending->records);
	free(pending);
}

static void give_lines(struct parse *parse, struct str records, uint64_t line)
{
	uint64_t now = parse->line;
	parse->line = line;
	struct event *event = parse_event(parse, records);
	parse->line = now;
	audit_fields_read(parse, event, records);
}

static void give_pending(struct parse *parse, struct auditd_state *state, size_t i)
{
	struct pending *pending = state->pending[i];
	give_lines(parse, arena_str(&parse->batch->arena, buf_str(&pending->records)), pending->line);
	pending_free(pending);
	state->n--;
	memmove(&state->pending[i], &state->pending[i + 1], (state->n - i) * sizeof(*state->pending));
}

static ptrdiff_t pending_find(const struct auditd_state *state, const struct audit_frame *frame, uint64_t node)
{
	for (size_t i = state->n; i-- > 0;)
		if (state->pending[i]->serial == frame->serial && state->pending[i]->ns == frame->ns && state->pending[i]->node == node)
			return (ptrdiff_t)i;
	return -1;
}

static void pending_add(struct parse *parse, struct auditd_state *state, const struct audit_frame *frame, uint64_t node,
                        struct str line)
{
	if (state->n == AUDIT_PENDING)
		give_pending(parse, state, 0);
	struct pending *pending = mem_alloc(sizeof(*pending));
	*pending = (struct pending){ .ns = frame->ns, .serial = frame->serial, .line = parse->line, .node = node };
	buf_add(&pending->records, line);
	state->pending[state->n++] = pending;
}

static void give_old(struct parse *parse, struct auditd_state *state, int64_t ns)
{
	if (ns > state->newest || ns < state->newest - INT64_C(3600) * 1000000000) /* a clock set back begins anew */
		state->newest = ns;
	for (size_t i = 0; i < state->n;) {
		if (state->pending[i]->ns < state->newest - AUDIT_PATIENCE || state->pending[i]->ns > state->newest + AUDIT_PATIENCE)
			give_pending(parse, state, i);
		else
			i++;
	}
}

static int one_line(struct parse *parse, struct auditd_state *state, struct str line, const char **flaw)
{
	struct audit_frame frame;
	if (!audit_frame_read(line, &frame)) {
		*flaw = TR("no audit record: no audit(time:serial)");
		return -EINVAL;
	}
	uint64_t node = str_hash(frame.node);
	give_old(parse, state, frame.ns);
	ptrdiff_t at = pending_find(state, &frame, node);
	if (at < 0 && audit_type_is_alone(frame.type)) {
		give_lines(parse, line, parse->line);
	} else if (at < 0) {
		if (!str_is(frame.type, "EOE"))
			pending_add(parse, state, &frame, node, line);
		else
			give_lines(parse, line, parse->line); /* of an event that was given already: kept */
	} else if (state->pending[at]->records.n + line.n >= AUDIT_EVENT_BYTES) {
		give_pending(parse, state, (size_t)at);
		pending_add(parse, state, &frame, node, line);
	} else {
		buf_add_char(&state->pending[at]->records, '\n');
		buf_add(&state->pending[at]->records, line);
		if (str_is(frame.type, "EOE"))
			give_pending(parse, state, (size_t)at);
	}
	return 0;
}

static int auditd_record(struct parse *parse, struct str record, const char **flaw)
{
	struct str line, rest = record;
	struct audit_frame frame;
	if (!memchr(record.p, '\n', record.n))
		return one_line(parse, parse->state, record, flaw);
	/* A joined event that was kept. */
	while (str_line(&rest, &line))
		if (!audit_frame_read(line, &frame)) {
			*flaw = TR("no audit record: no audit(time:serial)");
			return -EINVAL;
		}
	give_lines(parse, record, parse->line);
	return 0;
}

static void auditd_flush(struct parse *parse)
{
	struct auditd_state *state = parse->state;
	while (state->n)
		give_pending(parse, state, 0);
}

static void auditd_done(void *state)
{
	struct auditd_state *auditd = state;
	for (size_t i = 0; i < auditd->n; i++)
		pending_free(auditd->pending[i]);
}

static int auditd_probe(struct str text)
{
	struct str line;
	unsigned lines = 0, good = 0;
	while (lines < 64 && str_line(&text, &line)) {
		struct audit_frame frame;
		if (line.n == 0)
			continue;
		lines++;
		/* Through syslog and the kernel's log it is one program among many: those are syslog. */
		good += audit_frame_read(line, &frame) && frame.prefix.n == 0;
	}
	return lines && good * 10 >= lines * 9 ? 98 : 0;
}

const struct parser parser_auditd = {
	.name = "auditd",
	.doc = TR("Linux audit: the records of an event joined, hexadecimal values decoded"),
	.state_size = sizeof(struct auditd_state),
	.done = auditd_done,
	.probe = auditd_probe,
	.record = auditd_record,
	.flush = auditd_flush,
};
