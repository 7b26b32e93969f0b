/*
 * What is answered from the operator's table, asked for or overheard; and
 * entries by somebody who is no user.
 */
#include "answers.h"
#include "entry.h"
#include "hub.h"
#include "hub_state.h"

enum refusal
hub_ask(struct hub *hub, struct client *client, const struct msg_ask *r)
{
	struct slice answer;

	if (r->question.len > ANSWERS_LINE)
		return REFUSE_TEXT_LONG;
	answer = answers_find(hub->answers, r->question);
	if (answer.len == 0)
		return REFUSE_ANSWER_UNKNOWN;
	hub_tell(client,
	    (union message){ .answered = { MSG_ANSWERED, r->ref, answer } });
	return FINE;
}

enum refusal
hub_post(struct hub *hub, struct slice name, struct slice who,
    struct slice text, hub_posted *then, void *arg)
{
	struct name_key key;
	enum refusal why = names_room(name, &key);
	struct room *room;

	if (why != FINE)
		return why;
	room = hub_room(hub, &key);
	if (room == NULL)
		return REFUSE_ROOM_UNKNOWN;
	hub_append_foreign(hub, room, who, text, then, arg);
	return FINE;
}

/* Only people are answered: an answer is a notice. */
void
hub_overhear(struct hub *hub, struct room *room, const struct entry *e)
{
	struct slice answer;

	if (e->kind != ENTRY_SAID || room->is_direct)
		return;
	answer = answers_overhear(
	    hub->answers, room->key, room->key_len, entry_text(e), hub->now_ms);
	if (answer.len != 0)
		hub_append_foreign(
		    hub, room, SLICE(ANSWERS_WHO), answer, NULL, NULL);
}
