// Merging, rebasing and settling conflicts on the command line, in one worktree
// and over all of a workspace.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bin, test } from '../harness/rdv.mjs';
import { changing, edit, lines, oid, other } from './changing.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start();
const { pair } = changing(rdv);

function cli(dir, ...args) {
	const r = spawnSync(bin('rdv'), args, { encoding: 'utf8', cwd: dir,
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: rdv.base } });
	return { status: r.status, out: r.stdout, err: r.stderr };
}

await test('one worktree on the command line', async () => {
	const { repo, tree } = pair(lines, edit, 'sed -i s/^2$/zwei/ f');
	const at = (...args) => cli(tree.dir, 'worktree', ...args);
	const no = at('merge', 'main');
	assert.deepEqual([no.status, no.out], [1, '']);
	assert.match(no.err, /^rdv: side and main conflict in 1 file \(f\)/);
	assert.equal(at('abort').status, 1);
	const open = at('rebase', 'main');
	assert.equal(open.status, 1);
	assert.match(open.out, /state +conflict/);
	assert.match(open.err, /in conflict: f\n/);
	assert.match(at('conflicts').out, /both modified +f/);
	assert.match(at('continue').err, /f is still in conflict/);
	assert.equal(at('resolve', 'f', 'mine').status, 2);
	assert.equal(at('abort').status, 0);
	assert.equal(JSON.parse(at('rebase', 'main', '--json').out).change.state,
		'conflict');
	assert.deepEqual(JSON.parse(at('resolve', 'f', 'theirs', '--json').out),
		{ conflicts: [] });
	assert.match(at('conflicts').out + at('conflicts').err,
		/nothing is in conflict/);
	assert.match(at('continue').out, /state +done/);
	const done = cli('/', 'worktree', 'merge', 'main', tree.dir, '--squash',
		'-m', 'in one');
	assert.deepEqual([done.status, done.err], [0, '']);
	assert.equal(repo.git('log', '-1', '--format=%s', 'main'), 'in one\n');
	assert.match(at('merge', 'main').err, /nothing to do/);
	repo.sh('git checkout -q -b b; echo b >b; git add b; git commit -qm b');
	assert.equal(at('pick', 'b').status, 0);
	assert.equal(tree.git('log', '-1', '--format=%s'), 'b\n');
	assert.match(at('operations').out, /pick +done .*\n.*squash +done/);
	assert.match(at('merge', '-x').err, /-x/);
	assert.equal(at('merge').status, 2);
});

// Its first page comes before git has looked at all, the others after that.
await test('a diff of very much is shown to its end', () => {
	const repo = Repo.make(rdv, 'much');
	repo.sh('mkdir d; for i in $(seq 1200); do echo $i >d/f$i; done; git add .; ' +
		'git commit -qm much; for i in $(seq 1200); do echo x >>d/f$i; done');
	const r = cli(repo.dir, 'worktree', 'diff', '--stat');
	assert.equal(r.status, 0, r.err);
	const names = [...r.out.matchAll(/\bd\/f\d+/g)].map(([n]) => n);
	assert.deepEqual(names, repo.git('diff', '--name-only').trim().split('\n'));
	assert.match(r.err, /1200 files, 1200 lines added, 0 removed/);
});

await test('all worktrees of a workspace, up to the first that refuses',
	async () => {
		const made = [];
		for (const name of ['one', 'two', 'three']) {
			const repo = Repo.make(rdv, name);
			repo.sh(`git config user.name ann; git config user.email a@b.example
				${lines}; git add -A; git commit -qm base`);
			made.push([repo, (await rdv.call('POST', '/api/repos',
				{ path: repo.dir })).id]);
		}
		const ws = await rdv.call('POST', '/api/workspaces', { name: 'w',
			repos: made.map((m) => m[1]), bases: Object.fromEntries(made
				.map((m) => [m[1], 'main'])) });
		const trees = ws.repos.map((p) => new Repo(rdv, p.path));
		for (const t of trees)
			t.sh(`${edit}; git commit -qam work`);
		for (const [repo] of made)
			repo.sh(`${other}; git commit -qam other`);
		const run = (...args) => cli('/', 'workspace', ...args);
		assert.equal(run('merge', 'w', '--squash').status, 1);
		const rebased = run('rebase', 'w', '--json');
		assert.deepEqual(JSON.parse(rebased.out).repos.map((r) => [r.name,
			r.state, r.target]), [['one', 'done', 'main'],
			['two', 'done', 'main'], ['three', 'done', 'main']]);
		// The second has somebody at work in it.
		fs.writeFileSync(path.join(made[1][0].dir, 'g'), 'mine');
		const r = run('merge', 'w', '--squash', '-m', 'all of it');
		assert.deepEqual([r.status, r.err.split('\n').at(-2)],
			[1, 'rdv: stopped at two']);
		assert.match(r.err, /^rdv: .*two has uncommitted changes \(g\)/);
		assert.match(r.out, /one +done +main/);
		assert.doesNotMatch(r.out, /two|three/);
		const at = (i) => oid(made[i][0], 'main') === oid(trees[i], 'HEAD');
		assert.deepEqual([at(0), at(1), at(2)], [true, false, false]);
		made[1][0].sh('git checkout -q g');
		const more = run('merge', 'w', 'main', '--squash');
		assert.equal(more.status, 0, more.err);
		assert.match(more.out, /one +unchanged.*\n.*two +done.*\n.*three +done/);
		assert.deepEqual([at(0), at(1), at(2)], [true, true, true]);
		assert.equal(run('merge', 'nowhere').status, 1);
	});

await rdv.stop();
