/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * detections: what rules found in the events of the installation, one by one and by ATT&CK technique.
 *
 * Events have no organisations, so neither have these: they are for who sees the whole installation.
 */
#include "api/fleet.h"
#include "case/detections.h"
#include "data/yaml.h"
#include "register/said.h"

extern const struct route routes_detections[];

#define WHO "operator security auditor leader duty"

static void put_detection(struct request *request, struct db_query *q, bool whole)
{
	struct buf *out = &request->out;
	json_open_map(out, NULL);
	json_put_int(out, "id", db_int(q, 0));
	json_put_int(out, "time", db_int(q, 1));
	json_put(out, "rule", db_text(q, 2));
	json_put(out, "title", said_in(office_of(request)->books.said, request->actor->lang, db_text(q, 3)));
	json_put(out, "level", db_text(q, 4));
	json_put(out, "host", db_text(q, 5));
	json_put_or_null(out, "source", db_text(q, 6));
	json_key(out, "tags");
	buf_add(out, db_text(q, 7));
	json_put_int(out, "count", db_int(q, 8));
	if (whole) {
		json_key(out, "detail");
		buf_add(out, db_text(q, 9));
	}
	buf_add_char(out, '}');
}

#define COLUMNS "SELECT d.id, d.time, d.rule, d.title, d.level, d.host, d.source, d.tags, d.count, d.line FROM ward_detection d"

static int times_of(struct request *request, int64_t *from, int64_t *to, struct err *err)
{
	int r = fleet_whole(request, err);
	if (r == 0)
		r = request_query_int(request, "from", 0, INT64_MAX / 2, request->now - 30 * 86400, from, err);
	return r < 0 ? r : request_query_int(request, "to", 0, INT64_MAX / 2, request->now + 86400, to, err);
}

/* The newest first; a page goes on behind the last row's number. */
static int get_detections(struct request *request, struct err *err)
{
	struct fleet_page page;
	int64_t from, to;
	struct str level = request_query(request, "level"), rule = request_query(request, "rule");
	struct str technique = request_query(request, "technique");
	DB_QUERY(q);
	int r = times_of(request, &from, &to, err);
	r = r < 0 ? r : fleet_begin(request, &page, err);
	if (r == 0)
		r = db_query(&q, request->db,
		             COLUMNS " WHERE d.time >= ? AND d.time <= ? AND (? = 0 OR d.id < ?) AND (? = '' OR d.level = ?)"
		             " AND (? = '' OR d.rule = ?) AND (? = '' OR EXISTS (SELECT 1 FROM ward_detection_technique t"
		             " WHERE t.detection = d.id AND t.technique = ?)) ORDER BY d.id DESC LIMIT ?", err);
	if (r < 0)
		return r;
	struct str asked[] = { level, rule, technique };
	db_bind_int(&q, from);
	db_bind_int(&q, to);
	db_bind_int(&q, page.after);
	db_bind_int(&q, page.after);
	for (size_t i = 0; i < COUNT(asked); i++) {
		db_bind_text(&q, asked[i].p ? asked[i] : STR(""));
		db_bind_text(&q, asked[i].p ? asked[i] : STR(""));
	}
	db_bind_int(&q, page.limit + 1);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0 && fleet_next(&page, db_int(&q, 0)))
		put_detection(request, &q, false);
	if (r < 0)
		return r;
	fleet_end(request, &page);
	return 0;
}

static int get_detection(struct request *request, struct err *err)
{
	int64_t id;
	DB_QUERY(q);
	int r = fleet_whole(request, err);
	r = r < 0 ? r : request_id(request, 0, &id, err);
	r = r < 0 ? r : db_query(&q, request->db, COLUMNS " WHERE d.id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no detection %lld", (long long)id);
	put_detection(request, &q, true);
	return 0;
}

/* content/attack names tactics and techniques; what it does not name is counted under its number. */
static int get_techniques(struct request *request, struct err *err)
{
	int64_t from, to;
	struct buf *out = &request->out;
	DB_QUERY(q);
	int r = times_of(request, &from, &to, err);
	if (r == 0)
		r = db_query(&q, request->db,
		             "SELECT t.technique, count(*), max(t.time), sum(CASE d.level WHEN 'critical' THEN 1 ELSE 0 END),"
		             " sum(CASE d.level WHEN 'high' THEN 1 ELSE 0 END) FROM ward_detection_technique t"
		             " JOIN ward_detection d ON d.id = t.detection WHERE t.time >= ? AND t.time <= ?"
		             " GROUP BY t.technique ORDER BY count(*) DESC, t.technique LIMIT 500", err);
	if (r < 0)
		return r;
	db_bind_int(&q, from);
	db_bind_int(&q, to);
	json_open_map(out, NULL);
	json_open_list(out, "rows");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(out, NULL);
		json_put(out, "technique", db_text(&q, 0));
		json_put_int(out, "count", db_int(&q, 1));
		json_put_int(out, "last", db_int(&q, 2));
		json_put_int(out, "critical", db_int(&q, 3));
		json_put_int(out, "high", db_int(&q, 4));
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
	return r;
}

const struct route routes_detections[] = {
	{ METHOD_GET, "/api/detections", "listDetections", "what rules found, the newest first", .roles = WHO,
	  .query = "from to level rule technique limit after", .gives = "Detections", .handle = get_detections },
	{ METHOD_GET, "/api/detections/techniques", "listTechniques", "detections counted by ATT&CK technique", .roles = WHO,
	  .query = "from to", .gives = "Techniques", .handle = get_techniques },
	{ METHOD_GET, "/api/detections/{id}", "getDetection", "one with its event", .roles = WHO, .gives = "Detection",
	  .handle = get_detection },
	{ 0 },
};
