/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The ages and kinds of passwords (shadow), never their hashes, and the rules for new accounts (login_defs).
 *
 * shadow(5), crypt(5) of libxcrypt, login.defs(5).
 */
#include "fact/tables/accounts.h"

/* Place of a character in the alphabet of crypt's base 64, or -1. */
static int crypt_digit(char c)
{
	if (c == '.')
		return 0;
	if (c >= '/' && c <= '9')
		return c - '/' + 1;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 12;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 38;
	return -1;
}

static int64_t power_of_two(int log2)
{
	return log2 >= 0 && log2 < 63 ? (int64_t)1 << log2 : NONE;
}

/* "rounds=N$" of SHA-crypt and its kin; `otherwise` when it does not stand there. */
static int64_t rounds_named(struct str settings, int64_t otherwise)
{
	if (!str_starts(settings, "rounds="))
		return otherwise;
	struct str rest = str_slice(settings, 7, settings.n);
	return str_int_or(str_cut(&rest, '$'), NONE);
}

const char *password_algorithm(struct str hash, int64_t *rounds)
{
	enum kind { FIXED, SHA, SUNMD5, SHA1, BCRYPT, YESCRYPT, SCRYPT };
	static const struct {
		const char *prefix, *name;
		enum kind kind;
	} known[] = {
		{ "$y$", "yescrypt", YESCRYPT },
		{ "$gy$", "gost-yescrypt", YESCRYPT },
		{ "$sm3y$", "sm3-yescrypt", YESCRYPT },
		{ "$7$", "scrypt", SCRYPT },
		{ "$6$", "sha512", SHA },
		{ "$5$", "sha256", SHA },
		{ "$sm3$", "sm3", SHA },
		{ "$2", "bcrypt", BCRYPT },
		{ "$1$", "md5", FIXED },
		{ "$md5", "sunmd5", SUNMD5 },
		{ "$sha1$", "sha1", SHA1 },
		{ "$3$", "nt", FIXED },
	};
	*rounds = NONE;
	for (size_t i = 0; i < COUNT(known); i++) {
		if (!str_starts(hash, known[i].prefix))
			continue;
		struct str rest = str_slice(hash, strlen(known[i].prefix), hash.n);
		switch (known[i].kind) {
		case FIXED:
			break;
		case SHA:
			*rounds = rounds_named(rest, 5000);
			break;
		case SUNMD5:
			*rounds = str_starts(rest, ",") ? rounds_named(str_slice(rest, 1, rest.n), NONE) : NONE;
			break;
		case SHA1:
			*rounds = str_int_or(str_cut(&rest, '$'), NONE);
			break;
		case BCRYPT: /* "$2b$12$…" */
			str_cut(&rest, '$');
			*rounds = str_int_or(str_cut(&rest, '$'), -1);
			*rounds = *rounds < 32 ? power_of_two((int)*rounds) : NONE;
			break;
		case YESCRYPT: /* "j9T": flavour, log2 N, r */
			*rounds = rest.n > 1 && crypt_digit(rest.p[1]) >= 0 ?
			                  power_of_two(crypt_digit(rest.p[1]) + 1) : NONE;
			break;
		case SCRYPT:
			*rounds = rest.n ? power_of_two(crypt_digit(rest.p[0])) : NONE;
			break;
		}
		return known[i].name;
	}
	if (str_starts(hash, "_") && hash.n == 20)
		return "bsdicrypt";
	if (!hash.n || hash.p[0] == '$' || hash.n < 13)
		return NULL;
	for (size_t i = 0; i < hash.n; i++)
		if (crypt_digit(hash.p[i]) < 0)
			return NULL;
	return hash.n == 13 ? "des" : "bigcrypt";
}

/* A field of days: empty and -1 mean that the rule is off. False when it is no number. */
static bool days(struct str *fields, int64_t *out)
{
	struct str text = str_cut(fields, ':');
	*out = NONE;
	if (!text.n)
		return true;
	if (!str_to_int(text, 10, out))
		return false;
	if (*out < 0)
		*out = NONE;
	return true;
}

