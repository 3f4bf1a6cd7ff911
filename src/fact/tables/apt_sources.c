/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * apt_sources: where apt gets packages from, in both notations (sources.list(5)): one line each, or
 * deb822 stanzas. One row for each pair of address and suite.
 */
#include "fact/deb822.h"
#include "fact/package_db.h"

/* One of the two notations, field by field. */
struct origin {
	struct str types, uris, suites, components, architectures, signed_by, trusted, insecure, file;
	bool enabled;
	size_t line;
};

static int64_t yes_or_no(struct str value)
{
	static const char *const yes[] = { "yes", "true", "with", "on", "enable", "1" };
	static const char *const no[] = { "no", "false", "without", "off", "disable", "0" };
	for (size_t i = 0; i < COUNT(yes); i++) {
		if (str_is_nocase(value, yes[i]))
			return 1;
		if (str_is_nocase(value, no[i]))
			return 0;
	}
	return NONE;
}

static void not_understood(struct scan *scan, struct str file, size_t line)
{
	scan_partial(scan, NOTE("{}:{}: not understood", file, arena_printf(scan_arena(scan), "%zu", line)));
}

static int source_rows(struct scan *scan, const struct origin *source, struct err *err)
{
	struct str signed_by = source->signed_by;
	if (str_find_char(signed_by, '\n') >= 0 || str_starts(signed_by, "-----BEGIN"))
		signed_by = STR("inline");
	struct str types = source->types;
	for (struct str type = str_word(&types); type.n; type = str_word(&types)) {
		struct str uris = source->uris;
		for (struct str uri = str_word(&uris); uri.n; uri = str_word(&uris)) {
			struct str suites = source->suites;
			for (struct str suite = str_word(&suites); suite.n; suite = str_word(&suites)) {
				int r = scan_row(scan, ROW(type, uri, suite, source->components, source->architectures,
				                           signed_by, yes_or_no(source->trusted),
				                           yes_or_no(source->insecure) == 1, source->enabled,
				                           source->file, source->line), err);
				if (r < 0)
					return r;
			}
		}
	}
	return 0;
}

/* ---- "deb [ option=value … ] uri suite component …" ---- */

/* apt's words: brackets and quotation marks may hold blanks ("cdrom:[Debian 12]/"). */
static struct str apt_word(struct str *rest)
{
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		*rest = str_slice(*rest, 1, rest->n);
	size_t n = 0;
	bool bracket = false, quote = false;
	for (; n < rest->n; n++) {
		char c = rest->p[n];
		if (c == '"')
			quote = !quote;
		else if (c == '[')
			bracket = true;
		else if (c == ']')
			bracket = false;
		else if ((c == ' ' || c == '\t') && !bracket && !quote)
			break;
	}
	struct str word = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, rest->n);
	return word;
}

static void options_read(struct origin *source, struct str options)
{
	for (struct str value = str_word(&options); value.n; value = str_word(&options)) {
		struct str key = str_cut(&value, '=');
		if (str_ends(key, "+") || str_ends(key, "-"))
			key.n--;
		if (str_is_nocase(key, "arch"))
			source->architectures = value;
		else if (str_is_nocase(key, "signed-by"))
			source->signed_by = value;
		else if (str_is_nocase(key, "trusted"))
			source->trusted = value;
		else if (str_is_nocase(key, "allow-insecure"))
			source->insecure = value;
	}
}

