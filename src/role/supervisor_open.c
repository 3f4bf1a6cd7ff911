/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/keyring.h"
#include "role/supervisor_state.h"
#include "sys/root.h"

static int make_dir(const struct supervisor *supervisor, struct str path, mode_t mode, struct err *err)
{
	ARENA(arena);
	const char *name = arena_cstr(&arena, path);
	const struct passwd *user = supervisor->user ? getpwnam(supervisor->user) : NULL;
	if (mkdir(name, mode) < 0) {
		struct stat st;
		if (errno != EEXIST)
			return err_errno(err, -errno, "cannot make the directory '%s'", name);
		/* One that was made before there was a user to become. */
		if (!user || stat(name, &st) < 0 || st.st_uid != 0 || !S_ISDIR(st.st_mode))
			return 0;
	}
	if (user && chown(name, user->pw_uid, user->pw_gid) < 0)
		return err_errno(err, -errno, "cannot give the directory '%s' to %s", name, supervisor->user);
	return 0;
}

static int listen_tcp(struct supervisor *supervisor, struct err *err)
{
	struct str host;
	uint16_t port;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address = { 0 };
	int r = config_loopback(supervisor->config->metrics, &host, &port, err), on = 1;
	if (r < 0 || !host.p)
		return r;
	bool six = str_is(host, "[::1]");
	if (six)
		address.six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	else
		address.four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
			                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	supervisor->tcp = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (supervisor->tcp < 0 || setsockopt(supervisor->tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(supervisor->tcp, &address.any, six ? sizeof(address.six) : sizeof(address.four)) < 0 ||
	    listen(supervisor->tcp, 16) < 0)
		return err_errno(err, -errno, "cannot listen for metrics on %.*s", STR_ARG(supervisor->config->metrics));
	return 0;
}

static int listen_local(struct supervisor *supervisor, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct passwd *user = supervisor->user ? getpwnam(supervisor->user) : NULL;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%.*s/" SUPERVISOR_SOCKET, STR_ARG(supervisor->config->run));
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG, "the path of 'run' is too long");
	unlink(address.sun_path);
	supervisor->local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (supervisor->local < 0 || bind(supervisor->local, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0660) < 0 || (user && chown(address.sun_path, user->pw_uid, user->pw_gid) < 0) ||
	    listen(supervisor->local, 16) < 0)
		return err_errno(err, -errno, "cannot listen on '%s'", address.sun_path);
	return 0;
}

