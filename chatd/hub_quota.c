/*
 * How much room files take: of all, and of each who sent some.  What was
 * offered counts as a whole from the offer on, what has no size yet as much as
 * has come of it.
 */
#include <stdlib.h>

#include "hub_files.h"
#include "xmalloc.h"

/* Somebody's files that there are. */
struct owner {
	struct id device;
	uint64_t bytes;
	unsigned n;
	UT_hash_handle hh;
};

static uint64_t
mib(int64_t n)
{
	return (uint64_t)n << 20;
}

static uint64_t
at_most(uint64_t n, uint64_t most)
{
	return n < most ? n : most;
}

static uint64_t
left_of(uint64_t most, uint64_t used)
{
	return used < most ? most - used : 0;
}

static struct owner *
find_owner(const struct hub *hub, const struct id *device)
{
	struct owner *o;

	HASH_FIND(hh, hub->owners, device, sizeof *device, o);
	return o;
}

void
file_own(struct hub *hub, struct file *file)
{
	struct owner *o = find_owner(hub, &file->key.device);

	if (o == NULL) {
		o = xcalloc(1, sizeof *o);
		o->device = file->key.device;
		HASH_ADD(hh, hub->owners, device, sizeof o->device, o);
	}
	o->n++;
	file_charge(hub, file);
}

void
file_disown(struct hub *hub, struct file *file)
{
	struct owner *o = find_owner(hub, &file->key.device);

	hub->files_bytes -= file->charged;
	hub->files_owed -= file->owed;
	o->bytes -= file->charged;
	if (--o->n != 0)
		return;
	HASH_DEL(hub->owners, o);
	free(o);
}

void
file_charge(struct hub *hub, struct file *file)
{
	bool has_size = file->size != FILE_SIZE_UNKNOWN;
	uint64_t charged = has_size ? file->size : file->have;
	uint64_t owed = has_size ? left_of(file->size, file->have) : 0;

	hub->files_bytes += charged - file->charged;
	hub->files_owed += owed - file->owed;
	find_owner(hub, &file->key.device)->bytes += charged - file->charged;
	file->charged = charged;
	file->owed = owed;
}

uint64_t
hub_files_left(
    const struct hub *hub, const struct id *device, enum refusal *why)
{
	const struct settings *s = hub->settings;
	const struct owner *o = find_owner(hub, device);
	uint64_t all = left_of(mib(s->files_all), hub->files_bytes);
	uint64_t own = left_of(mib(s->files_own), o != NULL ? o->bytes : 0);

	*why = own <= all ? REFUSE_FILE_QUOTA : REFUSE_FILES_ALL;
	return at_most(own, all);
}

uint64_t
file_most(const struct hub *hub, const struct file *file, enum refusal *why)
{
	uint64_t size = mib(hub->settings->files_size);
	uint64_t most;

	*why = REFUSE_FILE_SIZE;
	if (file->size != FILE_SIZE_UNKNOWN)
		return file->size;
	most = file->have + hub_files_left(hub, &file->key.device, why);
	if (most >= size)
		*why = REFUSE_FILE_SIZE;
	most = at_most(most, size);
	return most > file->have ? most : file->have;
}
