#include "pace.h"

static int64_t
after(int64_t painted_ms, int64_t pause_ms)
{
	return painted_ms != 0 ? painted_ms + pause_ms : 0;
}

static int64_t
answer_due(const struct pace *p)
{
	return p->asked_ms +
	    (p->terminal == PACE_UNKNOWN ? PACE_FIRST_MS : PACE_WAIT_MS);
}

int64_t
pace_keys_due(const struct pace *p)
{
	return after(p->keys_ms, PACE_FRAME_MS);
}

int64_t
pace_news_due(const struct pace *p)
{
	int64_t due;

	if (p->terminal == PACE_SILENT)
		return after(p->news_ms, PACE_SILENT_MS);
	due = after(p->news_ms, p->is_flood ? PACE_FLOOD_MS : PACE_FRAME_MS);
	if (p->is_asked && answer_due(p) > due)
		due = answer_due(p);
	return due;
}

void
pace_keys_painted(struct pace *p, int64_t now_ms)
{
	p->keys_ms = now_ms;
}

void
pace_news_painted(
    struct pace *p, int64_t now_ms, bool did_ask, uint64_t new_rows, int rows)
{
	p->news_ms = now_ms;
	p->is_flood = rows > 0 && new_rows >= (uint64_t)rows;
	if (did_ask) {
		p->is_asked = true;
		p->asked_ms = now_ms;
	}
}

void
pace_answered(struct pace *p)
{
	p->terminal = PACE_ANSWERS;
	p->is_asked = false;
}

void
pace_tick(struct pace *p, int64_t now_ms)
{
	if (!p->is_asked || now_ms < answer_due(p))
		return;
	p->is_asked = false;
	if (p->terminal == PACE_UNKNOWN)
		p->terminal = PACE_SILENT;
}
