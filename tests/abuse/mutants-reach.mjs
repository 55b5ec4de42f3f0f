// Guards of what a confined program, or a rdvd that was taken over, may reach
// although no path names it. Rows as in mutants.mjs.
const profile = 'security/profile.c', confine = 'security/confine.c';
const paths = 'priv-helper/reach.c';
const sets = 'security/sysset.c', repo = 'priv-helper/repo.c';
const store = '{ "objects", LANDLOCK_STORE },';

const programs = [
	{ ids: ['I14'], guard: 'a program sets no limits of other processes',
		off: [[profile, '{ "prlimit64", 0, ALL, false, { 0 }, 1 },', '']],
		red: ['priv/reach limits_of_others'] },
	{ ids: ['I08'], guard: 'no socket is a pair of datagrams, which any path ' +
		'could be sent',
	off: [[profile, '{ SOCK_STREAM, SOCK_SEQPACKET }, 2 ',
		'{ SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM }, 3 ']],
	red: ['priv/reach datagrams_to_others'] },
	{ ids: ['I20'], guard: 'a program has no System V objects',
		off: [[sets, '"@ipc", "@power", NULL', '"@power", NULL'],
			[sets, '"@ids", "@kill"', '"@ids", "@ipc", "@kill"']],
		red: ['priv/reach memory_of_others'] },
	{ ids: ['H06'], guard: 'a terminal gets no other line discipline',
		off: [[profile, 'TIOCLINUX, TIOCSETD }, 3 }', 'TIOCLINUX }, 2 }']],
		red: ['unit/security/test_filter abuse_H06_ioctl',
			'priv/probe golden_script'] },
	{ ids: ['G06'], guard: 'git executes nothing that has no path',
		off: [[profile, '\t{ "execveat", 0, ALL, false, { 0 }, 0 },\n' +
			'\t{ "memfd_create", 0, ALL, false, { 0 }, 0 },\n', '']],
		red: ['priv/probe golden_git'] },
	{ ids: ['C11', 'N02'], guard: "rdv's own state is closed where a profile " +
		'may read around it',
	off: [['priv-helper/rules.c', 'else if (!roots_inside(roots, fd))',
		'else']],
	red: ['priv/reach state_in_a_system_directory'] },
	{ ids: ['G09'], guard: 'a repository knows the worktree that claims it',
		off: [[repo, 'if (mutant("repo-back"))', 'if (true)']],
		red: ['priv/repo abuse_G09_claim', 'unit/priv/test_repo ' +
			'abuse_G09_claims', 'api abuse_G09 a worktree gets'] },
	{ ids: ['G09'], guard: 'what a worktree claims has the form of git\'s own',
		off: [[repo, 'if (!same(above, list) && common >= 0) {',
			'if (false) {']],
		red: ['unit/priv/test_repo abuse_G09_form'] },
	{ ids: ['G12'], guard: 'a repository around the home directory is not given',
		off: [[repo, 'return text != NULL ? deny(why, whysize, text) : 0;',
			'return 0;']],
		red: ['unit/priv/test_repo abuse_E01_repository'] },
	{ ids: ['G10'], guard: "of a repository nothing is given that the user's " +
		'own git acts upon',
	off: [[profile, store, `{ ".", LANDLOCK_STORE },\n\t${store}`]],
	red: ['priv/repo abuse_E01_parts', 'api abuse_E01 nothing the user'] },
	{ ids: ['G10', 'G12'], guard: 'no link is made or put into a repository',
		off: [['security/landlock.c', '[LANDLOCK_STORE] = READ | STORE,',
			'[LANDLOCK_STORE] = READ | CHANGE,']],
		red: ['api abuse_E01 nothing the user'] },
];

const daemon = [
	{ ids: ['I14'], guard: 'rdvd sets no limits of other processes',
		off: [[confine, '{ "prlimit64", 0, ~0u, false, { 0 }, 1 },', '']],
		red: ['priv/confine what_does_not'] },
	{ ids: ['I08'], guard: 'rdvd makes no pair of datagrams',
		off: [[confine, '{ SOCK_STREAM, SOCK_SEQPACKET },\n\t\t    2 },',
			'{ SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM },\n\t\t    3 },']],
		red: ['priv/confine what_does_not'] },
	{ ids: ['I08'], guard: 'rdvd makes no socket',
		off: [[sets, '\n\t"socket", "vfork", NULL };', '\n\t"vfork", NULL };'],
			[sets, '"shutdown", "socketpair"',
				'"shutdown", "socket", "socketpair"']],
		red: ['priv/confine what_does_not'] },
	{ ids: ['I01'], guard: 'rdvd changes no scheduler',
		off: [[sets, '"sched_yield", "sendmmsg"',
			'"sched_setscheduler", "sched_yield", "sendmmsg"']],
		red: ['priv/confine what_does_not'] },
	{ ids: ['I01'], guard: 'rdvd touches no files where Landlock does not look',
		off: [[sets, '"unlinkat",\n\tNULL };', '"unlinkat", "utimensat",\n' +
			'\tNULL };']],
		red: ['priv/confine what_does_not'] },
	{ ids: ['I01'], guard: 'rdvd makes no directory, and asks no mount\'s number',
		off: [[sets, '"openat2", "prctl",', '"openat2", "mkdir", "prctl",']],
		red: ['priv/confine what_does_not'] },
	{ ids: ['E01'], guard: 'rdv-git names an open operation in fixed words',
		off: [['lib/gitproto.c', 'if (strcmp(text, names[i]) == 0)',
			'if (text != NULL)']],
		red: ['unit/lib/test_gitproto abuse_E01_midway_in_these_words'] },
	{ ids: ['E01'], guard: 'rdv-git makes directories beneath rdv\'s own alone',
		off: [[paths, 'landlock_allow(ruleset, roots->base, LANDLOCK_MKDIR)',
			'landlock_allow(ruleset, "/", LANDLOCK_MKDIR)']],
		red: ['priv/worker abuse_E01_looks'] },
	{ ids: ['E01'], guard: 'and nothing else of its profile does',
		off: [[paths, 'if (err == 0 && x->worker)', 'if (err == 0)']],
		red: ['priv/worker abuse_E01_only'] },
	{ ids: ['E01'], guard: 'it is named by its name alone, in its profile',
		off: [['priv-helper/child.c', 'c->profile->worker != NULL && ' +
			'strcmp(name, c->profile->worker) == 0',
		'strcmp(name, "rdv-git") == 0']],
		red: ['priv/worker abuse_E01_no_other'] },
	{ ids: ['I16'], guard: 'rdvd holds no capability, whoever starts it',
		off: [[confine, 'if (err != 0 || mutant("capabilities"))',
			'if (true)']],
		red: ['priv/confine no_capabilities'] },
	{ ids: ['I15'], guard: 'a borrowed directory opens nothing in it',
		off: [['security/drop.c', 'if (!p->confined || mutant("landlock"))',
			'if (true)']],
		red: ['priv/reach abuse_I15_borrowed'] },
];

export const reach = [...programs, ...daemon];
