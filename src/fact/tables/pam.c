/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * PAM stacks as they run: each service with what it includes put in its place.
 *
 * As libpam reads them (pam.conf(5)): /etc/pam.d/NAME, else /usr/lib/pam.d/NAME (or /usr/etc/pam.d); a
 * folder pam.d makes /etc/pam.conf void. "#" ends a line anywhere, "\" continues it. "@include file" takes
 * every type, "type include file" and "type substack file" only that type.
 */
#include "fact/tables/accounts.h"

#include "base/map.h"
#include "base/vec.h"

enum { DEPTH_MAX = 16 /* as libpam */, ROWS_MAX = 50000, INCLUDES_MAX = 20000, LINE_MAX_BYTES = 16384 };

struct pam_line {
	struct str type, control, module, args; /* type "@include": module is the file */
	struct str service;                     /* only of pam.conf */
	int64_t line;
	bool silent;
};

struct pam_file {
	struct str path;
	VEC(struct pam_line) lines;
};

struct pam {
	struct scan *scan;
	struct map files; /* name as written -> struct pam_file */
	size_t rows, includes;
	int64_t position[4];
};

static const char *const pam_types[] = { "auth", "account", "password", "session" };

static int type_index(struct str type)
{
	for (int i = 0; i < 4; i++)
		if (str_is_nocase(type, pam_types[i]))
			return i;
	return -1;
}

/* Next entry of a file, continuation lines joined; *number is the line it starts on, *next the one after. */
static bool next_line(struct arena *arena, struct str *rest, int64_t *next, int64_t *number, struct str *out)
{
	struct str line;
	BUF(joined);
	*number = 0;
	while (str_line(rest, &line)) {
		++*next;
		if (!*number)
			*number = *next;
		line = str_cut(&line, '#');
		line = str_trim(line);
		bool more = line.n && line.p[line.n - 1] == '\\' && joined.n < LINE_MAX_BYTES;
		buf_add(&joined, more ? str_slice(line, 0, line.n - 1) : line);
		if (more) {
			buf_add_char(&joined, ' ');
			continue;
		}
		if (joined.n) {
			*out = arena_str(arena, str_trim(buf_str(&joined)));
			if (out->n)
				return true;
		}
		buf_clear(&joined);
		*number = 0;
	}
	*out = arena_str(arena, str_trim(buf_str(&joined)));
	return out->n > 0;
}

/* A word, or "[…]" with its brackets; blanks inside become one. */
static struct str bracket_word(struct str *rest)
{
	*rest = str_trim(*rest);
	if (!rest->n || rest->p[0] != '[')
		return str_word(rest);
	ptrdiff_t end = str_find_char(*rest, ']');
	size_t n = end < 0 ? rest->n : (size_t)end + 1;
	struct str word = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, rest->n);
	return word;
}

static bool parse_line(struct str text, bool with_service, struct pam_line *out)
{
	if (with_service)
		out->service = str_word(&text);
	out->type = str_word(&text);
	if (str_is(out->type, "@include")) {
		out->module = str_word(&text);
		return out->module.n > 0;
	}
	out->silent = str_starts(out->type, "-");
	if (out->silent)
		out->type = str_slice(out->type, 1, out->type.n);
	out->control = bracket_word(&text);
	out->module = str_word(&text);
	out->args = str_trim(text);
	return type_index(out->type) >= 0 && out->control.n && out->module.n;
}

static void parse_file(struct pam *pam, struct pam_file *file, struct str text, bool with_service)
{
	struct arena *arena = scan_arena(pam->scan);
	struct str line;
	int64_t next = 0, number;
	while (next_line(arena, &text, &next, &number, &line) && file->lines.n < ROWS_MAX) {
		struct pam_line entry = { .line = number };
		if (parse_line(line, with_service, &entry))
			vec_push_in(arena, &file->lines, entry);
		else
			scan_malformed(pam->scan, arena_cstr(arena, file->path), number);
	}
}

/* The file of a service or of an include. NULL when it is not there or cannot be read. */
static struct pam_file *file_find(struct pam *pam, struct str name)
{
	static const char *const folders[] = { "/etc/pam.d/", "/usr/etc/pam.d/", "/usr/lib/pam.d/" };
	struct arena *arena = scan_arena(pam->scan);
	void **slot = map_put(&pam->files, name);
	if (*slot)
		return ((struct pam_file *)*slot)->path.p ? *slot : NULL;
	struct pam_file *file = *slot = ARENA_NEW(arena, struct pam_file);
	bool whole = name.n && name.p[0] == '/';
	for (size_t i = 0; i < (whole ? 1 : COUNT(folders)); i++) {
		struct str text, path = whole ? name : arena_printf(arena, "%s%.*s", folders[i], STR_ARG(name));
		int r = scan_file(pam->scan, path.p, &text);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return NULL;
		file->path = path;
		parse_file(pam, file, text, false);
		return file;
	}
	return NULL;
}

static int stack_rows(struct pam *pam, struct str service, const struct pam_file *file, int only, int depth,
                      struct err *err);

/* `only`: the type wanted, or -1. */
static int include_rows(struct pam *pam, struct str service, const struct pam_file *file,
                        const struct pam_line *line, int only, int depth, struct err *err)
{
	const struct pam_file *other = NULL;
	if (depth < DEPTH_MAX && pam->includes++ < INCLUDES_MAX)
		other = file_find(pam, line->module);
	if (!other) {
		scan_partial(pam->scan, NOTE("{}:{}: cannot include {}", file->path,
		                             arena_printf(scan_arena(pam->scan), "%lld", (long long)line->line),
		                             line->module));
		return 0;
	}
	return stack_rows(pam, service, other, only, depth + 1, err);
}

