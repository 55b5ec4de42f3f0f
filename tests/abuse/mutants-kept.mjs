// Guards of what is moved and put away: conversations that are reset, pins that
// end, workspaces that are archived, and who is followed. Rows as in
// mutants.mjs.
const reset = 'daemon/core/worktreereset.c', back = 'daemon/core/resetback.c';
const judge = 'daemon/core/pinjudge.c', pins = 'daemon/core/pins.c';
const pinTest = (name) => `unit/core/test_worktree_pins ${name}`;
const refusals = ['api refusals: nothing is moved'];

const resets = [
	{ ids: ['G19'], guard: 'a reset leaves what is not committed',
		off: [['daemon/core/resetlook.c', 'if (n > 0 && !r->row.force)',
			'if (false)']],
		red: ['api what is not committed stands against it'] },
	{ ids: ['G19'], guard: 'a reset moves the workspace\'s own branch',
		off: [[reset, 'else if (!same(ch->status.branch, r->wish.branch))',
			'else if (false)']],
		red: refusals },
	{ ids: ['G19'], guard: 'nor is reset what git does not look at',
		off: [[reset, 'else if (look->hidden)', 'else if (false)']],
		red: refusals },
	{ ids: ['G19'], guard: 'nor beside another conversation\'s agent',
		off: [['daemon/core/reset.c', 'if (others.any ||', 'if (false &&']],
		red: refusals },
	{ ids: ['G20'], guard: 'what a reset leaves has a name',
		off: [[reset, 'if (wish->pin == NULL)', 'if (true)']],
		red: ['api back to before a turn'] },
	{ ids: ['G19'], guard: 'no reset is taken back from another HEAD',
		off: [[back, '} else if (!reset_same(how->head, ' +
			'reset_part(r)->row.to_head)) {', '} else if (false) {']],
		red: ['api a reset is taken back'] },
	{ ids: ['G19'], guard: 'nor over what is not committed',
		off: [[back, '} else if (reset_files(how) > 0) {',
			'} else if (false) {']],
		red: ['api a reset is taken back'] },
	{ ids: ['G19'], guard: 'half written is what git was told of alone',
		off: [['daemon/core/resetlook.c', '.torn = rows[i].begun };',
			'.torn = true };']],
		red: ['api nor is work half-written'] },
	{ ids: ['G20'], guard: 'a way back that is half done is gone on with',
		off: [[back, '} else if (err == 0 && is_under_way(r, how)) {',
			'} else if (how == NULL) {']],
		red: ['api a way back that is half done'] },
	{ ids: ['G19'], guard: 'a reset that is written is not one refused',
		off: [[reset, 'if (!refused && strstr(r->err, "/index.lock\'") == NULL)',
			'if (false)']],
		red: ['api G19 a lock of its HEAD leaves no reset'] },
];

const retention = [
	{ ids: ['G23'], guard: 'a pin stays until it is old',
		off: [[judge, 'if (m->verdict == PIN_DUE && since >= before)',
			'if (false)']],
		red: [pinTest('what_is_old_goes')] },
	{ ids: ['F11'], guard: 'a pin is of the repository that its row names',
		off: [[judge, 'return strcmp(item->repo, repo_path) == 0;',
			'return true;']],
		red: [pinTest('what_is_copied_stays')] },
	{ ids: ['F11'], guard: 'a pin that no row knows stays',
		off: [[judge, 'return err == RDV_E_NOT_FOUND ? PIN_UNKNOWN : v;',
			'return err == RDV_E_NOT_FOUND ? PIN_DUE : v;']],
		red: [pinTest('abuse_F11_what_no_row_knows_stays')] },
	{ ids: ['F11'], guard: 'and one that stands for another name',
		off: [[pins, 'g.known = g.known && !at->symbolic;', '']],
		red: [pinTest('abuse_F11_what_no_row_knows_stays')] },
	{ ids: ['G23'], guard: 'a round ends so many pins',
		off: [[pins, 'if (k->done == k->ndue || k->left == 0) {',
			'if (k->done == k->ndue) {']],
		red: [pinTest('abuse_G23_a_round_ends_so_many')] },
	{ ids: ['G20'], guard: 'an end of pins that was begun is gone on with',
		off: [[judge, 'strcmp(row.state, "ending") == 0 || item->since',
			'item->since']],
		red: [pinTest('abuse_G20_what_was_begun_is_ended')] },
];

const archived = [
	{ ids: ['G22'], guard: 'a workspace stays when its archive script fails',
		off: [['daemon/core/workspacescript.c',
			'if ((op->wish & WORKSPACE_FORCE) == 0) {', 'if (false) {']],
		red: ['api an archive script that fails'] },
	{ ids: ['G22'], guard: 'and while an agent is at work, by force too',
		off: [['daemon/core/workspaceend.c', 'else if (!is_at_work(op))',
			'else'],
		['daemon/core/workspaceend.c', 'if (is_at_work(op))\n\t\treturn;', '']],
		red: ['api no workspace goes while an agent'] },
];

const asked = [
	{ ids: ['K16'], guard: 'a turn leaves nobody unasked without its ' +
		'owner\'s act, whatever its variant',
	off: [['daemon/core/conversation.c', 'if (err != RDV_E_NOT_FOUND)\n' +
		'\t\treturn err;\n\t*why = arena_printf(a,\n\t    "%s: nobody',
	'if (true)\n\t\treturn 0;\n\t*why = arena_printf(a,\n\t    "%s: nobody']],
	red: ['api K16 no variant', 'api abuse K16: nobody'] },
	{ ids: ['E04'], guard: 'what an agent is spoken to by is a socket',
		off: [['daemon/helperverbs.c', 'is_socket(fds->fd[i])', 'true']],
		red: ['unit/core/test_helper_abuse test_E04_a_pipe_to_speak_by'] },
];

const followed = [
	{ ids: ['C13'], guard: 'who follows a worktree ends with his credential',
		off: [['daemon/api/worktreefollow.c',
			'auth_on_revoke(c->app->auth, c->actor, feed_revoked_cb, f);',
			'NULL;']],
		red: ['api C13 a credential that goes'] },
	{ ids: ['C13'], guard: 'who waits for the first look at one as well',
		off: [['daemon/api/worktreefollow.c', 'if (f->call == NULL) {\n',
			'if (f->call != NULL)\n\t\treturn;\n\t{\n']],
		red: ['api C13 a credential that goes'] },
	{ ids: ['O09'], guard: 'who follows is told of what he has not',
		off: [['git-worker/follow.c',
			'w->since != diffdoc_token(d->files))', 'true)']],
		red: ['unit/worker/test_names who_waits_is_told'] },
];

export const kept = [...resets, ...retention, ...archived, ...asked,
	...followed];
