/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Any bytes in the files that a host table reads: the scan ends, within its bounds, and what it delivers
 * keeps to the table's description.
 *
 * The first two bytes choose the table (the next one on a ring of hashes of names, so that a new table does
 * not change what the corpus means); the rest, cut at bytes 0x1e, is written to the files of the table's
 * `.sources`, below a small root in memory. tools/fuzz_corpus.py makes such inputs from the tests' trees.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "fact/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEPARATOR = 0x1e, MADE_MAX = 512, PATH_LONGEST = 256, BUDGET_MS = 2000 };

/* Everything that was made below the root, in order, to be removed at the end. */
static char top[64];
static char made[MADE_MAX][PATH_LONGEST];
static size_t made_count;
static struct root root;

static void must(bool condition, const struct table *table, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "table %s: %s\n", table ? table->name : "-", what);
	abort();
}

static void clean_up(void)
{
	for (size_t i = made_count; i-- > 0;)
		unlinkat(root.fd, made[i], unlinkat(root.fd, made[i], 0) < 0 ? AT_REMOVEDIR : 0);
	rmdir(top);
}

static void remember(const char *path)
{
	must(made_count < MADE_MAX, NULL, "too many files");
	snprintf(made[made_count++], PATH_LONGEST, "%s", path);
}

static void write_file(const char *path, struct str text)
{
	char folder[PATH_LONGEST];
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(folder, sizeof(folder), "%.*s", (int)i, path);
		if (mkdirat(root.fd, folder, 0700) == 0)
			remember(folder);
	}
	bool is_new = faccessat(root.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	int fd = openat(root.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) /* a source that is a folder for another table */
		return;
	if (is_new)
		remember(path);
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		must(n > 0, NULL, "cannot write");
		text = str_slice(text, (size_t)n, text.n);
	}
	close(fd);
}

/* Sources that are folders, though they do not look so. */
static const char *const folders[] = { "var/log", "proc/sys", "proc", "sys/block", "sys/class/net", "sys/class/tpm",
	                               "sys/bus/usb/devices", "boot", "var/lib/apt/lists", "run/udev/data" };

/* The file that stands for a source: its patterns and folders filled in. False: it is in words. */
static bool source_path(const char *source, char out[PATH_LONGEST])
{
	size_t n = 0;
	bool slash = false;
	if (*source == '/')
		source++;
	for (const char *at = source; *at && n + 8 < PATH_LONGEST; at++) {
		if (*at == ' ' || *at == ':')
			return false;
		slash |= *at == '/';
		if (*at == '*' || *at == '?' || *at == '[') {
			while (*at == '[' && at[1] && at[1] != ']')
				at++;
			at += *at == '[' && at[1] == ']';
			out[n++] = '1';
		} else {
			out[n++] = *at;
		}
	}
	while (n && out[n - 1] == '/')
		n--;
	out[n] = 0;
	bool folder = n > 2 && strcmp(out + n - 2, ".d") == 0;
	for (size_t i = 0; i < COUNT(folders); i++)
		folder |= strcmp(out, folders[i]) == 0;
	if (folder)
		snprintf(out + n, PATH_LONGEST - n, "/1.conf");
	return slash && n > 0;
}

static void begin(void)
{
	snprintf(top, sizeof(top), "%s/ward-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(top) != NULL, NULL, "cannot make a folder");
	struct err err = { "" };
	must(root_open(&root, top, &err) == 0, NULL, err.text);
	atexit(clean_up);
	write_file("etc/os-release", STR("ID=debian\nVERSION_ID=12\n"));
}

static uint16_t name_place(const char *name)
{
	uint32_t hash = 0x811c9dc5;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x01000193;
	return (uint16_t)(hash ^ hash >> 16);
}

static const struct table *choose(uint16_t place)
{
	const struct table *best = NULL;
	uint16_t distance = UINT16_MAX;
	for (size_t i = 0; tables[i]; i++) {
		uint16_t d = (uint16_t)(name_place(tables[i]->name) - place);
		if (!(tables[i]->flags & TABLE_LIVE) && (!best || d < distance)) {
			best = tables[i];
			distance = d;
		}
	}
	return best;
}

/* Types as described; a reason unless complete. */
static void inspect(struct facts *facts, const struct rows *rows)
{
	const struct table *table = rows->table;
	must(rows->width == table_width(table), table, "width");
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		for (size_t j = 0; j < rows->width; j++) {
			struct cell cell = cells[j];
			if (!cell.p)
				continue;
			bool is_real = !cell_is_int(cell) && !cell_is_text(cell);
			switch (table->columns[j].type) {
			case TEXT:
				must(cell_is_text(cell), table, table->columns[j].name);
				break;
			case INT:
				must(cell_is_int(cell), table, table->columns[j].name);
				break;
			case REAL:
				must(is_real || cell_is_int(cell), table, table->columns[j].name);
				break;
			}
		}
	}
	must((rows->coverage == COVERAGE_COMPLETE) == (rows->reason.english == NULL), table, "reason");
	if (rows->reason.english)
		for (enum lang lang = 0; lang < LANG_COUNT; lang++)
			must(note_text(facts_arena(facts), lang, &rows->reason).n > 0, table, "empty reason");
}

static void run(const struct table *table, struct str text)
{
	struct facts_options options = { .deep = true, .budget_ns = BUDGET_MS * (int64_t)1000000 };
	struct facts *facts = facts_new(&root, &options);
	bool required = false;
	const struct column *key = NULL;
	for (const struct column *column = table->columns; column->name; column++) {
		required |= (column->flags & REQUIRED) != 0;
		if ((column->flags & KEY) && (!key || (column->flags & REQUIRED)))
			key = column;
	}
	if (key) {
		/* A word of the input, then something that is there. */
		struct str words[] = { str_word(&text), STR("/etc"), STR("/etc/os-release") };
		for (size_t i = 0; i < COUNT(words); i++) {
			int how = key->type == TEXT ? (int)(words[i].n % 3) : KEY_EQUAL;
			struct facts_key asked = { key->name, how, words[i] };
			inspect(facts, facts_part(facts, table, COLUMNS_ALL, &asked, 1));
		}
	}
	if (!required)
		inspect(facts, facts_table(facts, table));
	facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!top[0])
		begin();
	if (size < 2)
		return 0;
	const struct table *table = choose((uint16_t)(data[0] << 8 | data[1]));
	struct str all = { (const char *)data + 2, size - 2 }, rest = all;
	size_t before = made_count;
	char path[PATH_LONGEST];
	bool is_base = false;
	for (size_t i = 0; i < COUNT(table->sources) && table->sources[i] && rest.p; i++) {
		if (!source_path(table->sources[i], path))
			continue;
		is_base |= strcmp(path, "etc/os-release") == 0;
		write_file(path, str_cut(&rest, SEPARATOR));
	}
	run(table, all);
	/* Files go, folders stay for the next time. */
	for (size_t i = before; i < made_count; i++)
		if (unlinkat(root.fd, made[i], 0) < 0)
			memmove(made[before++], made[i], PATH_LONGEST);
	made_count = before;
	if (is_base)
		write_file("etc/os-release", STR("ID=debian\nVERSION_ID=12\n"));
	return 0;
}
