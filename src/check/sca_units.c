/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * systemctl, timedatectl: from the tables of units, as systemd 252 prints them.
 */
#include "base/glob.h"
#include "check/sca_commands.h"

enum { UNIT_NAME, UNIT_TYPE, UNIT_ACTIVE = 4, UNIT_ENABLED = 6, UNIT_PATH = 13, UNIT_ALIAS_OF = 15 };

static bool is_booted(struct sca_call *call)
{
	struct stat st;
	return root_stat(call->run->root, "run/systemd/system", false, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum sca_reply not_booted_say(struct sca_call *call)
{
	buf_puts(call->out, "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
	                    "Failed to connect to bus: Host is down\n");
	call->exit = 1;
	return SCA_ANSWERED;
}

/* "cron" means "cron.service". STR_NONE: a pattern, a path or an instance, which are not answered here. */
static struct str unit_name(struct sca_call *call, struct str word)
{
	static const char *const suffixes[] = { ".service", ".socket", ".timer", ".mount", ".target", ".path", ".slice",
	                                        ".swap", ".automount", ".device", ".scope" };
	if (!word.n || word.p[0] == '-' || glob_is_pattern(word) || str_find_char(word, '/') >= 0 ||
	    str_find_char(word, '@') >= 0)
		return STR_NONE;
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (str_ends(word, suffixes[i]))
			return word;
	return arena_printf(call->run->arena, "%.*s.service", STR_ARG(word));
}

static const struct cell *unit_find(struct sca_call *call, const struct rows *rows, struct str name)
{
	size_t row = rows_first(rows_index(call->run->facts, rows, UNIT_NAME), cell_text(name));
	return row == SIZE_MAX ? NULL : rows_at(rows, row);
}

static enum sca_reply is_enabled(struct sca_call *call)
{
	const struct rows *rows = sca_call_table(call, &table_units);
	if (!rows || call->words.n < 3)
		return rows ? SCA_UNKNOWN_FORM : SCA_BLIND;
	call->exit = 1;
	for (size_t i = 2; i < call->words.n; i++) {
		struct str name = unit_name(call, call->words.p[i]);
		if (!name.p)
			return SCA_UNKNOWN_FORM;
		const struct cell *unit = unit_find(call, rows, name);
		/* Init scripts are handed on to another program. */
		if (unit && str_is(cell_str(unit[UNIT_TYPE]), "sysv"))
			return SCA_UNKNOWN_FORM;
		struct str state = unit ? cell_str(unit[UNIT_ENABLED]) : STR_NONE;
		if (unit && !state.p && unit[UNIT_PATH].p)
			return sca_call_blind(call, NOTE("cannot read {}: {}", cell_str(unit[UNIT_PATH]), STR("?")));
		if (!state.p) {
			/* The first that is not there ends it. */
			buf_printf(call->out, "Failed to get unit file state for %.*s: No such file or directory\n",
			           STR_ARG(name));
			call->exit = 1;
			return SCA_ANSWERED;
		}
		buf_printf(call->out, "%.*s\n", STR_ARG(state));
		if (str_is(state, "enabled") || str_is(state, "enabled-runtime") || str_is(state, "static") ||
		    str_is(state, "alias") || str_is(state, "indirect") || str_is(state, "generated"))
			call->exit = 0;
	}
	return SCA_ANSWERED;
}

static enum sca_reply is_active(struct sca_call *call)
{
	if (!sca_call_is_live(call))
		return SCA_BLIND;
	if (!is_booted(call))
		return not_booted_say(call);
	const struct rows *rows = sca_call_table(call, &table_units);
	if (!rows || call->words.n < 3)
		return rows ? SCA_UNKNOWN_FORM : SCA_BLIND;
	call->exit = 3;
	for (size_t i = 2; i < call->words.n; i++) {
		struct str name = unit_name(call, call->words.p[i]);
		if (!name.p)
			return SCA_UNKNOWN_FORM;
		const struct cell *unit = unit_find(call, rows, name);
		for (int hops = 0; unit && !unit[UNIT_ACTIVE].p && unit[UNIT_ALIAS_OF].p && hops < 8; hops++)
			unit = unit_find(call, rows, cell_str(unit[UNIT_ALIAS_OF]));
		struct str state = unit && unit[UNIT_ACTIVE].p ? cell_str(unit[UNIT_ACTIVE]) : STR("inactive");
		buf_printf(call->out, "%.*s\n", STR_ARG(state));
		if (str_is(state, "active"))
			call->exit = 0;
	}
	return SCA_ANSWERED;
}

/* ---- list-unit-files ---- */

struct presets {
	struct strings files; /* texts, in order */
};

/* The files of all folders by name; an earlier folder hides those of a later one. */
static bool presets_read(struct sca_call *call, struct presets *out)
{
	static const char *const folders[] = { "etc/systemd/system-preset", "run/systemd/system-preset",
	                                       "usr/local/lib/systemd/system-preset",
	                                       "usr/lib/systemd/system-preset", "lib/systemd/system-preset" };
	enum { PRESETS_MOST = 200 };
	struct arena *arena = call->run->arena;
	struct str names[PRESETS_MOST], paths[PRESETS_MOST];
	size_t n = 0;
	for (size_t i = 0; i < COUNT(folders); i++) {
		struct str *found;
		size_t count = 0;
		int r = root_list(call->run->root, folders[i], arena, &found, &count);
		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			return false;
		for (size_t k = 0; r == 0 && k < count; k++) {
			bool hidden = !str_ends(found[k], ".preset") || n == PRESETS_MOST;
			size_t at = n;
			for (size_t m = 0; m < n; m++) {
				hidden |= str_eq(names[m], found[k]);
				if (at == n && str_compare(found[k], names[m]) < 0)
					at = m;
			}
			if (hidden)
				continue;
			for (size_t m = n++; m > at; m--) {
				names[m] = names[m - 1];
				paths[m] = paths[m - 1];
			}
			names[at] = found[k];
			paths[at] = arena_printf(arena, "%s/%.*s", folders[i], STR_ARG(found[k]));
		}
	}
	out->files.p = ARENA_ARRAY(arena, struct str, n + 1);
	out->files.n = n;
	for (size_t i = 0; i < n; i++)
		if (sca_call_file(call, paths[i], &out->files.p[i]) < 0)
			return false;
	return true;
}

/* The first rule that matches the name; without any, everything is enabled. */
static const char *preset_of(const struct presets *presets, struct str name)
{
	for (size_t i = 0; i < presets->files.n; i++) {
		struct str text = presets->files.p[i], line;
		while (str_line(&text, &line)) {
			struct str verb = str_word(&line), pattern = str_word(&line);
			if ((str_is(verb, "enable") || str_is(verb, "disable")) && glob_match(pattern, name))
				return str_is(verb, "enable") ? "enabled" : "disabled";
		}
	}
	return "enabled";
}

/* Those for which a preset means nothing show "-". */
static const char *preset_shown(const struct presets *presets, struct str name, struct str state)
{
	static const char *const without[] = { "static", "alias", "generated", "transient", "bad" };
	for (size_t i = 0; i < COUNT(without); i++)
		if (str_is(state, without[i]))
			return "-";
	return preset_of(presets, name);
}

/* Those that have a file; of templates the template, not the instances that some unit wants. */
static bool is_listed(const struct cell *unit)
{
	struct str name = cell_str(unit[UNIT_NAME]);
	ptrdiff_t at = str_find_char(name, '@');
	bool instance = at >= 0 && (size_t)at + 1 < name.n && name.p[at + 1] != '.';
	return unit[UNIT_ENABLED].p && !instance && !str_is(cell_str(unit[UNIT_TYPE]), "sysv");
}

static enum sca_reply list_unit_files(struct sca_call *call)
{
	struct presets presets;
	if (call->words.n != 2)
		return SCA_UNKNOWN_FORM;
	const struct rows *rows = sca_call_table(call, &table_units);
	if (!rows)
		return SCA_BLIND;
	if (!presets_read(call, &presets))
		return sca_call_blind(call, NOTE("cannot read {}: {}", STR("system-preset"), STR("?")));
	size_t width = strlen("UNIT FILE"), state_width = strlen("STATE"), n = 0;
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *unit = rows_at(rows, i);
		if (!is_listed(unit))
			continue;
		width = MAX(width, cell_str(unit[UNIT_NAME]).n);
		state_width = MAX(state_width, cell_str(unit[UNIT_ENABLED]).n);
	}
	buf_printf(call->out, "%-*s %-*s PRESET\n", (int)width, "UNIT FILE", (int)state_width, "STATE");
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *unit = rows_at(rows, i);
		struct str name = cell_str(unit[UNIT_NAME]), state = cell_str(unit[UNIT_ENABLED]);
		if (!is_listed(unit))
			continue;
		buf_printf(call->out, "%-*.*s %-*.*s %s\n", (int)width, STR_ARG(name), (int)state_width, STR_ARG(state),
		           preset_shown(&presets, name, state));
		n++;
	}
	buf_printf(call->out, "\n%zu unit files listed.\n", n);
	return SCA_ANSWERED;
}

enum sca_reply sca_answer_systemctl(struct sca_call *call)
{
	if (sca_word_is(call, 1, "is-enabled"))
		return is_enabled(call);
	if (sca_word_is(call, 1, "is-active"))
		return is_active(call);
	if (sca_word_is(call, 1, "list-unit-files"))
		return list_unit_files(call);
	/* The others ask the running systemd; without it, all say the same. */
	if (!sca_word_is(call, 1, "status") && !sca_word_is(call, 1, "list-units") && !sca_word_is(call, 1, "show"))
		return SCA_UNKNOWN_FORM;
	return call->run->root->live && !is_booted(call) ? not_booted_say(call) : SCA_UNKNOWN_FORM;
}

enum sca_reply sca_answer_timedatectl(struct sca_call *call)
{
	return call->run->root->live && !is_booted(call) ? not_booted_say(call) : SCA_UNKNOWN_FORM;
}
