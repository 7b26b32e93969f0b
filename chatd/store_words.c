#include "store_words.h"

#include <stdlib.h>

#include "sought.h"
#include "xmalloc.h"

/* FTS5 keeps what is made here, without knowing what it is. */
static int
create(void *arg, const char **words, int n, Fts5Tokenizer **out)
{
	(void)arg;
	(void)words;
	(void)n;
	*out = xcalloc(1, sizeof(struct buf));
	return SQLITE_OK;
}

static void
destroy(Fts5Tokenizer *tokenizer)
{
	struct buf *word = (struct buf *)tokenizer;

	buf_done(word);
	free(word);
}

static int
tokenize(Fts5Tokenizer *tokenizer, void *arg, int flags, const char *text,
    int len, int (*token)(void *, int, const char *, int, int, int))
{
	struct buf *word = (struct buf *)tokenizer;
	struct slice all = { text, text != NULL ? (size_t)len : 0 };
	size_t at = 0, from = 0;
	int code = SQLITE_OK;

	(void)flags;
	while (code == SQLITE_OK && sought_word(all, &at, word)) {
		code = token(arg, 0, (const char *)buf_at(word), (int)word->len,
		    (int)from, (int)at);
		from = at;
	}
	return code;
}

static fts5_api *
find_api(sqlite3 *db)
{
	fts5_api *api = NULL;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &s, NULL) ==
	    SQLITE_OK) {
		sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(s);
	}
	sqlite3_finalize(s);
	return api;
}

int
words_register(sqlite3 *db)
{
	fts5_tokenizer sought = { create, destroy, tokenize };
	fts5_api *api = find_api(db);

	return api == NULL
	    ? SQLITE_ERROR
	    : api->xCreateTokenizer(api, "sought", NULL, &sought, NULL);
}
