/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward records: how the records stand; save them, bring them back, take them to PostgreSQL, verify them.
 */
#include "record/records.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/office_dir.h"
#include "cmd/terminal.h"
#include "cmd/verify_records.h"
#include "data/json.h"
#include "record/backup.h"
#include "record/copy.h"
#include "record/tables.h"
#include "role/config.h"

enum { OPT_DIR, OPT_RECORDS, OPT_FILES, OPT_TO, OPT_KEY, OPT_ANYWAY, OPT_FORMAT_, OPT_END };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_DIR] = { "dir", 'd', OPT_DIRECTORY, "DIR",
	              .help = TR("where everything is kept; /var/lib/ward as root, ~/.local/share/ward otherwise") },
	[OPT_RECORDS] = { "records", 0, OPT_TEXT, "WHERE", .help = TR("the records: a file, or postgresql://…; what the configuration in DIR says otherwise") },
	[OPT_FILES] = { "files", 0, OPT_DIRECTORY, "DIR", .help = TR("backup, restore: the folder of attachments (DIR/files)") },
	[OPT_TO] = { "to", 0, OPT_TEXT, "URL", .help = TR("move: postgresql://user@host/database; a password is better in ~/.pgpass or PGPASSFILE") },
	[OPT_KEY] = { "key", 'k', OPT_FILE, "FILE", .repeat = true,
	              .help = TR("verify, restore, move: a public key that is trusted; without it the keys in the records themselves are taken") },
	[OPT_ANYWAY] = { "anyway", 0, OPT_SWITCH, .help = TR("restore, move: also when the journal has problems, as they are") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	struct str where;
	const char *files;
	bool json;
	struct public_key *keys;
	size_t n_keys;
	struct buf out;
	struct progress progress;
};

static void work_done(struct work *work)
{
	buf_done(&work->out);
}

static struct str count_text(struct work *work, int64_t value)
{
	return arena_printf(work->call->arena, "%lld", (long long)value);
}

static void say(struct work *work, const struct note *note)
{
	buf_add(&work->out, note_text(work->call->arena, work->call->lang, note));
	buf_add_char(&work->out, '\n');
}

/* Where the records and the attachments are: as said, or by the configuration of the directory. */
static int find_place(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	const char *dir = opt_cstr(args, OPT_DIR);
	struct config config;
	struct arena *arena = work->call->arena;
	work->where = opt_text(args, OPT_RECORDS);
	work->files = opt_cstr(args, OPT_FILES);
	if (!dir && work->where.p)
		return 0;
	dir = office_directory(work->call, dir, err);
	if (!dir)
		return -EINVAL;
	if (!work->files)
		work->files = arena_printf(arena, "%s/files", dir).p;
	if (work->where.p)
		return 0;
	int r = config_up(arena, dir, office_config(work->call, dir, NULL), &config, err);
	if (r == 0)
		work->where = config.up.records;
	return r;
}

/* Problems of a journal that was restored or moved. Returns the exit status. */
static int report(struct work *work, const struct journal_verify *verify)
{
	struct verified_records found = { records_shown(work->call->arena, work->where), *verify };
	if (work->json) {
		json_open_map(&work->out, "verified");
		verify_records_json(work->call, &found, &work->out);
		buf_add_char(&work->out, '}');
	} else {
		verify_records_text(work->call, &found, &work->out);
	}
	return verify->n_problems ? EXIT_FOUND : EXIT_GOOD;
}

/* ---- status ---- */

struct row_count {
	struct str table;
	int64_t rows;
};

static int64_t size_of(struct work *work, struct db *db)
{
	struct stat st;
	int64_t size = 0;
	if (db_kind(db) == DB_POSTGRESQL)
		return db_one_int(db, "SELECT pg_database_size(current_database())", 0, &size, NULL) < 0 ? 0 : size;
	static const char *const parts[] = { "", "-wal" };
	for (size_t i = 0; i < COUNT(parts); i++)
		if (stat(arena_printf(work->call->arena, "%.*s%s", STR_ARG(work->where), parts[i]).p, &st) == 0)
			size += st.st_size;
	return size;
}

