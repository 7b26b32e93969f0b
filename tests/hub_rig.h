/*
 * The hub with fake connections: what they are told and hear is kept as text,
 * one message a line.  Time and the wall clock are the test's.
 */
#ifndef HUB_RIG_H
#define HUB_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "../chatd/client.h"
#include "../chatd/hub.h"
#include "buf.h"
#include "heap.h"

struct world {
	struct settings *settings;
	struct store *store;
	struct heap timers;
	struct hub *hub;
	uint64_t wall;
	int64_t now;
};

struct fake {
	struct client client; /* first */
	/* Called first, with what is told about files; NULL: it is text too. */
	void (*file)(struct fake *, const union message *);
	struct buf told;  /* answers */
	struct buf heard; /* entries */
	enum refusal ended;
	bool is_woken;
	uint32_t room; /* of the last attached */
	uint64_t first, head;
};

extern struct world world;

/* With a store in memory, or in a directory; there it can be ended and begun
 * again: everybody else is forgotten. */
void world_start(void);
void world_start_in(const char *directory);
void world_stop(void);
/* Until nothing waits to be done; time stands still. */
void world_turn(void);
void world_later(int64_t ms);

enum refusal fake_hello(struct fake *, unsigned device, const char *nick);
enum refusal fake_join(struct fake *, const char *room);
enum refusal fake_attach(struct fake *, const char *room, uint64_t seq);
enum refusal
fake_say(struct fake *, uint64_t n, const char *to, const char *text);
enum refusal fake_part(struct fake *, const char *room);
enum refusal fake_nick(struct fake *, const char *nick);

/* Pulls all there is, in pieces of about so many bytes. */
void fake_pull(struct fake *, size_t bytes);
/* What was told and heard since the last look. */
#define fake_expect(f, told, heard) fake_expect_at(f, told, heard, __LINE__)
void fake_expect_at(
    struct fake *, const char *told, const char *heard, unsigned line);
/* Nobody looks at it. */
void fake_ignore(struct fake *);
/* The connection is lost, and what is kept of it freed. */
void fake_forget(struct fake *);

#endif
