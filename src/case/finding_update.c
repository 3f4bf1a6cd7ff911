/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * From what a run observed to findings: one for each thing, raised, seen again, closed, opened again.
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "case/evidence.h"
#include "case/finding.h"
#include "crypto/digest.h"
#include "register/date.h"

struct known { /* a finding that there is */
	int64_t id, org, host, last_seen, verified_at, closed_at, submitted_by;
	int64_t asked, retested_at; /* asked: when a retest was asked for that is not answered yet; 0: none is */
	struct str subject, state, sha256, retest;
};

/* A check's verdict on its way into findings: first all that was seen, then all that there was before. */
struct pass {
	const struct judged *judged;
	struct map seen;    /* by key: int64_t, the finding that it was taken for */
	size_t taken;       /* of judged->p */
	struct {
		int64_t *p;
		size_t n, room;
	} before;           /* findings that may have to hear of what was not seen, or of a retest; of before the first was taken */
	size_t swept;       /* of them */
};

/* How much one work may do; NULL: everything. */
struct budget {
	size_t left;
	int64_t until; /* clock_monotonic_ns() */
};

struct update {
	struct write *write;
	const struct cases *cases;
	const struct register_ *reg;
	struct write own; /* as ward itself */
	int64_t at, root;
	struct map owners; /* by organisation and source: struct owner */
	struct arena *arena; /* outlives the work */
	struct budget *budget;
	struct findings_done *done;
	struct err *err;
};

struct owner {
	int64_t person;
};

struct str finding_subject(struct arena *arena, struct str subject)
{
	subject = str_trim(utf8_clean(arena, subject));
	struct str rest = subject;
	for (size_t i = 0; rest.n; i++) {
		if (i == FINDING_SUBJECT) {
			struct str digest = digest_hex(arena, DIGEST_SHA256, subject);
			return arena_printf(arena, "%.*s… %.16s", (int)(subject.n - rest.n), subject.p, digest.p);
		}
		utf8_next(&rest);
	}
	return subject;
}

static struct str key_of(struct arena *arena, int64_t host, int64_t org, struct str subject)
{
	return arena_printf(arena, "%c%lld %.*s", host ? 'h' : 'o', (long long)(host ? host : org), STR_ARG(subject));
}

#define KNOWN \
	"SELECT id, org, f.host, last_seen, subject, state, evidence_sha256, closed_at, submitted_by, source, verified_at, retested_at, retest, t.asked" \
	" FROM finding f LEFT JOIN ward_retest t ON t.finding = f.id"

/* 1: the first row that is of this source; 0: none is. */
static int known_read(struct arena *arena, struct db_query *query, enum observed_source source, struct known *out, struct err *err)
{
	int r;
	/* Not in the query, which would take an index by source and read all that inspections ever found. */
	while ((r = db_step(query, err)) > 0 && !str_is(db_text(query, 9), observed_source_names[source]))
		;
	if (r > 0)
		*out = (struct known){ .id = db_int(query, 0), .org = db_int(query, 1), .host = db_int_or(query, 2, 0),
			               .last_seen = db_int_or(query, 3, 0), .subject = arena_str(arena, db_text(query, 4)),
			               .state = arena_str(arena, db_text(query, 5)), .sha256 = arena_str(arena, db_text(query, 6)),
			               .closed_at = db_int_or(query, 7, 0), .submitted_by = db_int_or(query, 8, 0),
			               .verified_at = db_int_or(query, 10, 0), .retested_at = db_int_or(query, 11, 0),
			               .retest = arena_str(arena, db_text(query, 12)), .asked = db_int_or(query, 13, 0) };
	return r;
}

/* The newest of those that people made the same. */
static int known_find(struct update *update, const struct judged *judged, int64_t host, int64_t org, struct str subject, struct known *out)
{
	static const char *const by[2][2] = {
		{ KNOWN " WHERE f.check_id = ? AND subject IS NULL AND f.host IS NULL AND org = ? AND withdrawn IS NULL ORDER BY id DESC",
		  KNOWN " WHERE f.check_id = ? AND subject IS NULL AND f.host = ? AND withdrawn IS NULL ORDER BY id DESC" },
		{ KNOWN " WHERE f.check_id = ? AND subject = ? AND f.host IS NULL AND org = ? AND withdrawn IS NULL ORDER BY id DESC",
		  KNOWN " WHERE f.check_id = ? AND subject = ? AND f.host = ? AND withdrawn IS NULL ORDER BY id DESC" },
	};
	DB_QUERY(query);
	int r = db_query(&query, update->write->db, by[subject.n > 0][host != 0], update->err);
	if (r < 0)
		return r;
	db_bind_text(&query, judged->check->id);
	if (subject.n)
		db_bind_text(&query, subject);
	db_bind_int(&query, host ? host : org);
	return known_read(update->write->arena, &query, (enum observed_source)judged->source, out, update->err);
}

