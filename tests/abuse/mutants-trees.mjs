// Guards of what the worker makes of trees while somebody else writes in them:
// copies for workspaces, clones, the file that says which worktree one is. Rows
// as in mutants.mjs.
const copy = 'git-worker/copy.c', made = 'git-worker/clone.c';
const relink = 'git-worker/relink.c', file = 'git-worker/newfile.c';
const back = 'git-worker/replace.c', moves = 'git-worker/move.c';
const races = 'unit/worker/test_races ', copies = 'unit/worker/test_copy ';

export const trees = [
	{ ids: ['F01', 'F02'], guard: 'a file is copied through no link',
		off: [[copy, 'int in = path_open_beneath(dir, name, O_RDONLY | ' +
			'O_NONBLOCK, 0);', 'int in = openat(dir, name, O_RDONLY | ' +
			'O_NONBLOCK | O_CLOEXEC);']],
		red: [races + 'abuse_F02_copy_swapped_between'] },
	{ ids: ['F02'], guard: 'nor is a directory entered through one',
		off: [[copy, 'int sub = path_open_beneath(dir, name, O_RDONLY | ' +
			'O_DIRECTORY, 0);', 'int sub = openat(dir, name, O_RDONLY | ' +
			'O_DIRECTORY | O_CLOEXEC);']],
		red: [races + 'abuse_F02_copy_reads',
			races + 'abuse_F02_copy_reads_a_pattern'] },
	{ ids: ['F01', 'F02', 'F16'], guard: 'nor one made or entered to write',
		off: [[copy, 'next = path_open_beneath(dir, part,\n' +
			'\t\t\t    O_RDONLY | O_DIRECTORY, 0);', 'next = openat(dir, ' +
			'part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);']],
		red: [copies + 'abuse_F01_no_way_out_of_the_target',
			races + 'abuse_F02_F16_copy_writes',
			races + 'abuse_F02_F16_copy_writes_named'] },
	{ ids: ['F01'], guard: 'a link that leads out is not copied',
		off: [[copy, 'if (leads_out(k->rel, target))', 'if (false && ' +
			'leads_out(k->rel, target))']],
		red: [copies + 'abuse_F01_no_way_out_by_a_link'] },
	{ ids: ['F04'], guard: 'a pattern has no .. and no root',
		off: [[copy, 'if (is_relative(*patterns))',
			'if (is_relative(*patterns) || true)']],
		red: [copies + 'abuse_F04_no_way_out_by_name'] },
	{ ids: ['F09'], guard: 'what has no end is not read',
		off: [[copy, 'return how != NAMED || fail(k, "it is no regular file");',
			'return copy_file(k, dir, name);'],
		[copy, 'if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode))',
			'if (fstat(in, &st) < 0)']],
		red: [copies + 'abuse_F09_no_special_file'] },
	{ ids: ['F16'], guard: 'a copy takes nobody\'s place',
		off: [[file, 'renameat2(f->dir, f->half, f->dir, name, ' +
			'RENAME_NOREPLACE)', 'renameat(f->dir, f->half, f->dir, name)']],
		red: ['unit/worker/test_newfile with_a_name'] },
	{ ids: ['F02', 'F16'], guard: 'a clone is made in no link\'s directory',
		off: [[made, 'O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC',
			'O_RDONLY | O_DIRECTORY | O_CLOEXEC']],
		red: [races + 'abuse_F02_F16_clone'] },
	{ ids: ['F11'], guard: 'what was swapped for it gets its name back',
		off: [[made, '\tif (is_it(fd, target, id))\n\t\treturn fsync(fd)',
			'\tif (is_it(fd, target, id) || true)\n\t\treturn fsync(fd)']],
		red: [races + 'abuse_F11_clone_swapped_between'] },
	{ ids: ['F02'], guard: 'a tree is told who it is, and not what a link ' +
		'leads to',
	off: [[relink, 'open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)',
		'open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC)']],
	red: [races + 'abuse_F02_relink'] },
	{ ids: ['F02', 'F16'], guard: 'bytes come back through no link',
		off: [[back, 'return path_open_beneath(top, dir, O_RDONLY | ' +
			'O_DIRECTORY, 0);', 'return openat(top, dir, O_RDONLY | ' +
			'O_DIRECTORY | O_CLOEXEC);']],
		red: [races + 'abuse_F02_F16_replace'] },
	{ ids: ['F02', 'F16'], guard: 'nor does a mode go through one',
		off: [[back, 'path_open_beneath(top, temp, O_RDONLY | O_NONBLOCK, 0)',
			'openat(top, temp, O_RDONLY | O_NONBLOCK | O_CLOEXEC)']],
		red: [races + 'abuse_F02_F16_replace_mode'] },
	{ ids: ['F08'], guard: 'nor what has another name as well gets one',
		off: [[back, 'st.st_nlink != 1', 'false']],
		red: [races + 'abuse_F08_replace_linked'] },
	{ ids: ['F02'], guard: 'a tree with submodules is moved through no link',
		off: [[moves, 'O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC',
			'O_RDONLY | O_DIRECTORY | O_CLOEXEC']],
		red: [races + 'abuse_F02_move_away', races + 'abuse_F02_move_back'] },
];
