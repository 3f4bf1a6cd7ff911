/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The two tables about the run itself.
 */
#include "fact/scan.h"

static int param_scan(struct scan *scan, struct err *err)
{
	size_t n;
	const struct param *param = facts_params(scan_facts(scan), &n);
	for (; n > 0; n--, param++) {
		int r = scan_row(scan, ROW(param->key, param->value, param->source), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_param = {
	.name = "param",
	.doc = "Thresholds of the profile and regime in force; a list has a row for each value",
	.sources = { "the profile" },
	.flags = TABLE_FRESH,
	.scan = param_scan,
	.columns = {
		{ "key", TEXT, "name of the threshold" },
		{ "value", TEXT, "its value" },
		{ "source", TEXT, "where it is set: the check, the profile or the regime" },
	},
};

static int coverage_scan(struct scan *scan, struct err *err)
{
	for (size_t i = 0; tables[i]; i++) {
		const struct rows *rows = facts_taken(scan_facts(scan), tables[i]);
		if (!rows || tables[i] == &table_coverage)
			continue;
		struct str reason = note_text(scan_arena(scan), LANG_EN, &rows->reason);
		int r = scan_row(scan, ROW(rows->table->name, coverage_names[rows->coverage], reason,
		                           rows->n, (double)rows->ns / 1e6), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_coverage = {
	.name = "coverage",
	.doc = "How much of each table this run could see; only tables that were asked for so far",
	.sources = { "the run" },
	.flags = TABLE_FRESH,
	.scan = coverage_scan,
	.columns = {
		{ "table_name", TEXT, "the table" },
		{ "status", TEXT, "complete, partial or unavailable" },
		{ "reason", TEXT, "why not complete; empty when complete" },
		{ "rows", INT, "rows taken" },
		{ "ms", REAL, "time taken, milliseconds" },
	},
};
