/*
 * What the hub's files about files share (hub_files.c, hub_file.c,
 * hub_quota.c, hub_legs.c, hub_upload.c, hub_download.c): the files there are,
 * and the legs, which are a file on its way between a connection and the spool.
 *
 * An upload and a download are two legs that know nothing of each other but the
 * file: who fetches it reads what has arrived so far and waits for more.  The
 * daemon's memory for a leg is bounded by its window, or by two pieces.
 */
#ifndef HUB_FILES_H
#define HUB_FILES_H

#include "buf.h"
#include "hub_state.h"
#include "spool.h"

enum {
	LEG_WINDOW = 256 * 1024,       /* credit of an upload at first, */
	LEG_WINDOW_MOST = 1024 * 1024, /* and when the disk keeps pace */
	LEG_RETRY_MS = 2000,	       /* when the disk was full */
};

#define FILE_SIZE_UNKNOWN UINT64_MAX

struct file {
	uint64_t number;
	struct file_key {
		struct id device, key;
	} key; /* whose it is, and its sender's name for it */
	uint32_t room;
	char *who, *name;
	uint64_t size, since, expires, time;
	uint8_t flags;
	uint64_t have;		/* bytes in the spool */
	uint64_t charged, owed; /* hub_quota.c's */
	struct hash hash;
	bool is_noted;	 /* its room has been told */
	bool is_ready;	 /* in the spool as a whole, with its hash */
	bool is_telling; /* its room is being told so, or it is hashed first */
	bool is_whole;	 /* its room has been told so */
	bool is_gone;	 /* out of the tables; freed with the last job */
	unsigned jobs;
	struct leg *legs;
	UT_hash_handle hh, hh_key;
};

struct leg {
	struct spool_job job; /* first: the spool gives back its address */
	bool is_busy;	      /* the job is asked for */
	bool is_over;	      /* freed as soon as it is not busy */
	bool is_upload;
	bool is_open;	/* the client knows it */
	bool is_held;	/* and that the disk is full */
	bool is_ending; /* upload: all has come; download: whole was sent */
	struct hub *hub;
	struct file *file;
	struct client *client; /* NULL: gone */
	struct leg *prev_of_client, *next_of_client;
	struct leg *prev_of_file, *next_of_file;
	uint32_t number, ref;
	uint64_t offset; /* next to come; next to be sent */
	uint64_t limit;	 /* the credit */
	uint64_t told;	 /* upload: of it, what the client knows */
	uint32_t window;
	struct hash hash;   /* of what is there; upload: of all, as sent */
	struct buf caption; /* upload of a new file, until it is told */
	struct parcel *first, *last; /* upload: what has come, */
	struct parcel *writing;	     /* what of it the spool has, */
	struct parcel *spare;	     /* and one for the next */
	uint8_t *bytes;		     /* download: being sent */
	size_t at, len;		     /* of them, what is left */
	uint8_t *next;		     /* download: being read, or waiting */
	size_t next_len;
	bool has_next;
	uint64_t read;	  /* download: offset of the next piece to be read */
	int64_t moved_ms; /* when bytes of it last came or went */
	struct timer retry;
};

/* Bytes that have come, in one buffer up to the disk. */
struct parcel {
	struct parcel *next;
	size_t len;
	uint8_t at[SPOOL_PIECE];
};

/* Whether there may be one more; the one that has not moved for longest, and
 * long enough, makes room. */
bool legs_have_room(struct hub *, const struct client *);

struct leg *leg_new(struct hub *, struct client *, struct file *, uint32_t ref);
/* The client hears nothing more of it, and has its place for another. */
void leg_end(struct leg *);
/* The same, and the client is told why. */
void leg_cancel(struct leg *, enum refusal why);
/* An open one of the client's; NULL: it is over, and the peer does not know. */
struct leg *leg_find(const struct client *, uint32_t number, bool is_upload);
/* It is open.  hash: of what is there; may be NULL. */
void leg_tell(struct leg *, const struct hash *);
/* Asks the spool.  In done(), leg_is_back() first: false: it is over, and freed
 * by now. */
void leg_ask(struct leg *, enum spool_what, void (*done)(struct spool_job *));
bool leg_is_back(struct leg *);
/* What errno's value means for it; into the log if it is not the usual. */
enum refusal leg_trouble(const struct leg *, int error);
/* A download has something to send; sees to it that it has. */
bool leg_can_send(const struct leg *);
void leg_go_on(struct leg *);

/* A file of a client that offers it anew, or goes on with it. */
enum refusal leg_offer(
    struct hub *, struct client *, struct file *, const struct msg_offer *);
/* Bytes have come for a file, or it is whole: those who fetch it go on. */
void legs_wake(const struct file *);
/* The legs of a file, or those of them that receive it, end, and are told
 * why. */
void legs_cancel(struct file *, enum refusal why);
void legs_cancel_downloads(struct file *, enum refusal why);
/* Upload: what has come of it is forgotten. */
void leg_forget_bytes(struct leg *);

/* Its room has been told of it, that it is there; or could not be. */
void leg_noted(struct leg *, enum refusal why);
void legs_arrived(struct file *, enum refusal why);

/* One that the user may read. */
enum refusal
hub_find_file(struct hub *, struct user *, uint64_t number, struct file **);
struct file *file_new(struct hub *, const struct store_file *);
/* Has its room told what it is; the leg hears of it. */
void file_note(struct file *, struct leg *, struct slice caption);
/* It is ready: tells its room, unless that is being done. */
void file_arrived(struct hub *, struct file *);
/* The same for what the spool has as a whole, by its word: hashed first. */
void file_hash_again(struct hub *, struct file *);
/* So much of it is in the spool. */
void file_set_have(struct hub *, struct file *, uint64_t have);
/* What came of it was wrong: none of it is there. */
void file_again(struct hub *, struct file *);
/* Nobody sends it at the moment. */
void file_leave(struct hub *, struct file *);
/* At its sender's wish, or because its bytes are lost: its room is told. */
void file_withdraw(struct hub *, struct file *, struct slice why);
/* It is nobody's any more: out of the tables, and out of the spool. */
void file_drop(struct hub *, struct file *);
/* Out of the tables. */
void file_remove(struct hub *, struct file *);
/* Frees one that is gone and that nobody needs any more. */
void file_done(struct file *);

/* How much room it takes: from now on; no more; after its size or have
 * changed. */
void file_own(struct hub *, struct file *);
void file_disown(struct hub *, struct file *);
void file_charge(struct hub *, struct file *);
/* Bytes that a device may still send, and why no more. */
uint64_t
hub_files_left(const struct hub *, const struct id *device, enum refusal *why);
/* How long a file may become, never less than it is; and why no longer. */
uint64_t file_most(const struct hub *, const struct file *, enum refusal *why);

#endif
