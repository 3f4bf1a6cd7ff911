/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * SSH public keys: those that open an account (authorized_keys), those of the machine (ssh_host_keys).
 *
 * A key is "type base64 comment", the blob a row of length-prefixed fields (RFC 4253 6.6, RFC 5656,
 * RFC 8709; certificates: PROTOCOL.certkeys of OpenSSH). Fingerprints are those of `ssh-keygen -l`:
 * SHA-256, base64 without padding. Private keys are never opened, only their modes looked at.
 */
#include <gcrypt.h>

#include "base/base64.h"
#include "base/map.h"
#include "crypto/start.h"
#include "fact/tables/accounts.h"

enum { BLOB_MAX = 16384, LINES_MAX = 20000, FILES_MAX = 64 };

struct key {
	const char *algorithm; /* as ssh-keygen prints: RSA, ED25519 … */
	struct str type, comment, fingerprint, options;
	int64_t bits;
};

static struct str fingerprint_of(struct arena *arena, struct str blob)
{
	unsigned char hash[32];
	BUF(text);
	crypto_start();
	gcry_md_hash_buffer(GCRY_MD_SHA256, hash, blob.p, blob.n);
	base64_add(&text, (struct str){ (const char *)hash, sizeof(hash) });
	return arena_printf(arena, "SHA256:%.43s", buf_cstr(&text)); /* without its padding */
}

/* Next field: four bytes of length, big-endian, and the bytes. STR_NONE when it does not fit. */
static struct str blob_field(struct str *blob)
{
	if (blob->n < 4)
		return STR_NONE;
	const unsigned char *p = (const unsigned char *)blob->p;
	size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (n > blob->n - 4)
		return STR_NONE;
	struct str field = { blob->p + 4, n };
	*blob = str_slice(*blob, 4 + n, blob->n);
	return field;
}

static int64_t number_bits(struct str number)
{
	while (number.n && !number.p[0])
		number = str_slice(number, 1, number.n);
	if (!number.n)
		return NONE;
	int64_t bits = (int64_t)number.n * 8;
	for (unsigned char first = (unsigned char)number.p[0]; !(first & 0x80); first = (unsigned char)(first << 1))
		bits--;
	return bits;
}

enum shape { SHAPE_RSA, SHAPE_DSA, SHAPE_FIXED };

static const struct key_type {
	const char *type, *algorithm;
	enum shape shape;
	int64_t bits;
} key_types[] = {
	{ "ssh-rsa", "RSA", SHAPE_RSA, 0 },
	{ "ssh-dss", "DSA", SHAPE_DSA, 0 },
	{ "ssh-ed25519", "ED25519", SHAPE_FIXED, 256 },
	{ "ssh-ed448", "ED448", SHAPE_FIXED, 448 },
	{ "ecdsa-sha2-nistp256", "ECDSA", SHAPE_FIXED, 256 },
	{ "ecdsa-sha2-nistp384", "ECDSA", SHAPE_FIXED, 384 },
	{ "ecdsa-sha2-nistp521", "ECDSA", SHAPE_FIXED, 521 },
	{ "sk-ssh-ed25519@openssh.com", "ED25519-SK", SHAPE_FIXED, 256 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK", SHAPE_FIXED, 256 },
	{ "ssh-rsa-cert-v01@openssh.com", "RSA-CERT", SHAPE_RSA, 0 },
	{ "ssh-dss-cert-v01@openssh.com", "DSA-CERT", SHAPE_DSA, 0 },
	{ "ssh-ed25519-cert-v01@openssh.com", "ED25519-CERT", SHAPE_FIXED, 256 },
	{ "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-CERT", SHAPE_FIXED, 256 },
	{ "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ECDSA-CERT", SHAPE_FIXED, 384 },
	{ "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ECDSA-CERT", SHAPE_FIXED, 521 },
	{ "sk-ssh-ed25519-cert-v01@openssh.com", "ED25519-SK-CERT", SHAPE_FIXED, 256 },
	{ "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-SK-CERT", SHAPE_FIXED, 256 },
};

static const struct key_type *type_find(struct str type)
{
	for (size_t i = 0; i < COUNT(key_types); i++)
		if (str_is(type, key_types[i].type))
			return &key_types[i];
	return NULL;
}

/* "type base64 comment"; false when it is none. */
static bool key_parse(struct arena *arena, struct str line, struct key *key)
{
	BUF(blob);
	key->type = str_word(&line);
	const struct key_type *type = type_find(key->type);
	struct str text = str_word(&line);
	if (!type || !text.n || text.n > BLOB_MAX || !base64_decode(text, &blob))
		return false;
	key->comment = str_trim(line);
	struct str rest = buf_str(&blob);
	if (!str_eq(blob_field(&rest), key->type))
		return false;
	bool certificate = str_ends(key->type, "-cert-v01@openssh.com");
	if (certificate)
		blob_field(&rest); /* nonce */
	struct str first = blob_field(&rest);
	key->bits = type->bits;
	if (type->shape == SHAPE_RSA)
		key->bits = number_bits(blob_field(&rest)); /* e was first */
	else if (type->shape == SHAPE_DSA)
		key->bits = number_bits(first);
	if (!first.p || key->bits == NONE)
		return false;
	key->algorithm = type->algorithm;
	key->fingerprint = certificate ? STR_NONE : fingerprint_of(arena, buf_str(&blob));
	return true;
}

/* The options in front of a key end at a blank outside quotes. */
static struct str cut_options(struct str *line)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < line->n; i++) {
		char c = line->p[i];
		if (c == '\\' && i + 1 < line->n && line->p[i + 1] == '"')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ' ' || c == '\t'))
			break;
	}
	struct str options = str_slice(*line, 0, i);
	*line = str_trim(str_slice(*line, i, line->n));
	return options;
}

