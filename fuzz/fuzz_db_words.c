/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * SQL in PostgreSQL's words: nothing outside of the text is read, and there are no more parameters than question marks.
 */
#include <stdint.h>

#include "data/db_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, statement;
	while (db_words_next(&rest, &statement)) {
		BUF(out);
		size_t n = db_words_postgresql(statement, &out), marks = 0;
		for (size_t i = 0; i < statement.n; i++)
			marks += statement.p[i] == '?';
		if (n > marks)
			__builtin_trap();
		(void)db_words_is_transaction(statement);
	}
	return 0;
}
