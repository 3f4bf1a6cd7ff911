/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * attack: the tactics and techniques of MITRE ATT&CK, as content/attack names them; what was found of them is /api/detections/techniques.
 */
#include "api/office.h"
#include "data/yaml.h"

extern const struct route routes_attack[];

struct tactic {
	struct str id, name;
	struct text label;
	struct strings techniques;
};

static const struct schema_field tactic_fields[] = {
	{ "id", SCHEMA_STRING, offsetof(struct tactic, id), .required = true },
	{ "name", SCHEMA_STRING, offsetof(struct tactic, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct tactic, label), .required = true },
	{ "techniques", SCHEMA_STRINGS, offsetof(struct tactic, techniques), .required = true },
	{ 0 },
};
static const struct schema tactic_schema = { "a tactic", tactic_fields, sizeof(struct tactic) };

static int read_one(struct request *request, const char *name, const struct doc **out, struct source *source, struct err *err)
{
	int r = content_read(request->arena, &office_of(request)->content, name, source, err);
	return r < 0 ? r : yaml_parse(request->arena, source, out, err);
}

static int get_attack(struct request *request, struct err *err)
{
	struct source tactics_source, names_source;
	const struct doc *tactics, *names;
	struct schema_list list = { 0 };
	struct buf *out = &request->out;
	int r = read_one(request, "attack/tactics.yaml", &tactics, &tactics_source, err);
	if (r == 0)
		r = read_one(request, "attack/techniques.yaml", &names, &names_source, err);
	if (r == 0)
		r = schema_decode_list(request->arena, &tactics_source, tactics, &tactic_schema, &list, err);
	json_open_map(out, NULL);
	json_open_list(out, "tactics");
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct tactic *tactic = &((const struct tactic *)list.p)[i];
		json_open_map(out, NULL);
		json_put(out, "id", tactic->id);
		json_put(out, "name", tactic->name);
		json_open_map(out, "label");
		for (int lang = 0; lang < LANG_COUNT; lang++)
			json_put(out, lang_names[lang], tactic->label.in[lang]);
		buf_add_char(out, '}');
		json_put_strings(out, "techniques", &tactic->techniques);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	json_open_map(out, "names");
	for (size_t i = 0; r == 0 && i < names->n; i++)
		json_put(out, arena_cstr(request->arena, doc_string(doc_key(names, i))), doc_string(doc_value(names, i)));
	buf_puts(out, "}}");
	return r;
}

const struct route routes_attack[] = {
	{ METHOD_GET, "/api/attack", "getAttack", "tactics and techniques of ATT&CK, by name", .handle = get_attack },
	{ 0 },
};
