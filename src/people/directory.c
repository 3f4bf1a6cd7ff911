/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/directory.h"

#include <fcntl.h>
#include <ldap.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "crypto/authority.h"
#include "sys/library.h"
#include "sys/root.h"

enum { TIMEOUT = 5, PASSWORD_FILE_MOST = 1024, GROUPS_MOST = 4096 };

#define FUNCTIONS(X)                                                                                                                \
	X(ldap_initialize) X(ldap_set_option) X(ldap_start_tls_s) X(ldap_sasl_bind_s) X(ldap_search_ext_s) X(ldap_count_entries)    \
	X(ldap_first_entry) X(ldap_get_dn) X(ldap_memfree) X(ldap_msgfree) X(ldap_unbind_ext_s) X(ldap_err2string)                  \
	X(ldap_get_values_len) X(ldap_value_free_len) X(ldap_get_option) X(ldap_connect)
LIBRARY(ldap_library, "libldap-2.5.so.0", FUNCTIONS);
#define L ldap_library

static const struct schema_field ldap_fields[] = {
	{ "url", SCHEMA_STRING, offsetof(struct people_ldap, url), .required = true },
	{ "start_tls", SCHEMA_BOOL, offsetof(struct people_ldap, start_tls) },
	{ "ca", SCHEMA_STRING, offsetof(struct people_ldap, ca) },
	{ "base", SCHEMA_STRING, offsetof(struct people_ldap, base), .required = true },
	{ "filter", SCHEMA_STRING, offsetof(struct people_ldap, filter), .required = true },
	{ "bind_dn", SCHEMA_STRING, offsetof(struct people_ldap, bind_dn) },
	{ "bind_password_file", SCHEMA_STRING, offsetof(struct people_ldap, bind_password_file) },
	{ "name", SCHEMA_STRING, offsetof(struct people_ldap, name) },
	{ "groups", SCHEMA_STRING, offsetof(struct people_ldap, groups) },
	{ "roles", SCHEMA_ANY, offsetof(struct people_ldap, roles) },
	{ "org", SCHEMA_INT, offsetof(struct people_ldap, org), .min = 1, .max = INT64_MAX },
	{ "timeout", SCHEMA_INT, offsetof(struct people_ldap, timeout), .min = 1, .max = 60 },
	{ 0 },
};
const struct schema people_ldap_schema = { "the directory", ldap_fields, sizeof(struct people_ldap) };

/* ---- the configuration ---- */

static bool is_loopback(struct str url)
{
	static const char *const starts[] = { "ldap://127.0.0.1", "ldap://[::1]", "ldap://localhost", "ldapi://" };
	for (size_t i = 0; i < COUNT(starts); i++) {
		size_t n = strlen(starts[i]);
		if (str_starts(url, starts[i]) && (i == 3 || url.n == n || url.p[n] == ':' || url.p[n] == '/'))
			return true;
	}
	return false;
}

static int read_password(struct arena *arena, const struct people_ldap *ldap, struct str *out, struct err *err)
{
	char text[PASSWORD_FILE_MOST];
	struct stat stat;
	const char *file = arena_cstr(arena, ldap->bind_password_file);
	CLEANUP(fd_close_p) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &stat) < 0)
		return err_errno(err, -errno, "cannot open '%s'", file);
	if (!S_ISREG(stat.st_mode) || stat.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(err, -EPERM, "others may read '%s': chmod 600 it", file);
	ssize_t n = read(fd, text, sizeof(text));
	if (n < 0)
		return err_errno(err, -errno, "cannot read '%s'", file);
	struct str password = str_trim((struct str){ text, (size_t)n });
	*out = arena_str(arena, password);
	explicit_bzero(text, sizeof(text));
	return password.n ? 0 : err_set(err, -EINVAL, "'%s' is empty", file);
}

int directory_prepare(struct arena *arena, const struct people_ldap *ldap, struct str *password, struct err *err)
{
	*password = STR_NONE;
	int r = ldap->url.p ? LIBRARY_LOAD(ldap_library, err) : 0;
	if (r == 0 && ldap->ca.p && access(arena_cstr(arena, ldap->ca), R_OK) < 0)
		r = err_errno(err, -errno, "cannot open '%.*s'", STR_ARG(ldap->ca));
	return r < 0 || !ldap->bind_password_file.p ? r : read_password(arena, ldap, password, err);
}

