/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "api.h"

/* ---- routes of a small office ---- */

static int get_thing(struct request *request, struct err *err)
{
	int64_t id, limit;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = request_query_int(request, "limit", 1, 10, 5, &limit, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", id);
	json_put_int(&request->out, "limit", limit);
	json_put(&request->out, "q", request_query(request, "q"));
	json_put(&request->out, "second", request_query_at(request, "f", 1));
	json_put_flag(&request->out, "writes", request->write != NULL);
	buf_add_char(&request->out, '}');
	return 0;
}

static int add_thing(struct request *request, struct err *err)
{
	struct str name;
	int64_t n;
	int r = request_text(request, "name", true, 10, &name, err);
	if (r == 0)
		r = request_int(request, "n", 7, &n, err);
	if (r < 0)
		return r;
	struct change change = { .kind = STR("thing"), .object = n, .action = STR("create") };
	r = write_journal(request->write, &change, NULL, err);
	if (r < 0)
		return r;
	if (n == 13)
		return err_set(err, -EEXIST, "'%.*s' is missing", STR_ARG(name));
	if (n == 14)
		request_refuse(request, 202, "pair", NOTE("must be filled in"));
	else
		json_open_map(&request->out, NULL), buf_add_char(&request->out, '}');
	return 0;
}

static int break_down(struct request *request, struct err *err)
{
	(void)request;
	return err_set(err, -EIO, "secret of the inside");
}

static int take_file(struct request *request, struct err *err)
{
	char text[64];
	ssize_t n = pread(request->body_file, text, sizeof(text), 0);
	(void)err;
	json_open_map(&request->out, NULL);
	json_put(&request->out, "text", (struct str){ text, (size_t)n });
	buf_add_char(&request->out, '}');
	return 0;
}

static int count(struct request *request, struct err *err)
{
	int64_t n;
	int r = db_one_int(request->db, "SELECT count(*) FROM ward_journal", 0, &n, err);
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "n", n);
	buf_add_char(&request->out, '}');
	return r;
}

static const struct route list[] = {
	{ METHOD_GET, "/api/things/{id}", "getThing", "", .handle = get_thing },
	{ METHOD_POST, "/api/things", "addThing", "", .handle = add_thing },
	{ METHOD_GET, "/api/broken", "getBroken", "", .handle = break_down },
	{ METHOD_POST, "/api/file", "addFile", "", .flags = ROUTE_RAW, .handle = take_file },
	{ METHOD_GET, "/api/open", "count", "", .flags = ROUTE_OPEN, .handle = count },
	{ METHOD_POST, "/api/fresh", "fresh", "", .flags = ROUTE_FRESH, .handle = count },
	{ METHOD_POST, "/api/search", "search", "", .flags = ROUTE_READ | ROUTE_TOKEN, .handle = count },
	{ METHOD_GET, "/api/audit", "audit", "", .roles = "auditor security", .handle = count },
	{ 0 },
};
static const struct route *const lists[] = { list, NULL };
static struct api api;
static struct actor zhang;

static void refused(struct api_answer a, int status, const char *code)
{
	assert_string_equal(api_text(&a, "error.code"), code);
	assert_int_equal(a.status, status);
	assert_true(api_text(&a, "error.text")[0]);
}

static int64_t entries(void)
{
	struct api_answer a = api_get(&api, NULL, "/api/open");
	return api_int(&a, "n");
}

/* ---- tests ---- */

static void reading(void **state)
{
	(void)state;
	struct api_answer a = api_get(&api, &zhang, "/api/things/17?q=%E5%8F%B0+%26&limit=3&f=a&f=b=c");
	assert_int_equal(a.status, 200);
	assert_int_equal(api_int(&a, "id"), 17);
	assert_int_equal(api_int(&a, "limit"), 3);
	assert_string_equal(api_text(&a, "q"), "台 &");
	assert_string_equal(api_text(&a, "second"), "b=c");
	assert_int_equal(api_at(&a, "writes")->boolean, false);
	a = api_get(&api, &zhang, "/api/things/1");
	assert_int_equal(api_int(&a, "limit"), 5);
	assert_string_equal(api_text(&a, "q"), "");
	refused(api_get(&api, &zhang, "/api/things/1?limit=11"), 422, "invalid");
	refused(api_get(&api, &zhang, "/api/things/01"), 404, "missing");
	refused(api_get(&api, &zhang, "/api/things/-1"), 404, "missing");
	refused(api_get(&api, &zhang, "/api/things/1 OR 1=1"), 404, "missing");
	refused(api_get(&api, &zhang, "/api/none"), 404, "missing");
	refused(api_get(&api, &zhang, "/api/things/%2e%2e"), 400, "malformed");
	refused(api_post(&api, &zhang, "/api/things/1", "{}"), 405, "method");
	refused(api_call(&api, &zhang, METHOD_GET, "/api/things/1", "{}"), 400, "malformed");
}

