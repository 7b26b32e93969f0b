#include <criterion/criterion.h>
#include <signal.h>

#include "blob.h"

Test(blob, is_filled_at_its_end)
{
	struct blob *b = blob_new(6);

	cr_expect_eq(b->refs, 1);
	cr_expect_eq(b->len, 0);
	cr_expect_eq(b->cap, 6);
	blob_add(b, "abc", 3);
	blob_add(b, NULL, 0);
	blob_add(b, "def", 3);
	cr_expect_eq(b->len, 6);
	cr_expect_arr_eq(b->data, "abcdef", 6);
	blob_unref(b);
}

Test(blob, may_be_of_no_bytes)
{
	struct blob *b = blob_new(0);

	blob_add(b, "", 0);
	cr_expect_eq(b->len, 0);
	blob_unref(b);
}

/* Freed by the last reference: the leak checker sees a missing one, the address
 * checker one too many. */
Test(blob, lives_as_long_as_somebody_holds_it)
{
	struct blob *b = blob_new(1);

	blob_add(b, "x", 1);
	cr_expect_eq(blob_ref(b), b);
	blob_ref(b);
	cr_expect_eq(b->refs, 3);
	blob_unref(b);
	blob_unref(b);
	cr_expect_eq(b->refs, 1);
	cr_expect_eq(b->data[0], 'x');
	blob_unref(b);
	blob_unref(NULL);
}

Test(blob, more_than_there_is_room_for_is_our_own_mistake, .signal = SIGABRT)
{
	struct blob *b = blob_new(3);

	blob_add(b, "abcd", 4);
}
