// Guards of the emulator, which reads what any program writes. Rows as in
// mutants.mjs.
export const screen = [
	{ ids: ['J02'], guard: 'the emulator answers nothing (planted: it does)',
		off: [['daemon/term/screen.c', 'j->at += (uint64_t)n;',
			'(void)term_input(j->term, "\\x1b[?1;2c", 7);\n\tj->at += ' +
			'(uint64_t)n;']],
		red: ['api J02 looking at a screen'] },
	{ ids: ['J06'], guard: 'what cells refer to is bounded',
		off: [['daemon/emu/intern.c',
			'if (t->n == t->n_max || len > t->max - t->len)', 'if (false)']],
		red: ['unit/emu/test_emu test_J06_floods'] },
	{ ids: ['J06'], guard: 'where a mark is kept has a secret (planted: none)',
		off: [['daemon/emu/intern.c', 'hash(p, len) % SLOTS(t)',
			'0 * hash(p, len) % SLOTS(t)']],
		red: ['unit/emu/test_emu test_J06_chosen'] },
	{ ids: ['J06'], guard: 'a screen that is made is work',
		off: [['daemon/emu/grid.c',
			'e->work += (size_t)e->rows * e->cols;', '']],
		red: ['unit/emu/test_emu test_J06_screens'] },
	{ ids: ['J06'], guard: 'text is taken in runs',
		off: [['daemon/emu/parse.c', 'ascii(p, len < RUN ? len : RUN)',
			'ascii(p, len)']],
		red: ['unit/emu/test_emu test_J06_inserted'] },
	{ ids: ['J06'], guard: 'a buffer that is full ends the work',
		off: [['daemon/emu/restore.c', 'y < e->rows && buf_ok(out)',
			'y < e->rows']],
		red: ['unit/emu/test_emu test_J06_no_line'] },
];
