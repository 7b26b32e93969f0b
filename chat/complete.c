#include "complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files.h"
#include "transfer.h"
#include "utf8.h"
#include "xmalloc.h"

enum {
	NICKS = 1,
	ROOMS = 2,
	COMMANDS = 4,
	OPTIONS = 8, /* of a search */
	FILES = 16,
	TRANSFERS = 32,
};

enum { FILES_MOST = 50 }; /* of a room: the newest */

/* Where the cursor is. */
struct spot {
	struct slice word; /* what is typed of it */
	unsigned wanted;
	const char *before, *behind; /* put around what is found */
};

struct found {
	const char *name;
	uint64_t spoke;
};

struct list {
	struct found *at;
	size_t n, cap;
	char (*number)[24]; /* names that are numbers */
	size_t n_numbers;
};

static const unsigned wanted_for[] = {
	[ARGUMENT_NONE] = 0,
	[ARGUMENT_NICK] = NICKS,
	[ARGUMENT_ROOM] = ROOMS,
	[ARGUMENT_TARGET] = NICKS | ROOMS,
	[ARGUMENT_COMMAND] = COMMANDS,
	[ARGUMENT_TEXT] = NICKS,
	[ARGUMENT_SEARCH] = OPTIONS,
	[ARGUMENT_PATH] = NICKS,
	[ARGUMENT_FILE] = FILES,
	[ARGUMENT_TRANSFER] = TRANSFERS,
};

/* ---- what is wanted ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* The argument that begins at byte word of a line with a command. */
static unsigned
wanted_by(struct slice line, size_t word)
{
	const struct command *command;
	size_t len = 0, n, words = 0;

	while (len < line.len && !is_blank(line.at[len]))
		len++;
	command = len > 1
	    ? command_find((struct slice){ line.at + 1, len - 1 }, &n)
	    : NULL;
	if (command == NULL)
		return 0;
	for (size_t i = len; i < word; i++)
		words += is_blank(line.at[i - 1]) && !is_blank(line.at[i]);
	return wanted_for[words == 0 ? command->first : command->rest];
}

static const struct option {
	const char *name;
	unsigned wanted; /* behind it */
} options[] = {
	{ "from:", NICKS },
	{ "in:", NICKS | ROOMS },
	{ "after:", 0 },
	{ "before:", 0 },
};
enum { N_OPTIONS = sizeof(options) / sizeof(*options) };

/* A name behind an option, or an option, which its value follows at once. */
static void
find_option(struct spot *spot)
{
	struct slice *word = &spot->word;

	for (size_t i = 0; i < N_OPTIONS; i++) {
		size_t len = strlen(options[i].name);
		if (word->len < len ||
		    memcmp(word->at, options[i].name, len) != 0)
			continue;
		word->at += len;
		word->len -= len;
		spot->before = options[i].name;
		spot->wanted = options[i].wanted;
		return;
	}
	spot->behind = "";
}

static bool
find_spot(struct slice text, size_t cursor, struct spot *spot)
{
	size_t word = cursor;

	while (word > 0 && !is_blank(text.at[word - 1]))
		word--;
	spot->word = (struct slice){ text.at + word, cursor - word };
	spot->before = "";
	spot->behind =
	    cursor == text.len || !is_blank(text.at[cursor]) ? " " : "";

	/* Before its slash one is not in a command yet. */
	bool is_command = cursor != 0 && text.at[0] == '/' &&
	    !(text.len > 1 && text.at[1] == '/');
	if (is_command && word == 0) {
		spot->wanted = COMMANDS;
		spot->before = "/";
	} else if (is_command) {
		spot->wanted =
		    wanted_by((struct slice){ text.at, cursor }, word);
	} else {
		spot->wanted = NICKS;
		if (word == 0 && spot->behind[0] != '\0')
			spot->behind = ": ";
	}
	if (spot->wanted == OPTIONS) {
		find_option(spot);
		return spot->wanted != 0;
	}
	if (spot->word.len == 0)
		return spot->wanted != 0;
	switch (spot->word.at[0]) {
	case '#':
		spot->wanted |= ROOMS;
		break;
	case '/':
		if (spot->wanted != COMMANDS || word != 0)
			break;
		spot->word.at++;
		spot->word.len--;
		break;
	case '@':
		spot->before = "@";
		spot->word.at++;
		spot->word.len--;
		break;
	default:
		break;
	}
	return spot->wanted != 0;
}

