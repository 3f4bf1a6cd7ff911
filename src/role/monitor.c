/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/monitor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "role/control.h"
#include "sys/root.h"

struct client {
	int fd; /* -1: free */
	int64_t since;
	struct buf request, response;
	size_t sent;
	bool answering;
};

/* ---- requests ---- */

static void respond(struct buf *out, const char *status, const char *type, struct str body, bool head)
{
	buf_clear(out);
	buf_printf(out,
	           "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n"
	           "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n",
	           status, type, body.n);
	if (!head)
		buf_add(out, body);
}

static bool host_is_here(struct str host)
{
	ptrdiff_t colon = str_find_char_last(host, ':');
	if (colon > 0 && host.p[host.n - 1] != ']')
		host = str_slice(host, 0, (size_t)colon);
	return str_is(host, "127.0.0.1") || str_is_nocase(host, "localhost") || str_is(host, "[::1]");
}

/* The lines behind the first: false when one is no header, or Host names another machine. */
static bool headers_are_good(struct str rest, bool *foreign)
{
	struct str line;
	*foreign = false;
	while (str_line(&rest, &line) && line.n) {
		struct str value = line, name = str_cut(&value, ':');
		if (!value.p || !name.n)
			return false;
		if (str_is_nocase(name, "host") && !host_is_here(str_trim(value)))
			*foreign = true;
	}
	return true;
}

int monitor_answer(const struct shared *shared, struct str request, struct buf *response)
{
	static const char text[] = "text/plain; charset=utf-8";
	ptrdiff_t end = str_find(request, "\r\n\r\n");
	bool foreign;
	if (end < 0 && request.n < MONITOR_REQUEST)
		return 0;
	struct str rest = str_slice(request, 0, end < 0 ? 0 : (size_t)end + 4), line = STR_NONE;
	if (!str_line(&rest, &line) || !headers_are_good(rest, &foreign)) {
		respond(response, "400 Bad Request", text, STR("not understood\n"), false);
		return 1;
	}
	struct str method = str_word(&line), path = str_word(&line), version = str_word(&line);
	bool head = str_is(method, "HEAD");
	BUF(body);
	if (!str_starts(version, "HTTP/1.") || line.n) {
		respond(response, "400 Bad Request", text, STR("not understood\n"), false);
	} else if (foreign) {
		respond(response, "403 Forbidden", text, STR("this is for the machine itself\n"), head);
	} else if (!head && !str_is(method, "GET")) {
		respond(response, "405 Method Not Allowed", text, STR("only GET\n"), false);
	} else if (str_is(path, "/metrics")) {
		shared_metrics(&body, shared);
		respond(response, "200 OK", "text/plain; version=0.0.4; charset=utf-8", buf_str(&body), head);
	} else if (str_is(path, "/status")) {
		shared_json(&body, shared);
		respond(response, "200 OK", "application/json", buf_str(&body), head);
	} else {
		respond(response, "404 Not Found", text, STR("/metrics and /status are here\n"), head);
	}
	return 1;
}

/* ---- connections ---- */

static void client_close(struct client *client)
{
	fd_close_p(&client->fd);
	client->fd = -1;
	buf_done(&client->request);
	buf_done(&client->response);
}

static void client_take(struct client *clients, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *place = &clients[0];
	if (fd < 0)
		return;
	for (size_t i = 0; i < MONITOR_CLIENTS && place->fd >= 0; i++)
		if (clients[i].fd < 0 || clients[i].since < place->since)
			place = &clients[i];
	if (place->fd >= 0)
		client_close(place);
	*place = (struct client){ .fd = fd, .since = clock_monotonic_ns() };
}

/* Read or write what is possible now. */
static void client_serve(struct client *client, const struct shared *shared)
{
	if (!client->answering) {
		size_t room = MONITOR_REQUEST - client->request.n;
		ssize_t n = recv(client->fd, buf_reserve(&client->request, room), room, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			client_close(client);
			return;
		}
		client->request.n += (size_t)n;
		client->answering = monitor_answer(shared, buf_str(&client->request), &client->response);
	}
	if (!client->answering)
		return;
	ssize_t n = send(client->fd, client->response.p + client->sent, client->response.n - client->sent, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->sent += n > 0 ? (size_t)n : 0;
	if (n > 0 && client->sent < client->response.n)
		return;
	/* What it sent beyond its request must not turn the answer into a reset. */
	shutdown(client->fd, SHUT_WR);
	char rest[1024];
	while (recv(client->fd, rest, sizeof(rest), 0) > 0)
		;
	client_close(client);
}

int monitor_run(const struct shared *shared, int control, int tcp, int local, struct err *err)
{
	struct client clients[MONITOR_CLIENTS];
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		clients[i] = (struct client){ .fd = -1 };
	for (;;) {
		struct pollfd wait[MONITOR_CLIENTS + 3] = {
			{ .fd = control, .events = POLLIN },
			{ .fd = tcp, .events = POLLIN },
			{ .fd = local, .events = POLLIN },
		};
		for (size_t i = 0; i < MONITOR_CLIENTS; i++)
			wait[i + 3] = (struct pollfd){ .fd = clients[i].fd, .events = clients[i].answering ? POLLOUT : POLLIN };
		if (poll(wait, COUNT(wait), 1000) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the monitor cannot wait");
		int64_t now = clock_monotonic_ns();
		for (size_t i = 0; i < MONITOR_CLIENTS; i++) {
			if (clients[i].fd >= 0 && wait[i + 3].revents)
				client_serve(&clients[i], shared);
			if (clients[i].fd >= 0 && now - clients[i].since > MONITOR_PATIENCE)
				client_close(&clients[i]);
		}
		if (wait[1].revents)
			client_take(clients, tcp);
		if (wait[2].revents)
			client_take(clients, local);
		if (wait[0].revents) {
			enum control_word word;
			int fd;
			int r = control_take(control, &word, &fd, err);
			fd_close_p(&fd);
			if (r < 0)
				return r == -EPIPE ? 0 : r;
			if (word == CONTROL_STOP)
				return 0;
		}
	}
}
