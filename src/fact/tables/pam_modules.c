/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Settings of two PAM modules that are in force: pwquality (how good a new password must be) and faillock
 * (what happens after failed logins).
 *
 * pwquality.conf(5): the files of pwquality.conf.d in the order of their names, then pwquality.conf, then
 * the arguments of pam_pwquality; the later wins. Defaults of libpwquality 1.4. faillock.conf(5): the file,
 * or the one that `conf=` names, then the arguments of pam_faillock; defaults of Linux-PAM 1.5.
 * The arguments are those of the first line with the module, of the service that matters most.
 */
#include "fact/tables/accounts.h"

#include "base/vec.h"

struct module_default {
	const char *key, *value; /* NULL: no value; "0" and a flag in the file becomes "1" */
	bool flag;
};

struct module_setting {
	struct str key, value, file;
	int64_t line;
	bool is_default;
};

struct module {
	struct scan *scan;
	const struct module_default *defaults;
	size_t default_count;
	VEC(struct module_setting) all;
	bool in_use, any_file;
};

static const struct module_default pwquality_defaults[] = {
	{ "difok", "1", false },
	{ "minlen", "8", false },
	{ "dcredit", "0", false },
	{ "ucredit", "0", false },
	{ "lcredit", "0", false },
	{ "ocredit", "0", false },
	{ "minclass", "0", false },
	{ "maxrepeat", "0", false },
	{ "maxsequence", "0", false },
	{ "maxclassrepeat", "0", false },
	{ "gecoscheck", "0", false },
	{ "dictcheck", "1", false },
	{ "usercheck", "1", false },
	{ "usersubstr", "0", false },
	{ "enforcing", "1", false },
	{ "badwords", NULL, false },
	{ "dictpath", NULL, false },
	{ "retry", "1", false },
	{ "enforce_for_root", "0", true },
	{ "local_users_only", "0", true },
};

static const struct module_default faillock_defaults[] = {
	{ "dir", "/var/run/faillock", false },
	{ "audit", "0", true },
	{ "silent", "0", true },
	{ "no_log_info", "0", true },
	{ "local_users_only", "0", true },
	{ "nodelay", "0", true },
	{ "deny", "3", false },
	{ "fail_interval", "900", false },
	{ "unlock_time", "600", false },
	{ "even_deny_root", "0", true },
	{ "root_unlock_time", NULL, false },
	{ "admin_group", NULL, false },
};

static const struct module_default *default_find(const struct module *module, struct str key)
{
	for (size_t i = 0; i < module->default_count; i++)
		if (str_is(key, module->defaults[i].key))
			return &module->defaults[i];
	return NULL;
}

static void setting_put(struct module *module, struct str key, struct str value, struct str file, int64_t line)
{
	const struct module_default *known = default_find(module, key);
	struct module_setting new = { .key = key, .value = value, .file = file, .line = line };
	if (known && known->flag)
		new.value = STR("1");
	for (size_t i = 0; i < module->all.n; i++)
		if (str_eq(module->all.p[i].key, key)) {
			module->all.p[i] = new;
			return;
		}
	if (module->all.n < 256)
		vec_push_in(scan_arena(module->scan), &module->all, new);
}

/* "key = value", "key value" (faillock) or a flag alone; "#" starts a comment. */
static void read_conf(struct module *module, struct str path)
{
	struct arena *arena = scan_arena(module->scan);
	const char *name = arena_cstr(arena, path);
	struct str rest, line;
	if (scan_file(module->scan, name, &rest) < 0)
		return;
	module->any_file = true;
	for (int64_t number = 1; str_line(&rest, &line) && number < 100000; number++) {
		struct str text = str_trim(str_cut(&line, '#'));
		if (!text.n)
			continue;
		size_t n = 0;
		while (n < text.n && text.p[n] != '=' && text.p[n] != ' ' && text.p[n] != '\t')
			n++;
		struct str key = str_slice(text, 0, n), value = str_trim(str_slice(text, n, text.n));
		if (value.n && value.p[0] == '=')
			value = str_trim(str_slice(value, 1, value.n));
		const struct module_default *known = default_find(module, key);
		if (!known || (!known->flag && !value.n))
			scan_malformed(module->scan, name, number);
		else
			setting_put(module, key, value, path, number);
	}
}

/* The line of `pam` whose arguments count: of the first service in the list that has the module. */
static const struct cell *pam_line(const struct rows *pam, const char *module, const char *type,
                                   const char *const *services)
{
	const struct cell *found = NULL;
	for (size_t i = 0; services[i] && !found; i++)
		for (size_t k = 0; k < pam->n && !found; k++) {
			const struct cell *row = rows_at(pam, k);
			if (str_is(cell_str(row[PAM_ROW_SERVICE]), services[i]) &&
			    str_is(cell_str(row[PAM_ROW_MODULE]), module) &&
			    str_is(cell_str(row[PAM_ROW_TYPE]), type))
				found = row;
		}
	for (size_t k = 0; k < pam->n && !found; k++) {
		const struct cell *row = rows_at(pam, k);
		if (str_is(cell_str(row[PAM_ROW_MODULE]), module) && str_is(cell_str(row[PAM_ROW_TYPE]), type))
			found = row;
	}
	return found;
}

