/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/hosts.h"

#include <zstd.h>

#include "crypto/digest.h"

const struct migration hosts_migrations[] = {
	{ 400, "hosts and their tables",
	  "CREATE TABLE ward_host(id INTEGER PRIMARY KEY, name TEXT NOT NULL, machine_id TEXT NOT NULL UNIQUE, org INTEGER,"
	  " seen INTEGER, profile TEXT, os TEXT, address TEXT, removed INTEGER);"
	  "CREATE INDEX ward_host_org ON ward_host(org);"
	  "CREATE TABLE ward_host_table(host INTEGER NOT NULL REFERENCES ward_host(id), name TEXT NOT NULL, taken INTEGER NOT NULL,"
	  " coverage TEXT NOT NULL, reason TEXT, rows BLOB, n INTEGER NOT NULL, sha256 TEXT, PRIMARY KEY(host, name))" },
	{ 0 },
};

int hosts_put(struct write *write, const struct host *host, int64_t *id, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_host(name, machine_id, org, seen, profile, os, address) VALUES (?, ?, ?, ?, ?, ?, ?)"
	                 " ON CONFLICT (machine_id) DO UPDATE SET name = coalesce(nullif(excluded.name, ''), ward_host.name),"
	                 " org = coalesce(excluded.org, ward_host.org), seen = excluded.seen,"
	                 " profile = coalesce(excluded.profile, ward_host.profile), os = coalesce(excluded.os, ward_host.os),"
	                 " address = coalesce(excluded.address, ward_host.address), removed = NULL RETURNING id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, host->name.p ? host->name : STR(""));
	db_bind_text(&q, host->machine_id);
	db_bind_int(&q, host->org ? host->org : NONE);
	db_bind_int(&q, host->seen ? host->seen : write->now);
	db_bind_text(&q, host->profile);
	db_bind_text(&q, host->os);
	db_bind_text(&q, host->address);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -EIO, "the host was not kept");
	*id = db_int(&q, 0);
	r = db_step(&q, err);
	return r < 0 ? r : 0;
}

int hosts_get(struct arena *arena, struct db *db, int64_t id, struct host *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT name, machine_id, org, seen, profile, os, address FROM ward_host"
	                 " WHERE id = ? AND removed IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no host %lld", (long long)id);
	*out = (struct host){
		.id = id,
		.name = arena_str(arena, db_text(&q, 0)),
		.machine_id = arena_str(arena, db_text(&q, 1)),
		.org = db_int_or(&q, 2, 0),
		.seen = db_int_or(&q, 3, 0),
		.profile = arena_str(arena, db_text(&q, 4)),
		.os = arena_str(arena, db_text(&q, 5)),
		.address = arena_str(arena, db_text(&q, 6)),
	};
	return 0;
}

/* ---- one table as text ---- */

