// The guards, one row each, and how each is switched off. bite.mjs reads this.
//
//   ids    the abuse cases that it guards
//   guard  what it is, in words
//   off    [file, text that stands there once, text in its place]...; all of
//          them together where several guard the same thing
//   red    the tests that must turn red: 'abuse NAME' and the like for the
//          layers in JavaScript, 'unit/DIR/test_X NAME' and 'priv/X NAME' for
//          those in C; NAME is the beginning of the test's name
//
// Where no code of ours can be switched off, a row has `none` instead, which
// says why.
import { agents } from './mutants-agents.mjs';
import { approvals } from './mutants-approvals.mjs';
import { attack } from './mutants-attack.mjs';
import { audit } from './mutants-audit.mjs';
import { changes } from './mutants-changes.mjs';
import { clones } from './mutants-clones.mjs';
import { listed } from './mutants-egress.mjs';
import { held } from './mutants-hold.mjs';
import { kept } from './mutants-kept.mjs';
import { life } from './mutants-life.mjs';
import { limits } from './mutants-limits.mjs';
import { memory, parts } from './mutants-parts.mjs';
import { people } from './mutants-people.mjs';
import { policy } from './mutants-policy.mjs';
import { reach } from './mutants-reach.mjs';
import { rights } from './mutants-rights.mjs';
import { pushes } from './mutants-push.mjs';
import { noSpaces, spaces } from './mutants-spaces.mjs';
import { scopes } from './mutants-scopes.mjs';
import { system } from './mutants-system.mjs';
import { screen } from './mutants-screen.mjs';
import { trees } from './mutants-trees.mjs';
import { ticket } from './mutants-ticket.mjs';
import { linked } from './mutants-links.mjs';
import { tmux } from './mutants-tmux.mjs';

const origin = 'daemon/auth/origin.c', identify = 'daemon/auth/identify.c';
const gate = 'daemon/http/gate.c', target = 'daemon/http/target.c';
const pathopen = 'lib/pathopen.c', pathpriv = 'lib/pathpriv.c';

const web = [
	{ ids: ['A01', 'A03', 'A08', 'A10', 'A14'],
		guard: 'an Origin is one of our own',
		off: [[origin, 'return list_has(r->web, origin + strlen("http://"));',
			'return true;'],
		[origin, 'return list_has(r->web, origin + strlen("https://"));\n' +
			'\treturn false;', 'return true;\n\treturn true;']],
		red: ['abuse A01 A03 no terminal', 'abuse A08 what a form',
			'abuse A10 nobody is told', 'abuse A14 streams need',
			'unit/api/test_cookie test_A01_A02_A08_A14_cookie_callers'] },
	{ ids: ['A02'], guard: 'a cookie opens a terminal only with an Origin',
		off: [[identify, 'if (same && !need->changes && !need->websocket)',
			'if (same && !need->changes)']],
		red: ['abuse A02 no terminal',
			'unit/api/test_cookie test_A01_A02_A08_A14_cookie_callers'] },
	{ ids: ['A02'], guard: 'the service token alone stands for nobody',
		off: [[identify, 'if (o->user == NULL || !uuid_valid(o->user)) {',
			'if (o->user == NULL) {\n\t\tout->uid = 0;\n' +
			'\t\tmemcpy(out->user_id, auth_owner(a), UUID_TEXT);\n' +
			'\t\tmemcpy(out->token_id, a->service.id, UUID_TEXT);\n' +
			'\t\tout->via = AUTH_SERVICE;\n\t\tout->scopes = SCOPE_FULL;\n' +
			'\t\treturn true;\n\t}\n\tif (!uuid_valid(o->user)) {']],
		red: ['abuse A02 no terminal', 'abuse C12 every route'] },
	{ ids: ['A04', 'A05', 'A07'], guard: 'a Host is one of our own names',
		off: [[origin, 'return host != NULL && list_has(r->hosts, host);',
			'return host != NULL;']],
		red: ['abuse A04 A05 A07 only our own',
			'unit/api/test_auth test_A04_host_before_credentials'] },
	{ ids: ['A04'], guard: 'nginx serves no Host that is only like an allowed one',
		off: [['cli/allowed.c', 'if (strchr(".[]", *p) != NULL)',
			'if (false)']],
		red: ['unit/cli/test_proxy abuse_A04_allowed',
			'e2e abuse_A04 A05 only the names'] },
	{ ids: ['A04'], guard: 'nginx judges the Host',
		off: [['proxy-conf/rdv.conf.in', 'if ($rdv_host = 0) {\n' +
			'\t\t\treturn 421;\n\t\t}\n', '']],
		red: ['unit/cli/test_proxy abuse_A04_allowed',
			'e2e abuse_A04 A05 only the names'] },
	{ ids: ['A03', 'A10'], guard: 'nginx judges the Origin',
		off: [['proxy-conf/rdv.conf.in', 'if ($rdv_origin = 0) {\n' +
			'\t\t\treturn 403;\n\t\t}\n', '']],
		red: ['unit/cli/test_proxy only_our_origin',
			'e2e abuse_A04 A05 only the names'] },
	{ ids: ['A04'], guard: 'only hosts are written into the configuration of ' +
		'nginx',
	off: [['cli/allowed.c', '!host_ok(s) || ', '']],
	red: ['unit/cli/test_front abuse_A04_injected'] },
	{ ids: ['A04'], guard: 'rdvd takes only hosts for hosts',
		off: [['daemon/conf.c', 'return host_ok(type ==',
			'return true || host_ok(type ==']],
		red: ['unit/api/test_conf test_errors',
			'e2e abuse_A04 what is no host'] },
	{ ids: ['A06'], guard: 'one Host only',
		off: [[gate, 'if (h->host != NULL)\n\t\treturn GATE_HOST_TWO;', '']],
		red: ['abuse A06 two Hosts', 'unit/http/test_gate abuse_A06_host'] },
	{ ids: ['A06'], guard: 'the host of an absolute target is that of Host',
		off: [[gate, '(t.authority_len != h->host_len ||\n\t\tstrncasecmp(' +
			't.authority, h->host, h->host_len) != 0)', 'false']],
		red: ['abuse A06 two Hosts',
			'unit/http/test_gate abuse_A06_absolute_form'] },
	{ ids: ['A08'], guard: 'a body is JSON by its exact type',
		off: [['daemon/api/api.c', 'if (type == NULL || strncasecmp(type, ' +
			'"application/json", n) != 0)\n\t\treturn false;',
		'return true;']],
		red: ['abuse A08 what a form', 'unit/api/test_dispatch test_A08'] },
	{ ids: ['A08', 'A14'], guard: 'a cookie counts only with its page key',
		off: [[identify, 'if (t != NULL && secret_equal(t->page, key, ' +
			'DIGEST_LEN))', 'if (t != NULL)']],
		red: ['unit/api/test_cookie test_cookie_needs'] },
	{ ids: ['A09'], guard: 'no row of GET has a handler that changes something',
		off: [['daemon/api/signin.c', '"/api/auth/me", SCOPE_ANY, .handler = ' +
			'signin_me', '"/api/auth/me", SCOPE_ANY, .handler = ' +
			'signin_logout']],
		red: ['abuse A09 no GET'] },
	{ ids: ['A10'], guard: 'no answer allows another origin to read it',
		off: [['daemon/http/reply.c', '"Cache-Control: no-store\\r\\n"',
			'"Access-Control-Allow-Origin: *\\r\\n"']],
		red: ['abuse A10 nobody is told'] },
	{ ids: ['A14'], guard: 'a stream by cookie needs proof of our own page',
		off: [[identify, 'if (same && !need->changes && !need->websocket)',
			'if (!need->changes && !need->websocket)']],
		red: ['abuse A14 streams need'] },
	{ ids: ['A15'], guard: 'signing in revokes the cookie that was there',
		off: [['daemon/api/signin.c',
			'if (t == NULL || t->kind != TOKEN_COOKIE)\n\t\t\tcontinue;',
			'if (t == NULL || t != NULL)\n\t\t\tcontinue;']],
		red: ['abuse A15 a planted cookie',
			'unit/api/test_signin test_A15_old_cookie',
			'unit/api/test_signin test_A15_every_cookie'] },
	{ ids: ['A16'], guard: 'a cross-site Sec-Fetch-Site is refused',
		off: [[origin, 'return site == NULL || strcmp(site, "same-origin") ' +
			'== 0 ||\n\t       strcmp(site, "none") == 0;', 'return true;']],
		red: ['abuse A16 what the browser'] },
];

