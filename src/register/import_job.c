/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/import_job.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sys/root.h"

#define TOLD_EVERY ((int64_t)500 * 1000000)

struct job {
	struct arena arena;  /* of the job itself */
	int64_t id, org;
	struct actor actor;
	const struct register_ *reg;
	struct str name;
	bool apply;
};

struct import_jobs {
	struct records *records;
	const struct books *books;
	char *dir;
	pthread_t thread;
	bool runs, stop;     /* stop: read and written whole */
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct job *waiting[IMPORT_WAITING];
	size_t n;
};

/* ---- what stands in the table ---- */

struct told {
	const struct job *job;
	const struct import_result *result;
	const char *state;
	unsigned progress;
	struct str trouble; /* STR_NONE: none */
	bool whole;         /* problems, too */
};

static void problems_put(struct buf *out, const struct import_result *result)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < result->n_problems; i++) {
		const struct import_problem *it = &result->problems[i];
		json_open_map(out, NULL);
		json_put_int(out, "row", (int64_t)it->row);
		json_put(out, "column", it->column);
		json_put(out, "field", it->field);
		json_put(out, "english", str_from(it->what.english));
		json_put_strings(out, "values", &(struct strings){ (struct str *)it->what.value, COUNT(it->what.value) });
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static int tell_work(void *ctx, struct write *write, struct err *err)
{
	const struct told *told = ctx;
	const struct import_result *result = told->result;
	BUF(problems);
	BUF(left_out);
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 told->whole ? "UPDATE ward_import SET state = ?, progress = ?, rows = ?, created = ?, changed = ?, bad = ?, updated = ?,"
	                               " trouble = ?, problems = ?, left_out = ? WHERE id = ?"
	                             : "UPDATE ward_import SET state = ?, progress = ?, rows = ?, created = ?, changed = ?, bad = ?, updated = ? WHERE id = ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(told->state));
	db_bind_int(&q, told->progress);
	db_bind_int(&q, (int64_t)result->rows);
	db_bind_int(&q, (int64_t)result->created);
	db_bind_int(&q, (int64_t)result->changed);
	db_bind_int(&q, (int64_t)result->bad);
	db_bind_int(&q, write->now);
	if (told->whole) {
		problems_put(&problems, result);
		json_put_strings(&left_out, NULL, &result->left_out);
		db_bind_text(&q, told->trouble);
		db_bind_text(&q, buf_str(&problems));
		db_bind_text(&q, buf_str(&left_out));
	}
	db_bind_int(&q, told->job->id);
	r = db_do(&q, err);
	if (r < 0 || !told->whole || !told->job->apply)
		return r;
	BUF(after);
	json_open_map(&after, NULL);
	json_put(&after, "file", told->job->name);
	json_put_int(&after, "rows", (int64_t)result->rows);
	json_put_int(&after, "created", (int64_t)result->created);
	json_put_int(&after, "changed", (int64_t)result->changed);
	json_put_int(&after, "left_out", (int64_t)result->bad);
	buf_add_char(&after, '}');
	struct change change = { .kind = told->job->reg->name, .org = told->job->org, .action = STR("import"), .after = buf_str(&after) };
	return write_journal(write, &change, NULL, err);
}

/* ---- the thread ---- */

struct running {
	struct import_jobs *jobs;
	struct job *job;
	int64_t told; /* when; monotonic */
};

static bool on_progress(void *ctx, const struct import_result *sofar, unsigned thousandths)
{
	struct running *running = ctx;
	int64_t now = clock_monotonic_ns();
	if (now - running->told > TOLD_EVERY) {
		struct told told = { .job = running->job, .result = sofar, .state = running->job->apply ? "applying" : "checking", .progress = thousandths };
		running->told = now;
		/* Only to be seen: an error comes again where it matters. */
		(void)!records_do(running->jobs->records, &running->job->actor, tell_work, &told, NULL);
	}
	return !__atomic_load_n(&running->jobs->stop, __ATOMIC_RELAXED);
}

static const char *path_of(struct arena *arena, const struct import_jobs *jobs, int64_t id)
{
	return arena_printf(arena, "%s/%lld", jobs->dir, (long long)id).p;
}

static void run(struct import_jobs *jobs, struct job *job)
{
	ARENA(arena);
	struct err err = { "" };
	struct import_result result = { 0 };
	struct running running = { .jobs = jobs, .job = job, .told = clock_monotonic_ns() };
	const char *path = path_of(&arena, jobs, job->id);
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct import_options options = { .records = jobs->records, .books = jobs->books, .actor = &job->actor, .reg = job->reg, .org = job->org,
		                          .fd = fd, .name = arena_cstr(&job->arena, job->name), .progress = on_progress, .ctx = &running };
	int r = fd < 0 ? err_errno(&err, -errno, "the file of the import is gone")
	        : job->apply ? import_apply(&arena, &options, &result, &err) : import_check(&arena, &options, &result, &err);
	struct told told = { .job = job, .result = &result, .progress = 1000, .whole = true };
	told.state = r == 0 ? (job->apply ? "applied" : "checked") : job->apply ? "interrupted" : "refused";
	told.trouble = r < 0 ? str_from(err.text) : STR_NONE;
	(void)!records_do(jobs->records, &job->actor, tell_work, &told, NULL);
	if (r == 0 && job->apply)
		unlink(path);
}

static void *work(void *ctx)
{
	struct import_jobs *jobs = ctx;
	for (;;) {
		pthread_mutex_lock(&jobs->mutex);
		while (!jobs->n && !jobs->stop)
			pthread_cond_wait(&jobs->more, &jobs->mutex);
		struct job *job = jobs->stop ? NULL : jobs->waiting[0];
		if (job)
			memmove(jobs->waiting, jobs->waiting + 1, --jobs->n * sizeof(*jobs->waiting));
		pthread_mutex_unlock(&jobs->mutex);
		if (!job)
			return NULL;
		run(jobs, job);
		arena_done(&job->arena);
		free(job);
	}
}

static int interrupt_work(void *ctx UNUSED, struct write *write, struct err *err)
{
	DB_QUERY(q);
	struct err words = { "" };
	err_set(&words, -ECANCELED, "the check was interrupted: import the file again");
	int r = db_run(write->db, "UPDATE ward_import SET state = 'interrupted' WHERE state = 'applying'", err);
	if (r == 0)
		r = db_query(&q, write->db, "UPDATE ward_import SET state = 'refused', trouble = ? WHERE state = 'checking'", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(words.text));
	return db_do(&q, err);
}

int import_jobs_new(struct records *records, const struct books *books, const char *dir, struct import_jobs **out, struct err *err)
{
	CLEANUP(import_jobs_free_p) struct import_jobs *jobs = mem_alloc(sizeof(*jobs));
	struct actor ward = actor_ward();
	jobs->records = records;
	jobs->books = books;
	pthread_mutex_init(&jobs->mutex, NULL);
	pthread_cond_init(&jobs->more, NULL);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "cannot make the directory '%s'", dir);
	jobs->dir = mem_text(str_from(dir));
	int r = records_do(records, &ward, interrupt_work, NULL, err);
	if (r < 0)
		return r;
	if (pthread_create(&jobs->thread, NULL, work, jobs) != 0)
		return err_set(err, -EAGAIN, "no thread for imports");
	jobs->runs = true;
	*out = TAKE(jobs);
	return 0;
}

