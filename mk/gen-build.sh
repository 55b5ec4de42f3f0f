#!/bin/sh
# The build id: version plus a digest of every source, so that two binaries
# from different trees refuse each other at HELLO and equal trees agree.
set -eu
version=$1 out=$2
digest=$(find lib security priv-helper git-worker egress daemon cli \
    -name '*.[ch]' -o -name '*.sql' | LC_ALL=C sort | xargs cat | sha256sum | cut -c1-16)
tmp=$out.tmp.$$
printf '#define RDV_VERSION "%s"\n#define RDV_BUILD "%s-%s"\n' \
    "$version" "$version" "$digest" > "$tmp"
if cmp -s "$tmp" "$out"; then rm -f "$tmp"; else mv "$tmp" "$out"; fi