const http = [
	{ ids: ['B06'], guard: 'a length and a coding exclude each other',
		off: [[gate, 'if (h->chunked && h->has_length)\n\t\treturn GATE_BOTH;',
			''],
		['daemon/http/parse.c', 'x->left == (g->has_length ? g->length : 0) &&',
			''],
		['daemon/http/parse.c', 'x->p.data = x;',
			'x->p.data = x;\n\tx->p.allow_chunked_length = 1;']],
		red: ['abuse B06 one request is one',
			'unit/http/test_gate abuse_B06_length_and_coding'] },
	{ ids: ['B06'], guard: 'one length, of digits only',
		off: [[gate, 'if (h->has_length || len == 0', 'if (len == 0'],
			['daemon/http/parse.c', '!execute(x, copy, len) || ',
				'(!execute(x, copy, len) && !x->headers_done) || ']],
		red: ['unit/http/test_gate abuse_B06_length_and_coding'] },
	{ ids: ['B06'], guard: 'a chunked body has one grammar',
		off: [['daemon/http/chunk.c', "return c == '\\r' && g->digits > 0;",
			'return true;'],
		['daemon/http/chunk.c', "g->state = g->left > 0 ? CHUNK_DATA : " +
			"CHUNK_END_CR;\n\t\treturn c == '\\n';", 'g->state = g->left ' +
			'> 0 ? CHUNK_DATA : CHUNK_END_CR;\n\t\treturn true;']],
		red: ['unit/http/test_chunk abuse_B06_broken_chunks'] },
	{ ids: ['B06'], guard: 'lines end with CR LF',
		off: [[gate, "if (i == 0 || p[i - 1] != '\\r')\n\t\t\t\treturn " +
			'GATE_BYTE;', '']],
		red: ['unit/http/test_gate abuse_B06_line_endings'] },
	{ ids: ['B06'], guard: 'after a refusal the connection is over',
		off: [['daemon/http/exchange.c', 'x->state = EXCHANGE_OVER;\n' +
			'\tconn_end(c);\n}\n\nstatic void\ndispatch',
		'x->state = EXCHANGE_HEAD;\n}\n\nstatic void\ndispatch'],
		['daemon/http/exchange.c', 'if (why != GATE_OK) {\n\t\trefuse(x, ' +
			'why);\n\t\treturn len;\n\t}\n\tif (parse_done(x->req))\n' +
			'\t\tdispatch(x);\n\telse',
		'if (why != GATE_OK) {\n\t\trefuse(x, why);\n\t\treturn end;\n\t}\n' +
			'\tif (parse_done(x->req))\n\t\tdispatch(x);\n\telse']],
		red: ['abuse B06 one request is one',
			'unit/http/test_server abuse_B06_no_leftover'] },
	{ ids: ['B07'], guard: 'segments that mean "up" or nothing are refused',
		off: [[target, 'return !(n == 1 && s[0] == \'.\') &&\n\t       ' +
			"!(n == 2 && s[0] == '.' && s[1] == '.');", 'return true;']],
		red: ['abuse B07 a path is', 'unit/http/test_target abuse_B07_paths'] },
	{ ids: ['B07'], guard: 'no escape stands for a slash or a control byte',
		off: [[target, "return c >= 0x20 && c != 0x7f && c != '/' && c != " +
			"'\\\\';", 'return c >= 0;']],
		red: ['abuse B07 a path is', 'unit/http/test_target abuse_B07_paths'] },
	{ ids: ['B07'], guard: 'a path is valid UTF-8',
		off: [[target, '!str_utf8_valid(out, n) || !segments_ok(out, n)',
			'!segments_ok(out, n)']],
		red: ['abuse B07 a path is', 'unit/http/test_target abuse_B07_paths'] },
	{ ids: ['B11'], guard: 'the only upgrade is a WebSocket handshake',
		off: [['daemon/http/handshake.c', 'strcasecmp(upgrade, "websocket") ' +
			'!= 0 ||\n\t    !http_list_has', '!http_list_has']],
		red: ['abuse B11 only websocket',
			'unit/http/test_http abuse_B11_handshakes'] },
	{ ids: ['B11'], guard: 'no upgrade where no row has one',
		off: [['daemon/api/api.c', 'if (wants == c->req->websocket)\n\t\t' +
			'return true;', 'if (wants == c->req->websocket || !wants)\n' +
			'\t\treturn true;']],
		red: ['abuse B11 only websocket',
			'unit/api/test_dispatch test_B11_upgrade'] },
];

const files = [
	{ ids: ['F01', 'F02'], guard: 'the kernel follows no link for us',
		off: [[pathopen, 'RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |\n\t\t\t   ' +
			'RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV', '0']],
		red: ['unit/lib/test_pathopen abuse_F01_no_symlink_at_the_end',
			'unit/lib/test_pathopen abuse_F02_no_symlink_in_the_middle',
			'unit/lib/test_pathopen abuse_F02_F03_racer'] },
	{ ids: ['F01', 'F02', 'F03'],
		guard: 'the descent opens and judges each component',
		off: [[pathopen, 'if (S_ISLNK(at.mode))\n\t\treturn -ELOOP;', ''],
			[pathopen, '(flags & ~O_TRUNC) | O_NOFOLLOW | O_CLOEXEC',
				'(flags & ~O_TRUNC) | O_CLOEXEC']],
		red: ['unit/lib/test_pathopen abuse_F01_no_symlink_at_the_end_by_d',
			'unit/lib/test_pathopen abuse_F02_no_symlink_in_the_middle_by_d',
			'unit/lib/test_pathopen abuse_F02_F03_racer_by_descent'] },
	{ ids: ['F04'], guard: 'relative, without "..", not empty, not endless; ' +
		'and the kernel stays beneath',
	off: [[pathopen, 'if (len == 2 && p[0] == \'.\' && p[1] == \'.\')\n\t\t\t' +
		'return -EXDEV;', ''],
	[pathopen, "if (*rel == '/')\n\t\treturn -EXDEV;", ''],
	[pathopen, 'RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_SYMLINKS']],
	red: ['unit/lib/test_pathopen abuse_F04_dots_and_lengths'] },
	{ ids: ['F04'], guard: 'a path from a client is absolute and plain',
		off: [['lib/path.c', "if (path[0] != '/' || strlen(path) >= " +
			'PATH_MAX)\n\t\treturn false;', 'return true;']],
		red: ['abuse F04 relative'] },
	{ ids: ['F05'], guard: 'beneath is by component, not by prefix',
		off: [['lib/path.c', 'return str_starts(path, root) &&\n\t       ' +
			"(path[len] == '\\0' || path[len] == '/');",
		'return str_starts(path, root);']],
		red: ['abuse F05 a sibling', 'unit/lib/test_path abuse_F05_under'] },
	{ ids: ['F05'], guard: 'a confined program writes beneath its root only',
		off: [['security/drop.c', 'if (!p->confined || mutant("landlock"))',
			'if (true)'], noSpaces],
		red: ['abuse F05 a sibling'] },
	{ ids: ['F06'], guard: '(over-blocking) only ".." itself is refused',
		off: [[pathopen, 'if (len == 2 && p[0] == \'.\' && p[1] == \'.\')',
			"if (len >= 2 && p[0] == '.' && p[1] == '.')"]],
		red: ['unit/lib/test_pathopen abuse_F06_odd_names_are_names'] },
	{ ids: ['F06'], guard: '(over-blocking) any byte but "/" in a name',
		off: [['lib/path.c', 'if (c[-1] != \'/\' || is_dots(c, len))',
			"if (c[-1] != '/' || is_dots(c, len) || *c == '-' || *c == '.')"]],
		red: ['abuse F06 names that look odd'] },
	{ ids: ['F07'], guard: 'magic links are links, and no root has them',
		off: [[pathopen, 'RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |\n\t\t\t   ' +
			'RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV', '0']],
		red: ['unit/lib/test_pathopen abuse_F07_no_magic_link'] },
	{ ids: ['F05'], guard: 'a repository lies under one of the roots: ' +
		'what is named, what is found, and the main worktree',
	off: [['git-worker/place.c', 'if (!place_allowed(a, ask->rules, real))\n' +
		'\t\treturn outside(a, real, why);', ''],
	['git-worker/place.c', 'while (strcmp(at, "/") != 0 && ' +
		'place_allowed(a, ask->rules, at)) {', 'while (strcmp(at, "/") != 0) {'],
	['git-worker/place.c', 'under_roots(a, rules, top) &&', '']],
	red: ['abuse F05 a sibling'] },
	{ ids: ['F07'], guard: 'no magic link leads to a repository',
		off: [['git-worker/place.c', '.resolve = RESOLVE_NO_MAGICLINKS',
			'.resolve = 0']],
		red: ['abuse F07 magic links'] },
	{ ids: ['F07'], guard: 'what a confined program may write is opened ' +
		'through no magic link',
	off: [['priv-helper/trail.c', 'RESOLVE_NO_SYMLINKS', '0'],
		['priv-helper/trail.c', '.resolve = RESOLVE_NO_MAGICLINKS | resolve',
			'.resolve = resolve']],
	red: ['abuse F07 magic links'] },
];


const sockets = 'priv-helper/sockets.c', token = 'daemon/store/tokens.c';
const hygiene = 'priv-helper/hygiene.c', limit = 'daemon/auth/limit.c';

