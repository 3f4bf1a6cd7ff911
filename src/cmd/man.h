/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * man: what the files that make manual pages share.
 */
#ifndef WARD_CMD_MAN_H
#define WARD_CMD_MAN_H

#include "base/buf.h"

/* Text made safe for roff. */
void man_add_text(struct buf *buf, struct str text);
/* The page of the host tables. */
void man_tables_add(struct buf *buf);

#endif
