/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <string.h>

#include "crypto/digest.h"
#include "record/backup.h"

enum { PATH_MOST = 1000 };

/* Below the folder, whatever it says: components of letters, digits, '-', '_' and '.', none that begins with a dot. */
static bool is_inside(struct str path)
{
	struct str rest = path;
	if (!path.n || path.n > PATH_MOST)
		return false;
	while (rest.p) {
		struct str part = str_cut(&rest, '/');
		if (!part.n || part.p[0] == '.')
			return false;
		for (size_t i = 0; i < part.n; i++) {
			char c = part.p[i];
			if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
				return false;
		}
	}
	return true;
}

static bool take_word(struct str *rest, const char *word)
{
	struct str peek = *rest, first = str_cut(&peek, ' ');
	if (!str_is(first, word) || !peek.p)
		return false;
	*rest = peek;
	return true;
}

static bool take_file(struct str line, struct backup_file *out)
{
	return str_to_int(str_cut(&line, ' '), 10, &out->bytes) && out->bytes >= 0 && str_is_hex(out->digest = str_cut(&line, ' '), BACKUP_DIGEST) &&
	       (out->path = line, true);
}

static bool take_journal(struct str line, struct journal_head *out)
{
	struct str seq = str_cut(&line, ' ');
	if (!str_to_int(seq, 10, &out->seq) || out->seq < 0 || !str_is_hex(line, BACKUP_DIGEST))
		return false;
	memcpy(out->hash, line.p, JOURNAL_HASH);
	return true;
}

typedef VEC(struct backup_file) file_list;

/* One line of the manifest; `number` from 1. 1: that was the end. */
static int take_line(struct arena *arena, struct str text, struct str line, unsigned number, struct backup_manifest *out, file_list *files)
{
	struct backup_file file;
	size_t before = (size_t)(line.p - text.p);
	switch (number) {
	case 1:
		return str_is(line, "ward backup 1") ? 0 : -EBADMSG;
	case 2:
		return take_word(&line, "time") && str_to_int(line, 10, &out->time) ? 0 : -EBADMSG;
	case 3:
		return take_word(&line, "journal") && take_journal(line, &out->journal) ? 0 : -EBADMSG;
	case 4:
		if (!take_word(&line, "records") || !take_file(line, &out->records) || out->records.path.p)
			return -EBADMSG;
		out->records.path = STR("records.db");
		return 0;
	default:
		if (take_word(&line, "end"))
			return str_eq(line, digest_hex(arena, DIGEST_SHA256, str_slice(text, 0, before))) && line.p + line.n + 1 == text.p + text.n ? 1 : -EBADMSG;
		if (!take_word(&line, "file") || !take_file(line, &file) || !is_inside(file.path))
			return -EBADMSG;
		vec_push_in(arena, files, file);
		return 0;
	}
}

static int damaged(struct err *err, unsigned number)
{
	err_set(err, -EBADMSG, "this is not what a backup says: it is damaged");
	return err_wrap(err, -EBADMSG, BACKUP_NAME ":%u", number);
}

int backup_manifest_read(struct arena *arena, struct str text, struct backup_manifest *out, struct err *err)
{
	file_list files = { 0 };
	struct str rest = text;
	*out = (struct backup_manifest){ 0 };
	for (unsigned number = 1; rest.n; number++) {
		struct str line = str_cut(&rest, '\n');
		int r = rest.p ? take_line(arena, text, line, number, out, &files) : -EBADMSG;
		if (r < 0)
			return damaged(err, number);
		if (r > 0) {
			out->files = files.p;
			out->n = files.n;
			return 0;
		}
	}
	return err_set(err, -EBADMSG, BACKUP_NAME ": its end is missing: it is damaged");
}

void backup_manifest_print(const struct backup_manifest *manifest, struct buf *out)
{
	ARENA(arena);
	size_t start = out->n;
	buf_printf(out, "ward backup 1\ntime %lld\njournal %lld %s\nrecords %lld %.*s\n", (long long)manifest->time, (long long)manifest->journal.seq,
	           manifest->journal.hash, (long long)manifest->records.bytes, STR_ARG(manifest->records.digest));
	for (size_t i = 0; i < manifest->n; i++)
		buf_printf(out, "file %lld %.*s %.*s\n", (long long)manifest->files[i].bytes, STR_ARG(manifest->files[i].digest),
		           STR_ARG(manifest->files[i].path));
	struct str digest = digest_hex(&arena, DIGEST_SHA256, str_slice(buf_str(out), start, out->n));
	buf_printf(out, "end %.*s\n", STR_ARG(digest));
}
