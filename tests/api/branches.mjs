// Branches made, renamed, deleted and brought back, beside what the git CLI
// says of them; and what is refused without consent.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start();
const BRANCHES = '/api/worktrees/branches';
const ask = (repo, method, body, tail = '') => method === 'DELETE' ?
	rdv.request(method, `${BRANCHES}?${new URLSearchParams(
		{ worktree_path: repo.dir, ...body })}`) :
	rdv.request(method, BRANCHES + tail,
		{ body: { worktree_path: repo.dir, ...body } });
const deleted = async (repo) => (await repo.read('branches/deleted')).items;
const names = (repo) => repo.git('for-each-ref', '--format=%(refname:short)',
	'refs/heads').trim().split('\n');
const tip = (repo, name) => repo.git('rev-parse', name).trim();
async function ok(repo, method, body, tail) {
	const r = await ask(repo, method, body, tail);
	assert.ok(r.status < 300, `${method} ${JSON.stringify(body)} ${r.raw}`);
	return r.json;
}
async function no(repo, method, body, status, code, tail) {
	const before = repo.git('for-each-ref');
	const r = await ask(repo, method, body, tail);
	assert.deepEqual([r.status, r.json.code], [status, code],
		`${method} ${JSON.stringify(body)} ${r.raw}`);
	assert.equal(repo.git('for-each-ref'), before);
	return r.json;
}
function make(name) {
	const repo = Repo.make(rdv, name);
	repo.sh('for i in 1 2 3; do echo $i >f; git add f; ' +
		'git commit -qm c$i; done; git tag v1 HEAD~1');
	return repo;
}

await test('a branch is made from where one says', async () => {
	const repo = make('made');
	const first = await ok(repo, 'POST', { name: 'one' });
	assert.deepEqual(first, { name: 'one', commit: tip(repo, 'HEAD') });
	await ok(repo, 'POST', { name: 'a/b', base: 'v1' });
	assert.equal(tip(repo, 'a/b'), tip(repo, 'v1'));
	await ok(repo, 'POST', { name: 'by-id', base: tip(repo, 'v1') });
	assert.equal(tip(repo, 'by-id'), tip(repo, 'v1'));
	assert.equal(repo.git('branch', '--show-current'), 'main\n');
	await no(repo, 'POST', { name: 'one' }, 409, 'BRANCH_EXISTS');
	// A directory of names is in the way, as it is for git.
	await no(repo, 'POST', { name: 'a' }, 400, 'INVALID_ARGUMENT');
	await no(repo, 'DELETE', { name: 'a', force: true }, 404, 'NOT_FOUND');
});

await test('renamed, with its settings and whoever has it out', async () => {
	const repo = make('renamed');
	repo.sh('git branch old; git config branch.old.merge refs/heads/x; ' +
		'git config branch.old.remote origin; git branch taken; ' +
		'git worktree add -q ../renamed-out -b out');
	const was = tip(repo, 'old');
	const done = await ok(repo, 'PATCH', { name: 'old', new_name: 'new' });
	assert.deepEqual(done, { name: 'new', commit: was });
	assert.deepEqual(names(repo), ['main', 'new', 'out', 'taken']);
	assert.equal(repo.git('config', 'branch.new.merge'), 'refs/heads/x\n');
	await no(repo, 'PATCH', { name: 'new', new_name: 'taken' }, 409,
		'BRANCH_EXISTS');
	await no(repo, 'PATCH', { name: 'none', new_name: 'x' }, 404, 'NOT_FOUND');
	const r = await no(repo, 'PATCH', { name: 'out', new_name: 'x' }, 409,
		'BRANCH_IN_USE');
	assert.match(r.error, /renamed-out/);
	await ok(repo, 'PATCH', { name: 'out', new_name: 'x', force: true });
	assert.equal(repo.git('-C', '../renamed-out', 'branch', '--show-current'),
		'x\n');
	// The one that is asked from needs no consent.
	await ok(repo, 'PATCH', { name: 'main', new_name: 'trunk' });
	assert.equal(repo.git('branch', '--show-current'), 'trunk\n');
});

// By the name in its row it would make another one, and lose sight of this.
await test('a workspace keeps the name of its branch, by force too', async () => {
	const repo = make('spaced');
	const { id } = await rdv.call('POST', '/api/repos', { path: repo.dir });
	const w = await rdv.call('POST', '/api/workspaces', { repos: [id] });
	const wish = { name: w.branch, new_name: 'mine' };
	for (const force of [false, true]) {
		const r = await no(repo, 'PATCH', { ...wish, force }, 409,
			'BRANCH_IN_USE');
		assert.match(r.error, /is that of the workspace spaced/);
	}
	await rdv.call('DELETE', `/api/workspaces/${w.id}`);
	await ok(repo, 'PATCH', wish);
	assert.deepEqual(names(repo), ['main', 'mine']);
});

