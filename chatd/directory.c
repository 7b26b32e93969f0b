#include "directory.h"

#include <stdlib.h>
#include <unistd.h>

#include "xmalloc.h"

char *
directory_find(const char *given)
{
	const char *state = getenv("STATE_DIRECTORY");
	const char *user = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (given != NULL)
		return xstrdup(given);
	if (state != NULL && state[0] == '/')
		return xstrdup(state);
	if (geteuid() == 0)
		return xstrdup("/var/lib/chatd");
	if (user != NULL && user[0] == '/')
		return xasprintf("%s/chatd", user);
	if (home != NULL && home[0] == '/')
		return xasprintf("%s/.local/state/chatd", home);
	return NULL;
}
