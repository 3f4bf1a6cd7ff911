/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_w3c: any bytes as lines of the parser w3c.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_w3c, data, size);
	return 0;
}
