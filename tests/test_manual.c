/*
 * The manual pages tell what the programs do: everything that is in one of
 * their tables is in the page, nothing is in the page that is in no table, and
 * the bytes of the protocol's examples say what stands beside them.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include "../chat/command.h"
#include "codec.h"
#include "frame.h"
#include "manual.h"

/* ---- the protocol's examples ---- */

static void
print_value(const struct field *f, const union message *m, char *out)
{
	const void *held = (const char *)m + f->offset;
	struct slice s;

	out[0] = '\0';
	switch (f->kind) {
	case KIND_u8:
		sprintf(out, "%u", *(const kind_u8 *)held);
		break;
	case KIND_u16:
		sprintf(out, "%u", *(const kind_u16 *)held);
		break;
	case KIND_u32:
		sprintf(out, "%" PRIu32, *(const kind_u32 *)held);
		break;
	case KIND_u64:
		sprintf(out, "%" PRIu64, *(const kind_u64 *)held);
		break;
	case KIND_id:
		break;
	case KIND_name:
	case KIND_text:
	case KIND_data:
		s = *(const struct slice *)held;
		snprintf(out, MANUAL_WORDS, "%.*s", SLICE_ARG(s));
		break;
	}
}

static void
check_field(const struct manual_message *m, const struct manual_field *shown,
    const char *name, const char *value)
{
	const char *more = strstr(shown->value, " ...");
	size_t len =
	    more != NULL ? (size_t)(more - shown->value) : strlen(value) + 1;

	cr_expect_str_eq(shown->name, name, "%s", m->name);
	cr_expect_eq(strncmp(shown->value, value, len), 0, "%s: %s is %s",
	    m->name, name, value);
}

static void
check_example(const struct manual_message *shown)
{
	const uint8_t *at = buf_at(&shown->bytes);
	const struct message_row *row;
	const struct field *f;
	union message m;
	struct frame frame;
	char value[MANUAL_WORDS];
	size_t i = 2;

	cr_assert_eq(
	    frame_read(at, shown->bytes.len, PROTOCOL_FRAME_READY, &frame),
	    GOT_ONE, "%s: no whole frame", shown->name);
	cr_expect_eq(frame.used, shown->bytes.len, "%s: too long", shown->name);
	cr_expect_eq(codec_decode(frame.payload, frame.len, &m), FINE, "%s",
	    shown->name);
	row = protocol_row(m.type);
	cr_assert_not_null(row, "%s: type %u", shown->name, m.type);
	cr_expect_str_eq(shown->name, row->name);
	cr_expect_neq(row->from, shown->from_client ? FROM_SERVER : FROM_CLIENT,
	    "%s: from the wrong side", shown->name);
	sprintf(value, "%zu", frame.len);
	check_field(shown, &shown->fields[0], "length", value);
	sprintf(value, "%u", (unsigned)m.type);
	check_field(shown, &shown->fields[1], "type", value);
	for (f = row->fields; f->name != NULL; f++) {
		print_value(f, &m, value);
		check_field(shown, &shown->fields[i++], f->name, value);
	}
	cr_expect_eq(shown->n, i, "%s: fields that are none", shown->name);
}

Test(manual, examples_say_what_stands_beside_them)
{
	struct manual *all = manual_examples();
	size_t i;

	cr_expect_gt(all->n, 15);
	for (i = 0; i < all->n; i++)
		check_example(&all->messages[i]);
	manual_free(all);
}

/* ---- items of a page ---- */

/* The next heading. */
static const char *
section_end(const char *at)
{
	const char *sh = strstr(at, "\n.Sh "), *ss = strstr(at, "\n.Ss ");

	return ss != NULL && (sh == NULL || ss < sh) ? ss : sh;
}

/* The text of the item whose line begins so, behind that line and up to the
 * next one, to be freed; NULL: there is none. */
static char *
item(const char *page, const char *section, const char *head)
{
	const char *from = strstr(page, section), *to, *at;

	cr_assert_not_null(from, "no section %s", section);
	to = section_end(from + 1);
	at = strstr(from, head);
	if (at == NULL || (to != NULL && at > to))
		return NULL;
	at += strlen(head);
	to = strstr(at, "\n.It ");
	if (to == NULL)
		to = strstr(at, "\n.El");
	cr_assert_not_null(to);
	return strndup(at, (size_t)(to - at));
}

static void
check_item(const char *page, const char *section, const char *head)
{
	char *text = item(page, section, head);

	cr_expect_not_null(text, "no %s in %s", head + 1, section + 1);
	free(text);
}

/* How many lines of the section begin so. */
static size_t
count(const char *page, const char *section, const char *begin)
{
	const char *at = strstr(page, section);
	const char *end = strstr(at + 1, "\n.Sh");
	size_t n = 0;

	while ((at = strstr(at + 1, begin)) != NULL && at < end)
		n++;
	return n;
}

/* ---- options, commands, settings ---- */

struct option_name {
	char flag; /* 0: none */
	const char *name;
};

