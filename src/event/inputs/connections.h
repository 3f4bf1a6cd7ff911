/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * connections: syslog over streams, TCP or TLS: listening, many connections, their bounds.
 *
 * - Nothing is read that no batch asked for: while batches wait, the senders' windows fill and they wait, too.
 * - A connection that the sender ends is closed by us only when all it brought is kept (input_kept()): what ward closes in
 *   order, it has on disk. A connection that breaks brings what had come.
 * - Bounds: connections in all and for each address, the length of a message, the bytes that wait for the end
 *   of their message in all connections together, the time of a TLS handshake. When all places are taken and another
 *   sender comes, the connection goes that has brought no whole message for longest, if that is longer than `patience`;
 *   else the new one is refused.
 *
 * Each connection has one descriptor in an epoll set, which is the input's descriptor. Eight at a time are read, up to an eighth of a
 * batch each, straight into the batch; so all get their turn and a message costs a fraction of a system call.
 */
#ifndef WARD_EVENT_INPUTS_CONNECTIONS_H
#define WARD_EVENT_INPUTS_CONNECTIONS_H

#include "event/inputs/base.h"
#include "event/inputs/tls.h"

struct connections_options {
	struct strings listen;
	struct str format;
	int64_t connections, connections_per_address, message, patience, idle, handshake;
	bool host_of_certificate; /* the certificate's name is the host, whatever messages say */
	struct tls_options tls;
};

extern const struct connections_options connections_defaults;

int connections_open(const struct connections_options *options, bool tls, uint16_t port, struct str source,
                     const struct parse_options *parse, struct str (*find)(void *ctx, struct str key), void *ctx,
                     struct input **out, struct err *err) MUST_USE;

#endif