await test('deleted only without loss, and brought back as it was',
	async () => {
		const repo = make('deleted');
		repo.sh('git branch merged HEAD~1; git branch side; ' +
			'git worktree add -q ../deleted-side side; ' +
			'cd ../deleted-side; echo s >s; git add s; git commit -qm s; ' +
			'git branch alone; git checkout -q --detach main');
		const one = await ok(repo, 'DELETE', { name: 'merged' });
		assert.deepEqual(Object.keys(one), ['name', 'commit', 'pin']);
		// `alone` has the same commit: it is nowhere lost, and not merged.
		await no(repo, 'DELETE', { name: 'alone' }, 409,
			'HAS_UNMERGED_COMMITS');
		const two = await ok(repo, 'DELETE', { name: 'side', force: true });
		await no(repo, 'DELETE', { name: 'alone' }, 409,
			'HAS_UNPUSHED_COMMITS');
		const was = tip(repo, 'alone');
		const three = await ok(repo, 'DELETE', { name: 'alone', force: true });
		assert.deepEqual(names(repo), ['main']);
		assert.deepEqual((await deleted(repo)).map((b) => b.pin),
			[three.pin, two.pin, one.pin]);
		// Nothing but the pin holds it.
		repo.sh('git reflog expire --expire=now --all; git gc -q --prune=now');
		assert.deepEqual(await ok(repo, 'POST', { pin: three.pin },
			'/restore'), { name: 'alone', commit: was });
		assert.equal(tip(repo, 'alone'), was);
		assert.deepEqual((await deleted(repo)).map((b) => b.name),
			['side', 'merged']);
		await no(repo, 'POST', { pin: three.pin }, 404, 'NOT_FOUND',
			'/restore');
		await no(repo, 'POST', { pin: two.pin, name: 'alone' }, 409,
			'BRANCH_EXISTS', '/restore');
		await ok(repo, 'POST', { pin: two.pin, name: 'again' }, '/restore');
		assert.equal(tip(repo, 'again'), was);
		repo.git('fsck', '--no-progress');
	});

await test('never one that is checked out, and what an upstream has is safe',
	async () => {
		const repo = make('held');
		repo.sh('git worktree add -q ../held-x -b x; git checkout -q -b up; ' +
			'echo u >u; git add u; git commit -qm u; ' +
			'git update-ref refs/remotes/origin/up HEAD; ' +
			'git remote add origin /nowhere; git config branch.up.remote ' +
			'origin; git config branch.up.merge refs/heads/up; ' +
			'git checkout -q main');
		for (const force of [false, true]) {
			const r = await no(repo, 'DELETE', { name: 'x', force }, 409,
				'BRANCH_IN_USE');
			assert.match(r.error, /held-x/);
		}
		await no(repo, 'DELETE', { name: 'none' }, 404, 'NOT_FOUND');
		// What git branch -d would let go as well.
		await ok(repo, 'DELETE', { name: 'up' });
		assert.deepEqual(names(repo), ['main', 'x']);
	});

await test('abuse: a rebase and a bisection end where they began (G19)',
	async () => {
		const repo = make('midway');
		repo.sh('git branch low HEAD~1; git worktree add -q ../midway-t -b ' +
			'top HEAD~1; cd ../midway-t; for i in 1 2; do echo $i >g; ' +
			'git add g; git commit -qm g$i; done; git branch -f low HEAD~1; ' +
			'GIT_SEQUENCE_EDITOR="sed -i s/^pick/edit/" git rebase -q ' +
			'--update-refs -i main 2>/dev/null');
		for (const name of ['top', 'low']) {
			for (const force of [false, true]) {
				const r = await no(repo, 'DELETE', { name, force }, 409,
					'BRANCH_IN_USE');
				assert.match(r.error, /a rebase/);
			}
			await no(repo, 'PATCH', { name, new_name: 'x', force: true }, 409,
				'BRANCH_IN_USE');
		}
		repo.sh('cd ../midway-t; while test -d "$(git rev-parse --git-path ' +
			'rebase-merge)"; do git rebase --continue 2>/dev/null; done; ' +
			'git bisect start -q HEAD main >/dev/null');
		await no(repo, 'DELETE', { name: 'top', force: true }, 409,
			'BRANCH_IN_USE');
		repo.sh('cd ../midway-t; git bisect reset 2>/dev/null; ' +
			'git checkout -q --detach main');
		await ok(repo, 'DELETE', { name: 'top', force: true });
		await ok(repo, 'PATCH', { name: 'low', new_name: 'x' });
	});

