/*
 * The control socket with a real loop, hub and store in memory, and the test at
 * the other end: what is a request, what is told in pages, and that nobody has
 * to wait for whoever asks.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chatd/conn.h"
#include "../chatd/control.h"
#include "../chatd/control_state.h"
#include "../chatd/hub.h"
#include "../chatd/hub_state.h"
#include "../chatd/loop.h"
#include "../chatd/requests.h"
#include "../chatd/session.h"
#include "../chatd/settings.h"
#include "../chatd/store.h"
#include "clock.h"
#include "folder.h"
#include "names.h"
#include "sock.h"

static struct {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct hub *hub;
	struct sessions *sessions;
	struct control *control;
	char folder[FOLDER_LEN];
	struct buf in;
	int fd; /* the test's end; -1: closed by the other */
	unsigned turns, stops;
	int64_t drained; /* seconds; -1: not */
	int result;	 /* of what main would do */
} w;

/* ---- what main does ---- */

static void
op_stop(void *arg)
{
	(void)arg;
	w.stops++;
}

static int
op_reload(void *arg, struct buf *errors)
{
	(void)arg;
	buf_add_string(errors, "one\ntwo\033\n");
	return w.result;
}

static int
op_drain(void *arg, int64_t seconds, struct buf *errors)
{
	(void)arg, (void)errors;
	w.drained = seconds;
	return w.result;
}

static int
op_undrain(void *arg, struct buf *errors)
{
	(void)arg, (void)errors;
	w.drained = -1;
	return w.result;
}

static void
op_listening(void *arg, struct buf *out)
{
	(void)arg;
	buf_add_string(out, "maybe");
}

static const struct control_ops ops = { op_stop, op_reload, op_drain,
	op_undrain, op_listening };

/* ---- the world ---- */

static void
at_end(void *arg)
{
	(void)arg;
	hub_time(w.hub, loop_now(w.loop), clock_wall_ms());
	hub_turn(w.hub);
	sessions_flush(w.sessions);
	conn_sweep(w.loop);
	w.turns++;
	loop_stop(w.loop);
}

static int
dial(void)
{
	struct sock_addr addr = { .un = { .sun_family = AF_UNIX } };
	int fd;

	addr.len = sizeof(addr.un);
	snprintf(
	    addr.un.sun_path, sizeof(addr.un.sun_path), "%s/control", w.folder);
	fd = sock_connect(&addr);
	cr_assert_geq(fd, 0);
	return fd;
}

static void
start(void)
{
	w.drained = -1;
	folder_make(w.folder);
	w.settings = settings_new();
	w.loop = loop_new();
	w.store = store_memory(1 << 20, (struct id){ { 1 } }, clock_wall_ms);
	w.hub = hub_new(w.settings, w.store, loop_timers(w.loop));
	w.sessions = sessions_new(w.loop, w.hub, w.settings, requests_handle);
	w.control = control_new(w.loop, w.hub, w.sessions, w.store, &ops, NULL);
	control_open(w.control, w.folder);
	loop_at_end(w.loop, at_end, NULL);
	w.fd = dial();
}

static void
stop(void)
{
	if (w.fd >= 0)
		close(w.fd);
	buf_done(&w.in);
	sessions_free(w.sessions);
	hub_free(w.hub);
	store_free(w.store);
	control_free(w.control);
	loop_free(w.loop);
	settings_free(w.settings);
	folder_remove(w.folder);
}

TestSuite(control_socket, .init = start, .fini = stop, .timeout = 20);

static void
turn(void)
{
	loop_again(w.loop);
	cr_assert_eq(loop_run(w.loop), 0);
}

/* All that is there, without waiting; closes at the end. */
static void
take_in(void)
{
	char bytes[16384];
	ssize_t n = 1;

	while (w.fd >= 0 && (n = read(w.fd, bytes, sizeof(bytes))) > 0)
		buf_add(&w.in, bytes, (size_t)n);
	if (n == 0) {
		close(w.fd);
		w.fd = -1;
	}
}

/* The whole answer to these bytes. */
static const char *
answer(const char *request)
{
	if (w.fd < 0)
		w.fd = dial();
	buf_clear(&w.in);
	cr_assert_eq(
	    write(w.fd, request, strlen(request)), (ssize_t)strlen(request));
	for (int i = 0; w.fd >= 0 && i < 2000; i++) {
		turn();
		take_in();
	}
	cr_assert_lt(w.fd, 0, "no end: %s", buf_string(&w.in));
	return buf_string(&w.in);
}

/* ---- requests ---- */

