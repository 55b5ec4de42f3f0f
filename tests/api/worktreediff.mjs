// What differs in a worktree, beside what the git CLI says of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { Rdv, bin, test } from '../harness/rdv.mjs';
import { Repo, asked, exact, odd } from './gitrepo.mjs';

const rdv = await Rdv.start();
const WORDS = { A: 'added', C: 'copied', D: 'deleted', M: 'modified',
	R: 'renamed', T: 'type', U: 'conflict' };
const mode = (m) => (m === '000000' ? null : m);

// Of `git diff --raw --numstat -z`; a conflict has two records.
function differing(text) {
	const records = text.split('\0'), files = [], counts = {};
	for (let i = 0; i < records.length - 1; i++) {
		if (records[i][0] !== ':') {
			const [, added, removed, name] =
				/^(\S+)\t(\S+)\t(.*)$/s.exec(records[i]);
			if (name === '')
				i += 2;
			counts[name || records[i]] = [added, removed];
			continue;
		}
		const [from, to, , , s] = records[i].slice(1).split(' ');
		const old = s[0] === 'R' || s[0] === 'C' ? records[++i] : undefined;
		files.push([records[++i], WORDS[s[0]], old, mode(from), mode(to)]);
	}
	return files.filter((f, i) => f[0] !== files[i - 1]?.[0])
		.map(([name, word, old, from, to], i, all) => {
			const [added, removed] = counts[name] ?? [];
			// What differs with a conflict stands behind it.
			return [name, word, old, ...word === 'conflict' ? [] : [from, to],
				added === '-' ? null : Number(added),
				removed === '-' ? null : Number(removed)];
		});
}

function untracked(repo) {
	return repo.git('ls-files', '-o', '--exclude-standard', '-z').split('\0')
		.slice(0, -1).map((name) => {
			const st = fs.lstatSync(repo.at(name));
			const bytes = st.isFile() ? fs.readFileSync(repo.at(name)) :
				fs.readlinkSync(repo.at(name), 'buffer');
			const text = bytes.toString('latin1');
			const lines = bytes.includes(0) ? null : text.split('\n').length -
				(text === '' || text.endsWith('\n') ? 1 : 0);
			return [name, 'untracked', undefined, null, st.isFile() ?
				st.mode & 0o100 ? '100755' : '100644' : '120000', lines,
			lines === null ? null : 0];
		});
}

const fileOf = (f) => [exact(f), f.status, exact(f, 'old_path'),
	...f.status === 'conflict' ? [] : [f.old_mode, f.new_mode],
	f.added, f.removed];

const lines = (list) => list.reduce((sum, n) => sum + (n ?? 0), 0);

// Asked twice: by git, and from what the worker has kept.
async function stat(repo, query, args, others) {
	const want = [...differing(repo.git('diff', '--raw', '--numstat', '-z',
		'-M', '--no-abbrev', '--ignore-submodules=none', ...args, '--')),
	...others ? untracked(repo) : []];
	let s;
	for (let i = 0; i < 2; i++) {
		s = await repo.read('diffstat', query);
		assert.deepEqual(s.files.map(fileOf), want);
		assert.deepEqual([s.total, s.next, s.truncated],
			[want.length, null, false]);
		assert.equal(s.added, lines(s.files.map((f) => f.added)));
		assert.equal(s.removed, lines(s.files.map((f) => f.removed)));
	}
	return s;
}

const text = (d) => d.hunks.map((h) => {
	const range = (at, n) => (n === 1 ? `${at}` : `${at},${n}`);
	return `@@ -${range(h.old_start, h.old_lines)} +` +
		`${range(h.new_start, h.new_lines)} @@` +
		`${h.section === null ? '' : ` ${h.section}`}\n` +
		h.lines.map((l) => `${l}\n`).join('');
}).join('');

// From its first hunk on, and without what stands between two sections.
const hunksOf = (patch) => Buffer.from(patch.split(/^diff --git .*\n/m)
	.map((s) => s.replace(/^(?!@@ )(?:(?!@@ )[^\n]*\n)*/, '')).join(''),
'latin1').toString('utf8');

// Any bytes as a word of bash.
const word = (name) => `$'${Buffer.from(name, 'latin1').toString('hex')
	.replace(/../g, '\\x$&')}'`;

