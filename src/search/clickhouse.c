/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/clickhouse.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/http.h"

enum { PASSWORD_MOST = 256 };

struct clickhouse {
	struct arena arena;
	struct http *http;
	struct str user, host, port, database, cluster, authority;
	struct str base; /* "http://host:8123/?database=…" */
	const char *name;
	const char *headers[3];
};

/* ---- the URL ---- */

static bool is_identifier(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n < 64;
}

/* One line of a file that others cannot read. */
static int read_password(struct arena *arena, struct str path, struct str *out, struct err *err)
{
	char text[PASSWORD_MOST + 1];
	struct stat about;
	int fd = open(arena_cstr(arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(err, -errno, "the password file %.*s", STR_ARG(path));
	ssize_t n = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? read(fd, text, sizeof(text)) : -1;
	close(fd);
	if (n < 0)
		return err_set(err, -EINVAL, "the password file %.*s cannot be read", STR_ARG(path));
	if (about.st_mode & (S_IRWXO))
		return err_set(err, -EPERM, "the password file %.*s can be read by everybody; chmod 600 it", STR_ARG(path));
	struct str rest = { text, (size_t)n }, line;
	if (!str_line(&rest, &line) || !line.n || line.n >= PASSWORD_MOST || memchr(line.p, '\r', line.n))
		return err_set(err, -EINVAL, "the password file %.*s holds no line with a password", STR_ARG(path));
	*out = arena_str(arena, line);
	return 0;
}

static int read_option(struct clickhouse *clickhouse, struct str name, struct str value, struct str *password, bool *tls,
                       struct err *err)
{
	if (str_is(name, "cluster") && is_identifier(value))
		clickhouse->cluster = value;
	else if (str_is(name, "ca") && value.n)
		clickhouse->authority = arena_str(&clickhouse->arena, value);
	else if (str_is(name, "tls") && (str_is(value, "yes") || str_is(value, "no")))
		*tls = value.p[0] == 'y';
	else if (str_is(name, "password-file"))
		return read_password(&clickhouse->arena, value, password, err);
	else
		return err_set(err, -EINVAL, "the address of ClickHouse: '%.*s' is not understood; there are cluster=NAME, "
		                             "password-file=FILE, tls=yes and ca=FILE", STR_ARG(name));
	return 0;
}

static const char shape[] = "write clickhouse://user@host:8123/database?password-file=FILE";

static int read_url(struct clickhouse *clickhouse, struct str url, struct err *err)
{
	struct str rest = url, password = STR_NONE;
	bool tls = false;
	if (!str_starts(url, "clickhouse://"))
		return err_set(err, -EINVAL, "the address of ClickHouse does not begin with clickhouse://; %s", shape);
	rest = arena_str(&clickhouse->arena, str_slice(url, 13, url.n));
	struct str options = rest, place = str_cut(&options, '?'), database = place, server = str_cut(&database, '/'), host = server;
	ptrdiff_t at = str_find_char_last(server, '@');
	if (at >= 0) {
		clickhouse->user = str_slice(server, 0, (size_t)at);
		host = str_slice(server, (size_t)at + 1, server.n);
		if (str_find_char(clickhouse->user, ':') >= 0)
			return err_set(err, -EINVAL, "a password does not belong in the address, where others can see it; write it into a file "
			                             "and add ?password-file=FILE");
	}
	while (options.p) {
		struct str value = str_cut(&options, '&'), name = str_cut(&value, '=');
		int r = read_option(clickhouse, name, value.p ? value : STR(""), &password, &tls, err);
		if (r < 0)
			return r;
	}
	struct str port = tls ? STR("8443") : STR("8123");
	ptrdiff_t colon = str_find_char_last(host, ':'), bracket = str_find_char_last(host, ']');
	int64_t number;
	if (colon > bracket) {
		port = str_slice(host, (size_t)colon + 1, host.n);
		host = str_slice(host, 0, (size_t)colon);
	}
	if (!host.n || !str_to_int(port, 10, &number) || number < 1 || number > 65535)
		return err_set(err, -EINVAL, "the address of ClickHouse names no host or no port; %s", shape);
	for (size_t i = 0; i < host.n; i++)
		if ((unsigned char)host.p[i] <= ' ' || strchr("/?#@\\%", host.p[i]))
			return err_set(err, -EINVAL, "the address of ClickHouse: '%.*s' is no host; %s", STR_ARG(host), shape);
	clickhouse->database = database.p && database.n ? database : STR("default");
	if (!is_identifier(clickhouse->database))
		return err_set(err, -EINVAL, "the address of ClickHouse: '%.*s' is no name of a database", STR_ARG(clickhouse->database));
	clickhouse->base = arena_printf(&clickhouse->arena, "http%s://%.*s:%.*s/?database=%.*s", tls ? "s" : "", STR_ARG(host), STR_ARG(port),
	                                STR_ARG(clickhouse->database));
	clickhouse->name = arena_printf(&clickhouse->arena, "%.*s:%.*s/%.*s", STR_ARG(host), STR_ARG(port), STR_ARG(clickhouse->database)).p;
	if (!clickhouse->user.n)
		clickhouse->user = STR("default");
	for (size_t i = 0; i < clickhouse->user.n; i++)
		if ((unsigned char)clickhouse->user.p[i] <= ' ')
			return err_set(err, -EINVAL, "the address of ClickHouse: no such user");
	clickhouse->headers[0] = arena_printf(&clickhouse->arena, "X-ClickHouse-User: %.*s", STR_ARG(clickhouse->user)).p;
	if (password.p)
		clickhouse->headers[1] = arena_printf(&clickhouse->arena, "X-ClickHouse-Key: %.*s", STR_ARG(password)).p;
	return 0;
}

int clickhouse_open(struct str url, struct clickhouse **out, struct err *err)
{
	CLEANUP(clickhouse_close_p) struct clickhouse *clickhouse = mem_alloc(sizeof(*clickhouse));
	int r = read_url(clickhouse, url, err);
	if (r == 0)
		r = http_open(&clickhouse->http, err);
	if (r == 0)
		*out = TAKE(clickhouse);
	return r;
}

void clickhouse_close(struct clickhouse *clickhouse)
{
	if (!clickhouse)
		return;
	http_close(clickhouse->http);
	arena_done(&clickhouse->arena);
	free(clickhouse);
}

void clickhouse_close_p(struct clickhouse **clickhouse)
{
	clickhouse_close(*clickhouse);
}

const char *clickhouse_name(const struct clickhouse *clickhouse)
{
	return clickhouse->name;
}

/* ---- statements ---- */

void clickhouse_add_text(struct buf *out, struct str text)
{
	buf_add_char(out, '\'');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c == '\'' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_add_char(out, (char)c);
	}
	buf_add_char(out, '\'');
}

/* "Code: 60, e.displayText() = DB::Exception: Table … doesn't exist., e.what() = DB::Exception": the words. */
static int explain(const struct clickhouse *clickhouse, long status, struct str said, struct err *err)
{
	static const char mark[] = "DB::Exception: ";
	ptrdiff_t from = str_find(said, mark);
	int64_t code = 0;
	if (str_starts(said, "Code: ")) {
		struct str number = str_slice(said, 6, said.n);
		code = str_int_or(str_cut(&number, ','), 0);
	}
	if (from >= 0)
		said = str_slice(said, (size_t)from + sizeof(mark) - 1, said.n);
	ptrdiff_t to = str_find(said, ", e.what()");
	said = str_slice(str_trim(str_slice(said, 0, to >= 0 ? (size_t)to : said.n)), 0, 600);
	bool who = code == 192 || code == 193 || code == 194 || code == 195 || code == 516 || code == 497; /* user, password, rights */
	int r = who ? -EACCES : code == 60 || code == 81 ? -ENOENT : status >= 500 ? -EIO : -EINVAL;
	return err_set(err, r, "ClickHouse at %s: %.*s", clickhouse->name, STR_ARG(said));
}

static void add_escaped(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_')
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* An answer only begins when the statement has ended well, so that a broken one is not taken for a short one. */
static const char settings[] =
	"&wait_end_of_query=1&max_insert_block_size=20000&insert_distributed_sync=1&max_query_size=8000000"
	"&max_bytes_before_external_sort=200000000&max_bytes_before_external_group_by=200000000"
	"&distributed_aggregation_memory_efficient=1";

int clickhouse_run(struct clickhouse *clickhouse, struct str sql, struct str data, struct buf *answer, struct err *err)
{
	BUF(url);
	long status;
	buf_add(&url, clickhouse->base);
	buf_puts(&url, settings);
	if (data.p) {
		buf_puts(&url, "&query=");
		add_escaped(&url, sql);
	}
	const struct http_request request = {
		.method = "POST",
		.url = buf_cstr(&url),
		.headers = clickhouse->headers,
		.body = data.p ? data : sql,
		.authority = clickhouse->authority.p,
		.timeout_ns = INT64_C(600000000000),
	};
	int r = http_send(clickhouse->http, &request, &status, answer, err);
	if (r < 0)
		return err_wrap(err, r, "ClickHouse");
	return status == 200 ? 0 : explain(clickhouse, status, buf_str(answer), err);
}

/* ---- the tables ---- */

/* In these, $C is "ON CLUSTER 'name'" or nothing, $L the suffix of local tables; engines: $E of a shard's own rows, $A of a table
 * that every server has whole. */
static const char *const version_1[] = {
	"CREATE TABLE IF NOT EXISTS ward_events$L $C (day Date, time Int64, arrived Int64, host String, source String, parser String,"
	" raw String, extra Array(String), odd UInt8, names Array(String), values Array(String), numbers Array(Float64),"
	" addresses Array(String), archive String, sequence UInt64, number UInt32)"
	" ENGINE = $E(ward_events) PARTITION BY day ORDER BY (time, host) SETTINGS index_granularity = 8192$W",
	"CREATE TABLE IF NOT EXISTS ward_delivered $C (archive String, sequence UInt64, time DateTime DEFAULT now())"
	" ENGINE = $A(ward_delivered) ORDER BY (archive, sequence)",
	NULL
};

static const char *const *const versions[CLICKHOUSE_SCHEMA + 1] = { NULL, version_1 };

static const char schema_table[] =
	"CREATE TABLE IF NOT EXISTS ward_schema $C (version UInt32, time DateTime DEFAULT now())"
	" ENGINE = $A(ward_schema) ORDER BY version";

/* The table that others ask, over those of the shards. A block of an archive goes to one shard whole. */
static const char distributed[] = "CREATE TABLE IF NOT EXISTS ward_events $C AS ward_events_local"
                                  " ENGINE = Distributed($N, $D, ward_events_local, sequence)";

static void add_engine(struct clickhouse *clickhouse, struct buf *out, struct str *rest, bool everywhere)
{
	struct str table = str_cut(rest, ')');
	if (!clickhouse->cluster.n)
		buf_puts(out, "MergeTree()");
	else
		buf_printf(out, "ReplicatedMergeTree('/clickhouse/ward/%.*s/%.*s/%s', '%s')", STR_ARG(clickhouse->database),
		           STR_ARG(str_slice(table, 1, table.n)), everywhere ? "all" : "{shard}",
		           everywhere ? "{shard}-{replica}" : "{replica}");
}

static void expand(struct clickhouse *clickhouse, struct buf *out, const char *statement)
{
	bool cluster = clickhouse->cluster.n > 0;
	struct str rest = str_from(statement);
	while (rest.p) {
		buf_add(out, str_cut(&rest, '$'));
		if (!rest.p)
			break;
		char what = rest.p[0];
		rest = str_slice(rest, 1, rest.n);
		if (what == 'C' && cluster)
			buf_printf(out, "ON CLUSTER '%.*s'", STR_ARG(clickhouse->cluster));
		else if (what == 'L')
			buf_puts(out, cluster ? "_local" : "");
		else if (what == 'W')
			buf_puts(out, cluster ? ", replicated_deduplication_window = 10000" : "");
		else if (what == 'N')
			buf_add(out, clickhouse->cluster);
		else if (what == 'D')
			buf_add(out, clickhouse->database);
		else if (what == 'E' || what == 'A')
			add_engine(clickhouse, out, &rest, what == 'A');
	}
}

static int run_expanded(struct clickhouse *clickhouse, const char *statement, struct err *err)
{
	BUF(sql);
	BUF(answer);
	expand(clickhouse, &sql, statement);
	return clickhouse_run(clickhouse, buf_str(&sql), STR_NONE, &answer, err);
}

static int get_version(struct clickhouse *clickhouse, int64_t *out, struct err *err)
{
	BUF(answer);
	int r = clickhouse_run(clickhouse, STR("SELECT max(version) FROM ward_schema FORMAT TabSeparated"), STR_NONE, &answer, err);
	*out = str_int_or(str_trim(buf_str(&answer)), 0);
	return r;
}

static int to_version(struct clickhouse *clickhouse, int version, struct err *err)
{
	ARENA(arena);
	BUF(answer);
	int r = 0;
	for (size_t i = 0; r == 0 && versions[version][i]; i++)
		r = run_expanded(clickhouse, versions[version][i], err);
	if (r == 0 && clickhouse->cluster.n)
		r = run_expanded(clickhouse, distributed, err);
	if (r == 0)
		r = clickhouse_run(clickhouse, arena_printf(&arena, "INSERT INTO ward_schema (version) VALUES (%d)", version), STR_NONE,
		                   &answer, err);
	return r;
}

int clickhouse_prepare(struct clickhouse *clickhouse, struct err *err)
{
	int64_t version;
	int r = run_expanded(clickhouse, schema_table, err);
	if (r == 0)
		r = get_version(clickhouse, &version, err);
	if (r < 0)
		return r;
	if (version > CLICKHOUSE_SCHEMA)
		return err_set(err, -ENOTSUP, "ClickHouse at %s: the tables have version %lld, which is newer than this program", clickhouse->name,
		               (long long)version);
	for (int next = (int)version + 1; r == 0 && next <= CLICKHOUSE_SCHEMA; next++)
		r = to_version(clickhouse, next, err);
	return r;
}
