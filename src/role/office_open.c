/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/office_open.h"

#include <fcntl.h>
#include <unistd.h>

#include "api/door.h"
#include "base/clock.h"
#include "case/detections.h"
#include "case/evidence.h"
#include "case/hosts.h"
#include "case/inspections.h"
#include "case/management.h"
#include "case/management_kept.h"
#include "crypto/secret.h"
#include "detect/sigma.h"
#include "people/first.h"
#include "register/calendar.h"
#include "register/import_job.h"
#include "register/said.h"
#include "register/tables.h"
#include "role/office_work.h"
#include "sys/library.h"
#include "sys/root.h"
#include "web/stream.h"

#define VAULT_SETTING "vault" /* of ward_setting: the vault's key, wrapped by the keeper's */

/* ---- the vault ---- */

struct setting {
	const char *name;
	struct arena *arena;
	struct str value; /* what is kept; STR_NONE: nothing yet */
};

static int put_setting(void *ctx, struct write *write, struct err *err)
{
	struct setting *setting = ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db, "INSERT INTO ward_setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(setting->name));
	db_bind_text(&q, setting->value);
	return db_do(&q, err);
}

static int get_setting(void *ctx, struct write *write, struct err *err)
{
	struct setting *setting = ctx;
	DB_QUERY(q);
	setting->value = STR_NONE;
	int r = db_query(&q, write->db, "SELECT value FROM ward_setting WHERE name = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(setting->name));
	r = db_step(&q, err);
	if (r > 0)
		setting->value = arena_str(setting->arena, db_text(&q, 0));
	return r < 0 ? r : 0;
}

/* The first start of an installation draws the key; with PostgreSQL another server may be faster, and its key counts. */
static int open_vault(struct arena *arena, struct records *records, struct keeper *keeper, struct vault **out, struct err *err)
{
	struct actor ward = actor_ward();
	struct setting setting = { VAULT_SETTING, arena, STR_NONE };
	uint8_t key[VAULT_KEY];
	BUF(wrapped);
	int r = records_do(records, &ward, get_setting, &setting, err);
	if (r == 0 && !setting.value.p) {
		secret_random(key, sizeof(key));
		r = keeper_wrap(keeper, key, &wrapped, err);
		setting.value = buf_str(&wrapped);
		r = r < 0 ? r : records_do(records, &ward, put_setting, &setting, err);
		r = r < 0 ? r : records_do(records, &ward, get_setting, &setting, err);
	}
	if (r == 0) {
		r = keeper_unwrap(keeper, setting.value, key, err);
		if (r < 0)
			err_wrap(err, r, "the sealed fields of these records belong to other keys (the file vault.key in the keys' directory)");
	}
	if (r == 0)
		r = vault_open(key, out, err);
	sign_wipe(key, sizeof(key));
	return r;
}

/* ---- all of it ---- */

/* The steps of one layer (its hundred) are told together, wherever they are declared: so it is seen when the records know more. */
static int migrate_hundred(struct arena *arena, struct records *records, int hundred, struct err *err)
{
	static const struct migration *const lists[] = {
		people_migrations, case_migrations, evidence_migrations, hosts_migrations, inspections_migrations, detections_migrations,
		management_migrations,
	};
	struct migration *all = ARENA_ARRAY(arena, struct migration, 100 + 1);
	size_t n = 0;
	for (size_t i = 0; i < COUNT(lists); i++)
		for (const struct migration *step = lists[i]; step->number; step++) {
			if (step->number / 100 != hundred || n == 100)
				continue;
			size_t at = n++;
			for (; at && all[at - 1].number > step->number; at--)
				all[at] = all[at - 1];
			all[at] = *step;
		}
	all[n] = (struct migration){ 0 };
	return n ? records_migrate(records, all, err) : 0;
}

static int migrate(struct arena *arena, struct records *records, struct err *err)
{
	enum { HUNDREDS = 10 };
	int r = 0;
	for (int hundred = 1; r == 0 && hundred < HUNDREDS; hundred++)
		r = migrate_hundred(arena, records, hundred, err);
	return r;
}

/* Tables are read and written long after the walls stand. */
static const char *const libraries[] = {
	"libgnutls.so.30", "libmicrohttpd.so.12", "liboath.so.0", "libexpat.so.1", "libarchive.so.13", "libxlsxwriter.so.4", NULL,
};

void office_prepare(const struct config *config)
{
	static const char *const postgresql[] = { "libpq.so.5", NULL };
	library_keep(libraries);
	if (db_is_postgresql(config->up.records))
		library_keep(postgresql);
}

/* What is declared: content alone, no database. */
static int load_declared(struct arena *arena, enum lang lang, struct office *out, struct err *err)
{
	struct err none = { "" };
	int r = roles_load(&out->content, &out->roles, err);
	r = r < 0 ? r : checks_load(arena, &out->content, &out->checks, err);
	r = r < 0 ? r : management_load(arena, &out->content, &out->management, err);
	r = r < 0 ? r : laws_load(&out->content, &out->laws, err);
	r = r < 0 ? r : registers_load(&out->content, &out->roles->names, &out->registers, err);
	/* Without one Saturdays and Sundays are free. */
	if (r == 0 && calendar_load(&out->content, lang == LANG_VI ? STR("VN") : STR("CN"), &out->calendar, &none) < 0)
		out->calendar = NULL;
	return r;
}

const char *office_signing_key(struct arena *arena, struct keeper *keeper)
{
	struct signer signer = keeper_signer(keeper);
	BUF(line);
	public_key_print(&signer.key, &line);
	return arena_str(arena, str_trim(buf_str(&line))).p;
}

/* As the table `host` has it; role/intake.c knows a machine without one by its name. */
static struct str machine_id(struct arena *arena)
{
	char name[256] = "";
	BUF(text);
	CLEANUP(fd_close_p) int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fd_read(fd, 4096, &text) == 0 && str_trim(buf_str(&text)).n == 32)
		return arena_str(arena, str_trim(buf_str(&text)));
	(void)!gethostname(name, sizeof(name) - 1);
	return arena_printf(arena, "name:%s", name);
}