/* ---- what there is ---- */

static void
add(struct list *list, const char *name, uint64_t spoke)
{
	if (list->n == list->cap) {
		list->cap = list->cap != 0 ? list->cap * 2 : 16;
		list->at = xrealloc(list->at, list->cap, sizeof(*list->at));
	}
	list->at[list->n++] = (struct found){ name, spoke };
}

static bool
begins(const struct name_key *key, const struct name_key *word)
{
	return key->len >= word->len &&
	    memcmp(key->at, word->at, word->len) == 0;
}

static bool
word_key(struct slice word, struct name_key *key)
{
	key->len = 0;
	return word.len == 0 || names_key(word, key);
}

static bool
is_talk(const struct room *room)
{
	return room->is_open && room->kind == ROOM_TALK;
}

static void
add_nicks(struct list *list, const struct model *m, const struct room *room,
    struct slice word)
{
	struct name_key key;
	const struct member *member;

	if (!word_key(word, &key))
		return;
	for (member = room->members; member != NULL; member = member->hh.next)
		if (begins(&member->key, &key) &&
		    strcmp(member->nick, m->nick) != 0)
			add(list, member->nick, member->spoke);
	/* Whom one talks with directly, where that is not a member. */
	for (size_t i = 1; i < m->n_rooms; i++)
		if (is_talk(m->rooms[i]) && m->rooms[i]->is_direct &&
		    begins(&m->rooms[i]->key, &key))
			add(list, m->rooms[i]->name, 0);
}

static void
add_rooms(struct list *list, const struct model *m, struct slice word)
{
	struct name_key key;

	if (!word_key(word, &key))
		return;
	for (size_t i = 1; i < m->n_rooms; i++)
		if (is_talk(m->rooms[i]) && !m->rooms[i]->is_direct &&
		    begins(&m->rooms[i]->key, &key))
			add(list, m->rooms[i]->name, 0);
}

static void
add_options(struct list *list, struct slice word)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (word.len == 0 ||
		    strncmp(options[i].name, word.at, word.len) == 0)
			add(list, options[i].name, 0);
}

/* So many numbers may be added. */
static void
make_numbers(struct list *list, size_t most)
{
	list->number = xcalloc(most + 1, sizeof(*list->number));
}

static void
add_number(struct list *list, uint64_t number, struct slice word)
{
	char *text = list->number[list->n_numbers];

	snprintf(
	    text, sizeof(*list->number), "%llu", (unsigned long long)number);
	if (strncmp(text, word.len != 0 ? word.at : "", word.len) != 0)
		return;
	list->n_numbers++;
	add(list, text, number);
}

/* The newest first. */
static void
add_files(struct list *list, const struct room *room, struct slice word)
{
	const struct scrollback *lines = &room->lines;
	uint64_t id = scrollback_newest(lines);
	const struct line *line;
	struct file_entry e;

	make_numbers(list, FILES_MOST);
	for (; list->n_numbers < FILES_MOST && id != 0 &&
	     (line = scrollback_line(lines, id)) != NULL;
	     id--)
		if (line->what == LINE_ENTRY && line->kind == ENTRY_FILE &&
		    files_parse(&e, ENTRY_FILE, line_text(line)))
			add_number(list, e.number, word);
}

