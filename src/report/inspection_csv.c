/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "report/inspection.h"

static void add_list(struct buf *out, const struct strings *list)
{
	BUF(joined);
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			buf_puts(&joined, "; ");
		buf_add(&joined, list->p[i]);
	}
	csv_add_field(out, buf_str(&joined));
}

void inspection_csv(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	ARENA(arena);
	/* A byte order mark, so that spreadsheets read the Chinese and Vietnamese as UTF-8. */
	buf_puts(out, "\xef\xbb\xbfhost,id,severity,verdict,title,reason,clauses,requirements,evidence_count,"
	              "first_evidence,remedy,evidence_sha256\r\n");
	for (size_t i = 0; i < inspection->n; i++) {
		const struct verdict *verdict = &inspection->verdicts[i];
		const struct check *check = verdict->check;
		struct str first = verdict->evidence.rows ? evidence_line(&arena, LANG_EN, &verdict->evidence, 0) : STR("");
		const struct str before[] = {
			inspection->host,
			check->id,
			str_from(severity_names[check->severity]),
			str_from(verdict_names[verdict->value]),
			text_in(&check->title, style->lang),
			verdict_reason(&arena, style->lang, verdict),
		};
		for (size_t j = 0; j < COUNT(before); j++) {
			csv_add_field(out, before[j]);
			buf_add_char(out, ',');
		}
		add_list(out, &check->clauses);
		buf_add_char(out, ',');
		add_list(out, &check->requirements);
		buf_printf(out, ",%zu,", verdict->evidence.found);
		csv_add_field(out, first);
		buf_add_char(out, ',');
		csv_add_field(out, text_in(&check->remedy, style->lang));
		buf_add_char(out, ',');
		csv_add_field(out, verdict->evidence_sha256);
		buf_puts(out, "\r\n");
	}
}