const local = [
	{ ids: ['C01', 'C04'], guard: 'a socket is born with mode 0600',
		off: [[sockets, 'old = umask(mutant("C04") ? 0 : 0177);',
			'old = umask(0);']],
		red: ['abuse C01 sockets are', 'abuse C04 C16 never wider',
			'priv/sockets abuse_C01', 'priv/sockets abuse_C04'] },
	{ ids: ['C01'], guard: 'a socket serves its own account alone',
		off: [['daemon/http/server.c', 'return peer == l->owner || peer == 0;',
			'return true;']],
		red: ['unit/http/test_lifetime abuse_C01_another'] },
	{ ids: ['C01', 'C16'], guard: 'directories are made 0700, or refused: by ' +
		'mode, by check and by umask',
	off: [[pathpriv, 'mkdirat(dirfd, name, 0700)', 'mkdirat(dirfd, name, 0755)'],
		[pathpriv, 'st.st_uid != geteuid() || (st.st_mode & 0777) != 0700',
			'st.st_uid != geteuid()'],
		[hygiene, '(void)umask(077);', '(void)umask(022);']],
	red: ['abuse C01 sockets are', 'abuse C04 C16 never wider',
		'unit/lib/test_pathpriv abuse_C16_directory',
		'priv/sockets abuse_C16'] },
	{ ids: ['C16'], guard: 'files are made 0600, by mode and by umask',
		off: [['daemon/store/create.c', 'O_CLOEXEC, 0600);', 'O_CLOEXEC, 0644);'],
			['daemon/main.c', '(void)umask(077);', '(void)umask(022);']],
		red: ['abuse C04 C16 never wider', 'api C16: everything'] },
	{ ids: ['C16'], guard: 'a log that is opened anew is made 0600 as well',
		off: [['daemon/house.c', 'O_CLOEXEC, 0600);', 'O_CLOEXEC, 0640);'],
			['daemon/main.c', '(void)umask(077);', '(void)umask(0);']],
		red: ['abuse C16 never wider while'] },
	{ ids: ['C02'], guard: 'nobody listens on a network (planted: [main] does)',
		off: [[sockets, 'err = listen_on(fd, &sun);',
			'(void)listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1);' +
			'\n\terr = listen_on(fd, &sun);']],
		red: ['abuse C02 no port', 'api C02: no listening'] },
	{ ids: ['C02'], guard: 'rdvd is handed Unix sockets (planted: a port)',
		off: [[sockets, 's->fd = fd;\n\treturn 0;',
			'(void)close(fd);\n\ts->fd = socket(AF_INET, SOCK_STREAM, 0);\n' +
			'\treturn listen(s->fd, 1);']],
		red: ['priv/sockets abuse_C02'] },
	{ ids: ['C03'], guard: 'only a dead socket of ours is replaced',
		off: [[sockets, 'if (mutant("C03"))', 'if (true)']],
		red: ['abuse C03 what stands', 'priv/sockets abuse_C03_path_occupied',
			'priv/sockets abuse_C03_foreign'] },
	{ ids: ['C03'], guard: 'only what was bound is unlinked at the end',
		off: [[sockets, 'st.st_dev == s->dev && st.st_ino == s->ino)',
			'true)']],
		red: ['priv/sockets abuse_C03_replaced'] },
	{ ids: ['C05', 'C06'], guard: 'one instance by flock, and by the sockets ' +
		'that still answer',
	off: [['priv-helper/lock.c', 'if (flock(fd, LOCK_EX | LOCK_NB) == 0)',
		'if (true)'],
	[sockets, 'dead = connect(', 'dead = true || connect(']],
	red: ['abuse C05 of many', 'abuse C06 a lock', 'priv/sockets abuse_C05_one',
		'priv/sockets abuse_C06', 'api C05: a second'] },
	{ ids: ['C06'], guard: 'the directory is locked beside the file',
		off: [['priv-helper/lock.c', 'if (err == 0 && !mutant("C06"))',
			'if (false)'],
		[sockets, 'dead = connect(', 'dead = true || connect(']],
		red: ['abuse C06 a lock', 'priv/sockets abuse_C06'] },
	{ ids: ['C10'], guard: 'failures are counted and delayed',
		off: [[limit, 'if (++s->fails <= bound)', 'if (1)']],
		red: ['abuse C10 guesses', 'unit/api/test_auth test_C10_lockout'] },
	{ ids: ['C10'], guard: 'what is good passes whatever was guessed (planted: ' +
		'a peer that guesses is not heard)',
	off: [[identify, 'if (token_ended(t, now))',
		'if (token_ended(t, now) || a->stats.limited > 0)']],
	red: ['abuse C10 guesses', 'unit/api/test_auth test_C10_lockout'] },
	{ ids: ['C10'], guard: 'a token is given as Bearer, and nothing else',
		off: [[identify, 'h + 7 : ""', 'h + 7 : h']],
		red: ['abuse C10 guesses'] },
	{ ids: ['C10'], guard: '(over-blocking) expired tokens make room for new ones',
		off: [['daemon/core/credential.c', 'if (is_listed(spec->kind) && ' +
			'!token_ended(old, clock_wall_ms()))', 'if (is_listed(' +
			'spec->kind))']],
		red: ['unit/api/test_tokens test_expired_tokens'] },
	{ ids: ['C10'], guard: 'a token that counts makes no room',
		off: [['daemon/core/credential.c', 'if (is_listed(spec->kind) && ' +
			'!token_ended(old, clock_wall_ms()))', 'if (false)']],
		red: ['unit/api/test_tokens test_expired_tokens'] },
	{ ids: ['C10'], none: 'that the comparison takes constant time is not for ' +
		'a test to see: digests are compared, and no caller steers those' },
	{ ids: ['C11'], guard: 'what is presented is hashed',
		off: [[identify, 'digest_of(text, strlen(text), digest);\n\treturn true;',
			'if (!str_unhex(digest, DIGEST_LEN, text))\n' +
			'\t\tdigest_of(text, strlen(text), digest);\n\treturn true;']],
		red: ['abuse C11 what is stored', 'api the stored digest',
			'unit/api/test_auth test_C11'] },
	{ ids: ['C12'], guard: 'a route asks for its scope',
		off: [[identify, 'if ((who.scopes & need->scope) == 0) {', 'if (false) {']],
		red: ['abuse C12 every route', 'api every closed route',
			'unit/api/test_auth test_C12'] },
	{ ids: ['C12'], guard: 'a token makes none with more scopes',
		off: [['daemon/api/tokens.c', 'if ((spec->scopes & ~w->most) != 0) {',
			'if (false) {']],
		red: ['abuse C12 every route'] },
	...[['a session', 'daemon/store/sessions.c', 'session.id = ? AND ' +
		'session.user_id = ?'], ['a folder', 'daemon/store/folders.c',
		'FROM folder WHERE id = ? AND user_id = ?'], ['a run',
		'daemon/store/runs.c', 'FROM run WHERE id = ? AND user_id = ?'],
	['a token', token, 'FROM token WHERE id = ? AND user_id = ?']]
		.map(([what, file, text]) => ({ ids: ['C14'],
			guard: `${what} is looked for among the user's own`,
			off: [[file, text, text.replace(/(\S*user_id = \?)$/, '($1 OR 1)')]],
			red: ['abuse C14 what is another',
				'system C14 another'] })),
	{ ids: ['C14'], guard: 'an event is for its user',
		off: [['daemon/event/bus.c', 'return ev->user_id == NULL || ' +
			'strcmp(ev->user_id, s->user) == 0;', 'return true;']],
		red: ['abuse C14 what is another',
			'unit/store/test_bus abuse_O09_visible'] },
	{ ids: ['C14', 'H13'], guard: 'an id is compared in full',
		off: [['daemon/store/sessions.c', 'WHERE session.id = ? AND ',
			"WHERE session.id LIKE ? || '%' AND "]],
		red: ['abuse C14 what is another', 'abuse H13 a name is no'] },
	{ ids: ['C17'], guard: 'the audit log is opened through no link',
		off: [['daemon/auth/audit.c', 'O_CREAT | O_NOFOLLOW | O_CLOEXEC',
			'O_CREAT | O_CLOEXEC']],
		red: ['abuse C17 planted', 'unit/api/test_state test_C17'] },
	{ ids: ['C17'], guard: 'the lock is opened through no link, and is that name',
		off: [['priv-helper/lock.c', 'O_CREAT | O_NOFOLLOW |', 'O_CREAT |'],
			['priv-helper/lock.c', 'named.st_dev != held.st_dev || ' +
				'named.st_ino != held.st_ino', 'false']],
		red: ['abuse C17 planted', 'priv/sockets abuse_C17'] },
	{ ids: ['C17'], guard: 'a private directory is entered through no link',
		off: [[pathpriv, 'O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC',
			'O_DIRECTORY | O_CLOEXEC']],
		red: ['abuse C17 planted', 'priv/sockets abuse_C17'] },
	{ ids: ['C17'], guard: 'a private file is made anew beside its name',
		off: [[pathpriv, 'snprintf(tmp, sizeof(tmp), ".tmp-%s", hex);',
			'snprintf(tmp, sizeof(tmp), "%s", name);'],
		[pathpriv, 'O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC',
			'O_WRONLY | O_CREAT | O_CLOEXEC']],
		red: ['unit/lib/test_pathpriv abuse_C17'] },
];

const js = 'lib/js.c', ws = 'daemon/http/ws.c', conn = 'daemon/http/conn.c';
const exchange = 'daemon/http/exchange.c', viewer = 'daemon/term/viewer.c';

