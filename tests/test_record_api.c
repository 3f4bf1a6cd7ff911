/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The API over registers: lists with filters and cursors, records, history, bulk, files, views; and what somebody tries who
 * means no good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

#include "api.h"
#include "register/file_look.h"
#include "register/list.h"

static struct api api;
static struct actor security, officer, auditor, foreign, whole;
static int64_t city, county, other;

static int64_t made(const struct actor *actor, const char *target, const char *json)
{
	struct api_answer answer = api_post(&api, actor, target, json);
	if (answer.status != 201)
		fail_msg("%s: %d %.*s", target, answer.status, STR_ARG(answer.body));
	return api_int(&answer, "record.id");
}

static const char *text(const char *format, ...)
{
	va_list args;
	BUF(out);
	va_start(args, format);
	buf_vprintf(&out, format, args);
	va_end(args);
	return arena_str(&api.arena, buf_str(&out)).p;
}

struct tree {
	int64_t ids[3];
};

/* The first organisation is made by ward, as a first login makes it. */
static int tree_work(void *ctx, struct write *write, struct err *err)
{
	static const char *const values[] = { "{\"name\":\"City\",\"code\":\"c\",\"tier\":\"city\",\"kind\":\"bureau\"}",
		                              "{\"name\":\"County\",\"code\":\"k\",\"tier\":\"county\",\"kind\":\"bureau\",\"parent\":1}",
		                              "{\"name\":\"Other\",\"code\":\"o\",\"tier\":\"county\",\"kind\":\"bureau\",\"parent\":1}" };
	struct tree *tree = ctx;
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(values); i++) {
		struct source source = { .name = "values", .text = str_from(values[i]) };
		const struct doc *doc;
		r = json_parse(write->arena, &source, &doc, err);
		if (r == 0)
			r = record_create(write, &api.office.books, registers_find(api.office.registers, STR("org")), 0, doc, &tree->ids[i], NULL, err);
	}
	return r;
}

static int open_api(void **state)
{
	(void)state;
	struct tree tree;
	struct err err = { "" };
	struct actor ward = actor_ward();
	api_open(&api);
	if (records_do(api.office.records, &ward, tree_work, &tree, &err) < 0)
		fail_msg("%s", err.text);
	city = tree.ids[0], county = tree.ids[1], other = tree.ids[2];
	security = api_actor(&api, 2, county, "security");
	officer = api_actor(&api, 3, county, "officer");
	auditor = api_actor(&api, 4, county, "auditor");
	foreign = api_actor(&api, 5, other, "security leader");
	whole = api_actor(&api, 6, city, "security");
	for (int i = 0; i < 6; i++)
		made(&security, "/api/records/person", text("{\"values\":{\"name\":\"P%d\",\"code\":\"%d\"}}", i, i));
	return 0;
}

static int close_api(void **state)
{
	(void)state;
	api_close(&api);
	return 0;
}

/* Ten media, of which four are issued to nobody yet: numbers that sort, empty and equal values. */
static void ten_persons(void)
{
	for (int i = 10; i < 20; i++)
		made(&security, "/api/records/person",
		     text("{\"values\":{\"name\":\"Name %d\",\"code\":\"0%d\",\"department\":%s,\"joined\":\"2026-01-%d\",\"phone\":\"1381234%04d\",\"key_post\":%s}}", i, i,
		          i % 3 ? text("\"D%d\"", i % 3) : "null", i, i, i % 2 ? "true" : "false"));
}

static int64_t listed(const struct actor *actor, const char *query)
{
	struct api_answer answer = api_get(&api, actor, text("/api/records/person?%s", query));
	if (answer.status != 200)
		fail_msg("%s: %d %.*s", query, answer.status, STR_ARG(answer.body));
	assert_int_equal(api_int(&answer, "total"), api_at(&answer, "rows")->n);
	return api_int(&answer, "total");
}

/* Whoever writes what does not fit is told what would, in their language. */
static void the_form_is_said(void **state)
{
	(void)state;
	static const char *const words[] = { "Digits, with blanks", "数字，可以有空格和横线", "có thể có dấu cách" };
	for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
		struct actor reader = security;
		reader.lang = lang;
		struct api_answer answer = api_post(&api, &reader, "/api/records/person", "{\"values\":{\"name\":\"P\",\"code\":\"77\",\"phone\":\"none\"}}");
		assert_int_equal(answer.status, 422);
		assert_string_equal(api_text(&answer, "error.fields.0.field"), "phone");
		assert_true(str_find(str_from(api_text(&answer, "error.fields.0.text")), words[lang]) >= 0);
	}
}

