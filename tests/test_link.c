#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chat/link.h"
#include "clock.h"
#include "host.h"
#include "rig.h"
#include "xmalloc.h"

static struct host host;
static struct model *m;
static struct link *client;
static unsigned n_files;

static unsigned
open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
begin(void)
{
	n_files = open_files();
	m = model_new();
	host_init(&host);
}

static void
end(void)
{
	if (client != NULL)
		link_stop(client, NULL);
	client = NULL;
	host_done(&host);
	model_free(m);
	cr_assert_eq(open_files(), n_files, "a descriptor was left open");
}

TestSuite(link, .init = begin, .fini = end, .timeout = 30);

static bool
is_live(struct model *model)
{
	return model->state == LINK_LIVE;
}

static bool
is_waiting(struct model *model)
{
	return model->state == LINK_WAITING;
}

static bool
is_over(struct model *model)
{
	return model->is_over;
}

static bool
is_attached(struct model *model)
{
	struct room *room = model_room(model, SLICE("#lobby"));

	return room != NULL && room->is_attached;
}

static struct room *
want_lobby(void)
{
	struct room *room = model_room_open(m, SLICE("#lobby"));

	room->is_wanted = true;
	return room;
}

/* In #lobby, the only entry being the own joined. */
static void
be_in_lobby(void)
{
	host_enter(&host, "ana");
	HOST(&host, "C join room=#lobby ref=$j", "C ping token=$t",
	    "S attached ref=$j room=7 name=#lobby first=1 head=1",
	    "S pong token=$t", "S entry room=7 seq=1 kind=joined who=ana",
	    "C names ref=$n", "S member ref=$n nick=ana state=here",
	    "S done ref=$n seq=1");
	host_await(m, is_attached);
}

static void *
stop(void *arg)
{
	(void)arg;
	link_stop(client, "so long");
	client = NULL;
	return NULL;
}

Test(link, talks_and_says_bye)
{
	pthread_t thread;
	struct room *room = want_lobby();
	union message topic = { .topic = { MSG_TOPIC, 0, SLICE("#lobby"),
				    SLICE("tea") } };

	client = host_link(&host, m, true);
	be_in_lobby();
	link_say(client, room, ENTRY_SAID, SLICE("hello"));
	HOST(&host, "C say n=1 to=#lobby text=hello", "C -");
	cr_expect(link_request(client, &topic, room));
	HOST(&host, "C topic room=#lobby text=tea");
	cr_expect_str_eq(m->where, host.address);
	pthread_create(&thread, NULL, stop, NULL);
	HOST(&host, "C bye text=\"so long\"", "C .");
	host_close(&host);
	pthread_join(thread, NULL);
}

Test(link, a_server_that_does_not_read_holds_nobody_up)
{
	struct room *room = want_lobby();
	int64_t began;

	client = host_link(&host, m, true);
	be_in_lobby();
	link_say(client, room, ENTRY_SAID, SLICE("last"));
	began = clock_ms();
	link_stop(client, "so long");
	client = NULL;
	cr_expect_lt(clock_ms() - began, 2000);
	HOST(&host, "C say n=1 text=last", "C bye text=\"so long\"", "C .");
}

Test(link, what_is_typed_while_cut_off_goes_out_later)
{
	struct room *room = want_lobby();
	union message who = { .who = { MSG_WHO, 0, SLICE("bob") } };

	host_shut(&host);
	client = host_link(&host, m, true);
	host_await(m, is_waiting);
	cr_expect_not_null(strstr(m->why, "connection refused"));
	cr_expect_not_null(strstr(m->why, host.address));
	cr_expect_not_null(strstr(rig_line(m->rooms[0], 0), "; trying again"));
	link_say(client, room, ENTRY_SAID, SLICE("hello"));
	cr_expect_not(link_request(client, &who, room));
	host_open(&host);
	link_connect(client, NULL);
	be_in_lobby();
	HOST(&host, "C say n=1 text=hello", "C -");
	host_close(&host);
}

Test(link, after_a_cut_it_comes_back_by_itself)
{
	want_lobby();
	client = host_link(&host, m, true);
	be_in_lobby();
	host_close(&host);
	host_enter(&host, "ana");
	HOST(&host, "S belongs room=7 name=#lobby head=2", "C ping token=$t",
	    "C attach room=#lobby seq=1 ref=$a",
	    "S attached ref=$a room=7 name=#lobby first=2 head=2",
	    "S pong token=$t", "C names");
	host_await(m, is_attached);
	host_close(&host);
}

