/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/detection_findings.h"

#include "base/map.h"
#include "base/vec.h"
#include "case/detections.h"
#include "crypto/digest.h"

struct pending { /* one detection */
	int64_t id, time;
	struct str rule, title, level, host, line;
};

struct group { /* those that are one finding */
	int64_t host;             /* ward_host.id; 0: nobody knows it */
	struct str subject;
	bool others;              /* of further subjects of a rule that has too many */
	const struct pending *last;
	VEC(int64_t) ids;
};

struct groups {
	struct write *write;
	const struct cases *cases;
	int64_t root;
	struct map hosts, by_key, others; /* struct known_host; struct group; of a rule with too many subjects, struct group */
	VEC(struct group *) list;
	struct err *err;
};

struct known_host {
	int64_t id;
};

/* ---- which host ---- */

static struct str short_name(struct str name)
{
	ptrdiff_t dot = str_find_char(name, '.');
	return dot > 0 ? str_slice(name, 0, (size_t)dot) : name;
}

int detection_host(struct db *db, struct str name, int64_t *id, struct err *err)
{
	size_t whole = 0, part = 0;
	int64_t by_whole = 0, by_part = 0;
	DB_QUERY(query);
	*id = 0;
	int r = name.n ? db_query(&query, db, "SELECT id, name FROM ward_host WHERE removed IS NULL", err) : 0;
	while (r >= 0 && name.n && (r = db_step(&query, err)) > 0) {
		struct str its = db_text(&query, 1);
		bool one_is_short = str_find_char(its, '.') < 0 || str_find_char(name, '.') < 0; /* two full names that differ are two hosts */
		if (str_eq_nocase(its, name) && whole++ == 0)
			by_whole = db_int(&query, 0);
		if (one_is_short && str_eq_nocase(short_name(its), short_name(name)) && part++ == 0)
			by_part = db_int(&query, 0);
	}
	if (whole == 1)
		*id = by_whole;
	else if (whole == 0 && part == 1)
		*id = by_part;
	return r < 0 ? r : 0;
}

static int host_find(struct groups *groups, struct str name, int64_t *id)
{
	void **slot = map_put(&groups->hosts, name);
	if (!*slot) {
		struct known_host *known = ARENA_NEW(groups->write->arena, struct known_host);
		int r = detection_host(groups->write->db, name, &known->id, groups->err);
		if (r < 0)
			return r;
		*slot = known;
	}
	*id = ((struct known_host *)*slot)->id;
	return 0;
}

/* ---- about whom ---- */

static bool is_one_of(struct str name, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return true;
	return false;
}

static const char *const hosts_of[] = { "hostname", "host", "Computer", "ComputerName", "host.name", NULL };
static const char *const users_of[] = { "TargetUserName", "user", "User", "user.name", "username", "acct", "cs-username", "AccountName",
	                                "SubjectUserName", "auid", NULL };
static const char *const addresses_of[] = { "IpAddress", "c-ip", "src_ip", "SourceIp", "source.ip", "src", "ip", "client", "rhost",
	                                    "remote_addr", "addr", NULL };

static void say(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, out->n ? ", " : "");
	buf_add(out, name);
	buf_add_char(out, '=');
	buf_add(out, value);
}

static void say_first(struct buf *out, const struct doc *fields, const char *const *names)
{
	for (size_t i = 0; i < fields->n; i++) {
		struct str name = doc_string(doc_key(fields, i)), value = doc_string(doc_value(fields, i));
		if (is_one_of(name, names) && value.n && !str_is(value, "-")) {
			say(out, name, value);
			return;
		}
	}
}

static struct str subject_of(struct arena *arena, const struct pending *pending, bool host_known)
{
	ARENA(own);
	BUF(out);
	struct source source = { .name = "detection", .text = pending->line };
	const struct doc *found, *fields;
	if (!host_known && pending->host.n)
		say(&out, STR("host"), pending->host);
	fields = json_parse(&own, &source, &found, NULL) == 0 ? doc_get(found, STR("fields")) : NULL;
	if (fields && fields->type == DOC_MAP && doc_get(found, STR("count"))) { /* a correlation: its fields are what is common */
		for (size_t i = 0; i < fields->n; i++)
			if (!is_one_of(doc_string(doc_key(fields, i)), hosts_of))
				say(&out, doc_string(doc_key(fields, i)), doc_string(doc_value(fields, i)));
	} else if (fields && fields->type == DOC_MAP) {
		say_first(&out, fields, users_of);
		say_first(&out, fields, addresses_of);
	}
	return finding_subject(arena, arena_str(arena, buf_str(&out)));
}

