/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * file_look: what a file that somebody attaches is, told by its bytes, and whether it may be kept.
 *
 * Kept: PDF; PNG and JPEG; documents, sheets and slides that are ZIP files (DOCX, XLSX, PPTX, ODT, ODS, OFD of GB/T 33190-2016); ZIP files; plain text and
 * CSV in UTF-8 or GB 18030. Everything else is refused: programs, scripts, pages, what could not be looked into (a ZIP file behind a
 * password, the old binary formats of Office, which hold macros unseen), and documents with macros. A ZIP file may hold no program.
 *
 * A document marked with a degree of state secrecy (秘密, 机密, 绝密; Mật, Tối mật, Tuyệt mật) is refused, because this is no system for
 * it (Law on Guarding State Secrets, article 31; Law 29/2018/QH14). Looked for in the file's name and the first text: a degree before ★, behind "密级" or "Độ
 * mật", or alone in a line; so "商业秘密" or "mật khẩu" in a sentence refuses nothing. In a PDF whose text is compressed
 * it cannot be seen; who uploads remains responsible.
 *
 * Bounded: LOOK_PARTS parts of a ZIP file, LOOK_TEXT bytes of text from all of them.
 */
#ifndef WARD_REGISTER_FILE_LOOK_H
#define WARD_REGISTER_FILE_LOOK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { LOOK_PARTS = 5000, LOOK_TEXT = 4 * 1024 * 1024, LOOK_NAME = 200 };

/* The name without folders and control characters, as it is kept. -EINVAL: nothing is left of it. */
int file_name_clean(struct arena *arena, struct str given, struct str *out, struct err *err) MUST_USE;
/* *type: "application/pdf" …, a constant. -EINVAL with words when it may not be kept. The descriptor's place is left anywhere. */
int file_look(struct arena *arena, int fd, int64_t size, struct str name, struct str *type, struct err *err) MUST_USE;
/* The degree of secrecy that a name or a text is marked with, or NULL. */
const char *secret_mark_of_name(struct str name);
const char *secret_mark_of_text(struct str text);

#endif
