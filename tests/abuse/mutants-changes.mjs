// Guards of changes of a worktree: what is committed and written over.
// Rows as in mutants.mjs.
export const changes = [
	{ ids: ['G19'], guard: 'nothing is done on another HEAD than was meant',
		off: [['daemon/core/worktreechange.c', 'else if (ch->wish.head != NULL ' +
			'&& !same(', 'else if (ch->wish.head != NULL && false && !same(']],
		red: ['api a HEAD that moved'] },
	{ ids: ['G19'], guard: 'what is ignored and there is not written over',
		off: [['daemon/core/worktreespare.c', 'if (!wt_absent(s->facts[i])) {',
			'if (!wt_absent(s->facts[i]) && false) {']],
		red: ['api nor is what is ignored by now'] },
];
