/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * routing: the conditions of all mappings as bits (private to the detector).
 *
 * What a mapping's condition asks of a field is a bit: that the field is there, or that one of its values is one of a list.
 * Equal questions of several mappings share a bit. The bits of an event decide which mappings take it and which log sources
 * it is of; there are few different sets of them, however many values the fields have.
 *
 * Read-only once built.
 */
#ifndef WARD_DETECT_ROUTING_H
#define WARD_DETECT_ROUTING_H

#include "base/vec.h"
#include "event/mapping.h"

/* One list of values that a field may have. */
struct routing_question {
	const struct strings *values;
	uint32_t bit;
};

struct routing_slot {
	uint32_t there; /* bit: the field is there */
	VEC(struct routing_question) questions;
};

struct routing_test {
	uint32_t bit;
	bool set; /* as it must be */
};

struct routing_group {
	struct routing_test *p;
	size_t n;
};

/* All tests of one of the groups; no group at all: always. */
struct routing_conditions {
	struct routing_group *p;
	size_t n;
};

struct routing {
	struct routing_slot *slots; /* by slot - 1, where `of` says so */
	size_t n_slots, room;
	uint32_t bits;
};

/* Compile conditions. `slot` is asked for the number of each field; *of (by that number, 0: none yet) gets where in
 * routing->slots it stands, + 1. */
struct routing_conditions routing_add(struct routing *routing, struct arena *arena, const struct mapping_conditions *conditions,
                                      uint32_t *(*of)(void *ctx, struct str field), void *ctx);
bool routing_meets(const struct routing_conditions *conditions, const uint64_t *bits);
/* Add the bits of one value, which is without escapes. */
void routing_ask(const struct routing_slot *slot, struct str value, uint64_t *bits);
void routing_done(struct routing *routing);

#endif
