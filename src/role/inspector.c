/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/inspector.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/json.h"
#include "report/brief.h"
#include "role/control.h"
#include "role/inspection_frames.h"
#include "role/wire.h"
#include "sys/library.h"
#include "sys/root.h"

struct inspector {
	const struct inspector_options *options;
	struct content content;
	struct arena arena;    /* of the content */
	struct checks checks;
	struct inventory inventory;
	int server;            /* -1: none */
	struct buf heard;
	bool briefed;
	struct buf kept;       /* what was found before the server asked */
	int64_t kept_at;       /* monotonic; 0: nothing */
	const char *kept_office; /* by whose thresholds; NULL: nothing */
	bool answered;         /* all was said: the next question is hours away, and for another process */
};

/* What was found just now answers the server's first question, too. */
#define KEPT_FOR ((int64_t)60 * 1000000000)

static struct str regime_of(const struct inspector *inspector)
{
	return config_regime(inspector->options->config, inspector->options->log->lang);
}

static void say_brief(struct inspector *inspector, struct arena *arena, const struct inspection *inspection)
{
	BUF(out);
	if (inspector->briefed || !inspector->options->brief || shared_get(&inspector->options->shared->briefed))
		return;
	inspector->briefed = true;
	shared_set(&inspector->options->shared->briefed, 1);
	inspection_brief(&out, inspection, &(struct inspection_style){ .lang = inspector->options->log->lang });
	/* Nobody to tell when it fails. */
	if (write(STDOUT_FILENO, out.p, out.n) < 0)
		return;
	(void)arena;
}

/* One inspection, as frames. */
static int inspect(struct inspector *inspector, struct str office, struct str regime, struct buf *out, struct err *err)
{
	ARENA(arena);
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	CLEANUP(facts_free_p) struct facts *facts = NULL;
	struct profile by_office, by_regime;
	struct inspection inspection;
	int r = profile_load(&arena, &inspector->content, office, PROFILE_OFFICE, &by_office, err);
	if (r == 0)
		r = profile_load(&arena, &inspector->content, regime, PROFILE_REGIME, &by_regime, err);
	if (r == 0)
		r = root_open(&root, "/", err);
	if (r < 0)
		return r;
	facts = facts_new(&root, &(struct facts_options){ 0 });
	inventory_want(&inspector->inventory, facts);
	const struct inspection_options options = { .checks = &inspector->checks, .office = &by_office, .regime = &by_regime };
	r = inspection_run(&arena, facts, &options, &inspection, err);
	if (r < 0)
		return r;
	say_brief(inspector, &arena, &inspection);
	inspection_frames(out, &inspection, &inspector->inventory, facts);
	return 0;
}

static void run_now(struct inspector *inspector, struct str office, struct str regime, struct buf *out)
{
	struct err err = { "" };
	struct shared_text *trouble = &inspector->options->shared->roles[ROLE_INSPECTOR].trouble;
	int r = inspect(inspector, office, regime, out, &err);
	shared_say(trouble, r < 0 ? err.text : NULL);
	if (r < 0) {
		role_say(inspector->options->log, &NOTE("{}", str_from(err.text)));
		buf_clear(out);
		inspection_failed_frame(out, str_from(err.text));
	}
}

static void hang_up(struct inspector *inspector)
{
	fd_close_p(&inspector->server);
	buf_clear(&inspector->heard);
}

static void say(struct inspector *inspector, struct str text)
{
	while (text.n && inspector->server >= 0) {
		ssize_t n = send(inspector->server, text.p, text.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			hang_up(inspector);
			return;
		}
		text = str_slice(text, (size_t)n, text.n);
	}
}

