// Guards of links to a terminal, and of who looks at one. Rows as in mutants.mjs.
const links = 'daemon/api/links.c', rule = 'daemon/auth/link.c';
const identify = 'daemon/auth/identify.c', ticket = 'daemon/auth/ticket.c';
const unit = 'unit/api/test_link';

const reach = [
	{ ids: ['C12'], guard: 'a link is no token and no cookie',
		off: [[identify, 't == NULL || t->kind != kind || ', 't == NULL || ']],
		red: ['abuse C12 a link is nothing'] },
	{ ids: ['C12'], guard: 'no other credential is a link',
		off: [[rule, 't == NULL || t->kind != TOKEN_LINK ||\n\t    !auth_counts',
			't == NULL ||\n\t    !auth_counts']],
		red: [`${unit} test_C12_no_other`] },
	{ ids: ['C12'], guard: 'who comes by a link may what the link may',
		off: [[links, '.via = AUTH_LINK, .scopes = t->scopes',
			'.via = AUTH_LINK, .scopes = SCOPE_RUN']],
		red: ['abuse C12 a link to look'] },
	{ ids: ['C12'], guard: 'only what may everything makes links',
		off: [[links, 'HTTP_M_POST, "/api/links", SCOPE_TOKENS',
			'HTTP_M_POST, "/api/links", SCOPE_ANY']],
		red: ['abuse C12 who may make'] },
	{ ids: ['C12'], guard: 'a link is for one session, looks or types, and ends',
		off: [['daemon/core/credential.c', 'return link_ok(spec);',
			'return link_ok(spec) || true;']],
		red: [`${unit} test_C12_what_it_can_be`] },
	{ ids: ['C12'], guard: 'the settings say what links may do',
		off: [[rule, '|| strcmp(most, "write") == 0', '|| true']],
		red: ['abuse C12 what the settings', `${unit} test_C12_rule`] },
	{ ids: ['C13'], guard: 'a setting withdraws the tickets of what there is',
		off: [[ticket, ' && auth_link_allowed(a, t)', '']],
		red: [`${unit} test_C13_forbidden`] },
	{ ids: ['C13'], guard: 'a setting ends what came by a link',
		off: [[rule, 'if (!auth_link_allowed(a, t))\n\t\t\tauth_watch_fire',
			'if (false)\n\t\t\tauth_watch_fire']],
		red: ['abuse C12 what the settings', `${unit} test_C13_forbidden`] },
	{ ids: ['C13'], guard: 'a clock that is set back gives no link more time',
		off: [['daemon/auth/token.c',
			'(t->kind == TOKEN_CODE || t->kind == TOKEN_LINK)',
			'(t->kind == TOKEN_CODE)']],
		red: [`${unit} test_C13_expired`] },
	{ ids: ['C13'], guard: 'what a revocation names counts no more',
		off: [['daemon/core/credential.c',
			'auth_forget(ch->auth, ch->revoked[i]);', '(void)0;']],
		red: ['abuse C13 a revoked link'] },
	{ ids: ['C14'], guard: 'what a link is exchanged for is for its session',
		off: [[ticket, 'strcmp(t->session_id, session_id) == 0 && ', '']],
		red: ['abuse C14 a link is for one'] },
];

const secret = [
	{ ids: ['A13'], guard: 'the page takes a link out of its address',
		off: [['web/src/ui/guest.tsx',
			'history.replaceState(null, "", location.pathname);', '']],
		red: ['e2e abuse_A13 a link shows'] },
	{ ids: ['C10'], guard: 'wrong links are counted',
		off: [[identify, '(void)failed(a, r, NULL, &no_link, no);',
			'(void)a;\n\t(void)r;\n\t*no = no_link;']],
		red: ['abuse C10 guesses at links'] },
	{ ids: ['A13'], guard: 'what is kept of an answer has no link',
		off: [[links, 'js_add_str(answer->kept, "secret", NULL);',
			'js_add_str(answer->kept, "secret", text);']],
		red: ['abuse A13 a link stands'] },
	{ ids: ['A13'], guard: 'a link is exchanged by our own page alone',
		off: [[links, 'if (http_header(c->req, "origin") == NULL) {',
			'if (false) {']],
		red: ['abuse A13 a link stands'] },
	{ ids: ['J04'], guard: 'a label is text in one direction',
		off: [[links, 'if (!label_ok(spec->name)) {', 'if (false) {']],
		red: ['abuse J04 a label'] },
];

const presence = 'daemon/term/presence.c', told = 'unit/term/test_presence';
const looks = [
	{ ids: ['D05'], guard: 'who comes and goes is told of at once, and once',
		off: [[presence, 'if (p->listeners == 0 || p->soon)\n\t\treturn;',
			'if (p->listeners == 0)\n\t\treturn;\n\t' +
			'presence_round_cb(t);']],
		red: [`${told} test_D05_a_crowd`] },
	{ ids: ['D05'], guard: 'a sink that is full is told nothing yet',
		off: [[presence, 'v->unheard = v->ops->queued(v->arg) >= VIEWER_LOW;',
			'v->unheard = false;']],
		red: [`${told} test_D05_a_full_sink`] },
	{ ids: ['J04'], guard: 'a name is cut, between characters',
		off: [['daemon/term/viewer.c',
			"v->name[len - str_utf8_tail(v->name, len)] = '\\0';", '']],
		red: [`${told} test_J04_names`] },
];

export const linked = [...reach, ...secret, ...looks];
