/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Registers from their declaration to records in a database: SQLite in a folder of its own, or the PostgreSQL that
 * WARD_TEST_RECORDS names (tests/it/test_register.py), whose schema "public" is emptied for each test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "data/yaml.h"
#include "register/calendar.h"
#include "register/date.h"
#include "register/list.h"
#include "register/mask.h"
#include "register/org.h"
#include "register/record_row.h"
#include "register/tables.h"

static struct str role_names[] = { STR("operator"), STR("security"), STR("auditor"), STR("leader"),
	                           STR("duty"),     STR("officer"),  STR("verifier"), STR("supplier") };
static const struct strings roles = { role_names, COUNT(role_names) };
enum { OPERATOR = 1, SECURITY = 2, AUDITOR = 4, LEADER = 8, DUTY = 16, OFFICER = 32, VERIFIER = 64 };

/* An office in a folder: database, declarations, key. */
struct office {
	char dir[64];
	struct records *records;
	struct registers *registers;
	struct vault *vault;
	struct content content;
	struct books books;
	struct arena arena;
};

static const char change_yaml[] =
    "name: change\n"
    "group: supply\n"
    "label: {zh-CN: 变更, vi: Thay đổi, en: Changes}\n"
    "about: {zh-CN: 变更, vi: Thay đổi, en: Changes}\n"
    "number: CHG-{year}-{n:4}\n"
    "key: [org, number]\n"
    "title: [number, summary]\n"
    "columns: [number, summary, state, due]\n"
    "fields:\n"
    "  - {name: summary, type: text, required: true, max: 20, label: {zh-CN: 摘要, vi: Tóm tắt, en: Summary}}\n"
    "  - {name: requester, type: person, read_only: true, label: {zh-CN: 申请人, vi: Người, en: Requester}}\n"
    "  - {name: approver, type: person, read_only: true, label: {zh-CN: 批准人, vi: Người, en: Approver}}\n"
    "  - {name: approved_at, type: time, read_only: true, label: {zh-CN: 时间, vi: Lúc, en: Approved}}\n"
    "  - {name: slot, type: period, time: true, label: {zh-CN: 窗口, vi: Khung, en: Window}}\n"
    "  - {name: due, type: date, label: {zh-CN: 期限, vi: Hạn, en: Due}}\n"
    "  - {name: risk, type: choice, choices: [{name: low, label: {zh-CN: 低, vi: Thấp, en: Low}}, {name: high, label: {zh-CN: 高, vi: Cao, en: High}}],"
    " label: {zh-CN: 风险, vi: Rủi ro, en: Risk}}\n"
    "  - {name: cost, type: number, min: 0, max: 100, label: {zh-CN: 费用, vi: Giá, en: Cost}}\n"
    "  - {name: urgent, type: bool, default: false, label: {zh-CN: 急, vi: Gấp, en: Urgent}}\n"
    "  - {name: others, type: references, to: change, label: {zh-CN: 相关, vi: Liên quan, en: Others}}\n"
    "  - {name: tags, type: texts, label: {zh-CN: 标签, vi: Nhãn, en: Tags}}\n"
    "  - {name: scan, type: files, label: {zh-CN: 扫描, vi: Quét, en: Scan}}\n"
    "  - {name: card, type: text, sensitive: id-card, unique: true, label: {zh-CN: 证件, vi: Căn cước, en: Card}}\n"
    "states:\n"
    "  - {name: requested, label: {zh-CN: 已申请, vi: Đã xin, en: Requested}}\n"
    "  - {name: approved, label: {zh-CN: 已批准, vi: Đã duyệt, en: Approved}}\n"
    "  - {name: closed, label: {zh-CN: 已关闭, vi: Đã đóng, en: Closed}, final: true}\n"
    "transitions:\n"
    "  - {name: approve, label: {zh-CN: 批准, vi: Duyệt, en: Approve}, from: [requested], to: approved, roles: [security, leader],\n"
    "     differs_from: [requester], needs: [slot], asks: [slot], sets: {approver: actor, approved_at: now}}\n"
    "  - {name: close, label: {zh-CN: 关闭, vi: Đóng, en: Close}, from: [approved], to: closed, reason: true, signed: true}\n"
    "  - {name: skip, label: {zh-CN: 跳过, vi: Bỏ qua, en: Skip}, from: [requested], to: closed, unless: urgent, roles: [security]}\n"
    "  - {name: expire, label: {zh-CN: 过期, vi: Hết hạn, en: Expire}, from: [requested], to: closed, automatic: true}\n"
    "dues:\n"
    "  - {field: due, on: requested, after: 5, unit: working-days}\n"
    "on_create: {requester: actor}\n"
    "grants: {read: [security, leader, officer, auditor], create: [officer, security], edit: [officer, security],\n"
    "         withdraw: [security], unmask: [security]}\n";

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static struct str database(void)
{
	const char *given = getenv("WARD_TEST_RECORDS");
	return given ? str_from(given) : STR("records.db");
}

static void office_load(struct office *office)
{
	struct err err = { "" };
	const struct records_options options = { .where = database() };
	registers_free(office->registers);
	office->registers = NULL;
	if (registers_load(&office->content, &roles, &office->registers, &err) < 0)
		fail_msg("%s", err.text);
	if (!office->records && records_open(&options, &office->records, &err) < 0)
		fail_msg("%s", err.text);
	if (registers_apply(office->records, office->registers, &err) < 0)
		fail_msg("%s", err.text);
	office->books = (struct books){ .registers = office->registers, .vault = office->vault, .roles = &roles };
}

