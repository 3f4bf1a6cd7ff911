/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/root.h"

enum { CORRELATION_MEMORY = 32 * 1024 * 1024, DEPTH = 16 };

static const char *const *paths_of(struct arena *arena, const struct strings *list)
{
	const char **paths = ARENA_ARRAY(arena, const char *, list->n + 1);
	for (size_t i = 0; i < list->n; i++)
		paths[i] = arena_cstr(arena, list->p[i]);
	return paths;
}

int engine_load(const struct config *config, struct engine **out, struct err *err)
{
	CLEANUP(engine_free_p) struct engine *engine = mem_alloc(sizeof(*engine));
	struct arena *arena = &engine->arena;
	const struct sigma_options options = {
		.embedded = config->rules.built_in,
		.paths = paths_of(arena, &config->rules.paths),
		.pipelines = paths_of(arena, &config->rules.pipelines),
	};
	engine->min_level = config->rules.min_level;
	int r = mappings_load(arena, NULL, &engine->mappings, err);
	if (r == 0)
		r = sigma_load(arena, &options, &engine->rules, &engine->problems, err);
	if (r == 0)
		r = ruleset_compile(&engine->rules, &engine->mappings, arena, &engine->problems, &engine->ruleset, err);
	if (r < 0)
		return r;
	engine->detector = detector_new(engine->ruleset);
	engine->correlator = correlator_new(&engine->rules, CORRELATION_MEMORY);
	engine->names = names_copy(ruleset_names(engine->ruleset));
	mappings_alias(&engine->mappings, engine->names);
	*out = TAKE(engine);
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	correlator_free(engine->correlator);
	detector_free(engine->detector);
	ruleset_free(engine->ruleset);
	names_free(engine->names);
	arena_done(&engine->arena);
	free(engine);
}

void engine_free_p(struct engine **engine)
{
	engine_free(*engine);
}

/* ---- has anything changed? ---- */

static uint64_t add_entry(uint64_t hash, struct str name, const struct stat *st)
{
	int64_t parts[] = { (int64_t)str_hash(name), st->st_size, st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (int64_t)st->st_ino };
	return hash * 31 + str_hash((struct str){ (const char *)parts, sizeof(parts) });
}

static uint64_t look(const char *path, unsigned depth, uint64_t hash)
{
	struct stat st;
	ARENA(arena);
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	struct str *names;
	size_t n;
	if (depth > DEPTH || stat(path, &st) < 0)
		return hash + 1;
	hash = add_entry(hash, str_from(path), &st);
	if (!S_ISDIR(st.st_mode) || root_open(&root, path, NULL) < 0 || root_list(&root, "", &arena, &names, &n) < 0)
		return hash;
	for (size_t i = 0; i < n; i++) {
		if (fstatat(root.fd, names[i].p, &st, 0) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			hash = look(arena_printf(&arena, "%s/%.*s", path, STR_ARG(names[i])).p, depth + 1, hash);
		else
			hash = add_entry(hash, names[i], &st);
	}
	return hash;
}

uint64_t engine_fingerprint(const struct config *config)
{
	ARENA(arena);
	const struct strings *lists[] = { &config->rules.paths, &config->rules.pipelines };
	uint64_t hash = 0;
	for (size_t k = 0; k < COUNT(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			hash = look(arena_cstr(&arena, lists[k]->p[i]), 0, hash);
	return hash;
}

/* ---- in the background ---- */

struct engine_reload {
	const struct config *config;
	pthread_t thread;
	int fd;
	struct engine *engine;
	int result;
	struct err err;
};

static void *load(void *argument)
{
	struct engine_reload *reload = argument;
	uint64_t one = 1;
	reload->result = engine_load(reload->config, &reload->engine, &reload->err);
	if (write(reload->fd, &one, sizeof(one)) < 0)
		return NULL; /* it cannot fail: the counter was 0 */
	return NULL;
}

struct engine_reload *engine_reload_begin(const struct config *config)
{
	struct engine_reload *reload = mem_alloc(sizeof(*reload));
	reload->config = config;
	reload->fd = eventfd(0, EFD_CLOEXEC);
	if (reload->fd >= 0 && pthread_create(&reload->thread, NULL, load, reload) == 0)
		return reload;
	fd_close_p(&reload->fd);
	free(reload);
	return NULL;
}

int engine_reload_fd(const struct engine_reload *reload)
{
	return reload->fd;
}

int engine_reload_end(struct engine_reload *reload, struct engine **out, struct err *err)
{
	pthread_join(reload->thread, NULL);
	int r = reload->result;
	*out = reload->engine;
	if (r < 0 && err)
		*err = reload->err;
	fd_close_p(&reload->fd);
	free(reload);
	return r;
}