void import_jobs_free(struct import_jobs *jobs)
{
	if (!jobs)
		return;
	if (jobs->runs) {
		pthread_mutex_lock(&jobs->mutex);
		__atomic_store_n(&jobs->stop, true, __ATOMIC_RELAXED);
		pthread_cond_signal(&jobs->more);
		pthread_mutex_unlock(&jobs->mutex);
		pthread_join(jobs->thread, NULL);
	}
	for (size_t i = 0; i < jobs->n; i++) {
		arena_done(&jobs->waiting[i]->arena);
		free(jobs->waiting[i]);
	}
	pthread_mutex_destroy(&jobs->mutex);
	pthread_cond_destroy(&jobs->more);
	free(jobs->dir);
	free(jobs);
}

void import_jobs_free_p(struct import_jobs **jobs)
{
	import_jobs_free(*jobs);
}

/* ---- beginning ---- */

static int enqueue(struct import_jobs *jobs, const struct actor *actor, const struct register_ *reg, int64_t org, int64_t id, struct str name,
                   bool apply, struct err *err)
{
	struct job *job = mem_alloc(sizeof(*job));
	*job = (struct job){ .id = id, .org = org, .actor = *actor, .reg = reg, .apply = apply };
	job->name = arena_str(&job->arena, name);
	job->actor.name = arena_str(&job->arena, actor->name);
	job->actor.address = arena_str(&job->arena, actor->address);
	pthread_mutex_lock(&jobs->mutex);
	bool fits = jobs->n < IMPORT_WAITING;
	if (fits) {
		jobs->waiting[jobs->n++] = job;
		pthread_cond_signal(&jobs->more);
	}
	pthread_mutex_unlock(&jobs->mutex);
	if (fits)
		return 0;
	arena_done(&job->arena);
	free(job);
	return err_set(err, -EBUSY, "too many imports are waiting: try again in a few minutes");
}

