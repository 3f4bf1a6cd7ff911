/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_colon: any bytes as key:value.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_colon, data, size);
	return 0;
}
