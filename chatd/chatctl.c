/*
 * chatctl: one request to the control socket of chatd, control.h, and its
 * answer.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "directory.h"
#include "guard.h"
#include "log.h"
#include "xmalloc.h"

static const struct option_row {
	char flag;
	const char *argument, *meaning;
} option_rows[] = {
#define OPTION(flag, argument, often, meaning) { flag, argument, meaning },
#define COMMAND(name, arguments, least, most, meaning)
#include "chatctl.def"
};

static const struct command_row {
	const char *name, *arguments;
	int least, most; /* words it is told */
	const char *meaning;
} command_rows[] = {
#define OPTION(flag, argument, often, meaning)
#define COMMAND(name, arguments, least, most, meaning)                         \
	{ #name, arguments, least, most, meaning },
#include "chatctl.def"
};

enum {
	OPTIONS = sizeof(option_rows) / sizeof(*option_rows),
	COMMANDS = sizeof(command_rows) / sizeof(*command_rows),
};

/* ---- the command line ---- */

static void
print_usage(FILE *out)
{
	fprintf(out, "usage: chatctl [-s DIR | -S PATH] COMMAND ...\n");
}

static _Noreturn void
help(void)
{
	size_t i;

	print_usage(stdout);
	for (i = 0; i < OPTIONS; i++)
		printf("  -%c %-24s %s\n", option_rows[i].flag,
		    option_rows[i].argument, option_rows[i].meaning);
	for (i = 0; i < COMMANDS; i++)
		printf("  %-7s %-19s %s\n", command_rows[i].name,
		    command_rows[i].arguments, command_rows[i].meaning);
	exit(EX_OK);
}

static _Noreturn void
wrong_usage(const char *what, const char *why)
{
	log_warnx("%s: %s", what, why);
	print_usage(stderr);
	exit(EX_USAGE);
}

static const struct command_row *
find_command(int n, char **words)
{
	size_t i;

	if (n == 0)
		wrong_usage("what", "a command is missing");
	for (i = 0; i < COMMANDS; i++)
		if (strcmp(words[0], command_rows[i].name) == 0)
			break;
	if (i == COMMANDS)
		wrong_usage(words[0], "there is no such command");
	if (n - 1 < command_rows[i].least)
		wrong_usage(words[0], command_rows[i].arguments);
	if (n - 1 > command_rows[i].most)
		wrong_usage(words[0], "these are too many words");
	return &command_rows[i];
}

/* The daemon stands somewhere else. */
static void
add_path(struct buf *out, const char *path)
{
	char here[PATH_MAX];

	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		fatal(EX_NOINPUT, "cannot tell where this is");
	if (path[0] != '/')
		buf_printf(out, "%s/", here);
	buf_add_string(out, path);
}

static void
make_request(struct buf *out, int n, char **words)
{
	bool is_path = strcmp(find_command(n, words)->name, "backup") == 0;
	int i;

	buf_add_string(out, words[0]);
	for (i = 1; i < n; i++) {
		buf_add_u8(out, ' ');
		if (is_path)
			add_path(out, words[i]);
		else
			buf_add_string(out, words[i]);
	}
	if (memchr(buf_at(out), '\n', out->len) != NULL)
		wrong_usage(words[0], "a request is one line");
	buf_add_u8(out, '\n');
}

/* ---- asking ---- */

/* The path of the socket, the caller's. */
static char *
find_socket(const char *path, const char *directory)
{
	char *found, *where = directory_find(directory);

	if (path == NULL && where == NULL)
		fatalx(EX_USAGE, "HOME is not set: name the directory with -s");
	found = path != NULL ? xstrdup(path) : xasprintf("%s/control", where);
	free(where);
	return found;
}

static int
dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_refused;

	if (strlen(path) >= sizeof(addr.sun_path))
		fatalx(EX_UNAVAILABLE,
		    "%s: the path of a socket cannot be so long", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	is_refused = errno == EACCES || errno == EPERM;
	fatal(is_refused ? EX_NOPERM : EX_UNAVAILABLE,
	    is_refused ? "%s" : "%s: no chatd is there", path);
}

static void
ask(int fd, const struct buf *request)
{
	size_t done = 0;

	while (done < request->len) {
		ssize_t n = send(fd, buf_at(request) + done,
		    request->len - done, MSG_NOSIGNAL);

		/* Who is turned away has been told why. */
		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

/* ---- the answer ---- */

/* chatd may not see the disk as slow as it is: this one may wait for it. */
static void
print_disk(const char *socket)
{
	char *directory = xstrdup(socket), *slash = strrchr(directory, '/');
	struct statvfs disk;

	if (slash != NULL)
		*slash = '\0';
	if (statvfs(slash != NULL ? directory : ".", &disk) == 0)
		printf("disk free\t%ju\n",
		    (uintmax_t)disk.f_bavail * (uintmax_t)disk.f_frsize);
	free(directory);
}

/* -1: there is more to come; else the exit status. */
static int
take_line(const char *line)
{
	char *words;
	long status;

	if (strncmp(line, "= ", 2) == 0) {
		puts(line + 2);
		return -1;
	}
	if (strncmp(line, "ok", 2) == 0) {
		if (line[2] == ' ')
			puts(line + 3);
		return EX_OK;
	}
	if (strncmp(line, "no ", 3) != 0)
		fatalx(EX_PROTOCOL, "this is no answer: %s", line);
	status = strtol(line + 3, &words, 10);
	log_warnx("%s", words + (*words == ' '));
	return status > 0 && status < 256 ? (int)status : EX_PROTOCOL;
}

/* To its end, which is the daemon's after stop. */
static int
take_answer(int fd)
{
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = -1;

	while (in != NULL && (n = getline(&line, &size, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (status < 0)
			status = take_line(line);
	}
	free(line);
	if (in != NULL)
		fclose(in);
	if (status < 0)
		fatalx(EX_UNAVAILABLE, "chatd ended before it had answered");
	return status;
}

static void
take_options(int argc, char **argv, const char **directory, const char **path)
{
	int flag;

	while ((flag = getopt(argc, argv, "+:s:S:Vh")) != -1) {
		char name[] = { '-', (char)optopt, '\0' };

		switch (flag) {
		case 's':
			*directory = optarg;
			break;
		case 'S':
			*path = optarg;
			break;
		case 'V':
			printf("chatctl " CHAT_VERSION "\n");
			exit(EX_OK);
		case 'h':
			help();
		case ':':
			wrong_usage(name, "its argument is missing");
		default:
			wrong_usage(name, "there is no such option");
		}
	}
	if (*directory != NULL && *path != NULL)
		wrong_usage("-s, -S", "they exclude each other");
}

int
main(int argc, char **argv)
{
	const char *directory = NULL, *path = NULL;
	struct buf request = { 0 };
	char *socket;
	int fd, status;

	guard_standard();
	log_init("chatctl", 0);
	log_plain();
	take_options(argc, argv, &directory, &path);
	make_request(&request, argc - optind, argv + optind);
	socket = find_socket(path, directory);
	fd = dial(socket);
	ask(fd, &request);
	status = take_answer(fd);
	if (status == EX_OK && strcmp(argv[optind], "status") == 0)
		print_disk(socket);
	if (fflush(stdout) != 0 || ferror(stdout))
		fatal(EX_IOERR, "standard output");
	free(socket);
	buf_done(&request);
	return status;
}
