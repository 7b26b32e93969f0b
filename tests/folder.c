#include "folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xmalloc.h"

void
folder_make(char path[FOLDER_LEN])
{
	const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(path, FOLDER_LEN, "%s/chat-test-XXXXXX", where);
	cr_assert_not_null(mkdtemp(path));
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
folder_remove(const char *path)
{
	nftw(path, drop, 8, FTW_DEPTH | FTW_PHYS);
}

void
folder_write(const char *path, const char *name, const void *bytes, size_t len)
{
	char *file = xasprintf("%s/%s", path, name);
	FILE *f = fopen(file, "w");

	cr_assert_not_null(f, "%s", file);
	cr_assert_eq(fwrite(bytes, 1, len, f), len);
	cr_assert_eq(fclose(f), 0);
	free(file);
}

char *
folder_read(const char *path, const char *name, size_t *len)
{
	char *file = xasprintf("%s/%s", path, name), *bytes = NULL;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;

	free(file);
	if (fd < 0)
		return NULL;
	cr_assert_eq(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	bytes = xmalloc(*len + 1);
	cr_assert_eq(read(fd, bytes, *len), st.st_size);
	close(fd);
	return bytes;
}
