#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "codec.h"
#include "frame.h"

static uint64_t
wall(void)
{
	return RIG_WALL * UINT64_C(1000);
}

static void
hear(void *arg, const struct event *e)
{
	struct rig *rig = arg;

	buf_printf(&rig->heard, "%s %s %.*s %.*s\n", e->room, e->kind,
	    SLICE_ARG(e->who), SLICE_ARG(e->text));
}

void
rig_init(struct rig *rig)
{
	const struct id device = { { 1, 2, 3, 4, 5, 6, 7, 8 } };

	*rig = (struct rig){ .now_ms = 1000, .goes_on = true };
	rig->model = model_new();
	rig->model->wall = wall;
	rig->model->ears = (struct model_ears){ .event = hear, .arg = rig };
	rig->apply = apply_new(rig->model, &rig->out, &device, "ana");
}

void
rig_done(struct rig *rig)
{
	apply_free(rig->apply);
	model_free(rig->model);
	buf_done(&rig->out);
	buf_done(&rig->heard);
	variables_done(&rig->variables);
}

void
rig_frame(struct variables *v, const char *words, struct buf *out)
{
	struct buf held[PATTERN_FIELDS] = { { 0 } };
	struct pattern p;
	union message m;
	const char *wrong = pattern_parse(&p, words);

	cr_assert_null(wrong, "%s: %s", words, wrong);
	wrong = pattern_make(&p, v, &m, held);
	cr_assert_null(wrong, "%s: %s", words, wrong);
	codec_encode(out, &m);
	for (size_t i = 0; i < PATTERN_FIELDS; i++)
		buf_done(&held[i]);
	pattern_done(&p);
}

static void
server_says(struct rig *rig, const char *words)
{
	struct buf bytes = { 0 };
	size_t used;

	rig_frame(&rig->variables, words, &bytes);
	if (apply_bytes(
		rig->apply, buf_at(&bytes), bytes.len, &used, rig->now_ms))
		cr_assert_eq(used, bytes.len);
	else
		rig->goes_on = false;
	buf_done(&bytes);
}

/* What a variable of one letter stands for is met anew each time. */
static void
forget_letters(struct variables *v, const struct pattern *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *name = p->test[i].value + 1;
		if (name[-1] != '$' || strlen(name) != 1)
			continue;
		for (size_t j = 0; j < v->n; j++)
			if (strcmp(v->at[j].name, name) == 0)
				snprintf(v->at[j].name, PATTERN_NAME, "old");
	}
}

void
rig_fits(struct variables *v, const char *words, const union message *m)
{
	struct pattern p;
	struct buf said = { 0 };
	const char *wrong = pattern_parse(&p, words);

	cr_assert_null(wrong, "%s: %s", words, wrong);
	pattern_describe(&said, m);
	forget_letters(v, &p);
	wrong = pattern_misfit(&p, v, m);
	cr_assert_null(wrong, "%s should be said, not %s: see %s", words,
	    buf_string(&said), wrong);
	buf_done(&said);
	pattern_done(&p);
}

static void
client_says(struct rig *rig, const char *words)
{
	struct frame f;
	union message m;

	cr_assert_eq(frame_read(buf_at(&rig->out), rig->out.len,
			 PROTOCOL_FRAME_READY, &f),
	    GOT_ONE, "nothing is said where there should be: %s", words);
	cr_assert_eq(codec_decode(f.payload, f.len, &m), FINE);
	rig_fits(&rig->variables, words, &m);
	buf_consume(&rig->out, f.used);
}

static void
client_is_quiet(struct rig *rig)
{
	struct buf said = { 0 };
	struct frame f;
	union message m;

	if (frame_read(buf_at(&rig->out), rig->out.len, PROTOCOL_FRAME_READY,
		&f) == GOT_ONE) {
		codec_decode(f.payload, f.len, &m);
		pattern_describe(&said, &m);
	}
	cr_assert_eq(rig->out.len, 0, "nothing should be said, but: %s",
	    buf_string(&said));
	buf_done(&said);
}

void
rig_play(struct rig *rig, const char *const *lines)
{
	for (; *lines != NULL; lines++) {
		if (**lines == 'S')
			server_says(rig, *lines + 2);
		else if (strcmp(*lines, "C -") == 0)
			client_is_quiet(rig);
		else
			client_says(rig, *lines + 2);
	}
}

void
rig_enter(struct rig *rig)
{
	apply_begin(rig->apply, rig->now_ms);
	RIG(rig, "C hello version=1 nick=ana",
	    "S welcome version=1 log=$log epoch=1 nick=ana server=test "
	    "frame=65536 text=16384 rooms=64 ping=30000",
	    "C ping token=$t", "S pong token=$t", "C -");
}

struct room *
rig_join(struct rig *rig, const char *name)
{
	struct room *room = rig_room(rig, name);
	union message m = { .join = { MSG_JOIN, 0, slice_of(name) } };

	cr_assert(apply_request(rig->apply, &m, room));
	RIG(rig, "C join ref=$j",
	    "S attached ref=$j room=7 name=#lobby first=1 head=0",
	    "C names ref=$n after=0", "S member ref=$n nick=ana state=here",
	    "S done ref=$n", "C -");
	return room;
}

void
rig_cut(struct rig *rig)
{
	apply_over(rig->apply);
	buf_clear(&rig->out);
	rig->goes_on = true;
	apply_begin(rig->apply, rig->now_ms);
	RIG(rig, "C hello version=1");
}

struct room *
rig_room(struct rig *rig, const char *name)
{
	return model_room_open(rig->model, slice_of(name));
}

const char *
rig_line(const struct room *room, unsigned n)
{
	static char text[512];
	uint64_t newest = scrollback_newest(&room->lines);
	const struct line *line = scrollback_line(&room->lines, newest - n);

	if (newest == 0 || line == NULL)
		return "";
	snprintf(text, sizeof(text), "%.*s|%.*s", SLICE_ARG(line_who(line)),
	    SLICE_ARG(line_text(line)));
	return text;
}
