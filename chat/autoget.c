#include "autoget.h"

#include <stdio.h>
#include <stdlib.h>

#include "names.h"
#include "xmalloc.h"

static bool
is_of(const struct autoget *rule, struct slice who)
{
	struct slice own = slice_of(rule->who);

	return slice_is(own, who) || names_same(own, who);
}

static void
drop(struct autoget **at)
{
	struct autoget *rule = *at;

	*at = rule->next;
	free(rule);
}

void
autoget_set(struct autoget **list, struct slice who, uint64_t most)
{
	struct autoget **at = list, *rule;

	while (*at != NULL)
		if (who.len == 0 || is_of(*at, who))
			drop(at);
		else
			at = &(*at)->next;
	if (who.len == 0 || most == 0)
		return;
	rule = *at = xcalloc(1, sizeof(*rule));
	snprintf(rule->who, sizeof(rule->who), "%.*s", SLICE_ARG(who));
	rule->most = most;
}

bool
autoget_takes(const struct autoget *rules, struct slice who, struct slice room,
    uint64_t size)
{
	const struct slice of[] = { who, room, SLICE("*") };

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		for (const struct autoget *r = rules; r != NULL; r = r->next)
			if (is_of(r, of[i]))
				return size <= r->most;
	return false;
}
