/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/table.h"

const struct table *const tables[] = {
#define TABLE(name) &table_##name,
#include "fact/tables/table_list.h"
#undef TABLE
	NULL,
};

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

const struct table *table_find(struct str name)
{
	for (size_t i = 0; tables[i]; i++)
		if (str_is(name, tables[i]->name))
			return tables[i];
	return NULL;
}
