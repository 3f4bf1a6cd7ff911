/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/serve.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/seal.h"
#include "role/carry.h"
#include "role/control.h"
#include "role/doctor.h"
#include "role/intake.h"
#include "role/office_open.h"
#include "role/office_web.h"
#include "role/office_work.h"
#include "role/timers.h"
#include "sys/root.h"

#define SECOND  ((int64_t)1000000000)
#define PATIENCE 20 /* seconds that requests have when it is told to stop */

struct serve {
	const struct serve_options *options;
	struct arena arena;       /* of the process */
	struct keeper *keeper;
	struct signer signer;
	struct office office;
	struct office_web web;
	struct intake intake;
	struct timers timers;
	struct office_work work;
	struct carry carry;
	int inspector;            /* -1: none */
	int wish;                 /* read end of office.inspect */
	pthread_mutex_t said;     /* guards shared.directory: logins are verified on several threads */
	bool wanted;              /* an inspection, of an inspector that has to start first */
	bool rooted;              /* there is an organisation */
	bool stopping;
};

/* ---- who it speaks to ---- */

/* One that is just ending does not hear it: then it is wanted still, and the supervisor is told. */
static int ask_now(struct serve *serve, struct err *err)
{
	int r = intake_ask(&serve->intake, serve->inspector, err);
	serve->wanted = r < 0;
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

/* With another key only when that was ordered; whoever else comes is no keeper of ours, and this server ends. */
static int other_keeper(struct serve *serve, int fd, struct err *err)
{
	struct err why = { "" };
	int other = keeper_replace(serve->keeper, fd, carry_awaits_key(&serve->carry), &why);
	if (other == -EPIPE || other == -ETIMEDOUT) /* it ended at once: the supervisor sends another one */
		return 0;
	if (other < 0)
		return err_set(err, other, "%s", why.text);
	if (other)
		__atomic_store_n(&serve->office.signing_key, office_signing_key(&serve->arena, serve->keeper), __ATOMIC_RELEASE);
	if (carry_keeper(&serve->carry, other == 1, &why) < 0)
		role_say(serve->options->log, &NOTE("{}", str_from(why.text)));
	return 0;
}

static int take_word(struct serve *serve, struct err *err)
{
	enum control_word word;
	int fd;
	int r = control_take(serve->options->control, &word, &fd, err);
	if (r < 0)
		return r;
	if (word == CONTROL_STOP) {
		serve->stopping = true;
	} else if (word == CONTROL_KEEPER && fd >= 0) {
		r = serve->keeper ? other_keeper(serve, fd, err) : keeper_open(fd, &serve->keeper, err);
		fd = -1;
	} else if (word == CONTROL_WRITER && fd >= 0) {
		carry_writer(&serve->carry, fd);
		fd = -1;
	} else if (word == CONTROL_INSPECTOR && fd >= 0) {
		fd_close_p(&serve->inspector);
		intake_reset(&serve->intake);
		serve->inspector = fd;
		fd = -1;
		if (serve->wanted)
			r = ask_now(serve, err);
	}
	fd_close_p(&fd);
	return r;
}

/* ---- what is said at the start ---- */

static struct str host_in_address(struct arena *arena, const struct serve *serve)
{
	struct err err = { "" };
	struct str host;
	uint16_t port;
	if (config_listen(serve->options->config->up.listen, &host, &port, &err) < 0 || str_is(host, "*") ||
	    str_is(host, "0.0.0.0") || str_is(host, "::"))
		return serve->web.names.p[0]; /* the machine's own name */
	return str_find_char(host, ':') >= 0 ? arena_printf(arena, "[%.*s]", STR_ARG(host)) : host;
}

static void print(struct str text)
{
	/* Nobody to tell when it fails: the console answers all the same. */
	if (write(STDOUT_FILENO, text.p, text.n) < 0)
		return;
}

static void add_line(struct buf *out, struct arena *arena, enum lang lang, struct note note)
{
	buf_add(out, note_text(arena, lang, &note));
	buf_add_char(out, '\n');
}

/* Once in the life of a `ward up`, not of each server that follows one that died. `token`: of the first login; STR_NONE: people can
 * log in. */
static void announce(struct serve *serve, struct str token)
{
	ARENA(arena);
	BUF(out);
	const struct serve_options *options = serve->options;
	enum lang lang = options->log->lang;
	struct str address = arena_printf(&arena, "https://%.*s:%u/", STR_ARG(host_in_address(&arena, serve)), options->port);
	struct str link = token.p ? arena_printf(&arena, "%.*s#/first/%.*s", STR_ARG(address), STR_ARG(token)) : STR_NONE;
	if (shared_get(&options->shared->announced))
		return;
	shared_set(&options->shared->announced, 1);
	if (options->json) {
		json_open_map(&out, NULL);
		json_put(&out, "address", address);
		json_put_int(&out, "port", options->port);
		json_put_or_null(&out, "first", link);
		json_put(&out, "directory", options->config->up.dir);
		buf_puts(&out, "}\n");
	} else {
		add_line(&out, &arena, lang, NOTE("The console answers at {}", address));
		if (link.p) {
			add_line(&out, &arena, lang, NOTE("The first login, once and within 24 hours: {}", link));
			add_line(&out, &arena, lang, NOTE("The browser does not know this machine's certificate yet; {} can be imported there.",
			                                  arena_printf(&arena, "%.*s/tls/ca.crt", STR_ARG(options->config->up.dir))));
		}
		add_line(&out, &arena, lang, NOTE("It runs until Ctrl-C."));
	}
	print(buf_str(&out));
}

/* ---- timers ---- */

static int look_for_findings(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	int r, pieces = 0;
	while ((r = intake_findings(&serve->intake, serve->options->config->findings, err)) == 1 && ++pieces < 16)
		;
	return r;
}

/* Said again until there is one: the supervisor does not hear it while the last one is ending. */
static int want_inspector(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	if (!serve->wanted || serve->inspector >= 0)
		return 0;
	return control_send(serve->options->control, CONTROL_INSPECT, -1, err);
}

static int ask_inspector(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	if (serve->intake.asked)
		return 0;
	serve->wanted = true;
	return serve->inspector >= 0 ? ask_now(serve, err) : want_inspector(serve, err);
}

/* With the first login there is an organisation that this machine and its findings can belong to: they are taken anew. */
static int look_for_root(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	struct db *db;
	int64_t root = 0;
	if (serve->rooted)
		return 0;
	int r = records_read(serve->office.records, &db, err);
	if (r < 0)
		return r;
	r = db_one_int(db, "SELECT CAST(value AS INTEGER) FROM ward_setting WHERE name = 'root_org'", 0, &root, err);
	records_read_end(serve->office.records, db);
	if (r < 0 || !root)
		return r;
	serve->rooted = true;
	return ask_inspector(serve, err);
}

/* Changed here, or by another server with the same records: judged anew by it. */
static int look_for_kind(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	int r = office_look_for_kind(&serve->office, err);
	if (r <= 0)
		return r;
	office_work_judge(&serve->work);
	return ask_inspector(serve, err);
}

static int renew_certificate(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	return office_web_renew(&serve->arena, serve->options->config, serve->keeper, &serve->web, false, err);
}

static int seal_journal(void *ctx, struct err *err)
{
	struct serve *serve = ctx;
	/* Of a keeper that took the place of another one, too. */
	serve->signer = keeper_signer(serve->keeper);
	int r = seal_if_due(serve->office.records, &serve->signer, 1000, 600, err);
	return r < 0 ? r : 0;
}

static void set_timers(struct serve *serve)
{
	int64_t every = serve->options->config->up.inspect_every * SECOND;
	timers_add(&serve->timers, "findings", 2 * SECOND, 0, look_for_findings, serve);
	timers_add(&serve->timers, "inspector", 2 * SECOND, SECOND, want_inspector, serve);
	timers_add(&serve->timers, "kind of office", 2 * SECOND, 0, look_for_kind, serve);
	timers_add(&serve->timers, "organisation", 2 * SECOND, 0, look_for_root, serve);
	timers_add(&serve->timers, "inspection", every, every, ask_inspector, serve);
	timers_add(&serve->timers, "certificate", 24 * 3600 * SECOND, 3600 * SECOND, renew_certificate, serve);
	timers_add(&serve->timers, "seal", 30 * SECOND, 5 * SECOND, seal_journal, serve);
	office_work_begin(&serve->work, &serve->office, &serve->timers);
	carry_begin(&serve->carry, &serve->timers);
}

/* ---- its life ---- */

/* On a thread of the web server. */
static void look_as_doctor(void *ctx, enum lang lang, struct buf *out)
{
	const struct serve *serve = ctx;
	ARENA(arena);
	struct doctor doctor = { .arena = &arena, .config = serve->options->config, .shared = serve->options->shared };
	doctor_run_inside(&doctor);
	doctor_json(&doctor, lang, out);
}

/* On a thread that verifies a password. */
static void hear_directory(void *ctx, const char *why)
{
	struct serve *serve = ctx;
	struct shared_text *said = &serve->options->shared->directory;
	pthread_mutex_lock(&serve->said);
	if (why || said->text[0])
		shared_say(said, why);
	pthread_mutex_unlock(&serve->said);
	if (why)
		role_say(serve->options->log, &NOTE("{}", str_from(why)));
}

static int open_wishes(struct serve *serve, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, -errno, "no pipe for the server");
	serve->wish = ends[0];
	serve->office.inspect = ends[1];
	return 0;
}