async function patches(repo, query, args, s) {
	for (const f of s.files) {
		// Taken out of the index and still there: it is told as deleted.
		if (f.status === 'untracked' && s.files.some((x) =>
			x.status === 'deleted' && x.path === f.path))
			continue;
		const name = exact(f), old = exact(f, 'old_path');
		const d = await repo.read('diff', { ...query, ...asked(name),
			...old === undefined ? {} : asked(old, 'old_path') });
		assert.deepEqual([exact(d), d.status, exact(d, 'old_path'),
			d.binary, d.old_mode, d.new_mode, d.truncated],
		[name, f.status, old, f.binary, f.status === 'conflict' ?
			d.old_mode : f.old_mode, f.status === 'conflict' ?
			d.new_mode : f.new_mode, false]);
		const cli = repo.sh(f.status === 'untracked' ?
			`git diff --no-index -- /dev/null ${word(name)} || true` :
			`git --literal-pathspecs diff -M --ignore-submodules=none ${
				args.join(' ')} -- ${[name, old ?? name].map(word).join(' ')}`);
		assert.equal(text(d), hunksOf(cli), name);
	}
}

async function same(repo) {
	for (const [query, args, others] of [
		[{}, ['HEAD'], true],
		[{ view: 'staged' }, ['--cached'], false],
		[{ view: 'unstaged' }, ['--ours'], true],
	]) {
		const s = await stat(repo, query, args, others);
		await patches(repo, query, args, s);
	}
}

await test('each kind of difference is told as git tells it', async () => {
	const repo = Repo.make(rdv, 'kinds');
	repo.sh('seq 200 >a; seq 50 >b; echo c >c; mkdir d; seq 9 >d/e; ' +
		"printf 'x\\0y' >bin; printf 'x\\0z' >bin2; printf no >end; " +
		"printf 'int\\nmain(void)\\n{\\n' >f.c; seq 40 >>f.c; " +
		'git add .; git commit -qm one');
	for (const step of [
		'sed -i -e 3d -e 90d -e "s/^150$/&&/" a; echo more >>b; git add b',
		'git mv d/e d/moved; echo 10 >>d/moved; git rm -q c',
		"printf 'x\\0y2' >bin; chmod +x b; echo end >>end",
		'sed -i "s/^30$/thirty/" f.c; echo new >new; git add new',
		'rm new; ln -s b new; git rm -q --cached end',
		'mkdir -p u/v; printf 1 >u/one; : >u/empty; seq 3 >u/v/three; ' +
			"printf '\\0' >u/bin; ln -s nowhere u/link; chmod +x u/one",
		// As they were, but git has to look to know.
		'git add -A; git commit -qm two; touch a bin bin2; ' +
			'touch -d yesterday b',
		"printf '\\303\\274\\r\\nwide\\r\\n' >crlf; " +
			"echo 'crlf text' >.gitattributes; git add -A",
		'git commit -qm three; sed -i s/wide/narrow/ crlf',
	]) {
		repo.sh(step);
		await same(repo);
	}
});

await test('what was only touched is not told', async () => {
	const repo = Repo.make(rdv, 'touched');
	repo.sh("seq 9 >a; printf 'x\\0y' >bin; git add .; git commit -qm 1");
	for (let i = 0; i < 4; i++) {
		repo.sh(`touch -d '${i} days ago' a bin`);
		assert.equal((await repo.read('diffstat')).total, 0);
		for (const name of ['a', 'bin'])
			assert.deepEqual((await repo.read('diff', { path: name })).hunks,
				[]);
	}
	repo.sh("printf 'x\\0z' >bin");
	assert.equal((await repo.read('diffstat')).total, 1, 'control');
});

await test('odd names are asked for exactly (F06)', async () => {
	const repo = Repo.make(rdv, 'odd');
	repo.git('commit', '-q', '--allow-empty', '-m', 'none');
	for (const name of odd)
		repo.write(name, 'one\ntwo\n');
	await same(repo);
	repo.sh('git add -A; git commit -qm one');
	for (const name of odd)
		repo.write(name, 'one\nthree\n');
	await same(repo);
	// A pathspec would take these for more than one.
	assert.equal((await repo.read('diff', { path: '*' })).path, '*');
});

