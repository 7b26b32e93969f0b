/*
 * The rows of settings.def as data.  Only for the files that make up settings:
 * one holds the table, one reads into it, one prints it.
 */
#ifndef SETTINGS_ROWS_H
#define SETTINGS_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "settings.h"

enum settings_type {
	SETTINGS_NUMBER, /* int64_t */
	SETTINGS_STRING, /* char * */
	SETTINGS_SWITCH, /* bool */
	SETTINGS_LIST,   /* struct string_list */
	SETTINGS_RECORDS, /* struct record_list */
};

struct settings_row {
	const char *group; /* "" for a list */
	const char *name;
	const char *meaning;
	const char *unit;
	const char *string;         /* of a string: the standard one */
	int64_t standard, min, max; /* of a string: max bytes */
	size_t offset;              /* in struct settings */
	enum settings_type type;
	const char *key, *value; /* of a record: what its strings are called */
};

extern const struct settings_row settings_rows[];
extern const size_t settings_nrows;

/* Where a row's value is kept. */
void *settings_field(const struct settings *, const struct settings_row *);
void settings_set_string(struct settings *, const struct settings_row *,
    const char *);

/* The standard ones, but server.name is empty; and the host's name for it if
 * it still is. */
struct settings *settings_new_unnamed(void);
void settings_name_server(struct settings *);
/* Copies both; from may be NULL. */
void settings_list_add(struct string_list *, const char *string,
    const char *from);
/* Copies both; good until the next. */
struct record *settings_record_add(struct record_list *, const char *key,
    const char *value, unsigned line);

#endif
