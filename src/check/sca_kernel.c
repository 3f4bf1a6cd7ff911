/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * findmnt, mount, sysctl, lsmod, modprobe -n -v: mounts, parameters and modules of the kernel, as util-linux, procps
 * and kmod print them.
 */
#include <sys/utsname.h>

#include "base/glob.h"
#include "base/vec.h"
#include "check/sca_commands.h"

/* ---- mounts ---- */

enum { MOUNT_DEVICE, MOUNT_PATH, MOUNT_TYPE, MOUNT_FLAGS, MOUNT_ROOT = 16 };

static struct str mount_source(struct sca_call *call, const struct cell *row)
{
	struct str device = cell_str(row[MOUNT_DEVICE]), root = cell_str(row[MOUNT_ROOT]);
	if (root.n == 0 || str_is(root, "/"))
		return device;
	return arena_printf(call->run->arena, "%.*s[%.*s]", STR_ARG(device), STR_ARG(root));
}

struct mount_columns {
	struct str value[4];
};

static void mounts_say(struct buf *out, const struct mount_columns *lines, size_t n, bool header)
{
	static const char *const titles[4] = { "TARGET", "SOURCE", "FSTYPE", "OPTIONS" };
	size_t width[4];
	for (size_t j = 0; j < 4; j++) {
		width[j] = strlen(titles[j]);
		for (size_t i = 0; i < n; i++)
			width[j] = MAX(width[j], lines[i].value[j].n);
	}
	for (size_t i = 0; i < n + header; i++)
		for (size_t j = 0; j < 4; j++) {
			struct str text = header && i == 0 ? str_from(titles[j]) : lines[i - header].value[j];
			buf_add(out, text);
			for (size_t k = text.n; j < 3 && k < width[j] + 1; k++)
				buf_add_char(out, ' ');
			if (j == 3)
				buf_add_char(out, '\n');
		}
}

enum sca_reply sca_answer_findmnt(struct sca_call *call)
{
	bool header = true;
	size_t i = 1;
	for (; i + 1 < call->words.n; i++) {
		if (sca_word_is(call, i, "-n") || sca_word_is(call, i, "-kn") || sca_word_is(call, i, "-nk") ||
		    sca_word_is(call, i, "--noheadings"))
			header = false;
		else if (!sca_word_is(call, i, "-k") && !sca_word_is(call, i, "--kernel"))
			return SCA_UNKNOWN_FORM;
	}
	struct str path = sca_word(call, i);
	if (path.n == 0 || path.p[0] != '/' || (path.n > 1 && str_ends(path, "/")))
		return SCA_UNKNOWN_FORM;
	struct stat st;
	if (!sca_call_is_live(call))
		return SCA_BLIND;
	/* A link would have to be resolved first, and a device is looked for among the sources. */
	if (root_stat(call->run->root, arena_cstr(call->run->arena, path), false, &st) == 0 && !S_ISDIR(st.st_mode))
		return SCA_UNKNOWN_FORM;
	const struct rows *rows = sca_call_table(call, &table_mounts);
	if (!rows)
		return SCA_BLIND;
	VEC(struct mount_columns) lines = { 0 };
	for (size_t k = 0; k < rows->n; k++) {
		const struct cell *row = rows_at(rows, k);
		if (!str_eq(cell_str(row[MOUNT_PATH]), path))
			continue;
		struct mount_columns line = { { path, mount_source(call, row), cell_str(row[MOUNT_TYPE]),
		                                cell_str(row[MOUNT_FLAGS]) } };
		vec_push_in(call->run->arena, &lines, line);
	}
	if (lines.n)
		mounts_say(call->out, lines.p, lines.n, header);
	call->exit = lines.n == 0;
	return SCA_ANSWERED;
}

enum sca_reply sca_answer_mount(struct sca_call *call)
{
	if (call->words.n != 1)
		return SCA_UNKNOWN_FORM;
	if (!sca_call_is_live(call))
		return SCA_BLIND;
	const struct rows *rows = sca_call_table(call, &table_mounts);
	if (!rows)
		return SCA_BLIND;
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *row = rows_at(rows, i);
		buf_printf(call->out, "%.*s on %.*s type %.*s (%.*s)\n", STR_ARG(cell_str(row[MOUNT_DEVICE])),
		           STR_ARG(cell_str(row[MOUNT_PATH])), STR_ARG(cell_str(row[MOUNT_TYPE])),
		           STR_ARG(cell_str(row[MOUNT_FLAGS])));
	}
	return SCA_ANSWERED;
}