Test(control_socket, a_request_is_a_line)
{
	static const struct {
		const char *request, *answer;
	} rows[] = {
		{ "log info\n", "ok\n" },
		{ "log  info\n", "ok\n" },
		{ "log info\nlog debug\n", "ok\n" },
		{ "log\n", "no 64 log is told info or debug\n" },
		{ "LOG info\n", "no 64 there is no such command\n" },
		{ "\n", "no 64 there is no such command\n" },
		{ " \n", "no 64 there is no such command\n" },
		{ "log \xff\n", "no 64 a request is one line of UTF-8\n" },
		{ "log in\001fo\n", "no 64 a request is one line of UTF-8\n" },
		{ "backup here\n",
		    "no 64 a backup is told a path from the root\n" },
		{ "backup /x\n", "no 73 this store keeps nothing on disk\n" },
		{ "kick\n", "no 64 whom?\n" },
		{ "kick #\n",
		    "no 67 nobody has this nick, and no connection this "
		    "number\n" },
		{ "kick 4294967297\n",
		    "no 67 nobody has this nick, and no connection this "
		    "number\n" },
		{ "drain 10\n", "ok no newcomers, and then the end\n" },
		{ "drain\n", "ok no newcomers\n" },
		{ "drain -1\n",
		    "no 64 drain is told seconds, a week at most, or off\n" },
		{ "drain 604801\n",
		    "no 64 drain is told seconds, a week at most, or off\n" },
		{ "drain off\n", "ok listening again\n" },
		{ "reload\n", "= one\n= two^[\nok reloaded\n" },
		{ "clients\n", "ok\n" },
		{ "rooms\n", "ok\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_str_eq(answer(rows[i].request), rows[i].answer,
		    "%s%s", rows[i].request, buf_string(&w.in));
	w.result = EX_CONFIG;
	cr_expect_str_eq(
	    answer("reload\n"), "= one\n= two^[\nno 78 nothing has changed\n");
}

Test(control_socket, a_line_may_come_in_pieces_and_has_an_end)
{
	static char line[CONTROL_LINE + 2];
	const char *request = "log info\n";

	for (size_t i = 0; request[i] != '\0'; i++) {
		cr_assert_eq(write(w.fd, &request[i], 1), 1);
		turn();
		take_in();
		cr_expect_eq(w.in.len != 0, request[i] == '\n');
	}
	close(w.fd);
	w.fd = -1;
	memset(line, 'x', sizeof(line) - 1);
	cr_expect_str_eq(
	    answer(line), "no 64 a request is one line of UTF-8\n");
	/* Who ends before asking is not answered. */
	w.fd = dial();
	buf_clear(&w.in);
	cr_assert_eq(write(w.fd, "log inf", 7), 7);
	shutdown(w.fd, SHUT_WR);
	for (int i = 0; w.fd >= 0 && i < 100; i++) {
		turn();
		take_in();
	}
	cr_expect_eq(w.in.len, 0);
	cr_expect_lt(w.fd, 0);
}

Test(control_socket, who_stops_it_sees_the_end)
{
	cr_assert_eq(write(w.fd, "stop\n", 5), 5);
	for (int i = 0; i < 50; i++)
		turn();
	take_in();
	cr_expect_str_eq(buf_string(&w.in), "ok\n");
	cr_expect_eq(w.stops, 1);
	cr_expect_geq(w.fd, 0, "it is not the end yet");
}

/* ---- pages ---- */

static void
make_rooms(unsigned n)
{
	char name[32];
	struct name_key key;

	w.settings->limits_rooms = n;
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "#room%u", i);
		cr_assert_eq(names_room(slice_of(name), &key), FINE);
		cr_assert_not_null(hub_room_new(w.hub, slice_of(name), &key));
	}
}

/* However many there are, a turn tells so many, and each once. */
Test(control_socket, what_is_long_takes_turns)
{
	enum { ROOMS = 10 * CONTROL_PAGE + 1 };
	unsigned before, n = 0;
	const char *at;
	char row[64];

	make_rooms(ROOMS);
	before = w.turns;
	at = answer("rooms\n");
	cr_expect_geq(w.turns - before, 11);
	for (; n < ROOMS; n++) {
		snprintf(row, sizeof(row), "= #room%u\t0\t0\t0\n", n);
		cr_assert_eq(strncmp(at, row, strlen(row)), 0, "%.40s", at);
		at += strlen(row);
	}
	cr_expect_str_eq(at, "ok\n");
}

/* Who does not read what was asked for costs a page, and goes. */
Test(control_socket, a_slow_reader_costs_little_and_goes)
{
	enum { ROOMS = 100000 };
	int64_t began;

	make_rooms(ROOMS);
	cr_assert_eq(write(w.fd, "rooms\n", 6), 6);
	for (int i = 0; i < 500; i++)
		turn();
	cr_assert_eq(w.control->n, 1);
	cr_expect_gt(w.control->guests->out.len, 0);
	cr_expect_lt(w.control->guests->out.len, CONTROL_PAGE * 64);
	/* The deadline, without waiting for it. */
	began = loop_now(w.loop);
	cr_expect_gt(w.control->guests->deadline.due_ms, began);
	heap_set(loop_timers(w.loop), &w.control->guests->deadline, began);
	turn();
	turn();
	cr_expect_eq(w.control->n, 0);
}

Test(control_socket, who_asks_nothing_goes)
{
	turn();
	turn();
	cr_assert_eq(w.control->n, 1);
	cr_expect_leq(w.control->guests->deadline.due_ms,
	    loop_now(w.loop) + CONTROL_WAIT_MS);
	heap_set(loop_timers(w.loop), &w.control->guests->deadline,
	    loop_now(w.loop));
	turn();
	turn();
	cr_expect_eq(w.control->n, 0);
}
