#!/bin/sh
# What this project does without: calls that are easily wrong, words that mark
# unfinished work, tests that sleep, modules that have outgrown one job, and
# entries at the top that nobody asked for.
set -eu

calls='strcpy|strcat|sprintf|vsprintf|gets|strtok|tmpnam|mktemp|alloca'
calls="$calls|system|popen|rand|srand|atoi|atol|atof"
words='TODO|FIXME|XXX|HACK|for now|simplified|not implemented|stub'

sources=$(tests/files.sh '*.c' '*.h' '*.def')
programs=$(echo "$sources" | grep -v '^tests/')

found=$(
	echo "$programs" | xargs grep -nE "\\b($calls)\\(" /dev/null |
		sed 's/$/  <- a call we do without/'
	echo "$sources" | xargs grep -niE "\\b($words)\\b" Makefile |
		sed 's/$/  <- unfinished?/'
	tests/files.sh '*.c' | grep '^tests/' |
		xargs grep -nE '\b(sleep|usleep|nanosleep)\(' /dev/null |
		sed 's/$/  <- wait for the event instead/'
	for file in $programs; do
		lines=$(wc -l <"$file")
		[ "$lines" -le 600 ] ||
			echo "$file: $lines lines  <- still one job?"
	done
	find ./* -maxdepth 0 ! -name build | grep -vxE \
		'\./(Makefile|README.md|LICENSE|chatd?|shared|tests|man)' |
		sed 's/$/  <- nothing else stands at the top/'
)
[ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
