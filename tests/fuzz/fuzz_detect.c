/*
 * The first bytes of a stream.  What was decided once stays so, whatever comes
 * behind; whoever is no stranger begins as a frame may, and a stranger gets one
 * short answer.
 */
#include <stdlib.h>
#include <string.h>

#include "../../chatd/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { DECIDED_BY = 16, ANSWER_MAX = 256 };

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

/* From a copy that ends where the bytes do. */
static enum detected
first(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len != 0 ? len : 1);
	enum detected what;

	if (len != 0)
		memcpy(copy, data, len);
	what = detect(copy, len);
	free(copy);
	return what;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum detected before = DETECT_MORE;
	size_t i;

	for (i = 0; i <= len && i <= 4 * DECIDED_BY; i++) {
		enum detected what = first(data, i);

		MUST(before == DETECT_MORE || what == before);
		MUST(i < DECIDED_BY || what != DETECT_MORE);
		MUST((what != DETECT_MORE && what != DETECT_FRAME) ==
		    (detect_answer(what).len != 0));
		MUST(detect_answer(what).len <= ANSWER_MAX);
		before = what;
	}
	if (len != 0 && data[0] == 0)
		MUST(before == DETECT_FRAME);
	return 0;
}
