// What is in conflict, what each side has of it, and settling it: beside git's
// own index, for all the ways in which two histories can clash.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Rdv, test } from '../harness/rdv.mjs';
import { changing, lines, oid } from './changing.mjs';
import { asked, exact, odd } from './gitrepo.mjs';

const rdv = await Rdv.start();
const { pair } = changing(rdv);

const ask = (what, tree, body = {}) => rdv.request('POST',
	`/api/worktrees/${what}`, { body: { worktree_path: tree.dir, ...body } });
const resolve = async (tree, name, as) => {
	const r = await ask('resolve', tree, { ...asked(name), as });
	assert.equal(r.status, 200, `${name}: ${r.raw}`);
	return r.json.conflicts;
};
const version = (c, name) => c.versions.find((v) => v.version === name);

// The worktree's commits are theirs in a rebase, and what they are put on ours.
async function clashing(side, main, base = lines) {
	const p = pair(base, side, main);
	const r = await ask('rebase', p.tree, { onto: 'main' });
	assert.equal(r.json.change?.state, 'conflict', `${r.raw}`);
	return p.tree;
}
const every = () => clashing('sed -i s/^2$/two/ f; git rm -q g; echo s >n; ' +
	'head -c 99 /dev/zero >b', 'sed -i s/^2$/zwei/ f; echo m >>g; echo m >n; ' +
	'printf "a\\0b" >b; chmod +x n');

await test('each file in conflict, and what each side has of it', async () => {
	const tree = await every();
	const list = await tree.read('conflicts');
	assert.deepEqual([list.operation, list.total, list.next, list.conflicts
		.map((c) => [c.path, c.conflict, c.base, c.ours, c.theirs])],
	['rebase', 4, null, [['b', 'both added', false, true, true],
		['f', 'both modified', true, true, true],
		['g', 'deleted by them', true, true, false],
		['n', 'both added', false, true, true]]]);
	assert.equal((await tree.read('conflicts', { limit: 1 })).next, 1);
	const f = await tree.read('conflict', { path: 'f' });
	assert.deepEqual(f.versions.map((v) => [v.version, v.text]),
		[['base', tree.git('cat-file', 'blob', ':1:f')],
			['ours', tree.git('cat-file', 'blob', ':2:f')],
			['theirs', tree.git('cat-file', 'blob', ':3:f')],
			['working', fs.readFileSync(tree.at('f'), 'utf8')]]);
	assert.match(version(f, 'working').text, /<<<<<<</);
	const g = await tree.read('conflict', { path: 'g' });
	assert.deepEqual(g.versions.map((v) => v.version),
		['base', 'ours', 'working']);
	assert.equal(version(await tree.read('conflict', { path: 'n' }), 'ours')
		.mode, '100755');
	const b = await tree.read('conflict', { path: 'b' });
	for (const v of b.versions)
		assert.deepEqual([v.binary, v.truncated, v.text], [true, false, null]);
	// What lies there is read anew, and by no link.
	fs.writeFileSync(tree.at('f'), 'x'.repeat(200000));
	const long = version(await tree.read('conflict', { path: 'f' }), 'working');
	assert.equal(long.truncated, true);
	assert.match(long.text, /^x{20000,90000}$/);
	fs.unlinkSync(tree.at('f'));
	fs.symlinkSync('/etc/passwd', tree.at('f'));
	assert.equal(version(await tree.read('conflict', { path: 'f' }),
		'working'), undefined);
	for (const path of ['d/x', 'none', '../f', '/f', '.', 'd'])
		assert.equal((await tree.ask('conflict', { path })).status, 400, path);
	assert.equal((await tree.ask('conflict')).status, 400);
	const clean = pair(lines, 'echo >y').tree;
	assert.deepEqual(await clean.read('conflicts'), { operation: null,
		truncated: false, total: 0, next: null, conflicts: [] });
});

