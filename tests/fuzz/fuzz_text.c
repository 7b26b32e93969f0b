/*
 * Any bytes as a text from somebody else.  Made safe it holds nothing that acts
 * on a terminal, has a width wherever something stands, and stays as it is when
 * made safe again; in rows nothing is lost and nothing sticks out.
 *
 * The first two bytes of an input choose the widths.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "../../chat/typed.h"
#include "../../chat/wrap.h"
#include "names.h"
#include "text.h"
#include "utf8.h"

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

/* What has no place on a terminal, said once more and in another way than
 * text.c does. */
static bool
is_forbidden(const struct slice s, size_t at)
{
	static const char *const sequences[] = { "\xd8\x9c", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
		"\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
		"\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8",
		"\xe2\x81\xa9" };
	unsigned char c = (unsigned char)s.at[at];

	if (c < 0x20 || c == 0x7f)
		return true;
	if (c == 0xc2 && at + 1 < s.len && (unsigned char)s.at[at + 1] < 0xa0)
		return true;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(*sequences); i++) {
		size_t n = strlen(sequences[i]);
		if (s.len - at >= n && memcmp(s.at + at, sequences[i], n) == 0)
			return true;
	}
	return false;
}

static void
try_cluster(struct slice cluster)
{
	unsigned flat = 0;

	if (cluster.at[0] == '\n')
		return;
	MUST(utf8_cluster_width(cluster.at, cluster.len) > 0);
	for (size_t at = 0, used; at < cluster.len; at += used) {
		uint32_t cp =
		    utf8_next(cluster.at + at, cluster.len - at, &used);
		MUST(wcwidth((wchar_t)cp) >= 0);
		MUST(at > 0 || wcwidth((wchar_t)cp) > 0);
		flat += wcwidth((wchar_t)cp) == 0;
	}
	MUST(flat <= 4);
}

static void
try_clusters(struct slice s, bool is_safe)
{
	size_t last = 0, n;
	int width = 0;

	for (size_t at = 0; at < s.len; at += n) {
		n = utf8_cluster(s.at + at, s.len - at);
		MUST(n > 0 && n <= s.len - at);
		MUST(utf8_cluster_before(s.at, at + n) == at);
		int own = utf8_cluster_width(s.at + at, n);
		if (own > 0)
			MUST(utf8_fit(s.at, s.len, width + own - 1) == at);
		if (is_safe)
			try_cluster((struct slice){ s.at + at, n });
		width += own;
		last = at + n;
	}
	MUST(last == s.len);
	MUST(utf8_width(s.at, s.len) == width);
}

static void
try_wrap(struct slice safe, int first, int columns)
{
	struct wrap w;
	struct wrap_row row;
	size_t at = 0, rows = 0;

	wrap_start(&w, safe, first, columns);
	for (; wrap_next(&w, &row); rows++) {
		int most = rows == 0 ? first : columns;
		MUST(row.from == at);
		MUST(row.next > at || safe.len == 0);
		MUST(row.from + row.len <= row.next && row.next <= safe.len);
		MUST(row.columns <= most);
		if (row.is_too_wide)
			MUST(utf8_width(safe.at + at, row.len) > most);
		else
			MUST(utf8_width(safe.at + at, row.len) == row.columns);
		for (at = row.from + row.len; at < row.next; at++)
			MUST(safe.at[at] == ' ' || safe.at[at] == '\n');
	}
	MUST(at == safe.len);
	MUST(wrap_count(safe, first, columns) == rows);
}

static void
try_safe(struct slice in, enum text_mode mode, int first, int columns)
{
	struct buf out = { 0 }, again = { 0 };

	text_safe(&out, in, mode);
	struct slice safe = out.len > 0 ? buf_slice(&out) : SLICE("");
	MUST(utf8_valid(safe.at, safe.len));
	for (size_t at = 0; at < safe.len; at++)
		if (mode == TEXT_ONE_LINE || safe.at[at] != '\n')
			MUST(!is_forbidden(safe, at));
	MUST(text_is_clean(safe, mode == TEXT_LINES));
	text_safe(&again, safe, mode);
	MUST(slice_is(safe, buf_slice(&again)));
	try_clusters(safe, true);
	try_wrap(safe, first, columns);
	buf_done(&out);
	buf_done(&again);
}

static void
try_row(struct slice text, const struct typed_row *row, int columns)
{
	struct buf shown = { 0 };
	struct slice own = { text.at + row->from, row->len };

	typed_show(&shown, own, columns);
	struct slice safe = buf_slice(&shown);
	MUST(utf8_width(safe.at, safe.len) == row->columns);
	for (size_t at = 0; at < safe.len; at++)
		MUST(!is_forbidden(safe, at));
	buf_done(&shown);
}

/* Of what edit could hold. */
static void
try_typed(struct slice text, int columns)
{
	struct typed t;
	struct typed_row row;
	size_t at = 0;
	int rows = 0;

	typed_start(&t, text, columns);
	for (; typed_next(&t, &row); rows++) {
		MUST(row.from == at || text.at[row.from - 1] == '\n');
		MUST(row.columns <= columns);
		try_row(text, &row, columns);
		struct typed_place place = typed_place(text, columns, row.from);
		MUST(place.row == rows && place.column == 0);
		at = row.from + row.len;
	}
	MUST(at == text.len);
	MUST(row.columns < columns);
	struct typed_place end = typed_place(text, columns, text.len);
	MUST(end.row == rows - 1 && end.rows == rows);
	MUST(end.column == row.columns);
}

static void
try_names(struct slice name)
{
	struct name_key key, again;

	if (names_key(name, &key)) {
		struct slice folded = { key.at, key.len };
		MUST(utf8_valid(key.at, key.len));
		MUST(names_key(folded, &again));
		MUST(slice_is(folded, (struct slice){ again.at, again.len }));
		MUST(names_same(name, folded));
	}
	if (names_nick(name, &key) != FINE && names_room(name, &key) != FINE)
		return;
	struct buf safe = { 0 };
	MUST(text_is_clean(name, false));
	text_safe(&safe, name, TEXT_ONE_LINE);
	MUST(safe.len > 0);
	buf_done(&safe);
}

static void
try_escape(struct slice in)
{
	struct buf out = { 0 };

	text_escape(&out, in);
	for (size_t at = 0; at < out.len; at++)
		MUST(!is_forbidden(buf_slice(&out), at));
	MUST(text_is_clean(buf_slice(&out), false));
	buf_done(&out);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	MUST(setlocale(LC_ALL, "C.UTF-8") != NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 4096)
		return 0;
	int first = 1 + data[0], columns = 1 + data[1] % 100;
	/* A copy of exactly this size, so that reading past it is seen. */
	size_t len = size - 2;
	char *copy = malloc(len + 1);
	MUST(copy != NULL);
	struct slice in = { copy + 1, len };
	memcpy(copy + 1, data + 2, len);

	bool is_clean = text_is_clean(in, true);
	MUST(!is_clean || utf8_valid(in.at, in.len));
	try_clusters(in, false);
	try_safe(in, TEXT_LINES, first, columns);
	try_safe(in, TEXT_ONE_LINE, first, columns);
	try_escape(in);
	try_names(in);
	if (is_clean)
		try_typed(in, columns);
	free(copy);
	return 0;
}
