#include "digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include <openssl/evp.h>

#include "log.h"
#include "xmalloc.h"

struct digest {
	EVP_MD_CTX *now;
	EVP_MD_CTX *copy; /* to be finished without ending the first */
};

/* OpenSSL fails here only without memory, or built without SHA-256. */
static void
must(int ok)
{
	if (ok != 1)
		fatalx(EX_OSERR, "SHA-256 cannot be computed");
}

struct digest *
digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->now = EVP_MD_CTX_new();
	d->copy = EVP_MD_CTX_new();
	must(d->now != NULL && d->copy != NULL);
	digest_reset(d);
	return d;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->now);
	EVP_MD_CTX_free(d->copy);
	free(d);
}

void
digest_reset(struct digest *d)
{
	must(EVP_DigestInit_ex(d->now, EVP_sha256(), NULL));
}

void
digest_add(struct digest *d, const void *at, size_t len)
{
	must(EVP_DigestUpdate(d->now, at, len));
}

struct hash
digest_now(const struct digest *d)
{
	struct hash hash;

	must(EVP_MD_CTX_copy_ex(d->copy, d->now));
	must(EVP_DigestFinal_ex(d->copy, hash.byte, NULL));
	return hash;
}

void
digest_text(const struct hash *hash, char out[DIGEST_TEXT])
{
	size_t i;

	for (i = 0; i < sizeof(hash->byte); i++)
		snprintf(out + 2 * i, 3, "%02x", hash->byte[i]);
}
