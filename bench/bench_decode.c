/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * bench_decode FILE: how fast a log is found to be in GB 18030 and made UTF-8, in pieces of 1 MiB as inputs do, beside libc's iconv
 * with the encoding named. CPU time of this thread, the best of five rounds. Prints "ward MB/s iconv MB/s same".
 */
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "data/decode.h"

enum { PIECE = 1 << 20, ROUNDS = 5 };

static void by_ward(struct str bytes, struct buf *out)
{
	ARENA(arena);
	struct decode decode;
	decode_init(&decode, ENCODING_AUTO);
	for (size_t at = 0, used; at < bytes.n; at += used) {
		size_t to = MIN(bytes.n, at + PIECE);
		struct str text = decode_text(&decode, &arena, str_slice(bytes, at, to), to == bytes.n, &used);
		if (out)
			buf_add(out, text);
		arena_reset(&arena);
	}
}

static void by_iconv(struct str bytes, struct buf *out)
{
	iconv_t converter = iconv_open("UTF-8", "GB18030");
	char *in = (char *)(uintptr_t)bytes.p, *to = buf_reserve(out, bytes.n * 2);
	size_t n = bytes.n, left = bytes.n * 2;
	(void)iconv(converter, &in, &n, &to, &left);
	iconv_close(converter);
	out->n = bytes.n * 2 - left;
}

int main(int argc, char **argv)
{
	BUF(file);
	BUF(ours);
	BUF(theirs);
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	for (ssize_t n; fd >= 0 && (n = read(fd, buf_reserve(&file, PIECE), PIECE)) > 0;)
		file.n += (size_t)n;
	struct str bytes = buf_str(&file);
	int64_t best[2] = { INT64_MAX, INT64_MAX };
	for (int i = 0; i < ROUNDS; i++) {
		int64_t start = clock_thread_ns(), middle;
		by_ward(bytes, NULL);
		middle = clock_thread_ns();
		buf_clear(&theirs);
		by_iconv(bytes, &theirs);
		best[0] = MIN(best[0], middle - start);
		best[1] = MIN(best[1], clock_thread_ns() - middle);
	}
	by_ward(bytes, &ours);
	printf("%lld %lld %d\n", (long long)((int64_t)bytes.n * 1000 / MAX(best[0], 1)),
	       (long long)((int64_t)bytes.n * 1000 / MAX(best[1], 1)), str_eq(buf_str(&ours), buf_str(&theirs)));
	return 0;
}
