/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What a writer that was taken over might have signed: nothing but a statement of the chain, or a seal of the journal, that names
 * this key.
 */
#include <stdint.h>

#include "role/keeper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keeper_memory memory = { 0 };
	struct err err = { "" };
	struct str statement = { (const char *)data, size };
	int r = keeper_judge(&memory, "0123456789abcdef", statement, (int64_t)1795402800 * 1000000000, 1, &err);
	bool known = str_starts(statement, "ward archive ") || str_starts(statement, "ward journal ");
	if (r < 0 ? !err.text[0] : str_find(statement, "\nkey 0123456789abcdef\n") < 0 || !known)
		__builtin_trap();
	return 0;
}
