#!/bin/sh
# What clang-tidy (its checks are in .clang-tidy) and cppcheck find in the
# programs.  Each file for itself: together, clang-tidy 14 sees va_lists that
# were never started.
set -eu
eval "set -- ${LINT_FLAGS:--Ishared -D_GNU_SOURCE -std=c11 -pthread}"

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for file in shared/*.c chatd/*.c chat/*.c; do
	echo "$file"
done >"$out/files"
# shellcheck disable=SC2016 # for the inner shell
xargs -P "$(nproc)" -I '{}' sh -c '
	log=$1/$(echo "$2" | tr / _).tidy
	shift 2
	clang-tidy --quiet "$0" -- "$@" >"$log" 2>&1 || :' \
	'{}' "$out" '{}' "$@" <"$out/files"

# A finding is a line with file, line and column, and notes behind it.  What
# leads through the macros of uthash is left out: that a list holds what is
# taken out of it cannot be seen.
cat "$out"/*.tidy | awk '
	function tell() { if (found != "" && !hash) printf "%s", found }
	/^[^ ]+:[0-9]+:[0-9]+: (error|warning): / {
		tell()
		found = ""
		hash = 0
		inside = 1
	}
	/^[0-9]+ warnings? (generated|treated)/ { next }
	/include\/ut(hash|list)\.h:/ { hash = 1 }
	inside { found = found $0 "\n" }
	END { tell() }' >"$out/found"

# Only these two headers of the system: their macros hold loops together.
mkdir "$out/include"
ln -s /usr/include/uthash.h /usr/include/utlist.h "$out/include"
cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	--inline-suppr --error-exitcode=1 -j "$(nproc)" -Ishared \
	-I"$out/include" -D_GNU_SOURCE '-DCHAT_VERSION="1"' \
	shared chatd chat 2>>"$out/found" || :

[ ! -s "$out/found" ] || { cat "$out/found"; exit 1; }
