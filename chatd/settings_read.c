#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "dialect.h"
#include "names.h"
#include "settings_rows.h"
#include "sock.h"
#include "text.h"
#include "xmalloc.h"

enum {
	NAME_LEN = 32,	 /* no setting's name is as long */
	WORDS_LEN = 512, /* of an error's words, cut there */
	LINE_LEN = 1024, /* a setting that may be longer has lines */
};

/* ---- which one was meant ---- */

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to change, add or remove (Levenshtein); names too long are far. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[NAME_LEN + 1], above, corner;
	size_t i, j, n = strlen(b);

	if (n > NAME_LEN || strlen(a) > NAME_LEN)
		return NAME_LEN;
	for (j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		corner = row[0]++;
		for (j = 1; j <= n; j++) {
			above = row[j];
			row[j] = least(least(row[j - 1], above) + 1,
			    corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

/* What is farther away than this was not meant. */
static unsigned
reach(const char *name)
{
	return least((unsigned)strlen(name) / 2, 3);
}

/* The right name in the wrong group is nearly as good as the right group. */
static const struct settings_row *
nearest(const char *group, const char *name)
{
	unsigned far, best = reach(name) + 1;
	const struct settings_row *found = NULL;
	size_t i;

	for (i = 0; i < settings_nrows; i++) {
		far = distance(name, settings_rows[i].name) +
		    (strcmp(group, settings_rows[i].group) != 0);
		if (far < best) {
			best = far;
			found = &settings_rows[i];
		}
	}
	return found;
}

static bool
is_group(const char *name)
{
	size_t i;

	for (i = 0; i < settings_nrows; i++)
		if (name[0] != '\0' &&
		    strcmp(settings_rows[i].group, name) == 0)
			return true;
	return false;
}

static const char *
nearest_group(const char *name)
{
	unsigned far, best = reach(name) + 1;
	const char *found = NULL;
	size_t i;

	for (i = 0; i < settings_nrows; i++) {
		far = distance(name, settings_rows[i].group);
		if (far < best && settings_rows[i].group[0] != '\0') {
			best = far;
			found = settings_rows[i].group;
		}
	}
	return found;
}

/* ---- reading ---- */

struct reading {
	const char *path;
	struct settings *out;
	struct buf *errors;
};

static void complain(struct reading *, const config_setting_t *, const char *,
    ...) __attribute__((format(printf, 3, 4)));

static void
complain(struct reading *r, const config_setting_t *at, const char *format, ...)
{
	char words[WORDS_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	buf_printf(r->errors, "%s:%u: %s\n", r->path,
	    config_setting_source_line(at), words);
}

static const char *
dot(const char *group)
{
	return group[0] != '\0' ? "." : "";
}

static const char *
type_words(const config_setting_t *at)
{
	static const char *const words[] = {
		[CONFIG_TYPE_NONE] = "nothing",
		[CONFIG_TYPE_GROUP] = "a group",
		[CONFIG_TYPE_INT] = "a number",
		[CONFIG_TYPE_INT64] = "a number",
		[CONFIG_TYPE_FLOAT] = "a fraction",
		[CONFIG_TYPE_STRING] = "a string",
		[CONFIG_TYPE_BOOL] = "true or false",
		[CONFIG_TYPE_ARRAY] = "an array",
		[CONFIG_TYPE_LIST] = "a list",
	};

	return words[config_setting_type(at)];
}

static void
wrong_type(struct reading *r, const struct settings_row *row,
    const config_setting_t *at, const char *wanted)
{
	complain(r, at, "%s%s%s: %s is wanted, this is %s", row->group,
	    dot(row->group), row->name, wanted, type_words(at));
}

static void
read_number(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	int type = config_setting_type(at);
	int64_t value;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		wrong_type(r, row, at, "a number");
		return;
	}
	value = config_setting_get_int64(at);
	if (value < row->min || value > row->max)
		complain(r, at,
		    "%s.%s: %" PRId64 " is out of range, %" PRId64
		    " to %" PRId64,
		    row->group, row->name, value, row->min, row->max);
	else
		*(int64_t *)settings_field(r->out, row) = value;
}

/* Only what is as long as a page has lines. */
static void
read_string(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	bool lines = row->max > LINE_LEN;
	const char *value;

	if (config_setting_type(at) != CONFIG_TYPE_STRING) {
		wrong_type(r, row, at, "a string");
		return;
	}
	value = config_setting_get_string(at);
	if (strlen(value) > (size_t)row->max)
		complain(r, at, "%s.%s: too long, at most %" PRId64 " bytes",
		    row->group, row->name, row->max);
	else if (!text_is_clean(slice_of(value), lines))
		complain(r, at, "%s.%s: must be UTF-8 without controls%s",
		    row->group, row->name, lines ? " but newline" : "");
	else
		settings_set_string(r->out, row, value);
}

static void
read_switch(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		wrong_type(r, row, at, "true or false");
	else
		*(bool *)settings_field(r->out, row) =
		    config_setting_get_bool(at);
}

static void
read_address(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	const struct dialect *dialect;
	const char *value, *why;
	struct sock_name name;
	char *from;

	if (config_setting_type(at) != CONFIG_TYPE_STRING) {
		wrong_type(r, row, at, "a string in the array");
		return;
	}
	value = config_setting_get_string(at);
	why = settings_address(value, &dialect, &name);
	if (why != NULL) {
		complain(r, at, "%s: \"%s\": %s", row->name, value, why);
		return;
	}
	from = xasprintf(
	    "%s:%u", r->path, (unsigned)config_setting_source_line(at));
	settings_list_add(settings_field(r->out, row), value, from);
	free(from);
}

static void
read_list(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	int i, n, type = config_setting_type(at);

	if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST) {
		wrong_type(r, row, at, "an array [ \"...\", \"...\" ]");
		return;
	}
	n = config_setting_length(at);
	for (i = 0; i < n; i++)
		read_address(r, row, config_setting_get_elem(at, (unsigned)i));
}

/* ---- records ---- */

/* A string of one line in a record; NULL: it is none, that was told. */
static const char *
record_string(struct reading *r, const struct settings_row *row,
    const config_setting_t *record, const char *name, int64_t max)
{
	const config_setting_t *at = config_setting_get_member(record, name);
	const char *value;

	if (at == NULL || config_setting_type(at) != CONFIG_TYPE_STRING) {
		complain(r, at != NULL ? at : record,
		    "%s.%s: { %s = \"...\"; %s = \"...\"; } is wanted",
		    row->group, row->name, row->key, row->value);
		return NULL;
	}
	value = config_setting_get_string(at);
	if (*value != '\0' && strlen(value) <= (size_t)max &&
	    text_is_clean(slice_of(value), false))
		return value;
	complain(r, at,
	    "%s.%s: %s: one line of 1 to %" PRId64
	    " bytes is wanted, UTF-8 without controls",
	    row->group, row->name, name, max);
	return NULL;
}

static void
record_room(struct reading *r, const struct settings_row *row,
    const config_setting_t *at, struct record *record)
{
	const char *name = config_setting_get_string(at);

	if (name == NULL || names_room(slice_of(name), NULL) != FINE)
		complain(r, at, "%s.%s: rooms: %s", row->group, row->name,
		    refusal_text(REFUSE_ROOM_BAD));
	else
		settings_list_add(&record->rooms, name, NULL);
}

static void
record_rooms(struct reading *r, const struct settings_row *row,
    const config_setting_t *at, struct record *record)
{
	int i, n, type = config_setting_type(at);

	if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST) {
		complain(r, at, "%s.%s: rooms: an array [ \"#...\" ] is wanted",
		    row->group, row->name);
		return;
	}
	n = config_setting_length(at);
	for (i = 0; i < n; i++)
		record_room(
		    r, row, config_setting_get_elem(at, (unsigned)i), record);
}

static void
record_unknown(struct reading *r, const struct settings_row *row,
    const config_setting_t *record)
{
	int i, n = config_setting_length(record);

	for (i = 0; i < n; i++) {
		const config_setting_t *at =
		    config_setting_get_elem(record, (unsigned)i);
		const char *name = config_setting_name(at);

		if (strcmp(name, row->key) != 0 &&
		    strcmp(name, row->value) != 0 && strcmp(name, "rooms") != 0)
			complain(r, at,
			    "%s.%s: %s: there is only %s, %s and rooms",
			    row->group, row->name, name, row->key, row->value);
	}
}

/* Blanks around it do not count. */
static struct slice
trimmed(const char *key)
{
	struct slice s = slice_of(key + strspn(key, " "));

	while (s.len != 0 && s.at[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* The one that has the same key; NULL. */
static const struct record *
same_record(const struct record_list *list, const char *key)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (names_same(trimmed(key), trimmed(list->at[i].key)))
			return &list->at[i];
	return NULL;
}

static void
read_record(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	struct record_list *list = settings_field(r->out, row);
	unsigned line = config_setting_source_line(at);
	const config_setting_t *rooms;
	const struct record *same;
	const char *key, *value;
	struct record *record;

	if (config_setting_type(at) != CONFIG_TYPE_GROUP) {
		wrong_type(r, row, at, "a group { ... }");
		return;
	}
	record_unknown(r, row, at);
	key = record_string(r, row, at, row->key, PROTOCOL_NAME_MAX);
	value = key != NULL ? record_string(r, row, at, row->value, row->max)
			    : NULL;
	if (value == NULL)
		return;
	same = same_record(list, key);
	if (same != NULL)
		complain(r, at, "%s.%s: %s \"%s\" stands in line %u already",
		    row->group, row->name, row->key, key, same->line);
	record = settings_record_add(list, key, value, line);
	rooms = config_setting_get_member(at, "rooms");
	if (rooms != NULL)
		record_rooms(r, row, rooms, record);
}

static void
read_records(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	int i, n;

	if (config_setting_type(at) != CONFIG_TYPE_LIST) {
		wrong_type(r, row, at, "a list ( { ... }, { ... } )");
		return;
	}
	n = config_setting_length(at);
	for (i = 0; i < n; i++)
		read_record(r, row, config_setting_get_elem(at, (unsigned)i));
}

static void
read_value(struct reading *r, const struct settings_row *row,
    const config_setting_t *at)
{
	static void (*const readers[])(struct reading *,
	    const struct settings_row *, const config_setting_t *) = {
		[SETTINGS_NUMBER] = read_number,
		[SETTINGS_STRING] = read_string,
		[SETTINGS_SWITCH] = read_switch,
		[SETTINGS_LIST] = read_list,
		[SETTINGS_RECORDS] = read_records,
	};

	readers[row->type](r, row, at);
}

static const struct settings_row *
find_row(const char *group, const char *name)
{
	size_t i;

	for (i = 0; i < settings_nrows; i++)
		if (strcmp(settings_rows[i].group, group) == 0 &&
		    strcmp(settings_rows[i].name, name) == 0)
			return &settings_rows[i];
	return NULL;
}

static void
unknown(struct reading *r, const char *group, const char *name,
    const config_setting_t *at)
{
	const struct settings_row *near = nearest(group, name);

	if (group[0] == '\0' && is_group(name))
		complain(
		    r, at, "%s: a group is wanted: %s: { ... };", name, name);
	else if (near == NULL)
		complain(r, at, "%s%s%s: there is no such setting", group,
		    dot(group), name);
	else
		complain(r, at,
		    "%s%s%s: there is no such setting, perhaps %s%s%s", group,
		    dot(group), name, near->group, dot(near->group),
		    near->name);
}

/* The settings of one group, or those outside all groups. */
static void
read_settings(struct reading *r, const char *group, const char *name,
    const config_setting_t *at)
{
	const struct settings_row *row = find_row(group, name);

	if (row != NULL)
		read_value(r, row, at);
	else
		unknown(r, group, name, at);
}

static void
read_group(struct reading *r, const config_setting_t *group)
{
	const char *name = config_setting_name(group);
	int i, n = config_setting_length(group);
	const config_setting_t *at;
	const char *near;

	if (!is_group(name)) {
		near = nearest_group(name);
		complain(r, group, "%s: there is no such group%s%s", name,
		    near != NULL ? ", perhaps " : "", near != NULL ? near : "");
		return;
	}
	for (i = 0; i < n; i++) {
		at = config_setting_get_elem(group, (unsigned)i);
		read_settings(r, name, config_setting_name(at), at);
	}
}

static void
read_root(struct reading *r, const config_setting_t *root)
{
	int i, n = config_setting_length(root);
	const config_setting_t *at;

	for (i = 0; i < n; i++) {
		at = config_setting_get_elem(root, (unsigned)i);
		if (config_setting_type(at) == CONFIG_TYPE_GROUP)
			read_group(r, at);
		else
			read_settings(r, "", config_setting_name(at), at);
	}
}

struct settings *
settings_read(const char *path, struct buf *errors)
{
	struct reading r = { .path = path, .errors = errors };
	size_t before = errors->len;
	config_t c;

	r.out = settings_new_unnamed();
	config_init(&c);
	if (conf_read(path, &c, errors))
		read_root(&r, config_root_setting(&c));
	config_destroy(&c);
	if (errors->len != before) {
		settings_free(r.out);
		return NULL;
	}
	settings_name_server(r.out);
	return r.out;
}
