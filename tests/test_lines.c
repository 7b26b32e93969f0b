#include <criterion/criterion.h>

#include "../chat/lines.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static const struct {
	struct event event;
	const char *text, *json;
} events[] = {
	{ { 1795180513123, "#lobby", 7, "said", { "ana", 3 }, { "hi", 2 } },
	    "2026-11-20T13:15:13.123Z\t#lobby\t7\tsaid\tana\thi\n",
	    "{\"time\":\"2026-11-20T13:15:13.123Z\",\"room\":\"#lobby\","
	    "\"seq\":7,\"kind\":\"said\",\"who\":\"ana\",\"text\":\"hi\"}\n" },
	{ { 0, "", 0, "local", { NULL, 0 }, { "a\tb\nc\\d\x1b", 8 } },
	    "1970-01-01T00:00:00.000Z\t\t-\tlocal\t\ta\\tb\\nc\\\\d^[\n",
	    "{\"time\":\"1970-01-01T00:00:00.000Z\",\"room\":\"\","
	    "\"seq\":null,\"kind\":\"local\",\"who\":\"\","
	    "\"text\":\"a\\tb\\nc\\\\d\\u001B\"}\n" },
	{ { 5, "#a", 1, "said", { "b", 1 }, { "\xc3\xb6\xe2\x80\xae", 5 } },
	    "1970-01-01T00:00:00.005Z\t#a\t1\tsaid\tb\t\xc3\xb6<U+202E>\n",
	    "{\"time\":\"1970-01-01T00:00:00.005Z\",\"room\":\"#a\","
	    "\"seq\":1,\"kind\":\"said\",\"who\":\"b\","
	    "\"text\":\"\\u00F6\\u202E\"}\n" },
	{ { 0, "", 0, "local", { NULL, 0 }, { "\xff", 1 } },
	    "1970-01-01T00:00:00.000Z\t\t-\tlocal\t\t\xef\xbf\xbd\n",
	    "{\"time\":\"1970-01-01T00:00:00.000Z\",\"room\":\"\","
	    "\"seq\":null,\"kind\":\"local\",\"who\":\"\","
	    "\"text\":\"\\uFFFD\"}\n" },
};

Test(lines, an_event_is_a_line)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < N(events); i++) {
		buf_clear(&out);
		lines_text(&out, &events[i].event);
		cr_expect_str_eq(buf_string(&out), events[i].text);
		buf_clear(&out);
		lines_json(&out, &events[i].event);
		cr_expect_str_eq(buf_string(&out), events[i].json);
	}
	buf_done(&out);
}
