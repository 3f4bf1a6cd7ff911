/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward user: accounts from the machine itself, when nobody can log in any more.
 */
#include "people/user.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/office_dir.h"
#include "data/json.h"
#include "role/config.h"

enum { OPT_DIR, OPT_RECORDS, OPT_NAME, OPT_ROLE, OPT_SECOND, OPT_FORMAT_, OPT_END };
enum { VERB_LIST, VERB_ADD, VERB_RESET, VERB_LOCK, VERB_UNLOCK };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_DIR] = { "dir", 'd', OPT_DIRECTORY, "DIR",
	              .help = TR("where everything is kept; /var/lib/ward as root, ~/.local/share/ward otherwise") },
	[OPT_RECORDS] = { "records", 0, OPT_TEXT, "WHERE", .help = TR("the records: a file, or postgresql://…; what the configuration in DIR says otherwise") },
	[OPT_NAME] = { "name", 0, OPT_TEXT, "NAME", .help = TR("add: the person's name; the login otherwise") },
	[OPT_ROLE] = { "role", 0, OPT_TEXT, "ROLE", .repeat = true, .help = TR("add: a role of the account, such as security") },
	[OPT_SECOND] = { "second-factor", 0, OPT_SWITCH, .help = TR("reset: take the second factor away, too, for a lost telephone") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	struct records *records;
	struct roles *roles;
	struct people *people;
	struct actor actor;
	struct str login, password, hash;
	struct user user;
	struct user_new make;
	uint64_t roles_wanted;
};

static void work_done(struct work *work)
{
	people_close(work->people);
	records_close(work->records);
	roles_free(work->roles);
}

static int find_place(struct call *call, struct str *where, struct err *err)
{
	struct config config;
	*where = opt_text(&call->args, OPT_RECORDS);
	if (where->p)
		return 0;
	const char *dir = office_directory(call, opt_cstr(&call->args, OPT_DIR), err);
	if (!dir)
		return -EINVAL;
	int r = config_up(call->arena, dir, office_config(call, dir, NULL), &config, err);
	if (r == 0)
		*where = config.up.records;
	return r;
}

static int open_records(struct work *work, struct err *err)
{
	struct call *call = work->call;
	struct str where;
	int r = find_place(call, &where, err);
	if (r < 0)
		return r;
	if (!db_is_postgresql(where) && access(arena_cstr(call->arena, where), F_OK) < 0)
		return err_set(err, -ENOENT, "there are no records at '%.*s'; `ward up` makes them", STR_ARG(where));
	struct records_options open = { .where = where, .read_only = call->verb == VERB_LIST };
	r = records_open(&open, &work->records, err);
	if (r == -EBUSY)
		return err_set(err, r, "ward is running on these records: stop it for a moment, or let the security administrator do it in the console");
	if (r == 0 && call->verb != VERB_LIST)
		r = records_migrate(work->records, people_migrations, err);
	if (r == 0)
		r = roles_load(NULL, &work->roles, err);
	return r < 0 ? r : people_open(NULL, work->roles, NULL, NULL, NULL, &work->people, err);
}

/* Who did it, for the journal: the user of the machine. */
static void set_actor(struct work *work)
{
	const struct passwd *entry = getpwuid(getuid());
	work->actor = actor_ward();
	work->actor.name = arena_printf(work->call->arena, "ward user: %s (uid %u)", entry ? entry->pw_name : "?", (unsigned)getuid());
}

static int give_password(struct work *work, struct err *err)
{
	work->password = password_make(work->call->arena);
	return password_hash(work->call->arena, work->password, &work->hash, err);
}

/* ---- list ---- */

static int list(struct work *work, struct err *err)
{
	struct call *call = work->call;
	bool json = opt_choice(&call->args, OPT_FORMAT_, 0) == 1;
	struct db *db;
	BUF(out);
	DB_QUERY(q);
	int r = records_read(work->records, &db, err);
	if (r < 0)
		return r;
	buf_puts(&out, json ? "[" : "");
	r = db_query(&q, db, "SELECT id FROM ward_user ORDER BY login", err);
	while (r >= 0 && (r = db_step(&q, err)) > 0) {
		struct user user;
		struct strings roles;
		r = user_by_id(call->arena, db, work->people, db_int(&q, 0), &user, err);
		if (r < 0)
			break;
		roles_list(call->arena, work->roles, user.roles, &roles);
		if (json) {
			json_open_map(&out, NULL);
			user_put(&out, call->arena, work->people, &user);
			buf_add_char(&out, '}');
			continue;
		}
		buf_printf(&out, "%-16.*s %-9.*s", STR_ARG(user.login), STR_ARG(tr_word(call->lang, "account", user_state_names[user.state])));
		for (size_t i = 0; i < roles.n; i++)
			buf_printf(&out, "%s%.*s", i ? "," : " ", STR_ARG(roles.p[i]));
		buf_printf(&out, "  %.*s\n", STR_ARG(user.name));
	}
	db_query_done(&q);
	records_read_end(work->records, db);
	buf_puts(&out, json ? "]\n" : "");
	if (r == 0 && !out.n) {
		buf_add(&out, tr(call->lang, "no accounts yet; `ward up` prints the link of the first login"));
		buf_add_char(&out, '\n');
	}
	return r < 0 ? r : command_print(buf_str(&out), err);
}

/* ---- changes ---- */

