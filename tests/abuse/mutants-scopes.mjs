// Guards of scopes and of what a run token is bound to. Rows as in mutants.mjs.
const api = 'daemon/api/api.c', tokens = 'daemon/api/tokens.c';
const session = 'unit/core/test_sessiontoken', made = 'unit/api/test_tokens';

export const scopes = [
	{ ids: ['C12'], guard: 'a run token gets to its own session alone',
		off: [[api, 'return strcmp(c->params[0], who->session_id) == 0;',
			'return true;']],
		red: ['abuse C12 every route', 'abuse C12 a ticket',
			'api C12 every route with', 'api C12 a run token acts'] },
	{ ids: ['C12'], guard: 'a run token gets to the runs of its session alone',
		off: [[api, 'r.session_id != NULL &&\n\t       ' +
			'strcmp(r.session_id, who->session_id) == 0;', 'true;']],
		red: ['api C12 every route with', 'api C12 every stream',
			'api C12 a run token acts'] },
	{ ids: ['C12'], guard: 'what is not there for a run token is not told of',
		off: [[api, 'struct auth_refusal no = { 404, "NOT_FOUND",',
			'struct auth_refusal no = { 403, "ACCESS_DENIED",']],
		red: ['abuse C12 every route', 'api C12 every route with',
			'api C12 a run token acts'] },
	{ ids: ['C12'], guard: 'a row without a session is not for run tokens',
		off: [['daemon/api/user.c', '"/api/user", SCOPE_READ,',
			'"/api/user", SCOPE_READ | SCOPE_RUN,']],
		red: ['unit/api/test_scopes test_C12_rows', 'api C12 every route with',
			'api C12 the document'] },
	{ ids: ['C12'], guard: 'run is bound to a session, and stands alone',
		off: [['daemon/core/credential.c', 'if (spec->session_id != NULL ? ' +
			'spec->scopes != SCOPE_RUN\n\t\t\t\t     : ' +
			'scope_is_run(spec->scopes))\n', 'if (false)\n']],
		red: [`${session} test_C12_run_is_bound`] },
	{ ids: ['C12'], guard: 'run beside another scope is refused by its field',
		off: [[tokens, 'else if (spec->scopes != SCOPE_RUN)\n',
			'else if (false)\n']],
		red: [`${made} test_C12_run_is_for`, 'api C12 what a run token needs'] },
	{ ids: ['C12'], guard: 'rows of a time when run was not bound give less',
		off: [['daemon/auth/token.c', 'if (run)\n\t\tt->scopes &= ~SCOPE_RUN;',
			'']],
		red: [`${made} test_C12_old_rows`] },
	{ ids: ['C12'], guard: 'a row with a session has run and nothing else',
		off: [['daemon/auth/token.c', 'return run && t->scopes == SCOPE_RUN &&',
			'return run && t->scopes != 0 &&']],
		red: [`${made} test_C12_old_rows`] },
	{ ids: ['C13'], guard: 'with a session its tokens end',
		off: [['daemon/core/sessionop.c', 'err = credential_session_ends(db, ' +
			'tx, op->row.id);', '']],
		red: [`${session} test_C13_its_tokens`, `${session} test_C13_a_token`,
			'api C13 a run token ends'] },
	{ ids: ['C13'], guard: 'and what is open by them, at once',
		off: [['daemon/core/sessionop.c', 'auth_forget_session(op->sessions->' +
			'app->auth, op->row.id);', ';']],
		red: [`${session} test_C13_its_tokens`, 'abuse C12 every route',
			'api C13 a run token ends'] },
	{ ids: ['C13'], guard: 'a session that is over gets no token',
		off: [[tokens, '*(bool *)arg = s->closed_at < 0;',
			'*(bool *)arg = s->id != NULL;']],
		red: ['api C12 what a run token needs'] },
];