static int enter(struct serve *serve, struct err *err)
{
	const struct serve_options *options = serve->options;
	struct sandbox sandbox = role_sandbox(ROLE_SERVER, office_paths(&serve->arena, options->config), options->user, options->parent);
	if (office_connects(options->config)) {
		sandbox.calls |= SANDBOX_CONNECT;
		sandbox.network = true;
	}
	return role_enter(&sandbox, &options->shared->roles[ROLE_SERVER], err);
}

static int begin(struct serve *serve, struct err *err)
{
	const struct serve_options *options = serve->options;
	struct str token = STR_NONE, ldap_password = STR_NONE;
	int r = 0;
	while (r == 0 && !serve->keeper && !serve->stopping)
		r = take_word(serve, err);
	if (r < 0 || serve->stopping)
		return r;
	/* The walls first: threads that begin later stand behind them, files are made by the user who will need them. */
	office_prepare(options->config);
	r = office_web_given(&serve->arena, options->config, &serve->web.tls, err);
	r = r < 0 ? r : directory_prepare(&serve->arena, &options->config->up.ldap, &ldap_password, err);
	r = r < 0 ? r : enter(serve, err);
	r = r < 0 ? r : office_open(&serve->arena, options->config, options->log->lang, serve->keeper, ldap_password, &serve->office, err);
	serve->office.doctor = look_as_doctor;
	serve->office.doctor_ctx = serve;
	if (r == 0) {
		serve->office.people->heard_directory = hear_directory;
		serve->office.people->heard_ctx = serve;
	}
	r = r < 0 ? r : open_wishes(serve, err);
	r = r < 0 ? r : inventory_load(&serve->arena, &serve->office.content, &serve->intake.inventory, err);
	r = r < 0 ? r : office_web_open(&serve->arena, options->config, serve->keeper, &serve->office, options->log, &serve->web, err);
	/* A server that follows one that died leaves the link alone that was said. */
	if (r == 0 && !shared_get(&options->shared->announced))
		r = office_first_token(&serve->arena, &serve->office, &token, err);
	r = r < 0 ? r : office_web_start(options->config, &serve->web, options->console, err);
	if (r < 0)
		return r;
	serve->intake.office = &serve->office;
	set_timers(serve);
	shared_set(&options->shared->roles[ROLE_SERVER].ready, 1);
	announce(serve, token);
	return 0;
}

