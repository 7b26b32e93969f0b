/*
 * Login names: who came over a UNIX socket is known by one, and the nick that
 * is the same is nobody else's from then on, until the daemon ends.  Not the
 * nicks of all who have a login: most of them never come, and on a server
 * that nobody reaches by a UNIX socket nicks are as free as they ever were.
 */
#include <stdlib.h>

#include "hub_state.h"
#include "xmalloc.h"

struct claim {
	char *account;
	struct name_key key;
	UT_hash_handle hh;
};

static struct claim *
find_claim(const struct hub *hub, const struct name_key *key)
{
	struct claim *claim;

	HASH_FIND(hh, hub->claims, key->at, key->len, claim);
	return claim;
}

/* Whose client or, when that does not say, user this is; NULL: a guest's. */
static const char *
account_of(const struct client *client, const struct user *user)
{
	if (client->account != NULL || user == NULL)
		return client->account;
	return user->account;
}

bool
hub_has_claim(const struct hub *hub, const struct client *client,
    const struct user *user, struct slice nick)
{
	const char *account = account_of(client, user);

	return hub->settings->server_accounts && account != NULL &&
	    names_same(slice_of(account), nick);
}

bool
hub_is_claimed(const struct hub *hub, const struct client *client,
    const struct user *user, const struct name_key *key)
{
	const char *account = account_of(client, user);
	const struct claim *claim = find_claim(hub, key);

	return hub->settings->server_accounts && claim != NULL &&
	    (account == NULL || strcmp(account, claim->account) != 0);
}

void
hub_claim(struct hub *hub, const struct client *client, struct user *user)
{
	struct claim *claim;
	struct name_key key;

	if (client->account == NULL)
		return;
	free(user->account);
	user->account = xstrdup(client->account);
	if (!names_key(slice_of(user->account), &key) ||
	    find_claim(hub, &key) != NULL)
		return;
	claim = xcalloc(1, sizeof(*claim));
	claim->account = xstrdup(user->account);
	claim->key = key;
	HASH_ADD_KEYPTR(hh, hub->claims, claim->key.at, claim->key.len, claim);
}

void
hub_claims_free(struct hub *hub)
{
	struct claim *claim, *next;

	HASH_ITER(hh, hub->claims, claim, next)
	{
		HASH_DEL(hub->claims, claim);
		free(claim->account);
		free(claim);
	}
}
