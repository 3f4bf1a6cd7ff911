/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * deliver: bring the sealed blocks of an archive to ClickHouse, in order, each record once.
 *
 * The archive itself is the spool: what was taken from a sender is there first, and waits there while ClickHouse is down,
 * for as long as the archive keeps it. How far delivery came stands in ClickHouse, beside the rows (ward_delivered), so
 * neither side can be set back without the other noticing.
 *
 * A block is delivered in inserts of at most CLICKHOUSE_ROWS rows of one day, each of which the server takes whole or not at
 * all. When it is not known whether one was taken (a lost answer, a crash), the server is asked for its rows before it
 * is sent again. In a cluster, besides, servers leave out inserts that they have already.
 */
#ifndef WARD_SEARCH_DELIVER_H
#define WARD_SEARCH_DELIVER_H

#include "search/clickhouse.h"

struct deliver_counts {
	uint64_t blocks, records, bytes; /* delivered now; raw text */
	uint64_t known;                  /* records that turned out to be there already */
	uint64_t position;               /* sequence of the last block that is there */
};

struct deliver;

/* Nothing is opened or asked yet but the password file, and libcurl is loaded: a sandbox may follow. */
int deliver_open(const char *dir, struct str url, struct deliver **out, struct err *err) MUST_USE;
void deliver_close(struct deliver *deliver);
void deliver_close_p(struct deliver **deliver);

/* Deliver all blocks that are sealed now; the first time the tables are prepared before. `stop` (may be NULL) is asked between inserts. After an error the same may be called
 * again, any time later; `counts` holds what was done up to there and adds up. */
int deliver_run(struct deliver *deliver, bool (*stop)(void *ctx), void *ctx, struct deliver_counts *counts,
                struct err *err) MUST_USE;
/* An error that may be gone later: the server is away, or in trouble. */
bool deliver_may_come_back(int r);

#endif
