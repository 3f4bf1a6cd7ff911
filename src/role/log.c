/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/log.h"

#include <unistd.h>

#include "base/clock.h"

#define AGAIN_NS ((int64_t)60 * 1000000000)

void role_say(struct role_log *log, const struct note *note)
{
	ARENA(arena);
	BUF(line);
	struct str text = note_text(&arena, log->lang, note);
	uint64_t hash = str_hash(text);
	int64_t now = clock_monotonic_ns();
	if (hash == log->last && now - log->last_ns < AGAIN_NS)
		return;
	log->last = hash;
	log->last_ns = now;
	buf_printf(&line, "ward %s: %s: ", log->office ? "up" : "collect", log->who);
	for (size_t i = 0; i < text.n; i++)
		buf_add_char(&line, (unsigned char)text.p[i] < 32 || text.p[i] == 127 ? '?' : text.p[i]);
	buf_add_char(&line, '\n');
	/* One write, so that lines of several processes do not mix. Nobody to tell when it fails. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		return;
}
