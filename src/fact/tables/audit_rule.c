/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/audit_rule.h"

#include <libaudit.h>

#include "base/buf.h"
#include "fact/tables/conf.h"

enum { WORDS_MAX = 1024 };

/* What is gathered while a rule is read. */
struct draft {
	struct arena *arena;
	struct audit_rule *rule;
	struct buf syscalls, fields, keys;
	bool is_directory, is_control;
};

static void draft_done(struct draft *draft)
{
	buf_done(&draft->syscalls);
	buf_done(&draft->fields);
	buf_done(&draft->keys);
}

static void append(struct buf *buf, char separator, struct str text)
{
	if (buf->n)
		buf_add_char(buf, separator);
	buf_add(buf, text);
}

static struct str perm_sorted(struct arena *arena, struct str perm)
{
	char *out = arena_bytes(arena, 5);
	size_t n = 0;
	for (const char *letter = "rwxa"; *letter; letter++)
		if (str_find_char(perm, *letter) >= 0)
			out[n++] = *letter;
	return (struct str){ out, n };
}

static struct str path_trimmed(struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path;
}

/* Fields that have a column of their own. False: it is one of the others. */
static bool own_column(struct draft *draft, struct str name, struct str value)
{
	struct audit_rule *rule = draft->rule;
	if (str_is(name, "path") || str_is(name, "dir")) {
		rule->path = path_trimmed(value);
		draft->is_directory = str_is(name, "dir");
	} else if (str_is(name, "perm")) {
		rule->perm = perm_sorted(draft->arena, value);
	} else if (str_is(name, "key")) {
		append(&draft->keys, ',', value);
	} else if (str_is(name, "arch")) {
		rule->arch = value;
	} else {
		return false;
	}
	return true;
}

static bool is_id(struct str name)
{
	return str_ends(name, "uid") || str_ends(name, "gid") || str_is(name, "sessionid");
}

static void field_add(struct draft *draft, struct str name, struct str operator, struct str value)
{
	if (str_is(operator, "=") && own_column(draft, name, value))
		return;
	if (is_id(name) && (str_is(value, "-1") || str_is(value, "4294967295")))
		value = STR("unset");
	append(&draft->fields, ' ', name);
	buf_add(&draft->fields, operator);
	buf_add(&draft->fields, value);
}

/* "auid>=1000": name, operator, value. */
static bool field_parse(struct draft *draft, struct str text)
{
	static const char *const operators[] = { "!=", ">=", "<=", "&=", "=", ">", "<", "&" };
	size_t at = 0;
	while (at < text.n && !memchr("!><&=", text.p[at], 5))
		at++;
	struct str name = str_slice(text, 0, at), rest = str_slice(text, at, text.n);
	for (size_t i = 0; i < COUNT(operators); i++) {
		if (!str_starts(rest, operators[i]))
			continue;
		struct str operator = str_from(operators[i]);
		field_add(draft, name, operator, str_slice(rest, operator.n, rest.n));
		return name.n > 0;
	}
	return false;
}

static bool list_action(struct audit_rule *rule, struct str text)
{
	static const char *const lists[] = { "exit", "task", "user", "exclude", "filesystem", "io_uring", "entry" };
	struct str rest = text;
	while (rest.p) {
		struct str word = str_cut(&rest, ',');
		bool is_list = false;
		for (size_t i = 0; i < COUNT(lists); i++)
			is_list |= str_is(word, lists[i]);
		if (is_list)
			rule->list = word;
		else if (str_is(word, "always") || str_is(word, "never") || str_is(word, "possible"))
			rule->action = word;
		else
			return false;
	}
	return rule->list.n && rule->action.n;
}

static const char *const controls[] = {
	"-D",
	"-b",
	"-e",
	"-f",
	"-r",
	"-c",
	"-i",
	"-m",
	"-q",
	"-t",
	"--backlog_wait_time",
	"--loginuid-immutable",
	"--reset-lost",
	"--reset_backlog_wait_time_actual",
	"--signal",
};

