/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * auditd_fields: a joined audit event into fields.
 *
 * Each record gives `type` and then its own fields under their own names; so a name can come several times (`name` of
 * several PATH records), and Sigma's rules for linux/auditd find them as they expect. In auditd's enriched form what stands
 * behind the separator (0x1d) comes as well: UID="root" is a second value of uid. Values that the kernel wrote in
 * hexadecimal because they were not plain text (proctitle, comm, exe, name, an argument …) are decoded; the
 * zero bytes of proctitle are blanks, the keys of one record are one field each. (null) is VALUE_NULL.
 *
 * Also given, because generic rules ask for them:
 *	serial              of audit(time:serial)
 *	CommandLine         the arguments of EXECVE, joined by blanks
 *	TargetFilename      a PATH record's name with nametype=CREATE, below the working directory when it is relative
 *	SYSCALL             the system call's name, where the log is not enriched
 *	saddr_fam laddr lport path    of SOCKADDR's saddr, as auditd's enriched form calls them
 *	Initiated           "true" for the system call connect
 */
#include <arpa/inet.h>
#include <libaudit.h>

#include "base/buf.h"
#include "event/parsers/auditd.h"
#include "event/timestamp.h"

enum { CREATED_MOST = 64 };

struct reading {
	struct parse *parse;
	struct event *event;
	struct arena *arena;
	struct str type, node;
	struct str cwd, arch, syscall;
	bool named_syscall, connects, enriched_address;
	struct str address, path_name, path_type;
	struct str created[CREATED_MOST];
	size_t n_created;
	struct buf command;   /* arguments joined */
	struct buf argument;  /* one argument that comes in pieces, a1[0]= a1[1]= … */
	struct str argument_name;
	bool argument_open;
};

static void add(struct reading *reading, struct str name, struct str value)
{
	bool null = str_is(value, "(null)");
	parse_field(reading->parse, reading->event, name, null ? STR("") : value, null ? VALUE_NULL : VALUE_TEXT);
}

/* ---- hexadecimal ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Upper-case digits in pairs, as the kernel writes them. */
static bool is_hex(struct str text)
{
	if (text.n == 0 || text.n % 2)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (digit(text.p[i]) < 0)
			return false;
	return true;
}

static struct str hex_decode(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.n / 2);
	for (size_t i = 0; i < text.n / 2; i++)
		out[i] = (char)(digit(text.p[2 * i]) << 4 | digit(text.p[2 * i + 1]));
	return (struct str){ out, text.n / 2 };
}

