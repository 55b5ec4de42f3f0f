#!/bin/sh
# Functions and variables with external linkage that no other file of the
# product refers to: dead code, or something that should be static. What only
# tests call is listed below with its reason.
# usage: unused.sh OBJDIR
set -u
objdir=${1:?usage: unused.sh OBJDIR}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# Seams for tests, named so in their headers.
cat >"$tmp/allowed" <<'LIST'
clock_shift
emu_restore
emu_text
path_force_descent
push_record
server_sweep
git_pending
newfile_force_named
out_age
out_width
policyfile_open
policyfile_read
policyprint_keys
policyuser_closed
row_blob
store_session_find
system_carry_rotation
system_take_rotation
talk_bytes
talk_flush
term_viewers
variant_name
worktreefix_settle
worktreefix_tidy
ws_pause_after
main
LIST
# Tables that tests walk: every statement is prepared, every set is looked at.
tables='^(store_[a-z_]*_sql|syssets|[a-z_]*_rows)$'

objects=$(for d in lib security priv-helper git-worker egress push daemon cli \
    gen; do
	find "$objdir/$d" -name '*.o' 2>/dev/null
done)
[ -n "$objects" ] || { echo "$objdir: no objects"; exit 1; }
# An object without a source is left over from a file that was removed.
live=$(for o in $objects; do
	c=${o#"$objdir"/}
	case $c in gen/*) echo "$o" ;; *) [ -f "${c%.o}.c" ] && echo "$o" ;; esac
done)

# shellcheck disable=SC2086
nm -P -u $live | awk '{ print $1 }' | LC_ALL=C sort -u >"$tmp/used"
# shellcheck disable=SC2086
nm -A -P -g --defined-only $live |
    awk '{ f = $1; sub(/:$/, "", f); print $2, f }' |
    LC_ALL=C sort >"$tmp/defined"
LC_ALL=C sort "$tmp/allowed" "$tmp/used" -u >"$tmp/fine"
LC_ALL=C join -v 1 "$tmp/defined" "$tmp/fine" |
    grep -vE "$(printf '%s' "$tables" | sed 's/\$$/ /')" |
    while read -r name object; do
	c=${object#"$objdir"/}
	c=${c%.o}.c
	line=$(grep -nE "(^|[ *])$name[(\\[ ]" "$c" 2>/dev/null | head -n 1 |
	    cut -d: -f1)
	echo "$c:${line:-1}: no other file uses $name"
done >"$tmp/found"

n=$(wc -l <"$tmp/found")
cat "$tmp/found"
echo "unused: $n found"
[ "$n" = 0 ]
