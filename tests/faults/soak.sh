#!/bin/sh
# tests/faults/soak.sh HOW-MUCH [PART]... - the tests that kill, cut and lose
# power, with as many rounds as a night allows: all of them when HOW-MUCH is 1,
# a tenth with 0.1.  Parts: kills clients cuts power store faults model.
#
# Every run is another one; $CHAT_SEED makes one again.
set -eu

build=${BUILD:-build}
much=$1
shift
[ $# -ne 0 ] || set -- kills clients cuts power store faults model
CHAT_SEED=${CHAT_SEED:-$(date +%s)}
export CHAT_SEED
echo "soak: CHAT_SEED=$CHAT_SEED"

# FACTOR PROGRAM SUITE: as many times the rounds of make test.
run()
{
	CHAT_SOAK=$(awk -v a="$1" -v b="$much" \
		'BEGIN { n = int(a * b + 0.5); print (n > 1 ? n : 1) }')
	export CHAT_SOAK
	"$build/$2" -j2 --filter "$3/*" 2>&1
}

failed=
for part; do
	began=$(date +%s)
	verdict=well
	case $part in
	kills) run 20 e2e kill ;;
	clients) run 10 e2e client_kill ;;
	cuts) run 10 e2e cut ;;
	power) run 10 unit store_power ;;
	store) run 10 unit store_kill ;;
	faults) run 1 e2e faults ;;
	model) tests/model/run.sh long ;;
	*) echo "there is no $part" >&2; exit 64 ;;
	esac || { verdict=WRONG; failed="$failed $part"; }
	echo "soak: $part: $verdict, $(($(date +%s) - began)) s"
done
[ -z "$failed" ] || { echo "soak: wrong:$failed" >&2; exit 1; }
