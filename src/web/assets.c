/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/assets.h"

#include <stdio.h>

#include "web/assets_table.h"
#include "web/head.h"

static const struct asset_entry *entry_find(struct str path)
{
	size_t low = 0, high = asset_table_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(path, str_from(asset_table[middle].path));
		if (order == 0)
			return &asset_table[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Names of files hold no character that would be encoded, so an encoded path is none of them. */
static const struct asset_entry *entry_of(struct str path)
{
	const struct asset_entry *entry = entry_find(path);
	ptrdiff_t slash = str_find_char_last(path, '/');
	bool page = !entry && str_starts(path, "/") && str_find_char(str_slice(path, (size_t)slash, path.n), '.') < 0 &&
	            str_find_char(path, '%') < 0 && str_find(path, "/.") < 0;
	return page ? entry_find(STR("/index.html")) : entry;
}

static enum asset_coding choose(const struct asset_entry *entry, struct str accepts)
{
	if (entry->in[ASSET_BROTLI].begin && encoding_accepts(accepts, "br"))
		return ASSET_BROTLI;
	if (entry->in[ASSET_GZIP].begin && encoding_accepts(accepts, "gzip"))
		return ASSET_GZIP;
	return ASSET_PLAIN;
}

/* RFC 9110, 13.1.2: weak comparison with any of a list. */
static bool matches(struct str list, struct str etag)
{
	for (struct str rest = list; rest.p;) {
		struct str one = str_trim(str_cut(&rest, ','));
		if (str_starts(one, "W/"))
			one = str_slice(one, 2, one.n);
		if (str_eq(one, etag) || str_is(one, "*"))
			return true;
	}
	return false;
}

bool asset_find(struct str path, struct str accepts, struct str none_match, struct asset *out)
{
	static const char *const codings[ASSET_CODINGS] = { NULL, "gzip", "br" };
	const struct asset_entry *entry = entry_of(path);
	if (!entry)
		return false;
	enum asset_coding coding = choose(entry, accepts);
	*out = (struct asset){ .bytes = { entry->in[coding].begin, (size_t)(entry->in[coding].end - entry->in[coding].begin) },
		               .type = entry->type, .coding = codings[coding],
		               .cache = entry->forever ? "public, max-age=31536000, immutable" : "no-cache" };
	snprintf(out->etag, sizeof(out->etag), "\"%s%s%s\"", entry->tag, coding ? "-" : "", coding ? codings[coding] : "");
	out->same = matches(none_match, str_from(out->etag));
	return true;
}