const parsers = [
	{ ids: ['D01'], guard: 'JSON nests to a bound',
		off: [[js, 'if (!depth_ok(text, len)) {', 'if (false) {']],
		red: ['abuse D01 JSON', 'unit/lib/test_js abuse_D01_depth'] },
	{ ids: ['D01'], guard: 'a key stands once',
		off: [[js, 'JSON_REJECT_DUPLICATES | JSON_DECODE_ANY',
			'JSON_DECODE_ANY']],
		red: ['abuse D01 JSON', 'unit/lib/test_js abuse_D01_refuses'] },
	{ ids: ['D01'], guard: 'nothing follows the value',
		off: [[js, 'JSON_REJECT_DUPLICATES | JSON_DECODE_ANY',
			'JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | ' +
			'JSON_DISABLE_EOF_CHECK']],
		red: ['abuse D01 JSON', 'unit/lib/test_js abuse_D01_refuses'] },
	{ ids: ['D01'], guard: 'no string has a NUL',
		off: [[js, 'JSON_REJECT_DUPLICATES | JSON_DECODE_ANY',
			'JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL']],
		red: ['abuse D01 JSON', 'unit/lib/test_js abuse_D01_refuses'] },
	{ ids: ['D01', 'D02'], guard: 'a body has a bound, known before it comes',
		off: [[exchange, 'if (g.has_length && g.length > s->lim.body)',
			'if (false)']],
		red: ['abuse D01 JSON'] },
	{ ids: ['D02'], guard: 'heads and bodies have a deadline',
		off: [[exchange, 'x->state == EXCHANGE_BODY && age >= bound(x, lim->body_ms)',
			'false'],
		[exchange, 'x->seen > 0 && age >= bound(x, lim->header_ms)', 'false']],
		red: ['abuse D02 floods', 'unit/http/test_limits abuse_D02_slow'] },
	{ ids: ['D02'], guard: 'who shows no token at a door is not waited for',
		off: [[exchange, 'stranger && ms > SERVER_DOOR_MS', 'false']],
		red: ['unit/http/test_lifetime abuse_D02_strangers'] },
	{ ids: ['D02'], guard: 'refusals at doors keep out no others',
		off: [['daemon/auth/audit.c', '&a->attempts[kind]',
			'&a->attempts[kind != 0]']],
		red: ['unit/api/test_state test_D02'] },
	{ ids: ['E01'], guard: 'no run is given the homes of all agents',
		off: [['priv-helper/roots.c',
			' && strcmp(rs->agents, path) != 0', '']],
		red: ['priv/verbs abuse_E01_roots', 'api E01 no run'] },
	{ ids: ['D02'], guard: 'line, head and number of headers have bounds',
		off: [[gate, 'if (i > lim->line && memchr(p, \'\\n\', lim->line) == ' +
			'NULL)', 'if (false)'],
		[gate, 'return i > lim->header ? GATE_HEAD_LONG : GATE_OK;',
			'return GATE_OK;'],
		[gate, 'if (++h.nheaders > lim->nheaders)',
			'if (++h.nheaders > 1000000)']],
		red: ['abuse D02 floods', 'unit/http/test_gate abuse_D02'] },
	{ ids: ['D02'], guard: 'no request is read before the last answer has left',
		off: [[exchange, 'conn_queued(x->conn) <= OUTPUT_HIGH', 'true']],
		red: ['unit/http/test_limits abuse_D02_pipelined'] },
	{ ids: ['D02'], guard: 'no memory for the bodies of strangers',
		off: [[exchange, 'if (s->early == NULL || (left > 0 && left <= ' +
			'at_hand))', 'if (true)']],
		red: ['abuse D02 no memory',
			'unit/http/test_server abuse_D02_bodies'] },
	{ ids: ['D02'], guard: '(over-blocking) a refused client may finish its body',
		off: [[conn, '#define LINGER_MAX ((size_t)16 << 20)',
			'#define LINGER_MAX ((size_t)16 << 10)']],
		red: ['unit/http/test_limits refused_client'] },
	{ ids: ['D02'], guard: 'refusals do not fill the audit log',
		off: [['daemon/auth/audit.c', 'if (bucket_take(&a->attempts[kind], ' +
			'clock_mono_ms()))', 'if (true)']],
		red: ['abuse D02 refusals fill', 'unit/api/test_state test_D02'] },
	{ ids: ['D02'], guard: 'uses and refusals do not hide each other',
		off: [['daemon/auth/audit.c', '&a->attempts[kind]',
			'&a->attempts[0]']],
		red: ['unit/api/test_state test_D02'] },
	{ ids: ['D02'], guard: 'refusals do not fill the log',
		off: [['daemon/api/reply.c', 'return status >= 500 ||\n\t       ' +
			'bucket_take(&c->app->api->refusals, clock_mono_ms());',
		'return true;']],
		red: ['abuse D02 refusals fill'] },
	{ ids: ['D02'], guard: "clients cannot fill nginx's log",
		off: [['proxy-conf/rdv.conf.in', 'error_log stderr crit;',
			'error_log stderr warn;']],
		red: ['unit/cli/test_proxy abuse_D02_clients'] },
	{ ids: ['D06', 'H09'], guard: 'a viewer that left while paused is let go',
		off: [[conn, 'if (left_long_ago(c, now_ms))', 'if (false)']],
		red: ['unit/http/test_wsbounds abuse_H09_paused'] },
	{ ids: ['D03'], guard: 'a frame has a bound',
		off: [[ws, 'wslay_event_config_set_max_recv_msg_length(ws->ctx, ' +
			'ws->max);', '']],
		red: ['abuse D03 frames', 'unit/http/test_ws abuse_D03_wrong'] },
	{ ids: ['D03'], guard: 'a message has a bound, in however many frames',
		off: [[ws, 'buf_done(&ws->msg);\n\tbuf_init_secret(&ws->msg, ws->max);',
			'buf_done(&ws->msg);\n\tbuf_init_secret(&ws->msg, 1 << 24);'],
		[ws, 'buf_init_secret(&ws->msg, ws->max);\n\t\tq->server',
			'buf_init_secret(&ws->msg, 1 << 24);\n\t\tq->server']],
		red: ['unit/http/test_ws abuse_D03_too_big'] },
	{ ids: ['D03'], guard: 'a close frame is whole and its reason is text',
		off: [[ws, 'check_close(ws, m->msg, m->msg_length);', '']],
		red: ['abuse D03 frames', 'unit/http/test_ws abuse_D03_wrong'] },
	{ ids: ['D03'], guard: 'nothing is allocated for an announced length',
		off: [[ws, 'wslay_event_config_set_no_buffering(ws->ctx, 1);', '']],
		red: ['unit/http/test_wsbounds abuse_D03_announced'] },
	{ ids: ['D03'], guard: 'pings of one who reads no answer get none',
		off: [[ws, 'ws->close_ms != 0 || (more && conn_queued(ws->conn) > ' +
			'CONTROL_MAX);', 'ws->close_ms != 0;']],
		red: ['unit/http/test_wsbounds abuse_D03_ping_flood'] },
	{ ids: ['D03'], none: 'masks, reserved bits, opcodes and the order of ' +
		'fragments are judged by libwslay; the same tests ask for each' },
	{ ids: ['D04'], guard: 'a body with a content coding is refused',
		off: [['daemon/api/api.c', ' &&\n\t    http_header(r, ' +
			'"content-encoding") == NULL)', ')']],
		red: ['abuse D04 nothing'] },
	{ ids: ['D04'], guard: 'no extension is granted (planted: deflate)',
		off: [[ws, 'reply_field(b, "Sec-WebSocket-Accept", accept);',
			'reply_field(b, "Sec-WebSocket-Accept", accept);\n\t' +
			'reply_field(b, "Sec-WebSocket-Extensions", ' +
			'"permessage-deflate");']],
		red: ['abuse D04 nothing'] },
	{ ids: ['D05'], guard: 'a viewer that takes nothing is dropped',
		off: [[viewer, 'if (v->dead || !v->lagging || v->ops->stalled_ms == ' +
			'NULL)', 'if (true)']],
		red: ['abuse D05 a viewer', 'unit/term/test_viewer test_D05_too_slow'] },
	{ ids: ['D05'], guard: 'a viewer is given no more than it takes',
		off: [[viewer, 'full = v->ops->queued(v->arg) >= VIEWER_LOW;',
			'full = false;']],
		red: ['abuse D05 a viewer', 'unit/term/test_viewer test_D05_slow'] },
	{ ids: ['D05'], guard: 'a stream of events is given no more than it takes',
		off: [['daemon/api/events.c', 'stream_queued(f->stream) < QUEUE_HIGH',
			'true']],
		red: ['abuse D05 a stream'] },
	{ ids: ['D05'], guard: 'output that nobody takes has a deadline',
		off: [[conn, 'if (conn_stalled_ms(c, now_ms) >= STALL_MS) {',
			'if (false) {']],
		red: ['unit/http/test_stream abuse_D05_reader'] },
	{ ids: ['D05'], guard: 'and a bound, for a writer that does not look',
		off: [['daemon/http/stream.c', 'if (conn_queued(c) > OUTPUT_MAX) {',
			'if (false) {'], [ws, 'if (queued > OUTPUT_MAX) {',
			'if (false) {']],
		red: ['unit/http/test_stream abuse_D05_deaf',
			'unit/http/test_wsbounds abuse_D05_deaf'] },
	{ ids: ['D06'], guard: 'a connection closes its descriptor',
		off: [[conn, '(void)close(c->fd);', '']],
		red: ['abuse D06 10 000', 'unit/http/test_lifetime abuse_D06'] },
	{ ids: ['D06'], guard: 'a terminal that goes is counted out',
		off: [[ws, 'ws->conn->server->stats.websockets--;', '']],
		red: ['abuse D06 10 000', 'unit/http/test_wsbounds abuse_D06'] },
];