static int list_read(struct scan *scan, const char *path, struct str text, struct err *err)
{
	struct str line;
	for (size_t number = 1; str_line(&text, &line); number++) {
		/* A "#" starts a comment wherever it stands. */
		struct str rest = str_trim(str_cut(&line, '#'));
		if (!rest.n)
			continue;
		struct origin source = { .file = str_from(path), .line = number, .enabled = true };
		source.types = str_word(&rest);
		rest = str_trim(rest);
		if (str_starts(rest, "[")) {
			struct str options = str_cut(&rest, ']');
			options_read(&source, str_slice(options, 1, options.n));
			rest = str_trim(rest);
		}
		source.uris = apt_word(&rest);
		source.suites = apt_word(&rest);
		source.components = str_trim(rest);
		bool known = str_is(source.types, "deb") || str_is(source.types, "deb-src");
		if (!known || !source.suites.n) {
			not_understood(scan, source.file, number);
			continue;
		}
		/* The address may hold blanks, which the words of source_rows() may not. */
		int r = scan_row(scan, ROW(source.types, source.uris, source.suites, source.components,
		                           source.architectures, source.signed_by, yes_or_no(source.trusted),
		                           yes_or_no(source.insecure) == 1, true, source.file, number), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- deb822 ---- */

static void stanza_field(struct origin *source, struct str name, struct str value)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {
		{ "Types", offsetof(struct origin, types) },
		{ "URIs", offsetof(struct origin, uris) },
		{ "Suites", offsetof(struct origin, suites) },
		{ "Components", offsetof(struct origin, components) },
		{ "Architectures", offsetof(struct origin, architectures) },
		{ "Signed-By", offsetof(struct origin, signed_by) },
		{ "Trusted", offsetof(struct origin, trusted) },
		{ "Allow-Insecure", offsetof(struct origin, insecure) },
	};
	for (size_t i = 0; i < COUNT(fields); i++)
		if (str_is_nocase(name, fields[i].name))
			*(struct str *)((char *)source + fields[i].offset) = value;
	if (str_is_nocase(name, "Enabled"))
		source->enabled = yes_or_no(value) != 0;
}

/* Without the comments that may stand between the lines of a value. */
static struct str no_comments(struct arena *arena, struct str value)
{
	if (str_find(value, "\n#") < 0)
		return value;
	BUF(out);
	struct str line;
	while (deb822_line(&value, &line)) {
		if (out.n)
			buf_add_char(&out, '\n');
		buf_add(&out, line);
	}
	return arena_str(arena, buf_str(&out));
}

static int sources_read(struct scan *scan, const char *path, struct str text, struct err *err)
{
	struct str rest = text, name, value;
	struct deb822_lines lines = { .at = text.p };
	struct origin source = { .file = str_from(path), .enabled = true };
	for (;;) {
		enum deb822_item item = deb822_next(&rest, &name, &value);
		if (item == DEB822_FIELD) {
			if (!source.line)
				source.line = deb822_lines_to(&lines, name.p) + 1;
			stanza_field(&source, name, no_comments(scan_arena(scan), value));
			continue;
		}
		if (item == DEB822_BAD) {
			const char *end = rest.n ? rest.p - 1 : text.p + text.n;
			not_understood(scan, source.file, deb822_lines_to(&lines, end) + 1);
			continue;
		}
		if (source.line && (!source.types.n || !source.uris.n || !source.suites.n)) {
			not_understood(scan, source.file, source.line);
		} else if (source.line) {
			int r = source_rows(scan, &source, err);
			if (r < 0)
				return r;
		}
		if (item == DEB822_END)
			return 0;
		source = (struct origin){ .file = str_from(path), .enabled = true };
	}
}

/* apt passes over files whose names hold anything else. */
static bool name_is_read(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_' &&
		    c != '-' && c != '.')
			return false;
	}
	return name.n && name.p[0] != '.';
}

static int apt_sources_scan(struct scan *scan, struct err *err)
{
	struct str text;
	struct stat st;
	int r = root_stat(scan_root(scan), "etc/apt", true, &st);
	if ((r == -ENOENT || r == -ENOTDIR) && !(package_db_found(scan) & PACKAGE_DB_DEB))
		return package_db_absent(scan, PACKAGE_DB_DEB);
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("etc/apt"), str_from(err_words(r))));
	if (scan_file(scan, "etc/apt/sources.list", &text) == 0) {
		r = list_read(scan, "/etc/apt/sources.list", text, err);
		if (r < 0)
			return r;
	}
	struct strings list = scan_list(scan, "etc/apt/sources.list.d");
	for (size_t i = 0; i < list.n; i++) {
		bool lines = str_ends(list.p[i], ".list"), stanzas = str_ends(list.p[i], ".sources");
		struct str path = arena_printf(scan_arena(scan), "/etc/apt/sources.list.d/%.*s", STR_ARG(list.p[i]));
		if ((!lines && !stanzas) || !name_is_read(list.p[i]) || scan_file(scan, path.p, &text) < 0)
			continue;
		r = lines ? list_read(scan, path.p, text, err) : sources_read(scan, path.p, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_apt_sources = {
	.name = "apt_sources",
	.doc = "Places that apt gets packages from, also those that are switched off (enabled = 0)",
	.sources = { "etc/apt/sources.list", "etc/apt/sources.list.d/debian.sources",
	             "etc/apt/sources.list.d/x.list" },
	.scan = apt_sources_scan,
	.columns = {
		{ "type", TEXT, "deb (packages) or deb-src (sources)" },
		{ "uri", TEXT, "address, as written" },
		{ "suite", TEXT, "suite or code name, as written" },
		{ "components", TEXT, "components, separated by blanks" },
		{ "architectures", TEXT, "architectures that it is limited to; NULL: not limited" },
		{ "signed_by", TEXT, "keyring that must have signed it; 'inline': the key stands in the file; NULL: any "
		                     "key that apt trusts will do" },
		{ "trusted", INT, "1: taken without a valid signature; 0: never taken as signed; NULL: not said, which "
		                  "means that signatures are checked" },
		{ "allow_insecure", INT, "1: an unsigned repository is accepted" },
		{ "enabled", INT, "0: switched off (Enabled: no)" },
		{ "file", TEXT, "file" },
		{ "line", INT, "line, of a stanza the first" },
	},
};
