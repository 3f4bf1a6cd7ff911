/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/control.h"

#include <string.h>
#include <stdint.h>
#include <sys/socket.h>

union room {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr aligned;
};

static int send_word(int control, enum control_word word, uint32_t about, int fd, struct err *err)
{
	uint32_t said[] = { word, about };
	union room room = { 0 };
	struct iovec part = { said, sizeof(said) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd >= 0) {
		message.msg_control = room.bytes;
		message.msg_controllen = sizeof(room.bytes);
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(int));
	}
	ssize_t n;
	while ((n = sendmsg(control, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n < 0 ? err_errno(err, -errno, "cannot tell a process of the collector") : 0;
}

int control_send(int control, enum control_word word, int fd, struct err *err)
{
	return send_word(control, word, 0, fd, err);
}

int control_ask(int control, enum control_word word, uint32_t about, struct err *err)
{
	return send_word(control, word, about, -1, err);
}

int control_take(int control, enum control_word *word, int *fd, struct err *err)
{
	uint32_t about;
	return control_hear(control, word, &about, fd, err);
}

int control_hear(int control, enum control_word *word, uint32_t *about, int *fd, struct err *err)
{
	uint32_t said[2] = { 0 };
	union room room = { 0 };
	struct iovec part = { said, sizeof(said) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes) };
	ssize_t n;
	*fd = -1;
	while ((n = recvmsg(control, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n < 0 && errno != ECONNRESET)
		return err_errno(err, -errno, "cannot hear the supervisor");
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(head), sizeof(int));
	if (n != (ssize_t)sizeof(said))
		return err_set(err, -EPIPE, "the supervisor has ended");
	*word = (enum control_word)said[0];
	*about = said[1];
	return 0;
}
