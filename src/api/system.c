/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * system: what the installation is made of: profiles, rules of detection, keys and certificates, and what is wrong with it.
 */
#include "api/fleet.h"
#include "case/grade.h"
#include "check/profile.h"
#include "crypto/authority.h"
#include "crypto/sign.h"
#include "detect/sigma.h"
#include "sys/root.h"

#include <fcntl.h>

extern const struct route routes_system[];

#define WHO "operator security auditor leader"

/* ---- profiles ---- */

/* A threshold of one management check ("account-idle.days") is called as that check is. */
static void put_threshold_label(struct buf *out, const struct office *office, struct arena *arena, struct str name)
{
	struct str rest = name, id = str_cut(&rest, '.');
	const struct check *check = rest.p ? checks_find(&office->management, id) : NULL;
	json_open_map(out, "label");
	for (int lang = 0; lang < LANG_COUNT; lang++)
		json_put(out, lang_names[lang], check ? check->title.in[lang] : tr_word((enum lang)lang, "threshold", arena_cstr(arena, name)));
	buf_add_char(out, '}');
}

static void put_threshold(struct request *request, const struct threshold *threshold)
{
	struct buf *out = &request->out;
	json_open_map(out, NULL);
	json_put(out, "name", threshold->name);
	put_threshold_label(out, office_of(request), request->arena, threshold->name);
	json_key(out, "value");
	cell_add_json(out, cell_from_doc(threshold->value));
	json_put_or_null(out, "source", threshold->source.n ? tr_str(request->lang, threshold->source) : STR_NONE);
	json_put_or_null(out, "effective_from", threshold->effective_from);
	json_put_flag(out, "verified", threshold->verified);
	buf_add_char(out, '}');
}

/* How long repairs may take, by severity. */
static void put_rectify(struct buf *out, const struct rectify *rectify)
{
	json_open_map(out, "rectify");
	for (int severity = 0; severity < SEVERITY_COUNT; severity++)
		json_put_int(out, severity_names[severity], rectify_days(rectify, (enum severity)severity));
	json_put_flag(out, "working_days", rectify->unit == RECTIFY_WORKING_DAYS);
	buf_add_char(out, '}');
}

static void put_profile(struct request *request, const struct profile *profile)
{
	struct buf *out = &request->out;
	static const char *const kinds[] = { "regime", "office" };
	const struct threshold *thresholds = profile->params.p;
	const struct profile_skip *skips = profile->skip.p;
	json_open_map(out, NULL);
	json_put(out, "name", profile->name);
	json_put(out, "kind", str_from(kinds[profile->kind == PROFILE_OFFICE]));
	text_put(out, "title", &profile->title);
	json_put_or_null(out, "basis", profile->basis);
	if (profile->rectify.node)
		put_rectify(out, &profile->rectify);
	json_open_list(out, "params");
	for (size_t i = 0; i < profile->params.n; i++)
		put_threshold(request, &thresholds[i]);
	buf_add_char(out, ']');
	json_open_list(out, "skip");
	for (size_t i = 0; i < profile->skip.n; i++) {
		json_open_map(out, NULL);
		json_put(out, "check", skips[i].check);
		text_put(out, "reason", &skips[i].reason);
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
}

static int get_profiles(struct request *request, struct err *err)
{
	const struct office *office = office_of(request);
	json_open_map(&request->out, NULL);
	json_put(&request->out, "in_force", cases_kind(&office->cases));
	json_put_flag(&request->out, "given", office->kind_given);
	json_open_list(&request->out, "rows");
	for (int kind = PROFILE_REGIME; kind <= PROFILE_OFFICE; kind++) {
		struct strings names;
		int r = profile_names(request->arena, &office->content, (enum profile_kind)kind, &names, err);
		for (size_t i = 0; r == 0 && i < names.n; i++) {
			struct profile profile;
			r = profile_load(request->arena, &office->content, names.p[i], (enum profile_kind)kind, &profile, err);
			if (r == 0)
				put_profile(request, &profile);
		}
		if (r < 0)
			return r;
	}
	buf_puts(&request->out, "]}");
	return 0;
}

/* In force within seconds, in all servers of these records: each looks for it. */
static int put_kind(struct request *request, struct err *err)
{
	const struct office *office = office_of(request);
	struct str name, reason;
	int r = fleet_whole(request, err);
	r = r < 0 ? r : request_text(request, "name", true, 32, &name, err);
	r = r < 0 ? r : request_text(request, "reason", true, 1000, &reason, err);
	if (r < 0)
		return r;
	if (office->kind_given)
		return err_set(err, -EEXIST, "the kind of office stands in the configuration of this installation (ward.yaml)");
	r = cases_keep_kind(request->write, &office->cases, name, reason, err);
	if (r == -ENOENT) {
		request_problem(request, STR("name"), NOTE("this kind of office is not known"));
		return -EINVAL;
	}
	request->status = 204;
	return r;
}

/* ---- rules ---- */

static void put_rule(struct buf *out, const struct sigma_rule *rule)
{
	json_open_map(out, NULL);
	json_put(out, "id", rule->id);
	json_put(out, "title", rule->title);
	if (rule->titles.in[LANG_EN].p || rule->titles.in[LANG_ZH].p)
		text_put(out, "titles", &rule->titles);
	json_put_or_null(out, "description", rule->description);
	json_put(out, "level", str_from(sigma_level_names[rule->level]));
	json_put_strings(out, "tags", &rule->tags);
	json_put_or_null(out, "product", rule->product);
	json_put_or_null(out, "category", rule->category);
	json_put_or_null(out, "service", rule->service);
	json_put(out, "file", rule->file);
	json_put_flag(out, "correlation", rule->n_conditions == 0);
	buf_add_char(out, '}');
}

static int get_rules(struct request *request, struct err *err)
{
	const struct office *office = office_of(request);
	const char **paths = ARENA_ARRAY(request->arena, const char *, office->rules.n + 1);
	struct sigma_rules rules = { 0 };
	struct sigma_problems problems = { 0 };
	for (size_t i = 0; i < office->rules.n; i++)
		paths[i] = arena_cstr(request->arena, office->rules.p[i]);
	const struct sigma_options options = { .content = &office->content, .embedded = office->built_in_rules, .paths = paths };
	int r = sigma_load(request->arena, &options, &rules, &problems, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; i < rules.n; i++)
		if (!rules.p[i]->hidden)
			put_rule(&request->out, rules.p[i]);
	buf_add_char(&request->out, ']');
	json_open_list(&request->out, "problems");
	for (size_t i = 0; i < problems.n; i++)
		json_put(&request->out, NULL,
		         arena_printf(request->arena, "%.*s:%u: %.*s", STR_ARG(problems.p[i].file), problems.p[i].line,
		                      STR_ARG(problems.p[i].words)));
	buf_puts(&request->out, "]}");
	return 0;
}

/* ---- keys ---- */

static void put_certificate(struct request *request, const char *kind, const char *file)
{
	const char *name = arena_printf(request->arena, "%.*s/%s", STR_ARG(office_of(request)->tls_dir), file).p;
	struct certificate seen;
	struct err err = { "" };
	BUF(pem);
	CLEANUP(fd_close_p) int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fd_read(fd, 65536, &pem) < 0 || certificate_look(buf_str(&pem), STR_NONE, STR_NONE, NULL, &seen, &err) < 0)
		return;
	json_open_map(&request->out, NULL);
	json_put(&request->out, "kind", str_from(kind));
	json_put_int(&request->out, "from", seen.from);
	json_put_int(&request->out, "until", seen.until);
	json_put_or_null(&request->out, "sha256", str_from(seen.sha256));
	json_put(&request->out, "pem", buf_str(&pem));
	buf_add_char(&request->out, '}');
}

