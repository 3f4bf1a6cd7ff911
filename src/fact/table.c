/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/table.h"

const struct table *const tables[] = {
#define TABLE(name) &table_##name,
#include "fact/tables/table_list.h"
#undef TABLE
	NULL,
};

struct str table_says(enum lang lang, const struct table *table)
{
	struct str said = tr_word(lang, "table", table->name);
	return str_is(said, table->name) ? str_from(table->doc) : said;
}

size_t table_width(const struct table *table)
{
	size_t n = 0;
	while (n < COUNT(table->columns) && table->columns[n].name)
		n++;
	return n;
}

bool table_has_key(const struct table *table)
{
	for (const struct column *column = table->columns; column->name; column++)
		if (column->flags & KEY)
			return true;
	return false;
}

bool table_is_keyed(const struct table *table)
{
	for (const struct column *column = table->columns; column->name; column++)
		if (column->flags & REQUIRED)
			return true;
	return false;
}

uint64_t table_columns(const struct table *table, const char *names)
{
	uint64_t set = ROWS_ONLY;
	struct str rest = str_from(names), name;
	while ((name = str_word(&rest)).n)
		for (size_t i = 0; i < COUNT(table->columns) && table->columns[i].name; i++)
			if (str_is(name, table->columns[i].name))
				set |= UINT64_C(1) << i;
	return set;
}

const struct table *table_find(struct str name)
{
	for (size_t i = 0; tables[i]; i++)
		if (str_is(name, tables[i]->name))
			return tables[i];
	return NULL;
}