static void read_args(struct module *module, const struct cell *row)
{
	struct str args = cell_str(row[PAM_ROW_ARGS]);
	while (true) {
		struct str value = str_word(&args);
		if (!value.n)
			return;
		struct str key = str_cut(&value, '=');
		if (default_find(module, key))
			setting_put(module, key, value.p ? value : STR("1"), cell_str(row[PAM_ROW_FILE]),
			            cell_int_or(row[PAM_ROW_LINE], NONE));
	}
}

static struct str named_file(const struct cell *row, const char *otherwise)
{
	struct str args = cell_str(row[PAM_ROW_ARGS]);
	while (true) {
		struct str word = str_word(&args);
		if (!word.n)
			return str_from(otherwise);
		if (str_starts(word, "conf="))
			return str_slice(word, 5, word.n);
	}
}

static int module_rows(struct module *module, struct err *err)
{
	int r = 0;
	if (!module->in_use && !module->any_file)
		return 0; /* not set up here */
	for (size_t i = 0; i < module->default_count && r == 0; i++) {
		const struct module_default *known = &module->defaults[i];
		const struct module_setting *set = NULL;
		for (size_t k = 0; k < module->all.n; k++)
			if (str_is(module->all.p[k].key, known->key))
				set = &module->all.p[k];
		r = set ? scan_row(module->scan, ROW(known->key, set->value, set->file, set->line, 0,
		                                     module->in_use), err) :
		          scan_row(module->scan, ROW(known->key, known->value, STR_NONE, NONE, 1, module->in_use),
		                   err);
	}
	return r;
}

static int pwquality_scan(struct scan *scan, struct err *err)
{
	static const char *const services[] = { "passwd", "common-password", "system-auth", "password-auth", NULL };
	struct module module = { .scan = scan, .defaults = pwquality_defaults,
		                 .default_count = COUNT(pwquality_defaults) };
	int r;
	const struct rows *pam = scan_table(scan, &table_pam, &r);
	if (!pam)
		return r;
	struct strings parts = scan_glob(scan, STR("/etc/security/pwquality.conf.d/*.conf"));
	for (size_t i = 0; i < parts.n; i++)
		read_conf(&module, parts.p[i]);
	read_conf(&module, STR("/etc/security/pwquality.conf"));
	const struct cell *row = pam_line(pam, "pam_pwquality.so", "password", services);
	module.in_use = row != NULL;
	if (row)
		read_args(&module, row);
	return module_rows(&module, err);
}

#define MODULE_COLUMNS                                                                                        \
	{ "key", TEXT, "name of the setting" },                                                               \
	{ "value", TEXT, "value in force; flags: 1 or 0; NULL: none" },                                       \
	{ "file", TEXT, "file it stands in; NULL: a default" },                                               \
	{ "line", INT, "line in that file; NULL: a default" },                                                \
	{ "is_default", INT, "1: set nowhere, the default of the program" },                                  \
	{ "in_use", INT, "1: a PAM stack runs the module; 0: the settings have no effect" }

const struct table table_pwquality = {
	.name = "pwquality",
	.doc = "How good a new password must be (pam_pwquality); no rows: neither the module nor its file is there",
	.sources = { "etc/security/pwquality.conf", "etc/security/pwquality.conf.d/", "etc/pam.d/" },
	.scan = pwquality_scan,
	.columns = { MODULE_COLUMNS },
};

static int faillock_scan(struct scan *scan, struct err *err)
{
	static const char *const services[] = { "login", "sshd", "common-auth", "system-auth", "password-auth", NULL };
	struct module module = { .scan = scan, .defaults = faillock_defaults,
		                 .default_count = COUNT(faillock_defaults) };
	int r;
	const struct rows *pam = scan_table(scan, &table_pam, &r);
	if (!pam)
		return r;
	const struct cell *row = pam_line(pam, "pam_faillock.so", "auth", services);
	module.in_use = row != NULL;
	read_conf(&module, row ? named_file(row, "/etc/security/faillock.conf") : STR("/etc/security/faillock.conf"));
	if (!module.any_file)
		read_conf(&module, STR("/usr/etc/security/faillock.conf"));
	if (row)
		read_args(&module, row);
	return module_rows(&module, err);
}

const struct table table_faillock = {
	.name = "faillock",
	.doc = "What happens after failed logins (pam_faillock); no rows: neither the module nor its file is there",
	.sources = { "etc/security/faillock.conf", "etc/pam.d/" },
	.scan = faillock_scan,
	.columns = { MODULE_COLUMNS },
};