static bool option_parse(struct draft *draft, struct str option, struct str value)
{
	struct audit_rule *rule = draft->rule;
	if (str_is(option, "-w") && value.n) {
		rule->path = path_trimmed(value);
		rule->list = STR("exit");
		rule->action = STR("always");
		if (!rule->perm.p)
			rule->perm = STR("rwxa");
	} else if (str_is(option, "-p")) {
		rule->perm = perm_sorted(draft->arena, value);
	} else if (str_is(option, "-k")) {
		append(&draft->keys, ',', value);
	} else if (str_is(option, "-a") || str_is(option, "-A")) {
		return list_action(rule, value);
	} else if (str_is(option, "-S")) {
		append(&draft->syscalls, ',', value);
	} else if (str_is(option, "-F")) {
		return field_parse(draft, value);
	} else if (str_is(option, "-C")) {
		return field_parse(draft, value);
	} else {
		return false;
	}
	return true;
}

static void draft_finish(struct draft *draft)
{
	struct audit_rule *rule = draft->rule;
	if (draft->keys.n)
		rule->key = arena_str(draft->arena, buf_str(&draft->keys));
	if (draft->is_control) {
		rule->kind = STR("control");
		return;
	}
	bool every = !draft->syscalls.n || str_is(buf_str(&draft->syscalls), "all");
	bool watch = rule->path.p && rule->perm.p && every && !draft->fields.n && !rule->arch.p;
	rule->kind = watch ? STR("watch") : STR("syscall");
	if (!watch) {
		rule->fields = arena_str(draft->arena, buf_str(&draft->fields));
		rule->syscalls = draft->syscalls.n ? arena_str(draft->arena, buf_str(&draft->syscalls)) : STR_NONE;
		if (!draft->syscalls.n && str_is(rule->list, "exit"))
			rule->syscalls = STR("all");
	}
}

bool audit_rule_parse(struct arena *arena, struct str line, struct audit_rule *rule)
{
	*rule = (struct audit_rule){ .text = line };
	CLEANUP(draft_done) struct draft draft = { .arena = arena, .rule = rule };
	struct str rest = line, option;
	size_t words = 0;
	while (conf_word(arena, &rest, &option)) {
		struct str value = STR("");
		if (++words > WORDS_MAX)
			return false;
		for (size_t i = 0; i < COUNT(controls); i++)
			draft.is_control |= str_is(option, controls[i]);
		if (draft.is_control)
			break;
		if (!conf_word(arena, &rest, &value) || !option_parse(&draft, option, value))
			return false;
	}
	if (!draft.is_control && !rule->list.p)
		return false;
	draft_finish(&draft);
	return true;
}

static struct str number_text(struct arena *arena, uint32_t value)
{
	return arena_printf(arena, "%u", value);
}

static const struct {
	unsigned code;
	const char *one, *other;
} compares[] = {
	{ AUDIT_COMPARE_UID_TO_OBJ_UID, "uid", "obj_uid" },   { AUDIT_COMPARE_GID_TO_OBJ_GID, "gid", "obj_gid" },
	{ AUDIT_COMPARE_EUID_TO_OBJ_UID, "euid", "obj_uid" }, { AUDIT_COMPARE_EGID_TO_OBJ_GID, "egid", "obj_gid" },
	{ AUDIT_COMPARE_AUID_TO_OBJ_UID, "auid", "obj_uid" }, { AUDIT_COMPARE_SUID_TO_OBJ_UID, "suid", "obj_uid" },
	{ AUDIT_COMPARE_SGID_TO_OBJ_GID, "sgid", "obj_gid" }, { AUDIT_COMPARE_FSUID_TO_OBJ_UID, "fsuid", "obj_uid" },
	{ AUDIT_COMPARE_FSGID_TO_OBJ_GID, "fsgid", "obj_gid" }, { AUDIT_COMPARE_UID_TO_AUID, "uid", "auid" },
	{ AUDIT_COMPARE_UID_TO_EUID, "uid", "euid" },         { AUDIT_COMPARE_UID_TO_FSUID, "uid", "fsuid" },
	{ AUDIT_COMPARE_UID_TO_SUID, "uid", "suid" },         { AUDIT_COMPARE_AUID_TO_FSUID, "auid", "fsuid" },
	{ AUDIT_COMPARE_AUID_TO_SUID, "auid", "suid" },       { AUDIT_COMPARE_AUID_TO_EUID, "auid", "euid" },
	{ AUDIT_COMPARE_EUID_TO_SUID, "euid", "suid" },       { AUDIT_COMPARE_EUID_TO_FSUID, "euid", "fsuid" },
	{ AUDIT_COMPARE_SUID_TO_FSUID, "suid", "fsuid" },     { AUDIT_COMPARE_GID_TO_EGID, "gid", "egid" },
	{ AUDIT_COMPARE_GID_TO_FSGID, "gid", "fsgid" },       { AUDIT_COMPARE_GID_TO_SGID, "gid", "sgid" },
	{ AUDIT_COMPARE_EGID_TO_FSGID, "egid", "fsgid" },     { AUDIT_COMPARE_EGID_TO_SGID, "egid", "sgid" },
	{ AUDIT_COMPARE_SGID_TO_FSGID, "sgid", "fsgid" },
};