/* An organisation is approved by the one above it, not by itself; the topmost has none. */
static void the_organisation_above(void **state)
{
	(void)state;
	struct actor town = security;
	const char *body = "{\"name\": \"approve\", \"version\": 1}";
	int64_t id = made(&security, "/api/records/org",
	                  text("{\"values\":{\"name\":\"Town\",\"code\":\"t\",\"tier\":\"township\",\"kind\":\"bureau\",\"parent\":%lld}}", (long long)county));
	town.org = id;
	struct api_answer answer = api_post(&api, &town, text("/api/records/org/%lld/transition", (long long)id), body);
	assert_int_equal(answer.status, 403);
	assert_true(str_find(answer.body, "organisation above") >= 0);
	answer = api_get(&api, &town, text("/api/records/org/%lld", (long long)id));
	assert_true(str_find(answer.body, "approve") < 0);
	answer = api_post(&api, &security, text("/api/records/org/%lld/transition", (long long)id), body);
	assert_int_equal(answer.status, 200);
	answer = api_post(&api, &whole, text("/api/records/org/%lld/transition", (long long)city), body);
	assert_int_equal(answer.status, 200);
}

static void filters(void **state)
{
	(void)state;
	ten_persons();
	assert_int_equal(listed(&security, "limit=200"), 16);
	assert_int_equal(listed(&security, "f=department:eq:D1"), 4);
	assert_int_equal(listed(&security, "f=department:ne:D1"), 12);
	assert_int_equal(listed(&security, "f=department:in:D1,D2"), 7);
	assert_int_equal(listed(&security, "f=department:empty"), 9);
	assert_int_equal(listed(&security, "f=department:filled:"), 7);
	assert_int_equal(listed(&security, "f=joined:ge:2026-01-15&f=joined:lt:2026-01-18"), 3);
	assert_int_equal(listed(&security, "f=key_post:eq:true"), 5);
	assert_int_equal(listed(&security, "f=key_post:eq:1&f=department:has:d"), 4);
	assert_int_equal(listed(&security, "f=name:has:%25"), 0);
	assert_int_equal(listed(&security, "f=name:has:_"), 0);
	assert_int_equal(listed(&security, "f=phone:eq:13812340012"), 1);
	assert_int_equal(listed(&security, "f=phone:in:13812340012,13812340013,1"), 2);
	assert_int_equal(listed(&security, "f=created:ge:today&f=created:le:today"), 16);
	assert_int_equal(listed(&security, "f=created:eq:today"), 16);
	assert_int_equal(listed(&security, "f=created:gt:today"), 0);
	assert_int_equal(listed(&security, "f=created:lt:today-1"), 0);
	assert_int_equal(listed(&security, "q=name+1"), 10);
	assert_int_equal(listed(&security, "q=NAME%20%2011"), 1);
	assert_int_equal(listed(&security, "view=active&q=11"), 1);
	assert_int_equal(listed(&whole, text("org=%lld", (long long)county)), 16);
	assert_int_equal(listed(&whole, text("org=%lld", (long long)other)), 0);
	assert_int_equal(listed(&foreign, ""), 0);
	assert_int_equal(listed(&foreign, text("org=%lld", (long long)county)), 0);
	/* A second question of the same kind finds the kept total, and a new record is in it at once. */
	made(&security, "/api/records/person", "{\"values\":{\"name\":\"New\"}}");
	assert_int_equal(listed(&security, "limit=200"), 17);
}

