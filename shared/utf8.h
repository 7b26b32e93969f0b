/*
 * UTF-8: whether it is, where a cluster (what a person calls a character) ends,
 * and how many columns it takes on a terminal.  Validity and clusters are
 * utf8proc's; columns are the C library's wcwidth, because curses uses the same
 * (a layout by any other table puts the cursor in the wrong column).
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Valid per RFC 3629: no overlong form, no surrogate, no code point past
 * U+10FFFF. */
bool utf8_valid(const char *, size_t len);
/* Length of the run of printable ASCII (space to ~) at the front: the part that
 * needs none of what follows here. */
size_t utf8_plain(const char *, size_t len);
/* The code point at the front of len (> 0) bytes, its length in *used (at
 * least 1).  Bytes that are no UTF-8 give U+FFFD, one for each maximal subpart
 * (Unicode 3.9). */
uint32_t utf8_next(const char *, size_t len, size_t *used);
/* Bytes of the code point appended to out (room for 4); 0 if there is none. */
size_t utf8_put(uint32_t codepoint, char *out);
/* Bytes of the first extended grapheme cluster; 0 only if len is 0. */
size_t utf8_cluster(const char *, size_t len);
/* Start of the cluster that ends at byte at (0 < at <= len). */
size_t utf8_cluster_before(const char *, size_t at);
/* Columns of one cluster, of a whole string: what curses advances by when it is
 * given all of it, the sum of wcwidth over the code points, 1 where that knows
 * nothing (the locale is not UTF-8).  In text that text_safe let out a cluster
 * has 1 or 2, with spacing marks (Tamil, Burmese ...) more, and never 0; it is
 * added with addnwstr, as setcchar takes one spacing character only. */
int utf8_cluster_width(const char *, size_t len);
int utf8_width(const char *, size_t len);
/* Bytes of the longest prefix of whole clusters that fits into columns. */
size_t utf8_fit(const char *, size_t len, int columns);

#endif