/* Fields whose value is text, kept behind the record in the order of the fields (linux/audit.h). */
static bool is_text_field(uint32_t field)
{
	switch (field) {
	case AUDIT_WATCH:
	case AUDIT_DIR:
	case AUDIT_FILTERKEY:
	case AUDIT_EXE:
	case AUDIT_SUBJ_USER ... AUDIT_SUBJ_CLR:
	case AUDIT_OBJ_USER ... AUDIT_OBJ_LEV_HIGH:
		return true;
	default:
		return false;
	}
}

static void decode_number(struct draft *draft, uint32_t field, struct str operator, uint32_t value)
{
	struct arena *arena = draft->arena;
	const char *name = audit_field_to_name((int)field);
	if (field == AUDIT_FIELD_COMPARE) {
		for (size_t i = 0; i < COUNT(compares); i++)
			if (compares[i].code == value) {
				field_add(draft, str_from(compares[i].one), operator, str_from(compares[i].other));
				return;
			}
	} else if (field == AUDIT_PERM) {
		char letters[4];
		size_t n = 0;
		for (size_t i = 0; i < 4; i++)
			if (value & (const uint32_t[]){ AUDIT_PERM_READ, AUDIT_PERM_WRITE, AUDIT_PERM_EXEC, AUDIT_PERM_ATTR }[i])
				letters[n++] = "rwxa"[i];
		field_add(draft, STR("perm"), operator, arena_str(arena, (struct str){ letters, n }));
		return;
	} else if (field == AUDIT_ARCH) {
		field_add(draft, STR("arch"), operator, value & __AUDIT_ARCH_64BIT ? STR("b64") : STR("b32"));
		return;
	} else if (field == AUDIT_EXIT && (int32_t)value < 0) {
		const char *error = audit_errno_to_name(-(int32_t)value);
		field_add(draft, STR("exit"), operator, error ? arena_printf(arena, "-%s", error) :
		                                               arena_printf(arena, "%d", (int32_t)value));
		return;
	} else if (field == AUDIT_MSGTYPE || field == AUDIT_FILETYPE) {
		const char *word = field == AUDIT_MSGTYPE ? audit_msg_type_to_name((int)value)
							  : audit_ftype_to_name((int)value);
		if (word) {
			field_add(draft, str_from(name), operator, str_from(word));
			return;
		}
	}
	field_add(draft, name ? str_from(name) : arena_printf(arena, "f%u", field), operator,
		  number_text(arena, value));
}

static void decode_text(struct draft *draft, uint32_t field, struct str operator, struct str text)
{
	const char *name = audit_field_to_name((int)field);
	text = arena_str(draft->arena, text);
	while (field == AUDIT_FILTERKEY && text.p) { /* several keys are told apart by this byte */
		struct str key = str_cut(&text, AUDIT_KEY_SEPARATOR);
		append(&draft->keys, ',', key);
	}
	if (field != AUDIT_FILTERKEY)
		field_add(draft, str_from(name), operator, text);
}

