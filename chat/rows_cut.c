/*
 * Text for rows, cut, and made plain.
 */
#include "rows.h"
#include "utf8.h"

void
rows_plain(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		/* What follows the last plain one may be a mark on it. */
		size_t n = utf8_plain(text.at, text.len);
		if (n > 0 && n < text.len)
			n--;
		if (n == 0) {
			n = utf8_cluster(text.at, text.len);
			buf_add(out, n == 1 ? text.at : "?", 1);
		} else {
			buf_add(out, text.at, n);
		}
		text.at += n;
		text.len -= n;
	}
}

void
rows_cut(struct buf *out, struct slice text, int columns)
{
	size_t fits = utf8_fit(text.at, text.len, columns);

	if (fits < text.len) {
		fits = utf8_fit(text.at, text.len, columns - 1);
		buf_add(out, text.at, fits);
		buf_add_string(out, "~");
		return;
	}
	buf_add_slice(out, text);
}
