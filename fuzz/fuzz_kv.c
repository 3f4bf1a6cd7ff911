/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_kv: any bytes as lines of the parser kv.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_kv, data, size);
	return 0;
}
