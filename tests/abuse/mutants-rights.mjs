// Guards of what a confined run may do to files, devices and its neighbours, of
// the power that a program brings, and of paths. Rows as in mutants.mjs.
import { noSpaces } from './mutants-spaces.mjs';

const landlock = 'security/landlock.c', profile = 'security/profile.c';
const drop = 'security/drop.c';

export const rights = [
	{ ids: ['I14'], guard: 'a right that no rule gives is nobody\'s',
		off: [[landlock, '#define FS_V1 ((1ull << 13) - 1)',
			'#define FS_V1 (((1ull << 13) - 1) & ~FS_MAKE_SYM)']],
		red: ['priv/rights abuse_I14_right'] },
	{ ids: ['I14'], guard: 'who looks changes nothing',
		off: [[landlock, '[LANDLOCK_READ_EXEC] = READ | FS_EXECUTE,',
			'[LANDLOCK_READ_EXEC] = READ | FS_EXECUTE | FS_TRUNCATE,']],
		red: ['priv/rights abuse_I14_right'] },
	{ ids: ['I14'], guard: 'a device is asked for nothing',
		off: [[landlock, '[LANDLOCK_DEVICE] = FS_READ_FILE |',
			'[LANDLOCK_DEVICE] = FS_IOCTL_DEV | FS_READ_FILE |']],
		red: ['priv/rights abuse_I14_requests'] },
	{ ids: ['I19'], guard: 'devices are those that are named',
		off: [[profile, '\t{ "/dev/zero", LANDLOCK_DEVICE },\n',
			'\t{ "/dev/zero", LANDLOCK_DEVICE },\n' +
			'\t{ "/dev/ptmx", LANDLOCK_DEVICE },\n']],
		red: ['priv/rights abuse_I19'] },
	// The kernel gives neither filter nor rules to who may still gain.
	{ ids: ['I16'], guard: 'no program gains by exec: no_new_privs, bounding set ' +
		'and mounts',
	off: [[drop, 'if (p->confined && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)',
		'if (false && p->confined)'],
	[drop, 'if (!p->confined || mutant("seccomp"))', 'if (true)'],
	[drop, 'if (!p->confined || mutant("landlock"))', 'if (true)'],
	[drop, 'err = caps_drop_bounding();', 'err = 0;'], noSpaces],
	red: ['priv/rights abuse_I16'] },
	{ ids: ['I10'], guard: 'without a network there are no sockets for it, where ' +
		'none of its own is to be had',
	off: [[profile, 'static const struct filter_guard offline_guards[] = {\n' +
		'\tCOMMON_GUARDS,\n\tNO_DATAGRAMS,\n' +
		'\t{ "socket", 0, ALL, false, { 0 }, 0 },\n',
	'static const struct filter_guard offline_guards[] = {\n' +
		'\tCOMMON_GUARDS,\n\tNO_DATAGRAMS,\n']],
	red: ['priv/ways abuse_I10_each'] },
	{ ids: ['I10'], guard: 'two runs without network have not the same one',
		off: [['priv-helper/view.c', 's->net = !online;',
			's->net = online && false;'],
		[profile, 'static const struct filter_guard offline_guards[] = {\n' +
			'\tCOMMON_GUARDS,\n\tNO_DATAGRAMS,\n' +
			'\t{ "socket", 0, ALL, false, { 0 }, 0 },\n',
		'static const struct filter_guard offline_guards[] = {\n' +
			'\tCOMMON_GUARDS,\n\tNO_DATAGRAMS,\n']],
		red: ['priv/ways abuse_I10_each'] },
	{ ids: ['F03'], guard: 'where the call is missing or forbidden, each part is ' +
		'opened by itself',
	off: [['lib/pathopen.c', 'if (errno != ENOSYS && errno != EPERM)\n\t\t\t' +
		'return -errno;', 'return openat(rootfd, rel, flags | extra, mode);']],
	red: ['unit/lib/test_pathopen abuse_F03_without'] },
	{ ids: ['F09'], guard: 'a line is read of a file alone',
		off: [['priv-helper/repo.c', 'if (fstat(fd, &st) == 0 && ' +
			'S_ISREG(st.st_mode))', 'if (fstat(fd, &st) == 0)']],
		red: ['unit/priv/test_repo abuse_F09'] },
	{ ids: ['F08'], guard: 'what is opened up to be deleted is a directory',
		off: [['git-worker/erase.c', 'bytes = st.stx_nlink > 1 ? 0 :',
			'(void)fchmodat(fd, name, WHOLE, 0);\n\tbytes = ' +
			'st.stx_nlink > 1 ? 0 :']],
		red: ['unit/worker/test_erase abuse_F08'] },
	{ ids: ['I04', 'I06'], guard: 'the profiles with a root of their own have no ' +
		'power of it either',
	off: [['security/sysset.c', 'set_program_own[] = { "@ipc", "@program",',
		'set_program_own[] = { "@ipc", "kcmp", "@program",'],
	['security/sysset.c', '"kcmp", "kexec', '"kexec']],
	red: ['unit/security/test_filter abuse_I01_I03'] },
	{ ids: ['I01'], guard: 'rdv-push runs nothing that has no path, with or ' +
		'without a network',
	off: [['security/profile.c', '.offline_filter = &git_filter',
		'.offline_filter = &offline_filter']],
	red: ['unit/security/test_filter abuse_I01_one_program',
		'priv/probe golden_offline'] },
	{ ids: ['I21'], guard: 'a run writes in its own paths alone',
		off: [[drop, 'if (!p->confined || mutant("landlock"))', 'if (true)'],
			noSpaces],
		red: ['priv/rights abuse_I21', 'priv/rights abuse_I14_right'] },
	{ ids: ['F16'], guard: 'a worktree comes to a place where nothing is',
		off: [['git-worker/place.c', 'if (lstat(full, &st) == 0) {',
			'if (false && lstat(full, &st) == 0) {'],
		['git-worker/place.c', 'if (errno != ENOENT) {', 'if (false) {']],
		red: ['abuse F16 a worktree'] },
	{ ids: ['F02'], guard: 'where rdv makes worktrees no link leads out',
		off: [['git-worker/place.c', '\t    !under(a, rules->dir, full)) {',
			'\t    false) {']],
		red: ['unit/worker/test_place abuse_F02_ours'] },
	{ ids: ['E12'], guard: 'the mask of files is rdv\'s own',
		off: [['priv-helper/hygiene.c', '(void)umask(077);', '']],
		red: ['priv/hostile abuse_E12'] },
	{ ids: ['I20'], guard: 'queues are a run\'s own',
		off: [['security/nspace.c', '\t\tflags |= CLONE_NEWIPC;', '\t\t;']],
		red: ['priv/ways abuse_I20'] },
];