static void answer(struct inspector *inspector, uint64_t number, struct str office, struct str regime)
{
	BUF(done);
	if (inspector->kept_at == 0 || !str_is(office, inspector->kept_office) || clock_monotonic_ns() - inspector->kept_at > KEPT_FOR) {
		buf_clear(&inspector->kept);
		run_now(inspector, office, regime, &inspector->kept);
	}
	say(inspector, buf_str(&inspector->kept));
	inspection_done_frame(&done, number);
	say(inspector, buf_str(&done));
	buf_done(&inspector->kept);
	inspector->kept_at = 0;
}

static int hear(struct inspector *inspector, struct err *err)
{
	struct wire_frame frame;
	size_t used;
	ssize_t n = recv(inspector->server, buf_reserve(&inspector->heard, 4096), 4096, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		hang_up(inspector);
		return 0;
	}
	inspector->heard.n += (size_t)n;
	int r = wire_frame(buf_str(&inspector->heard), &frame, &used, err);
	if (r <= 0)
		return r;
	struct str payload = frame.payload, office, regime;
	if (frame.kind != WIRE_INSPECT || !wire_take_text(&payload, &office) || !wire_take_text(&payload, &regime))
		return err_set(err, -EBADMSG, "a question that nobody asks");
	ARENA(arena);
	office = arena_str(&arena, office.n ? office : inspector->options->config->up.profile);
	regime = arena_str(&arena, regime.n ? regime : regime_of(inspector));
	buf_clear(&inspector->heard); /* one question at a time: the server waits for the answer */
	answer(inspector, frame.number, office, regime);
	inspector->answered = inspector->server >= 0;
	return 0;
}

static int take_word(struct inspector *inspector, bool *stop, struct err *err)
{
	enum control_word word;
	int fd;
	int r = control_take(inspector->options->control, &word, &fd, err);
	if (r < 0)
		return r;
	*stop = word == CONTROL_STOP;
	if (word == CONTROL_SERVER && fd >= 0) {
		hang_up(inspector);
		inspector->server = fd;
		fd = -1;
	}
	fd_close_p(&fd);
	return 0;
}

static int loop(struct inspector *inspector, struct err *err)
{
	bool stop = false;
	while (!stop && !inspector->answered) {
		struct pollfd wait[] = {
			{ .fd = inspector->options->control, .events = POLLIN },
			{ .fd = inspector->server, .events = POLLIN },
		};
		if (poll(wait, COUNT(wait), -1) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the inspector cannot wait");
		int r = wait[1].revents ? hear(inspector, err) : 0;
		if (r == 0 && wait[0].revents)
			r = take_word(inspector, &stop, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Of the tables certificates, apt_updates and others. */
static const char *const libraries[] = { "libgnutls.so.30", "libarchive.so.13", NULL };

static int begin(struct inspector *inspector, struct err *err)
{
	struct shared_role *shared = &inspector->options->shared->roles[ROLE_INSPECTOR];
	int r = checks_load(&inspector->arena, &inspector->content, &inspector->checks, err);
	if (r == 0)
		r = inventory_load(&inspector->arena, &inspector->content, &inspector->inventory, err);
	if (r < 0)
		return r;
	library_keep(libraries);
	/* People wait for the server, nobody for this. */
	(void)!nice(10);
	struct sandbox sandbox = role_sandbox(ROLE_INSPECTOR, NULL, NULL, inspector->options->parent);
	r = role_enter(&sandbox, shared, err);
	if (r < 0)
		return r;
	shared_set(&shared->ready, 1);
	return 0;
}

int inspector_run(const struct inspector_options *options, struct err *err)
{
	struct inspector *inspector = mem_alloc(sizeof(*inspector)); /* the process ends with it */
	*inspector = (struct inspector){ .options = options, .content = CONTENT_EMBEDDED, .server = -1 };
	int r = begin(inspector, err);
	if (r < 0)
		return r;
	run_now(inspector, options->config->up.profile, regime_of(inspector), &inspector->kept);
	inspector->kept_office = arena_cstr(&inspector->arena, options->config->up.profile);
	inspector->kept_at = clock_monotonic_ns();
	return loop(inspector, err);
}