static void
check_options(const char *path, const struct option_name *rows, size_t n)
{
	char *page = manual_read(path);
	char head[64];
	size_t i;

	for (i = 0; i < n; i++) {
		if (rows[i].flag != 0)
			sprintf(head, "\n.It Fl %c", rows[i].flag);
		else
			sprintf(head, "\n.It Fl Fl %s", rows[i].name);
		check_item(page, "\n.Sh DESCRIPTION", head);
	}
	cr_expect_eq(count(page, "\n.Sh DESCRIPTION", "\n.It Fl "), n,
	    "%s: options that are none", path);
	free(page);
}

Test(manual, has_the_options_of_chatd)
{
	static const struct option_name rows[] = {
#define OPTION(flag, argument, often, meaning) { flag, "" },
#include "../chatd/options.def"
	};

	check_options("man/chatd.8", rows, sizeof(rows) / sizeof(*rows));
}

Test(manual, has_the_options_of_chat)
{
	static const struct option_name rows[] = {
#define OPTION(KEY, flag, name, argument, meaning) { flag, name },
#include "../chat/options.def"
	};

	check_options("man/chat.1", rows, sizeof(rows) / sizeof(*rows));
}

/* The words of the usage stand in the item's line, in small letters. */
static void
check_usage(const struct command *row, const char *line)
{
	char word[32];
	const char *at = row->usage, *end = strchrnul(line, '\n');
	const char *found;
	size_t len, i;

	while (*at != '\0') {
		at += strspn(at, " []|:");
		len = strcspn(at, " []|:");
		for (i = 0; i < len && i < sizeof(word) - 1; i++)
			word[i] = (char)(at[i] >= 'A' && at[i] <= 'Z'
				? at[i] + ('a' - 'A')
				: at[i]);
		word[i] = '\0';
		found = strstr(line, word);
		cr_expect(found != NULL && found < end, "/%s: no %s", row->name,
		    word);
		at += len;
		at += strspn(at, " []|:");
	}
}

Test(manual, has_the_commands)
{
	char *page = manual_read("man/chat.1");
	char head[64], *text;
	size_t i, n;
	const struct command *rows = command_rows(&n);

	for (i = 0; i < n; i++) {
		sprintf(head, "\n.It Ic /%s", rows[i].name);
		text = item(page, "\n.Sh COMMANDS", head);
		cr_assert_not_null(text, "no /%s", rows[i].name);
		cr_expect(text[0] == '\n' || text[0] == ' ', "/%s%s",
		    rows[i].name, text);
		check_usage(&rows[i], text);
		free(text);
	}
	cr_expect_eq(count(page, "\n.Sh COMMANDS", "\n.It Ic "), n,
	    "commands that are none");
	free(page);
}

/* A number stands in the text, not as part of a longer one. */
static bool
has_number(const char *text, long long number)
{
	char digits[32];
	const char *at = text;
	size_t len = (size_t)sprintf(digits, "%lld", number);

	while ((at = strstr(at, digits)) != NULL) {
		bool before = at > text && at[-1] >= '0' && at[-1] <= '9';

		at += len;
		if (!before && (*at < '0' || *at > '9'))
			return true;
	}
	return false;
}

static char *
setting(const char *page, const char *group, const char *name)
{
	char section[64], head[64], *text;

	sprintf(section, "\n.S%s", group);
	sprintf(head, "\n.It Cm %s No = ", name);
	text = item(page, section, head);
	cr_assert_not_null(text, "no %s in %s", name, section + 1);
	return text;
}

Test(manual, has_the_settings)
{
	char *page = manual_read("man/chatd.conf.5"), *text;
	size_t n = 0;

#define NUMBER(group, name, standard, min, max, unit, meaning)                 \
	n++;                                                                   \
	text = setting(page, "s " #group, #name);                              \
	cr_expect(has_number(text, min), "%s: %d", #name, min);                \
	cr_expect(has_number(text, max), "%s: %d", #name, max);                \
	cr_expect(has_number(strstr(text, "Standard:"), standard), "%s: %d",   \
	    #name, standard);                                                  \
	free(text);
#define STRING(group, name, standard, max, meaning)                            \
	n++;                                                                   \
	text = setting(page, "s " #group, #name);                              \
	cr_expect(has_number(text, max), "%s: %d", #name, max);                \
	free(text);
#define SWITCH(group, name, standard, meaning)                                 \
	n++;                                                                   \
	text = setting(page, "s " #group, #name);                              \
	cr_expect_not_null(strstr(text, "Standard:\n.Cm " #standard), #name);  \
	free(text);
#define LIST(name, meaning)                                                    \
	n++;                                                                   \
	free(setting(page, "h SETTINGS", #name));
#define RECORDS(group, name, key, value, max, meaning)                         \
	n++;                                                                   \
	text = setting(page, "s " #group, #name);                              \
	cr_expect(has_number(text, max), "%s: %d", #name, max);                \
	free(text);
#include "../chatd/settings.def"
	cr_expect_eq(count(page, "\n.Sh SETTINGS", "\n.It Cm "), n,
	    "settings that are none");
	free(page);
}
