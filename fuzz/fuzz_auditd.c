/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_auditd: any bytes as audit logs.
 */
#include "fuzz_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(&parser_auditd, data, size);
	return 0;
}
