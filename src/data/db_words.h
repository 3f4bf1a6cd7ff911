/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * db_words: SQL as ward writes it (data/db.h) in PostgreSQL's words.
 *
 * "?" becomes $1, $2 … outside of quotes and comments. Words in capitals that PostgreSQL calls otherwise are exchanged: INTEGER PRIMARY
 * KEY, INTEGER, REAL, BLOB; TEXT in the text of tables; IMMEDIATE after BEGIN. Names in small letters are left alone.
 */
#ifndef WARD_DATA_DB_WORDS_H
#define WARD_DATA_DB_WORDS_H

#include "base/buf.h"

/* The next statement of several that are apart by ';' outside of quotes, without it; false: no more. */
bool db_words_next(struct str *rest, struct str *statement);
/* Appends the statement; returns how many parameters it has. */
size_t db_words_postgresql(struct str statement, struct buf *out);
/* "begin", "commit", "rollback", "savepoint", "release" or another word of a transaction stands first. */
bool db_words_is_transaction(struct str statement);

/* The name of the index that the statement makes, or STR_NONE. */
struct str db_words_index(struct str statement);

#endif
