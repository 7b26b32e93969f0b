#include "fold.h"

/* By the first and the last thing one did. */
enum outcome {
	JOINED,
	LEFT,
	CAME_AND_WENT,
	CAME_BACK,
	OUTCOMES,
};

static const char *const words[OUTCOMES] = {
	"joined",
	"left",
	"came and went",
	"left and came back",
};

struct person {
	struct slice who, why;
	bool came_first, came_last;
};

struct people {
	struct person at[FOLD_MAX];
	size_t n;
};

bool
fold_is(const struct line *line)
{
	return line->what == LINE_ENTRY &&
	    (line->kind == ENTRY_JOINED || line->kind == ENTRY_LEFT);
}

static void
see(struct people *people, const struct line *line)
{
	struct slice who = line_who(line);
	bool came = line->kind == ENTRY_JOINED;
	size_t i = 0;

	while (i < people->n && !slice_is(people->at[i].who, who))
		i++;
	if (i == FOLD_MAX)
		return;
	struct person *person = &people->at[i];
	if (i == people->n) {
		people->n++;
		*person = (struct person){ .who = who, .came_first = came };
	}
	person->came_last = came;
	person->why = came ? SLICE("") : line_text(line);
}

static enum outcome
outcome_of(const struct person *person)
{
	if (person->came_first)
		return person->came_last ? JOINED : CAME_AND_WENT;
	return person->came_last ? CAME_BACK : LEFT;
}

/* "dave, erik and fred joined"; why only when it is one person's. */
static void
tell(struct buf *out, const struct people *people, enum outcome outcome)
{
	const struct person *last = NULL;
	size_t n = 0, told = 0;

	for (size_t i = 0; i < people->n; i++)
		if (outcome_of(&people->at[i]) == outcome) {
			last = &people->at[i];
			n++;
		}
	if (n == 0)
		return;
	if (out->len != 0)
		buf_add_string(out, ", ");
	for (size_t i = 0; i < people->n; i++) {
		if (outcome_of(&people->at[i]) != outcome)
			continue;
		if (told++ != 0)
			buf_add_string(out, told == n ? " and " : ", ");
		buf_add_slice(out, people->at[i].who);
	}
	buf_printf(out, " %s", words[outcome]);
	if (n == 1 && last->why.len != 0)
		buf_printf(out, " (%.*s)", SLICE_ARG(last->why));
}

void
fold_text(struct buf *out, const struct scrollback *lines, uint64_t first,
    uint64_t next)
{
	struct people people = { .n = 0 };
	struct buf text = { 0 };

	for (uint64_t id = first; id < next; id++)
		see(&people, scrollback_line(lines, id));
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		tell(&text, &people, (enum outcome)outcome);
	buf_add_slice(out, buf_slice(&text));
	buf_done(&text);
}