static void decode_syscalls(struct draft *draft, const struct audit_rule_data *data, uint32_t arch)
{
	int machine = arch ? audit_elf_to_machine(arch) : audit_detect_machine();
	bool all = true;
	for (unsigned i = 0; i < AUDIT_BITMASK_SIZE - 1; i++) /* the last word holds classes */
		all &= data->mask[i] == UINT32_MAX;
	for (unsigned i = 0; !all && i < AUDIT_BITMASK_SIZE * 32; i++) {
		if (!(data->mask[i / 32] >> i % 32 & 1))
			continue;
		const char *name = machine < 0 ? NULL : audit_syscall_to_name((int)i, machine);
		append(&draft->syscalls, ',', name ? str_from(name) : number_text(draft->arena, i));
	}
	if (all)
		append(&draft->syscalls, ',', STR("all"));
}

static void add_each(struct buf *text, const char *option, struct str list, char separator)
{
	while (list.n) {
		struct str one = str_cut(&list, separator);
		buf_puts(text, option);
		buf_add(text, one);
	}
}

static struct str rule_text(struct draft *draft)
{
	const struct audit_rule *rule = draft->rule;
	BUF(text);
	if (str_is(rule->kind, "watch")) {
		buf_printf(&text, "-w %.*s -p %.*s", STR_ARG(rule->path), STR_ARG(rule->perm));
	} else {
		buf_printf(&text, "-a %.*s,%.*s", STR_ARG(rule->action), STR_ARG(rule->list));
		if (rule->arch.p)
			buf_printf(&text, " -F arch=%.*s", STR_ARG(rule->arch));
		if (rule->syscalls.p)
			buf_printf(&text, " -S %.*s", STR_ARG(rule->syscalls));
		if (rule->path.p)
			buf_printf(&text, " -F %s=%.*s", draft->is_directory ? "dir" : "path", STR_ARG(rule->path));
		if (rule->perm.p)
			buf_printf(&text, " -F perm=%.*s", STR_ARG(rule->perm));
		add_each(&text, " -F ", rule->fields, ' ');
	}
	add_each(&text, " -k ", rule->key, ',');
	return arena_str(draft->arena, buf_str(&text));
}

bool audit_rule_decode(struct arena *arena, const struct audit_rule_data *data, size_t size,
		       struct audit_rule *rule)
{
	static const char *const lists[] = { "user", "task",    "entry",      NULL,
					     "exit", "exclude", "filesystem", "io_uring" };
	*rule = (struct audit_rule){ 0 };
	if (size < sizeof(*data) || data->buflen > size - sizeof(*data) || data->field_count > AUDIT_MAX_FIELDS)
		return false;
	CLEANUP(draft_done) struct draft draft = { .arena = arena, .rule = rule };
	uint32_t list = data->flags & ~(uint32_t)AUDIT_FILTER_PREPEND, arch = 0;
	if (list >= COUNT(lists) || !lists[list])
		return false;
	rule->list = str_from(lists[list]);
	rule->action = data->action == AUDIT_NEVER ? STR("never") : STR("always");
	struct str texts = { data->buf, data->buflen };
	for (uint32_t i = 0; i < data->field_count; i++) {
		uint32_t field = data->fields[i] & ~(uint32_t)AUDIT_OPERATORS, value = data->values[i];
		const char *symbol = audit_operator_to_symbol((int)(data->fieldflags[i] & AUDIT_OPERATORS));
		struct str operator = symbol ? str_from(symbol) : STR("=");
		if (field == AUDIT_ARCH)
			arch = value;
		if (!is_text_field(field)) {
			decode_number(&draft, field, operator, value);
			continue;
		}
		if (value > texts.n)
			return false;
		decode_text(&draft, field, operator, str_slice(texts, 0, value));
		texts = str_slice(texts, value, texts.n);
	}
	decode_syscalls(&draft, data, arch);
	/* -S all of a rule without arch on another list than exit says nothing */
	if (list != AUDIT_FILTER_EXIT)
		buf_clear(&draft.syscalls);
	draft_finish(&draft);
	rule->text = rule_text(&draft);
	return true;
}
