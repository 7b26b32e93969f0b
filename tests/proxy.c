#include "proxy.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"
#include "sock.h"
#include "wake.h"

enum { WAIT_S = 10 };

static void
resolve(const char *address, bool passive, struct sock_addr *out)
{
	struct sock_name name;
	size_t n;

	cr_assert_null(sock_parse(address, &name), "%s", address);
	cr_assert_null(sock_resolve(&name, passive, out, 1, &n));
}

/* ---- the thread ---- */

static void
reset(int fd)
{
	const struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void
end_softly(int fd)
{
	close(fd);
}

static void
drop(struct proxy *p, size_t i)
{
	void (*end)(int) = p->is_soft ? end_softly : reset;

	end(p->pair[i].fd[0]);
	end(p->pair[i].fd[1]);
	p->pair[i] = p->pair[--p->n];
}

static void
drop_all(struct proxy *p)
{
	while (p->n > 0)
		drop(p, 0);
	p->is_cut = false;
	p->cuts++;
	pthread_cond_broadcast(&p->changed);
}

static void
greet(struct proxy *p)
{
	struct sock_addr to;
	struct pollfd ready = { .events = POLLOUT };
	int fd = accept(p->listener, NULL, NULL);

	if (fd < 0)
		return;
	resolve(p->to, false, &to);
	ready.fd = p->is_closed || p->n == PROXY_PAIRS ? -1 : sock_connect(&to);
	if (ready.fd < 0 || poll(&ready, 1, WAIT_S * 1000) <= 0 ||
	    sock_connected(ready.fd) != 0) {
		reset(fd);
		if (ready.fd >= 0)
			close(ready.fd);
		return;
	}
	p->pair[p->n++] = (struct pair){ { fd, ready.fd } };
	p->connections++;
	pthread_cond_broadcast(&p->changed);
}

static bool
pass_all(int to, const char *at, size_t len)
{
	struct pollfd ready = { to, POLLOUT, 0 };
	ssize_t n;

	for (; len > 0; at += n, len -= (size_t)n) {
		n = send(to, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN &&
		    poll(&ready, 1, WAIT_S * 1000) > 0)
			n = 0;
		if (n < 0)
			return false;
	}
	return true;
}

/* false: the pair is gone. */
static bool
pass(struct proxy *p, size_t i, int from)
{
	char bytes[65536];
	ssize_t n =
	    recv(p->pair[i].fd[from], bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t len = n > 0 ? (size_t)n : 0;
	bool counts = p->left != 0 && (p->way < 0 || p->way == from);
	bool is_last = counts && len >= p->left;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (is_last)
		len = p->left;
	p->left -= counts ? len : 0;
	p->passed[from] += len;
	if (n <= 0 || !pass_all(p->pair[i].fd[!from], bytes, len)) {
		drop(p, i);
		return false;
	}
	if (is_last)
		drop_all(p);
	return !is_last;
}

static void
pass_ready(struct proxy *p, const struct pollfd *fd, size_t n)
{
	size_t i;

	/* From behind: a pair that goes is replaced by the last. */
	for (i = n; i-- > 0 && p->n != 0;) {
		if (fd[2 * i].revents != 0 && !pass(p, i, 0))
			continue;
		if (p->n > i && fd[2 * i + 1].revents != 0)
			pass(p, i, 1);
	}
}

static void *
run(void *arg)
{
	struct proxy *p = arg;
	struct pollfd fd[2 + 2 * PROXY_PAIRS];
	size_t i, n;

	pthread_mutex_lock(&p->lock);
	while (!p->is_over) {
		n = p->n;
		fd[0] = (struct pollfd){ p->listener, POLLIN, 0 };
		fd[1] = (struct pollfd){ p->wake, POLLIN, 0 };
		for (i = 0; i < 2 * n; i++)
			fd[2 + i] = (struct pollfd){ p->pair[i / 2].fd[i % 2],
				POLLIN, 0 };
		pthread_mutex_unlock(&p->lock);
		poll(fd, 2 + 2 * n, -1);
		pthread_mutex_lock(&p->lock);
		wake_clear(p->wake);
		if (p->is_cut)
			drop_all(p);
		else
			pass_ready(p, fd + 2, n);
		if (fd[0].revents != 0)
			greet(p);
	}
	while (p->n > 0)
		drop(p, 0);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- the test's thread ---- */

void
proxy_start(struct proxy *p, const char *to)
{
	struct sock_addr at;
	pthread_condattr_t attr;

	*p = (struct proxy){ .wake = wake_open() };
	snprintf(p->to, sizeof(p->to), "%s", to);
	resolve("127.0.0.1:0", true, &at);
	p->listener = sock_listen(&at, 64);
	cr_assert_geq(p->listener, 0);
	sock_local(p->listener, &at);
	sock_text(&at, p->address);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	cr_assert_eq(pthread_create(&p->thread, NULL, run, p), 0);
}

void
proxy_stop(struct proxy *p)
{
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	pthread_mutex_unlock(&p->lock);
	wake_up(p->wake);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	close(p->listener);
	close(p->wake);
}

void
proxy_cut(struct proxy *p, bool stays)
{
	unsigned before;

	pthread_mutex_lock(&p->lock);
	before = p->cuts;
	p->is_cut = true;
	p->is_closed = stays;
	pthread_mutex_unlock(&p->lock);
	wake_up(p->wake);
	cr_assert(proxy_was_cut(p, before + 1));
}

void
proxy_mend(struct proxy *p)
{
	pthread_mutex_lock(&p->lock);
	p->is_closed = false;
	pthread_mutex_unlock(&p->lock);
}

void
proxy_cut_after(struct proxy *p, size_t bytes)
{
	proxy_cut_way(p, -1, bytes, false);
}

void
proxy_cut_way(struct proxy *p, int way, size_t bytes, bool soft)
{
	pthread_mutex_lock(&p->lock);
	p->way = way;
	p->left = bytes;
	p->is_soft = soft;
	pthread_mutex_unlock(&p->lock);
}

size_t
proxy_passed(struct proxy *p, int way)
{
	size_t passed;

	pthread_mutex_lock(&p->lock);
	passed = p->passed[way];
	pthread_mutex_unlock(&p->lock);
	return passed;
}

bool
proxy_was_cut(struct proxy *p, unsigned cuts)
{
	struct timespec until;
	bool was = true;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&p->lock);
	while (p->cuts < cuts && was)
		was =
		    pthread_cond_timedwait(&p->changed, &p->lock, &until) == 0;
	was = p->cuts >= cuts;
	pthread_mutex_unlock(&p->lock);
	return was;
}
