#include "notices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bucket.h"
#include "clock.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "names.h"
#include "settings.h"
#include "table.h"
#include "text.h"

#define TOKEN "token:"

enum { HASH_BYTES = 32, OVERALL_S = 2 /* seconds of the rate, at once */ };

/* Hashed, so that comparing takes the same time whatever it is. */
struct token {
	const struct record *record;
	uint8_t hash[HASH_BYTES];
	struct bucket bucket;
};

struct source {
	struct id network;
	struct bucket bucket;
};

struct notices {
	struct loop *loop;
	struct hub *hub;
	const struct settings *settings;
	struct token *tokens;
	size_t n_tokens;
	struct bucket all;
	uint64_t counts[NOTICED_COUNT];
	uint64_t told; /* of those dropped */
	int64_t next_word_ms;
	struct source sources[NOTICES_SOURCES];
	uint8_t bytes[NOTICES_BATCH][NOTICES_BYTES + 2];
};

/* A datagram taken apart; slices point into it, or into said. */
struct notice {
	bool has_token;
	struct slice secret;
	struct slice room;
	char said[NOTICES_BYTES];
	struct slice text;
	char who[PROTOCOL_NAME_MAX + 1];
};

static const char *const reasons[NOTICED_COUNT] = {
	[NOTICED_LONG] = "too long",
	[NOTICED_SHAPE] = "not #room text",
	[NOTICED_TEXT] = "not clean text",
	[NOTICED_TOKEN] = "with a wrong token",
	[NOTICED_SOURCE] = "too many from one source",
	[NOTICED_ALL] = "too many from all",
	[NOTICED_ROOM] = "to no room",
};

/* ---- tokens ---- */

static void
hash_secret(struct slice secret, uint8_t *out)
{
	crypto_generichash(out, HASH_BYTES, (const unsigned char *)secret.at,
	    secret.len, NULL, 0);
}

static bool
is_for(const struct record *token, struct slice room)
{
	size_t i;

	for (i = 0; i < token->rooms.n; i++)
		if (names_same(slice_of(token->rooms.at[i].string), room))
			return true;
	return false;
}

/* NULL: there is no such token for the room.  All are looked at. */
static struct token *
find_token(struct notices *n, const struct notice *notice)
{
	struct token *found = NULL;
	uint8_t hash[HASH_BYTES];
	size_t i;

	hash_secret(notice->secret, hash);
	for (i = 0; i < n->n_tokens; i++)
		if (sodium_memcmp(hash, n->tokens[i].hash, HASH_BYTES) == 0)
			found = &n->tokens[i];
	return found != NULL && is_for(found->record, notice->room) ? found
								    : NULL;
}

static void
look_at_token(const struct record *r)
{
	if (r->rooms.n == 0)
		log_warnx("notices.tokens: \"%s\" names no rooms: it is good "
			  "for nothing",
		    r->key);
	if (strchr(r->value, ' ') != NULL)
		log_warnx("notices.tokens: the secret of \"%s\" has a blank: "
			  "nobody can send it",
		    r->key);
}

void
notices_settings(struct notices *n, const struct settings *s)
{
	size_t i;

	free(n->tokens);
	n->settings = s;
	n->n_tokens = s->notices_tokens.n;
	n->tokens = xcalloc(n->n_tokens + 1, sizeof(*n->tokens));
	for (i = 0; i < n->n_tokens; i++) {
		const struct record *r = &s->notices_tokens.at[i];

		n->tokens[i].record = r;
		hash_secret(slice_of(r->value), n->tokens[i].hash);
		look_at_token(r);
	}
}

/* ---- what is allowed ---- */

static bool
take(struct notices *n, struct bucket *bucket)
{
	const struct settings *s = n->settings;

	return bucket_take(bucket, 1, (unsigned)s->notices_rate,
		   (unsigned)s->notices_burst, loop_now(n->loop)) == 0;
}

/* A place that is not in use goes to whoever comes there. */
static struct bucket *
source_of(struct notices *n, const struct sock_addr *from)
{
	struct source *source;
	struct id network;

	sock_network(from, &network);
	source = &n->sources[table_hash(&network, sizeof(network)) %
	    NOTICES_SOURCES];
	if (bucket_is_full(&source->bucket, loop_now(n->loop)))
		source->network = network;
	return &source->bucket;
}

