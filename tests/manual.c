#include "manual.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum { INDENT = 4 };

char *
manual_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *page = NULL;
	size_t cap = 0;

	cr_assert_not_null(file, "%s: not found; run at the top", path);
	cr_assert_gt(getdelim(&page, &cap, '\0', file), 0, "%s: empty", path);
	fclose(file);
	return page;
}

static void
read_name(const char *line, struct manual_message *m)
{
	m->from_client = line[0] == 'C';
	cr_assert_eq(sscanf(line + 2, "%31[a-z]", m->name), 1, "%s", line);
}

/* Bytes from the front; where the words begin. */
static const char *
read_bytes(const char *at, struct buf *bytes)
{
	unsigned byte;

	for (;;) {
		if (*at == ' ' && isxdigit((unsigned char)at[1]))
			at++;
		if (!isxdigit((unsigned char)at[0]) ||
		    !isxdigit((unsigned char)at[1]))
			return at;
		cr_assert_eq(sscanf(at, "%2x", &byte), 1);
		buf_add_u8(bytes, (uint8_t)byte);
		at += 2;
	}
}

static void
read_field(const char *line, struct manual_message *m)
{
	struct manual_field *f = &m->fields[m->n];
	const char *words = read_bytes(line + strspn(line, " "), &m->bytes);

	while (*words == ' ')
		words++;
	f->len = m->bytes.len - f->at;
	if (*words == '\0')
		return; /* goes on in the next line */
	cr_assert_geq(
	    sscanf(words, "%31s %127[^\n]", f->name, f->value), 1, "%s", line);
	cr_assert_lt(++m->n, MANUAL_FIELDS);
	m->fields[m->n].at = m->bytes.len;
}

struct manual *
manual_examples(void)
{
	struct manual *all = xcalloc(1, sizeof(*all));
	char *page = manual_read("man/chat-protocol.7");
	char *line, *rest = strstr(page, "\n.Sh EXAMPLES\n");
	struct manual_message *m = NULL;

	cr_assert_not_null(rest);
	for (rest += 1; (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '.' && strncmp(line, ".Sh SEE", 7) == 0)
			break;
		if ((line[0] == 'C' || line[0] == 'S') && line[1] == ' ') {
			cr_assert_lt(all->n, MANUAL_MESSAGES);
			m = &all->messages[all->n++];
			read_name(line, m);
		} else if (strncmp(line, "    ", INDENT) == 0) {
			cr_assert_not_null(m, "%s", line);
			read_field(line, m);
		}
	}
	free(page);
	return all;
}

void
manual_free(struct manual *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		buf_done(&all->messages[i].bytes);
	free(all);
}
