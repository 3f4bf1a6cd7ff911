/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/said.h"

void said_init(struct said *said, struct arena *arena)
{
	*said = (struct said){ .texts.arena = arena };
}

void said_add(struct said *said, const struct text *text)
{
	for (int lang = 0; lang < LANG_COUNT; lang++)
		if (text->in[lang].n)
			*map_put(&said->texts, text->in[lang]) = (void *)text;
}

struct str said_in(const struct said *said, enum lang lang, struct str text)
{
	const struct text *known = said && text.n ? map_get(&said->texts, text) : NULL;
	return known && known->in[lang].n ? known->in[lang] : text;
}
