#!/bin/sh
# Installs the Debian packages rdv needs: `run` for building and running it,
# `test` for what `make test` needs beyond that, `bench` for what `make bench`
# compares with. Does nothing when all are there, so it costs milliseconds on
# every later call.
set -eu
# What su leaves of an ordinary account's path is not enough for dpkg.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

run="gcc make pkg-config git libevent-dev libsqlite3-dev libjansson-dev
    libseccomp-dev libcap-dev libssl-dev libhttp-parser-dev libwslay-dev
    ca-certificates"
test="clang clang-format clang-tidy cppcheck libclang-rt-14-dev
    libcmocka-dev chromium vim-tiny htop less tmux sqlite3 procps zsh
    bash-completion valgrind strace mc libvterm-dev asciinema curl openssl
    python3 screen openssh-server vttest ncurses-examples"
bench="bubblewrap"
# Whoever has an nginx or a node of another make keeps it.
have_nginx() { command -v nginx >/dev/null 2>&1; }
have_node() {
	command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1
}

case ${1:-run} in
run) want=$run ;;
test) want="$run $test" ;;
bench) want="$run $test $bench" ;;
*) echo "usage: deps.sh run|test|bench" >&2; exit 2 ;;
esac
have_nginx || want="$want nginx-light"
have_node || want="$want nodejs npm"

missing=
for p in $want; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
	    grep -q 'install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

# Not the bare apt-get: that would start a web server on port 80.
by_hand() {
	echo "rdv: missing packages:$missing" >&2
	echo "rdv: as root run: sh $(cd "$(dirname "$0")" && pwd)/deps.sh" \
	    "${1:-run}" >&2
	exit 1
}
as=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || by_hand "$@"
	as=sudo
fi
echo "rdv: installing, which takes a minute or more:$missing"
[ -z "$as" ] || sudo true || by_hand "$@"
# Installed alone, Debian's nginx would at once serve its welcome page on port
# 80, and again after each boot, and its sshd let people in. rdv and its tests
# start their own; nobody asked for those. One that was there is not touched.
quiet=
for p in $missing; do
	case $p in
	nginx-light) quiet="$quiet nginx" ;;
	openssh-server) quiet="$quiet ssh" ;;
	esac
done
policy=
if [ -n "$quiet" ] && [ ! -e /usr/sbin/policy-rc.d ] && [ -d /usr/sbin ]; then
	policy=yes
fi
allow() { [ -z "$policy" ] || $as rm -f /usr/sbin/policy-rc.d; }
if [ -n "$policy" ]; then
	# Left behind, it would keep every service from being started.
	trap allow EXIT
	trap 'exit 130' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' | $as tee /usr/sbin/policy-rc.d >/dev/null
	$as chmod 755 /usr/sbin/policy-rc.d
fi

apt() { $as env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >/dev/null; }
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing
# Where systemd is not running, in an image that is made, it will be.
if [ -n "$policy" ] && command -v systemctl >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	$as systemctl disable -q $quiet || true
fi
