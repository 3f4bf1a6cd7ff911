/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * shared: what the processes of the collector tell about themselves, in memory that all of them see.
 *
 * Made before the first of them is started, and inherited. Each field has one writer; numbers are read and written whole
 * (shared_add(), shared_set()); texts stand behind a counter that tells a reader when it saw half of one. It is for
 * people and monitoring only: no process acts on what another one wrote here.
 */
#ifndef WARD_ROLE_SHARED_H
#define WARD_ROLE_SHARED_H

#include "role/config.h"
#include "role/role.h"

enum { SHARED_TEXT = 256 };

struct shared_text {
	uint32_t version; /* odd: being written */
	char text[SHARED_TEXT];
};

struct shared_role {
	int64_t pid;       /* 0: not running */
	int64_t started;   /* seconds since 1970 */
	uint64_t restarts, ready; /* ready: it has begun its work at least once */
	struct shared_text sandbox, trouble; /* "": none */
};

struct shared_source {
	char name[CONFIG_SOURCE_NAME + 1], kind[16];
	uint64_t events, bytes, flawed, lost, refused, streams;
	int64_t last;      /* nanoseconds: when something came last; 0: never */
	struct shared_text trouble;
};

struct shared {
	int64_t started;
	struct shared_role roles[ROLE_COUNT];
	struct shared_source sources[CONFIG_SOURCES];
	size_t n_sources;
	struct { /* the reader's */
		uint64_t matched, rules, rule_problems, reloads, waiting; /* waiting: bytes read and not kept yet */
		int64_t rules_loaded; /* seconds */
		int64_t cpu_ns;
	} detect;
	struct { /* the writer's */
		uint64_t events, bytes, commits, findings, sealed;
		int64_t commit_ns, last_commit, last_seal; /* the last two: nanoseconds since 1970 */
		int64_t lag;                               /* nanoseconds from reading to keeping, of the last batch */
		int64_t disk_free, disk_size;              /* bytes */
		int64_t cpu_ns;
	} archive;
	struct { /* the keeper's */
		uint64_t signed_count;
	} keeper;
	char key_id[32]; /* "": not signed; the keeper says it anew when it begins */
	uint64_t briefed;   /* the inspector's: what was found was said once */
	struct shared_text directory; /* the server's: why people could not log in by it, the last time somebody tried; "": they could */
	uint64_t announced; /* the server's: where it answers was said once */
};

/* Never fails. */
struct shared *shared_new(void);

static inline void shared_add(uint64_t *number, uint64_t more)
{
	__atomic_store_n(number, __atomic_load_n(number, __ATOMIC_RELAXED) + more, __ATOMIC_RELAXED);
}
#define shared_set(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)
#define shared_get(place)        __atomic_load_n(place, __ATOMIC_RELAXED)

void shared_say(struct shared_text *text, const char *words); /* NULL: nothing */
/* A copy in the arena; "" when there is nothing or the writer does not finish. */
struct str shared_said(struct arena *arena, const struct shared_text *text);

/* All of it, as `ward status --format json` shows it. */
void shared_json(struct buf *out, const struct shared *shared);
/* In the text format of Prometheus (version 0.0.4). */
void shared_metrics(struct buf *out, const struct shared *shared);

#endif