static int check_roles(const struct source *source, const struct people_ldap *ldap, struct err *err)
{
	static const char *const separated[] = { "operator", "security", "auditor" };
	if (!ldap->roles || !ldap->known)
		return 0;
	if (ldap->roles->type != DOC_MAP)
		return doc_err(source, ldap->roles, err, "roles is a map of groups to roles");
	for (size_t i = 0; i < ldap->roles->n; i++) {
		const struct doc *value = doc_value(ldap->roles, i);
		struct str role = doc_string(value);
		if (!role.p || roles_bit(ldap->known, role) < 0)
			return doc_err(source, value, err, "'%.*s' is no role", STR_ARG(role));
		for (size_t k = 0; k < COUNT(separated); k++)
			if (str_is(role, separated[k]))
				return doc_err(source, value, err, "the role '%s' cannot come from a directory; grant it in ward", separated[k]);
	}
	return 0;
}

int directory_check(const struct source *source, const struct doc *node, const struct roles *roles, struct people_ldap *ldap,
                    struct err *err)
{
	ldap->known = roles;
	ldap->timeout = ldap->timeout ? ldap->timeout : TIMEOUT;
	ldap->name = ldap->name.p ? ldap->name : STR("cn");
	ldap->groups = ldap->groups.p ? ldap->groups : STR("memberOf");
	bool plain = str_starts(ldap->url, "ldap://") || str_starts(ldap->url, "ldapi://");
	if (!plain && !str_starts(ldap->url, "ldaps://"))
		return doc_err(source, node, err, "the address of a directory begins with ldaps:// or ldap://");
	if (plain && !ldap->start_tls && !is_loopback(ldap->url))
		return doc_err(source, node, err, "passwords would cross the network in clear: use ldaps:// or start_tls: true");
	if (str_find(ldap->filter, "{login}") < 0 || !str_starts(ldap->filter, "(") || !str_ends(ldap->filter, ")"))
		return doc_err(source, node, err, "the filter stands in parentheses and has {login} in it");
	if (ldap->bind_dn.p && !ldap->bind_password_file.p)
		return doc_err(source, node, err, "bind_dn needs bind_password_file: without a password a directory lets anybody in as nobody");
	return check_roles(source, ldap, err);
}

struct str directory_escape(struct arena *arena, struct str value)
{
	BUF(out);
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if (c < 0x20 || c > 0x7e || strchr("*()\\", c))
			buf_printf(&out, "\\%02x", c);
		else
			buf_add_char(&out, (char)c);
	}
	return arena_str(arena, buf_str(&out));
}

static struct str filter_of(struct arena *arena, const struct people_ldap *ldap, struct str login)
{
	BUF(out);
	struct str rest = ldap->filter;
	for (ptrdiff_t at; (at = str_find(rest, "{login}")) >= 0; rest = str_slice(rest, (size_t)at + strlen("{login}"), rest.n)) {
		buf_add(&out, str_slice(rest, 0, (size_t)at));
		buf_add(&out, directory_escape(arena, login));
	}
	buf_add(&out, rest);
	return arena_str(arena, buf_str(&out));
}

/* ---- asking ---- */

static void unbind_p(LDAP **handle)
{
	if (*handle)
		L.ldap_unbind_ext_s(*handle, NULL, NULL);
}

static void message_free_p(LDAPMessage **message)
{
	if (*message)
		L.ldap_msgfree(*message);
}

static int ldap_err(struct err *err, const struct people_ldap *ldap, int code)
{
	int r = code == LDAP_TIMEOUT || code == LDAP_TIMELIMIT_EXCEEDED ? -ETIMEDOUT : -EPIPE;
	return err_set(err, r, "the directory %.*s: %s", STR_ARG(ldap->url), L.ldap_err2string(code));
}

