#!/bin/sh
# sudo make run-system: what the units start, in the foreground. Ends with
# Ctrl-C or when rdv-helper does.
# Where there is no policy yet, one is written: it admits rdv-users and ADMIT.
# usage: [ROOT=DIR] [PORT=N] [WEB_USER=NAME] [ADMIT="NAME ..."]
#        run.sh BINDIR SHAREDIR
set -eu
bin=$1 share=$2
root=${ROOT:-} port=${PORT:-7717} user=${WEB_USER:-www-data}
here=$(cd "$(dirname "$0")" && pwd)

[ "$(id -u)" = 0 ] || { echo "run-system: needs root: sudo make run-system" >&2; exit 1; }
if ! id rdv >/dev/null 2>&1 || ! getent group rdv-users >/dev/null; then
	if command -v systemd-sysusers >/dev/null 2>&1; then
		systemd-sysusers "$here/sysusers.conf"
	else
		getent group rdv-users >/dev/null || groupadd --system rdv-users
		id rdv >/dev/null 2>&1 || useradd --system --user-group \
		    --no-create-home --home-dir /var/lib/rdv \
		    --shell /usr/sbin/nologin rdv
	fi
fi
policy=$root/etc/rdv/helper.toml
if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
	[ -d "$root/etc/rdv" ] || mkdir -p -m 755 "$root/etc" "$root/etc/rdv"
	users=
	# Whoever types this wants to use it.
	for who in ${ADMIT:-${SUDO_USER:-}}; do
		[ "$who" = root ] || users="$users${users:+, }\"$who\""
	done
	sed "s/^groups = .*/&${users:+\nusers = [$users]}/" \
	    "$here/helper.toml" >"$policy.new"
	chmod 644 "$policy.new"
	mv "$policy.new" "$policy"
	[ -e "$policy.example" ] ||
	    install -m 644 "$here/../helper.toml" "$policy.example"
	echo "policy:  $policy"
elif [ -n "${ADMIT:-}" ]; then
	echo "run-system: $policy is there: it says who is admitted, not ADMIT" >&2
	exit 1
fi
"$bin/rdv-helper" --foreground-child --system ${root:+--root "$root"} \
    --web-user "$user" --web "127.0.0.1:$port" &
helper=$! web= follow=
end() {
	trap '' INT TERM HUP
	[ -z "$follow" ] || kill "$follow" 2>/dev/null || true
	[ -z "$web" ] || kill -QUIT "$web" 2>/dev/null || true
	kill -TERM "$helper" 2>/dev/null || true
	wait "$helper" && status=0 || status=$?
	[ -z "$web" ] || wait "$web" || true
	rm -rf "$root/run/rdv-web"
	exit "$status"
}
# rdv.service has a path unit for that. Until we wait for it, one that has ended
# is still there, as a zombie.
follow() {
	trap - INT TERM HUP
	while sleep 1; do
		case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$web/status") in
		Z* | '')
			echo "run-system: nginx has ended: there is no page" >&2
			return
		esac
		! sh "$here/web.sh" token "$root" 2>/dev/null ||
		    kill -HUP "$web"
	done
}
trap end INT TERM
trap 'kill -HUP "$helper"' HUP

nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx) || nginx=
if [ -z "$nginx" ]; then
	echo "run-system: without the page: nginx is not installed" >&2
elif sh "$here/web.sh" all "$share" "$root" "$port" "$user"; then
	(cd "$root/run/rdv-web" &&
	    exec "$nginx" -e stderr -p ./ -c nginx.conf) &
	web=$!
	follow &
	follow=$!
	echo "page:    http://127.0.0.1:$port/"
fi
echo "command: ${root:+RDV_RUN=$root/run/rdv/\$USER }$bin/rdv login"
# A signal ends the wait; a reload is none to end by.
while kill -0 "$helper" 2>/dev/null; do
	wait "$helper" || true
done
end
