#include "sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PORT_MAX = 65535,
	FOUND_MAX = 64,	  /* addresses of one name that are looked at */
	KEEP_IDLE_S = 60, /* silence until the kernel asks */
	KEEP_INTERVAL_S = 15,
	KEEP_COUNT = 4,
	BULK_UNSENT = 65536,
};

/* ---- addresses as people write them ---- */

static const char *
parse_path(const char *path, struct sock_name *out)
{
	size_t len = strlen(path);

	if (len == 0)
		return "the path is missing behind unix:";
	if (len >= sizeof(out->path))
		return "the path of a UNIX socket is too long";
	out->is_unix = true;
	out->family = AF_UNIX;
	memcpy(out->path, path, len + 1);
	return NULL;
}

static bool
is_number(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static const char *
parse_port(const char *port, struct sock_name *out)
{
	size_t len = strlen(port);

	if (len == 0)
		return "the port is missing behind the colon";
	if (is_number(port) && strtoul(port, NULL, 10) > PORT_MAX)
		return "a port is a number from 0 to 65535";
	if (len >= sizeof(out->port))
		return "the port is too long";
	memcpy(out->port, port, len + 1);
	return NULL;
}

static const char *
parse_host(const char *host, size_t len, struct sock_name *out)
{
	struct in_addr v4;

	if (len == 0)
		return "the host is missing; * is every address of this machine";
	if (slice_is((struct slice){ host, len }, SLICE("<broadcast>")))
		return "<broadcast> is no host; what is sent to everybody is "
		       "heard at *";
	if (len >= sizeof(out->host))
		return "the host is too long";
	if (len == 1 && *host == '*')
		return NULL;
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	if (inet_pton(AF_INET, out->host, &v4) == 1)
		out->family = AF_INET;
	return NULL;
}

static const char *
parse_v6(const char *text, struct sock_name *out)
{
	const char *end = strchr(text, ']');
	const char *wrong;

	if (end == NULL)
		return "a ] is missing behind the address";
	if (end[1] != '\0' && end[1] != ':')
		return "only :PORT can follow the ]";
	wrong = parse_host(text, (size_t)(end - text), out);
	if (wrong != NULL)
		return wrong;
	out->family = AF_INET6;
	return end[1] == ':' ? parse_port(end + 2, out) : NULL;
}

const char *
sock_parse(const char *text, struct sock_name *out)
{
	const char *colon, *wrong;

	*out = (struct sock_name){ .family = AF_UNSPEC, .port = SOCK_PORT };
	if (*text == '\0')
		return "an address is HOST:PORT, [V6]:PORT or unix:PATH";
	if (*text == '/')
		return parse_path(text, out);
	if (strncmp(text, "unix:", 5) == 0)
		return parse_path(text + 5, out);
	if (*text == '[')
		return parse_v6(text + 1, out);
	colon = strchr(text, ':');
	if (colon == NULL)
		return parse_host(text, strlen(text), out);
	if (strchr(colon + 1, ':') != NULL)
		return "a v6 address stands in brackets: [::1]:" SOCK_PORT;
	wrong = parse_host(text, (size_t)(colon - text), out);
	return wrong != NULL ? wrong : parse_port(colon + 1, out);
}

/* ---- addresses as the system knows them ---- */

static bool
has_addr(const struct sock_addr *list, size_t n, const struct addrinfo *one)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].len == one->ai_addrlen &&
		    memcmp(&list[i].sa, one->ai_addr, one->ai_addrlen) == 0)
			return true;
	return false;
}

/* Those of one family, each once, in the order found; how many. */
static size_t
pick(const struct addrinfo *found, int family, struct sock_addr *out)
{
	size_t n = 0;

	for (; found != NULL && n < FOUND_MAX; found = found->ai_next) {
		if (found->ai_family != family || has_addr(out, n, found))
			continue;
		out[n].len = found->ai_addrlen;
		memcpy(&out[n].sa, found->ai_addr, found->ai_addrlen);
		n++;
	}
	return n;
}

static size_t
interleave(const struct addrinfo *found, struct sock_addr *out, size_t max)
{
	struct sock_addr v6[FOUND_MAX], v4[FOUND_MAX];
	size_t n6 = pick(found, AF_INET6, v6);
	size_t n4 = pick(found, AF_INET, v4);
	size_t i, n = 0;

	for (i = 0; (i < n6 || i < n4) && n < max; i++) {
		if (i < n6)
			out[n++] = v6[i];
		if (i < n4 && n < max)
			out[n++] = v4[i];
	}
	return n;
}

