/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Searching on the server. Records come back as they were kept and are looked at once more here, so that whatever the
 * server might understand in another way cannot show a wrong one; counts are made by the server alone.
 */
#include "search/clickhouse.h"
#include "archive/wire.h"
#include "base/vec.h"
#include "event/timestamp.h"

#define QUARTER INT64_C(900000000000) /* of an hour: all zones of the world are whole numbers of them from UTC */

enum { PAGE_LEAST = 200, PAGE_MOST = 20000 };

static bool read_fixed(struct wire *wire, uint64_t *out)
{
	struct str bytes = wire_bytes(wire, 8);
	*out = 0;
	for (size_t i = 0; i < bytes.n; i++)
		*out |= (uint64_t)(unsigned char)bytes.p[i] << i * 8;
	return bytes.n == 8;
}

static void add_source(struct buf *sql, const struct search_options *options)
{
	BUF(where);
	BUF(quick);
	clickhouse_condition(&where, &quick, options->seek);
	buf_puts(sql, " FROM ward_events");
	if (quick.n)
		buf_printf(sql, " PREWHERE %s", buf_cstr(&quick));
	buf_printf(sql, " WHERE %s", buf_cstr(&where));
	if (options->since > INT64_MIN)
		buf_printf(sql, " AND time >= %lld", (long long)options->since);
	if (options->until < INT64_MAX)
		buf_printf(sql, " AND time <= %lld", (long long)options->until);
}

/* ---- records ---- */

static bool read_record(struct wire *wire, struct record *out)
{
	uint64_t time, arrived;
	if (!read_fixed(wire, &time) || !read_fixed(wire, &arrived))
		return false;
	*out = (struct record){ .time = (int64_t)time, .arrived = (int64_t)arrived };
	out->host = wire_text(wire);
	out->source = wire_text(wire);
	out->parser = wire_text(wire);
	out->raw = wire_text(wire);
	return !wire->bad;
}

struct reading {
	const struct search_options *options;
	struct seeker *seeker;
	search_fn *each;
	void *ctx;
	struct search_counts *counts;
	uint64_t given;
	bool enough;
};

/* One page of the answer; how many rows it had. */
static size_t give_page(struct reading *reading, struct str page)
{
	struct wire wire = wire_from(page);
	struct record record;
	size_t rows = 0;
	while (!reading->enough && wire.p < wire.end && read_record(&wire, &record)) {
		rows++;
		if (!seeker_meets(reading->seeker, &record))
			continue;
		if (reading->options->limit && reading->given == reading->options->limit) {
			reading->counts->cut = reading->enough = true;
			break;
		}
		reading->given++;
		reading->counts->found++;
		reading->enough = reading->each(reading->ctx, &record) != 0;
	}
	return rows;
}

/* The last row of a page is where the next begins: rows have an order of their own behind their time. */
int clickhouse_ordered(struct clickhouse *clickhouse, const struct search_options *options, search_fn *each, void *ctx,
                       struct search_counts *counts, struct err *err)
{
	CLEANUP(seeker_free_p) struct seeker *seeker = NULL;
	const char *direction = options->oldest_first ? "" : " DESC";
	struct reading reading = { .options = options, .each = each, .ctx = ctx, .counts = counts };
	*counts = (struct search_counts){ 0 };
	int r = seeker_new(options->seek, &seeker, err);
	reading.seeker = seeker;
	size_t page = options->limit ? MIN(MAX(options->limit + 1, (size_t)PAGE_LEAST), (size_t)PAGE_MOST) : PAGE_MOST, rows = page;
	for (uint64_t offset = 0; r == 0 && !reading.enough && rows == page; offset += rows) {
		BUF(sql);
		BUF(answer);
		buf_puts(&sql, "SELECT time, arrived, host, source, parser, raw");
		add_source(&sql, options);
		buf_printf(&sql, " ORDER BY time%s, archive%s, sequence%s, number%s LIMIT %llu, %zu FORMAT RowBinary", direction, direction,
		           direction, direction, (unsigned long long)offset, page);
		r = clickhouse_run(clickhouse, buf_str(&sql), STR_NONE, &answer, err);
		if (r == 0)
			rows = give_page(&reading, buf_str(&answer));
		if (r == 0 && options->progress && options->progress(options->progress_ctx, counts))
			break;
	}
	if (seeker)
		counts->given_up = seeker_given_up(seeker);
	return r;
}

