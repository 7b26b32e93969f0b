#include "lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define BEACON_HEAD "chat-beacon 1"
#define QUERY_HEAD  "chat-query 1"

enum { LINKS_MAX = 64 };

/* ---- words ---- */

void
lan_write(struct buf *out, const struct lan_beacon *b)
{
	size_t i;

	buf_printf(out, BEACON_HEAD "\nname %s\n", b->name);
	if (b->key[0] != '\0')
		buf_printf(out, "key %s\n", b->key);
	for (i = 0; i < b->n; i++)
		buf_printf(
		    out, "%s %u\n", b->doors[i].dialect, b->doors[i].port);
}

void
lan_write_query(struct buf *out)
{
	buf_add_string(out, QUERY_HEAD "\n");
}

static struct slice
next_line(struct slice *rest)
{
	const char *end =
	    rest->len != 0 ? memchr(rest->at, '\n', rest->len) : NULL;
	struct slice line = *rest;
	size_t used = rest->len;

	if (end != NULL) {
		line.len = (size_t)(end - rest->at);
		used = line.len + 1;
	}
	*rest = (struct slice){ rest->at + used, rest->len - used };
	return line;
}

/* Whether all of it is among the characters, and fits; zero behind it. */
static bool
copy(struct slice from, const char *among, char *out, size_t size)
{
	size_t i;

	if (from.len == 0 || from.len >= size)
		return false;
	for (i = 0; i < from.len; i++)
		if (from.at[i] == '\0' ||
		    (among != NULL && strchr(among, from.at[i]) == NULL))
			return false;
	memset(out, 0, size);
	memcpy(out, from.at, from.len);
	return true;
}

static void
read_door(struct slice dialect, struct slice port, struct lan_beacon *out)
{
	struct lan_door door = { .port = 0 };
	char digits[6];
	unsigned long number;

	if (out->n == LAN_DOORS ||
	    !copy(dialect, "abcdefghijklmnopqrstuvwxyz", door.dialect,
		sizeof(door.dialect)) ||
	    !copy(port, "0123456789", digits, sizeof(digits)))
		return;
	number = strtoul(digits, NULL, 10);
	if (number == 0 || number > UINT16_MAX)
		return;
	door.port = (uint16_t)number;
	out->doors[out->n++] = door;
}

static void
read_line(struct slice line, struct lan_beacon *out)
{
	const char *blank =
	    line.len != 0 ? memchr(line.at, ' ', line.len) : NULL;
	struct slice word = line, rest;

	if (blank == NULL)
		return;
	word.len = (size_t)(blank - line.at);
	rest = (struct slice){ blank + 1, line.len - word.len - 1 };
	if (slice_is(word, SLICE("name"))) {
		if (text_is_clean(rest, false))
			copy(rest, NULL, out->name, sizeof(out->name));
	} else if (slice_is(word, SLICE("key"))) {
		copy(rest,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    "0123456789:+/=-",
		    out->key, sizeof(out->key));
	} else {
		read_door(word, rest, out);
	}
}

enum lan_words
lan_read(struct slice datagram, struct lan_beacon *out)
{
	struct slice head = next_line(&datagram);

	*out = (struct lan_beacon){ .n = 0 };
	if (slice_is(head, SLICE(QUERY_HEAD)))
		return LAN_QUERY;
	if (!slice_is(head, SLICE(BEACON_HEAD)))
		return LAN_NONSENSE;
	while (datagram.len != 0)
		read_line(next_line(&datagram), out);
	return out->name[0] != '\0' && out->n != 0 ? LAN_BEACON : LAN_NONSENSE;
}

/* ---- links ---- */

struct links {
	unsigned index[LINKS_MAX];
	size_t n;
};

static void
add_link(struct links *links, unsigned index)
{
	size_t i;

	for (i = 0; i < links->n; i++)
		if (links->index[i] == index)
			return;
	if (index != 0 && links->n < LINKS_MAX)
		links->index[links->n++] = index;
}

