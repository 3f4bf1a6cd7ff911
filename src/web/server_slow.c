/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdlib.h>

#include "web/server_inside.h"

struct slow {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct visit *first, **last; /* under the mutex */
	unsigned n, most;
	bool ends;
	unsigned n_threads;
	pthread_t threads[];
};

static void *work(void *ctx)
{
	struct slow *slow = ctx;
	for (;;) {
		pthread_mutex_lock(&slow->mutex);
		while (!slow->first && !slow->ends)
			pthread_cond_wait(&slow->more, &slow->mutex);
		struct visit *visit = slow->first;
		if (visit) {
			slow->first = visit->next;
			slow->last = slow->first ? slow->last : &slow->first;
			slow->n--;
		}
		pthread_mutex_unlock(&slow->mutex);
		if (!visit)
			return NULL;
		exchange_read(&visit->exchange);
		visit_resume(visit);
	}
}

int slow_new(unsigned threads, unsigned queue, struct slow **out, struct err *err)
{
	struct slow *slow = mem_alloc(sizeof(*slow) + threads * sizeof(pthread_t));
	pthread_mutex_init(&slow->mutex, NULL);
	pthread_cond_init(&slow->more, NULL);
	slow->last = &slow->first;
	slow->most = queue;
	while (slow->n_threads < threads && pthread_create(&slow->threads[slow->n_threads], NULL, work, slow) == 0)
		slow->n_threads++;
	*out = slow;
	return slow->n_threads ? 0 : err_set(err, -EAGAIN, "no thread for the server");
}

/* What is queued is still done. */
void slow_free(struct slow *slow)
{
	if (!slow)
		return;
	pthread_mutex_lock(&slow->mutex);
	slow->ends = true;
	pthread_cond_broadcast(&slow->more);
	pthread_mutex_unlock(&slow->mutex);
	for (unsigned i = 0; i < slow->n_threads; i++)
		pthread_join(slow->threads[i], NULL);
	pthread_cond_destroy(&slow->more);
	pthread_mutex_destroy(&slow->mutex);
	free(slow);
}

int slow_hand_over(struct slow *slow, struct visit *visit)
{
	int r = -EBUSY;
	pthread_mutex_lock(&slow->mutex);
	if (slow->n < slow->most) {
		visit->next = NULL;
		*slow->last = visit;
		slow->last = &visit->next;
		slow->n++;
		r = 0;
		pthread_cond_signal(&slow->more);
	}
	pthread_mutex_unlock(&slow->mutex);
	return r;
}