static bool
take_of_all(struct notices *n)
{
	unsigned rate = (unsigned)n->settings->notices_total;

	return bucket_take(
		   &n->all, 1, rate, OVERALL_S * rate, loop_now(n->loop)) == 0;
}

/* ---- taking it apart ---- */

/* What stands before the first blank; *rest begins behind the blanks. */
static struct slice
first_word(struct slice *rest)
{
	struct slice word = *rest;
	size_t len = 0;

	while (len < rest->len && rest->at[len] != ' ')
		len++;
	word.len = len;
	while (len < rest->len && rest->at[len] == ' ')
		len++;
	*rest = (struct slice){ rest->at + len, rest->len - len };
	return word;
}

static struct slice
without_newline(struct slice s)
{
	if (s.len != 0 && s.at[s.len - 1] == '\n')
		s.len--;
	if (s.len != 0 && s.at[s.len - 1] == '\r')
		s.len--;
	return s;
}

static enum noticed
take_apart(struct slice datagram, struct notice *out)
{
	const struct slice token = SLICE(TOKEN);
	struct slice rest = without_newline(datagram);
	size_t i;

	*out = (struct notice){ 0 };
	if (rest.len > NOTICES_BYTES)
		return NOTICED_LONG;
	for (i = 0; i < rest.len; i++)
		out->said[i] = rest.at[i] == '\t' ? ' ' : rest.at[i];
	rest.at = out->said;
	if (!text_is_clean(rest, false))
		return NOTICED_TEXT;
	if (rest.len > token.len && memcmp(rest.at, token.at, token.len) == 0) {
		rest =
		    (struct slice){ rest.at + token.len, rest.len - token.len };
		out->has_token = true;
		out->secret = first_word(&rest);
	}
	out->room = first_word(&rest);
	out->text = rest;
	return names_room(out->room, NULL) == FINE && rest.len != 0
	    ? NOTICED
	    : NOTICED_SHAPE;
}

/* No longer than a name may be, and cut between characters. */
static void
name_token(const struct token *token, char *out)
{
	const char *name = token->record->key;
	size_t len = strlen(name);

	if (len > PROTOCOL_NAME_MAX - 1)
		for (len = PROTOCOL_NAME_MAX - 1; (name[len] & 0xc0) == 0x80;)
			len--;
	snprintf(out, PROTOCOL_NAME_MAX + 1, "*%.*s", (int)len, name);
}

/* The address without port, which changes with each datagram. */
static void
name_source(const struct sock_addr *from, char *out, size_t size)
{
	char address[INET6_ADDRSTRLEN] = "?";
	const void *bytes = &from->in.sin_addr;

	if (from->sa.sa_family == AF_INET6)
		bytes = &from->in6.sin6_addr;
	inet_ntop(from->sa.sa_family, bytes, address, sizeof(address));
	snprintf(out, size, "%s" NOTICES_UNVERIFIED, address);
}

/* ---- replies ---- */

struct reply {
	int fd;
	struct sock_addr to;
	size_t most; /* bytes */
	char room[NAMES_ROOM_MAX + 1];
};

static void
send_reply(void *arg, uint64_t seq)
{
	struct reply *r = arg;
	char words[sizeof(r->room) + 32];
	int len =
	    snprintf(words, sizeof(words), "ok %s %" PRIu64 "\n", r->room, seq);

	if (seq != 0 && (size_t)len <= r->most &&
	    sendto(r->fd, words, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL,
		&r->to.sa, r->to.len) < 0)
		log_debug("notices: not replied");
	close(r->fd);
	free(r);
}

/* NULL: there is to be none.  fd may be closed, and its number be another's, by
 * the time it is sent. */
static struct reply *
reply_new(int fd, const struct sock_addr *to, struct slice datagram,
    const struct notice *notice)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct reply *r;

	if (own < 0)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->fd = own;
	r->to = *to;
	r->most = datagram.len;
	snprintf(r->room, sizeof(r->room), "%.*s", SLICE_ARG(notice->room));
	return r;
}

