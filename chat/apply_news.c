/*
 * What goes on in rooms: entries, members and their presence; and the answers
 * to questions.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <stdlib.h>
#include <sysexits.h>

#include "apply_state.h"
#include "text.h"
#include "xmalloc.h"

enum { WORDS_MAX = 32768 }; /* bytes of names gathered for one answer */

/* ---- entries ---- */

static bool
is_self(const struct apply *a, struct slice nick)
{
	struct slice own = slice_of(a->model->nick);

	return slice_is(nick, own) || names_same(nick, own);
}

static void
spoke(struct room *room, const struct msg_entry *e)
{
	struct member *member = room_member(room, e->who);

	if (member != NULL)
		member->spoke = e->time;
}

static void
set_topic(struct room *room, const struct msg_entry *e)
{
	struct buf safe = { 0 };

	if (e->seq <= room->since)
		return;
	text_safe(&safe, e->text, TEXT_ONE_LINE);
	free(room->topic);
	room->topic = xstrdup(buf_string(&safe));
	buf_done(&safe);
}

static void
rename_in(struct apply *a, struct room *room, const struct msg_entry *e)
{
	if (e->seq > room->named)
		room_member_rename(room, e->who, e->text);
	if (e->seq > room->since && room->is_direct &&
	    names_same(e->who, slice_of(room->name)))
		model_room_rename(a->model, room, e->text);
}

/* What an entry changes besides being read. */
static void
note_entry(struct apply *a, struct room *room, const struct msg_entry *e)
{
	switch (e->kind) {
	case ENTRY_SAID:
	case ENTRY_ACTION:
	case ENTRY_NOTICE:
		spoke(room, e);
		break;
	case ENTRY_JOINED:
		if (e->seq > room->named)
			room_member_put(room, e->who, PRESENCE_HERE);
		break;
	case ENTRY_LEFT:
		if (e->seq > room->named)
			room_member_drop(room, e->who);
		break;
	case ENTRY_RENAMED:
		rename_in(a, room, e);
		break;
	case ENTRY_TOPIC:
		set_topic(room, e);
		break;
	case ENTRY_FILE:
	case ENTRY_ARRIVED:
		apply_autoget(a, room, e);
		break;
	}
}

static void
entry_event(struct apply *a, const struct room *room, const char *kind,
    const struct msg_entry *e)
{
	struct event event = { e->time, room->name, e->seq, kind, e->who,
		e->text };

	model_event(a->model, &event);
}

void
apply_head(const struct apply *a, const struct room *room,
    const struct msg_entry *e, struct line *head)
{
	const struct entry_row *row = protocol_entry(e->kind);
	bool is_message =
	    row == NULL || row->by == FROM_CLIENT || row->kind == ENTRY_FILE;

	*head =
	    (struct line){ .what = LINE_ENTRY, .seq = e->seq, .time = e->time };
	head->kind = row != NULL ? e->kind : ENTRY_NOTICE;
	head->is_mine = is_self(a, e->who);
	head->is_mention = is_message && !head->is_mine &&
	    (room->is_direct ||
		model_mentions(e->text, slice_of(a->model->nick)));
}

static void
show_entry(struct apply *a, struct room *room, const struct msg_entry *e)
{
	const struct entry_row *row = protocol_entry(e->kind);
	struct line head;

	apply_head(a, room, e, &head);
	if (outbox_seen(&a->outbox, room, e)) {
		head.is_mine = true;
		head.is_mention = false;
	}
	entry_event(a, room, row != NULL ? row->name : "notice", e);
	model_line(a->model, room, &head, e->who, e->text);
}

bool
hear_entry(struct apply *a, const union message *m)
{
	const struct msg_entry *e = &m->entry;
	struct room *room = model_room_number(a->model, e->room);

	if (room == NULL || e->seq <= room->seq)
		return true;
	if (e->seq != room->seq + 1)
		return apply_fail(a, false, EX_PROTOCOL,
		    "the server left out entries of %s", room->name);
	room->seq = e->seq;
	if (room->head < e->seq)
		room->head = e->seq;
	show_entry(a, room, e);
	note_entry(a, room, e);
	if (room->seq == room->head)
		outbox_caught_up(&a->outbox, room);
	return true;
}

/* ---- presence ---- */

bool
hear_presence(struct apply *a, const union message *m)
{
	const struct msg_presence *p = &m->presence;
	struct event event = { .time = a->model->wall(),
		.room = "",
		.kind = "presence",
		.who = p->nick };
	size_t i;

	for (i = 1; i < a->model->n_rooms; i++) {
		struct member *member =
		    room_member(a->model->rooms[i], p->nick);
		if (member != NULL)
			member->state = p->state;
	}
	event.text = p->state == PRESENCE_LOST ? SLICE("lost") : SLICE("here");
	model_event(a->model, &event);
	return true;
}

bool
hear_unsure(struct apply *a, const union message *m)
{
	size_t i;

	(void)m;
	for (i = 1; i < a->model->n_rooms; i++) {
		struct room *room = a->model->rooms[i];
		if (room->is_attached)
			apply_names(a, room);
	}
	return true;
}

/* ---- lists ---- */

static void
begin_names(struct asked *asked)
{
	if (!asked->has_begun)
		room_members_doubt(asked->room);
	asked->has_begun = true;
}

