#include "store_queue.h"

#include <string.h>

#include "xmalloc.h"

size_t
queue_len(const struct queue *q)
{
	return q->n - q->head;
}

void
queue_add(struct queue *q, struct ask ask)
{
	if (q->n == q->cap && q->head > q->n / 2) {
		q->n -= q->head;
		memmove(q->at, q->at + q->head, q->n * sizeof(*q->at));
		q->head = 0;
	}
	if (q->n == q->cap) {
		q->cap = q->cap != 0 ? q->cap * 2 : 64;
		q->at = xrealloc(q->at, q->cap, sizeof(*q->at));
	}
	q->at[q->n++] = ask;
}

struct ask
queue_take(struct queue *q)
{
	struct ask ask = q->at[q->head++];

	if (q->head == q->n)
		q->head = q->n = 0;
	return ask;
}

void
queue_move(struct queue *from, struct queue *to, size_t max)
{
	while (max-- != 0 && queue_len(from) != 0)
		queue_add(to, queue_take(from));
}
