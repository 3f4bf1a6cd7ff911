/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Syslog over UDP (RFC 5426): a datagram is a message. Many are taken with one system call.
 *
 * UDP loses what nobody reads in time; the kernel counts it (SO_RXQ_OVFL), and so do we: `lost`, with a complaint that
 * gives the number. A large receive buffer is asked for.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/base.h"
#include "event/inputs/net.h"

enum { PORT = 514, MESSAGES = 128, MESSAGE_MOST = 65536, CONTROL = 64 };
static const int64_t complaint_every = 10 * INT64_C(1000000000);

struct udp_options {
	struct strings listen;
	struct str format;
	int64_t buffer;
};

static const struct udp_options udp_defaults = { .buffer = 16 * 1024 * 1024 };

struct udp_socket {
	int fd;
	uint32_t dropped; /* by the kernel, as last told; it wraps */
};

struct udp {
	struct input input;
	int epoll;
	VEC(struct udp_socket) sockets;
	struct stream stream;
	char *texts;               /* MESSAGES of MESSAGE_MOST bytes; only what is used is ever touched */
	struct mmsghdr headers[MESSAGES];
	struct iovec parts[MESSAGES];
	union net_address from[MESSAGES];
	char control[MESSAGES][CONTROL] __attribute__((aligned(16)));
	uint64_t lost_unsaid;
	int64_t complain_at;
	bool ended;
};

static void note_drops(struct udp *udp, struct udp_socket *from, struct msghdr *header)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		uint32_t dropped;
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&dropped, CMSG_DATA(part), sizeof(dropped));
		uint32_t more = dropped - from->dropped;
		from->dropped = dropped;
		udp->input.counters.lost += more;
		udp->lost_unsaid += more;
	}
}

/* One message: in the batch, with the sender as its host when it names none. */
static void take(struct udp *udp, struct input_batch *batch, const char *text, size_t n, const union net_address *from,
                 union net_address *last, struct str *host)
{
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\0' || text[n - 1] == '\r'))
		n--;
	if (!n)
		return;
	char *copy = arena_bytes(&batch->batch.arena, n);
	memcpy(copy, text, n);
	size_t first = batch->batch.events.n;
	if (!host->p || memcmp(last, from, sizeof(*from)) != 0) {
		char name[NET_NAME];
		net_name(from, name);
		*host = arena_str(&batch->batch.arena, str_from(name));
		*last = *from;
		free(udp->stream.name);
		udp->stream.name = mem_text(*host);
	}
	stream_record(&udp->stream, &udp->input, batch, (struct str){ copy, n });
	for (size_t i = first; i < batch->batch.events.n; i++)
		if (!batch->batch.events.p[i].host.p)
			batch->batch.events.p[i].host = *host;
}

static size_t read_socket(struct udp *udp, struct udp_socket *from, size_t most, struct input_batch *batch)
{
	union net_address last = { 0 };
	struct str host = STR_NONE;
	size_t got = 0;
	while (got < most) {
		for (size_t i = 0; i < MESSAGES; i++) {
			memset(&udp->from[i], 0, sizeof(udp->from[i]));
			udp->parts[i] = (struct iovec){ udp->texts + i * MESSAGE_MOST, MESSAGE_MOST };
			udp->headers[i].msg_hdr = (struct msghdr){ .msg_name = &udp->from[i], .msg_namelen = sizeof(udp->from[i]),
				                                   .msg_iov = &udp->parts[i], .msg_iovlen = 1,
				                                   .msg_control = udp->control[i], .msg_controllen = CONTROL };
		}
		int n = recvmmsg(from->fd, udp->headers, MESSAGES, MSG_DONTWAIT, NULL);
		if (n <= 0)
			break;
		for (int i = 0; i < n; i++) {
			note_drops(udp, from, &udp->headers[i].msg_hdr);
			/* Ports differ between messages of one sender: only the host matters. */
			if (udp->from[i].any.sa_family == AF_INET)
				udp->from[i].v4.sin_port = 0;
			else
				udp->from[i].v6.sin6_port = 0;
			got += udp->headers[i].msg_len;
			take(udp, batch, udp->parts[i].iov_base, udp->headers[i].msg_len, &udp->from[i], &last, &host);
		}
		if (n < MESSAGES)
			break;
	}
	udp->input.counters.bytes += got;
	return got;
}

