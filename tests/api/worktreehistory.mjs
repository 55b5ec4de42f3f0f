// Commits beside each other, and where lines come from, beside what the git CLI
// says of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { Rdv, bin, test } from '../harness/rdv.mjs';
import { Repo, exact, odd } from './gitrepo.mjs';

const rdv = await Rdv.start();

const two = 'seq 20 >f; seq 9 >g; git add .; git commit -qm one; ' +
	'git checkout -q -b side; ';

await test('two commits beside each other', async () => {
	const repo = Repo.make(rdv, 'pair');
	repo.sh(`${two} for i in 1 2 3; do git commit -q --allow-empty -m s$i; ` +
		'done; git checkout -q main; git commit -q --allow-empty -m m; ' +
		'git tag v1; git checkout -q --orphan alone; git commit -qm alone; ' +
		'git checkout -q side');
	const oid = (name) => repo.git('rev-parse', name).trim();
	for (const [base, to] of [['main', undefined], ['side', 'main'],
		['v1', 'main'], [oid('main'), 'side']]) {
		const have = await repo.read('compare', { base, ...to && { to } });
		const [behind, ahead] = repo.git('rev-list', '--left-right', '--count',
			`${base}...${to ?? 'HEAD'}`).trim().split('\t').map(Number);
		assert.deepEqual(have, { base: oid(base), to: oid(to ?? 'HEAD'),
			merge_base: repo.git('merge-base', base, to ?? 'HEAD').trim(),
			ahead, behind });
	}
	const apart = await repo.read('compare', { base: 'main', to: 'alone' });
	assert.deepEqual([apart.merge_base, apart.ahead, apart.behind],
		[null, 1, 2]);
	for (const query of [{ base: 'none' }, { base: 'main', to: 'none' },
		{ base: '-x' }, { base: 'main', to: 'side~' }, { base: '--all' }])
		assert.equal((await repo.ask('compare', query)).status, 400,
			JSON.stringify(query));
	assert.equal((await repo.ask('compare')).status, 422);
});

// [the changes of side, those of main, what conflicts]
const merges = [
	['sed -i s/^2$/two/ f', 'sed -i s/^19$/nineteen/ f', []],
	['sed -i s/^2$/two/ f', 'sed -i s/^2$/zwei/ f', [['f', 'both modified']]],
	['git rm -q f', 'sed -i s/^2$/zwei/ f', [['f', 'deleted by them']]],
	['sed -i s/^2$/zwei/ f; echo 1 >n; git add n',
		'git rm -q f; echo 2 >n; git add n',
		[['f', 'deleted by us'], ['n', 'both added']]],
	['git mv g h; sed -i s/^2$/two/ h', 'sed -i s/^9$/nine/ g', []],
];

await test('L14 a merge is tried without touching a work tree', async () => {
	for (const [n, [side, main, conflicts]] of merges.entries()) {
		const repo = Repo.make(rdv, `merge${n}`);
		repo.sh(`${two} ${side}; git commit -qam s; git checkout -q main; ` +
			`${main}; git commit -qam m; echo mine >>g`);
		const state = () => [repo.git('status', '--porcelain=v2', '-z'),
			repo.git('for-each-ref'), fs.statSync(repo.at('.git/index')).ino];
		const before = state();
		const have = await repo.read('merge', { base: 'main', to: 'side' });
		assert.deepEqual(have.conflicts.map((c) => [exact(c), c.conflict]),
			conflicts);
		assert.deepEqual([have.clean, have.merged, have.fast_forward,
			have.total], [conflicts.length === 0, false, false,
			conflicts.length]);
		assert.deepEqual(state(), before);
		repo.sh('git stash -q; git merge -q --no-edit side >/dev/null || :');
		if (have.clean)
			assert.equal(have.tree,
				repo.git('rev-parse', 'HEAD^{tree}').trim());
		else
			assert.deepEqual(repo.git('diff', '--name-only',
				'--diff-filter=U', '-z').split('\0').slice(0, -1).sort(),
			conflicts.map(([name]) => name));
	}
});

