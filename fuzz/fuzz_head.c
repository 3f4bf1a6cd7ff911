/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What a client may write into the head of a request: lines of headers, judged as the server does.
 */
#include <stdint.h>

#include "web/assets.h"
#include "web/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct str part, struct str whole)
{
	return !part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size }, rest = text, line;
	struct head head;
	struct asset asset;
	struct err err = { "" };
	head_init(&head);
	while (str_line(&rest, &line)) {
		struct str value = line, name = str_cut(&value, ':');
		head_take(&head, name, str_trim(value.p ? value : STR("")));
	}
	if (!within(head.credentials.cookie, text) || head.credentials.cookie.n > HEAD_COOKIE || head.length < -2)
		__builtin_trap();
	if (head_check(&head, NULL, &err) < 0 && !err.text[0])
		__builtin_trap();
	/* Nobody gets through without repeating the secret. */
	if (head_trusted(&head, false, STR("a secret that is in no corpus"), &err) == 0)
		__builtin_trap();
	struct str host = host_name(text);
	if (!within(host, text) || (host.p && str_find_char(host, '/') >= 0))
		__builtin_trap();
	if (asset_find(text, head.accept_encoding, head.none_match, &asset) && (!asset.bytes.p || !asset.type))
		__builtin_trap();
	return 0;
}
