/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Any bytes as what strangers send at the door: scopes, logins, passwords, recovery codes, values in a directory's filter. Whatever is
 * taken holds to its own rules.
 */
#include <stdlib.h>

#include "people/directory.h"
#include "people/second_factor.h"
#include "people/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	struct str text = { (const char *)data, size }, login;
	struct note why;
	bool good = scope_good(text, &why);
	must(good == !why.english);
	must(!scope_covers(text, false, STR("/elsewhere")));
	if (scope_covers(text, false, STR("/api/users/1"))) /* what writes is never covered by reading alone */
		must(str_find(text, "write") >= 0);
	must(!scope_covers(STR("read:records:finding"), true, text) || str_starts(text, "/api/records/finding"));
	if (user_login_fold(&arena, text, &login)) {
		must(login.n >= 2 && login.n <= USER_LOGIN_MOST);
		struct str again;
		must(user_login_fold(&arena, login, &again) && str_eq(login, again));
		must(str_eq(directory_escape(&arena, login), login)); /* nothing in a login means anything in a filter */
	}
	struct str escaped = directory_escape(&arena, text);
	for (size_t i = 0; i < escaped.n; i++)
		must(escaped.p[i] >= 0x20 && escaped.p[i] < 0x7f && !strchr("*()", escaped.p[i]));
	struct str address = second_factor_address(&arena, STR("ward"), text, STR("ABC"));
	for (size_t i = 0; i < address.n; i++)
		must(address.p[i] > 0x20 && address.p[i] < 0x7f);
	return 0;
}
