/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * conf: what configuration files have in common: which files of several "x.d" directories count, and
 * their lines.
 *
 * Everything is in the scan's scratch memory.
 */
#ifndef WARD_FACT_TABLES_CONF_H
#define WARD_FACT_TABLES_CONF_H

#include "fact/scan.h"

/* The files of drop-in directories that count, in the order of their names (systemd.unit(5),
 * sysctl.d(5), modprobe.d(5)): a name in an earlier directory hides the same name in later ones,
 * and a link to /dev/null hides it altogether. `directories` ends with NULL; paths are given as
 * "/etc/sysctl.d/10-x.conf". */
struct strings conf_files(struct scan *scan, const char *const *directories, const char *suffix);

/* The lines of a text with their numbers. Start with { .rest = text, .arena = scan_arena(scan) };
 * with an arena, a line that ends in a backslash goes on in the next one, and the number is that of
 * the first. */
struct conf_lines {
	struct str rest;
	int64_t number;
	struct arena *arena;
	int64_t last; /* number of the last physical line */
};
bool conf_line(struct conf_lines *lines, struct str *line);

/* A line that says nothing: empty, or starting (after blanks) with one of the characters. */
bool conf_is_comment(struct str line, const char *marks);

/* "key = value" of a trimmed line; false when there is no '='. */
bool conf_pair(struct str line, struct str *key, struct str *value);

/* The next word, "…" and '…' taken as one and their quotes removed, \ quoting one character (not inside '').
 * False at the end. */
bool conf_word(struct arena *arena, struct str *rest, struct str *word);

/* scan_partial(): "{}:{}: not understood". */
void conf_bad_line(struct scan *scan, struct str file, int64_t number);

/* Settings of a systemd configuration file NAME ("journald.conf", "timesyncd.conf") with its drop-ins, as
 * systemd reads them: the main file of the first directory that has it, then the drop-ins by name. */
struct conf_setting {
	struct str section, key, value, file;
	int64_t line;
};
struct conf_settings {
	struct conf_setting *p;
	size_t n, room;
};
void conf_systemd(struct scan *scan, const char *name, struct conf_settings *out);

#endif
