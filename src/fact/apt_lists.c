/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/apt_lists.h"

#include <archive.h>
#include <fcntl.h>

#include "base/clock.h"
#include "fact/deb822.h"
#include "sys/library.h"

#define ARCHIVE_FUNCTIONS(X) \
	X(archive_error_string) X(archive_read_data) X(archive_read_free) X(archive_read_new) \
	X(archive_read_next_header) X(archive_read_open_fd) X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_gzip) X(archive_read_support_filter_lz4) \
	X(archive_read_support_filter_xz) X(archive_read_support_filter_zstd) \
	X(archive_read_support_format_raw)
LIBRARY(archives, "libarchive.so.13", ARCHIVE_FUNCTIONS);

enum { BLOCK = 1024 * 1024, STANZA_MOST = 4 * 1024 * 1024 };
static const int64_t text_most = (int64_t)1 << 30;

int64_t apt_date_parse(struct str text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	str_word(&text); /* the day of the week */
	int64_t day, year, hour, minute, second = 0;
	struct str day_text = str_word(&text), month = str_word(&text), year_text = str_word(&text);
	struct str clock = str_word(&text);
	if (month.n != 3)
		return NONE;
	int64_t at = -1;
	for (size_t i = 0; at < 0 && i < 12; i++)
		if (memcmp(months + 3 * i, month.p, 3) == 0)
			at = (int64_t)i;
	struct str hour_text = str_cut(&clock, ':'), minute_text = str_cut(&clock, ':');
	if (at < 0 || !str_to_int(day_text, 10, &day) || !str_to_int(year_text, 10, &year) ||
	    !str_to_int(hour_text, 10, &hour) || !str_to_int(minute_text, 10, &minute) ||
	    !str_to_int(clock, 10, &second) || year < 1970 || year > 9999 || day < 1 || day > 31 || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return NONE;
	return clock_days(year, at + 1, day) * 86400 + hour * 3600 + minute * 60 + second;
}

void apt_release_parse(struct str text, struct apt_release *out)
{
	struct str name, value;
	*out = (struct apt_release){ .date = NONE, .valid_until = NONE };
	for (;;) {
		enum deb822_item item = deb822_next(&text, &name, &value);
		if (item == DEB822_END)
			break;
		if (item != DEB822_FIELD)
			continue;
		if (str_is(name, "Suite"))
			out->suite = value;
		else if (str_is(name, "Codename"))
			out->codename = value;
		else if (str_is(name, "Label"))
			out->label = value;
		else if (str_is(name, "Origin"))
			out->origin = value;
		else if (str_is(name, "Date"))
			out->date = apt_date_parse(value);
		else if (str_is(name, "Valid-Until"))
			out->valid_until = apt_date_parse(value);
		else if (str_is(name, "NotAutomatic"))
			out->not_automatic = str_is_nocase(value, "yes");
		else if (str_is(name, "ButAutomaticUpgrades"))
			out->automatic_upgrades = str_is_nocase(value, "yes");
		else if (str_is(name, "MD5Sum") || str_is(name, "SHA256"))
			break; /* the list of files: nothing that matters here follows */
	}
	out->security = str_ends(out->suite, "security") || str_ends(out->codename, "security") ||
	                str_find(out->label, "Security") >= 0 || str_find(out->label, "security") >= 0;
}

struct str apt_list_name(struct arena *arena, struct str uri)
{
	BUF(out);
	ptrdiff_t colon = str_find_char(uri, ':');
	if (colon >= 0)
		uri = str_slice(uri, (size_t)colon + 1, uri.n);
	if (str_starts(uri, "//")) {
		uri = str_slice(uri, 2, uri.n);
		ptrdiff_t slash = str_find_char(uri, '/');
		ptrdiff_t user = str_find_char_last(str_slice(uri, 0, slash < 0 ? uri.n : (size_t)slash), '@');
		uri = str_slice(uri, (size_t)(user + 1), uri.n);
	}
	for (size_t i = 0; i < uri.n; i++) {
		unsigned char c = (unsigned char)uri.p[i];
		if (c == '/')
			buf_add_char(&out, '_');
		else if (c <= 0x20 || c >= 0x7f || strchr("\\|{}[]<>\"^~_=!@#$%&*", c))
			buf_printf(&out, "%%%02x", c);
		else
			buf_add_char(&out, (char)c);
	}
	return arena_str(arena, buf_str(&out));
}

struct reading {
	apt_wanted_fn *wanted;
	apt_package_fn *package;
	void *ctx;
};

static const char *next_line(const char *p, const char *end)
{
	const char *found = memchr(p, '\n', (size_t)(end - p));
	return found ? found + 1 : end;
}

/* The stanzas of a piece of text that ends with one. */
static void stanzas_read(const struct reading *reading, struct str text)
{
	const char *p = text.p, *end = p + text.n;
	while (p < end) {
		struct str name = STR(""), version = STR(""), arch = STR("");
		bool wanted = true;
		while (p < end && *p != '\n') {
			const char *next = next_line(p, end);
			struct str line = { p, (size_t)(next - p) };
			if (wanted && (*p == 'P' || *p == 'V' || *p == 'A')) {
				if (*p == 'P' && str_starts(line, "Package: ")) {
					name = str_trim(str_slice(line, 9, line.n));
					wanted = reading->wanted(reading->ctx, name);
				} else if (*p == 'V' && str_starts(line, "Version: ")) {
					version = str_trim(str_slice(line, 9, line.n));
				} else if (*p == 'A' && str_starts(line, "Architecture: ")) {
					arch = str_trim(str_slice(line, 14, line.n));
				}
			}
			p = next;
		}
		if (wanted && name.n && version.n)
			reading->package(reading->ctx, name, version, arch);
		while (p < end && *p == '\n')
			p++;
	}
}

/* Where the last whole stanza of the text ends, or 0. */
static size_t whole_stanzas(struct str text)
{
	for (size_t i = text.n; i >= 2; i--)
		if (text.p[i - 1] == '\n' && text.p[i - 2] == '\n')
			return i;
	return 0;
}

static void archive_free_p(struct archive **archive)
{
	archives.archive_read_free(*archive);
}

static int archive_err(struct archive *archive, const char *path, struct err *err)
{
	const char *words = archives.archive_error_string(archive);
	return err_set(err, -EIO, "%s: %s", path, words ? words : "damaged");
}

int apt_list_read(const struct root *root, const char *path, apt_wanted_fn *wanted, apt_package_fn *package,
                  void *ctx, struct err *err)
{
	struct reading reading = { wanted, package, ctx };
	CLEANUP(fd_close_p) int fd = root_openat(root, path, O_RDONLY | O_NOATIME);
	if (fd == -EPERM)
		fd = root_openat(root, path, O_RDONLY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_errno(err, fd < 0 ? fd : -ENXIO, "cannot read %s", path);
	if (st.st_size == 0)
		return 0;
	int r = LIBRARY_LOAD(archives, err);
	if (r < 0)
		return r;
	CLEANUP(archive_free_p) struct archive *archive = archives.archive_read_new();
	archives.archive_read_support_filter_lz4(archive);
	archives.archive_read_support_filter_gzip(archive);
	archives.archive_read_support_filter_xz(archive);
	archives.archive_read_support_filter_bzip2(archive);
	archives.archive_read_support_filter_zstd(archive);
	archives.archive_read_support_format_raw(archive);
	struct archive_entry *entry;
	if (archives.archive_read_open_fd(archive, fd, BLOCK) != ARCHIVE_OK ||
	    archives.archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return archive_err(archive, path, err);
	BUF(rest);
	int64_t total = 0;
	for (;;) {
		ssize_t n = archives.archive_read_data(archive, buf_reserve(&rest, BLOCK), BLOCK);
		if (n < 0)
			return archive_err(archive, path, err);
		if (n == 0)
			break;
		rest.n += (size_t)n;
		total += n;
		size_t whole = whole_stanzas(buf_str(&rest));
		stanzas_read(&reading, str_slice(buf_str(&rest), 0, whole));
		memmove(rest.p, rest.p + whole, rest.n - whole);
		rest.n -= whole;
		if (rest.n > STANZA_MOST || total > text_most)
			return err_set(err, -EFBIG, "%s: too large", path);
	}
	stanzas_read(&reading, buf_str(&rest));
	return 0;
}
