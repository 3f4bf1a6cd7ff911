/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/framing.h"

#include <errno.h>

static size_t digits(struct str text)
{
	size_t n = 0;
	while (n < text.n && n <= FRAMING_DIGITS && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n;
}

enum framing_kind framing_find(struct str text, bool last)
{
	size_t n = digits(text);
	if (n == 0)
		return text.n ? FRAMING_LINES : FRAMING_UNKNOWN;
	if (text.p[0] == '0' || n > FRAMING_DIGITS)
		return FRAMING_LINES;
	if (text.n < n + 2)
		return last || (text.n > n && text.p[n] != ' ') ? FRAMING_LINES : FRAMING_UNKNOWN;
	return text.p[n] == ' ' && text.p[n + 1] == '<' ? FRAMING_COUNTED : FRAMING_LINES;
}

static struct str trim_end(struct str message)
{
	if (message.n && message.p[message.n - 1] == '\0')
		message.n--;
	if (message.n && message.p[message.n - 1] == '\n')
		message.n--;
	if (message.n && message.p[message.n - 1] == '\r')
		message.n--;
	return message;
}

ssize_t framing_next(struct framing *framing, struct str text, size_t most, bool last, struct str *message)
{
	size_t at = 0, length = framing->left;
	if (!length) {
		/* Some senders count the message and end it with LF, too. */
		while (at < text.n && text.p[at] == '\n')
			at++;
		size_t n = digits(str_slice(text, at, text.n));
		if (n > FRAMING_DIGITS || (n && text.p[at] == '0') || (at + n < text.n && (n == 0 || text.p[at + n] != ' ')))
			return -EBADMSG;
		if (at + n == text.n) {
			if (!last)
				return 0;
			*message = str_slice(text, at, text.n);
			return (ssize_t)text.n;
		}
		for (size_t i = 0; i < n; i++)
			length = length * 10 + (size_t)(text.p[at + i] - '0');
		at += n + 1;
	}
	size_t take = length < most ? length : most;
	if (text.n - at < take) {
		if (!last)
			return 0;
		take = text.n - at;
	}
	framing->left = last && at + take == text.n ? 0 : length - take;
	*message = str_slice(text, at, at + take);
	if (!framing->left)
		*message = trim_end(*message);
	return (ssize_t)(at + take);
}
