/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/detections.h"

#include "data/json.h"
#include "event/timestamp.h"

const struct migration detections_migrations[] = {
	{ 420, "detections",
	  "CREATE TABLE ward_detection(id INTEGER PRIMARY KEY, file TEXT NOT NULL, at INTEGER NOT NULL, time INTEGER NOT NULL,"
	  " rule TEXT NOT NULL, title TEXT NOT NULL, level TEXT NOT NULL, host TEXT NOT NULL, source TEXT NOT NULL, tags TEXT NOT NULL,"
	  " count INTEGER NOT NULL, line TEXT NOT NULL, UNIQUE(file, at));"
	  "CREATE INDEX ward_detection_time ON ward_detection(time);"
	  "CREATE INDEX ward_detection_rule ON ward_detection(rule, time);"
	  "CREATE TABLE ward_detection_technique(technique TEXT NOT NULL, detection INTEGER NOT NULL REFERENCES ward_detection(id),"
	  " time INTEGER NOT NULL, PRIMARY KEY(technique, detection));"
	  "CREATE INDEX ward_detection_technique_time ON ward_detection_technique(time, technique);"
	  "CREATE TABLE ward_detection_file(file TEXT PRIMARY KEY, position INTEGER NOT NULL)" },
	{ 421, "findings of detections",
	  "ALTER TABLE ward_detection ADD COLUMN finding INTEGER;"
	  "CREATE INDEX ward_detection_pending ON ward_detection(id) WHERE finding IS NULL" },
	{ 0 },
};

int detections_position(struct db *db, struct str file, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT position FROM ward_detection_file WHERE file = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, file);
	r = db_step(&q, err);
	*out = r > 0 ? db_int(&q, 0) : 0;
	return r < 0 ? r : 0;
}

static struct str text_of(const struct doc *map, const char *key)
{
	struct str text = doc_text(map, key);
	return text.p ? text : STR("");
}

static int put_techniques(struct write *write, int64_t id, int64_t time, const struct doc *tags, struct err *err)
{
	DB_QUERY(q);
	for (size_t i = 0; tags && tags->type == DOC_ARRAY && i < tags->n && i < 64; i++) {
		struct str tag = doc_string(&tags->items[i]);
		if (!str_starts(tag, "attack.t") || tag.n > 32 || tag.n < 9 || tag.p[8] < '0' || tag.p[8] > '9')
			continue;
		int r = db_query(&q, write->db, "INSERT INTO ward_detection_technique(technique, detection, time) VALUES (?, ?, ?)"
		                 " ON CONFLICT (technique, detection) DO NOTHING", err);
		if (r < 0)
			return r;
		db_bind_text(&q, str_slice(tag, strlen("attack."), tag.n));
		db_bind_int(&q, id);
		db_bind_int(&q, time);
		r = db_do(&q, err);
		db_query_done(&q);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Everything but the event, which alone can be so long. */
static struct str shortened(struct arena *arena, const struct doc *found)
{
	static const char *const keys[] = { "source", "file", "time", "host", "rule", "title", "level" };
	BUF(out);
	json_open_map(&out, NULL);
	for (size_t i = 0; i < COUNT(keys); i++)
		json_put(&out, keys[i], text_of(found, keys[i]));
	json_put_flag(&out, "shortened", true);
	buf_add_char(&out, '}');
	return arena_str(arena, buf_str(&out));
}

static struct str tags_json(struct arena *arena, const struct doc *tags)
{
	BUF(out);
	json_open_list(&out, NULL);
	for (size_t i = 0; tags && tags->type == DOC_ARRAY && i < tags->n && i < 64; i++)
		json_put(&out, NULL, doc_string(&tags->items[i]));
	buf_add_char(&out, ']');
	return arena_str(arena, buf_str(&out));
}

/* 1: kept; 0: there already, or no finding. */
static int put_line(struct write *write, struct str file, int64_t at, struct str line, int64_t *id, struct err *err)
{
	static const struct timestamp_hint hint = { 0 };
	ARENA(arena);
	struct source source = { .name = "finding", .text = line };
	const struct doc *found;
	int64_t ns;
	if (json_parse(&arena, &source, &found, NULL) < 0 || found->type != DOC_MAP || !text_of(found, "title").n)
		return 0;
	int64_t time = timestamp_parse(text_of(found, "time"), &hint, &ns) ? ns / 1000000000 : write->now;
	const struct doc *tags = doc_get(found, STR("tags")), *count = doc_get(found, STR("count"));
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_detection(file, at, time, rule, title, level, host, source, tags, count, line)"
	                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file, at) DO NOTHING RETURNING id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, file);
	db_bind_int(&q, at);
	db_bind_int(&q, time);
	db_bind_text(&q, text_of(found, "rule"));
	db_bind_text(&q, text_of(found, "title"));
	db_bind_text(&q, text_of(found, "level"));
	db_bind_text(&q, text_of(found, "host"));
	db_bind_text(&q, text_of(found, "source"));
	db_bind_text(&q, tags_json(&arena, tags));
	db_bind_int(&q, doc_int(count, 1));
	db_bind_text(&q, line.n > DETECTION_LINE ? shortened(&arena, found) : line);
	r = db_step(&q, err);
	if (r <= 0)
		return r;
	*id = db_int(&q, 0);
	r = db_step(&q, err);
	if (r == 0)
		r = put_techniques(write, *id, time, tags, err);
	return r < 0 ? r : 1;
}

static int put_position(struct write *write, struct str file, int64_t position, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "INSERT INTO ward_detection_file(file, position) VALUES (?, ?)"
	                 " ON CONFLICT (file) DO UPDATE SET position = excluded.position", err);
	if (r < 0)
		return r;
	db_bind_text(&q, file);
	db_bind_int(&q, position);
	return db_do(&q, err);
}

int detections_put(struct write *write, struct str file, int64_t at, struct str text, struct detections_taken *out,
                   struct err *err)
{
	struct str rest = text;
	ptrdiff_t end;
	*out = (struct detections_taken){ .end = at };
	while ((end = str_find_char(rest, '\n')) >= 0) {
		struct str line = str_slice(rest, 0, (size_t)end);
		rest = str_slice(rest, (size_t)end + 1, rest.n);
		int64_t id = 0;
		int r = line.n ? put_line(write, file, out->end, line, &id, err) : 0;
		if (r < 0)
			return r;
		out->end += (int64_t)line.n + 1;
		out->kept += r == 1;
		out->wrong += r == 0 && line.n;
		out->first = out->first || r == 0 ? out->first : id;
		out->last = r == 1 ? id : out->last;
	}
	return put_position(write, file, out->end, err);
}
