/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * vec: a growing array of one type.
 *
 *	VEC(int) ports = { 0 };
 *	vec_push(&ports, 22);
 *	for (size_t i = 0; i < ports.n; i++) use(ports.p[i]);
 *	vec_done(&ports);
 *
 * vec_push_in() takes its memory from an arena and needs no vec_done().
 */
#ifndef WARD_BASE_VEC_H
#define WARD_BASE_VEC_H

#include <stdlib.h>

#include "base/arena.h"

#define VEC(type)          \
	struct {           \
		type *p;   \
		size_t n, room; \
	}

#define vec_push(vec, ...)                                                               \
	do {                                                                             \
		__typeof__(vec) v_ = (vec);                                              \
		if (v_->n == v_->room) {                                                 \
			v_->room = v_->room ? v_->room * 2 : 8;                          \
			v_->p = mem_resize(v_->p, v_->room * sizeof(*v_->p));            \
		}                                                                        \
		v_->p[v_->n++] = (__typeof__(*v_->p))__VA_ARGS__;                        \
	} while (0)

#define vec_push_in(arena, vec, ...)                                                     \
	do {                                                                             \
		__typeof__(vec) v_ = (vec);                                              \
		if (v_->n == v_->room) {                                                 \
			size_t room_ = v_->room ? v_->room * 2 : 8;                      \
			void *p_ = arena_array(arena, sizeof(*v_->p), room_);            \
			if (v_->n)                                                       \
				memcpy(p_, v_->p, v_->n * sizeof(*v_->p));               \
			v_->p = p_;                                                      \
			v_->room = room_;                                                \
		}                                                                        \
		v_->p[v_->n++] = (__typeof__(*v_->p))__VA_ARGS__;                        \
	} while (0)

#define vec_done(vec)                                                                    \
	do {                                                                             \
		__typeof__(vec) v_ = (vec);                                              \
		free(v_->p);                                                             \
		v_->p = NULL;                                                            \
		v_->n = v_->room = 0;                                                    \
	} while (0)

#endif