bool
hear_member(struct apply *a, const union message *m)
{
	const struct msg_member *member = &m->member;
	struct asked *asked = asking_find(&a->asking, member->ref);

	if (asked == NULL || asked->type != MSG_NAMES)
		return true;
	begin_names(asked);
	room_member_put(asked->room, member->nick, member->state);
	asked->count++;
	if (!asked->is_own && asked->words.len < WORDS_MAX)
		buf_printf(&asked->words, "%s%.*s%s",
		    asked->words.len != 0 ? ", " : "", SLICE_ARG(member->nick),
		    member->state == PRESENCE_LOST ? " (lost)" : "");
	return true;
}

bool
hear_listed(struct apply *a, const union message *m)
{
	const struct msg_listed *l = &m->listed;
	struct asked *asked = asking_find(&a->asking, l->ref);

	if (asked == NULL || asked->type != MSG_LIST)
		return true;
	asked->count++;
	model_say(a->model, asked->room, "%.*s %u%s%.*s", SLICE_ARG(l->room),
	    l->members, l->topic.len != 0 ? " " : "", SLICE_ARG(l->topic));
	return true;
}

void
apply_when(char out[APPLY_WHEN], uint64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(out, APPLY_WHEN, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, APPLY_WHEN, "?");
}

bool
hear_person(struct apply *a, const union message *m)
{
	const struct msg_person *p = &m->person;
	struct asked *asked = asking_find(&a->asking, p->ref);
	struct buf words = { 0 };
	char when[APPLY_WHEN];

	if (asked == NULL || asked->type != MSG_WHO)
		return true;
	apply_when(when, p->since);
	if (p->state == PRESENCE_LOST)
		buf_printf(&words, "connection lost at %s", when);
	else
		buf_printf(&words, "here since %s, idle for %u s, uses %.*s",
		    when, p->idle, SLICE_ARG(p->software));
	if (p->account.len != 0)
		buf_printf(&words, ", account %.*s", SLICE_ARG(p->account));
	if (p->peer.len != 0)
		buf_printf(&words, ", from %.*s to %.*s", SLICE_ARG(p->peer),
		    SLICE_ARG(p->local));
	model_say(a->model, asked->room, "%.*s: %s", SLICE_ARG(p->nick),
	    buf_string(&words));
	buf_done(&words);
	apply_answered(a, asked);
	return true;
}

bool
hear_answered(struct apply *a, const union message *m)
{
	const struct msg_answered *answer = &m->answered;
	struct asked *asked = asking_find(&a->asking, answer->ref);

	if (asked == NULL || asked->type != MSG_ASK)
		return true;
	model_say(a->model, asked->room, "%.*s", SLICE_ARG(answer->text));
	apply_answered(a, asked);
	return true;
}

/* ---- done ---- */

static bool
names_done(struct apply *a, struct asked *asked, const struct msg_done *d)
{
	struct room *room = asked->room;
	union message m = { .names = {
				MSG_NAMES, 0, slice_of(room->name), d->next } };

	begin_names(asked);
	if (!asked->has_moment || room->named == UINT64_MAX)
		room->named = d->seq;
	asked->has_moment = true;
	if (d->next != 0) {
		asking_go_on(asked, a->out, &m);
		return false;
	}
	room_members_settle(room);
	if (!asked->is_own)
		model_say(a->model, room, "%u in %s: %s", asked->count,
		    room->name, buf_string(&asked->words));
	return true;
}

static bool
list_done(struct apply *a, struct asked *asked, const struct msg_done *d)
{
	union message m = { .list = { MSG_LIST, 0, d->next } };

	if (d->next != 0) {
		asking_go_on(asked, a->out, &m);
		return false;
	}
	model_say(a->model, asked->room, "%u room%s", asked->count,
	    asked->count == 1 ? "" : "s");
	return true;
}

/* A room that one is in has told it already. */
static void
nick_done(struct apply *a, struct asked *asked)
{
	struct model *m = a->model;
	const struct room *room = asked->room;

	snprintf(m->nick, sizeof(m->nick), "%s", buf_string(&asked->words));
	snprintf(a->nick, sizeof(a->nick), "%s", m->nick);
	if (room == NULL || room->is_direct || !room->is_attached)
		model_say(m, asked->room, "you are %s now", m->nick);
}

/* true: the request is answered wholly. */
static bool
finish(struct apply *a, struct asked *asked, const struct msg_done *d)
{
	switch (asked->type) {
	case MSG_NAMES:
		return names_done(a, asked, d);
	case MSG_LIST:
		return list_done(a, asked, d);
	case MSG_NICK:
		nick_done(a, asked);
		return true;
	case MSG_HISTORY:
		return apply_history_done(a, asked, d);
	case MSG_SEARCH:
		return apply_search_done(a, asked, d);
	case MSG_FILES:
		return apply_files_done(a, asked, d);
	default:
		return true;
	}
}

bool
hear_done(struct apply *a, const union message *m)
{
	struct asked *asked = asking_find(&a->asking, m->done.ref);

	if (asked == NULL || !finish(a, asked, &m->done))
		return true;
	if (!asked->is_own)
		model_answer(a->model, m);
	apply_answered(a, asked);
	return true;
}
