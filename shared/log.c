#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "text.h"
#include "utf8.h"

enum {
	LINE_MAX_BYTES = 1024, /* of a line, its newline included */
	WORDS_MAX = 4096,      /* of what is said in it, before it is safe */
};

/* How a line begins. */
enum style {
	STYLE_TIME,	/* 2026-11-20T13:05:00Z chatd: */
	STYLE_NAME,	/* chat: */
	STYLE_PRIORITY, /* <6>; the journal adds time and name itself */
};

/* Set before there is a second thread, only read afterwards. */
static const char *program = "chat";
static enum style style = STYLE_TIME;
static atomic_bool debugging;

/* $JOURNAL_STREAM is the device and inode of the journal's socket, which our
 * standard error may long have been redirected from. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(fd, &st) < 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

void
log_init(const char *name, int debug)
{
	program = name;
	debugging = debug > 0;
	style = is_journal(STDERR_FILENO) ? STYLE_PRIORITY : STYLE_TIME;
}

void
log_debugging(bool is_heard)
{
	debugging = is_heard;
}

void
log_plain(void)
{
	if (style == STYLE_TIME)
		style = STYLE_NAME;
}

bool
log_is_debug(void)
{
	return debugging;
}

static void
add_start(struct buf *line, int priority)
{
	time_t now;
	struct tm tm;
	char when[32];

	if (style == STYLE_PRIORITY) {
		buf_printf(line, "<%d>", priority);
		return;
	}
	if (style == STYLE_TIME) {
		now = (time_t)(clock_wall_ms() / 1000);
		gmtime_r(&now, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &tm);
		buf_add_string(line, when);
	}
	buf_printf(line, "%s: ", program);
}

/* Length of the longest part of whole clusters that leaves room for the
 * newline. */
static size_t
cut(const char *line, size_t len)
{
	size_t end = 0, n;

	if (len < LINE_MAX_BYTES)
		return len;
	while ((n = utf8_cluster(line + end, len - end)) != 0 &&
	    end + n < LINE_MAX_BYTES)
		end += n;
	return end;
}

/* saved is errno's value for its words, 0 for none. */
__attribute__((format(printf, 3, 0))) static void
write_line(int priority, int saved, const char *format, va_list args)
{
	struct buf line = { 0 };
	char words[WORDS_MAX], why[128];
	struct slice s;

	vsnprintf(words, sizeof(words), format, args);
	add_start(&line, priority);
	text_safe(&line, slice_of(words), TEXT_ONE_LINE);
	if (saved != 0)
		buf_printf(&line, ": %s", strerror_r(saved, why, sizeof(why)));
	s = buf_slice(&line);
	line.len = cut(s.at, s.len);
	buf_add_u8(&line, '\n');
	s = buf_slice(&line);
	while (write(STDERR_FILENO, s.at, s.len) < 0 && errno == EINTR)
		continue;
	buf_done(&line);
}

#define WRITE(priority, saved)                                                 \
	do {                                                                   \
		int before = errno;                                            \
		va_list args;                                                  \
		va_start(args, format);                                        \
		write_line((priority), (saved), format, args);                 \
		va_end(args);                                                  \
		errno = before;                                                \
	} while (0)

void
fatal(int status, const char *format, ...)
{
	WRITE(LOG_CRIT, errno);
	exit(status);
}

void
fatalx(int status, const char *format, ...)
{
	WRITE(LOG_CRIT, 0);
	exit(status);
}

void
log_warn(const char *format, ...)
{
	WRITE(LOG_WARNING, errno);
}

void
log_warnx(const char *format, ...)
{
	WRITE(LOG_WARNING, 0);
}

void
log_info(const char *format, ...)
{
	WRITE(LOG_INFO, 0);
}

void
log_debug(const char *format, ...)
{
	if (debugging)
		WRITE(LOG_DEBUG, 0);
}
