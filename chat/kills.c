#include "kills.h"

void
kills_done(struct kills *k)
{
	for (unsigned i = 0; i < KILLS_MAX; i++)
		buf_done(&k->text[i]);
	*k = (struct kills){ 0 };
}

void
kills_add(struct kills *k, struct slice text)
{
	k->newest = (k->newest + 1) % KILLS_MAX;
	if (k->n < KILLS_MAX)
		k->n++;
	buf_clear(&k->text[k->newest]);
	buf_add_slice(&k->text[k->newest], text);
}

void
kills_grow(struct kills *k, struct slice text, bool at_front)
{
	struct buf *newest = &k->text[k->newest];
	struct buf grown = { 0 };

	if (!at_front) {
		buf_add_slice(newest, text);
		return;
	}
	buf_add_slice(&grown, text);
	buf_add_slice(&grown, buf_slice(newest));
	buf_done(newest);
	*newest = grown;
}

bool
kills_get(const struct kills *k, unsigned back, struct slice *text)
{
	if (k->n == 0)
		return false;
	back %= k->n;
	*text = buf_slice(&k->text[(k->newest + KILLS_MAX - back) % KILLS_MAX]);
	return true;
}
