/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/shared.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/json.h"

struct shared *shared_new(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		_exit(2);
	shared->started = clock_now();
	return shared;
}

void shared_say(struct shared_text *text, const char *words)
{
	size_t n = words ? MIN(strlen(words), (size_t)SHARED_TEXT - 1) : 0;
	__atomic_add_fetch(&text->version, 1, __ATOMIC_ACQ_REL);
	if (n)
		memcpy(text->text, words, n);
	text->text[n] = 0;
	__atomic_add_fetch(&text->version, 1, __ATOMIC_ACQ_REL);
}

struct str shared_said(struct arena *arena, const struct shared_text *text)
{
	char copy[SHARED_TEXT];
	for (int i = 0; i < 1000; i++) {
		uint32_t before = __atomic_load_n(&text->version, __ATOMIC_ACQUIRE);
		memcpy(copy, text->text, sizeof(copy));
		if (before % 2 == 0 && __atomic_load_n(&text->version, __ATOMIC_ACQUIRE) == before) {
			copy[SHARED_TEXT - 1] = 0;
			return arena_str(arena, str_from(copy));
		}
	}
	return STR("");
}

static struct str time_of(struct arena *arena, int64_t seconds)
{
	return seconds ? clock_format(arena, seconds) : STR_NONE;
}

static void put_text(struct buf *out, struct arena *arena, const char *name, const struct shared_text *text)
{
	struct str said = shared_said(arena, text);
	json_put(out, name, said.n ? said : STR_NONE);
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	json_put_int(out, name, (int64_t)MIN(value, (uint64_t)INT64_MAX));
}

static void put_role(struct buf *out, struct arena *arena, const struct shared *shared, int role)
{
	const struct shared_role *it = &shared->roles[role];
	json_next(out);
	buf_add_char(out, '{');
	json_put(out, "role", str_from(role_names[role]));
	json_put_int(out, "pid", shared_get(&it->pid));
	json_put(out, "started", time_of(arena, shared_get(&it->started)));
	put_number(out, "restarts", shared_get(&it->restarts));
	put_text(out, arena, "sandbox", &it->sandbox);
	put_text(out, arena, "trouble", &it->trouble);
	buf_add_char(out, '}');
}

static void put_source(struct buf *out, struct arena *arena, const struct shared_source *source)
{
	json_next(out);
	buf_add_char(out, '{');
	json_put(out, "name", str_from(source->name));
	json_put(out, "input", str_from(source->kind));
	put_number(out, "events", shared_get(&source->events));
	put_number(out, "bytes", shared_get(&source->bytes));
	put_number(out, "flawed", shared_get(&source->flawed));
	put_number(out, "lost", shared_get(&source->lost));
	put_number(out, "refused", shared_get(&source->refused));
	put_number(out, "streams", shared_get(&source->streams));
	json_put(out, "last", time_of(arena, shared_get(&source->last) / 1000000000));
	put_text(out, arena, "trouble", &source->trouble);
	buf_add_char(out, '}');
}

void shared_json(struct buf *out, const struct shared *shared)
{
	ARENA(arena);
	buf_add_char(out, '{');
	json_put(out, "started", clock_format(&arena, shared->started));
	json_put(out, "now", clock_format(&arena, clock_now()));
	json_put(out, "key", shared->key_id[0] ? str_from(shared->key_id) : STR_NONE);
	json_open_list(out, "roles");
	for (int role = 0; role < ROLE_COUNT; role++)
		if (shared_get(&shared->roles[role].started))
			put_role(out, &arena, shared, role);
	buf_add_char(out, ']');
	json_open_list(out, "sources");
	for (size_t i = 0; i < shared->n_sources; i++)
		put_source(out, &arena, &shared->sources[i]);
	buf_add_char(out, ']');
	json_open_map(out, "detect");
	put_number(out, "rules", shared_get(&shared->detect.rules));
	put_number(out, "problems", shared_get(&shared->detect.rule_problems));
	json_put(out, "loaded", time_of(&arena, shared_get(&shared->detect.rules_loaded)));
	put_number(out, "reloads", shared_get(&shared->detect.reloads));
	put_number(out, "matched", shared_get(&shared->detect.matched));
	put_number(out, "waiting_bytes", shared_get(&shared->detect.waiting));
	json_put_real(out, "cpu_seconds", (double)shared_get(&shared->detect.cpu_ns) / 1e9);
	buf_add_char(out, '}');
	json_open_map(out, "archive");
	put_number(out, "events", shared_get(&shared->archive.events));
	put_number(out, "bytes", shared_get(&shared->archive.bytes));
	put_number(out, "findings", shared_get(&shared->archive.findings));
	put_number(out, "commits", shared_get(&shared->archive.commits));
	json_put_real(out, "commit_seconds", (double)shared_get(&shared->archive.commit_ns) / 1e9);
	json_put(out, "last_commit", time_of(&arena, shared_get(&shared->archive.last_commit) / 1000000000));
	json_put_real(out, "lag_seconds", (double)shared_get(&shared->archive.lag) / 1e9);
	put_number(out, "sealed", shared_get(&shared->archive.sealed));
	json_put(out, "last_seal", time_of(&arena, shared_get(&shared->archive.last_seal) / 1000000000));
	json_put_int(out, "disk_free", shared_get(&shared->archive.disk_free));
	json_put_int(out, "disk_size", shared_get(&shared->archive.disk_size));
	json_put_real(out, "cpu_seconds", (double)shared_get(&shared->archive.cpu_ns) / 1e9);
	buf_add_char(out, '}');
	put_number(out, "signatures", shared_get(&shared->keeper.signed_count));
	buf_puts(out, "}\n");
}

