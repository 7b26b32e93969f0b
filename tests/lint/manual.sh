#!/bin/sh
# The manual pages: mandoc finds nothing to say about them, and the tables of
# chat-protocol(7) are those of the rows.  With --write they are made so.
set -eu

tables=${BUILD:-build}/tools/protocol_mdoc
page=man/chat-protocol.7
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# Each table of the tool stands between the same two comments as in the page.
"$tables" | awk '
	FNR == NR {
		if (/^\.\\" BEGIN rows: /)
			name = $0
		table[name] = table[name] $0 "\n"
		next
	}
	/^\.\\" BEGIN rows: / { printf "%s", table[$0]; inside = 1 }
	!inside
	/^\.\\" END rows/ { inside = 0 }' - "$page" >"$new"

if [ "${1-}" = --write ]; then
	cat "$new" >"$page"
elif ! diff -u "$page" "$new"; then
	echo "$page differs from the rows: make manual" >&2
	exit 1
fi
mandoc -T lint -W warning man/*.[1-8]
