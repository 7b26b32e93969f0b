/*
 * The commands about files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoget.h"
#include "command_state.h"
#include "downloads.h"
#include "files.h"
#include "progress.h"
#include "quote.h"
#include "sizes.h"
#include "text.h"
#include "transfer.h"
#include "xmalloc.h"

enum {
	PATHS_MAX = 64,	   /* of one line */
	LIST_COLUMNS = 60, /* of a transfer in a list */
};

static const char open_quote[] =
    "a quote is open: a sign \" or ' is written with a backslash before it";

/* ---- sending ---- */

struct paths {
	char *at[PATHS_MAX];
	size_t n;
	struct slice caption;
};

static void
paths_done(struct paths *paths)
{
	while (paths->n != 0)
		free(paths->at[--paths->n]);
}

/* What stands behind --, without the blanks around it. */
static struct slice
caption(struct slice rest)
{
	while (rest.len != 0 && strchr(" \t\n", rest.at[0]) != NULL) {
		rest.at++;
		rest.len--;
	}
	while (rest.len != 0 && strchr(" \t\n", rest.at[rest.len - 1]) != NULL)
		rest.len--;
	return rest;
}

/* NULL, or what is wrong. */
static const char *
read_paths(struct paths *paths, struct slice rest)
{
	struct buf path = { 0 };
	enum quote got;

	while ((got = quote_path(&rest, &path)) == QUOTE_WORD) {
		if (slice_is(buf_slice(&path), SLICE("--"))) {
			paths->caption = caption(rest);
			break;
		}
		if (paths->n == PATHS_MAX) {
			buf_done(&path);
			return "that are too many files for one line";
		}
		paths->at[paths->n++] = xstrdup(buf_string(&path));
		buf_clear(&path);
	}
	buf_done(&path);
	if (got == QUOTE_OPEN)
		return open_quote;
	return paths->n == 0 ? "no file is named" : NULL;
}

/* 0, or errno's value. */
static int
look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	return access(path, R_OK) < 0 ? errno : 0;
}

static enum command_result
keep_path(struct command_face *f, const char *path, int error)
{
	struct buf safe = { 0 };

	text_safe(&safe, slice_of(path), TEXT_ONE_LINE);
	if (error == EINVAL)
		command_keep(f,
		    "%s: not a regular file; please enter a valid name",
		    buf_string(&safe));
	else if (error == ENOENT && strpbrk(path, "*?[") != NULL)
		command_keep(f,
		    "%s: %s, and patterns are not expanded here; please enter "
		    "a valid name",
		    buf_string(&safe), strerrordesc_np(error));
	else
		command_keep(f, "%s: %s; please enter a valid name",
		    buf_string(&safe), strerrordesc_np(error));
	buf_done(&safe);
	return COMMAND_KEEP;
}

/* All of them, or none if one will not do; the caption is the first one's. */
static enum command_result
send_paths(struct command_face *f, const struct paths *paths)
{
	struct send_file file = { .fd = -1, .caption = paths->caption };
	enum command_result result = COMMAND_DONE;
	struct buf why = { 0 };
	int error;

	for (size_t i = 0; i < paths->n; i++)
		if ((error = look_at(paths->at[i])) != 0)
			return keep_path(f, paths->at[i], error);
	for (size_t i = 0; i < paths->n; i++) {
		file.path = paths->at[i];
		if (link_send_file(f->link, f->room, &file, &why) == 0)
			result = command_keep(f, "%s", buf_string(&why));
		file.caption = SLICE("");
		buf_clear(&why);
	}
	buf_done(&why);
	return result;
}

enum command_result
run_send(struct command_face *f, const char *words)
{
	struct paths paths = { .n = 0 };
	const char *wrong = read_paths(&paths, slice_of(words));
	enum command_result result;

	if (f->room->name[0] == '\0')
		result = command_keep(f,
		    "this is the server's window, not a room: /join #ROOM, or "
		    "Alt-2");
	else if (wrong != NULL)
		result = command_keep(f, "%s", wrong);
	else if (!text_is_clean(paths.caption, true))
		result = command_keep(
		    f, "control characters cannot be sent in a caption");
	else
		result = send_paths(f, &paths);
	paths_done(&paths);
	return result;
}