/* ---- gathered ---- */

static struct str rule_of(const struct pending *pending)
{
	return pending->rule.n ? pending->rule : pending->title;
}

static int gather(struct groups *groups, const struct pending *pending)
{
	struct arena *arena = groups->write->arena;
	int64_t host;
	int r = host_find(groups, pending->host, &host);
	if (r < 0)
		return r;
	struct str subject = subject_of(arena, pending, host != 0), rule = rule_of(pending);
	void **slot = map_put(&groups->by_key, arena_printf(arena, "%lld %zu %.*s %.*s", (long long)host, rule.n, STR_ARG(rule), STR_ARG(subject)));
	if (!*slot) {
		struct group *group = ARENA_NEW(arena, struct group);
		*group = (struct group){ .host = host, .subject = subject };
		vec_push_in(arena, &groups->list, group);
		*slot = group;
	}
	struct group *group = *slot;
	group->last = group->last && group->last->time > pending->time ? group->last : pending;
	vec_push_in(arena, &group->ids, pending->id);
	return 0;
}

static int read_pending(struct groups *groups, enum sigma_level least, size_t *n)
{
	struct write *write = groups->write;
	struct arena *arena = write->arena;
	DB_QUERY(query);
	int r = db_query(&query, write->db,
	                 "SELECT id, time, rule, title, level, host, line FROM ward_detection WHERE finding IS NULL AND level IN (?, ?, ?, ?, ?)"
	                 " ORDER BY id LIMIT ?", groups->err);
	if (r < 0)
		return r;
	for (int level = 0; level <= LEVEL_CRITICAL; level++)
		db_bind_text(&query, str_from(sigma_level_names[MAX(level, (int)least)]));
	db_bind_int(&query, DETECTION_FINDINGS_AT_ONCE);
	for (*n = 0; r >= 0 && (r = db_step(&query, groups->err)) > 0; ++*n) {
		struct pending *pending = ARENA_NEW(arena, struct pending);
		*pending = (struct pending){ db_int(&query, 0), MIN(db_int(&query, 1), write->now), arena_str(arena, db_text(&query, 2)),
			                     arena_str(arena, db_text(&query, 3)), arena_str(arena, db_text(&query, 4)),
			                     arena_str(arena, db_text(&query, 5)), arena_str(arena, db_text(&query, 6)) };
		r = gather(groups, pending);
	}
	return r < 0 ? r : 0;
}

/* ---- told ---- */

struct told {
	int64_t id, updated, subjects; /* id 0: there is none yet; subjects: of this rule, open */
	bool closed;
};

static int told_of(struct groups *groups, const struct group *group, struct told *out)
{
	DB_QUERY(query);
	*out = (struct told){ 0 };
	int r = db_query(&query, groups->write->db,
	                 "SELECT id, updated, state, host, org, subject FROM finding WHERE check_id = ? AND source = 'rule' AND withdrawn IS NULL"
	                 " ORDER BY id", groups->err);
	if (r < 0)
		return r;
	db_bind_text(&query, rule_of(group->last));
	while ((r = db_step(&query, groups->err)) > 0) {
		bool closed = str_is(db_text(&query, 2), "closed"), here = db_int_or(&query, 3, 0) == group->host;
		here &= group->host != 0 || db_int_or(&query, 4, 0) == groups->root;
		struct str subject = db_text(&query, 5);
		out->subjects += !closed;
		if (here && (str_eq(subject, group->subject) || (!subject.n && !group->subject.n))) {
			out->id = db_int(&query, 0);
			out->updated = db_int(&query, 1);
			out->closed = closed;
		}
	}
	return r;
}

