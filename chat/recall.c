#include "recall.h"

#include "utf8.h"

void
recall_start(struct recall *r)
{
	*r = (struct recall){ .is_on = true };
}

void
recall_stop(struct recall *r)
{
	buf_done(&r->words);
	buf_done(&r->found);
	r->is_on = false;
}

static bool
search(struct recall *r, const struct history *h)
{
	struct slice line;

	if (r->words.len == 0 ||
	    !history_search(h, buf_slice(&r->words), &r->back, &line))
		return false;
	buf_clear(&r->found);
	buf_add_slice(&r->found, line);
	return true;
}

static bool
search_anew(struct recall *r, const struct history *h)
{
	r->back = 0;
	buf_clear(&r->found);
	return search(r, h);
}

bool
recall_type(struct recall *r, const struct history *h, struct slice text)
{
	buf_add_slice(&r->words, text);
	return search_anew(r, h);
}

bool
recall_erase(struct recall *r, const struct history *h)
{
	struct slice words = buf_slice(&r->words);

	if (words.len == 0)
		return false;
	r->words.len = utf8_cluster_before(words.at, words.len);
	search_anew(r, h);
	return true;
}

bool
recall_older(struct recall *r, const struct history *h)
{
	return search(r, h);
}
