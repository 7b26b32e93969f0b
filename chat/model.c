#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include <utf8proc.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "utf8.h"
#include "wake.h"
#include "xmalloc.h"

/* Names are shown: they are kept safe, and cut where a character ends. */
static void
set_name(char *out, size_t size, struct slice name)
{
	struct buf safe = { 0 };
	const char *at;
	size_t len;

	text_safe(&safe, name, TEXT_ONE_LINE);
	at = buf_string(&safe);
	len = safe.len < size ? safe.len : size - 1;
	while (len != 0 && (at[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, at, len);
	out[len] = '\0';
	buf_done(&safe);
}

static struct room *
room_new(struct model *m, struct slice name)
{
	struct room *room = xcalloc(1, sizeof(*room));

	set_name(room->name, sizeof(room->name), name);
	names_key(name, &room->key);
	room->is_direct = name.len != 0 && !names_is_room(name);
	room->topic = xstrdup("");
	m->rooms = xrealloc(m->rooms, m->n_rooms + 1, sizeof(struct room *));
	m->rooms[m->n_rooms++] = room;
	return room;
}

static void
room_free(struct room *room)
{
	room_members_clear(room);
	scrollback_done(&room->lines);
	free(room->topic);
	free(room);
}

struct model *
model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	m->wake = wake_open();
	m->ping_ms = -1;
	m->text_max = PROTOCOL_TEXT_MAX;
	m->is_focused = true;
	m->wall = clock_wall_ms;
	m->looked_at = room_new(m, SLICE(""));
	m->looked_at->is_open = true;
	return m;
}

void
model_free(struct model *m)
{
	struct pending *p;
	size_t i;

	if (m == NULL)
		return;
	while ((p = m->outbox) != NULL) {
		m->outbox = p->next;
		free(p->to);
		free(p->text);
		free(p);
	}
	for (i = 0; i < m->n_rooms; i++)
		room_free(m->rooms[i]);
	free(m->rooms);
	buf_done(&m->scratch);
	close(m->wake);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void
model_lock(struct model *m)
{
	pthread_mutex_lock(&m->lock);
}

void
model_unlock(struct model *m)
{
	pthread_mutex_unlock(&m->lock);
}

void
model_unlock_changed(struct model *m)
{
	m->version++;
	pthread_mutex_unlock(&m->lock);
	wake_up(m->wake);
}

/* ---- rooms ---- */

static bool
key_is(const struct name_key *a, const struct name_key *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

struct room *
model_room(struct model *m, struct slice name)
{
	struct name_key key;
	size_t i;

	if (name.len == 0)
		return m->rooms[0];
	if (!names_key(name, &key))
		return NULL;
	for (i = 1; i < m->n_rooms; i++)
		if (key_is(&m->rooms[i]->key, &key))
			return m->rooms[i];
	return NULL;
}

struct room *
model_room_number(struct model *m, uint32_t number)
{
	size_t i;

	for (i = 1; i < m->n_rooms; i++)
		if (m->rooms[i]->number == number && m->rooms[i]->is_attached)
			return m->rooms[i];
	return NULL;
}

static void
move_to_end(struct model *m, struct room *room)
{
	size_t i = 0;

	while (m->rooms[i] != room)
		i++;
	memmove(&m->rooms[i], &m->rooms[i + 1],
	    (m->n_rooms - i - 1) * sizeof(struct room *));
	m->rooms[m->n_rooms - 1] = room;
}

struct room *
model_room_open(struct model *m, struct slice name)
{
	struct room *room = model_room(m, name);

	if (room == NULL)
		room = room_new(m, name);
	else if (!room->is_open)
		move_to_end(m, room);
	room->is_open = true;
	return room;
}

static void
forget_unread(struct room *room)
{
	room->unread = 0;
	room->mentions = 0;
	room->unread_id = 0;
}

void
model_room_close(struct model *m, struct room *room)
{
	room->is_open = false;
	room_members_clear(room);
	forget_unread(room);
	if (m->looked_at == room)
		model_look(m, m->rooms[0]);
}

void
model_room_rename(struct model *m, struct room *room, struct slice name)
{
	struct room *other = model_room(m, name);

	if (other != NULL && other != room) {
		/* Somebody else had this nick before: that conversation is
		 * over, and must not be found by the name any more. */
		other->key.len = 0;
		other->is_wanted = false;
	}
	set_name(room->name, sizeof(room->name), name);
	names_key(name, &room->key);
}

/* ---- lines ---- */

void
model_event(struct model *m, const struct event *event)
{
	if (m->ears.event != NULL)
		m->ears.event(m->ears.arg, event);
}

static bool
is_message(const struct line *line)
{
	if (line->what != LINE_ENTRY)
		return false;
	switch (line->kind) {
	case ENTRY_SAID:
	case ENTRY_ACTION:
	case ENTRY_NOTICE:
		return true;
	default:
		return false;
	}
}

static void
count_unread(struct model *m, struct room *room, const struct line *line)
{
	if (line->is_mine || !is_message(line) ||
	    (room == m->looked_at && m->is_focused))
		return;
	if (room->unread++ == 0)
		room->unread_id = line->id;
	room->mentions += line->is_mention;
}

const struct line *
model_line(struct model *m, struct room *room, const struct line *head,
    struct slice who, struct slice text)
{
	struct buf *safe = &m->scratch;
	const struct line *line;
	const char *at;

	buf_clear(safe);
	text_safe(safe, who, TEXT_ONE_LINE);
	who.len = safe->len;
	text_safe(safe, text, TEXT_LINES);
	text.len = safe->len - who.len;
	at = buf_string(safe);
	who.at = at;
	text.at = at + who.len;
	line = scrollback_add(&room->lines, head, who, text);
	count_unread(m, room, line);
	return line;
}

static char *words(const char *, va_list) __attribute__((format(printf, 1, 0)));

static char *
words(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		fatalx(EX_OSERR, "out of memory");
	return text;
}

static void
local_line(struct model *m, struct room *room, const char *text)
{
	struct line head = { .what = LINE_LOCAL, .time = m->wall() };

	model_line(m, room, &head, SLICE(""), slice_of(text));
}

static void
local_event(struct model *m, const struct room *room, const char *kind,
    const char *text)
{
	struct event event = { .time = m->wall(), .kind = kind };

	event.room = room->name;
	event.text = slice_of(text);
	model_event(m, &event);
}

void
model_tell(struct model *m, struct room *room, const char *kind,
    const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = words(format, args);
	va_end(args);
	if (room == NULL)
		room = m->rooms[0];
	local_line(m, room, text);
	local_event(m, room, kind, text);
	free(text);
}

void
model_news(struct model *m, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = words(format, args);
	va_end(args);
	local_line(m, m->rooms[0], text);
	if (m->looked_at != m->rooms[0])
		local_line(m, m->looked_at, text);
	local_event(m, m->rooms[0], "state", text);
	free(text);
}

void
model_look(struct model *m, struct room *room)
{
	struct room *left = m->looked_at;

	if (left != room && left->unread == 0)
		left->unread_id = 0;
	m->looked_at = room;
	room->unread = 0;
	room->mentions = 0;
}

/* ---- mentions ---- */

/* Part of a word, so that a nick beside it is not meant. */
static bool
is_word(uint32_t codepoint)
{
	utf8proc_category_t category;

	if (codepoint < 0x80)
		return (codepoint >= '0' && codepoint <= '9') ||
		    (codepoint >= 'A' && codepoint <= 'Z') ||
		    (codepoint >= 'a' && codepoint <= 'z') ||
		    (codepoint != 0 && strchr("_-|^`", (int)codepoint) != NULL);
	category = utf8proc_category((utf8proc_int32_t)codepoint);
	return category >= UTF8PROC_CATEGORY_LU &&
	    category <= UTF8PROC_CATEGORY_NO;
}

static bool
is_folded(const char *at, const struct name_key *key)
{
	size_t i;

	for (i = 0; i < key->len; i++) {
		char c = at[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (c != key->at[i])
			return false;
	}
	return true;
}

/* ASCII folds byte by byte, so the key itself can be looked for. */
static bool
mentions_plain(struct slice text, const struct name_key *key)
{
	size_t i;

	for (i = 0; i + key->len <= text.len; i++) {
		size_t end = i + key->len;
		if ((text.at[i] | 0x20) != (key->at[0] | 0x20) ||
		    !is_folded(text.at + i, key))
			continue;
		if ((i == 0 || !is_word((uint8_t)text.at[i - 1])) &&
		    (end == text.len || !is_word((uint8_t)text.at[end])))
			return true;
	}
	return false;
}

/* A nick may hold signs that no other word does: [ ] and the like. */
static size_t
word_len(struct slice text, const struct name_key *key)
{
	size_t len = 0, used;

	while (len < text.len) {
		uint32_t c = utf8_next(text.at + len, text.len - len, &used);
		if (!is_word(c) &&
		    (c >= 0x80 || memchr(key->at, (int)c, key->len) == NULL))
			break;
		len += used;
	}
	return len;
}

static bool
mentions_unicode(struct slice text, const struct name_key *key)
{
	struct name_key word;
	size_t at = 0, len;

	while (at < text.len) {
		struct slice rest = { text.at + at, text.len - at };
		len = word_len(rest, key);
		rest.len = len;
		if (len != 0 && names_key(rest, &word) && key_is(&word, key))
			return true;
		if (len == 0)
			utf8_next(text.at + at, text.len - at, &len);
		at += len;
	}
	return false;
}

bool
model_mentions(struct slice text, struct slice nick)
{
	struct name_key key;

	if (!names_key(nick, &key))
		return false;
	if (utf8_plain(text.at, text.len) == text.len)
		return mentions_plain(text, &key);
	return mentions_unicode(text, &key);
}

/* ---- members ---- */

unsigned
model_hash(const void *bytes, size_t len)
{
	static _Atomic uint64_t secret;
	const unsigned char *at = bytes;
	uint64_t hash = secret;

	while (hash == 0) {
		if (getrandom(&hash, sizeof(hash), 0) != sizeof(hash))
			fatal(EX_OSERR, "getrandom");
		secret = hash;
	}
	while (len-- != 0)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return (unsigned)(hash ^ hash >> 32);
}

static struct member *
find_member(struct room *room, const struct name_key *key)
{
	struct member *member;

	HASH_FIND(hh, room->members, key->at, key->len, member);
	return member;
}

struct member *
room_member(struct room *room, struct slice nick)
{
	struct name_key key;

	return names_key(nick, &key) ? find_member(room, &key) : NULL;
}

void
room_member_put(struct room *room, struct slice nick, enum presence state)
{
	struct name_key key;
	struct member *member;

	if (!names_key(nick, &key))
		return;
	member = find_member(room, &key);
	if (member == NULL && room_members(room) >= MODEL_MEMBERS)
		return;
	if (member == NULL) {
		member = xcalloc(1, sizeof(*member));
		member->key = key;
		HASH_ADD_KEYPTR(
		    hh, room->members, member->key.at, member->key.len, member);
	}
	set_name(member->nick, sizeof(member->nick), nick);
	member->state = (uint8_t)state;
}

static void
remove_member(struct room *room, struct member *member)
{
	HASH_DEL(room->members, member);
	free(member);
}

void
room_member_drop(struct room *room, struct slice nick)
{
	struct member *member = room_member(room, nick);

	if (member != NULL)
		remove_member(room, member);
}

void
room_member_rename(struct room *room, struct slice old, struct slice to)
{
	struct member *member = room_member(room, old);
	enum presence state = PRESENCE_HERE;
	uint64_t spoke = 0;

	if (member != NULL) {
		state = member->state;
		spoke = member->spoke;
		remove_member(room, member);
	}
	room_member_put(room, to, state);
	member = room_member(room, to);
	if (member != NULL)
		member->spoke = spoke;
}

void
room_members_clear(struct room *room)
{
	struct member *member, *next;

	HASH_ITER(hh, room->members, member, next)
	remove_member(room, member);
}

void
room_members_doubt(struct room *room)
{
	struct member *member;

	for (member = room->members; member != NULL; member = member->hh.next)
		member->state = 0;
}

void
room_members_settle(struct room *room)
{
	struct member *member, *next;

	HASH_ITER(hh, room->members, member, next)
	if (member->state == 0)
		remove_member(room, member);
}

unsigned
room_members(const struct room *room)
{
	return HASH_COUNT(room->members);
}
