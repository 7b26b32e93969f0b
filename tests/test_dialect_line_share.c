/* What lines tell of files. */
#include <criterion/criterion.h>

#include "../chatd/dialect.h"

Test(dialect_line_share, tells_of_files)
{
	static const struct {
		enum entry_kind kind;
		const char *text, *line;
	} cases[] = {
		{ ENTRY_FILE, "12 2048 1795183200000 my report.pdf",
		    "sends a file of 2048 bytes: my report.pdf\r\n" },
		{ ENTRY_FILE, "12 - - x.tar\nas promised\n+ok say #r 1",
		    "sends a file: x.tar\r\n| as promised\r\n"
		    "| +ok say #r 1\r\n" },
		{ ENTRY_ARRIVED, "12 2048 aabb my report.pdf",
		    "has sent a file of 2048 bytes: my report.pdf\r\n" },
		{ ENTRY_ARRIVED, "12 0 aabb a: b",
		    "has sent a file of 0 bytes: a: b\r\n" },
		{ ENTRY_WITHDRAWN, "12 my report.pdf\nit expired",
		    "withdrew a file: my report.pdf\r\n| it expired\r\n" },
		{ ENTRY_WITHDRAWN, "", "withdrew a file\r\n" },
		{ ENTRY_FILE, "12", "sends a file\r\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf said = { 0 };

		dialect_line.share(&said, SLICE("#r"),
		    &(union message){
			.entry = { MSG_ENTRY, 7, 1, 1, (uint8_t)cases[i].kind,
			    SLICE("ann"), slice_of(cases[i].text) } });
		cr_assert(said.len > strlen("[#r] -- ann "));
		cr_expect_str_eq(
		    buf_string(&said) + strlen("[#r] -- ann "), cases[i].line);
		buf_done(&said);
	}
}
