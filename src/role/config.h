/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * config: the one file of `ward collect`, /etc/ward/ward.yaml (docs/COLLECT.md).
 *
 *	archive: {dir: /var/lib/ward/archive, key: archive, keys: /var/lib/ward/keys, seal_after: 900}
 *	findings: /var/lib/ward/findings      # a directory
 *	run: /run/ward                        # where `ward status` asks
 *	user: ward                            # whom the processes become when started as root
 *	metrics: 127.0.0.1:9273               # of this machine only; "off"
 *	rules: {built_in: true, paths: [/etc/ward/rules], pipelines: [], min_level: low}
 *	sources:
 *	  - name: auth
 *	    files: {paths: [/var/log/auth.log]}        # the kind of input and its options, event/input.h
 *	    zone: "+08:00"                             # of times that say none; the machine's own otherwise
 *	    mapping: linux-auth                        # content/sources; found by the events otherwise
 *
 * Everything but the sources has a default. Strings are in the arena.
 */
#ifndef WARD_ROLE_CONFIG_H
#define WARD_ROLE_CONFIG_H

#include "data/schema.h"
#include "event/input.h"
#include "event/mapping.h"

#define CONFIG_FILE "/etc/ward/ward.yaml"

enum { CONFIG_SOURCES = 64, CONFIG_SOURCE_NAME = 48 };

struct config_source {
	struct str name;
	const struct input_kind *kind;
	const void *options; /* of kind->schema */
	struct parse_options parse;
	struct str mapping;  /* STR_NONE: found */
	const struct doc *node;
};

struct config {
	const char *file;
	struct {
		struct str dir, key, keys;
		int64_t seal_after; /* seconds */
		bool sign;
	} archive;
	struct str events;   /* "clickhouse://…"; STR_NONE: the archive alone */
	struct str findings, run, user, metrics;
	struct {
		bool built_in;
		struct strings paths, pipelines;
		int min_level;
	} rules;
	struct config_source *sources;
	size_t n_sources;
};

/* 0; -EINVAL with file, line, column and what is meant; or why it cannot be read. */
int config_load(struct arena *arena, const char *file, struct config *out, struct err *err) MUST_USE;
int config_parse(struct arena *arena, struct source *source, struct config *out, struct err *err) MUST_USE;
/* That the key does not exist, and how to make it. */
int config_no_key(const struct config *config, struct err *err);
/* "127.0.0.1:9273", "[::1]:9273": loopback only. False: "off". -EINVAL: anything else. */
int config_loopback(struct str text, struct str *host, uint16_t *port, struct err *err) MUST_USE;

#endif
