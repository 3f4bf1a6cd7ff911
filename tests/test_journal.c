/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Seals, and what verifying finds. On SQLite and on PostgreSQL (records_place.h). That the hashes are those that the header
 * describes is shown by tests/it/test_records.py, with Python's own SHA-256.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "record/journal_verify.h"
#include "record/seal.h"
#include "records_place.h"
#include "role/keeper.h"

static const struct migration change_table[] = {
	{ 900, "change", "CREATE TABLE change (id INTEGER PRIMARY KEY, state TEXT, version INTEGER, part REAL, urgent INTEGER, systems TEXT, note TEXT,"
	                 " window_from TEXT, window_to TEXT)" },
	{ 0 },
};
static struct actor me = { .id = 7, .name = { "Lan", 3 } };

struct act {
	const char *sql, *action, *after;
	int64_t id;
};

static int act_work(void *ctx, struct write *write, struct err *err)
{
	struct act *act = ctx;
	int r = db_run(write->db, act->sql, err);
	struct change change = { .kind = STR("change"), .object = act->id, .org = 1, .action = str_from(act->action), .after = str_from(act->after) };
	return r < 0 ? r : write_journal(write, &change, NULL, err);
}

static void act(struct records *records, int64_t id, const char *action, const char *sql, const char *after)
{
	struct act act = { sql, action, after, id };
	struct err err = { "" };
	assert_int_equal(records_do(records, &me, act_work, &act, &err), 0);
}

static struct records *open_records(void)
{
	struct records_options options = { .where = place };
	struct records *records = NULL;
	assert_int_equal(records_open(&options, &records, NULL), 0);
	assert_int_equal(records_migrate(records, change_table, NULL), 0);
	return records;
}

/* Two records, four entries, sealed after the second and the fourth; the first seal is over entry 2. */
static struct private_key *fill(enum sign_algorithm algorithm)
{
	struct records *records = open_records();
	struct private_key *key = NULL;
	assert_int_equal(private_key_generate(algorithm, &key, NULL), 0);
	struct signer signer = signer_local(key);
	assert_int_equal(seal_if_due(records, &signer, 0, 0, NULL), 0);
	act(records, 1, "create", "INSERT INTO change (id, state, version, part, urgent, systems) VALUES (1, 'requested', 1, 0.25, 1, '[3,5]')",
	    "{\"state\":\"requested\",\"part\":0.25,\"urgent\":true,\"systems\":[3,5],\"window\":null,\"unknown\":4}");
	act(records, 2, "create", "INSERT INTO change (id, state, version, part) VALUES (2, 'requested', 1, 5)",
	    "{\"state\":\"requested\",\"part\":5,\"systems\":[],\"urgent\":null}");
	assert_int_equal(seal_if_due(records, &signer, 3, 3600, NULL), 0);
	assert_int_equal(seal_if_due(records, &signer, 2, 3600, NULL), 1);
	assert_int_equal(seal_if_due(records, &signer, 1, 0, NULL), 0);
	act(records, 1, "approve", "UPDATE change SET state = 'approved', version = 2, window_from = '2026-11-23' WHERE id = 1",
	    "{\"state\":\"approved\",\"window\":{\"from\":\"2026-11-23\",\"to\":null}}");
	act(records, 2, "unmask", "UPDATE change SET version = version", NULL);
	assert_int_equal(seal_if_due(records, &signer, 100, 0, NULL), 1);
	records_close(records);
	return key;
}

