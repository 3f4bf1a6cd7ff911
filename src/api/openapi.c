/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * openapi: the description of this API for machines (OpenAPI 3.1), made from the routes and from the files of content/api.
 *
 * A file there is a map of named schemas, in the part of JSON Schema that is used here: type, properties, required, items, enum,
 * additionalProperties, description, oneOf; "ref: Name" stands for another named schema. Routes name theirs in `takes` and `gives`. Answers in
 * tests of the API are held against them (tests/api.c), so the description cannot drift from what the server does.
 */
#include "api/office.h"
#include "base/vec.h"
#include "data/yaml.h"

enum { DEPTH = 32 };

extern const struct route routes_openapi[];

/* ---- schemas ---- */

static int put_node(struct buf *out, const struct source *source, const struct doc *node, unsigned depth, struct err *err)
{
	int r = 0;
	if (depth > DEPTH)
		return doc_err(source, node, err, "the schema is too deep");
	switch (node->type) {
	case DOC_NULL: buf_puts(out, "null"); break;
	case DOC_BOOL: buf_puts(out, node->boolean ? "true" : "false"); break;
	case DOC_INT: buf_printf(out, "%lld", (long long)node->integer); break;
	case DOC_REAL: json_add_double(out, node->real); break;
	case DOC_STRING: json_add_string(out, doc_string(node)); break;
	case DOC_ARRAY:
		buf_add_char(out, '[');
		for (uint32_t i = 0; r == 0 && i < node->n; i++) {
			buf_puts(out, i ? "," : "");
			r = put_node(out, source, &node->items[i], depth + 1, err);
		}
		buf_add_char(out, ']');
		break;
	case DOC_MAP:
		buf_add_char(out, '{');
		for (uint32_t i = 0; r == 0 && i < node->n; i++) {
			struct str key = doc_string(doc_key(node, i)), name = doc_string(doc_value(node, i));
			buf_puts(out, i ? "," : "");
			if (str_is(key, "ref") && name.p) {
				buf_printf(out, "\"$ref\":\"#/components/schemas/%.*s\"", STR_ARG(name));
				continue;
			}
			json_add_string(out, key);
			buf_add_char(out, ':');
			r = put_node(out, source, doc_value(node, i), depth + 1, err);
		}
		buf_add_char(out, '}');
		break;
	}
	return r;
}

static int put_file(struct request *request, const struct content *content, struct str name, struct err *err)
{
	struct source *source = ARENA_NEW(request->arena, struct source);
	const struct doc *map = NULL;
	int r = content_read(request->arena, content, arena_cstr(request->arena, name), source, err);
	if (r == 0)
		r = yaml_parse(request->arena, source, &map, err);
	if (r < 0 || !map || map->type == DOC_NULL)
		return r;
	if (map->type != DOC_MAP)
		return doc_err(source, map, err, "expected a map of named schemas");
	for (uint32_t i = 0; r == 0 && i < map->n; i++) {
		json_next(&request->out);
		json_add_string(&request->out, doc_string(doc_key(map, i)));
		buf_add_char(&request->out, ':');
		r = put_node(&request->out, source, doc_value(map, i), 0, err);
	}
	return r;
}

static int put_schemas(struct request *request, struct err *err)
{
	const struct content *content = &office_of(request)->content;
	struct strings names;
	int r = content_list(request->arena, content, "api/", &names, err);
	json_open_map(&request->out, "schemas");
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = put_file(request, content, names.p[i], err);
	buf_add_char(&request->out, '}');
	return r;
}

/* ---- routes ---- */

static void put_ref(struct buf *out, const char *schema)
{
	json_open_map(out, "content");
	json_open_map(out, "application/json");
	json_open_map(out, "schema");
	if (schema)
		buf_printf(out, "\"$ref\":\"#/components/schemas/%s\"", schema);
	buf_puts(out, "}}}");
}

static void put_parameter(struct buf *out, struct str name, bool in_path)
{
	json_open_map(out, NULL);
	json_put(out, "name", name);
	json_put(out, "in", in_path ? STR("path") : STR("query"));
	if (in_path)
		json_put_flag(out, "required", true);
	json_open_map(out, "schema");
	json_put(out, "type", STR("string"));
	buf_puts(out, "}}");
}