static int open_handle(struct arena *arena, const struct people_ldap *ldap, int demand, LDAP **out, struct err *err)
{
	CLEANUP(unbind_p) LDAP *handle = NULL;
	int version = LDAP_VERSION3, oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, fresh = 0;
	struct timeval timeout = { .tv_sec = ldap->timeout };
	int code = L.ldap_initialize(&handle, arena_cstr(arena, ldap->url));
	if (code != LDAP_SUCCESS)
		return ldap_err(err, ldap, code);
	L.ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
	L.ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &timeout);
	L.ldap_set_option(handle, LDAP_OPT_TIMEOUT, &timeout);
	L.ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF); /* it would carry passwords to servers nobody named */
	if (L.ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) != LDAP_OPT_SUCCESS ||
	    L.ldap_set_option(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest) != LDAP_OPT_SUCCESS)
		return err_set(err, -ENOSYS, "this libldap has no TLS");
	if (ldap->ca.p)
		L.ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, arena_cstr(arena, ldap->ca));
	/* Without its own context it would trust whom the system trusts. */
	if (L.ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &fresh) != LDAP_OPT_SUCCESS)
		return err_set(err, -EPIPE, "the directory %.*s: the certificates in '%.*s' cannot be used", STR_ARG(ldap->url),
		               STR_ARG(ldap->ca.p ? ldap->ca : STR("/etc/ssl/certs")));
	*out = TAKE(handle);
	return 0;
}

/* No word but TLS's own is said on it. */
static int say_hello(const struct people_ldap *ldap, LDAP *handle)
{
	return ldap->start_tls ? L.ldap_start_tls_s(handle, NULL, NULL) : L.ldap_connect(handle);
}

static struct str host_of(struct str url)
{
	ptrdiff_t at = str_find(url, "://");
	struct str rest = at < 0 ? url : str_slice(url, (size_t)at + 3, url.n);
	bool six = str_starts(rest, "[");
	size_t n = six;
	while (n < rest.n && (six ? rest.p[n] != ']' : rest.p[n] != ':' && rest.p[n] != '/'))
		n++;
	return str_slice(rest, six, n);
}

/* libldap does not say why it refused a certificate. So it is fetched once more, by a connection that accepts any and on which nothing
 * is said, and looked at. */
static int tell_why(struct arena *arena, const struct people_ldap *ldap, int code, struct err *err)
{
	CLEANUP(unbind_p) LDAP *handle = NULL;
	struct berval der = { 0 };
	struct str host = host_of(ldap->url);
	const struct strings names = { .p = &host, .n = 1 };
	struct certificate seen;
	struct err none = { "" };
	BUF(pem);
	if (str_starts(ldap->url, "ldapi://") || (!ldap->start_tls && str_starts(ldap->url, "ldap://")))
		return ldap_err(err, ldap, code);
	int r = open_handle(arena, ldap, LDAP_OPT_X_TLS_NEVER, &handle, &none);
	if (r < 0 || say_hello(ldap, handle) != LDAP_SUCCESS ||
	    L.ldap_get_option(handle, LDAP_OPT_X_TLS_PEERCERT, &der) != LDAP_OPT_SUCCESS || !der.bv_len)
		return ldap_err(err, ldap, code);
	buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n");
	base64_add(&pem, (struct str){ der.bv_val, der.bv_len });
	buf_puts(&pem, "\n-----END CERTIFICATE-----\n");
	L.ldap_memfree(der.bv_val);
	r = certificate_look(buf_str(&pem), STR_NONE, STR_NONE, &names, &seen, &none);
	if (r < 0)
		return err_set(err, -EPIPE, "the directory %.*s: its certificate cannot be read", STR_ARG(ldap->url));
	if (!seen.has_names)
		return err_set(err, -EPIPE, "the directory %.*s: its certificate does not name '%.*s'", STR_ARG(ldap->url), STR_ARG(host));
	if (seen.from > clock_now() || seen.until <= clock_now())
		return err_set(err, -EPIPE, "the directory %.*s: its certificate is not valid today", STR_ARG(ldap->url));
	return err_set(err, -EPIPE, "the directory %.*s: its certificate is of no authority that is trusted ('ca' names it)", STR_ARG(ldap->url));
}

