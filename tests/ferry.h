/*
 * Files on their way without a connection: a server played by the test, a
 * worker whose results are collected by hand, a folder with what is sent, what
 * is fetched and what is kept.
 */
#ifndef FERRY_H
#define FERRY_H

#include "../chat/transfer_core.h"
#include "folder.h"

struct ferry {
	char folder[FOLDER_LEN];
	char downloads[FOLDER_LEN + 16]; /* a directory in it */
	int directory;			 /* the folder, open */
	struct model *model;
	struct room *room; /* #lobby, entered */
	struct transfers *all;
	struct buf said, frames; /* by the client; bulk */
	uint32_t ref;
	int64_t now_ms;
	union message m; /* what was heard last, pointing into heard */
	struct buf heard;
	char why[160];
};

void ferry_init(struct ferry *);
void ferry_done(struct ferry *);
/* The program ends, and begins anew, connected. */
void ferry_restart(struct ferry *);
void ferry_cut(struct ferry *); /* and is back */
/* The worker works all off, and what is due now is done. */
void ferry_work(struct ferry *);
void ferry_pass(struct ferry *, int64_t ms);

struct transfer *ferry_send(struct ferry *, const char *name);
struct transfer *ferry_send_fd(struct ferry *, int fd);

/* The next thing said, of this type; bulk is pulled for. */
const union message *ferry_hears(struct ferry *, enum message_type);
bool ferry_is_quiet(struct ferry *);
bool ferry_says(struct ferry *, union message);
bool ferry_refuses(struct ferry *, uint32_t ref, enum refusal);

struct hash ferry_hash(const void *, size_t len);
#define FERRY_HASH(hash) ((struct slice){ (const char *)(hash).byte, 32 })

#endif
