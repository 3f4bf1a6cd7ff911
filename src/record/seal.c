/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/seal.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/base64.h"
#include "base/clock.h"
#include "crypto/statement.h"

static const char nothing[] = "0000000000000000000000000000000000000000000000000000000000000000";

int seal_read(struct str statement, struct seal *out, struct err *err)
{
	struct str rest = statement, text;
	*out = (struct seal){ .clock = INT64_MIN };
	bool good = statement_line(&rest, "ward", &text) && str_is(text, "journal 1") && statement_line(&rest, "journal", &out->journal) &&
	            str_is_hex(out->journal, SEAL_ID) && statement_number(&rest, "sequence", &out->number) && out->number > 0 &&
	            statement_line(&rest, "previous", &out->previous) && str_is_hex(out->previous, JOURNAL_HASH) &&
	            statement_number(&rest, "time", &out->time);
	if (good)
		(void)statement_number(&rest, "clock", &out->clock);
	good = good && statement_digest(&rest, &out->algorithm) && statement_line(&rest, "key", &out->key) &&
	       statement_number(&rest, "entries", &out->entries) && out->entries > 0 && statement_line(&rest, "head", &out->head) &&
	       str_is_hex(out->head, JOURNAL_HASH) && rest.n == 0;
	return good ? 0 : err_set(err, -EBADMSG, "a seal of the journal cannot be read");
}

/* ---- sealing ---- */

struct sealing {
	const struct signer *signer;
	char journal[SEAL_ID + 1];
	int64_t number, time;                /* of the last seal */
	char previous[JOURNAL_HASH + 1];
	struct journal_head head;
	bool sealed;
};

static int draw_journal(struct write *write, struct sealing *sealing, struct err *err)
{
	unsigned char bytes[SEAL_ID / 2];
	static const char digits[] = "0123456789abcdef";
	DB_QUERY(q);
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, -errno, "no randomness for the journal's name");
	for (size_t i = 0; i < sizeof(bytes); i++) {
		sealing->journal[2 * i] = digits[bytes[i] >> 4];
		sealing->journal[2 * i + 1] = digits[bytes[i] & 15];
	}
	int r = db_query(&q, write->db, "INSERT INTO ward_setting (name, value) VALUES ('journal', ?)", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(sealing->journal));
	return db_do(&q, err);
}

static int name_journal(struct write *write, struct sealing *sealing, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT value FROM ward_setting WHERE name = 'journal'", err);
	if (r == 0)
		r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : draw_journal(write, sealing, err);
	struct str name = db_text(&q, 0);
	if (name.n != SEAL_ID)
		return err_set(err, -EBADMSG, "the journal's name is damaged");
	memcpy(sealing->journal, name.p, SEAL_ID);
	return 0;
}

static int last_seal(struct write *write, struct sealing *sealing, int64_t *seq, struct err *err)
{
	DB_QUERY(q);
	struct seal seal;
	*seq = 0;
	memcpy(sealing->previous, nothing, sizeof(nothing));
	int r = db_query(&q, write->db, "SELECT seq, statement FROM ward_seal ORDER BY number DESC LIMIT 1", err);
	if (r == 0)
		r = db_step(&q, err);
	if (r <= 0)
		return r;
	struct str statement = db_text(&q, 1);
	*seq = db_int(&q, 0);
	r = seal_read(statement, &seal, err);
	if (r < 0)
		return r;
	sealing->number = seal.number;
	sealing->time = seal.time;
	memcpy(sealing->previous, digest_hex(write->arena, seal.algorithm, statement).p, JOURNAL_HASH);
	return 0;
}

static void print_statement(const struct sealing *sealing, int64_t now, int64_t time, struct buf *out)
{
	enum digest algorithm = sealing->signer->key.algorithm == SIGN_SM2 ? DIGEST_SM3 : DIGEST_SHA256;
	buf_printf(out, "ward journal 1\njournal %s\nsequence %lld\nprevious %s\ntime %lld\n", sealing->journal, (long long)sealing->number + 1,
	           sealing->previous, (long long)time);
	if (now < time)
		buf_printf(out, "clock %lld\n", (long long)now);
	buf_printf(out, "digest %s\nkey %s\nentries %lld\nhead %s\n", statement_digests[algorithm], sealing->signer->key.id,
	           (long long)sealing->head.seq, sealing->head.hash);
}

static int keep_seal(struct write *write, const struct sealing *sealing, int64_t time, struct str statement, const uint8_t *signature,
                     struct err *err)
{
	DB_QUERY(q);
	BUF(text);
	BUF(key);
	base64_add(&text, (struct str){ (const char *)signature, SIGN_MOST });
	public_key_print(&sealing->signer->key, &key);
	int r = db_query(&q, write->db, "INSERT INTO ward_seal (number, seq, time, statement, signature, key) VALUES (?, ?, ?, ?, ?, ?)", err);
	if (r < 0)
		return r;
	db_bind_int(&q, sealing->number + 1);
	db_bind_int(&q, sealing->head.seq);
	db_bind_int(&q, time);
	db_bind_text(&q, statement);
	db_bind_text(&q, buf_str(&text));
	db_bind_text(&q, str_trim(buf_str(&key)));
	return db_do(&q, err);
}

static int seal_work(void *ctx, struct write *write, struct err *err)
{
	struct sealing *sealing = ctx;
	struct timespec now;
	BUF(statement);
	uint8_t signature[SIGN_MOST];
	int64_t sealed;
	int r = name_journal(write, sealing, err);
	if (r == 0)
		r = last_seal(write, sealing, &sealed, err);
	if (r == 0)
		r = journal_head_read(write->db, &sealing->head, err);
	if (r < 0 || sealing->head.seq == sealed)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t wall = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, time = MAX(wall, sealing->time);
	print_statement(sealing, wall, time, &statement);
	r = sealing->signer->sign(sealing->signer->ctx, buf_str(&statement), signature, err);
	if (r < 0)
		return err_wrap(err, r, "sealing the journal");
	sealing->sealed = true;
	return keep_seal(write, sealing, time, buf_str(&statement), signature, err);
}

static int is_due(struct records *records, int64_t entries, int64_t seconds, struct err *err)
{
	struct db *db;
	int64_t sealed = 0, last = 0, oldest = 0;
	int r = records_read(records, &db, err);
	if (r < 0)
		return r;
	r = db_one_int(db, "SELECT seq FROM ward_seal ORDER BY number DESC LIMIT 1", 0, &sealed, err);
	if (r == 0)
		r = db_one_int(db, "SELECT seq FROM ward_journal ORDER BY seq DESC LIMIT 1", 0, &last, err);
	if (r == 0 && last > sealed) {
		DB_QUERY(q);
		r = db_query(&q, db, "SELECT time FROM ward_journal WHERE seq > ? ORDER BY seq LIMIT 1", err);
		if (r == 0) {
			db_bind_int(&q, sealed);
			r = db_step(&q, err);
		}
		if (r > 0)
			oldest = db_int(&q, 0) / 1000000000;
	}
	records_read_end(records, db);
	if (r < 0)
		return r;
	return last > sealed && (last - sealed >= entries || clock_now() - oldest >= seconds);
}

int seal_if_due(struct records *records, const struct signer *signer, int64_t entries, int64_t seconds, struct err *err)
{
	struct actor ward = actor_ward();
	struct sealing sealing = { .signer = signer };
	int r = is_due(records, entries, seconds, err);
	if (r <= 0)
		return r;
	r = records_do(records, &ward, seal_work, &sealing, err);
	return r < 0 ? r : sealing.sealed;
}
