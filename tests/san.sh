#!/bin/sh
# tests/san.sh PROGRAM... - runs test programs that were built with sanitizers.
# A leak is reported when the test's process has already passed, and the
# programs under test write where nobody looks: so every report goes to a file,
# and any file is a failure.
set -eu

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
ASAN_OPTIONS="log_path=$reports/asan:detect_stack_use_after_return=1"
ASAN_OPTIONS="$ASAN_OPTIONS:strict_string_checks=1"
export ASAN_OPTIONS
# Criterion's own leak must not decide the status: the reports do, below.
export LSAN_OPTIONS="report_objects=1:exitcode=0"
export UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"

failed=0
for program; do
	echo "== $program"
	"$program" -j2 || failed=1
done
for report in "$reports"/*; do
	[ -e "$report" ] || break
	# What Criterion itself forgets has nobody else's frames.
	grep -E '^ +#[0-9]+ ' "$report" |
		grep -qvE '__interceptor_|/libcriterion\.so' || continue
	echo "== ${report##*/}"
	head -n 60 "$report"
	failed=1
done
exit $failed
