#include "script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum { GROUP = 32 };

/* Cuts the comment, which begins with # between blanks, outside quotes: #room
 * is a name. */
static char *
trim(const char *at, size_t len)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (at[i] == '"' && (i == 0 || at[i - 1] != '\\'))
			quoted = !quoted;
		if (at[i] == '#' && !quoted && (i == 0 || isblank(at[i - 1])) &&
		    (i + 1 == len || isblank(at[i + 1])))
			break;
	}
	while (i > 0 && isspace((unsigned char)at[i - 1]))
		i--;
	len = i;
	for (i = 0; i < len && isspace((unsigned char)at[i]); i++)
		continue;
	return xstrndup(at + i, len - i);
}

void
script_parse(struct script *s, const char *text)
{
	unsigned no = 1;
	size_t len;
	char *line;

	*s = (struct script){ 0 };
	for (; *text != '\0'; text += len + (text[len] == '\n'), no++) {
		len = strcspn(text, "\n");
		line = trim(text, len);
		if (*line == '\0') {
			free(line);
			continue;
		}
		s->at = xrealloc(s->at, s->n + 1, sizeof(s->at[0]));
		s->at[s->n++] = (struct script_line){ no, line };
	}
}

void
script_done(struct script *s)
{
	while (s->n > 0)
		free(s->at[--s->n].text);
	free(s->at);
	*s = (struct script){ 0 };
}

bool
script_has(const struct script *s, const char *line)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->at[i].text, line) == 0)
			return true;
	return false;
}

size_t
script_end(const struct script *s, size_t from)
{
	size_t i, depth = 0;

	for (i = from; i < s->n; i++) {
		if (strncmp(s->at[i].text, "repeat ", 7) == 0)
			depth++;
		else if (strcmp(s->at[i].text, "end") == 0 && --depth == 0)
			return i + 1;
	}
	return 0;
}

void
script_config(const struct script *s, struct buf *out)
{
	char group[GROUP], last[GROUP] = "";
	const char *text, *dot;
	size_t i;

	for (i = 0; i < s->n; i++) {
		text = s->at[i].text;
		dot = strchr(text, '.');
		if (strncmp(text, "daemon:", 7) != 0 || dot == NULL ||
		    sscanf(text + 7, " %31[a-z]", group) != 1)
			continue;
		if (strcmp(group, last) != 0)
			buf_printf(
			    out, "%s%s: {\n", *last ? "};\n" : "", group);
		buf_printf(out, "\t%s;\n", dot + 1);
		snprintf(last, sizeof(last), "%s", group);
	}
	if (*last != '\0')
		buf_add_string(out, "};\n");
}

char *
script_read(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf text = { 0 };
	char *copy;
	size_t n;

	if (f == NULL)
		return NULL;
	do {
		n = fread(buf_room(&text, 4096), 1, 4096, f);
		buf_grown(&text, n);
	} while (n > 0);
	fclose(f);
	copy = xstrdup(buf_string(&text));
	buf_done(&text);
	return copy;
}