/* Copy the bytes to `to`; their digest and number. */
static int keep(struct arena *arena, int from, const char *to, struct str *sha256, int64_t *size, struct err *err)
{
	static const enum digest algorithm = DIGEST_SHA256;
	CLEANUP(digest_stream_free_p) struct digest_stream *stream = digest_stream_new(&algorithm, 1);
	CLEANUP(fd_close_p) int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	char bytes[65536];
	ssize_t n = 0;
	*size = 0;
	if (fd < 0)
		return err_errno(err, -errno, "cannot keep the file of the import");
	while ((n = pread(from, bytes, sizeof(bytes), *size)) > 0) {
		digest_stream_add(stream, (struct str){ bytes, (size_t)n });
		for (ssize_t at = 0, written; at < n; at += written)
			if ((written = write(fd, bytes + at, (size_t)(n - at))) < 0)
				return err_errno(err, -errno, "cannot keep the file of the import");
		*size += n;
		if (*size > IMPORT_FILE)
			return err_set(err, -E2BIG, "the file is larger than %d MiB", IMPORT_FILE >> 20);
	}
	*sha256 = digest_stream_hex(arena, stream, algorithm);
	return n < 0 ? err_errno(err, -errno, "cannot read the file of the import") : 0;
}

struct begun {
	struct str reg, name, sha256;
	int64_t org, size, id;
};

static int begin_work(void *ctx, struct write *write, struct err *err)
{
	struct begun *begun = ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_import (register, org, user_id, name, sha256, size, state, progress, rows, created, changed, bad, made, updated)"
	                 " VALUES (?, ?, ?, ?, ?, ?, 'checking', 0, 0, 0, 0, 0, ?, ?) RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, begun->reg);
	db_bind_int(&q, begun->org);
	db_bind_int(&q, write->actor->id);
	db_bind_text(&q, begun->name);
	db_bind_text(&q, begun->sha256);
	db_bind_int(&q, begun->size);
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->now);
	r = db_step(&q, err);
	if (r > 0)
		begun->id = db_int(&q, 0);
	return r < 0 ? r : 0;
}

int import_job_check(struct import_jobs *jobs, const struct actor *actor, const struct register_ *reg, int64_t org, int fd, struct str name,
                     int64_t *id, struct err *err)
{
	ARENA(arena);
	static unsigned unique;
	struct begun begun = { .reg = reg->name, .name = name, .org = org };
	const char *beside = arena_printf(&arena, "%s/new-%d-%u", jobs->dir, (int)getpid(), __atomic_add_fetch(&unique, 1, __ATOMIC_RELAXED)).p;
	int r = keep(&arena, fd, beside, &begun.sha256, &begun.size, err);
	if (r == 0)
		r = records_do(jobs->records, actor, begin_work, &begun, err);
	if (r == 0 && rename(beside, path_of(&arena, jobs, begun.id)) < 0)
		r = err_errno(err, -errno, "cannot keep the file of the import");
	if (r == 0)
		r = enqueue(jobs, actor, reg, org, begun.id, name, false, err);
	if (r < 0)
		unlink(beside);
	*id = begun.id;
	return r;
}

