#include <criterion/criterion.h>
#include <stdio.h>

#include "example.h"
#include "protocol.h"

enum { HEADER = 1 }; /* the type is part of a frame's length */

static size_t
largest_field(enum kind kind)
{
	switch (kind) {
	case KIND_u8:
		return 1;
	case KIND_u16:
		return 2;
	case KIND_u32:
		return 4;
	case KIND_u64:
		return 8;
	case KIND_id:
		return 16;
	case KIND_name:
		return 1 + PROTOCOL_NAME_MAX;
	case KIND_text:
		return 2 + PROTOCOL_TEXT_MAX;
	case KIND_data:
		return 2 + PROTOCOL_DATA_MAX;
	}
	return 0;
}

static size_t
largest_frame(const struct message_row *row)
{
	const struct field *f;
	size_t len = HEADER;

	for (f = row->fields; f->name != NULL; f++)
		len += largest_field(f->kind);
	return len;
}

Test(protocol, a_row_is_found_by_its_type)
{
	const struct message_row *rows;
	size_t n, i;
	unsigned type, found = 0;

	rows = protocol_rows(&n);
	cr_assert_gt(n, 0);
	for (i = 0; i < n; i++)
		cr_expect_eq(protocol_row(rows[i].type), &rows[i]);
	for (type = 0; type < 1000; type++) {
		if (protocol_row(type) == NULL)
			continue;
		cr_expect_eq(protocol_row(type)->type, type);
		found++;
	}
	cr_expect_eq(found, n);
	cr_expect_null(protocol_row(0));
	cr_expect_null(protocol_row(255));
	cr_expect_null(protocol_row((unsigned)-1));
	cr_expect_null(protocol_row(256 + MSG_HELLO));
}

Test(protocol, a_row_says_what_the_file_says)
{
	const struct message_row *say = protocol_row(MSG_SAY);
	const struct message_row *ping = protocol_row(MSG_PING);
	const struct message_row *hello = protocol_row(MSG_HELLO);

	cr_expect_str_eq(say->name, "say");
	cr_expect_eq(say->from, FROM_CLIENT);
	cr_expect_eq(say->when, WHEN_READY);
	cr_expect_eq(say->cost, 1);
	cr_expect_str_eq(say->fields[1].name, "to");
	cr_expect_eq(say->fields[1].kind, KIND_name);
	cr_expect_eq(say->fields[1].offset, offsetof(struct msg_say, to));
	cr_expect_null(say->fields[4].name);
	cr_expect_eq(ping->from, FROM_BOTH);
	cr_expect_eq(ping->when, WHEN_ANY);
	cr_expect_eq(hello->when, WHEN_FRESH);
	cr_expect_null(protocol_row(MSG_UNSURE)->fields[0].name);
}

Test(protocol, frames_fit_their_limits)
{
	const struct message_row *rows;
	size_t n, i;

	rows = protocol_rows(&n);
	for (i = 0; i < n; i++) {
		cr_expect_leq(largest_frame(&rows[i]), PROTOCOL_FRAME_READY,
		    "%s", rows[i].name);
		if (rows[i].when == WHEN_FRESH)
			cr_expect_leq(largest_frame(&rows[i]),
			    PROTOCOL_FRAME_FRESH, "%s", rows[i].name);
	}
}

/* The dispatcher answers by what stands first. */
Test(protocol, requests_begin_with_what_the_answer_repeats)
{
	const struct message_row *rows;
	const char *first;
	size_t n, i;

	rows = protocol_rows(&n);
	for (i = 0; i < n; i++) {
		if (rows[i].from != FROM_CLIENT || rows[i].when != WHEN_READY)
			continue;
		first = rows[i].fields[0].name;
		cr_expect(strcmp(first, "ref") == 0 || strcmp(first, "n") == 0,
		    "%s begins with %s", rows[i].name, first);
		cr_expect_gt(rows[i].cost, 0, "%s is free", rows[i].name);
	}
}

Test(protocol, entries_are_found_by_their_kind)
{
	const struct entry_row *rows;
	size_t n, i;
	unsigned kind, found = 0;

	rows = protocol_entries(&n);
	for (i = 0; i < n; i++)
		cr_expect_eq(protocol_entry(rows[i].kind), &rows[i]);
	for (kind = 0; kind < 1000; kind++)
		found += protocol_entry(kind) != NULL;
	cr_expect_eq(found, n);
	cr_expect_str_eq(protocol_entry(ENTRY_ACTION)->name, "action");
	cr_expect_eq(protocol_entry(ENTRY_ACTION)->by, FROM_CLIENT);
	cr_expect_eq(protocol_entry(ENTRY_JOINED)->by, FROM_SERVER);
}

Test(protocol, refusals_have_names_and_words)
{
	unsigned why;

	cr_expect_str_eq(refusal_name(FINE), "fine");
	cr_expect_str_eq(refusal_text(FINE), "");
	cr_expect_not(refusal_closes(FINE));
	for (why = REFUSE_FRAME_LONG; why <= REFUSE_DEVICE_BAD; why++) {
		cr_expect_str_not_empty(refusal_text(why), "%u", why);
		cr_expect_str_neq(refusal_name(why), "unknown", "%u", why);
	}
	cr_expect_str_eq(refusal_name(9999), "unknown");
	cr_expect_str_eq(refusal_text(9999), "");
	cr_expect_not(refusal_closes(9999));
	cr_expect_str_eq(refusal_name(REFUSE_NICK_TAKEN), "nick_taken");
	cr_expect(refusal_closes(REFUSE_FRAME_LONG));
	cr_expect_not(refusal_closes(REFUSE_TOO_FAST));
}

/* The rule tells the limits that are compiled in. */
Test(protocol, the_words_tell_the_limits)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", PROTOCOL_FRAME_FRESH);
	cr_expect(strstr(refusal_text(REFUSE_FRAME_LONG), number) != NULL);
	snprintf(number, sizeof(number), "%d", PROTOCOL_FRAME_READY);
	cr_expect(strstr(refusal_text(REFUSE_FRAME_LONG), number) != NULL);
	snprintf(number, sizeof(number), "%d", PROTOCOL_NAME_MAX);
	cr_expect(strstr(refusal_text(REFUSE_FIELDS), number) != NULL);
}
