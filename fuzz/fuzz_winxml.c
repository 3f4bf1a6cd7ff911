/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_winxml: any bytes as the XML of events.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_winxml, data, size);
	return 0;
}
