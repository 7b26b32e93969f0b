/*
 * What many see: entries of a room, and who came and went.  One line of a
 * room begins with its name in brackets, what is behind that by what follows:
 *
 *	<NICK> TEXT	said
 *	* NICK TEXT	done
 *	-NICK- TEXT	a notice
 *	-- ...		everything else
 *
 * Of a file its name and size are told, not what programs know it by.
 *
 * The rest of a text of several lines follows at once, each behind "| ".  No
 * name holds a blank, a bracket of these or a bar at its beginning, and no text
 * begins a line: so nothing that is said looks like anything else.
 */
#include "dialect_line.h"
#include "text.h"

void
line_safe(struct buf *out, struct slice text)
{
	text_safe(out, text, TEXT_ONE_LINE);
}

void
line_end(struct buf *out)
{
	buf_add_string(out, "\r\n");
}

static void
add_room(struct buf *out, struct slice room)
{
	buf_add_u8(out, '[');
	line_safe(out, room.len != 0 ? room : SLICE("direct"));
	buf_add_string(out, "] ");
}

/* How an entry of a kind reads: words, who, words, text. */
static const struct form {
	const char *before, *behind, *colon; /* colon: if there is a text */
} forms[] = {
	[ENTRY_SAID] = { "<", ">", " " },
	[ENTRY_ACTION] = { "* ", "", " " },
	[ENTRY_NOTICE] = { "-", "-", " " },
	[ENTRY_JOINED] = { "-- ", " joined", ": " },
	[ENTRY_LEFT] = { "-- ", " left", ": " },
	[ENTRY_RENAMED] = { "-- ", " is now called", " " },
	[ENTRY_TOPIC] = { "-- ", " set the topic", ": " },
	[ENTRY_FILE] = { "-- ", " sends a file", ": " },
	[ENTRY_ARRIVED] = { "-- ", " has sent a file", ": " },
	[ENTRY_WITHDRAWN] = { "-- ", " withdrew a file", ": " },
};
static const struct form unknown = { "-- ", "", ": " };

/* Up to a blank, which is passed over. */
static struct slice
first_word(struct slice *text)
{
	const char *blank =
	    text->len != 0 ? memchr(text->at, ' ', text->len) : NULL;
	struct slice word = *text;

	if (blank != NULL)
		word.len = (size_t)(blank - text->at);
	text->at += word.len + (blank != NULL);
	text->len -= word.len + (blank != NULL);
	return word;
}

/* What a file's entry begins with; what is left of text is its name and what
 * stands behind that.  The size; "": it isn't told. */
static struct slice
file_size(enum entry_kind kind, struct slice *text)
{
	struct slice size = SLICE("");

	first_word(text);
	if (kind == ENTRY_WITHDRAWN)
		return size;
	size = first_word(text);
	first_word(text);
	return slice_is(size, SLICE("-")) ? SLICE("") : size;
}

static bool
is_of_file(enum entry_kind kind)
{
	return kind == ENTRY_FILE || kind == ENTRY_ARRIVED ||
	    kind == ENTRY_WITHDRAWN;
}

static void
add_text(struct buf *out, const char *start, struct slice text)
{
	for (;;) {
		const char *end =
		    text.len != 0 ? memchr(text.at, '\n', text.len) : NULL;
		struct slice line = text;

		if (end != NULL)
			line.len = (size_t)(end - text.at);
		line_safe(out, line);
		line_end(out);
		if (end == NULL)
			return;
		text.at += line.len + 1;
		text.len -= line.len + 1;
		buf_add_string(out, start);
		buf_add_string(out, "| ");
	}
}

void
line_entry(struct buf *out, const char *start, struct slice room,
    enum entry_kind kind, struct slice who, struct slice text)
{
	const struct form *f = &unknown;
	struct slice size = SLICE("");

	if (is_of_file(kind))
		size = file_size(kind, &text);
	if (kind < sizeof(forms) / sizeof(*forms) && forms[kind].before != NULL)
		f = &forms[kind];
	add_room(out, room);
	buf_add_string(out, f->before);
	line_safe(out, who);
	buf_add_string(out, f->behind);
	if (size.len != 0) {
		buf_add_string(out, " of ");
		line_safe(out, size);
		buf_add_string(out, " bytes");
	}
	if (text.len != 0)
		buf_add_string(out, f->colon);
	add_text(out, start, text);
}

static void
share_presence(struct buf *out, const struct msg_presence *m)
{
	buf_add_string(out, "-- ");
	line_safe(out, m->nick);
	buf_add_string(out,
	    m->state == PRESENCE_HERE ? " is back" : " lost the connection");
	line_end(out);
}

void
line_share(struct buf *out, struct slice room, const union message *m)
{
	if (m->type == MSG_ENTRY) {
		line_entry(out, "", room, (enum entry_kind)m->entry.kind,
		    m->entry.who, m->entry.text);
	} else if (m->type == MSG_GAP) {
		add_room(out, room);
		buf_add_string(
		    out, "-- what was here before is not kept any more");
		line_end(out);
	} else if (m->type == MSG_PRESENCE) {
		share_presence(out, &m->presence);
	}
}
