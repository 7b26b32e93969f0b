/*
 * What is shown of files: how transfers stand, and lists of what there is; and
 * what is fetched without being asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "apply_state.h"
#include "autoget.h"
#include "digest.h"
#include "files.h"
#include "sizes.h"
#include "text.h"

/* ---- transfers ---- */

static void
add_number(struct buf *out, uint64_t number, bool is_known)
{
	if (is_known)
		buf_printf(out, "%llu ", (unsigned long long)number);
	else
		buf_add_string(out, "- ");
}

/* NUMBER FILE SIZE SHA256 WORDS, with - for what is not known. */
static void
tell(struct apply *a, const struct transfer *t, const char *kind,
    const char *words)
{
	struct event event = { .time = a->model->wall(),
		.room = t->room->name,
		.kind = kind,
		.who = slice_of(a->model->nick) };
	char hash[DIGEST_TEXT] = "-";
	struct buf text = { 0 };

	if (t->state == TRANSFER_DONE)
		digest_text(&t->hash, hash);
	buf_printf(&text, "%u ", t->number);
	add_number(&text, t->file, t->file != 0);
	add_number(&text, t->size, t->size != SIZES_UNKNOWN);
	buf_printf(&text, "%s %s", hash, words);
	event.text = buf_slice(&text);
	model_event(a->model, &event);
	buf_done(&text);
}

static void
begin(struct apply *a, struct transfer *t)
{
	const struct line head = { .what = LINE_MOVE, .time = t->began_ms };

	t->line =
	    model_line(a->model, t->room, &head, SLICE(""), slice_of(t->name))
		->id;
	tell(a, t, t->is_upload ? "sending" : "getting", t->name);
}

void
apply_moved(struct apply *a, struct transfer *t)
{
	if (t->line == 0)
		begin(a, t);
	if (t->told == t->state)
		return;
	t->told = t->state;
	switch (t->state) {
	case TRANSFER_HELD:
		tell(a, t, "held", t->why);
		break;
	case TRANSFER_DONE:
		tell(a, t, t->is_upload ? "sent" : "got",
		    t->is_upload ? t->name : t->path);
		break;
	case TRANSFER_FAILED:
		tell(a, t, "failed", t->why);
		break;
	case TRANSFER_CANCELLED:
		tell(a, t, "cancelled", t->name);
		break;
	default:
		break;
	}
}

/* ---- without being asked ---- */

static bool
is_fetched(const struct model *m, uint64_t file)
{
	const struct transfer *t = m->transfers;

	while (t != NULL && (t->is_upload || t->file != file))
		t = t->next;
	return t != NULL;
}

/* What was there when the room was entered is no news. */
void
apply_autoget(struct apply *a, struct room *room, const struct msg_entry *e)
{
	struct model *m = a->model;
	struct file_entry file;

	if (a->transfers == NULL || e->seq <= room->since ||
	    names_same(e->who, slice_of(m->nick)) ||
	    !files_parse(&file, (enum entry_kind)e->kind, e->text) ||
	    file.size == SIZES_UNKNOWN || is_fetched(m, file.number))
		return;
	if (autoget_takes(m->autoget, e->who, slice_of(room->name), file.size))
		transfers_fetch(a->transfers, room, file.number, NULL, -1);
}

/* ---- lists ---- */

/* The request keeps "ROOM\nWORDS". */
static struct slice
words_of(const struct asked *asked, struct slice *room)
{
	struct slice all = buf_slice(&asked->words);

	room->at = all.at;
	room->len =
	    (size_t)((const char *)memchr(all.at, '\n', all.len) - all.at);
	return (
	    struct slice){ all.at + room->len + 1, all.len - room->len - 1 };
}

bool
apply_list_files(
    struct apply *a, struct room *room, struct slice of, struct slice words)
{
	union message m = { .files = { MSG_FILES, 0, of, 0 } };
	struct asked *asked;

	if (!a->is_live)
		return false;
	asked = apply_ask(a, &m, room, false);
	buf_printf(
	    &asked->words, "%.*s\n%.*s", SLICE_ARG(of), SLICE_ARG(words));
	return true;
}

/* Each word, whatever its case, is somewhere in the name. */
static bool
has_words(struct slice name, struct slice words)
{
	struct buf all = { 0 }, text = { 0 };
	char *word, *rest = NULL;
	bool has = true;

	buf_add_slice(&text, name);
	buf_add_slice(&all, words);
	buf_string(&all);
	for (word = strtok_r((char *)buf_at(&all), " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		has = has && strcasestr(buf_string(&text), word) != NULL;
	buf_done(&all);
	buf_done(&text);
	return has;
}

static void
show_filed(struct apply *a, struct asked *asked, const struct msg_filed *f,
    const char *hash)
{
	struct line head = { .what = LINE_LOCAL, .time = a->model->wall() };
	struct buf words = { 0 };
	char when[APPLY_WHEN];

	buf_printf(&words, "%llu %.*s, ", (unsigned long long)f->file,
	    SLICE_ARG(f->name));
	sizes_words(&words, f->size != SIZES_UNKNOWN ? f->size : f->have);
	if (f->hash.len == 0)
		buf_add_string(&words, ", still coming");
	apply_when(when, f->since);
	buf_printf(&words, ", %.*s in %.*s, %s", SLICE_ARG(f->who),
	    SLICE_ARG(f->room), when);
	apply_when(when, f->expires);
	if (f->expires != 0)
		buf_printf(&words, ", until %s", when);
	if (f->hash.len != 0)
		buf_printf(&words, ", sha256 %.*s...", FILES_HASH, hash);
	model_line(a->model, asked->room, &head, SLICE(""), buf_slice(&words));
	buf_done(&words);
}

/* FILE SIZE EXPIRES SHA256 NAME, as the entries have them. */
static void
tell_filed(struct apply *a, const struct msg_filed *f, const char *hash)
{
	struct buf room = { 0 }, text = { 0 };
	struct event event = {
		.time = f->since, .kind = "filed", .who = f->who
	};

	buf_add_slice(&room, f->room);
	event.room = buf_string(&room);
	add_number(&text, f->file, true);
	add_number(&text, f->size, f->size != SIZES_UNKNOWN);
	add_number(&text, f->expires, f->expires != 0);
	buf_printf(&text, "%s %.*s", hash, SLICE_ARG(f->name));
	event.text = buf_slice(&text);
	model_event(a->model, &event);
	buf_done(&room);
	buf_done(&text);
}

bool
hear_filed(struct apply *a, const union message *m)
{
	const struct msg_filed *f = &m->filed;
	struct asked *asked = asking_find(&a->asking, f->ref);
	char text[DIGEST_TEXT] = "-";
	struct slice room;
	struct hash hash;

	if (asked == NULL || asked->type != MSG_FILES ||
	    !has_words(f->name, words_of(asked, &room)))
		return true;
	if (f->hash.len == sizeof(hash.byte)) {
		memcpy(hash.byte, f->hash.at, sizeof(hash.byte));
		digest_text(&hash, text);
	}
	asked->count++;
	show_filed(a, asked, f, text);
	tell_filed(a, f, text);
	return true;
}

bool
apply_files_done(struct apply *a, struct asked *asked, const struct msg_done *d)
{
	union message m = { .files = { .type = MSG_FILES, .after = d->next } };

	if (d->next != 0) {
		words_of(asked, &m.files.room);
		asking_go_on(asked, a->out, &m);
		return false;
	}
	model_say(a->model, asked->room, "%u file%s", asked->count,
	    asked->count == 1 ? "" : "s");
	return true;
}