static int open_records(struct arena *arena, const struct config *config, struct keeper *keeper, struct office *out, struct err *err)
{
	int r = records_open(&(struct records_options){ .where = config->up.records }, &out->records, err);
	r = r < 0 ? r : migrate(arena, out->records, err);
	r = r < 0 ? r : registers_apply(out->records, out->registers, err);
	return r < 0 ? r : open_vault(arena, out->records, keeper, &out->vault, err);
}

/* Titles of rules that have them in other languages; what is wrong with a rule is told where rules are looked at. */
static void rule_words(struct arena *arena, const struct office *office, struct said *said)
{
	ARENA(scratch);
	struct sigma_rules rules = { 0 };
	struct sigma_problems problems = { 0 };
	struct err err = { "" };
	const char **paths = ARENA_ARRAY(&scratch, const char *, office->rules.n + 1);
	for (size_t i = 0; i < office->rules.n; i++)
		paths[i] = arena_cstr(&scratch, office->rules.p[i]);
	const struct sigma_options options = { .content = &office->content, .embedded = office->built_in_rules, .paths = paths };
	if (sigma_load(&scratch, &options, &rules, &problems, &err) < 0)
		return;
	for (size_t i = 0; i < rules.n; i++) {
		if (!rules.p[i]->titles.in[LANG_ZH].n)
			continue;
		struct text *title = ARENA_NEW(arena, struct text);
		for (int lang = 0; lang < LANG_COUNT; lang++)
			title->in[lang] = arena_str(arena, rules.p[i]->titles.in[lang]);
		title->in[LANG_EN] = arena_str(arena, rules.p[i]->title);
		said_add(said, title);
	}
}

/* What ward itself writes into records and detections: what findings are called, and the titles of rules. */
static const struct said *office_words(struct arena *arena, const struct office *office)
{
	const struct checks *all[] = { [OBSERVED_CHECK] = &office->checks, [OBSERVED_MANAGEMENT] = &office->management };
	struct said *said = ARENA_NEW(arena, struct said);
	said_init(said, arena);
	for (size_t which = 0; which < COUNT(all); which++)
		for (size_t i = 0; i < all[which]->n; i++) {
			struct text *title = ARENA_NEW(arena, struct text);
			for (enum lang lang = 0; lang < LANG_COUNT; lang++)
				title->in[lang] = observed_title(arena, lang, (enum observed_source)which, &all[which]->p[i]);
			said_add(said, title);
		}
	rule_words(arena, office, said);
	return said;
}

int office_look_for_kind(struct office *office, struct err *err)
{
	ARENA(arena);
	struct err none = { "" };
	struct str kept;
	struct db *db;
	if (office->kind_given)
		return 0;
	int r = records_read(office->records, &db, err);
	if (r < 0)
		return r;
	r = cases_kept_kind(&arena, db, &kept, err);
	records_read_end(office->records, db);
	if (r < 0 || !kept.n || str_eq(kept, cases_kind(&office->cases)))
		return r;
	/* A kind that this ward does not know any more: the one that was stays. */
	return cases_set_kind(&office->cases, kept, &none) == 0;
}

