/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_journald: any bytes as exported journals.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_journald, data, size);
	return 0;
}
