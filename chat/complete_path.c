/*
 * Tab, where a command takes a path.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "complete.h"
#include "quote.h"
#include "text.h"
#include "xmalloc.h"

enum { PATHS_MOST = 1000 }; /* that are told */

struct look {
	struct quote_word word;
	struct slice text; /* up to the cursor */
	struct buf folder; /* to be read */
	struct buf begun;  /* of the name */
	const char *behind;
	struct complete *out;
};

static bool
takes_path(struct slice text, struct quote_word *word)
{
	const struct command *command;
	size_t len = 0, n;

	if (text.len < 2 || text.at[0] != '/' || text.at[1] == '/')
		return false;
	quote_last(text, word);
	while (len < text.len && strchr(" \t\n", text.at[len]) == NULL)
		len++;
	if (word->from < len || word->before == 0 || word->is_behind)
		return false;
	command = command_find((struct slice){ text.at + 1, len - 1 }, &n);
	return command != NULL &&
	    (word->before == 1 ? command->first : command->rest) ==
	    ARGUMENT_PATH;
}

/* What is typed of the path, without its quotes: a folder, and a beginning. */
static void
divide(struct look *look)
{
	struct slice typed = { look->text.at + look->word.from,
		look->text.len - look->word.from };
	struct buf path = { 0 };
	const char *slash;

	quote_path(&typed, &path);
	buf_string(&path);
	slash = path.len != 0 ? strrchr((char *)buf_at(&path), '/') : NULL;
	if (slash != NULL) {
		size_t len = (size_t)(slash + 1 - (char *)buf_at(&path));
		buf_add(&look->folder, buf_at(&path), len);
		buf_add_string(&look->begun, slash + 1);
	} else {
		buf_add_string(&look->folder, "./");
		buf_add_slice(&look->begun, buf_slice(&path));
	}
	buf_done(&path);
}

/* Nothing in it would look, or be typed, otherwise. */
static bool
is_plain(const char *name)
{
	struct buf safe = { 0 };
	bool is;

	text_safe(&safe, slice_of(name), TEXT_ONE_LINE);
	is = strcmp(buf_string(&safe), name) == 0;
	buf_done(&safe);
	return is;
}

static bool
is_folder(const struct look *look, const char *name)
{
	struct buf path = { 0 };
	struct stat st;
	bool is;

	buf_add_slice(&path, buf_slice(&look->folder));
	buf_add_string(&path, name);
	is = stat(buf_string(&path), &st) == 0 && S_ISDIR(st.st_mode);
	buf_done(&path);
	return is;
}

/* As typed up to the last slash; then the name, quoted in the same way. */
static void
add(struct look *look, const char *name)
{
	const struct quote_word *word = &look->word;
	bool is_within = word->sign != '\0';
	struct buf path = { 0 };

	buf_add(&path, look->text.at + word->from, word->name - word->from);
	if (is_within && word->sign_at >= word->name)
		buf_add(&path, &word->sign, 1);
	quote_add(&path, slice_of(name), word->sign);
	if (is_folder(look, name)) {
		buf_add_string(&path, "/");
	} else {
		if (is_within)
			buf_add(&path, &word->sign, 1);
		buf_add_string(&path, look->behind);
	}
	look->out->candidate[look->out->n++] = xstrdup(buf_string(&path));
	buf_done(&path);
}

static bool
fits(const struct look *look, const char *name)
{
	struct slice begun = buf_slice(&look->begun);

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strncmp(name, begun.len != 0 ? begun.at : "", begun.len) != 0)
		return false;
	return (name[0] != '.' || begun.len != 0) && is_plain(name);
}

static void
read_folder(struct look *look)
{
	DIR *folder = opendir(buf_string(&look->folder));
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while (look->out->n < PATHS_MOST && (entry = readdir(folder)) != NULL)
		if (fits(look, entry->d_name))
			add(look, entry->d_name);
	closedir(folder);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
complete_path(struct complete *c, struct slice text, size_t cursor)
{
	struct look look = { .text = { text.at, cursor }, .out = c };
	bool is_last = cursor == text.len;

	*c = (struct complete){ 0 };
	if (!takes_path(look.text, &look.word))
		return false;
	look.behind =
	    is_last || strchr(" \n", text.at[cursor]) == NULL ? " " : "";
	divide(&look);
	c->candidate = xcalloc(PATHS_MOST + 1, sizeof(char *));
	c->candidate[c->n++] =
	    xstrndup(text.at + look.word.from, cursor - look.word.from);
	read_folder(&look);
	buf_done(&look.folder);
	buf_done(&look.begun);
	if (c->n == 1) {
		complete_stop(c);
		return false;
	}
	qsort(c->candidate + 1, c->n - 1, sizeof(char *), compare);
	c->is_on = true;
	c->from = look.word.from;
	c->to = cursor;
	return true;
}
