#!/bin/sh
# What Avahi tells is the port that is listened on where nobody says otherwise;
# and the unit files, where systemd-analyze(1) is there to look at them: nothing
# wrong with them, and the service may do little besides its job (0 is nothing,
# 100 is everything).
set -eu

port=$(sed -n 's/^#define SOCK_PORT "\([0-9]*\)".*/\1/p' shared/sock.h)
grep -q "<port>$port</port>" chatd/avahi.service || {
	echo "chatd/avahi.service: the port is not $port"
	exit 1
}
if ! command -v systemd-analyze >/dev/null; then
	echo "no systemd-analyze here: the unit files are not looked at"
	exit 0
fi
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
cp chatd/chatd.socket "$units"
sed "s|/usr/local/bin/chatd|/bin/true|; /^Documentation/d" \
	chatd/chatd.service >"$units/chatd.service"
sed -i '/^Documentation/d' "$units/chatd.socket"
found=$(systemd-analyze verify "$units/chatd.service" \
	"$units/chatd.socket" 2>&1 | grep 'chatd\.' || :)
[ -z "$found" ] || { echo "$found"; exit 1; }
systemd-analyze security --offline=true --threshold=15 --no-pager \
	"$units/chatd.service" >"$units/score" ||
	{ tail -n 1 "$units/score"; exit 1; }
