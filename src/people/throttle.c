/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/throttle.h"

#include <arpa/inet.h>

enum { WAYS = 3, FORGET = 86400, KNOWN = 30 * 86400 };

static const struct way {
	int64_t free, most;
	bool account, address;
} ways[WAYS] = {
	{ 5, 900, true, true },
	{ 20, 900, false, true },
	{ 50, 60, true, false },
};

/* Addresses that one subscriber can choose among count as one. */
static struct str network_of(struct arena *arena, struct str address)
{
	struct in6_addr six;
	if (!address.p || str_find_char(address, ':') < 0 || inet_pton(AF_INET6, arena_cstr(arena, address), &six) != 1)
		return address.p ? address : STR("");
	return arena_printf(arena, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", six.s6_addr[0], six.s6_addr[1], six.s6_addr[2],
	                    six.s6_addr[3], six.s6_addr[4], six.s6_addr[5], six.s6_addr[6], six.s6_addr[7]);
}

static struct str place_of(struct arena *arena, const struct people *people, const struct attempt *attempt, size_t way)
{
	struct str login = str_slice(attempt->login, 0, 256);
	struct str text = arena_printf(arena, "%zu|%.*s|%.*s", way, STR_ARG(ways[way].account ? login : STR("")),
	                               STR_ARG(ways[way].address ? network_of(arena, attempt->address) : STR("")));
	return vault_index(arena, people->vault, STR("attempt"), text);
}

static int is_known(struct db *db, const struct attempt *attempt, int64_t now, bool *out, struct err *err)
{
	DB_QUERY(q);
	*out = false;
	if (!attempt->user)
		return 0;
	int r = db_query(&q, db, "SELECT 1 FROM ward_session WHERE user_id = ? AND address = ? AND created > ? LIMIT 1", err);
	if (r < 0)
		return r;
	db_bind_int(&q, attempt->user);
	db_bind_text(&q, attempt->address);
	db_bind_int(&q, now - KNOWN);
	r = db_step(&q, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}

static int64_t delay_of(const struct way *way, int64_t failures)
{
	if (failures < way->free)
		return 0;
	int64_t doubled = failures - way->free;
	return doubled > 20 ? way->most : MIN(INT64_C(1) << doubled, way->most);
}

int throttle_wait(struct arena *arena, struct db *db, const struct people *people, const struct attempt *attempt, int64_t now,
                  int64_t *seconds, struct err *err)
{
	bool known = false;
	*seconds = 0;
	int r = is_known(db, attempt, now, &known, err);
	for (size_t i = 0; r >= 0 && i < WAYS; i++) {
		DB_QUERY(q);
		if (!ways[i].address && known)
			continue;
		r = db_query(&q, db, "SELECT failures, last FROM ward_attempt WHERE place = ?", err);
		if (r < 0)
			break;
		db_bind_text(&q, place_of(arena, people, attempt, i));
		r = db_step(&q, err);
		/* A clock set back makes nobody wait longer than the delay itself. */
		if (r > 0 && db_int(&q, 1) > now - FORGET) {
			int64_t delay = delay_of(&ways[i], db_int(&q, 0));
			*seconds = MAX(*seconds, MIN(db_int(&q, 1) + delay - now, delay));
		}
	}
	return r < 0 ? r : 0;
}

static int forget_old(struct write *write, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "DELETE FROM ward_attempt WHERE last < ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->now - FORGET);
	return db_do(&q, err);
}

int throttle_failed(struct write *write, const struct people *people, const struct attempt *attempt, struct err *err)
{
	int r = forget_old(write, err);
	for (size_t i = 0; r == 0 && i < WAYS; i++) {
		DB_QUERY(q);
		r = db_query(&q, write->db,
		             "INSERT INTO ward_attempt (place, failures, last) VALUES (?, 1, ?)"
		             " ON CONFLICT (place) DO UPDATE SET failures = ward_attempt.failures + 1, last = excluded.last",
		             err);
		if (r < 0)
			break;
		db_bind_text(&q, place_of(write->arena, people, attempt, i));
		db_bind_int(&q, write->now);
		r = db_do(&q, err);
	}
	return r;
}

int throttle_passed(struct write *write, const struct people *people, const struct attempt *attempt, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "DELETE FROM ward_attempt WHERE place = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, place_of(write->arena, people, attempt, 0));
	return db_do(&q, err);
}

/* ---- unmasking ---- */

static int unmasked_in(struct write *write, struct str place, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT failures FROM ward_attempt WHERE place = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, place);
	r = db_step(&q, err);
	*out += r > 0 ? db_int(&q, 0) : 0;
	return r < 0 ? r : 0;
}

static int permits_of(struct write *write, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT count(*) FROM ward_pair WHERE action = 'unmask' AND state = 'done' AND initiator = ? AND decided > ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, write->actor->id);
	db_bind_int(&q, write->now - 3600);
	r = db_step(&q, err);
	*out = r > 0 ? db_int(&q, 0) : 0;
	return r < 0 ? r : 0;
}

int throttle_unmask(struct write *write, const struct people *people, bool *alone, struct err *err)
{
	DB_QUERY(q);
	int64_t seen = 0, permits = 0;
	struct str now = arena_printf(write->arena, "unmask|%lld|%lld", (long long)write->actor->id, (long long)(write->now / 3600));
	struct str before = arena_printf(write->arena, "unmask|%lld|%lld", (long long)write->actor->id, (long long)(write->now / 3600 - 1));
	int r = unmasked_in(write, now, &seen, err);
	if (r == 0)
		r = unmasked_in(write, before, &seen, err);
	if (r == 0)
		r = permits_of(write, &permits, err);
	*alone = seen < people->limits.unmask_alone + permits * UNMASK_PERMIT;
	if (r < 0 || !*alone)
		return r;
	r = db_query(&q, write->db,
	             "INSERT INTO ward_attempt (place, failures, last) VALUES (?, 1, ?)"
	             " ON CONFLICT (place) DO UPDATE SET failures = ward_attempt.failures + 1, last = excluded.last",
	             err);
	if (r < 0)
		return r;
	db_bind_text(&q, now);
	db_bind_int(&q, write->now);
	return db_do(&q, err);
}