await test('a merge that is none, or has odd names (F06)', async () => {
	const repo = Repo.make(rdv, 'simple');
	repo.sh(`${two} echo >>f; git commit -qam s; ` +
		'git checkout -q --orphan alone; git commit -qm alone; ' +
		'git checkout -q main');
	const flags = async (base, to) => {
		const s = await repo.read('merge', { base, to });
		return [s.clean, s.merged, s.fast_forward];
	};
	assert.deepEqual(await flags('main', 'side'), [true, false, true]);
	assert.deepEqual(await flags('side', 'main'), [true, true, false]);
	assert.deepEqual(await flags('side', 'side'), [true, true, true]);
	assert.equal((await repo.ask('merge', { base: 'main', to: 'alone' }))
		.status, 400);
	for (const text of ['one', 'two', 'three']) {
		repo.sh(`git checkout -q ${text === 'three' ? 'main' : '-b ' + text}`);
		for (const name of odd)
			repo.write(name, `${text}\n`);
		repo.sh(`git add -A; git commit -qm ${text}`);
		if (text === 'one')
			repo.sh('git branch -f main');
	}
	const parts = [];
	for (let offset = 0; offset !== null;) {
		const s = await repo.read('merge', { base: 'main', to: 'two', offset,
			limit: 2 });
		assert.equal(s.total, odd.length);
		parts.push(...s.conflicts);
		offset = s.next;
	}
	assert.deepEqual(parts.map((c) => exact(c)).sort(), [...odd].sort());
});

// git-blame(1), "THE PORCELAIN FORMAT", every line with all of its commit.
function blamed(repo, path, args = []) {
	const text = repo.git('blame', '--line-porcelain', ...args, '--', path);
	const out = [];
	let now;
	for (const line of text.split('\n').slice(0, -1)) {
		const head = /^([0-9a-f]{40}) (\d+) (\d+)/.exec(line);
		if (line[0] === '\t')
			out.push({ ...now, text: line.slice(1) });
		else if (head !== null)
			now = { commit: /^0+$/.test(head[1]) ? null : head[1],
				from: Number(head[2]), at: Number(head[3]) };
		else if (line.startsWith('author '))
			now.author = line.slice(7);
		else if (line.startsWith('summary '))
			now.subject = line.slice(8);
		else if (line.startsWith('filename '))
			now.path = line.slice(9);
	}
	return out;
}

async function sameBlame(repo, path, query = {}, args = []) {
	const have = [], commits = new Map();
	for (let offset = 0; offset !== null;) {
		const s = await repo.read('blame', { path, ...query, offset });
		for (const c of s.commits)
			commits.set(c.commit, c);
		for (const r of s.ranges)
			r.lines.forEach((text, i) => have.push({ commit: r.commit,
				from: r.from + i, at: r.start + i,
				path: r.old_path ?? path, text }));
		offset = s.next;
	}
	const want = blamed(repo, path, args);
	assert.deepEqual(have, want.map(({ author, subject, ...line }) => line));
	for (const line of want.filter((l) => l.commit !== null)) {
		const c = commits.get(line.commit);
		assert.deepEqual([c.author, c.subject], [line.author, line.subject]);
	}
	return have;
}

await test('each line of a file has its commit', async () => {
	const repo = Repo.make(rdv, 'blamed');
	repo.sh('seq 300 >old; git add .; git commit -qm first; git mv old new; ' +
		'sed -i "s/^.*7$/seven/" new; git commit -qam second ' +
		'--author "A B <a@b>"; git tag v1; sed -i "s/^1.0$/ten/" new; ' +
		'git commit -qam third; echo more >>new; sed -i 1d new');
	const lines = await sameBlame(repo, 'new');
	assert.equal(new Set(lines.map((l) => l.commit)).size, 4);
	assert.equal(lines.at(-1).commit, null);
	assert.equal(lines[0].path, 'old');
	await sameBlame(repo, 'new', { limit: 7 });
	await sameBlame(repo, 'new', { at: 'v1', limit: 100 }, ['v1']);
	const s = await repo.read('blame', { path: 'new', at: 'v1', limit: 8 });
	assert.equal(s.commits.find((c) => c.author === 'A B').author_email, 'a@b');
	assert.equal(s.commit, repo.git('rev-parse', 'v1').trim());
	for (const query of [{ path: 'none' }, { path: 'new', at: 'none' },
		{ path: '../new' }, { path: 'new', offset: 1000 },
		{ path: 'new', at: '-s' }])
		assert.equal((await repo.ask('blame', query)).status, 400,
			JSON.stringify(query));
	assert.equal((await repo.ask('blame')).status, 400);
	repo.sh(': >empty; git add empty');
	assert.equal((await repo.ask('blame', { path: 'empty' })).status, 400);
});

