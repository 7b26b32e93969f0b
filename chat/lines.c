#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include <jansson.h>

#include "log.h"
#include "text.h"

static void
add_time(struct buf *out, uint64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		snprintf(text, sizeof(text), "-");
	buf_printf(out, "%s.%03uZ", text, (unsigned)(wall_ms % 1000));
}

void
lines_text(struct buf *out, const struct event *e)
{
	add_time(out, e->time);
	buf_add_string(out, "\t");
	text_escape(out, slice_of(e->room));
	if (e->seq != 0)
		buf_printf(out, "\t%llu\t", (unsigned long long)e->seq);
	else
		buf_add_string(out, "\t-\t");
	buf_add_string(out, e->kind);
	buf_add_string(out, "\t");
	text_escape(out, e->who);
	buf_add_string(out, "\t");
	text_escape(out, e->text);
	buf_add_string(out, "\n");
}

/* What was typed need not be UTF-8; what came always is. */
static json_t *
json_text(struct slice text)
{
	json_t *json = json_stringn(text.len != 0 ? text.at : "", text.len);
	struct buf safe = { 0 };

	if (json != NULL)
		return json;
	text_safe(&safe, text, TEXT_LINES);
	json = json_string(buf_string(&safe));
	buf_done(&safe);
	return json;
}

/* ASCII only, so that it can be looked at on any terminal. */
void
lines_json(struct buf *out, const struct event *e)
{
	struct buf at = { 0 };
	json_t *json = json_object();
	char *line;

	add_time(&at, e->time);
	json_object_set_new(json, "time", json_text(buf_slice(&at)));
	json_object_set_new(json, "room", json_text(slice_of(e->room)));
	json_object_set_new(json, "seq",
	    e->seq != 0 ? json_integer((json_int_t)e->seq) : json_null());
	json_object_set_new(json, "kind", json_text(slice_of(e->kind)));
	json_object_set_new(json, "who", json_text(e->who));
	json_object_set_new(json, "text", json_text(e->text));
	line = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (line == NULL)
		fatalx(EX_OSERR, "out of memory");
	buf_add_string(out, line);
	buf_add_string(out, "\n");
	free(line);
	json_decref(json);
	buf_done(&at);
}
