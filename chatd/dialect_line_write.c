/*
 * What one person is told: answers.  To each line that is not empty there is
 * one that begins with +ok or -no, and before it any number that begin with =.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "dialect_line.h"
#include "names.h"

/* ---- parts ---- */

static void
start(struct buf *, const char *, ...) __attribute__((format(printf, 2, 3)));

/* Our own words, or numbers: nothing that comes from others. */
static void
start(struct buf *out, const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	buf_add_string(out, words);
}

void
line_no(struct buf *out, const char *word, const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	buf_printf(out, "-no %s %s", word, words);
	line_end(out);
}

/* A civil date from days since 1970, by eras of 400 years that begin in March.
 */
static void
add_time(struct buf *out, uint64_t ms)
{
	uint64_t s = ms / 1000 % 86400, z = ms / 86400000 + 719468;
	uint64_t era = z / 146097, day = z % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t of_year = day - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * of_year + 2) / 153;

	day = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	start(out,
	    "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64
	    ":%02" PRIu64 "Z",
	    year, month, day, s / 3600, s / 60 % 60, s % 60);
}

/* The answer is complete. */
static void
ok(struct line *t, struct buf *out, struct slice about)
{
	start(out, "+ok %s", t->command->name);
	if (about.len != 0)
		buf_add_u8(out, ' ');
	line_safe(out, about);
	t->is_busy = false;
}

static void
ok_line(struct line *t, struct buf *out, struct slice about)
{
	ok(t, out, about);
	line_end(out);
}

/* The same again, from where the last page ended. */
static void
again(struct line *t)
{
	t->is_busy = false;
	t->is_again = true;
}

static bool
is_mine(const struct line *t, uint64_t ref)
{
	return t->is_busy && ref == t->ref;
}

/* ---- who one is, and rooms ---- */

static void
rows(struct buf *out, struct slice text)
{
	while (text.len != 0) {
		const char *end = memchr(text.at, '\n', text.len);
		struct slice line = text;

		if (end != NULL)
			line.len = (size_t)(end - text.at);
		buf_add_string(out, "= ");
		line_safe(out, line);
		line_end(out);
		line.len += end != NULL;
		text.at += line.len;
		text.len -= line.len;
	}
}

/* The first room follows by itself. */
static void
write_welcome(struct line *t, struct buf *out, const union message *m)
{
	t->is_named = true;
	t->last = m->welcome.last;
	t->text_max = m->welcome.text;
	rows(out, m->welcome.motd);
	ok_line(t, out, m->welcome.nick);
	t->command = &line_joins;
	t->ask = (union message){ .join = {
				      MSG_JOIN, ++t->ref, SLICE(LINE_LOBBY) } };
	again(t);
}

static void
write_attached(struct line *t, struct buf *out, const union message *m)
{
	const struct msg_attached *a = &m->attached;
	struct line_room *room = line_enter(t, a->room, a->name);

	if (!is_mine(t, a->ref))
		return;
	if (room != NULL)
		line_choose(t, room);
	if (a->topic.len != 0) {
		buf_add_string(out, "= ");
		line_safe(out, a->topic);
		line_end(out);
	}
	ok(t, out, a->name);
	start(out, " %" PRIu64 " entries from before",
	    a->head >= a->first ? a->head - a->first + 1 : 0);
	line_end(out);
}

static void
write_detached(struct line *t, struct buf *out, const union message *m)
{
	const struct line_room *room = line_numbered(t, m->detached.room);

	if (is_mine(t, m->detached.ref))
		ok_line(t, out,
		    room != NULL ? slice_of(room->name) : t->ask.part.room);
	else if (room != NULL && room == line_current(t))
		t->is_alone = !names_is_room(slice_of(room->name));
	line_leave(t, m->detached.room);
}

static void
write_stored(struct line *t, struct buf *out, const union message *m)
{
	const struct line_room *room = line_numbered(t, m->stored.room);

	t->last = m->stored.n;
	if (!t->is_busy || t->ask.type != MSG_SAY)
		return;
	ok(t, out, room != NULL ? slice_of(room->name) : t->ask.say.to);
	start(out, " %" PRIu64, m->stored.seq);
	line_end(out);
}

/* ---- no ---- */

static void
write_refused(struct line *t, struct buf *out, const union message *m)
{
	enum refusal why = (enum refusal)m->refused.code;

	if (why == REFUSE_TOO_FAST && m->refused.wait != 0 && t->is_named &&
	    t->is_busy) {
		again(t);
		return;
	}
	t->is_busy = false;
	if (why == REFUSE_TEXT_LONG && t->text_max != 0)
		line_no(out, refusal_name(why),
		    "at most %" PRIu32 " bytes can be said at once",
		    t->text_max);
	else
		line_no(out, refusal_name(why), "%s", refusal_text(why));
}

static void
write_bye(struct line *t, struct buf *out, const union message *m)
{
	enum refusal why = (enum refusal)m->bye.reason;

	t->is_busy = false;
	if (why == FINE)
		buf_add_string(out, "+ok quit\r\n");
	else
		line_no(out, refusal_name(why), "%s", refusal_text(why));
}

/* ---- lists ---- */

