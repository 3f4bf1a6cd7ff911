/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A request to the monitor, of any bytes: always a whole answer, or patience.
 */
#include <stdint.h>

#include "role/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shared shared;
	BUF(response);
	int r = monitor_answer(&shared, (struct str){ (const char *)data, size }, &response);
	if (r == 1 && !str_starts(buf_str(&response), "HTTP/1.1 "))
		__builtin_trap();
	if (r == 0 && size >= MONITOR_REQUEST)
		__builtin_trap();
	return 0;
}
