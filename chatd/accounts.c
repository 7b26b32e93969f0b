#include "accounts.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "protocol.h"
#include "table.h"
#include "text.h"
#include "xmalloc.h"

/* What the kernel says when it has no number for somebody, user_namespaces(7).
 */
enum { OVERFLOW_UID = 65534 };

struct account {
	uid_t uid;
	char *name;	     /* NULL: there was none */
	struct timespec age; /* of the file then */
	UT_hash_handle hh;
};

struct accounts {
	const char *path;
	struct account *all;
};

static bool
is_shown(const char *name)
{
	size_t len = strlen(name);

	return len != 0 && len <= PROTOCOL_NAME_MAX &&
	    text_is_clean(slice_of(name), false);
}

/* NULL, or the uid's name as the file has it; the caller's. */
static char *
read_name(const char *path, uid_t uid)
{
	FILE *file = fopen(path, "re");
	struct passwd *p;
	char *name = NULL;

	while (file != NULL && name == NULL && (p = fgetpwent(file)) != NULL)
		if (p->pw_uid == uid && is_shown(p->pw_name))
			name = xstrdup(p->pw_name);
	if (file != NULL)
		fclose(file);
	return name;
}

static struct timespec
age_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtim : (struct timespec){ 0 };
}

static bool
is_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

const char *
accounts_name(struct accounts *accounts, uid_t uid)
{
	struct timespec age;
	struct account *a;

	if (uid == OVERFLOW_UID)
		return NULL;
	HASH_FIND(hh, accounts->all, &uid, sizeof(uid), a);
	if (a != NULL && a->name != NULL)
		return a->name;
	age = age_of(accounts->path);
	if (a != NULL && is_same(a->age, age))
		return NULL;
	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		a->uid = uid;
		HASH_ADD(hh, accounts->all, uid, sizeof(uid), a);
	}
	a->age = age;
	a->name = read_name(accounts->path, uid);
	return a->name;
}

struct accounts *
accounts_new(const char *path)
{
	struct accounts *accounts = xcalloc(1, sizeof(*accounts));

	accounts->path = path;
	return accounts;
}

void
accounts_free(struct accounts *accounts)
{
	struct account *a, *next;

	if (accounts == NULL)
		return;
	HASH_ITER(hh, accounts->all, a, next)
	{
		HASH_DEL(accounts->all, a);
		free(a->name);
		free(a);
	}
	free(accounts);
}
