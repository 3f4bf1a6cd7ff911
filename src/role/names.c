/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/names.h"

#include <unistd.h>

static void add(struct strings *out, struct str name)
{
	for (size_t i = 0; i < out->n; i++)
		if (str_eq(out->p[i], name))
			return;
	if (name.n)
		out->p[out->n++] = name;
}

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return name.n > 0;
}

void names_of_machine(struct arena *arena, const struct config *config, struct strings *out)
{
	char name[256] = "";
	struct err err = { "" };
	struct str host;
	uint16_t port;
	*out = (struct strings){ .p = ARENA_ARRAY(arena, struct str, config->up.names.n + 6) };
	if (gethostname(name, sizeof(name) - 1) == 0 && is_name(str_from(name)))
		add(out, arena_str(arena, str_from(name)));
	add(out, STR("localhost"));
	add(out, STR("127.0.0.1"));
	add(out, STR("::1"));
	if (config_listen(config->up.listen, &host, &port, &err) == 0 && !str_is(host, "*") && !str_is(host, "0.0.0.0") &&
	    !str_is(host, "::"))
		add(out, host);
	for (size_t i = 0; i < config->up.names.n; i++)
		add(out, config->up.names.p[i]);
}