/* ---- parameters ---- */

static enum sca_reply parameter_say(struct sca_call *call, struct str key)
{
	BUF(path);
	buf_puts(&path, "/proc/sys/");
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '-' && c != '.' && c != '/')
			return SCA_UNKNOWN_FORM;
		buf_add_char(&path, c == '.' ? '/' : c == '/' ? '.' : c);
	}
	struct str text, file = arena_str(call->run->arena, buf_str(&path));
	struct stat st;
	if (str_find(file, "..") >= 0 || root_stat(call->run->root, "proc/sys", true, &st) < 0)
		return sca_call_blind(call, NOTE("there is no {}", STR("/proc/sys")));
	int r = sca_call_file(call, file, &text);
	if (r == -ENOENT) {
		buf_printf(call->out, "sysctl: cannot stat %.*s: No such file or directory\n", STR_ARG(file));
		call->exit = 1;
		return SCA_ANSWERED;
	}
	if (r < 0)
		return SCA_BLIND;
	struct str line;
	while (str_line(&text, &line))
		buf_printf(call->out, "%.*s = %.*s\n", STR_ARG(key), STR_ARG(line));
	return SCA_ANSWERED;
}

enum sca_reply sca_answer_sysctl(struct sca_call *call)
{
	if (call->words.n < 2)
		return SCA_UNKNOWN_FORM;
	for (size_t i = 1; i < call->words.n; i++) {
		struct str key = call->words.p[i];
		if (key.n == 0 || key.p[0] == '-')
			return SCA_UNKNOWN_FORM;
		enum sca_reply reply = parameter_say(call, key);
		if (reply != SCA_ANSWERED)
			return reply;
	}
	return SCA_ANSWERED;
}

/* ---- modules ---- */

enum { MODULE_NAME, MODULE_SIZE, MODULE_REFS, MODULE_USED_BY };

enum sca_reply sca_answer_lsmod(struct sca_call *call)
{
	if (call->words.n != 1)
		return SCA_UNKNOWN_FORM;
	if (!sca_call_is_live(call))
		return SCA_BLIND;
	const struct rows *rows = sca_call_table(call, &table_kernel_modules);
	if (!rows)
		return SCA_BLIND;
	struct stat st;
	if (root_stat(call->run->root, "proc/modules", true, &st) == -ENOENT) {
		/* A kernel without modules; the words are those of kmod 30. */
		buf_puts(call->out, "libkmod: ERROR ../libkmod/libkmod-module.c:1725 kmod_module_new_from_loaded: could "
		                    "not open /proc/modules: No such file or directory\n"
		                    "Error: could not get list of modules: No such file or directory\n");
		call->exit = 1;
		return SCA_ANSWERED;
	}
	buf_puts(call->out, "Module                  Size  Used by\n");
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *row = rows_at(rows, i);
		buf_printf(call->out, "%-19.*s %8lld  %lld %.*s\n", STR_ARG(cell_str(row[MODULE_NAME])),
		           (long long)cell_int_or(row[MODULE_SIZE], 0), (long long)cell_int_or(row[MODULE_REFS], -2),
		           STR_ARG(cell_str(row[MODULE_USED_BY])));
	}
	return SCA_ANSWERED;
}

/* The name as the kernel writes it: _ for -. */
static struct str module_name(struct arena *arena, struct str name)
{
	struct str copy = arena_str(arena, name);
	char *p = (char *)(uintptr_t)copy.p;
	for (size_t i = 0; i < copy.n; i++)
		if (p[i] == '-')
			p[i] = '_';
	return copy;
}

static bool is_module_file(struct arena *arena, struct str path, struct str name)
{
	ptrdiff_t slash = str_find_char_last(path, '/');
	struct str file = str_slice(path, (size_t)(slash + 1), path.n);
	ptrdiff_t dot = str_find(file, ".ko");
	return dot > 0 && str_eq(module_name(arena, str_slice(file, 0, (size_t)dot)), name);
}