static int office_open(void **state)
{
	static struct office office;
	static const uint8_t key[VAULT_KEY] = { 7 };
	struct err err = { "" };
	office = (struct office){ .dir = "/tmp/ward-test-register-XXXXXX" };
	if (!mkdtemp(office.dir) || chdir(office.dir) < 0)
		return -1;
	if (mkdir("content", 0700) < 0 || mkdir("content/registers", 0700) < 0)
		return -1;
	*state = &office;
	if (getenv("WARD_TEST_RECORDS")) {
		CLEANUP(db_close_p) struct db *db = NULL;
		if (db_open(database(), DB_WRITE, &db, NULL) < 0 || db_run(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", NULL) < 0)
			return -1;
	}
	write_file("content/registers/change.yaml", change_yaml);
	if (vault_open(key, &office.vault, &err) < 0 || content_open(&office.content, "content", &err) < 0)
		return -1;
	office_load(&office);
	return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

static int office_close(void **state)
{
	struct office *office = *state;
	records_close(office->records);
	registers_free(office->registers);
	vault_close(office->vault);
	content_close(&office->content);
	arena_done(&office->arena);
	return chdir("/") || nftw(office->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- works ---- */

static const struct doc *json(struct office *office, const char *text)
{
	struct source *source = ARENA_NEW(&office->arena, struct source);
	const struct doc *doc = NULL;
	struct err err = { "" };
	*source = (struct source){ .name = "json", .text = str_from(text) };
	if (json_parse(&office->arena, source, &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

struct step {
	struct office *office;
	const char *reg, *action; /* "create", "edit", "withdraw", "unmask", or a transition */
	const char *values, *reason;
	int64_t org, id, version;
	struct str said; /* what came of it: the unmasked value */
	char problems[512];
};

static void problems_words(struct step *step, struct arena *arena, const struct field_problems *problems)
{
	BUF(words);
	for (size_t i = 0; i < problems->n; i++)
		buf_printf(&words, "%s%.*s: %.*s", i ? "; " : "", STR_ARG(problems->p[i].field), STR_ARG(note_text(arena, LANG_EN, &problems->p[i].what)));
	snprintf(step->problems, sizeof(step->problems), "%s", buf_cstr(&words));
}

static int step_work(void *ctx, struct write *write, struct err *err)
{
	struct step *step = ctx;
	const struct books *books = &step->office->books;
	const struct register_ *reg = registers_find(books->registers, str_from(step->reg));
	const struct doc *values = step->values && strcmp(step->action, "unmask") != 0 ? json(step->office, step->values) : NULL;
	struct str reason = step->reason ? str_from(step->reason) : STR_NONE;
	struct field_problems problems = { 0 };
	int r;
	step->problems[0] = 0;
	if (strcmp(step->action, "create") == 0)
		r = record_create(write, books, reg, step->org, values, &step->id, &problems, err);
	else if (strcmp(step->action, "edit") == 0)
		r = record_edit(write, books, reg, step->id, step->version, values, reason, &problems, err);
	else if (strcmp(step->action, "withdraw") == 0)
		r = record_withdraw(write, books, reg, step->id, step->version, reason, err);
	else if (strcmp(step->action, "unmask") == 0)
		r = record_unmask(write, books, reg, step->id, str_from(step->values), reason, &step->said, err);
	else
		r = record_transition(write, books, reg, step->id, step->version, str_from(step->action), values, reason, &problems, err);
	if (step->said.p)
		step->said = arena_str(&step->office->arena, step->said);
	problems_words(step, write->arena, &problems);
	return r;
}

static struct err said;

static int try_step(struct office *office, const struct actor *actor, struct step *step)
{
	struct actor ward = actor_ward();
	step->office = office;
	said = (struct err){ "" };
	return records_do(office->records, actor ? actor : &ward, step_work, step, &said);
}

static int64_t make(struct office *office, const struct actor *actor, const char *reg, int64_t org, const char *values)
{
	struct step step = { .reg = reg, .action = "create", .org = org, .values = values };
	if (try_step(office, actor, &step) < 0)
		fail_msg("%s [%s]", said.text, step.problems);
	return step.id;
}

/* What must not be: the error's number, and words that the error or the problems hold. */
static void refused(struct office *office, const struct actor *actor, struct step step, int code, const char *words)
{
	int r = try_step(office, actor, &step);
	if (r != code)
		fail_msg("%d (%s) [%s] instead of %d", r, said.text, step.problems, code);
	if (!strstr(said.text, words) && !strstr(step.problems, words))
		fail_msg("'%s' is not in '%s' [%s]", words, said.text, step.problems);
}

static const struct doc *get(struct office *office, const struct actor *actor, const char *reg, int64_t id)
{
	struct err err = { "" };
	struct db *db;
	BUF(out);
	struct actor ward = actor_ward();
	assert_int_equal(records_read(office->records, &db, &err), 0);
	int r = record_get(&office->arena, db, &office->books, actor ? actor : &ward, registers_find(office->registers, str_from(reg)), id, &out, &err);
	records_read_end(office->records, db);
	if (r < 0)
		fail_msg("%s", err.text);
	return json(office, arena_str(&office->arena, buf_str(&out)).p);
}

static const char *text_of(struct office *office, const struct doc *record, const char *name)
{
	const struct doc *value = doc_get(record, str_from(name));
	return value && value->type == DOC_STRING ? arena_cstr(&office->arena, doc_string(value)) : "";
}

static int64_t count(struct office *office, const char *sql)
{
	struct err err = { "" };
	struct db *db;
	int64_t n = -1;
	assert_int_equal(records_read(office->records, &db, &err), 0);
	if (db_one_int(db, sql, -1, &n, &err) < 0)
		fail_msg("%s", err.text);
	records_read_end(office->records, db);
	return n;
}

/* A city with two counties; the first has a township. */
struct tree {
	int64_t city, county, other, town;
	struct actor officer, security, foreign; /* of the county, the county, the other county */
};

static int64_t org(struct office *office, const char *name, int64_t parent)
{
	char values[256];
	if (parent)
		snprintf(values, sizeof(values), "{\"name\":\"%s\",\"code\":\"%s\",\"tier\":\"county\",\"kind\":\"bureau\",\"parent\":%lld}", name, name, (long long)parent);
	else
		snprintf(values, sizeof(values), "{\"name\":\"%s\",\"code\":\"%s\",\"tier\":\"city\",\"kind\":\"bureau\"}", name, name);
	return make(office, NULL, "org", 0, values);
}

static struct actor person(struct office *office, int64_t id, const char *name, int64_t where, uint64_t set)
{
	char values[128];
	snprintf(values, sizeof(values), "{\"name\":\"%s\"}", name);
	return (struct actor){ .id = id, .name = str_from(name), .org = where, .roles = set, .person = make(office, NULL, "person", where, values) };
}

static struct tree tree(struct office *office)
{
	struct tree tree = { .city = org(office, "City", 0) };
	tree.county = org(office, "County", tree.city);
	tree.other = org(office, "Other", tree.city);
	tree.town = org(office, "Town", tree.county);
	tree.officer = person(office, 11, "Li", tree.county, OFFICER);
	tree.security = person(office, 12, "Wang", tree.county, SECURITY);
	tree.foreign = person(office, 13, "Zhao", tree.other, SECURITY | LEADER);
	return tree;
}

/* ---- tests ---- */

static void a_step_that_a_field_forbids(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	int64_t urgent = make(office, &t.officer, "change", 0, "{\"summary\":\"Now\",\"urgent\":true}");
	int64_t other = make(office, &t.officer, "change", 0, "{\"summary\":\"Later\"}");
	refused(office, &t.security, (struct step){ .reg = "change", .action = "skip", .id = urgent }, -EPERM, "'Skip' is not possible with 'Urgent'");
	struct step skip = { .reg = "change", .action = "skip", .id = other };
	if (try_step(office, &t.security, &skip) < 0)
		fail_msg("%s", said.text);
	assert_string_equal(text_of(office, get(office, &t.officer, "change", other), "state"), "closed");
}

static void a_record_through_its_life(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	int64_t id = make(office, &t.officer, "change", 0, "{\"summary\":\"  Upgrade HIS \",\"risk\":\"low\",\"card\":\"320102199001011234\",\"tags\":[\"a\",\"b\"]}");
	const struct doc *record = get(office, &t.officer, "change", id);
	char number[32];
	snprintf(number, sizeof(number), "CHG-%lld-0001", (long long)date_year(date_of(time(NULL))));
	assert_string_equal(text_of(office, record, "number"), number);
	assert_string_equal(text_of(office, record, "summary"), "Upgrade HIS");
	assert_string_equal(text_of(office, record, "state"), "requested");
	assert_string_equal(text_of(office, record, "card"), "3201**********1234");
	assert_int_equal(doc_get(record, STR("requester"))->integer, t.officer.person);
	assert_string_equal(text_of(office, doc_get(record, STR("_titles")), "requester"), "Li");
	assert_string_equal(text_of(office, doc_get(record, STR("_titles")), "org"), "County");
	assert_false(doc_get(record, STR("urgent"))->boolean);
	/* Five working days on. */
	struct str due = doc_string(doc_get(record, STR("due")));
	assert_true(str_eq(due, date_text(&office->arena, calendar_add(NULL, date_of(time(NULL)), 5))));
	/* The officer asked for it, so the officer does not approve it, whatever their role. */
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "approve", .id = id }, -EPERM, "role");
	struct actor both = t.officer;
	both.roles |= SECURITY;
	refused(office, &both, (struct step){ .reg = "change", .action = "approve", .id = id }, -EPERM, "another person");
	refused(office, &t.security, (struct step){ .reg = "change", .action = "approve", .id = id }, -EINVAL, "slot: this must be filled in");
	refused(office, &t.security, (struct step){ .reg = "change", .action = "approve", .id = id, .values = "{\"slot\":{\"from\":200,\"to\":100}}" }, -EINVAL,
	        "ends before it begins");
	refused(office, &t.security, (struct step){ .reg = "change", .action = "approve", .id = id, .values = "{\"slot\":{\"from\":100,\"to\":200},\"summary\":\"x\"}" },
	        -EINVAL, "summary: this cannot be changed here");
	struct step step = { .reg = "change", .action = "approve", .id = id, .version = 1, .values = "{\"slot\":{\"from\":100,\"to\":200}}" };
	assert_int_equal(try_step(office, &t.security, &step), 0);
	record = get(office, &t.security, "change", id);
	assert_string_equal(text_of(office, record, "state"), "approved");
	assert_int_equal(doc_get(record, STR("approver"))->integer, t.security.person);
	assert_int_equal(doc_get(doc_get(record, STR("slot")), STR("to"))->integer, 200);
	assert_int_equal(doc_get(record, STR("version"))->integer, 2);
	/* Somebody was faster. */
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "edit", .id = id, .version = 1, .values = "{\"risk\":\"high\"}" }, -ESTALE, "meantime");
	/* Closing needs a reason and the password. */
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "close", .id = id, .reason = "done" }, -EACCES, "password");
	t.officer.fresh_until = time(NULL) + 60;
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "close", .id = id, .reason = " " }, -EINVAL, "a reason must be given");
	step = (struct step){ .reg = "change", .action = "close", .id = id, .reason = "done" };
	assert_int_equal(try_step(office, &t.officer, &step), 0);
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "edit", .id = id, .values = "{\"risk\":\"high\"}" }, -EPERM, "last state");
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "close", .id = id, .reason = "x" }, -EPERM, "not possible in the state");
	/* The journal has it all, and never the card. */
	assert_int_equal(count(office, "SELECT count(*) FROM ward_journal WHERE kind = 'change'"), 3);
	assert_int_equal(count(office, "SELECT count(*) FROM ward_journal WHERE after LIKE '%320102%' OR before LIKE '%320102%'"), 0);
	assert_int_equal(count(office, "SELECT count(*) FROM change WHERE card LIKE 'v1:%' AND card_index IS NOT NULL"), 1);
}

