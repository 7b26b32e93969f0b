/*
 * SHA-256 (FIPS 180-4), as sha256sum(1) computes it, while the bytes pass.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

#include "protocol.h"

struct digest;

enum { DIGEST_TEXT = 65 }; /* hexadecimal digits and a NUL */

struct digest *digest_new(void);
void digest_free(struct digest *);
void digest_add(struct digest *, const void *, size_t len);
/* Of all bytes so far; more may be added. */
struct hash digest_now(const struct digest *);
/* The digest of no bytes again. */
void digest_reset(struct digest *);

void digest_text(const struct hash *, char out[DIGEST_TEXT]);

#endif
