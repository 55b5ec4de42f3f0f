#!/bin/sh
# nginx's directory of system mode: its configuration, the page, and the service
# token in a file that only root reads.
# usage: web.sh all SHARE ROOT PORT USER	all of it; ROOT "" stands for /
#        web.sh token ROOT	the token alone; 1: nginx has it already
# The first waits for rdv-helper, which makes the token.
set -eu

# Only characters of base64 are in it. In place at once, or nginx could read half.
put_token() {
	line=$(printf 'proxy_set_header X-RDV-Service-Token "%s";' \
	    "$(cat "$1")")
	[ "$line" != "$(cat service-token.conf 2>/dev/null)" ] || return 1
	(umask 077 && printf '%s\n' "$line" >service-token.new)
	mv service-token.new service-token.conf
}

what=$1 share=
if [ "$what" = all ]; then
	share=$2 port=$4 user=$5
	shift
fi
root=$2
dir=$root/run/rdv-web
token=$root/var/lib/rdv-helper/service-token
if [ "$what" = token ]; then
	cd "$dir"
	put_token "$token"
	exit
fi

n=0
until [ -s "$token" ] && [ -S "$root/run/rdv/web/api.sock" ]; do
	n=$((n + 1))
	[ "$n" -le 300 ] || { echo "web.sh: rdv-helper is not there" >&2; exit 1; }
	sleep 0.1
done
case $port in *[!0-9]* | '') echo "web.sh: no port: $port" >&2; exit 2 ;; esac
[ -d "$dir" ] || mkdir -m 755 "$dir"
cd "$dir"
rm -rf web snippets
mkdir -p tmp
cp -R "$share/web" web
cp -R "$share/proxy-conf/snippets" snippets
chmod -R u=rwX,go=rX web snippets
put_token "$token" || true
sed -e "s/@PORT@/$port/g" -e "s/^@USER@\$/user $user;/" \
    -e 's/@HOSTS@//' -e 's/@ORIGINS@//' -e 's/@NAMES@//' \
    -e "s,unix:\.\./\.\./,unix:$root/run/rdv/web/," \
    "$share/proxy-conf/rdv.conf.in" >nginx.conf