static void
unix_addr(const char *path, struct sock_addr *out)
{
	size_t len = strlen(path);

	*out = (struct sock_addr){ 0 };
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path, len + 1);
	out->len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

/* What getaddrinfo() failed with; error is errno's. */
static const char *
resolve_words(int failure, int error)
{
	static const struct {
		int failure;
		const char *words;
	} known[] = {
		{ EAI_NONAME, "there is no host of this name" },
		{ EAI_AGAIN,
		    "the name cannot be looked up now, no name server answers" },
		{ EAI_FAIL, "the name server cannot tell the address" },
		{ EAI_SERVICE, "the port is no known service" },
		{ EAI_NODATA, "the host has no address" },
		{ EAI_ADDRFAMILY, "the host has no address of this kind" },
	};
	size_t i;

	if (failure == EAI_SYSTEM)
		return strerror(error);
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].failure == failure)
			return known[i].words;
	return gai_strerror(failure);
}

const char *
sock_resolve(const struct sock_name *name, bool passive, struct sock_addr *out,
    size_t max, size_t *n)
{
	struct addrinfo hints = {
		.ai_family = name->family,
		.ai_socktype = name->is_datagram ? SOCK_DGRAM : SOCK_STREAM,
		.ai_flags = (passive ? AI_PASSIVE : 0) |
		    (is_number(name->port) ? AI_NUMERICSERV : 0),
	};
	struct addrinfo *found;
	int error;

	*n = 0;
	if (name->is_unix) {
		unix_addr(name->path, out);
		*n = 1;
		return NULL;
	}
	error = getaddrinfo(name->host[0] != '\0' ? name->host : NULL,
	    name->port, &hints, &found);
	if (error != 0)
		return resolve_words(error, errno);
	*n = interleave(found, out, max);
	freeaddrinfo(found);
	return *n != 0 ? NULL : "there is no address of this name";
}

/* ---- listening ---- */

