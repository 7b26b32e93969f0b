#include "face.h"

#include <stdlib.h>

#include "screen.h"

void
face_init(struct face *f, struct model *model, struct link *link)
{
	*f = (struct face){
		.model = model,
		.link = link,
		.stale_keys = PART_ALL,
	};
	windows_init(&f->windows, model);
}

void
face_done(struct face *f)
{
	complete_stop(&f->complete);
	recall_stop(&f->recall);
	help_close(&f->help);
	input_done(&f->input);
	buf_done(&f->hint);
	free(f->why);
	windows_done(&f->windows);
}

void
face_stale(struct face *f, unsigned parts)
{
	f->stale_keys |= parts;
}

struct edit *
face_edit(struct face *f)
{
	return f->windows.now->edit;
}

void
face_edited(struct face *f, bool did)
{
	if (!did)
		screen_beep();
	if (edit_text(face_edit(f)).len == 0)
		f->windows.now->is_pasted = false;
	face_stale(f, PART_INPUT | PART_STATUS);
}

void
face_hint(struct face *f, const char *words)
{
	buf_clear(&f->hint);
	buf_add_string(&f->hint, words);
	face_stale(f, PART_STATUS);
}