static int known_get(struct update *update, const struct judged *judged, int64_t id, struct known *out)
{
	DB_QUERY(query);
	int r = db_query(&query, update->write->db, KNOWN " WHERE f.id = ? AND withdrawn IS NULL", update->err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	return known_read(update->write->arena, &query, (enum observed_source)judged->source, out, update->err);
}

/* What nobody needs to hear of is not read: what stands as issued, what was closed. */
static int pass_begin(struct arena *arena, struct db *db, const struct judged *judged, struct pass *out, struct err *err)
{
	DB_QUERY(query);
	*out = (struct pass){ .judged = judged, .seen = { .arena = arena } };
	int r = db_query(&query, db,
	                 "SELECT f.id, f.host, f.source FROM finding f LEFT JOIN ward_retest t ON t.finding = f.id"
	                 " WHERE f.check_id = ? AND withdrawn IS NULL AND (state IN ('open', 'submitted', 'verified') OR t.asked IS NOT NULL)",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&query, judged->check->id);
	while ((r = db_step(&query, err)) > 0)
		if (str_is(db_text(&query, 2), observed_source_names[judged->source]) && (!judged->host || db_int_or(&query, 1, 0) == judged->host))
			vec_push_in(arena, &out->before, db_int(&query, 0));
	return r;
}

static int move(struct update *update, int64_t id, const char *transition, const struct buf *values, const char *reason)
{
	return record_transition(&update->own, update->cases->books, update->reg, id, 0, str_from(transition),
	                         values ? cases_values(update->write->arena, values) : NULL, str_from(reason), NULL, update->err);
}

static int set(struct update *update, int64_t id, const struct buf *values, const char *reason)
{
	return record_edit(&update->own, update->cases->books, update->reg, id, 0, cases_values(update->write->arena, values), str_from(reason), NULL,
	                   update->err);
}

static int owner_find(struct update *update, int64_t org, int source, int64_t *person)
{
	struct arena *arena = update->write->arena;
	void **slot = map_put(&update->owners, arena_printf(arena, "%lld %d", (long long)org, source));
	if (!*slot) {
		struct owner *owner = ARENA_NEW(arena, struct owner);
		int r = finding_owner(update->write->db, org, (enum observed_source)source, &owner->person, update->err);
		if (r < 0)
			return r;
		*slot = owner;
	}
	*person = ((struct owner *)*slot)->person;
	return 0;
}

static int evidence_keep(struct update *update, const struct observed *observed, int64_t org)
{
	struct evidence_kept evidence = { .sha256 = observed->evidence_sha256, .rows = observed->evidence_json, .taken = update->at,
		                          .host = observed->host, .org = org };
	if (!evidence.sha256.n || !evidence.rows.n)
		return 0;
	return evidence_put(update->write, &evidence, update->err);
}

static bool starts_with_one(struct str text, const char *const *starts)
{
	while (*starts && !str_starts(text, *starts))
		starts++;
	return *starts;
}

/* Whether an order here can rest on it: a repair order of Viet Nam cites no standard of China, and the other way round. Of the graded
 * standard those of the level in force count, where the check names any. */
static bool clause_counts(const struct cases *cases, struct str clause, bool has_level)
{
	static const char *const of_china[] = { "GB/", "中华人民共和国", "国家", NULL };
	static const char *const of_vietnam[] = { "TCVN ", "Thông tư ", "Nghị định ", "Luật ", NULL };
	if (starts_with_one(clause, str_is(cases->jurisdiction, "VN") ? of_china : of_vietnam))
		return false;
	const char *level = strrchr(cases->clauses, ' ');
	if (!has_level || !level || str_starts(clause, cases->clauses))
		return true;
	size_t standard = (size_t)(level + 1 - cases->clauses);
	return clause.n < standard || memcmp(clause.p, cases->clauses, standard) != 0;
}

static struct str clauses_of(struct arena *arena, const struct cases *cases, const struct check *check)
{
	BUF(out);
	bool has_level = false;
	for (size_t i = 0; i < check->clauses.n; i++)
		has_level |= cases->clauses[0] && str_starts(check->clauses.p[i], cases->clauses);
	for (size_t i = 0; i < check->clauses.n; i++) {
		if (!clause_counts(cases, check->clauses.p[i], has_level))
			continue;
		if (out.n + check->clauses.p[i].n > 900)
			break;
		if (out.n)
			buf_puts(&out, "; ");
		buf_add(&out, check->clauses.p[i]);
	}
	return arena_str(arena, buf_str(&out));
}

/* Each detection is one; of a run only that it was seen. */
static int64_t times_of(const struct judged *judged, const struct observed *observed)
{
	return judged->source == OBSERVED_RULE ? (int64_t)observed->found : 1;
}

static int raise_new(struct update *update, const struct judged *judged, const struct observed *observed, int64_t org, struct str subject,
                     int64_t *id)
{
	struct arena *arena = update->write->arena;
	struct str severity = str_from(severity_names[judged->check->severity]);
	int64_t person;
	BUF(values);
	int r = owner_find(update, org, judged->source, &person);
	if (r < 0)
		return r;
	json_open_map(&values, NULL);
	json_put(&values, "title", observed_title(arena, update->cases->lang, (enum observed_source)judged->source, judged->check));
	json_put(&values, "source", str_from(observed_source_names[judged->source]));
	json_put(&values, "check_id", judged->check->id);
	if (observed->host)
		json_put_int(&values, "host", observed->host);
	if (subject.n)
		json_put(&values, "subject", subject);
	json_put(&values, "severity", severity);
	json_put(&values, "basis", clauses_of(arena, update->cases, judged->check));
	if (observed->evidence_sha256.n)
		json_put(&values, "evidence_sha256", observed->evidence_sha256);
	if (person)
		json_put_int(&values, "responsible", person);
	/* From the day on which it is known: what a rule finds may have happened long before. */
	json_put(&values, "due", date_text(arena, finding_due(update->cases, severity, date_of(update->write->now))));
	json_put_int(&values, "first_seen", update->at);
	json_put_int(&values, "last_seen", update->at);
	json_put_int(&values, "times_seen", times_of(judged, observed));
	buf_add_char(&values, '}');
	r = record_create(&update->own, update->cases->books, update->reg, org, cases_values(arena, &values), id, NULL, update->err);
	update->done->raised += r == 0;
	return r;
}

/* Seen again on another day, or otherwise than before. */
static int see(struct update *update, const struct judged *judged, const struct known *known, const struct observed *observed)
{
	bool other = observed->evidence_sha256.n && !str_eq(known->sha256, observed->evidence_sha256);
	BUF(values);
	update->done->seen++;
	if (!other && judged->source != OBSERVED_RULE && date_of(known->last_seen) >= date_of(update->at))
		return 0;
	json_open_map(&values, NULL);
	json_put_int(&values, "last_seen", MAX(update->at, known->last_seen));
	if (observed->evidence_sha256.n)
		json_put(&values, "evidence_sha256", observed->evidence_sha256);
	struct case_facts facts;
	case_facts_init(&facts, update->write->arena);
	int r = cases_row(&facts, update->write->db, "SELECT times_seen FROM finding WHERE id = ?", "", known->id, update->err);
	if (r < 0)
		return r;
	json_put_int(&values, "times_seen", cell_int_or(case_facts_get(&facts, STR("times_seen")), 0) + times_of(judged, observed));
	buf_add_char(&values, '}');
	return set(update, known->id, &values, "");
}

static int reopen(struct update *update, const struct judged *judged, const struct known *known)
{
	struct arena *arena = update->write->arena;
	struct case_facts facts;
	BUF(values);
	case_facts_init(&facts, arena);
	int r = cases_row(&facts, update->write->db, "SELECT reopened FROM finding WHERE id = ?", "", known->id, update->err);
	if (r < 0)
		return r;
	r = move(update, known->id, "reopen", NULL, judged->source == OBSERVED_RULE ? TR("the rule found it again") : TR("the check still fails"));
	if (r < 0)
		return r;
	struct str severity = str_from(severity_names[judged->check->severity]);
	json_open_map(&values, NULL);
	json_put_int(&values, "reopened", cell_int_or(case_facts_get(&facts, STR("reopened")), 0) + 1);
	json_put(&values, "due", date_text(arena, finding_due(update->cases, severity, date_of(update->write->now))));
	json_put_flag(&values, "overdue", false);
	buf_add_char(&values, '}');
	update->done->reopened++;
	return set(update, known->id, &values, "");
}

/* What was closed or verified is open again only by what was seen after that. */
static bool came_back(const struct update *update, const struct known *known)
{
	return (str_is(known->state, "closed") && update->at > known->closed_at) || (str_is(known->state, "verified") && update->at > known->verified_at);
}

static int take(struct update *update, struct pass *pass, const struct observed *observed)
{
	const struct judged *judged = pass->judged;
	struct arena *arena = update->write->arena;
	int64_t org = observed->org;
	int r = 0;
	if (!org && observed->host) {
		struct case_facts facts;
		case_facts_init(&facts, arena);
		r = cases_row(&facts, update->write->db, "SELECT org FROM ward_host WHERE id = ?", "", observed->host, update->err);
		org = cell_int_or(case_facts_get(&facts, STR("org")), 0);
	}
	org = org ? org : update->root;
	if (r < 0 || !org)
		return r < 0 ? r : 0; /* an office that nobody has set up yet has nobody to tell */
	struct str subject = finding_subject(arena, observed->subject);
	struct known known;
	int64_t *seen = ARENA_NEW(update->arena, int64_t);
	r = evidence_keep(update, observed, org);
	int found = r < 0 ? r : known_find(update, judged, observed->host, org, subject, &known);
	if (found < 0)
		return found;
	*map_put(&pass->seen, key_of(update->arena, observed->host, org, subject)) = seen;
	if (!found)
		return raise_new(update, judged, observed, org, subject, seen);
	*seen = known.id;
	r = see(update, judged, &known, observed);
	return r == 0 && came_back(update, &known) ? reopen(update, judged, &known) : r;
}

/* No more there: nobody had been told of it, or somebody reported it repaired. */
static int gone(struct update *update, const struct known *known)
{
	bool never_issued = str_is(known->state, "open");
	bool reported = str_is(known->state, "verified") || (str_is(known->state, "submitted") && known->submitted_by);
	BUF(values);
	if (!never_issued && !reported)
		return 0;
	json_open_map(&values, NULL);
	json_put_int(&values, "closed_at", update->write->now);
	buf_add_char(&values, '}');
	int r = move(update, known->id, "clear", NULL, TR("the check passes"));
	update->done->closed += r == 0;
	return r < 0 ? r : set(update, known->id, &values, "");
}

/* A record that the register refuses is named and left; the others of the run go on. */
static int bear(struct update *update, int r)
{
	if (r != -EINVAL && r != -EPERM && r != -EEXIST && r != -E2BIG)
		return r;
	if (update->done->refused++ == 0)
		update->done->why = arena_str(update->arena, str_from(update->err ? update->err->text : ""));
	return 0;
}

/* What a retest saw is told to whoever verifies, before they do. */
static int retest_tell(struct update *update, const struct known *known, const char *result)
{
	BUF(values);
	json_open_map(&values, NULL);
	json_put_int(&values, "retested_at", update->at);
	json_put(&values, "retest", str_from(result));
	buf_add_char(&values, '}');
	return set(update, known->id, &values, "");
}

/* What could not be seen is asked for again. */
static int retest_done(struct update *update, const struct judged *judged)
{
	DB_QUERY(query);
	if (judged->value == VERDICT_UNKNOWN)
		return 0;
	int r = db_query(&query, update->write->db, "DELETE FROM ward_retest WHERE host = ? AND check_id = ? AND asked <= ?", update->err);
	if (r < 0)
		return r;
	db_bind_int(&query, judged->source == OBSERVED_MANAGEMENT ? 0 : judged->host);
	db_bind_text(&query, judged->check->id);
	db_bind_int(&query, update->at);
	return db_do(&query, update->err);
}

/* What there was before: told what a retest saw, and closed when it is no more. */
static int sweep(struct update *update, const struct pass *pass, int64_t id)
{
	const struct judged *judged = pass->judged;
	bool unknown = judged->value == VERDICT_UNKNOWN, whole = !unknown && (judged->value != VERDICT_FAIL || !judged->partial);
	struct known known;
	int r = known_get(update, judged, id, &known);
	if (r <= 0)
		return r;
	const int64_t *taken = map_get(&pass->seen, key_of(update->write->arena, known.host, known.org, known.subject));
	bool seen = taken && *taken == id;
	bool told = unknown && str_is(known.retest, "unknown") && known.retested_at >= known.asked;
	if (known.asked && known.asked <= update->at && (unknown || whole || seen) && !told)
		r = bear(update, retest_tell(update, &known, unknown ? "unknown" : seen ? "seen" : "gone"));
	else
		r = 0;
	return r == 0 && whole && !seen ? bear(update, gone(update, &known)) : r;
}

static bool enough(struct update *update)
{
	return update->budget && (update->budget->left-- == 0 || clock_monotonic_ns() > update->budget->until);
}

/* 1: it is through; 0: there is more to do. What was seen comes before all else, so that nothing is closed that was. */
static int pass_go(struct update *update, struct pass *pass)
{
	const struct judged *judged = pass->judged;
	int r = 0;
	for (; judged->value != VERDICT_UNKNOWN && pass->taken < judged->n; pass->taken++) {
		if (enough(update))
			return 0;
		r = bear(update, take(update, pass, &judged->p[pass->taken]));
		if (r < 0)
			return r;
	}
	for (; pass->swept < pass->before.n; pass->swept++) {
		if (enough(update))
			return 0;
		r = sweep(update, pass, pass->before.p[pass->swept]);
		if (r < 0)
			return r;
	}
	r = retest_done(update, judged);
	return r < 0 ? r : 1;
}

/* ---- whole, and in pieces ---- */

struct keeping {
	const struct cases *cases;
	const struct observations *seen;
	struct pass *passes; /* of each of them */
	size_t at;
	struct arena *arena;
	struct budget *budget;
	struct findings_done *done;
};

static int keep(struct keeping *keeping, struct write *write, struct err *err)
{
	struct actor ward = actor_ward();
	struct update update = { .write = write, .cases = keeping->cases, .reg = cases_register(keeping->cases, "finding"), .own = cases_own(write, &ward),
		                 .at = keeping->seen->at, .owners = { .arena = write->arena }, .arena = keeping->arena, .budget = keeping->budget,
		                 .done = keeping->done, .err = err };
	if (!update.reg)
		return err_set(err, -EINVAL, "there is no register of findings");
	int r = cases_root(write->db, &update.root, err);
	while (r >= 0 && keeping->at < keeping->seen->n) {
		r = pass_go(&update, &keeping->passes[keeping->at]);
		if (r <= 0)
			return r;
		keeping->at++;
	}
	return r < 0 ? r : 0;
}

static int keeping_begin(struct keeping *keeping, struct db *db, struct err *err)
{
	int r = 0;
	*keeping->done = (struct findings_done){ 0 };
	keeping->passes = ARENA_ARRAY(keeping->arena, struct pass, keeping->seen->n + 1);
	for (size_t i = 0; r == 0 && i < keeping->seen->n; i++)
		r = pass_begin(keeping->arena, db, &keeping->seen->p[i], &keeping->passes[i], err);
	return r;
}

int findings_update(struct write *write, const struct cases *cases, const struct observations *seen, struct findings_done *out, struct err *err)
{
	struct keeping keeping = { .cases = cases, .seen = seen, .arena = write->arena, .done = out };
	int r = keeping_begin(&keeping, write->db, err);
	return r < 0 ? r : keep(&keeping, write, err);
}

static int keep_piece(void *ctx, struct write *write, struct err *err)
{
	struct keeping *keeping = ctx;
	*keeping->budget = (struct budget){ FINDINGS_PIECE, clock_monotonic_ns() + FINDINGS_PIECE_NS };
	return keep(keeping, write, err);
}

int findings_keep(struct arena *arena, struct records *records, const struct cases *cases, const struct observations *seen, struct findings_done *out,
                  struct err *err)
{
	struct budget budget;
	struct keeping keeping = { .cases = cases, .seen = seen, .arena = arena, .budget = &budget, .done = out };
	struct actor ward = actor_ward();
	struct db *db;
	int r = records_read(records, &db, err);
	if (r < 0)
		return r;
	r = keeping_begin(&keeping, db, err);
	records_read_end(records, db);
	while (r == 0 && keeping.at < seen->n)
		r = records_do(records, &ward, keep_piece, &keeping, err);
	return r;
}
