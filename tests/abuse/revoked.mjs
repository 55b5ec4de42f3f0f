// Group C: a request about a repository waits, for its turn and for git, and
// its credential ends meanwhile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { test, waitFor } from '../harness/rdv.mjs';
import { Repo } from '../api/gitrepo.mjs';
import { options } from './lib.mjs';

// A repository with a remote, a worktree `tree` on `topic` in which something
// is to be committed, and a workspace.
async function scene(t) {
	const rdv = await t.start(options);
	const repo = Repo.make(rdv, 'repo');
	repo.sh(`git config user.name ann
		git config user.email ann@example.org
		git commit -q --allow-empty -m c
		git init -q --bare ../far.git; git init -q ../other
		git remote add origin ${rdv.home}/far.git
		git worktree add -q -b topic ../tree
		git branch old
		cd ../tree; echo 1 >one; git add one; git commit -qm one; echo 2 >two
		echo 3 >three`);
	const { id } = await rdv.call('POST', '/api/repos', { path: repo.dir });
	const w = await rdv.call('POST', '/api/workspaces', { repos: [id] });
	const tree = { worktree_path: `${rdv.home}/tree` };
	const made = () => rdv.call('POST', '/api/tokens',
		{ name: 'x', scopes: ['full'] });
	return { rdv, repo, id, w, tree, made, revoke: ({ id: token }) =>
		rdv.call('DELETE', `/api/tokens/${token}`) };
}

// All that a change could have changed, as git and as rdv tell it.
async function seen({ rdv, repo }) {
	// But for when it was looked at.
	const list = async (what) => JSON.stringify(
		await rdv.call('GET', `/api/${what}`),
		(key, value) => key === 'as_of' ? undefined : value);
	return [
		repo.sh(`git for-each-ref; git worktree list; git stash list
			cd ../tree; git status --porcelain -b; ls -a .. ; cat two || :
			git -C ../far.git for-each-ref`),
		await list('repos'), await list('worktrees/trash'),
		await list('workspaces'),
		await list('repos/clones'), await list('transfers'),
		await list('worktrees/discards'),
		await list(`worktrees/changes?worktree_path=${rdv.home}/tree`),
	];
}

// In an order in which all of them can be done, one after the other.
const requests = ({ rdv, repo, id, w, tree }) => [
	['POST', 'worktrees', { repo_path: repo.dir, branch: 'late',
		create_branch: true, worktree_path: `${rdv.home}/late` }],
	['POST', 'repos', { path: `${rdv.home}/other` }],
	['POST', 'worktrees/stage', { ...tree, all: true }],
	['POST', 'worktrees/unstage', { ...tree, all: true }],
	['POST', 'worktrees/stash', { ...tree, paths: ['two'],
		untracked: true }],
	['POST', 'worktrees/commit', { ...tree, all: true, message: 'late' }],
	['POST', 'worktrees/branches', { ...tree, name: 'late2' }],
	['PATCH', 'worktrees/branches', { ...tree, name: 'late2',
		new_name: 'late3' }],
	['DELETE', `worktrees/branches?${new URLSearchParams({ ...tree,
		name: 'old' })}`],
	['POST', 'worktrees/merge', { ...tree, into: 'main' }],
	['POST', 'worktrees/push', { ...tree }],
	['POST', 'repos/clones', { url: `${rdv.home}/far.git`,
		dir: `${rdv.home}/clone` }],
	['POST', 'workspaces', { repos: [id], name: 'late' }],
	['POST', `workspaces/${w.id}/ensure`],
	['POST', `workspaces/${w.id}/archive`, { remove: true }],
	['POST', `workspaces/${w.id}/restore`],
	['DELETE', `workspaces/${w.id}`],
	['DELETE', 'worktrees', { ...tree, force: true }],
];

await test('C13 what waits for its repository when its token goes is not done',
	async (t) => {
		const s = await scene(t), { rdv, made, revoke } = s, { ops } = rdv;
		const waiting = async () => +/^rdv_http_requests_pending (\d+)/m.exec(
			(await rdv.request('GET', '/metrics')).raw)[1];
		const [good, bad] = [await made(), await made()];
		const send = (token, [method, path, body]) => rdv.request(method,
			`/api/${path}`, { token: token.rawKey, body });
		const all = requests(s), before = await seen(s);
		const idle = await waiting();
		process.kill(ops, 'SIGSTOP');
		t.after(() => process.kill(ops, 'SIGCONT'));
		// A restore of what is not archived is refused without a wait.
		const late = all.filter(([, path]) => !path.endsWith('/restore'))
			.map((one) => [one, send(bad, one)]);
		await waitFor('all wait', async () =>
			await waiting() >= idle + late.length);
		await revoke(bad);
		process.kill(ops, 'SIGCONT');
		for (const [[method, path], one] of late) {
			const r = await one;
			assert.deepEqual([r.status, r.json?.code], [401, 'INVALID_TOKEN'],
				`${method} ${path}: ${r.status} ${r.raw.slice(-300)}`);
		}
		assert.deepEqual(await seen(s), before);
		// The control: each of them is done by a token that counts.
		for (const one of all) {
			const r = await send(good, one);
			assert.ok(r.status < 300, `${one[0]} ${one[1]}: ${r.raw}`);
		}
		assert.match(s.repo.git('log', '--format=%s', 'main'), /^late$/m);
	});

