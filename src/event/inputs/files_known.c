/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What was read before: by device and inode, or, where these are new, by how the text begins.
 */
#include "event/inputs/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "event/inputs/unpack.h"

enum { KNOWN_MOST = 4096 /* places of finished files that are remembered */ };

int64_t files_known_key(uint64_t device, uint64_t inode)
{
	return (int64_t)(inode ^ device << 40);
}

struct place *files_known_by_inode(const struct files *files, uint64_t device, uint64_t inode)
{
	size_t index = (size_t)map_get_int(&files->known_index, files_known_key(device, inode));
	struct place *place = index ? &files->known.p[index - 1] : NULL;
	return place && place->device == device && place->inode == inode ? place : NULL;
}

/* The older half is forgotten when they are very many. */
static void forget_known(struct files *files)
{
	size_t half = files->known.n / 2;
	files->known.n -= half;
	memmove(files->known.p, files->known.p + half, files->known.n * sizeof(*files->known.p));
	arena_done(&files->known_arena);
	files->known_index = (struct map){ .arena = &files->known_arena };
	for (size_t i = 0; i < files->known.n; i++)
		*map_put_int(&files->known_index, files_known_key(files->known.p[i].device, files->known.p[i].inode)) = (void *)(i + 1);
}

void files_remember(struct files *files, const struct place *place)
{
	struct place *known = files_known_by_inode(files, place->device, place->inode);
	if (!place->offset)
		return;
	if (known) {
		*known = *place;
		return;
	}
	if (files->known.n >= KNOWN_MOST + 2 * files->paths.n)
		forget_known(files);
	vec_push(&files->known, *place);
	*map_put_int(&files->known_index, files_known_key(place->device, place->inode)) = (void *)files->known.n;
}

struct str files_head_text(int fd, char *to, bool *packed)
{
	ssize_t n = pread(fd, to, FINGERPRINT_BYTES, 0);
	struct str head = { to, n > 0 ? (size_t)n : 0 }, name;
	*packed = unpack_is(head);
	if (!*packed)
		return head;
	struct unpack *unpack = NULL;
	head.n = 0;
	if (unpack_open(fd, &unpack, NULL) == 0 && unpack_next(unpack, &name, NULL) == 1) {
		while (head.n < FINGERPRINT_BYTES &&
		       (n = unpack_read(unpack, to + head.n, FINGERPRINT_BYTES - head.n, NULL)) > 0)
			head.n += (size_t)n;
	}
	unpack_close(unpack);
	return head;
}

bool files_begins_as(const struct place *place, struct str head)
{
	return place->length && place->length <= head.n &&
	       fingerprint_of(str_slice(head, 0, (size_t)place->length)) == place->fingerprint;
}

/* A short fingerprint says little, unless it is of all that was read. */
static bool tells(const struct place *place)
{
	return place->length == FINGERPRINT_BYTES || (place->length >= 64 && place->length >= place->offset);
}

const struct place *files_known_by_text(const struct files *files, const struct path *self,
                                        const struct file *self_file, int fd, bool *active)
{
	char head[FINGERPRINT_BYTES];
	bool packed;
	struct str text = files_head_text(fd, head, &packed);
	/* Files of records (EVTX) begin with a header that says little. */
	if (parser_probe(text)->framing == FRAME_FILE)
		return NULL;
	uint64_t all = fingerprint_of(text); /* most are of the full length: hash once */
	for (size_t i = files->known.n; i-- > 0;) {
		const struct place *place = &files->known.p[i];
		if (tells(place) && (place->length == text.n ? place->fingerprint == all : files_begins_as(place, text)))
			return place;
	}
	for (size_t i = 0; i < files->paths.n; i++) {
		const struct path *path = files->paths.p[i];
		for (size_t j = 0; path != self && j < path->files.n; j++) {
			const struct place *place = &path->files.p[j]->at;
			if (path->files.p[j] != self_file && tells(place) &&
			    (place->length == text.n ? place->fingerprint == all : files_begins_as(place, text))) {
				*active = true;
				return place;
			}
		}
	}
	return NULL;
}

bool files_goes_on(const struct place *place, int fd, const struct stat *st)
{
	char head[FINGERPRINT_BYTES];
	bool packed;
	struct str text = files_head_text(fd, head, &packed);
	return (place->length == 0 || files_begins_as(place, text) || place_same_beginning(place, fd)) &&
	       (packed || place->offset <= (uint64_t)st->st_size);
}
