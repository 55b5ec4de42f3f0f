#!/bin/sh
# Installs the Debian packages rdv needs: `run` for building and running it,
# `test` for what `make test` needs beyond that. Does nothing when all are
# there, so it costs milliseconds on every later call.
set -eu

run="gcc make pkg-config git libevent-dev libsqlite3-dev libjansson-dev
    libseccomp-dev libcap-dev libssl-dev libhttp-parser-dev libwslay-dev
    nginx-light"
test="clang clang-format clang-tidy cppcheck libclang-rt-14-dev
    libcmocka-dev chromium vim-tiny htop less tmux sqlite3 procps zsh
    bash-completion valgrind strace"
have_node() {
	command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1
}

case ${1:-run} in
run) want=$run ;;
test) want="$run $test" ;;
*) echo "usage: deps.sh run|test" >&2; exit 2 ;;
esac
have_node || want="$want nodejs npm"

missing=
for p in $want; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
	    grep -q 'install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

echo "rdv: installing:$missing"
if [ "$(id -u)" = 0 ]; then as=; else
	command -v sudo >/dev/null 2>&1 || {
		echo "rdv: missing packages:$missing" >&2
		echo "rdv: as root run: apt-get install$missing" >&2
		exit 1
	}
	as=sudo
fi
export DEBIAN_FRONTEND=noninteractive
# A test machine must not end up with a system nginx listening on port 80.
if [ -d /usr/sbin ] && [ ! -e /usr/sbin/policy-rc.d ] && [ -z "$as" ]; then
	printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
$as apt-get update -qq
# shellcheck disable=SC2086
$as apt-get install -y -qq --no-install-recommends $missing >/dev/null
