#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "names.h"
#include "sock.h"
#include "when.h"
#include "xmalloc.h"

enum {
	TIMEOUT_MAX_S = 86400,
	TIMEOUT_SHORT_MS = 10000, /* for who asks or says one thing */
	TIMEOUT_MS = 30000,
	TIMEOUT_DISCOVER_MS = 3000,
	LINES_MAX = 1000000000,
	LINES_UNSET = LINES_MAX + 1,
};

enum key {
	KEY_NONE = 255, /* beyond every short name */
#define OPTION(KEY, short, name, argument, meaning) KEY_##KEY,
#include "options.def"
	KEY_END
};

enum { ROWS = KEY_END - KEY_NONE - 1 };

static const struct option_row {
	int key;
	char flag;
	const char *name, *argument, *meaning;
} rows[] = {
#define OPTION(KEY, short, name, argument, meaning)                            \
	{ KEY_##KEY, short, name, argument, meaning },
#include "options.def"
};

/* ---- help ---- */

size_t
options_rows(struct option_text *out, size_t max)
{
	size_t i;

	for (i = 0; i < ROWS && i < max; i++) {
		const struct option_row *row = &rows[i];
		const char *blank = row->argument[0] != '\0' ? " " : "";
		if (row->flag != 0)
			snprintf(out[i].name, sizeof(out[i].name), "-%c%s%s",
			    row->flag, blank, row->argument);
		else
			snprintf(out[i].name, sizeof(out[i].name), "--%s%s%s",
			    row->name, blank, row->argument);
		out[i].meaning = row->meaning;
	}
	return i;
}

void
options_help(struct buf *out)
{
	struct option_text text[ROWS];
	size_t i, n = options_rows(text, ROWS);

	buf_add_string(out,
	    "usage: chat [OPTION]... [NICK@HOST | "
	    "chat://HOST[:PORT][/ROOM]]\n"
	    "       chat -m TEXT -t TO | --send FILE -t TO | --get NUMBER | "
	    "--tail TO |\n"
	    "           --unread [OPTION]... [NICK@HOST]\n\n");
	for (i = 0; i < n; i++)
		buf_printf(out, "  %-17s %s\n", text[i].name, text[i].meaning);
	buf_add_string(
	    out, "\nWithout a terminal it is as with --batch. See chat(1).\n");
}

void
options_usage(struct buf *out)
{
	buf_add_string(out,
	    "usage: chat [-h] [OPTION]... [NICK@HOST | "
	    "chat://HOST[:PORT][/ROOM]]\n");
}

/* ---- values ---- */

static bool wrong(struct options *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns false. */
static bool
wrong(struct options *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(o->wrong, sizeof(o->wrong), format, args);
	va_end(args);
	return false;
}

static void
set(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

static bool
set_address(struct options *o, const char *address)
{
	struct sock_name name;
	const char *why = sock_parse(address, &name);

	if (why != NULL)
		return wrong(o, "%s: %s", address, why);
	if (o->address != NULL)
		return wrong(o, "%s: only one server can be given", address);
	set(&o->address, address);
	return true;
}

static bool
set_nick(struct options *o, const char *nick)
{
	enum refusal why = names_nick(slice_of(nick), NULL);

	if (why != FINE)
		return wrong(o, "%s: %s", nick, refusal_text(why));
	set(&o->nick, nick);
	o->is_nick_own = true;
	return true;
}

static bool
add_room(struct options *o, const char *room)
{
	char *name = xasprintf("%s%s", room[0] == '#' ? "" : "#", room);
	enum refusal why = names_room(slice_of(name), NULL);

	if (why != FINE) {
		free(name);
		return wrong(o, "%s: %s", room, refusal_text(why));
	}
	o->rooms = xrealloc(o->rooms, o->n_rooms + 1, sizeof(char *));
	o->rooms[o->n_rooms++] = name;
	return true;
}

/* A #room or a nick. */
static bool
set_name(struct options *o, char **name, const char *value)
{
	struct slice text = slice_of(value);
	enum refusal why = names_is_room(text) ? names_room(text, NULL)
					       : names_nick(text, NULL);

	if (why != FINE && why != REFUSE_NICK_RESERVED)
		return wrong(o, "%s: %s", value, refusal_text(why));
	set(name, value);
	return true;
}

static bool
set_since(struct options *o, const char *value)
{
	o->has_since = when_parse(slice_of(value), clock_wall_ms(), &o->since);
	return o->has_since || wrong(o, "--since %s: %s", value, WHEN_FORMS);
}

/* Digits alone; out stays when it is wrong. */
static bool
read_number(const char *value, long least, long most, long *out)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (!isdigit((unsigned char)value[0]) || *end != '\0' ||
	    number < least || number > most)
		return false;
	*out = number;
	return true;
}

static bool
set_lines(struct options *o, const char *value)
{
	long lines = 0;

	if (!read_number(value, 0, LINES_MAX, &lines))
		return wrong(o, "--lines %s: 0 to %d", value, LINES_MAX);
	o->lines = (unsigned)lines;
	return true;
}

static bool
set_timeout(struct options *o, const char *value)
{
	long seconds = 0;

	if (!read_number(value, 1, TIMEOUT_MAX_S, &seconds))
		return wrong(
		    o, "--timeout %s: 1 to %d seconds", value, TIMEOUT_MAX_S);
	o->timeout_ms = (int)seconds * 1000;
	return true;
}

static bool
set_downloads(struct options *o, const char *value)
{
	if (value[0] == '\0')
		return wrong(o, "-D: a directory is wanted");
	set(&o->downloads, value);
	return true;
}

/* The number of a file: digits, the first no zero. */
static bool
set_get(struct options *o, const char *value)
{
	size_t len = strspn(value, "0123456789");

	if (value[0] == '0' || len == 0 || len > 19 || value[len] != '\0')
		return wrong(o, "--get %s: a file has a number", value);
	o->get = strtoull(value, NULL, 10);
	return true;
}

static bool
set_family(struct options *o, int family)
{
	if (o->family != AF_UNSPEC && o->family != family)
		return wrong(o, "-4 and -6 exclude each other");
	o->family = family;
	return true;
}

/* ---- where to ---- */

/* [NICK@]HOST[:PORT], in a string to be changed. */
static bool
set_place(struct options *o, char *place)
{
	char *at = strrchr(place, '@');

	if (at != NULL && (at == place || at[1] == '\0'))
		return wrong(o, "%s: the %s is missing: NICK@HOST", place,
		    at == place ? "nick" : "host");
	if (at != NULL) {
		*at = '\0';
		if (!set_nick(o, place))
			return false;
		place = at + 1;
	}
	return set_address(o, place);
}

static bool
set_url(struct options *o, char *url)
{
	char *slash = strchr(url, '/');

	if (slash != NULL) {
		*slash = '\0';
		if (slash[1] != '\0' && !add_room(o, slash + 1))
			return false;
	}
	return set_place(o, url);
}

static bool
set_operand(struct options *o, const char *operand)
{
	static const char scheme[] = "chat://";
	char *copy = xstrdup(operand);
	bool is_fine;

	if (strncmp(copy, scheme, sizeof(scheme) - 1) == 0)
		is_fine = set_url(o, copy + sizeof(scheme) - 1);
	else
		is_fine = set_place(o, copy);
	free(copy);
	return is_fine;
}

/* ---- the whole ---- */

/* What getopt_long() made ':' or '?' of; word is what it looked at last.
 * Returns false. */
static bool
wrong_option(struct options *o, int flag, const char *word)
{
	if (flag == ':')
		return wrong(o, "%s: its argument is missing", word);
	if (optopt > KEY_NONE)
		return wrong(o, "%s: it takes no argument", word);
	if (optopt != 0)
		return wrong(o, "-%c: there is no such option", optopt);
	return wrong(o, "%s: there is no such option", word);
}

/* false: wrong, or nothing is to be run: *result says so. */
static bool
take(struct options *o, int key, const char *value, enum options_result *result)
{
	*result = OPTIONS_WRONG;
	switch (key) {
	case KEY_IPV4:
		return set_family(o, AF_INET);
	case KEY_IPV6:
		return set_family(o, AF_INET6);
	case KEY_ADDRESS:
		return set_address(o, value);
	case KEY_NICK:
		return set_nick(o, value);
	case KEY_ROOM:
		return add_room(o, value);
	case KEY_JSON:
		o->is_json = true;
		return true;
	case KEY_BATCH:
		o->is_batch = true;
		return true;
	case KEY_MESSAGE:
		set(&o->message, value);
		return true;
	case KEY_TO:
		return set_name(o, &o->to, value);
	case KEY_SEND:
		set(&o->send, value);
		return true;
	case KEY_NAME:
		set(&o->name, value);
		return true;
	case KEY_GET:
		return set_get(o, value);
	case KEY_OUT:
		set(&o->out, value);
		return true;
	case KEY_TAIL:
		return set_name(o, &o->tail, value);
	case KEY_SINCE:
		return set_since(o, value);
	case KEY_LINES:
		return set_lines(o, value);
	case KEY_FOLLOW:
		o->is_following = true;
		return true;
	case KEY_UNREAD:
		o->is_unread = true;
		return true;
	case KEY_DOWNLOADS:
		return set_downloads(o, value);
	case KEY_TIMEOUT:
		return set_timeout(o, value);
	case KEY_DISCOVER:
		o->is_discover = true;
		return true;
	case KEY_VERSION:
		*result = OPTIONS_VERSION;
		return false;
	case KEY_HELP:
		*result = OPTIONS_HELP;
		return false;
	default:
		return wrong_option(o, key, value);
	}
}

static int
key_of(int flag)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].flag != 0 && rows[i].flag == flag)
			return rows[i].key;
	return flag;
}

