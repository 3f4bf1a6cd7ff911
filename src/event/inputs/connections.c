/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/connections.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/framing.h"
#include "event/inputs/net.h"

enum {
	TURNS = 8,               /* connections that are read between two looks at which are ready */
	CHUNK_LEAST = 64 * 1024,
	CARRY_ALL = 32 * 1024 * 1024, /* bytes that wait for the end of their message, in all connections */
	CARRY_SMALL = 4096,
	ACCEPTS = 64,            /* at a time */
	ROUNDS = 256,            /* of turns in one batch, however little they bring */
};
static const int64_t second = INT64_C(1000000000);
static const int64_t silence = 2 * INT64_C(1000000000);
static const int64_t draining = 2 * INT64_C(1000000000); /* of connections whose senders go on after input_stop() */
static const int64_t complaint_every = 10 * INT64_C(1000000000);

const struct connections_options connections_defaults = {
	.connections = 1000,
	.connections_per_address = 200,
	.message = 256 * 1024,
	.patience = 30,
	.idle = 0,
	.handshake = 10,
};

enum state { HANDSHAKE, OPEN, ENDED };

struct connection {
	int fd;                 /* first, as in struct listener: both are told apart by `listens` */
	bool listens;
	enum state state;
	bool pending;           /* decrypted text waits, or its turn was cut short: in the list `again` */
	char address[NET_NAME];
	struct str host;        /* for messages that name none: the certificate's name, or the address */
	struct framing framing;
	struct stream stream;
	struct tls_session *session;
	int64_t began, whole;   /* monotonic: when it came, when a whole message last came */
	size_t counted;         /* of what waits for the end of its message, in `carried` */
	uint64_t ticket;        /* of the last batch with something of it */
};

struct listener {
	int fd;
	bool listens;
	bool paused; /* out of descriptors */
};

/* A complaint of a kind that a hostile sender can cause as often as it likes is made now and then, with the number. */
struct often {
	int64_t next;
	uint64_t unsaid;
};

struct connections {
	struct input input;
	int epoll;
	VEC(struct listener *) listeners;
	VEC(struct connection *) all;
	VEC(struct connection *) again;
	struct tls *tls;
	const struct parser *parser;
	bool host_of_certificate;
	size_t most, most_per_address, message;
	int64_t patience, idle, handshake;
	size_t carried;         /* by all connections */
	uint64_t kept;
	int64_t tick;           /* the next look at clocks */
	int64_t stop_by;
	struct often full, failures, broken;
};

static void complain_often(struct connections *all, struct often *often, const char *english, const char *who,
                           const char *why)
{
	int64_t now = clock_monotonic_ns();
	if (now < often->next) {
		often->unsaid++;
		return;
	}
	often->next = now + complaint_every;
	input_complain(&all->input, (struct note){ .english = english, .value = { str_from(who), str_from(why) } });
	if (often->unsaid) {
		BUF(number);
		buf_printf(&number, "%llu", (unsigned long long)often->unsaid);
		input_complain(&all->input, NOTE(TR("the same happened {} time{s} more"), buf_str(&number)));
	}
	often->unsaid = 0;
}

/* ---- connections come and go ---- */

static size_t carry_of(const struct connection *connection)
{
	return connection->stream.carry.n + connection->stream.tail.n;
}

static void account(struct connections *all, struct connection *connection)
{
	all->carried = all->carried - connection->counted + carry_of(connection);
	connection->counted = carry_of(connection);
}

static void connection_close(struct connections *all, size_t index)
{
	struct connection *connection = all->all.p[index];
	all->carried -= connection->counted;
	for (size_t i = 0; connection->pending && i < all->again.n; i++)
		if (all->again.p[i] == connection)
			all->again.p[i--] = all->again.p[--all->again.n];
	tls_session_close(connection->session);
	close(connection->fd);
	stream_done(&connection->stream);
	free(connection);
	all->all.p[index] = all->all.p[--all->all.n];
}

