#include <criterion/criterion.h>

#include "../chat/recall.h"

Test(recall, finds_what_was_sent)
{
	struct history h = { 0 };
	struct recall r;

	history_add(&h, SLICE("make all"));
	history_add(&h, SLICE("see you"));
	history_add(&h, SLICE("make test"));
	recall_start(&r);
	cr_expect(r.is_on);
	cr_expect_not(recall_older(&r, &h));
	cr_expect(recall_type(&r, &h, SLICE("ma")));
	cr_expect_str_eq(buf_string(&r.found), "make test");
	cr_expect(recall_older(&r, &h));
	cr_expect_str_eq(buf_string(&r.found), "make all");
	cr_expect_not(recall_older(&r, &h));
	cr_expect_str_eq(buf_string(&r.found), "make all");
	/* More words begin with the newest again. */
	cr_expect(recall_type(&r, &h, SLICE("ke t")));
	cr_expect_str_eq(buf_string(&r.found), "make test");
	cr_expect_not(recall_type(&r, &h, SLICE("x")));
	cr_expect_str_eq(buf_string(&r.found), "");
	cr_expect(recall_erase(&r, &h));
	cr_expect_str_eq(buf_string(&r.found), "make test");
	recall_stop(&r);
	cr_expect_not(r.is_on);
	history_done(&h);
}

Test(recall, erases_by_clusters)
{
	struct history h = { 0 };
	struct recall r;

	recall_start(&r);
	recall_type(&r, &h, SLICE("ae\xcc\x81"));
	cr_expect(recall_erase(&r, &h));
	cr_expect_str_eq(buf_string(&r.words), "a");
	cr_expect(recall_erase(&r, &h));
	cr_expect_not(recall_erase(&r, &h));
	recall_stop(&r);
}