await test('of a long file no more than fits is told', async () => {
	const repo = Repo.make(rdv, 'long');
	repo.sh('seq 100000 >f; (head -c 100000 /dev/zero | tr "\\0" x; echo; ' +
		'echo y) >g; git add .; git commit -qm one');
	const s = await repo.read('blame', { path: 'f', limit: 20000 });
	assert.ok(s.next > 1000 && s.next <= 20000);
	assert.equal(s.ranges[0].lines.length, s.next);
	const lines = (await repo.read('blame', { path: 'g' })).ranges[0].lines;
	assert.deepEqual(lines.map((l) => l.length), [4096, 1]);
});

await test('what a commit has changed is beside its first parent', async () => {
	const repo = Repo.make(rdv, 'shown');
	repo.sh(`${two} echo s >s; git add s; git commit -qm side; ` +
		'git checkout -q main; echo >>f; git commit -qam main; ' +
		'git merge -q --no-edit side');
	const names = async (commit) => {
		const s = await repo.read('diffstat', { commit });
		assert.equal(s.to, repo.git('rev-parse', commit).trim());
		return s.files.map((f) => [f.path, f.added, f.removed]);
	};
	const root = repo.git('rev-list', '--max-parents=0', 'HEAD').trim();
	assert.deepEqual(await names(root), [['f', 20, 0], ['g', 9, 0]]);
	assert.deepEqual(await names('side'), [['s', 1, 0]]);
	assert.deepEqual(await names('main'), [['s', 1, 0]]);
	const d = await repo.read('diff', { commit: root, path: 'g' });
	assert.deepEqual([d.status, d.hunks[0].lines.length], ['added', 9]);
	for (const query of [{ commit: 'none' }, { commit: 'main', base: 'side' },
		{ commit: 'main', view: 'staged' }, { commit: '-x' }])
		assert.equal((await repo.ask('diffstat', query)).status, 400,
			JSON.stringify(query));
});

// Whatever stands there for the purpose of being run.
await test('a merge runs nothing that the repository names (G05)', async () => {
	const repo = Repo.make(rdv, 'driver');
	repo.sh(`${two} echo 'f merge=bad' >.gitattributes; git add .; ` +
		'sed -i s/^2$/two/ f; git commit -qam s; git checkout -q main; ' +
		'echo "f merge=bad" >.gitattributes; git add .; ' +
		'sed -i s/^2$/zwei/ f; git commit -qam m; ' +
		`git config merge.bad.driver 'touch ${repo.at('canary')}'`);
	const r = await repo.ask('merge', { base: 'main', to: 'side' });
	assert.equal(fs.existsSync(repo.at('canary')), false);
	assert.ok(r.status === 400 || r.json.clean === false, `${r.status}`);
	// The same is run by the user's own git.
	repo.sh('git merge -q --no-edit side >/dev/null 2>&1 || :');
	assert.equal(fs.existsSync(repo.at('canary')), true);
});

await test('rdv worktree log, compare and blame', async () => {
	const repo = Repo.make(rdv, 'told');
	repo.sh(`${two} sed -i s/^2$/two/ f; git commit -qam \x1b[31m; ` +
		'git checkout -q main; sed -i s/^2$/zwei/ f; echo "a\tb" >>f; ' +
		'git commit -qam m; echo new >>f');
	const run = (...words) => {
		const r = spawnSync(bin('rdv'), ['worktree', ...words],
			{ encoding: 'utf8', cwd: repo.dir, env: { PATH: '/usr/bin:/bin',
				HOME: rdv.home, RDV_HOME: rdv.base } });
		assert.equal(r.status, 0, r.stderr);
		return r.stdout;
	};
	assert.match(run('log', '--to', 'side'), /\\e\[31m\n.*\bone\n$/);
	assert.match(run('log', '--base', 'side', '--file', 'f', repo.dir),
		/^COMMIT.*\n[0-9a-f]{8} .* ann +m\n$/);
	assert.equal(run('log', '-n', '1').split('\n').length, 3);
	assert.match(run('compare', 'side'), /^ahead +1\nbehind +1$/m);
	assert.match(run('compare', 'main', '--to', 'side', '--merge'),
		/^merges cleanly +no$[\s\S]*^both modified +f$/m);
	const lines = run('blame', 'f').split('\n');
	assert.match(lines[0], /^[0-9a-f]{8} ann +1 {2}1$/);
	assert.match(lines[20], /^[0-9a-f]{8} ann +21 {2}a\tb$/);
	assert.match(lines[21], /^-{8} not committed +22 {2}new$/);
	assert.match(run('blame', 'f', '--at', 'side', '--json'), /"commits"/);
	assert.match(run('diff', '--commit', 'side'), /^-2\n\+two$/m);
});

await rdv.stop();