static enum severity severity_of(struct str level)
{
	static const enum severity severities[] = { SEVERITY_LOW, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
	for (size_t i = 0; i < COUNT(severities); i++)
		if (str_is(level, sigma_level_names[i]))
			return severities[i];
	return SEVERITY_LOW;
}

static int mark(struct groups *groups, const struct group *group, int64_t finding)
{
	DB_QUERY(query);
	int r = db_query(&query, groups->write->db, "UPDATE ward_detection SET finding = ? WHERE id = ?", groups->err);
	for (size_t i = 0; r == 0 && i < group->ids.n; i++) {
		db_bind_int(&query, finding);
		db_bind_int(&query, group->ids.p[i]);
		r = db_do(&query, groups->err);
	}
	return r;
}

static int tell(struct groups *groups, struct group *group)
{
	struct arena *arena = groups->write->arena;
	const struct pending *last = group->last;
	struct str evidence = arena_printf(arena, "[%.*s]", STR_ARG(last->line));
	struct check rule = { .id = rule_of(last), .severity = severity_of(last->level) };
	struct observed observed = { .host = group->host, .subject = group->subject, .evidence_json = evidence,
		                     .evidence_sha256 = digest_hex(arena, DIGEST_SHA256, evidence), .rows = 1, .found = group->ids.n };
	struct judged judged = { .check = &rule, .source = OBSERVED_RULE, .host = group->host, .value = VERDICT_FAIL, .partial = true, .p = &observed,
		                 .n = 1 };
	struct observations seen = { .at = last->time, .p = &judged, .n = 1 };
	struct findings_done done;
	struct told told;
	for (int lang = 0; lang < LANG_COUNT; lang++)
		rule.title.in[lang] = last->title;
	int r = findings_update(groups->write, groups->cases, &seen, &done, groups->err);
	r = r < 0 ? r : told_of(groups, group, &told);
	/* One that the register refuses is not asked again and again. */
	return r < 0 ? r : mark(groups, group, told.id);
}

/* They come to their turn at the end of the list. */
static void put_with_others(struct groups *groups, const struct group *group)
{
	struct arena *arena = groups->write->arena;
	struct str rule = rule_of(group->last);
	void **slot = map_put(&groups->others, arena_printf(arena, "%lld %.*s", (long long)group->host, STR_ARG(rule)));
	if (!*slot) {
		struct group *others = ARENA_NEW(arena, struct group);
		*others = (struct group){ .host = group->host, .subject = STR("…"), .others = true };
		vec_push_in(arena, &groups->list, others);
		*slot = others;
	}
	struct group *others = *slot;
	others->last = others->last && others->last->time > group->last->time ? others->last : group->last;
	for (size_t i = 0; i < group->ids.n; i++)
		vec_push_in(arena, &others->ids, group->ids.p[i]);
}

static int pass_over(struct groups *groups, enum sigma_level least)
{
	DB_QUERY(query);
	int r = db_query(&query, groups->write->db, "UPDATE ward_detection SET finding = 0 WHERE finding IS NULL AND level NOT IN (?, ?, ?, ?, ?)",
	                 groups->err);
	if (r < 0)
		return r;
	for (int level = 0; level <= LEVEL_CRITICAL; level++)
		db_bind_text(&query, str_from(sigma_level_names[MAX(level, (int)least)]));
	return db_do(&query, groups->err);
}

int detection_findings_update(struct write *write, const struct cases *cases, enum sigma_level least, bool *more, struct err *err)
{
	struct groups groups = { .write = write, .cases = cases, .hosts = { .arena = write->arena }, .by_key = { .arena = write->arena },
		                 .others = { .arena = write->arena }, .err = err };
	size_t n = 0, told_n = 0;
	*more = false;
	int r = cases_root(write->db, &groups.root, err);
	if (r < 0 || !groups.root)
		return r;
	r = pass_over(&groups, least);
	r = r < 0 ? r : read_pending(&groups, least, &n);
	bool full = n == DETECTION_FINDINGS_AT_ONCE;
	for (size_t i = 0; r == 0 && i < groups.list.n; i++) {
		struct group *group = groups.list.p[i];
		struct told told;
		r = told_of(&groups, group, &told);
		if (r < 0)
			return r;
		if (!told.id && told.subjects >= DETECTION_FINDINGS_SUBJECTS && group->subject.n && !group->others) {
			put_with_others(&groups, group);
			continue;
		}
		if (told.id && !told.closed && !full && write->now - told.updated < DETECTION_FINDINGS_HOLD)
			continue;
		told_n++;
		r = tell(&groups, group);
	}
	*more = full && told_n;
	return r;
}

int detection_findings_due(struct db *db, bool *out, struct err *err)
{
	int64_t found = 0;
	int r = db_one_int(db, "SELECT 1 FROM ward_detection WHERE finding IS NULL LIMIT 1", 0, &found, err);
	*out = found != 0;
	return r;
}