static void writing(void **state)
{
	(void)state;
	int64_t before = entries();
	struct api_answer a = api_post(&api, &zhang, "/api/things", "{\"name\": \"x\"}");
	assert_int_equal(a.status, 200);
	assert_int_equal(entries(), before + 1);
	/* What fails leaves nothing. */
	refused(api_post(&api, &zhang, "/api/things", "{\"name\": \"x\", \"n\": 13}"), 409, "exists");
	assert_int_equal(entries(), before + 1);
	/* What is refused by request_refuse() stays. */
	refused(api_post(&api, &zhang, "/api/things", "{\"name\": \"x\", \"n\": 14}"), 202, "pair");
	assert_int_equal(entries(), before + 2);
	a = api_post(&api, &zhang, "/api/things", "{}");
	refused(a, 422, "invalid");
	assert_string_equal(api_text(&a, "error.fields.0.field"), "name");
	assert_string_equal(api_text(&a, "error.fields.0.text"), "must be filled in");
	refused(api_post(&api, &zhang, "/api/things", "{\"name\": 3}"), 422, "invalid");
	refused(api_post(&api, &zhang, "/api/things", "{\"name\": \"12345678901\"}"), 422, "invalid");
	refused(api_post(&api, &zhang, "/api/things", "{\"name\": \"a\\u0000\"}"), 422, "invalid");
	refused(api_post(&api, &zhang, "/api/things", "{\"name\": \"a\", \"n\": \"1\"}"), 422, "invalid");
	refused(api_post(&api, &zhang, "/api/things", "[]"), 422, "invalid");
	refused(api_send(&api, &zhang, METHOD_POST, "/api/things", STR("{\"name\": \"a\"}"), "text/plain"), 400, "malformed");
	a = api_post(&api, &zhang, "/api/things", "{\n \"name\": }");
	refused(a, 400, "malformed");
	assert_non_null(strstr(api_text(&a, "error.text"), "body:2:10"));
	assert_int_equal(entries(), before + 2);
}

static void files_come_as_files(void **state)
{
	(void)state;
	struct api_answer a = api_send(&api, &zhang, METHOD_POST, "/api/file", STR("{not json"), "application/octet-stream");
	assert_string_equal(api_text(&a, "text"), "{not json");
}

static void who_may(void **state)
{
	(void)state;
	struct actor none = api_actor(&api, 9, 1, "officer"), token = zhang, old = zhang;
	refused(api_get(&api, NULL, "/api/things/1"), 401, "login");
	assert_int_equal(api_get(&api, NULL, "/api/open").status, 200);
	assert_int_equal(api_get(&api, &zhang, "/api/audit").status, 200);
	refused(api_get(&api, &none, "/api/audit"), 403, "forbidden");
	refused(api_get(&api, NULL, "/api/audit"), 401, "login");
	token.token = 5;
	refused(api_get(&api, &token, "/api/things/1"), 403, "forbidden");
	assert_int_equal(api_post(&api, &token, "/api/search", "{}").status, 200);
	old.fresh_until = 1;
	refused(api_post(&api, &old, "/api/fresh", NULL), 401, "fresh");
	assert_int_equal(api_post(&api, &zhang, "/api/fresh", NULL).status, 200);
}

static int noted;
static void note_failure(void *ctx, const char *number, const struct request *request, const struct err *err)
{
	(void)ctx, (void)request;
	noted += strlen(number) == 8 && strcmp(err->text, "secret of the inside") == 0;
}

static void what_breaks_inside_is_not_told(void **state)
{
	(void)state;
	api.web.hooks.failed = note_failure;
	struct api_answer a = api_get(&api, &zhang, "/api/broken");
	refused(a, 500, "internal");
	assert_true(str_find(a.body, "secret") < 0);
	assert_int_equal(noted, 1);
}

static void errors_speak_the_persons_language(void **state)
{
	(void)state;
	struct actor li = zhang;
	li.lang = LANG_ZH;
	struct api_answer a = api_post(&api, &li, "/api/things", "{}");
	assert_string_equal(api_text(&a, "error.text"), "缺少“name”");
	assert_string_equal(api_text(&a, "error.fields.0.text"), "必须填写");
	li.lang = LANG_VI;
	a = api_get(&api, &li, "/api/nothing");
	assert_string_equal(api_text(&a, "error.text"), "không có gì ở địa chỉ này");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(writing),
		cmocka_unit_test(files_come_as_files),
		cmocka_unit_test(who_may),
		cmocka_unit_test(what_breaks_inside_is_not_told),
		cmocka_unit_test(errors_speak_the_persons_language),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	api_open_with(&api, lists);
	zhang = api_actor(&api, 2, 1, "security");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	api_close(&api);
	return failed;
}
