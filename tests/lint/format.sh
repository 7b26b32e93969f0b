#!/bin/sh
# What stands in .c files is laid out by .clang-format; headers and tables are
# laid out by hand, so that they read as manuals: they only keep to 80 columns,
# without blanks at the end of a line.
set -eu

failed=0
tests/files.sh '*.c' | xargs clang-format --dry-run -Werror || failed=1
found=$(
	for file in $(tests/files.sh '*.h' '*.sh' Makefile run); do
		expand "$file" | LC_ALL=C.UTF-8 grep -nE '^.{81,}' |
			sed "s|^|$file:|; s|\$|  <- beyond 80 columns|"
	done
	tests/files.sh '*' | grep -v '^tests/fuzz/corpus/' |
		xargs grep -nIE '[ 	]+$' /dev/null |
		sed 's/$/  <- blanks at the end/'
)
[ -z "$found" ] || { printf '%s\n' "$found"; failed=1; }
exit $failed
