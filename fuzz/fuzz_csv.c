/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_csv: any bytes as lines of the parser csv.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_csv, data, size);
	return 0;
}
