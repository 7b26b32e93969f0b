#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

/* The line so many back: 1 is the newest. */
static char **
line_back(const struct history *h, size_t back)
{
	return &h->line[(h->first + h->n - back) % HISTORY_MAX];
}

static void
forget_draft(struct history *h)
{
	free(h->draft);
	h->draft = NULL;
	h->back = 0;
}

void
history_done(struct history *h)
{
	forget_draft(h);
	for (size_t back = 1; back <= h->n; back++)
		free(*line_back(h, back));
	free(h->line);
	*h = (struct history){ 0 };
}

static void
append(struct history *h, char *line)
{
	if (h->line == NULL)
		h->line = xcalloc(HISTORY_MAX, sizeof(*h->line));
	if (h->n == HISTORY_MAX) {
		free(*line_back(h, HISTORY_MAX));
		h->first = (h->first + 1) % HISTORY_MAX;
		h->n--;
	}
	h->n++;
	*line_back(h, 1) = line;
}

void
history_add(struct history *h, struct slice line)
{
	bool is_news = line.len > 0 &&
	    (h->n == 0 || !slice_is(slice_of(*line_back(h, 1)), line));

	/* Copied first: it may be the draft. */
	if (is_news)
		append(h, xstrndup(line.at, line.len));
	forget_draft(h);
}

bool
history_previous(struct history *h, struct slice now, struct slice *line)
{
	if (h->back == h->n)
		return false;
	if (h->back == 0) {
		char *draft = xstrndup(now.len > 0 ? now.at : "", now.len);
		free(h->draft);
		h->draft = draft;
	}
	h->back++;
	*line = slice_of(*line_back(h, h->back));
	return true;
}

bool
history_next(struct history *h, struct slice *line)
{
	if (h->back == 0)
		return false;
	h->back--;
	*line = slice_of(h->back == 0 ? h->draft : *line_back(h, h->back));
	return true;
}

bool
history_search(const struct history *h, struct slice words, size_t *back,
    struct slice *line)
{
	for (size_t i = *back + 1; i <= h->n; i++) {
		struct slice old = slice_of(*line_back(h, i));
		if (words.len > 0 &&
		    memmem(old.at, old.len, words.at, words.len) == NULL)
			continue;
		*back = i;
		*line = old;
		return true;
	}
	return false;
}
