/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Accounts whose password is easily guessed.
 *
 * The guesses of content/passwords/common.txt, filled in with the account's name, the machine's name and the
 * years, are tried against the hashes of /etc/shadow by libxcrypt, on two threads, the likeliest guess on every
 * account first, so that all are looked at alike when the time is up. Only the kind of weakness leaves this
 * file; hashes, guesses and the state of crypt are wiped. Threads share the list and take the next piece of
 * work by an atomic counter; each result is written by one thread.
 */
#include <crypt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/vec.h"
#include "data/content.h"
#include "fact/tables/accounts.h"

enum { THREADS = 2, GUESS_MAX = 128, ACCOUNTS_MAX = 2000, YEARS = 3 };

struct pattern {
	struct str kind, text;
	int years_ago;
};

struct account {
	struct str name;
	const char *hash;       /* with a NUL */
	const char *algorithm;
	atomic_size_t tried;
	_Atomic(const struct pattern *) found; /* NULL: not found */
	atomic_bool refused;    /* the algorithm is unknown to crypt */
};

struct attack {
	struct scan *scan;
	struct account *accounts;
	size_t account_count;
	VEC(struct pattern) patterns;
	struct str host;
	int64_t year;
	atomic_size_t next;
	atomic_bool expired;
};

static const struct pattern empty_password = { .kind = { "empty", 5 }, .text = { "", 0 } };

