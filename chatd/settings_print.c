#include <inttypes.h>
#include <string.h>

#include "settings_rows.h"

enum { COLUMNS = 79, TAB = 8 };

/* As a comment, in as many lines as it takes. */
static void
print_words(FILE *out, const char *tab, const char *words)
{
	const size_t begin = strlen(tab) * TAB + 1;
	size_t len, column = begin;

	fprintf(out, "%s#", tab);
	while (*words != '\0') {
		len = strcspn(words, " ");
		if (column + 1 + len > COLUMNS) {
			fprintf(out, "\n%s#", tab);
			column = begin;
		}
		fprintf(out, " %.*s", (int)len, words);
		column += 1 + len;
		words += len + strspn(words + len, " ");
	}
	fprintf(out, "\n");
}

static void
print_meaning(FILE *out, const char *tab, const struct settings_row *row)
{
	struct buf words = { 0 };

	buf_add_string(&words, row->meaning);
	if (row->type == SETTINGS_NUMBER)
		buf_printf(&words, " (%" PRId64 " to %" PRId64 "%s%s)",
		    row->min, row->max, row->unit[0] != '\0' ? " " : "",
		    row->unit);
	if (row->type == SETTINGS_STRING)
		buf_printf(&words, " (at most %" PRId64 " bytes)", row->max);
	print_words(out, tab, buf_string(&words));
	buf_done(&words);
}

static void
print_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			fputs("\\n", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static void
print_list(FILE *out, const struct string_list *list)
{
	size_t i;

	fputs("[", out);
	for (i = 0; i < list->n; i++) {
		fputs(i > 0 ? ", " : " ", out);
		print_string(out, list->at[i].string);
	}
	fputs(" ]", out);
}

static void
print_records(
    FILE *out, const struct settings_row *row, const struct record_list *list)
{
	size_t i;

	fputs("(", out);
	for (i = 0; i < list->n; i++) {
		const struct record *r = &list->at[i];

		fprintf(out, "%s\n\t\t{ %s = ", i > 0 ? "," : "", row->key);
		print_string(out, r->key);
		fprintf(out, "; %s = ", row->value);
		print_string(out, r->value);
		fputs(";", out);
		if (r->rooms.n != 0) {
			fputs(" rooms = ", out);
			print_list(out, &r->rooms);
			fputs(";", out);
		}
		fputs(" }", out);
	}
	fputs(list->n != 0 ? "\n\t)" : " )", out);
}

static void
print_value(FILE *out, const struct settings *s, const struct settings_row *row)
{
	const void *field = settings_field(s, row);

	switch (row->type) {
	case SETTINGS_NUMBER:
		fprintf(out, "%" PRId64, *(const int64_t *)field);
		break;
	case SETTINGS_STRING:
		print_string(out, *(char *const *)field);
		break;
	case SETTINGS_SWITCH:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case SETTINGS_LIST:
		print_list(out, field);
		break;
	case SETTINGS_RECORDS:
		print_records(out, row, field);
		break;
	}
}

/* The rows of a group stand together in the table. */
void
settings_print(const struct settings *s, FILE *out)
{
	const struct settings_row *row;
	const char *tab, *group = "";
	size_t i;

	for (i = 0; i < settings_nrows; i++) {
		row = &settings_rows[i];
		if (strcmp(row->group, group) != 0) {
			fprintf(out, "%s\n%s: {\n",
			    group[0] != '\0' ? "};\n" : "", row->group);
			group = row->group;
		}
		tab = group[0] != '\0' ? "\t" : "";
		print_meaning(out, tab, row);
		fprintf(out, "%s%s = ", tab, row->name);
		print_value(out, s, row);
		fprintf(out, ";\n");
	}
	fprintf(out, "};\n");
}