static int count_tables(struct work *work, struct db *db, struct row_count **out, size_t *n, struct err *err)
{
	struct tables tables;
	int r = tables_list(work->call->arena, db, &tables, err);
	if (r < 0)
		return r;
	*out = ARENA_ARRAY(work->call->arena, struct row_count, tables.n);
	*n = tables.n;
	for (size_t i = 0; r == 0 && i < tables.n; i++) {
		BUF(sql);
		buf_puts(&sql, "SELECT count(*) FROM ");
		table_add_name(&sql, tables.p[i].name);
		(*out)[i].table = tables.p[i].name;
		r = db_one_int(db, buf_cstr(&sql), 0, &(*out)[i].rows, err);
	}
	return r;
}

static int print_status(struct work *work, struct db *db, struct err *err)
{
	struct row_count *counts = NULL;
	struct journal_head head = { 0 };
	int64_t sealed = 0, sealed_time = 0, size = size_of(work, db);
	size_t n = 0;
	struct str shown = records_shown(work->call->arena, work->where);
	int r = count_tables(work, db, &counts, &n, err);
	if (r == 0)
		r = journal_head_read(db, &head, err);
	if (r == 0)
		r = db_one_int(db, "SELECT max(seq) FROM ward_seal", 0, &sealed, err);
	if (r == 0)
		r = db_one_int(db, "SELECT max(time) FROM ward_seal", 0, &sealed_time, err);
	if (r < 0)
		return r;
	if (work->json) {
		json_put(&work->out, "where", shown);
		json_put(&work->out, "kind", db_kind(db) == DB_SQLITE ? STR("sqlite") : STR("postgresql"));
		json_put_int(&work->out, "bytes", size);
		json_put_int(&work->out, "entries", head.seq);
		json_put_int(&work->out, "sealed", sealed);
		json_put_int(&work->out, "sealed_time", sealed_time / 1000000000);
		json_open_map(&work->out, "tables");
		for (size_t i = 0; i < n; i++)
			json_put_int(&work->out, counts[i].table.p, counts[i].rows);
		buf_add_char(&work->out, '}');
		return 0;
	}
	say(work, &NOTE("{}: {} byte{s}", shown, count_text(work, size)));
	for (size_t i = 0; i < n; i++)
		if (counts[i].rows)
			buf_printf(&work->out, "  %-24.*s %10lld\n", STR_ARG(counts[i].table), (long long)counts[i].rows);
	say(work, &NOTE("entries of the journal: {}", count_text(work, head.seq)));
	if (sealed)
		say(work, &NOTE("sealed up to entry {}, {}", count_text(work, sealed), clock_format_local(work->call->arena, sealed_time / 1000000000)));
	else
		say(work, &NOTE("it was never sealed"));
	return 0;
}

static int verb_status(struct work *work, struct err *err)
{
	CLEANUP(records_close_p) struct records *records = NULL;
	struct db *db;
	int r = records_open(&(struct records_options){ .where = work->where, .read_only = true }, &records, err);
	if (r == 0)
		r = records_read(records, &db, err);
	if (r < 0)
		return r;
	r = print_status(work, db, err);
	records_read_end(records, db);
	return r;
}

static int verb_verify(struct work *work, struct err *err)
{
	struct verified_records found = { .verify = { .keys = work->keys, .n_keys = work->n_keys } };
	int r = verify_records_run(work->call, work->where, &found, err);
	if (r < 0)
		return r;
	if (work->json)
		verify_records_json(work->call, &found, &work->out);
	else
		verify_records_text(work->call, &found, &work->out);
	return found.verify.n_problems ? EXIT_FOUND : EXIT_GOOD;
}

/* ---- backup and restore ---- */

