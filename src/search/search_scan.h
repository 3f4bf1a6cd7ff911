/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * search_scan: a search whose records are fetched one by one, by one thread, in no order of time: blocks from the newest
 * to the oldest. For whoever puts records in order himself (SQL). Otherwise as search/search.h.
 */
#ifndef WARD_SEARCH_SEARCH_SCAN_H
#define WARD_SEARCH_SEARCH_SCAN_H

#include "search/search.h"

struct search_scan;

/* The search must live as long; counts are added to. */
int search_scan_open(const char *dir, const struct seek *seek, int64_t since, int64_t until, struct search_counts *counts,
                     struct search_scan **out, struct err *err) MUST_USE;
void search_scan_close(struct search_scan *scan);
void search_scan_close_p(struct search_scan **scan);

/* 1: a record, valid until the next call; 0: no more; -ECANCELED: `stop` (may be NULL; asked now and then) said so. What is
 * damaged is counted and left out. */
int search_scan_next(struct search_scan *scan, bool (*stop)(void *ctx), void *ctx, const struct record **out,
                     struct err *err) MUST_USE;
/* For fields of the record. */
struct seeker *search_scan_seeker(struct search_scan *scan);

#endif
