// Guards of sessions in tmux. Rows as in mutants.mjs.
const sessions = 'daemon/core/sessiontmux.c';
const ctl = 'daemon/term/tmuxctl.c', unit = 'unit/term/test_tmuxctl';

export const tmux = [
	{ ids: ['H13'], guard: 'a tmux session is meant exactly',
		off: [[sessions, '"=%s:", name_of(op)', '"%s", name_of(op)']],
		red: ['api a tmux session is ended by its whole name'] },
	{ ids: ['H13'], guard: 'what tmux takes for an id or a pattern is no name',
		off: [['daemon/core/tmux.c',
			'strchr("$@%=-{+", name[0]) != NULL', 'false']],
		red: ['api orphans are listed'] },
	{ ids: ['H12'], guard: 'a word of a command is nothing but a word',
		off: [[ctl, 'if (strchr(plain, byte) != NULL)', 'if (true)']],
		red: [`${unit} test_words`, 'fuzz/tmuxctl',
			'api a session in tmux is a terminal'] },
	{ ids: ['H12'], guard: 'a directory is no format that runs something',
		off: [[ctl, "if (*text == '#')", 'if (false)']],
		red: [`${unit} test_words`, 'api a session in tmux is a terminal'] },
	{ ids: ['H12'], guard: 'a reply ends with the numbers it began with',
		off: [[ctl, 'n[0] == c->time && n[1] == c->number && ' +
			'n[2] == c->flags', 'n[1] == c->number']],
		red: [`${unit} test_guards`] },
	{ ids: ['I08'], guard: 'nothing in tmux is confined in name alone',
		off: [[sessions, 'if (strcmp(spec->profile, "login") != 0)',
			'if (false)']],
		red: ['api what cannot be had in tmux'] },
	{ ids: ['H18'], guard: 'a tmux session that cannot be asked for is not gone',
		off: [[sessions, 'if (err != 0 && err != RDV_E_NOT_FOUND && ' +
			'err != RDV_E_SPAWN)\n\t\tnot_killed',
			'if (false)\n\t\tnot_killed']],
		red: ['api a session whose tmux session is gone'] },
	{ ids: ['H18'], guard: 'nobody at its place is no proof that a server ended',
		off: [['daemon/core/tmuxserver.c', 'err == 0 && !look.found',
			'err == 0 || !look.found']],
		red: ['api a tmux server that nobody finds'] },
	{ ids: ['H18'], guard: 'what nobody has asked for is not asked as root',
		off: [[sessions, '&owner) != 0)\n\t\treturn false;',
			'&owner) != 0)\n\t\treturn true;']],
		red: ['unit/core/test_tmuxgone abuse_H18_nobody_is_not_root'] },
	{ ids: ['H18'], guard: 'a client that is not started is no tmux removed',
		off: [['daemon/core/tmuxlink.c',
			'strcmp(a->stage, "P3 program") == 0', 'true']],
		red: ['unit/core/test_tmuxgone abuse_H18_a_client_not_started'] },
	{ ids: ['H18'], guard: 'a close goes on after a crash with its tmux session',
		off: [['daemon/core/session.c', '\t\t\tsession_tmux_kill(c.ops[i], ' +
			'end_run);', '\t\t\tend_run(c.ops[i]);']],
		red: ['api a close that a crash came into'] },
];
