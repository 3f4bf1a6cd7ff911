/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/request.h"

#include "base/vec.h"
#include "web/exchange.h"

/* ---- the query ---- */

struct str request_query_at(struct request *request, const char *name, size_t n)
{
	for (struct str rest = request->query_string; rest.p && rest.n;) {
		struct str value = str_cut(&rest, '&'), key = str_cut(&value, '='), decoded;
		if (!percent_decode(request->arena, key, true, &key) || !str_is(key, name) || n-- > 0)
			continue;
		return percent_decode(request->arena, value.p ? value : STR(""), true, &decoded) ? decoded : STR("");
	}
	return STR_NONE;
}

struct str request_query(struct request *request, const char *name)
{
	return request_query_at(request, name, 0);
}

int request_query_int(struct request *request, const char *name, int64_t least, int64_t most, int64_t otherwise, int64_t *out,
                      struct err *err)
{
	struct str text = request_query(request, name);
	*out = otherwise;
	if (!text.p || !text.n)
		return 0;
	if (!str_to_int(text, 10, out) || *out < least || *out > most) {
		*out = otherwise;
		return err_set(err, -EINVAL, "'%s' must be a whole number from %lld to %lld", name, (long long)least, (long long)most);
	}
	return 0;
}

int request_id(struct request *request, size_t param, int64_t *out, struct err *err)
{
	struct str text = param < ROUTE_PARAMS ? request->param[param] : STR_NONE;
	if (!text.p || !text.n || text.p[0] == '0' || !str_to_int(text, 10, out) || *out <= 0)
		return err_set(err, -ENOENT, "there is nothing at this address");
	return 0;
}

/* ---- the body ---- */

static int member(struct request *request, const char *name, bool required, const struct doc **out, struct err *err)
{
	if (request->body && request->body->type != DOC_MAP)
		return err_set(err, -EINVAL, "what was sent must be a map");
	*out = doc_get(request->body, str_from(name));
	if (*out && (*out)->type == DOC_NULL)
		*out = NULL;
	if (*out || !required)
		return 0;
	request_problem(request, str_from(name), NOTE("must be filled in"));
	return err_set(err, -EINVAL, "'%s' is missing", name);
}

int request_text(struct request *request, const char *name, bool required, size_t most, struct str *out, struct err *err)
{
	const struct doc *node = NULL;
	*out = STR_NONE;
	int r = member(request, name, required, &node, err);
	if (r < 0 || !node)
		return r;
	if (node->type != DOC_STRING) {
		request_problem(request, str_from(name), NOTE("must be text"));
		return err_set(err, -EINVAL, "'%s' must be text", name);
	}
	struct str text = doc_string(node);
	if (required && !str_trim(text).n) {
		request_problem(request, str_from(name), NOTE("must be filled in"));
		return err_set(err, -EINVAL, "'%s' is missing", name);
	}
	if (str_find_char(text, 0) >= 0)
		return err_set(err, -EINVAL, "'%s' holds a character that cannot be kept", name);
	if (text.n > most) {
		request_problem(request, str_from(name), NOTE("is too long"));
		return err_set(err, -EINVAL, "'%s' is too long", name);
	}
	*out = text;
	return 0;
}

int request_int(struct request *request, const char *name, int64_t otherwise, int64_t *out, struct err *err)
{
	const struct doc *node = NULL;
	*out = otherwise;
	int r = member(request, name, false, &node, err);
	if (r < 0 || !node)
		return r;
	if (node->type != DOC_INT) {
		request_problem(request, str_from(name), NOTE("must be a whole number"));
		return err_set(err, -EINVAL, "'%s' must be a whole number", name);
	}
	*out = node->integer;
	return 0;
}

/* ---- the answer ---- */

void request_problem(struct request *request, struct str field, struct note what)
{
	struct field_error *grown = ARENA_ARRAY(request->arena, struct field_error, request->n_problems + 1);
	if (request->n_problems)
		memcpy(grown, request->problems, request->n_problems * sizeof(*grown));
	grown[request->n_problems++] = (struct field_error){ arena_str(request->arena, field), note_copy(request->arena, what) };
	request->problems = grown;
}

void request_refuse(struct request *request, int status, const char *code, struct note what)
{
	request->status = status;
	request->type = STR_NONE;
	buf_clear(&request->out);
	json_open_map(&request->out, NULL);
	json_open_map(&request->out, "error");
	json_put(&request->out, "code", str_from(code));
	json_put(&request->out, "text", note_text(request->arena, request->lang, &what));
	if (request->n_problems) {
		json_open_list(&request->out, "fields");
		for (size_t i = 0; i < request->n_problems; i++) {
			json_open_map(&request->out, NULL);
			json_put(&request->out, "field", request->problems[i].field);
			json_put(&request->out, "text", note_text(request->arena, request->lang, &request->problems[i].what));
			buf_add_char(&request->out, '}');
		}
		buf_add_char(&request->out, ']');
	}
	buf_puts(&request->out, "}}");
}

bool request_has_role(const struct request *request, const char *roles)
{
	const struct strings *names = request->web ? request->web->roles : NULL;
	for (struct str rest = str_from(roles), role; request->actor && names && (role = str_word(&rest)).n;)
		for (size_t i = 0; i < names->n && i < 64; i++)
			if (str_eq(role, names->p[i]) && (request->actor->roles >> i & 1))
				return true;
	return false;
}
