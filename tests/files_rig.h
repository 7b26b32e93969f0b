/*
 * People who send and receive files, on the hub of hub_rig.h and a spool in a
 * folder.  What they are told about files is kept as fields and counts; the
 * rest as text, as there.  Each moves one file at a time.
 */
#ifndef FILES_RIG_H
#define FILES_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "folder.h"
#include "hub_rig.h"
#include "protocol.h"

struct spool;

struct person {
	struct fake fake; /* first */
	/* Of the last leg. */
	uint32_t leg;
	uint64_t file, offset, limit, size, time;
	uint8_t flags;
	struct hash hash; /* of leg, verified, or whole */
	bool has_hash;
	struct buf name;
	/* How often, since the last look. */
	unsigned legs, credits, verified, wholes, cancels, helds, filed;
	uint16_t code;	/* of the last cancel or held */
	struct buf got; /* data */
	uint64_t at;	/* where the next data must belong */
};

extern char files_folder[FOLDER_LEN];
extern struct spool *files_spool;

/* In memory, or in the folder, where it can be ended and begun again. */
void files_start(bool on_disk);
void files_stop(void);
void files_restart(void);
/* Until nothing is under way; time stands still. */
void files_settle(void);
/* Bytes in the spool: of "files/N.part" or "files/N"; -1: none such. */
long files_in_spool(uint64_t file, bool is_whole);

void person_enter(struct person *, unsigned device, const char *nick);
void person_gone(struct person *);

enum refusal person_offer(struct person *, unsigned key, const char *to,
    uint64_t size, const char *name);
enum refusal
person_fetch(struct person *, uint64_t file, const void *have, size_t len);
void person_data(struct person *, uint64_t offset, const void *, size_t len);
void person_credit(struct person *, uint64_t limit);
/* With the hash of these bytes. */
void person_whole(struct person *, const void *, size_t len);
void person_verify(struct person *);
void person_cancel(struct person *);
enum refusal person_withdraw(struct person *, uint64_t file, const char *why);
enum refusal person_files(struct person *, const char *room, uint64_t after);

/* From the leg's offset up to `to`, by the credit. */
void person_send(struct person *, const uint8_t *bytes, size_t to);
/* Offers and sends all of it; the file's number. */
uint64_t person_send_all(struct person *, unsigned key, const char *to,
    const uint8_t *bytes, size_t len, const char *name);
/* Takes what comes, within the credit given. */
void person_pull(struct person *);
/* Fetches all of it, from the beginning. */
void person_fetch_all(struct person *, uint64_t file);

uint8_t *files_bytes(size_t len, uint32_t seed); /* to be freed */
struct hash files_hash(const void *, size_t len);

#endif
