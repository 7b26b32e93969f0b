/* Login names from a file like /etc/passwd. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chatd/accounts.h"
#include "folder.h"

static char folder[FOLDER_LEN], path[FOLDER_LEN + 16];

/* Of this age, so that a change is one. */
static void
write_file(const char *text, time_t age)
{
	struct timespec times[2] = { { .tv_sec = age }, { .tv_sec = age } };
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
start(void)
{
	folder_make(folder);
	snprintf(path, sizeof(path), "%s/passwd", folder);
}

static void
stop(void)
{
	folder_remove(folder);
}

TestSuite(accounts, .init = start, .fini = stop);

static void
is_called(struct accounts *a, uid_t uid, const char *wanted)
{
	const char *name = accounts_name(a, uid);

	if (wanted == NULL)
		cr_expect_null(name, "%u: %s", (unsigned)uid, name);
	else
		cr_expect_str_eq(name != NULL ? name : "nobody", wanted);
}

Test(accounts, a_name_is_found_and_stays)
{
	struct accounts *a = accounts_new(path);

	write_file("root:x:0:0::/:/bin/sh\nann:x:1000:100::/:/bin/sh\n"
		   "ann2:x:1000:100::/:/bin/sh\n",
	    1);
	is_called(a, 0, "root");
	is_called(a, 1000, "ann");
	write_file("anna:x:1000:100::/:/bin/sh\n", 2);
	is_called(a, 1000, "ann");
	accounts_free(a);
}

Test(accounts, who_has_none_is_looked_for_when_the_file_changes)
{
	struct accounts *a = accounts_new(path);

	is_called(a, 1000, NULL);
	write_file("bob:x:1001:100::/:/bin/sh\n", 1);
	is_called(a, 1000, NULL);
	write_file("ann:x:1000:100::/:/bin/sh\n", 1);
	is_called(a, 1000, NULL);
	write_file("ann:x:1000:100::/:/bin/sh\n", 2);
	is_called(a, 1000, "ann");
	accounts_free(a);
}

Test(accounts, what_cannot_be_shown_is_no_name)
{
	struct accounts *a = accounts_new(path);

	write_file("a\033b:x:1:1::/:/bin/sh\n"
		   "c\xff:x:2:1::/:/bin/sh\n"
		   "a23456789b23456789c23456789d23456789e23456789"
		   "f23456789g23456789h23456789:x:3:1::/:/bin/sh\n"
		   "nobody:x:65534:1::/:/bin/sh\n",
	    1);
	is_called(a, 1, NULL);
	is_called(a, 2, NULL);
	is_called(a, 3, NULL);
	is_called(a, 65534, NULL);
	accounts_free(a);
}