Test(link, the_first_failure_may_be_the_last)
{
	host_shut(&host);
	client = host_link(&host, m, false);
	host_await(m, is_over);
	cr_expect_eq(m->over_status, EX_UNAVAILABLE);
	cr_expect_not_null(strstr(m->over_why, host.address));
	cr_expect_eq(m->state, LINK_OFF);
	host_open(&host);
	link_connect(client, NULL);
	host_enter(&host, "ana");
	host_await(m, is_live);
	cr_expect_not(m->is_over);
	host_close(&host);
}

Test(link, who_speaks_something_else_is_told_in_words)
{
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian\r\n";

	client = host_link(&host, m, true);
	host_accept(&host);
	host_bytes(&host, ssh, sizeof(ssh) - 1);
	host_await(m, is_over);
	cr_expect_eq(m->over_status, EX_PROTOCOL);
	cr_expect_not_null(strstr(m->over_why, "SSH-2.0-OpenSSH_9.2p1 Debian"));
	cr_expect_not_null(strstr(m->over_why, host.address));
}

Test(link, a_server_that_says_nothing_is_given_up)
{
	const struct link_options options = { .address = host.address,
		.nick = "ana",
		.timeout_ms = 50,
		.device = { { 1 } } };

	client = link_new(m, &options);
	link_start(client);
	host_accept(&host);
	host_await(m, is_over);
	cr_expect_eq(m->over_status, EX_UNAVAILABLE);
	cr_expect_not_null(strstr(m->over_why, "no welcome"));
}

Test(link, another_server_is_another_try)
{
	struct host there;

	host_init(&there);
	client = host_link(&host, m, true);
	host_enter(&host, "ana");
	host_await(m, is_live);
	link_connect(client, there.address);
	HOST(&host, "C ping", "C bye", "C .");
	host_close(&host);
	host_enter(&there, "ana");
	host_await(m, is_live);
	cr_expect_str_eq(m->where, there.address);
	host_done(&there);
}

Test(link, the_servers_wish_to_wait_is_respected)
{
	client = host_link(&host, m, true);
	host_enter(&host, "ana");
	HOST(&host, "S bye reason=stopping wait=60000 text=\"back soon\"");
	host_await(m, is_waiting);
	cr_expect_geq(m->retry_ms, clock_ms() + 50000);
	cr_expect_not_null(strstr(m->why, "back soon"));
}

Test(link, an_address_that_is_none_is_told)
{
	snprintf(host.address, sizeof(host.address), "[::1");
	client = host_link(&host, m, false);
	host_await(m, is_over);
	cr_expect_eq(m->over_status, EX_USAGE);
	snprintf(host.address, sizeof(host.address), "127.0.0.1:0");
}

/* The host on a UNIX socket, whose buffers have one size. */
static void
move_to_unix(char *directory)
{
	cr_assert_not_null(mkdtemp(directory));
	host_shut(&host);
	snprintf(host.address, sizeof(host.address), "unix:%s/s", directory);
	host_open(&host);
}

static void
remove_unix(const char *directory)
{
	unlink(host.address + strlen("unix:"));
	rmdir(directory);
}

Test(link, a_unix_socket_is_an_address_like_any_other)
{
	char directory[] = "/tmp/test_link.XXXXXX";

	move_to_unix(directory);
	client = host_link(&host, m, true);
	host_enter(&host, "ana");
	host_await(m, is_live);
	cr_expect_str_eq(m->where, host.address);
	host_close(&host);
	remove_unix(directory);
}

Test(link, much_is_sent_as_the_server_takes_it)
{
	enum { MANY = 64, LEN = 16000 };
	char directory[] = "/tmp/test_link.XXXXXX";
	struct room *room = want_lobby();
	char *text = xmalloc(LEN);

	memset(text, 'a', LEN);
	move_to_unix(directory);
	client = host_link(&host, m, true);
	be_in_lobby();
	for (int i = 0; i < MANY; i++)
		link_say(client, room, ENTRY_SAID, (struct slice){ text, LEN });
	for (int i = 0; i < MANY; i++)
		HOST(&host, "C say text=\"a\"*16000");
	host_close(&host);
	remove_unix(directory);
	free(text);
}

Test(link, waits_longer_after_each_failure_but_never_too_long)
{
	for (unsigned failures = 0; failures < 40; failures++) {
		int64_t most = 0;
		for (uint32_t random = 0; random < 40000; random += 7) {
			int64_t wait = link_backoff(failures, random);
			cr_assert_geq(wait, 0);
			most = wait > most ? wait : most;
		}
		cr_assert_leq(most, LINK_BACKOFF_MAX_MS);
		if (failures < 6)
			cr_assert(
			    most > 490 << failures && most <= 500 << failures);
		else
			cr_assert_gt(most, LINK_BACKOFF_MAX_MS - 10);
	}
}
