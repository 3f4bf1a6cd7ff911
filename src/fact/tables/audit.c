/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The kernel's audit system: its state, its rules (in force, and written down), and the daemon's settings.
 */
#include <libaudit.h>
#include <poll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/audit_rule.h"
#include "fact/tables/conf.h"

enum { REPLIES_MAX = 20000, REPLY_WAIT_MS = 1000 };

#define KERNEL STR("netlink: audit")

static void audit_close_p(int *fd)
{
	if (*fd >= 0)
		audit_close(*fd);
}

/* A descriptor or a negative errno. libaudit must not write to standard error or syslog. */
static int kernel_open(void)
{
	set_aumessage_mode(MSG_QUIET, DBG_NO);
	errno = 0;
	int fd = audit_open();
	return fd >= 0 ? fd : errno ? -errno : -EIO;
}

static bool has_no_audit(int r)
{
	return r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT || r == -EINVAL;
}

/* The next reply of the kernel: its type, or a negative errno. */
static int kernel_reply(int fd, struct audit_reply *reply)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int r = poll(&ready, 1, REPLY_WAIT_MS);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	r = audit_get_reply(fd, reply, GET_REPLY_NONBLOCKING, 0);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	if (reply->type == NLMSG_ERROR)
		return reply->error->error ? reply->error->error : NLMSG_NOOP;
	return reply->type;
}

static int64_t status_field(const struct audit_reply *reply, size_t offset)
{
	uint32_t value;
	if ((size_t)reply->nlh->nlmsg_len < NLMSG_LENGTH(offset + sizeof(value)))
		return NONE;
	memcpy(&value, (const char *)reply->status + offset, sizeof(value));
	return value;
}

#define STATUS(name) status_field(reply, offsetof(struct audit_status, name))

static int audit_status_scan(struct scan *scan, struct err *err)
{
	CLEANUP(audit_close_p) int fd = kernel_open();
	int r = fd;
	if (fd < 0 && has_no_audit(fd))
		return scan_row(scan, ROW(0, 0, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 0), err);
	struct audit_reply *reply = ARENA_NEW(scan_arena(scan), struct audit_reply);
	if (fd >= 0)
		r = audit_request_status(fd);
	for (int i = 0; r >= 0 && i < 16; i++) {
		r = kernel_reply(fd, reply);
		if (r == AUDIT_GET)
			break;
	}
	if (r != AUDIT_GET)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", KERNEL, str_from(err_words(r < 0 ? r : -EIO))));
	int64_t enabled = STATUS(enabled), pid = STATUS(pid);
	return scan_row(scan,
			ROW(1, enabled, STATUS(failure), pid ? pid : NONE, STATUS(rate_limit),
			    STATUS(backlog_limit), STATUS(lost), STATUS(backlog), STATUS(backlog_wait_time),
			    enabled == 2),
			err);
}

const struct table table_audit_status = {
	.name = "audit_status",
	.doc = "State of the kernel's audit system: one row",
	.sources = { "netlink: audit" },
	.flags = TABLE_LIVE,
	.scan = audit_status_scan,
	.columns = {
		{ "supported", INT, "0: this kernel has no audit system" },
		{ "enabled", INT, "0 off, 1 on, 2 on and locked until the next start" },
		{ "failure", INT, "when a record cannot be kept: 0 silent, 1 message, 2 the "
		                  "machine stops; NULL: not supported" },
		{ "pid", INT, "process that takes the records; NULL: none" },
		{ "rate_limit", INT, "most records a second; 0: no limit; NULL: not supported" },
		{ "backlog_limit", INT, "most records that may wait; NULL: not supported" },
		{ "lost", INT, "records lost since the start; NULL: not supported" },
		{ "backlog", INT, "records that wait now; NULL: not supported" },
		{ "backlog_wait_time", INT, "how long a program waits when too many do, clock ticks; "
		                            "NULL: not known" },
		{ "immutable", INT, "1: the rules cannot be changed until the next start" },
	},
};

static int rule_row(struct scan *scan, const struct audit_rule *rule, const char *src, struct str file,
		    int64_t line, struct err *err)
{
	return scan_row(scan,
			ROW(src, rule->kind, rule->list, rule->action, rule->arch, rule->syscalls,
			    rule->fields, rule->path, rule->perm, rule->key, rule->text, file, line),
			err);
}

static int rules_running(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	CLEANUP(audit_close_p) int fd = kernel_open();
	if (fd < 0 && has_no_audit(fd))
		return 0; /* none are in force */
	struct audit_reply *reply = ARENA_NEW(arena, struct audit_reply);
	int r = fd < 0 ? fd : audit_request_rules_list_data(fd);
	for (int i = 0; r >= 0; i++) {
		struct audit_rule rule;
		r = i < REPLIES_MAX ? kernel_reply(fd, reply) : -E2BIG;
		if (r == NLMSG_DONE)
			return 0;
		if (r != AUDIT_LIST_RULES)
			continue;
		size_t size = (size_t)reply->nlh->nlmsg_len - MIN((size_t)reply->nlh->nlmsg_len, (size_t)NLMSG_LENGTH(0));
		if (!audit_rule_decode(arena, reply->ruledata, size, &rule)) {
			conf_bad_line(scan, KERNEL, i);
			continue;
		}
		int row = rule_row(scan, &rule, "running", STR_NONE, NONE, err);
		if (row < 0)
			return row;
	}
	scan_partial(scan, NOTE("cannot read {}: {}", KERNEL, str_from(err_words(r))));
	return 0;
}