int office_open(struct arena *arena, const struct config *config, enum lang lang, struct keeper *keeper, struct str ldap_password,
                struct office *out, struct err *err)
{
	*out = (struct office){ .content = CONTENT_EMBEDDED, .inspect = -1, .started = clock_now() };
	out->archive_dir = config->archive.dir;
	out->files_dir = arena_printf(arena, "%.*s/files", STR_ARG(config->up.dir));
	out->kind_given = config->up.profile_given;
	out->regime = config_regime(config, lang);
	out->records_at = config->up.records;
	out->tls_dir = arena_printf(arena, "%.*s/tls", STR_ARG(config->up.dir));
	out->signing_key = office_signing_key(arena, keeper);
	out->certificate_given = config->up.certificate.p != NULL;
	out->machine_id = machine_id(arena);
	out->rules = config->rules.paths;
	out->built_in_rules = config->rules.built_in;
	out->finding_level = config->rules.finding_level;
	const struct stream_hooks hears = office_stream_hooks(out);
	int r = load_declared(arena, lang, out, err);
	r = r < 0 ? r : open_records(arena, config, keeper, out, err);
	if (r < 0)
		return r;
	out->books = (struct books){
		.registers = out->registers,
		.vault = out->vault,
		.roles = &out->roles->names,
		.calendar = out->calendar,
		.said = office_words(arena, out),
	};
	struct register_hook *hooks = ARENA_ARRAY(arena, struct register_hook, CASE_HOOKS + 1);
	r = cases_init(&out->content, out->laws, config->up.profile, out->regime, lang, &out->cases, err);
	if (r < 0)
		return r;
	r = office_look_for_kind(out, err);
	if (r < 0)
		return r;
	cases_hooks(&out->cases, hooks);
	out->books.hooks = hooks;
	out->cases.books = &out->books;
	const char *imports = arena_printf(arena, "%.*s/imports", STR_ARG(out->files_dir)).p;
	r = import_jobs_new(out->records, &out->books, imports, &out->imports, err);
	if (r == 0)
		r = people_open(&out->content, out->roles, out->vault, &out->books, NULL, &out->people, err);
	if (r == 0)
		out->people->actions = people_actions;
	if (r == 0 && config->up.ldap.url.p) {
		struct people_ldap *ldap = ARENA_NEW(arena, struct people_ldap);
		*ldap = config->up.ldap;
		ldap->bind_password = ldap_password;
		r = directory_check(config->up.source, config->up.ldap_node, out->roles, ldap, err);
		out->people->ldap = ldap;
	}
	if (r == 0)
		r = stream_new(&hears, &out->stream, err);
	if (r == 0)
		records_on_change(out->records, stream_on_change, out->stream);
	return r;
}

int office_first_token(struct arena *arena, struct office *office, struct str *out, struct err *err)
{
	int r = first_token_make(arena, office->records, out, err);
	return r < 0 ? r : 0;
}

void office_inspected(struct office *office, int64_t host)
{
	ARENA(arena);
	struct str data = arena_printf(&arena, "{\"kind\":\"inspection\",\"host\":%lld}", (long long)host);
	stream_tell(office->stream, "progress", 0, STR("host"), 0, data);
}

bool office_connects(const struct config *config)
{
	return db_is_postgresql(config->up.records) || config->up.ldap.url.p;
}

void office_close(struct office *office)
{
	import_jobs_free(office->imports);
	people_close(office->people);
	records_close(office->records);
	stream_free(office->stream);
	vault_close(office->vault);
	calendar_free(office->calendar);
	registers_free(office->registers);
	laws_free(office->laws);
	roles_free(office->roles);
	content_close(&office->content);
}

const struct sandbox_path *office_paths(struct arena *arena, const struct config *config)
{
	static const char *const own[] = { "records", "files", "tls" };
	static const char *const always[] = { "/etc/localtime", "/usr/share/zoneinfo", "/etc/passwd", "/etc/group", "/etc/machine-id",
		                              "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/ssl", "/run/postgresql" };
	struct sandbox_path *paths = ARENA_ARRAY(arena, struct sandbox_path, COUNT(own) + COUNT(always) + 16);
	size_t n = 0;
	for (size_t i = 0; i < COUNT(own); i++)
		paths[n++] = (struct sandbox_path){ arena_printf(arena, "%.*s/%s", STR_ARG(config->up.dir), own[i]).p, true };
	for (size_t i = 0; i < COUNT(always); i++)
		paths[n++].path = always[i];
	paths[n++].path = arena_cstr(arena, config->archive.dir);
	paths[n++].path = arena_cstr(arena, config->findings);
	for (size_t i = 0; i < config->rules.paths.n && i < 4; i++)
		paths[n++].path = arena_cstr(arena, config->rules.paths.p[i]);
	static const char *const of_network[] = { "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/ssl/certs", "/etc/ldap" };
	for (size_t i = 0; config->up.ldap.url.p && i < COUNT(of_network); i++)
		paths[n++].path = of_network[i];
	if (config->up.ldap.ca.p)
		paths[n++].path = arena_cstr(arena, config->up.ldap.ca);
	return paths;
}