static void wrong_questions(void **state)
{
	(void)state;
	static const struct {
		const char *query, *words;
	} cases[] = {
		{ "f=nothing:eq:1", "there is no field 'nothing' to filter by" },
		{ "f=name:like:1", "the operators are" },
		{ "f=name", "the operators are" },
		{ "f=joined:eq:tomorrow", "is no value of 'joined'" },
		{ "f=key_post:eq:maybe", "is no value of 'key_post'" },
		{ "f=phone:has:138", "cannot be filtered by 'has'" },
		{ "f=phone:gt:138", "cannot be filtered by 'gt'" },
		{ "f=phone_index:eq:1", "there is no field" },
		{ "sort=phone", "cannot be sorted by" },
		{ "sort=-nothing", "there is no field 'nothing' to sort by" },
		{ "limit=0", "limit" },
		{ "limit=201", "limit" },
		{ "after=AAAA", "belongs to another question" },
		{ "view=nothing", "there is no view" },
		{ "withdrawn=2", "withdrawn" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct api_answer answer = api_get(&api, &security, text("/api/records/person?%s", cases[i].query));
		if (answer.status != 422 || !strstr(api_text(&answer, "error.text"), cases[i].words))
			fail_msg("%s: %d %.*s", cases[i].query, answer.status, STR_ARG(answer.body));
	}
}

/* Each parameter with each attack: either the question is wrong, or the value is only a value; the table stays. */
static void injections(void **state)
{
	(void)state;
	static const char *const attacks[] = { "'", "\"", "1%20OR%201=1", "x'%20OR%20'1'='1", "x%27);DROP%20TABLE%20person;--", "name)--", "%27%20UNION%20SELECT%20*%20FROM%20ward_user--",
		                               "1;DELETE%20FROM%20person", "%00", "%ff", "*", "id,org", "(SELECT%201)", "CASE%20WHEN%201=1%20THEN%20id%20END",
		                               "%25", "!%25", "?", "$1", "''", "\\", "--", "/*" };
	static const char *const places[] = { "q=%s",           "f=name:eq:%s",  "f=name:has:%s", "f=name:in:a,%s", "f=%s:eq:1",     "f=name:%s:1", "f=%s",     "sort=%s",
		                              "sort=-%s",       "f=org:eq:%s",   "f=id:gt:%s",    "f=joined:lt:%s", "f=phone:eq:%s", "after=%s",    "limit=%s", "view=%s",
		                              "columns=%s",     "org=%s",        "withdrawn=%s",  "f=state:ne:%s", "f=created:ge:%s" };
	int64_t before = listed(&security, "limit=200");
	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t k = 0; k < COUNT(attacks); k++) {
			struct api_answer answer = api_get(&api, &security, arena_printf(&api.arena, "/api/records/person?%.*s%s%s", (int)(strchr(places[i], '%') - places[i]),
			                                                                 places[i], attacks[k], strchr(places[i], '%') + 2)
			                                                        .p);
			if (answer.status != 200 && answer.status != 422 && answer.status != 400)
				fail_msg("%s with %s: %d %.*s", places[i], attacks[k], answer.status, STR_ARG(answer.body));
			if (answer.status == 200 && str_starts(str_from(places[i]), "f=") && str_starts(str_from(places[i]), "f=name:eq"))
				assert_int_equal(api_int(&answer, "total"), 0);
		}
	assert_int_equal(listed(&security, "limit=200"), before);
}

/* Every order, a page of three at a time, gives each record once, in order, empty values last. */
static void pages(void **state)
{
	(void)state;
	static const char *const sorts[] = { "id", "-id", "department", "-department", "joined", "-joined", "name", "-name", "updated", "-updated", "key_post", "-created", "state" };
	ten_persons();
	for (size_t i = 0; i < COUNT(sorts); i++) {
		struct str after = STR_NONE;
		bool seen[64] = { false }, empty = false;
		size_t n = 0;
		do {
			struct api_answer answer = api_get(&api, &security, text("/api/records/person?limit=3&f=name:has:a&sort=%s%s%.*s", sorts[i], after.p ? "&after=" : "", STR_ARG(after)));
			assert_int_equal(answer.status, 200);
			const struct doc *rows = api_at(&answer, "rows");
			for (size_t k = 0; k < rows->n; k++, n++) {
				int64_t id = doc_get(&rows->items[k], STR("id"))->integer;
				const struct doc *value = doc_get(&rows->items[k], str_from(sorts[i] + (*sorts[i] == '-')));
				assert_true(id < 64 && !seen[id]);
				seen[id] = true;
				assert_false(empty && value->type != DOC_NULL);
				empty = value->type == DOC_NULL;
			}
			after = doc_string(api_at(&answer, "next"));
			assert_true(rows->n == 3 || !after.p);
		} while (after.p);
		assert_int_equal(n, 10);
	}
	/* A cursor of one question is none of another. */
	struct api_answer answer = api_get(&api, &security, "/api/records/person?limit=3&sort=name");
	answer = api_get(&api, &security, text("/api/records/person?limit=3&sort=-name&after=%s", api_text(&answer, "next")));
	assert_int_equal(answer.status, 422);
}

