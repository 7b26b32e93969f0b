#!/bin/sh
# tests/faults/plant.sh PATCH DIR OBJECT... - DIR/chatd, made of the objects,
# but for the files that PATCH changes: those are copied, patched and compiled.
# $COMPILE and $LINK are the commands, up to the files; $LIBS ends the latter.
set -eu

patch=$1
dir=$2
from=$dir/from
shift 2
rm -rf "$dir"
files=$(sed -n 's|^+++ b/||p' "$patch")
for file in $files; do
	mkdir -p "$from/${file%/*}"
	cp "$file" "$from/$file"
done
if ! patch -d "$from" -p1 -s --no-backup-if-mismatch <"$patch"; then
	echo "$patch does not apply any more: make it anew" >&2
	exit 1
fi

# What the file includes from its own folder that was not copied is there.
objects=$*
for file in $files; do
	case $file in *.c) ;; *) continue ;; esac
	eval "$COMPILE -I${file%/*} -c -o $from/${file%.c}.o $from/$file"
	objects=$(echo " $objects " |
		sed "s| [^ ]*/obj/${file%.c}\.o | $from/${file%.c}.o |")
done
eval "$LINK -o $dir/chatd $objects $LIBS"
