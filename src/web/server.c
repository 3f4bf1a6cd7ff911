/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/server_inside.h"

enum { CONNECTIONS = 1024, CONNECTIONS_ADDRESS = 256, SLOW_THREADS = 3, SLOW_QUEUE = 64, IDLE = 75, HEAD = 15, HEAD_MEMORY = 32 * 1024,
       THREADS_MOST = 8 };

LIBRARY(loaded, "libmicrohttpd.so.12", MHD_FUNCTIONS);
_Static_assert(sizeof(loaded) == sizeof(struct mhd), "the same pointers");
const struct mhd *const mhd = (const struct mhd *)&loaded;

int mhd_load(struct err *err)
{
	return LIBRARY_LOAD(loaded, err);
}

int server_prepare(struct err *err)
{
	return mhd_load(err);
}

/* ---- the socket ---- */

static int listen_on(int fd, const struct sockaddr *address, socklen_t size, const char *words, struct err *err)
{
	int on = 1, off = 0;
	if (fd < 0)
		return err_errno(err, -errno, "cannot listen on %s", words);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address, size) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_errno(err, -errno, "cannot listen on %s", words);
	return 0;
}

int server_listen(const char *address, unsigned port, int *out, struct err *err)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool six = inet_pton(AF_INET6, address, &in6.sin6_addr) == 1;
	ARENA(arena);
	struct str words = arena_printf(&arena, six ? "[%s]:%u" : "%s:%u", address, port);
	if (port > 65535 || (!six && inet_pton(AF_INET, address, &in.sin_addr) != 1))
		return err_set(err, -EINVAL, "'%s' is no address to listen on", words.p);
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = six ? listen_on(fd, (struct sockaddr *)&in6, sizeof(in6), words.p, err)
	            : listen_on(fd, (struct sockaddr *)&in, sizeof(in), words.p, err);
	if (r < 0 && fd >= 0)
		close(fd);
	*out = r < 0 ? -1 : fd;
	return r;
}

unsigned server_port(int listen_fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);
	if (getsockname(listen_fd, (struct sockaddr *)&address, &size) < 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port : ((struct sockaddr_in *)&address)->sin_port);
}

/* ---- connections ---- */

static void link_address(struct link *link, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	if (!address)
		return;
	if (address->sa_family == AF_INET6) {
		const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(six))
			inet_ntop(AF_INET, six->s6_addr + 12, link->address, sizeof(link->address));
		else
			inet_ntop(AF_INET6, six, link->address, sizeof(link->address));
	} else if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, link->address, sizeof(link->address));
	}
}

static void link_open(struct server *server, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *fd = mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *tls = mhd->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	struct link *link = mem_alloc(sizeof(*link));
	link->fd = fd ? fd->connect_fd : -1;
	link_address(link, connection);
	link_until(link, clock_monotonic_ns(), server->options.head_seconds);
	if (server->identity && tls && tls->tls_session)
		identity_attach(server->identity, tls->tls_session);
	pthread_mutex_lock(&server->mutex);
	link->next = server->links;
	link->at = &server->links;
	if (link->next)
		link->next->at = &link->next;
	server->links = link;
	pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->mutex);
	atomic_fetch_add(&server->connections, 1);
	*context = link;
}

static void link_close(struct server *server, struct link *link)
{
	pthread_mutex_lock(&server->mutex);
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	pthread_mutex_unlock(&server->mutex);
	atomic_fetch_sub(&server->connections, 1);
	free(link);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		link_open(ctx, connection, context);
	else if (*context)
		link_close(ctx, *context);
}

/* Once a second while there are connections: whoever takes too long is hung up on. libmicrohttpd has only a limit for silence, which a
 * byte now and then defeats. */
static void *watch(void *ctx)
{
	struct server *server = ctx;
	pthread_mutex_lock(&server->mutex);
	while (!server->ends) {
		struct timespec until;
		int64_t now = clock_monotonic_ns();
		for (struct link *link = server->links; link; link = link->next)
			if (link->fd >= 0 && atomic_load_explicit(&link->deadline, memory_order_relaxed) < now)
				shutdown(link->fd, SHUT_RDWR);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		if (server->links)
			pthread_cond_timedwait(&server->changed, &server->mutex, &until);
		else
			pthread_cond_wait(&server->changed, &server->mutex);
	}
	pthread_mutex_unlock(&server->mutex);
	return NULL;
}

/* ---- start and stop ---- */

static void log_nothing(void *ctx, const char *format, va_list args) PRINTF(2, 0);
static void log_nothing(void *ctx, const char *format, va_list args)
{
	(void)ctx, (void)format, (void)args;
}

static struct limit limit_or(struct limit given, uint32_t rate, uint32_t burst)
{
	return given.burst ? given : (struct limit){ rate, burst };
}

