/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward status: how the collector of this machine is doing.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/command.h"
#include "cmd/office_dir.h"
#include "data/json.h"
#include "event/timestamp.h"
#include "role/supervisor.h"
#include "sys/root.h"

enum { OPT_DIR, OPT_CONFIG, OPT_RUN, OPT_FORMAT_, OPT_END };
enum { ANSWER_MOST = 4 * 1024 * 1024, PATIENCE_MS = 5000 };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_DIR] = { "dir", 'd', OPT_DIRECTORY, "DIR",
	              .help = TR("the directory of ward up; without /etc/ward/ward.yaml /var/lib/ward as root, ~/.local/share/ward otherwise") },
	[OPT_CONFIG] = { "config", 'c', OPT_FILE, "FILE", .help = TR("the configuration; /etc/ward/ward.yaml otherwise") },
	[OPT_RUN] = { "run", 0, OPT_DIRECTORY, "DIR", .help = TR("where the collector's socket is; the configuration says it otherwise") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

/* The whole answer to GET /status. */
static int ask(const char *run, struct buf *answer, struct err *err)
{
	static const char request[] = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SUPERVISOR_SOCKET, run);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG, "'%s' is too long for a socket", run);
	CLEANUP(fd_close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int why = -errno;
		return why == -ENOENT || why == -ECONNREFUSED ? err_set(err, why, "the collector does not run (%s)", address.sun_path)
		                                              : err_errno(err, why, "cannot ask the collector at '%s'", address.sun_path);
	}
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		return err_errno(err, -errno, "cannot ask the collector");
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		if (poll(&wait, 1, PATIENCE_MS) <= 0 || answer->n > ANSWER_MOST)
			return err_set(err, -ETIMEDOUT, "the collector does not answer");
		ssize_t got = recv(fd, buf_reserve(answer, 65536), 65536, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, -errno, "cannot hear the collector");
		if (got == 0)
			return 0;
		answer->n += (size_t)got;
	}
}

/* ---- for people ---- */

struct page {
	struct call *call;
	struct buf *out;
};

static double number_of(const struct doc *map, const char *key)
{
	const struct doc *value = doc_get(map, str_from(key));
	return !value ? 0 : value->type == DOC_INT ? (double)value->integer : value->type == DOC_REAL ? value->real : 0;
}

static struct str text_of(const struct doc *map, const char *key)
{
	struct str text = doc_text(map, key);
	return text.p ? text : STR("");
}

/* "12 345 678", as all three languages read it. */
static struct str grouped(struct arena *arena, double value)
{
	struct str plain = arena_printf(arena, "%.0f", value);
	BUF(out);
	for (size_t i = 0; i < plain.n; i++) {
		if (i && (plain.n - i) % 3 == 0)
			buf_add_char(&out, ' ');
		buf_add_char(&out, plain.p[i]);
	}
	return arena_str(arena, buf_str(&out));
}

