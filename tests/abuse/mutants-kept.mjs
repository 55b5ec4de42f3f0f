// Guards of what is moved and put away: conversations that are reset, pins that
// end. Rows as in mutants.mjs.
const reset = 'daemon/core/worktreereset.c', back = 'daemon/core/resetback.c';
const judge = 'daemon/core/pinjudge.c';
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
];

const retention = [
	{ ids: ['G23'], guard: 'a pin stays until it is old',
		off: [[judge, 'if (m->verdict == PIN_DUE && since >= before)',
			'if (false)']],
		red: [pinTest('what_is_old_goes')] },
];

export const kept = [...resets, ...retention];