static void order(void **state)
{
	(void)state;
	ten_persons();
	struct api_answer answer = api_get(&api, &security, "/api/records/person?sort=-joined&limit=2&columns=name");
	assert_string_equal(api_text(&answer, "rows.0.name"), "Name 19");
	assert_string_equal(api_text(&answer, "rows.1.name"), "Name 18");
	assert_null(api_at(&answer, "rows.0.joined"));
	assert_string_equal(api_text(&answer, "rows.0._titles.org"), "County");
	answer = api_get(&api, &security, text("/api/records/person?sort=-joined&limit=2&after=%s", api_text(&answer, "next")));
	assert_string_equal(api_text(&answer, "rows.0.name"), "Name 17");
	assert_string_equal(api_text(&answer, "rows.0.phone"), "138****0017");
}

static void one_record(void **state)
{
	(void)state;
	int64_t id = made(&security, "/api/records/person", "{\"values\":{\"name\":\"Qian\",\"id_card\":\"320102199001011234\"}}");
	const char *target = text("/api/records/person/%lld", (long long)id);
	struct api_answer answer = api_get(&api, &security, target);
	assert_string_equal(api_text(&answer, "title"), "Qian");
	assert_string_equal(api_text(&answer, "record.id_card"), "3201**********1234");
	assert_string_equal(api_text(&answer, "titles.org"), "County");
	assert_string_equal(api_text(&answer, "may.transitions.0"), "leave");
	/* For people of another office it is like one that never was, to the letter. */
	static const struct {
		enum method method;
		const char *ending, *body;
	} tries[] = { { METHOD_GET, "", NULL },
		      { METHOD_GET, "/history", NULL },
		      { METHOD_GET, "/files/1", NULL },
		      { METHOD_PATCH, "", "{\"values\":{\"name\":\"x\"}}" },
		      { METHOD_POST, "/withdraw", "{\"reason\":\"x\"}" },
		      { METHOD_POST, "/transition", "{\"name\":\"leave\",\"reason\":\"x\"}" },
		      { METHOD_POST, "/unmask", "{\"field\":\"id_card\",\"reason\":\"x\"}" } };
	for (size_t i = 0; i < COUNT(tries); i++) {
		struct api_answer here = api_call(&api, &foreign, tries[i].method, text("%s%s", target, tries[i].ending), tries[i].body);
		struct api_answer never = api_call(&api, &foreign, tries[i].method, text("/api/records/person/999999%s", tries[i].ending), tries[i].body);
		assert_int_equal(here.status, 404);
		assert_true(str_eq(here.body, never.body));
	}
	answer = api_call(&api, &security, METHOD_PATCH, target, "{\"version\":1,\"values\":{\"name\":\"\",\"email\":\"none\"}}");
	assert_int_equal(answer.status, 422);
	assert_string_equal(api_text(&answer, "error.fields.0.field"), "email");
	assert_string_equal(api_text(&answer, "error.fields.1.text"), "this must be filled in");
	answer = api_call(&api, &security, METHOD_PATCH, target, "{\"version\":1,\"values\":{\"post\":\"clerk\",\"id_card\":\"3201**********1234\"}}");
	assert_int_equal(answer.status, 200);
	assert_int_equal(api_int(&answer, "record.version"), 2);
	answer = api_call(&api, &security, METHOD_PATCH, target, "{\"version\":1,\"values\":{\"post\":\"chief\"}}");
	assert_int_equal(answer.status, 409);
	assert_string_equal(api_text(&answer, "error.code"), "stale");
	answer = api_post(&api, &officer, text("%s/unmask", target), "{\"field\":\"id_card\",\"reason\":\"x\"}");
	assert_int_equal(answer.status, 403);
	answer = api_post(&api, &security, text("%s/unmask", target), "{\"field\":\"id_card\",\"reason\":\"call back\"}");
	assert_string_equal(api_text(&answer, "value"), "320102199001011234");
	answer = api_post(&api, &security, text("%s/transition", target), "{\"name\":\"leave\"}");
	assert_int_equal(answer.status, 422);
	assert_string_equal(api_text(&answer, "error.fields.0.field"), "reason");
	answer = api_post(&api, &security, text("%s/transition", target), "{\"name\":\"leave\",\"reason\":\"retired\"}");
	assert_string_equal(api_text(&answer, "record.state"), "gone");
	answer = api_get(&api, &auditor, text("%s/history", target));
	assert_string_equal(api_text(&answer, "0.action"), "create");
	assert_string_equal(api_text(&answer, "0.after.id_card"), "3201**********1234");
	assert_string_equal(api_text(&answer, "1.after.post"), "clerk");
	assert_string_equal(api_text(&answer, "2.reason"), "call back");
	assert_string_equal(api_text(&answer, "3.reason"), "retired");
	assert_true(str_find(answer.body, "320102") < 0 && str_find(answer.body, "v1:") < 0);
	/* Who is named there by a number is called by name, before and after. */
	int64_t asset = made(&security, "/api/records/asset", text("{\"values\":{\"asset_no\":\"H-1\",\"name\":\"his\",\"kind\":\"server\",\"custodian\":%lld}}", (long long)id));
	int64_t sun = made(&security, "/api/records/person", "{\"values\":{\"name\":\"Sun\",\"code\":\"s\"}}");
	answer = api_call(&api, &security, METHOD_PATCH, text("/api/records/asset/%lld", (long long)asset), text("{\"version\":1,\"values\":{\"custodian\":%lld}}", (long long)sun));
	assert_int_equal(answer.status, 200);
	answer = api_get(&api, &auditor, text("/api/records/asset/%lld/history", (long long)asset));
	assert_int_equal(api_int(&answer, "1.before.custodian"), id);
	assert_string_equal(api_text(&answer, text("1.titles.custodian.%lld", (long long)id)), "Qian");
	assert_string_equal(api_text(&answer, text("1.titles.custodian.%lld", (long long)sun)), "Sun");
	assert_string_equal(api_text(&answer, text("0.titles.org.%lld", (long long)api_int(&answer, "0.after.org"))), "County");
	answer = api_get(&api, &auditor, "/api/journal?kind=asset");
	assert_string_equal(api_text(&answer, text("rows.0.titles.custodian.%lld", (long long)sun)), "Sun");
	answer = api_get(&api, &auditor, "/api/journal?kind=person");
	assert_true(str_find(answer.body, "320102") < 0 && str_find(answer.body, "v1:") < 0);
	answer = api_post(&api, &security, text("%s/withdraw", target), "{\"reason\":\"twice\"}");
	assert_int_equal(answer.status, 200);
	assert_true(api_int(&answer, "record.withdrawn") > 0);
	assert_int_equal(listed(&security, "q=Qian"), 0);
	assert_int_equal(listed(&security, "q=Qian&withdrawn=1"), 1);
}