const seqpkt = 'lib/seqpkt.c', peer = 'priv-helper/peer.c';
const drop = 'security/drop.c', env = 'priv-helper/env.c';

const helper = [
	{ ids: ['E02'], guard: 'a body is its fields and not a byte more or less',
		off: [['lib/wire.c', 'if (next->kind == NULL && (!last || buf_end(b)))',
			'if (true)']],
		red: ['unit/lib/test_privproto abuse_E02_every_truncation',
			'priv/attack abuse_E02_lengths'] },
	{ ids: ['E02'], guard: 'a header tells the truth',
		off: [['lib/privproto.c', 'if (got.len != buf_left(b) || ' +
			'!header_ok(&got))', 'if (got.op == 0 || got.op >= ' +
			'PRIV_OP_MAX)'],
		['lib/privproto.c', 'magic != PRIV_MAGIC ||', 'false ||'],
		['lib/privproto.c', 'version != PRIV_VERSION ||', 'false ||'],
		[peer, 'if (h.kind != PRIV_REQUEST)', 'if (false)']],
		red: ['priv/attack abuse_E02_header',
			'unit/lib/test_privproto header_that_lies'] },
	{ ids: ['E02'], guard: 'a packet is not cut',
		off: [[seqpkt, 'if (msg.msg_flags & MSG_TRUNC)', 'if (false)']],
		red: ['unit/lib/test_seqpkt abuse_E02_lengths'] },
	{ ids: ['E03'], guard: 'only members are written',
		off: [['lib/wire.c', 'b->failed = b->failed || *v > f->max;\n\t' +
			'buf_put_u8(b, *v);', 'buf_put(b, v, 4);']],
		red: ['unit/lib/test_privproto abuse_E03'] },
	{ ids: ['E04', 'E06'], guard: '[ops] takes no control messages at all',
		off: [[peer, 'n = seqpkt_recv(o->daemon, packet, sizeof(packet), ' +
			'NULL);', 'static struct seqpkt_fds got;\n\n\tn = seqpkt_recv(' +
			'o->daemon, packet, sizeof(packet), &got);']],
		red: ['priv/attack abuse_E04', 'priv/attack abuse_E06'] },
	{ ids: ['E04'], guard: 'descriptors in excess are closed',
		off: [[seqpkt, '(void)close(fd);\n\t\t\tfits = false;', 'fits = false;']],
		red: ['unit/lib/test_seqpkt abuse_E04_one_too_many'] },
	{ ids: ['E04'], guard: 'an error keeps none',
		off: [[seqpkt, 'if (err <= 0 || got->lost)\n\t\twhile (got->n > 0)\n' +
			'\t\t\t(void)close(got->fd[--got->n]);\n', '']],
		red: ['unit/lib/test_seqpkt abuse_E04_errors'] },
	{ ids: ['E04'], guard: 'descriptors are of the kind that was asked for',
		off: [['daemon/helperverbs.c', ' && fds_ok(&own, c->io, a.hold.net,\n' +
			'\t\t\t\t\t\t    a.guards, true)', '']],
		red: ['unit/core/test_helper_abuse test_E04_wrong'] },
	{ ids: ['E04'], guard: 'and of every run that one answer tells of, before ' +
		'the first is taken over',
		off: [['daemon/helperverbs.c', 'a.handle <= after ||\n' +
			'\t\t    !fds_ok(&own, a.io, a.hold.net, a.guards, false)',
			'a.handle <= after']],
		red: ['unit/core/test_helper_abuse test_E04_inventory'] },
	{ ids: ['E09'], guard: 'handles rise, or it would be asked for ever',
		off: [['daemon/helperverbs.c', 'a.handle <= after ||\n\t\t    ', '']],
		red: ['unit/core/test_helper_abuse test_E04_inventory'] },
	{ ids: ['E05'], guard: 'truncated control data is an error',
		off: [[seqpkt, '!good || (got->lost && got->max != SEQPKT_MANY_MAX)',
			'!good']],
		red: ['unit/lib/test_seqpkt abuse_E05', 'priv/attack abuse_E05'] },
	{ ids: ['E06'], guard: 'a control message of another kind is an error',
		off: [[seqpkt, 'if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != ' +
			'SCM_RIGHTS)\n\t\t\tgood = false;\n\t\telse if', 'if ' +
			'(c->cmsg_type != SCM_RIGHTS)\n\t\t\tcontinue;\n\t\tif']],
		red: ['unit/lib/test_seqpkt abuse_E06'] },
	{ ids: ['E07'], guard: 'what is received is close-on-exec',
		off: [[seqpkt, 'recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags)',
			'recvmsg(sock, &msg, flags)']],
		red: ['unit/lib/test_seqpkt abuse_E07'] },
	{ ids: ['E07', 'H19'], guard: 'all other descriptors are closed: at start, ' +
		'in [ops], in a copy of it and before exec',
	off: [[hygiene, 'if (keep < first)\n\t\treturn', 'if (1)\n\t\treturn 0;\n' +
		'\tif (keep < first)\n\t\treturn'],
	['priv-helper/launch.c', '\tparked_close_others(parked, ' +
		'LAUNCH_CONTROL + n);\n', ''],
	['priv-helper/launch.c', 'syscall(SYS_close_range, LAUNCH_END, ~0u, 0) < 0',
		'false'],
	['priv-helper/reaper.c', 'qsort(kept, n, sizeof(kept[0]), rising);',
		'if (n > 0)\n\t\treturn;'],
	[drop, 'if (syscall(SYS_close_range, p->first, ~0u, 0) < 0)\n\t\treturn ' +
		'-errno;', '']],
	red: ['priv/spawn abuse_H19_E07', 'abuse H19 a child',
		'api a child sees'] },
	{ ids: ['E10'], guard: 'a start whose answer is lost is not made again',
		off: [['daemon/core/run.c', '/* What the helper says to a spawn',
			'static void run_grant_cb(int, const struct grant *, const char *, ' +
			'void *);\n/* What the helper says to a spawn'],
		['daemon/core/run.c', 'start_failed(run, err, "lost",',
			'grant_get(run->runs->app->grants, run->uid, run_grant_cb, run);\n' +
			'\telse if (false)\n\t\tstart_failed(run, err, "lost",']],
		red: ['abuse E10 the helper killed amid',
			'unit/core/test_run test_E10'] },
	{ ids: ['E10'], guard: 'a helper that dies again and again is delayed',
		off: [['priv-helper/kin.c', 'k->start_at = now + k->delay;',
			'k->start_at = now;']],
		red: ['abuse E10 killed in a loop'] },
	{ ids: ['E11'], guard: 'runs stay when the daemon goes (planted: they end)',
		off: [[peer, 'r->notice_due = false;',
			'{\n\t\textern int kill(int, int);\n\n\t\tr->notice_due = false;\n' +
			'\t\t(void)kill(r->pid, 9);\n\t}']],
		red: ['abuse E11 the daemon', 'priv/life abuse_E11_runs_are_kept'] },
	{ ids: ['E11'], guard: 'a start under way is settled first',
		off: [['priv-helper/serve.c', 'return !mutant("E11");',
			'return false;']],
		red: ['priv/life abuse_E11_start'] },
	{ ids: ['E12'], guard: 'a limit on file sizes is refused',
		off: [[hygiene, '|| r.rlim_cur < FSIZE_MIN)', ')']],
		red: ['abuse E12 hostile', 'priv/main abuse_E12_refused'] },
	{ ids: ['E12'], guard: 'set-uid is refused',
		off: [[hygiene, 'if (getauxval(AT_SECURE) != 0)', 'if (0)']],
		red: ['priv/main abuse_E12_set_uid'] },
	{ ids: ['E12'], guard: 'signals are as they are at first',
		off: [[drop, 'return signals_default();', 'return 0;']],
		red: ['abuse E12 hostile', 'priv/main abuse_E12_normalised'] },
	{ ids: ['E12'], guard: 'the environment of the start is thrown away, and ' +
		'that of a program made from nothing',
	off: [[hygiene, 'if (clearenv() != 0)', 'if (0)'],
		[env, 'set_fixed(r->profile->env, env, &n);', 'extern char **environ;\n' +
			'\tfor (char **e = environ; *e != NULL; e++)\n' +
			'\t\tset(env, &n, xstrdup(*e));\n\tset_fixed(r->profile->env, env, &n);'],
		[env, '#define FIXED_MAX 48', '#define FIXED_MAX 512']],
	red: ['abuse E12 hostile', 'priv/main abuse_E12_normalised'] },
	{ ids: ['E12'], guard: 'standard descriptors are open before anything else',
		off: [['priv-helper/main.c', 'hygiene_stdio();', '']],
		red: ['priv/main abuse_E12_closed'] },
	{ ids: ['E13'], guard: 'a table of names is refused',
		off: [[env, 'if (mutant("E13"))', 'if (true)']],
		red: ['abuse E13 dangerous', 'api environment', 'priv/spawn abuse_E13',
			'unit/priv/test_env abuse_E13'] },
	{ ids: ['E13'], guard: 'the table has what else makes programs load code',
		off: [[env, '"VIMINIT", "ZDOTDIR", "_JAVA_OPTIONS", NULL',
			'"VIMINIT", "ZDOTDIR", NULL']],
		red: ['unit/priv/test_env abuse_E13'] },
	{ ids: ['E13'], guard: 'a name has the form of one',
		off: [[env, "if (var[len] != '=' || !name_ok(var, len))",
			"if (var[len] != '=')"]],
		red: ['abuse E13 dangerous', 'priv/spawn abuse_E13'] },
	{ ids: ['E13'], guard: 'a name is given once',
		off: [[env, 'if (find(r->vars, i, var) >= 0)', 'if (false)']],
		red: ['priv/spawn abuse_E13'] },
	{ ids: ['E14', 'H13'], guard: "a session's name is no flag and no target",
		off: [['daemon/core/sessionnew.c', "name[0] == '-' || name[0] == '=' ||",
			'']],
		red: ['abuse E14 a name that is', 'abuse H13 a name is',
			'unit/core/test_session test_H13'] },
	{ ids: ['E14'], guard: 'nor is a flag the base that a repository has',
		off: [['daemon/core/repos.c', 'if (base != NULL && !branch_ok(base))',
			'if (base != NULL && false)']],
		red: ['abuse E14 nor is'] },
	{ ids: ['E14', 'G13'], guard: 'a branch has the grammar of one',
		off: [['daemon/core/branch.c', 'size_t len = strlen(name), n;',
			'size_t len = strlen(name), n;\n\n\tif (len < 100000)\n' +
			'\t\treturn true;']],
		red: ['abuse G13 names that are',
			'unit/core/test_git_branch abuse_G13_nothing'] },
	{ ids: ['E15'], guard: 'no shell stands between (planted: one does)',
		off: [[drop, '(void)syscall(SYS_execve, p->order->path, p->order->argv,' +
			'\n\t    p->order->envp);',
			'static char line[65536];\n\tchar *sh[] = { "sh", "-c", line, NULL ' +
			'};\n\n\tfor (char **a = p->order->argv; *a != NULL; a++) {\n' +
			'\t\t(void)strncat(line, *a, 60000);\n' +
			'\t\t(void)strncat(line, " ", 60000);\n\t}\n' +
			'\texecve("/bin/sh", sh, p->order->envp);']],
		red: ['abuse E15 no shell', 'priv/spawn abuse_E15'] },
	{ ids: ['E15'], guard: 'a session name has no control characters',
		off: [['daemon/core/sessionnew.c', 'if (c < 0x20 || c == 0x7f ||',
			'if (']],
		red: ['abuse E15 no shell', 'unit/core/test_session test_H13'] },
];