static void
make_tables(char *flags, struct option *longs)
{
	size_t i, n = 0;

	*flags++ = ':';
	for (i = 0; i < ROWS; i++) {
		bool has_argument = rows[i].argument[0] != '\0';
		if (rows[i].flag != 0)
			*flags++ = rows[i].flag;
		if (rows[i].flag != 0 && has_argument)
			*flags++ = ':';
		if (rows[i].name[0] != '\0')
			longs[n++] = (struct option){ rows[i].name,
				has_argument, NULL, rows[i].key };
	}
	*flags = '\0';
	longs[n] = (struct option){ 0 };
}

static bool
check_files(struct options *o)
{
	if (o->send == NULL && o->name != NULL)
		return wrong(o, "--name belongs to --send");
	if (o->get == 0 && o->out != NULL)
		return wrong(o, "-o belongs to --get");
	if (o->send != NULL && o->message != NULL &&
	    strcmp(o->message, "-") == 0)
		return wrong(o, "-m - does not go with --send");
	return true;
}

/* What goes together, or doesn't.  One of these is done at most. */
static bool
check_face(struct options *o)
{
	bool says = o->message != NULL && o->send == NULL;
	bool is_to_somebody = says || o->send != NULL;
	int n = o->is_batch + o->is_unread + says + (o->send != NULL) +
	    (o->get != 0) + (o->tail != NULL);

	if (n > 1)
		return wrong(o,
		    "--batch, -m, --send, --get, --tail and --unread exclude "
		    "each other");
	if (!check_files(o))
		return false;
	if (is_to_somebody != (o->to != NULL))
		return wrong(o,
		    "-t belongs to -m and --send: -m TEXT -t TO, "
		    "--send FILE -t TO");
	if ((is_to_somebody || o->get != 0) && o->is_json)
		return wrong(o, "%s does not go with --json",
		    says		  ? "-m"
			: o->send != NULL ? "--send"
					  : "--get");
	if (o->tail == NULL &&
	    (o->has_since || o->lines != LINES_UNSET || o->is_following))
		return wrong(
		    o, "--since, --lines and --follow belong to --tail");
	if (o->has_since && o->lines != LINES_UNSET)
		return wrong(o, "--since and --lines exclude each other");
	if (o->n_rooms != 0 && (o->tail != NULL || o->is_unread || o->get != 0))
		return wrong(o,
		    "%s: no room is entered with --tail, --get or --unread",
		    o->rooms[0]);
	return true;
}

