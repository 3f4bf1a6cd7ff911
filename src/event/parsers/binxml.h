/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * binxml: the binary XML of event log records of Windows ([MS-EVEN6] 2.2.12; libyal's description of EVTX), as the flat values of
 * evtx.h, without writing XML.
 *
 * All offsets are within one chunk of 64 KiB: binxml_begin() gives it, and it must live until the next. A piece of markup
 * is compiled once for each place it stands in (a template for all records of the chunk): into steps, each of which names a field and
 * the substitution that fills it. binxml_read() walks the steps of one record, so values are slices of the chunk;
 * binxml_write() makes JSON of them and the fields of the event.
 *
 * What is read is hostile: every offset is checked against the chunk, nesting is bounded (BINXML_NESTED, EVTX_DEPTH), and the work
 * for one chunk as well, because markup may ask for the same value again and again. An instance of a template lies within
 * the value that asks for it, so templates cannot go in circles. One thread.
 */
#ifndef WARD_EVENT_PARSERS_BINXML_H
#define WARD_EVENT_PARSERS_BINXML_H

#include "event/parser.h"
#include "event/parsers/evtx.h"

enum { CHUNK_BYTES = 65536, BINXML_NESTED = 8 };

/* Value types; with BINXML_ARRAY several of them. TEXT and JSON are ours: UTF-8, and UTF-8 as it stands in JSON. */
enum binxml_type {
	BINXML_NULL = 0x00, BINXML_STRING = 0x01, BINXML_ANSI = 0x02, BINXML_INT8 = 0x03, BINXML_UINT8 = 0x04, BINXML_INT16 = 0x05,
	BINXML_UINT16 = 0x06, BINXML_INT32 = 0x07, BINXML_UINT32 = 0x08, BINXML_INT64 = 0x09, BINXML_UINT64 = 0x0a,
	BINXML_REAL32 = 0x0b, BINXML_REAL64 = 0x0c, BINXML_BOOL = 0x0d, BINXML_BINARY = 0x0e, BINXML_GUID = 0x0f,
	BINXML_SIZE = 0x10, BINXML_FILETIME = 0x11, BINXML_SYSTIME = 0x12, BINXML_SID = 0x13, BINXML_HEX32 = 0x14,
	BINXML_HEX64 = 0x15, BINXML_FRAGMENT = 0x21, BINXML_TEXT = 0x70, BINXML_JSON = 0x71, BINXML_ARRAY = 0x80,
};

/* A field's name, once for a reader. */
struct binxml_name {
	struct str name, key; /* key: "Name": as it stands in JSON */
	uint32_t id;          /* in the table whose version is `version` */
	uint64_t version;
	uint64_t record;      /* the last record that had it; `first` and `last` are its values there */
	uint32_t first, last;
};

struct binxml_value {
	struct binxml_name *name;
	const char *p;
	uint32_t n;
	uint32_t next;  /* the next of the same name, 0: none */
	uint8_t type;   /* enum binxml_type */
	bool number;    /* digits are a number: a value of System */
	bool repeated;  /* not the first of its name */
};

struct binxml;

struct binxml *binxml_new(void);
void binxml_free(struct binxml *binxml);
/* Another chunk: `n` bytes at `bytes`, with room for CHUNK_BYTES. */
void binxml_begin(struct binxml *binxml, const uint8_t *bytes, size_t n);
/* The markup of one record. False: it is damaged, what was read until then is kept. */
bool binxml_read(struct binxml *binxml, size_t from, size_t to) MUST_USE;
/* A further value of the record: it must live until binxml_write(). */
void binxml_add(struct binxml *binxml, const char *name, enum binxml_type type, struct str bytes, bool number);
/* The first value with this name, or NULL. */
const struct binxml_value *binxml_find(const struct binxml *binxml, const char *name);
/* Of a damaged record: the texts that were meant for the template that could not be read, named Data. */
void binxml_salvage(struct binxml *binxml);

/* The record as JSON in the batch's memory, and its fields as the parser `json` reads them. -EFBIG: it would be too long. */
int binxml_write(struct binxml *binxml, struct batch *batch, struct event *event) MUST_USE;

/* For binxml_value.c. Writes a value as it stands in JSON, without quotes; at `out` there is room for binxml_room(). */
size_t binxml_room(const struct binxml_value *value);
char *binxml_put(const struct binxml_value *value, char *out);
/* The length of one item of an array of this type, 0: not fixed. */
size_t binxml_item(enum binxml_type type);

#endif
