#!/bin/sh
# The exit statuses: each that a program's sources name is in its manual, and
# the reverse.
set -eu

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
sed -n 's/^#define[ 	]*\(EX_[A-Z]*\)[ 	]*\([0-9]*\).*/\1 \2/p' \
	/usr/include/sysexits.h >"$out/numbers"

failed=0
for page in man/chat.1 man/chatd.8 man/chatctl.8; do
	case $page in
	*chat.1) sources=$(echo chat/*.[ch] shared/*.c) ;;
	*chatd.8)
		sources=$(printf '%s\n' chatd/*.[ch] shared/*.c |
			grep -v '/\(chatctl\|control\)')
		;;
	*) sources=$(echo chatd/chatctl.c chatd/control*.[ch]) ;;
	esac
	{
		# shellcheck disable=SC2086 # a list
		grep -ohE '\bEX_[A-Z]+' $sources | sort -u |
			while read -r name; do
				grep "^$name " "$out/numbers"
			done | cut -d' ' -f2
		# One's own: enum { EXIT_SOME = 1 }.
		# shellcheck disable=SC2086
		sed -n 's/.*\<EXIT_[A-Z]* = \([0-9]*\).*/\1/p' $sources
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