/* What the configuration says of a module: NULL, or the arguments of the directive. */
static const struct cell *module_directive(const struct rows *rows, const char *directive, struct str name)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct cell *row = rows_at(rows, i);
		if (str_is(cell_str(row[1]), directive) && glob_match(cell_str(row[0]), name))
			return &row[2];
	}
	return NULL;
}

/* "insmod …" for the module and what it needs, as modules.dep orders them (the last first). */
static enum sca_reply insmod_say(struct sca_call *call, struct str folder, struct str line)
{
	struct str rest = line, first = str_cut(&rest, ':');
	const struct rows *loaded = sca_call_table(call, &table_kernel_modules);
	VEC(struct str) files = { 0 };
	vec_push_in(call->run->arena, &files, first);
	for (struct str word; (word = str_word(&rest)).n; )
		vec_push_in(call->run->arena, &files, word);
	if (!loaded)
		return SCA_BLIND;
	for (size_t i = files.n; i-- > 0; ) {
		bool there = false;
		for (size_t k = 0; k < loaded->n && !there; k++)
			there = is_module_file(call->run->arena, files.p[i], cell_str(rows_at(loaded, k)[MODULE_NAME]));
		if (!there)
			buf_printf(call->out, "insmod %.*s/%.*s \n", STR_ARG(folder), STR_ARG(files.p[i]));
	}
	return SCA_ANSWERED;
}

enum sca_reply sca_answer_modprobe(struct sca_call *call)
{
	struct arena *arena = call->run->arena;
	bool dry = false, verbose = false;
	size_t i = 1;
	for (; i + 1 < call->words.n; i++) {
		dry |= sca_word_is(call, i, "-n") || sca_word_is(call, i, "-nv") || sca_word_is(call, i, "-vn");
		verbose |= sca_word_is(call, i, "-v") || sca_word_is(call, i, "-nv") || sca_word_is(call, i, "-vn");
		if (!dry && !verbose)
			return SCA_UNKNOWN_FORM;
	}
	struct str name = module_name(arena, sca_word(call, i).p ? sca_word(call, i) : STR("-"));
	if (!dry || !verbose || str_is(name, "_") || name.p[0] == '_')
		return SCA_UNKNOWN_FORM;
	if (!sca_call_is_live(call))
		return SCA_BLIND;
	const struct rows *rules = sca_call_table(call, &table_modprobe);
	struct utsname kernel;
	if (!rules)
		return SCA_BLIND;
	if (uname(&kernel) < 0)
		return SCA_UNKNOWN_FORM;
	if (module_directive(rules, "alias", name) || module_directive(rules, "softdep", name) ||
	    module_directive(rules, "options", name))
		return SCA_UNKNOWN_FORM;
	const struct cell *install = module_directive(rules, "install", name);
	if (install) {
		buf_printf(call->out, "install %.*s \n", STR_ARG(cell_str(*install)));
		return SCA_ANSWERED;
	}
	struct str folder = arena_printf(arena, "/lib/modules/%s", kernel.release);
	static const char *const lists[] = { "modules.dep", "modules.builtin", "modules.alias" };
	for (size_t k = 0; k < COUNT(lists); k++) {
		struct str text, line;
		int r = sca_call_file(call, arena_printf(arena, "%.*s/%s", STR_ARG(folder), lists[k]), &text);
		if (r < 0 && r != -ENOENT)
			return SCA_BLIND;
		while (r == 0 && str_line(&text, &line)) {
			struct str rest = line, first = k == 0 ? str_cut(&rest, ':') : line;
			if (k == 2) {
				str_word(&rest);
				if (glob_match(str_word(&rest), name))
					return SCA_UNKNOWN_FORM;
			} else if (is_module_file(arena, first, name)) {
				return k == 0 ? insmod_say(call, folder, line) : SCA_ANSWERED;
			}
		}
	}
	buf_printf(call->out, "modprobe: FATAL: Module %.*s not found in directory %.*s\n",
	           STR_ARG(sca_word(call, i)), STR_ARG(folder));
	call->exit = 1;
	return SCA_ANSWERED;
}