static void hear_inspector(struct serve *serve)
{
	struct err err = { "" };
	int64_t host = 0;
	int r = intake_hear(&serve->intake, serve->inspector, &host, &err);
	if (r == 1) {
		office_inspected(&serve->office, host);
		malloc_trim(0); /* it was large, and the next one is hours away */
	}
	if (r >= 0)
		return;
	if (r != -EPIPE)
		role_say(serve->options->log, &NOTE("{}", str_from(err.text)));
	/* Who has answered ends; who has not is started again, and asked again. */
	serve->wanted |= r == -EPIPE && serve->intake.asked;
	if (r == -EPIPE || r == -EBADMSG) {
		fd_close_p(&serve->inspector);
		serve->inspector = -1;
	}
	intake_reset(&serve->intake);
}

static void hear_wish(struct serve *serve)
{
	char bytes[64];
	struct err err = { "" };
	while (read(serve->wish, bytes, sizeof(bytes)) > 0)
		;
	if (ask_inspector(serve, &err) < 0)
		role_say(serve->options->log, &NOTE("{}", str_from(err.text)));
}

static void hear_writer(struct serve *serve)
{
	struct err err = { "" };
	if (carry_hear(&serve->carry, &err) < 0)
		role_say(serve->options->log, &NOTE("{}", str_from(err.text)));
}

