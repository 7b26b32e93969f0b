#include <criterion/criterion.h>
#include <ctype.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../chatd/dialect.h"
#include "../chatd/settings.h"
#include "fds.h"
#include "sock.h"

static char path[] = "/tmp/chat-test-settings.XXXXXX";
static int before;

static void
begin(void)
{
	before = fds_open();
	close(mkstemp(path));
}

static void
end(void)
{
	unlink(path);
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

TestSuite(settings, .init = begin, .fini = end);

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static struct settings *
read_text(const char *text)
{
	struct buf errors = { 0 };
	struct settings *s;

	write_file(text);
	s = settings_read(path, &errors);
	cr_assert_not_null(s, "%s: %s", text, buf_string(&errors));
	cr_expect_eq(errors.len, 0);
	buf_done(&errors);
	return s;
}

static char *
print(const struct settings *s)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	settings_print(s, out);
	fclose(out);
	return text;
}

static void
expect_same(const struct settings *a, const struct settings *b)
{
	char *x = print(a), *y = print(b);

	cr_expect_str_eq(x, y);
	free(x);
	free(y);
}

/* ---- what is set ---- */

Test(settings, has_its_standard_values)
{
	struct settings *s = settings_new(), *empty = read_text("");
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
#define NUMBER(group, name, standard, min, max, unit, meaning)                 \
	cr_expect_eq(s->group##_##name, standard);                             \
	cr_expect(min <= standard && standard <= max, #name);
#define STRING(group, name, standard, max, meaning)                            \
	if (strcmp(#name, "name") != 0)                                        \
		cr_expect_str_eq(s->group##_##name, standard);
#define SWITCH(group, name, standard, meaning)                                 \
	cr_expect_eq(s->group##_##name, standard);
#define LIST(name, meaning) cr_expect_eq(s->name.n, 0);
#include "../chatd/settings.def"
	cr_expect_str_eq(s->server_name, host);
	expect_same(s, empty);
	settings_free(s);
	settings_free(empty);
	settings_free(NULL);
}

/* Each number at both ends of its range, and beyond them. */
static void
check_number(const char *group, const char *name, long long min, long long max)
{
	const long long good[] = { min, max }, bad[] = { min - 1, max + 1 };
	struct buf errors = { 0 };
	char *text, line[64];
	size_t i;

	for (i = 0; i < 2; i++) {
		cr_assert_gt(asprintf(&text, "%s: { %s = %lld; };", group, name,
				 good[i]),
		    0);
		settings_free(read_text(text));
		free(text);
		cr_assert_gt(asprintf(&text, "%s: {\n %s = %lld;\n};", group,
				 name, bad[i]),
		    0);
		write_file(text);
		free(text);
		cr_expect_null(settings_read(path, &errors));
		snprintf(line, sizeof(line), ":2: %s.%s: %lld is out of range",
		    group, name, bad[i]);
		cr_expect_not_null(strstr(buf_string(&errors), line), "%s: %s",
		    line, buf_string(&errors));
		buf_clear(&errors);
	}
	buf_done(&errors);
}

Test(settings, keeps_numbers_within_their_range)
{
	struct settings *s = read_text("limits: { clients = 7; rate = 0; };");

	cr_expect_eq(s->limits_clients, 7);
	cr_expect_eq(s->limits_rate, 0);
	settings_free(s);
#define NUMBER(group, name, standard, min, max, unit, meaning)                 \
	check_number(#group, #name, min, max);
#include "../chatd/settings.def"
}

Test(settings, takes_strings_switches_and_lists)
{
	struct settings *s = read_text("server: {\n"
				       "  name = \"J\xc3\xbcrgen's\";\n"
				       "  motd = \"a\\nb \\\"c\\\" \\\\\";\n"
				       "  insecure = true;\n"
				       "};\n"
				       "listen = [ \"*:0\",\n"
				       "  \"frame:unix:/run/x\" ];\n");
	char from[64];

	cr_expect_str_eq(s->server_name, "J\xc3\xbcrgen's");
	cr_expect_str_eq(s->server_motd, "a\nb \"c\" \\");
	cr_expect(s->server_insecure);
	cr_assert_eq(s->listen.n, 2);
	cr_expect_str_eq(s->listen.at[0].string, "*:0");
	cr_expect_str_eq(s->listen.at[1].string, "frame:unix:/run/x");
	snprintf(from, sizeof(from), "%s:7", path);
	cr_expect_str_eq(s->listen.at[1].from, from);
	settings_free(s);
}

Test(settings, may_listen_elsewhere)
{
	static const char *const places[] = { "localhost", "unix:/x" };
	struct settings *s = read_text("listen = ( \"127.0.0.1:0\" );");

	settings_listen(s, places, 2, "-l");
	cr_assert_eq(s->listen.n, 2);
	cr_expect_str_eq(s->listen.at[0].string, "localhost");
	cr_expect_str_eq(s->listen.at[1].from, "-l");
	settings_listen(s, places, 1, NULL);
	cr_assert_eq(s->listen.n, 1);
	cr_expect_null(s->listen.at[0].from);
	settings_free(s);
}

/* ---- what is wrong ---- */

/* Every fault of a text, one a line, without the path. */
static char *
faults(const char *text)
{
	struct buf errors = { 0 };
	const char *at, *end;
	char *all;
	size_t n;
	FILE *out = open_memstream(&all, &n);

	write_file(text);
	cr_expect_null(settings_read(path, &errors), "%s", text);
	for (at = buf_string(&errors); *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		cr_assert_eq(strncmp(at, path, strlen(path)), 0, "%s", at);
		at += strlen(path) + 1;
		fprintf(out, "%.*s\n", (int)(end - at), at);
	}
	fclose(out);
	buf_done(&errors);
	return all;
}

Test(settings, tells_every_fault_and_its_cure)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "limits: { client = 5; };",
		    "1: limits.client: there is no such setting, "
		    "perhaps limits.clients\n" },
		{ "limits: { motd = \"x\"; };",
		    "1: limits.motd: there is no such setting, "
		    "perhaps server.motd\n" },
		{ "clients = 5;",
		    "1: clients: there is no such setting, "
		    "perhaps limits.clients\n" },
		{ "listne = [ ];",
		    "1: listne: there is no such setting, perhaps listen\n" },
		{ "limits: { quux = 5; };",
		    "1: limits.quux: there is no such setting\n" },
		{ "limit: { clients = 5; };",
		    "1: limit: there is no such group, perhaps limits\n" },
		{ "quux: { };", "1: quux: there is no such group\n" },
		{ "limits = 5;",
		    "1: limits: a group is wanted: limits: { ... };\n" },
		{ "limits: {\n  clients = \"5\";\n  rate = 1.5;\n};",
		    "2: limits.clients: a number is wanted, this is a string\n"
		    "3: limits.rate: a number is wanted, "
		    "this is a fraction\n" },
		{ "server: {\n insecure = 1;\n name = true;\n};",
		    "2: server.insecure: true or false is wanted, "
		    "this is a number\n"
		    "3: server.name: a string is wanted, "
		    "this is true or false\n" },
		{ "server: { name = \"a\\nb\"; };",
		    "1: server.name: must be UTF-8 without controls\n" },
		{ "server: { motd = \"a\xff\"; };",
		    "1: server.motd: must be UTF-8 without controls "
		    "but newline\n" },
		{ "server: { name = \"12345678901234567890123456789012345678901"
		  "23456789012345678901234\"; };",
		    "" },
		{ "server: { name = \"12345678901234567890123456789012345678901"
		  "234567890123456789012345\"; };",
		    "1: server.name: too long, at most 64 bytes\n" },
		{ "listen = \"localhost\";",
		    "1: listen: an array [ \"...\", \"...\" ] is wanted, "
		    "this is a string\n" },
		{ "listen = (\n\"127.0.0.1:0\",\n7,\n\"a:b:c\");",
		    "3: listen: a string in the array is wanted, "
		    "this is a number\n"
		    "4: listen: \"a:b:c\": there is no such dialect, only " },
		{ "listen = [ \"localhost:99999\" ];",
		    "1: listen: \"localhost:99999\": "
		    "a port is a number from 0 to 65535\n" },
		{ "listen = [ \"localhost:quux\" ];",
		    "1: listen: \"localhost:quux\": "
		    "the port is neither a number nor a known service\n" },
		{ "limits: { clients = 4294967297; };",
		    "1: this number is too large\n"
		    "" },
		{ "limits: { clients = 0; rat = 1; };\nlisten = 1;\nx = 1;",
		    "1: limits.clients: 0 is out of range, 1 to 1000000\n"
		    "1: limits.rat: there is no such setting, "
		    "perhaps limits.rate\n"
		    "2: listen: an array [ \"...\", \"...\" ] is wanted, "
		    "this is a number\n"
		    "3: x: there is no such setting\n" },
	};
	char *told;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (*cases[i].told == '\0') {
			settings_free(read_text(cases[i].text));
			continue;
		}
		told = faults(cases[i].text);
		cr_expect_eq(
		    strncmp(told, cases[i].told, strlen(cases[i].told)), 0,
		    "%s", told);
		free(told);
	}
}

/* ---- addresses ---- */

Test(settings, takes_the_dialect_off_an_address)
{
	static const struct {
		const char *text, *why, *rest; /* host, or path */
	} cases[] = {
		{ "localhost", NULL, "localhost" },
		{ "localhost:7711", NULL, "localhost" },
		{ "frame:localhost:7711", NULL, "localhost" },
		{ "frame:localhost", NULL, "localhost" },
		{ "frame:*:0", NULL, "" },
		{ "frame:[::1]:0", NULL, "::1" },
		{ "[::1]", NULL, "::1" },
		{ "unix:/run/x", NULL, "/run/x" },
		{ "frame:unix:/run/x", NULL, "/run/x" },
		{ "frame:/run/x", NULL, "/run/x" },
		{ "talk:*:7712", "there is no such dialect, only frame:", "" },
		{ "irc:[::1]:0", "there is no such dialect, only frame:", "" },
		{ "irc:unix:/x", "there is no such dialect, only frame:", "" },
	};
	const struct dialect *dialect;
	struct sock_name name;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		why = settings_address(cases[i].text, &dialect, &name);
		if (cases[i].why != NULL) {
			cr_expect_eq(
			    strncmp(why, cases[i].why, strlen(cases[i].why)), 0,
			    "%s", why);
			continue;
		}
		cr_assert_null(why, "%s: %s", cases[i].text, why);
		cr_expect_eq(dialect, &dialect_frame);
		cr_expect_str_eq(name.is_unix ? name.path : name.host,
		    cases[i].rest, "%s", cases[i].text);
	}
}

/* ---- printing ---- */

Test(settings, reads_what_it_prints)
{
	struct settings *s =
	    read_text("listen = [ \"a:1\", \"unix:/b \\\"c\" ];"
		      "server: { name = \"x\\\\\";"
		      " motd = \"1\\n\\\"2\\\"\";"
		      " insecure = true; };"
		      "limits: { text = 100; };");
	char *text = print(s);
	struct settings *again = read_text(text);

	expect_same(s, again);
	cr_expect_eq(again->limits_text, 100);
	cr_expect_str_eq(again->server_motd, "1\n\"2\"");
	cr_expect_eq(again->listen.n, 2);
	free(text);
	settings_free(s);
	settings_free(again);
}

Test(settings, prints_in_eighty_columns)
{
	struct settings *s = settings_new();
	char *text = print(s), *at, *end;
	size_t columns;

	for (at = text; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		columns = (size_t)(end - at) + (*at == '\t' ? 7 : 0);
		cr_expect_leq(columns, 79, "%.*s", (int)(end - at), at);
	}
	free(text);
	settings_free(s);
}

/* The sample: every setting with its standard value, commented out; "#name"
 * is a setting, "# words" are words. */
static char *
read_sample(bool uncomment)
{
	char line[256], *text;
	size_t len, at;
	FILE *in = fopen("chatd/chatd.conf", "r");
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		at = strspn(line, "\t");
		if (uncomment && line[at] == '#' &&
		    isalpha((unsigned char)line[at + 1]))
			line[at] = ' ';
		fputs(line, out);
	}
	fclose(in);
	fclose(out);
	return text;
}

Test(settings, has_a_sample_that_changes_nothing)
{
	struct settings *standard = settings_new(), *s;
	char *text = read_sample(false), *all = read_sample(true);
	config_t c;

	cr_assert_str_neq(text, all);
	s = read_text(text);
	expect_same(s, standard);
	settings_free(s);
	s = read_text(all);
	expect_same(s, standard);
	settings_free(s);
	settings_free(standard);

	config_init(&c);
	cr_assert(config_read_string(&c, text));
#define NUMBER(group, name, standard, min, max, unit, meaning)                 \
	cr_expect_null(config_lookup(&c, #group "." #name));
#include "../chatd/settings.def"
	cr_assert(config_read_string(&c, all));
#define NUMBER(group, name, standard, min, max, unit, meaning)                 \
	cr_expect_not_null(config_lookup(&c, #group "." #name), #name);
#define STRING(group, name, standard, max, meaning)                            \
	cr_expect_not_null(config_lookup(&c, #group "." #name), #name);
#define SWITCH(group, name, standard, meaning)                                 \
	cr_expect_not_null(config_lookup(&c, #group "." #name), #name);
#define LIST(name, meaning) cr_expect_not_null(config_lookup(&c, #name), #name);
#define RECORDS(group, name, key, value, max, meaning)                         \
	cr_expect_not_null(config_lookup(&c, #group "." #name), #name);
#include "../chatd/settings.def"
	config_destroy(&c);
	free(text);
	free(all);
}
