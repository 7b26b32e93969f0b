#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dialect.h"
#include "settings_rows.h"
#include "sock.h"
#include "text.h"
#include "xmalloc.h"

const struct settings_row settings_rows[] = {
#define NUMBER(group, name, standard, min, max, unit, meaning)                 \
	{ #group, #name, meaning, unit, NULL, standard, min, max,              \
		offsetof(struct settings, group##_##name), SETTINGS_NUMBER,    \
		NULL, NULL },
#define STRING(group, name, standard, max, meaning)                            \
	{ #group, #name, meaning, "bytes", standard, 0, 0, max,                \
		offsetof(struct settings, group##_##name), SETTINGS_STRING,    \
		NULL, NULL },
#define SWITCH(group, name, standard, meaning)                                 \
	{ #group, #name, meaning, "", NULL, standard, 0, 1,                    \
		offsetof(struct settings, group##_##name), SETTINGS_SWITCH,    \
		NULL, NULL },
#define RECORDS(group, name, key, value, max, meaning)                         \
	{ #group, #name, meaning, "bytes", NULL, 0, 0, max,                    \
		offsetof(struct settings, group##_##name), SETTINGS_RECORDS,   \
		#key, #value },
#define LIST(name, meaning)                                                    \
	{ "", #name, meaning, "", NULL, 0, 0, 0,                               \
		offsetof(struct settings, name), SETTINGS_LIST, NULL, NULL },
#include "settings.def"
};

const size_t settings_nrows = sizeof(settings_rows) / sizeof(*settings_rows);

void *
settings_field(const struct settings *s, const struct settings_row *row)
{
	return (char *)(uintptr_t)s + row->offset;
}

void
settings_set_string(
    struct settings *s, const struct settings_row *row, const char *string)
{
	char **at = settings_field(s, row);

	free(*at);
	*at = xstrdup(string);
}

/* ---- lists ---- */

static void
list_clear(struct string_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->at[i].string);
		free(list->at[i].from);
	}
	free(list->at);
	*list = (struct string_list){ 0 };
}

void
settings_list_add(
    struct string_list *list, const char *string, const char *from)
{
	list->at = xrealloc(list->at, list->n + 1, sizeof(*list->at));
	list->at[list->n].string = xstrdup(string);
	list->at[list->n].from = from != NULL ? xstrdup(from) : NULL;
	list->n++;
}

struct record *
settings_record_add(
    struct record_list *list, const char *key, const char *value, unsigned line)
{
	struct record *new;

	list->at = xrealloc(list->at, list->n + 1, sizeof(*list->at));
	new = &list->at[list->n++];
	*new = (struct record){ xstrdup(key), xstrdup(value), { 0 }, line };
	return new;
}

static void
records_clear(struct record_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->at[i].key);
		free(list->at[i].value);
		list_clear(&list->at[i].rooms);
	}
	free(list->at);
	*list = (struct record_list){ 0 };
}

void
settings_listen(struct settings *s, const char *const *addresses, size_t n,
    const char *from)
{
	size_t i;

	list_clear(&s->listen);
	for (i = 0; i < n; i++)
		settings_list_add(&s->listen, addresses[i], from);
}

/* ---- the standard ones ---- */

static void
set_standard(struct settings *s, const struct settings_row *row)
{
	switch (row->type) {
	case SETTINGS_NUMBER:
		*(int64_t *)settings_field(s, row) = row->standard;
		break;
	case SETTINGS_STRING:
		settings_set_string(s, row, row->string);
		break;
	case SETTINGS_SWITCH:
		*(bool *)settings_field(s, row) = row->standard != 0;
		break;
	case SETTINGS_LIST:
	case SETTINGS_RECORDS:
		break;
	}
}

/* A server without a name has its host's. */
void
settings_name_server(struct settings *s)
{
	char host[PROTOCOL_NAME_MAX + 1] = "";

	if (s->server_name[0] != '\0')
		return;
	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0' ||
	    !text_is_clean(slice_of(host), false))
		memcpy(host, "chatd", sizeof("chatd"));
	free(s->server_name);
	s->server_name = xstrdup(host);
}

struct settings *
settings_new_unnamed(void)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	size_t i;

	for (i = 0; i < settings_nrows; i++)
		set_standard(s, &settings_rows[i]);
	return s;
}

struct settings *
settings_new(void)
{
	struct settings *s = settings_new_unnamed();

	settings_name_server(s);
	return s;
}

void
settings_free(struct settings *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < settings_nrows; i++) {
		if (settings_rows[i].type == SETTINGS_STRING)
			free(*(char **)settings_field(s, &settings_rows[i]));
		else if (settings_rows[i].type == SETTINGS_LIST)
			list_clear(settings_field(s, &settings_rows[i]));
		else if (settings_rows[i].type == SETTINGS_RECORDS)
			records_clear(settings_field(s, &settings_rows[i]));
	}
	free(s);
}

/* ---- addresses ---- */

static const char *
parse(const char *text, bool is_datagram, struct sock_name *name)
{
	const char *why = sock_parse(text, name);

	if (why != NULL)
		return why;
	if (is_datagram && name->is_unix)
		return "notices come by UDP: notices:HOST:PORT";
	name->is_datagram = is_datagram;
	if (name->port[strspn(name->port, "0123456789")] != '\0' &&
	    getservbyname(name->port, is_datagram ? "udp" : "tcp") == NULL)
		return "the port is neither a number nor a known service";
	return NULL;
}

static const char *
no_dialect(void)
{
	static char words[128];
	struct buf names = { 0 };

	dialect_names(&names);
	snprintf(words, sizeof(words), "there is no such dialect, only %s",
	    buf_string(&names));
	buf_done(&names);
	return words;
}

/*
 * What stands before the first colon is a dialect if it is one's name, or if
 * it is a word and what follows is more than a port: host names and paths have
 * no colon.
 */
const char *
settings_address(
    const char *text, const struct dialect **dialect, struct sock_name *name)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	struct slice word = { text, len };

	*dialect = &dialect_frame;
	if (len == 0 || text[len] != ':' || slice_is(word, SLICE("unix")))
		return parse(text, false, name);
	*dialect = dialect_find(word);
	if (*dialect != NULL)
		return parse(text + len + 1, (*dialect)->is_datagram, name);
	if (strpbrk(text + len + 1, ":/[*") != NULL)
		return no_dialect();
	*dialect = &dialect_frame;
	return parse(text, false, name);
}
