#!/bin/sh
# Every script: shellcheck.
set -eu
git ls-files -z --cached --others --exclude-standard -- '*.sh' .ci/run |
	xargs -0 shellcheck
