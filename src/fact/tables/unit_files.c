/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/unit_files.h"

#include <stdlib.h>

#include "base/vec.h"

enum {
	UNITS_MAX = 20000,
	DROP_INS_MAX = 256,    /* of one unit */
	ALIASES_MAX = 8,       /* links that lead to links */
	FILE_LIMIT = 1024 * 1024,
};

/* Where a unit file or a link lies, by what that means for being enabled. */
enum unit_place { PLACE_VENDOR = 1, PLACE_ETC = 2, PLACE_RUN = 4, PLACE_GENERATED = 8, PLACE_TRANSIENT = 16 };

/* systemd.unit(5), "System Unit Search Path". */
static const struct search {
	const char *path;
	enum unit_place place;
} searches[] = {
	{ "/etc/systemd/system.control", PLACE_ETC },
	{ "/run/systemd/system.control", PLACE_RUN },
	{ "/run/systemd/transient", PLACE_TRANSIENT },
	{ "/run/systemd/generator.early", PLACE_GENERATED },
	{ "/etc/systemd/system", PLACE_ETC },
	{ "/etc/systemd/system.attached", PLACE_ETC },
	{ "/run/systemd/system", PLACE_RUN },
	{ "/run/systemd/system.attached", PLACE_RUN },
	{ "/run/systemd/generator", PLACE_GENERATED },
	{ "/usr/local/lib/systemd/system", PLACE_VENDOR },
	{ "/usr/lib/systemd/system", PLACE_VENDOR },
	{ "/lib/systemd/system", PLACE_VENDOR }, /* only where /lib is no link to /usr/lib */
	{ "/run/systemd/generator.late", PLACE_GENERATED },
};

static const char *const types[] = { "service", "socket", "target", "timer", "path", "mount", "automount",
	                             "swap", "slice", "scope", "device" };

struct directive {
	const char *section, *name;
	unsigned key;
	bool list;
};

#define SANDBOX(n, name, list) { "Service", name, UNIT_SANDBOX + (n), list }
static const struct directive directives[] = {
	{ "Unit", "Description", UNIT_DESCRIPTION, false },
	{ "Service", "ExecStart", UNIT_EXEC_START, true },
	{ "Service", "User", UNIT_USER, false },
	{ "Service", "Group", UNIT_GROUP, false },
	{ "Socket", "ListenStream", UNIT_LISTEN, true },
	{ "Socket", "ListenDatagram", UNIT_LISTEN, true },
	{ "Socket", "ListenSequentialPacket", UNIT_LISTEN, true },
	{ "Socket", "ListenFIFO", UNIT_LISTEN, true },
	{ "Timer", "OnCalendar", UNIT_ON_CALENDAR, true },
	{ "Timer", "OnActiveSec", UNIT_ON_OTHER, true },
	{ "Timer", "OnBootSec", UNIT_ON_OTHER, true },
	{ "Timer", "OnStartupSec", UNIT_ON_OTHER, true },
	{ "Timer", "OnUnitActiveSec", UNIT_ON_OTHER, true },
	{ "Timer", "OnUnitInactiveSec", UNIT_ON_OTHER, true },
	{ "Timer", "Unit", UNIT_TIMER_UNIT, false },
	{ "Timer", "Persistent", UNIT_PERSISTENT, false },
	{ "Install", "WantedBy", UNIT_INSTALL, true },
	{ "Install", "RequiredBy", UNIT_INSTALL, true },
	{ "Install", "UpheldBy", UNIT_INSTALL, true },
	{ "Install", "Alias", UNIT_INSTALL, true },
	{ "Install", "Also", UNIT_ALSO, true },
	{ "Install", "DefaultInstance", UNIT_DEFAULT_INSTANCE, false },
	SANDBOX(0, "DynamicUser", false), SANDBOX(1, "NoNewPrivileges", false),
	SANDBOX(2, "CapabilityBoundingSet", true), SANDBOX(3, "AmbientCapabilities", true),
	SANDBOX(4, "ProtectSystem", false), SANDBOX(5, "ProtectHome", false),
	SANDBOX(6, "ProtectProc", false), SANDBOX(7, "ProtectClock", false),
	SANDBOX(8, "ProtectHostname", false), SANDBOX(9, "ProtectControlGroups", false),
	SANDBOX(10, "ProtectKernelLogs", false), SANDBOX(11, "ProtectKernelModules", false),
	SANDBOX(12, "ProtectKernelTunables", false), SANDBOX(13, "PrivateDevices", false),
	SANDBOX(14, "PrivateMounts", false), SANDBOX(15, "PrivateNetwork", false),
	SANDBOX(16, "PrivateTmp", false), SANDBOX(17, "PrivateUsers", false),
	SANDBOX(18, "PrivateIPC", false), SANDBOX(19, "ReadOnlyPaths", true),
	SANDBOX(20, "ReadWritePaths", true), SANDBOX(21, "InaccessiblePaths", true),
	SANDBOX(22, "RootDirectory", false), SANDBOX(23, "RootImage", false),
	SANDBOX(24, "RestrictAddressFamilies", true), SANDBOX(25, "RestrictNamespaces", true),
	SANDBOX(26, "RestrictRealtime", false), SANDBOX(27, "RestrictSUIDSGID", false),
	SANDBOX(28, "RestrictFileSystems", true), SANDBOX(29, "LockPersonality", false),
	SANDBOX(30, "MemoryDenyWriteExecute", false), SANDBOX(31, "SystemCallFilter", true),
	SANDBOX(32, "SystemCallArchitectures", true), SANDBOX(33, "IPAddressDeny", true),
	SANDBOX(34, "IPAddressAllow", true), SANDBOX(35, "UMask", false),
};

