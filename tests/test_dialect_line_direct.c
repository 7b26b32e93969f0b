/* Lines in conversations of two: what is said reaches who it is meant for. */
#include <criterion/criterion.h>
#include <string.h>

#include "../chatd/dialect.h"
#include "house.h"

static struct house *house;

static void
start(void)
{
	house = house_open();
}

static void
stop(void)
{
	house_close(house);
}

TestSuite(dialect_line_direct, .init = start, .fini = stop, .timeout = 60);

static struct guest *
guest(const char *nick)
{
	struct guest *g = house_guest(house, &dialect_line);

	guest_line(g, nick);
	house_settle(house);
	return g;
}

/* What a line brings about, as this guest sees it. */
static void
expect(struct guest *who, const char *line, struct guest *g, const char *what)
{
	buf_clear(&g->in);
	guest_line(who, line);
	house_settle(house);
	cr_expect_str_eq(buf_string(&g->in), what, "%s: %s, not %s", line,
	    buf_string(&g->in), what);
}

Test(dialect_line_direct, follows_who_takes_another_nick)
{
	struct guest *ann = guest("ann"), *bob = guest("bob"), *eve;

	guest_line(ann, "/query bob");
	expect(ann, "hi", bob, "[direct] <ann> hi\r\n");
	guest_line(bob, "/nick robert");
	house_settle(house);
	eve = guest("bob");
	buf_clear(&eve->in);
	expect(ann, "for you alone", bob, "[direct] <ann> for you alone\r\n");
	cr_expect_str_eq(buf_string(&eve->in), "");
	expect(ann, "and this", ann,
	    "+ok say robert 4\r\n[direct] <ann> and this\r\n");
	expect(
	    ann, "/query bob", ann, "+ok query bob 0 entries from before\r\n");
	expect(ann, "hi", eve, "[direct] <ann> hi\r\n");
}

Test(dialect_line_direct, what_was_for_one_is_not_told_to_all)
{
	struct guest *ann = guest("ann"), *bob = guest("bob");

	guest_line(ann, "/query bob");
	expect(ann, "hi", bob, "[direct] <ann> hi\r\n");
	guest_line(bob, "/quit");
	house_settle(house);
	expect(ann, "for you alone", ann,
	    "-no nobody nobody here has this nick\r\n");
	expect(
	    ann, "/me waves", ann, "-no nobody nobody here has this nick\r\n");
	expect(ann, "/join #lobby", ann, "+ok join #lobby\r\n");
	expect(ann, "for all", ann,
	    "+ok say #lobby 4\r\n[#lobby] <ann> for all\r\n");
}

Test(dialect_line_direct, where_one_was_not_does_not_matter)
{
	struct guest *ann = guest("ann"), *bob = guest("bob");

	expect(bob, "/msg ann psst", ann, "[direct] <bob> psst\r\n");
	guest_line(bob, "/quit");
	house_settle(house);
	expect(ann, "for all", ann,
	    "+ok say #lobby 4\r\n[#lobby] <ann> for all\r\n");
}