static void wrong_values(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	static const struct {
		const char *values, *words;
	} cases[] = {
		{ "{}", "summary: this must be filled in" },
		{ "{\"summary\":7}", "summary: this must be text" },
		{ "{\"summary\":\"123456789012345678901\"}", "at most 20" },
		{ "{\"summary\":\"a\\u0000b\"}", "characters that no text has" },
		{ "{\"summary\":\"x\",\"due\":\"2026-02-30\"}", "due: this must be a date" },
		{ "{\"summary\":\"x\",\"due\":7}", "due: this must be a date" },
		{ "{\"summary\":\"x\",\"risk\":\"lowest\"}", "risk: this is none of the choices" },
		{ "{\"summary\":\"x\",\"cost\":101}", "cost: this must be between 0 and 100" },
		{ "{\"summary\":\"x\",\"cost\":\"1\"}", "cost: this must be a number" },
		{ "{\"summary\":\"x\",\"urgent\":1}", "urgent: this must be yes or no" },
		{ "{\"summary\":\"x\",\"others\":[99]}", "others: there is no such record" },
		{ "{\"summary\":\"x\",\"others\":99}", "others: this must be a list" },
		{ "{\"summary\":\"x\",\"slot\":[1,2]}", "slot: this must be a period" },
		{ "{\"summary\":\"x\",\"scan\":[1]}", "scan: there is no such file" },
		{ "{\"summary\":\"x\",\"requester\":1}", "requester: this cannot be changed here" },
		{ "{\"summary\":\"x\",\"state\":\"closed\"}", "state: there is no such field" },
		{ "{\"summary\":\"x\",\"id) VALUES (1)--\":1}", "there is no such field" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		refused(office, &t.officer, (struct step){ .reg = "change", .action = "create", .values = cases[i].values }, -EINVAL, cases[i].words);
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "create", .org = t.other, .values = "{\"summary\":\"x\"}" }, -EPERM, "not yours");
	struct actor auditor = t.officer;
	auditor.roles = AUDITOR;
	refused(office, &auditor, (struct step){ .reg = "change", .action = "create", .values = "{\"summary\":\"x\"}" }, -EPERM, "role");
	auditor.roles = DUTY;
	refused(office, &auditor, (struct step){ .reg = "change", .action = "create", .values = "{\"summary\":\"x\"}" }, -ENOENT, "no such register");
	assert_int_equal(count(office, "SELECT count(*) FROM change"), 0);
	assert_int_equal(count(office, "SELECT count(*) FROM ward_counter"), 0);
}

