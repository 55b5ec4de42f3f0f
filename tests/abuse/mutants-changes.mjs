// Guards of changes of a worktree: what is committed and written over, and what
// goes to a remote or comes from it. Rows as in mutants.mjs.
const merge = 'daemon/core/changemerge.c', replay = 'daemon/core/changereplay.c';
const stash = 'daemon/core/worktreestash.c', ask = 'daemon/core/transferask.c';
const pull = 'daemon/core/transferpull.c';
const discard = 'daemon/core/worktreediscard.c';
const discardBack = 'daemon/core/worktreediscardback.c';
const moved = 'strcmp(c->replay.branch_at, c->branch_now) != 0) {';

const staged = [
	{ ids: ['G19'], guard: 'nothing is done on another HEAD than was meant',
		off: [['daemon/core/worktreechange.c', 'else if (ch->wish.head != NULL ' +
			'&& !same(', 'else if (ch->wish.head != NULL && false && !same(']],
		red: ['api a HEAD that moved'] },
	{ ids: ['G19'], guard: 'what is ignored and there is not written over',
		off: [['daemon/core/worktreespare.c', 'if (!wt_absent(s->facts[i])) {',
			'if (!wt_absent(s->facts[i]) && false) {']],
		red: ['api nor is what is ignored by now'] },
	{ ids: ['G19'], guard: 'a merge that is written is not one refused',
		off: [[merge, 'strstr(r->err, "/index.lock\'") != NULL;',
			'strstr(r->err, ".lock") != NULL;']],
		red: ['api G19 R/HEAD.lock stops a merge'] },
	{ ids: ['G19'], guard: 'nor is a rebase',
		off: [['daemon/core/changefix.c', 'c->err == RDV_E_TIMEOUT || c->written',
			'c->err == RDV_E_TIMEOUT']],
		red: ['api G19 W/HEAD.lock stops a rebase'] },
	{ ids: ['G22'], guard: 'names that differ in case alone are two',
		off: [['daemon/core/worktreelook.c', '"-c", "core.ignoreCase=false",',
			'']],
		red: ['api no work is lost: a name that differs in case'] },
	{ ids: ['G19'], guard: 'git\'s lock stands against a change',
		off: [['daemon/core/worktreechange.c', 'if (!wt_absent(ch->lock)) {',
			'if (false) {']],
		red: ['api git\'s lock is somebody else\'s'] },
	{ ids: ['G19'], guard: 'the sides of a conflict are not unstaged in passing',
		off: [['daemon/core/worktreestage.c', 'else if (ch->conflicts > 0)',
			'else if (false)']],
		red: ['api what is under way is not committed into'] },
];

const kept = [
	{ ids: ['G19'], guard: 'a stash is not applied over what differs',
		off: [[stash, 'else if (meet(s->files, s->files_end,',
			'else if (false && meet(s->files, s->files_end,']],
		red: ['api a stash is not applied over'] },
	{ ids: ['G19'], guard: 'what leaves the stash has a name before',
		off: [[stash, 'wt_git(op, op->at, argv, NULL, pinned_cb);',
			'ask_list(op, place_cb);']],
		red: ['api the stash is git'] },
	{ ids: ['G19'], guard: 'nothing is discarded in the middle of a merge',
		off: [[discard, 'if (ch->under_way != NULL || ch->conflicts > 0) {',
			'if (false) {']],
		red: ['api what is there again is not written over'] },
	{ ids: ['G19'], guard: 'what changes as it is discarded stays',
		off: [[discard, '"read-tree", "-m", "-u", d->with,',
			'"read-tree", "--reset", "-u", d->with,']],
		red: ['api a file that changes once'] },
	{ ids: ['G19'], guard: 'what is discarded comes back over nothing',
		off: [[discardBack, '"read-tree", "-m", "-u", d->mid,',
			'"read-tree", "--reset", "-u", d->mid,']],
		red: ['api what is there again is not written over'] },
	{ ids: ['G19'], guard: 'and comes back once',
		off: [[discardBack, 'strcmp(d->row.state, "kept") != 0)', 'false)']],
		red: ['api what is discarded comes back as it was'] },
];