static int connect_to(struct arena *arena, const struct people_ldap *ldap, LDAP **out, struct err *err)
{
	CLEANUP(unbind_p) LDAP *handle = NULL;
	int r = open_handle(arena, ldap, LDAP_OPT_X_TLS_DEMAND, &handle, err);
	int code = r < 0 ? LDAP_SUCCESS : say_hello(ldap, handle);
	if (code != LDAP_SUCCESS)
		return tell_why(arena, ldap, code, err);
	if (r == 0)
		*out = TAKE(handle);
	return r;
}

static int bind_as(struct arena *arena, LDAP *handle, struct str dn, struct str password)
{
	struct berval credentials = { .bv_len = password.n, .bv_val = (char *)arena_cstr(arena, password) };
	int code = L.ldap_sasl_bind_s(handle, arena_cstr(arena, dn), LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
	return code;
}

static struct str first_value(struct arena *arena, LDAP *handle, LDAPMessage *entry, struct str name)
{
	struct str value = STR_NONE;
	struct berval **values = L.ldap_get_values_len(handle, entry, arena_cstr(arena, name));
	if (values && values[0])
		value = arena_str(arena, (struct str){ values[0]->bv_val, values[0]->bv_len });
	if (values)
		L.ldap_value_free_len(values);
	return value;
}

static uint64_t roles_of(struct arena *arena, const struct people_ldap *ldap, LDAP *handle, LDAPMessage *entry)
{
	uint64_t roles = 0;
	struct berval **values = L.ldap_get_values_len(handle, entry, arena_cstr(arena, ldap->groups));
	for (size_t i = 0; values && values[i] && i < GROUPS_MOST; i++)
		for (size_t k = 0; ldap->roles && k < ldap->roles->n; k++)
			if (str_eq_nocase(doc_string(doc_key(ldap->roles, k)), (struct str){ values[i]->bv_val, values[i]->bv_len }))
				roles |= UINT64_C(1) << roles_bit(ldap->known, doc_string(doc_value(ldap->roles, k)));
	if (values)
		L.ldap_value_free_len(values);
	return roles;
}

/* 1: found one. Two are none: the filter is wrong, and nobody knows who is meant. */
static int find(struct arena *arena, const struct people_ldap *ldap, LDAP *handle, struct str login, struct directory_entry *out,
                struct err *err)
{
	CLEANUP(message_free_p) LDAPMessage *message = NULL;
	char *attributes[] = { (char *)arena_cstr(arena, ldap->name), (char *)arena_cstr(arena, ldap->groups), NULL };
	struct timeval timeout = { .tv_sec = ldap->timeout };
	int code = L.ldap_search_ext_s(handle, arena_cstr(arena, ldap->base), LDAP_SCOPE_SUBTREE,
	                               arena_cstr(arena, filter_of(arena, ldap, login)), attributes, 0, NULL, NULL, &timeout, 2, &message);
	if (code == LDAP_SIZELIMIT_EXCEEDED)
		return err_set(err, -EINVAL, "the directory %.*s has several entries for one login", STR_ARG(ldap->url));
	if (code == LDAP_NO_SUCH_OBJECT)
		return 0;
	if (code != LDAP_SUCCESS)
		return ldap_err(err, ldap, code);
	int n = L.ldap_count_entries(handle, message);
	if (n > 1)
		return err_set(err, -EINVAL, "the directory %.*s has several entries for one login", STR_ARG(ldap->url));
	LDAPMessage *entry = n == 1 ? L.ldap_first_entry(handle, message) : NULL;
	char *dn = entry ? L.ldap_get_dn(handle, entry) : NULL;
	if (!dn)
		return 0;
	out->dn = arena_str(arena, str_from(dn));
	L.ldap_memfree(dn);
	out->name = first_value(arena, handle, entry, ldap->name);
	out->roles = roles_of(arena, ldap, handle, entry);
	return out->dn.n ? 1 : 0;
}

static int connect_as_reader(struct arena *arena, const struct people_ldap *ldap, LDAP **out, struct err *err)
{
	CLEANUP(unbind_p) LDAP *handle = NULL;
	int r = LIBRARY_LOAD(ldap_library, err);
	if (r == 0)
		r = connect_to(arena, ldap, &handle, err);
	if (r < 0)
		return r;
	int code = ldap->bind_dn.p ? bind_as(arena, handle, ldap->bind_dn, ldap->bind_password) : LDAP_SUCCESS;
	if (code != LDAP_SUCCESS)
		return ldap_err(err, ldap, code);
	*out = TAKE(handle);
	return 0;
}

int directory_try(struct arena *arena, const struct people_ldap *ldap, struct err *err)
{
	CLEANUP(unbind_p) LDAP *handle = NULL;
	return connect_as_reader(arena, ldap, &handle, err);
}

int directory_login(struct arena *arena, const struct people_ldap *ldap, struct str login, struct str password,
                    struct directory_entry *out, struct err *err)
{
	CLEANUP(unbind_p) LDAP *handle = NULL;
	*out = (struct directory_entry){ .login = login };
	/* RFC 4513, 5.1.2: a bind with a name and no password succeeds and proves nothing. */
	if (!password.n || password.n > PASSWORD_MOST || memchr(password.p, 0, password.n))
		return 0;
	int r = connect_as_reader(arena, ldap, &handle, err);
	if (r == 0)
		r = find(arena, ldap, handle, login, out, err);
	if (r <= 0)
		return r;
	int code = bind_as(arena, handle, out->dn, password);
	if (code == LDAP_INVALID_CREDENTIALS || code == LDAP_INAPPROPRIATE_AUTH || code == LDAP_UNWILLING_TO_PERFORM)
		return 0;
	if (code != LDAP_SUCCESS)
		return ldap_err(err, ldap, code);
	if (!out->name.n)
		out->name = login;
	return 1;
}

/* ---- its account ---- */

/* Roles that a directory gives and takes; others were granted in ward and stay. */
static uint64_t given_by(const struct people_ldap *ldap)
{
	uint64_t roles = 0;
	for (size_t i = 0; ldap->roles && i < ldap->roles->n; i++)
		roles |= UINT64_C(1) << roles_bit(ldap->known, doc_string(doc_value(ldap->roles, i)));
	return roles;
}

static int org_of(struct write *write, const struct people_ldap *ldap, int64_t *org, struct err *err)
{
	*org = ldap->org;
	if (*org)
		return 0;
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT value FROM ward_setting WHERE name = 'root_org'", err);
	if (r == 0)
		r = db_step(&q, err);
	if (r > 0)
		*org = str_int_or(db_text(&q, 0), 0);
	return r < 0 ? r : 0;
}

int directory_account(struct arena *arena, struct write *write, const struct people *people, const struct directory_entry *entry,
                      struct user *out, struct err *err)
{
	/* Nobody makes an account or changes roles of their own: it is ward that does it for the directory. */
	static const struct actor ward = { .name = STR("ward"), .whole = true, .roles = UINT64_MAX, .fresh_until = INT64_MAX };
	struct write ours = *write;
	ours.actor = &ward;
	int r = user_by_login(arena, write->db, people, entry->login, out, err);
	if (r == -ENOENT) {
		struct user_new make = { .login = entry->login, .name = str_slice(entry->name, 0, USER_NAME_MOST), .hash = STR_NONE,
			                 .lang = write->actor->lang };
		int64_t id;
		r = org_of(write, people->ldap, &make.org, err);
		if (r == 0)
			r = people_person(&ours, people, make.org, make.name, &make.person, err);
		if (r == 0)
			r = user_create(write, &make, &id, err);
		if (r == 0)
			r = user_by_id(arena, write->db, people, id, out, err);
	}
	if (r < 0)
		return r;
	if (!out->directory || out->state != USER_ACTIVE)
		return err_set(err, -EPERM, "the account is not the directory's");
	uint64_t roles = (out->roles & ~given_by(people->ldap)) | entry->roles;
	if (roles == out->roles)
		return 0;
	r = user_set_roles(&ours, people, out, roles, STR("LDAP"), err);
	out->roles = roles;
	return r;
}
