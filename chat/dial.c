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
	size_t runners;
	const struct sock_addr *at[DIAL_ADDRESSES];
	struct pollfd polled[DIAL_ADDRESSES + 1];
	struct buf *why;
};

static void
tell(struct race *r, const struct sock_addr *address, int error)
{
	const char *words = strerrordesc_np(error);
	char text[SOCK_TEXT];

	if (words == NULL)
		words = "unknown error";
	sock_text(address, text);
	buf_printf(r->why, "%s%s: %c%s", r->why->len != 0 ? "; " : "", text,
	    tolower((unsigned char)words[0]), words + 1);
}

static void
start_next(struct race *r, int64_t now_ms)
{
	const struct sock_addr *address = &r->addresses[r->next++];
	int fd = sock_connect(address);

	r->next_ms = now_ms;
	if (fd < 0) {
		tell(r, address, errno);
		return;
	}
	r->at[r->runners] = address;
	r->polled[r->runners++] =
	    (struct pollfd){ .fd = fd, .events = POLLOUT };
	r->next_ms = now_ms + DIAL_HEAD_START_MS;
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
			sock_text(r->at[i], where);
			r->polled[i].fd = -1;
			return fd;
		}
		tell(r, r->at[i], error);
		drop(r, i);
		r->next_ms = now_ms;
	}
	return -1;
}

static int
wait_ms(const struct race *r, int64_t now_ms, int64_t deadline_ms)
{
	int64_t until = deadline_ms;

	if (r->next < r->n && r->next_ms < until)
		until = r->next_ms;
	return until > now_ms ? (int)(until - now_ms) : 0;
}

static void
end(struct race *r)
{
	size_t i;

	for (i = 0; i < r->runners; i++)
		if (r->polled[i].fd >= 0)
			close(r->polled[i].fd);
}

/* Returns false.  error 0: nobody is to be told. */
static bool
give_up(struct race *r, int error)
{
	size_t i;

	for (i = 0; error != 0 && i < r->runners; i++)
		tell(r, r->at[i], error);
	return false;
}

/* false: over, with *fd the winner's or -1. */
static bool
run(struct race *r, int64_t deadline_ms, const struct dial_break *stop,
    char *where, int *fd)
{
	int64_t now_ms = clock_ms();
	struct pollfd *last;
	int n;

	*fd = -1;
	while (r->next < r->n && r->next_ms <= now_ms)
		start_next(r, now_ms);
	if (r->runners == 0 && r->next == r->n)
		return false;
	if (now_ms >= deadline_ms)
		return give_up(r, ETIMEDOUT);
	last = &r->polled[r->runners];
	*last = (struct pollfd){ .fd = stop->fd, .events = POLLIN };
	n = poll(r->polled, r->runners + 1, wait_ms(r, now_ms, deadline_ms));
	if (n < 0)
		return errno == EINTR || give_up(r, errno);
	if (last->revents != 0 && stop->is_over(stop->arg))
		return give_up(r, 0);
	*fd = winner(r, clock_ms(), where);
	return *fd < 0;
}

int
dial(const struct sock_addr *addresses, size_t n, int64_t deadline_ms,
    const struct dial_break *stop, char *where, struct buf *why)
{
	struct race r = { .addresses = addresses, .n = n, .why = why };
	int fd;

	if (r.n > DIAL_ADDRESSES)
		r.n = DIAL_ADDRESSES;
	r.next_ms = clock_ms();
	while (run(&r, deadline_ms, stop, where, &fd))
		continue;
	end(&r);
	return fd;
}
