#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../chatd/conf.h"
#include "fds.h"

static char path[] = "/tmp/chat-test-conf.XXXXXX";
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

TestSuite(conf, .init = begin, .fini = end);

static void
write_file(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	fwrite(text, 1, len, f);
	fclose(f);
}

/* What is wrong with a text, without the path; a copy. */
static char *
faults(const char *text, size_t len)
{
	struct buf errors = { 0 };
	const char *at, *end;
	config_t c;
	char *all;
	FILE *out;
	size_t n;

	write_file(text, len);
	config_init(&c);
	out = open_memstream(&all, &n);
	cr_expect_eq(conf_read(path, &c, &errors), errors.len == 0);
	config_destroy(&c);
	for (at = buf_string(&errors); *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		cr_assert_eq(strncmp(at, path, strlen(path)), 0, "%s", at);
		at += strlen(path) + 1;
		fprintf(out, "%.*s|", (int)(end - at), at);
	}
	fclose(out);
	buf_done(&errors);
	return all;
}

#define TEXT(literal) literal, sizeof(literal) - 1

Test(conf, tells_faults_with_their_lines)
{
	static const struct {
		const char *text;
		size_t len;
		const char *told; /* how it begins */
	} cases[] = {
		{ TEXT(""), "" },
		{ TEXT("a = 1;\n"), "" },
		{ TEXT("/* a\n * b\n */ a = 1; // c\n# d /* \" 5\nb = 2;"),
		    "" },
		{ TEXT("a = \"/* # // @include \\\" \\\\\"; b = 1;"), "" },
		{ TEXT("a = 2147483647; b = 0x7fffffff; c = -2147483647;"),
		    "" },
		{ TEXT("a = 9223372036854775807L;"), "" },
		{ TEXT("a = 1.5e10; b = [ 1, 2 ]; c4294967297 = 1;"), "" },
		{ TEXT("a = \"4294967297\"; # 4294967297\n"), "" },
		{ TEXT("a = 1;\nb = ;\n"), "2: syntax error, the form is" },
		{ TEXT("a = 1;\na = 2;\n"), "2: duplicate setting name" },
		{ TEXT("a = [ 1,\n\"x\" ];"), "2: mismatched element type" },
		{ TEXT("\n\na = 4294967297;"), "3: this number is too large" },
		{ TEXT("a = 2147483648;"), "1: this number is too large" },
		{ TEXT("a = 0x80000000;"), "1: this number is too large" },
		{ TEXT("a = 9223372036854775808L;"), "1: this number is" },
		{ TEXT("a = 99999999999999999999999;"), "1: this number is" },
		{ TEXT("a = 1;\n/* b\n\n"), "2: this comment does not end" },
		{ TEXT("a = 1;\nb = \"c\n\n"), "2: this string does not end" },
		{ TEXT("\n@include \"/tmp\"\n"), "2: there is no @include" },
		{ TEXT("  @include \"x\"\n"), "1: there is no @include" },
		{ TEXT("a = 1;\n\0b = 2;"), "2: a NUL byte" },
		{ TEXT("a = 4294967297;\nb = ;"),
		    "1: this number is too large|2: syntax error" },
	};
	char *told;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		told = faults(cases[i].text, cases[i].len);
		if (*cases[i].told == '\0')
			cr_expect_str_empty(
			    told, "%s: %s", cases[i].text, told);
		else
			cr_expect(strncmp(told, cases[i].told,
				      strlen(cases[i].told)) == 0,
			    "%s: %s", cases[i].text, told);
		free(told);
	}
}

Test(conf, reads_what_stands_there)
{
	struct buf errors = { 0 };
	const char *text;
	config_t c;
	int n;

	write_file(TEXT("g: { n = 5; s = \"x\"; };"));
	config_init(&c);
	cr_assert(conf_read(path, &c, &errors));
	cr_expect(config_lookup_int(&c, "g.n", &n) && n == 5);
	cr_expect(config_lookup_string(&c, "g.s", &text));
	cr_expect_str_eq(text, "x");
	config_destroy(&c);
	cr_expect_eq(errors.len, 0);
}

Test(conf, says_what_cannot_be_read)
{
	static const struct {
		const char *path, *told;
	} cases[] = {
		{ "/nowhere/chatd.conf",
		    "/nowhere/chatd.conf: No such file or directory\n" },
		{ "/tmp", "/tmp: Is a directory\n" },
		{ "/dev/zero", "/dev/zero: File too large\n" },
	};
	struct buf errors = { 0 };
	config_t c;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		config_init(&c);
		cr_expect(!conf_read(cases[i].path, &c, &errors));
		config_destroy(&c);
		cr_expect_str_eq(buf_string(&errors), cases[i].told);
		buf_clear(&errors);
	}
	buf_done(&errors);
}