/* ---- fetching ---- */

/* Digits alone; 0: it is no number. */
static uint64_t
number_of(struct slice word)
{
	uint64_t number = 0;

	if (word.len == 0 || word.len > 19)
		return 0;
	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(word.at[i] - '0');
	}
	return number;
}

/* Of the last one somebody sent to the room that is not gone; 0: none. */
static uint64_t
newest_file(struct command_face *f)
{
	const struct scrollback *lines = &f->room->lines;
	uint64_t id, gone = 0, found = 0;
	const struct line *line;
	struct file_entry e;

	model_lock(f->model);
	for (id = scrollback_newest(lines); id != 0 && found == 0 &&
	     (line = scrollback_line(lines, id)) != NULL;
	     id--) {
		if (line->what != LINE_ENTRY ||
		    !files_parse(
			&e, (enum entry_kind)line->kind, line_text(line)))
			continue;
		if (line->kind == ENTRY_WITHDRAWN)
			gone = e.number;
		else if (line->kind == ENTRY_FILE && e.number != gone)
			found = e.number;
	}
	model_unlock(f->model);
	return found;
}

/* To where the rest of the line says. */
static enum command_result
fetch(struct command_face *f, uint64_t file, struct slice rest)
{
	enum command_result result = COMMAND_DONE;
	struct buf path = { 0 };
	enum quote got = quote_path(&rest, &path);
	int error = got == QUOTE_WORD ? downloads_check(buf_string(&path)) : 0;

	if (got == QUOTE_OPEN)
		result = command_keep(f, "%s", open_quote);
	else if (caption(rest).len != 0)
		result = command_keep(
		    f, "one path is enough; blanks in it are quoted");
	else if (error != 0)
		result = keep_path(f, buf_string(&path), error);
	else
		link_fetch_file(f->link, f->room, file,
		    got == QUOTE_WORD ? buf_string(&path) : NULL, -1);
	buf_done(&path);
	return result;
}

enum command_result
run_get(struct command_face *f, const char *words)
{
	struct slice word = command_word(words, &words);
	uint64_t file = word.len != 0 ? number_of(word) : newest_file(f);

	if (file == 0 && word.len == 0)
		return command_keep(f,
		    "nobody has sent a file here that one can see; /files "
		    "lists them");
	if (file == 0)
		return command_keep(f,
		    "%.*s: a file has a number, /files lists them",
		    SLICE_ARG(word));
	return fetch(f, file, slice_of(words));
}

/* ---- what there is ---- */

/* A #room, or somebody one talks with directly. */
static bool
is_place(struct command_face *f, struct slice word)
{
	const struct room *room;
	bool is_direct;

	if (names_is_room(word))
		return true;
	model_lock(f->model);
	room = model_room(f->model, word);
	is_direct = room != NULL && room->is_direct;
	model_unlock(f->model);
	return is_direct;
}

enum command_result
run_files(struct command_face *f, const char *words)
{
	const char *rest;
	struct slice word = command_word(words, &rest);
	struct slice of = slice_of(f->room->name);

	if (word.len != 0 && is_place(f, word)) {
		of = word;
		words = rest;
	} else if (word.len != 0) {
		of = SLICE("");
	}
	return command_sent(
	    f, link_list_files(f->link, f->room, of, slice_of(words)));
}

enum command_result
run_transfers(struct command_face *f, const char *words)
{
	const struct transfer *t;
	struct buf text = { 0 };

	(void)words;
	model_lock(f->model);
	for (t = f->model->transfers; t != NULL; t = t->next) {
		buf_clear(&text);
		progress_label(&text, t);
		buf_printf(&text, " %s: ",
		    t->room->name[0] != '\0' ? t->room->name : "server");
		progress_words(&text, t, LIST_COLUMNS);
		model_say(f->model, f->room, "%s", buf_string(&text));
	}
	if (f->model->transfers == NULL)
		model_say(f->model, f->room, "no file was sent or fetched");
	model_unlock_changed(f->model);
	buf_done(&text);
	return COMMAND_DONE;
}

/* ---- those on their way ---- */

