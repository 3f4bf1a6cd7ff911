/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/clock.h"
#include "report/inspection.h"
#include "data/xml.h"

static void add_case(struct buf *out, struct arena *arena, const struct verdict *verdict, enum lang lang)
{
	const struct check *check = verdict->check;
	buf_puts(out, "  <testcase classname=\"");
	xml_add(out, check->topic);
	buf_puts(out, "\" name=\"");
	xml_add(out, check->id);
	buf_printf(out, "\" time=\"%.6f\"", (double)verdict->ns / 1e9);
	if (verdict->value == VERDICT_PASS) {
		buf_puts(out, "/>\n");
		return;
	}
	if (verdict->value == VERDICT_FAIL) {
		buf_printf(out, ">\n   <failure type=\"%s\" message=\"", severity_names[check->severity]);
		xml_add(out, text_in(&check->title, lang));
		buf_puts(out, "\">");
		for (size_t i = 0; i < verdict->evidence.rows; i++) {
			xml_add(out, evidence_line(arena, lang, &verdict->evidence, i));
			buf_add_char(out, '\n');
		}
		xml_add(out, text_in(&check->remedy, lang));
		buf_puts(out, "</failure>\n  </testcase>\n");
		return;
	}
	/* JUnit has no word for "could not be seen": it is skipped, with the reason. */
	buf_printf(out, ">\n   <skipped message=\"%s: ", verdict_names[verdict->value]);
	xml_add(out, verdict_reason(arena, lang, verdict));
	buf_puts(out, "\"/>\n  </testcase>\n");
}

void inspection_junit(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	ARENA(arena);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"ward inspect\" hostname=\"");
	xml_add(out, inspection->host);
	buf_printf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.6f\" timestamp=\"",
	           inspection->n, inspection->counts[VERDICT_FAIL],
	           inspection->counts[VERDICT_UNKNOWN] + inspection->counts[VERDICT_NOT_APPLICABLE],
	           (double)inspection->ns / 1e9);
	buf_add(out, clock_format(&arena, inspection->started));
	buf_puts(out, "\">\n");
	for (size_t i = 0; i < inspection->n; i++)
		add_case(out, &arena, &inspection->verdicts[i], style->lang);
	buf_puts(out, " </testsuite>\n</testsuites>\n");
}