await test('against a base, and from one commit to another', async () => {
	const repo = Repo.make(rdv, 'base');
	repo.sh('seq 20 >a; git add a; git commit -qm one; git tag v1; ' +
		'git checkout -q -b topic; echo 21 >>a; echo b >b; git add .; ' +
		'git commit -qm two; git checkout -q main; echo m >m; git add m; ' +
		'git commit -qm main; git checkout -q topic; echo 22 >>a; echo u >u');
	const base = repo.git('merge-base', 'main', 'HEAD').trim();
	for (const ref of ['main', 'refs/heads/main', 'v1', base]) {
		const s = await stat(repo, { base: ref }, [base], true);
		assert.deepEqual([s.from, s.to], [base, null]);
		await patches(repo, { base: ref }, [base], s);
	}
	const s = await stat(repo, { from: 'v1', to: 'main' }, ['v1', 'main'],
		false);
	await patches(repo, { from: 'v1', to: 'main' }, ['v1', 'main'], s);
	// It moves with the branch.
	repo.sh('git commit -qam three');
	await stat(repo, { base: 'main' }, [base], true);
	await stat(repo, { from: 'main', to: 'topic' }, ['main', 'topic'], false);
	repo.sh('git checkout -q --orphan alone; git commit -qm alone');
	for (const query of [{ base: 'main' }, { base: 'none' }, { from: 'none',
		to: 'main' }, { from: 'main', to: 'none' }, { from: 'main' },
	{ to: 'main' }, { base: 'main', view: 'staged' },
	{ base: 'main', from: 'v1', to: 'main' }])
		for (const what of ['diffstat', 'diff']) {
			const r = await repo.ask(what, { ...query,
				...what === 'diff' && { path: 'a' } });
			assert.equal(r.status, 400, `${JSON.stringify(query)}: ${r.raw}`);
			assert.equal(r.json.code, 'INVALID_ARGUMENT');
		}
});

await test('no name is an option or an expression (G13)', async () => {
	const repo = Repo.make(rdv, 'names');
	repo.sh('echo 1 >a; git add a; git commit -qm one; git commit -q ' +
		'--allow-empty -m two');
	for (const ref of ['-x', '--output=stolen', '--all', 'HEAD~', 'HEAD^', '@',
		'@{-1}', 'main@{0}', 'a..b', ':/one', ':a', 'x y', 'a\nb', '', '/a',
		'a//b', 'a/', 'x'.repeat(600), 'HEAD^{tree}', 'main.', '*', '[a]'])
		for (const query of [{ base: ref }, { from: ref, to: 'main' },
			{ from: 'main', to: ref }]) {
			const r = await repo.ask('diffstat', query);
			assert.ok(r.status === 400 || r.status === 422,
				`${JSON.stringify(query)}: ${r.status} ${r.raw}`);
		}
	for (const name of ['/etc/passwd', '../names/a', 'a/../a', './a', 'a/',
		'', '.', 'a//b', 'x'.repeat(5000)])
		for (const key of ['path', 'old_path']) {
			const r = await repo.ask('diff', { path: 'a', [key]: name });
			assert.ok(r.status === 400 || r.status === 422,
				`${key} ${name}: ${r.status} ${r.raw}`);
		}
	for (const coded of ['!!', '', Buffer.from('a\0b').toString('base64'),
		Buffer.from('../a').toString('base64')]) {
		const r = await repo.ask('diff', { path_base64: coded });
		assert.ok(r.status === 400 || r.status === 422, `${coded}: ${r.raw}`);
	}
	assert.equal((await repo.ask('diff')).status, 400);
	assert.deepEqual(fs.readdirSync(repo.dir).sort(), ['.git', 'a']);
	assert.equal((await repo.ask('diffstat', { base: 'main' })).status, 200);
});

