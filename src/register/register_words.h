/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * register_words: names that a table or a column cannot have: those that SQLite 3.40 or PostgreSQL 15 refuses unquoted, so that
 * nobody who asks by SQL ever has to quote one; PostgreSQL's own columns; and the members of a record that are no fields.
 * Sorted. tests/it/test_register.py compares the list with both databases.
 */
#ifndef WARD_REGISTER_REGISTER_WORDS_H
#define WARD_REGISTER_REGISTER_WORDS_H

static const char *const reserved_words[] = {
	"_rowid_", "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
	"authorization", "autoincrement", "between", "binary", "both", "case", "cast", "check", "cmax", "cmin", "collate",
	"collation", "column", "commit", "concurrently", "constraint", "create", "cross", "ctid", "current_catalog",
	"current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "default",
	"deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "escape", "except", "exists", "false", "fetch",
	"for", "foreign", "freeze", "from", "full", "grant", "group", "having", "if", "ilike", "in", "index", "initially",
	"inner", "insert", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit",
	"localtime", "localtimestamp", "natural", "not", "nothing", "notnull", "null", "offset", "oid", "on", "only", "or",
	"order", "outer", "overlaps", "placing", "primary", "raise", "references", "returning", "right", "rowid", "select",
	"session_user", "set", "similar", "some", "symmetric", "table", "tableoid", "tablesample", "then", "to", "trailing",
	"transaction", "true", "union", "unique", "update", "user", "using", "values", "variadic", "verbose", "when", "where",
	"window", "with", "xmax", "xmin",
};

#endif
