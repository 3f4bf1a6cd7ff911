/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Requests by somebody who may do everything: "<METHOD> <target>", and from the next line on a body. Filters, sorting, cursors, values of
 * forms, names of views, inputs of grades: every answer is one that was meant (never a 500), and JSON that is right.
 *
 * The list's cursor is bound to its question: behind a GET that says how to go on, the body is put into that cursor in place of
 * "<E|N> <id> <value>", and asked again.
 *
 * Left out: what hashes passwords (a second each here), what other fuzzers look into (sheets, SQL), and work that goes on by itself
 * (imports).
 */
#include <stdint.h>

#include "base/base64.h"
#include "fuzz_office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz_office place;

static void close_at_exit(void)
{
	fuzz_office_close(&place);
}

static const char *const left_out[] = { "/api/login", "/api/first", "/api/fresh", "/api/password", "/api/second-factor", "/api/sql", "/api/stream",
	                                "/api/journal/verify", NULL };

static bool is_left_out(enum method method, struct str target)
{
	for (size_t i = 0; left_out[i]; i++)
		if (str_starts(target, left_out[i]))
			return true;
	return str_find(target, "/import") >= 0 || str_find(target, "/export") >= 0 || str_find(target, "template") >= 0 ||
	       (method == METHOD_POST && str_starts(target, "/api/users"));
}

/* The answer's "next", in the arena; STR_NONE: none. */
static struct str ask(struct arena *arena, enum method method, struct str target, struct str body)
{
	return doc_text(fuzz_office_ask(&place, arena, method, target, body), "next");
}

static void ask_on(struct arena *arena, struct str target, struct str next, struct str forged)
{
	BUF(usual);
	BUF(plain);
	BUF(made);
	for (size_t i = 0; i < next.n; i++)
		buf_add_char(&usual, next.p[i] == '-' ? '+' : next.p[i] == '_' ? '/' : next.p[i]);
	ask(arena, METHOD_GET, arena_printf(arena, "%.*s&after=%.*s", STR_ARG(target), STR_ARG(next)), STR_NONE);
	if (!base64_decode(buf_str(&usual), &plain))
		return; /* of another kind of list */
	struct str rest = buf_str(&plain), hash = str_cut(&rest, ' ');
	buf_clear(&usual);
	buf_printf(&usual, "%.*s %.*s", STR_ARG(hash), STR_ARG(forged));
	base64_add(&made, buf_str(&usual));
	for (size_t i = 0; i < made.n; i++)
		made.p[i] = made.p[i] == '+' ? '-' : made.p[i] == '/' ? '_' : made.p[i];
	while (made.n && made.p[made.n - 1] == '=')
		made.n--;
	ask(arena, METHOD_GET, arena_printf(arena, "%.*s&after=%.*s", STR_ARG(target), (int)made.n, made.p), STR_NONE);
}

static void fill(void)
{
	static const char *const made[] = {
		"person\n{\"values\":{\"name\":\"Wang\",\"code\":\"1\"}}",
		"person\n{\"values\":{\"name\":\"Li\",\"code\":\"2\"}}",
		"finding\n{\"values\":{\"title\":\"t\",\"source\":\"manual\",\"severity\":\"high\"}}",
		"finding\n{\"values\":{\"title\":\"u\",\"source\":\"manual\",\"severity\":\"low\",\"subject\":\"a b\"}}",
		"incident\n{\"values\":{\"summary\":\"s\",\"t0\":1795392000}}",
		"incident\n{\"values\":{\"summary\":\"s\",\"t0\":1795392000,\"t_occur\":1795391000}}",
		"notice\n{\"values\":{\"title\":\"n\",\"source_no\":\"1\",\"sender\":\"CERT\",\"kind\":\"threat\",\"received\":1795392000,\"colour\":\"red\"}}",
		"system\n{\"values\":{\"name\":\"S\",\"level\":2,\"kind\":\"business\",\"owner\":1}}",
		"account\n{\"values\":{\"login\":\"x\",\"system\":1,\"kind\":\"business\",\"person\":1}}",
	};
	ARENA(arena);
	for (size_t i = 0; i < COUNT(made); i++) {
		struct str rest = str_from(made[i]), reg = str_cut(&rest, '\n');
		ask(&arena, METHOD_POST, arena_printf(&arena, "/api/records/%.*s", STR_ARG(reg)), rest);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, body = rest, target = str_cut(&body, '\n');
	struct str word = str_cut(&target, ' ');
	size_t method = 0;
	ARENA(arena);
	if (size > 60000)
		return 0;
	if (!place.open)
		atexit(close_at_exit);
	if (fuzz_office_open(&place, route_lists))
		fill();
	while (method < METHOD_COUNT && !str_is(word, method_names[method]))
		method++;
	if (method == METHOD_COUNT || is_left_out((enum method)method, target))
		return 0;
	struct str next = ask(&arena, (enum method)method, target, method == METHOD_GET ? STR_NONE : body);
	if (method == METHOD_GET && next.n && body.n)
		ask_on(&arena, target, next, body);
	return 0;
}