await test('a conflict, no commit yet, a submodule, another hash', async () => {
	const born = Repo.make(rdv, 'unborn');
	born.sh('seq 3 >a; seq 4 >b; git add a; echo 4 >>a');
	const tree = born.git('hash-object', '-t', 'tree', '/dev/null').trim();
	const s = await stat(born, {}, [tree], true);
	await patches(born, {}, [tree], s);
	await stat(born, { view: 'staged' }, ['--cached'], false);

	const both = Repo.make(rdv, 'conflict');
	both.sh('echo 1 >f; echo 2 >g; git add .; git commit -qm 1; ' +
		'git checkout -q -b t; echo t >f; git commit -qam t; ' +
		'git checkout -q main; echo m >f; git commit -qam m; ' +
		'! git merge -q t >/dev/null; echo 3 >>g');
	const c = await both.read('diffstat', { view: 'unstaged' });
	assert.deepEqual(c.files.map((f) => [f.path, f.status, f.added]),
		[['f', 'conflict', 4], ['g', 'modified', 1]]);
	await patches(both, { view: 'unstaged' }, ['--ours'], c);
	await stat(both, {}, ['HEAD'], true);
	const staged = await both.read('diffstat', { view: 'staged' });
	assert.deepEqual(staged.files.map((f) => [f.path, f.status]),
		[['f', 'conflict']]);

	const sub = Repo.make(rdv, 'sub'), sup = Repo.make(rdv, 'super');
	sub.sh('echo 1 >f; git add f; git commit -qm one');
	sup.sh(`git -c protocol.file.allow=always submodule add -q ${sub.dir} s ` +
		'; git commit -qm sub; cd s; echo 2 >>f; git commit -qam two; echo >n');
	await same(sup);

	const other = new Repo(rdv, path.join(rdv.home, 'sha256'));
	fs.mkdirSync(other.dir);
	other.sh('git init -q --object-format=sha256 -b main .; seq 3 >a; ' +
		'git add a; echo 4 >>a');
	assert.deepEqual((await other.read('diffstat')).files.map((f) =>
		[f.path, f.status, f.added]), [['a', 'added', 4]]);
	other.sh('git commit -qam one; echo 5 >>a; ' +
		"printf 'x\\0y' >b; git add b; git commit -qm b; touch -d yesterday b");
	await same(other);
});

await test('nothing a repository sets changes the form', async () => {
	const repo = Repo.make(rdv, 'settings');
	repo.sh('seq 60 >a; seq 9 >b; git add .; git commit -qm one; git mv b c; ' +
		'sed -i -e 20d a; seq 4 >u');
	const told = async () => ({ ...await repo.read('diffstat'), as_of: null });
	const before = [await told(), await repo.read('diff',
		{ path: 'a' })];
	for (const [key, value] of [['diff.noprefix', 'true'], ['diff.renames',
		'false'], ['diff.context', '0'], ['diff.mnemonicPrefix', 'true'],
	['diff.suppressBlankEmpty', 'true'], ['color.ui', 'always'],
	['color.diff', 'always'], ['diff.submodule', 'log'], ['diff.relative',
		'true'], ['core.quotePath', 'true'], ['diff.orderFile', 'a'],
	['diff.interHunkContext', '9'], ['diff.wordRegex', '.'],
	['status.showUntrackedFiles', 'no'], ['diff.autoRefreshIndex', 'true'],
	['diff.renameLimit', '1'], ['diff.colorMoved', 'zebra'],
	['core.abbrev', '4'], ['diff.statNameWidth', '3'], ['status.short', 'true'],
	['status.relativePaths', 'true'], ['diff.ignoreSubmodules', 'all']])
		repo.git('config', key, value);
	assert.deepEqual([await told(), await repo.read('diff',
		{ path: 'a' })], before);
});