static int line_rows(struct pam *pam, struct str service, const struct pam_file *file,
                     const struct pam_line *line, int only, int depth, struct err *err)
{
	if (str_is(line->type, "@include"))
		return include_rows(pam, service, file, line, only, depth, err);
	int type = type_index(line->type);
	if (only >= 0 && type != only)
		return 0;
	if (str_is_nocase(line->control, "include") || str_is_nocase(line->control, "substack"))
		return include_rows(pam, service, file, line, type, depth, err);
	if (pam->rows++ == ROWS_MAX)
		scan_malformed(pam->scan, arena_cstr(scan_arena(pam->scan), file->path), line->line);
	if (pam->rows > ROWS_MAX)
		return 0;
	ptrdiff_t slash = str_find_char_last(line->module, '/');
	struct str name = str_slice(line->module, (size_t)(slash + 1), line->module.n);
	return scan_row(pam->scan, ROW(service, pam_types[type], line->control, name, line->args, line->module,
	                               file->path, line->line, ++pam->position[type], line->silent), err);
}

static int stack_rows(struct pam *pam, struct str service, const struct pam_file *file, int only, int depth,
                      struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < file->lines.n && r == 0 && pam->rows <= ROWS_MAX; i++)
		r = line_rows(pam, service, file, &file->lines.p[i], only, depth, err);
	return r;
}

/* Without any pam.d: one file for all services. */
static int pam_conf(struct pam *pam, struct err *err)
{
	struct arena *arena = scan_arena(pam->scan);
	struct pam_file file = { .path = STR("/etc/pam.conf") };
	struct str text;
	int r = scan_file(pam->scan, "etc/pam.conf", &text);
	if (r == -ENOENT)
		return scan_unavailable(pam->scan, NOTE("cannot read {}: {}", STR("/etc/pam.d"),
		                                        str_from(err_words(r))));
	if (r < 0)
		return scan_unavailable(pam->scan, NOTE("cannot read {}: {}", file.path, str_from(err_words(r))));
	parse_file(pam, &file, text, true);
	struct map done = { arena };
	for (size_t i = 0; i < file.lines.n && r == 0; i++) {
		struct str service = file.lines.p[i].service;
		void **seen = map_put(&done, service);
		if (*seen)
			continue;
		*seen = pam;
		memset(pam->position, 0, sizeof(pam->position));
		for (size_t k = i; k < file.lines.n && r == 0; k++)
			if (str_eq_nocase(file.lines.p[k].service, service))
				r = line_rows(pam, service, &file, &file.lines.p[k], -1, 0, err);
	}
	return r;
}

static int pam_scan(struct scan *scan, struct err *err)
{
	static const char *const folders[] = { "etc/pam.d", "usr/etc/pam.d", "usr/lib/pam.d" };
	struct arena *arena = scan_arena(scan);
	struct pam pam = { .scan = scan, .files = { arena } };
	struct map done = { arena };
	struct stat st;
	int r = 0;
	bool any = false;
	for (size_t i = 0; i < COUNT(folders); i++) {
		int there = root_stat(scan_root(scan), folders[i], true, &st);
		if (there < 0 && there != -ENOENT && there != -ENOTDIR)
			return scan_unavailable(scan, NOTE("cannot read {}: {}", str_from(folders[i]),
			                                   str_from(err_words(there))));
		any |= there == 0 && S_ISDIR(st.st_mode);
	}
	if (!any)
		return pam_conf(&pam, err);
	for (size_t i = 0; i < COUNT(folders); i++) {
		struct strings names = scan_list(scan, folders[i]);
		for (size_t k = 0; k < names.n && r == 0; k++) {
			struct str name = names.p[k];
			if (name.p[0] == '.' || str_ends(name, "~") || str_ends(name, ".rpmsave") ||
			    str_ends(name, ".rpmnew") || str_find(name, ".dpkg-") >= 0)
				continue;
			void **seen = map_put(&done, name);
			if (*seen)
				continue;
			*seen = &pam;
			const struct pam_file *file = file_find(&pam, name);
			memset(pam.position, 0, sizeof(pam.position));
			r = file ? stack_rows(&pam, name, file, -1, 0, err) : 0;
		}
	}
	return r;
}

const struct table table_pam = {
	.name = "pam",
	.doc = "PAM stacks in the order they run, included files in their place",
	.sources = { "etc/pam.d/common-auth", "etc/pam.d/", "usr/lib/pam.d/", "usr/etc/pam.d/", "etc/pam.conf" },
	.scan = pam_scan,
	.columns = {
		{ "service", TEXT, "service that runs the stack; files that are only included are listed too" },
		{ "type", TEXT, "auth, account, password or session" },
		{ "control", TEXT, "required, requisite, sufficient, optional or [result=action …] as written" },
		{ "module", TEXT, "file name of the module, without its folder: pam_unix.so" },
		{ "args", TEXT, "its arguments as written" },
		{ "path", TEXT, "the module as written" },
		{ "file", TEXT, "file the line stands in" },
		{ "line", INT, "line in that file" },
		{ "position", INT, "place in the stack of this type, from 1" },
		{ "silent", INT, "1: written with \"-\", a module that is missing is passed over" },
	},
};