static int rules_file(struct scan *scan, struct str path, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct str text, line;
	if (scan_file(scan, path.p, &text) < 0)
		return 0;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		struct audit_rule rule;
		if (conf_is_comment(line, "#"))
			continue;
		if (!audit_rule_parse(arena, str_trim(line), &rule)) {
			conf_bad_line(scan, path, lines.number);
			continue;
		}
		int r = rule_row(scan, &rule, "configured", path, lines.number, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int audit_rules_scan(struct scan *scan, struct err *err)
{
	int r = 0;
	if (scan_is_live(scan))
		r = rules_running(scan, err);
	else
		scan_partial(scan, NOTE("{} can only be seen on the running system", KERNEL));
	struct strings files = scan_glob(scan, STR("etc/audit/rules.d/*.rules"));
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = rules_file(scan, files.p[i], err);
	return r < 0 ? r : rules_file(scan, STR("/etc/audit/audit.rules"), err);
}

const struct table table_audit_rules = {
	.name = "audit_rules",
	.doc = "Rules of the kernel's audit system: those in force, and those of /etc/audit",
	.sources = { "etc/audit/rules.d/*.rules", "etc/audit/audit.rules", "netlink: audit" },
	.scan = audit_rules_scan,
	.columns = {
		{ "src", TEXT, "running (the kernel has it) or configured (a file has it)" },
		{ "kind", TEXT, "watch (a path), syscall, or control (-e, -b, -f …; configured only)" },
		{ "list", TEXT, "exit, task, user, exclude, filesystem; NULL: control" },
		{ "action", TEXT, "always or never; NULL: control" },
		{ "arch", TEXT, "b64 or b32; NULL: any" },
		{ "syscalls", TEXT, "names by comma, or all; NULL: a watch or another list" },
		{ "fields", TEXT, "further conditions by space, \"auid>=1000 auid!=unset\"; NULL: a watch" },
		{ "path", TEXT, "file or directory, without a slash at the end; NULL: none" },
		{ "perm", TEXT, "what is noticed there: letters of rwxa (read, write, "
		                "execute, attributes); NULL: none" },
		{ "key", TEXT, "name of the rule, several by comma; NULL: none" },
		{ "rule", TEXT, "the whole rule as auditctl takes it" },
		{ "file", TEXT, "where it is configured; NULL: running" },
		{ "line", INT, "line in the file; NULL: running" },
	},
};

/* What auditd does where its file says nothing (clear_config() of audit 3). */
static const struct {
	const char *key, *value;
} auditd_defaults[] = {
	{ "local_events", "yes" },      { "write_logs", "yes" },        { "log_file", "/var/log/audit/audit.log" },
	{ "log_format", "RAW" },        { "log_group", "root" },        { "priority_boost", "4" },
	{ "flush", "NONE" },            { "freq", "0" },                { "num_logs", "0" },
	{ "name_format", "NONE" },      { "max_log_file", "0" },        { "max_log_file_action", "IGNORE" },
	{ "space_left", "0" },          { "space_left_action", "IGNORE" }, { "action_mail_acct", "root" },
	{ "verify_email", "yes" },      { "admin_space_left", "0" },    { "admin_space_left_action", "IGNORE" },
	{ "disk_full_action", "IGNORE" }, { "disk_error_action", "SYSLOG" }, { "distribute_network", "no" },
	{ "enable_krb5", "no" },        { "use_libwrap", "yes" },
};

static struct str lower(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		out[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : text.p[i];
	return (struct str){ out, text.n };
}

static int auditd_conf_scan(struct scan *scan, struct err *err)
{
	static const char path[] = "/etc/audit/auditd.conf";
	struct str text, line;
	bool given[COUNT(auditd_defaults)] = { false };
	int r = scan_file(scan, path, &text);
	if (r < 0)
		return r == -ENOENT ? 0
				    : scan_unavailable(scan, NOTE("cannot read {}: {}", str_from(path),
								  str_from(err_words(r))));
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		struct str key, value;
		if (conf_is_comment(line, "#"))
			continue;
		if (!conf_pair(line, &key, &value) || !key.n) {
			conf_bad_line(scan, str_from(path), lines.number);
			continue;
		}
		key = lower(scan_arena(scan), key);
		for (size_t i = 0; i < COUNT(auditd_defaults); i++)
			given[i] |= str_is(key, auditd_defaults[i].key);
		r = scan_row(scan, ROW(key, value, path, lines.number, 0), err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < COUNT(auditd_defaults); i++) {
		if (given[i])
			continue;
		r = scan_row(scan, ROW(auditd_defaults[i].key, auditd_defaults[i].value, STR_NONE, NONE, 1), err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_auditd_conf = {
	.name = "auditd_conf",
	.doc = "Settings of auditd, with its defaults; no rows where it is not installed",
	.sources = { "etc/audit/auditd.conf" },
	.scan = auditd_conf_scan,
	.columns = {
		{ "key", TEXT, "name, lower case" },
		{ "value", TEXT, "value as written" },
		{ "file", TEXT, "where it is set; NULL: a default" },
		{ "line", INT, "line in the file; NULL: a default" },
		{ "is_default", INT, "1: the file does not say it" },
	},
};
