#include "telnet.h"

#include <stdbool.h>

enum command {
	SE = 240,
	EC = 247,
	EL = 248,
	SB = 250,
	WILL = 251,
	WONT = 252,
	DO = 253,
	DONT = 254,
	IAC = 255,
};

/* Not an option but a question each time (RFC 860): a client that has sent an
 * interrupt shows nothing until it is answered. */
enum { TIMING_MARK = 6 };

enum state { TYPED, COMMAND, OPTION, INSIDE, INSIDE_COMMAND };

static void
refuse(struct telnet *t, uint8_t option, struct buf *reply)
{
	bool is_demand = t->verb == DO;
	uint8_t *bits = &t->refused[is_demand][option / 8];
	uint8_t bit = (uint8_t)(1 << option % 8);

	if (t->verb != WILL && t->verb != DO)
		return; /* what it won't do was never wanted */
	if (t->words + 3 > TELNET_WORDS)
		return;
	if ((*bits & bit) != 0 && !(is_demand && option == TIMING_MARK))
		return;
	*bits |= bit;
	t->words += 3;
	buf_add_u8(reply, IAC);
	buf_add_u8(reply, is_demand ? WONT : DONT);
	buf_add_u8(reply, option);
}

static enum telnet_took
command(struct telnet *t, uint8_t byte)
{
	t->state = TYPED;
	switch (byte) {
	case IAC:
		return TELNET_BYTE;
	case EC:
		return TELNET_ERASE;
	case EL:
		return TELNET_ERASE_LINE;
	case SB:
		t->state = INSIDE;
		t->passed = 0;
		return TELNET_NOTHING;
	case WILL:
	case WONT:
	case DO:
	case DONT:
		t->state = OPTION;
		t->verb = byte;
		return TELNET_NOTHING;
	default:
		return TELNET_NOTHING;
	}
}

static enum telnet_took
inside(struct telnet *t, uint8_t byte)
{
	if (t->state == INSIDE_COMMAND && byte == SE) {
		t->state = TYPED;
		return TELNET_NOTHING;
	}
	if (t->state == INSIDE && byte == IAC)
		t->state = INSIDE_COMMAND;
	else
		t->state = INSIDE;
	if (++t->passed <= TELNET_SUBNEGOTIATION)
		return TELNET_NOTHING;
	t->state = TYPED;
	return TELNET_LOST;
}

enum telnet_took
telnet_take(struct telnet *t, uint8_t byte, struct buf *reply)
{
	switch ((enum state)t->state) {
	case TYPED:
		if (byte != IAC)
			return TELNET_BYTE;
		t->state = COMMAND;
		return TELNET_NOTHING;
	case COMMAND:
		return command(t, byte);
	case OPTION:
		t->state = TYPED;
		refuse(t, byte, reply);
		return TELNET_NOTHING;
	case INSIDE:
	case INSIDE_COMMAND:
		return inside(t, byte);
	}
	return TELNET_NOTHING;
}