await test('settled as a side has it, or as it lies there', async () => {
	for (const as of ['ours', 'theirs', 'working']) {
		const tree = await every();
		const side = { ours: 'main', theirs: 'side' }[as];
		fs.writeFileSync(tree.at('f'), 'by hand\n');
		const want = (name) => side === undefined ?
			fs.readFileSync(tree.at(name), 'latin1') :
			tree.git('ls-tree', '--name-only', side, name) === '' ? null :
				tree.git('cat-file', 'blob', `${side}:${name}`);
		const before = tree.git('cat-file', 'blob', ':d/x');
		let left = ['b', 'f', 'g', 'n'];
		for (const name of left) {
			const text = want(name);
			left = left.filter((n) => n !== name);
			assert.deepEqual(await resolve(tree, name, as), left);
			assert.equal(fs.existsSync(tree.at(name)) ?
				fs.readFileSync(tree.at(name), 'latin1') : null, text,
			`${as} ${name}`);
			assert.equal(tree.git('diff', '--name-only', '--', name), '');
			assert.equal(tree.git('ls-files', '--unmerged', '--', name), '');
		}
		assert.equal(tree.git('cat-file', 'blob', ':d/x'), before);
		const r = await ask('continue', tree);
		assert.equal(r.json.change?.state, 'done', `${r.raw}`);
		assert.equal(tree.git('status', '--porcelain'), '');
		if (as === 'ours')
			assert.equal(oid(tree, 'side^{tree}'), oid(tree, 'main^{tree}'));
	}
	// Gone in the tree is an answer as well.
	const tree = await every();
	fs.unlinkSync(tree.at('n'));
	await resolve(tree, 'n', 'working');
	assert.equal(tree.git('ls-files', '--', 'n'), '');
});

await test('nothing but a file in conflict is ever written over', async () => {
	const tree = await every();
	fs.writeFileSync(tree.at('d/x'), 'mine');
	fs.writeFileSync(tree.at('u'), 'mine');
	for (const path of ['d/x', 'u', 'd', 'none'])
		for (const as of ['ours', 'theirs', 'working'])
			assert.equal((await ask('resolve', tree, { path, as })).status, 409,
				path);
	for (const path of ['../f', '/etc/passwd', '.', 'd/../f', ''])
		assert.ok([400, 422].includes((await ask('resolve', tree,
			{ path, as: 'ours' })).status), path);
	for (const body of [{ as: 'ours' }, { path: 'f' }, { path: 'f', as: 'x' }])
		assert.equal((await ask('resolve', tree, body)).status, 422);
	assert.equal(fs.readFileSync(tree.at('d/x'), 'utf8'), 'mine');
	assert.equal(fs.readFileSync(tree.at('u'), 'utf8'), 'mine');
	assert.equal(tree.git('ls-files', '--', 'u'), '');
});

await test('names are bytes, and a submodule has no text (G13)', async () => {
	const p = pair(lines, 'true; echo >y');
	for (const [repo, text] of [[p.tree, 'side'], [p.repo, 'main']]) {
		for (const name of odd)
			repo.write(name, text);
		repo.git('update-index', '--add', '--cacheinfo',
			`160000,${(text === 'side' ? '1' : '2').repeat(40)},module`);
		fs.mkdirSync(repo.at('module'));
		repo.sh('git add -A -- . ":!module"; git commit -qm odd');
	}
	const r = await ask('rebase', p.tree, { onto: 'main' });
	assert.equal(r.json.change.state, 'conflict', `${r.raw}`);
	const list = await p.tree.read('conflicts');
	assert.deepEqual(list.conflicts.map((c) => exact(c)).sort(),
		[...odd, 'module'].sort());
	for (const name of odd) {
		const c = await p.tree.read('conflict', asked(name));
		assert.deepEqual([exact(c), version(c, 'ours').text,
			version(c, 'theirs').text], [name, 'main', 'side']);
		await resolve(p.tree, name, 'theirs');
		assert.equal(fs.readFileSync(p.tree.at(name), 'utf8'), 'side');
	}
	const c = await p.tree.read('conflict', { path: 'module' });
	assert.deepEqual(c.versions, [{ version: 'ours', mode: '160000' },
		{ version: 'theirs', mode: '160000' }]);
	assert.deepEqual(await resolve(p.tree, 'module', 'theirs'), []);
	assert.match(p.tree.git('ls-files', '--stage', 'module'), /^160000 1{40} 0/);
	assert.equal((await ask('continue', p.tree)).json.change.state, 'done');
});

await rdv.stop();
