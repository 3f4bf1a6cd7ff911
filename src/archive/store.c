/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Writing an archive. What is appended waits in memory, goes into the table `open` of the day with the positions in one
 * transaction, and only then into the block that is being made; so a failed commit leaves nothing behind, and a
 * crash leaves what was committed in `open`, from which the block is made anew at the next start.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/block.h"
#include "archive/days.h"
#include "archive/plain.h"
#include "archive/store.h"
#include "base/clock.h"
#include "sys/lock.h"
#include "sys/root.h"

enum { BLOCK_BYTES = 32 * 1024 * 1024, BLOCK_COUNT = 1 << 20, UNSEALED_BLOCKS = 4 };
#define SEAL_AFTER (INT64_C(900) * 1000000000)

/* What a block is known by beside its bytes. */
struct content {
	uint64_t records, bytes;
	int64_t first, last, arrived_first, arrived_last;
	int64_t open_last; /* the last row of `open` that is in it */
	int64_t since;     /* monotonic, of its first commit */
};

struct archive {
	char *dir;
	struct archive_options options;
	struct signer signer;
	int lock;
	sqlite3 *book, *db; /* db: of the newest day; NULL before there is one */
	char day[DAY_NAME + 1];
	struct chain chain;
	struct buf pending; /* appended, not committed */
	uint64_t pending_n, pending_bytes;
	struct block_writer *writer;
	struct content open;
	char open_digest[CHAIN_DIGEST + 1]; /* of the last row of `open`, or of the chain when there is none */
	struct buf made, filter;            /* a block that was encoded and could not be stored yet */
	struct content made_content;
	bool is_made;
	/* With options.threads: the writer of the block that a thread encodes into `made`. */
	struct block_writer *making, *spare;
	pthread_t thread;
	bool is_making;
	atomic_bool made_ready;
	struct err trouble;
};

