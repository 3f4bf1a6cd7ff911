/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/sca_policy.h"

static struct str trim_blanks(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_slice(s, 1, s.n);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Cut at the first " -> ". */
static struct str cut_arrow(struct str *rest)
{
	ptrdiff_t at = str_find(*rest, " -> ");
	struct str before = at < 0 ? *rest : str_slice(*rest, 0, (size_t)at);
	*rest = at < 0 ? STR_NONE : str_slice(*rest, (size_t)at + 4, rest->n);
	return before;
}

static bool kind_read(struct str word, enum sca_kind *out)
{
	static const char letters[] = "fdpcr";
	if (word.n && word.p[0] == '!')
		word = str_slice(word, 1, word.n);
	const char *at = word.n == 1 && word.p[0] ? strchr(letters, word.p[0]) : NULL;
	if (at)
		*out = (enum sca_kind)(at - letters);
	return at != NULL;
}

static struct str negation_read(enum sca_dialect dialect, struct str text, bool *negated)
{
	if (dialect == SCA_5)
		text = trim_blanks(text);
	*negated = str_starts(text, "not ") || (dialect != SCA_5 && str_starts(text, "NOT "));
	if (*negated)
		text = str_slice(text, 4, text.n);
	return dialect == SCA_5 ? trim_blanks(text) : text;
}

int sca_rule_parse(struct arena *arena, enum sca_dialect dialect, struct str text, struct sca_rule *out,
                   struct err *err)
{
	*out = (struct sca_rule){ .text = text };
	struct str rest = negation_read(dialect, text, &out->negated);
	struct str target = cut_arrow(&rest);
	ptrdiff_t colon = str_find_char(target, ':');
	if (colon < 0 || !kind_read(str_slice(target, 0, (size_t)colon), &out->kind))
		return err_set(err, -EINVAL, "a rule begins with f:, d:, p:, c: or r:, or with 'not ' before these");
	out->target = str_slice(target, (size_t)colon + 1, target.n);
	if (dialect == SCA_5)
		out->target = trim_blanks(out->target);
	if (out->target.n == 0)
		return err_set(err, -EINVAL, "nothing follows '%.*s:'", (int)colon, target.p);
	if (memchr(out->target.p, 0, out->target.n))
		return err_set(err, -EINVAL, "a rule cannot hold a NUL character");
	if (out->kind == SCA_DIRECTORY && rest.p) {
		out->file = cut_arrow(&rest);
		sca_pattern_parse(arena, dialect, out->file, &out->name);
	}
	if (rest.p)
		sca_pattern_parse(arena, dialect, rest, &out->pattern);
	return 0;
}
