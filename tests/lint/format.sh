#!/bin/sh
# What stands in .c files is laid out by .clang-format; headers and tables are
# laid out by hand, so that they read as manuals: they only keep to 80 columns,
# without blanks at the end of a line.
set -eu

files()
{
	git ls-files --cached --others --exclude-standard -- "$@" |
		while read -r file; do [ ! -e "$file" ] || echo "$file"; done
}

failed=0
files '*.c' | xargs clang-format --dry-run -Werror || failed=1
for file in $(files '*.c' '*.h' '*.sh' Makefile .ci/run); do
	wide=$(expand "$file" | LC_ALL=C.UTF-8 grep -nE '^.{81,}' | head -n 3)
	[ -z "$wide" ] || { echo "$file: beyond 80 columns: $wide"; failed=1; }
done
blanks=$(files '*' | xargs grep -nIE '[ 	]+$' /dev/null | head -n 5)
[ -z "$blanks" ] || { echo "blanks at the end of a line: $blanks"; failed=1; }
exit $failed