static struct content content_none(void)
{
	return (struct content){ .first = INT64_MAX, .last = INT64_MIN, .arrived_first = INT64_MAX, .arrived_last = INT64_MIN };
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int take_lock(const char *dir, int *out, struct err *err)
{
	ARENA(arena);
	int r = lock_take(arena_printf(&arena, "%s/lock", dir).p, out, err);
	return r == -EBUSY ? err_set(err, r, "%s: another process writes this archive", dir) : r;
}

static int random_id(char out[CHAIN_ID + 1], struct err *err)
{
	uint8_t bytes[CHAIN_ID / 2];
	if (getentropy(bytes, sizeof(bytes)) < 0)
		return err_errno(err, -errno, "random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Add the public key to the book, and a statement that says so. */
static int add_key(sqlite3 *book, struct chain *chain, const struct signer *signer, enum chain_kind kind, struct err *err)
{
	CLEANUP(link_done) struct link link = { 0 };
	SQL(statement);
	BUF(line);
	BUF(body);
	int r = 0;
	if (signer) {
		public_key_print(&signer->key, &line);
		buf_printf(&body, "public %.*s\n", STR_ARG(str_trim(buf_str(&line))));
		r = sql_make(&statement, book, "INSERT INTO key VALUES(?,?) ON CONFLICT DO NOTHING", err);
		if (r == 0) {
			sql_text(&statement, str_from(signer->key.id));
			sql_text(&statement, str_trim(buf_str(&line)));
			r = sql_do(&statement, err);
		}
	}
	if (r == 0)
		r = chain_next(chain, signer, kind, buf_str(&body), &link, err);
	if (r == 0)
		r = book_add(book, &link, kind, err);
	if (r == 0)
		chain_took(chain, &link);
	return r;
}

static int book_create(sqlite3 *book, struct chain *chain, const struct signer *signer, struct err *err)
{
	SQL(statement);
	int r = random_id(chain->archive, err);
	if (r == 0)
		r = database_run(book, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = sql_make(&statement, book, "INSERT INTO archive VALUES(?)", err);
	if (r == 0) {
		sql_text(&statement, str_from(chain->archive));
		r = sql_do(&statement, err);
	}
	if (r == 0)
		r = add_key(book, chain, signer, CHAIN_START, err);
	if (r == 0)
		r = database_run(book, "COMMIT", err);
	if (r < 0)
		database_back(book);
	return r;
}

static struct str book_path(struct arena *arena, const char *dir)
{
	return arena_printf(arena, "%s/archive.ward", dir);
}

int archive_create(const char *dir, const struct archive_options *options, struct err *err)
{
	ARENA(arena);
	CLEANUP(fd_close_p) int lock = -1;
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	struct chain chain;
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "%s", dir);
	int r = take_lock(dir, &lock, err);
	if (r == 0)
		r = book_open(book_path(&arena, dir).p, DATABASE_CREATE, &book, err);
	if (r == 0)
		r = days_chain(dir, book, &chain, err);
	if (r == 0 && chain.archive[0] == '\0')
		r = book_create(book, &chain, options ? options->signer : NULL, err);
	return r;
}

/* A signer that the archive does not know yet gets a statement that announces its key. */
static int know_signer(struct archive *archive, struct err *err)
{
	SQL(statement);
	if (!archive->options.signer)
		return 0;
	int r = sql_make(&statement, archive->book, "SELECT 1 FROM key WHERE id=?", err);
	if (r < 0)
		return r;
	sql_text(&statement, str_from(archive->signer.key.id));
	r = sql_step(&statement, err);
	sql_done(&statement);
	if (r != 0)
		return r < 0 ? r : 0;
	r = database_run(archive->book, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = add_key(archive->book, &archive->chain, archive->options.signer, CHAIN_KEY, err);
	if (r == 0)
		r = database_run(archive->book, "COMMIT", err);
	if (r < 0)
		database_back(archive->book);
	return r;
}

/* Put committed records into the block that is being made. */
static int take_records(struct archive *archive, struct str data, int64_t row, struct err *err)
{
	struct content *open = &archive->open;
	struct wire wire = wire_from(data);
	struct record record;
	if (open->records == 0)
		open->since = clock_monotonic_ns();
	while (plain_next(&wire, &record)) {
		block_writer_add(archive->writer, &record);
		open->records++;
		open->bytes += record.raw.n;
		open->first = MIN(open->first, record.time);
		open->last = MAX(open->last, record.time);
		open->arrived_first = MIN(open->arrived_first, record.arrived);
		open->arrived_last = MAX(open->arrived_last, record.arrived);
	}
	open->open_last = row;
	return wire.bad ? err_set(err, -EBADMSG, "%s/%s.ward: the records that are not sealed yet are damaged", archive->dir,
	                          archive->day)
	                : 0;
}

/* What an earlier process committed and did not seal. */
static int load_open(struct archive *archive, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, archive->db, "SELECT number, digest, data FROM open ORDER BY number", err);
	while (r == 0 && (r = sql_step(&statement, err)) == 1) {
		int64_t number = sql_get_int(&statement);
		struct str digest = sql_get_bytes(&statement);
		memset(archive->open_digest, 0, sizeof(archive->open_digest));
		memcpy(archive->open_digest, digest.p, MIN(digest.n, (size_t)CHAIN_DIGEST));
		r = take_records(archive, sql_get_bytes(&statement), number, err);
	}
	return r;
}

/* A day whose making was interrupted, before the positions were copied into it. */
static bool day_is_empty(sqlite3 *db)
{
	SQL(any);
	return sql_make(&any, db, "SELECT 1 FROM block UNION ALL SELECT 1 FROM open UNION ALL SELECT 1 FROM position LIMIT 1", NULL) == 0 &&
	       sql_step(&any, NULL) == 0;
}

int archive_open(const char *dir, const struct archive_options *options, struct archive **out, struct err *err)
{
	ARENA(arena);
	CLEANUP(archive_close_p) struct archive *archive = mem_alloc(sizeof(*archive));
	archive->lock = -1;
	archive->dir = mem_text(str_from(dir));
	if (options)
		archive->options = *options;
	if (archive->options.signer) {
		archive->signer = *archive->options.signer;
		archive->options.signer = &archive->signer;
	}
	if (!archive->options.block_bytes)
		archive->options.block_bytes = BLOCK_BYTES;
	if (!archive->options.seal_after)
		archive->options.seal_after = SEAL_AFTER;
	archive->open = content_none();
	archive->writer = block_writer_new(0);
	struct str path = book_path(&arena, dir);
	if (access(path.p, F_OK) < 0)
		return err_set(err, -ENOENT, "%s: there is no archive", dir);
	int r = take_lock(dir, &archive->lock, err);
	if (r == 0)
		r = book_open(path.p, DATABASE_WRITE, &archive->book, err);
	if (r == 0)
		r = days_chain(dir, archive->book, &archive->chain, err);
	if (r == 0)
		r = know_signer(archive, err);
	if (r < 0)
		return r;
	memcpy(archive->open_digest, archive->chain.digest, sizeof(archive->open_digest));
	struct str *names;
	size_t n;
	r = days_list(dir, &arena, &names, &n, err);
	/* A day that a crash left without tables is made when it is needed; the one before it is the newest. */
	while (r == 0 && n > 0 && !archive->db) {
		r = day_open(day_path(&arena, dir, names[n - 1].p).p, DATABASE_WRITE, archive->options.sync, &archive->db, NULL, err);
		if (r == 0 && n > 1 && day_is_empty(archive->db)) {
			database_close(TAKE(archive->db));
			r = -ENODATA;
		}
		if (r == 0) {
			memcpy(archive->day, names[n - 1].p, DAY_NAME);
		} else if (r == -ENODATA) {
			r = 0;
			n--;
		}
	}
	if (r == 0 && archive->db)
		r = load_open(archive, err);
	if (r == 0)
		*out = TAKE(archive);
	return r;
}

static void *make_block(void *ctx)
{
	struct archive *archive = ctx;
	block_writer_finish(archive->making, &archive->made, &archive->filter);
	atomic_store(&archive->made_ready, true);
	return NULL;
}

/* The thread's block is at hand now; waits for it. */
static void take_made(struct archive *archive)
{
	if (!archive->is_making)
		return;
	pthread_join(archive->thread, NULL);
	archive->spare = TAKE(archive->making);
	archive->is_making = false;
	archive->is_made = true;
}

/* Give back the room of open records that were sealed. While the day goes on it is used again, unless it is much. */
static void give_back(sqlite3 *db)
{
	SQL(vacuum);
	/* Each step moves one page. */
	if (sql_make(&vacuum, db, "PRAGMA incremental_vacuum", NULL) == 0)
		while (sql_step(&vacuum, NULL) == 1)
			;
}

void archive_close(struct archive *archive)
{
	if (!archive)
		return;
	take_made(archive); /* it is not stored: its records are in `open` */
	if (archive->db)
		give_back(archive->db);
	block_writer_free(archive->spare);
	database_close(archive->db);
	database_close(archive->book);
	if (archive->lock >= 0)
		close(archive->lock);
	block_writer_free(archive->writer);
	buf_done(&archive->pending);
	buf_done(&archive->made);
	buf_done(&archive->filter);
	free(archive->dir);
	free(archive);
}

void archive_close_p(struct archive **archive)
{
	archive_close(*archive);
}

static int insert_data(sqlite3 *db, const char *sql, int64_t number, struct str data, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, db, sql, err);
	if (r < 0)
		return r;
	sql_int(&statement, number);
	sql_blob(&statement, data);
	return sql_do(&statement, err);
}

static int insert_block(struct archive *archive, int64_t number, const struct link *link, struct err *err)
{
	SQL(statement);
	const struct content *content = &archive->made_content;
	int r = sql_make(&statement, archive->db, "INSERT INTO block VALUES(?,?,?,?,?,?,?,?,?)", err);
	if (r < 0)
		return r;
	sql_int(&statement, number);
	sql_int(&statement, (int64_t)link->sequence);
	sql_int(&statement, (int64_t)content->records);
	sql_int(&statement, (int64_t)content->bytes);
	sql_int(&statement, (int64_t)archive->made.n);
	sql_int(&statement, content->first);
	sql_int(&statement, content->last);
	sql_text(&statement, buf_str(&link->statement));
	sql_blob(&statement, (struct str){ (const char *)link->signature, link->signature_n });
	r = sql_do(&statement, err);
	if (r == 0)
		r = insert_data(archive->db, "INSERT INTO block_filter VALUES(?,?)", number, buf_str(&archive->filter), err);
	if (r == 0)
		r = insert_data(archive->db, "INSERT INTO block_data VALUES(?,?)", number, buf_str(&archive->made), err);
	return r;
}

static int next_number(sqlite3 *db, int64_t *out, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, db, "SELECT coalesce(max(number),0)+1 FROM block", err);
	if (r == 0)
		r = sql_step(&statement, err);
	*out = r == 1 ? sql_get_int(&statement) : 0;
	return r < 0 ? r : 0;
}

static int block_statement(struct archive *archive, int64_t number, struct link *link, struct err *err)
{
	BUF(body);
	const struct content *content = &archive->made_content;
	enum digest algorithm = chain_algorithm(archive->options.signer);
	char data[CHAIN_DIGEST + 1], filter[CHAIN_DIGEST + 1];
	chain_digest(algorithm, buf_str(&archive->made), data);
	chain_digest(algorithm, buf_str(&archive->filter), filter);
	buf_printf(&body, "day %s\nnumber %lld\nrecords %llu\nbytes %llu\nfirst %lld\nlast %lld\narrived %lld %lld\n", archive->day,
	           (long long)number, (unsigned long long)content->records, (unsigned long long)content->bytes,
	           (long long)content->first, (long long)content->last, (long long)content->arrived_first,
	           (long long)content->arrived_last);
	buf_printf(&body, "data %s\nfilter %s\n", data, filter);
	return chain_next(&archive->chain, archive->options.signer, CHAIN_BLOCK, buf_str(&body), link, err);
}

/* Store the block that was made: one transaction with the removal of its open records. */
static int store_made(struct archive *archive, struct err *err)
{
	CLEANUP(link_done) struct link link = { 0 };
	SQL(statement);
	int64_t number;
	int r = next_number(archive->db, &number, err);
	if (r == 0)
		r = block_statement(archive, number, &link, err);
	if (r == 0)
		r = database_run(archive->db, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = insert_block(archive, number, &link, err);
	if (r == 0)
		r = sql_make(&statement, archive->db, "DELETE FROM open WHERE number<=?", err);
	if (r == 0) {
		sql_int(&statement, archive->made_content.open_last);
		r = sql_do(&statement, err);
	}
	sql_done(&statement);
	if (r == 0)
		r = database_run(archive->db, "COMMIT", err);
	if (r < 0) {
		database_back(archive->db);
		return err_wrap(err, r, "sealing a block");
	}
	chain_took(&archive->chain, &link);
	archive->is_made = false;
	buf_clear(&archive->made);
	buf_clear(&archive->filter);
	if (archive->open.records == 0)
		memcpy(archive->open_digest, archive->chain.digest, sizeof(archive->open_digest));
	return 0;
}

/* Let a thread encode the open block, while records go into another. False when none can be started. */
static bool start_making(struct archive *archive)
{
	sigset_t all, old;
	archive->making = archive->writer;
	atomic_store(&archive->made_ready, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the caller's thread's */
	int r = pthread_create(&archive->thread, NULL, make_block, archive);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0) {
		archive->making = NULL;
		return false;
	}
	archive->is_making = true;
	archive->made_content = archive->open;
	archive->open = content_none();
	archive->writer = archive->spare ? TAKE(archive->spare) : block_writer_new(0);
	return true;
}

/* It is time to seal. With a thread this never waits for more than the storing of what is ready. */
static int seal_in_time(struct archive *archive, bool due, struct err *err)
{
	if (!archive->options.threads)
		return due ? archive_seal(archive, err) : 0;
	if (archive->is_making && atomic_load(&archive->made_ready))
		take_made(archive);
	int r = archive->is_made ? store_made(archive, err) : 0;
	if (r == 0 && due && !archive->is_making && !archive->is_made && !start_making(archive))
		r = archive_seal(archive, err);
	return r;
}

int archive_seal(struct archive *archive, struct err *err)
{
	take_made(archive);
	int r = archive->is_made ? store_made(archive, err) : 0;
	if (r < 0 || archive->open.records == 0)
		return r;
	block_writer_finish(archive->writer, &archive->made, &archive->filter);
	archive->made_content = archive->open;
	archive->open = content_none();
	archive->is_made = true;
	return store_made(archive, err);
}

/* Leave the file of a day that is over as one that stands alone, without a WAL beside it. A reader may be in the way;
 * then it stays as it is, which is no harm. */
static void day_finish(sqlite3 *db)
{
	give_back(db);
	sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
}

static int copy_positions(sqlite3 *from, sqlite3 *to, struct err *err)
{
	SQL(all);
	SQL(add);
	int r = sql_make(&all, from, "SELECT input, position FROM position", err);
	if (r == 0)
		r = sql_make(&add, to, "INSERT OR REPLACE INTO position VALUES(?,?)", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		sql_text(&add, sql_get_bytes(&all));
		sql_text(&add, sql_get_bytes(&all));
		r = sql_do(&add, err);
	}
	return r;
}

/* The day's file that records go to now. The day never goes back, whatever the clock does. */
static int today(struct archive *archive, struct err *err)
{
	ARENA(arena);
	char day[DAY_NAME + 1];
	day_name(now_ns(), day);
	if (archive->db && strcmp(day, archive->day) <= 0)
		return 0;
	if (archive->db) {
		int r = archive_seal(archive, err);
		if (r < 0)
			return r;
	}
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	int r = day_open(day_path(&arena, archive->dir, day).p, DATABASE_CREATE, archive->options.sync, &db, NULL, err);
	if (r == 0 && archive->db) {
		r = database_run(db, "BEGIN IMMEDIATE", err);
		if (r == 0)
			r = copy_positions(archive->db, db, err);
		if (r == 0)
			r = database_run(db, "COMMIT", err);
		if (r < 0)
			database_back(db);
	}
	if (r < 0)
		return r;
	if (archive->db)
		day_finish(archive->db);
	database_close(archive->db);
	archive->db = TAKE(db);
	memcpy(archive->day, day, sizeof(day));
	return 0;
}

int archive_append(struct archive *archive, const struct record *records, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (records[i].raw.n > ARCHIVE_RECORD)
			return err_set(err, -E2BIG, "a record of %zu bytes is longer than an archive takes", records[i].raw.n);
	for (size_t i = 0; i < n; i++) {
		plain_add(&archive->pending, &records[i]);
		archive->pending_bytes += records[i].raw.n;
	}
	archive->pending_n += n;
	return 0;
}

static int store_pending(struct archive *archive, const struct archive_position *positions, size_t n, int64_t *row,
                         char digest[CHAIN_DIGEST + 1], struct err *err)
{
	SQL(add);
	SQL(position);
	int r = 0;
	*row = archive->open.open_last;
	if (archive->pending_n) {
		chain_open_digest(str_from(archive->open_digest), buf_str(&archive->pending), digest);
		r = sql_make(&add, archive->db, "INSERT INTO open(records, previous, digest, data) VALUES(?,?,?,?)", err);
		if (r < 0)
			return r;
		sql_int(&add, (int64_t)archive->pending_n);
		sql_text(&add, str_from(archive->open_digest));
		sql_text(&add, (struct str){ digest, CHAIN_DIGEST });
		sql_blob(&add, buf_str(&archive->pending));
		r = sql_do(&add, err);
		*row = sqlite3_last_insert_rowid(archive->db);
	}
	if (r == 0 && n)
		r = sql_make(&position, archive->db, "INSERT OR REPLACE INTO position VALUES(?,?)", err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		sql_text(&position, positions[i].input);
		sql_text(&position, positions[i].position);
		r = sql_do(&position, err);
	}
	return r;
}

static void forget_pending(struct archive *archive)
{
	buf_clear(&archive->pending);
	archive->pending_n = archive->pending_bytes = 0;
}

/* When blocks cannot be sealed (no keeper, no room) records still are kept, but not without end. */
static int not_too_much(struct archive *archive, struct err *err)
{
	if (archive->open.bytes < archive->options.block_bytes * UNSEALED_BLOCKS)
		return 0;
	return archive_seal(archive, err);
}

int archive_commit(struct archive *archive, const struct archive_position *positions, size_t n, struct err *err)
{
	char digest[CHAIN_DIGEST + 1];
	int64_t row;
	int r = not_too_much(archive, err);
	if (r == 0)
		r = today(archive, err);
	if (r == 0)
		r = database_run(archive->db, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = store_pending(archive, positions, n, &row, digest, err);
	if (r == 0)
		r = database_run(archive->db, "COMMIT", err);
	if (r < 0) {
		if (archive->db)
			database_back(archive->db);
		forget_pending(archive);
		return r;
	}
	if (archive->pending_n) {
		memcpy(archive->open_digest, digest, sizeof(archive->open_digest));
		r = take_records(archive, buf_str(&archive->pending), row, err);
		forget_pending(archive);
	}
	bool due = archive->open.records &&
	           (archive->open.bytes >= archive->options.block_bytes || archive->open.records >= BLOCK_COUNT ||
	            clock_monotonic_ns() - archive->open.since >= archive->options.seal_after);
	if (due || archive->is_making || archive->is_made) {
		archive->trouble = (struct err){ "" };
		(void)!seal_in_time(archive, due, &archive->trouble);
	}
	return r;
}

const char *archive_trouble(const struct archive *archive)
{
	return archive->trouble.text[0] ? archive->trouble.text : NULL;
}

int archive_position(struct archive *archive, struct arena *arena, struct str input, struct str *out, struct err *err)
{
	SQL(statement);
	*out = STR_NONE;
	if (!archive->db)
		return 0;
	int r = sql_make(&statement, archive->db, "SELECT position FROM position WHERE input=?", err);
	if (r < 0)
		return r;
	sql_text(&statement, input);
	r = sql_step(&statement, err);
	if (r == 1)
		*out = arena_str(arena, sql_get_bytes(&statement));
	return r < 0 ? r : 0;
}

const char *archive_dir(const struct archive *archive)
{
	return archive->dir;
}

sqlite3 *archive_book(struct archive *archive)
{
	return archive->book;
}

const char *archive_newest(const struct archive *archive)
{
	return archive->db ? archive->day : "";
}

int archive_say(struct archive *archive, enum chain_kind kind, struct str body, struct err *err)
{
	CLEANUP(link_done) struct link link = { 0 };
	int r = chain_next(&archive->chain, archive->options.signer, kind, body, &link, err);
	if (r == 0)
		r = book_add(archive->book, &link, kind, err);
	if (r == 0)
		chain_took(&archive->chain, &link);
	return r;
}
