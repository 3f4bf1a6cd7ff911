/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * units, timers: services and what starts them, by systemd's unit files and by init scripts; on the
 * running system also their state, asked of systemd over D-Bus and not waited for longer than a second.
 */
#include <systemd/sd-bus.h>
#include <time.h>

#include "base/clock.h"
#include "base/vec.h"
#include "fact/tables/unit_files.h"
#include "sys/library.h"

#define SYSTEMD_FUNCTIONS(X) \
	X(sd_bus_call) X(sd_bus_close_unref) X(sd_bus_is_ready) X(sd_bus_message_append) \
	X(sd_bus_message_enter_container) X(sd_bus_message_new_method_call) X(sd_bus_message_read) \
	X(sd_bus_message_set_auto_start) X(sd_bus_message_unref) X(sd_bus_open_system) X(sd_bus_process) \
	X(sd_bus_wait)
LIBRARY(systemd, "libsystemd.so.0", SYSTEMD_FUNCTIONS);

enum { BUS_WAIT_USEC = 1000 * 1000 };

/* ---- systemd's own word ---- */

struct unit_state {
	struct str name, description, load, active, sub, object;
};

struct unit_states {
	struct map by_name;
	VEC(struct unit_state *) all;
	sd_bus *bus;
	uint64_t deadline; /* CLOCK_MONOTONIC, microseconds */
};

static uint64_t now_usec(void)
{
	return (uint64_t)(clock_monotonic_ns() / 1000);
}

static uint64_t left_usec(const struct unit_states *states)
{
	uint64_t now = now_usec();
	return now < states->deadline ? states->deadline - now : 0;
}

static void bus_close(struct unit_states *states)
{
	if (states->bus)
		states->bus = systemd.sd_bus_close_unref(states->bus);
}

static void message_free_p(sd_bus_message **message)
{
	systemd.sd_bus_message_unref(*message);
}

/* Connect without ever waiting past the deadline: a bus that accepts but does not answer is no reason to hang. */
static int bus_open(struct unit_states *states)
{
	int r = LIBRARY_LOAD(systemd, NULL);
	if (r == 0)
		r = systemd.sd_bus_open_system(&states->bus);
	while (r >= 0) {
		r = systemd.sd_bus_is_ready(states->bus);
		if (r != 0)
			break;
		r = systemd.sd_bus_process(states->bus, NULL);
		if (r == 0)
			r = systemd.sd_bus_wait(states->bus, left_usec(states));
		if (r >= 0 && !left_usec(states))
			r = -ETIMEDOUT;
	}
	return r < 0 ? r : 0;
}

static int states_read(struct unit_states *states, struct arena *arena)
{
	CLEANUP(message_free_p) sd_bus_message *call = NULL, *reply = NULL;
	int r = systemd.sd_bus_message_new_method_call(states->bus, &call, "org.freedesktop.systemd1",
	                                               "/org/freedesktop/systemd1",
	                                               "org.freedesktop.systemd1.Manager", "ListUnits");
	if (r >= 0)
		r = systemd.sd_bus_message_set_auto_start(call, 0);
	if (r >= 0)
		r = systemd.sd_bus_call(states->bus, call, MAX(left_usec(states), (uint64_t)1), NULL, &reply);
	if (r >= 0)
		r = systemd.sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (r >= 0) {
		const char *name, *description, *load, *active, *sub, *object;
		r = systemd.sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &active, &sub,
		                                NULL, &object, NULL, NULL, NULL);
		if (r <= 0)
			break;
		struct unit_state *state = ARENA_NEW(arena, struct unit_state);
		*state = (struct unit_state){ arena_str(arena, str_from(name)), arena_str(arena, str_from(description)),
		                              arena_str(arena, str_from(load)), arena_str(arena, str_from(active)),
		                              arena_str(arena, str_from(sub)), arena_str(arena, str_from(object)) };
		*map_put(&states->by_name, state->name) = state;
		vec_push_in(arena, &states->all, state);
	}
	return r < 0 ? r : 0;
}

/* Nothing is known where systemd does not run; partial where it runs and does not say. */
static void states_load(struct scan *scan, struct unit_states *states)
{
	struct stat st;
	states->by_name.arena = scan_arena(scan);
	if (!scan_is_live(scan) || root_stat(scan_root(scan), "run/systemd/system", true, &st) < 0)
		return;
	states->deadline = now_usec() + BUS_WAIT_USEC;
	int r = bus_open(states);
	if (r >= 0)
		r = states_read(states, scan_arena(scan));
	if (r < 0)
		scan_partial(scan, NOTE("systemd does not say what is active: {}", str_from(err_words(r))));
}