static void
choose_nick(struct options *o, uint32_t number)
{
	char nick[NAMES_NICK_MAX + 1];

	options_nick(getenv("USER"), number, nick);
	set(&o->nick, nick);
}

void
options_device(struct options *o, const struct id *device)
{
	uint32_t number = 0;

	for (size_t i = 0; i < sizeof(device->byte); i++)
		number = number * 31 + device->byte[i];
	if (!o->is_nick_own)
		choose_nick(o, number);
}

/* What was not given. */
static void
complete(struct options *o)
{
	bool is_short = o->message != NULL || o->is_unread || o->send != NULL ||
	    o->get != 0;

	if (!is_short && o->tail == NULL)
		o->is_batch = o->is_batch || o->is_json;
	if (o->timeout_ms == 0 && o->is_discover)
		o->timeout_ms = TIMEOUT_DISCOVER_MS;
	if (o->timeout_ms == 0)
		o->timeout_ms = is_short ? TIMEOUT_SHORT_MS : TIMEOUT_MS;
	if (o->lines == LINES_UNSET)
		o->lines = OPTIONS_LINES;
	o->are_rooms_own = o->n_rooms != 0;
	if (o->n_rooms == 0 && !is_short && o->tail == NULL)
		add_room(o, "lobby");
	if (o->nick == NULL)
		choose_nick(o, 0);
}

