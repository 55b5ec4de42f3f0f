#!/bin/sh
# Who may include what: the layering of docs/architecture.md as a table. A file
# may include what stands in every row that matches it. Prints file:line and the
# reason.
set -u
cd "$(dirname "$0")/../.."
found=$(mktemp) || exit 1
trap 'rm -f "$found"' EXIT

sources=$(find lib security priv-helper git-worker egress push daemon cli \
    -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)

# refuse FILES HEADERS REASON: no file whose path matches the first extended
# regular expression includes what matches the second.
refuse() {
	files=$(printf '%s\n' "$sources" | grep -E "$1")
	[ -n "$files" ] || return 0
	# shellcheck disable=SC2086
	grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" \
	    $files | while IFS=: read -r file line text; do
		printf '%s:%s: %s: %s\n' "$file" "$line" "$3" "$text"
	done >>"$found"
}

# owner FILES HEADERS: only those files include them.
owner() {
	others=$(printf '%s\n' "$sources" | grep -vE "$1")
	[ -n "$others" ] || return 0
	# shellcheck disable=SC2086
	grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" \
	    $others | while IFS=: read -r file line text; do
		printf '%s:%s: only %s may include it: %s\n' "$file" "$line" \
		    "$1" "$text"
	done >>"$found"
}

# Directions between directories.
refuse '^lib/' '(security|priv-helper|git-worker|egress|push|daemon|cli)/' \
    'lib stands below all'
refuse '^security/' '(priv-helper|git-worker|egress|push|daemon|cli)/' \
    'security knows only lib'
refuse '^priv-helper/' '(git-worker|egress|push|daemon|cli)/' \
    'the helper knows only security and lib'
refuse '^daemon/' '(priv-helper|git-worker|egress|push|cli)/' \
    'the daemon sees neither the helper nor what looks or connects for it'
refuse '^daemon/' 'security/(filter|caps|drop|profile|landlock|sysset)\.h' \
    'the daemon may only confine itself (security/confine.h)'
refuse '^git-worker/' '(security|priv-helper|egress|push|daemon|cli)/' \
    'what looks at repositories knows only lib'
refuse '^egress/' '(priv-helper|git-worker|push|daemon|cli)/' \
    'the proxy knows only security and lib'
refuse '^egress/' 'security/(filter|caps|drop|profile|landlock|sysset)\.h' \
    'the proxy may only confine itself (security/confine.h)'
refuse '^push/' '(security|priv-helper|git-worker|egress|daemon|cli)/' \
    'the sender knows only lib'
refuse '^cli/' '(security|priv-helper|git-worker|egress|push)/' \
    'the CLI knows only lib'
refuse '^cli/' 'daemon/([^/]*\.h|[^e][^/]*/|event/|emu/([^e]|e[^m]))' \
    'and of the daemon its emulator, by the one header it has for others'

# Directions inside the daemon.
refuse '^daemon/http/' 'daemon/(auth|api|store|event|core|term|app)' \
    'http knows no resource'
refuse '^daemon/store/' 'daemon/(http|auth|api|core|term|app)' \
    'store knows no HTTP and no rule'
refuse '^daemon/event/' 'daemon/(http|auth|api|core|term|app)' \
    'event knows neither HTTP nor rules'
refuse '^daemon/auth/' 'daemon/(api|core|term)/' 'auth stands below the doors'
refuse '^daemon/emu/' 'daemon/[^e]' 'the emulator knows bytes and nothing else'
refuse '^daemon/agent/' \
    '(event2/|sys/socket\.h|fcntl\.h|time\.h|lib/clock\.h|daemon/([^at]|t[^e]|api|auth|app|term/[^rs]))' \
    'an agent is bytes in, calls out'
refuse '^daemon/core/' 'daemon/api/' 'core stands below the doors'
refuse '^daemon/(http|auth|api|event)/' 'daemon/helper\.h' \
    'doors ask core, core asks the helper'
refuse '^daemon/api/' 'lib/(privproto|seqpkt)\.h' \
    'doors do not speak the helper protocol'

# One owner per library.
owner '^daemon/store/.*\.c$' 'sqlite3\.h'
owner '^lib/js\.c$' 'jansson\.h'
owner '^(daemon/http/ws|cli/ws)\.c$' 'wslay'
owner '^(daemon/http/parse|cli/http)\.c$' 'http_parser\.h'
# The one digest outside auth/ is the SHA-1 of a WebSocket's accept header; the
# audit log's are in a process and a command of their own.
owner '^(daemon/(auth/.*|http/handshake|core/pushcrypt)|lib/auditcrypt|push/tls)\.c$' 'openssl/'
owner '^lib/auditcrypt\.c$' 'dlfcn\.h'
owner '^daemon/(loop|http/.*)\.[ch]$' 'event2/'
owner '^security/filter\.c$' 'seccomp\.h'
owner '^security/caps\.c$' 'sys/capability\.h'
owner '^security/landlock\.c$' 'linux/landlock\.h'
owner '^(daemon/store/.*|egress/(conn|here))\.c$' 'pthread\.h'

n=$(wc -l <"$found")
cat "$found"
echo "includes: $n found"
[ "$n" = 0 ]
