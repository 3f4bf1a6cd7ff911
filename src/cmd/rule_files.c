/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/rule_files.h"

#include "base/vec.h"

int rule_files_load(struct call *call, const struct content *content, struct strings given, const struct opt_values *pipelines,
                    const struct sigma_options *how, struct sigma_rules *rules, struct sigma_problems *problems,
                    struct err *err)
{
	VEC(const char *) paths = { 0 }, files = { 0 };
	struct sigma_options options = *how;
	for (size_t i = 0; i < given.n; i++) {
		if (str_is(given.p[i], "own"))
			options.embedded = true;
		else
			vec_push_in(call->arena, &paths, arena_cstr(call->arena, given.p[i]));
	}
	for (unsigned i = 0; i < pipelines->n; i++)
		vec_push_in(call->arena, &files, arena_cstr(call->arena, pipelines->p[i]));
	options.embedded |= given.n == 0;
	vec_push_in(call->arena, &paths, NULL);
	vec_push_in(call->arena, &files, NULL);
	options.content = content;
	options.paths = paths.p;
	options.pipelines = files.p;
	return sigma_load(call->arena, &options, rules, problems, err);
}

void rule_files_say(struct call *call, const struct sigma_problems *problems)
{
	size_t n = 0;
	for (size_t i = 0; i < problems->n; i++)
		n += !problems->p[i].warning;
	if (n)
		command_warn(call, &NOTE("{} rule{s} could not be loaded; `ward rules lint` says why",
		                         arena_printf(call->arena, "%zu", n)));
}