static void add_gaps(struct arena *arena, struct buf *out, const struct rows *rows)
{
	json_open_list(out, "gaps");
	for (size_t i = 0; i < rows->gaps.n; i++) {
		const struct gap *gap = &rows->gaps.p[i];
		json_open_map(out, NULL);
		json_open_list(out, "columns");
		for (size_t c = 0; c < rows->width; c++)
			if (gap->columns >> c & 1 && !(gap->columns & ROWS_ONLY))
				json_put(out, NULL, str_from(rows->table->columns[c].name));
		buf_add_char(out, ']');
		json_put(out, "why", note_text(arena, LANG_EN, &gap->why));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

void host_table_from_rows(struct arena *arena, const struct rows *rows, int64_t taken, struct host_table *out)
{
	BUF(json);
	json_open_map(&json, NULL);
	json_open_list(&json, "columns");
	for (size_t c = 0; c < rows->width; c++)
		if (rows->columns >> c & 1)
			json_put(&json, NULL, str_from(rows->table->columns[c].name));
	buf_add_char(&json, ']');
	json_open_list(&json, "rows");
	for (size_t i = 0; i < rows->n; i++) {
		bool first = true;
		buf_puts(&json, i ? ",[" : "[");
		for (size_t c = 0; c < rows->width; c++) {
			if (!(rows->columns >> c & 1))
				continue;
			if (!first)
				buf_add_char(&json, ',');
			first = false;
			cell_add_json(&json, rows_at(rows, i)[c]);
		}
		buf_add_char(&json, ']');
	}
	buf_add_char(&json, ']');
	add_gaps(arena, &json, rows);
	buf_add_char(&json, '}');
	*out = (struct host_table){
		.name = str_from(rows->table->name),
		.taken = taken,
		.coverage = rows->coverage,
		.reason = rows->coverage == COVERAGE_COMPLETE ? STR_NONE : note_text(arena, LANG_EN, &rows->reason),
		.json = arena_str(arena, buf_str(&json)),
		.n = rows->n,
		.sha256 = digest_hex(arena, DIGEST_SHA256, buf_str(&json)),
	};
}

static int pack(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	size_t room = ZSTD_compressBound(text.n);
	char *to = arena_bytes(arena, room);
	size_t n = ZSTD_compress(to, room, text.p, text.n, 3);
	if (ZSTD_isError(n))
		return err_set(err, -ENOMEM, "cannot compress a table: %s", ZSTD_getErrorName(n));
	*out = (struct str){ to, n };
	return 0;
}

int host_table_unpack(struct arena *arena, struct str packed, struct str sha256, struct str *json, struct err *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.p, packed.n);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > HOST_TABLE_MOST)
		return err_set(err, -EBADMSG, "the kept table is damaged");
	char *to = arena_bytes(arena, (size_t)size + 1);
	size_t n = ZSTD_decompress(to, (size_t)size, packed.p, packed.n);
	if (ZSTD_isError(n) || n != size)
		return err_set(err, -EBADMSG, "the kept table is damaged");
	*json = (struct str){ to, n };
	if (!str_eq(digest_hex(arena, DIGEST_SHA256, *json), sha256))
		return err_set(err, -EBADMSG, "the kept table does not have its digest");
	return 0;
}

int hosts_put_table(struct write *write, int64_t host, const struct host_table *table, struct err *err)
{
	struct str packed = STR_NONE;
	struct str sha256 = table->sha256.p ? table->sha256 : digest_hex(write->arena, DIGEST_SHA256, table->json);
	if (table->json.n > HOST_TABLE_MOST)
		return err_set(err, -E2BIG, "the table %.*s is too large", STR_ARG(table->name));
	int r = pack(write->arena, table->json, &packed, err);
	DB_QUERY(q);
	if (r == 0)
		r = db_query(&q, write->db,
		             "INSERT INTO ward_host_table(host, name, taken, coverage, reason, rows, n, sha256)"
		             " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, name) DO UPDATE SET taken = excluded.taken,"
		             " coverage = excluded.coverage, reason = excluded.reason, rows = excluded.rows, n = excluded.n,"
		             " sha256 = excluded.sha256", err);
	if (r < 0)
		return r;
	db_bind_int(&q, host);
	db_bind_text(&q, table->name);
	db_bind_int(&q, table->taken);
	db_bind_text(&q, str_from(coverage_names[table->coverage]));
	db_bind_text(&q, table->reason);
	db_bind_blob(&q, packed);
	db_bind_int(&q, (int64_t)table->n);
	db_bind_text(&q, sha256);
	return db_do(&q, err);
}

static enum coverage coverage_from(struct str name)
{
	for (int i = 0; coverage_names[i]; i++)
		if (str_is(name, coverage_names[i]))
			return (enum coverage)i;
	return COVERAGE_UNAVAILABLE;
}

int hosts_get_table(struct arena *arena, struct db *db, int64_t host, struct str name, struct host_table *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT taken, coverage, reason, rows, n, sha256 FROM ward_host_table"
	                 " WHERE host = ? AND name = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, host);
	db_bind_text(&q, name);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "the host did not deliver the table %.*s", STR_ARG(name));
	*out = (struct host_table){
		.name = arena_str(arena, name),
		.taken = db_int(&q, 0),
		.coverage = coverage_from(db_text(&q, 1)),
		.reason = arena_str(arena, db_text(&q, 2)),
		.n = (size_t)db_int(&q, 4),
		.sha256 = arena_str(arena, db_text(&q, 5)),
	};
	return host_table_unpack(arena, db_text(&q, 3), out->sha256, &out->json, err);
}
