#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "settings.h"
#include "sock.h"
#include "xmalloc.h"

static const struct option_row {
	char flag;
	const char *argument, *often, *meaning;
} option_rows[] = {
#define OPTION(flag, argument, often, meaning)                                 \
	{ flag, argument, often, meaning },
#include "options.def"
};

enum { OPTIONS = sizeof(option_rows) / sizeof(*option_rows) };

static void
print_usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: chatd");
	for (i = 0; i < OPTIONS; i++)
		fprintf(out, " [-%c%s%s]%s", option_rows[i].flag,
		    option_rows[i].argument[0] != '\0' ? " " : "",
		    option_rows[i].argument, option_rows[i].often);
	fprintf(out, "\n");
}

static _Noreturn void
wrong_usage(const char *, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void
wrong_usage(const char *format, ...)
{
	va_list args;
	char why[256];

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	log_warnx("%s", why);
	print_usage(stderr);
	exit(EX_USAGE);
}

static _Noreturn void
help(void)
{
	size_t i;

	print_usage(stdout);
	for (i = 0; i < OPTIONS; i++)
		printf("  -%c %-8s %s\n", option_rows[i].flag,
		    option_rows[i].argument, option_rows[i].meaning);
	exit(EX_OK);
}

static _Noreturn void
version(void)
{
	printf("chatd " CHAT_VERSION "\n");
	exit(EX_OK);
}

static void
option_listen(struct options *o, const char *address)
{
	const struct dialect *dialect;
	struct sock_name name;
	const char *why = settings_address(address, &dialect, &name);

	if (why != NULL)
		fatalx(EX_USAGE, "-l \"%s\": %s", address, why);
	o->listen = xrealloc(o->listen, o->nlisten + 1, sizeof(char *));
	o->listen[o->nlisten++] = address;
}

static void
option_take(struct options *o, int flag)
{
	switch (flag) {
	case 'c':
		o->config = optarg;
		break;
	case 'l':
		option_listen(o, optarg);
		break;
	case 's':
		o->directory = optarg;
		break;
	case 'R':
		o->salvage = optarg;
		break;
	case 'n':
		o->in_memory = true;
		break;
	case 't':
		o->check = true;
		break;
	case 'T':
		o->print = true;
		break;
	case 'v':
		o->verbose++;
		break;
	case 'V':
		version();
	case 'h':
		help();
	case ':':
		wrong_usage("-%c: its argument is missing", optopt);
	default:
		if (optopt == '-')
			wrong_usage("options have one letter, see -h");
		wrong_usage("-%c: there is no such option", optopt);
	}
}

void
options_parse(struct options *o, int argc, char **argv)
{
	char flags[1 + 2 * OPTIONS + 1];
	size_t i, n = 0;
	int flag;

	flags[n++] = ':';
	for (i = 0; i < OPTIONS; i++) {
		flags[n++] = option_rows[i].flag;
		if (option_rows[i].argument[0] != '\0')
			flags[n++] = ':';
	}
	flags[n] = '\0';
	while ((flag = getopt(argc, argv, flags)) != -1)
		option_take(o, flag);
	if (optind != argc)
		wrong_usage("%s: only options are taken", argv[optind]);
	if (o->check && o->print)
		wrong_usage("-t and -T exclude each other");
	if (o->directory != NULL && o->in_memory)
		wrong_usage("-n and -s exclude each other");
	if (o->salvage != NULL && o->in_memory)
		wrong_usage("-n and -R exclude each other");
}

void
options_done(struct options *o)
{
	free(o->listen);
	*o = (struct options){ 0 };
}
