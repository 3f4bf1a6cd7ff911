/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_plain: any bytes as lines of the parser plain.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_plain, data, size);
	return 0;
}
