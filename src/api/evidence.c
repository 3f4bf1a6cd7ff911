/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * evidence: the rows that say so, by their digest.
 *
 * They are shown to whoever sees a host that a verdict with this evidence stands for, or the organisation it was kept for; equal rows of
 * two hosts are one evidence, so from which host it came is told to those alone who see that host. What columns are called
 * is told beside the rows: these stay as they were digested.
 */
#include "api/fleet.h"
#include "case/evidence.h"
#include "check/verdict.h"
#include "register/titles.h"

extern const struct route routes_evidence[];

/* A host that this person sees, for which a verdict stands on this evidence; 0: none. */
static int host_of(struct request *request, struct str sha256, int64_t *host, struct err *err)
{
	DB_QUERY(q);
	*host = 0;
	int r = db_query(&q, request->db,
	                 fleet_sql(request, "SELECT h.id FROM ward_verdict v JOIN ward_host h ON h.id = v.host WHERE h.removed IS NULL"
	                          " AND v.evidence = ?", " ORDER BY h.id LIMIT 1"), err);
	if (r < 0)
		return r;
	db_bind_text(&q, sha256);
	fleet_bind(request, &q);
	r = db_step(&q, err);
	if (r > 0)
		*host = db_int(&q, 0);
	return r < 0 ? r : 0;
}

static int may_see(struct request *request, const struct evidence_kept *kept, int64_t *host, struct err *err)
{
	struct host from;
	struct err none = { "" };
	bool seen = request->actor->whole;
	/* The host it was taken from first, when it is one of theirs. */
	*host = kept->host;
	if (kept->host && fleet_host(request, kept->host, &from, &none) < 0)
		*host = 0;
	if (*host || seen)
		return 0;
	int r = host_of(request, kept->sha256, host, err);
	if (r == 0 && !*host && kept->org)
		r = record_sees(request->db, request->actor, kept->org, &seen, err);
	if (r < 0)
		return r;
	return *host || seen ? 0 : err_set(err, -ENOENT, "there is no such evidence");
}

/* The columns of the first row, which all have. */
static struct strings columns_of(struct request *request, const struct doc *rows)
{
	const struct doc *first = rows && rows->type == DOC_ARRAY && rows->n && rows->items[0].type == DOC_MAP ? &rows->items[0] : NULL;
	struct str *names = ARENA_ARRAY(request->arena, struct str, first ? first->n + 1 : 1);
	for (size_t i = 0; first && i < first->n; i++)
		names[i] = doc_string(doc_key(first, i));
	return (struct strings){ names, first ? first->n : 0 };
}

