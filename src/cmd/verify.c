/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward verify: prove that an archive is what was sealed, and that records are what their journal says.
 */
#include <unistd.h>

#include "archive/verify.h"
#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/files.h"
#include "cmd/office_dir.h"
#include "cmd/terminal.h"
#include "cmd/verify_records.h"
#include "data/db.h"
#include "data/json.h"
#include "role/config.h"

enum { OPT_RECORDS, OPT_KEY, OPT_HEAD, OPT_WRITE_HEAD, OPT_FORMAT_, OPT_END };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_RECORDS] = { "records", 0, OPT_TEXT, "WHERE", .help = TR("the records, too: a file, or postgresql://…; DIR/records/records.db by itself") },
	[OPT_KEY] = { "key", 'k', OPT_FILE, "FILE", .repeat = true,
	              .help = TR("a public key that is trusted; without it the keys in the archive itself are taken") },
	[OPT_HEAD] = { "head", 0, OPT_FILE, "FILE", .repeat = true,
	               .help = TR("an end of the chain that was written down earlier: it must still be there") },
	[OPT_WRITE_HEAD] = { "write-head", 0, OPT_FILE, "FILE",
	                     .help = TR("write down the ends when nothing is wrong; keep them elsewhere") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

/* What is verified, and what was found. */
struct both {
	struct verify archive;
	struct verified_records records;
	struct str records_at; /* STR_NONE: no records */
	bool has_archive;
};

/* A file of heads has a line for the archive, one for the journal, or both. */
static int load_head(struct call *call, const char *path, struct chain *head, bool *is_archive, struct journal_head *journal, struct err *err)
{
	struct source source;
	int r = file_load(call->arena, path, &source, err);
	struct str rest = source.text, line;
	*is_archive = false;
	while (r == 0 && str_line(&rest, &line)) {
		if (str_starts(line, "ward-journal-1 ")) {
			struct journal_head found;
			r = journal_head_parse(line, &found, err);
			if (r == 0 && found.seq > journal->seq)
				*journal = found;
		} else if (str_trim(line).n) {
			r = head_parse(str_trim(line), head, err);
			*is_archive = true;
		}
	}
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

static int load_heads(struct call *call, struct both *both, struct err *err)
{
	const struct opt_values *files = &call->args.values[OPT_HEAD];
	struct chain *heads = ARENA_ARRAY(call->arena, struct chain, files->n);
	size_t n = 0;
	for (unsigned i = 0; i < files->n; i++) {
		bool is_archive;
		int r = load_head(call, files->p[i].p, &heads[n], &is_archive, &both->records.verify.head, err);
		if (r < 0)
			return r;
		n += is_archive;
	}
	both->archive.heads = heads;
	both->archive.n_heads = n;
	return 0;
}

static int load_keys(struct call *call, struct both *both, struct err *err)
{
	const struct opt_values *files = &call->args.values[OPT_KEY];
	struct public_key *keys;
	int r = verify_load_keys(call, files, &keys, err);
	if (r < 0)
		return r;
	both->archive.keys = both->records.verify.keys = keys;
	both->archive.n_keys = both->records.verify.n_keys = files->n;
	return 0;
}

/* DIR is an archive, or all that an office keeps. */
static int find_parts(struct call *call, struct both *both, struct err *err)
{
	const char *dir = call->args.n ? call->args.operands[0].p : NULL;
	both->records_at = opt_text(&call->args, OPT_RECORDS);
	both->archive.dir = dir;
	both->has_archive = dir;
	if (!dir)
		return both->records_at.p ? 0 : err_set(err, -EINVAL, "which archive, or which records (--records)?");
	if (access(arena_printf(call->arena, "%s/archive.ward", dir).p, F_OK) == 0)
		return 0;
	/* An office's configuration says where its records are; after a move those in the folder are only what they once were. */
	const char *office_dir = office_directory(call, dir, err);
	if (!office_dir)
		return -EINVAL;
	const char *config_file = office_config(call, office_dir, NULL);
	struct str records = arena_printf(call->arena, "%s/records/records.db", dir);
	struct config config;
	int r = config_file ? config_up(call->arena, office_dir, config_file, &config, err) : 0;
	if (r < 0)
		return r;
	if (config_file && db_is_postgresql(config.up.records))
		records = config.up.records;
	bool office = db_is_postgresql(records) || access(records.p, F_OK) == 0;
	const char *archive = arena_printf(call->arena, "%s/archive", dir).p;
	if (office && !both->records_at.p)
		both->records_at = records;
	if (access(arena_printf(call->arena, "%s/archive.ward", archive).p, F_OK) == 0)
		both->archive.dir = archive;
	else if (office)
		both->has_archive = false;
	return 0;
}

static struct str count_text(struct arena *arena, uint64_t value)
{
	return arena_printf(arena, "%llu", (unsigned long long)value);
}

static void add_note(struct call *call, struct buf *out, const struct note *note)
{
	buf_add(out, note_text(call->arena, call->lang, note));
	buf_add_char(out, '\n');
}

/* "2026-11-23, block 3: …" */
static void add_problem(struct call *call, struct buf *out, const struct verify_problem *problem)
{
	struct arena *arena = call->arena;
	struct str day = str_from(problem->day), number = count_text(arena, problem->number);
	struct str what = note_text(arena, call->lang, &problem->what);
	if (problem->number)
		add_note(call, out, &NOTE("{}, block {}: {}", day, number, what));
	else if (day.n)
		add_note(call, out, &NOTE("{}: {}", day, what));
	else if (problem->sequence)
		add_note(call, out, &NOTE("statement {} of archive.ward: {}", count_text(arena, problem->sequence), what));
	else
		add_note(call, out, &NOTE("the archive: {}", what));
}

static void add_proof(struct call *call, struct buf *out, const struct verify *verify)
{
	struct arena *arena = call->arena;
	struct str days = count_text(arena, verify->days), blocks = count_text(arena, verify->blocks);
	struct str records = count_text(arena, verify->records), statements = count_text(arena, verify->statements);
	add_note(call, out, &NOTE("{} day{s}, {} block{s}, {} record{s}; {} statement{s} in the chain", days, blocks, records, statements));
	for (size_t i = 0; i < verify->n_key_ids; i++)
		add_note(call, out, &NOTE("signed by the key {}", verify->key_ids[i]));
	if (verify->removed_days)
		add_note(call, out, &NOTE("removed by retention, each by a signed record: {} day{s}", count_text(arena, verify->removed_days)));
	if (verify->clock_back)
		add_note(call, out, &NOTE("the clock stood behind {} time{s}; the order is that of arrival", count_text(arena, verify->clock_back)));
	if (verify->n_problems) {
		add_note(call, out, &NOTE("{} problem{s}; the first is where trust ends", count_text(arena, verify->n_problems)));
		return;
	}
	buf_add(out, tr(call->lang, "nothing was changed, removed, reordered or backdated since it was sealed"));
	buf_add_char(out, '\n');
	const char *open[] = {
		verify->not_signed ? TR("not proven: who wrote it, for it is not signed") : NULL,
		verify->n_key_ids && !verify->keys_given
			? TR("not proven: whose keys these are; they were taken from the archive itself (--key with a public key kept elsewhere proves it)")
			: NULL,
		verify->last_head < verify->chain.sequence
			? TR("not proven: that nothing newer was cut off; write the head down elsewhere (--write-head) and give it next time (--head)")
			: NULL,
	};
	for (size_t i = 0; i < COUNT(open); i++)
		if (open[i]) {
			buf_add(out, tr(call->lang, open[i]));
			buf_add_char(out, '\n');
		}
	if (verify->unsealed)
		add_note(call, out, &NOTE("not proven: {} record{s} not sealed yet", count_text(arena, verify->unsealed)));
	buf_puts(out, "  ");
	head_print(&verify->chain, out);
}

static void add_json(struct call *call, struct buf *out, const struct verify *verify)
{
	BUF(head);
	json_put_int(out, "days", (int64_t)verify->days);
	json_put_int(out, "blocks", (int64_t)verify->blocks);
	json_put_int(out, "records", (int64_t)verify->records);
	json_put_int(out, "bytes", (int64_t)verify->bytes);
	json_put_int(out, "stored", (int64_t)verify->stored);
	json_put_int(out, "statements", (int64_t)verify->statements);
	json_put_int(out, "not_signed", (int64_t)verify->not_signed);
	json_put_int(out, "not_sealed", (int64_t)verify->unsealed);
	json_put_int(out, "removed_days", (int64_t)verify->removed_days);
	json_put_int(out, "clock_back", (int64_t)verify->clock_back);
	json_put_flag(out, "keys_given", verify->keys_given);
	struct strings keys = { verify->key_ids, verify->n_key_ids };
	json_put_strings(out, "keys", &keys);
	json_put_int(out, "head_found", (int64_t)verify->last_head);
	head_print(&verify->chain, &head);
	json_put(out, "head", str_trim(buf_str(&head)));
	json_open_list(out, "problems");
	for (size_t i = 0; i < verify->n_problems; i++) {
		const struct verify_problem *problem = &verify->problems[i];
		json_open_map(out, NULL);
		json_put(out, "day", str_from(problem->day));
		json_put_int(out, "block", problem->number);
		json_put_int(out, "sequence", (int64_t)problem->sequence);
		json_put(out, "what", note_text(call->arena, call->lang, &problem->what));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static int verify_archive(struct call *call, struct verify *verify, struct err *err)
{
	struct progress progress = { .call = call, .doing = TR("{} % read") };
	verify->progress = progress_percent;
	verify->ctx = &progress;
	progress_start(&progress);
	int r = verify_run(call->arena, verify, err);
	progress_end(&progress);
	return r;
}

static void add_all(struct call *call, const struct both *both, bool good, struct buf *out)
{
	if (opt_choice(&call->args, OPT_FORMAT_, 0) == 1) {
		buf_add_char(out, '{');
		json_put_flag(out, "good", good);
		if (both->has_archive)
			add_json(call, out, &both->archive);
		if (both->records_at.p) {
			json_open_map(out, "records_journal");
			verify_records_json(call, &both->records, out);
			buf_add_char(out, '}');
		}
		buf_puts(out, "}\n");
		return;
	}
	for (size_t i = 0; both->has_archive && i < both->archive.n_problems; i++)
		add_problem(call, out, &both->archive.problems[i]);
	if (both->has_archive)
		add_proof(call, out, &both->archive);
	if (both->records_at.p)
		verify_records_text(call, &both->records, out);
}

static int verify_command(struct call *call, struct err *err)
{
	BUF(out);
	BUF(heads);
	struct both both = { 0 };
	const char *write_head = opt_cstr(&call->args, OPT_WRITE_HEAD);
	int r = find_parts(call, &both, err);
	if (r == 0)
		r = load_keys(call, &both, err);
	if (r == 0)
		r = load_heads(call, &both, err);
	if (r == 0 && both.has_archive)
		r = verify_archive(call, &both.archive, err);
	if (r == 0 && both.records_at.p)
		r = verify_records_run(call, both.records_at, &both.records, err);
	if (r < 0)
		return r;
	bool good = both.archive.n_problems == 0 && both.records.verify.n_problems == 0;
	if (both.has_archive)
		head_print(&both.archive.chain, &heads);
	if (both.records.verify.end.seq)
		journal_head_print(&both.records.verify.end, &heads);
	if (write_head && good)
		r = file_write(call->arena, write_head, buf_str(&heads), err);
	if (r < 0)
		return r;
	add_all(call, &both, good, &out);
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : good ? EXIT_GOOD : EXIT_FOUND;
}

static const struct command_example examples[] = {
	{ "ward verify /var/lib/ward/archive --key archive.pub", TR("prove it with a public key that was kept elsewhere") },
	{ "ward verify /mnt/second --key archive.pub", TR("a copy, at its place") },
	{ "ward verify /var/lib/ward --key archive.pub", TR("the whole office: its archive, and its records with their journal") },
	{ "ward verify archive --head last-month.head --write-head today.head",
	  TR("that nothing was cut off since last month, and a new head to keep") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("all is as it was sealed") },
	{ 1, TR("something was changed, removed, reordered or backdated; the first bad block is named first") },
	{ 2, TR("it could not be read") },
	{ 0 },
};

const struct command command_verify = {
	.name = "verify",
	.summary = TR("prove that an archive, or the records, were not changed"),
	.operands = "[DIR]",
	.description = TR("Reads the whole archive, or a copy of some of its days, and compares it with what was signed. Needs "
	                  "no network and no private key. Names the first bad block by its day and number.\n\n"
	                  "Nobody can prove from the files alone that the newest part was not cut off: keep the head, one line of "
	                  "text, on another machine or on paper, and give it with --head.\n\n"
	                  "Where DIR is the directory of a whole office, its records are verified, too: every entry of their journal, every "
	                  "seal over it, and that each record is what the journal last said of it."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.least = 0,
	.most = 1,
	.run = verify_command,
};