static const struct unit_state *state_of(const struct unit_states *states, const struct unit_file *unit)
{
	const struct unit_state *state = map_get(&states->by_name, unit->name);
	return state || !unit->alias_of.p ? state : map_get(&states->by_name, unit->alias_of);
}

/* ---- init scripts ---- */

static struct str service_name(struct arena *arena, struct str script)
{
	if (str_ends(script, ".sh"))
		script = str_slice(script, 0, script.n - 3);
	return arena_printf(arena, "%.*s.service", STR_ARG(script));
}

static void started_add(struct arena *arena, struct map *started, struct str script, struct str level)
{
	struct str *levels = ARENA_NEW(arena, struct str);
	void **slot = map_put(started, script);
	const struct str *before = *slot;
	*levels = before ? arena_printf(arena, "%.*s %.*s", STR_ARG(*before), STR_ARG(level)) : level;
	*slot = levels;
}

/* "S01ssh" in a folder of a runlevel; which levels start it, by blanks. */
static void runlevels_read(struct scan *scan, struct map *started)
{
	static const char *const levels[] = { "S", "2", "3", "4", "5" };
	struct arena *arena = scan_arena(scan);
	for (size_t i = 0; i < COUNT(levels); i++) {
		struct str folder = arena_printf(arena, "etc/rc%s.d", levels[i]);
		struct strings names = scan_list(scan, folder.p);
		for (size_t j = 0; j < names.n; j++) {
			struct str name = names.p[j];
			if (name.n < 4 || name.p[0] != 'S')
				continue;
			started_add(arena, started, str_slice(name, 3, name.n), str_from(levels[i]));
		}
	}
	/* OpenRC: links of the script's own name in /etc/runlevels/LEVEL. */
	struct strings openrc = scan_list(scan, "etc/runlevels");
	for (size_t i = 0; i < openrc.n; i++) {
		struct str folder = arena_printf(arena, "etc/runlevels/%.*s", STR_ARG(openrc.p[i]));
		struct strings names = scan_list(scan, folder.p);
		for (size_t j = 0; j < names.n; j++)
			started_add(arena, started, names.p[j], openrc.p[i]);
	}
}

/* "# Short-Description:	OpenBSD Secure Shell server" of an LSB header, or OpenRC's description="…". */
static struct str script_description(struct str text)
{
	struct str line;
	for (int i = 0; i < 60 && str_line(&text, &line); i++) {
		static const char lsb[] = "# Short-Description:", openrc[] = "description=\"";
		if (str_starts(line, lsb))
			return str_trim(str_slice(line, sizeof(lsb) - 1, line.n));
		if (str_starts(line, openrc) && str_ends(line, "\"") && line.n > sizeof(openrc) - 1)
			return str_slice(line, sizeof(openrc) - 1, line.n - 1);
	}
	return STR_NONE;
}