static void foreign_organisations(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	int64_t id = make(office, &t.officer, "change", t.town, "{\"summary\":\"x\"}");
	static const char *const actions[] = { "edit", "withdraw", "approve", "close", "unmask" };
	for (size_t i = 0; i < COUNT(actions); i++) {
		refused(office, &t.foreign, (struct step){ .reg = "change", .action = actions[i], .id = id, .values = i == 4 ? "card" : NULL, .reason = "x" }, -ENOENT,
		        "there is no such record");
		refused(office, &t.foreign, (struct step){ .reg = "change", .action = actions[i], .id = id + 1, .values = i == 4 ? "card" : NULL, .reason = "x" }, -ENOENT,
		        "there is no such record");
	}
	int64_t mine = make(office, &t.foreign, "change", 0, "{\"summary\":\"y\"}");
	char values[160];
	snprintf(values, sizeof(values), "{\"others\":[%lld]}", (long long)id);
	refused(office, &t.foreign, (struct step){ .reg = "change", .action = "edit", .id = mine, .values = values }, -EINVAL, "others: there is no such record");
	struct actor city = t.foreign;
	city.org = t.city;
	struct step step = { .reg = "change", .action = "edit", .id = mine, .values = values };
	assert_int_equal(try_step(office, &city, &step), 0);
	/* Whoever sees the record sees what it is called. */
	const struct doc *titles = doc_get(get(office, &t.foreign, "change", mine), STR("_titles"));
	assert_true(str_ends(doc_string(&doc_get(titles, STR("others"))->items[0]), " x"));
}

static void sensitive_fields(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	int64_t id = make(office, &t.officer, "change", 0, "{\"summary\":\"x\",\"card\":\"320102199001011234\"}");
	/* The mask comes back with the form, the value as well; neither is a change. */
	struct step step = { .reg = "change", .action = "edit", .id = id, .values = "{\"card\":\"3201**********1234\",\"risk\":\"low\"}" };
	assert_int_equal(try_step(office, &t.officer, &step), 0);
	step.values = "{\"card\":\"320102199001011234\"}";
	assert_int_equal(try_step(office, &t.officer, &step), 0);
	assert_int_equal(count(office, "SELECT version FROM change"), 2);
	/* Unique, though sealed each time differently. */
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "create", .values = "{\"summary\":\"y\",\"card\":\"320102199001011234\"}" }, -EEXIST,
	        "card: another record has this already");
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "unmask", .id = id, .values = "card", .reason = "x" }, -EPERM, "role");
	refused(office, &t.security, (struct step){ .reg = "change", .action = "unmask", .id = id, .values = "card" }, -EINVAL, "reason");
	refused(office, &t.security, (struct step){ .reg = "change", .action = "unmask", .id = id, .values = "summary", .reason = "x" }, -EINVAL, "not masked");
	step = (struct step){ .reg = "change", .action = "unmask", .id = id, .values = "card", .reason = "called the holder" };
	assert_int_equal(try_step(office, &t.security, &step), 0);
	assert_true(str_is(step.said, "320102199001011234"));
	assert_int_equal(count(office, "SELECT count(*) FROM ward_journal WHERE action = 'unmask' AND reason = 'called the holder'"), 1);
	/* Withdrawn, the value is free again. */
	step = (struct step){ .reg = "change", .action = "withdraw", .id = id, .reason = "twice" };
	assert_int_equal(try_step(office, &t.security, &step), 0);
	make(office, &t.officer, "change", 0, "{\"summary\":\"y\",\"card\":\"320102199001011234\"}");
}

