/*
 * What a line asks for: the commands, named as in chat(1), and what is no
 * command: a name at first, then something to say.
 */
#include <assert.h>
#include <sodium.h>

#include "dialect_line.h"
#include "names.h"

/* ---- words ---- */

static size_t
blanks(struct slice words)
{
	size_t n = 0;

	while (n < words.len && words.at[n] == ' ')
		n++;
	return n;
}

static struct slice
behind(struct slice words, size_t n)
{
	return (struct slice){ words.at + n, words.len - n };
}

/* The first word; *words begins with the next one. */
static struct slice
first_word(struct slice *words)
{
	const char *end =
	    words->len != 0 ? memchr(words->at, ' ', words->len) : NULL;
	struct slice word = *words;

	if (end != NULL)
		word.len = (size_t)(end - words->at);
	*words = behind(*words, word.len);
	*words = behind(*words, blanks(*words));
	return word;
}

/* ---- asking ---- */

/* Another number for each, of those the protocol calls refs. */
static uint32_t
next_ref(struct line *t)
{
	return ++t->ref;
}

static enum refusal
hello(struct line *t, struct slice nick)
{
	t->ask = (union message){ .hello = {
				      .type = MSG_HELLO,
				      .version = PROTOCOL_VERSION,
				      .nick = nick,
				      .software = SLICE("line"),
				  } };
	randombytes_buf(t->ask.hello.device.byte + DIALECT_PASSING,
	    sizeof t->ask.hello.device.byte - DIALECT_PASSING);
	return FINE;
}

static enum refusal
say(struct line *t, struct slice to, enum entry_kind kind, struct slice text)
{
	t->ask = (union message){ .say = { MSG_SAY, t->last + 1, to,
				      (uint8_t)kind, text } };
	return FINE;
}

/* The name of the room plain lines go to, a copy: it may be left before all is
 * answered.  Empty: there is none, or nobody in it any more. */
static struct slice
here(struct line *t)
{
	const struct line_room *room = line_current(t);
	size_t len = room != NULL && !t->is_alone ? strlen(room->name) : 0;

	assert(len < sizeof t->to);
	if (len != 0)
		memcpy(t->to, room->name, len);
	return (struct slice){ t->to, len };
}

static enum refusal
say_here(struct line *t, enum entry_kind kind, struct slice text)
{
	struct slice to = here(t);

	if (to.len != 0)
		return say(t, to, kind, text);
	return t->is_alone ? REFUSE_NOBODY : REFUSE_NOT_MEMBER;
}

/* A #room's name, the # added; or a name of nobody. */
static struct slice
room_name(struct line *t, struct slice word)
{
	if (names_is_room(word) || word.len >= sizeof t->to)
		return word;
	t->to[0] = '#';
	if (word.len != 0)
		memcpy(t->to + 1, word.at, word.len);
	return (struct slice){ t->to, word.len + 1 };
}

static enum refusal
enter(struct line *t, struct slice name, struct buf *reply)
{
	struct line_room *room = line_find(t, name);

	if (room == NULL) {
		t->ask =
		    (union message){ .join = { MSG_JOIN, next_ref(t), name } };
		return FINE;
	}
	line_choose(t, room);
	buf_printf(reply, "+ok %s %s", t->command->name, room->name);
	line_end(reply);
	return FINE;
}

/* ---- commands ---- */

static enum refusal
run_nick(struct line *t, struct slice words, struct buf *reply)
{
	struct slice nick = first_word(&words);

	(void)reply;
	if (!t->is_named)
		return hello(t, nick);
	t->ask = (union message){ .nick = { MSG_NICK, next_ref(t), nick } };
	return FINE;
}

static enum refusal
run_join(struct line *t, struct slice words, struct buf *reply)
{
	return enter(t, room_name(t, first_word(&words)), reply);
}

static enum refusal
run_query(struct line *t, struct slice words, struct buf *reply)
{
	return enter(t, first_word(&words), reply);
}

static enum refusal
run_part(struct line *t, struct slice words, struct buf *reply)
{
	struct slice name;

	(void)reply;
	name = names_is_room(words) ? first_word(&words) : here(t);
	if (name.len == 0)
		return REFUSE_NOT_MEMBER;
	t->ask =
	    (union message){ .part = { MSG_PART, next_ref(t), name, words } };
	return FINE;
}

static enum refusal
run_msg(struct line *t, struct slice words, struct buf *reply)
{
	struct slice to = first_word(&words);

	(void)reply;
	return say(t, to, ENTRY_SAID, words);
}

static enum refusal
run_me(struct line *t, struct slice words, struct buf *reply)
{
	(void)reply;
	return say_here(t, ENTRY_ACTION, words);
}

static enum refusal
run_say(struct line *t, struct slice words, struct buf *reply)
{
	(void)reply;
	return say_here(t, ENTRY_SAID, words);
}

/* Without words it is looked for among the rooms there are. */
static enum refusal
run_topic(struct line *t, struct slice words, struct buf *reply)
{
	struct slice room = here(t);

	(void)reply;
	if (room.len == 0)
		return REFUSE_NOT_MEMBER;
	if (words.len == 0) {
		t->only = room;
		t->ask =
		    (union message){ .list = { MSG_LIST, next_ref(t), 0 } };
		return FINE;
	}
	if (slice_is(words, SLICE("-")))
		words = SLICE("");
	t->ask =
	    (union message){ .topic = { MSG_TOPIC, next_ref(t), room, words } };
	return FINE;
}

static enum refusal
run_names(struct line *t, struct slice words, struct buf *reply)
{
	struct slice name =
	    words.len != 0 ? room_name(t, first_word(&words)) : here(t);

	(void)reply;
	if (name.len == 0)
		return REFUSE_NOT_MEMBER;
	t->ask =
	    (union message){ .names = { MSG_NAMES, next_ref(t), name, 0 } };
	return FINE;
}

