#!/bin/sh
# tests/files.sh PATTERN... - the project's own files whose names match.
set -eu
first=$1
shift
names="-name $first"
for pattern; do
	names="$names -o -name $pattern"
done
set -f
# shellcheck disable=SC2086 # words of an expression
find . \( -name .git -o -name build \) -prune -o \
	-type f \( $names \) -print | sed 's|^\./||' | sort