/* Only what is closed on purpose, with everything kept, ends in order: a process that is killed must not look like it, so
 * until then closing resets the connection, and a sender that was not told otherwise sends again. */
static void close_in_order(int fd, bool order)
{
	struct linger linger = { .l_onoff = !order };
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static size_t index_of(const struct connections *all, const struct connection *connection)
{
	size_t i = 0;
	while (all->all.p[i] != connection)
		i++;
	return i;
}

static void name_host(struct connections *all, const struct connection *connection, struct input_batch *batch,
                      size_t first)
{
	struct str host = STR_NONE;
	bool always = all->host_of_certificate && connection->session && tls_peer(connection->session);
	for (size_t i = first; i < batch->batch.events.n; i++) {
		struct event *event = &batch->batch.events.p[i];
		if (event->host.p && !always)
			continue;
		if (!host.p)
			host = arena_str(&batch->batch.arena, connection->host);
		event->host = host;
	}
}

/* Its messages are read; it is closed when they are kept. */
static void connection_end(struct connections *all, struct connection *connection, struct input_batch *batch)
{
	struct stream *stream = &connection->stream;
	size_t before = batch->batch.events.n;
	if (connection->state == OPEN) {
		if (connection->framing.kind == FRAMING_COUNTED && stream->carry.n) {
			struct str text = arena_str(&batch->batch.arena, buf_str(&stream->carry)), message;
			buf_done(&stream->carry);
			if (framing_next(&connection->framing, text, all->message, true, &message) > 0 && message.n)
				stream_record(stream, &all->input, batch, message);
		}
		stream_room(stream, &batch->batch, 0);
		stream_took(stream, &all->input, batch, 0, true);
		stream_flush(stream, &all->input, batch);
		account(all, connection);
	}
	name_host(all, connection, batch, before);
	if (batch->batch.events.n > before)
		connection->ticket = all->input.ticket;
	connection->state = ENDED;
	(void)epoll_ctl(all->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
}

/* The connection that has been useless for longest, if it has been longer than we are patient. */
static struct connection *find_useless(const struct connections *all, int64_t now)
{
	struct connection *worst = NULL;
	for (size_t i = 0; i < all->all.n; i++) {
		struct connection *connection = all->all.p[i];
		if (connection->state != ENDED && now - connection->whole > all->patience &&
		    (!worst || connection->whole < worst->whole))
			worst = connection;
	}
	return worst;
}

static bool make_place(struct connections *all, const char *address, struct input_batch *batch)
{
	size_t same = 0;
	for (size_t i = 0; i < all->all.n; i++)
		same += strcmp(all->all.p[i]->address, address) == 0;
	if (same >= all->most_per_address) {
		complain_often(all, &all->full, TR("{} has too many connections; another was refused"), address, NULL);
		return false;
	}
	if (all->all.n < all->most)
		return true;
	struct connection *useless = find_useless(all, clock_monotonic_ns());
	if (!useless) {
		complain_often(all, &all->full, TR("all places for connections are taken; {} was refused"), address, NULL);
		return false;
	}
	complain_often(all, &all->full, TR("all places for connections are taken; that of {}, which sent no whole message, was given away"),
	               useless->address, NULL);
	all->input.counters.refused++;
	connection_end(all, useless, batch);
	connection_close(all, index_of(all, useless));
	return true;
}

static void connection_new(struct connections *all, int fd, const union net_address *from, struct input_batch *batch)
{
	struct err err;
	struct connection *connection = mem_alloc(sizeof(*connection));
	connection->fd = fd;
	close_in_order(fd, false);
	net_name(from, connection->address);
	int r = make_place(all, connection->address, batch) ? 0 : -EBUSY;
	if (r == 0 && all->tls)
		r = tls_session_open(all->tls, fd, &connection->session, &err);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
	if (r == 0 && epoll_ctl(all->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		r = -errno;
	if (r < 0) {
		all->input.counters.refused++;
		tls_session_close(connection->session);
		close(fd);
		free(connection);
		return;
	}
	connection->state = all->tls ? HANDSHAKE : OPEN;
	connection->host = str_from(connection->address);
	connection->began = connection->whole = clock_monotonic_ns();
	stream_init(&connection->stream, connection->address, all->parser, ENCODING_AUTO, &all->input);
	all->input.counters.streams++;
	vec_push(&all->all, connection);
	if (all->tick == INT64_MAX)
		all->tick = connection->began + second;
}

static void accept_some(struct connections *all, struct listener *listener, struct input_batch *batch)
{
	for (int i = 0; i < ACCEPTS; i++) {
		union net_address from = { 0 };
		socklen_t n = sizeof(from);
		int fd = accept4(listener->fd, &from.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			connection_new(all, fd, &from, batch);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			complain_often(all, &all->full, TR("no more connections can be taken: {}"), err_words(-errno), NULL);
			listener->paused = true;
			(void)epoll_ctl(all->epoll, EPOLL_CTL_DEL, listener->fd, NULL);
			all->tick = MIN(all->tick, clock_monotonic_ns() + second);
			return;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
	}
}

/* ---- reading ---- */

/* The messages of what was read: `n` bytes behind what was carried over. */
static void cut_messages(struct connections *all, struct connection *connection, struct input_batch *batch, size_t n)
{
	struct stream *stream = &connection->stream;
	if (connection->framing.kind == FRAMING_LINES) {
		stream_took(stream, &all->input, batch, n, false);
		if (carry_of(connection) >= all->message) { /* in pieces */
			stream_room(stream, &batch->batch, 0);
			stream_took(stream, &all->input, batch, 0, true);
		}
		return;
	}
	struct str text = { batch->batch.arena.at, stream->carry.n + n }, message;
	if (connection->framing.kind == FRAMING_UNKNOWN)
		connection->framing.kind = framing_find(text, false);
	if (connection->framing.kind == FRAMING_LINES) {
		cut_messages(all, connection, batch, n);
		return;
	}
	arena_take(&batch->batch.arena, text.n);
	ssize_t took = 0;
	size_t used = 0;
	stream->last = clock_monotonic_ns();
	while (connection->framing.kind == FRAMING_COUNTED && used < text.n) {
		took = framing_next(&connection->framing, str_slice(text, used, text.n), all->message, false, &message);
		if (took <= 0)
			break;
		used += (size_t)took;
		if (message.n)
			stream_record(stream, &all->input, batch, message);
	}
	buf_clear(&stream->carry);
	if (took == -EBADMSG) {
		/* Nobody knows where the next message begins: the rest is kept as it is, as one. */
		complain_often(all, &all->broken, TR("{} sent a message without its length; the connection was ended"),
		               connection->address, NULL);
		stream_record(stream, &all->input, batch, str_slice(text, used, MIN(text.n, used + all->message)));
		connection_end(all, connection, batch);
		return;
	}
	if (used < text.n)
		buf_add(&stream->carry, str_slice(text, used, text.n));
	else if (stream->carry.room > CHUNK_LEAST)
		buf_done(&stream->carry);
}

static ssize_t receive(const struct connection *connection, char *room, size_t want, struct err *err)
{
	if (connection->session)
		return tls_receive(connection->session, room, want, err);
	ssize_t n = recv(connection->fd, room, want, 0);
	return n < 0 ? (errno == EINTR ? -EAGAIN : err_set(err, -errno, "%s", err_words(-errno))) : n;
}

static void read_again(struct connections *all, struct connection *connection)
{
	if (!connection->pending)
		vec_push(&all->again, connection);
	connection->pending = true;
}

/* One turn. How many bytes came; -EAGAIN: none for now. The connection may be ENDED behind it. */
static ssize_t connection_read(struct connections *all, struct connection *connection, size_t want,
                               struct input_batch *batch)
{
	struct err err = { 0 };
	struct stream *stream = &connection->stream;
	size_t first = batch->batch.events.n, got = 0;
	ssize_t n = 0;
	do { /* TLS gives a record at a time */
		char *room = stream_room(stream, &batch->batch, want - got);
		n = receive(connection, room, want - got, &err);
		if (n <= 0)
			break;
		got += (size_t)n;
		cut_messages(all, connection, batch, (size_t)n);
	} while (connection->session && connection->state == OPEN && want - got >= CHUNK_LEAST / 4);
	account(all, connection);
	if (batch->batch.events.n > first) {
		connection->whole = stream->last;
		connection->ticket = all->input.ticket;
	}
	if (connection->state == OPEN && all->carried > CARRY_ALL && carry_of(connection) > CARRY_SMALL) {
		complain_often(all, &all->broken, TR("too much text waits for the end of its message; that of {} was cut"),
		               connection->address, NULL);
		if (connection->framing.kind == FRAMING_COUNTED) {
			struct str piece = arena_str(&batch->batch.arena, buf_str(&stream->carry)), message;
			ssize_t took = framing_next(&connection->framing, piece, MAX(piece.n, (size_t)FRAMING_DIGITS + 2) - FRAMING_DIGITS - 1,
			                            false, &message);
			if (took > 0) {
				stream_record(stream, &all->input, batch, message);
				buf_clear(&stream->carry);
				buf_add(&stream->carry, str_slice(piece, (size_t)took, piece.n));
			}
		} else {
			stream_room(stream, &batch->batch, 0);
			stream_took(stream, &all->input, batch, 0, true);
		}
		account(all, connection);
	}
	all->input.counters.bytes += got;
	if (connection->state == OPEN && n <= 0 && n != -EAGAIN) {
		if (n < 0)
			complain_often(all, &all->failures, TR("the connection of {} broke: {}"), connection->address, err.text);
		connection_end(all, connection, batch);
	} else if (connection->state == OPEN && connection->session && n > 0) {
		read_again(all, connection);
	}
	name_host(all, connection, batch, first);
	return got ? (ssize_t)got : n;
}

static void close_if_kept(struct connections *all, struct connection *connection)
{
	if (connection->state == ENDED && connection->ticket <= all->kept) {
		close_in_order(connection->fd, true);
		connection_close(all, index_of(all, connection));
	}
}

static void shake_hands(struct connections *all, struct connection *connection, struct input_batch *batch)
{
	struct err err = { 0 };
	bool write = false;
	int r = tls_handshake(connection->session, &write, &err);
	struct epoll_event event = { .events = write ? EPOLLOUT : EPOLLIN, .data.ptr = connection };
	if (r == 0) {
		event.events = EPOLLIN;
		connection->state = OPEN;
		if (tls_peer(connection->session))
			connection->host = str_from(tls_peer(connection->session));
		read_again(all, connection); /* what came with the last message of the handshake */
	} else if (r != -EAGAIN) {
		complain_often(all, &all->failures, TR("the connection of {} broke: {}"), connection->address, err.text);
		all->input.counters.refused++;
		connection_end(all, connection, batch);
		connection_close(all, index_of(all, connection));
		return;
	}
	(void)epoll_ctl(all->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

/* Handshakes and silences that have lasted too long, joins that wait for nothing. */
static void look_at_clocks(struct connections *all, struct input_batch *batch)
{
	int64_t now = clock_monotonic_ns();
	if (now < all->tick)
		return;
	for (size_t i = all->all.n; i-- > 0;) {
		struct connection *connection = all->all.p[i];
		size_t first = batch->batch.events.n;
		if (connection->state == HANDSHAKE && now - connection->began > all->handshake) {
			complain_often(all, &all->failures, TR("the connection of {} broke: {}"), connection->address,
			               TR("its handshake took too long"));
			all->input.counters.refused++;
			connection_end(all, connection, batch);
			connection_close(all, i);
			continue;
		}
		if (connection->state == OPEN && all->idle && now - connection->whole > all->idle) {
			connection_end(all, connection, batch);
		} else if (connection->state == OPEN && connection->stream.held && now - connection->stream.last > silence) {
			stream_flush(&connection->stream, &all->input, batch);
			if (batch->batch.events.n > first)
				connection->ticket = all->input.ticket;
		}
		name_host(all, connection, batch, first);
		close_if_kept(all, connection);
	}
	for (size_t i = 0; i < all->listeners.n; i++) {
		struct listener *listener = all->listeners.p[i];
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = listener };
		if (listener->paused && !all->input.stopped && epoll_ctl(all->epoll, EPOLL_CTL_ADD, listener->fd, &event) == 0)
			listener->paused = false;
	}
	all->tick = all->all.n || all->listeners.n == 0 ? now + second : INT64_MAX;
	for (size_t i = 0; i < all->listeners.n; i++)
		if (all->listeners.p[i]->paused)
			all->tick = now + second;
}

/* After input_stop(): what lies in the sockets' buffers, then the end. */
static int drain(struct connections *all, size_t most, struct input_batch *batch)
{
	size_t got = 0;
	for (size_t i = 0; i < all->all.n && got < most; i++) {
		struct connection *connection = all->all.p[i];
		while (connection->state == OPEN && got < most) {
			ssize_t n = clock_monotonic_ns() < all->stop_by ? connection_read(all, connection, CHUNK_LEAST, batch) : -EAGAIN;
			if (n > 0)
				got += (size_t)n;
			else if (connection->state == OPEN)
				connection_end(all, connection, batch);
		}
		if (connection->state == HANDSHAKE)
			connection_end(all, connection, batch);
	}
	return batch->batch.events.n ? 1 : -ENODATA;
}

static int connections_read(struct input *input, size_t most, struct input_batch *batch, struct err *err)
{
	struct connections *all = (struct connections *)input;
	size_t got = 0, want = MAX(most / TURNS, (size_t)CHUNK_LEAST);
	if (input->stopped)
		return drain(all, most, batch);
	look_at_clocks(all, batch);
	for (size_t n = all->again.n; n > 0 && all->again.n && got < most; n--) {
		struct connection *connection = all->again.p[0];
		memmove(all->again.p, all->again.p + 1, --all->again.n * sizeof(struct connection *));
		connection->pending = false;
		ssize_t r = connection_read(all, connection, want, batch);
		got += r > 0 ? (size_t)r : 0;
		close_if_kept(all, connection);
	}
	for (int round = 0; got < most && round < ROUNDS; round++) {
		struct epoll_event ready[TURNS];
		int n = epoll_wait(all->epoll, ready, TURNS, 0);
		if (n < 0 && errno != EINTR)
			return err_errno(err, -errno, "cannot wait for connections");
		if (n <= 0)
			break;
		size_t before = got, known = all->all.n;
		bool accepted = false;
		for (int i = 0; i < n; i++) {
			struct connection *connection = ready[i].data.ptr;
			if (connection->listens) {
				accepted = true; /* last: it may close one that stands later in `ready` */
				continue;
			}
			if (connection->state == HANDSHAKE) {
				shake_hands(all, connection, batch);
				continue;
			}
			ssize_t r = connection_read(all, connection, want, batch);
			got += r > 0 ? (size_t)r : 0;
			close_if_kept(all, connection);
		}
		for (int i = 0; accepted && i < n; i++) {
			struct listener *listener = ready[i].data.ptr;
			for (size_t j = 0; j < all->listeners.n; j++)
				if (all->listeners.p[j] == listener)
					accept_some(all, listener, batch);
		}
		if (got == before && known == all->all.n && n < TURNS)
			break; /* nothing but half handshakes */
	}
	return batch->batch.events.n ? 1 : 0;
}

static void connections_kept(struct input *input, uint64_t ticket)
{
	struct connections *all = (struct connections *)input;
	all->kept = MAX(all->kept, ticket);
	for (size_t i = all->all.n; i-- > 0;)
		close_if_kept(all, all->all.p[i]);
}

static int connections_fd(const struct input *input)
{
	return ((const struct connections *)input)->epoll;
}

static int64_t connections_deadline(const struct input *input)
{
	const struct connections *all = (const struct connections *)input;
	return all->again.n ? 0 : all->tick;
}

static void close_listeners(struct connections *all)
{
	for (size_t i = 0; i < all->listeners.n; i++) {
		close(all->listeners.p[i]->fd);
		free(all->listeners.p[i]);
	}
	vec_done(&all->listeners);
}

static void connections_stop(struct input *input)
{
	struct connections *all = (struct connections *)input;
	close_listeners(all);
	all->stop_by = clock_monotonic_ns() + draining;
}

static void connections_close(struct input *input)
{
	struct connections *all = (struct connections *)input;
	while (all->all.n)
		connection_close(all, all->all.n - 1);
	close_listeners(all);
	vec_done(&all->all);
	vec_done(&all->again);
	if (all->epoll >= 0)
		close(all->epoll);
	tls_close(all->tls);
	input_done(input);
	free(all);
}

static const struct input_ops connections_ops = {
	.fd = connections_fd,
	.deadline = connections_deadline,
	.read = connections_read,
	.kept = connections_kept,
	.stop = connections_stop,
	.close = connections_close,
};

static int listen_all(struct connections *all, struct strings where, uint16_t port, struct err *err)
{
	for (size_t i = 0; i < where.n; i++) {
		int fd = net_listen(where.p[i], port, SOCK_STREAM, 0, err);
		if (fd < 0)
			return fd;
		struct listener *listener = mem_alloc(sizeof(*listener));
		*listener = (struct listener){ .fd = fd, .listens = true };
		vec_push(&all->listeners, listener);
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = listener };
		if (epoll_ctl(all->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			return err_errno(err, -errno, "cannot wait for connections");
	}
	return 0;
}

int connections_open(const struct connections_options *options, bool tls, uint16_t port, struct str source,
                     const struct parse_options *parse, struct str (*find)(void *ctx, struct str key), void *ctx,
                     struct input **out, struct err *err)
{
	struct connections *all = mem_alloc(sizeof(*all));
	*out = NULL;
	input_init(&all->input, &connections_ops, source, parse, find, ctx);
	all->most = (size_t)options->connections;
	all->most_per_address = (size_t)options->connections_per_address;
	all->message = (size_t)options->message;
	all->patience = options->patience * second;
	all->idle = options->idle * second;
	all->handshake = options->handshake * second;
	all->host_of_certificate = options->host_of_certificate;
	all->tick = INT64_MAX;
	all->epoll = epoll_create1(EPOLL_CLOEXEC);
	int r = all->epoll < 0 ? err_errno(err, -errno, "cannot wait for connections") : 0;
	if (r == 0)
		r = input_parser(options->format, &all->parser, err);
	if (r == 0 && !all->parser)
		all->parser = parser_find(STR("syslog")); /* NULL: found for each connection */
	if (r == 0 && all->parser && all->parser->framing == FRAME_FILE)
		r = err_set(err, -EINVAL, "%s is a format of files, not of messages", all->parser->name);
	if (r == 0 && tls)
		r = tls_open(&options->tls, &all->tls, err);
	if (r == 0)
		r = listen_all(all, options->listen, port, err);
	if (r < 0) {
		connections_close(&all->input);
		return r;
	}
	*out = &all->input;
	return 0;
}
