/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sockets, listening: internet sockets with their owners, in every network namespace that a process
 * lives in.
 *
 * Own namespace of the running system: sock_diag(7), where the kernel has it without loading a module
 * for us; elsewhere /proc/PID/net/tcp and its kin, of one process of each namespace. Owners come from
 * process_files, namespaces from processes, so /proc is walked once for all.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/map.h"
#include "base/vec.h"
#include "fact/scan.h"
#include "fact/tables/sockets_diag.h"

enum {
	NET_FILE_LIMIT = 64 * 1024 * 1024,
	TCP_CLOSE_STATE = 7,
};

static const char *const state_names[] = { /* net/tcp_states.h */
	[1] = "ESTABLISHED", [2] = "SYN_SENT", [3] = "SYN_RECV", [4] = "FIN_WAIT1", [5] = "FIN_WAIT2",
	[6] = "TIME_WAIT", [7] = "CLOSE", [8] = "CLOSE_WAIT", [9] = "LAST_ACK", [10] = "LISTEN",
	[11] = "CLOSING", [12] = "SYN_RECV",
};

/* Which descriptors lead to a socket: chains by inode, like an index over process_files. */
struct owners {
	const struct rows *files;
	uint32_t *heads, *next; /* row + 1; 0 ends */
	size_t room;
};

enum { FILES_PID, FILES_FD, FILES_PATH, FILES_TYPE, FILES_INODE };

struct gather {
	struct scan *scan;
	struct err *err;
	struct owners owners;
	int64_t net_namespace;
	const char *protocol;
	bool wants_local, wants_remote;
};

static size_t owner_slot(const struct owners *owners, int64_t inode)
{
	return (((uint64_t)inode * 0x9e3779b97f4a7c15u) >> 32) & (owners->room - 1);
}

static void owners_index(struct arena *arena, const struct rows *files, struct owners *out)
{
	*out = (struct owners){ .files = files, .room = 64 };
	while (out->room < files->n)
		out->room *= 2;
	out->heads = ARENA_ARRAY(arena, uint32_t, out->room);
	out->next = ARENA_ARRAY(arena, uint32_t, files->n + 1);
	/* From the end, so that chains go up by process number. */
	for (size_t row = files->n; row-- > 0;) {
		const struct cell *cells = rows_at(files, row);
		if (!cell_is_int(cells[FILES_INODE]) || !str_starts(cell_str(cells[FILES_TYPE]), "s"))
			continue;
		size_t slot = owner_slot(out, cells[FILES_INODE].i);
		out->next[row] = out->heads[slot];
		out->heads[slot] = (uint32_t)row + 1;
	}
}

static struct str endpoint_text(const struct endpoint *endpoint, int family, char text[INET6_ADDRSTRLEN])
{
	return str_from(inet_ntop(family, endpoint->address, text, INET6_ADDRSTRLEN));
}

/* One row for each process that holds the socket, or one without. */
static int socket_rows(struct gather *gather, const struct socket *socket)
{
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];
	bool is_tcp = socket->protocol[0] == 't';
	const char *state = socket->state < COUNT(state_names) ? state_names[socket->state] : NULL;
	if (!is_tcp && socket->state == TCP_CLOSE_STATE)
		state = "UNCONNECTED";
	const struct owners *owners = &gather->owners;
	struct str local_text = gather->wants_local ? endpoint_text(&socket->local, socket->family, local) : STR_NONE;
	struct str remote_text = gather->wants_remote ? endpoint_text(&socket->remote, socket->family, remote) : STR_NONE;
	bool owned = socket->inode > 0;
	uint32_t at = owned ? owners->heads[owner_slot(owners, socket->inode)] : 0;
	int64_t last = NONE;
	bool any = false;
	while (true) {
		int64_t pid = NONE, fd = NONE;
		for (; at; at = owners->next[at - 1]) {
			const struct cell *cells = rows_at(owners->files, at - 1);
			if (cells[FILES_INODE].i != socket->inode || cells[FILES_PID].i == last)
				continue;
			pid = last = cells[FILES_PID].i;
			fd = cells[FILES_FD].i;
			break;
		}
		if (pid == NONE && any)
			return 0;
		any = true;
		int r = scan_row(gather->scan, ROW(pid, fd, owned ? socket->inode : NONE, (int64_t)socket->family,
		                                   socket->protocol, local_text, (int64_t)socket->local.port,
		                                   remote_text, (int64_t)socket->remote.port, state,
		                                   socket->uid, socket->net_namespace), gather->err);
		if (r < 0 || pid == NONE)
			return r;
		at = owners->next[at - 1];
	}
}

