/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/observed.h"

const char *const observed_source_names[] = { "check", "management", "rule", NULL };

struct str observed_title(struct arena *arena, enum lang lang, enum observed_source source, const struct check *check)
{
	if (source == OBSERVED_RULE)
		return check->title.in[lang];
	const struct note unmet = NOTE("Not met: {}", check->title.in[lang]);
	return note_text(arena, lang, &unmet);
}
