/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The kernel's audit records, by its multicast group (AUDIT_NLGRP_READLOG): beside auditd or without it, nothing is taken
 * away from anybody. Needs CAP_AUDIT_READ. Each record becomes a line as auditd writes it; the parser joins them.
 *
 * Multicast has no answer: when nobody reads in time the kernel drops records. It counts them for each socket (SO_MEMINFO), and so
 * do we: `lost`, with a complaint. There is no position: what came while nobody listened is not kept by the kernel.
 */
#include <libaudit.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/inputs/base.h"

enum { RECORD_MOST = 64 * 1024 };
static const int64_t silence = 2 * INT64_C(1000000000);
static const int64_t complaint_every = 10 * INT64_C(1000000000);

struct audit_options {
	int64_t buffer;
};

static const struct audit_options audit_defaults = { .buffer = 16 * 1024 * 1024 };

struct audit_input {
	struct input input;
	int fd;
	struct stream stream;
	char *text;         /* RECORD_MOST */
	uint32_t dropped;   /* by the kernel, as last told */
	uint64_t lost_unsaid;
	int64_t complain_at;
};

static void note_drops(struct audit_input *audit)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof(info);
	if (getsockopt(audit->fd, SOL_SOCKET, SO_MEMINFO, info, &n) < 0)
		return;
	uint32_t more = info[SK_MEMINFO_DROPS] - audit->dropped;
	audit->dropped = info[SK_MEMINFO_DROPS];
	audit->input.counters.lost += more;
	audit->lost_unsaid += more;
}

static void take(struct audit_input *audit, struct input_batch *batch, size_t n)
{
	struct nlmsghdr header;
	if (n < sizeof(header))
		return;
	memcpy(&header, audit->text, sizeof(header));
	/* The kernel's lengths do not always count the header; the datagram's own length is right. */
	struct str payload = str_trim_right((struct str){ audit->text + NLMSG_HDRLEN, n - NLMSG_HDRLEN });
	while (payload.n && payload.p[payload.n - 1] == '\0')
		payload.n--;
	if (!payload.n)
		return;
	const char *type = audit_msg_type_to_name(header.nlmsg_type);
	struct str line = type ? arena_printf(&batch->batch.arena, "type=%s msg=%.*s", type, STR_ARG(payload))
	                       : arena_printf(&batch->batch.arena, "type=UNKNOWN[%d] msg=%.*s", header.nlmsg_type, STR_ARG(payload));
	audit->stream.last = clock_monotonic_ns();
	stream_record(&audit->stream, &audit->input, batch, line);
}

static int records_read(struct input *input, size_t most, struct input_batch *batch, struct err *err)
{
	struct audit_input *audit = (struct audit_input *)input;
	size_t got = 0;
	while (got < most) {
		union {
			struct sockaddr any;
			struct sockaddr_nl netlink;
		} from;
		socklen_t n_from = sizeof(from);
		ssize_t n = recvfrom(audit->fd, audit->text, RECORD_MOST, MSG_DONTWAIT, &from.any, &n_from);
		if (n < 0 && (errno == EINTR || errno == ENOBUFS)) {
			note_drops(audit);
			continue;
		}
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return err_errno(err, -errno, "cannot read audit records");
		if (n_from < sizeof(from.netlink) || from.netlink.nl_pid != 0)
			continue; /* only the kernel's word counts */
		got += (size_t)n;
		take(audit, batch, (size_t)n);
	}
	input->counters.bytes += got;
	int64_t now = clock_monotonic_ns();
	if (audit->stream.held && (input->stopped || now >= audit->stream.last + silence))
		stream_flush(&audit->stream, input, batch);
	if (audit->lost_unsaid && now >= audit->complain_at) {
		BUF(number);
		buf_printf(&number, "%llu", (unsigned long long)audit->lost_unsaid);
		input_complain(input, NOTE(TR("{} audit record{s} came faster than could be read, and got lost"), buf_str(&number)));
		audit->lost_unsaid = 0;
		audit->complain_at = now + complaint_every;
	}
	return batch->batch.events.n ? 1 : input->stopped && !got ? -ENODATA : 0;
}

static int records_fd(const struct input *input)
{
	return ((const struct audit_input *)input)->fd;
}

static int64_t records_deadline(const struct input *input)
{
	const struct audit_input *audit = (const struct audit_input *)input;
	int64_t deadline = audit->lost_unsaid ? audit->complain_at : INT64_MAX;
	return audit->stream.held ? MIN(deadline, audit->stream.last + silence) : deadline;
}

static void records_close(struct input *input)
{
	struct audit_input *audit = (struct audit_input *)input;
	if (audit->fd >= 0)
		close(audit->fd);
	stream_done(&audit->stream);
	free(audit->text);
	input_done(input);
	free(audit);
}

static const struct input_ops audit_ops = {
	.fd = records_fd,
	.deadline = records_deadline,
	.read = records_read,
	.close = records_close,
};

static int join_group(struct audit_input *audit, int buffer, struct err *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int group = AUDIT_NLGRP_READLOG;
	audit->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (audit->fd < 0)
		return err_errno(err, -errno, "cannot reach the kernel's audit");
	if (setsockopt(audit->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
		(void)setsockopt(audit->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (bind(audit->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(audit->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return err_errno(err, -errno, "cannot read the kernel's audit records (that needs CAP_AUDIT_READ)");
	return 0;
}

static int records_open(const void *decoded, struct str source, const struct parse_options *parse,
                            struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	const struct audit_options *options = decoded;
	struct audit_input *audit = mem_alloc(sizeof(*audit));
	*out = NULL;
	audit->fd = -1;
	input_init(&audit->input, &audit_ops, source, parse, find, ctx);
	stream_init(&audit->stream, "audit", &parser_auditd, ENCODING_AUTO, &audit->input);
	audit->text = mem_alloc(RECORD_MOST);
	int r = join_group(audit, (int)options->buffer, err);
	if (r < 0) {
		records_close(&audit->input);
		return r;
	}
	audit->input.counters.streams = 1;
	*out = &audit->input;
	return 0;
}

static const struct schema_field audit_fields[] = {
	{ "buffer", SCHEMA_INT, offsetof(struct audit_options, buffer), .min = 65536, .max = 1073741824 },
	{ 0 },
};
static const struct schema audit_schema = { "an input of audit records", audit_fields, sizeof(struct audit_options) };

const struct input_kind input_audit = {
	.name = "audit",
	.doc = TR("the kernel's audit records, beside auditd or without it"),
	.schema = &audit_schema,
	.defaults = &audit_defaults,
	.open = records_open,
};
