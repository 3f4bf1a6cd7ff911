/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/chain.h"

#include <time.h>

const char *const chain_kinds[] = { "start", "key", "block", "removal", "hold", "release", "copy", NULL };
static const char *const digest_names[] = { [DIGEST_MD5] = "md5", [DIGEST_SHA256] = "sha256", [DIGEST_SM3] = "sm3" };
static const char nothing[] = "0000000000000000000000000000000000000000000000000000000000000000";

void link_done(struct link *link)
{
	buf_done(&link->statement);
}

enum digest chain_algorithm(const struct signer *signer)
{
	return signer && signer->key.algorithm == SIGN_SM2 ? DIGEST_SM3 : DIGEST_SHA256;
}

void chain_digest(enum digest algorithm, struct str text, char out[CHAIN_DIGEST + 1])
{
	ARENA(arena);
	struct str hex = digest_hex(&arena, algorithm, text);
	memcpy(out, hex.p, CHAIN_DIGEST);
	out[CHAIN_DIGEST] = '\0';
}

void chain_open_digest(struct str before, struct str data, char out[CHAIN_DIGEST + 1])
{
	enum digest sha = DIGEST_SHA256;
	ARENA(arena);
	struct digest_stream *stream = digest_stream_new(&sha, 1);
	digest_stream_add(stream, before);
	digest_stream_add(stream, data);
	struct str hex = digest_stream_hex(&arena, stream, sha);
	memcpy(out, hex.p, CHAIN_DIGEST);
	out[CHAIN_DIGEST] = '\0';
	digest_stream_free(stream);
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int chain_next(const struct chain *chain, const struct signer *signer, enum chain_kind kind, struct str body,
               struct link *out, struct err *err)
{
	int64_t now = now_ns();
	out->sequence = chain->sequence + 1;
	out->time = MAX(now, chain->time);
	buf_clear(&out->statement);
	buf_printf(&out->statement, "ward archive 1\narchive %s\nsequence %llu\nkind %s\nprevious %s\ntime %lld\n",
	           chain->archive, (unsigned long long)out->sequence, chain_kinds[kind],
	           chain->sequence ? chain->digest : nothing, (long long)out->time);
	if (now < chain->time)
		buf_printf(&out->statement, "clock %lld\n", (long long)now);
	buf_printf(&out->statement, "digest %s\nkey %s\n", digest_names[chain_algorithm(signer)], signer ? signer->key.id : "-");
	buf_add(&out->statement, body);
	out->signature_n = 0;
	if (!signer)
		return 0;
	int r = signer->sign(signer->ctx, buf_str(&out->statement), out->signature, err);
	if (r < 0)
		return err_wrap(err, r, "signing");
	out->signature_n = SIGN_MOST;
	return 0;
}

void chain_took(struct chain *chain, const struct link *link)
{
	struct chain_said said;
	enum digest algorithm = chain_read(buf_str(&link->statement), &said, NULL) < 0 ? DIGEST_SHA256 : said.algorithm;
	chain->sequence = link->sequence;
	chain->time = link->time;
	chain_digest(algorithm, buf_str(&link->statement), chain->digest);
}

/* The value when the next line is "name value". */
static bool take_line(struct str *rest, const char *name, struct str *value)
{
	struct str peek = *rest, line = str_cut(&peek, '\n');
	size_t n = strlen(name);
	if (!rest->p || !peek.p || line.n <= n || memcmp(line.p, name, n) != 0 || line.p[n] != ' ')
		return false;
	*value = str_slice(line, n + 1, line.n);
	*rest = peek;
	return true;
}

static bool take_number(struct str *rest, const char *name, int64_t *out)
{
	struct str text;
	return take_line(rest, name, &text) && str_to_int(text, 10, out);
}

static int find_name(const char *const *names, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && str_is(name, names[i]))
			return (int)i;
	return -1;
}

int chain_read(struct str statement, struct chain_said *out, struct err *err)
{
	struct str rest = statement, text;
	int64_t sequence;
	int kind = -1, algorithm = -1;
	*out = (struct chain_said){ .clock = INT64_MIN };
	bool good = take_line(&rest, "ward", &text) && str_is(text, "archive 1") && take_line(&rest, "archive", &out->archive) &&
	            out->archive.n == CHAIN_ID && take_number(&rest, "sequence", &sequence) && sequence > 0 &&
	            take_line(&rest, "kind", &text);
	if (good)
		kind = find_name(chain_kinds, COUNT(chain_kinds) - 1, text);
	good = good && kind >= 0 && take_line(&rest, "previous", &out->previous) && out->previous.n == CHAIN_DIGEST &&
	       take_number(&rest, "time", &out->time);
	if (good)
		(void)take_number(&rest, "clock", &out->clock);
	good = good && take_line(&rest, "digest", &text);
	if (good)
		algorithm = find_name(digest_names, COUNT(digest_names), text);
	if (!good || algorithm <= DIGEST_MD5 || !take_line(&rest, "key", &out->key))
		return err_set(err, -EBADMSG, "a statement of the chain cannot be read");
	out->sequence = (uint64_t)sequence;
	out->kind = (enum chain_kind)kind;
	out->algorithm = (enum digest)algorithm;
	out->body = rest;
	return 0;
}

struct str chain_value(struct str body, const char *name)
{
	size_t n = strlen(name);
	for (struct str line; str_line(&body, &line);)
		if (line.n > n && line.p[n] == ' ' && memcmp(line.p, name, n) == 0)
			return str_slice(line, n + 1, line.n);
	return STR_NONE;
}