struct under_way {
	unsigned n, first; /* how many; the number of the first */
	unsigned last;	   /* of all there ever were */
};

static struct under_way
under_way(struct command_face *f)
{
	struct under_way found = { 0 };
	const struct transfer *t;

	model_lock(f->model);
	for (t = f->model->transfers; t != NULL; t = t->next) {
		found.last = t->number;
		if (transfer_is_over(t))
			continue;
		if (found.n++ == 0)
			found.first = t->number;
	}
	model_unlock(f->model);
	return found;
}

/* The one of the number, or all. */
static enum command_result
wish(struct command_face *f, const char *words, enum transfer_wish wish)
{
	struct slice word = command_word(words, &words);
	struct under_way found = under_way(f);
	uint64_t number = number_of(word);

	if (found.n == 0 && word.len == 0)
		return command_keep(f, "no file is on its way");
	if (word.len == 0 && wish == WISH_CANCEL && found.n > 1)
		return command_keep(f,
		    "%u files are on their way: which one? /transfers lists "
		    "them",
		    found.n);
	if (word.len == 0) {
		for (unsigned i = found.first; i <= found.last; i++)
			link_transfer(f->link, i, wish);
		return COMMAND_DONE;
	}
	if (number == 0 || number > found.last ||
	    !link_transfer(f->link, (unsigned)number, wish))
		return command_keep(f,
		    "%.*s: no file on its way has this number; /transfers "
		    "lists them",
		    SLICE_ARG(word));
	return COMMAND_DONE;
}

enum command_result
run_pause(struct command_face *f, const char *words)
{
	return wish(f, words, WISH_PAUSE);
}

enum command_result
run_resume(struct command_face *f, const char *words)
{
	return wish(f, words, WISH_GO_ON);
}

enum command_result
run_cancel(struct command_face *f, const char *words)
{
	return wish(f, words, WISH_CANCEL);
}

enum command_result
run_withdraw(struct command_face *f, const char *words)
{
	struct slice word = command_word(words, &words);
	union message m = { .withdraw = { MSG_WITHDRAW, 0, number_of(word),
				slice_of(words) } };

	if (m.withdraw.file == 0)
		return command_keep(f,
		    "%.*s: a file has a number, /files lists them",
		    SLICE_ARG(word));
	if (!text_is_clean(m.withdraw.why, false))
		return command_keep(f, "control characters cannot be sent");
	return command_sent(f, link_request(f->link, &m, f->room));
}

/* ---- by themselves ---- */

static void
list_rules(struct command_face *f)
{
	const struct autoget *rule;
	struct buf text = { 0 };

	model_lock(f->model);
	for (rule = f->model->autoget; rule != NULL; rule = rule->next) {
		buf_clear(&text);
		sizes_words(&text, rule->most);
		model_say(f->model, f->room, "from %s: files up to %s",
		    rule->who, buf_string(&text));
	}
	if (f->model->autoget == NULL)
		model_say(f->model, f->room, "no file is fetched by itself");
	model_unlock_changed(f->model);
	buf_done(&text);
}

static bool
is_who(struct slice who)
{
	if (slice_is(who, SLICE("*")))
		return true;
	return names_is_room(who) ? names_room(who, NULL) == FINE
				  : names_nick(who, NULL) != REFUSE_NICK_BAD;
}

enum command_result
run_autoget(struct command_face *f, const char *words)
{
	struct slice who = command_word(words, &words);
	uint64_t most = 0;

	if (who.len == 0) {
		list_rules(f);
		return COMMAND_DONE;
	}
	if (slice_is(who, SLICE("-")) && words[0] == '\0')
		who = SLICE("");
	else if (!is_who(who))
		return command_keep(
		    f, "%.*s: a nick, a #room, or *", SLICE_ARG(who));
	else if (strcmp(words, "-") != 0 && !sizes_parse(words, &most))
		return command_keep(f,
		    "usage: /autoget WHO SIZE; a size is 500k, 10M, 2G, or -");
	model_lock(f->model);
	autoget_set(&f->model->autoget, who, most);
	model_unlock(f->model);
	list_rules(f);
	return COMMAND_DONE;
}