static void fill_in(struct server_options *options)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (!options->threads)
		options->threads = (unsigned)MIN(MAX(processors, 1L), (long)THREADS_MOST);
	options->slow_threads = options->slow_threads ? options->slow_threads : SLOW_THREADS;
	options->slow_queue = options->slow_queue ? options->slow_queue : SLOW_QUEUE;
	options->connections = options->connections ? options->connections : CONNECTIONS;
	options->connections_address = options->connections_address ? options->connections_address : CONNECTIONS_ADDRESS;
	options->idle_seconds = options->idle_seconds ? options->idle_seconds : IDLE;
	options->head_seconds = options->head_seconds ? options->head_seconds : HEAD;
	options->address = limit_or(options->address, 200 * 3600, 1000);
	options->user = limit_or(options->user, 40 * 3600, 400);
	options->guess = limit_or(options->guess, 20 * 60, 20);
}

static int start_daemon(struct server *server, struct err *err)
{
	const struct server_options *options = &server->options;
	ARENA(arena);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG;
	const char *certificate = arena_cstr(&arena, options->tls.certificate), *key = arena_cstr(&arena, options->tls.key);
	/* The certificate given here is only what libmicrohttpd asks for; each session gets its own from identity_attach(). */
	struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate },
		                        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key },
		                        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
		                        { MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem pool[] = { { MHD_OPTION_THREAD_POOL_SIZE, options->threads, NULL }, { MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	server->daemon = mhd->MHD_start_daemon(
	        flags | (server->identity ? MHD_USE_TLS : 0), 0, NULL, NULL, visit_go_on, server, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL,
	        MHD_OPTION_LISTEN_SOCKET, options->listen_fd, MHD_OPTION_CONNECTION_LIMIT, MAX(options->connections, options->threads),
	        MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connections_address, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK,
	        visit_begin, server, MHD_OPTION_NOTIFY_COMPLETED, visit_end, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	        MHD_OPTION_THREAD_STACK_SIZE, (size_t)1024 * 1024, MHD_OPTION_ARRAY, options->threads > 1 ? pool : none, MHD_OPTION_ARRAY,
	        server->identity ? tls : none, MHD_OPTION_END);
	return server->daemon ? 0 : err_set(err, -EIO, "the server cannot start");
}

static void server_free(struct server *server)
{
	if (!server)
		return;
	if (server->watches) {
		pthread_mutex_lock(&server->mutex);
		server->ends = true;
		pthread_cond_signal(&server->changed);
		pthread_mutex_unlock(&server->mutex);
		pthread_join(server->watch, NULL);
	}
	slow_free(server->slow);
	limits_free(server->limits);
	identity_free(server->identity);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->mutex);
	free(server);
}

static void server_free_p(struct server **server)
{
	server_free(*server);
}

int server_start(const struct server_options *options, struct server **out, struct err *err)
{
	int r = mhd_load(err);
	if (r < 0)
		return r;
	CLEANUP(server_free_p) struct server *server = mem_alloc(sizeof(*server));
	pthread_condattr_t monotonic;
	server->options = *options;
	fill_in(&server->options);
	pthread_mutex_init(&server->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	server->limits = limits_new();
	if (options->tls.certificate.p)
		r = identity_new(&options->tls, &server->identity, err);
	if (r == 0)
		r = slow_new(server->options.slow_threads, server->options.slow_queue, &server->slow, err);
	if (r == 0 && pthread_create(&server->watch, NULL, watch, server) != 0)
		r = err_set(err, -EAGAIN, "no thread for the server");
	server->watches = r == 0;
	if (r == 0)
		r = start_daemon(server, err);
	if (r == 0)
		*out = TAKE(server);
	return r;
}

int server_reload(struct server *server, const struct web_tls *pem, struct err *err)
{
	return server->identity ? identity_reload(server->identity, pem, err) : 0;
}

void server_stop(struct server *server, unsigned seconds)
{
	if (!server)
		return;
	const struct timespec moment = { .tv_nsec = 5 * 1000 * 1000 };
	int64_t until = clock_monotonic_ns() + (int64_t)seconds * 1000000000;
	atomic_store(&server->stopping, true);
	int fd = mhd->MHD_quiesce_daemon(server->daemon);
	if (fd >= 0)
		close(fd);
	if (server->options.stream)
		stream_stop(server->options.stream);
	while (atomic_load(&server->busy) && clock_monotonic_ns() < until)
		nanosleep(&moment, NULL);
	/* A suspended connection must be resumed before the end: its handler is waited for, whatever it takes. */
	atomic_store(&server->closed, true);
	while (atomic_load(&server->away))
		nanosleep(&moment, NULL);
	mhd->MHD_stop_daemon(server->daemon);
	server_free(server);
}