await test('G13 what is no name of a branch is none for git', async () => {
	const repo = make('named');
	repo.git('branch', 'plain');
	for (const name of ['-x', '--all', '@{-1}', 'HEAD~', 'a..b', ':!x', 'a b',
		'a\nb', 'HEAD', '@', 'x.lock', '/x', 'x/', 'refs/../x', 'a^{commit}']) {
		await no(repo, 'POST', { name }, 400, 'INVALID_ARGUMENT');
		await no(repo, 'POST', { name: 'new', base: name }, 422,
			'OUT_OF_RANGE');
		await no(repo, 'PATCH', { name: 'plain', new_name: name }, 400,
			'INVALID_ARGUMENT');
		await no(repo, 'PATCH', { name, new_name: 'new' }, 400,
			'INVALID_ARGUMENT');
		await no(repo, 'DELETE', { name, force: true }, 400,
			'INVALID_ARGUMENT');
		await no(repo, 'POST', { pin: name, name: 'new' }, 404, 'NOT_FOUND',
			'/restore');
	}
	// Legal, and odd: as git has it.
	for (const name of ['$(id)', 'x;y', 'Ünï', 'a=b', 'x\'"']) {
		await ok(repo, 'POST', { name });
		const { pin } = await ok(repo, 'DELETE', { name });
		await ok(repo, 'POST', { pin }, '/restore');
		repo.git('rev-parse', '--verify', '--quiet', `refs/heads/${name}`);
	}
});

await test('rdv branch: the same by the command line', async () => {
	const repo = make('typed');
	const at = path.join(rdv.home, 'typed');
	const run = (...words) => spawnSync(bin('rdv'), ['branch', ...words],
		{ cwd: at, encoding: 'utf8', env: { PATH: '/usr/bin:/bin',
			HOME: rdv.home, RDV_HOME: rdv.base } });
	const good = (...words) => {
		const r = run(...words);
		assert.equal(r.status, 0, `${words} ${r.stderr}`);
		return r;
	};
	await rdv.request('POST', '/api/repos', { body: { path: at } });
	good('new', 'one');
	good('new', 'two', 'v1');
	good('mv', 'two', 'zwei');
	assert.match(good('ls').stdout, /zwei/);
	const gone = JSON.parse(good('rm', 'zwei', '--json').stdout);
	assert.match(good('ls', '--deleted').stdout, new RegExp(gone.pin));
	good('restore', gone.pin);
	assert.deepEqual(names(repo), ['main', 'one', 'zwei']);
	assert.match(good('rm', 'one').stderr, /rdv branch restore/);
	const no = run('rm', 'main', '--force', '--json');
	assert.deepEqual([no.status, JSON.parse(no.stderr).code],
		[1, 'BRANCH_IN_USE']);
	execFileSync('git', ['-C', at, 'fsck', '--no-progress'],
		{ stdio: 'ignore' });
});

const DB = path.join(rdv.base, 'server/rdv.db');
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000', DB,
	text], { encoding: 'utf8' }).trim();

await test('abuse: an end that kill -9 cuts off is gone on with (G20)',
	async () => {
		const repo = make('ended');
		repo.sh('git branch old v1; git branch young v1; git pack-refs --all');
		const pins = [];
		for (const name of ['old', 'young'])
			pins.push((await ok(repo, 'DELETE', { name, force: true })).pin);
		const [old, young] = pins.map((p) => `'refs/rdv/branches/${p}/%'`);
		sql(`UPDATE pin SET updated_at = updated_at - 31 * 86400000
			WHERE name LIKE ${old}`);
		const state = (which) => sql(`SELECT state FROM pin
			WHERE name LIKE ${which}`);
		const due = async () => (await rdv.call('GET', '/api/gc')).items
			.filter((i) => i.path === repo.dir);
		assert.deepEqual((await due()).map((i) => [i.kind, i.id, i.ref]),
			[['pin', pins[0], `refs/rdv/branches/${pins[0]}/old`]]);
		const r = spawnSync(bin('rdv'), ['gc', '--dry-run'],
			{ encoding: 'utf8', env: { HOME: rdv.home, RDV_HOME: rdv.base } });
		assert.match(r.stdout, /^pin .* refs\/rdv\/branches\/[-\w]+\/old .*ended$/m);
		// git waits for this one a while, and then fails.
		const lock = path.join(repo.dir, '.git/packed-refs.lock');
		fs.writeFileSync(lock, '');
		// Something was done a day and a half ago: the clock is to be believed.
		const known = make('known');
		const { id } = await rdv.call('POST', '/api/repos',
			{ path: known.dir });
		await rdv.call('POST', '/api/workspaces', { repos: [id] });
		sql('UPDATE worktree SET updated_at = updated_at - 36 * 3600000');
		// No first round of an account begins an end.
		await waitFor('it has begun', async () => {
			await rdv.call('POST', '/api/gc');
			return state(old) === 'ending';
		});
		await rdv.again();
		assert.match(repo.git('for-each-ref', 'refs/rdv'), /\/old$/m);
		fs.unlinkSync(lock);
		// Its age is not asked for any more.
		assert.equal((await due()).length, 1);
		await rdv.call('POST', '/api/gc');
		await waitFor('it is over', () => state(old) === 'gone');
		assert.deepEqual((await deleted(repo)).map((b) => b.pin), [pins[1]]);
		assert.equal(state(young), 'kept');
		assert.deepEqual(await due(), []);
	});

await rdv.stop();
