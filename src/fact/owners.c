/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/owners.h"

static void names_read(struct scan *scan, const char *path, struct map *map)
{
	struct arena *arena = scan_arena(scan);
	struct str rest, line;
	map->arena = arena;
	if (scan_file(scan, path, &rest) < 0)
		return;
	while (str_line(&rest, &line)) {
		struct str name = str_cut(&line, ':');
		str_cut(&line, ':');
		int64_t id;
		if (!name.n || !str_to_int(str_cut(&line, ':'), 10, &id) || id < 0)
			continue;
		void **slot = map_put_int(map, id);
		if (*slot)
			continue; /* as in getpwuid, the first wins */
		struct str *copy = ARENA_NEW(arena, struct str);
		*copy = name;
		*slot = copy;
	}
}

static void ranges_read(struct scan *scan, const char *path, struct owners *owners)
{
	struct str rest, line;
	if (scan_file(scan, path, &rest) < 0)
		return;
	while (str_line(&rest, &line)) {
		struct owners_range range;
		str_cut(&line, ':');
		if (str_to_int(str_cut(&line, ':'), 10, &range.first) &&
		    str_to_int(str_trim(line), 10, &range.count) && range.first > 0 && range.count > 0)
			vec_push_in(scan_arena(scan), &owners->ranges, range);
	}
}

static void elsewhere_read(struct scan *scan, struct owners *owners)
{
	static const char *const services[] = { "sss", "ldap", "winbind", "nis", "nisplus", "compat" };
	struct str rest, line;
	if (scan_file(scan, "etc/nsswitch.conf", &rest) < 0)
		return;
	while (str_line(&rest, &line)) {
		struct str words = str_cut(&line, '#');
		struct str key = str_trim(str_cut(&words, ':'));
		if (!str_is(key, "passwd") && !str_is(key, "group"))
			continue;
		for (struct str word = str_word(&words); word.n; word = str_word(&words))
			for (size_t i = 0; i < COUNT(services); i++)
				if (str_is(word, services[i]) && !owners->elsewhere.p)
					owners->elsewhere = word;
	}
}

void owners_read(struct scan *scan, struct owners *owners)
{
	*owners = (struct owners){ .elsewhere = STR_NONE };
	names_read(scan, "etc/passwd", &owners->users);
	names_read(scan, "etc/group", &owners->groups);
	ranges_read(scan, "etc/subuid", owners);
	ranges_read(scan, "etc/subgid", owners);
	elsewhere_read(scan, owners);
	/* systemd.io, "Users, Groups, UIDs and GIDs": dynamic users; containers of systemd-nspawn. */
	vec_push_in(scan_arena(scan), &owners->ranges, { 61184, 65519 - 61184 + 1 });
	vec_push_in(scan_arena(scan), &owners->ranges, { 524288, 1879048191 - 524288 + 1 });
}

static struct str name_of(const struct map *map, uint32_t id)
{
	const struct str *name = map->n ? map_get_int(map, id) : NULL;
	return name ? *name : STR_NONE;
}

struct str owners_user(const struct owners *owners, uint32_t uid)
{
	return name_of(&owners->users, uid);
}

struct str owners_group(const struct owners *owners, uint32_t gid)
{
	return name_of(&owners->groups, gid);
}

bool owners_is_delegated(const struct owners *owners, uint32_t id)
{
	for (size_t i = 0; i < owners->ranges.n; i++) {
		const struct owners_range *range = &owners->ranges.p[i];
		if (id >= range->first && id - range->first < range->count)
			return true;
	}
	return false;
}
