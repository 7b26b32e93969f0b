/*
 * Prints the list of keys of chat(1) in mdoc, made from keys.def, between the
 * two comments that mark its place in the page.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_ALL = 4 /* keys; of more only the first and the last */ };

static const struct row {
	enum { ROW_GROUP, ROW_ACTION, ROW_KEY } what;
	const char *words;
} rows[] = {
#define GROUP(title)		    { ROW_GROUP, title },
#define ACTION(NAME, name, meaning) { ROW_ACTION, meaning },
#define KEY(NAME, shown, code)	    { ROW_KEY, shown },
#include "../../chat/keys.def"
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static void
print_key(const char *shown)
{
	const char *at;

	fputs("Li ", stdout);
	for (at = shown; *at != '\0'; at++)
		printf(*at == '\\' ? "\\e" : "%c", *at);
}

static void
print_action(const struct row *action)
{
	const struct row *key = action + 1;
	size_t n = 0, i;

	while (key + n < rows + ROWS && key[n].what == ROW_KEY)
		n++;
	printf(".It ");
	for (i = 0; i < n; i++) {
		if (n > SHOWN_ALL && i != 0 && i != n - 1)
			continue;
		if (i != 0)
			printf(n > SHOWN_ALL ? " No to " : " , ");
		print_key(key[i].words);
	}
	printf("\n%s\n", action->words);
}

int
main(void)
{
	bool inside = false;
	size_t i;

	puts(".\\\" BEGIN rows: keys");
	for (i = 0; i < ROWS; i++) {
		if (rows[i].what == ROW_GROUP) {
			if (inside)
				puts(".El");
			printf(".Ss %s\n", rows[i].words);
			puts(".Bl -tag -width \"Alt-Backspace\" -compact");
			inside = true;
		} else if (rows[i].what == ROW_ACTION) {
			print_action(&rows[i]);
		}
	}
	puts(".El\n.\\\" END rows");
	return fflush(stdout) == 0 ? 0 : 1;
}