/* ---- /proc/PID/net ---- */

/* "0100007F:1F90": words of four bytes in the machine's own order, the port as a number. */
static bool endpoint_parse(struct str text, int family, struct endpoint *out)
{
	size_t words = family == AF_INET ? 1 : 4;
	int64_t value;
	if (text.n != words * 8 + 5 || text.p[words * 8] != ':')
		return false;
	for (size_t i = 0; i < words; i++) {
		if (!str_to_int(str_slice(text, i * 8, i * 8 + 8), 16, &value) || value < 0)
			return false;
		uint32_t word = (uint32_t)value;
		memcpy(out->address + i * 4, &word, 4);
	}
	if (!str_to_int(str_slice(text, words * 8 + 1, text.n), 16, &value) || value < 0)
		return false;
	out->port = (unsigned)value;
	return true;
}

static bool line_parse(struct str line, struct socket *out)
{
	int64_t state;
	str_word(&line); /* number */
	if (!endpoint_parse(str_word(&line), out->family, &out->local) ||
	    !endpoint_parse(str_word(&line), out->family, &out->remote) ||
	    !str_to_int(str_word(&line), 16, &state) || state < 0)
		return false;
	str_word(&line); /* queues */
	str_word(&line); /* timer */
	str_word(&line); /* retransmissions */
	out->state = (unsigned)MIN(state, 255);
	out->uid = str_int_or(str_word(&line), NONE);
	str_word(&line); /* timeout */
	out->inode = str_int_or(str_word(&line), NONE);
	return out->uid != NONE && out->inode != NONE;
}

static int file_sockets(struct gather *gather, const char *path, int family, const char *protocol)
{
	BUF(buf);
	int r = root_read(scan_root(gather->scan), path, NET_FILE_LIMIT, &buf);
	if (r < 0)
		return r;
	struct str rest = buf_str(&buf), line;
	str_line(&rest, &line); /* headings */
	for (size_t number = 2; str_line(&rest, &line); number++) {
		struct socket socket = { .family = family, .protocol = protocol,
		                         .net_namespace = gather->net_namespace };
		if (!line_parse(line, &socket)) {
			scan_partial(gather->scan, NOTE("{}:{}: not understood", str_from(path),
			                                arena_printf(scan_arena(gather->scan), "%zu", number)));
			continue;
		}
		r = socket_rows(gather, &socket);
		if (r < 0)
			return -ECANCELED; /* the words are in err */
	}
	return 0;
}

static const struct net_file {
	const char *name, *protocol;
	int family;
} net_files[] = {
	{ "tcp", "tcp", AF_INET }, { "tcp6", "tcp", AF_INET6 }, { "udp", "udp", AF_INET },
	{ "udp6", "udp", AF_INET6 }, { "raw", "raw", AF_INET }, { "raw6", "raw", AF_INET6 },
};

/* "tcp" and "tcp6" cost the kernel a walk through the connections of all namespaces. The counters of the namespace
 * (sockstat) say first whether there is any: "inuse" are those in its tables, "tw" the TIME_WAIT ones of both
 * families. Anything unexpected: read the list. */
static bool has_no_tcp(const struct gather *gather, const char *folder, const struct net_file *file)
{
	const bool six = file->family == AF_INET6;
	char path[64];
	if (file->protocol[0] != 't' || !scan_is_live(gather->scan))
		return false;
	int64_t used[2] = { NONE, NONE }, waiting = NONE;
	for (int i = 0; i <= six; i++) {
		BUF(buf);
		snprintf(path, sizeof(path), "%s/%s", folder, i ? "sockstat6" : "sockstat");
		if (root_read(scan_root(gather->scan), path, NET_FILE_LIMIT, &buf) < 0)
			return false;
		struct str rest = buf_str(&buf), line;
		while (str_line(&rest, &line)) {
			if (!str_starts(line, i ? "TCP6:" : "TCP:"))
				continue;
			used[i] = sockstat_number(line, "inuse");
			waiting = i ? waiting : sockstat_number(line, "tw");
		}
	}
	return used[six] == 0 && waiting == 0;
}

