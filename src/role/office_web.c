/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/office_web.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "api/door.h"
#include "base/clock.h"
#include "role/names.h"
#include "sys/root.h"

enum { PEM_MOST = 256 * 1024, DAY = 86400 };

/* ---- who is asking ---- */

static int authenticate(void *ctx, struct request *request, const struct credentials *credentials, struct err *err)
{
	const struct office_web *web = ctx;
	return door_authenticate(web->office, request, credentials, err);
}

static void failed(void *ctx, const char *number, const struct request *request, const struct err *err)
{
	struct office_web *web = ctx;
	role_say(web->log, &NOTE("request {} ({}) failed: {}", str_from(number), str_from(request->route ? request->route->name : "?"),
	                         str_from(err->text)));
}

/* ---- the certificate ---- */

static int read_text(struct arena *arena, const char *name, struct str *out, struct err *err)
{
	BUF(text);
	CLEANUP(fd_close_p) int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read(fd, PEM_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", name);
	*out = arena_str(arena, buf_str(&text));
	sign_wipe(text.p, text.room);
	return 0;
}

/* Whole or not at all. */
static int write_text(struct arena *arena, const char *name, struct str text, mode_t mode, struct err *err)
{
	const char *beside = arena_printf(arena, "%s.new", name).p;
	unlink(beside);
	CLEANUP(fd_close_p) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) < 0 || rename(beside, name) < 0)
		return err_errno(err, errno ? -errno : -EIO, "cannot write '%s'", name);
	return 0;
}

struct tls_files {
	const char *key, *certificate, *authority;
};

static struct tls_files files_of(struct arena *arena, const struct config *config)
{
	return (struct tls_files){
		arena_printf(arena, "%.*s/tls/server.key", STR_ARG(config->up.dir)).p,
		arena_printf(arena, "%.*s/tls/server.crt", STR_ARG(config->up.dir)).p,
		arena_printf(arena, "%.*s/tls/ca.crt", STR_ARG(config->up.dir)).p,
	};
}

/* Is the one we have good for another month, and for all our names? */
static bool is_good(const struct web_tls *tls, const struct strings *names)
{
	struct certificate seen;
	struct err err = { "" };
	int64_t now = clock_now();
	return certificate_look(tls->certificate, tls->key, STR_NONE, names, &seen, &err) == 0 && seen.fits_key && seen.has_names &&
	       seen.from <= now && seen.until > now + (int64_t)AUTHORITY_RENEW * DAY;
}

static int make_new(struct arena *arena, const struct tls_files *files, struct keeper *keeper, struct web_tls *out, struct err *err)
{
	BUF(key);
	BUF(request);
	BUF(chain);
	int r = certificate_request(&key, &request, err);
	if (r == 0)
		r = keeper_certify(keeper, buf_str(&request), &chain, err);
	if (r < 0)
		return r;
	*out = (struct web_tls){ arena_str(arena, buf_str(&chain)), arena_str(arena, buf_str(&key)) };
	sign_wipe(key.p, key.room);
	/* The authority's own stands behind ours; people import it where they work. */
	struct str rest = str_slice(out->certificate, 1, out->certificate.n);
	ptrdiff_t second = str_find(rest, "-----BEGIN");
	r = write_text(arena, files->key, out->key, 0600, err);
	if (r == 0)
		r = write_text(arena, files->certificate, out->certificate, 0644, err);
	if (r == 0 && second >= 0)
		r = write_text(arena, files->authority, str_slice(rest, (size_t)second, rest.n), 0644, err);
	return r;
}

static int load_own(struct arena *arena, const struct config *config, struct keeper *keeper, const struct strings *names,
                    struct web_tls *out, struct err *err)
{
	struct tls_files files = files_of(arena, config);
	struct err none = { "" };
	if (read_text(arena, files.key, &out->key, &none) == 0 && read_text(arena, files.certificate, &out->certificate, &none) == 0 &&
	    is_good(out, names))
		return 0;
	return make_new(arena, &files, keeper, out, err);
}

int office_web_given(struct arena *arena, const struct config *config, struct web_tls *out, struct err *err)
{
	if (!config->up.certificate.p)
		return 0;
	int r = read_text(arena, arena_cstr(arena, config->up.certificate), &out->certificate, err);
	return r < 0 ? r : read_text(arena, arena_cstr(arena, config->up.key), &out->key, err);
}

/* ---- all of it ---- */

int office_web_open(struct arena *arena, const struct config *config, struct keeper *keeper, struct office *office,
                    struct role_log *log, struct office_web *out, struct err *err)
{
	*out = (struct office_web){ .office = office, .log = log, .tls = out->tls };
	names_of_machine(arena, config, &out->names);
	int r = config->up.certificate.p ? 0 : load_own(arena, config, keeper, &out->names, &out->tls, err);
	if (r == 0)
		r = server_prepare(err);
	if (r == 0)
		r = router_new(route_lists, &out->router, err);
	if (r < 0)
		return r;
	out->web = (struct web){
		.router = out->router,
		.records = office->records,
		.office = office,
		.roles = &office->roles->names,
		.temporary = office->files_dir,
		.hooks = { out, authenticate, failed },
	};
	return 0;
}

/* So many a second, `times` as many at once. */
static struct limit limit_of(int64_t a_second, uint32_t times)
{
	uint32_t rate = (uint32_t)a_second;
	return (struct limit){ rate * 3600, rate * times };
}

int office_web_start(const struct config *config, struct office_web *web, int listening, struct err *err)
{
	const struct server_options options = {
		.web = &web->web,
		.stream = web->office->stream,
		.listen_fd = listening,
		.tls = web->tls,
		.names = &web->names,
		.connections = (unsigned)config->up.limits.connections,
		.connections_address = (unsigned)config->up.limits.connections_per_address,
		.address = limit_of(config->up.limits.requests_per_address, 5),
		.user = limit_of(config->up.limits.requests_per_user, 10),
	};
	return server_start(&options, &web->server, err);
}

void office_web_stop(struct office_web *web, unsigned seconds)
{
	if (web->server)
		server_stop(web->server, seconds);
	web->server = NULL;
	router_free(web->router);
	web->router = NULL;
}

int office_web_renew(struct arena *arena, const struct config *config, struct keeper *keeper, struct office_web *web,
                     bool anyway, struct err *err)
{
	struct web_tls tls;
	struct tls_files files = files_of(arena, config);
	if (config->up.certificate.p)
		return 0;
	int r = anyway ? make_new(arena, &files, keeper, &tls, err) : load_own(arena, config, keeper, &web->names, &tls, err);
	if (r < 0 || str_eq(tls.certificate, web->tls.certificate))
		return r;
	r = server_reload(web->server, &tls, err);
	if (r == 0)
		web->tls = tls;
	return r;
}