await test('D12 what is long is told in part, and that it is', async () => {
	const repo = Repo.make(rdv, 'long');
	repo.sh('seq 10000 >a; git add a; git commit -qm one; ' +
		'seq 10000 | sed "s/$/ and more/" >a; seq 30000 >u; ' +
		"printf '%05000d\\n%05000d\\n' 1 2 >wide; " +
		'for i in $(seq 300); do echo $i >f$i; done');
	const count = (d) => lines(d.hunks.map((h) => h.lines.length));
	for (const name of ['a', 'u']) {
		const d = await repo.read('diff', { path: name });
		assert.deepEqual([count(d), d.truncated], [2000, true]);
		const few = await repo.read('diff', { path: name, limit: 7 });
		assert.deepEqual([few.hunks[0].lines, few.truncated],
			[d.hunks[0].lines.slice(0, 7), true]);
		assert.ok((await repo.read('diff', { path: name, limit: 20000 }))
			.truncated);
	}
	const wide = await repo.read('diff', { path: 'wide' });
	assert.deepEqual([wide.hunks[0].cut, wide.truncated,
		wide.hunks[0].lines.map((l) => l.length)], [true, false, [4096, 4096]]);
	const whole = await repo.read('diffstat', { limit: 5000 });
	assert.equal(whole.total, 303);
	const parts = [];
	for (let offset = 0; offset !== null;) {
		const s = await repo.read('diffstat', { limit: 50, offset });
		assert.deepEqual([s.total, s.added], [303, whole.added]);
		parts.push(...s.files);
		offset = s.next;
	}
	assert.deepEqual(parts, whole.files);
	// Over the bound it is binary for git, and so it is here.
	fs.truncateSync(repo.at('u'), 33 << 20);
	fs.truncateSync(repo.at('a'), 33 << 20);
	const big = await repo.read('diffstat', { limit: 5000 });
	for (const name of ['a', 'u'])
		assert.equal(big.files.find((f) => f.path === name).binary, true);
	assert.deepEqual([(await repo.read('diff', { path: 'u' })).binary,
		(await repo.read('diff', { path: 'a' })).hunks], [true, []]);
});

// git's own patch, were the file none of the big ones.
function bigHunks(repo, name) {
	const out = repo.git('-c', 'core.bigFileThreshold=1g', 'diff', '--no-color',
		'-U3', '--', name);
	return out.split(/^(?=@@ )/m).slice(1).map((text) => {
		const [head, ...rest] = text.replace(/\n$/, '').split('\n');
		const [, a, b = '1', c, d = '1', section] =
			/^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(head);
		return { old_start: Number(a), old_lines: Number(b), new_start: Number(c),
			new_lines: Number(d), section: section || null, lines: rest,
			cut: false };
	});
}

await test('D12 of a very large file the first differences are told', async () => {
	const repo = Repo.make(rdv, 'large');
	repo.sh(`seq 500000 500300 >few; seq 5000000 5500000 | awk '{ print NR": " ` +
		'$1 $1 $1 $1 $1 $1 $1 $1 $1 $1 }\' >lock; for n in middle grown ' +
		'crlf odd; do cp lock $n; done; ' +
		'echo "crlf text" >.gitattributes; echo "odd -diff" >>.gitattributes; ' +
		'git add . && git commit -qm one');
	assert.ok(fs.statSync(repo.at('lock')).size > 33 << 20);
	repo.git('config', 'diff.suppressBlankEmpty', 'true');
	repo.git('config', 'diff.interHunkContext', '9');
	const told = async (name, more) => {
		const d = await repo.read('diff', { path: name, limit: 20000, ...more });
		assert.deepEqual([d.status, d.binary, d.truncated, d.looked],
			['modified', false, true, 8 << 20], name);
		return d.hunks;
	};
	// What is told is the beginning of what git says of all of it.
	const begins = async (name, least) => {
		const hunks = await told(name);
		repo.git('config', 'diff.interHunkContext', '0');
		const all = bigHunks(repo, name);
		repo.git('config', 'diff.interHunkContext', '9');
		assert.ok(hunks.length >= least && hunks.length < all.length,
			`${name}: ${hunks.length} of ${all.length}`);
		assert.deepEqual(hunks, all.slice(0, hunks.length));
	};
	for (const name of ['lock', 'crlf', 'odd'])
		repo.sh(`sed -i '0~1000s/$/ and more/' ${name}`);
	await begins('lock', 30);
	// From the first difference on, wherever it is, and lines that came and
	// went: no end of a window is a difference.
	repo.sh("sed -i -e '70000s/^/x/' -e '70500,70600d' -e '71000r few' " +
		"-e '300000s/^/y/' middle");
	await begins('middle', 2);
	repo.sh("sed -i -e '1i\\first' -e '3d' -e '450000s/^/y/' grown");
	await begins('grown', 1);
	assert.equal((await told('grown', { limit: 1 })).length, 1);
	// Where git itself would not compare it like that, it is binary as ever.
	for (const name of ['crlf', 'odd']) {
		const d = await repo.read('diff', { path: name });
		assert.deepEqual([d.binary, d.hunks, d.looked ?? null],
			[true, [], null], name);
	}
	repo.git('config', 'core.autocrlf', 'input');
	assert.equal((await repo.read('diff', { path: 'lock' })).binary, true);
	repo.git('config', 'core.autocrlf', 'false');
	// The rest was not looked at, and nothing is said of it.
	repo.sh("git checkout -q lock; sed -i '450000s/^/y/' lock");
	assert.deepEqual(await told('lock'), []);
	repo.sh('head -c 40000000 /dev/zero >lock');
	assert.equal((await repo.read('diff', { path: 'lock' })).binary, true);
	repo.git('rm', '-q', '--cached', 'lock');
	fs.rmSync(repo.at('lock'));
	assert.equal((await repo.read('diff', { path: 'lock' })).status, 'deleted');
	repo.git('checkout', '-q', 'HEAD', 'lock');
	repo.sh("sed -i '1s/^/z/' lock; tr -d '\\n' <lock >line; mv line lock");
	assert.equal((await repo.read('diff', { path: 'lock' })).binary, true);
});

