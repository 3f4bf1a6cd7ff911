/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Registers as sheets: forms, imports that are checked before they are applied, exports that come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "data/sheet.h"
#include "register/value_text.h"
#include "sys/root.h"

static struct api api;
static struct actor security, auditor, foreign;
static int64_t city, county;

static const char *text(const char *format, ...)
{
	va_list args;
	BUF(out);
	va_start(args, format);
	buf_vprintf(&out, format, args);
	va_end(args);
	return arena_str(&api.arena, buf_str(&out)).p;
}

static int tree_work(void *ctx, struct write *write, struct err *err)
{
	static const char *const values[] = { "{\"name\":\"市局\",\"code\":\"c\",\"tier\":\"city\",\"kind\":\"bureau\"}",
		                              "{\"name\":\"县局\",\"code\":\"k\",\"tier\":\"county\",\"kind\":\"bureau\",\"parent\":1}" };
	int64_t *ids = ctx;
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(values); i++) {
		struct source source = { .name = "values", .text = str_from(values[i]) };
		const struct doc *doc;
		r = json_parse(write->arena, &source, &doc, err);
		if (r == 0)
			r = record_create(write, &api.office.books, registers_find(api.office.registers, STR("org")), 0, doc, &ids[i], NULL, err);
	}
	return r;
}

static int open_api(void **state)
{
	(void)state;
	struct err err = { "" };
	struct actor ward = actor_ward();
	int64_t ids[2];
	api_open(&api);
	if (records_do(api.office.records, &ward, tree_work, ids, &err) < 0)
		fail_msg("%s", err.text);
	city = ids[0], county = ids[1];
	security = api_actor(&api, 2, city, "security");
	auditor = api_actor(&api, 3, city, "auditor");
	foreign = api_actor(&api, 4, county, "security");
	return 0;
}

static int close_api(void **state)
{
	(void)state;
	api_close(&api);
	return 0;
}

/* Hand a sheet in and wait until it was looked at. */
static struct api_answer looked_at(int64_t id)
{
	for (int i = 0; i < 4800; i++) {
		struct api_answer answer = api_get(&api, &security, text("/api/imports/%lld", (long long)id));
		assert_int_equal(answer.status, 200);
		if (strcmp(api_text(&answer, "state"), "checking") != 0 && strcmp(api_text(&answer, "state"), "applying") != 0)
			return answer;
		nanosleep(&(struct timespec){ 0, 25 * 1000 * 1000 }, NULL);
	}
	fail_msg("the import does not end");
	return (struct api_answer){ 0 };
}

static int64_t hand_in(const char *reg, struct str file)
{
	struct api_answer answer = api_send(&api, &security, METHOD_POST, text("/api/records/%s/imports?name=list.csv", reg), file, "application/octet-stream");
	if (answer.status != 202)
		fail_msg("%d %.*s", answer.status, STR_ARG(answer.body));
	return api_int(&answer, "id");
}

static int64_t total(const char *reg)
{
	struct api_answer answer = api_get(&api, &security, text("/api/records/%s", reg));
	return api_int(&answer, "total");
}

#define BAD_PERSONS                                                                   \
	"姓名*,工号,到岗日期,Điện thoại,没有的列\n"                                        \
	"张小三,001,2026/1/5,13812341111,x\n"                                                   \
	"李四,002,昨天,13812342222,x\n"                                                         \
	",003,20260105,13812343333,\n"                                                          \
	"王五,001,2026年1月6日,13812344444,\n"

static void errors_are_said_by_row_and_column(void **state)
{
	(void)state;
	int64_t before = total("person");
	struct api_answer answer = looked_at(hand_in("person", STR(BAD_PERSONS)));
	if (strcmp(api_text(&answer, "state"), "checked") != 0)
		fail_msg("%.*s", STR_ARG(answer.body));
	assert_int_equal(api_int(&answer, "rows"), 4);
	assert_int_equal(api_int(&answer, "created"), 1);
	assert_int_equal(api_int(&answer, "bad"), 3);
	assert_string_equal(api_text(&answer, "problems.0.column"), "C");
	assert_int_equal(api_int(&answer, "problems.0.row"), 3);
	assert_non_null(strstr(api_text(&answer, "problems.0.text"), "昨天"));
	assert_int_equal(api_int(&answer, "problems.1.row"), 4);
	assert_string_equal(api_text(&answer, "problems.1.column"), "A");
	assert_non_null(strstr(api_text(&answer, "problems.2.text"), "row 2 has the same key"));
	assert_string_equal(api_text(&answer, "left_out.0"), "没有的列");
	assert_int_equal(total("person"), before);
	/* Not without saying so. */
	struct api_answer applied = api_post(&api, &security, text("/api/imports/%lld/apply", (long long)api_int(&answer, "id")), "{}");
	assert_int_equal(applied.status, 422);
}