static void masks(void **state)
{
	(void)state;
	ARENA(arena);
	static const struct {
		enum sensitive kind;
		const char *clear, *masked;
	} cases[] = {
		{ SENSITIVE_NAME, "张三", "张*" },
		{ SENSITIVE_NAME, "张小三", "张*三" },
		{ SENSITIVE_NAME, "欧阳小三", "欧**三" },
		{ SENSITIVE_NAME, "张", "*" },
		{ SENSITIVE_NAME, "Nguyễn Văn An", "N* V* An" },
		{ SENSITIVE_ID_CARD, "320102199001011234", "3201**********1234" },
		{ SENSITIVE_ID_CARD, "012345678901", "0123****8901" },
		{ SENSITIVE_ID_CARD, "123456789", "*********" },
		{ SENSITIVE_PHONE, "13812341234", "138****1234" },
		{ SENSITIVE_PHONE, "12345", "*****" },
		{ SENSITIVE_BANK, "6222021234567890123", "6222***********0123" },
		{ SENSITIVE_OTHER, "秘密", "**" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(arena_cstr(&arena, mask_text(&arena, cases[i].kind, str_from(cases[i].clear))), cases[i].masked);
}

/* ward_subtree after moves is what it is when made anew. */
static int rebuild(void *ctx, struct write *write, struct err *err)
{
	(void)ctx;
	return org_rebuild(write, err);
}

static void the_tree_of_organisations(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	struct actor ward = actor_ward();
	struct err err = { "" };
	char values[160];
	assert_int_equal(count(office, "SELECT count(*) FROM ward_subtree"), 1 + 2 + 2 + 3);
	snprintf(values, sizeof(values), "{\"parent\":%lld}", (long long)t.town);
	refused(office, NULL, (struct step){ .reg = "org", .action = "edit", .id = t.county, .values = values }, -EINVAL, "below itself");
	snprintf(values, sizeof(values), "{\"parent\":%lld}", (long long)t.county);
	refused(office, NULL, (struct step){ .reg = "org", .action = "edit", .id = t.county, .values = values }, -EINVAL, "below itself");
	snprintf(values, sizeof(values), "{\"parent\":%lld}", (long long)t.other);
	struct step step = { .reg = "org", .action = "edit", .id = t.county, .values = values };
	assert_int_equal(try_step(office, NULL, &step), 0);
	int64_t moved = count(office, "SELECT sum(ancestor * 1000 + org) FROM ward_subtree");
	assert_int_equal(count(office, "SELECT count(*) FROM ward_subtree"), 1 + 2 + 3 + 4);
	assert_int_equal(records_do(office->records, &ward, rebuild, NULL, &err), 0);
	assert_int_equal(count(office, "SELECT sum(ancestor * 1000 + org) FROM ward_subtree"), moved);
	/* Too deep. */
	int64_t last = t.town;
	for (int i = 0; i < ORG_DEPTH - 4; i++) {
		char name[16];
		snprintf(name, sizeof(name), "d%d", i);
		last = org(office, name, last);
	}
	snprintf(values, sizeof(values), "{\"name\":\"e\",\"code\":\"e\",\"tier\":\"city\",\"kind\":\"bureau\",\"parent\":%lld}", (long long)last);
	refused(office, NULL, (struct step){ .reg = "org", .action = "create", .values = values }, -EINVAL, "deep");
	/* The code is unique; a person makes organisations only below their own. */
	refused(office, NULL, (struct step){ .reg = "org", .action = "create", .values = "{\"name\":\"x\",\"code\":\"City\",\"tier\":\"city\",\"kind\":\"bureau\"}" },
	        -EEXIST, "code: another record has this already");
	refused(office, &t.security, (struct step){ .reg = "org", .action = "create", .values = "{\"name\":\"x\",\"code\":\"x\",\"tier\":\"city\",\"kind\":\"bureau\"}" },
	        -EINVAL, "parent: this must be filled in");
	snprintf(values, sizeof(values), "{\"name\":\"x\",\"code\":\"x\",\"tier\":\"city\",\"kind\":\"bureau\",\"parent\":%lld}", (long long)t.city);
	refused(office, &t.security, (struct step){ .reg = "org", .action = "create", .values = values }, -EPERM, "not yours");
}

/* A declaration that grows: a new field gets its column, one that is gone keeps it, a changed type is refused. */
static void declarations_move_forward(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	struct err err = { "" };
	make(office, &t.officer, "change", 0, "{\"summary\":\"x\",\"due\":\"2026-11-30\"}");
	CLEANUP(buf_done) struct buf text = { 0 };
	struct str yaml = str_from(change_yaml);
	ptrdiff_t at = str_find(yaml, "  - {name: due,"), end = str_find(yaml, "  - {name: risk,"), dues = str_find(yaml, "dues:"), made = str_find(yaml, "on_create:");
	buf_add(&text, str_slice(yaml, 0, (size_t)at));
	buf_puts(&text, "  - {name: plan, type: integer, unique: true, label: {zh-CN: 计划, vi: Kế hoạch, en: Plan}}\n");
	buf_add(&text, str_slice(yaml, (size_t)end, (size_t)dues));
	buf_add(&text, str_slice(yaml, (size_t)made, yaml.n));
	ptrdiff_t column = str_find(buf_str(&text), "state, due]");
	memcpy(text.p + column, "state     ]", 11);
	write_file("content/registers/change.yaml", buf_cstr(&text));
	office_load(office);
	office_load(office); /* nothing more to do */
	assert_int_equal(count(office, "SELECT count(*) FROM change WHERE due = '2026-11-30' AND plan IS NULL"), 1);
	make(office, &t.officer, "change", 0, "{\"summary\":\"y\",\"plan\":3}");
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "create", .values = "{\"summary\":\"z\",\"plan\":3}" }, -EEXIST, "plan: another");
	memcpy(text.p + str_find(buf_str(&text), "type: integer"), "type:    text", 13);
	write_file("content/registers/change.yaml", buf_cstr(&text));
	registers_free(office->registers);
	office->registers = NULL;
	assert_int_equal(registers_load(&office->content, &roles, &office->registers, &err), 0);
	assert_int_equal(registers_apply(office->records, office->registers, &err), -EPROTO);
	assert_non_null(strstr(err.text, "the column 'plan' of the register 'change' holds INTEGER and would hold TEXT now"));
}

