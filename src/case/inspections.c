/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/inspections.h"

#include "case/evidence.h"
#include "register/date.h"

const struct migration inspections_migrations[] = {
	{ 410, "inspections and verdicts",
	  "CREATE TABLE ward_inspection(id INTEGER PRIMARY KEY, host INTEGER NOT NULL REFERENCES ward_host(id), started INTEGER NOT NULL,"
	  " received INTEGER NOT NULL, ns INTEGER NOT NULL, profile TEXT, regime TEXT, privileged INTEGER NOT NULL,"
	  " pass INTEGER NOT NULL, fail INTEGER NOT NULL, unknown INTEGER NOT NULL, not_applicable INTEGER NOT NULL);"
	  "CREATE INDEX ward_inspection_host ON ward_inspection(host, started);"
	  "CREATE TABLE ward_verdict(host INTEGER NOT NULL REFERENCES ward_host(id), check_id TEXT NOT NULL, value TEXT NOT NULL,"
	  " severity TEXT NOT NULL, since INTEGER NOT NULL, seen INTEGER NOT NULL, partial INTEGER NOT NULL, reason TEXT,"
	  " evidence TEXT NOT NULL, rows INTEGER NOT NULL, found INTEGER NOT NULL, inspection INTEGER NOT NULL,"
	  " PRIMARY KEY(host, check_id));"
	  "CREATE INDEX ward_verdict_value ON ward_verdict(value, check_id);"
	  "CREATE TABLE ward_verdict_day(host INTEGER NOT NULL REFERENCES ward_host(id), day TEXT NOT NULL, pass INTEGER NOT NULL,"
	  " fail INTEGER NOT NULL, unknown INTEGER NOT NULL, not_applicable INTEGER NOT NULL, critical INTEGER NOT NULL,"
	  " high INTEGER NOT NULL, medium INTEGER NOT NULL, low INTEGER NOT NULL, PRIMARY KEY(host, day))" },
	{ 0 },
};

int inspections_begin(struct write *write, struct inspection_run *run, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_inspection(host, started, received, ns, profile, regime, privileged, pass, fail, unknown,"
	                 " not_applicable) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0) RETURNING id", err);
	if (r < 0)
		return r;
	db_bind_int(&q, run->host);
	db_bind_int(&q, run->started);
	db_bind_int(&q, write->now);
	db_bind_int(&q, run->ns);
	db_bind_text(&q, run->profile);
	db_bind_text(&q, run->regime);
	db_bind_int(&q, run->privileged);
	r = db_step(&q, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -EIO, "the inspection was not kept");
	run->id = db_int(&q, 0);
	r = db_step(&q, err);
	return r < 0 ? r : 0;
}

int inspections_verdict(struct write *write, struct inspection_run *run, const struct verdict_said *said, struct err *err)
{
	if ((unsigned)said->value >= VERDICT_COUNT || said->severity < 0 || said->severity >= SEVERITY_COUNT || said->check.n == 0 ||
	    said->check.n > 64 || said->rows < 0 || said->found < said->rows)
		return err_set(err, -EINVAL, "not a verdict");
	const struct evidence_kept evidence = { said->sha256, said->evidence, said->tables, run->started, run->host, run->org };
	int r = evidence_put(write, &evidence, err);
	if (r < 0)
		return r;
	DB_QUERY(q);
	r = db_query(&q, write->db,
	             "INSERT INTO ward_verdict(host, check_id, value, severity, since, seen, partial, reason, evidence, rows, found, inspection)"
	             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, check_id) DO UPDATE SET"
	             " since = CASE WHEN ward_verdict.value = excluded.value THEN ward_verdict.since ELSE excluded.since END,"
	             " value = excluded.value, severity = excluded.severity, seen = excluded.seen, partial = excluded.partial,"
	             " reason = excluded.reason, evidence = excluded.evidence, rows = excluded.rows, found = excluded.found,"
	             " inspection = excluded.inspection", err);
	if (r < 0)
		return r;
	db_bind_int(&q, run->host);
	db_bind_text(&q, said->check);
	db_bind_text(&q, str_from(verdict_names[said->value]));
	db_bind_text(&q, str_from(severity_names[said->severity]));
	db_bind_int(&q, run->started);
	db_bind_int(&q, run->started);
	db_bind_int(&q, said->partial);
	db_bind_text(&q, said->reason);
	db_bind_text(&q, said->sha256);
	db_bind_int(&q, said->rows);
	db_bind_int(&q, said->found);
	db_bind_int(&q, run->id);
	r = db_do(&q, err);
	if (r < 0)
		return r;
	run->counts[said->value]++;
	if (said->value == VERDICT_FAIL)
		run->failed[said->severity]++;
	return 0;
}

static int put_counts(struct write *write, const struct inspection_run *run, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_inspection SET pass = ?, fail = ?, unknown = ?, not_applicable = ? WHERE id = ?", err);
	if (r < 0)
		return r;
	for (int i = 0; i < VERDICT_COUNT; i++)
		db_bind_int(&q, run->counts[i]);
	db_bind_int(&q, run->id);
	return db_do(&q, err);
}

static int put_day(struct write *write, const struct inspection_run *run, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_verdict_day(host, day, pass, fail, unknown, not_applicable, critical, high, medium, low)"
	                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, day) DO UPDATE SET pass = excluded.pass,"
	                 " fail = excluded.fail, unknown = excluded.unknown, not_applicable = excluded.not_applicable,"
	                 " critical = excluded.critical, high = excluded.high, medium = excluded.medium, low = excluded.low", err);
	if (r < 0)
		return r;
	db_bind_int(&q, run->host);
	db_bind_text(&q, date_text(write->arena, date_of(run->started)));
	for (int i = 0; i < VERDICT_COUNT; i++)
		db_bind_int(&q, run->counts[i]);
	for (int i = 0; i < SEVERITY_COUNT; i++)
		db_bind_int(&q, run->failed[i]);
	return db_do(&q, err);
}

int inspections_end(struct write *write, const struct inspection_run *run, struct err *err)
{
	DB_QUERY(q);
	int r = put_counts(write, run, err);
	if (r == 0)
		r = put_day(write, run, err);
	if (r == 0)
		r = db_query(&q, write->db, "DELETE FROM ward_verdict WHERE host = ? AND inspection <> ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, run->host);
	db_bind_int(&q, run->id);
	return db_do(&q, err);
}