static int take_lock(struct supervisor *supervisor, struct err *err)
{
	ARENA(arena);
	struct str path = arena_printf(&arena, "%.*s/collect.lock", STR_ARG(supervisor->config->run));
	supervisor->lock = open(path.p, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (supervisor->lock < 0)
		return err_errno(err, -errno, "cannot open '%s'", path.p);
	if (flock(supervisor->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(err, -EBUSY, supervisor->config->up.dir.p ? "ward runs already on this directory (%s is locked)"
		                                                                  : "the collector runs already (%s is locked)",
		                                    path.p)
		                            : err_errno(err, -errno, "cannot lock '%s'", path.p);
	return 0;
}

/* ---- of `ward up` ---- */

/* Each with the folders that lead to it. */
static int make_top(const struct supervisor *supervisor, struct err *err)
{
	struct str dir = supervisor->config->up.dir;
	ARENA(arena);
	for (size_t i = 1; i < dir.n; i++)
		if (dir.p[i] == '/' && mkdir(arena_cstr(&arena, str_slice(dir, 0, i)), 0755) < 0 && errno != EEXIST)
			return err_errno(err, -errno, "cannot make the directory '%.*s'", (int)i, dir.p);
	return make_dir(supervisor, dir, 0750, err);
}

static int make_below(const struct supervisor *supervisor, const char *name, struct err *err)
{
	ARENA(arena);
	return make_dir(supervisor, arena_printf(&arena, "%.*s/%s", STR_ARG(supervisor->config->up.dir), name), 0750, err);
}

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static int read_address(struct str host, uint16_t port, union address *out, socklen_t *size, struct err *err)
{
	ARENA(arena);
	const char *text = arena_cstr(&arena, str_is(host, "*") ? STR("0.0.0.0") : str_is(host, "localhost") ? STR("127.0.0.1") : host);
	*out = (union address){ .four = { .sin_family = AF_INET, .sin_port = htons(port) } };
	*size = sizeof(out->four);
	if (inet_pton(AF_INET, text, &out->four.sin_addr) == 1)
		return 0;
	*out = (union address){ .six = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };
	*size = sizeof(out->six);
	if (inet_pton(AF_INET6, text, &out->six.sin6_addr) == 1)
		return 0;
	return err_set(err, -EINVAL, "'%s' is no address to listen on", text);
}

/* A listening socket, or a negative errno. */
static int listen_at(union address *address, socklen_t size, uint16_t port)
{
	int on = 1;
	if (address->any.sa_family == AF_INET)
		address->four.sin_port = htons(port);
	else
		address->six.sin6_port = htons(port);
	CLEANUP(fd_close_p) int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 || bind(fd, &address->any, size) < 0 ||
	    listen(fd, 512) < 0)
		return -errno;
	int taken = fd;
	fd = -1;
	return taken;
}

enum { PORTS_TRIED = 20 };

static int listen_console(struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->config;
	union address address;
	socklen_t size;
	struct str host;
	uint16_t port;
	int r = config_listen(config->up.listen, &host, &port, err);
	if (r == 0)
		r = read_address(host, port, &address, &size, err);
	if (r < 0)
		return r;
	int fd = listen_at(&address, size, port);
	/* The next one that is free: taken when nobody asked for this one, named otherwise. */
	uint16_t next = port;
	for (int i = 1; fd == -EADDRINUSE && i < PORTS_TRIED && next < UINT16_MAX; i++) {
		int other = listen_at(&address, size, ++next);
		if (other < 0)
			continue;
		if (!config->up.listen_given) {
			fd = other;
			break;
		}
		close(other);
		return err_set(err, -EADDRINUSE, "port %u is taken; %u is free: --listen %.*s:%u", port, next, STR_ARG(host), next);
	}
	if (fd < 0)
		return err_errno(err, fd, "cannot listen on %.*s", STR_ARG(config->up.listen));
	supervisor->console = fd;
	if (getsockname(fd, &address.any, &size) < 0)
		return err_errno(err, -errno, "cannot listen on %.*s", STR_ARG(config->up.listen));
	supervisor->port = ntohs(address.any.sa_family == AF_INET ? address.four.sin_port : address.six.sin6_port);
	return 0;
}

static int make_key(const struct config *config, struct err *err)
{
	ARENA(arena);
	struct public_key key;
	int r = keyring_create(arena_cstr(&arena, config->archive.keys), config->archive.key, SIGN_ED25519, &key, err);
	return r == -EEXIST ? 0 : r;
}

static int find_key(struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->config;
	ARENA(arena);
	struct public_key key;
	if (!config->archive.sign && !config->up.dir.p)
		return 0;
	int r = keyring_mend(arena_cstr(&arena, config->archive.keys), config->archive.key, err);
	if (r == 0 && config->up.dir.p)
		r = make_key(config, err);
	if (r < 0)
		return r;
	r = keyring_public(arena_cstr(&arena, config->archive.keys), config->archive.key, &key, err);
	if (r == -ENOENT)
		return config_no_key(config, err);
	if (r == 0)
		snprintf(supervisor->shared->key_id, sizeof(supervisor->shared->key_id), "%s", key.id);
	return r;
}

int supervisor_open(struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->config;
	int r = config->up.dir.p ? make_top(supervisor, err) : 0;
	r = r < 0 ? r : sandbox_prepare(err);
	r = r < 0 ? r : make_dir(supervisor, config->run, 0755, err);
	r = r < 0 ? r : take_lock(supervisor, err);
	r = r < 0 ? r : find_key(supervisor, err);
	r = r < 0 ? r : make_dir(supervisor, config->archive.dir, 0750, err);
	r = r < 0 ? r : make_dir(supervisor, config->findings, 0750, err);
	r = r < 0 ? r : listen_tcp(supervisor, err);
	r = r < 0 ? r : listen_local(supervisor, err);
	static const char *const folders[] = { "records", "files", "tls" };
	for (size_t i = 0; r == 0 && config->up.dir.p && i < COUNT(folders); i++)
		r = make_below(supervisor, folders[i], err);
	if (r == 0 && config->up.dir.p)
		r = listen_console(supervisor, err);
	if (r < 0)
		return r;
	supervisor->shared->n_sources = config->n_sources;
	for (size_t i = 0; i < config->n_sources; i++) {
		struct shared_source *source = &supervisor->shared->sources[i];
		snprintf(source->name, sizeof(source->name), "%.*s", STR_ARG(config->sources[i].name));
		snprintf(source->kind, sizeof(source->kind), "%s", config->sources[i].kind->name);
	}
	return 0;
}
