#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chat/downloads.h"
#include "folder.h"

static char home[FOLDER_LEN];

static void
begin(void)
{
	folder_make(home);
	setenv("HOME", home, 1);
	unsetenv("XDG_DOWNLOAD_DIR");
	unsetenv("XDG_DATA_HOME");
}

static void
end(void)
{
	folder_remove(home);
}

TestSuite(downloads, .init = begin, .fini = end);

static void
expect(const char *wish, const char *expected)
{
	char *found = downloads_directory(wish);

	if (expected == NULL)
		cr_expect_null(found);
	else
		cr_expect_str_eq(found, expected);
	free(found);
}

Test(downloads, the_first_that_is_there)
{
	char path[FOLDER_LEN + 64];

	snprintf(path, sizeof(path), "%s/.local/share/chat/files", home);
	expect(NULL, path);
	setenv("XDG_DATA_HOME", "relative", 1);
	expect(NULL, path);
	setenv("XDG_DATA_HOME", "/data", 1);
	expect(NULL, "/data/chat/files");
	snprintf(path, sizeof(path), "%s/Downloads", home);
	folder_write(home, "Downloads", "a file", 6);
	expect(NULL, "/data/chat/files");
	unlink(path);
	mkdir(path, 0755);
	expect(NULL, path);
	setenv("XDG_DOWNLOAD_DIR", "relative", 1);
	expect(NULL, path);
	setenv("XDG_DOWNLOAD_DIR", "/down", 1);
	expect(NULL, "/down");
	expect("/wish", "/wish");
}

Test(downloads, a_wish_is_from_where_one_is)
{
	char path[FOLDER_LEN + 64];

	cr_assert_eq(chdir(home), 0);
	snprintf(path, sizeof(path), "%s/here", home);
	expect("here", path);
	cr_assert_eq(chdir("/"), 0);
}

Test(downloads, nobody_says)
{
	unsetenv("HOME");
	expect(NULL, NULL);
	setenv("HOME", "relative", 1);
	expect(NULL, NULL);
}