static void put_parameters(struct buf *out, const struct route *route)
{
	json_open_list(out, "parameters");
	for (struct str rest = str_from(route->path); rest.p;) {
		struct str part = str_cut(&rest, '/');
		if (part.n > 2 && part.p[0] == '{')
			put_parameter(out, str_slice(part, 1, part.n - 1), true);
	}
	for (struct str rest = str_from(route->query), name; rest.p && (name = str_word(&rest)).n;)
		put_parameter(out, name, false);
	buf_add_char(out, ']');
}

static void put_answer(struct buf *out, const char *status, const char *words, const char *schema, bool stream)
{
	json_open_map(out, status);
	json_put(out, "description", str_from(words));
	if (stream)
		buf_puts(out, ",\"content\":{\"text/event-stream\":{}}");
	else if (schema)
		put_ref(out, schema);
	buf_add_char(out, '}');
}

/* Cookies, tokens, or nobody; with a role, the reader is told which. */
static void put_security(struct buf *out, const struct route *route)
{
	json_open_list(out, "security");
	if (route->flags & ROUTE_OPEN)
		buf_puts(out, "{}");
	else
		buf_puts(out, "{\"session\":[]}");
	if (route->flags & ROUTE_TOKEN)
		buf_puts(out, ",{\"token\":[]}");
	buf_add_char(out, ']');
	if (route->roles) {
		json_open_list(out, "x-ward-roles");
		for (struct str rest = str_from(route->roles), role; (role = str_word(&rest)).n;)
			json_put(out, NULL, role);
		buf_add_char(out, ']');
	}
	if (route->flags & ROUTE_FRESH)
		json_put_flag(out, "x-ward-fresh", true);
}

static void put_route(struct buf *out, const struct route *route)
{
	static const char *const methods[] = { "get", "post", "put", "patch", "delete" };
	struct str rest = str_slice(str_from(route->path), sizeof("/api/") - 1, strlen(route->path));
	json_open_map(out, methods[route->method]);
	json_put(out, "operationId", str_from(route->name));
	json_put(out, "summary", str_from(route->doc));
	json_open_list(out, "tags");
	json_put(out, NULL, str_cut(&rest, '/'));
	buf_add_char(out, ']');
	put_parameters(out, route);
	put_security(out, route);
	if (route->flags & ROUTE_RAW)
		buf_puts(out, ",\"requestBody\":{\"content\":{\"application/octet-stream\":{}}}");
	else if (route->takes) {
		json_open_map(out, "requestBody");
		put_ref(out, route->takes);
		buf_add_char(out, '}');
	}
	json_open_map(out, "responses");
	put_answer(out, "2XX", "done", route->gives, route->flags & ROUTE_STREAM);
	put_answer(out, "default", "refused, with words", "Error", false);
	buf_puts(out, "}}");
}

/* Paths in the order in which they come first; all methods of one together. */
static void put_paths(struct request *request)
{
	VEC(const struct route *) all = { 0 };
	for (size_t i = 0; route_lists[i]; i++)
		for (const struct route *route = route_lists[i]; route->path; route++)
			vec_push_in(request->arena, &all, route);
	json_open_map(&request->out, "paths");
	for (size_t i = 0; i < all.n; i++) {
		size_t before = 0;
		while (before < i && strcmp(all.p[before]->path, all.p[i]->path) != 0)
			before++;
		if (before < i)
			continue;
		json_open_map(&request->out, all.p[i]->path);
		for (size_t k = i; k < all.n; k++)
			if (strcmp(all.p[k]->path, all.p[i]->path) == 0)
				put_route(&request->out, all.p[k]);
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, '}');
}

static int get_openapi(struct request *request, struct err *err)
{
	struct buf *out = &request->out;
	json_open_map(out, NULL);
	json_put(out, "openapi", STR("3.1.0"));
	json_open_map(out, "info");
	json_put(out, "title", STR("ward"));
	json_put(out, "version", STR(WARD_VERSION));
	json_open_map(out, "license");
	json_put(out, "name", STR("Mulan PSL v2"));
	json_put(out, "identifier", STR("MulanPSL-2.0"));
	buf_puts(out, "}}");
	put_paths(request);
	json_open_map(out, "components");
	int r = put_schemas(request, err);
	buf_puts(out, ",\"securitySchemes\":{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-ward\",\"description\":\"a session; "
	              "whatever is not GET carries the header X-Ward-CSRF with what GET /api/session gave\"},"
	              "\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}}}");
	return r;
}

const struct route routes_openapi[] = {
	{ METHOD_GET, "/api/openapi.json", "getOpenapi", "this description", .flags = ROUTE_TOKEN, .handle = get_openapi },
	{ 0 },
};