/* Files below "proc/net" or "proc/PID/net". -ENOENT when not even tcp is there. `done`: protocols that
 * sock_diag has already told. The first are in the order of its lists. */
static int folder_sockets(struct gather *gather, const char *folder, const bool done[COUNT(net_files)])
{
	for (size_t i = 0; i < COUNT(net_files); i++) {
		char path[64];
		if ((done && done[i]) || has_no_tcp(gather, folder, &net_files[i]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, net_files[i].name);
		int r = file_sockets(gather, path, net_files[i].family, net_files[i].protocol);
		if (r == -ECANCELED)
			return r;
		if (r < 0 && i == 0)
			return r;
		/* Without IPv6 its files are missing. */
		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			scan_partial(gather->scan, NOTE("cannot read {}: {}", arena_str(scan_arena(gather->scan),
			                                str_from(path)), str_from(err_words(r))));
	}
	return 0;
}

static int own_sockets(struct gather *gather, struct sockets_diag *diag)
{
	bool done[COUNT(net_files)] = { false };
	sockets_diag_wait(diag);
	for (size_t i = 0; i < SOCKET_LISTS; i++) {
		struct socket_list *list = &diag->lists[i];
		done[i] = list->known;
		for (size_t j = 0; done[i] && j < list->n; j++) {
			list->p[j].net_namespace = gather->net_namespace;
			if (socket_rows(gather, &list->p[j]) < 0)
				return -ECANCELED;
		}
	}
	int r = folder_sockets(gather, "proc/net", done);
	if (r == -ENOENT || r == -ENOTDIR)
		r = folder_sockets(gather, "proc/1/net", done);
	return r;
}

/* ---- the tables ---- */

static int64_t own_namespace(struct scan *scan, const struct rows *processes, size_t pid, size_t net)
{
	char text[64];
	if (scan_is_live(scan)) {
		ssize_t n = readlink("/proc/self/ns/net", text, sizeof(text));
		struct str link = { text, n < 0 ? 0 : (size_t)n };
		return n > 6 ? str_int_or(str_slice(link, 5, link.n - 1), NONE) : NONE;
	}
	for (size_t i = 0; i < processes->n; i++)
		if (cell_int_or(rows_at(processes, i)[pid], 0) == 1)
			return cell_int_or(rows_at(processes, i)[net], NONE);
	return NONE;
}

static size_t column_of(const struct table *table, const char *name)
{
	size_t i = 0;
	while (strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

static int other_namespaces(struct gather *gather, const struct rows *processes, size_t pid, size_t net)
{
	struct map seen = { .arena = scan_arena(gather->scan) };
	int64_t own = gather->net_namespace;
	for (size_t i = 0; i < processes->n; i++) {
		const struct cell *cells = rows_at(processes, i);
		int64_t number = cell_int_or(cells[net], NONE);
		if (number == NONE || number == own || map_get_int(&seen, number))
			continue;
		char folder[32];
		snprintf(folder, sizeof(folder), "proc/%ld/net", (long)cells[pid].i);
		gather->net_namespace = number;
		int r = folder_sockets(gather, folder, NULL);
		if (r == -ECANCELED)
			return r;
		if (r == 0) {
			*map_put_int(&seen, number) = gather;
			continue;
		}
		/* It may just have ended; another one of the namespace may come. In a fixture nothing ends. */
		if (!scan_is_live(gather->scan) || (r != -ENOENT && r != -ESRCH && r != -EINVAL))
			scan_partial(gather->scan, NOTE("cannot read {}: {}", arena_str(scan_arena(gather->scan),
			                                str_from(folder)), str_from(err_words(r))));
	}
	return 0;
}

static int sockets_scan(struct scan *scan, struct err *err)
{
	int r;
	CLEANUP(sockets_diag_done) struct sockets_diag diag;
	sockets_diag_start(scan, &diag);
	const struct rows *files = scan_part(scan, &table_process_files, "type", STR("socket"), &r);
	if (!files)
		return r;
	const struct rows *processes = scan_table(scan, &table_processes, &r);
	if (!processes)
		return r;
	size_t pid = column_of(&table_processes, "pid"), net = column_of(&table_processes, "net_namespace");
	struct gather gather = { .scan = scan, .err = err, .wants_local = scan_wants(scan, "local_address"),
	                         .wants_remote = scan_wants(scan, "remote_address") };
	gather.net_namespace = own_namespace(scan, processes, pid, net);
	owners_index(scan_arena(scan), files, &gather.owners);
	r = own_sockets(&gather, &diag);
	if (r == -ECANCELED)
		return r;
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("proc/net/tcp"), str_from(err_words(r))));
	return other_namespaces(&gather, processes, pid, net);
}

const struct table table_sockets = {
	.name = "sockets",
	.doc = "Internet sockets with the processes that hold them, one row for each process",
	.sources = { "proc/net/tcp", "proc/net/tcp6", "proc/net/udp", "proc/net/udp6", "proc/net/raw",
	             "netlink: sock_diag" },
	.scan = sockets_scan,
	.needs = {
		{ &table_process_files, "pid fd inode type", NULL },
		{ &table_processes, "pid net_namespace", NULL },
	},
	.columns = {
		{ "pid", INT, "process that holds it; NULL: none does, or not permitted to see" },
		{ "fd", INT, "its number in the process; NULL: as pid" },
		{ "socket", INT, "inode number; NULL: no longer held by any process (TIME_WAIT)" },
		{ "family", INT, "2: IPv4, 10: IPv6" },
		{ "protocol", TEXT, "tcp, udp or raw" },
		{ "local_address", TEXT, "own address, 0.0.0.0 or :: for all" },
		{ "local_port", INT, "own port; for raw the number of the protocol" },
		{ "remote_address", TEXT, "the peer's address, 0.0.0.0 or :: for none" },
		{ "remote_port", INT, "the peer's port, 0 for none" },
		{ "state", TEXT, "LISTEN, ESTABLISHED, TIME_WAIT …; udp and raw: ESTABLISHED or UNCONNECTED; NULL: unknown" },
		{ "uid", INT, "user who made it" },
		{ "net_namespace", INT, "number of the network namespace; NULL: unknown" },
	},
};

enum { SOCKET_PID, SOCKET_FD, SOCKET_INODE, SOCKET_FAMILY, SOCKET_PROTOCOL, SOCKET_ADDRESS, SOCKET_PORT,
       SOCKET_STATE = 9, SOCKET_UID, SOCKET_NET };

/* Where an address can be reached from. RFC 6890 and its registries; RFC 1918, 4193, 6598. */
static const char *scope4(const unsigned char *a)
{
	if (!(a[0] | a[1] | a[2] | a[3]))
		return "any";
	if (a[0] == 127)
		return "loopback";
	if ((a[0] == 169 && a[1] == 254) || (a[0] == 224 && !a[1] && !a[2]))
		return "link";
	if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) ||
	    (a[0] == 100 && (a[1] & 0xc0) == 64) || a[0] >= 224)
		return "lan";
	return "public";
}