/* Those that are up and have an address of the family. */
static void
find_links(int family, struct links *out)
{
	struct ifaddrs *all, *at;

	out->n = 0;
	if (getifaddrs(&all) < 0)
		return;
	for (at = all; at != NULL; at = at->ifa_next)
		if (at->ifa_addr != NULL && at->ifa_addr->sa_family == family &&
		    (at->ifa_flags & IFF_UP) &&
		    (at->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)))
			add_link(out, if_nametoindex(at->ifa_name));
	freeifaddrs(all);
}

static void
group_of(int family, struct sock_addr *out)
{
	*out = (struct sock_addr){ .len = sizeof(out->in) };
	out->sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		out->in.sin_port = htons(LAN_PORT);
		inet_pton(AF_INET, LAN_GROUP_V4, &out->in.sin_addr);
		return;
	}
	out->len = sizeof(out->in6);
	out->in6.sin6_port = htons(LAN_PORT);
	inet_pton(AF_INET6, LAN_GROUP_V6, &out->in6.sin6_addr);
}

static bool
join(int fd, const struct sock_addr *group, unsigned index)
{
	struct ip_mreqn v4 = { .imr_ifindex = (int)index };
	struct ipv6_mreq v6 = { .ipv6mr_interface = index };

	if (group->sa.sa_family == AF_INET) {
		v4.imr_multiaddr = group->in.sin_addr;
		return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4,
			   sizeof(v4)) == 0;
	}
	v6.ipv6mr_multiaddr = group->in6.sin6_addr;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof(v6)) ==
	    0;
}

static bool
choose_link(int fd, int family, unsigned index)
{
	struct ip_mreqn v4 = { .imr_ifindex = (int)index };

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &v4,
			   sizeof(v4)) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index,
		   sizeof(index)) == 0;
}

/* No farther than the link; heard on this machine as well. */
static bool
prepare(int fd, int family)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return false;
	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &on,
			   sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ==
	    0 &&
	    setsockopt(
		fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &on, sizeof(on)) == 0;
}

/* v4 is bound to the group, so that it hears nothing else. */
static int
open_family(int family)
{
	struct sock_addr group, at;
	struct links links;
	size_t i, joined = 0;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	group_of(family, &group);
	at = group;
	if (family == AF_INET6)
		at.in6.sin6_addr = in6addr_any;
	find_links(family, &links);
	if (prepare(fd, family) && bind(fd, &at.sa, at.len) == 0)
		for (i = 0; i < links.n; i++)
			joined += join(fd, &group, links.index[i]);
	if (joined != 0)
		return fd;
	close(fd);
	errno = EADDRNOTAVAIL;
	return -1;
}

bool
lan_open(struct lan *lan)
{
	lan->fd[0] = open_family(AF_INET);
	lan->fd[1] = open_family(AF_INET6);
	return lan->fd[0] >= 0 || lan->fd[1] >= 0;
}

void
lan_close(struct lan *lan)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (lan->fd[i] >= 0)
			close(lan->fd[i]);
		lan->fd[i] = -1;
	}
}

static bool
tell_family(int fd, int family, struct slice words)
{
	struct sock_addr group;
	struct links links;
	size_t i, told = 0;

	group_of(family, &group);
	find_links(family, &links);
	for (i = 0; i < links.n; i++) {
		if (family == AF_INET6)
			group.in6.sin6_scope_id = links.index[i];
		told += choose_link(fd, family, links.index[i]) &&
		    sendto(fd, words.at, words.len, MSG_DONTWAIT, &group.sa,
			group.len) >= 0;
	}
	return told != 0;
}

bool
lan_tell(const struct lan *lan, struct slice words)
{
	bool v4 = lan->fd[0] >= 0 && tell_family(lan->fd[0], AF_INET, words);
	bool v6 = lan->fd[1] >= 0 && tell_family(lan->fd[1], AF_INET6, words);

	return v4 || v6;
}

int
lan_hear(int fd, void *out, struct sock_addr *from)
{
	ssize_t n;

	*from = (struct sock_addr){ .len = sizeof(from->ss) };
	n = recvfrom(fd, out, LAN_BYTES, MSG_DONTWAIT, &from->sa, &from->len);
	return n < 0 ? -1 : (int)n;
}