// The sandbox holds every program that is not git; the pins are a second line.
const sandbox = [drop, 'if (!p->confined || mutant("landlock"))', 'if (true)'];
const pins = 'daemon/core/gitpins.c', profile = 'security/profile.c';
const pin = (text) => [pins, `\t"${text}",\n`, ''];
const named = (section, last, value = '') =>
	[pins, `\t{ "${section}.", ".${last}", "${value}" },\n`, ''];
const unitGit = 'unit/core/test_git_abuse abuse_G01_to_G06';

const git = [
	{ ids: ['G01'], guard: 'sandbox and pin: core.fsmonitor',
		off: [sandbox, pin('core.fsmonitor=false'),
			[profile, 'KEY_1=core.fsmonitor', 'KEY_1=core.zz']],
		red: ['abuse G01 core.fsmonitor'] },
	{ ids: ['G02'], guard: 'sandbox and pin: core.hooksPath',
		off: [sandbox, pin('core.hooksPath=/dev/null'),
			[profile, 'KEY_0=core.hooksPath', 'KEY_0=core.zz']],
		red: ['abuse G02 every hook'] },
	{ ids: ['G03'], guard: 'sandbox and overrides: filters',
		off: [sandbox, named('filter', 'clean'), named('filter', 'smudge'),
			named('filter', 'process')],
		red: ['abuse G03 filters'] },
	{ ids: ['G04', 'G05', 'G06'], guard: 'sandbox and pins: what only git ' +
		'commands run that rdv never calls',
	off: [sandbox, pin('diff.external='), named('diff', 'command'),
		named('diff', 'textconv'), named('merge', 'driver')],
	red: [unitGit] },
	{ ids: ['G04'], guard: 'sandbox, pins and options: what shows differences',
		off: [sandbox, pin('diff.external='), named('diff', 'command'),
			named('diff', 'textconv'),
			['git-worker/difftree.c', '"--no-ext-diff", "--no-textconv",', '']],
		red: ['abuse G04 programs'] },
	{ ids: ['G13'], guard: 'no name goes on the command line of git that it ' +
		'would reckon with',
	off: [['git-worker/jobask.c', 'if (ref == NULL || is_ref(ref))',
		'if (true)']],
	red: ['api no name is an option'] },
	{ ids: ['G05'], guard: 'sandbox and pin: an included file',
		off: [sandbox, pin('core.fsmonitor=false'),
			[profile, 'KEY_1=core.fsmonitor', 'KEY_1=core.zz']],
		red: ['abuse G05 none of'] },
	{ ids: ['G06', 'G11'], guard: 'the sandbox alone',
		off: [sandbox], red: ['abuse G06 a program',
			'abuse G11 a repository', unitGit] },
	{ ids: ['G07'], guard: 'git is run where .git is, and takes no bare ' +
		'repository that it finds; and the sandbox',
	off: [sandbox, pin('safe.bareRepository=explicit'),
		pin('core.fsmonitor=false'),
		[profile, 'KEY_1=core.fsmonitor', 'KEY_1=core.zz'],
		['git-worker/place.c', 'if (lstat(arena_printf(a, "%s/.git", at), st) ' +
			'== 0)', 'if (lstat(at, st) == 0)']],
	red: ['abuse G07 a bare',
		'unit/core/test_git_abuse abuse_G07_a_hidden'] },
	{ ids: ['G08'], guard: 'nothing is found above the roots',
		off: [['git-worker/place.c', 'while (strcmp(at, "/") != 0 && ' +
			'place_allowed(a, ask->rules, at)) {', 'while (strcmp(at, "/") ' +
			'!= 0) {'],
		['git-worker/place.c', 'under_roots(a, rules, top) &&', '']],
		red: ['abuse G08 a repository above'] },
	{ ids: ['G08'], guard: 'a repository belongs to who asks',
		off: [['git-worker/place.c', 'if (!owned(ask, at, &st)) {',
			'if (false) {']],
		red: ['unit/worker/test_place abuse_G08'] },
];

const settings = [
	{ ids: ['I22'], guard: 'the sandbox: what a run may is written where it ' +
		'cannot write', off: [sandbox], red: ['abuse I22 a run changes'] },
];

const reaper = 'priv-helper/reaper.c', input = 'daemon/term/input.c';
const size = 'daemon/term/size.c', runend = 'daemon/core/runend.c';
const noSweep = [[reaper, 'if (r->soft == 0 || mutant("H01"))', 'if (true)'],
	[reaper, '(r->exited && mutant("H01"))', 'r->exited'],
	['priv-helper/follow.c', 'if (orphans && !mutant("H01"))', 'if (false)']];