static void wrong_declarations(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *words;
	} cases[] = {
		{ "name: change\n", "name: table\n", ":1:7: no register can be named 'table'" },
		{ "name: change\n", "name: ward_x\n", "no register can be named 'ward_x'" },
		{ "name: change\n", "name: users\n", "hosts have a table of this name" },
		{ "name: change\n", "name: Change\n", "must be small letters" },
		{ "name: cost,", "name: select,", "no column can be named 'select'" },
		{ "name: cost,", "name: id,", "every record has 'id' already" },
		{ "name: cost,", "name: slot_to,", "two fields would have the column 'slot_to'" },
		{ "type: date,", "type: dates,", "did you mean 'date'?" },
		{ "to: change,", "to: changes,", "refers to the register 'changes', and there is no such register" },
		{ "from: [requested], to: approved", "from: [asked], to: approved", "'from' names the state 'asked'" },
		{ "to: closed, reason", "to: shut, reason", "'to' names the state 'shut'" },
		{ "roles: [security, leader],\n", "roles: [chief],\n", "there is no role 'chief'" },
		{ "read: [security,", "read: [boss,", "there is no role 'boss'" },
		{ "differs_from: [requester]", "differs_from: [summary]", "is not of the type person" },
		{ "needs: [slot]", "needs: [slots]", "'needs' names 'slots', and there is no such field" },
		{ "sets: {approver: actor,", "sets: {approver: nobody,", "sets 'approver' to what it cannot be" },
		{ "{field: due, on: requested", "{field: risk, on: requested", "must be a field of type date" },
		{ "CHG-{year}-{n:4}", "CHG-{year}", "'number' is 'CHG-{year}'; it needs {n}" },
		{ "en: Summary}", "de: Summary}", "unknown language 'de'" },
		{ "vi: Tóm tắt, ", "", "lacks vi" },
		{ "sensitive: id-card", "sensitive: id-card, pattern: \"(\"", "the pattern of 'card' is wrong" },
		{ "group: supply", "group: supplies", "there is no group 'supplies'" },
		{ "title: [number, summary]", "title: [number, tags]", "cannot stand in the title" },
		{ "needs: [slot],", "among: {register: posts, state: approved, where: others, has: risk, persons: [approver]},", "'among' names the register 'posts'" },
		{ "needs: [slot],", "among: {register: change, state: gone, where: others, has: risk, persons: [approver]},", "'change' has no state 'gone'" },
		{ "needs: [slot],", "among: {register: change, state: approved, where: others, has: risk, persons: [approver]},", "'among' compares 'risk'" },
		{ "needs: [slot],", "among: {register: change, state: approved, where: others, has: nothing, persons: [approver]},", "'among' compares 'nothing'" },
		{ "unless: urgent", "unless: risk", "'unless' names 'risk', which is no field of the type bool" },
		{ "unless: urgent", "unless: haste", "'unless' names 'haste'" },
		{ "{name: close,", "{name: withdraw,", "no transition can be named 'withdraw'" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { "" };
		CLEANUP(registers_free_p) struct registers *registers = NULL;
		CLEANUP(buf_done) struct buf text = { 0 };
		struct str yaml = str_from(change_yaml);
		ptrdiff_t at = str_find(yaml, cases[i].from);
		assert_true(at >= 0);
		buf_add(&text, str_slice(yaml, 0, (size_t)at));
		buf_puts(&text, cases[i].to);
		buf_add(&text, str_slice(yaml, (size_t)at + strlen(cases[i].from), yaml.n));
		write_file("content/registers/change.yaml", buf_cstr(&text));
		struct content content;
		assert_int_equal(content_open(&content, "content", &err), 0);
		int r = registers_load(&content, &roles, &registers, &err);
		content_close(&content);
		if (r != -EINVAL || !strstr(err.text, cases[i].words) || !strstr(err.text, "content/registers/change.yaml:"))
			fail_msg("%s -> %s: %d %s", cases[i].from, cases[i].to, r, err.text);
	}
}

/* Numbers are counted by organisation, and a work that failed leaves no gap. */
static void numbers(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	make(office, &t.officer, "change", 0, "{\"summary\":\"a\",\"card\":\"1\"}");
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "create", .values = "{\"summary\":\"b\",\"card\":\"1\"}" }, -EEXIST, "card");
	make(office, &t.officer, "change", 0, "{\"summary\":\"c\"}");
	make(office, &t.officer, "change", t.town, "{\"summary\":\"d\"}");
	assert_int_equal(count(office, "SELECT count(*) FROM change WHERE number LIKE 'CHG-%-0002'"), 1);
	assert_int_equal(count(office, "SELECT count(*) FROM change WHERE number LIKE 'CHG-%-0001'"), 2);
	assert_int_equal(count(office, "SELECT count(*) FROM change WHERE number LIKE 'CHG-%-0003'"), 0);
}

static int meddle(void *ctx, struct write *write, const struct record_event *event, struct err *err)
{
	(void)write;
	int *seen = ctx;
	++*seen;
	if (event->before && str_is(doc_string(doc_get(event->after, STR("summary"))), "never"))
		return err_set(err, -EPERM, "the hook says no");
	return 0;
}