static int
open_socket(const struct sock_addr *addr)
{
	return socket(
	    addr->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
close_failed(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* A socket in the file system that nobody listens on any more.  Connecting to
 * something that is no socket is refused as well, so that is asked first. */
static bool
is_stale(const struct sock_addr *addr)
{
	struct stat st;
	bool refused;
	int fd;

	if (lstat(addr->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = open_socket(addr);
	if (fd < 0)
		return false;
	refused =
	    connect(fd, &addr->sa, addr->len) < 0 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int
bind_unix(int fd, const struct sock_addr *addr)
{
	mode_t mask;
	int result;

	if (is_stale(addr))
		unlink(addr->un.sun_path);
	mask = umask(0111);
	result = bind(fd, &addr->sa, addr->len);
	umask(mask);
	return result;
}

static int
bind_v6only(int fd, const struct sock_addr *addr)
{
	const int on = 1;

	if (addr->sa.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, &addr->sa, addr->len);
}

static int
bind_inet(int fd, const struct sock_addr *addr)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	return bind_v6only(fd, addr);
}

int
sock_listen(const struct sock_addr *addr, int backlog)
{
	int fd = open_socket(addr);
	int result;

	if (fd < 0)
		return -1;
	result = addr->sa.sa_family == AF_UNIX ? bind_unix(fd, addr)
					       : bind_inet(fd, addr);
	if (result < 0 || listen(fd, backlog) < 0)
		return close_failed(fd);
	return fd;
}

/* Without SO_REUSEADDR, which would let a second one take what comes. */
int
sock_datagrams(const struct sock_addr *addr)
{
	int fd = socket(
	    addr->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	return bind_v6only(fd, addr) < 0 ? close_failed(fd) : fd;
}

/* ---- dialing ---- */

int
sock_connect(const struct sock_addr *addr)
{
	int fd = open_socket(addr);

	if (fd < 0)
		return -1;
	if (connect(fd, &addr->sa, addr->len) < 0 && errno != EINPROGRESS &&
	    errno != EINTR)
		return close_failed(fd);
	return fd;
}

int
sock_connected(int fd)
{
	int error;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

/* UNIX sockets have none of these options, and need none. */
void
sock_tune(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, options[i].level, options[i].name,
		    &options[i].value, sizeof(options[i].value));
}

void
sock_tune_bulk(int fd)
{
	int bytes = BULK_UNSENT;

	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

/* ---- who and where ---- */

static void
inet_text(const struct sock_addr *addr, char *out)
{
	char host[INET6_ADDRSTRLEN + 20], port[8]; /* %SCOPE follows some */

	if (getnameinfo(&addr->sa, addr->len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, SOCK_TEXT, "?");
	else if (addr->sa.sa_family == AF_INET6)
		snprintf(out, SOCK_TEXT, "[%s]:%s", host, port);
	else
		snprintf(out, SOCK_TEXT, "%s:%s", host, port);
}

/* The kernel's addr may lack the NUL, and an unnamed end has no path. */
static void
unix_text(const struct sock_addr *addr, char *out)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t len = addr->len > start ? addr->len - start : 0;

	len = strnlen(addr->un.sun_path, len);
	snprintf(out, SOCK_TEXT, "unix:%.*s", (int)len, addr->un.sun_path);
}

void
sock_text(const struct sock_addr *addr, char *out)
{
	if (addr->sa.sa_family == AF_UNIX)
		unix_text(addr, out);
	else
		inet_text(addr, out);
}

uint16_t
sock_port(const struct sock_addr *addr)
{
	switch (addr->sa.sa_family) {
	case AF_INET:
		return ntohs(addr->in.sin_port);
	case AF_INET6:
		return ntohs(addr->in6.sin6_port);
	}
	return 0;
}

void
sock_peer(int fd, struct sock_addr *out)
{
	*out = (struct sock_addr){ .len = sizeof(out->ss) };
	if (getpeername(fd, &out->sa, &out->len) < 0)
		out->len = 0;
}

void
sock_local(int fd, struct sock_addr *out)
{
	*out = (struct sock_addr){ .len = sizeof(out->ss) };
	if (getsockname(fd, &out->sa, &out->len) < 0)
		out->len = 0;
}

static bool
peer_credentials(int fd, struct ucred *out)
{
	struct sock_addr local;
	socklen_t len = sizeof(*out);

	sock_local(fd, &local);
	return local.sa.sa_family == AF_UNIX &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &len) == 0;
}

bool
sock_peer_uid(int fd, uid_t *uid)
{
	struct ucred who;

	if (!peer_credentials(fd, &who))
		return false;
	*uid = who.uid;
	return true;
}

void
sock_peer_text(int fd, char *out)
{
	struct sock_addr peer;
	struct ucred who;

	sock_peer(fd, &peer);
	sock_text(&peer, out);
	if (strcmp(out, "unix:") == 0 && peer_credentials(fd, &who))
		snprintf(out, SOCK_TEXT, "unix:(pid %jd, uid %ju)",
		    (intmax_t)who.pid, (uintmax_t)who.uid);
}

bool
sock_is_loopback(const struct sock_addr *addr)
{
	const struct in6_addr *v6 = &addr->in6.sin6_addr;

	switch (addr->sa.sa_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		return ntohl(addr->in.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(v6) ||
		    (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
	}
	return false;
}

void
sock_network(const struct sock_addr *addr, struct id *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct in6_addr *v6 = &addr->in6.sin6_addr;

	memset(out->byte, 0, sizeof(out->byte));
	switch (addr->sa.sa_family) {
	case AF_UNIX: /* no address that anybody comes from */
		memset(out->byte, 0xff, sizeof(out->byte));
		break;
	case AF_INET:
		memcpy(out->byte, mapped, sizeof(mapped));
		memcpy(out->byte + 12, &addr->in.sin_addr, 4);
		break;
	case AF_INET6:
		memcpy(out->byte, v6, IN6_IS_ADDR_V4MAPPED(v6) ? 16 : 8);
		break;
	}
}

static bool
unix_in(const char *directory, char *out, size_t size)
{
	struct stat st;
	int n;

	if (stat(directory, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	n = snprintf(out, size, "unix:%s/chatd.sock", directory);
	return n > 0 && (size_t)n < size;
}

bool
sock_default_unix(char *out, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0 && unix_in("/run/chatd", out, size))
		return true;
	return runtime != NULL && *runtime == '/' &&
	    unix_in(runtime, out, size);
}