static struct str bytes_text(struct arena *arena, double value)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < COUNT(units)) {
		value /= 1024;
		unit++;
	}
	return arena_printf(arena, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* What users have named, such as a source, is not translated. */
static void named(struct page *page, struct str words, struct str value)
{
	int pad = 20 - (int)utf8_width(words);
	if (!value.n)
		return;
	buf_printf(page->out, "%.*s%*s  %.*s\n", STR_ARG(words), MAX(pad, 0), "", STR_ARG(value));
}

static void line(struct page *page, const char *label, struct str value)
{
	named(page, tr_word(page->call->lang, "label", label), value);
}

static void note(struct page *page, const char *label, struct note words)
{
	line(page, label, note_text(page->call->arena, page->call->lang, &words));
}

/* People read their own time, with its zone; JSON has UTC. */
static struct str local(struct page *page, struct str then)
{
	static const struct timestamp_hint hint = { 0 };
	int64_t ns;
	return timestamp_parse(then, &hint, &ns) ? clock_format_local(page->call->arena, ns / 1000000000) : then;
}

static struct str age(struct page *page, struct str then)
{
	return then.n ? local(page, then) : tr_word(page->call->lang, "label", "never");
}

static bool show_roles(struct page *page, const struct doc *roles)
{
	struct arena *arena = page->call->arena;
	bool good = true;
	for (size_t i = 0; roles && i < roles->n; i++) {
		const struct doc *role = &roles->items[i];
		struct str trouble = text_of(role, "trouble");
		double pid = number_of(role, "pid");
		BUF(value);
		/* It comes when it is wanted. */
		bool rests = pid <= 0 && str_is(text_of(role, "role"), "inspector");
		buf_add(&value, pid > 0 ? arena_printf(arena, "pid %.0f", pid)
		                        : tr(page->call->lang, rests ? TR("rests until the next inspection") : TR("not running")));
		if (text_of(role, "sandbox").n)
			buf_printf(&value, "; %.*s", STR_ARG(text_of(role, "sandbox")));
		if (number_of(role, "restarts") > 0) {
			struct note again = NOTE("started again {} time{s}", arena_printf(arena, "%.0f", number_of(role, "restarts")));
			buf_printf(&value, "; %.*s", STR_ARG(note_text(arena, page->call->lang, &again)));
		}
		line(page, arena_cstr(arena, text_of(role, "role")), arena_str(arena, buf_str(&value)));
		line(page, "trouble", trouble);
		good &= (pid > 0 || rests) && !trouble.n;
	}
	return good;
}

static bool show_sources(struct page *page, const struct doc *sources)
{
	struct arena *arena = page->call->arena;
	bool good = true;
	for (size_t i = 0; sources && i < sources->n; i++) {
		const struct doc *source = &sources->items[i];
		struct note counts = NOTE("{} event{s}, {}, {} flawed, {} lost", grouped(arena, number_of(source, "events")),
		                          bytes_text(arena, number_of(source, "bytes")), grouped(arena, number_of(source, "flawed")),
		                          grouped(arena, number_of(source, "lost")));
		struct note last = NOTE("{}; last {}", note_text(arena, page->call->lang, &counts),
		                        age(page, text_of(source, "last")));
		named(page, text_of(source, "name"), note_text(arena, page->call->lang, &last));
		line(page, "trouble", text_of(source, "trouble"));
		good &= number_of(source, "lost") == 0 && !text_of(source, "trouble").n;
	}
	return good;
}

static bool show(struct page *page, const struct doc *status)
{
	struct arena *arena = page->call->arena;
	const struct doc *archive = doc_get(status, STR("archive")), *detect = doc_get(status, STR("detect"));
	line(page, "running since", age(page, text_of(status, "started")));
	bool good = show_roles(page, doc_get(status, STR("roles")));
	buf_add_char(page->out, '\n');
	good &= show_sources(page, doc_get(status, STR("sources")));
	buf_add_char(page->out, '\n');
	note(page, "rules", NOTE("{} in force, {} could not be loaded; loaded {}", grouped(arena, number_of(detect, "rules")),
	                         grouped(arena, number_of(detect, "problems")), age(page, text_of(detect, "loaded"))));
	note(page, "archive", NOTE("{} event{s}, {}, {} finding{s} since the start", grouped(arena, number_of(archive, "events")),
	                           bytes_text(arena, number_of(archive, "bytes")), grouped(arena, number_of(archive, "findings"))));
	line(page, "last commit", age(page, text_of(archive, "last_commit")));
	line(page, "last seal", age(page, text_of(archive, "last_seal")));
	note(page, "waiting", NOTE("{}; the last batch was kept after {} s", bytes_text(arena, number_of(detect, "waiting_bytes")),
	                           arena_printf(arena, "%.3f", number_of(archive, "lag_seconds"))));
	note(page, "disk", NOTE("{} free of {}", bytes_text(arena, number_of(archive, "disk_free")),
	                        bytes_text(arena, number_of(archive, "disk_size"))));
	line(page, "key", text_of(status, "key").n ? text_of(status, "key") : tr(page->call->lang, "none: blocks are not signed"));
	return good;
}

/* As said; of the collector's configuration; of ward up, which needs none. */
static int find_socket(struct call *call, const char **run, struct err *err)
{
	const char *file = opt_cstr(&call->args, OPT_CONFIG), *dir = opt_cstr(&call->args, OPT_DIR);
	struct config config;
	*run = opt_cstr(&call->args, OPT_RUN);
	if (*run)
		return 0;
	int r;
	if (!dir && (file || access(CONFIG_FILE, F_OK) == 0)) {
		r = config_load(call->arena, file ? file : CONFIG_FILE, &config, err);
	} else {
		dir = office_directory(call, dir, err);
		if (!dir)
			return -EINVAL;
		r = config_up(call->arena, dir, office_config(call, dir, file), &config, err);
	}
	if (r == 0)
		*run = arena_cstr(call->arena, config.run);
	return r;
}

static int status_run(struct call *call, struct err *err)
{
	const char *run;
	BUF(answer);
	BUF(out);
	int r = find_socket(call, &run, err);
	if (r < 0)
		return r;
	r = ask(run, &answer, err);
	if (r < 0)
		return r;
	ptrdiff_t end = str_find(buf_str(&answer), "\r\n\r\n");
	struct source source = { .name = "the collector's answer",
		                 .text = str_slice(buf_str(&answer), end < 0 ? answer.n : (size_t)end + 4, answer.n) };
	const struct doc *status;
	r = json_parse(call->arena, &source, &status, err);
	if (r < 0)
		return r;
	struct page page = { call, &out };
	bool good = show(&page, status);
	if (opt_choice(&call->args, OPT_FORMAT_, 0) == 1) {
		buf_clear(&out);
		buf_add(&out, source.text);
	}
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : good ? EXIT_GOOD : EXIT_FOUND;
}

static const struct command_exit exits[] = {
	{ 0, TR("it runs, and nothing is wrong") },
	{ 1, TR("it runs, but something is wrong: a process in trouble, a source that lost messages") },
	{ 2, TR("it does not run, or does not answer") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward status", TR("how it is doing") },
	{ "ward status --dir /srv/ward", TR("of a whole office, which ward up runs there") },
	{ "ward status -f json", TR("for another program") },
	{ 0 },
};

const struct command command_status = {
	.name = "status",
	.summary = TR("how the collector of this machine is doing"),
	.description = TR("Shows the processes with their sandboxes, each source with what it brought and lost, the archive, and the disk. "
	                  "The same figures are at /metrics for Prometheus."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.run = status_run,
};