static int must_be_named(struct work *work, const char **out, struct err *err)
{
	if (work->call->args.n < 2)
		return err_set(err, -EINVAL, "which folder?");
	*out = work->call->args.operands[1].p;
	return 0;
}

static void print_backup(struct work *work, const struct backup *backup)
{
	if (work->json) {
		json_put(&work->out, "folder", str_from(backup->dir));
		json_put_int(&work->out, "time", backup->manifest.time);
		json_put_int(&work->out, "bytes", backup->manifest.records.bytes);
		json_put(&work->out, "sha256", backup->manifest.records.digest);
		json_put_int(&work->out, "entries", backup->manifest.journal.seq);
		json_put_int(&work->out, "files", (int64_t)backup->manifest.n);
	}
}

static int verb_backup(struct work *work, struct err *err)
{
	struct backup backup = { .where = work->where, .files = work->files, .progress = progress_percent, .ctx = &work->progress };
	int r = must_be_named(work, &backup.dir, err);
	if (r < 0)
		return r;
	work->progress.doing = TR("{} % saved");
	progress_start(&work->progress);
	r = backup_make(work->call->arena, &backup, err);
	progress_end(&work->progress);
	if (r < 0)
		return r;
	print_backup(work, &backup);
	if (!work->json)
		say(work, &NOTE("saved in {}: {} byte{s}, {} attachment{s}; entries of the journal: {}", str_from(backup.dir),
		                count_text(work, backup.manifest.records.bytes), count_text(work, (int64_t)backup.manifest.n),
		                count_text(work, backup.manifest.journal.seq)));
	return 0;
}

static int verb_restore(struct work *work, struct err *err)
{
	struct backup backup = { .where = work->where, .files = work->files, .anyway = opt_given(&work->call->args, OPT_ANYWAY),
		                 .progress = progress_percent, .ctx = &work->progress, .verify = { .keys = work->keys, .n_keys = work->n_keys } };
	int r = must_be_named(work, &backup.dir, err);
	if (r < 0)
		return r;
	work->progress.doing = TR("{} % restored");
	progress_start(&work->progress);
	r = backup_restore(work->call->arena, &backup, err);
	progress_end(&work->progress);
	if (r < 0)
		return r;
	print_backup(work, &backup);
	if (!work->json)
		say(work, &NOTE("restored from {}, as it was at {}", str_from(backup.dir), clock_format_local(work->call->arena, backup.manifest.time)));
	return report(work, &backup.verify);
}

/* ---- move ---- */

static int move_within(struct work *work, struct records *source, struct str to, struct copy *copy, struct err *err)
{
	CLEANUP(db_close_p) struct db *target = NULL;
	struct db *from;
	int r = db_open(to, DB_WRITE, &target, err);
	if (r == 0)
		r = records_read(source, &from, err);
	if (r < 0)
		return r;
	r = copy_all(work->call->arena, from, target, copy, err);
	records_read_end(source, from);
	return r;
}

static int verb_move(struct work *work, struct err *err)
{
	CLEANUP(records_close_p) struct records *source = NULL;
	struct str to = opt_text(&work->call->args, OPT_TO);
	struct copy copy = { .progress = progress_percent, .ctx = &work->progress, .anyway = opt_given(&work->call->args, OPT_ANYWAY),
		             .verify = { .keys = work->keys, .n_keys = work->n_keys } };
	if (!db_is_postgresql(to) || db_is_postgresql(work->where))
		return err_set(err, -EINVAL, "records move from SQLite to PostgreSQL: --to postgresql://user@host/database");
	if (access(arena_cstr(work->call->arena, work->where), F_OK) < 0)
		return err_errno(err, -errno, "%.*s", STR_ARG(work->where));
	/* Open for writing: it takes the lock, so that no server changes them meanwhile. */
	int r = records_open(&(struct records_options){ .where = work->where }, &source, err);
	if (r < 0)
		return r;
	work->progress.doing = TR("{} % moved");
	progress_start(&work->progress);
	r = move_within(work, source, to, &copy, err);
	progress_end(&work->progress);
	if (r < 0)
		return err_wrap(err, r, "nothing was moved");
	struct str shown = records_shown(work->call->arena, to);
	work->where = to;
	if (work->json) {
		json_put(&work->out, "to", shown);
		json_put_int(&work->out, "tables", (int64_t)copy.tables);
		json_put_int(&work->out, "rows", (int64_t)copy.rows);
	} else {
		say(work, &NOTE("moved to {}: {} table{s}, {} row{s}, read back and compared", shown, count_text(work, (int64_t)copy.tables), count_text(work, (int64_t)copy.rows)));
		say(work, &NOTE("now write this address into ward.yaml, as `records`"));
	}
	return report(work, &copy.verify);
}

