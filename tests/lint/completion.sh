#!/bin/sh
# The completions made of the option tables: a shell can read them, and what
# bash completes are the options of the help.  zsh is asked where it is.
set -eu

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
failed=0

make_one()
{
	awk -v program="$1" -v shell="$2" -f shared/completion.awk \
		"$(rows "$1")" >"$made/$1.$2"
}

rows()
{
	case $1 in
	chatctl) echo chatd/chatctl.def ;;
	*) echo "$1/options.def" ;;
	esac
}

# completed PROGRAM WORD... - what bash offers for the last word.
completed()
{
	# shellcheck disable=SC2016 # for the other shell
	bash -c '
		. "$1"
		program=$2
		shift 2
		COMP_WORDS=("$program" "$@")
		COMP_CWORD=$#
		"_$program"
		printf "%s\n" "${COMPREPLY[@]}"' sh "$made/$1.bash" "$@"
}

for program in chat chatd chatctl; do
	make_one $program bash
	make_one $program zsh
	bash -n "$made/$program.bash" || failed=1
	! command -v zsh >/dev/null || zsh -n "$made/$program.zsh" || failed=1
	sed -n "h; s/^OPTION('\(.\)'.*/-\1/p; s/^OPTION(.*, '\(.\)',.*/-\1/p; g
		s/^OPTION([A-Z0-9]*, [^,]*, \"\([^\"]\{1,\}\)\".*/--\1/p" \
		"$(rows $program)" | sort >"$made/rows"
	completed $program - | sort | diff "$made/rows" - || failed=1
	sed 1,2d "$made/$program.zsh" |
		sed -n "s/^	'\*\{0,1\}\(-[-a-zA-Z0-9]*\).*/\1/p" |
		sort | diff "$made/rows" - || failed=1
done

[ "$(completed chat --js)" = --json ] || failed=1
[ -z "$(completed chat -n '')" ] || failed=1
[ "$(completed chatd -c shared/completion.aw)" = shared/completion.awk ] ||
	failed=1
[ "$(completed chatd -s share)" = shared ] || failed=1
[ "$(completed chatctl -s /tmp ki)" = kick ] || failed=1
[ "$(completed chatctl backup shared/completion.aw)" = \
	shared/completion.awk ] || failed=1
[ $failed = 0 ] || echo "completion: differs from the tables"
exit $failed
