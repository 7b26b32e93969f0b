#include "paste.h"

#include <string.h>
#include <sys/stat.h>

#include "quote.h"

static bool
has_lines(struct slice text)
{
	return memchr(text.at, '\n', text.len) != NULL ||
	    memchr(text.at, '\r', text.len) != NULL;
}

/* Regular files, by whole paths, and nothing else. */
static bool
are_files(struct slice text, struct buf *command)
{
	struct buf path = { 0 };
	enum quote got;
	struct stat st;

	buf_add_string(command, "/send");
	while ((got = quote_path(&text, &path)) == QUOTE_WORD) {
		if (buf_string(&path)[0] != '/' ||
		    stat(buf_string(&path), &st) < 0 || !S_ISREG(st.st_mode))
			break;
		buf_add_string(command, " ");
		quote_add(command, buf_slice(&path), '\0');
		buf_clear(&path);
	}
	buf_done(&path);
	return got == QUOTE_NONE;
}

/* A file that is dropped on a terminal comes as a path: it may be meant to be
 * sent, but Enter says so. */
static bool
offer_files(struct face *f, struct slice text)
{
	struct edit *edit = face_edit(f);
	struct buf command = { 0 };
	bool did = edit_text(edit).len == 0 && !has_lines(text) &&
	    are_files(text, &command) && edit_set(edit, buf_slice(&command));

	buf_done(&command);
	if (!did)
		return false;
	edit_move(edit, EDIT_END);
	f->windows.now->is_pasted = false;
	face_edited(f, true);
	face_hint(f, "Enter sends it, Ctrl-C does not");
	return true;
}

void
paste_on(struct face *f, struct slice text)
{
	struct edit *edit = face_edit(f);
	bool is_first = edit_cursor(edit) == 0;

	while (text.len > 0 &&
	    (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
		text.len--;
	if (text.len == 0 || offer_files(f, text))
		return;
	if (!edit_paste(edit, text)) {
		face_hint(f, "what was pasted is too long for one message");
		return;
	}
	/* A slash that was pasted is no command's. */
	if (is_first && has_lines(text))
		f->windows.now->is_pasted = true;
	face_edited(f, true);
}
