#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "buf.h"
#include "command_state.h"
#include "log.h"
#include "names.h"
#include "near.h"
#include "search.h"
#include "sock.h"
#include "text.h"
#include "xmalloc.h"

#define BLANKS " \t\n"

/* ---- words ---- */

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, BLANKS);
}

struct slice
command_word(const char *words, const char **rest)
{
	struct slice word = { words, strcspn(words, BLANKS) };

	*rest = skip_blanks(words + word.len);
	return word;
}

static unsigned
count_words(const char *words)
{
	unsigned n = 0;

	for (; *words != '\0'; n++)
		command_word(words, &words);
	return n;
}

/* ---- what was wrong with a line ---- */

enum command_result
command_keep(struct command_face *f, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		fatalx(EX_OSERR, "out of memory");
	va_end(args);
	model_lock(f->model);
	model_tell(f->model, f->room, "mistake", "%s", text);
	model_unlock_changed(f->model);
	free(text);
	return COMMAND_KEEP;
}

enum command_result
command_sent(struct command_face *f, bool is_sent)
{
	if (is_sent)
		return COMMAND_DONE;
	return command_keep(f, "there is no connection: nothing was sent");
}

static enum command_result
refuse(struct command_face *f, struct slice what, enum refusal why)
{
	return command_keep(f, "%.*s: %s", SLICE_ARG(what), refusal_text(why));
}

/* ---- saying ---- */

static uint32_t
text_max(struct command_face *f)
{
	uint32_t most;

	model_lock(f->model);
	most = f->model->text_max;
	model_unlock(f->model);
	return most;
}

static enum command_result
say_clean(struct command_face *f, struct room *room, enum entry_kind kind,
    struct slice text)
{
	uint32_t most = text_max(f);

	if (room->name[0] == '\0')
		return command_keep(f,
		    "this is the server's window, not a room: /join #ROOM, "
		    "or Alt-2");
	if (text.len > most)
		return command_keep(f,
		    "the text has %zu bytes, at most %u can be sent at once",
		    text.len, most);
	if (!text_is_clean(text, true))
		return command_keep(f,
		    "control characters, and what is no UTF-8, "
		    "cannot be sent");
	link_say(f->link, room, kind, text);
	return COMMAND_DONE;
}

/* Tabs are sent as blanks.  To be freed. */
static char *
without_tabs(const char *words)
{
	char *text = xstrdup(words), *tab = text;

	while ((tab = strchr(tab, '\t')) != NULL)
		*tab = ' ';
	return text;
}

static enum command_result
say(struct command_face *f, struct room *room, enum entry_kind kind,
    const char *words)
{
	char *text = without_tabs(words);
	enum command_result result;

	result = say_clean(f, room, kind, slice_of(text));
	free(text);
	return result;
}

static enum command_result
run_say(struct command_face *f, const char *words)
{
	return say(f, f->room, ENTRY_SAID, words);
}

static enum command_result
run_me(struct command_face *f, const char *words)
{
	return say(f, f->room, ENTRY_ACTION, words);
}

/* ---- rooms ---- */

/* A room that is open; NULL. */
static struct room *
open_room(struct command_face *f, struct slice name)
{
	struct room *room;

	model_lock(f->model);
	room = model_room(f->model, name);
	if (room != NULL && !room->is_open)
		room = NULL;
	model_unlock(f->model);
	return room;
}

/* Opens a window and asks to be let in, if one isn't. */
static struct room *
enter(struct command_face *f, struct slice name)
{
	union message m = { .join = { MSG_JOIN, 0, name } };
	struct room *room;
	bool is_in;

	model_lock(f->model);
	room = model_room_open(f->model, name);
	is_in = room->is_attached;
	model_unlock_changed(f->model);
	if (!is_in && !link_request(f->link, &m, room)) {
		model_lock(f->model);
		model_say(f->model, room,
		    "there is no connection: joined as soon as there is");
		model_unlock_changed(f->model);
	}
	return room;
}

static enum command_result
run_join(struct command_face *f, const char *words)
{
	struct slice word = command_word(words, &words);
	struct buf name = { 0 };
	enum refusal why;

	if (!names_is_room(word))
		buf_add_u8(&name, '#');
	buf_add_slice(&name, word);
	why = names_room(buf_slice(&name), NULL);
	if (why == FINE)
		f->show(f->face, enter(f, buf_slice(&name)));
	else
		refuse(f, word, why);
	buf_done(&name);
	return why == FINE ? COMMAND_DONE : COMMAND_KEEP;
}

static enum command_result
run_part(struct command_face *f, const char *words)
{
	const char *rest;
	struct slice word = command_word(words, &rest);
	struct room *room = f->room;
	union message m;

	/* What is no room is left, and not the room it is about. */
	if (word.len == 0 && f->close != NULL && f->close(f->face))
		return COMMAND_DONE;
	if (word.len != 0 && open_room(f, word) != NULL) {
		room = open_room(f, word);
		words = rest;
	} else if (names_is_room(word)) {
		return command_keep(f, "you are not in %.*s", SLICE_ARG(word));
	}
	if (room->name[0] == '\0')
		return command_keep(f, "usage: /part #ROOM [WHY]");
	m.part = (struct msg_part){ MSG_PART, 0, slice_of(room->name),
		slice_of(words) };
	link_request(f->link, &m, room);
	return COMMAND_DONE;
}