const processes = [
	{ ids: ['H01', 'H04', 'L08'], guard: 'a reaper ends all that came to it, and ' +
		'[ops] what comes from a reaper',
		off: noSweep, red: ['abuse H01 what forks', 'api closing ends',
			'abuse H04 a fork bomb', 'api abuse L08: what an agent',
			'priv/stop abuse_H01_strays'] },
	{ ids: ['H01'], guard: 'a confined run ends by its cgroup',
		off: [[reaper, 'if (r->plan->drop.confined)\n\t\tcgroup_kill(',
			'if (false)\n\t\tcgroup_kill(']],
		red: ['priv/cgroup abuse_H01_cgroup'] },
	{ ids: ['H01'], guard: 'an end is told when the cgroup is gone as well',
		off: [[reaper, 'p->drop.confined ? KILLED_MS : LEAVE_MS', '0']],
		red: ['priv/cgroup test_slow_deaths'] },
	{ ids: ['H01'], guard: '[main] removes what a killed [ops] has left',
		off: [['priv-helper/supervise.c',
			'\tcgroup_done(l->parked->cgroups);\n', '']],
		red: ['priv/cgroup test_ops_killed'] },
	{ ids: ['H01'], guard: 'what the user may not signal, no cgroup kills',
		off: [[reaper, 'if (r->plan->drop.confined)\n\t\tcgroup_kill(',
			'if (true)\n\t\tcgroup_kill(']],
		red: ['priv/cgroup test_login_spares'] },
	{ ids: ['H02'], guard: 'a stop that comes too late is no error',
		off: [['priv-helper/op_signal.c', 'return err == 0 || err == -EPIPE || ' +
			'err == -ECONNRESET;', 'return err == 0;'],
		['priv-helper/op_signal.c', 'if (r->state != RUN_RUNNING || r->control ' +
			'< 0)\n\t\treturn true;', 'if (r->state != RUN_RUNNING || ' +
			'r->control < 0)\n\t\treturn false;']],
		red: ['priv/stop abuse_H02'] },
	{ ids: ['H02'], guard: 'a stop during the start is carried out after it',
		off: [['daemon/core/run.c', 'if (run->stop != NULL)\n\t\t' +
			'run_end_now(run);', '']],
		red: ['unit/core/test_run test_H02'] },
	{ ids: ['H02'], guard: 'closing what is closed is no error',
		off: [['daemon/core/session.c', 'if (is(op, "closed")) {\n\t\t' +
			'end_when_durable(op);', 'if (is(op, "closed")) {\n\t\t' +
			'session_op_end(op, RDV_E_NOT_FOUND, NULL);']],
		red: ['abuse H02 stop races'] },
	{ ids: ['H03'], guard: 'only children not waited for are signalled',
		off: [['priv-helper/op_signal.c', 'if (mutant("H03"))', 'if (true)']],
		red: ['priv/stop abuse_H03'] },
	{ ids: ['H03'], guard: 'the pidfd names the group, not the number',
		off: [['priv-helper/leader.c', 'if (syscall(SYS_pidfd_send_signal, ' +
			'pidfd, sig, NULL, flags) == 0)\n\t\treturn 0;\n\tif (errno != ' +
			'EINVAL)', '(void)flags;\n\tif (pidfd < 0)']],
		red: ['unit/priv/test_leader abuse_H03'] },
	{ ids: ['H03'], guard: 'a kernel whose pidfds name no group is not the end',
		off: [['priv-helper/leader.c', 'if (errno != EINVAL)', 'if (true)']],
		red: ['priv/stop test_group'] },
	{ ids: ['H05', 'H06'], guard: 'seccomp refuses what types',
		off: [[drop, 'if (!p->confined || mutant("seccomp"))', 'if (true)']],
		red: ['abuse H05 H06 a confined', 'priv/guard abuse_H05_own',
			'priv/guard abuse_H06_high'] },
	{ ids: ['H06'], guard: 'rdv doctor tells of what the kernel allows',
		off: [['cli/doctor.c', "if (c == '0')", "if (c == '1')"]],
		red: ['abuse H06 rdv doctor'] },
	{ ids: ['H06'], guard: 'of a request the low half counts',
		off: [['security/filter.c', 'emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, ' +
			'g->n + 4);', 'emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, ' +
			'g->n + 6);\n\temit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)' +
			'ARG_LOW(g->arg) + 4, 0, 0);\n\temit(p, BPF_JMP | BPF_JEQ | ' +
			'BPF_K, 0, 0, g->n + 3);']],
		red: ['abuse H05 H06 a confined', 'priv/guard abuse_H06_high',
			'unit/security/test_filter abuse_H06'] },
	{ ids: ['H06'], guard: 'a call by the 32-bit entry is killed',
		off: [['security/filter.c', 'emit(p, BPF_RET | BPF_K, ' +
			'SECCOMP_RET_KILL_PROCESS, 0, 0);', 'emit(p, BPF_RET | BPF_K, ' +
			'SECCOMP_RET_ALLOW, 0, 0);']],
		red: ['priv/guard abuse_H06_32_bit'] },
	{ ids: ['H07'], guard: 'a confined program has no terminal but its own',
		off: [[profile, '{ "/dev/tty", LANDLOCK_TERMINAL },\n\t{ NULL, ' +
			'LANDLOCK_READ },\n};\n\n/*\n * A repo',
		'{ "/dev/tty", LANDLOCK_TERMINAL },\n\t{ "/dev/pts", ' +
			'LANDLOCK_TERMINAL },\n\t{ NULL, LANDLOCK_READ },\n};\n\n/*\n' +
			' * A repo'], noSpaces],
		red: ['abuse H07 a confined', 'priv/guard abuse_H07'] },
	{ ids: ['H08'], guard: 'who holds a terminal open is ended, and not ' +
		'waited for',
	off: [...noSweep, ['daemon/term/pump.c', 'else if (exited && overdue(p, ' +
		't))', 'else if (false)']],
	red: ['priv/life abuse_H08', 'unit/term/test_pump test_H08'] },
	{ ids: ['H09'], guard: 'input that waits has a bound',
		off: [[input, 'if (in->queued + len > max) {', 'if (false) {']],
		red: ['abuse H09 input', 'unit/term/test_input test_H09_program',
			'unit/term/test_input test_H09_paused'] },
	{ ids: ['H09', 'H11'], guard: 'a viewer is told to pause',
		off: [[input, 'if (err == 0 && t->input.queued > max && !v->paused) {',
			'if (false) {']],
		red: ['abuse H09 input', 'abuse H11 a paste'] },
	{ ids: ['H10'], guard: 'a size has limits',
		off: [[size, 'return cols >= TERM_COLS_MIN && cols <= TERM_COLS_MAX &&' +
			'\n\t       rows >= TERM_ROWS_MIN && rows <= TERM_ROWS_MAX;',
		'return true;']],
		red: ['abuse H10 sizes', 'unit/term/test_size test_H10_limits'] },
	{ ids: ['H10'], guard: 'a storm of sizes is gathered',
		off: [[size, 'if (!due(s) || loop_timer_pending(s->timer))',
			'if (!due(s))']],
		red: ['unit/term/test_size test_H10_storm'] },
	{ ids: ['H10'], guard: 'the newest owns the size',
		off: [[size, 's->owner = v;', 's->owner = s->owner != NULL ? s->owner ' +
			': v;']],
		red: ['abuse H10 sizes', 'unit/term/test_size test_H10_newest'] },
	{ ids: ['H10'], guard: 'the size goes to the newest who stays',
		off: [[size, 'next = v->leaving || t->is_ended ? NULL : heir(t);',
			'next = NULL;']],
		red: ['unit/term/test_size test_the_size_is_inherited'] },
	{ ids: ['H10'], guard: 'nobody inherits from all who leave',
		off: [[size, 'next = v->leaving || t->is_ended ? NULL : heir(t);',
			'next = t->is_ended ? NULL : heir(t);'],
		[size, '!v->dead && !v->leaving && v->stated > 0',
			'!v->dead && v->stated > 0']],
		red: ['unit/term/test_size test_nobody_inherits'] },
	{ ids: ['H12', 'H11'], guard: 'bytes arrive as they are (planted: a key name)',
		off: [[input, 'if (in->queued == 0)\n\t\tn = push',
			'if (len >= 3 && memchr(p, \'C\', len) != NULL) {\n\t\tp = "\\3";\n' +
			'\t\tlen = 1;\n\t}\n\tif (in->queued == 0)\n\t\tn = push']],
		red: ['abuse H12 text is typed', 'api exec types',
			'unit/term/test_input test_H12'] },
	{ ids: ['H11'], guard: 'a large paste arrives whole, in order',
		off: [[input, 'queue(t, (const uint8_t *)p + n, len - (size_t)n);',
			'queue(t, (const uint8_t *)p, len - (size_t)n);']],
		red: ['unit/term/test_input test_H11', 'abuse H11 a paste'] },
	{ ids: ['H11'], guard: 'the end marker inside a paste is defused',
		off: [['web/src/term/paste.ts', 'return text.replace(endMarker,',
			'return text.replace(/(?!)/g,']],
		red: ['e2e abuse_H11 the end marker'] },
	{ ids: ['H14'], guard: 'an id is new each time (planted: one a second)',
		off: [['lib/secret.c', 'secret_random(id, sizeof(id));\n\tfor (i = 0; ' +
			'i < 6; i++)', 'memset(id, 0, sizeof(id));\n\tms -= ms % 1000;\n' +
			'\tseq = 0;\n\tfor (i = 0; i < 6; i++)']],
		red: ['unit/core/test_session test_H14'] },
	{ ids: ['H15'], guard: 'there is no second choice of directory',
		off: [[drop, 'if (mutant("H15"))', 'if (true)']],
		red: ['abuse H15 no directory', 'api a program that cannot',
			'priv/spawn abuse_H15'] },
	{ ids: ['H16'], guard: 'a program has begun when exec has succeeded',
		off: [['priv-helper/op_spawn.c', 'if (r->failure.err != 0)\n\t\treturn ' +
			'fail_with', 'if (false)\n\t\treturn fail_with'],
		['priv-helper/follow.c', 'if (n == 0)\n\t\tr->exec = true;',
			'if (n >= 0)\n\t\tr->exec = true;']],
		red: ['abuse H16 what cannot', 'api a program that cannot',
			'priv/spawn abuse_H16'] },
	{ ids: ['H17'], guard: 'a signal is told from a failure',
		off: [[runend, 'if (by_signal || run->stopped || ev->cut)',
			'if (run->stopped)']],
		red: ['abuse H17 every way', 'api exit code',
			'unit/core/test_run test_H17'] },
	{ ids: ['H17'], guard: 'the kernel is asked whether a program is stopped',
		off: [['priv-helper/halt.c', 'h->now = si.si_code == CLD_STOPPED',
			'h->now = si.si_code == CLD_STOPPED && false']],
		red: ['abuse H17 what is stopped', 'abuse H17 a job of a shell',
			'unit/priv/test_halt abuse_H17_first_at_once'] },
	{ ids: ['H17'], guard: 'one word of it waits for [ops] at a time',
		off: [['priv-helper/halt.c', 'if (!is_heard(control) ||',
			'if (']],
		red: ['unit/priv/test_halt abuse_H17_one_word_waits'] },
	{ ids: ['H17'], guard: 'who is stopped without end is told of now and then',
		off: [['priv-helper/halt.c', 'if (now < h->next && !mutant("halt gap"))',
			'if (false)']],
		red: ['priv/halt abuse_H17_storm'] },
	{ ids: ['H17'], guard: 'a stop is a fact beside the state of a run',
		off: [['daemon/core/runhalt.c', 'halted == run_is_halted(run))',
			'true)']],
		red: ['abuse H17 what is stopped', 'abuse H17 a job of a shell',
			'unit/core/test_run test_H17'] },
	{ ids: ['H17'], guard: 'no core is written: by the limit of the start and ' +
		'of the program',
	off: [[drop, 'r.rlim_cur = 0;', 'r.rlim_cur = r.rlim_max;'],
		[hygiene, 'r.rlim_cur = 0;', 'r.rlim_cur = r.rlim_max;']],
	red: ['priv/spawn abuse_H17'] },
];

