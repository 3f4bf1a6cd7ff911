/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/chain.h"

#include <time.h>

#include "crypto/statement.h"

const char *const chain_kinds[] = { "start", "key", "block", "removal", "hold", "release", "copy", NULL };
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
	buf_printf(&out->statement, "digest %s\nkey %s\n", statement_digests[chain_algorithm(signer)], signer ? signer->key.id : "-");
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

static int find_name(const char *const *names, struct str name)
{
	for (int i = 0; names[i]; i++)
		if (str_is(name, names[i]))
			return i;
	return -1;
}

int chain_read(struct str statement, struct chain_said *out, struct err *err)
{
	struct str rest = statement, text;
	int64_t sequence;
	int kind = -1;
	*out = (struct chain_said){ .clock = INT64_MIN };
	bool good = statement_line(&rest, "ward", &text) && str_is(text, "archive 1") && statement_line(&rest, "archive", &out->archive) &&
	            out->archive.n == CHAIN_ID && statement_number(&rest, "sequence", &sequence) && sequence > 0 &&
	            statement_line(&rest, "kind", &text);
	if (good)
		kind = find_name(chain_kinds, text);
	good = good && kind >= 0 && statement_line(&rest, "previous", &out->previous) && out->previous.n == CHAIN_DIGEST &&
	       statement_number(&rest, "time", &out->time);
	if (good)
		(void)statement_number(&rest, "clock", &out->clock);
	if (!good || !statement_digest(&rest, &out->algorithm) || !statement_line(&rest, "key", &out->key))
		return err_set(err, -EBADMSG, "a statement of the chain cannot be read");
	out->sequence = (uint64_t)sequence;
	out->kind = (enum chain_kind)kind;
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
