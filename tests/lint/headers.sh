#!/bin/sh
# Every header compiles alone, with both compilers, and is guarded by its name.
set -eu
eval "set -- ${LINT_FLAGS:--Ishared -D_GNU_SOURCE}"

failed=0
for header in shared/*.h chatd/*.h chat/*.h; do
	name=$(basename "$header" .h | tr 'a-z-' 'A-Z_')_H
	if ! grep -qx "#ifndef $name" "$header"; then
		echo "$header: not guarded by $name"
		failed=1
	fi
	for cc in gcc clang; do
		echo "#include \"$header\"" | $cc "$@" -I. -Wall -Wextra \
			-Werror -fsyntax-only -x c - || failed=1
	done
done
exit $failed