static void
add_transfers(struct list *list, const struct model *m, struct slice word)
{
	const struct transfer *t;
	size_t n = 0;

	for (t = m->transfers; t != NULL; t = t->next)
		n++;
	make_numbers(list, n);
	for (t = m->transfers; t != NULL; t = t->next)
		if (!transfer_is_over(t))
			add_number(list, t->number, word);
}

static void
add_commands(struct list *list, struct slice word)
{
	size_t n;
	const struct command *rows = command_rows(&n);

	for (size_t i = 0; i < n; i++)
		if (strncmp(rows[i].name, word.at != NULL ? word.at : "",
			word.len) == 0)
			add(list, rows[i].name, 0);
}

/* Who spoke last first, then by name. */
static int
compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->spoke != y->spoke)
		return x->spoke > y->spoke ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void
take(struct complete *c, const struct spot *spot, const struct list *list)
{
	const char *last = "";

	c->candidate = xcalloc(list->n + 1, sizeof(char *));
	c->candidate[0] =
	    xasprintf("%s%.*s", spot->before, SLICE_ARG(spot->word));
	c->n = 1;
	for (size_t i = 0; i < list->n; i++) {
		const char *name = list->at[i].name;
		/* A room's name is no address: it gets no colon. */
		const char *behind = name[0] == '#' && spot->behind[0] != '\0'
		    ? " "
		    : spot->behind;
		if (strcmp(name, last) != 0)
			c->candidate[c->n++] =
			    xasprintf("%s%s%s", spot->before, name, behind);
		last = name;
	}
}

bool
complete_start(struct complete *c, const struct model *m,
    const struct room *room, struct slice text, size_t cursor)
{
	struct list list = { 0 };
	struct spot spot;

	*c = (struct complete){ 0 };
	if (!find_spot(text, cursor, &spot))
		return false;
	if ((spot.wanted & COMMANDS) != 0)
		add_commands(&list, spot.word);
	if ((spot.wanted & OPTIONS) != 0)
		add_options(&list, spot.word);
	if ((spot.wanted & NICKS) != 0)
		add_nicks(&list, m, room, spot.word);
	if ((spot.wanted & ROOMS) != 0)
		add_rooms(&list, m, spot.word);
	if ((spot.wanted & FILES) != 0)
		add_files(&list, room, spot.word);
	if ((spot.wanted & TRANSFERS) != 0)
		add_transfers(&list, m, spot.word);
	if (list.n != 0) {
		qsort(list.at, list.n, sizeof(*list.at), compare);
		take(c, &spot, &list);
		c->is_on = true;
		c->to = cursor;
		c->from = cursor - strlen(c->candidate[0]);
	}
	free(list.number);
	free(list.at);
	return c->is_on;
}

struct slice
complete_next(struct complete *c, int by)
{
	struct slice now;

	c->at = (c->at + (by > 0 ? 1 : c->n - 1)) % c->n;
	now = slice_of(c->candidate[c->at]);
	c->to = c->from + now.len;
	return now;
}

void
complete_stop(struct complete *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->candidate[i]);
	free(c->candidate);
	*c = (struct complete){ 0 };
}

static struct slice
without_tail(const char *candidate)
{
	struct slice s = slice_of(candidate);

	if (s.len != 0 && s.at[s.len - 1] == ' ')
		s.len--;
	if (s.len > 1 && s.at[s.len - 1] == ':')
		s.len--;
	return s;
}

void
complete_list(const struct complete *c, struct buf *out, int columns)
{
	size_t first = c->at;

	/* The one at hand is always told. */
	for (int room = columns; first > 1; first--) {
		struct slice s = without_tail(c->candidate[first]);
		room -= utf8_width(s.at, s.len) + 2;
		if (room < columns / 2)
			break;
	}
	for (size_t i = first != 0 ? first : 1; i < c->n; i++) {
		struct slice s = without_tail(c->candidate[i]);
		if (out->len != 0)
			buf_add_string(out, " ");
		buf_printf(out, i == c->at ? "[%.*s]" : "%.*s", SLICE_ARG(s));
	}
}