static int udp_read(struct input *input, size_t most, struct input_batch *batch, struct err *err UNUSED)
{
	struct udp *udp = (struct udp *)input;
	size_t got = 0;
	for (size_t i = 0; i < udp->sockets.n && !udp->ended; i++)
		got += read_socket(udp, &udp->sockets.p[i], MAX(most / udp->sockets.n, (size_t)1), batch);
	if (!got && udp->stream.held)
		stream_flush(&udp->stream, input, batch);
	udp->ended = input->stopped && !got;
	int64_t now = clock_monotonic_ns();
	if (udp->lost_unsaid && now >= udp->complain_at) {
		BUF(number);
		buf_printf(&number, "%llu", (unsigned long long)udp->lost_unsaid);
		input_complain(input, NOTE(TR("{} message{s} came over UDP faster than could be read, and got lost"), buf_str(&number)));
		udp->lost_unsaid = 0;
		udp->complain_at = now + complaint_every;
	}
	return batch->batch.events.n ? 1 : udp->ended ? -ENODATA : 0;
}

static int udp_fd(const struct input *input)
{
	return ((const struct udp *)input)->epoll;
}

static int64_t udp_deadline(const struct input *input)
{
	const struct udp *udp = (const struct udp *)input;
	int64_t deadline = udp->lost_unsaid ? udp->complain_at : INT64_MAX;
	return udp->stream.held ? MIN(deadline, udp->stream.last + INT64_C(1000000000)) : deadline;
}

static void udp_close(struct input *input)
{
	struct udp *udp = (struct udp *)input;
	for (size_t i = 0; i < udp->sockets.n; i++)
		close(udp->sockets.p[i].fd);
	vec_done(&udp->sockets);
	stream_done(&udp->stream);
	if (udp->epoll >= 0)
		close(udp->epoll);
	free(udp->texts);
	input_done(input);
	free(udp);
}

static const struct input_ops udp_ops = {
	.fd = udp_fd,
	.deadline = udp_deadline,
	.read = udp_read,
	.close = udp_close,
};

static int listen_all(struct udp *udp, const struct udp_options *options, struct err *err)
{
	int on = 1;
	for (size_t i = 0; i < options->listen.n; i++) {
		int fd = net_listen(options->listen.p[i], PORT, SOCK_DGRAM, (int)options->buffer, err);
		if (fd < 0)
			return fd;
		vec_push(&udp->sockets, { .fd = fd });
		struct epoll_event event = { .events = EPOLLIN };
		if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) < 0 ||
		    epoll_ctl(udp->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			return err_errno(err, -errno, "cannot wait for messages");
	}
	return 0;
}

static int udp_open(const void *decoded, struct str source, const struct parse_options *parse,
                    struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	const struct udp_options *options = decoded;
	const struct parser *parser;
	*out = NULL;
	int r = input_parser(options->format.p ? options->format : STR("syslog"), &parser, err);
	if (r < 0)
		return r;
	struct udp *udp = mem_alloc(sizeof(*udp));
	input_init(&udp->input, &udp_ops, source, parse, find, ctx);
	stream_init(&udp->stream, "", parser, ENCODING_AUTO, &udp->input);
	udp->texts = mem_alloc((size_t)MESSAGES * MESSAGE_MOST);
	udp->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = udp->epoll < 0 ? err_errno(err, -errno, "cannot wait for messages") : listen_all(udp, options, err);
	if (r < 0) {
		udp_close(&udp->input);
		return r;
	}
	*out = &udp->input;
	return 0;
}

static const struct schema_field udp_fields[] = {
	{ "listen", SCHEMA_STRINGS, offsetof(struct udp_options, listen), .required = true },
	{ "format", SCHEMA_STRING, offsetof(struct udp_options, format) },
	{ "buffer", SCHEMA_INT, offsetof(struct udp_options, buffer), .min = 65536, .max = 1073741824 },
	{ 0 },
};
static const struct schema udp_schema = { "an input of syslog over UDP", udp_fields, sizeof(struct udp_options) };

const struct input_kind input_syslog_udp = {
	.name = "syslog_udp",
	.doc = TR("syslog over UDP, with losses counted"),
	.schema = &udp_schema,
	.defaults = &udp_defaults,
	.open = udp_open,
};
