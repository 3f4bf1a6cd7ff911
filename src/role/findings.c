/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/findings.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/root.h"

enum { STATE_MOST = 256 * 1024 * 1024 };

static bool name_is_ours(struct str name)
{
	if (name.n != FINDINGS_NAME || !str_ends(name, ".jsonl"))
		return false;
	for (size_t i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? name.p[i] != '-' : name.p[i] < '0' || name.p[i] > '9')
			return false;
	return true;
}

static int open_file(struct findings *findings, const char *name, struct err *err)
{
	fd_close_p(&findings->file);
	findings->file = openat(findings->dir, name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	struct stat st;
	if (findings->file < 0 || fstat(findings->file, &st) < 0 || fsync(findings->dir) < 0)
		return err_errno(err, -errno, "cannot open the findings '%s'", name);
	findings->length = findings->committed = st.st_size;
	snprintf(findings->name, sizeof(findings->name), "%s", name);
	return 0;
}

/* Files newer than the one of the mark were never committed. */
static int empty_newer(struct findings *findings, const char *dir, struct err *err)
{
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	ARENA(arena);
	struct str *names;
	size_t n;
	int r = root_open(&root, dir, err);
	if (r < 0)
		return r;
	r = root_list(&root, "", &arena, &names, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (name_is_ours(names[i]) && str_compare(names[i], str_from(findings->name)) > 0) {
			CLEANUP(fd_close_p) int fd = openat(findings->dir, names[i].p, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
			r = fd < 0 ? -errno : 0;
		}
	return r < 0 ? err_errno(err, r, "cannot put the findings in '%s' in order", dir) : 0;
}

int findings_open(struct findings *findings, const char *dir, struct str mark, struct err *err)
{
	*findings = (struct findings){ .dir = -1, .file = -1 };
	struct str rest = mark, name = str_cut(&rest, ':');
	int64_t length = str_int_or(rest, -1);
	findings->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (findings->dir < 0)
		return err_errno(err, -errno, "cannot open the findings in '%s'", dir);
	/* Findings of an archive that is not there any more are somebody else's: left alone. */
	if (!mark.n)
		return 0;
	if (!name_is_ours(name) || length < 0)
		return err_set(err, -EBADMSG, "the archive says nonsense of the findings: '%.*s'", STR_ARG(mark));
	char text[32];
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	int r = open_file(findings, text, err);
	if (r < 0)
		return r;
	/* Somebody took lines away: say what is there. */
	findings->committed = MIN(length, findings->length);
	r = findings_undo(findings, err);
	return r < 0 ? r : empty_newer(findings, dir, err);
}

void findings_close(struct findings *findings)
{
	fd_close_p(&findings->file);
	fd_close_p(&findings->dir);
	findings->file = findings->dir = -1;
}

int findings_add(struct findings *findings, struct str lines, int64_t now, struct err *err)
{
	struct tm tm;
	time_t seconds = now / 1000000000;
	char name[32];
	if (!lines.n)
		return 0;
	gmtime_r(&seconds, &tm);
	snprintf(name, sizeof(name), "%04d-%02d-%02d.jsonl", (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100);
	/* Never back to an older file, whatever the clock says. */
	if (findings->file < 0 || strcmp(name, findings->name) > 0) {
		int r = open_file(findings, name, err);
		if (r < 0)
			return r;
	}
	int r = fd_write(findings->file, lines);
	findings->length += r == 0 ? (int64_t)lines.n : 0;
	if (r == 0 && fdatasync(findings->file) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	err_errno(err, r, "cannot write the findings '%s'", findings->name);
	(void)!findings_undo(findings, NULL);
	return r;
}

void findings_mark(const struct findings *findings, struct buf *out)
{
	buf_clear(out);
	if (findings->name[0])
		buf_printf(out, "%s:%lld", findings->name, (long long)findings->length);
}

void findings_committed(struct findings *findings)
{
	findings->committed = findings->length;
}

int findings_undo(struct findings *findings, struct err *err)
{
	if (findings->file < 0)
		return 0;
	if (ftruncate(findings->file, findings->committed) < 0)
		return err_errno(err, -errno, "cannot cut the findings '%s'", findings->name);
	findings->length = findings->committed;
	return 0;
}

static void state_name(unsigned which, char out[32])
{
	snprintf(out, 32, "correlations.%u", which % 2);
}

int findings_put_state(struct findings *findings, struct str state, struct buf *mark, struct err *err)
{
	char name[32];
	unsigned which = (findings->state + 1) % 2;
	state_name(which, name);
	CLEANUP(fd_close_p) int fd = openat(findings->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	int r = fd < 0 ? -errno : fd_write(fd, state);
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(err, r, "cannot write the state of correlations");
	buf_clear(mark);
	buf_printf(mark, "%u:%zu:%016llx", which, state.n, (unsigned long long)str_hash(state));
	findings->state = which;
	return 0;
}

int findings_get_state(struct findings *findings, struct str mark, struct buf *out, struct err *err)
{
	char name[32], expected[64];
	struct str rest = mark;
	buf_clear(out);
	if (!mark.n)
		return 0;
	findings->state = (unsigned)str_int_or(str_cut(&rest, ':'), 0) % 2;
	state_name(findings->state, name);
	CLEANUP(fd_close_p) int fd = openat(findings->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read(fd, STATE_MOST, out);
	if (r < 0)
		return err_errno(err, r, "cannot read the state of correlations");
	snprintf(expected, sizeof(expected), "%u:%zu:%016llx", findings->state, out->n, (unsigned long long)str_hash(buf_str(out)));
	return str_is(mark, expected) ? 0 : err_set(err, -EBADMSG, "the state of correlations was changed");
}