static int shadow_scan(struct scan *scan, struct err *err)
{
	struct str rest, line;
	int r = scan_source(scan, "etc/shadow", &rest, err);
	for (int64_t number = 1; r == 0 && str_line(&rest, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		struct str fields = line, hash;
		struct str name = str_cut(&fields, ':');
		if (!name.n || !fields.p || name.p[0] == '+' || name.p[0] == '-') {
			scan_malformed(scan, "/etc/shadow", number);
			continue;
		}
		const char *status = password_status(str_cut(&fields, ':'), &hash);
		bool has_hash = strcmp(status, "active") == 0 || strcmp(status, "locked") == 0;
		int64_t rounds = NONE, last, min, max, warning, inactive, expire, flag;
		const char *algorithm = has_hash ? password_algorithm(hash, &rounds) : NULL;
		bool good = days(&fields, &last) && days(&fields, &min) && days(&fields, &max) &&
		            days(&fields, &warning) && days(&fields, &inactive) && days(&fields, &expire);
		if (!good || !days(&fields, &flag)) {
			scan_malformed(scan, "/etc/shadow", number);
			continue;
		}
		r = scan_row(scan, ROW(name, status, algorithm, rounds, last, min, max, warning, inactive, expire,
		                       number), err);
	}
	return r;
}

const struct table table_shadow = {
	.name = "shadow",
	.doc = "State, kind and age of passwords; the hashes are not shown",
	.sources = { "etc/shadow" },
	.scan = shadow_scan,
	.columns = {
		{ "username", TEXT, "name of the account" },
		{ "password_status", TEXT, "active, locked (a hash behind \"!\"), not_set (nothing can match) or empty "
		                           "(no password is asked)" },
		{ "hash_alg", TEXT, "yescrypt, sha512, sha256, sm3, bcrypt, md5, des …; NULL: no hash, or unknown" },
		{ "rounds", INT, "iterations, or the cost N of yescrypt and scrypt, or 2^cost of bcrypt; NULL: fixed by "
		                 "the algorithm" },
		{ "last_change", INT, "day of the last change, days since 1970-01-01; 0: must change at the next "
		                      "login; NULL: ageing is off" },
		{ "min", INT, "days before it may change again; NULL: no rule" },
		{ "max", INT, "days until it must change; NULL: no rule (99999 means the same)" },
		{ "warning", INT, "days of warning before that; NULL: none" },
		{ "inactive", INT, "days after that until the account is closed; NULL: never" },
		{ "expire", INT, "day the account closes, days since 1970-01-01; NULL: never" },
		{ "line", INT, "line in /etc/shadow" },
	},
};

struct setting {
	struct str key, value;
	const char *file;
	int64_t line;
};

struct settings {
	struct setting *p;
	size_t n, room;
};

/* As getdef of shadow-utils: name, blanks and quotes, value up to a quote; the last one of a name counts. */
static void login_defs_file(struct scan *scan, const char *path, struct str rest, struct settings *all)
{
	struct str line;
	for (int64_t number = 1; str_line(&rest, &line) && number < 100000; number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		struct str key = str_word(&line);
		while (line.n && (line.p[0] == ' ' || line.p[0] == '\t' || line.p[0] == '"'))
			line = str_slice(line, 1, line.n);
		struct str value = str_cut(&line, '"');
		if (!value.n)
			continue; /* shadow-utils passes over a name without a value */
		size_t at = 0;
		while (at < all->n && !str_eq(all->p[at].key, key))
			at++;
		if (at == all->n) {
			if (all->n == all->room) {
				size_t room = all->room ? all->room * 2 : 64;
				struct setting *p = ARENA_ARRAY(scan_arena(scan), struct setting, room);
				if (all->n)
					memcpy(p, all->p, all->n * sizeof(*p));
				all->p = p;
				all->room = room;
			}
			if (all->n == 4096) {
				scan_malformed(scan, path, number);
				return;
			}
			all->n++;
		}
		all->p[at] = (struct setting){ key, value, path, number };
	}
}

static int login_defs_scan(struct scan *scan, struct err *err)
{
	struct settings all = { 0 };
	struct str text;
	const char *path = "/etc/login.defs";
	int r = scan_file(scan, path, &text);
	if (r == -ENOENT) {
		path = "/usr/etc/login.defs"; /* the vendor's copy, as on openSUSE */
		r = scan_source(scan, path, &text, err);
	}
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("/etc/login.defs"), str_from(err_words(r))));
	login_defs_file(scan, path, text, &all);
	struct strings extra = scan_glob(scan, STR("/etc/login.defs.d/*.defs"));
	for (size_t i = 0; i < extra.n; i++) {
		path = arena_cstr(scan_arena(scan), extra.p[i]);
		if (scan_file(scan, path, &text) == 0)
			login_defs_file(scan, path, text, &all);
	}
	r = 0;
	for (size_t i = 0; i < all.n && r == 0; i++)
		r = scan_row(scan, ROW(all.p[i].key, all.p[i].value, all.p[i].file, all.p[i].line), err);
	return r;
}

const struct table table_login_defs = {
	.name = "login_defs",
	.doc = "Rules for new accounts and passwords, the value in force for each name",
	.sources = { "etc/login.defs", "usr/etc/login.defs", "etc/login.defs.d/" },
	.scan = login_defs_scan,
	.columns = {
		{ "key", TEXT, "name, in capitals: PASS_MAX_DAYS, UMASK …" },
		{ "value", TEXT, "value" },
		{ "file", TEXT, "file it stands in" },
		{ "line", INT, "line in that file" },
	},
};
