#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#include "../chat/command.h"
#include "../chat/help.h"
#include "../chat/input.h"

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
}

TestSuite(help, .init = use_utf8);

static void
text_of(const struct help *h, struct buf *out)
{
	for (size_t i = 0; i < h->n; i++) {
		buf_add_slice(out, buf_slice(&h->row[i].text));
		buf_add_string(out, "\n");
	}
}

Test(help, names_every_command_and_key_at_any_width)
{
	static const int widths[] = { 0, 1, 4, 20, 40, 80, 200 };
	size_t n_commands, n_keys;
	const struct command *commands = command_rows(&n_commands);
	const struct key_row *keys = input_rows(&n_keys);

	for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
		struct help h = { 0 };
		struct buf text = { 0 };
		help_open(&h, "", widths[w]);
		text_of(&h, &text);
		for (size_t i = 0; i < n_commands; i++)
			cr_expect_not_null(
			    strstr(buf_string(&text), commands[i].name));
		/* Of many keys only the first and the last are told. */
		for (size_t i = 0; i < n_keys; i++)
			if (keys[i].shown != NULL &&
			    keys[i].action != ACTION_ROOM)
				cr_expect_not_null(
				    strstr(buf_string(&text), keys[i].shown),
				    "%s", keys[i].shown);
		cr_expect_not_null(strstr(buf_string(&text), "Alt-1 to Alt-0"));
		buf_done(&text);
		help_close(&h);
	}
}

Test(help, rows_fit)
{
	for (int columns = 40; columns < 130; columns += 10) {
		struct help h = { 0 };
		help_open(&h, "", columns);
		for (size_t i = 0; i < h.n; i++)
			cr_expect_leq(strip_columns(&h.row[i]), columns,
			    "%d: %s", columns, buf_string(&h.row[i].text));
		help_close(&h);
	}
}

Test(help, scrolls_to_its_ends)
{
	struct help h = { 0 };

	help_open(&h, "", 80);
	cr_expect_not(help_scroll(&h, -1, 20));
	cr_expect(help_scroll(&h, 1, 20));
	cr_expect_eq(h.top, 1);
	cr_expect(help_scroll(&h, 10000, 20));
	cr_expect_eq(h.top, h.n - 20);
	cr_expect_not(help_scroll(&h, 1, 20));
	help_fit(&h, 40, 20);
	cr_expect_leq(h.top, h.n - 20);
	cr_expect_gt(h.top, 0);
	help_fit(&h, 40, 10000);
	cr_expect_eq(h.top, 0);
	help_close(&h);
	help_open(&h, "keys", 80);
	cr_expect_str_eq(buf_string(&h.row[h.top].text), "Writing");
	help_close(&h);
}

Test(help, tells_where_one_is)
{
	static const struct {
		int columns, by;
		const char *ends;
	} cases[] = {
		{ 80, 0, "1-20 of N, PageDown for more; q or Escape leaves" },
		{ 40, 0, "1-20 of N, PageDown: more; q leaves" },
		{ 80, 19, "20-39 of N, PageDown for more; q or Escape leaves" },
		{ 80, 10000, "of N; q or Escape leaves" },
		{ 40, 10000, "of N; q leaves" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct help h = { 0 };
		struct buf words = { 0 }, expected = { 0 };
		const char *n = strchr(cases[i].ends, 'N');
		help_open(&h, "", cases[i].columns);
		help_scroll(&h, cases[i].by, 20);
		help_place(&h, 20, cases[i].columns, &words);
		buf_printf(&expected, "%.*s%zu%s", (int)(n - cases[i].ends),
		    cases[i].ends, h.n, n + 1);
		cr_expect_not_null(
		    strstr(buf_string(&words), buf_string(&expected)), "%s",
		    buf_string(&words));
		cr_expect_leq(words.len, cases[i].columns);
		buf_done(&words);
		buf_done(&expected);
		help_close(&h);
	}
}

Test(help, about_one_thing)
{
	static const struct {
		const char *topic, *begins;
	} cases[] = {
		{ "join", "/join #ROOM: " },
		{ "/join", "/join #ROOM: " },
		{ "jo", "/join #ROOM: " },
		{ "ctrl-k", "Ctrl-K: cut to the end of the line" },
		{ "F1", "F1: commands and keys" },
		{ "nosuch", NULL },
		{ "", NULL },
		{ "/", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf words = { 0 };
		bool found = help_about(cases[i].topic, &words);
		cr_expect_eq(found, cases[i].begins != NULL);
		if (found)
			cr_expect_eq(
			    strncmp(buf_string(&words), cases[i].begins,
				strlen(cases[i].begins)),
			    0, "%s", buf_string(&words));
		buf_done(&words);
	}
}