const flusher = 'daemon/store/flusher.c', tx = 'daemon/store/tx.c';
const bus = 'daemon/event/bus.c', check = 'daemon/store/check.c';

const records = [
	{ ids: ['J09'], guard: 'a record is escaped',
		off: [['lib/log.c', 'used += str_escape(line + used, sizeof(line) - ' +
			'used - 1, text,\n\t    strlen(text));', 'used += (size_t)snprintf(' +
			'line + used, 1024, "%.1000s", text);']],
		red: ['abuse J09 one record', 'api log lines',
			'unit/lib/test_log abuse_J09'] },
	{ ids: ['J09'], guard: 'a refused path is printable in its reason',
		off: [['priv-helper/roots.c', '(void)str_escape(printable, ' +
			'sizeof(printable), path, strlen(path));', '(void)snprintf(' +
			'printable, sizeof(printable), "%s", path);']],
		red: ['unit/priv/test_files reasons_are_printable'] },
	{ ids: ['N01'], guard: 'a refused credential is not logged (planted: it is)',
		off: [[identify, 'return by_token(a, r, digest, out, no);', '{\n' +
			'\t\textern void log_info(const char *, const char *, ...);\n' +
			'\t\tbool good = by_token(a, r, digest, out, no);\n\n' +
			'\t\tif (!good)\n\t\t\tlog_info("auth", "refused %s", text);\n' +
			'\t\treturn good;\n\t\t}']],
		red: ['abuse N01 no secret', 'api secrets stand',
			'system N01 root finds'] },
	{ ids: ['N01'], guard: 'what is kept of an answer has no secret',
		off: [['daemon/api/signin.c', 'js_add_str(answer.kept, "code", NULL);',
			'js_add_str(answer.kept, "code",\n\t    js_str(answer.body, ' +
			'"code", NULL));']],
		red: ['abuse N01 no secret'] },
	{ ids: ['N01'], guard: 'a path is logged without what may be a secret',
		off: [['daemon/api/reply.c', 'if (len <= API_ID_MAX + 1)\n\t\t\tmemcpy',
			'if (true)\n\t\t\tmemcpy'],
		['daemon/api/reply.c', 'n += len <= API_ID_MAX + 1 ? len : 2;',
			'n += len;']],
		red: ['abuse N01 no secret'] },
	{ ids: ['O06'], guard: 'an answer waits for the disk',
		off: [[flusher, 'int err = fdatasync(f->fd) < 0 ? -errno : 0;',
			'int err = f == NULL ? -errno : 0;']],
		red: ['unit/store/test_power abuse_O06'] },
	{ ids: ['O06'], guard: 'an answer waits for the commit',
		off: [[tx, 'tx->done = done;', 'if (done != NULL && tx->err == 0) {\n' +
			'\t\tdone(0, arg);\n\t\tdone = NULL;\n\t}\n\ttx->done = done;']],
		red: ['unit/store/test_kill abuse_O06'] },
	{ ids: ['O06'], guard: 'a row and its event are one change',
		off: [['daemon/core/folder.c', 'event_emit(tx, kind, f->user_id, f->id, ' +
			'folder_json(f));', '']],
		red: ['abuse O06 kill -9'] },
	{ ids: ['O07', 'D09'], guard: 'a change that was not stored is told so',
		off: [[tx, 't->err != 0 || t->epoch <= synced ? t->err : err);', '0);'],
			[tx, 'tx->done(tx->err != 0 ? tx->err : err, tx->arg);',
				'tx->done(0, tx->arg);']],
		red: ['abuse O07 D09 no room', 'unit/store/test_tx abuse_O07'] },
	{ ids: ['D09'], guard: 'output waits for room',
		off: [['daemon/term/pump.c', 'else if (n < 0)\n\t\t\treturn (int)n;',
			'else if (n < 0) {\n\t\t\tstatic char lost[1 << 17];\n\n' +
			'\t\t\t(void)!read(p->spool_r, lost, sizeof(lost));\n' +
			'\t\t\tp->spooled = 0;\n\t\t}']],
		red: ['abuse O07 D09 no room', 'unit/term/test_pump test_D09'] },
	{ ids: ['O07'], guard: 'a failed sync is final',
		off: [[flusher, '} else if (f->err == 0) {\n\t\tf->err = err;\n\t}',
			'} else {\n\t\tf->synced = target;\n\t}']],
		red: ['unit/store/test_flusher abuse_O07'] },
	{ ids: ['O07'], guard: 'a database is whole: by its header and by its pages',
		off: [[check, 'uint8_t header[HEADER];\n\tint err;\n',
			'uint8_t header[HEADER];\n\tint err;\n\n\tif (path != NULL)\n' +
			'\t\treturn 0;'],
		[check, 'if (pages * page >\n\t    c.size + (c.log - LOG_HEADER) ' +
			'/ (page + LOG_FRAME) * page)', 'if (false)'],
		[check, 'err = ask(&c, conn, "PRAGMA quick_check(1)", answer, ' +
			'sizeof answer);', 'return 0;']],
		red: ['abuse O07 O12 a state that is cut to nothing',
			'unit/store/test_open abuse_O07_cut_short',
			'unit/store/test_open abuse_O07_bit'] },
	{ ids: ['O12', 'O07'], guard: 'a newer database is refused, by its header ' +
		'and by its record',
	off: [[check, 'if (version > (uint32_t)newest) {', 'if (false) {'],
		['daemon/store/migrate.c', 'if (version > migrate_newest(m->list)) {',
			'if (version > migrate_newest(m->list))\n\t\treturn 0;\n' +
			'\tif (false) {']],
	red: ['abuse O07 O12 a state that is newer',
		'unit/store/test_migrate abuse_O12',
		'unit/store/test_open abuse_O12'] },
	{ ids: ['O08'], guard: 'another writer is waited for with a bound',
		off: [[tx, '#define BUSY_MS 500', '#define BUSY_MS 90000'],
			[tx, 'db->busy ? 0 : BUSY_MS', 'BUSY_MS']],
		red: ['unit/store/test_flusher abuse_O08_a_foreign'] },
	{ ids: ['O08'], guard: 'the log starts over',
		off: [[flusher, 'if (size < LOG_STEP)\n\t\treturn false;',
			'if (size >= 0)\n\t\treturn false;']],
		red: ['unit/store/test_flusher abuse_O08_the_log_starts',
			'unit/store/test_flusher abuse_O08_the_log_is'] },
	{ ids: ['O09'], guard: 'a stream that begins too early says so',
		off: [[bus, 'if (s->next < s->bus->oldest) {', 'if (false) {']],
		red: ['abuse O09 a stream', 'unit/store/test_bus abuse_O09_too_old'] },
	{ ids: ['O09'], guard: 'a stream from the future is refused',
		off: [[bus, 'if (since > bus->newest)\n\t\treturn NULL;', '']],
		red: ['abuse O09 a stream', 'unit/store/test_bus abuse_O09_resumes'] },
	{ ids: ['O09'], guard: 'a stream goes on behind the last event',
		off: [[bus, 's->next = (since < 0 ? bus->newest : since) + 1;',
			's->next = (since < 0 ? bus->newest : since);']],
		red: ['abuse O09 a stream', 'unit/store/test_bus abuse_O09_resumes',
			'api Last-Event-ID'] },
];

export const mutants = [...approvals, ...pushes, ...web, ...http, ...files, ...local, ...parsers,
	...helper, ...git, ...settings, ...processes, ...records, ...reach, ...people,
	...audit, ...life, ...policy, ...scopes, ...system, ...screen,
	...ticket, ...linked, ...tmux, ...attack, ...spaces, ...held, ...limits,
	...listed, ...rights, ...clones, ...changes, ...kept, ...trees,
	...parts, ...agents, ...memory];
