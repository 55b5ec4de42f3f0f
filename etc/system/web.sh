#!/bin/sh
# Prepares nginx's directory of system mode: its configuration, the page, and
# the service token in a file that only root reads. Waits for rdv-helper, which
# makes that token.
# usage: web.sh SHARE ROOT PORT USER	ROOT "" stands for /
set -eu
share=$1 root=$2 port=$3 user=$4
dir=$root/run/rdv-web
token=$root/var/lib/rdv-helper/service-token

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
# Only characters of base64 are in it.
umask 077
printf 'proxy_set_header X-RDV-Service-Token "%s";\n' "$(cat "$token")" \
    >service-token.conf
umask 022
sed -e "s/@PORT@/$port/g" -e "s/^@USER@\$/user $user;/" \
    -e 's/@HOSTS@//' -e 's/@ORIGINS@//' -e 's/@NAMES@//' \
    -e "s,unix:\.\./\.\./,unix:$root/run/rdv/web/," \
    "$share/proxy-conf/rdv.conf.in" >nginx.conf