const char *unit_key_name(unsigned key)
{
	for (size_t i = 0; i < COUNT(directives); i++)
		if (directives[i].key == key)
			return directives[i].name;
	return "";
}

struct link {
	struct str name;      /* of the unit that is wanted */
	struct str target;    /* base name of where the link leads */
	struct str wanted_by;
	enum unit_place place;
};

struct loader {
	struct scan *scan;
	struct arena *arena;
	struct unit_files *out;
	size_t room;
	struct map files;     /* "/etc/systemd/system/x.service.d" -> struct strings of *.conf; also "" */
	VEC(struct link) links;
	VEC(struct unit_file *) aliases;
	bool lib_is_link;
};

static struct str type_of(struct str name)
{
	ptrdiff_t dot = str_find_char_last(name, '.');
	if (dot <= 0)
		return STR_NONE;
	struct str suffix = str_slice(name, (size_t)dot + 1, name.n);
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_is(suffix, types[i]))
			return suffix;
	return STR_NONE;
}

static struct str base_name(struct str path)
{
	ptrdiff_t slash = str_find_char_last(path, '/');
	return slash < 0 ? path : str_slice(path, (size_t)slash + 1, path.n);
}

/* "getty@tty1.service" -> "getty@.service"; STR_NONE for what is no instance. */
static struct str template_of(struct arena *arena, struct str name)
{
	ptrdiff_t at = str_find_char(name, '@'), dot = str_find_char_last(name, '.');
	if (at <= 0 || dot <= at + 1)
		return STR_NONE;
	return arena_printf(arena, "%.*s%.*s", (int)at + 1, name.p, STR_ARG(str_slice(name, (size_t)dot, name.n)));
}

static bool is_null_device(struct str target)
{
	return str_is(target, "/dev/null") || str_ends(target, "../dev/null");
}

static bool in_search_path(struct str target)
{
	ptrdiff_t slash = str_find_char_last(target, '/');
	if (slash < 0)
		return true; /* beside the link */
	struct str folder = str_slice(target, 0, (size_t)slash);
	for (size_t i = 0; i < COUNT(searches); i++)
		if (str_is(folder, searches[i].path))
			return true;
	return folder.p[0] == '.' && (str_ends(folder, "/systemd/system") || str_is(folder, ".") || str_is(folder, ".."));
}

/* ---- the text of a file ---- */

static const struct directive *directive_find(struct str section, struct str name)
{
	for (size_t i = 0; i < COUNT(directives); i++)
		if (name.n && directives[i].name[0] == name.p[0] && str_is(name, directives[i].name) &&
		    str_is(section, directives[i].section))
			return &directives[i];
	return NULL;
}

static void value_set(struct loader *loader, struct unit_file *unit, const struct directive *directive, struct str value)
{
	struct str *slot = &unit->value[directive->key];
	if (directive->key == UNIT_ON_OTHER && value.n)
		value = arena_printf(loader->arena, "%s=%.*s", directive->name, STR_ARG(value));
	if (!value.n) {
		*slot = STR_NONE; /* an empty value takes back what was set */
		/* but "CapabilityBoundingSet=" is a statement: no capability at all */
		if (str_is(str_from(directive->name), "CapabilityBoundingSet"))
			*slot = STR("");
	} else if (directive->list && slot->n && slot->n < FILE_LIMIT) {
		*slot = arena_printf(loader->arena, "%.*s; %.*s", STR_ARG(*slot), STR_ARG(value));
	} else {
		*slot = value;
	}
}