static const struct command_verb verbs[] = {
	{ "status", NULL, TR("where they are, how large, and how far they are sealed") },
	{ "verify", NULL, TR("prove that the journal is whole and the registers say what it says") },
	{ "backup", "FOLDER", TR("save them into a new folder, while ward works") },
	{ "restore", "FOLDER", TR("bring them back where there are none") },
	{ "move", NULL, TR("take them from SQLite to PostgreSQL") },
	{ 0 },
};

static int records_command(struct call *call, struct err *err)
{
	static int (*const run[])(struct work *, struct err *) = { verb_status, verb_verify, verb_backup, verb_restore, verb_move };
	CLEANUP(work_done) struct work work = { .call = call, .json = opt_choice(&call->args, OPT_FORMAT_, 0) == 1, .progress = { .call = call } };
	if (call->args.n > 1 && !verbs[call->verb].operands)
		return command_usage(call, &NOTE("'{}' takes no more words; the folder of an office is named by --dir", str_from(verbs[call->verb].name)));
	int r = find_place(&work, err);
	if (r == 0)
		r = verify_load_keys(call, &call->args.values[OPT_KEY], &work.keys, err);
	work.n_keys = call->args.values[OPT_KEY].n;
	if (r < 0)
		return r;
	buf_puts(&work.out, work.json ? "{" : "");
	int status = run[call->verb](&work, err);
	if (status < 0)
		return status;
	buf_puts(&work.out, work.json ? "}\n" : "");
	r = command_print(buf_str(&work.out), err);
	return r < 0 ? r : status;
}

static const struct command_example examples[] = {
	{ "ward records status", TR("the records in their usual place") },
	{ "ward records backup /mnt/backup/2026-11-23", TR("save them, with the attachments") },
	{ "ward records restore /mnt/backup/2026-11-23 --dir /srv/ward", TR("bring them back on another machine") },
	{ "ward records move --to postgresql://ward@db.example/ward", TR("to PostgreSQL; ward up must not run meanwhile") },
	{ "ward records verify --key archive.pub", TR("prove them with a public key that was kept elsewhere") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("done, and nothing is wrong") },
	{ 1, TR("the journal was changed, or the registers do not say what it says; each place is named") },
	{ 2, TR("it could not run; nothing was replaced") },
	{ 0 },
};

const struct command command_records = {
	.name = "records",
	.summary = TR("save, restore, move and verify the office's records"),
	.description = TR("The records are the registers, findings, incidents and people of `ward up`, and the journal of every change to them.\n\n"
	                  "A backup is a folder with one SQLite file, the attachments, and a list of their digests; it is made from SQLite and "
	                  "PostgreSQL alike, and goes back into either. The keys in DIR/keys are not in it: without them sealed fields cannot be "
	                  "read. Keep them elsewhere.\n\n"
	                  "Nothing is ever replaced: a restore or a move goes where there are no records yet, is compared with what was "
	                  "saved, and is there whole or not at all. After a failure, start it again."),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = 2,
	.run = records_command,
};