static const char *scope6(const unsigned char *a)
{
	static const unsigned char zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (!memcmp(a, zero, 15))
		return a[15] == 0 ? "any" : a[15] == 1 ? "loopback" : "public";
	if (!memcmp(a, mapped, 12))
		return scope4(a + 12);
	if ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] == 0xff && (a[1] & 15) == 2))
		return "link";
	if (a[0] == 0xff && (a[1] & 15) == 1)
		return "loopback";
	return (a[0] & 0xfe) == 0xfc || a[0] == 0xff ? "lan" : "public";
}

static const char *scope_of(struct str address, int64_t family)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	if (address.n >= sizeof(text))
		return NULL;
	memcpy(text, address.p, address.n);
	text[address.n] = 0;
	if (inet_pton(family == AF_INET ? AF_INET : AF_INET6, text, bytes) != 1)
		return NULL;
	return family == AF_INET ? scope4(bytes) : scope6(bytes);
}

static bool is_listening(const struct cell *cells)
{
	struct str state = cell_str(cells[SOCKET_STATE]), protocol = cell_str(cells[SOCKET_PROTOCOL]);
	if (str_is(protocol, "tcp"))
		return str_is(state, "LISTEN");
	return str_is(protocol, "udp") && str_is(state, "UNCONNECTED") && cell_int_or(cells[SOCKET_PORT], 0) > 0;
}

