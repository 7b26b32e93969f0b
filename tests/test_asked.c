#include <criterion/criterion.h>

#include "../chat/asked.h"
#include "wire.h"

static struct asked *
ask(struct asking *a, struct buf *out, const char *room)
{
	union message m = { .join = { MSG_JOIN, 0, slice_of(room) } };

	return asking_add(a, out, &m, NULL, false);
}

Test(asked, gives_refs_and_finds_by_them)
{
	struct asking a = { 0 };
	struct buf out = { 0 };
	struct asked *one = ask(&a, &out, "#a"), *two = ask(&a, &out, "#b");

	cr_expect_eq(one->ref, 1);
	cr_expect_eq(two->ref, 2);
	cr_expect_eq(wire_get_u32(buf_at(&out) + 5), 1);
	cr_expect_eq(asking_find(&a, 1), one);
	cr_expect_eq(asking_find(&a, 2), two);
	cr_expect_null(asking_find(&a, 3));
	cr_expect_null(asking_find(&a, UINT64_C(0x100000001)));
	cr_expect(asking_has(&a, NULL, MSG_JOIN));
	cr_expect_not(asking_has(&a, NULL, MSG_PART));
	asking_drop(&a, one);
	cr_expect_null(asking_find(&a, 1));
	cr_expect_eq(asking_find(&a, 2), two);
	asking_drop(&a, two);
	cr_expect_null(a.first);
	a.ref = UINT32_MAX;
	one = ask(&a, &out, "#a");
	cr_expect_eq(one->ref, 1, "0 is no ref");
	asking_drop(&a, one);
	buf_done(&out);
}

Test(asked, asks_again_when_it_is_time)
{
	struct asking a = { 0 };
	struct buf out = { 0 };
	struct asked *one = ask(&a, &out, "#a"), *two = ask(&a, &out, "#b");
	struct buf first = { 0 };

	buf_add_slice(&first, buf_slice(&one->frame));
	cr_expect_eq(asking_wait(&a, 100), -1);
	buf_clear(&out);
	cr_expect(asking_postpone(one, 150));
	cr_expect(asking_postpone(two, 250));
	cr_expect_eq(asking_wait(&a, 100), 50);
	cr_expect_eq(asking_wait(&a, 151), 0);
	asking_resend(&a, &out, 149);
	cr_expect_eq(out.len, 0);
	asking_resend(&a, &out, 150);
	cr_expect(slice_is(buf_slice(&out), buf_slice(&first)));
	cr_expect_eq(asking_wait(&a, 150), 100);
	for (int i = 2; i < ASKED_TRIES; i++) {
		cr_expect(asking_postpone(one, 150));
		asking_resend(&a, &out, 150);
	}
	cr_expect_not(asking_postpone(one, 150));
	asking_drop(&a, one);
	asking_drop(&a, two);
	buf_done(&first);
	buf_done(&out);
}