static struct journal_verify verify_with(struct arena *arena, const struct private_key *key)
{
	CLEANUP(db_close_p) struct db *db = NULL;
	struct journal_verify verify = { 0 };
	struct err err = { "" };
	if (key) {
		verify.keys = private_key_public(key);
		verify.n_keys = 1;
	}
	assert_int_equal(db_open(place, DB_READ, &db, NULL), 0);
	int r = journal_verify(arena, db, &verify, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	return verify;
}

static void all_is_well(enum sign_algorithm algorithm)
{
	ARENA(arena);
	CLEANUP(private_key_close_p) struct private_key *key = fill(algorithm);
	struct journal_verify verify = verify_with(&arena, key);
	for (size_t i = 0; i < verify.problems.n; i++)
		print_message("%.*s\n", STR_ARG(note_text(&arena, LANG_EN, &verify.problems.p[i].what)));
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.entries, 4);
	assert_int_equal(verify.seals, 2);
	assert_int_equal(verify.sealed, 4);
	assert_int_equal(verify.registers, 1);
	assert_int_equal(verify.rows, 2);
	assert_int_equal(verify.key_ids.n, 1);
	BUF(line);
	journal_head_print(&verify.end, &line);
	struct journal_verify again = { 0 };
	assert_int_equal(journal_head_parse(buf_str(&line), &again.head, NULL), 0);
	CLEANUP(db_close_p) struct db *db = NULL;
	assert_int_equal(db_open(place, DB_READ, &db, NULL), 0);
	assert_int_equal(journal_verify(&arena, db, &again, NULL), 0);
	assert_int_equal(again.n_problems, 0);
}

static void nothing_is_found_where_nothing_is_wrong(void **state)
{
	(void)state;
	all_is_well(SIGN_ED25519);
}

static void nor_with_sm2(void **state)
{
	(void)state;
	all_is_well(SIGN_SM2);
}

/* What was done behind ward's back, and where that is found. */
static void each_change_is_found_where_it_was_made(void **state)
{
	(void)state;
	static const struct {
		const char *sql;
		int64_t seq, seal, id;
		const char *words;
	} changes[] = {
		{ "UPDATE ward_journal SET reason = 'because' WHERE seq = 3", 3, 0, 0, "its hash does not fit" },
		{ "UPDATE ward_journal SET actor = 8 WHERE seq = 1", 1, 0, 0, "its hash does not fit" },
		{ "UPDATE ward_journal SET time = 1 WHERE seq = 3", 3, 0, 0, "its hash does not fit" },
		{ "DELETE FROM ward_journal WHERE seq = 3", 4, 0, 0, "missing before it: 1" },
		{ "DELETE FROM ward_journal WHERE seq = 4", 0, 2, 0, "entry 4, which was sealed, is missing" },
		{ "UPDATE ward_seal SET signature = 'AAAA' WHERE number = 2", 0, 2, 0, "its signature is wrong" },
		{ "UPDATE ward_seal SET statement = replace(statement, 'sequence 1', 'sequence 3') WHERE number = 1", 0, 1, 0, "its statement is damaged" },
		{ "UPDATE ward_seal SET statement = replace(statement, 'time 1', 'time 0') WHERE number = 1", 0, 1, 0, "its statement is damaged" },
		{ "DELETE FROM ward_seal WHERE number = 1", 0, 2, 0, "it does not follow the seal before it" },
		{ "UPDATE change SET state = 'closed' WHERE id = 1", 3, 0, 1, "'state' is not what entry 3 says" },
		{ "UPDATE change SET part = 0.5 WHERE id = 1", 1, 0, 1, "'part' is not what entry 1 says" },
		{ "UPDATE change SET urgent = 0 WHERE id = 1", 1, 0, 1, "'urgent' is not what entry 1 says" },
		{ "UPDATE change SET urgent = 0 WHERE id = 2", 2, 0, 2, "'urgent' is not what entry 2 says" },
		{ "UPDATE change SET systems = '[3]' WHERE id = 1", 1, 0, 1, "'systems' is not what entry 1 says" },
		{ "UPDATE change SET window_from = NULL WHERE id = 1", 3, 0, 1, "'window_from' is not what entry 3 says" },
		{ "UPDATE change SET window_to = '2026-11-24' WHERE id = 1", 3, 0, 1, "'window_to' is not what entry 3 says" },
		{ "UPDATE change SET systems = '[4]' WHERE id = 2", 2, 0, 2, "'systems' is not what entry 2 says" },
		{ "UPDATE change SET note = 'x' WHERE id = 1", 0, 0, 1, "'note' is filled in, and no entry of the journal says so" },
		{ "DELETE FROM change WHERE id = 2", 2, 0, 2, "it is in the journal, but not in the register" },
		{ "INSERT INTO change (id, version) VALUES (9, 1)", 0, 0, 9, "no entry of the journal speaks of it" },
	};
	CLEANUP(private_key_close_p) struct private_key *key = fill(SIGN_ED25519);
	for (size_t i = 0; i < COUNT(changes); i++) {
		ARENA(arena);
		CLEANUP(db_close_p) struct db *db = NULL;
		struct journal_verify verify = { .keys = private_key_public(key), .n_keys = 1 };
		assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
		assert_int_equal(db_run(db, "BEGIN", NULL), 0);
		assert_int_equal(db_run(db, changes[i].sql, NULL), 0);
		assert_int_equal(journal_verify(&arena, db, &verify, NULL), 0);
		db_back(db);
		print_message("%s\n", changes[i].sql);
		assert_true(verify.n_problems > 0);
		const struct journal_problem *first = &verify.problems.p[0];
		struct str words = note_text(&arena, LANG_EN, &first->what);
		print_message("  %.*s\n", STR_ARG(words));
		assert_true(str_find(words, changes[i].words) >= 0);
		assert_int_equal(first->seq, changes[i].seq);
		assert_int_equal(first->seal, changes[i].seal);
		assert_int_equal(first->id, changes[i].id);
	}
}

