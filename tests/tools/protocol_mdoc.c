/*
 * Prints the tables of chat-protocol(7) in mdoc, made from the rows: each
 * between the two comments that mark its place in the page.
 */
#include <stdio.h>
#include <string.h>

#include "protocol.h"

enum { LINE_MAX_BYTES = 78 };

static const char *const kinds[] = {
	[KIND_u8] = "u8",
	[KIND_u16] = "u16",
	[KIND_u32] = "u32",
	[KIND_u64] = "u64",
	[KIND_id] = "id",
	[KIND_name] = "name",
	[KIND_text] = "text",
	[KIND_data] = "data",
};

static const char *const senders[] = {
	[FROM_CLIENT] = "client",
	[FROM_SERVER] = "server",
	[FROM_BOTH] = "client or server",
};

static const char *const states[] = {
	[WHEN_FRESH] = "fresh",
	[WHEN_READY] = "ready",
	[WHEN_ANY] = "any state",
};

/* A character as roff has to read it, at most 5 bytes. */
static const char *
written(char c)
{
	static char plain[2];

	switch (c) {
	case '\\':
		return "\\e";
	case '^':
		return "\\(ha";
	case '`':
		return "\\(ga";
	case '~':
		return "\\(ti";
	case '\'':
		return "\\(aq";
	}
	plain[0] = c;
	return plain;
}

static size_t
width(const char *word, size_t len)
{
	size_t n = 0;

	while (len-- > 0)
		n += strlen(written(*word++));
	return n;
}

/* Goes on in the next line and fills lines with the words; none begins with a
 * dot, which is roff's own. */
static void
print_words(const char *words)
{
	size_t column = 0, len;

	while (*words != '\0') {
		len = strcspn(words, " ");
		if (column + 1 + width(words, len) > LINE_MAX_BYTES)
			column = 0;
		if (words[0] == '.' && column == 0)
			fputs("\n\\&", stdout);
		else
			putchar(column != 0 ? ' ' : '\n');
		column += 1 + width(words, len);
		for (; len > 0; len--)
			fputs(written(*words++), stdout);
		words += strspn(words, " ");
	}
	putchar('\n');
}

static void
begin(const char *table)
{
	printf(".\\\" BEGIN rows: %s\n.Bl -tag -width Ds\n", table);
}

static void
end(void)
{
	printf(".El\n.\\\" END rows\n");
}

static void
print_fields(const struct field *f)
{
	if (f->name == NULL)
		return;
	printf(".Pp\n.Bl -tag -width \"software name\" -compact\n");
	for (; f->name != NULL; f++) {
		printf(".It Em %s Cm %s", f->name, kinds[f->kind]);
		print_words(f->meaning);
	}
	printf(".El\n");
}

static void
print_messages(void)
{
	const struct message_row *row, *last;
	size_t n;

	begin("messages");
	row = protocol_rows(&n);
	for (last = row + n; row < last; row++) {
		printf(".It Cm %s No %u , %s , %s", row->name,
		    (unsigned)row->type, senders[row->from], states[row->when]);
		if (row->cost != 0)
			printf(" , costs %u", row->cost);
		print_words(row->meaning);
		print_fields(row->fields);
	}
	end();
}

static void
print_entries(void)
{
	const struct entry_row *row, *last;
	size_t n;

	begin("entries");
	row = protocol_entries(&n);
	for (last = row + n; row < last; row++) {
		printf(".It Cm %s No %u , %s", row->name, (unsigned)row->kind,
		    senders[row->by]);
		print_words(row->meaning);
	}
	end();
}

static void
print_refusals(void)
{
	static const enum refusal all[] = {
#define REFUSAL(NAME, name, no, effect, text) REFUSE_##NAME,
#include "refusals.def"
	};
	size_t i;

	begin("refusals");
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		printf(".It Cm %s No %u%s", refusal_name(all[i]),
		    (unsigned)all[i],
		    refusal_closes(all[i]) ? " , closes" : "");
		print_words(refusal_text(all[i]));
	}
	end();
}

int
main(void)
{
	print_messages();
	print_entries();
	print_refusals();
	return fflush(stdout) == 0 ? 0 : 1;
}