enum options_result
options_read(struct options *o, int argc, char **argv)
{
	char flags[1 + 2 * ROWS + 1];
	struct option longs[ROWS + 1];
	enum options_result result;
	int flag;

	make_tables(flags, longs);
	o->lines = LINES_UNSET;
	opterr = 0;
	optind = 0;
	while ((flag = getopt_long(argc, argv, flags, longs, NULL)) != -1)
		if (!take(o, key_of(flag),
			optarg != NULL ? optarg : argv[optind - 1], &result))
			return result;
	if (optind < argc && !set_operand(o, argv[optind++]))
		return OPTIONS_WRONG;
	if (optind < argc) {
		wrong(o, "%s: only one server can be given", argv[optind]);
		return OPTIONS_WRONG;
	}
	if (!check_face(o))
		return OPTIONS_WRONG;
	complete(o);
	return OPTIONS_RUN;
}

void
options_free(struct options *o)
{
	while (o->n_rooms != 0)
		free(o->rooms[--o->n_rooms]);
	free(o->rooms);
	free(o->address);
	free(o->nick);
	free(o->message);
	free(o->to);
	free(o->tail);
	free(o->send);
	free(o->name);
	free(o->out);
	free(o->downloads);
	*o = (struct options){ 0 };
}

/* What of a name every nick may consist of, from the first letter on. */
static void
keep_letters(const char *name, char *out)
{
	size_t n = 0;

	for (; *name != '\0' && n < NAMES_NICK_MAX; name++)
		if (isalpha((unsigned char)*name) ||
		    (n != 0 && strchr("0123456789-_.", *name) != NULL))
			out[n++] = *name;
	out[n] = '\0';
}

void
options_nick(const char *user, uint32_t random, char *out)
{
	if (user != NULL && names_nick(slice_of(user), NULL) == FINE) {
		snprintf(out, NAMES_NICK_MAX + 1, "%s", user);
		return;
	}
	keep_letters(user != NULL ? user : "", out);
	if (names_nick(slice_of(out), NULL) != FINE)
		snprintf(out, NAMES_NICK_MAX + 1, "guest%04u",
		    (unsigned)(random % 10000));
}