/* The field that must be filled in is not missing as well: what stood there was wrong. */
static void a_wrong_choice_is_one_error(void **state)
{
	(void)state;
	struct api_answer answer = looked_at(hand_in("asset", STR("资产编号,名称,类别\nZC-1,冰箱,家电\nZC-2,打印机,\n")));
	assert_int_equal(api_int(&answer, "bad"), 2);
	assert_int_equal(api_int(&answer, "problems.0.row"), 2);
	assert_string_equal(api_text(&answer, "problems.0.column"), "C");
	assert_non_null(strstr(api_text(&answer, "problems.0.text"), "家电"));
	assert_int_equal(api_int(&answer, "problems.1.row"), 3);
	assert_string_equal(api_text(&answer, "problems.1.text"), "this must be filled in");
	assert_null(api_at(&answer, "problems.2"));
}

static void an_import_makes_and_changes(void **state)
{
	(void)state;
	int64_t before = total("person");
	int64_t id = hand_in("person", STR("姓名,工号,到岗日期,手机号\n赵六,0007,2026-01-05,13812340007\n孙七,0008,5/1/2026,\n"));
	struct api_answer answer = looked_at(id);
	assert_int_equal(api_int(&answer, "created"), 2);
	assert_int_equal(api_post(&api, &security, text("/api/imports/%lld/apply", (long long)id), "{}").status, 202);
	answer = looked_at(id);
	if (strcmp(api_text(&answer, "state"), "applied") != 0)
		fail_msg("%.*s", STR_ARG(answer.body));
	assert_int_equal(total("person"), before + 2);
	/* Again, in GB 18030, with another date: the same records by their keys; what is empty stays. */
	id = hand_in("person", STR("\xd0\xd5\xc3\xfb\x2c\xb9\xa4\xba\xc5\x0a\xd5\xd4\xc1\xf9\xd2\xbb\x2c" "0007\n"));
	answer = looked_at(id);
	assert_int_equal(api_int(&answer, "changed"), 1);
	assert_int_equal(api_post(&api, &security, text("/api/imports/%lld/apply", (long long)id), "{}").status, 202);
	assert_string_equal(api_text(&(struct api_answer[]){ looked_at(id) }[0], "state"), "applied");
	assert_int_equal(total("person"), before + 2);
	answer = api_get(&api, &security, "/api/records/person?f=code:eq:0007");
	assert_string_equal(api_text(&answer, "rows.0.code"), "0007");
	assert_string_equal(api_text(&answer, "rows.0.joined"), "2026-01-05");
	/* Applied is applied. */
	assert_int_equal(api_post(&api, &security, text("/api/imports/%lld/apply", (long long)id), "{}").status, 422);
	/* Nobody else sees it. */
	assert_int_equal(api_get(&api, &foreign, text("/api/imports/%lld", (long long)id)).status, 404);
}

static void what_is_no_sheet_is_refused(void **state)
{
	(void)state;
	struct api_answer answer = looked_at(hand_in("person", STR("PK\3\4 nothing")));
	assert_string_equal(api_text(&answer, "state"), "refused");
	assert_non_null(strstr(api_text(&answer, "trouble"), "damaged"));
	answer = looked_at(hand_in("person", STR("a,b\n1,2\n")));
	assert_string_equal(api_text(&answer, "state"), "refused");
	assert_non_null(strstr(api_text(&answer, "trouble"), "template"));
	assert_int_equal(api_send(&api, &auditor, METHOD_POST, "/api/records/person/imports", STR("x"), "text/csv").status, 403);
	assert_int_equal(api_send(&api, &security, METHOD_POST, "/api/records/nothing/imports", STR("x"), "text/csv").status, 404);
	assert_int_equal(api_send(&api, &foreign, METHOD_POST, text("/api/records/person/imports?org=%lld", (long long)city), STR("x"), "text/csv").status, 404);
}

