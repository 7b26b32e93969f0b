#include "blob.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

struct blob *
blob_new(size_t cap)
{
	struct blob *b;

	assert(cap <= UINT32_MAX);
	b = xmalloc(sizeof(*b) + cap);
	b->refs = 1;
	b->len = 0;
	b->cap = (uint32_t)cap;
	return b;
}

struct blob *
blob_ref(struct blob *b)
{
	b->refs++;
	return b;
}

void
blob_unref(struct blob *b)
{
	if (b != NULL && --b->refs == 0)
		free(b);
}

void
blob_add(struct blob *b, const void *from, size_t len)
{
	assert(len <= b->cap - b->len);
	if (len == 0)
		return;
	memcpy(b->data + b->len, from, len);
	b->len += (uint32_t)len;
}
