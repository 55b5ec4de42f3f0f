#!/bin/sh
# Renders the configuration as `rdv up` does, with made-up port, host and token,
# and lets nginx read it. Fails when nginx does, or when a placeholder is left.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx) || {
	echo "check.sh: nginx is not installed" >&2
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

user=
[ "$(id -u)" != 0 ] || user="user root;"
sed -e "s/@PORT@/7717/g" -e "s/^@USER@\$/$user/" \
    -e 's/@HOSTS@/"~^dev\\.example:8443$" 1;/' \
    -e 's,@ORIGINS@,"~^https?://dev\\.example:8443$" 1;,' \
    -e 's/@NAMES@/ dev.example/' "$here/rdv.conf.in" > "$dir/nginx.conf"
if grep -n '^[^#]*@[A-Z]*@' "$dir/nginx.conf"; then
	echo "check.sh: a placeholder is left" >&2
	exit 1
fi
ln -s "$here/snippets" "$dir/snippets"
mkdir "$dir/web" "$dir/tmp"
echo 'proxy_set_header X-RDV-Service-Token "made-up";' \
    > "$dir/service-token.conf"
cd "$dir"
if ! "$nginx" -t -q -e stderr -p ./ -c nginx.conf; then
	echo "check.sh: nginx refuses the configuration" >&2
	exit 1
fi
echo "check.sh: nginx accepts the configuration"