static bool add_text(char *out, size_t *n, struct str text)
{
	if (*n + text.n >= GUESS_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++)
		out[(*n)++] = text.p[i];
	return true;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* A name in one of its forms, by how it is written between braces. */
static bool add_name(char *out, size_t *n, struct str form, struct str name)
{
	bool capital = form.p[0] >= 'A' && form.p[0] <= 'Z', all = form.n > 1 && form.p[1] >= 'A' && form.p[1] <= 'Z';
	bool backwards = str_is(form, "resu");
	if (!name.n || *n + name.n >= GUESS_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[backwards ? name.n - 1 - i : i];
		out[(*n)++] = all || (capital && i == 0) ? upper(c) : c;
	}
	return true;
}

/* The guess with a NUL; false when something that it needs is not there. */
static bool fill_in(const struct attack *attack, const struct pattern *pattern, struct str user, char *out)
{
	size_t n = 0;
	for (struct str rest = pattern->text; rest.n;) {
		ptrdiff_t open = str_find_char(rest, '{'), close = str_find_char(rest, '}');
		if (open < 0 || close < open) {
			if (!add_text(out, &n, rest))
				return false;
			break;
		}
		struct str form = str_slice(rest, (size_t)open + 1, (size_t)close);
		bool good = add_text(out, &n, str_slice(rest, 0, (size_t)open));
		if (str_is(form, "year")) {
			char year[5] = { 0 };
			int64_t value = attack->year - pattern->years_ago;
			for (int i = 3; i >= 0; i--, value /= 10)
				year[i] = (char)('0' + value % 10);
			good = good && add_text(out, &n, (struct str){ year, 4 });
		} else {
			bool host = str_is_nocase(form, "host");
			good = good && form.n && add_name(out, &n, form, host ? attack->host : user);
		}
		if (!good)
			return false;
		rest = str_slice(rest, (size_t)close + 1, rest.n);
	}
	out[n] = '\0';
	return n > 0;
}

static void try_one(struct attack *attack, struct crypt_data *data, size_t at)
{
	struct account *account = &attack->accounts[at % attack->account_count];
	size_t number = at / attack->account_count;
	const struct pattern *pattern = number ? &attack->patterns.p[number - 1] : &empty_password;
	char guess[GUESS_MAX + 1] = "";
	if (atomic_load(&account->found) || atomic_load(&account->refused))
		return;
	if (number && !fill_in(attack, pattern, account->name, guess))
		return;
	const char *made = crypt_rn(guess, account->hash, data, (int)sizeof(*data));
	atomic_fetch_add(&account->tried, 1);
	if (!made || made[0] == '*')
		atomic_store(&account->refused, true);
	else if (strcmp(made, account->hash) == 0)
		atomic_store(&account->found, pattern);
	explicit_bzero(guess, sizeof(guess));
}

static void work(struct attack *attack, bool tell)
{
	struct crypt_data *data = mem_alloc(sizeof(*data));
	size_t total = attack->account_count * (attack->patterns.n + 1);
	while (!atomic_load(&attack->expired)) {
		size_t at = atomic_fetch_add(&attack->next, 1);
		if (at >= total)
			break;
		try_one(attack, data, at);
		if (scan_expired(attack->scan) && at + 1 < total)
			atomic_store(&attack->expired, true);
		if (tell)
			scan_progress(attack->scan, MIN(at, total), total);
	}
	explicit_bzero(data, sizeof(*data));
	free(data);
}

static void *worker(void *attack)
{
	work(attack, false);
	return NULL;
}

static void run(struct attack *attack)
{
	pthread_t threads[THREADS - 1];
	size_t started = 0;
	while (started < COUNT(threads) && pthread_create(&threads[started], NULL, worker, attack) == 0)
		started++;
	work(attack, true);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}

static int read_patterns(struct attack *attack, struct err *err)
{
	struct arena *arena = scan_arena(attack->scan);
	struct source source;
	struct str line;
	int r = content_read(arena, NULL, "passwords/common.txt", &source, err);
	if (r < 0)
		return r;
	struct str rest = source.text;
	while (str_line(&rest, &line)) {
		if (!line.n || line.p[0] == '#')
			continue;
		struct pattern pattern = { .kind = str_word(&line) };
		pattern.text = str_trim(line);
		bool dated = str_find(pattern.text, "{year}") >= 0;
		for (pattern.years_ago = 0; pattern.years_ago < (dated ? YEARS : 1); pattern.years_ago++)
			vec_push_in(arena, &attack->patterns, pattern);
	}
	return 0;
}

static void read_accounts(struct attack *attack, struct str text)
{
	struct arena *arena = scan_arena(attack->scan);
	struct str line;
	for (int64_t number = 1; str_line(&text, &line); number++) {
		struct str fields = line, hash;
		struct str name = str_cut(&fields, ':');
		if (!name.n || !fields.p || name.p[0] == '#')
			continue;
		struct str field = str_cut(&fields, ':');
		const char *status = password_status(field, &hash);
		int64_t rounds;
		if (strcmp(status, "active") != 0 && strcmp(status, "empty") != 0)
			continue;
		if (attack->account_count == ACCOUNTS_MAX) {
			scan_malformed(attack->scan, "/etc/shadow", number);
			return;
		}
		struct account *account = &attack->accounts[attack->account_count++];
		account->name = name;
		account->hash = field.n ? arena_cstr(arena, hash) : NULL;
		account->algorithm = field.n ? password_algorithm(hash, &rounds) : NULL;
	}
}

/* Rows of the accounts without a password; the others move to the front of the list. */
static int split_empty(struct attack *attack, struct err *err)
{
	size_t kept = 0;
	int r = 0;
	for (size_t i = 0; i < attack->account_count && r == 0; i++) {
		struct account *account = &attack->accounts[i];
		if (!account->hash) {
			r = scan_row(attack->scan, ROW(account->name, "empty", 0, STR_NONE), err);
			continue;
		}
		attack->accounts[kept].name = account->name;
		attack->accounts[kept].hash = account->hash;
		attack->accounts[kept++].algorithm = account->algorithm;
	}
	attack->account_count = kept;
	return r;
}

static struct str host_name(struct scan *scan)
{
	struct str text;
	if (scan_file(scan, "etc/hostname", &text) < 0)
		return STR_NONE;
	text = str_trim(str_cut(&text, '\n'));
	return str_cut(&text, '.');
}

static int report(struct attack *attack, struct err *err)
{
	struct arena *arena = scan_arena(attack->scan);
	size_t least = attack->patterns.n + 1;
	int r = 0;
	for (size_t i = 0; i < attack->account_count && r == 0; i++) {
		struct account *account = &attack->accounts[i];
		const struct pattern *found = atomic_load(&account->found);
		size_t tried = atomic_load(&account->tried);
		if (atomic_load(&account->refused))
			scan_partial(attack->scan, NOTE("{}: the password cannot be tried, its algorithm is unknown",
			                                account->name));
		else if (found)
			r = scan_row(attack->scan, ROW(account->name, found->kind, tried, account->algorithm), err);
		else
			least = MIN(least, tried);
	}
	if (atomic_load(&attack->expired))
		scan_partial(attack->scan, NOTE("time was up after {} of {} guesses for each account",
		                                arena_printf(arena, "%zu", least),
		                                arena_printf(arena, "%zu", attack->patterns.n + 1)));
	return r;
}

static int weak_passwords_scan(struct scan *scan, struct err *err)
{
	struct attack attack = { .scan = scan };
	struct str shadow;
	int r = scan_source(scan, "etc/shadow", &shadow, err);
	if (r == 0)
		r = read_patterns(&attack, err);
	if (r < 0)
		return r;
	time_t now = (time_t)scan_now(scan);
	struct tm tm;
	attack.year = gmtime_r(&now, &tm) ? tm.tm_year + 1900 : 2000;
	attack.host = host_name(scan);
	attack.accounts = ARENA_ARRAY(scan_arena(scan), struct account, ACCOUNTS_MAX);
	read_accounts(&attack, shadow);
	r = split_empty(&attack, err);
	if (r == 0 && attack.account_count)
		run(&attack);
	if (r == 0)
		r = report(&attack, err);
	for (size_t i = 0; i < attack.account_count; i++)
		explicit_bzero((char *)attack.accounts[i].hash, strlen(attack.accounts[i].hash));
	explicit_bzero((char *)shadow.p, shadow.n);
	return r;
}

const struct table table_weak_passwords = {
	.name = "weak_passwords",
	.doc = "Accounts whose password is easily guessed; the password itself is never shown",
	.sources = { "etc/shadow", "etc/hostname" },
	.flags = TABLE_DEEP,
	.scan = weak_passwords_scan,
	.columns = {
		{ "username", TEXT, "name of the account" },
		{ "kind", TEXT, "empty, username, username_variant, host_year, organisation_year, default (as a vendor "
		                "ships it) or common" },
		{ "tried", INT, "guesses made until it was found" },
		{ "hash_alg", TEXT, "algorithm of the hash; NULL: no password at all, or unknown" },
	},
};
