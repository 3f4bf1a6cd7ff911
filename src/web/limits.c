/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/clock.h"

enum { ROWS = 2048, BESIDE = 4 };

struct bucket {
	uint64_t key;  /* 0: free */
	int64_t full;  /* when it will be full again */
};

struct limits {
	uint64_t secret;
	struct row {
		pthread_mutex_t mutex;
		struct bucket bucket[BESIDE];
	} row[ROWS];
};

struct limits *limits_new(void)
{
	struct limits *limits = mem_alloc(sizeof(*limits));
	if (getrandom(&limits->secret, sizeof(limits->secret), 0) < 0)
		limits->secret = (uint64_t)clock_monotonic_ns();
	for (size_t i = 0; i < ROWS; i++)
		pthread_mutex_init(&limits->row[i].mutex, NULL);
	return limits;
}

void limits_free(struct limits *limits)
{
	if (!limits)
		return;
	for (size_t i = 0; i < ROWS; i++)
		pthread_mutex_destroy(&limits->row[i].mutex);
	free(limits);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static struct bucket *bucket_of(struct row *row, uint64_t key)
{
	struct bucket *oldest = &row->bucket[0];
	for (size_t i = 0; i < BESIDE; i++) {
		if (row->bucket[i].key == key)
			return &row->bucket[i];
		if (row->bucket[i].full < oldest->full)
			oldest = &row->bucket[i];
	}
	*oldest = (struct bucket){ .key = key };
	return oldest;
}

bool limits_take(struct limits *limits, enum limit_kind kind, struct str key, struct limit limit, int64_t now)
{
	if (!limit.rate)
		return true;
	uint64_t hash = mix(limits->secret + (uint64_t)kind);
	for (size_t i = 0; i < key.n; i++)
		hash = mix(hash ^ (unsigned char)key.p[i]) + limits->secret;
	hash = hash ? hash : 1;
	struct row *row = &limits->row[hash % ROWS];
	int64_t each = (int64_t)3600 * 1000000000 / limit.rate;
	pthread_mutex_lock(&row->mutex);
	struct bucket *bucket = bucket_of(row, hash);
	int64_t full = MAX(bucket->full, now);
	bool taken = full - now <= each * ((int64_t)MIN(MAX(limit.burst, 1u), 1000000u) - 1);
	bucket->full = taken ? full + each : full;
	pthread_mutex_unlock(&row->mutex);
	return taken;
}
