/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/office_open.h"

#include "base/clock.h"
#include "case/hosts.h"
#include "crypto/secret.h"

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

static int migrate(struct records *records, struct err *err)
{
	static const struct migration *const lists[] = { hosts_migrations };
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(lists); i++)
		r = records_migrate(records, lists[i], err);
	return r;
}

int office_open(struct arena *arena, const struct config *config, struct keeper *keeper, struct office *out, struct err *err)
{
	*out = (struct office){ .content = CONTENT_EMBEDDED, .inspector = -1, .started = clock_now() };
	out->archive_dir = config->archive.dir;
	out->files_dir = arena_printf(arena, "%.*s/files", STR_ARG(config->up.dir));
	out->profile = config->up.profile;
	int r = roles_load(&out->content, &out->roles, err);
	if (r == 0)
		r = records_open(&(struct records_options){ .where = config->up.records }, &out->records, err);
	if (r == 0)
		r = migrate(out->records, err);
	if (r == 0)
		r = open_vault(arena, out->records, keeper, &out->vault, err);
	if (r < 0)
		return r;
	out->books.vault = out->vault;
	out->books.roles = &out->roles->names;
	return 0;
}

void office_close(struct office *office)
{
	records_close(office->records);
	vault_close(office->vault);
	roles_free(office->roles);
	content_close(&office->content);
}

const struct sandbox_path *office_paths(struct arena *arena, const struct config *config)
{
	static const char *const own[] = { "records", "files", "tls" };
	static const char *const always[] = { "/etc/localtime", "/usr/share/zoneinfo", "/etc/passwd", "/etc/group" };
	struct sandbox_path *paths = ARENA_ARRAY(arena, struct sandbox_path, COUNT(own) + COUNT(always) + 8);
	size_t n = 0;
	for (size_t i = 0; i < COUNT(own); i++)
		paths[n++] = (struct sandbox_path){ arena_printf(arena, "%.*s/%s", STR_ARG(config->up.dir), own[i]).p, true };
	for (size_t i = 0; i < COUNT(always); i++)
		paths[n++].path = always[i];
	paths[n++].path = arena_cstr(arena, config->archive.dir);
	paths[n++].path = arena_cstr(arena, config->findings);
	for (size_t i = 0; i < config->rules.paths.n && i < 4; i++)
		paths[n++].path = arena_cstr(arena, config->rules.paths.p[i]);
	return paths;
}
