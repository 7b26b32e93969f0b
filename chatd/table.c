#include "table.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

unsigned
table_hash(const void *at, size_t len)
{
	static unsigned char key[crypto_shorthash_KEYBYTES];
	static bool drawn;
	uint64_t hash;

	if (!drawn) {
		randombytes_buf(key, sizeof key);
		drawn = true;
	}
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "SipHash-2-4");
	crypto_shorthash((unsigned char *)&hash, at, len, key);
	return (unsigned)hash;
}