const merged = [
	{ ids: ['G19'], guard: 'a merge is of the heads that were meant',
		off: [[merge, 'return wished != NULL && strcmp(wished, now) != 0;',
			'return false;']],
		red: ['api names are names'] },
	{ ids: ['G19'], guard: 'a tree with changes is not merged into',
		off: [[merge, 'change_judge(op, e->path, true, target_free);',
			'target_free(op);']],
		red: ['api G19 nothing of the target'] },
	{ ids: ['G19'], guard: 'nor one that is locked',
		off: [[merge, 'else if (e->lock != NULL)', 'else if (false)']],
		red: ['api G19 nothing of the target'] },
	{ ids: ['G19'], guard: 'a rebase is of the branch that was meant',
		off: [[replay, moved, 'false) {']],
		red: ['api a rebase that cannot begin'] },
	{ ids: ['G19'], guard: 'and of a tree without changes',
		off: [[replay, 'change_judge(op, op->at, true, replay_clean);',
			'replay_clean(op);']],
		red: ['api a rebase that cannot begin'] },
	{ ids: ['G19'], guard: 'nor one of which git is told to see nothing',
		off: [['daemon/core/changejudge.c',
			'if (*p >= \'a\' && *p <= \'z\') {', 'if (false) {']],
		red: ['api a rebase that cannot begin'] },
	{ ids: ['G19'], guard: 'a rebase writes over nothing that is ignored',
		off: [[replay, 'if (name != NULL)\n\t\tchange_refuse(',
			'if (false)\n\t\tchange_refuse('],
		[replay, 'return name != NULL;', 'return false;']],
		red: ['api what is ignored is not written over'] },
];

const transfers = [
	{ ids: ['G19'], guard: 'a push tells of what it would leave behind',
		off: [[ask, 'else if (r->outlen > 0)\n\t\twt_fail(op, RDV_E_DIRTY,',
			'else if (false)\n\t\twt_fail(op, RDV_E_DIRTY,']],
		red: ['api uncommitted changes are told before'] },
	{ ids: ['G19'], guard: 'a push by force is one by lease',
		off: [['daemon/core/transfergo.c', 'arena_printf(a, ' +
			'"--force-with-lease=refs/heads/%s:%s",\n\t\t\tt->row.target, ' +
			't->row.lease),', '"--force",']],
		red: ['api over what is there only by lease'] },
	{ ids: ['G19'], guard: 'a pull moves the branch that was meant',
		off: [[pull, '} else if (strcmp(r->out + len, on) != 0) {',
			'} else if (false) {']],
		red: ['api abuse: a pull moves the branch'] },
	{ ids: ['G19'], guard: 'and writes over nothing that is ignored',
		off: [[pull, '"--no-overwrite-ignore", ', '']],
		red: ['api abuse: a pull leaves'] },
	{ ids: ['G19'], guard: 'or that git is told to see nothing of',
		off: [[pull, 'if (*p >= \'a\' && *p <= \'z\') {', 'if (false) {']],
		red: ['api abuse: a pull leaves'] },
	{ ids: ['G13'], guard: 'a fetch prunes nothing of another remote',
		off: [[ask, 'if (t->row.prune && has_inner(t, name)) {',
			'if (false) {']],
		red: ['api what goes is of that remote'] },
	{ ids: ['G05', 'G16'], guard: 'the URL of a remote is judged',
		off: [[ask, 'else if (clone_url_ok(url, strcmp(app->conf->clone_http, ' +
			'"all") == 0,\n\t\t     &t->way, &why))', 'else if ' +
			'(clone_url_ok(url, strcmp(app->conf->clone_http, "all") == 0,' +
			'\n\t\t     &t->way, &why) || true)']],
		red: ['api G05 G13 G14 G16 a planted'] },
];

export const changes = [...staged, ...kept, ...merged, ...transfers];