/* Public parts alone; the private ones are the keeper's. */
static int get_keys(struct request *request, struct err *err UNUSED)
{
	struct office *office = office_of(request);
	struct public_key key;
	struct err none = { "" };
	struct str line = str_from(__atomic_load_n(&office->signing_key, __ATOMIC_ACQUIRE));
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	if (line.n && public_key_parse(line, &key, &none) == 0) {
		json_open_map(&request->out, NULL);
		json_put(&request->out, "kind", STR("seal"));
		json_put(&request->out, "id", str_from(key.id));
		json_put(&request->out, "algorithm", str_from(sign_names[key.algorithm]));
		json_put(&request->out, "public", line);
		buf_add_char(&request->out, '}');
	}
	put_certificate(request, "authority", "ca.crt");
	put_certificate(request, "server", "server.crt");
	buf_puts(&request->out, "]}");
	return 0;
}

/* ---- what is wrong ---- */

static int get_doctor(struct request *request, struct err *err)
{
	const struct office *office = office_of(request);
	if (!office->doctor)
		return err_set(err, -ENOENT, "there is no doctor here");
	office->doctor(office->doctor_ctx, request->lang, &request->out);
	return 0;
}

const struct route routes_system[] = {
	{ METHOD_GET, "/api/profiles", "listProfiles", "kinds of office and regimes, with their thresholds and sources", .roles = WHO,
	  .gives = "Profiles", .handle = get_profiles },
	{ METHOD_PUT, "/api/profile", "setProfile", "the kind of office that this installation is for", .roles = "security", .flags = ROUTE_FRESH,
	  .body_most = 4096, .takes = "ProfileSet", .handle = put_kind },
	{ METHOD_GET, "/api/rules", "listRules", "rules of detection in force", .roles = WHO, .flags = ROUTE_SLOW, .gives = "Rules",
	  .handle = get_rules },
	{ METHOD_GET, "/api/keys", "listKeys", "the public keys and certificates of the installation", .roles = WHO, .gives = "Keys",
	  .handle = get_keys },
	{ METHOD_GET, "/api/doctor", "getDoctor", "what is wrong with the installation, and how to mend it",
	  .roles = "operator security auditor", .flags = ROUTE_SLOW, .gives = "Doctor", .handle = get_doctor },
	{ 0 },
};
