/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * unit_files: systemd's unit files as systemd would load them, for the tables units and timers.
 *
 * From systemd.unit(5): the first file of a name along the search path counts; drop-ins of all
 * directories are applied in the order of their own names, one in an earlier directory hiding its
 * namesakes; a link to /dev/null or an empty file masks; a link to another unit is an alias. Nothing is
 * asked of the running systemd, so an image is read the same way. All memory is the scan's.
 */
#ifndef WARD_FACT_TABLES_UNIT_FILES_H
#define WARD_FACT_TABLES_UNIT_FILES_H

#include "base/map.h"
#include "fact/scan.h"

enum unit_key {
	UNIT_DESCRIPTION, UNIT_EXEC_START, UNIT_USER, UNIT_GROUP, UNIT_LISTEN,
	UNIT_ON_CALENDAR, UNIT_ON_OTHER, UNIT_TIMER_UNIT, UNIT_PERSISTENT,
	UNIT_INSTALL, UNIT_ALSO, UNIT_DEFAULT_INSTANCE,
	UNIT_SANDBOX, /* the first of those that confine a service, to the end */
	UNIT_KEYS = UNIT_SANDBOX + 36,
};

struct unit_file {
	struct str name;         /* "ssh.service", "getty@tty1.service" */
	struct str type;         /* "service" */
	struct str path;         /* "/usr/lib/systemd/system/ssh.service" */
	struct str alias_of;     /* the unit that a link names; STR_NONE otherwise */
	struct str drop_ins;     /* paths in the order in which they are applied, by blanks; STR_NONE: none */
	struct str wanted_by;    /* units whose .wants, .requires or .upholds name it, by blanks; STR_NONE: none */
	struct str instances;    /* of a template: those that are wanted, by blanks; STR_NONE: none */
	const char *enabled;     /* as `systemctl is-enabled` says; NULL: unreadable */
	struct str value[UNIT_KEYS]; /* effective; lists by "; ", STR_NONE: not set */
	unsigned place;          /* where along the search path */
	bool masked, linked, unreadable, instance;
	unsigned enabled_in;     /* bits of enum unit_place */
};

struct unit_files {
	struct unit_file **p; /* by name */
	size_t n;
	struct map by_name;
};

/* `only_timers`: the texts of timers and of what they start; of all others just the names. */
void unit_files_load(struct scan *scan, struct unit_files *out, bool only_timers);
/* The unit that a timer starts. */
struct str unit_of_timer(struct arena *arena, const struct unit_file *timer);
/* The name of a directive with its section taken off: "NoNewPrivileges". */
const char *unit_key_name(unsigned key);

#endif