/* A line with its continuations, in *joined when there are any. Comments between them are skipped. */
static bool logical_line(struct str *rest, struct buf *joined, struct str *line, size_t *number)
{
	struct str part;
	bool more = false;
	buf_clear(joined);
	while (str_line(rest, &part)) {
		++*number;
		struct str trimmed = str_trim(part);
		if (trimmed.n && (trimmed.p[0] == '#' || trimmed.p[0] == ';')) {
			if (more)
				continue;
			*line = STR("");
			return true;
		}
		bool continues = str_ends(part, "\\");
		if (!more && !continues) {
			*line = trimmed;
			return true;
		}
		if (joined->n + part.n > FILE_LIMIT)
			return false;
		buf_add(joined, continues ? str_slice(part, 0, part.n - 1) : part);
		more = continues;
		if (continues)
			buf_add_char(joined, ' ');
		*line = str_trim(buf_str(joined));
		if (!more)
			return true;
	}
	return more;
}

static void text_apply(struct loader *loader, struct unit_file *unit, struct str path, struct str text)
{
	BUF(joined);
	struct str section = STR(""), line;
	size_t number = 0;
	while (logical_line(&text, &joined, &line, &number)) {
		if (!line.n)
			continue;
		if (line.p[0] == '[') {
			section = str_slice(line, 1, line.n - (line.p[line.n - 1] == ']'));
			section = arena_str(loader->arena, section);
			continue;
		}
		ptrdiff_t equals = str_find_char(line, '=');
		if (equals <= 0) {
			scan_partial(loader->scan, NOTE("{}:{}: not understood", path,
			                                arena_printf(loader->arena, "%zu", number)));
			continue;
		}
		const struct directive *directive = directive_find(section, str_trim(str_slice(line, 0, (size_t)equals)));
		if (directive)
			value_set(loader, unit, directive,
			          arena_str(loader->arena, str_trim(str_slice(line, (size_t)equals + 1, line.n))));
	}
}

/* ---- finding them ---- */

static void unit_add(struct loader *loader, struct unit_file *unit)
{
	struct unit_files *out = loader->out;
	if (out->n == loader->room) {
		size_t room = MAX(loader->room * 2, (size_t)512);
		struct unit_file **p = ARENA_ARRAY(loader->arena, struct unit_file *, room);
		if (out->n)
			memcpy(p, out->p, out->n * sizeof(*p));
		out->p = p;
		loader->room = room;
	}
	out->p[out->n++] = unit;
	*map_put(&out->by_name, unit->name) = unit;
}

static void file_found(struct loader *loader, unsigned at, struct str name, struct str path)
{
	if (map_get(&loader->out->by_name, name) || loader->out->n >= UNITS_MAX)
		return;
	BUF(target);
	struct unit_file *unit = ARENA_NEW(loader->arena, struct unit_file);
	*unit = (struct unit_file){ .name = name, .type = type_of(name), .path = path, .place = at };
	int r = root_readlink(scan_root(loader->scan), path.p, &target);
	if (r == 0) {
		struct str to = buf_str(&target), base = base_name(to);
		unit->masked = is_null_device(to);
		if (!unit->masked && !str_eq(base, name) && type_of(base).p)
			unit->alias_of = arena_str(loader->arena, base);
		else if (!unit->masked && !in_search_path(to))
			unit->linked = true;
	}
	unit_add(loader, unit);
}

static void wants_found(struct loader *loader, unsigned at, struct str folder, struct str path)
{
	struct str wanted_by = str_slice(folder, 0, (size_t)str_find_char_last(folder, '.'));
	struct strings names = scan_list(loader->scan, path.p);
	for (size_t i = 0; i < names.n; i++) {
		BUF(target);
		if (!type_of(names.p[i]).p || loader->links.n >= UNITS_MAX)
			continue;
		struct str link = arena_printf(loader->arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(names.p[i]));
		if (root_readlink(scan_root(loader->scan), link.p, &target) < 0 || is_null_device(buf_str(&target)))
			continue;
		vec_push_in(loader->arena, &loader->links, { .name = names.p[i],
		            .target = arena_str(loader->arena, base_name(buf_str(&target))),
		            .wanted_by = wanted_by, .place = searches[at].place });
	}
}