static void hooks(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	int all = 0, changes = 0;
	const struct register_hook list[] = { { "*", meddle, &all }, { "change", meddle, &changes }, { 0 } };
	office->books.hooks = list;
	int64_t id = make(office, &t.officer, "change", 0, "{\"summary\":\"a\"}");
	make(office, NULL, "person", t.town, "{\"name\":\"Sun\"}");
	assert_int_equal(all, 2);
	assert_int_equal(changes, 1);
	refused(office, &t.officer, (struct step){ .reg = "change", .action = "edit", .id = id, .values = "{\"summary\":\"never\"}" }, -EPERM, "the hook says no");
	assert_int_equal(count(office, "SELECT count(*) FROM change WHERE summary = 'a' AND version = 1"), 1);
	assert_int_equal(count(office, "SELECT count(*) FROM ward_journal WHERE kind = 'change'"), 1);
}

/* The notices of the State Council for 2025 and 2026, and what comes of them. */
static void working_days(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	CLEANUP(calendar_free_p) struct calendar *china = NULL, *viet_nam = NULL;
	assert_int_equal(calendar_load(NULL, STR("CN"), &china, &err), 0);
	assert_int_equal(calendar_load(NULL, STR("VN"), &viet_nam, &err), 0);
	assert_int_equal(calendar_load(NULL, STR("XX"), &viet_nam, &err), -ENOENT);
	static const struct {
		const char *from;
		int64_t n;
		const char *to;
	} cases[] = {
		{ "2026-02-13", 1, "2026-02-14" }, /* Saturday, worked before the Spring Festival */
		{ "2026-02-14", 1, "2026-02-24" }, { "2026-02-24", 4, "2026-02-28" }, { "2026-02-28", 1, "2026-03-02" },
		{ "2026-09-30", 1, "2026-10-08" }, { "2026-10-08", 2, "2026-10-10" }, { "2026-09-18", 1, "2026-09-20" },
		{ "2026-01-01", 0, "2026-01-04" }, { "2025-09-26", 3, "2025-09-30" }, { "2026-11-20", 5, "2026-11-27" },
		{ "2027-05-01", 1, "2027-05-03" }, /* no notice yet: Saturdays and Sundays */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t day;
		assert_true(date_read(str_from(cases[i].from), &day));
		assert_string_equal(date_text(&arena, calendar_add(china, day, cases[i].n)).p, cases[i].to);
	}
	int64_t day;
	assert_true(date_read(STR("2026-04-30"), &day));
	assert_true(calendar_is_working(china, day) && !calendar_is_working(viet_nam, day) && calendar_knows(china, day));
	assert_true(date_read(STR("2027-04-30"), &day));
	assert_false(calendar_knows(china, day));
	assert_false(date_read(STR("2025-02-29"), &day) || date_read(STR("2026-13-01"), &day) || date_read(STR("2026-1-01"), &day));
}

/* A dry run says what writing would say, and writes nothing. */
static void checks_without_writing(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	struct err err = { "" };
	struct db *db;
	const struct register_ *reg = registers_find(office->registers, STR("change"));
	int64_t id = make(office, &t.officer, "change", 0, "{\"summary\":\"x\",\"card\":\"320102199001011234\"}"), found = 0;
	int64_t entries = count(office, "SELECT count(*) FROM ward_journal");
	const struct {
		int64_t id;
		const char *values;
		int result;
	} cases[] = {
		{ 0, "{\"summary\":\"y\"}", 0 },
		{ 0, "{}", -EINVAL },
		{ 0, "{\"summary\":\"y\",\"card\":\"320102199001011234\"}", -EEXIST },
		{ id, "{\"card\":\"320102199001011234\"}", 0 },
		{ id, "{\"risk\":\"none\"}", -EINVAL },
		{ id + 1, "{\"risk\":\"low\"}", -ENOENT },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct field_problems problems = { 0 };
		assert_int_equal(records_read(office->records, &db, &err), 0);
		int r = record_check(&office->arena, db, &office->books, &t.officer, reg, 0, json(office, cases[i].values), cases[i].id, &problems, &err);
		records_read_end(office->records, db);
		assert_int_equal(r, cases[i].result);
	}
	const char *number = arena_printf(&office->arena, "{\"number\":\"%s\"}", text_of(office, get(office, &t.officer, "change", id), "number")).p;
	assert_int_equal(records_read(office->records, &db, &err), 0);
	assert_int_equal(record_by_key(&office->arena, db, &office->books, reg, t.county, json(office, number), &found, &err), 0);
	assert_int_equal(found, id);
	assert_int_equal(record_by_key(&office->arena, db, &office->books, reg, t.town, json(office, number), &found, &err), 0);
	assert_int_equal(found, 0);
	records_read_end(office->records, db);
	assert_int_equal(count(office, "SELECT count(*) FROM ward_journal"), entries);
}

/* ---- as long as can be ---- */

static const char shelf_yaml[] =
    "name: shelf\n"
    "group: supply\n"
    "label: {zh-CN: 架, vi: Kệ, en: Shelves}\n"
    "about: {zh-CN: 架, vi: Kệ, en: Shelves}\n"
    "key: [org, row, place]\n"
    "title: [called]\n"
    "columns: [called, row, place, tag, notes]\n"
    "fields:\n"
    "  - {name: row, type: text, required: true, label: {zh-CN: 排, vi: Hàng, en: Row}}\n"
    "  - {name: place, type: text, required: true, label: {zh-CN: 位, vi: Chỗ, en: Place}}\n"
    "  - {name: called, type: text, required: true, label: {zh-CN: 名, vi: Tên, en: Name}}\n"
    "  - {name: tag, type: text, unique: true, label: {zh-CN: 签, vi: Nhãn, en: Tag}}\n"
    "  - {name: code, type: text, max: 40, label: {zh-CN: 码, vi: Mã, en: Code}}\n"
    "  - {name: notes, type: text, label: {zh-CN: 注, vi: Ghi, en: Notes}}\n"
    "  - {name: free, type: text, label: {zh-CN: 余, vi: Khác, en: Free}}\n"
    "states:\n"
    "  - {name: kept, label: {zh-CN: 在架, vi: Còn, en: Kept}}\n"
    "indexes:\n"
    "  - {fields: [code, notes]}\n"
    "grants: {read: [officer], create: [officer], edit: [officer], withdraw: [officer]}\n";