/* A nick to speak to, not one's own. */
static enum refusal
check_nick(struct command_face *f, struct slice nick)
{
	bool is_own;

	if (names_nick(nick, NULL) == REFUSE_NICK_BAD)
		return REFUSE_NICK_BAD;
	model_lock(f->model);
	is_own = names_same(nick, slice_of(f->model->nick));
	model_unlock(f->model);
	return is_own ? REFUSE_SELF : FINE;
}

static enum command_result
run_query(struct command_face *f, const char *words)
{
	struct slice nick = command_word(words, &words);
	enum refusal why = check_nick(f, nick);

	if (why != FINE)
		return refuse(f, nick, why);
	f->show(f->face, enter(f, nick));
	return COMMAND_DONE;
}

static enum command_result
run_msg(struct command_face *f, const char *words)
{
	struct slice to = command_word(words, &words);
	enum refusal why;

	if (names_is_room(to)) {
		struct room *room = open_room(f, to);
		if (room == NULL)
			return refuse(f, to, REFUSE_NOT_MEMBER);
		return say(f, room, ENTRY_SAID, words);
	}
	why = check_nick(f, to);
	if (why != FINE)
		return refuse(f, to, why);
	return say(f, enter(f, to), ENTRY_SAID, words);
}

static enum command_result
show_topic(struct command_face *f)
{
	model_lock(f->model);
	if (f->room->topic[0] != '\0')
		model_say(f->model, f->room, "the topic of %s: %s",
		    f->room->name, f->room->topic);
	else
		model_say(f->model, f->room, "%s has no topic", f->room->name);
	model_unlock_changed(f->model);
	return COMMAND_DONE;
}

static enum command_result
set_topic(struct command_face *f, struct slice text)
{
	union message m = { .topic = {
				MSG_TOPIC, 0, slice_of(f->room->name), text } };

	if (!text_is_clean(text, false))
		return refuse(f, SLICE("topic"), REFUSE_TOPIC_BAD);
	return command_sent(f, link_request(f->link, &m, f->room));
}

static enum command_result
run_topic(struct command_face *f, const char *words)
{
	enum command_result result;
	char *text;

	if (!names_is_room(slice_of(f->room->name)))
		return command_keep(f, "only a #ROOM has a topic");
	if (words[0] == '\0')
		return show_topic(f);
	if (strcmp(words, "-") == 0)
		return set_topic(f, SLICE(""));
	text = without_tabs(words);
	result = set_topic(f, slice_of(text));
	free(text);
	return result;
}

static enum command_result
run_names(struct command_face *f, const char *words)
{
	struct room *room = f->room;
	union message m;

	if (words[0] != '\0')
		room = open_room(f, command_word(words, &words));
	if (room == NULL || room->name[0] == '\0')
		return command_keep(
		    f, "only the names of rooms you are in are told");
	m.names = (struct msg_names){ MSG_NAMES, 0, slice_of(room->name), 0 };
	return command_sent(f, link_request(f->link, &m, room));
}

/* ---- searching ---- */

static enum command_result
run_search(struct command_face *f, const char *words)
{
	union message m = { .search = { .type = MSG_SEARCH } };
	struct buf wrong = { 0 };
	struct search search;
	bool is_right = search_parse(&search, words, f->model->wall(), &wrong);

	if (!is_right)
		command_keep(f, "%s", buf_string(&wrong));
	buf_done(&wrong);
	if (!is_right)
		return COMMAND_KEEP;
	if (f->search != NULL) {
		f->search(f->face, &search);
		return COMMAND_DONE;
	}
	m.search.words = slice_of(search.words);
	m.search.who = slice_of(search.who);
	m.search.room = slice_of(search.room);
	m.search.after = search.after;
	m.search.before = search.before;
	return command_sent(f, link_request(f->link, &m, f->room));
}

static enum command_result
run_close(struct command_face *f, const char *words)
{
	(void)words;
	if (f->close == NULL || !f->close(f->face))
		return command_keep(f, "this is a room: /part leaves it");
	return COMMAND_DONE;
}

/* ---- people, the server, the program ---- */

static enum command_result
run_nick(struct command_face *f, const char *words)
{
	struct slice nick = command_word(words, &words);
	union message m = { .nick = { MSG_NICK, 0, nick } };
	enum refusal why = names_nick(nick, NULL);

	if (why != FINE)
		return refuse(f, nick, why);
	return command_sent(f, link_request(f->link, &m, f->room));
}

static enum command_result
run_who(struct command_face *f, const char *words)
{
	struct slice nick = command_word(words, &words);
	union message m = { .who = { MSG_WHO, 0, nick } };

	if (names_nick(nick, NULL) == REFUSE_NICK_BAD)
		return refuse(f, nick, REFUSE_NICK_BAD);
	return command_sent(f, link_request(f->link, &m, f->room));
}

