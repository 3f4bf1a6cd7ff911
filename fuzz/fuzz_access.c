/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_access: any bytes as access logs.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_access, data, size);
	return 0;
}
