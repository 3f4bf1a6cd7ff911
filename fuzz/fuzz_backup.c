/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The list of a backup that somebody else made: what is taken lies below its folder, and is written back the same.
 */
#include <stdint.h>

#include "record/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	BUF(again);
	struct err err = { "" };
	struct str text = { (const char *)data, size };
	struct backup_manifest manifest;
	int r = backup_manifest_read(&arena, text, &manifest, &err);
	if (r < 0 && !err.text[0])
		__builtin_trap();
	if (r < 0)
		return 0;
	for (size_t i = 0; i < manifest.n; i++) {
		struct str path = manifest.files[i].path;
		if (!path.n || path.p[0] == '/' || str_find(path, "..") == 0 || str_find(path, "/.") >= 0)
			__builtin_trap();
	}
	backup_manifest_print(&manifest, &again);
	struct backup_manifest twice;
	if (backup_manifest_read(&arena, buf_str(&again), &twice, &err) < 0 || twice.n != manifest.n)
		__builtin_trap();
	return 0;
}
