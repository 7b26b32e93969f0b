#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chat/state.h"

static char home[] = "/tmp/test_state.XXXXXX";

static int
drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(home));
	setenv("XDG_STATE_HOME", home, 1);
}

static void
end(void)
{
	nftw(home, drop, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(state, .init = begin, .fini = end);

static bool
same(const struct state *a, const struct state *b)
{
	return memcmp(&a->device, &b->device, sizeof(a->device)) == 0;
}

static const char *
path(const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s/chat/%s", home, name);
	return text;
}

static void
spoil(const char *name, const char *content)
{
	int fd = open(path(name), O_WRONLY | O_TRUNC | O_CREAT, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(
	    write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

Test(state, a_device_is_made_once)
{
	struct state first, again;
	struct stat st;

	state_open(&first);
	cr_expect_geq(first.fd, 0, "%s", first.why);
	cr_expect_eq(stat(path("device"), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_expect_eq(st.st_size, 33);
	cr_expect_eq(stat(path(""), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	state_close(&first);
	state_open(&again);
	cr_expect(same(&first, &again));
	state_close(&again);
}

Test(state, each_of_several_has_its_own)
{
	struct state s[STATE_DEVICES + 1], again;

	for (int i = 0; i < STATE_DEVICES; i++) {
		state_open(&s[i]);
		cr_expect_geq(s[i].fd, 0, "%s", s[i].why);
		for (int j = 0; j < i; j++)
			cr_expect_not(same(&s[i], &s[j]));
	}
	state_open(&s[STATE_DEVICES]);
	cr_expect_lt(s[STATE_DEVICES].fd, 0);
	cr_expect_not_null(strstr(s[STATE_DEVICES].why, "in use"));
	state_close(&s[3]);
	state_open(&again);
	cr_expect(same(&s[3], &again));
	cr_expect_eq(access(path("device.16"), F_OK), 0);
	cr_expect_neq(access(path("device.17"), F_OK), 0);
	for (int i = 0; i < STATE_DEVICES; i++)
		state_close(&s[i]);
	state_close(&again);
}

static const char *const spoilt[] = { "", "abc",
	"00000000000000000000000000000000\n",
	"0123456789ABCDEF0123456789abcdef\n",
	"0123456789abcdef0123456789abcde\n" };

Test(state, a_spoilt_one_is_made_anew)
{
	struct state s, again;

	for (size_t i = 0; i < sizeof(spoilt) / sizeof(*spoilt); i++) {
		state_open(&s);
		state_close(&s);
		spoil("device", spoilt[i]);
		state_open(&again);
		cr_expect_geq(again.fd, 0, "%s", again.why);
		cr_expect_not(same(&s, &again));
		state_close(&again);
		state_open(&s);
		cr_expect(same(&s, &again), "it stays");
		state_close(&s);
	}
	spoil("device", "0123456789abcdef0123456789abcdef\n");
	state_open(&s);
	cr_expect_eq(s.device.byte[0], 0x01);
	cr_expect_eq(s.device.byte[15], 0xef);
	state_close(&s);
}

Test(state, without_a_directory_it_is_in_memory_only)
{
	struct state one, two;

	setenv("XDG_STATE_HOME", "/dev/null/x", 1);
	state_open(&one);
	state_open(&two);
	cr_expect_lt(one.fd, 0);
	cr_expect_not_null(strstr(one.why, "/dev/null/x/chat"));
	cr_expect_not(same(&one, &two));
	state_close(&one);
	setenv("XDG_STATE_HOME", "relative", 1);
	unsetenv("HOME");
	state_open(&one);
	cr_expect_lt(one.fd, 0);
	cr_expect_not_null(strstr(one.why, "HOME"));
	setenv("HOME", home, 1);
	state_open(&one);
	cr_expect_geq(one.fd, 0);
	cr_expect_eq(access(path("../.local/state/chat/device"), F_OK), -1);
	state_close(&one);
}

Test(state, a_link_is_not_followed)
{
	struct state s;

	state_open(&s);
	state_close(&s);
	unlink(path("device"));
	cr_assert_eq(symlink("/dev/zero", path("device")), 0);
	state_open(&s);
	cr_expect_lt(s.fd, 0);
	state_close(&s);
}