static void say_trouble(void *ctx, const char *name, const char *words)
{
	struct serve *serve = ctx;
	shared_say(&serve->options->shared->roles[ROLE_SERVER].trouble, words);
	if (words)
		role_say(serve->options->log, &NOTE("{}: {}", str_from(name), str_from(words)));
}

static int loop(struct serve *serve, struct err *err)
{
	while (!serve->stopping) {
		struct pollfd wait[] = {
			{ .fd = serve->options->control, .events = POLLIN },
			{ .fd = serve->inspector, .events = POLLIN },
			{ .fd = serve->wish, .events = POLLIN },
			{ .fd = serve->carry.writer, .events = POLLIN },
		};
		if (poll(wait, COUNT(wait), timers_wait_ms(&serve->timers)) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the server cannot wait");
		int r = wait[0].revents ? take_word(serve, err) : 0;
		if (r < 0)
			return r == -EPIPE ? 0 : r;
		if (wait[1].revents && !wait[0].revents)
			hear_inspector(serve);
		if (wait[2].revents)
			hear_wish(serve);
		if (wait[3].revents && !wait[0].revents)
			hear_writer(serve);
		timers_run(&serve->timers, say_trouble, serve);
	}
	return 0;
}

int serve_run(const struct serve_options *options, struct err *err)
{
	struct serve *serve = mem_alloc(sizeof(*serve)); /* the process ends with it */
	*serve = (struct serve){ .options = options, .inspector = -1, .wish = -1, .said = PTHREAD_MUTEX_INITIALIZER, .wanted = true };
	serve->carry = (struct carry){ .arena = &serve->arena, .config = options->config, .office = &serve->office, .web = &serve->web,
		                       .keeper = &serve->keeper, .control = options->control, .writer = -1 };
	int r = begin(serve, err);
	r = r < 0 || serve->stopping ? r : loop(serve, err);
	office_web_stop(&serve->web, PATIENCE);
	timers_done(&serve->timers);
	carry_done(&serve->carry);
	intake_reset(&serve->intake);
	office_close(&serve->office);
	fd_close_p(&serve->inspector);
	fd_close_p(&serve->wish);
	keeper_close(serve->keeper);
	arena_done(&serve->arena);
	free(serve);
	return r;
}
