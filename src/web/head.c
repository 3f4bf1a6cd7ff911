/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/head.h"

void head_init(struct head *head)
{
	*head = (struct head){ .length = -1 };
}

/* ---- single headers ---- */

struct str cookie_find(struct str cookies, const char *name)
{
	struct str found = STR_NONE;
	for (struct str rest = cookies; rest.p;) {
		struct str value = str_cut(&rest, ';'), key = str_trim(str_cut(&value, '='));
		if (!value.p || !str_is(key, name))
			continue;
		if (found.p) /* one of them was put there by somebody else */
			return STR_NONE;
		found = str_trim(value);
	}
	return found;
}

/* "q=0.8" → 800; without it 1000; malformed 0. */
static int weight(struct str parameters)
{
	while (parameters.p) {
		struct str value = str_trim(str_cut(&parameters, ';')), key = str_cut(&value, '=');
		double q;
		if (str_is_nocase(str_trim(key), "q"))
			return value.p && str_to_double(str_trim(value), &q) && q >= 0 && q <= 1 ? (int)(q * 1000) : 0;
	}
	return 1000;
}

bool language_accept(struct str header, enum lang *out)
{
	int best = 0;
	for (struct str rest = header; rest.p;) {
		struct str parameters = str_cut(&rest, ','), name = str_trim(str_cut(&parameters, ';'));
		enum lang lang;
		int q = weight(parameters);
		if (q > best && name.n < 32 && lang_parse(name, &lang)) {
			best = q;
			*out = lang;
		}
	}
	return best > 0;
}

bool encoding_accepts(struct str header, const char *coding)
{
	bool any = false;
	for (struct str rest = header; rest.p;) {
		struct str parameters = str_cut(&rest, ','), name = str_trim(str_cut(&parameters, ';'));
		if (str_is_nocase(name, coding))
			return weight(parameters) > 0;
		if (str_is(name, "*"))
			any = weight(parameters) > 0;
	}
	return any;
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

struct str host_name(struct str host)
{
	size_t n = 0;
	int64_t port;
	if (host.n && host.p[0] == '[') {
		ptrdiff_t end = str_find_char(host, ']');
		for (n = 1; end > 1 && n < (size_t)end; n++)
			if (!is_host_char(host.p[n]) && host.p[n] != ':' && host.p[n] != '%')
				return STR_NONE;
		if (end <= 1)
			return STR_NONE;
		n++;
	} else {
		while (n < host.n && is_host_char(host.p[n]))
			n++;
	}
	struct str rest = str_slice(host, n, host.n);
	if (!n || n > 255 || (rest.n && (rest.p[0] != ':' || !str_to_int(str_slice(rest, 1, rest.n), 10, &port) || port < 1 || port > 65535)))
		return STR_NONE;
	return str_slice(host, 0, n);
}

/* ---- all of them ---- */

static void once(struct head *head, struct str *into, struct str value)
{
	head->doubled |= into->p != NULL;
	*into = value;
}

static void take_authorization(struct head *head, struct str value)
{
	struct str rest = value, scheme = str_word(&rest);
	head->doubled |= head->credentials.bearer.p != NULL;
	if (str_is_nocase(scheme, "bearer"))
		head->credentials.bearer = str_trim(rest);
}

static void take_length(struct head *head, struct str value)
{
	head->doubled |= head->length != -1;
	/* Digits only: "+5" is a number to others. */
	if (!value.n || value.n > 15 || value.p[0] < '0' || value.p[0] > '9' || !str_to_int(value, 10, &head->length))
		head->length = -2;
}

static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", name.p[i]))
			return false;
	return name.n;
}

void head_take(struct head *head, struct str name, struct str value)
{
	static const struct {
		const char *name;
		size_t offset;
	} plain[] = {
		{ "host", offsetof(struct head, host) },
		{ "origin", offsetof(struct head, origin) },
		{ "sec-fetch-site", offsetof(struct head, site) },
		{ "x-ward-csrf", offsetof(struct head, csrf) },
		{ "content-type", offsetof(struct head, type) },
		{ "user-agent", offsetof(struct head, agent) },
		{ "if-none-match", offsetof(struct head, none_match) },
		{ "last-event-id", offsetof(struct head, last_event) },
		{ "accept-encoding", offsetof(struct head, accept_encoding) },
	};
	head->odd |= !is_token(name) || str_find_char(value, '\r') >= 0 || str_find_char(value, '\n') >= 0;
	for (size_t i = 0; i < COUNT(plain); i++)
		if (str_is_nocase(name, plain[i].name)) {
			once(head, (struct str *)((char *)head + plain[i].offset), value);
			return;
		}
	if (str_is_nocase(name, "cookie")) {
		struct str cookie = cookie_find(value, HEAD_COOKIE_NAME);
		if (cookie.p)
			once(head, &head->credentials.cookie, cookie);
		if (cookie.n > HEAD_COOKIE)
			head->credentials.cookie = STR_NONE;
	} else if (str_is_nocase(name, "authorization")) {
		take_authorization(head, value);
	} else if (str_is_nocase(name, "content-length")) {
		take_length(head, value);
	} else if (str_is_nocase(name, "transfer-encoding")) {
		head->chunked = true;
	} else if (str_is_nocase(name, "accept-language") && !head->lang_known) {
		head->lang_known = language_accept(value, &head->lang);
	}
}

/* ---- judging ---- */

static bool is_address(struct str name)
{
	if (name.p[0] == '[')
		return true;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return false;
	return true;
}

static bool is_ours(struct str name, const struct strings *names)
{
	if (is_address(name) || str_is_nocase(name, "localhost"))
		return true;
	for (size_t i = 0; names && i < names->n; i++)
		if (str_eq_nocase(name, names->p[i]))
			return true;
	return false;
}

int head_check(const struct head *head, const struct strings *names, struct err *err)
{
	struct str name = head->host.p ? host_name(head->host) : STR_NONE;
	if (head->doubled || head->odd || head->length == -2 || (head->chunked && head->length != -1))
		return err_set(err, -EBADMSG, "the request contradicts itself");
	if (!name.p)
		return err_set(err, -EBADMSG, "the request does not say which server it means");
	if (!is_ours(name, names))
		return err_set(err, -ENXIO, "this server is not called '%.*s'", STR_ARG(name));
	return 0;
}

/* Constant time in what was guessed right. */
static bool same_secret(struct str a, struct str b)
{
	unsigned char differs = a.n != b.n;
	for (size_t i = 0; i < a.n && i < b.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[i]);
	return !differs;
}

int head_trusted(const struct head *head, bool by_token, struct str csrf, struct err *err)
{
	struct str origin = head->origin;
	if (head->site.p && !str_is(head->site, "same-origin") && !str_is(head->site, "none"))
		return err_set(err, -EPERM, "this came from the page of another site");
	if (origin.p) {
		ptrdiff_t slashes = str_find(origin, "://");
		if (slashes < 0 || !str_eq_nocase(str_slice(origin, (size_t)slashes + 3, origin.n), head->host))
			return err_set(err, -EPERM, "this came from the page of another site");
	}
	if (!by_token && csrf.p && !(csrf.n && head->csrf.p && same_secret(head->csrf, csrf)))
		return err_set(err, -EPERM, "this page is out of date; load it again");
	return 0;
}
