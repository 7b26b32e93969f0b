#!/bin/sh
# The exit statuses: each that a program's sources name is in its manual, and
# the reverse.
set -eu

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
sed -n 's/^#define[ 	]*\(EX_[A-Z]*\)[ 	]*\([0-9]*\).*/\1 \2/p' \
	/usr/include/sysexits.h >"$out/numbers"

failed=0
for page in chat/chat.1 chatd/chatd.8; do
	program=${page%/*}
	page=man/${page#*/}
	{
		grep -ohE '\bEX_[A-Z]+' "$program"/*.c shared/*.c | sort -u |
			while read -r name; do
				grep "^$name " "$out/numbers"
			done | cut -d' ' -f2
		# One's own: enum { EXIT_SOME = 1 }.
		sed -n 's/.*\<EXIT_[A-Z]* = \([0-9]*\).*/\1/p' \
			"$program"/*.[ch]
	} | sort -un >"$out/used"
	sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$page" |
		sort -un >"$out/told"
	if ! diff "$out/used" "$out/told" >"$out/diff"; then
		echo "$page: exit statuses, < of the sources, > of the page:"
		grep '^[<>]' "$out/diff"
		failed=1
	fi
done
exit $failed
