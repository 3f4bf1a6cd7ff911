/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "report/inspection.h"

void inspection_html(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	(void)inspection;
	(void)style;
	buf_puts(out, "<!doctype html>\n");
}
