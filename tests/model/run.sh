#!/bin/sh
# tests/model/run.sh [long] - the model of the protocol, checked whole by spin
# in some settings; and each mistake it knows of has to be found.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-build}/model
settings='-DCUTS=1,-DCRASHES=1,-DREFUSALS=0 -DCUTS=0,-DCRASHES=1,-DREFUSALS=1
	-DCUTS=1,-DCRASHES=0,-DREFUSALS=1'
[ "${1:-}" != long ] || settings="$settings
	-DCUTS=1,-DCRASHES=1,-DREFUSALS=1 -DCUTS=2,-DCRASHES=1,-DREFUSALS=0
	-DSAYS=3,-DCUTS=1,-DCRASHES=0,-DREFUSALS=1"
mistakes='ACK_EARLY NO_DEDUP MEMORY_DEDUP ANY_NUMBER FANOUT_EARLY'

# Leaves what spin says in $build/said.
check()
{
	(
		cd "$build"
		rm -f ./*.trail
		# shellcheck disable=SC2046 # words are words
		spin -a $(echo "$1" | tr , ' ') "$here/chat.pml"
		${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c
		./pan -m3000000
	) >"$build/said" 2>&1 || :
	states=$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' "$build/said")
}

mkdir -p "$build"
failed=
for setting in $settings; do
	check "$setting"
	if grep -q 'errors: 0$' "$build/said" &&
		! grep -q 'max search depth too small' "$build/said"; then
		echo "model $setting: nothing wrong in $states states"
	else
		cat "$build/said"
		echo "model $setting: WRONG"
		failed=1
	fi
done
for mistake in $mistakes; do
	check "-D$mistake"
	if grep -q 'assertion violated' "$build/said"; then
		echo "model $mistake: found after $states states"
	else
		cat "$build/said"
		echo "model $mistake: NOT FOUND"
		failed=1
	fi
done
[ -z "$failed" ]