/* ---- counts ---- */

static int64_t common_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

enum by { BY_TEXT, BY_TIME };

/* Two columns: is there a value, and which. */
static enum by add_by(struct buf *sql, struct str name)
{
	static const char *const heads[] = { "host", "source", "parser", "raw" };
	if (str_is_nocase(name, "time") || str_is_nocase(name, "arrived")) {
		buf_printf(sql, "toUInt8(1), %s", (name.p[0] | 0x20) == 't' ? "time" : "arrived");
		return BY_TIME;
	}
	for (size_t i = 0; i < COUNT(heads); i++) {
		if (str_is_nocase(name, heads[i]) || (i == 2 && str_is_nocase(name, "format"))) {
			buf_printf(sql, "toUInt8(1), %s", heads[i]);
			return BY_TEXT;
		}
	}
	BUF(is);
	BUF(lower);
	for (size_t i = 0; i < name.n; i++)
		buf_add_char(&lower, name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i]);
	buf_puts(&is, "n = ");
	clickhouse_add_text(&is, buf_str(&lower));
	buf_puts(&is, " OR endsWith(n, concat('.', ");
	clickhouse_add_text(&is, buf_str(&lower));
	buf_puts(&is, "))");
	bool message = str_is_nocase(name, "message");
	const char *condition = buf_cstr(&is);
	if (message)
		buf_printf(sql, "toUInt8(1), if(arrayExists(n -> %s, names), arrayFirst((v, n) -> %s, values, names), raw)", condition, condition);
	else
		buf_printf(sql, "toUInt8(arrayExists(n -> %s, names)), arrayFirst((v, n) -> %s, values, names)", condition, condition);
	return BY_TEXT;
}

static bool read_row(struct wire *wire, const struct tally_kind *kind, const enum by *by, int64_t unit, struct tally *tally,
                     struct search_counts *counts)
{
	ARENA(arena);
	struct str values[TALLY_FIELDS];
	uint64_t bucket, count, time;
	if (!read_fixed(wire, &bucket))
		return false;
	for (size_t i = 0; i < kind->n; i++) {
		bool given = wire_bytes(wire, 1).p[0];
		if (by[i] == BY_TIME) {
			(void)read_fixed(wire, &time);
			values[i] = timestamp_format(&arena, (int64_t)time);
		} else {
			struct str value = wire_text(wire);
			values[i] = given ? value : STR_NONE;
		}
	}
	if (!read_fixed(wire, &count) || wire->bad)
		return false;
	counts->found += count;
	tally_add(tally, tally_step((int64_t)bucket * unit, kind->every), values, count);
	return true;
}

int clickhouse_tally(struct clickhouse *clickhouse, const struct search_options *options, const struct tally_kind *kind,
                     struct tally *tally, struct search_counts *counts, struct err *err)
{
	BUF(sql);
	BUF(answer);
	enum by by[TALLY_FIELDS];
	int64_t unit = kind->every ? common_divisor(kind->every, QUARTER) : 1;
	*counts = (struct search_counts){ 0 };
	/* Times before 1970 count down from zero: floor() needs them moved. */
	buf_printf(&sql, kind->every ? "SELECT toInt64(intDiv(time, %lld) - (time < 0 AND time %% %lld != 0)) AS bucket"
	                             : "SELECT toInt64(0) AS bucket", (long long)unit, (long long)unit);
	BUF(group);
	for (size_t i = 0; i < kind->n; i++) {
		BUF(columns);
		by[i] = add_by(&columns, kind->by[i]);
		buf_printf(&sql, ", %s", buf_cstr(&columns));
		buf_printf(&group, ", %s", buf_cstr(&columns));
	}
	buf_puts(&sql, ", count()");
	add_source(&sql, options);
	buf_printf(&sql, " GROUP BY bucket%s", buf_cstr(&group));
	buf_puts(&sql, " FORMAT RowBinary");
	int r = clickhouse_run(clickhouse, buf_str(&sql), STR_NONE, &answer, err);
	if (r < 0)
		return r;
	struct wire wire = wire_from(buf_str(&answer));
	while (wire.p < wire.end)
		if (!read_row(&wire, kind, by, unit, tally, counts))
			return err_set(err, -EPROTO, "ClickHouse at %s: the answer is not what was asked for", clickhouse_name(clickhouse));
	return 0;
}