static void
write_member(struct line *t, struct buf *out, const union message *m)
{
	t->n++;
	buf_add_string(out, "= ");
	line_safe(out, m->member.nick);
	if (m->member.state != PRESENCE_HERE)
		buf_add_string(out, " (connection lost)");
	line_end(out);
}

static void
write_person(struct line *t, struct buf *out, const union message *m)
{
	const struct msg_person *p = &m->person;

	buf_add_string(out, "= ");
	line_safe(out, p->nick);
	buf_add_string(
	    out, p->state == PRESENCE_HERE ? " here since " : " lost since ");
	add_time(out, p->since);
	start(out, ", idle %" PRIu32 " s", p->idle);
	if (p->software.len != 0)
		buf_add_string(out, ", with ");
	line_safe(out, p->software);
	if (p->account.len != 0)
		buf_add_string(out, ", account ");
	line_safe(out, p->account);
	line_end(out);
	if (p->peer.len != 0) {
		buf_add_string(out, "= from ");
		line_safe(out, p->peer);
		buf_add_string(out, " to ");
		line_safe(out, p->local);
		line_end(out);
	}
	ok_line(t, out, p->nick);
}

static void
write_answered(struct line *t, struct buf *out, const union message *m)
{
	rows(out, m->answered.text);
	ok_line(t, out, SLICE(""));
}

/* Of all rooms, or only the topic of one. */
static void
write_listed(struct line *t, struct buf *out, const union message *m)
{
	const struct msg_listed *l = &m->listed;

	if (t->only.len != 0 &&
	    (!slice_is(t->only, l->room) || l->topic.len == 0))
		return;
	t->n++;
	buf_add_string(out, "= ");
	if (t->only.len == 0) {
		line_safe(out, l->room);
		start(out, " %" PRIu32, l->members);
		if (l->topic.len != 0)
			buf_add_u8(out, ' ');
	}
	line_safe(out, l->topic);
	line_end(out);
}

static void
write_past(struct line *t, struct buf *out, const union message *m)
{
	struct buf head = { 0 };

	t->n++;
	start(&head, "= %" PRIu64 " ", m->past.seq);
	add_time(&head, m->past.time);
	buf_add_u8(&head, ' ');
	buf_add_slice(out, buf_slice(&head));
	line_entry(out, "= ", m->past.room, (enum entry_kind)m->past.kind,
	    m->past.who, m->past.text);
	buf_done(&head);
}

/* First only the newest number was asked for; what is wanted ends there. */
static bool
history_goes_on(struct line *t, const struct msg_done *d)
{
	struct msg_history *h = &t->ask.history;

	if (h->n == 0) {
		h->from = d->seq > t->wanted ? d->seq - t->wanted + 1 : 1;
		h->n = t->wanted;
		return d->seq != 0;
	}
	if (d->next == 0 || t->n >= t->wanted)
		return false;
	h->from = d->next;
	h->n = t->wanted - t->n;
	return true;
}

static bool
goes_on(struct line *t, const struct msg_done *d)
{
	switch (t->ask.type) {
	case MSG_NAMES:
		t->ask.names.after = d->next;
		return d->next != 0;
	case MSG_LIST:
		t->ask.list.after = d->next;
		return d->next != 0;
	case MSG_HISTORY:
		return history_goes_on(t, d);
	default:
		return false;
	}
}

static void
write_done(struct line *t, struct buf *out, const union message *m)
{
	const struct msg_done *d = &m->done;

	if (!is_mine(t, d->ref))
		return;
	if (goes_on(t, d)) {
		again(t);
		return;
	}
	switch (t->ask.type) {
	case MSG_NICK:
		ok_line(t, out, t->ask.nick.nick);
		return;
	case MSG_TOPIC:
		ok_line(t, out, t->ask.topic.room);
		return;
	default:
		ok(t, out, t->only);
		start(out, " %u", t->n);
		if (t->ask.type == MSG_SEARCH && d->next != 0)
			buf_add_string(out, ", there are more");
		line_end(out);
	}
}

static void
write_unsure(struct line *t, struct buf *out, const union message *m)
{
	(void)t;
	(void)m;
	buf_add_string(out, "-- some came and went unseen; see /names\r\n");
}

/* What is not here a person need not know. */
static void (*const writers[])(
    struct line *, struct buf *, const union message *) = {
	[MSG_BYE] = write_bye,
	[MSG_WELCOME] = write_welcome,
	[MSG_ATTACHED] = write_attached,
	[MSG_DETACHED] = write_detached,
	[MSG_STORED] = write_stored,
	[MSG_REFUSED] = write_refused,
	[MSG_DONE] = write_done,
	[MSG_MEMBER] = write_member,
	[MSG_PERSON] = write_person,
	[MSG_LISTED] = write_listed,
	[MSG_UNSURE] = write_unsure,
	[MSG_PAST] = write_past,
	[MSG_ANSWERED] = write_answered,
};

void
line_write(void *kept, struct buf *out, const union message *m)
{
	if (m->type < sizeof(writers) / sizeof(*writers) &&
	    writers[m->type] != NULL)
		writers[m->type](kept, out, m);
}