struct wanted {
	int64_t id, org;
	struct str reg, name;
	bool skip;
	struct arena *arena;
};

static int apply_work(void *ctx, struct write *write, struct err *err)
{
	struct wanted *wanted = ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT state, bad, register, org, name FROM ward_import WHERE id = ? AND user_id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, wanted->id);
	db_bind_int(&q, write->actor->id);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such import");
	struct str state = db_text(&q, 0);
	if (!str_is(state, "checked") && !str_is(state, "interrupted"))
		return err_set(err, -EINVAL, "the import was not checked, or was applied already");
	if (db_int(&q, 1) > 0 && !wanted->skip)
		return err_set(err, -EINVAL, "some rows have problems: mend them and import again, or say that they are to be left out");
	wanted->reg = arena_str(wanted->arena, db_text(&q, 2));
	wanted->org = db_int(&q, 3);
	wanted->name = arena_str(wanted->arena, db_text(&q, 4));
	db_query_done(&q);
	r = db_query(&q, write->db, "UPDATE ward_import SET state = 'applying', progress = 0 WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, wanted->id);
	return db_do(&q, err);
}

int import_job_apply(struct import_jobs *jobs, const struct actor *actor, int64_t id, bool skip, struct err *err)
{
	ARENA(arena);
	struct wanted wanted = { .id = id, .skip = skip, .arena = &arena };
	int r = records_do(jobs->records, actor, apply_work, &wanted, err);
	if (r < 0)
		return r;
	const struct register_ *reg = registers_find(jobs->books->registers, wanted.reg);
	if (!reg || !record_may(jobs->books, actor, reg, RECORD_IMPORT))
		return err_set(err, -EPERM, "you may not import into this register");
	return enqueue(jobs, actor, reg, wanted.org, id, wanted.name, true, err);
}

/* ---- showing ---- */

static int problems_show(struct arena *arena, enum lang lang, struct str text, struct buf *out, struct err *err)
{
	struct source source = { .name = "problems", .text = text };
	const struct doc *list;
	json_open_list(out, "problems");
	int r = text.n ? json_parse(arena, &source, &list, err) : 0;
	for (size_t i = 0; r == 0 && text.n && i < list->n; i++) {
		const struct doc *it = &list->items[i], *values = doc_get(it, STR("values"));
		struct note note = { .english = arena_cstr(arena, doc_text(it, "english")) };
		for (size_t k = 0; values && k < values->n && k < COUNT(note.value); k++)
			note.value[k] = doc_string(&values->items[k]);
		json_open_map(out, NULL);
		json_put_int(out, "row", doc_get(it, STR("row"))->integer);
		json_put(out, "column", doc_text(it, "column"));
		json_put(out, "field", doc_text(it, "field"));
		json_put(out, "text", note_text(arena, lang, &note));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return r;
}

int import_job_put(struct arena *arena, struct db *db, const struct actor *actor, int64_t id, struct buf *out, struct err *err)
{
	static const char *const numbers[] = { "progress", "rows", "created", "changed", "bad", "made", "updated", "size" };
	DB_QUERY(q);
	int r = db_query(&q, db,
	                 "SELECT progress, rows, created, changed, bad, made, updated, size, register, name, state, trouble, left_out, problems"
	                 " FROM ward_import WHERE id = ? AND user_id = ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	db_bind_int(&q, actor->id);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such import");
	json_open_map(out, NULL);
	json_put_int(out, "id", id);
	for (size_t i = 0; i < COUNT(numbers); i++)
		json_put_int(out, numbers[i], db_int(&q, i));
	json_put(out, "register", db_text(&q, 8));
	json_put(out, "name", db_text(&q, 9));
	json_put(out, "state", db_text(&q, 10));
	struct str trouble = db_text(&q, 11), left_out = db_text(&q, 12);
	json_put(out, "trouble", trouble.p ? tr_error(arena, actor->lang, trouble) : STR(""));
	json_key(out, "left_out");
	buf_add(out, left_out.n ? left_out : STR("[]"));
	r = problems_show(arena, actor->lang, db_text(&q, 13), out, err);
	buf_add_char(out, '}');
	return r;
}