static int root_org(struct write *write, int64_t *org, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "SELECT value FROM ward_setting WHERE name = 'root_org'", err);
	if (r == 0)
		r = db_step(&q, err);
	*org = r > 0 ? str_int_or(db_text(&q, 0), 0) : 0;
	if (r >= 0 && !*org)
		return err_set(err, -EINVAL, "there is no organisation yet: begin with the link that `ward up` prints");
	return r < 0 ? r : 0;
}

static int change(void *ctx, struct write *write, struct err *err)
{
	static const char *const reason = "on the machine itself";
	struct work *work = ctx;
	int64_t id;
	int r = 0;
	if (work->call->verb == VERB_ADD) {
		r = root_org(write, &work->make.org, err);
		if (r == 0)
			r = user_create(write, &work->make, &id, err);
		if (r == 0)
			r = user_by_id(work->call->arena, write->db, work->people, id, &work->user, err);
		return r < 0 ? r : user_set_roles(write, work->people, &work->user, work->roles_wanted, str_from(reason), err);
	}
	r = user_by_login(work->call->arena, write->db, work->people, work->login, &work->user, err);
	if (r < 0)
		return r;
	if (work->call->verb == VERB_LOCK)
		return user_set_state(write, &work->user, USER_LOCKED, str_from(reason), err);
	if (work->call->verb == VERB_UNLOCK)
		return user_set_state(write, &work->user, USER_ACTIVE, str_from(reason), err);
	if (work->user.directory)
		return err_set(err, -EINVAL, "this password is kept by the directory");
	r = user_set_password(write, &work->user, work->hash, true, 0, "reset", err);
	work->user.version++;
	return r < 0 || !opt_given(&work->call->args, OPT_SECOND) ? r : user_drop_second_factor(write, &work->user, str_from(reason), err);
}

static int read_roles(struct work *work, struct err *err)
{
	const struct opt_values *given = &work->call->args.values[OPT_ROLE];
	for (size_t i = 0; i < given->n; i++) {
		int bit = roles_bit(work->roles, given->p[i]);
		if (bit < 0)
			return err_set(err, -EINVAL, "'%.*s' is no role", STR_ARG(given->p[i]));
		work->roles_wanted |= UINT64_C(1) << bit;
	}
	return roles_compatible(work->roles, work->roles_wanted, err);
}

static int tell(struct work *work, struct err *err)
{
	struct call *call = work->call;
	BUF(out);
	if (opt_choice(&call->args, OPT_FORMAT_, 0) == 1) {
		json_open_map(&out, NULL);
		json_put(&out, "login", work->login);
		if (work->password.p)
			json_put(&out, "password", work->password);
		buf_puts(&out, "}\n");
		return command_print(buf_str(&out), err);
	}
	struct note note = work->password.p ? NOTE("{} logs in with this password once and then chooses another: {}", work->login, work->password)
	                   : call->verb == VERB_LOCK ? NOTE("{} is locked", work->login)
	                                             : NOTE("{} is active again", work->login);
	buf_add(&out, note_text(call->arena, call->lang, &note));
	buf_add_char(&out, '\n');
	return command_print(buf_str(&out), err);
}

static int user_run(struct call *call, struct err *err)
{
	CLEANUP(work_done) struct work work = { .call = call };
	bool named = call->args.n > 1;
	if (call->verb == VERB_LIST ? named : !named)
		return command_usage(call, call->verb == VERB_LIST ? &NOTE("list takes no login") : &NOTE("whose account? give the login"));
	if (named && !user_login_fold(call->arena, call->args.operands[1], &work.login))
		return err_set(err, -EINVAL, "a login is 2 to 64 small letters, digits and . _ - @");
	int r = open_records(&work, err);
	if (r < 0 || call->verb == VERB_LIST)
		return r < 0 ? r : list(&work, err);
	set_actor(&work);
	r = read_roles(&work, err);
	if (r == 0 && (call->verb == VERB_ADD || call->verb == VERB_RESET))
		r = give_password(&work, err);
	struct str name = opt_text(&call->args, OPT_NAME);
	work.make = (struct user_new){ .login = work.login, .name = name.n ? str_slice(name, 0, USER_NAME_MOST) : work.login, .hash = work.hash,
		                       .must_change = true, .lang = call->lang };
	if (r == 0)
		r = records_do(work.records, &work.actor, change, &work, err);
	return r < 0 ? r : tell(&work, err);
}

static const struct command_verb verbs[] = {
	[VERB_LIST] = { "list", NULL, TR("accounts, their state and roles") },
	[VERB_ADD] = { "add", "LOGIN", TR("make an account in the topmost organisation, with a first password") },
	[VERB_RESET] = { "reset", "LOGIN", TR("give a new first password; ends all sessions") },
	[VERB_LOCK] = { "lock", "LOGIN", TR("lock an account; ends all sessions") },
	[VERB_UNLOCK] = { "unlock", "LOGIN", TR("let a locked or disabled account in again") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward user list", TR("who has an account") },
	{ "ward user reset zhang --second-factor", TR("the only security administrator lost password and telephone") },
	{ "ward user add li --name Li --role auditor", TR("an auditor, when nobody is left who could make one") },
	{ 0 },
};

const struct command command_user = {
	.name = "user",
	.summary = TR("accounts of the console, from the machine itself"),
	.operands = "list|add|reset|lock|unlock [LOGIN]",
	.description = TR("For when nobody can log in any more who could do this in the console. It works on the records themselves, so whoever "
	                  "runs it must be allowed to write them, and with SQLite `ward up` must not be running. Everything stands in the "
	                  "journal with the name of the machine's user. Roles that exclude each other are refused here, too."),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.least = 1,
	.most = 2,
	.run = user_run,
};