static void folder_read(struct loader *loader, unsigned at)
{
	const char *folder = searches[at].path;
	struct strings names = scan_list(loader->scan, folder);
	for (size_t i = 0; i < names.n; i++) {
		struct str name = names.p[i];
		struct str path = arena_printf(loader->arena, "%s/%.*s", folder, STR_ARG(name));
		if (str_ends(name, ".d")) {
			struct strings *files = ARENA_NEW(loader->arena, struct strings);
			*files = scan_list(loader->scan, path.p);
			*map_put(&loader->files, path) = files;
		} else if (str_ends(name, ".wants") || str_ends(name, ".requires") || str_ends(name, ".upholds")) {
			wants_found(loader, at, name, path);
		} else if (type_of(name).p) {
			file_found(loader, at, name, path);
		}
	}
}

/* ---- drop-ins ---- */

struct drop_in {
	struct str name, path;
};

struct drop_ins {
	VEC(struct drop_in) files;
};

static void drop_ins_of_folder(struct loader *loader, struct str folder, struct drop_ins *found)
{
	const struct strings *names = map_get(&loader->files, folder);
	for (size_t i = 0; names && i < names->n; i++) {
		bool hidden = !str_ends(names->p[i], ".conf") || found->files.n >= DROP_INS_MAX;
		for (size_t j = 0; j < found->files.n && !hidden; j++)
			hidden = str_eq(found->files.p[j].name, names->p[i]);
		if (!hidden)
			vec_push_in(loader->arena, &found->files, { .name = names->p[i],
			            .path = arena_printf(loader->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(names->p[i])) });
	}
}

/* Along the search path: of the name itself, of its template, and of its beginnings that end with a dash. */
static void drop_ins_of_name(struct loader *loader, struct str name, struct drop_ins *found)
{
	ptrdiff_t dot = str_find_char_last(name, '.');
	struct str suffix = str_slice(name, (size_t)dot, name.n), template = template_of(loader->arena, name);
	for (size_t i = 0; i < COUNT(searches); i++) {
		const char *folder = searches[i].path;
		drop_ins_of_folder(loader, arena_printf(loader->arena, "%s/%.*s.d", folder, STR_ARG(name)), found);
		if (template.p)
			drop_ins_of_folder(loader, arena_printf(loader->arena, "%s/%.*s.d", folder, STR_ARG(template)), found);
		struct str stem = str_slice(name, 0, (size_t)dot);
		for (;;) {
			ptrdiff_t dash = str_find_char_last(str_slice(stem, 0, stem.n ? stem.n - 1 : 0), '-');
			if (dash <= 0)
				break;
			stem = str_slice(stem, 0, (size_t)dash + 1);
			drop_ins_of_folder(loader, arena_printf(loader->arena, "%s/%.*s%.*s.d", folder, STR_ARG(stem),
			                                        STR_ARG(suffix)), found);
		}
	}
}

