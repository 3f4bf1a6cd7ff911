/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/upkeep.h"

#include <sys/socket.h>

#include "archive/retention.h"
#include "data/json.h"

struct question {
	int64_t days, order;
};

struct answer {
	int64_t order;
	int32_t result;
	uint32_t n;
	char words[UPKEEP_WORDS];
};

static void tell(const struct removed_day *days, size_t n, const struct err *err, struct buf *out)
{
	struct removed_day sum = { 0 };
	struct str from = STR_NONE, to = STR_NONE;
	int64_t gone = 0, held = 0;
	for (size_t i = 0; i < n; i++) {
		if (days[i].held_by.p) {
			held++;
			continue;
		}
		from = gone ? from : days[i].day;
		to = days[i].day;
		gone++;
		sum.records += days[i].records;
		sum.bytes += days[i].bytes;
	}
	json_open_map(out, NULL);
	json_put_int(out, "days", gone);
	json_put_int(out, "records", (int64_t)sum.records);
	json_put_int(out, "bytes", (int64_t)sum.bytes);
	json_put_or_null(out, "from", from);
	json_put_or_null(out, "to", to);
	json_put_int(out, "held", held);
	if (err)
		json_put(out, "error", str_slice(str_from(err->text), 0, UPKEEP_WORDS / 2));
	buf_add_char(out, '}');
}

static int carry_out(const struct question *question, struct archive *archive, struct buf *out)
{
	ARENA(arena);
	struct removed_day *days = NULL;
	size_t n = 0;
	struct err why = { "" };
	const struct retention retention = { .days = question->days, .order = question->order };
	int r = question->days < RETENTION_LEAST_DAYS || question->order < 1
	                ? err_set(&why, -EPERM, "the writer refuses: nothing younger than %d days is removed", RETENTION_LEAST_DAYS)
	                : retention_apply(archive, &retention, &arena, &days, &n, &why);
	tell(days, n, r < 0 ? &why : NULL, out);
	return r;
}

int upkeep_answer(int fd, struct archive *archive, struct err *err)
{
	struct question question;
	struct answer answer = { 0 };
	BUF(out);
	ssize_t n = recv(fd, &question, sizeof(question), MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_errno(err, -errno, "cannot hear the server");
	if (n <= 0)
		return 1;
	if (n != (ssize_t)sizeof(question))
		return err_set(err, -EBADMSG, "not a question for the writer");
	answer.order = question.order;
	answer.result = carry_out(&question, archive, &out);
	answer.n = (uint32_t)MIN(out.n, (size_t)UPKEEP_WORDS);
	memcpy(answer.words, out.p, answer.n);
	while ((n = send(fd, &answer, sizeof(answer), MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n < 0 ? 1 : 0;
}

int upkeep_ask(int fd, int64_t days, int64_t order, struct err *err)
{
	const struct question question = { days, order };
	ssize_t n;
	while ((n = send(fd, &question, sizeof(question), MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 && errno == EINTR)
		;
	return n < 0 ? err_errno(err, -errno, "cannot ask the writer") : 0;
}

int upkeep_hear(int fd, int64_t *order, bool *done, struct buf *out, struct err *err)
{
	struct answer answer;
	ssize_t n;
	while ((n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT)) < 0 && errno == EINTR)
		;
	if (n < 0 && errno == EAGAIN)
		return err_set(err, -EAGAIN, "the writer has not answered yet");
	if (n <= 0)
		return err_set(err, -EPIPE, "the writer has ended");
	if (n != (ssize_t)sizeof(answer) || answer.n > UPKEEP_WORDS)
		return err_set(err, -EBADMSG, "not an answer of the writer");
	*order = answer.order;
	*done = answer.result == 0;
	buf_add(out, (struct str){ answer.words, answer.n });
	return 0;
}