static void another_key_is_not_taken(void **state)
{
	(void)state;
	ARENA(arena);
	CLEANUP(private_key_close_p) struct private_key *other = NULL;
	private_key_close(fill(SIGN_ED25519));
	assert_int_equal(private_key_generate(SIGN_ED25519, &other, NULL), 0);
	struct journal_verify verify = verify_with(&arena, other);
	assert_int_equal(verify.n_problems, 2);
	assert_int_equal(verify.sealed, 0);
	assert_true(str_starts(note_text(&arena, LANG_EN, &verify.problems.p[0].what), "it is signed by another key"));
	verify = verify_with(&arena, NULL);
	assert_int_equal(verify.n_problems, 0);
}

/* The whole journal written again with good hashes, as only somebody with the database can: the seals say so. */
static void a_journal_written_again_is_not_what_was_sealed(void **state)
{
	(void)state;
	ARENA(arena);
	CLEANUP(private_key_close_p) struct private_key *key = fill(SIGN_ED25519);
	CLEANUP(db_close_p) struct db *db = NULL;
	struct journal_head head = { 0 };
	memset(head.hash, '0', JOURNAL_HASH);
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	assert_int_equal(db_run(db, "DELETE FROM ward_journal; DELETE FROM change", NULL), 0);
	for (int i = 0; i < 4; i++) {
		struct journal_entry entry = { .time = 5, .actor_name = STR("Lan"), .change = { .kind = STR("user"), .action = STR("edit") } };
		assert_int_equal(journal_add(db, &head, &entry, NULL), 0);
	}
	struct journal_verify verify = verify_with(&arena, key);
	assert_int_equal(verify.n_problems, 2);
	assert_int_equal(verify.problems.p[0].seal, 1);
	assert_true(str_is(note_text(&arena, LANG_EN, &verify.problems.p[0].what), "entry 2 is not what was sealed"));
	assert_int_equal(verify.sealed, 0);
}

