#!/bin/sh
# Every script: shellcheck.
set -eu
tests/files.sh '*.sh' run | xargs shellcheck
