/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/routing.h"

static uint32_t bit_new(struct routing *routing)
{
	return routing->bits++;
}

static struct routing_slot *slot_new(struct routing *routing)
{
	if (routing->n_slots == routing->room) {
		routing->room = routing->room ? routing->room * 2 : 64;
		routing->slots = mem_resize(routing->slots, routing->room * sizeof(*routing->slots));
	}
	struct routing_slot *slot = &routing->slots[routing->n_slots++];
	*slot = (struct routing_slot){ .there = bit_new(routing) };
	return slot;
}

static bool same_values(const struct strings *a, const struct strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq_nocase(a->p[i], b->p[i]))
			return false;
	return true;
}

static uint32_t question_bit(struct routing *routing, struct routing_slot *slot, const struct strings *values)
{
	for (size_t i = 0; i < slot->questions.n; i++)
		if (same_values(slot->questions.p[i].values, values))
			return slot->questions.p[i].bit;
	uint32_t bit = bit_new(routing);
	vec_push(&slot->questions, { values, bit });
	return bit;
}

struct routing_conditions routing_add(struct routing *routing, struct arena *arena, const struct mapping_conditions *conditions,
                                      uint32_t *(*of)(void *ctx, struct str field), void *ctx)
{
	struct routing_conditions out = { ARENA_ARRAY(arena, struct routing_group, conditions->n), conditions->n };
	for (size_t i = 0; i < conditions->n; i++) {
		const struct mapping_group *group = &conditions->p[i];
		struct routing_group *to = &out.p[i];
		to->p = ARENA_ARRAY(arena, struct routing_test, group->n * 2);
		for (size_t k = 0; k < group->n; k++) {
			const struct mapping_condition *condition = &group->p[k];
			uint32_t *place = of(ctx, condition->field);
			if (!*place) {
				slot_new(routing);
				*place = (uint32_t)routing->n_slots;
			}
			struct routing_slot *slot = &routing->slots[*place - 1];
			if (condition->values.n == 0 || condition->negated)
				to->p[to->n++] = (struct routing_test){ slot->there, true };
			if (condition->values.n)
				to->p[to->n++] =
					(struct routing_test){ question_bit(routing, slot, &condition->values), !condition->negated };
			else if (condition->negated) /* there, and not there: never */
				to->p[to->n++] = (struct routing_test){ slot->there, false };
		}
	}
	return out;
}

bool routing_meets(const struct routing_conditions *conditions, const uint64_t *bits)
{
	for (size_t i = 0; i < conditions->n; i++) {
		const struct routing_group *group = &conditions->p[i];
		size_t met = 0;
		while (met < group->n && (bits[group->p[met].bit / 64] >> group->p[met].bit % 64 & 1) == group->p[met].set)
			met++;
		if (met == group->n)
			return true;
	}
	return conditions->n == 0;
}

void routing_ask(const struct routing_slot *slot, struct str value, uint64_t *bits)
{
	for (size_t i = 0; i < slot->questions.n; i++) {
		const struct routing_question *question = &slot->questions.p[i];
		bool is = false;
		for (size_t k = 0; k < question->values->n && !is; k++)
			is = mapping_value_is(question->values->p[k], value);
		if (is)
			bits[question->bit / 64] |= UINT64_C(1) << question->bit % 64;
	}
}

void routing_done(struct routing *routing)
{
	for (size_t i = 0; i < routing->n_slots; i++)
		vec_done(&routing->slots[i].questions);
	free(routing->slots);
}