/* Fields whose text the kernel or a program encodes when it holds blanks, quotes or control characters. */
static bool is_encoded(struct str name)
{
	static const char *const names[] = {
		"proctitle", "comm", "exe",  "name",     "cwd",      "key",      "path",      "acct", "cmd", "data", "file",
		"dir",       "ocomm", "watch", "root_dir", "new-disk", "old-disk", "new_group", "grp",  "sw",  "vm",   "device",
		"invalid_context", NULL,
	};
	for (size_t i = 0; names[i]; i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

/* ---- arguments of EXECVE ---- */

static void argument_end(struct reading *reading)
{
	if (!reading->argument_open)
		return;
	struct str value = arena_str(reading->arena, buf_str(&reading->argument));
	add(reading, reading->argument_name, value);
	if (reading->command.n)
		buf_add_char(&reading->command, ' ');
	buf_add(&reading->command, value);
	reading->argument_open = false;
}

/* "a12", "a12[3]"; *piece: it has brackets. The name without them, or STR_NONE when it is no argument. */
static struct str argument_name(struct str name, bool *piece)
{
	size_t n = 1;
	*piece = false;
	if (name.n < 2 || name.p[0] != 'a')
		return STR_NONE;
	while (n < name.n && name.p[n] >= '0' && name.p[n] <= '9')
		n++;
	if (n == 1)
		return STR_NONE;
	*piece = n < name.n && name.p[n] == '[';
	return n == name.n || *piece ? str_slice(name, 0, n) : STR_NONE;
}

/* True: that was an argument, or a length of one that comes in pieces. */
static bool take_argument(struct reading *reading, struct str name, struct str value, bool quoted)
{
	bool piece;
	struct str argument = argument_name(name, &piece);
	if (!argument.p)
		return name.n > 5 && name.p[0] == 'a' && str_ends(name, "_len");
	if (!reading->argument_open || !piece || !str_eq(argument, reading->argument_name)) {
		argument_end(reading);
		buf_clear(&reading->argument);
		reading->argument_name = argument;
		reading->argument_open = true;
	}
	buf_add(&reading->argument, !quoted && is_hex(value) ? hex_decode(reading->arena, value) : value);
	if (!piece)
		argument_end(reading);
	return true;
}

/* ---- addresses ---- */

static void add_number(struct reading *reading, struct str name, unsigned number)
{
	parse_field(reading->parse, reading->event, name, arena_printf(reading->arena, "%u", number), VALUE_NUMBER);
}

/* struct sockaddr as the kernel printed it: the family in the host's byte order, all else in the network's. */
static void add_address(struct reading *reading, struct str hex)
{
	char text[INET6_ADDRSTRLEN];
	if (!is_hex(hex) || hex.n < 4)
		return;
	struct str bytes = hex_decode(reading->arena, hex);
	const uint8_t *p = (const uint8_t *)bytes.p;
	unsigned family = p[0] ? p[0] : p[1];
	if (family == 1) {
		struct str path = str_slice(bytes, 2, bytes.n);
		size_t skip = path.n && !path.p[0] ? 1 : 0; /* abstract */
		const char *end = path.n > skip ? memchr(path.p + skip, 0, path.n - skip) : NULL;
		path = str_slice(path, skip, end ? (size_t)(end - path.p) : path.n);
		add(reading, STR("saddr_fam"), STR("local"));
		if (path.n)
			add(reading, STR("path"), path);
	} else if (family == 2 && bytes.n >= 8 && inet_ntop(AF_INET, p + 4, text, sizeof(text))) {
		add(reading, STR("saddr_fam"), STR("inet"));
		add(reading, STR("laddr"), arena_str(reading->arena, str_from(text)));
		add_number(reading, STR("lport"), (unsigned)p[2] << 8 | p[3]);
	} else if (family == 10 && bytes.n >= 24 && inet_ntop(AF_INET6, p + 8, text, sizeof(text))) {
		add(reading, STR("saddr_fam"), STR("inet6"));
		add(reading, STR("laddr"), arena_str(reading->arena, str_from(text)));
		add_number(reading, STR("lport"), (unsigned)p[2] << 8 | p[3]);
	} else if (family == 16) {
		add(reading, STR("saddr_fam"), STR("netlink"));
	}
}

/* ---- fields of a record ---- */

static void add_keys(struct reading *reading, struct str name, struct str value)
{
	while (value.p)
		add(reading, name, str_cut(&value, '\x01'));
}

static struct str proctitle_text(struct arena *arena, struct str value)
{
	if (value.n == 0 || !memchr(value.p, 0, value.n))
		return value;
	char *out = arena_bytes(arena, value.n);
	for (size_t i = 0; i < value.n; i++)
		out[i] = (char)(value.p[i] ? value.p[i] : ' ');
	return str_trim_right((struct str){ out, value.n });
}

static void take_field(struct reading *reading, struct str name, struct str value, bool quoted)
{
	if (str_is(reading->type, "EXECVE") && take_argument(reading, name, value, quoted))
		return;
	if (!quoted && is_encoded(name) && is_hex(value))
		value = hex_decode(reading->arena, value);
	if (str_is(name, "proctitle"))
		value = proctitle_text(reading->arena, value);
	if (str_is(name, "key"))
		add_keys(reading, name, value);
	else
		add(reading, name, value);

	if (str_is(name, "cwd") && str_is(reading->type, "CWD"))
		reading->cwd = value;
	else if (str_is(name, "name"))
		reading->path_name = value;
	else if (str_is(name, "nametype"))
		reading->path_type = value;
	else if (str_is(name, "arch"))
		reading->arch = value;
	else if (str_is(name, "syscall"))
		reading->syscall = value;
	else if (str_is(name, "SYSCALL"))
		reading->named_syscall = true, reading->connects = str_is(value, "connect");
	else if (str_is(name, "saddr"))
		reading->address = value;
	else if (str_is(name, "saddr_fam"))
		reading->enriched_address = true;
}

/* The end of a value that began at `from`: its quotes or braces are passed over. */
static struct str take_value(struct str text, size_t *at, char *quote)
{
	size_t from = *at, n = text.n;
	char open = from < n ? text.p[from] : ' ';
	*quote = 0;
	if (open == '"' || open == '\'' || open == '{') {
		char close = open == '{' ? '}' : open;
		const char *end = memchr(text.p + from + 1, close, n - from - 1);
		if (open == '\'' && end) { /* what programs say may hold one as well: the last counts, before the enrichment */
			const char *separator = memchr(text.p + from, 0x1d, n - from);
			struct str rest = str_slice(text, from + 1, separator ? (size_t)(separator - text.p) : n);
			ptrdiff_t last = str_find_char_last(rest, '\'');
			end = last >= 0 ? rest.p + last : NULL;
		}
		if (end) {
			*quote = open;
			*at = (size_t)(end - text.p) + 1;
			return str_slice(text, from + 1, (size_t)(end - text.p));
		}
	}
	while (*at < n && text.p[*at] != ' ' && text.p[*at] != 0x1d)
		(*at)++;
	struct str value = str_slice(text, from, *at);
	if (value.n && value.p[value.n - 1] == ',')
		value.n--;
	if (value.n && value.p[value.n - 1] == ')' && str_find_char(value, '(') < 0)
		value.n--;
	return value;
}

/* "avc:  denied  { read write } for  pid=…": the words before the fields. */
static size_t take_avc(struct reading *reading, struct str body)
{
	ptrdiff_t open = str_find_char(body, '{'), close = str_find_char(body, '}');
	if (!str_starts(body, "avc:") || open < 0 || close < open)
		return 0;
	add(reading, STR("seresult"), str_trim(str_slice(body, 4, (size_t)open)));
	add(reading, STR("seperms"), str_trim(str_slice(body, (size_t)open + 1, (size_t)close)));
	return (size_t)close + 1;
}

static bool is_separator(char c)
{
	return c == ' ' || c == 0x1d || c == '(' || c == ',';
}

static void take_fields(struct reading *reading, struct str body, bool inner)
{
	size_t at = take_avc(reading, body);
	while (at < body.n) {
		while (at < body.n && is_separator(body.p[at]))
			at++;
		size_t from = at;
		while (at < body.n && body.p[at] != '=' && !is_separator(body.p[at]))
			at++;
		if (at < body.n && at == from) {
			at++; /* a "=" without a name */
			continue;
		}
		if (at == body.n || body.p[at] != '=')
			continue; /* a word that is no field */
		struct str name = str_slice(body, from, at++);
		char quote;
		struct str value = take_value(body, &at, &quote);
		if ((quote == '\'' || quote == '{') && !inner)
			take_fields(reading, value, true);
		else
			take_field(reading, name, value, quote != 0);
	}
}

static void remember_created(struct reading *reading)
{
	if (reading->path_name.n && str_is(reading->path_type, "CREATE") && reading->n_created < CREATED_MOST)
		reading->created[reading->n_created++] = reading->path_name;
	reading->path_name = reading->path_type = STR_NONE;
}

/* ---- the event ---- */

static struct str host_of(const struct audit_frame *frame)
{
	const struct timestamp_hint hint = { 0 };
	int64_t ns;
	struct str rest = frame->prefix;
	if (frame->node.n)
		return frame->node;
	/* "Nov  3 08:01:02 HOST audispd:" */
	if (str_starts(rest, "<"))
		(void)str_cut(&rest, '>');
	size_t n = rest.n ? timestamp_prefix(rest, &hint, &ns) : 0;
	if (n == 0)
		return STR_NONE;
	rest = str_slice(rest, n, rest.n);
	struct str host = str_word(&rest);
	return host.n && !str_ends(host, ":") ? host : STR_NONE;
}

static void add_syscall(struct reading *reading)
{
	int64_t arch, number;
	if (reading->named_syscall || !str_to_int(reading->arch, 16, &arch) || !str_to_int(reading->syscall, 10, &number) ||
	    number < 0 || number > 100000)
		return;
	int machine = audit_elf_to_machine((uint32_t)arch);
	const char *name = machine < 0 ? NULL : audit_syscall_to_name((int)number, machine);
	if (!name)
		return;
	add(reading, STR("SYSCALL"), str_from(name));
	reading->connects = strcmp(name, "connect") == 0;
}

static void add_computed(struct reading *reading)
{
	argument_end(reading);
	add_syscall(reading);
	if (reading->connects)
		add(reading, STR("Initiated"), STR("true"));
	if (reading->address.n && !reading->enriched_address)
		add_address(reading, reading->address);
	if (reading->command.n)
		add(reading, STR("CommandLine"), arena_str(reading->arena, buf_str(&reading->command)));
	for (size_t i = 0; i < reading->n_created; i++) {
		struct str name = reading->created[i];
		if (name.p[0] != '/' && reading->cwd.n)
			name = arena_printf(reading->arena, "%.*s%s%.*s", STR_ARG(reading->cwd), str_ends(reading->cwd, "/") ? "" : "/",
			                    STR_ARG(name));
		add(reading, STR("TargetFilename"), name);
	}
}

void audit_fields_read(struct parse *parse, struct event *event, struct str records)
{
	struct reading reading = { .parse = parse, .event = event, .arena = &parse->batch->arena };
	struct str line;
	while (str_line(&records, &line)) {
		struct audit_frame frame;
		if (!audit_frame_read(line, &frame))
			continue;
		if (event->time == EVENT_NO_TIME) {
			event->time = frame.ns;
			event->host = host_of(&frame);
			parse_field(parse, event, STR("serial"), arena_printf(reading.arena, "%llu", (unsigned long long)frame.serial),
			            VALUE_NUMBER);
		}
		if (!str_is(frame.type, "EXECVE"))
			argument_end(&reading);
		reading.type = frame.type;
		if (frame.type.n)
			add(&reading, STR("type"), frame.type);
		take_fields(&reading, frame.body, false);
		remember_created(&reading);
	}
	add_computed(&reading);
	buf_done(&reading.command);
	buf_done(&reading.argument);
}