/* ---- Prometheus ---- */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP ward_%s %s\n# TYPE ward_%s %s\n", name, help, name, type);
}

static void plain(struct buf *out, const char *name, const char *type, const char *help, double value)
{
	head(out, name, type, help);
	buf_printf(out, "ward_%s %.17g\n", name, value);
}

static void by_source(struct buf *out, const struct shared *shared, const char *name, const char *help, size_t offset)
{
	head(out, name, "counter", help);
	for (size_t i = 0; i < shared->n_sources; i++) {
		const uint64_t *number = (const uint64_t *)(const void *)((const char *)&shared->sources[i] + offset);
		/* Names have no character that would have to be escaped, role/config.c. */
		buf_printf(out, "ward_%s{source=\"%s\"} %llu\n", name, shared->sources[i].name,
		           (unsigned long long)shared_get(number));
	}
}

void shared_metrics(struct buf *out, const struct shared *shared)
{
	ARENA(arena);
	by_source(out, shared, "source_events_total", "events read", offsetof(struct shared_source, events));
	by_source(out, shared, "source_bytes_total", "bytes read", offsetof(struct shared_source, bytes));
	by_source(out, shared, "source_flawed_total", "events kept raw because they could not be read",
	          offsetof(struct shared_source, flawed));
	by_source(out, shared, "source_lost_total", "messages the kernel dropped before they could be read",
	          offsetof(struct shared_source, lost));
	by_source(out, shared, "source_refused_total", "connections and files refused", offsetof(struct shared_source, refused));
	plain(out, "events_total", "counter", "events kept, durable", (double)shared_get(&shared->archive.events));
	plain(out, "bytes_total", "counter", "bytes of text kept", (double)shared_get(&shared->archive.bytes));
	plain(out, "findings_total", "counter", "matches of rules kept", (double)shared_get(&shared->archive.findings));
	plain(out, "commits_total", "counter", "commits of the archive", (double)shared_get(&shared->archive.commits));
	plain(out, "commit_seconds_total", "counter", "time spent in commits", (double)shared_get(&shared->archive.commit_ns) / 1e9);
	plain(out, "lag_seconds", "gauge", "from reading to keeping, of the last batch",
	      (double)shared_get(&shared->archive.lag) / 1e9);
	plain(out, "waiting_bytes", "gauge", "bytes read and not kept yet", (double)shared_get(&shared->detect.waiting));
	plain(out, "rules", "gauge", "rules in force", (double)shared_get(&shared->detect.rules));
	plain(out, "rule_problems", "gauge", "rules that could not be loaded", (double)shared_get(&shared->detect.rule_problems));
	plain(out, "last_seal_timestamp_seconds", "gauge", "when a block was sealed last",
	      (double)shared_get(&shared->archive.last_seal) / 1e9);
	plain(out, "sealed_total", "counter", "blocks sealed", (double)shared_get(&shared->archive.sealed));
	plain(out, "signatures_total", "counter", "statements signed", (double)shared_get(&shared->keeper.signed_count));
	plain(out, "disk_free_bytes", "gauge", "free where the archive is", (double)shared_get(&shared->archive.disk_free));
	head(out, "restarts_total", "counter", "times a process had to be started again");
	for (int role = 0; role < ROLE_COUNT; role++)
		if (shared_get(&shared->roles[role].started))
			buf_printf(out, "ward_restarts_total{role=\"%s\"} %llu\n", role_names[role],
			           (unsigned long long)shared_get(&shared->roles[role].restarts));
	head(out, "trouble", "gauge", "1: something is wrong with the process, ward status says what");
	for (int role = 0; role < ROLE_COUNT; role++)
		if (shared_get(&shared->roles[role].started))
			buf_printf(out, "ward_trouble{role=\"%s\"} %d\n", role_names[role],
			           shared_said(&arena, &shared->roles[role].trouble).n > 0);
}
