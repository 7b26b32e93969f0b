/*
 * The bytes of each message, as files: tests/golden/NAME.hex holds the frame
 * of the message's example.  Other people's clients rely on these bytes, so a
 * file only changes with the protocol's version.  A new row needs a new file;
 * the test prints what it should hold.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "codec.h"
#include "example.h"
#include "frame.h"

static const char *
directory(void)
{
	const char *set = getenv("GOLDEN_DIR");

	return set != NULL ? set : "tests/golden";
}

static void
read_hex_line(const char *line, struct buf *out)
{
	unsigned byte;
	int used;

	while (sscanf(line, " %2x%n", &byte, &used) == 1) {
		buf_add_u8(out, (uint8_t)byte);
		line += used;
	}
	while (isspace((unsigned char)*line))
		line++;
	cr_expect_eq(*line, '\0', "not hexadecimal: %s", line);
}

/* False when there is no such file. */
static bool
read_hex(const char *name, struct buf *out)
{
	char path[512], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.hex", directory(), name);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL)
		if (*line != '#')
			read_hex_line(line, out);
	fclose(file);
	return true;
}

static void
add_part(struct buf *out, struct slice *rest, size_t len, const char *what)
{
	size_t i;

	buf_printf(out, "# %s", what);
	for (i = 0; i < len; i++)
		buf_printf(out, "%s%02x", i % 16 == 0 ? "\n" : " ",
		    (unsigned char)rest->at[i]);
	buf_add_string(out, "\n");
	rest->at += len;
	rest->len -= len;
}

/* Bytes a field takes in the frame, whose first byte is at. */
static size_t
field_len(enum kind kind, const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

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
		return 1 + (size_t)u[0];
	case KIND_text:
	case KIND_data:
		return 2 + (size_t)(u[0] << 8 | u[1]);
	}
	return 0;
}

/* The frame as the file should have it. */
static void
add_file(struct buf *out, const struct message_row *row, struct slice frame)
{
	const struct field *f;

	buf_printf(out, "# %s\n", row->name);
	add_part(out, &frame, 4, "length");
	add_part(out, &frame, 1, "type");
	for (f = row->fields; f->name != NULL; f++)
		add_part(out, &frame, field_len(f->kind, frame.at), f->name);
}

static void
expect_golden(const struct message_row *row)
{
	union message example = example_message(row), got;
	struct buf encoded = { 0 }, file = { 0 }, should = { 0 };
	const char *difference;
	bool found = read_hex(row->name, &file);
	enum refusal why;

	codec_encode(&encoded, &example);
	add_file(&should, row, buf_slice(&encoded));
	cr_expect(found && slice_is(buf_slice(&encoded), buf_slice(&file)),
	    "%s/%s.hex should hold:\n%s", directory(), row->name,
	    buf_string(&should));
	if (file.len > FRAME_HEADER) {
		why = codec_decode(buf_at(&file) + FRAME_HEADER,
		    file.len - FRAME_HEADER, &got);
		cr_expect_eq(why, FINE, "%s: %s", row->name, refusal_name(why));
		difference = example_difference(&example, &got);
		cr_expect_null(
		    difference, "%s: %s differs", row->name, difference);
	}
	buf_done(&encoded);
	buf_done(&file);
	buf_done(&should);
}

Test(golden, every_message_has_its_bytes)
{
	const struct message_row *rows;
	size_t n, i;

	rows = protocol_rows(&n);
	for (i = 0; i < n; i++)
		expect_golden(&rows[i]);
}
