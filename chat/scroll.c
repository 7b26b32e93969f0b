#include "scroll.h"

/* An item and the place in it: what is walked with. */
struct walk {
	const struct view *view;
	struct item item;
	int row;
};

static void
walk_to(struct walk *w, uint64_t id)
{
	item_load(&w->item, w->view, id);
}

static bool
step_down(struct walk *w)
{
	if (w->row + 1 < w->item.rows) {
		w->row++;
		return true;
	}
	if (w->item.next >= w->view->next)
		return false;
	walk_to(w, w->item.next);
	w->row = -w->item.n_rules;
	return true;
}

static bool
step_up(struct walk *w)
{
	if (w->row > -w->item.n_rules) {
		w->row--;
		return true;
	}
	if (w->item.id <= w->view->first)
		return false;
	walk_to(w, w->item.id - 1);
	w->row = w->item.rows - 1;
	return true;
}

struct place
scroll_first(const struct view *v)
{
	struct walk w = { .view = v };

	walk_to(&w, v->first);
	struct place place = { v->first, -w.item.n_rules };
	item_done(&w.item);
	return place;
}

struct place
scroll_last(const struct view *v, int rows)
{
	struct walk w = { .view = v };

	walk_to(&w, v->next - 1);
	w.row = w.item.rows - 1;
	while (--rows > 0 && step_up(&w))
		;
	struct place place = { w.item.id, w.row };
	item_done(&w.item);
	return place;
}

int
scroll_move(const struct view *v, struct place *place, int by)
{
	struct walk w = { .view = v, .row = place->row };
	int moved = 0;

	if (v->first == v->next)
		return 0;
	walk_to(&w, place->id);
	while (moved < by && step_down(&w))
		moved++;
	while (moved > by && step_up(&w))
		moved--;
	*place = (struct place){ w.item.id, w.row };
	item_done(&w.item);
	return moved;
}

int
scroll_below(const struct view *v, struct place place, int most)
{
	return scroll_move(v, &place, most - 1) + 1;
}

/* The row's first byte in the text. */
static size_t
byte_of(const struct item *item, int row)
{
	struct wrap wrap;
	struct wrap_row at = { 0 };

	wrap_start(&wrap, item->text, item->first, item->columns);
	while (row-- >= 0 && wrap_next(&wrap, &at))
		;
	return at.from;
}

static int
row_of(const struct item *item, size_t byte)
{
	struct wrap wrap;
	struct wrap_row at;
	int row = 0;

	if (item->is_rule)
		return 0;
	wrap_start(&wrap, item->text, item->first, item->columns);
	while (wrap_next(&wrap, &at) && at.next <= byte && row < item->rows - 1)
		row++;
	return row;
}

struct anchor
scroll_anchor(const struct view *v, struct place place)
{
	struct item item = { 0 };
	struct anchor anchor = { .id = place.id };

	item_load(&item, v, place.id);
	if (place.row < 0)
		anchor.rule = place.row;
	else if (!item.is_rule)
		anchor.byte = byte_of(&item, place.row);
	item_done(&item);
	return anchor;
}

struct place
scroll_place(const struct view *v, const struct anchor *anchor)
{
	struct item item = { 0 };
	struct place place;
	int gone = 0;

	if (anchor->id < v->first)
		return scroll_first(v);
	if (anchor->id >= v->next)
		return scroll_last(v, 1);
	item_load(&item, v, anchor->id);
	place = (struct place){ item.id, anchor->rule };
	if (anchor->rule >= 0)
		place.row = row_of(&item, anchor->byte);
	else if (place.row < -item.n_rules)
		gone = -item.n_rules - place.row;
	place.row += gone;
	item_done(&item);
	/* In place of a rule that is no more stands what came before it. */
	scroll_move(v, &place, -gone);
	return place;
}