static bool in_name(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The next name behind FROM or JOIN in SQL; `depth` counts parentheses. STR_NONE at the end. */
static struct str next_source(struct str *rest, int *depth)
{
	bool source = false;
	for (size_t i = 0; i < rest->n;) {
		size_t from = i;
		while (i < rest->n && in_name(rest->p[i]))
			i++;
		struct str word = str_slice(*rest, from, i);
		if (source && word.n) {
			*rest = str_slice(*rest, i, rest->n);
			return word;
		}
		if (word.n)
			source = str_is(word, "FROM") || str_is(word, "JOIN");
		if (i < rest->n && from == i) {
			*depth += rest->p[i] == '(' ? 1 : rest->p[i] == ')' ? -1 : 0;
			i++;
		}
	}
	return STR_NONE;
}

/* The register whose field a column is, so that its values are read as that field's: of those that the SQL takes rows from, first in its
 * outermost part. */
static const struct register_ *register_of(const struct registers *registers, const struct check *check, struct str name)
{
	for (int inner = 0; check && inner < 2; inner++) {
		struct str rest = check->violations, word;
		int depth = 0;
		while ((word = next_source(&rest, &depth)).n) {
			const struct register_ *reg = registers_find(registers, word);
			if (reg && (depth > 0) == inner && register_column(reg, name))
				return reg;
		}
	}
	return NULL;
}

/* "about": {"kind": {"label": {…}, "register": "account"}}: what columns are called, in the words of reports. */
static void put_about(struct request *request, const struct check *check, const struct strings *names)
{
	struct buf *out = &request->out;
	json_open_map(out, "about");
	for (size_t i = 0; i < names->n; i++) {
		const char *name = arena_cstr(request->arena, names->p[i]);
		const struct register_ *reg = register_of(office_of(request)->registers, check, names->p[i]);
		json_open_map(out, name);
		json_open_map(out, "label");
		for (int lang = 0; lang < LANG_COUNT; lang++)
			json_put(out, lang_names[lang], tr_word((enum lang)lang, "column", name));
		buf_add_char(out, '}');
		if (reg)
			json_put(out, "register", reg->name);
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
}

/* "orgs": {"1": "…"}: those that rows name. */
static int put_orgs(struct request *request, const struct doc *rows, struct err *err)
{
	const struct register_ *org = registers_find(office_of(request)->registers, STR("org"));
	struct map told = { .arena = request->arena };
	struct titles titles;
	titles_init(&titles, request->arena, &office_of(request)->books, request->lang);
	for (size_t i = 0; i < rows->n; i++)
		titles_want(&titles, org, doc_int(doc_get(&rows->items[i], STR("org")), 0));
	int r = titles_read(&titles, request->db, err);
	json_open_map(&request->out, "orgs");
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		int64_t id = doc_int(doc_get(&rows->items[i], STR("org")), 0);
		void **slot = id ? map_put_int(&told, id) : NULL;
		if (slot && !*slot && titles_get(&titles, org, id).p)
			json_put(&request->out, arena_printf(request->arena, "%lld", (long long)id).p, titles_get(&titles, org, id));
		if (slot)
			*slot = &titles;
	}
	buf_add_char(&request->out, '}');
	return r;
}

/* Which columns there are and what they are called; `check` in the address says of which check of the registers. */
static int put_columns(struct request *request, struct str text, struct err *err)
{
	struct source *source = ARENA_NEW(request->arena, struct source);
	const struct check *check = checks_find(&office_of(request)->management, request_query(request, "check"));
	const struct doc *rows;
	*source = (struct source){ .name = "evidence", .text = text };
	if (json_parse(request->arena, source, &rows, NULL) < 0)
		rows = NULL;
	struct strings names = columns_of(request, rows);
	json_put_strings(&request->out, "columns", &names);
	put_about(request, check, &names);
	return check && names.n ? put_orgs(request, rows, err) : 0;
}

static int get_evidence(struct request *request, struct err *err)
{
	struct evidence_kept kept;
	struct buf *out = &request->out;
	int64_t host = 0;
	struct str sha256 = request->param[0];
	if (sha256.n != 64)
		return err_set(err, -ENOENT, "there is no such evidence");
	int r = evidence_get(request->arena, request->db, sha256, &kept, err);
	if (r == 0)
		r = may_see(request, &kept, &host, err);
	if (r < 0)
		return r == -ENOENT ? err_set(err, r, "there is no such evidence") : r;
	json_open_map(out, NULL);
	json_put_or_null(out, "sha256", sha256);
	r = put_columns(request, kept.rows, err);
	json_key(out, "rows");
	buf_add(out, kept.rows);
	json_put_int(out, "taken", kept.taken);
	if (host)
		json_put_int(out, "host", host);
	else
		json_put_null(out, "host");
	json_key(out, "tables");
	buf_add(out, kept.tables.n ? kept.tables : STR("[]"));
	json_put(out, "canonical", kept.rows);
	buf_add_char(out, '}');
	return r;
}

const struct route routes_evidence[] = {
	{ METHOD_GET, "/api/evidence/{sha256}", "getEvidence", "the rows under a statement; the digest is over `canonical`",
	  .roles = "operator security auditor leader duty officer verifier", .query = "check", .gives = "Evidence", .handle = get_evidence },
	{ 0 },
};