static void bulk(void **state)
{
	(void)state;
	int64_t a = made(&security, "/api/records/person", "{\"values\":{\"name\":\"A\"}}"), b = made(&security, "/api/records/person", "{\"values\":{\"name\":\"B\"}}");
	struct api_answer answer = api_post(&api, &security, "/api/records/person/bulk", text("{\"ids\":[%lld,999999,%lld],\"transition\":\"leave\",\"reason\":\"closed\"}", (long long)a, (long long)b));
	assert_int_equal(answer.status, 200);
	assert_true(api_at(&answer, "0.ok")->boolean && !api_at(&answer, "1.ok")->boolean && api_at(&answer, "2.ok")->boolean);
	assert_string_equal(api_text(&answer, "1.error"), "there is no such record");
	answer = api_post(&api, &foreign, "/api/records/person/bulk", text("{\"ids\":[%lld],\"values\":{\"name\":\"x\"}}", (long long)a));
	assert_string_equal(api_text(&answer, "0.error"), "there is no such record");
	assert_int_equal(api_post(&api, &security, "/api/records/person/bulk", "{\"ids\":[],\"withdraw\":true}").status, 422);
	assert_int_equal(api_post(&api, &security, "/api/records/person/bulk", "{\"ids\":[1]}").status, 422);
	assert_int_equal(api_post(&api, &security, "/api/records/person/bulk", "{\"ids\":[\"1\"],\"withdraw\":true}").status, 422);
}