static int by_file_name(const void *a, const void *b)
{
	return str_compare(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

static int read_text(struct loader *loader, struct str path, struct str *text)
{
	BUF(buf);
	int r = root_read(scan_root(loader->scan), path.p, FILE_LIMIT, &buf);
	*text = arena_str(loader->arena, buf_str(&buf));
	if (str_starts(*text, "\xef\xbb\xbf"))
		*text = str_slice(*text, 3, text->n);
	return r;
}

static struct unit_file *alias_end(struct loader *loader, struct unit_file *unit)
{
	for (int i = 0; unit && unit->alias_of.p && i < ALIASES_MAX; i++) {
		struct str template = template_of(loader->arena, unit->alias_of);
		struct unit_file *next = map_get(&loader->out->by_name, unit->alias_of);
		if (!next && template.p)
			next = map_get(&loader->out->by_name, template);
		unit = next;
	}
	return unit;
}

static void drop_ins_apply(struct loader *loader, struct unit_file *unit)
{
	struct drop_ins found = { 0 };
	if (!loader->files.n)
		return;
	drop_ins_of_name(loader, unit->name, &found);
	for (size_t i = 0; i < loader->aliases.n; i++)
		if (alias_end(loader, loader->aliases.p[i]) == unit)
			drop_ins_of_name(loader, loader->aliases.p[i]->name, &found);
	for (size_t i = 0; i < COUNT(searches); i++)
		drop_ins_of_folder(loader, arena_printf(loader->arena, "%s/%.*s.d", searches[i].path,
		                                        STR_ARG(unit->type)), &found);
	if (found.files.n)
		qsort(found.files.p, found.files.n, sizeof(*found.files.p), by_file_name);
	for (size_t i = 0; i < found.files.n; i++) {
		struct str path = found.files.p[i].path, text;
		int r = read_text(loader, path, &text);
		if (r == -ENXIO || r == -ENOENT || (r == 0 && !text.n))
			continue; /* /dev/null or empty: hides its namesakes */
		if (r < 0) {
			scan_partial(loader->scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
			continue;
		}
		text_apply(loader, unit, path, text);
		unit->drop_ins = unit->drop_ins.p ? arena_printf(loader->arena, "%.*s %.*s", STR_ARG(unit->drop_ins),
		                                                 STR_ARG(path)) : path;
	}
}

/* ---- what they say ---- */

static void unit_read(struct loader *loader, struct unit_file *unit)
{
	struct unit_file *real = alias_end(loader, unit);
	struct str text;
	if (unit->masked || real != unit)
		return;
	int r = read_text(loader, real->path, &text);
	if (r < 0 && r != -ENOENT && r != -ENXIO)
		scan_partial(loader->scan, NOTE("cannot read {}: {}", real->path, str_from(err_words(r))));
	unit->unreadable = r < 0 && r != -ENXIO;
	unit->masked = r == -ENXIO || (r == 0 && !text.n); /* leads to /dev/null by more than one link, or is empty */
	if (r < 0 || unit->masked)
		return;
	text_apply(loader, unit, real->path, text);
	drop_ins_apply(loader, unit);
}

static void mark_enabled(struct loader *loader, struct str name, enum unit_place place)
{
	struct unit_file *unit = map_get(&loader->out->by_name, name);
	if (unit)
		unit->enabled_in |= place;
}

/* An instance that is wanted, of a template that has a file: "getty@tty1.service". */
static void instance_add(struct loader *loader, struct str name)
{
	struct str template = template_of(loader->arena, name);
	const struct unit_file *of = template.p ? map_get(&loader->out->by_name, template) : NULL;
	if (!of || map_get(&loader->out->by_name, name) || loader->out->n >= UNITS_MAX)
		return;
	struct unit_file *unit = ARENA_NEW(loader->arena, struct unit_file);
	*unit = *of;
	unit->name = name;
	unit->type = type_of(name);
	unit->instance = true;
	unit->enabled_in = 0;
	unit_add(loader, unit);
}

static void links_apply(struct loader *loader)
{
	for (size_t i = 0; i < loader->links.n; i++)
		instance_add(loader, loader->links.p[i].name);
	for (size_t i = 0; i < loader->links.n; i++) {
		const struct link *link = &loader->links.p[i];
		struct str template = template_of(loader->arena, link->name);
		mark_enabled(loader, link->name, link->place);
		if (!str_eq(link->target, link->name) && !(template.p && str_eq(link->target, template)))
			mark_enabled(loader, link->target, link->place);
		struct unit_file *of = template.p ? map_get(&loader->out->by_name, template) : NULL;
		if (of)
			of->instances = of->instances.p ? arena_printf(loader->arena, "%.*s %.*s", STR_ARG(of->instances),
			                                               STR_ARG(link->name)) : link->name;
		struct unit_file *unit = map_get(&loader->out->by_name, link->name);
		if (unit)
			unit->wanted_by = unit->wanted_by.p ? arena_printf(loader->arena, "%.*s %.*s",
			                                                   STR_ARG(unit->wanted_by), STR_ARG(link->wanted_by))
			                                    : link->wanted_by;
	}
	/* A link of another name in /etc enables what it leads to. */
	for (size_t i = 0; i < loader->out->n; i++) {
		struct unit_file *unit = loader->out->p[i], *real = alias_end(loader, unit);
		if (unit->alias_of.p && !unit->instance && real && real != unit)
			real->enabled_in |= searches[unit->place].place;
	}
}

/* A template is enabled when the instance is that it names itself. */
static bool default_instance_enabled(const struct unit_file *unit)
{
	ptrdiff_t at = str_find_char(unit->name, '@');
	struct str rest = unit->instances, wanted = unit->value[UNIT_DEFAULT_INSTANCE];
	while (at > 0 && wanted.n && rest.n) {
		struct str name = str_word(&rest), instance = str_slice(name, (size_t)at + 1, name.n);
		if (str_eq(str_slice(instance, 0, wanted.n), wanted) && instance.n == wanted.n + 1 + unit->type.n)
			return true;
	}
	return false;
}

static const char *enabled_of(const struct unit_file *unit)
{
	enum unit_place place = searches[unit->place].place;
	bool volatile_place = place == PLACE_RUN;
	if (unit->masked)
		return volatile_place ? "masked-runtime" : "masked";
	if (unit->unreadable)
		return NULL;
	if (place == PLACE_GENERATED)
		return "generated";
	if (place == PLACE_TRANSIENT)
		return "transient";
	if (unit->alias_of.p)
		return "alias";
	if (!unit->instance && default_instance_enabled(unit))
		return "enabled";
	if (unit->enabled_in & PLACE_ETC)
		return "enabled";
	if (unit->enabled_in & PLACE_RUN)
		return "enabled-runtime";
	if (unit->linked)
		return volatile_place ? "linked-runtime" : "linked";
	if (unit->instances.p && !unit->instance)
		return "indirect";
	if (unit->value[UNIT_INSTALL].n)
		return "disabled";
	return unit->value[UNIT_ALSO].n || unit->value[UNIT_DEFAULT_INSTANCE].n ? "indirect" : "static";
}

static int by_name(const void *a, const void *b)
{
	return str_compare((*(struct unit_file *const *)a)->name, (*(struct unit_file *const *)b)->name);
}

struct str unit_of_timer(struct arena *arena, const struct unit_file *timer)
{
	struct str said = timer->value[UNIT_TIMER_UNIT];
	if (said.n)
		return said;
	return arena_printf(arena, "%.*sservice", (int)(timer->name.n - timer->type.n), timer->name.p);
}

/* Timers, and what they start. */
static void timers_read(struct loader *loader)
{
	struct unit_files *out = loader->out;
	for (size_t i = 0; i < out->n; i++)
		if (str_is(out->p[i]->type, "timer"))
			unit_read(loader, out->p[i]);
	struct map done = { .arena = loader->arena };
	for (size_t i = 0; i < out->n; i++) {
		if (!str_is(out->p[i]->type, "timer") || out->p[i]->alias_of.p)
			continue;
		struct unit_file *started = map_get(&out->by_name, unit_of_timer(loader->arena, out->p[i]));
		if (!started || str_is(started->type, "timer") || map_get(&done, started->name))
			continue;
		*map_put(&done, started->name) = started;
		unit_read(loader, started);
	}
}

void unit_files_load(struct scan *scan, struct unit_files *out, bool only_timers)
{
	struct arena *arena = scan_arena(scan);
	struct loader loader = { .scan = scan, .arena = arena, .out = out, .files = { .arena = arena } };
	*out = (struct unit_files){ .by_name = { .arena = arena } };
	BUF(target);
	loader.lib_is_link = root_readlink(scan_root(scan), "lib", &target) == 0;
	for (unsigned i = 0; i < COUNT(searches); i++)
		if (!loader.lib_is_link || !str_starts(str_from(searches[i].path), "/lib/"))
			folder_read(&loader, i);
	links_apply(&loader);
	for (size_t i = 0; i < out->n; i++)
		if (out->p[i]->alias_of.p)
			vec_push_in(arena, &loader.aliases, out->p[i]);
	if (only_timers)
		timers_read(&loader);
	for (size_t i = 0; i < out->n && !only_timers; i++)
		unit_read(&loader, out->p[i]);
	/* An alias is the same unit by another name. */
	for (size_t i = 0; i < loader.aliases.n; i++) {
		struct unit_file *alias = loader.aliases.p[i];
		const struct unit_file *real = alias_end(&loader, alias);
		if (real && real != alias && !real->alias_of.p) {
			memcpy(alias->value, real->value, sizeof(alias->value));
			alias->drop_ins = real->drop_ins;
			alias->unreadable = real->unreadable;
		} else {
			alias->unreadable = true; /* leads nowhere, or round in a circle */
		}
	}
	for (size_t i = 0; i < out->n; i++)
		out->p[i]->enabled = enabled_of(out->p[i]);
	if (out->n)
		qsort(out->p, out->n, sizeof(*out->p), by_name);
	if (out->n >= UNITS_MAX)
		scan_partial(scan, NOTE("more than {} units: the rest was left out", arena_printf(arena, "%d", UNITS_MAX)));
}
