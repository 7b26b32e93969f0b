#!/bin/sh
# tests/deps.sh STAMP GROUP... - installs what is missing of Debian's packages
# for building, testing, checking; touches STAMP if it did.  Says nothing when
# there is nothing to do.  Elsewhere than on Debian it leaves it to you.
set -eu

build='gcc libc6-dev pkg-config libncurses-dev libutf8proc-dev libjansson-dev
	libconfig-dev libsodium-dev libsqlite3-dev libssl-dev uthash-dev'
test='libcriterion-dev libvterm-dev mandoc netbase netcat-openbsd patch telnet'
check='clang clang-tidy clang-format cppcheck libclang-rt-dev shellcheck spin'

stamp=$1
shift
mkdir -p "$(dirname "$stamp")"
[ -e "$stamp" ] || : >"$stamp"
command -v dpkg-query >/dev/null || exit 0

wanted=
for group; do
	case $group in
	build) wanted="$wanted $build" ;;
	test) wanted="$wanted $test" ;;
	check) wanted="$wanted $check" ;;
	esac
done

# shellcheck disable=SC2086 # lists of words, here and below
installed=$(dpkg-query -W -f '${Package} ${Status}\n' $wanted 2>/dev/null |
	sed -n 's/ .* installed$//p') || :
missing=
for package in $wanted; do
	echo "$installed" | grep -qx "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "missing packages:$missing" >&2
		echo "as root: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
# With a terminal it is apt-get that asks.
yes=
frontend=
if [ -n "${CI-}" ] || [ ! -t 0 ]; then
	yes=-y
	frontend='env DEBIAN_FRONTEND=noninteractive'
fi

echo "installing:$missing"
# shellcheck disable=SC2086
{
	$as_root $frontend apt-get -q update
	$as_root $frontend apt-get -q install $yes \
		--no-install-recommends $missing
}
touch "$stamp"
