// Guards of a run's namespaces. Rows as in mutants.mjs.
const mounts = 'security/nsmount.c', view = 'priv-helper/view.c';

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
	{ ids: ['E01'], guard: 'nothing is mounted beneath what a run may write',
		off: [[view, '\tif (s->view == NSPACE_OVER)\n\t\treturn 0;\n', ''],
			[view, 's->own_tmp = s->view != NSPACE_NONE && !s->uses_tmp;',
				's->own_tmp = s->view != NSPACE_NONE;'],
			['priv-helper/reach.c', 'if (!allow_roots(x, e))',
				'err = view_show_tmp(&x->spaces, x->scratch);\n\t' +
				'if (err != 0 || !allow_roots(x, e))']],
		red: ['priv/repo abuse_E01_parts'] },
	{ ids: ['I17'], guard: 'a host without namespaces is noticed at the start',
		off: [[view, 'o->views[v] = err == 0;', 'o->views[v] = true;']],
		red: ['priv/kernels golden_kernels'] },
];