/* So many characters of so many bytes in UTF-8 each, which no compression makes smaller. */
static const char *dense(struct office *office, size_t characters, int bytes)
{
	static uint32_t random = 1;
	BUF(text);
	for (size_t i = 0; i < characters; i++) {
		random = random * 1664525 + 1013904223;
		uint32_t some = random >> 8;
		char one[UTF8_LONGEST];
		size_t n = utf8_put(one, bytes == 1 ? 'a' + some % 26 : bytes == 3 ? 0x4e00 + some % 20000 : 0x20000 + some % 40000);
		buf_add(&text, (struct str){ one, n });
	}
	return arena_str(&office->arena, buf_str(&text)).p;
}

static int64_t put_on_shelf(struct office *office, const struct actor *actor, const char *field, const char *value, char *problems)
{
	static int n;
	BUF(values);
	json_open_map(&values, NULL);
	const char *fields[] = { "row", "place", "called", "tag" };
	for (size_t i = 0; i < COUNT(fields); i++)
		json_put(&values, fields[i], strcmp(fields[i], field) == 0 ? str_from(value) : arena_printf(&office->arena, "%s%d", fields[i], n));
	if (strcmp(field, "notes") == 0 || strcmp(field, "free") == 0)
		json_put(&values, field, str_from(value));
	buf_add_char(&values, '}');
	n++;
	struct step step = { .reg = "shelf", .action = "create", .values = arena_str(&office->arena, buf_str(&values)).p };
	int r = try_step(office, actor, &step);
	if (r < 0 && r != -EINVAL)
		fail_msg("%s: %d %s", field, r, said.text);
	memcpy(problems, step.problems, sizeof(step.problems));
	return r < 0 ? 0 : step.id;
}

/* PostgreSQL takes 2,704 bytes in an index: what stands in one is kept below, on both databases and with words that say how long it may
 * be, and then it can be found, sorted and paged by. */
static void texts_as_long_as_they_may_be(void **state)
{
	struct office *office = *state;
	struct tree t = tree(office);
	static const char *const fields[] = { "row", "place", "called", "tag", "notes", "free" };
	char problems[512];
	write_file("content/registers/shelf.yaml", shelf_yaml);
	office_load(office);
	for (size_t i = 0; i < COUNT(fields); i++)
		for (int bytes = 1; bytes <= 4; bytes += bytes == 1 ? 2 : 1) {
			size_t most = 1000;
			if (!put_on_shelf(office, &t.officer, fields[i], dense(office, 1000, bytes), problems)) {
				assert_true(bytes > 1 || i < 2); /* the two of the key share the room */
				const char *at = strstr(problems, "characters long; at most ");
				if (!at)
					fail_msg("%s, %d bytes: %s [%s]", fields[i], bytes, said.text, problems);
				most = (size_t)strtol(at + strlen("characters long; at most "), NULL, 10);
				assert_true(most >= 200 && most < 1000);
			}
			assert_true(put_on_shelf(office, &t.officer, fields[i], dense(office, most, bytes), problems));
			assert_false(put_on_shelf(office, &t.officer, fields[i], dense(office, most + 1, bytes), problems));
			assert_true(bytes < 3 || (most < 1000) == (strcmp(fields[i], "free") != 0));
		}
	/* Both of the key at once. */
	BUF(values);
	json_open_map(&values, NULL);
	json_put(&values, "row", str_from(dense(office, 333, 3)));
	json_put(&values, "place", str_from(dense(office, 333, 3)));
	json_put(&values, "called", STR("x"));
	buf_add_char(&values, '}');
	make(office, &t.officer, "shelf", 0, arena_str(&office->arena, buf_str(&values)).p);
	/* Every page by each of them. */
	const struct register_ *reg = registers_find(office->registers, STR("shelf"));
	int64_t all = count(office, "SELECT count(*) FROM shelf");
	for (size_t i = 0; i < 5; i++) {
		struct list_query query = { .sort = str_from(fields[i]), .limit = 1 };
		struct list_page page;
		struct err err = { "" };
		struct db *db;
		int64_t seen = 0;
		assert_int_equal(records_read(office->records, &db, &err), 0);
		do {
			if (list_read(&office->arena, db, &office->books, &t.officer, reg, &query, &page, &err) < 0)
				fail_msg("%s: %s", fields[i], err.text);
			seen += (int64_t)page.n;
			query.after = page.next;
		} while (page.next.p);
		records_read_end(office->records, db);
		assert_int_equal(seen, all);
	}
}

#define OFFICE_TEST(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_record_through_its_life),
		OFFICE_TEST(a_step_that_a_field_forbids),
		OFFICE_TEST(wrong_values),
		OFFICE_TEST(foreign_organisations),
		OFFICE_TEST(sensitive_fields),
		OFFICE_TEST(the_tree_of_organisations),
		OFFICE_TEST(declarations_move_forward),
		OFFICE_TEST(wrong_declarations),
		OFFICE_TEST(numbers),
		OFFICE_TEST(hooks),
		OFFICE_TEST(checks_without_writing),
		OFFICE_TEST(texts_as_long_as_they_may_be),
		cmocka_unit_test(working_days),
		cmocka_unit_test(masks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
