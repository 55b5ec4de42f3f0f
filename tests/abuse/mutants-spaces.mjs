// Guards of a run's namespaces. Rows as in mutants.mjs.
const mounts = 'security/nsmount.c', view = 'priv-helper/view.c';
const child = 'priv-helper/child.c';

// For guards that namespaces stand behind: with these on, what is let through
// would find nothing.
export const noSpaces = [view, 'o->views[v] = err == 0;',
	'o->views[v] = false;'];

export const spaces = [
	{ ids: ['I18'], guard: 'a run sees its own processes',
		off: [[mounts, '\t{ "proc", "proc", MS_NOSUID | MS_NODEV | ' +
			'MS_NOEXEC, NULL },\n', '']],
		red: ['priv/spaces abuse_I18'] },
	{ ids: ['I20'], guard: 'shared memory is a run\'s own',
		off: [[mounts, '\t{ "tmpfs", "dev/shm", MS_NOSUID | MS_NODEV, ' +
			'"mode=1777,size=1g" },\n', '']],
		red: ['priv/spaces abuse_I20'] },
	{ ids: ['I19'], guard: 'new terminals are a run\'s own',
		off: [[mounts, '\t{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,\n' +
			'\t    "newinstance,ptmxmode=0666,mode=620" },\n', '']],
		red: ['priv/spaces abuse_I19'] },
	{ ids: ['I24'], guard: 'what is mounted is what was judged',
		off: [[mounts, 'if (st.st_dev != m->dev || st.st_ino != m->ino)',
			'if (false)']],
		red: ['priv/spaces abuse_I24'] },
	{ ids: ['I24'], guard: 'what was shown before is what is there now',
		off: [[child, 'if (shown == &c->now && !view_same(',
			'if (false && !view_same(']],
		red: ['priv/ahead abuse_I24_one_that'] },
	{ ids: ['E01'], guard: 'what is made ahead is one account\'s',
		off: [['priv-helper/ahead.c', 'k->uid != r->uid || ', '']],
		red: ['priv/ahead abuse_E01_a_spare_is_one'] },
	{ ids: ['E01'], guard: 'what is made ahead ends with its rights',
		off: [['priv-helper/served.c', '\tahead_drop(o);\n', '']],
		red: ['priv/ahead abuse_E01_a_spare_ends'] },
	{ ids: ['E01'], guard: 'nothing is mounted beneath what a run may write',
		off: [[view, '\tif (s->view == NSPACE_OVER)\n\t\treturn 0;\n', ''],
			[view, 's->own_tmp = s->view != NSPACE_NONE && !s->uses_tmp;',
				's->own_tmp = s->view != NSPACE_NONE;'],
			['priv-helper/reach.c', 'if (!allow_roots(x, e))',
				'err = view_show_tmp(x->spaces, x->scratch);\n\t' +
				'if (err != 0 || !allow_roots(x, e))']],
		red: ['priv/repo abuse_E01_parts'] },
	{ ids: ['I17'], guard: 'a host without namespaces is noticed at the start',
		off: [[view, 'o->views[v] = err == 0;', 'o->views[v] = true;']],
		red: ['priv/kernels golden_kernels'] },
	{ ids: ['I18'], guard: 'in a root of its own there is nothing else',
		off: [[view, 's->view = p->view;', 's->view = NSPACE_OVER;']],
		red: ['priv/agent abuse_I18_names', 'priv/probe golden_agent'] },
	{ ids: ['I08', 'I09'], guard: 'no UNIX socket where others\' can be named',
		off: [[view, 'return s->view == NSPACE_ROOT && (s->net || ' +
			'landlock_abi() >= 6);', 'return true || s->net;']],
		red: ['priv/agent abuse_I09'] },
	{ ids: ['I10'], guard: 'without a network there is an empty one',
		off: [[view, 's->net = !online;', 's->net = online && false;']],
		red: ['priv/agent abuse_I10', 'priv/probe golden_lsp'] },
	{ ids: ['I10'], guard: 'or no socket, and no port',
		off: [[child, 'if (c->profile->offline_filter != NULL &&',
			'if (false && c->profile->offline_filter != NULL &&'],
		['security/landlock.c', 'network || abi < FIRST_NET ? 0 : NET_TCP',
			'network || abi < FIRST_NET ? 0 : 0']],
		red: ['priv/agent abuse_I10'] },
	{ ids: ['I13'], guard: 'a network that cannot be held to is refused',
		off: [['priv-helper/op_spawn.c',
			'judge_net(o, who, &m->spawn, profile, &e) &&', '']],
		red: ['priv/agent abuse_I13'] },
	{ ids: ['F17'], guard: 'who asks for nothing gets what the policy gives',
		off: [['priv-helper/hold.c', 'return rights->profile[profile].net;',
			'return POLICY_NET_FULL;']],
		red: ['unit/priv/test_policyfor abuse_F17_network_by_itself'] },
	{ ids: ['I24'], guard: 'no link is followed to where a place is made',
		off: [['security/nsmount.c',
			'O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);',
			'O_PATH | O_DIRECTORY | O_CLOEXEC);']],
		red: ['priv/spaces abuse_I24_link'] },
];
