#include "dial.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* Sockets on their way; the last in polled is the break. */
struct race {
	const struct sock_addr *addresses;
	size_t n, next;	 /* next: the first not tried yet */
	int64_t next_ms; /* when it joins in */
	int64_t deadline_ms;
	size_t runners;
	size_t at[DIAL_ADDRESSES]; /* which of the addresses */
	struct pollfd polled[DIAL_ADDRESSES + 1];
	bool is_settled[DIAL_ADDRESSES]; /* it won, or failed */
	struct buf *why;
};

static const char *
words_of(int error)
{
	static const struct {
		int error;
		const char *words;
	} known[] = {
		{ ECONNREFUSED, "connection refused, nobody listens there" },
		{ ETIMEDOUT, "no answer in time" },
		{ ENOENT, "there is no such socket" },
		{ ENETUNREACH, "this machine has no way to that network" },
		{ EHOSTUNREACH, "there is no way to that host" },
		{ EACCES, "connecting is not permitted" },
		{ EMFILE, "too many files are open" },
	};
	const char *words = strerrordesc_np(error);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].error == error)
			return known[i].words;
	return words != NULL ? words : "unknown error";
}

/* What failed is told and done with. */
static void
tell(struct race *r, size_t which, const char *words)
{
	char text[SOCK_TEXT];

	sock_text(&r->addresses[which], text);
	buf_printf(r->why, "%s%s: %c%s", r->why->len != 0 ? "; " : "", text,
	    tolower((unsigned char)words[0]), words + 1);
	r->is_settled[which] = true;
}

/* Everybody who is still to come is to have as much as the one before. */
static int64_t
head_start(const struct race *r, int64_t now_ms)
{
	int64_t fair =
	    (r->deadline_ms - now_ms) / (int64_t)(r->n - r->next + 1);

	return fair < DIAL_HEAD_START_MS ? fair : DIAL_HEAD_START_MS;
}

static void
start_next(struct race *r, int64_t now_ms)
{
	size_t which = r->next++;
	int fd = sock_connect(&r->addresses[which]);

	r->next_ms = now_ms;
	if (fd < 0) {
		tell(r, which, words_of(errno));
		return;
	}
	r->at[r->runners] = which;
	r->polled[r->runners++] =
	    (struct pollfd){ .fd = fd, .events = POLLOUT };
	r->next_ms = now_ms + head_start(r, now_ms);
}

static void
drop(struct race *r, size_t i)
{
	close(r->polled[i].fd);
	r->runners--;
	memmove(&r->at[i], &r->at[i + 1], (r->runners - i) * sizeof(r->at[i]));
	memmove(&r->polled[i], &r->polled[i + 1],
	    (r->runners - i) * sizeof(r->polled[i]));
}

/* The socket that is connected, taken out of the race; -1: none. */
static int
winner(struct race *r, int64_t now_ms, char *where)
{
	size_t i = 0;

	while (i < r->runners) {
		int error, fd = r->polled[i].fd;
		if (r->polled[i].revents == 0) {
			i++;
			continue;
		}
		error = sock_connected(fd);
		if (error == 0) {
			sock_text(&r->addresses[r->at[i]], where);
			r->is_settled[r->at[i]] = true;
			r->polled[i].fd = -1;
			return fd;
		}
		tell(r, r->at[i], words_of(error));
		drop(r, i);
		r->next_ms = now_ms;
	}
	return -1;
}

static int
wait_ms(const struct race *r, int64_t now_ms)
{
	int64_t until = r->deadline_ms;

	if (r->next < r->n && r->next_ms < until)
		until = r->next_ms;
	return until > now_ms ? (int)(until - now_ms) : 0;
}

/* The runners that did not win are closed. */
static void
end(struct race *r)
{
	size_t i;

	for (i = 0; i < r->runners; i++)
		if (r->polled[i].fd >= 0)
			close(r->polled[i].fd);
}

/* Returns false. */
static bool
give_up(struct race *r, const char *words)
{
	size_t i;

	for (i = 0; i < r->runners; i++)
		tell(r, r->at[i], words);
	for (; r->next < r->n; r->next++)
		tell(r, r->next, "not tried, there was no time left");
	return false;
}

/* false: over, with *fd the winner's or -1. */
static bool
run(struct race *r, const struct dial_break *stop, char *where, int *fd)
{
	int64_t now_ms = clock_ms();
	struct pollfd *last;
	int n;

	*fd = -1;
	while (
	    r->next < r->n && r->next_ms <= now_ms && now_ms < r->deadline_ms)
		start_next(r, now_ms);
	if (r->runners == 0 && r->next == r->n)
		return false;
	if (now_ms >= r->deadline_ms)
		return give_up(r, words_of(ETIMEDOUT));
	last = &r->polled[r->runners];
	*last = (struct pollfd){ .fd = stop->fd, .events = POLLIN };
	n = poll(r->polled, r->runners + 1, wait_ms(r, now_ms));
	if (n < 0)
		return errno == EINTR || give_up(r, words_of(errno));
	if (last->revents != 0 && stop->is_over(stop->arg))
		return false;
	*fd = winner(r, clock_ms(), where);
	return *fd < 0;
}

int
dial(struct sock_addr *addresses, size_t *n, int64_t deadline_ms,
    const struct dial_break *stop, char *where, struct buf *why)
{
	struct race r = {
		.addresses = addresses, .deadline_ms = deadline_ms, .why = why
	};
	size_t i, left = 0;
	int fd;

	r.n = *n < DIAL_ADDRESSES ? *n : DIAL_ADDRESSES;
	r.next_ms = clock_ms();
	while (run(&r, stop, where, &fd))
		continue;
	end(&r);
	for (i = 0; i < r.n; i++)
		if (!r.is_settled[i])
			addresses[left++] = addresses[i];
	*n = left;
	return fd;
}
