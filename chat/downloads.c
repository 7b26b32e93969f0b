#include "downloads.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xmalloc.h"

/* NULL: it is not set, or no absolute path. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *
absolute(const char *path)
{
	char *here, *full;

	if (path[0] == '/')
		return xstrdup(path);
	here = getcwd(NULL, 0);
	if (here == NULL)
		return NULL;
	full = xasprintf("%s/%s", here, path);
	free(here);
	return full;
}

/* ~/Downloads; NULL: there is none. */
static char *
usual(const char *home)
{
	char *path = xasprintf("%s/Downloads", home);

	if (is_directory(path))
		return path;
	free(path);
	return NULL;
}

char *
downloads_directory(const char *wish)
{
	const char *home = variable("HOME"), *data = variable("XDG_DATA_HOME");
	char *path = NULL;

	if (wish != NULL)
		return absolute(wish);
	if (variable("XDG_DOWNLOAD_DIR") != NULL)
		return xstrdup(variable("XDG_DOWNLOAD_DIR"));
	if (home != NULL)
		path = usual(home);
	if (path != NULL)
		return path;
	if (data != NULL)
		return xasprintf("%s/chat/files", data);
	return home != NULL ? xasprintf("%s/.local/share/chat/files", home)
			    : NULL;
}

int
downloads_check(const char *path)
{
	char *folder = xstrdup(path), *slash = strrchr(folder, '/');
	struct stat st;
	int error = 0;

	if (slash != NULL)
		slash[slash == folder] = '\0';
	if (lstat(path, &st) == 0)
		error = is_directory(path) ? 0 : EEXIST;
	else if (slash != NULL && stat(folder, &st) < 0)
		error = errno;
	else if (slash != NULL && !S_ISDIR(st.st_mode))
		error = ENOTDIR;
	free(folder);
	return error;
}
