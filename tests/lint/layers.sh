#!/bin/sh
# README.md lists every module, top down.  The list and the folders agree, and
# a module includes only what stands below it in its own folder, or in shared/.
# Beside that: who may touch the terminal, the sockets, the outside world.
set -eu

list=$(mktemp)
trap 'rm -f "$list"' EXIT

# One line for each module of the README: folder, name.
awk '/^(shared|chatd|chat)\/ / { folder = $1; sub("/", "", folder); next }
	/^[^ ]/ { folder = "" }
	folder != "" && /^  [a-z]/ { print folder, $1 }' README.md >"$list"

failed=0
say()
{
	echo "$*"
	failed=1
}

files()
{
	for file in "$@"; do [ ! -e "$file" ] || echo "$file"; done
}

while read -r folder name; do
	[ -n "$(files "$folder/$name".[ch] "$folder/$name.def")" ] ||
		say "README.md: $folder/$name is not there"
done <"$list"

# place FOLDER NAME - its line in the list; hub_room stands in that of hub.
place()
{
	at=$(grep -nx "$1 $2" "$list" | cut -d: -f1)
	if [ -z "$at" ] && [ "${2%_*}" != "$2" ]; then
		at=$(grep -nx "$1 ${2%_*}" "$list" | cut -d: -f1)
	fi
	echo "$at"
}

# includes PATTERN FILE... - which of the files include what matches.
includes()
{
	pattern=$1
	shift
	grep -lE "^#include [<\"]($pattern)[>\"]" "$@" /dev/null || :
}

for file in $(files shared/*.* chatd/*.* chat/*.* | grep '\.[chdef]*$'); do
	folder=${file%%/*}
	name=$(basename "${file%.*}")
	mine=$(place "$folder" "$name")
	if [ -z "$mine" ]; then
		say "$file: README.md has no line for it"
		continue
	fi
	others=$(sed -n 's/^#include "\(.*\)\.[a-z]*"$/\1/p' "$file")
	for other in $others; do
		its=$(place "$folder" "$other")
		[ "$its" != "$mine" ] || continue
		[ -n "$its" ] || [ "$folder" = shared ] ||
			[ -z "$(place shared "$other")" ] || continue
		if [ -z "$its" ]; then
			say "$file: includes $other, of another folder"
		elif [ "$its" -lt "$mine" ]; then
			say "$file: includes $other, which stands above it"
		fi
	done
done

for file in $(includes '(n?curses|term)\.h|ncursesw/.*' chat*/*.[ch] \
	shared/*.[ch]); do
	case $file in
	chat/screen.c | chat/render*.c | chat/input.c) ;;
	*) say "$file: only screen, render and input touch curses" ;;
	esac
done
for file in $(grep -lE '\<sock_(resolve|connect|connected|tune|listen)\(' \
	chat/*.[ch]; includes 'netdb\.h|netinet/.*' chat/*.[ch]); do
	case $file in
	chat/link.c | chat/reach.[ch] | chat/dial.[ch]) ;;
	*) say "$file: only the receiver thread touches the socket" ;;
	esac
done
core='hub room user recent entry table client dialect detect scrollback wrap
	edit undo history typed layout theme outbox asked fold'
outside='poll\.h|unistd\.h|time\.h|sys/.*|clock\.h|sock\.h|conn\.h|loop\.h'
for name in $core; do
	sources=$(files "chatd/$name".[ch] "chatd/${name}_"*.[ch] \
		"chat/$name".[ch] "chat/${name}_"*.[ch])
	# shellcheck disable=SC2086 # a list
	for file in $(includes "$outside" $sources); do
		say "$file: here is no I/O and no clock"
	done
done
exit $failed
