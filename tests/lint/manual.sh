#!/bin/sh
# The manual pages: mandoc finds nothing to say about them, and what stands in
# them between marks is what the tools make of the tables (of protocol.def, of
# keys.def).  With --write it is made so.
set -eu

tools=${BUILD:-build}/tools
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
"$tools/protocol_mdoc" >"$new/tables"
"$tools/keys_mdoc" >>"$new/tables"

differs=0
for page in man/*.[1-8]; do
	awk '
		FNR == NR {
			if (/^\.\\" BEGIN rows: /)
				name = $0
			table[name] = table[name] $0 "\n"
			next
		}
		/^\.\\" BEGIN rows: / { printf "%s", table[$0]; inside = 1 }
		!inside
		/^\.\\" END rows/ { inside = 0 }' "$new/tables" "$page" \
		>"$new/page"
	if [ "${1-}" = --write ]; then
		cmp -s "$page" "$new/page" || cat "$new/page" >"$page"
	elif ! diff -u "$page" "$new/page"; then
		differs=1
	fi
done
if [ $differs = 1 ]; then
	echo "pages differ from the tables: make manual" >&2
	exit 1
fi
mandoc -T lint -W warning man/*.[1-8]
