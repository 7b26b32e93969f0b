#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text, and where we are in it. */
struct text {
	const char *path;
	const char *at; /* ends with a NUL */
	unsigned line;
	struct buf *errors;
	bool is_fatal; /* libconfig must not see it */
};

static void
wrong(struct text *t, unsigned line, const char *what)
{
	buf_printf(t->errors, "%s:%u: %s\n", t->path, line, what);
}

static void
fatal_wrong(struct text *t, unsigned line, const char *what)
{
	wrong(t, line, what);
	t->is_fatal = true;
}

/* Behind the next end, or at the NUL when there is none. */
static bool
skip_behind(struct text *t, const char *end)
{
	size_t len = strlen(end);

	for (; *t->at != '\0'; t->at++) {
		if (strncmp(t->at, end, len) == 0) {
			t->at += len;
			return true;
		}
		if (*t->at == '\n')
			t->line++;
	}
	return false;
}

static void
skip_comment(struct text *t)
{
	unsigned begin = t->line;

	t->at += 2;
	if (!skip_behind(t, "*/"))
		fatal_wrong(t, begin, "this comment does not end");
}

static void
skip_string(struct text *t)
{
	unsigned begin = t->line;

	for (t->at++; *t->at != '\0' && *t->at != '"'; t->at++) {
		if (*t->at == '\\' && t->at[1] != '\0')
			t->at++;
		if (*t->at == '\n')
			t->line++;
	}
	if (*t->at == '\0')
		fatal_wrong(t, begin, "this string does not end");
	else
		t->at++;
}

static void
skip_word(struct text *t)
{
	while (isalnum((unsigned char)*t->at) ||
	    (*t->at != '\0' && strchr("-_*.", *t->at) != NULL))
		t->at++;
}

/* With an L behind it a number is read in 64 bits, else cut to 32. */
static void
check_number(struct text *t)
{
	bool hex = t->at[0] == '0' && (t->at[1] == 'x' || t->at[1] == 'X');
	unsigned long long value, most;
	char *end;

	errno = 0;
	value = strtoull(t->at, &end, hex ? 16 : 10);
	most = *end == 'L' ? LLONG_MAX : INT_MAX;
	if (errno == ERANGE || value > most)
		wrong(t, t->line, "this number is too large");
	skip_word(t);
}

static void
check(struct text *t)
{
	while (*t->at != '\0' && !t->is_fatal) {
		if (*t->at == '"')
			skip_string(t);
		else if (strncmp(t->at, "/*", 2) == 0)
			skip_comment(t);
		else if (*t->at == '#' || strncmp(t->at, "//", 2) == 0)
			t->at += strcspn(t->at, "\n");
		else if (strncmp(t->at, "@include", 8) == 0)
			fatal_wrong(t, t->line,
			    "there is no @include: one file holds everything");
		else if (isdigit((unsigned char)*t->at))
			check_number(t);
		else if (isalpha((unsigned char)*t->at))
			skip_word(t);
		else if (*t->at++ == '\n')
			t->line++;
	}
}

static bool
parse(struct text *t, config_t *c)
{
	const char *what;

	if (config_read_string(c, t->at))
		return true;
	what = config_error_text(c);
	buf_printf(t->errors, "%s:%d: %s%s\n", t->path, config_error_line(c),
	    what,
	    strcmp(what, "syntax error") == 0
		? ", the form is  group: { name = value; };"
		: "");
	return false;
}

static bool
check_and_parse(
    const char *path, struct buf *in, config_t *c, struct buf *errors)
{
	struct text t = { .path = path, .line = 1, .errors = errors };
	size_t before = errors->len;

	t.at = buf_string(in);
	check(&t);
	if (!t.is_fatal && strlen(buf_string(in)) != in->len)
		fatal_wrong(&t, t.line, "a NUL byte");
	t.at = buf_string(in);
	return !t.is_fatal && parse(&t, c) && errors->len == before;
}

static int
read_all(int fd, struct buf *out)
{
	ssize_t n;

	do {
		n = read(fd, buf_room(out, BUFSIZ), BUFSIZ);
		if (n > 0)
			buf_grown(out, (size_t)n);
	} while ((n > 0 && out->len <= CONF_MAX) || (n < 0 && errno == EINTR));
	if (n > 0)
		errno = EFBIG;
	return n == 0 ? 0 : -1;
}

bool
conf_read(const char *path, config_t *c, struct buf *errors)
{
	struct buf in = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && read_all(fd, &in) == 0;

	if (!good)
		buf_printf(errors, "%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	good = good && check_and_parse(path, &in, c, errors);
	buf_done(&in);
	return good;
}
