#include "tongue.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "codec.h"
#include "protocol.h"

static char words[PROTOCOL_TEXT_MAX];

/* ---- bare ---- */

/* The sender's byte; 0 is the answer to enter. */
static uint8_t
tag_of(uint32_t who)
{
	return (uint8_t)(1 + who % 255);
}

static void
bare_enter(struct buf *out, uint32_t who, uint32_t room)
{
	(void)who;
	buf_add_u32(out, 5);
	buf_add_u8(out, 0);
	buf_add_u32(out, room);
}

static void
bare_say(struct buf *out, uint32_t who, uint32_t room, uint64_t n, size_t len)
{
	(void)room, (void)n;
	buf_add_u32(out, (uint32_t)len);
	buf_add_u8(out, tag_of(who));
	buf_add(out, words, len - 1);
}

static void
bare_count(struct tally *t, uint8_t tag, uint32_t who)
{
	if (tag == 0)
		t->joined++;
	else
		t->entries++;
	t->own += tag == tag_of(who);
}

const struct tongue tongue_bare = { "relay", bare_enter, bare_say, bare_count };

/* ---- chat ---- */

static struct slice
room_name(uint32_t room, char at[16])
{
	return (struct slice){ at, (size_t)snprintf(at, 16, "#r%u", room) };
}

static void
chat_enter(struct buf *out, uint32_t who, uint32_t room)
{
	char nick[16], name[16];
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.software = SLICE("load") } };

	if (getrandom(&m.hello.device, sizeof(m.hello.device), 0) < 0)
		memcpy(&m.hello.device, &who, sizeof(who));
	m.hello.nick = (struct slice){ nick,
		(size_t)snprintf(nick, sizeof(nick), "u%u", who) };
	codec_encode(out, &m);
	m = (union message){ .join = { .type = MSG_JOIN,
				 .ref = 1,
				 .room = room_name(room, name) } };
	codec_encode(out, &m);
}

static void
chat_say(struct buf *out, uint32_t who, uint32_t room, uint64_t n, size_t len)
{
	char name[16];
	union message m = { .say = { .type = MSG_SAY,
				.n = n,
				.to = room_name(room, name),
				.kind = ENTRY_SAID,
				.text = { words, len } } };

	(void)who;
	if (words[0] == '\0')
		memset(words, 'x', sizeof(words));
	codec_encode(out, &m);
}

static void
chat_count(struct tally *t, uint8_t tag, uint32_t who)
{
	(void)who;
	switch (tag) {
	case MSG_ENTRY:
		t->entries++;
		break;
	case MSG_STORED:
		t->own++;
		break;
	case MSG_ATTACHED:
		t->joined++;
		break;
	case MSG_PONG:
		t->pongs++;
		break;
	case MSG_WELCOME:
	case MSG_PRESENCE:
	case MSG_UNSURE:
		break;
	default:
		t->strange++;
	}
}

const struct tongue tongue_chat = { "chatd", chat_enter, chat_say, chat_count };
