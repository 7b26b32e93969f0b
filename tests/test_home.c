/*
 * Where chatd keeps things, by options and environment; and that what is only
 * for a while leaves nothing behind.
 */
#include <criterion/criterion.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../chatd/directory.h"
#include "../chatd/home.h"
#include "../chatd/options.h"
#include "../chatd/settings.h"
#include "../chatd/spool.h"
#include "folder.h"

static void
set(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

Test(home, directory_is_that_of_the_first_who_knows)
{
	static const struct {
		const char *option, *state, *user, *home, *wanted;
	} rows[] = {
		{ "/o", "/s", "/u", "/h", "/o" },
		{ NULL, "/s", "/u", "/h", "/s" },
		{ NULL, NULL, "/u", "/h", "/u/chatd" },
		{ NULL, "s", "/u", "/h", "/u/chatd" },
		{ NULL, NULL, "u", "/h", "/h/.local/state/chatd" },
		{ NULL, NULL, NULL, "/h", "/h/.local/state/chatd" },
		{ NULL, NULL, NULL, "h", NULL },
		{ NULL, NULL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *wanted = rows[i].wanted;
		char *found;

		if (i > 1 && geteuid() == 0)
			wanted = "/var/lib/chatd";
		set("STATE_DIRECTORY", rows[i].state);
		set("XDG_STATE_HOME", rows[i].user);
		set("HOME", rows[i].home);
		found = directory_find(rows[i].option);
		if (wanted == NULL)
			cr_expect_null(found, "row %zu: %s", i, found);
		else
			cr_expect_str_eq(found, wanted, "row %zu", i);
		free(found);
	}
}

static unsigned
count_names(const char *directory)
{
	DIR *dir = opendir(directory);
	unsigned n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static void
nothing(struct spool_job *job)
{
	(void)job;
}

Test(home, in_memory_leaves_nothing_behind)
{
	struct settings *settings = settings_new();
	struct options o = { .in_memory = true };
	struct spool_job job = {
		.what = SPOOL_TAKE, .file = 1, .done = nothing
	};
	char folder[FOLDER_LEN];
	struct home home;

	folder_make(folder);
	setenv("TMPDIR", folder, 1);
	cr_assert_eq(home_open(&home, &o, settings), 0);
	cr_expect_eq(count_names(folder), 1);
	/* It is under way when everything ends. */
	spool_ask(home.spool, &job);
	home_end_files(&home);
	home_close(&home);
	cr_expect_eq(count_names(folder), 0);
	folder_remove(folder);
	settings_free(settings);
}

Test(home, in_memory_without_a_place_for_files_takes_none)
{
	struct settings *settings = settings_new();
	struct options o = { .in_memory = true };
	struct home home;

	setenv("TMPDIR", "/dev/null", 1);
	cr_assert_eq(home_open(&home, &o, settings), 0);
	cr_expect_null(home.spool);
	cr_expect_not_null(home.store);
	home_end_files(&home);
	home_close(&home);
	settings_free(settings);
}
