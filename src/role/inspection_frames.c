/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/inspection_frames.h"

#include "case/hosts.h"
#include "data/json.h"
#include "data/yaml.h"
#include "report/inspection.h"
#include "role/wire.h"

/* ---- which tables ---- */

static int find_columns(const struct source *source, struct inventory_item *item, struct err *err)
{
	item->table = table_find(item->table_name);
	if (!item->table)
		return doc_err(source, item->node, err, "there is no table '%.*s'", STR_ARG(item->table_name));
	if (item->table->flags & (TABLE_DEEP | TABLE_FRESH) || table_is_keyed(item->table))
		return doc_err(source, item->node, err, "the table '%.*s' cannot be kept whole", STR_ARG(item->table_name));
	item->columns = item->names.n ? ROWS_ONLY : COLUMNS_ALL;
	for (size_t i = 0; i < item->names.n; i++) {
		size_t c = 0;
		while (item->table->columns[c].name && !str_is(item->names.p[i], item->table->columns[c].name))
			c++;
		if (!item->table->columns[c].name)
			return doc_err(source, item->node, err, "the table '%.*s' has no column '%.*s'", STR_ARG(item->table_name),
			               STR_ARG(item->names.p[i]));
		item->columns |= UINT64_C(1) << c;
	}
	return 0;
}

int inventory_load(struct arena *arena, const struct content *content, struct inventory *out, struct err *err)
{
	static const struct schema_field fields[] = {
		{ "table", SCHEMA_STRING, offsetof(struct inventory_item, table_name), .required = true },
		{ "columns", SCHEMA_STRINGS, offsetof(struct inventory_item, names) },
		{ 0 },
	};
	static const struct schema schema = { "a table of the inventory", fields, sizeof(struct inventory_item),
		                              offsetof(struct inventory_item, node) };
	struct source *source = ARENA_NEW(arena, struct source);
	struct schema_list list;
	const struct doc *node;
	int r = content_read(arena, content, "inventory.yaml", source, err);
	if (r == 0)
		r = yaml_parse(arena, source, &node, err);
	if (r == 0)
		r = schema_decode_list(arena, source, node, &schema, &list, err);
	if (r < 0)
		return r;
	*out = (struct inventory){ list.p, list.n };
	for (size_t i = 0; r == 0 && i < out->n; i++)
		r = find_columns(source, &out->p[i], err);
	return r;
}

void inventory_want(const struct inventory *inventory, struct facts *facts)
{
	for (size_t i = 0; i < inventory->n; i++)
		facts_want(facts, inventory->p[i].table, inventory->p[i].columns);
}

/* ---- frames ---- */

static const struct cell *cell_of(const struct rows *rows, const char *column)
{
	for (size_t c = 0; rows->n && c < rows->width; c++)
		if (str_is(str_from(rows->table->columns[c].name), column))
			return &rows_at(rows, 0)[c];
	return NULL;
}

static void put_cell(struct buf *out, const char *name, struct facts *facts, const struct table *table, const char *column)
{
	const struct cell *cell = cell_of(facts_table(facts, table), column);
	json_put(out, name, cell ? cell_str(*cell) : STR_NONE);
}

static size_t head_begin(struct buf *out, enum wire_kind kind, struct buf *json)
{
	buf_clear(json);
	buf_add_char(json, '{');
	return wire_begin(out, kind, 0);
}

static void host_frame(struct buf *out, const struct inspection *inspection, struct facts *facts)
{
	BUF(json);
	size_t begin = head_begin(out, WIRE_HOST, &json);
	json_put(&json, "name", inspection->host);
	put_cell(&json, "machine_id", facts, &table_host, "machine_id");
	put_cell(&json, "os", facts, &table_os_release, "pretty_name");
	json_put(&json, "profile", inspection->office ? inspection->office->name : STR_NONE);
	json_put(&json, "regime", inspection->regime ? inspection->regime->name : STR_NONE);
	json_put_int(&json, "started", inspection->started);
	json_put_int(&json, "ns", inspection->ns);
	json_put_flag(&json, "privileged", inspection->privileged);
	json_open_map(&json, "counts");
	for (int i = 0; i < VERDICT_COUNT; i++)
		json_put_int(&json, verdict_names[i], (int64_t)inspection->counts[i]);
	buf_puts(&json, "}}");
	wire_put_text(out, buf_str(&json));
	wire_end(out, begin);
}

static void verdict_frame(struct buf *out, const struct inspection *inspection, const struct verdict *verdict)
{
	ARENA(arena);
	BUF(json);
	size_t begin = head_begin(out, WIRE_VERDICT, &json);
	json_put(&json, "check", verdict->check->id);
	json_put(&json, "value", str_from(verdict_names[verdict->value]));
	json_put(&json, "severity", str_from(severity_names[verdict->check->severity]));
	json_open_map(&json, "reason");
	for (int lang = 0; lang < LANG_COUNT; lang++)
		json_put(&json, lang_names[lang], verdict_reason(&arena, (enum lang)lang, verdict));
	buf_add_char(&json, '}');
	json_put_flag(&json, "partial", verdict->value == VERDICT_FAIL && verdict->reason.english);
	json_put(&json, "sha256", verdict->evidence_sha256);
	json_put_int(&json, "rows", (int64_t)verdict->evidence.rows);
	json_put_int(&json, "found", (int64_t)verdict->evidence.found);
	json_put_int(&json, "taken", inspection->started);
	json_put_int(&json, "ns", verdict->ns);
	json_open_list(&json, "tables");
	for (size_t i = 0; i < verdict->table_count; i++)
		json_put(&json, NULL, str_from(verdict->tables[i]->name));
	buf_puts(&json, "]}");
	wire_put_text(out, buf_str(&json));
	wire_put_text(out, verdict->evidence_json);
	wire_end(out, begin);
}

static void table_frame(struct buf *out, const struct inspection *inspection, const struct inventory_item *item,
                        struct facts *facts)
{
	ARENA(arena);
	BUF(json);
	struct host_table table;
	struct rows rows = *facts_columns(facts, item->table, item->columns);
	rows.columns &= item->columns; /* a check may have looked at more */
	host_table_from_rows(&arena, &rows, inspection->started, &table);
	size_t begin = head_begin(out, WIRE_TABLE, &json);
	json_put(&json, "name", table.name);
	json_put_int(&json, "taken", table.taken);
	json_put(&json, "coverage", str_from(coverage_names[table.coverage]));
	json_put(&json, "reason", table.reason);
	json_put_int(&json, "rows", (int64_t)table.n);
	buf_add_char(&json, '}');
	wire_put_text(out, buf_str(&json));
	wire_put_text(out, table.json);
	wire_end(out, begin);
}

void inspection_frames(struct buf *out, const struct inspection *inspection, const struct inventory *inventory,
                       struct facts *facts)
{
	host_frame(out, inspection, facts);
	for (size_t i = 0; i < inspection->n; i++)
		verdict_frame(out, inspection, &inspection->verdicts[i]);
	for (size_t i = 0; i < inventory->n; i++)
		table_frame(out, inspection, &inventory->p[i], facts);
}

void inspection_failed_frame(struct buf *out, struct str why)
{
	BUF(json);
	size_t begin = head_begin(out, WIRE_HOST, &json);
	json_put(&json, "failed", why);
	buf_add_char(&json, '}');
	wire_put_text(out, buf_str(&json));
	wire_end(out, begin);
}

void inspection_done_frame(struct buf *out, uint64_t number)
{
	wire_end(out, wire_begin(out, WIRE_DONE, number));
}
