#!/bin/sh
# tests/lint/run.sh - runs every other check in this folder and tells which of
# them found something.
set -eu

failed=
for check in tests/lint/*.sh; do
	[ "$check" != tests/lint/run.sh ] || continue
	echo "== ${check##*/}"
	"$check" || failed="$failed ${check##*/}"
done
[ -z "$failed" ] || { echo "lint: found by$failed" >&2; exit 1; }