// The branch, or HEAD, becomes a pipe: whoever reads it waits to be told. At the
// n-th reader the token goes, for each n that there is.
async function at(s, n, [method, path, body], name = 'refs/heads/topic') {
	const { rdv, repo, made, revoke } = s, token = await made();
	const file = `${repo.dir}/.git/${name}`;
	const was = fs.readFileSync(file, 'latin1');
	const pipe = () => {
		execFileSync('mkfifo', [`${file}.lock-`]);
		fs.renameSync(`${file}.lock-`, file);
	};
	let r = null, fd = -1, count = 0;
	const reader = () => {
		try {
			fd = fs.openSync(file, fs.constants.O_WRONLY |
				fs.constants.O_NONBLOCK);
		} catch (e) {
			// No reader yet; or git has put a commit in its place.
			if (e.code !== 'ENXIO' && e.code !== 'ENOENT')
				throw e;
		}
		return fd >= 0;
	};
	pipe();
	const one = rdv.request(method, `/api/${path}`,
		{ token: token.rawKey, body }).then((answer) => { r = answer; });
	for (;;) {
		await waitFor('git, or the answer', () => r !== null ||
			(fs.lstatSync(file).isFIFO() && reader()));
		if (fd < 0)
			break;
		if (++count === n) {
			await revoke(token);
			fs.writeFileSync(`${file}.lock-`, was);
			fs.renameSync(`${file}.lock-`, file);
		} else if (count < n) {
			pipe();
		}
		fs.writeSync(fd, was);
		fs.closeSync(fd);
		fd = -1;
	}
	await one;
	if (fs.lstatSync(file).isFIFO()) {
		fs.unlinkSync(file);
		fs.writeFileSync(file, was);
	}
	return { r, met: count >= n };
}

await test('C13 whenever its token goes, a request is done or is not',
	async (t) => {
		const s = await scene(t);
		const [create, , , , , commit] = requests(s);
		for (const one of [commit, create]) {
			let refused = 0, done = false;
			for (let n = 1; !done; n++) {
				assert.ok(n < 40, 'it comes to an end');
				const before = await seen(s);
				const { r, met } = await at(s, n, one);
				done = r.status < 300;
				assert.ok(done || r.status === 401, r.raw);
				if (done)
					assert.notDeepEqual(await seen(s), before);
				else
					assert.deepEqual(await seen(s), before, `${one[1]}: ${n}`);
				refused += !done;
				assert.ok(done || met, 'refused for what was revoked');
			}
			// For its turn, and for what git says of the tree behind that.
			assert.ok(refused >= 2, `${one[1]}: refused ${refused} times`);
		}
	});

await test('C13 what acts before its row asks for leave before that', async (t) => {
	const s = await scene(t), { rdv, repo, tree } = s;
	repo.sh(`cd ${rdv.home}/tree; git add -A; git commit -qm all; cd ${repo.dir}
		echo other >one; git add one; git commit -qm other`);
	const stopped = await rdv.request('POST', '/api/worktrees/rebase',
		{ body: { ...tree, onto: 'main' } });
	assert.deepEqual([stopped.status, stopped.json.change?.state], [200, 'conflict'],
		stopped.raw);
	const one = ['POST', 'worktrees/abort', tree];
	const all = async () => [repo.sh('cat ../tree/one'), ...await seen(s)];
	let refused = 0, done = false;
	for (let n = 1; !done; n++) {
		assert.ok(n < 40, 'it comes to an end');
		const before = await all();
		const { r, met } = await at(s, n, one, 'worktrees/tree/HEAD');
		done = r.status < 300;
		assert.ok(done || r.status === 401, r.raw);
		if (!done)
			assert.deepEqual(await all(), before, `${n}`);
		refused += !done;
		assert.ok(done || met, 'refused for what was revoked');
	}
	assert.ok(refused >= 2, `refused ${refused} times`);
});
