/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/router.h"

#include "base/utf8.h"
#include "base/vec.h"

const char *const method_names[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };

struct node {
	struct str segment;   /* STR_NONE: in braces, takes any */
	struct node *below;   /* the first; written out before the one in braces */
	struct node *beside;
	const struct route *route[METHOD_COUNT];
};

struct router {
	struct arena arena;
	struct node root;
};

int method_from(struct str name)
{
	for (int i = 0; i < METHOD_COUNT; i++)
		if (str_is(name, method_names[i]))
			return i;
	return -1;
}

/* ---- building ---- */

static struct node *below(struct router *router, struct node *node, struct str segment)
{
	bool any = segment.n >= 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
	struct node **at = &node->below;
	for (; *at; at = &(*at)->beside) {
		if (any ? !(*at)->segment.p : (*at)->segment.p && str_eq((*at)->segment, segment))
			return *at;
		if (!any && !(*at)->segment.p)
			break;
	}
	struct node *made = ARENA_NEW(&router->arena, struct node);
	made->segment = any ? STR_NONE : segment;
	made->beside = *at;
	*at = made;
	return made;
}

static int add(struct router *router, const struct route *route, struct err *err)
{
	struct str rest = str_from(route->path);
	struct node *node = &router->root;
	size_t n = 0, params = 0;
	if (!str_starts(rest, "/") || (unsigned)route->method >= METHOD_COUNT || !route->name || !route->handle)
		return err_set(err, -EINVAL, "the route '%s' lacks its name or its handler", route->path);
	for (rest = str_slice(rest, 1, rest.n); rest.p; n++) {
		struct str segment = str_cut(&rest, '/');
		params += segment.n && segment.p[0] == '{';
		if (n >= ROUTER_SEGMENTS || params > ROUTE_PARAMS)
			return err_set(err, -EINVAL, "the route '%s' has too many parts", route->path);
		node = below(router, node, segment);
	}
	if (node->route[route->method])
		return err_set(err, -EINVAL, "the route %s %s is there twice", method_names[route->method], route->path);
	node->route[route->method] = route;
	return 0;
}

int router_new(const struct route *const *lists, struct router **out, struct err *err)
{
	CLEANUP(router_free_p) struct router *router = mem_alloc(sizeof(*router));
	for (; *lists; lists++)
		for (const struct route *route = *lists; route->path; route++) {
			int r = add(router, route, err);
			if (r < 0)
				return r;
		}
	*out = TAKE(router);
	return 0;
}

void router_free(struct router *router)
{
	if (!router)
		return;
	arena_done(&router->arena);
	free(router);
}

void router_free_p(struct router **router)
{
	router_free(*router);
}

/* ---- finding ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool percent_decode(struct arena *arena, struct str text, bool plus, struct str *out)
{
	size_t n = 0;
	if (str_find_char(text, '%') < 0 && (!plus || str_find_char(text, '+') < 0)) {
		*out = text;
		return utf8_valid(text) && str_find_char(text, 0) < 0;
	}
	char *p = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++, n++) {
		p[n] = plus && text.p[i] == '+' ? ' ' : text.p[i];
		if (text.p[i] != '%')
			continue;
		int high = i + 2 < text.n ? digit(text.p[i + 1]) : -1, low = i + 2 < text.n ? digit(text.p[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		p[n] = (char)(high * 16 + low);
		i += 2;
	}
	p[n] = 0;
	*out = (struct str){ p, n };
	return utf8_valid(*out) && str_find_char(*out, 0) < 0;
}

static bool segment_is_good(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '/' || s.p[i] == '\\')
			return false;
	return !str_is(s, ".") && !str_is(s, "..");
}

struct search {
	const struct str *segments;
	size_t n;
	enum method method;
	struct route_match *match;
};

/* The tree is as deep as the longest route, at most ROUTER_SEGMENTS. True: found, with the parameters from `params` on. */
static bool look(const struct search *search, const struct node *node, size_t depth, size_t params)
{
	if (depth == search->n) {
		for (int i = 0; i < METHOD_COUNT; i++)
			search->match->allowed |= node->route[i] ? 1u << i : 0;
		search->match->route = node->route[search->method];
		return search->match->route;
	}
	for (const struct node *next = node->below; next; next = next->beside) {
		bool any = !next->segment.p;
		if (any ? !search->segments[depth].n : !str_eq(next->segment, search->segments[depth]))
			continue;
		if (any)
			search->match->param[params] = search->segments[depth];
		if (look(search, next, depth + 1, params + any))
			return true;
	}
	return false;
}

int router_find(struct arena *arena, const struct router *router, enum method method, struct str path, struct route_match *out,
                struct err *err)
{
	struct str segments[ROUTER_SEGMENTS];
	struct search search = { segments, 0, method, out };
	*out = (struct route_match){ 0 };
	if (path.n > ROUTER_PATH || !str_starts(path, "/"))
		return err_set(err, -EBADMSG, "the address is malformed");
	BUF(whole);
	for (struct str rest = str_slice(path, 1, path.n); rest.p; search.n++) {
		struct str segment = str_cut(&rest, '/');
		if (search.n >= ROUTER_SEGMENTS)
			return err_set(err, -ENOENT, "there is nothing at this address");
		if (!percent_decode(arena, segment, false, &segments[search.n]) || !segment_is_good(segments[search.n]))
			return err_set(err, -EBADMSG, "the address is malformed");
		buf_add_char(&whole, '/');
		buf_add(&whole, segments[search.n]);
	}
	out->path = arena_str(arena, buf_str(&whole));
	if (look(&search, &router->root, 0, 0))
		return 0;
	if (out->allowed)
		return err_set(err, -ENOSYS, "this address is not to be used in this way");
	return err_set(err, -ENOENT, "there is nothing at this address");
}
