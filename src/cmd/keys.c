/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward keys: the key pairs that seal archives.
 */
#include "base/clock.h"
#include "cmd/command.h"
#include "crypto/keyring.h"
#include "data/json.h"

enum { OPT_DIR, OPT_ALGORITHM, OPT_FORMAT_, OPT_END };
enum { VERB_CREATE, VERB_LIST, VERB_EXPORT };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_DIR] = { "dir", 0, OPT_DIRECTORY, "DIR", .help = TR("where the keys are; /var/lib/ward/keys otherwise") },
	[OPT_ALGORITHM] = { "algorithm", 0, OPT_CHOICE, "NAME", .choices = sign_names,
	                    .help = TR("ed25519 (otherwise), or sm2 with SM3 as GB/T 32918 has it") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

static void put_key(struct buf *out, struct arena *arena, struct str name, const struct public_key *key)
{
	BUF(line);
	public_key_print(key, &line);
	json_next(out);
	buf_add_char(out, '{');
	json_put(out, "name", name);
	json_put(out, "algorithm", str_from(sign_names[key->algorithm]));
	json_put(out, "id", str_from(key->id));
	json_put(out, "key", arena_str(arena, str_trim_right(buf_str(&line))));
}

static int create(struct call *call, const char *dir, struct str name, struct err *err)
{
	struct public_key key;
	BUF(out);
	enum sign_algorithm algorithm = (enum sign_algorithm)opt_choice(&call->args, OPT_ALGORITHM, SIGN_ED25519);
	int r = keyring_create(dir, name, algorithm, &key, err);
	if (r < 0)
		return r;
	if (opt_choice(&call->args, OPT_FORMAT_, 0) == 1) {
		put_key(&out, call->arena, name, &key);
		buf_puts(&out, "}\n");
		return command_print(buf_str(&out), err);
	}
	struct note note = NOTE("made the key {} ({}, id {}) in {}", name, str_from(sign_names[algorithm]), str_from(key.id),
	                        str_from(dir));
	buf_add(&out, note_text(call->arena, call->lang, &note));
	buf_add_char(&out, '\n');
	buf_add(&out, tr(call->lang, "keep a copy of the public key in another place: it proves later what this one sealed"));
	buf_puts(&out, "\n  ");
	public_key_print(&key, &out);
	return command_print(buf_str(&out), err);
}

static int list(struct call *call, const char *dir, struct err *err)
{
	struct keyring_entry *entries;
	size_t n;
	BUF(out);
	bool json = opt_choice(&call->args, OPT_FORMAT_, 0) == 1;
	int r = keyring_list(call->arena, dir, &entries, &n, err);
	if (r < 0)
		return r;
	buf_puts(&out, json ? "[" : "");
	size_t width = 0;
	for (size_t i = 0; i < n; i++)
		width = MAX(width, entries[i].name.n);
	for (size_t i = 0; i < n; i++) {
		const struct keyring_entry *entry = &entries[i];
		if (json) {
			put_key(&out, call->arena, entry->name, &entry->key);
			json_put(&out, "created", clock_format(call->arena, entry->created));
			json_put_flag(&out, "private", entry->has_private);
			buf_add_char(&out, '}');
			continue;
		}
		buf_printf(&out, "%-*.*s  %-8s %s  %.*s", (int)width, STR_ARG(entry->name), sign_names[entry->key.algorithm],
		           entry->key.id, STR_ARG(clock_format_local(call->arena, entry->created)));
		if (!entry->has_private)
			buf_printf(&out, "  %.*s", STR_ARG(tr(call->lang, "public half only")));
		buf_add_char(&out, '\n');
	}
	buf_puts(&out, json ? "]\n" : "");
	if (!json && n == 0) {
		struct note note = NOTE("no keys in {}", str_from(dir));
		buf_add(&out, note_text(call->arena, call->lang, &note));
		buf_add_char(&out, '\n');
	}
	return command_print(buf_str(&out), err);
}

static int export(const char *dir, struct str name, struct err *err)
{
	struct public_key key;
	BUF(out);
	int r = keyring_public(dir, name, &key, err);
	if (r < 0)
		return r;
	public_key_print(&key, &out);
	return command_print(buf_str(&out), err);
}

static int keys_run(struct call *call, struct err *err)
{
	const char *dir = opt_given(&call->args, OPT_DIR) ? opt_cstr(&call->args, OPT_DIR) : KEYRING_DIR;
	struct str name = call->args.n > 1 ? call->args.operands[1] : STR(KEYRING_NAME);
	switch (call->verb) {
	case VERB_CREATE:
		return create(call, dir, name, err);
	case VERB_LIST:
		return list(call, dir, err);
	default:
		return export(dir, name, err);
	}
}

static const struct command_verb verbs[] = {
	[VERB_CREATE] = { "create", "[NAME]", TR("make a key pair") },
	[VERB_LIST] = { "list", NULL, TR("what keys there are") },
	[VERB_EXPORT] = { "export", "[NAME]", TR("print the public key, one line, for whoever verifies") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward keys create", TR("the key that seals the archive of this machine") },
	{ "ward keys create --algorithm sm2 county", TR("a key for SM2 under another name") },
	{ "ward keys export > archive.pub", TR("to be kept elsewhere, and given to ward verify") },
	{ 0 },
};

const struct command command_keys = {
	.name = "keys",
	.summary = TR("make, list and hand out the keys that seal archives"),
	.operands = "create|list|export [NAME]",
	.description = TR("A key pair is two files: NAME.key, which only the keeper of ward collect reads and which must be "
	                  "mode 0600, and NAME.pub, which anybody may have. Without a name it is the key called archive. "
	                  "A key is never replaced; to change to a new one, make it under a new name and say so in the "
	                  "configuration."),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.least = 1,
	.most = 2,
	.run = keys_run,
};
