/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * web_servers: where web servers listen by their configuration, and what is set there.
 */
#include "fact/tables/web_servers.h"

int web_row(struct web *web, const struct web_listener *listener)
{
	const struct web_settings *set = &listener->settings;
	return scan_row(web->scan,
	                ROW(listener->engine, listener->address, listener->port, listener->name,
	                    listener->tls, set->protocols, set->ciphers, set->certificate, set->key,
	                    set->tokens, set->indexes, set->access_log, set->gm, listener->file,
	                    listener->line),
	                web->err);
}

void web_not_understood(struct web *web, const char *path, int64_t line)
{
	scan_partial(web->scan, NOTE("{}:{}: not understood", str_from(path),
	                             arena_printf(web->arena, "%lld", (long long)line)));
}

bool web_file(struct web *web, const char *path, unsigned depth, struct str *text)
{
	if (depth > WEB_INCLUDE_DEPTH || ++web->files > WEB_FILES_LIMIT) {
		scan_partial(web->scan,
		             NOTE("cannot read {}: {}", str_from(path), str_from(err_words(-E2BIG))));
		return false;
	}
	return scan_file(web->scan, path, text) == 0;
}

void web_address(struct str text, struct str *address, int64_t *port)
{
	int64_t number;
	if (str_to_int(text, 10, &number)) {
		*port = number;
		return;
	}
	ptrdiff_t bracket = str_find_char_last(text, ']'), colon = str_find_char_last(text, ':');
	if (colon > bracket) {
		struct str after = str_slice(text, (size_t)colon + 1, text.n);
		if (str_to_int(after, 10, &number))
			*port = number;
		text = str_slice(text, 0, (size_t)colon);
	}
	if (text.n > 2 && text.p[0] == '[')
		text = str_slice(text, 1, text.n - 1);
	if (text.n)
		*address = text;
}

bool web_is_gm(struct str text)
{
	static const char *const words[] = { "SM4", "SM2", "SM3", "GMTLS", "GMVPN", "TLCP", "NTLS" };
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_find(text, words[i]) >= 0)
			return true;
	return false;
}

static int web_servers_scan(struct scan *scan, struct err *err)
{
	static const struct {
		const char *path, *root;
	} files[] = {
		{ "etc/nginx/nginx.conf", NULL },
		{ "usr/local/nginx/conf/nginx.conf", NULL },
		{ "usr/local/openresty/nginx/conf/nginx.conf", NULL },
		{ "opt/nginx/conf/nginx.conf", NULL },
		{ "etc/apache2/apache2.conf", "/etc/apache2" },
		{ "etc/httpd/conf/httpd.conf", "/etc/httpd" },
		{ "usr/local/apache2/conf/httpd.conf", "/usr/local/apache2" },
	};
	struct web web = { .scan = scan, .arena = scan_arena(scan), .err = err };
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(files); i++) {
		struct stat info;
		int there = root_stat(scan_root(scan), files[i].path, true, &info);
		if (there == -ENOENT || there == -ENOTDIR)
			continue;
		r = files[i].root ? apache_read(&web, files[i].path, files[i].root)
		                  : nginx_read(&web, files[i].path);
	}
	return r;
}

const struct table table_web_servers = {
	.name = "web_servers",
	.doc = "Where nginx and Apache httpd listen by their configuration, one row for each address of a server block",
	.sources = { "etc/nginx/nginx.conf", "etc/apache2/apache2.conf", "etc/httpd/conf/httpd.conf",
	             "etc/nginx/conf.d/*.conf", "etc/apache2/sites-enabled/*.conf" },
	.scan = web_servers_scan,
	.columns = {
		{ "engine", TEXT, "nginx or apache" },
		{ "address", TEXT, "0.0.0.0, ::, * (all), an address or name, or unix:/path" },
		{ "port", INT, "TCP port; NULL for a socket file" },
		{ "server_name", TEXT, "names of the server block, separated by spaces; NULL when it has none" },
		{ "tls", INT, "1 when it speaks TLS there, else 0" },
		{ "protocols", TEXT, "TLS versions as configured; NULL when left to the default of the program" },
		{ "ciphers", TEXT, "cipher suites as configured; NULL when left to the default of the program" },
		{ "cert_path", TEXT, "certificate file; NULL when none is set" },
		{ "key_path", TEXT, "file of the private key; NULL when none is set" },
		{ "server_tokens", TEXT, "on, off, build (nginx); Full, Prod, OS … (Apache): how much the server tells of "
		                         "its version" },
		{ "indexes", INT, "1 when directories are listed somewhere in it (autoindex, Options Indexes), else 0" },
		{ "access_log", INT, "1 when requests are logged, else 0" },
		{ "gm", INT, "1 when national cipher suites (SM2, SM3, SM4) are configured, else 0" },
		{ "file", TEXT, "file of the listen directive or virtual host" },
		{ "line", INT, "line in the file" },
	},
};
