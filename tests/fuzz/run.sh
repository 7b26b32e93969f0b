#!/bin/sh
# tests/fuzz/run.sh FUZZER... - runs each for FUZZ_SECONDS, from a copy of its
# seeds in tests/fuzz/corpus/NAME.  What makes one fail is kept in
# $BUILD/fuzz/found.
set -eu

seconds=${FUZZ_SECONDS:-30}
found=${BUILD:-build}/fuzz/found
mkdir -p "$found"
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT

for fuzzer; do
	name=${fuzzer##*/fuzz_}
	echo "== fuzz_$name, $seconds s"
	mkdir "$seeds/$name"
	if [ -d "tests/fuzz/corpus/$name" ]; then
		cp -R "tests/fuzz/corpus/$name/." "$seeds/$name"
	fi
	if ! "$fuzzer" -max_total_time="$seconds" -timeout=5 \
		-rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$found/$name-" \
		"$seeds/$name" >"$seeds/$name.log" 2>&1; then
		tail -n 40 "$seeds/$name.log"
		exit 1
	fi
	grep -E '^stat::(number|average)' "$seeds/$name.log"
done
