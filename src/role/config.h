/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * config: the one file of `ward collect` and `ward up`, /etc/ward/ward.yaml (docs/COLLECT.md, docs/OFFICE.md).
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
 * And for `ward up` alone:
 *
 *	rules: {finding_level: high}               # and the other keys: what becomes a finding, not only a detection
 *	records: postgresql://ward@db/ward         # DIR/records/records.db otherwise
 *	console: {listen: "127.0.0.1:8443", certificate: /etc/ward/tls.crt, key: /etc/ward/tls.key, names: [ward.example.cn],
 *	          limits: {connections: 1024, connections_per_address: 256, requests_per_address: 200, requests_per_user: 40}}
 *	inspect: {every: 21600, regime: cn-mlps-2} # seconds
 *	profile: township                          # kind of office: content/profiles; chosen at the first login otherwise
 *
 * Everything but the sources of `ward collect` has a default; those of `ward up` are the logs that this machine has.
 * With a directory (config_up()) all places lie below it. Strings are in the arena.
 */
#ifndef WARD_ROLE_CONFIG_H
#define WARD_ROLE_CONFIG_H

#include "data/schema.h"
#include "event/input.h"
#include "event/mapping.h"
#include "people/directory.h"

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
		int finding_level;   /* what rules of this level and worse find becomes findings, with `ward up` */
	} rules;
	struct config_source *sources;
	size_t n_sources;
	/* Of `ward up`; up.dir is STR_NONE for `ward collect`. */
	struct {
		struct str dir, records, profile, regime;
		bool profile_given;          /* the file says it; otherwise it is what was chosen at the first login */
		struct str listen;           /* "127.0.0.1:8443" */
		bool listen_given;           /* there and nowhere else */
		struct str certificate, key; /* files; STR_NONE: of our own authority */
		struct strings names;        /* further names of this machine, for its certificate */
		struct {
			int64_t connections, connections_per_address;
			int64_t requests_per_address, requests_per_user; /* a second; five and ten times as many at once */
		} limits;                    /* of the console; 0: as web/server.h has them */
		struct people_ldap ldap;     /* login by a directory; .url STR_NONE: none. To be checked by directory_check() */
		const struct source *source; /* for its messages */
		const struct doc *ldap_node;
		int64_t inspect_every;       /* seconds */
	} up;
};

/* 0; -EINVAL with file, line, column and what is meant; or why it cannot be read. */
int config_load(struct arena *arena, const char *file, struct config *out, struct err *err) MUST_USE;
int config_parse(struct arena *arena, struct source *source, struct config *out, struct err *err) MUST_USE;
/* For `ward up`: all places are below `dir` (absolute); `file` NULL: no file, everything as it is by default. */
int config_up(struct arena *arena, const char *dir, const char *file, struct config *out, struct err *err) MUST_USE;
int config_parse_up(struct arena *arena, const char *dir, struct source *source, struct config *out, struct err *err) MUST_USE;
/* The regime in force: the configuration's, else the second level of the country that the language is spoken in. */
struct str config_regime(const struct config *config, enum lang lang);
/* The logs that this machine has, as the text of `sources:`; empty when it has none. */
void config_found_sources(struct buf *out);
/* That the key does not exist, and how to make it. */
int config_no_key(const struct config *config, struct err *err);
/* "127.0.0.1:8443", "[::1]:0", "*:8443": where the console listens, as an address and a port. */
int config_listen(struct str text, struct str *host, uint16_t *port, struct err *err) MUST_USE;
/* "127.0.0.1:9273", "[::1]:9273": loopback only. False: "off". -EINVAL: anything else. */
int config_loopback(struct str text, struct str *host, uint16_t *port, struct err *err) MUST_USE;

#endif