static enum noticed
post(struct notices *n, struct notice *notice, struct reply *reply)
{
	enum refusal why = hub_post(n->hub, notice->room, slice_of(notice->who),
	    notice->text, reply != NULL ? send_reply : NULL, reply);

	if (why == FINE)
		return NOTICED;
	if (reply != NULL)
		send_reply(reply, 0);
	return NOTICED_ROOM;
}

/* ---- one of them ---- */

static enum noticed
judge(struct notices *n, int fd, const struct sock_addr *from,
    struct slice datagram)
{
	struct token *token = NULL;
	struct reply *reply = NULL;
	struct notice notice;
	enum noticed what = take_apart(datagram, &notice);

	if (what == NOTICED && notice.has_token) {
		token = find_token(n, &notice);
		if (token == NULL)
			what = NOTICED_TOKEN;
	}
	if (!take(n, token != NULL ? &token->bucket : source_of(n, from)))
		return NOTICED_SOURCE;
	if (what != NOTICED)
		return what;
	if (token == NULL && !take_of_all(n))
		return NOTICED_ALL;
	if (token != NULL)
		name_token(token, notice.who);
	else
		name_source(from, notice.who, sizeof(notice.who));
	if (n->settings->notices_reply &&
	    (token != NULL || sock_is_loopback(from)))
		reply = reply_new(fd, from, datagram, &notice);
	return post(n, &notice, reply);
}

static void
say_dropped(struct notices *n)
{
	struct buf words = { 0 };
	uint64_t dropped = 0;
	size_t i;

	for (i = NOTICED + 1; i < NOTICED_COUNT; i++) {
		dropped += n->counts[i];
		if (n->counts[i] != 0)
			buf_printf(&words, "%s%" PRIu64 " %s",
			    words.len != 0 ? ", " : "", n->counts[i],
			    reasons[i]);
	}
	if (dropped != n->told)
		log_info("notices: %" PRIu64 " taken, %" PRIu64
			 " dropped since the start: %s",
		    n->counts[NOTICED], dropped, buf_string(&words));
	n->told = dropped;
	buf_done(&words);
}

enum noticed
notices_take(struct notices *n, int fd, const struct sock_addr *from,
    struct slice datagram)
{
	enum noticed what = judge(n, fd, from, datagram);

	n->counts[what]++;
	if (what != NOTICED && loop_now(n->loop) >= n->next_word_ms) {
		n->next_word_ms = loop_now(n->loop) + NOTICES_WORDS_MS;
		say_dropped(n);
	}
	return what;
}

uint64_t
notices_counted(const struct notices *n, enum noticed what)
{
	return n->counts[what];
}

/* ---- the socket ---- */

void
notices_read(void *arg, int fd)
{
	struct notices *n = arg;
	struct sock_addr from[NOTICES_BATCH];
	struct iovec io[NOTICES_BATCH];
	struct mmsghdr messages[NOTICES_BATCH];
	int i, got;

	for (i = 0; i < NOTICES_BATCH; i++) {
		io[i] = (struct iovec){ n->bytes[i], sizeof(n->bytes[i]) };
		messages[i] =
		    (struct mmsghdr){ .msg_hdr = {
					  .msg_name = &from[i].ss,
					  .msg_namelen = sizeof(from[i].ss),
					  .msg_iov = &io[i],
					  .msg_iovlen = 1,
				      } };
	}
	got = recvmmsg(fd, messages, NOTICES_BATCH, MSG_DONTWAIT, NULL);
	hub_time(n->hub, loop_now(n->loop), clock_wall_ms());
	for (i = 0; i < got; i++) {
		struct slice datagram = { (const char *)n->bytes[i],
			messages[i].msg_len };

		/* What did not fit is too long, whatever it ends with. */
		if (messages[i].msg_hdr.msg_flags & MSG_TRUNC)
			memset(n->bytes[i], 'x', datagram.len);
		from[i].len = messages[i].msg_hdr.msg_namelen;
		notices_take(n, fd, &from[i], datagram);
	}
}

struct notices *
notices_new(struct loop *loop, struct hub *hub, const struct settings *s)
{
	struct notices *n = xcalloc(1, sizeof(*n));

	n->loop = loop;
	n->hub = hub;
	notices_settings(n, s);
	return n;
}

void
notices_free(struct notices *n)
{
	if (n == NULL)
		return;
	say_dropped(n);
	free(n->tokens);
	free(n);
}