static enum refusal
run_who(struct line *t, struct slice words, struct buf *reply)
{
	(void)reply;
	t->ask = (union message){ .who = { MSG_WHO, next_ref(t),
				      first_word(&words) } };
	return FINE;
}

static enum refusal
run_question(struct line *t, struct slice words, struct buf *reply)
{
	(void)reply;
	t->ask = (union message){ .ask = { MSG_ASK, next_ref(t), words } };
	return FINE;
}

static enum refusal
run_list(struct line *t, struct slice words, struct buf *reply)
{
	(void)words;
	(void)reply;
	t->ask = (union message){ .list = { MSG_LIST, next_ref(t), 0 } };
	return FINE;
}

/* How many, within bounds; 0 if that is no number. */
static unsigned
number(struct slice word)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < word.len; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(word.at[i] - '0');
		if (n > LINE_HISTORY_MAX)
			n = LINE_HISTORY_MAX;
	}
	return n;
}

/* First none of them, to learn which is the newest. */
static enum refusal
run_history(struct line *t, struct slice words, struct buf *reply)
{
	struct slice room = here(t);

	t->wanted = words.len != 0 ? number(words) : LINE_HISTORY;
	if (t->wanted == 0) {
		line_no(reply, "usage", "/history [N]");
		return FINE;
	}
	if (room.len == 0)
		return REFUSE_NOT_MEMBER;
	t->ask = (union message){ .history = { .type = MSG_HISTORY,
				      .ref = next_ref(t),
				      .room = room } };
	return FINE;
}

static enum refusal
run_search(struct line *t, struct slice words, struct buf *reply)
{
	(void)reply;
	t->ask = (union message){ .search = { .type = MSG_SEARCH,
				      .ref = next_ref(t),
				      .words = words } };
	return FINE;
}

static enum refusal
run_quit(struct line *t, struct slice words, struct buf *reply)
{
	(void)reply;
	t->ask = (union message){ .bye = { .type = MSG_BYE, .text = words } };
	return FINE;
}

/* A first line that is no command.  Strangers' protocols have more words. */
static enum refusal
run_name(struct line *t, struct slice line, struct buf *reply)
{
	(void)reply;
	line = behind(line, blanks(line));
	while (line.at[line.len - 1] == ' ')
		line.len--;
	return hello(t, line);
}

static enum refusal run_help(struct line *, struct slice, struct buf *);

const struct line_command line_joins = { .name = "join" };
static const struct line_command names_oneself = {
	.name = "nick",
	.run = run_name,
};
static const struct line_command says = { .name = "say", .run = run_say };

static const struct line_command commands[] = {
	{ "nick", "NICK", "take a name, or another one", true, true, run_nick },
	{ "join", "#ROOM", "enter a room, or go back to it", false, true,
	    run_join },
	{ "query", "NICK", "talk to one person", false, true, run_query },
	{ "part", "[#ROOM] [WHY]", "leave this room, or another", false, false,
	    run_part },
	{ "msg", "WHO TEXT", "say something to a nick, or in another room",
	    false, true, run_msg },
	{ "me", "TEXT", "say what you do", false, true, run_me },
	{ "say", "TEXT", "say this, whatever it begins with", false, true,
	    run_say },
	{ "topic", "[TEXT | -]", "show the topic, set it, take it away", false,
	    false, run_topic },
	{ "names", "[#ROOM]", "list who is in a room", false, false,
	    run_names },
	{ "who", "NICK", "tell about a person", false, true, run_who },
	{ "ask", "QUESTION", "ask what the server has an answer to", true, true,
	    run_question },
	{ "list", "", "list the rooms there are", false, false, run_list },
	{ "history", "[N]",
	    "tell the newest entries again, 20 or N, 200 at "
	    "most",
	    false, false, run_history },
	{ "search", "WORDS", "find what was said, newest first", false, true,
	    run_search },
	{ "help", "", "this", true, false, run_help },
	{ "quit", "[WHY]", "leave", true, false, run_quit },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static enum refusal
run_help(struct line *t, struct slice words, struct buf *reply)
{
	size_t i;

	(void)words;
	for (i = 0; i < COMMANDS; i++) {
		const struct line_command *c = &commands[i];

		buf_printf(reply, "= /%s%s%s: %s", c->name,
		    *c->usage != '\0' ? " " : "", c->usage, c->meaning);
		line_end(reply);
	}
	buf_printf(reply, "+ok %s: what does not begin with / is said",
	    t->command->name);
	line_end(reply);
	return FINE;
}

static const struct line_command *
find(struct slice name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (slice_is(slice_of(commands[i].name), name))
			return &commands[i];
	return NULL;
}

static enum refusal
run_command(struct line *t, struct slice words, struct buf *reply)
{
	struct slice name = first_word(&words);
	const struct line_command *c = find(name);

	if (c == NULL)
		line_no(reply, "unknown",
		    "there is no such command; /help tells those there are");
	else if (!t->is_named && !c->is_early)
		line_no(reply, "nameless", "first a name: /nick NAME");
	else if (c->has_words && words.len == 0)
		line_no(reply, "usage", "/%s %s", c->name, c->usage);
	else {
		t->command = c;
		return c->run(t, words, reply);
	}
	return FINE;
}

enum refusal
line_ask(struct line *t, struct slice line, struct buf *reply)
{
	t->ask.type = (enum message_type)0;
	t->n = 0;
	t->only = SLICE("");
	if (blanks(line) == line.len)
		return FINE;
	if (line.at[0] == '/')
		return run_command(t, behind(line, 1), reply);
	t->command = t->is_named ? &says : &names_oneself;
	return t->command->run(t, line, reply);
}