static int keys_of_file(struct scan *scan, struct str user, int64_t uid, const char *path, struct err *err)
{
	struct stat st;
	struct str rest, line;
	int r = root_stat(scan_root(scan), path, true, &st);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (scan_file(scan, path, &rest) < 0 || r < 0)
		return 0; /* the coverage says why */
	for (int64_t number = 1; str_line(&rest, &line) && r == 0; number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		struct key key = { .options = STR("") };
		struct str peek = line;
		if (!type_find(str_word(&peek)))
			key.options = cut_options(&line);
		if (number > LINES_MAX || !key_parse(scan_arena(scan), line, &key)) {
			scan_malformed(scan, path, number);
			if (number > LINES_MAX)
				break;
			continue;
		}
		r = scan_row(scan, ROW(uid, user, key.type, key.algorithm, key.bits, key.fingerprint, key.options,
		                       key.comment, path, number, st.st_mode & 07777,
		                       scan_owner(scan, st.st_uid, "owner")), err);
	}
	return r;
}

/* %h, %u, %U and %% of AuthorizedKeysFile; a relative name is below the home folder. */
static struct str keys_path(struct arena *arena, struct str pattern, const struct cell *user)
{
	struct str home = cell_str(user[USERS_DIRECTORY]);
	BUF(path);
	for (size_t i = 0; i < pattern.n; i++) {
		char next = i + 1 < pattern.n ? pattern.p[i + 1] : 0;
		if (pattern.p[i] != '%' || !strchr("huU%", next) || !next) {
			buf_add_char(&path, pattern.p[i]);
			continue;
		}
		i++;
		if (next == 'h')
			buf_add(&path, home);
		else if (next == 'u')
			buf_add(&path, cell_str(user[USERS_USERNAME]));
		else if (next == 'U')
			buf_printf(&path, "%lld", (long long)cell_int_or(user[USERS_UID], 0));
		else
			buf_add_char(&path, '%');
	}
	if (path.n && path.p[0] == '/')
		return arena_str(arena, buf_str(&path));
	return arena_printf(arena, "%.*s/%.*s", STR_ARG(home), STR_ARG(buf_str(&path)));
}

/* The values of a keyword of sshd_config, in scratch memory; Match blocks included. */
static struct strings sshd_values(struct scan *scan, const char *keyword)
{
	struct facts_key only = { .column = "key", .how = KEY_EQUAL, .text = str_from(keyword) };
	const struct rows *config = facts_part(scan_facts(scan), &table_sshd_config, COLUMNS_ALL, &only, 1);
	struct strings values = { .p = ARENA_ARRAY(scan_arena(scan), struct str, config->n + 1) };
	if (config->coverage == COVERAGE_UNAVAILABLE)
		scan_partial(scan, config->reason);
	for (size_t i = 0; i < config->n; i++) { /* when all of it was taken before, all rows are here */
		const struct cell *row = rows_at(config, i);
		if (str_is(cell_str(row[SSHD_CONFIG_KEY]), keyword) && cell_is_text(row[SSHD_CONFIG_VALUE]))
			values.p[values.n++] = cell_str(row[SSHD_CONFIG_VALUE]);
	}
	return values;
}

static void add_pattern(struct str *patterns, size_t *n, struct str pattern)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(patterns[i], pattern))
			return;
	if (*n < FILES_MAX && !str_is_nocase(pattern, "none"))
		patterns[(*n)++] = pattern;
}