static int listening_scan(struct scan *scan, struct err *err)
{
	int r;
	const struct rows *sockets = scan_table(scan, &table_sockets, &r);
	if (!sockets)
		return r;
	const struct rows *processes = scan_table(scan, &table_processes, &r);
	if (!processes)
		return r;
	size_t pid = column_of(&table_processes, "pid"), path = column_of(&table_processes, "path");
	size_t name = column_of(&table_processes, "name"), net = column_of(&table_processes, "net_namespace");
	size_t container = column_of(&table_processes, "container_id");
	struct map by_pid = { .arena = scan_arena(scan) };
	int64_t host = own_namespace(scan, processes, pid, net);
	for (size_t i = 0; i < processes->n; i++) {
		const struct cell *cells = rows_at(processes, i);
		*map_put_int(&by_pid, cells[pid].i) = (void *)(uintptr_t)cells;
		if (cells[pid].i == 1 && cell_is_int(cells[net]))
			host = cells[net].i;
	}
	/* Rows of one socket stand together; a program that shares it among its workers is named once. */
	VEC(struct cell) told = { 0 };
	int64_t socket = NONE;
	for (size_t i = 0; i < sockets->n; i++) {
		const struct cell *cells = rows_at(sockets, i);
		if (!is_listening(cells))
			continue;
		int64_t inode = cell_int_or(cells[SOCKET_INODE], NONE);
		if (inode != socket || inode == NONE)
			told.n = 0;
		socket = inode;
		const struct cell *process = NULL;
		if (cell_is_int(cells[SOCKET_PID]))
			process = map_get_int(&by_pid, cells[SOCKET_PID].i);
		struct cell program = process ? process[path] : (struct cell){ 0 };
		bool again = false;
		for (size_t j = 0; j < told.n && cell_is_text(program); j++)
			again |= str_eq(cell_str(told.p[j]), cell_str(program));
		if (again)
			continue;
		vec_push_in(scan_arena(scan), &told, program);
		int64_t number = cell_int_or(cells[SOCKET_NET], NONE);
		struct str address = cell_str(cells[SOCKET_ADDRESS]);
		const char *scope = scope_of(address, cell_int_or(cells[SOCKET_FAMILY], 0));
		r = scan_row(scan, ROW(cells[SOCKET_PID], cells[SOCKET_PORT], cells[SOCKET_PROTOCOL],
		                       cells[SOCKET_FAMILY], address, cells[SOCKET_FD], cells[SOCKET_INODE],
		                       program, process ? process[name] : (struct cell){ 0 }, cells[SOCKET_UID],
		                       scope, number, number == NONE || host == NONE ? NONE : (int64_t)(number == host),
		                       process ? process[container] : (struct cell){ 0 }), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_listening = {
	.name = "listening",
	.doc = "Ports that wait for strangers: TCP listeners and UDP sockets without a peer, one row for each program",
	.sources = { "proc/net/tcp", "proc/net/tcp6", "proc/net/udp", "proc/net/udp6", "netlink: sock_diag" },
	.scan = listening_scan,
	.needs = {
		{ &table_sockets, "pid fd socket family protocol local_address local_port state uid net_namespace", NULL },
		{ &table_processes, "pid path", NULL }, /* which rows there are depends on the program */
		{ &table_processes, "name", "name" },
		{ &table_processes, "net_namespace", "host_network" },
		{ &table_processes, "container_id", "container_id" },
	},
	.columns = {
		{ "pid", INT, "lowest process number of the program; NULL: the kernel itself, or not permitted to see" },
		{ "port", INT, "port" },
		{ "protocol", TEXT, "tcp or udp" },
		{ "family", INT, "2: IPv4, 10: IPv6 (with address :: mostly IPv4 too)" },
		{ "address", TEXT, "own address, 0.0.0.0 or :: for all" },
		{ "fd", INT, "number of the socket in the process; NULL: as pid" },
		{ "socket", INT, "inode number; NULL: none" },
		{ "path", TEXT, "program file; NULL: the kernel itself, or not permitted to see" },
		{ "name", TEXT, "name of the process; NULL: as pid" },
		{ "uid", INT, "user who made the socket" },
		{ "scope", TEXT, "who can reach it by the address: loopback, link, lan (private address), public, any" },
		{ "net_namespace", INT, "number of the network namespace; NULL: unknown" },
		{ "host_network", INT, "1: in the network of process 1, the host's; 0: in another, such as a container's; NULL: unknown" },
		{ "container_id", TEXT, "container of the process by its control group; NULL: none" },
	},
};
