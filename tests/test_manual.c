/*
 * The manual pages tell what the programs do: everything that is in one of
 * their tables is in the page, nothing is in the page that is in no table, and
 * the bytes of the protocol's examples say what stands beside them.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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