static int file_of(struct str bytes)
{
	FILE *file = tmpfile();
	fwrite(bytes.p, 1, bytes.n, file);
	fflush(file);
	int fd = dup(fileno(file));
	fclose(file);
	return fd;
}

/* What comes out goes in again and changes nothing. */
static void exports_come_back(void **state)
{
	(void)state;
	static const char *const formats[] = { "csv", "xlsx" };
	int64_t before = total("person");
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct api_answer answer = api_get(&api, &security, text("/api/records/person/export?format=%s", formats[i]));
		assert_int_equal(answer.status, 200);
		CLEANUP(fd_close_p) int fd = file_of(answer.body);
		CLEANUP(sheet_close_p) struct sheet *sheet = NULL;
		struct err err = { "" };
		const struct str *cells;
		size_t n, number, rows = 0;
		assert_int_equal(sheet_open(fd, "export", &sheet, &err), 0);
		while (sheet_row(sheet, &cells, &n, &number, &err) > 0)
			rows++;
		assert_int_equal(rows, before + 1);
		struct api_answer again = looked_at(hand_in("person", answer.body));
		if (api_int(&again, "bad") != 0 || api_int(&again, "created") != 0)
			fail_msg("%s: %.*s", formats[i], STR_ARG(again.body));
		assert_int_equal(api_int(&again, "changed"), before);
	}
	struct api_answer answer = api_get(&api, &security, "/api/records/person/export?format=json&f=code:eq:0007");
	assert_int_equal(answer.json->n, 1);
	assert_int_equal(api_get(&api, &security, "/api/records/person/export?format=exe").status, 422);
	/* Who took what is in the journal. */
	DB_QUERY(q);
	struct db *db;
	struct err err = { "" };
	assert_int_equal(records_read(api.office.records, &db, &err), 0);
	assert_int_equal(db_query(&q, db, "SELECT after FROM ward_journal WHERE kind = 'person' AND action = 'export' ORDER BY seq DESC", &err), 0);
	assert_int_equal(db_step(&q, &err), 1);
	assert_non_null(strstr(arena_cstr(&api.arena, db_text(&q, 0)), "\"rows\":1"));
	db_query_done(&q);
	records_read_end(api.office.records, db);
}

static void forms_are_for_their_register(void **state)
{
	(void)state;
	struct api_answer answer = api_get(&api, &security, "/api/records/asset/template.xlsx");
	assert_int_equal(answer.status, 200);
	CLEANUP(fd_close_p) int fd = file_of(answer.body);
	CLEANUP(sheet_close_p) struct sheet *sheet = NULL;
	struct err err = { "" };
	const struct str *cells;
	size_t n, number;
	assert_int_equal(sheet_open(fd, "form", &sheet, &err), 0);
	assert_int_equal(sheet_row(sheet, &cells, &n, &number, &err), 1);
	assert_string_equal(arena_cstr(&api.arena, cells[1]), "Asset number*");
	assert_int_equal(sheet_row(sheet, &cells, &n, &number, &err), 0);
	assert_int_equal(api_get(&api, &auditor, "/api/records/asset/template.xlsx").status, 403);
}

static void dates_as_people_write_them(void **state)
{
	(void)state;
	static const char *const good[] = { "2026-11-23", "2026/11/23", "2026.11.23", "20261123", "2026年11月23日", "23/11/2026", " 23-11-2026 ", "2026-11-23 00:00:00" };
	static const char *const bad[] = { "2026-02-29", "2026-13-01", "11/23/2026", "2026", "2026-11-23x", "", "yesterday", "2026-11-23 08:00", "0000-01-01" };
	char out[11];
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!value_date(str_from(good[i]), out))
			fail_msg("%s", good[i]);
		assert_string_equal(out, "2026-11-23");
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (value_date(str_from(bad[i]), out))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_as_people_write_them),
		cmocka_unit_test(errors_are_said_by_row_and_column),
		cmocka_unit_test(a_wrong_choice_is_one_error),
		cmocka_unit_test(an_import_makes_and_changes),
		cmocka_unit_test(what_is_no_sheet_is_refused),
		cmocka_unit_test(exports_come_back),
		cmocka_unit_test(forms_are_for_their_register),
	};
	return cmocka_run_group_tests(tests, open_api, close_api);
}
