#!/bin/sh
# What this project does without: calls that are easily wrong, words that mark
# unfinished work, tests that sleep, modules that have outgrown one job, and
# entries at the top that nobody asked for.
set -eu

files()
{
	git ls-files --cached --others --exclude-standard -- "$@" |
		while read -r file; do [ ! -e "$file" ] || echo "$file"; done
}

calls='strcpy|strcat|sprintf|vsprintf|gets|strtok|tmpnam|mktemp|alloca'
calls="$calls|system|popen|rand|srand|atoi|atol|atof"
words='TODO|FIXME|XXX|HACK|for now|simplified|not implemented|stub'

found=$(
	files 'shared/*.[ch]' 'chatd/*.[ch]' 'chat/*.[ch]' |
		xargs grep -nE "\\b($calls)\\(" /dev/null |
		sed 's/$/  <- a call we do without/'
	files '*.c' '*.h' '*.def' Makefile |
		xargs grep -niE "\\b($words)\\b" /dev/null |
		sed 's/$/  <- unfinished?/'
	files 'tests/*.c' |
		xargs grep -nE '\b(sleep|usleep|nanosleep)\(' /dev/null |
		sed 's/$/  <- wait for the event instead/'
	files 'shared/*.[ch]' 'chat*/*.[ch]' | while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le 600 ] ||
			echo "$file: $lines lines  <- still one job?"
	done
	files '*' '.*' | cut -d/ -f1 | sort -u | grep -vxE \
		'Makefile|README.md|LICENSE|chatd?|shared|tests|man|\..*' |
		sed 's/$/  <- nothing else stands at the top/'
)
[ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