static int authorized_keys_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	int r;
	const struct rows *users = scan_table(scan, &table_users, &r);
	if (!users)
		return r;
	struct strings values = sshd_values(scan, "authorizedkeysfile");
	struct str patterns[FILES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < values.n; i++) {
		struct str rest = values.p[i];
		for (struct str word = str_word(&rest); word.n; word = str_word(&rest))
			add_pattern(patterns, &n, word);
	}
	if (!values.n) { /* no server's settings: where keys usually are */
		add_pattern(patterns, &n, STR(".ssh/authorized_keys"));
		add_pattern(patterns, &n, STR(".ssh/authorized_keys2"));
	}
	values = sshd_values(scan, "authorizedkeyscommand");
	for (size_t i = 0; i < values.n; i++)
		if (!str_is_nocase(values.p[i], "none"))
			scan_partial(scan, NOTE("{}: what {} knows is not listed", STR("AuthorizedKeysCommand"),
			                        values.p[i]));
	struct map seen = { arena };
	for (size_t i = 0; i < users->n && r == 0; i++)
		for (size_t k = 0; k < n && r == 0; k++) {
			const struct cell *user = rows_at(users, i);
			struct str path = keys_path(arena, patterns[k], user);
			struct str name = cell_str(user[USERS_USERNAME]);
			void **slot = map_put(&seen, arena_printf(arena, "%.*s:%.*s", STR_ARG(name), STR_ARG(path)));
			if (!*slot)
				r = keys_of_file(scan, name, cell_int_or(user[USERS_UID], NONE), path.p, err);
			*slot = &seen;
		}
	return r;
}

const struct table table_authorized_keys = {
	.name = "authorized_keys",
	.doc = "SSH keys that open an account, from the files that AuthorizedKeysFile names",
	.sources = { "root/.ssh/authorized_keys", "etc/passwd", "etc/ssh/sshd_config" },
	.scan = authorized_keys_scan,
	.columns = {
		{ "uid", INT, "user number of the account" },
		{ "username", TEXT, "account that the key opens" },
		{ "type", TEXT, "type of the key as written: ssh-ed25519 …" },
		{ "algorithm", TEXT, "RSA, DSA, ECDSA, ED25519; -SK: on a token, -CERT: a certificate" },
		{ "bits", INT, "length of the key" },
		{ "fingerprint", TEXT, "SHA256:… as ssh-keygen -l prints; NULL: a certificate" },
		{ "options", TEXT, "from=, command=, restrict … as written; empty: none" },
		{ "comment", TEXT, "what follows the key" },
		{ "file", TEXT, "file it stands in" },
		{ "line", INT, "line in that file" },
		{ "mode", INT, "permission bits of the file" },
		{ "owner", INT, "user number that owns the file" },
	},
};

static int host_key_row(struct scan *scan, struct str path, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	const char *private = arena_cstr(arena, path);
	const char *public = arena_printf(arena, "%s.pub", private).p;
	struct stat st;
	struct str text, line = STR("");
	struct key key = { .bits = NONE };
	int there = root_stat(scan_root(scan), private, true, &st);
	if (there < 0 && there != -ENOENT && there != -ENOTDIR)
		scan_partial(scan, NOTE("cannot read {}: {}", path, str_from(err_words(there))));
	int r = scan_file(scan, public, &text);
	if (r < 0 && there < 0)
		return 0; /* neither is there */
	if (r == 0 && (!str_line(&text, &line) || !key_parse(arena, str_trim(line), &key))) {
		scan_malformed(scan, public, 1);
		key = (struct key){ .bits = NONE };
	}
	if (r == -ENOENT)
		scan_partial(scan, NOTE("cannot read {}: {}", str_from(public), str_from(err_words(r))));
	bool known = there == 0;
	return scan_row(scan, ROW(key.type, key.algorithm, key.bits, key.fingerprint, path,
	                          known ? (int64_t)(st.st_mode & 07777) : NONE, known ? scan_owner(scan, st.st_uid, "uid") : NONE,
	                          known ? scan_owner(scan, st.st_gid, "gid") : NONE), err);
}

static int ssh_host_keys_scan(struct scan *scan, struct err *err)
{
	struct strings keys = sshd_values(scan, "hostkey");
	if (!keys.n)
		keys = scan_glob(scan, STR("/etc/ssh/ssh_host_*_key"));
	int r = 0;
	for (size_t i = 0; i < keys.n && r == 0; i++)
		r = host_key_row(scan, keys.p[i], err);
	return r;
}

const struct table table_ssh_host_keys = {
	.name = "ssh_host_keys",
	.doc = "Keys by which the SSH server proves that it is this machine",
	.sources = { "etc/ssh/ssh_host_rsa_key.pub", "etc/ssh/sshd_config" },
	.scan = ssh_host_keys_scan,
	.columns = {
		{ "type", TEXT, "type of the key; NULL: there is no public file" },
		{ "algorithm", TEXT, "RSA, DSA, ECDSA or ED25519" },
		{ "bits", INT, "length of the key" },
		{ "fingerprint", TEXT, "SHA256:… as ssh-keygen -l prints" },
		{ "path", TEXT, "the private file" },
		{ "mode", INT, "permission bits of the private file; NULL: it is not there" },
		{ "uid", INT, "user number that owns it" },
		{ "gid", INT, "its group number" },
	},
};