static struct api_answer attach(int64_t id, const char *name, struct str bytes)
{
	return api_send(&api, &officer, METHOD_POST, text("/api/records/meeting/%lld/files?field=minutes&name=%s", (long long)id, name), bytes,
	                "application/octet-stream");
}

/* A ZIP file of parts: name, text, name, text … */
static struct str zipped(const char *const *parts)
{
	char *bytes = arena_alloc(&api.arena, 65536);
	size_t used = 0;
	struct archive *archive = archive_write_new();
	archive_write_set_format_zip(archive);
	archive_write_open_memory(archive, bytes, 65536, &used);
	for (; parts[0]; parts += 2) {
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, parts[0]);
		archive_entry_set_size(entry, (la_int64_t)strlen(parts[1]));
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_write_header(archive, entry);
		archive_write_data(archive, parts[1], strlen(parts[1]));
		archive_entry_free(entry);
	}
	archive_write_close(archive);
	archive_write_free(archive);
	return (struct str){ bytes, used };
}
#define ZIP(...) zipped((const char *const[]){ __VA_ARGS__, NULL })

static void files(void **state)
{
	(void)state;
	static const char png[] = "\x89PNG\r\n\x1a\n....", gbk[] = "\xc8\xd5\xc6\xda,\xb1\xb8\xd7\xa2\n", elf[] = "\x7f" "ELF\x02\x01\x01\0\0\0", ole[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
	int64_t id = made(&officer, "/api/records/meeting", "{\"values\":{\"held_on\":\"2026-11-20\",\"kind\":\"security\",\"topic\":\"x\"}}");
	const struct {
		const char *name;
		struct str bytes;
		const char *type; /* NULL: refused */
		const char *words;
	} cases[] = {
		{ "a.txt", STR("minutes\n"), "text/plain", NULL },
		{ "b.csv", (struct str){ gbk, sizeof(gbk) - 1 }, "text/csv", NULL },
		{ "c.png", (struct str){ png, sizeof(png) - 1 }, "image/png", NULL },
		{ "d.jpg", STR("\xff\xd8\xff\xe0"), "image/jpeg", NULL },
		{ "e.pdf", STR("%PDF-1.7\n"), "application/pdf", NULL },
		{ "f.docx", ZIP("[Content_Types].xml", "<x/>", "word/document.xml", "<w:p><w:t>\xe4\xbc\x9a\xe8\xae\xae</w:t></w:p>"),
		  "application/vnd.openxmlformats-officedocument.wordprocessingml.document", NULL },
		{ "g.xlsx", ZIP("[Content_Types].xml", "<x/>", "xl/workbook.xml", "<x/>"),
		  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", NULL },
		{ "h.zip", ZIP("a.txt", "x"), "application/zip", NULL },
		{ "i.exe", STR("text"), NULL, "a program" },
		{ "j.txt", (struct str){ elf, sizeof(elf) - 1 }, NULL, "files of this kind are not kept" },
		{ "k.pdf", STR("#!/bin/sh\n"), NULL, "a program" },
		{ "l.txt", STR("<!DOCTYPE html><script>alert(1)</script>"), NULL, "a page" },
		{ "m.doc", (struct str){ ole, sizeof(ole) - 1 }, NULL, "files of this kind are not kept" },
		{ "n.zip", ZIP("a/run.BAT", "x"), NULL, "holds a program or a script" },
		{ "o.docx", ZIP("[Content_Types].xml", "<x/>", "word/document.xml", "<x/>", "word/vbaProject.bin", "x"), NULL, "macros" },
		{ "p.docx", ZIP("[Content_Types].xml", "<x/>", "word/document.xml", "<w:p><w:r>\xe6\x9c\xba</w:r><w:r>\xe5\xaf\x86</w:r><w:t>\xe2\x98\x85</w:t></w:p>"),
		  NULL, "degree of state secrecy" },
		{ "q.xlsx", ZIP("[Content_Types].xml", "<x/>", "xl/workbook.xml", "<x/>", "xl/sharedStrings.xml", "<si><t>T\xe1\xbb\x90I M\xe1\xba\xacT</t></si>"), NULL,
		  "degree of state secrecy" },
		{ "r.txt", STR("\xe7\xa7\x98\xe5\xaf\x86\xe2\x98\x85 1\xe5\xb9\xb4\n"), NULL, "degree of state secrecy" },
		{ "%E3%80%90%E6%9C%BA%E5%AF%86%E3%80%91.pdf", STR("%PDF-1.7\n"), NULL, "degree of state secrecy" },
		{ "s.zip", STR("PK\x03\x04 broken"), NULL, "damaged" },
		{ "", STR("x"), NULL, "the file's name" },
		{ "..%2F..%2F", STR("x"), NULL, "the file's name" },
		{ "t%0A.txt", STR("x"), NULL, "the file's name" },
		{ "u.txt", STR(""), NULL, "empty" },
	};
	int64_t n = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct api_answer answer = attach(id, cases[i].name, cases[i].bytes);
		if (cases[i].type ? answer.status != 201 || strcmp(api_text(&answer, "type"), cases[i].type) != 0
		                  : answer.status != 422 || !strstr(api_text(&answer, "error.text"), cases[i].words))
			fail_msg("%s: %d %.*s", cases[i].name, answer.status, STR_ARG(answer.body));
		n += cases[i].type != NULL;
	}
	struct api_answer answer = attach(id, "..%2F..%2Fetc%2Fpasswd.txt", STR("minutes\n"));
	assert_string_equal(api_text(&answer, "name"), "passwd.txt");
	int64_t file = api_int(&answer, "id");
	answer = api_get(&api, &officer, text("/api/records/meeting/%lld", (long long)id));
	assert_int_equal(api_at(&answer, "record.minutes")->n, n + 1);
	assert_int_equal(api_at(&answer, "files")->n, n + 1);
	assert_string_equal(api_text(&answer, "files.0.sha256"), api_text(&answer, text("files.%lld.sha256", (long long)n)));
	answer = api_get(&api, &auditor, text("/api/records/meeting/%lld/files/%lld", (long long)id, (long long)file));
	assert_true(str_is(answer.body, "minutes\n") && str_is(answer.type, "text/plain"));
	assert_int_equal(api_get(&api, &foreign, text("/api/records/meeting/%lld/files/%lld", (long long)id, (long long)file)).status, 404);
	assert_int_equal(api_get(&api, &officer, text("/api/records/meeting/%lld/files/99", (long long)id)).status, 404);
	/* A form may leave a file out, and not bring one in. */
	answer = api_get(&api, &officer, text("/api/records/meeting/%lld", (long long)id));
	answer = api_call(&api, &officer, METHOD_PATCH, text("/api/records/meeting/%lld", (long long)id),
	                  text("{\"version\":%lld,\"values\":{\"minutes\":[{\"id\":%lld}]}}", (long long)api_int(&answer, "record.version"), (long long)file));
	assert_int_equal(api_at(&answer, "record.minutes")->n, 1);
	int64_t second = made(&officer, "/api/records/meeting", "{\"values\":{\"held_on\":\"2026-11-21\",\"kind\":\"security\",\"topic\":\"y\"}}");
	answer = api_call(&api, &officer, METHOD_PATCH, text("/api/records/meeting/%lld", (long long)second),
	                  text("{\"version\":1,\"values\":{\"minutes\":[%lld]}}", (long long)file));
	assert_int_equal(answer.status, 422);
	assert_int_equal(api_get(&api, &officer, text("/api/records/meeting/%lld/files/%lld", (long long)second, (long long)file)).status, 404);
	/* Whoever may not edit may not attach; nor to a field that is none for files. */
	answer = api_send(&api, &auditor, METHOD_POST, text("/api/records/meeting/%lld/files?field=minutes&name=a.txt", (long long)id), STR("x"), "text/plain");
	assert_int_equal(answer.status, 403);
	answer = api_send(&api, &officer, METHOD_POST, text("/api/records/meeting/%lld/files?field=topic&name=a.txt", (long long)id), STR("x"), "text/plain");
	assert_int_equal(answer.status, 422);
}

static void declarations(void **state)
{
	(void)state;
	struct api_answer answer = api_get(&api, &security, "/api/registers");
	assert_int_equal(answer.status, 200);
	assert_int_equal(api_at(&answer, "registers")->n, api.office.registers->n);
	assert_true(api_at(&answer, "groups")->n > 3);
	/* Who may read nothing of it does not see it. */
	struct actor supplier = api_actor(&api, 9, county, "supplier");
	answer = api_get(&api, &supplier, "/api/registers");
	const struct doc *list = api_at(&answer, "registers");
	for (size_t i = 0; i < list->n; i++)
		assert_false(str_is(doc_string(doc_get(&list->items[i], STR("name"))), "person"));
	assert_int_equal(api_get(&api, &supplier, "/api/records/person").status, 404);
	assert_int_equal(api_get(&api, &security, "/api/records/nothing").status, 404);
	assert_int_equal(api_get(&api, &security, "/api/records/ward_user").status, 404);
	assert_int_equal(api_get(&api, NULL, "/api/registers").status, 401);
}

static void views(void **state)
{
	(void)state;
	struct api_answer answer = api_post(&api, &security, "/api/views", "{\"register\":\"person\",\"name\":\"mine\",\"query\":\"f=state:eq:active\"}");
	assert_int_equal(answer.status, 201);
	int64_t id = api_int(&answer, "id");
	api_post(&api, &security, "/api/views", "{\"register\":\"person\",\"name\":\"mine\",\"query\":\"sort=name\"}");
	answer = api_get(&api, &security, "/api/views");
	assert_string_equal(api_text(&answer, "0.query"), "sort=name");
	assert_null(api_at(&answer, "1"));
	answer = api_get(&api, &officer, "/api/views");
	assert_null(api_at(&answer, "0"));
	assert_int_equal(api_call(&api, &officer, METHOD_DELETE, text("/api/views/%lld", (long long)id), NULL).status, 404);
	assert_int_equal(api_call(&api, &security, METHOD_DELETE, text("/api/views/%lld", (long long)id), NULL).status, 204);
	assert_int_equal(api_post(&api, &security, "/api/views", "{\"register\":\"nothing\",\"name\":\"mine\",\"query\":\"x\"}").status, 404);
}

static void secret_marks(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool marked;
	} texts[] = {
		{ "机密★10年\n关于…的通知", true },     { "　机 密\n\n方案", true },         { "密级：绝密\n正文", true },
		{ "文件\n秘密 ★ 长期", true },          { "MẬT\nBáo cáo", true },            { "TỐI MẬT\r\nKế hoạch", true },
		{ "Độ mật: Tuyệt mật\n", true },        { "保守国家秘密，人人有责。", false }, { "商业秘密保护办法", false },
		{ "Mật khẩu phải đổi định kỳ", false }, { "数据的机密性、完整性和可用性", false }, { "密级：内部", false },
		{ "", false },
	};
	for (size_t i = 0; i < COUNT(texts); i++)
		if ((secret_mark_of_text(str_from(texts[i].text)) != NULL) != texts[i].marked)
			fail_msg("%s", texts[i].text);
	static const struct {
		const char *name;
		bool marked;
	} names[] = {
		{ "【机密】方案.docx", true },   { "机密★3年.pdf", true },      { "绝密.pdf", true },           { "(秘密)台账.xlsx", true },
		{ "[Tối mật] ke hoach.pdf", true }, { "保守国家秘密承诺书.pdf", false }, { "机密性评估.docx", false }, { "đổi mật khẩu.txt", false },
	};
	for (size_t i = 0; i < COUNT(names); i++)
		if ((secret_mark_of_name(str_from(names[i].name)) != NULL) != names[i].marked)
			fail_msg("%s", names[i].name);
}

#define API_TEST(name) cmocka_unit_test_setup_teardown(name, open_api, close_api)

int main(void)
{
	const struct CMUnitTest tests[] = {
		API_TEST(filters),    API_TEST(wrong_questions), API_TEST(injections), API_TEST(pages),
		API_TEST(order),      API_TEST(one_record),      API_TEST(bulk),       API_TEST(declarations),
		API_TEST(the_organisation_above),
		API_TEST(the_form_is_said),
		API_TEST(views),      API_TEST(files),           cmocka_unit_test(secret_marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