await test('what is no file is not waited for (F09)', async () => {
	const repo = Repo.make(rdv, 'special');
	repo.git('commit', '-q', '--allow-empty', '-m', 'one');
	repo.sh('mkfifo pipe; mkdir d; ln -s /etc/passwd d/out; ln -s / root; ' +
		'git init -q nested; echo 1 >nested/f; echo 1 >d/f');
	const s = await repo.read('diffstat');
	assert.deepEqual(s.files.map((f) => [f.path, f.added]), [['d/f', 1],
		['d/out', 1], ['nested/', null], ['root', 1]]);
	assert.equal((await repo.read('diff', { path: 'd/out' })).hunks[0].lines[0],
		'+/etc/passwd');
	for (const name of ['pipe', 'root/etc/passwd', 'nested/f'])
		assert.deepEqual((await repo.read('diff', { path: name })).hunks, []);
});

await test('rdv worktree diff is a patch, and on a terminal for the eye',
	async () => {
		const repo = Repo.make(rdv, 'shown');
		repo.sh('seq 30 >a; echo b >b; seq 9 >c; git add .; git commit -qm one;' +
			' sed -i -e 3d -e 20d a; rm b; git mv c d; echo 10 >>d; ' +
			"printf 'new\\033[31m\\twide' >u; chmod +x u");
		const run = (script) => {
			const r = spawnSync('/bin/bash', ['-ec',
				`rdv() { '${bin('rdv')}' "$@"; }\n${script}`], {
				cwd: repo.dir, encoding: 'utf8', env: { PATH: '/usr/bin:/bin',
					HOME: rdv.home, RDV_HOME: rdv.base, TERM: 'xterm' } });
			assert.equal(r.status, 0, r.stdout + r.stderr);
			return r.stdout;
		};
		// What it says takes the tree back to its last commit.
		run('git worktree add -q ../back HEAD; rdv worktree diff >../patch; ' +
			'cd ../back; git apply ../patch; git add -A; cd ../shown; ' +
			'git add -A; test "$(git write-tree)" = ' +
			'"$(git -C ../back write-tree)"; git reset -q');
		assert.match(run('rdv worktree diff --stat'),
			/^deleted +0 +1 +b *\n[^]*^untracked +1 +0 +u *$/m);
		assert.match(run('rdv worktree diff --stat --json | cat'),
			/"total": 5/);
		assert.equal(run('rdv worktree diff --staged'),
			run('rdv worktree diff --from HEAD --to HEAD'));
		// The pager gets colours, and nothing that a terminal would obey.
		const out = run("RDV_PAGER='sed s/^/P/' script -qec " +
			`"'${bin('rdv')}' worktree diff" /dev/null | cat`);
		assert.match(out, /^P\x1b\[32m\+new\\x1b\[31m\twide\x1b\[m/m);
		assert.match(out, /^P\x1b\[31m-20\x1b\[m/m);
	});

await rdv.stop();
