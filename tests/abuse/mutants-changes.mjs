// Guards of changes of a worktree: what is committed and written over. Rows as
// in mutants.mjs.
const stash = 'daemon/core/worktreestash.c';
const discard = 'daemon/core/worktreediscard.c';
const discardBack = 'daemon/core/worktreediscardback.c';

const staged = [
	{ ids: ['G19'], guard: 'nothing is done on another HEAD than was meant',
		off: [['daemon/core/worktreechange.c', 'else if (ch->wish.head != NULL ' +
			'&& !same(', 'else if (ch->wish.head != NULL && false && !same(']],
		red: ['api a HEAD that moved'] },
	{ ids: ['G19'], guard: 'what is ignored and there is not written over',
		off: [['daemon/core/worktreespare.c', 'if (!wt_absent(s->facts[i])) {',
			'if (!wt_absent(s->facts[i]) && false) {']],
		red: ['api nor is what is ignored by now'] },
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

export const changes = [...staged, ...kept];
