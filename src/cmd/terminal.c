/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

#define LINE_CLEAR "\r\033[K"

/* Ctrl-C: leave the terminal without half a line, then end as anybody would. */
static void progress_clear(int sign)
{
	(void)!write(STDERR_FILENO, LINE_CLEAR, sizeof(LINE_CLEAR) - 1);
	raise(sign); /* SA_RESETHAND: ends the process */
}

size_t terminal_columns(int fd)
{
	struct winsize size;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool is_dumb(void)
{
	const char *term = getenv("TERM");
	return term && str_is(str_from(term), "dumb");
}

bool terminal_colours(void)
{
	const char *no = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) && !is_dumb() && !(no && *no);
}

void progress_start(struct progress *progress)
{
	progress->wanted = isatty(STDERR_FILENO) && !is_dumb();
	const struct sigaction clear = { .sa_handler = progress_clear, .sa_flags = (int)SA_RESETHAND };
	if (progress->wanted && sigaction(SIGINT, &clear, NULL) == 0)
		(void)sigaction(SIGTERM, &clear, NULL);
}

/* Never more than a line of the terminal: what wraps cannot be taken back. */
void progress_say(struct progress *progress, struct str words)
{
	if (!progress->wanted)
		return;
	size_t columns = terminal_columns(STDERR_FILENO);
	words = utf8_cut(words, columns > 1 ? columns - 1 : 79);
	fprintf(stderr, LINE_CLEAR "%.*s", STR_ARG(words));
	fflush(stderr);
	progress->shown = true;
}

size_t terminal_width(void)
{
	enum { LEAST = 30, USUAL = 100, MOST = 120 };
	size_t columns = terminal_columns(STDOUT_FILENO);
	return columns == 0 ? USUAL : columns < LEAST ? LEAST : columns > MOST ? MOST : columns;
}

bool progress_due(struct progress *progress)
{
	int64_t now = progress->wanted ? clock_monotonic_ns() : 0;
	if (!progress->wanted || now < progress->next_ns)
		return false;
	progress->next_ns = now + 100000000;
	return true;
}

void progress_percent(void *ctx, uint64_t done, uint64_t all)
{
	struct progress *progress = ctx;
	struct call *call = progress->call;
	if (!progress_due(progress))
		return;
	struct note note = { .english = progress->doing, .value = { arena_printf(call->arena, "%d", (int)(all ? done * 100 / all : 100)) } };
	progress_say(progress, note_text(call->arena, call->lang, &note));
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs(LINE_CLEAR, stderr);
	progress->shown = false;
}