static int scripts_rows(struct scan *scan, const struct unit_files *units, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct map started = { .arena = arena };
	struct strings names = scan_list(scan, "etc/init.d");
	runlevels_read(scan, &started);
	for (size_t i = 0; i < names.n; i++) {
		struct stat st;
		struct str path = arena_printf(arena, "/etc/init.d/%.*s", STR_ARG(names.p[i])), text;
		int r = root_stat(scan_root(scan), path.p, true, &st);
		if (r < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
			continue;
		struct str name = service_name(arena, names.p[i]);
		const struct unit_file *native = map_get(&units->by_name, name);
		/* systemd runs its own file in place of the script. */
		if (native)
			continue;
		const struct str *levels = map_get(&started, names.p[i]);
		r = scan_file(scan, path.p, &text);
		r = scan_row(scan, ROW(name, "sysv", r == 0 ? script_description(text) : STR_NONE, "loaded", STR_NONE,
		                       STR_NONE, levels ? "enabled" : "disabled", path, STR_NONE, STR_NONE, STR_NONE,
		                       STR_NONE, levels ? *levels : STR_NONE, path, STR_NONE, STR_NONE), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- units ---- */

static struct str sandbox_text(struct arena *arena, const struct unit_file *unit)
{
	BUF(text);
	for (unsigned key = UNIT_SANDBOX; key < UNIT_KEYS; key++)
		if (unit->value[key].p) {
			buf_printf(&text, "%s%s=", text.n ? " " : "", unit_key_name(key));
			buf_add(&text, unit->value[key]);
		}
	return text.n ? arena_str(arena, buf_str(&text)) : STR_NONE;
}

static bool systemd_is_here(struct scan *scan)
{
	static const char *const signs[] = { "usr/lib/systemd/systemd", "lib/systemd/systemd", "run/systemd/system" };
	struct stat st;
	for (size_t i = 0; i < COUNT(signs); i++)
		if (root_stat(scan_root(scan), signs[i], true, &st) == 0)
			return true;
	return false;
}

/* True when something is there to tell of; otherwise nothing is known about what this system starts. */
static int units_load(struct scan *scan, struct unit_files *units, bool only_timers)
{
	unit_files_load(scan, units, only_timers);
	if (units->n || systemd_is_here(scan) || scan_list(scan, "etc/init.d").n)
		return 0;
	return scan_unavailable(scan, NOTE("neither systemd's units nor init scripts are there"));
}

static int units_scan(struct scan *scan, struct err *err)
{
	struct unit_files units;
	CLEANUP(bus_close) struct unit_states states = { 0 };
	struct arena *arena = scan_arena(scan);
	int r = units_load(scan, &units, false);
	if (r < 0)
		return r;
	states_load(scan, &states);
	for (size_t i = 0; i < units.n; i++) {
		const struct unit_file *unit = units.p[i];
		const struct unit_state *state = state_of(&states, unit);
		const char *load = unit->masked ? "masked" : unit->unreadable ? "error" : "loaded";
		r = scan_row(scan, ROW(unit->name, unit->type, unit->value[UNIT_DESCRIPTION],
		                       state ? state->load : str_from(load), state ? state->active : STR_NONE,
		                       state ? state->sub : STR_NONE, unit->enabled, unit->value[UNIT_EXEC_START],
		                       unit->value[UNIT_USER], unit->value[UNIT_GROUP], unit->value[UNIT_LISTEN],
		                       sandbox_text(arena, unit), unit->wanted_by, unit->path, unit->drop_ins,
		                       unit->alias_of), err);
		if (r < 0)
			return r;
	}
	/* What is loaded without a file of its own: mounts, scopes, instances. Devices are not of interest. */
	for (size_t i = 0; i < states.all.n; i++) {
		const struct unit_state *state = states.all.p[i];
		ptrdiff_t dot = str_find_char_last(state->name, '.');
		struct str type = dot < 0 ? STR("") : str_slice(state->name, (size_t)dot + 1, state->name.n);
		if (map_get(&units.by_name, state->name) || str_is(type, "device") || str_is(state->load, "not-found"))
			continue;
		r = scan_row(scan, ROW(state->name, type, state->description, state->load, state->active, state->sub,
		                       STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE,
		                       STR_NONE, STR_NONE), err);
		if (r < 0)
			return r;
	}
	return scripts_rows(scan, &units, err);
}

const struct table table_units = {
	.name = "units",
	.doc = "Services and other units that systemd knows, and init scripts that have no unit",
	.sources = { "etc/systemd/system/example.service", "etc/systemd/system/example.service.d/override.conf",
	             "usr/lib/systemd/system/example.service", "etc/init.d/example", "D-Bus: org.freedesktop.systemd1" },
	.scan = units_scan,
	.columns = {
		{ "name", TEXT, "name with its type; of an init script as systemd would call it" },
		{ "type", TEXT, "service, socket, timer, target, mount …; sysv: an init script (SysV, OpenRC)" },
		{ "description", TEXT, "what it says of itself; NULL: nothing" },
		{ "load", TEXT, "loaded, masked, error (unreadable)" },
		{ "active", TEXT, "active, inactive, failed …; NULL: not loaded, or systemd does not run here" },
		{ "sub", TEXT, "running, exited, dead …; NULL: as active" },
		{ "enabled", TEXT, "enabled, disabled, static, masked, alias … as is-enabled says; NULL: unreadable or no file" },
		{ "exec", TEXT, "ExecStart, several by \"; \"; NULL: none" },
		{ "user", TEXT, "User; NULL: not set, which is root for a service" },
		{ "group", TEXT, "Group; NULL: not set" },
		{ "listen", TEXT, "addresses and ports of a socket unit, by \"; \"; NULL: none" },
		{ "sandbox", TEXT, "directives that confine a service, Name=value by blanks; NULL: none" },
		{ "wanted_by", TEXT, "units or runlevels that start it, by blanks; NULL: none" },
		{ "path", TEXT, "file that counts; NULL: no file" },
		{ "drop_ins", TEXT, "files applied after it, in order, by blanks; NULL: none" },
		{ "alias_of", TEXT, "unit that a link of this name leads to; NULL: no link" },
	},
};

/* ---- timers ---- */

static int64_t timer_usec(struct unit_states *states, const struct unit_state *state, const char *property)
{
	CLEANUP(message_free_p) sd_bus_message *call = NULL, *reply = NULL;
	uint64_t value = 0;
	int r = systemd.sd_bus_message_new_method_call(states->bus, &call, "org.freedesktop.systemd1",
	                                               state->object.p,
	                                               "org.freedesktop.DBus.Properties", "Get");
	if (r >= 0)
		r = systemd.sd_bus_message_append(call, "ss", "org.freedesktop.systemd1.Timer", property);
	if (r >= 0 && !left_usec(states))
		r = -ETIMEDOUT;
	if (r >= 0)
		r = systemd.sd_bus_call(states->bus, call, left_usec(states), NULL, &reply);
	if (r >= 0)
		r = systemd.sd_bus_message_read(reply, "v", "t", &value);
	return r < 0 || value == 0 || value >= INT64_MAX ? NONE : (int64_t)value;
}

static int64_t timer_next(struct scan *scan, struct unit_states *states, const struct unit_state *state)
{
	int64_t real = timer_usec(states, state, "NextElapseUSecRealtime");
	int64_t since_boot = timer_usec(states, state, "NextElapseUSecMonotonic");
	int64_t other = NONE;
	if (since_boot != NONE)
		other = scan_now(scan) + (since_boot - (int64_t)now_usec()) / 1000000;
	if (real == NONE)
		return other;
	real /= 1000000;
	return other != NONE && other < real ? other : real;
}

static int timers_scan(struct scan *scan, struct err *err)
{
	struct unit_files units;
	CLEANUP(bus_close) struct unit_states states = { 0 };
	struct arena *arena = scan_arena(scan);
	int r = units_load(scan, &units, true);
	if (r < 0)
		return r;
	states_load(scan, &states);
	for (size_t i = 0; i < units.n; i++) {
		const struct unit_file *unit = units.p[i];
		if (!str_is(unit->type, "timer") || unit->alias_of.p)
			continue;
		const struct unit_state *state = state_of(&states, unit);
		int64_t next = NONE, last = NONE;
		struct stat st;
		struct str stamp = arena_printf(arena, "var/lib/systemd/timers/stamp-%.*s", STR_ARG(unit->name));
		if (root_stat(scan_root(scan), stamp.p, false, &st) == 0)
			last = st.st_mtime;
		if (state && str_is(state->active, "active")) {
			int64_t usec = timer_usec(&states, state, "LastTriggerUSec");
			last = usec == NONE ? last : usec / 1000000;
			next = timer_next(scan, &states, state);
		}
		struct str starts = unit_of_timer(arena, unit);
		const struct unit_file *service = map_get(&units.by_name, starts);
		struct str calendar = unit->value[UNIT_ON_CALENDAR], other = unit->value[UNIT_ON_OTHER];
		struct str schedule = !other.n ? calendar : !calendar.n ? other
		                    : arena_printf(arena, "%.*s; %.*s", STR_ARG(calendar), STR_ARG(other));
		r = scan_row(scan, ROW(unit->name, schedule, next, last, starts,
		                       service ? service->value[UNIT_EXEC_START] : STR_NONE,
		                       service ? service->value[UNIT_USER] : STR_NONE,
		                       unit->value[UNIT_PERSISTENT], unit->enabled,
		                       state ? state->active : STR_NONE, unit->path), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_timers = {
	.name = "timers",
	.doc = "systemd's timers: what they start, and when",
	.sources = { "usr/lib/systemd/system/example.timer", "etc/systemd/system/example.timer.d/override.conf",
	             "var/lib/systemd/timers/stamp-example.timer", "D-Bus: org.freedesktop.systemd1" },
	.scan = timers_scan,
	.columns = {
		{ "name", TEXT, "name of the timer" },
		{ "schedule", TEXT, "OnCalendar, then the others as OnBootSec=15min, by \"; \"; NULL: none" },
		{ "next", INT, "next time, seconds since 1970; NULL: not active, or systemd does not run here" },
		{ "last", INT, "last time, seconds since 1970, also by its stamp file; NULL: never or unknown" },
		{ "unit", TEXT, "unit that it starts" },
		{ "exec", TEXT, "what that unit runs, several by \"; \"; NULL: unknown" },
		{ "user", TEXT, "as whom; NULL: not set, which is root" },
		{ "persistent", TEXT, "Persistent as written: catch up on missed times; NULL: not set, which is no" },
		{ "enabled", TEXT, "as in units" },
		{ "active", TEXT, "as in units" },
		{ "path", TEXT, "file of the timer" },
	},
};