static enum command_result
run_ask(struct command_face *f, const char *words)
{
	char *question = without_tabs(words);
	union message m = { .ask = { MSG_ASK, 0, slice_of(question) } };
	enum command_result result;

	if (!text_is_clean(m.ask.question, true))
		result = refuse(f, SLICE("question"), REFUSE_BAD_TEXT);
	else
		result = command_sent(f, link_request(f->link, &m, f->room));
	free(question);
	return result;
}

static enum command_result
run_list(struct command_face *f, const char *words)
{
	union message m = { .list = { MSG_LIST, 0, 0 } };

	(void)words;
	return command_sent(f, link_request(f->link, &m, f->room));
}

static enum command_result
run_connect(struct command_face *f, const char *words)
{
	struct slice word = command_word(words, &words);
	char *address = word.len != 0 ? xstrndup(word.at, word.len) : NULL;
	struct sock_name name;
	const char *wrong = address != NULL ? sock_parse(address, &name) : NULL;

	if (wrong == NULL)
		link_connect(f->link, address);
	else
		command_keep(f, "%s: %s", address, wrong);
	free(address);
	return wrong == NULL ? COMMAND_DONE : COMMAND_KEEP;
}

static enum command_result
run_retry(struct command_face *f, const char *words)
{
	(void)words;
	link_retry(f->link, f->room);
	return COMMAND_DONE;
}

static enum command_result
run_forget(struct command_face *f, const char *words)
{
	(void)words;
	link_forget(f->link, f->room);
	return COMMAND_DONE;
}

static enum command_result
run_help(struct command_face *f, const char *words)
{
	f->help(f->face, words + (words[0] == '/'));
	return COMMAND_DONE;
}

static enum command_result
run_clear(struct command_face *f, const char *words)
{
	(void)words;
	f->clear(f->face);
	return COMMAND_DONE;
}

static enum command_result
run_quit(struct command_face *f, const char *words)
{
	f->quit(f->face, words);
	return COMMAND_DONE;
}

/* ---- the table ---- */

static const struct command rows[] = {
#define COMMAND(name, usage, meaning, least, first, rest)                      \
	{ #name, usage, meaning, least, ARGUMENT_##first, ARGUMENT_##rest,     \
		run_##name },
#include "commands.def"
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

const struct command *
command_rows(size_t *n)
{
	*n = ROWS;
	return rows;
}

static bool
begins_with(const char *name, struct slice beginning)
{
	return strncasecmp(name, beginning.at, beginning.len) == 0;
}

const struct command *
command_find(struct slice beginning, size_t *n)
{
	const struct command *found = NULL;
	size_t i;

	*n = 0;
	for (i = 0; i < ROWS; i++) {
		if (!begins_with(rows[i].name, beginning))
			continue;
		found = &rows[i];
		if (strlen(rows[i].name) == beginning.len) {
			*n = 1;
			return found;
		}
		++*n;
	}
	return *n == 1 ? found : NULL;
}

static bool
is_candidate(const struct command *row, struct slice name, bool is_ambiguous)
{
	return is_ambiguous ? begins_with(row->name, name)
			    : near_is(slice_of(row->name), name);
}

static enum command_result
keep_unknown(struct command_face *f, struct slice name, bool is_ambiguous)
{
	struct buf near = { 0 };
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (is_candidate(&rows[i], name, is_ambiguous))
			buf_printf(&near, "%s/%s", near.len != 0 ? ", " : "",
			    rows[i].name);
	if (near.len == 0)
		command_keep(f, "/%.*s: no such command; /help lists them",
		    SLICE_ARG(name));
	else
		command_keep(f, "/%.*s: %s %s?", SLICE_ARG(name),
		    is_ambiguous ? "which one," : "no such command; perhaps",
		    buf_string(&near));
	buf_done(&near);
	return COMMAND_KEEP;
}

static bool
takes(const struct command *row, unsigned words)
{
	if (words < row->least)
		return false;
	return row->rest != ARGUMENT_NONE ||
	    words <= (row->first != ARGUMENT_NONE);
}

static enum command_result
run(struct command_face *f, const char *line)
{
	const struct command *row;
	struct slice name = command_word(line, &line);
	size_t n = 0;

	if (name.len == 0)
		return command_keep(f,
		    "a command's name follows its / at once; "
		    "/help lists them");
	row = command_find(name, &n);
	if (row == NULL)
		return keep_unknown(f, name, n > 1);
	if (!takes(row, count_words(line)))
		return command_keep(f, "usage: /%s%s%s", row->name,
		    row->usage[0] != '\0' ? " " : "", row->usage);
	return row->run(f, line);
}

enum command_result
command_run(struct command_face *f, const char *line, bool is_pasted)
{
	const char *first = skip_blanks(line);

	if (*first == '\0')
		return COMMAND_DONE;
	if (is_pasted)
		return run_say(f, line);
	if (line[0] == '/' && line[1] == '/')
		return run_say(f, line + 1);
	if (line[0] == '/')
		return run(f, line + 1);
	if (*first == '/')
		return command_keep(f,
		    "a command, or text? Take the blank away, or "
		    "put /say before it");
	return run_say(f, line);
}
