/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_weberror: any bytes as error logs of web servers.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_weberror, data, size);
	return 0;
}