static void a_head_written_down_must_be_there(void **state)
{
	(void)state;
	ARENA(arena);
	CLEANUP(private_key_close_p) struct private_key *key = fill(SIGN_ED25519);
	struct journal_verify verify = verify_with(&arena, key);
	struct journal_verify later = { .head = verify.end };
	CLEANUP(db_close_p) struct db *db = NULL;
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	/* The newest entry cut off with its seal: only the head shows it. */
	assert_int_equal(db_run(db, "DELETE FROM ward_journal WHERE seq = 4; DELETE FROM ward_seal WHERE number = 2", NULL), 0);
	assert_int_equal(verify_with(&arena, key).n_problems, 0);
	assert_int_equal(journal_verify(&arena, db, &later, NULL), 0);
	assert_int_equal(later.n_problems, 1);
	assert_int_equal(later.problems.p[0].seq, 4);
	assert_true(journal_head_parse(STR("ward-journal-1 x y"), &later.head, NULL) < 0);
	assert_true(journal_head_parse(STR("archive 1 2 3"), &later.head, NULL) < 0);
}

static int refuse(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	(void)ctx, (void)statement, (void)signature;
	return err_set(err, -EPIPE, "the keeper of the key has ended");
}

static void what_is_not_signed_is_not_sealed(void **state)
{
	(void)state;
	CLEANUP(private_key_close_p) struct private_key *key = NULL;
	struct records *records = open_records();
	struct err err = { "" };
	assert_int_equal(private_key_generate(SIGN_ED25519, &key, NULL), 0);
	struct signer signer = signer_local(key), broken = { .sign = refuse, .key = *private_key_public(key) };
	act(records, 1, "create", "INSERT INTO change (id, version) VALUES (1, 1)", "{}");
	assert_int_equal(seal_if_due(records, &broken, 0, 0, &err), -EPIPE);
	assert_string_equal(err.text, "sealing the journal: the keeper of the key has ended");
	act(records, 2, "create", "INSERT INTO change (id, version) VALUES (2, 1)", "{}");
	assert_int_equal(seal_if_due(records, &signer, 0, 0, &err), 1);
	records_close(records);
	ARENA(arena);
	struct journal_verify verify = verify_with(&arena, key);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.sealed, 2);
}

/* The keeper signs what is sealed here, and not twice another way. */
static int judge(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	static struct keeper_memory memory;
	const struct private_key *key = ctx;
	struct seal seal;
	assert_int_equal(seal_read(statement, &seal, err), 0);
	int r = keeper_judge(&memory, private_key_public(key)->id, statement, seal.time, 1, err);
	return r < 0 ? r : private_key_sign(key, statement, signature, err);
}

static void the_keeper_signs_seals(void **state)
{
	(void)state;
	ARENA(arena);
	CLEANUP(private_key_close_p) struct private_key *key = NULL;
	struct records *records = open_records();
	struct err err = { "" };
	assert_int_equal(private_key_generate(SIGN_ED25519, &key, NULL), 0);
	struct signer signer = { key, judge, *private_key_public(key) };
	for (int i = 1; i <= 3; i++) {
		act(records, i, "create", arena_printf(&arena, "INSERT INTO change (id, version) VALUES (%d, 1)", i).p, "{}");
		assert_int_equal(seal_if_due(records, &signer, 0, 0, &err), 1);
	}
	records_close(records);
	CLEANUP(db_close_p) struct db *db = NULL;
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	assert_int_equal(db_run(db, "DELETE FROM ward_seal WHERE number > 1", NULL), 0);
	records = open_records();
	act(records, 4, "create", "INSERT INTO change (id, version) VALUES (4, 1)", "{}");
	assert_int_equal(seal_if_due(records, &signer, 0, 0, &err), -EPERM);
	assert_non_null(strstr(err.text, "statement 3 was signed already; number 2 cannot follow"));
	records_close(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_TEST(nothing_is_found_where_nothing_is_wrong),
		EACH_TEST(nor_with_sm2),
		EACH_TEST(each_change_is_found_where_it_was_made),
		EACH_TEST(another_key_is_not_taken),
		EACH_TEST(a_journal_written_again_is_not_what_was_sealed),
		EACH_TEST(a_head_written_down_must_be_there),
		EACH_TEST(what_is_not_signed_is_not_sealed),
		EACH_TEST(the_keeper_signs_seals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
