// Worktrees over a real git: made, judged, removed only when nothing is lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const repo = path.join(rdv.home, 'repo');
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
		GIT_AUTHOR_NAME: 't', GIT_AUTHOR_EMAIL: 't@example.org',
		GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@example.org' } });
fs.mkdirSync(repo);
git(repo, 'init', '-q', '-b', 'main');
fs.writeFileSync(path.join(repo, 'file'), 'one\n');
git(repo, 'add', 'file');
git(repo, 'commit', '-q', '-m', 'one');

let count = 0;
const make = async (more = {}) => rdv.call('POST', '/api/worktrees',
	{ repoPath: repo, branch: `b${count++}`, createNewBranch: true, ...more });
const remove = (w, force) => rdv.request('DELETE', '/api/worktrees',
	{ body: { worktreePath: w.path, ...(force && { force }) } });

await test('made, listed, clean, removed; the branch stays', async () => {
	const w = await make({ branch: 'feature/foo-Bar' });
	assert.equal(w.created_branch, true);
	assert.equal(w.branch, 'feature/foo-Bar');
	assert.equal(fs.readFileSync(path.join(w.path, 'file'), 'utf8'), 'one\n');
	const list = await rdv.call('GET',
		`/api/worktrees?repo_path=${encodeURIComponent(repo)}`);
	assert.ok(list.some((x) => x.path === w.path &&
		x.branch === 'feature/foo-Bar'));
	const status = await rdv.call('GET', '/api/worktrees/status?worktree_path=' +
		encodeURIComponent(w.path));
	assert.deepEqual([status.exists, status.is_clean, status.untracked],
		[true, true, 0]);
	assert.equal('states' in status, false);
	const gone = await remove(w);
	assert.equal(gone.status, 200, String(gone.raw));
	assert.deepEqual(gone.json, { success: true, deletedPath: w.path,
		branchDeleted: false, trash_id: null });
	assert.equal(fs.existsSync(w.path), false);
	assert.match(git(repo, 'branch', '--list', 'feature/foo-Bar'), /foo-Bar/);
});

// One after another in one tree: what is told is what git says by then, however
// often it was asked before.
await test('asked again and again, it is as git says each time', async () => {
	const w = await make({ branch: 'watched' });
	const file = (name) => path.join(w.path, name);
	const changes = [
		() => {},
		() => fs.writeFileSync(file('file'), 'changed\n'),
		() => fs.mkdirSync(file('deep/er'), { recursive: true }),
		() => fs.writeFileSync(file('deep/er/new'), 'new\n'),
		() => fs.writeFileSync(file('.gitignore'), 'deep/\n'),
		() => git(w.path, 'add', '-A'),
		() => git(w.path, 'commit', '-q', '-m', 'one more'),
		() => git(w.path, 'checkout', '-q', '--detach'),
		() => git(repo, 'config', 'core.fileMode', 'false'),
		() => fs.chmodSync(file('file'), 0o755),
		() => git(repo, 'config', 'core.fileMode', 'true'),
		() => fs.renameSync(file('file'), file('other')),
	];
	for (const change of changes) {
		change();
		for (let i = 0; i < 4; i++) {
			const s = await rdv.call('GET',
				'/api/worktrees/status?worktree_path=' +
				encodeURIComponent(w.path));
			const lines = git(w.path, '--no-optional-locks', 'status',
				'--porcelain=v2', '--branch').split('\n');
			const branch = lines.find((l) => l.startsWith('# branch.head'))
				.split(' ')[2];
			assert.deepEqual([s.branch, s.untracked, s.modified, s.staged],
				[branch === '(detached)' ? null : branch,
				lines.filter((l) => /^\? /.test(l)).length,
				lines.filter((l) => /^1 \.[MD]/.test(l)).length,
				lines.filter((l) => /^1 [^.]/.test(l)).length],
				String(change));
		}
	}
	assert.equal((await remove(w, true)).status, 200);
});

const statesOf = async (w) => {
	const s = await rdv.call('GET', '/api/worktrees/status?states=true&' +
		`worktree_path=${encodeURIComponent(w.path)}`);
	return [s.states, s.removable, s.why];
};

await test('the main work tree is not removable', async () => {
	assert.equal((await statesOf({ path: repo }))[1], false);
	assert.deepEqual(await statesOf(await make()), [[], true, null]);
});

await test('what is no reason is told with the others', async () => {
	const w = await make();
	git(w.path, 'checkout', '-q', '--detach');
	git(w.path, 'commit', '-q', '--allow-empty', '-m', 'x');
	assert.deepEqual(await statesOf(w), [['HAS_UNPUSHED_COMMITS',
		'HAS_UNMERGED_COMMITS', 'HEAD_DETACHED'], false,
	'it has commits that stand nowhere else; it has commits that its base ' +
		'has not (main); it is on no branch']);
	const { details } = (await remove(w)).json;
	assert.deepEqual(details, { reasons: ['HAS_UNPUSHED_COMMITS'],
		notes: ['HAS_UNMERGED_COMMITS', 'HEAD_DETACHED'] });
});

// Every state in which work could be lost, and how to get into it.
const states = {
	HAS_UNCOMMITTED_CHANGES: (w) =>
		fs.writeFileSync(path.join(w.path, 'file'), 'changed\n'),
	HAS_UNTRACKED_FILES: (w) =>
		fs.writeFileSync(path.join(w.path, 'new'), 'new\n'),
	HAS_UNPUSHED_COMMITS: (w) => {
		fs.writeFileSync(path.join(w.path, 'more'), 'more\n');
		git(w.path, 'add', 'more');
		git(w.path, 'commit', '-q', '-m', 'more');
	},
	HAS_STASHED_CHANGES: (w) => {
		fs.writeFileSync(path.join(w.path, 'file'), 'changed\n');
		git(w.path, 'stash');
	},
	HAS_NESTED_WORKTREE: (w) => git(w.path, 'worktree', 'add', '-q',
		'--detach', 'inner'),
	WORKTREE_LOCKED: (w) => git(repo, 'worktree', 'lock', w.path),
	OPERATION_IN_PROGRESS: (w) => {
		git(w.path, 'bisect', 'start');
	},
	WORKTREE_BUSY: async (w) => {
		await rdv.session('busy', ['/bin/cat'], { project_path: w.path });
	},
};

for (const [code, enter] of Object.entries(states)) {
	await test(`removal refuses ${code} and changes nothing (G22)`, async () => {
		const w = await make();
		assert.deepEqual(await statesOf(w), [[], true, null]);
		await enter(w);
		const before = execFileSync('find', [w.path, '-type', 'f', '-printf',
			'%P %s\n'], { encoding: 'utf8' });
		const r = await remove(w);
		assert.equal(r.status, 409, String(r.raw));
		assert.ok(r.json.code === code || JSON.stringify(r.json.details)
			.includes(code), String(r.raw));
		const [states, removable, why] = await statesOf(w);
		assert.ok(states.includes(code), `${states}`);
		assert.equal(removable, false);
		assert.equal(r.json.error, `${r.json.code}: ${why}`);
		assert.equal(execFileSync('find', [w.path, '-type', 'f', '-printf',
			'%P %s\n'], { encoding: 'utf8' }), before);
		for (const s of await rdv.call('GET', '/api/sessions'))
			await rdv.request('DELETE', `/api/sessions/${s.id}`);
	});
}

await test('force moves to the trash, and restore brings it back', async () => {
	const w = await make();
	fs.writeFileSync(path.join(w.path, 'precious'), 'mine\n');
	const r = await remove(w, true);
	assert.equal(r.status, 200, String(r.raw));
	assert.equal(fs.existsSync(w.path), false);
	const { items } = await rdv.call('GET', '/api/worktrees/trash');
	const item = items.find((x) => x.path === w.path);
	assert.ok(item, JSON.stringify(items));
	assert.equal(r.json.trash_id, item.id);
	const back = await rdv.call('POST', '/api/worktrees/restore',
		{ id: item.id });
	assert.equal(back.path, w.path);
	assert.equal(fs.readFileSync(path.join(w.path, 'precious'), 'utf8'),
		'mine\n');
	assert.match(git(w.path, 'status', '--porcelain'), /precious/);
});

await test('from another file system it goes to a trash beside it',
	async (t) => {
		const shm = fs.mkdtempSync('/dev/shm/rdv-worktree-');
		t.after(() => fs.rmSync(shm, { recursive: true, force: true }));
		assert.notEqual(fs.statSync(shm).dev, fs.statSync(rdv.base).dev);
		const w = { path: path.join(shm, 'w') };
		git(repo, 'worktree', 'add', '-q', '-b', 'elsewhere', w.path);
		fs.writeFileSync(path.join(w.path, 'precious'), 'mine\n');
		const r = await remove(w, true);
		assert.equal(r.status, 200, String(r.raw));
		const id = r.json.trash_id;
		assert.deepEqual(fs.readdirSync(shm), [`.rdv-trash-${id}`]);
		await rdv.call('POST', '/api/worktrees/restore', { id });
		assert.deepEqual(fs.readdirSync(shm), ['w']);
		assert.equal(fs.readFileSync(path.join(w.path, 'precious'), 'utf8'),
			'mine\n');
		assert.match(git(w.path, 'status', '-sb'),
			/^## elsewhere\n.*precious/);
		git(repo, 'worktree', 'remove', '--force', w.path);
	});

await test('the main work tree is never removed', async () => {
	for (const force of [false, true]) {
		const r = await remove({ path: repo }, force);
		assert.ok(r.status >= 400 && r.status < 500, String(r.raw));
		assert.ok(fs.existsSync(path.join(repo, 'file')));
	}
});

await test('branch names that are no names are refused (G13, E14)', async () => {
	for (const branch of ['-x', '--output=x', '@{-1}', 'a..b', ':!x', 'a\nb',
		'a b', 'x'.repeat(5000), '', 'a/', '.x', 'x.lock', 'HEAD', 'a~1']) {
		const r = await rdv.request('POST', '/api/worktrees', { body:
			{ repoPath: repo, branch, createNewBranch: true } });
		assert.ok(r.status >= 400 && r.status < 500,
			`${JSON.stringify(branch)}: ${r.status}`);
	}
	for (const branch of ['ok', 'a-b', 'v1.2', 'x/y/z', 'ünï'])
		await make({ branch });
});

await test('a session with a worktree of its own', async () => {
	const s = await rdv.session('try-1', ['/bin/sh', '-c', 'pwd; cat file'],
		{ repo_path: repo, worktree_branch: 'try-1', create_worktree: true });
	assert.equal(s.worktree_branch, 'try-1');
	const end = await waitFor('run ends', async () => {
		const x = await rdv.call('GET', `/api/sessions/${s.id}`);
		return x.run.state === 'completed' && x;
	});
	const { content } = await rdv.call('GET',
		`/api/sessions/${end.id}/scrollback`);
	assert.match(content, /try-1[\s\S]*one/);
	// Closing keeps the worktree: nothing unasked is deleted.
	await rdv.request('DELETE', `/api/sessions/${s.id}`);
	assert.match(git(repo, 'worktree', 'list'), /try-1/);
});

await test('no repository, no worktree, no session left behind', async () => {
	const r = await rdv.request('POST', '/api/sessions', { body: {
		name: 'nowhere', command: ['/bin/true'], repo_path: rdv.home,
		worktree_branch: 'x', create_worktree: true } });
	assert.ok(r.status >= 400 && r.status < 500, String(r.raw));
	assert.match(r.json.error, /repositor/i);
	assert.equal((await rdv.call('GET', '/api/sessions'))
		.some((s) => s.name === 'nowhere'), false);
});

const many = (on, n, more) => Array.from({ length: n }, () => on.request(
	'POST', '/api/sessions', { body: { name: 'many', command: ['/bin/cat'],
		repo_path: repo, create_worktree: true,
		worktree_branch: `many-${count++}`, ...more } }));

await test('a folder that goes while git is at work takes nothing with it',
	async () => {
		const folder = await rdv.call('POST', '/api/folders', { name: 'f' });
		const on = many(rdv, 8, { folder_id: folder.id });
		// Answered one after the other, as they all want one repository.
		await on[0];
		assert.equal((await rdv.request('DELETE',
			`/api/folders/${folder.id}`)).status, 204);
		for (const r of await Promise.all(on)) {
			assert.equal(r.status, 201, String(r.raw));
			const s = await rdv.call('GET', `/api/sessions/${r.json.id}`);
			assert.equal(s.folder_id, null);
			await rdv.request('DELETE', `/api/sessions/${s.id}`);
		}
	});

await test('terminal.max_sessions holds for many at once', async (t) => {
	const few = await t.start({ config: '[terminal]\nmax_sessions = 3\n' +
		`[worktrees]\nrepo_roots = ["${rdv.home}"]\n` });
	const before = git(repo, 'branch', '--list').split('\n').length;
	const made = await Promise.all(many(few, 8));
	assert.equal(made.filter((r) => r.status === 201).length, 3);
	const all = await few.call('GET', '/api/sessions');
	assert.equal(all.length, 3);
	// Each has a place of its own, and who was refused left no worktree.
	assert.equal(new Set(all.map((s) => s.tab_order)).size, 3);
	assert.equal(git(repo, 'branch', '--list').split('\n').length, before + 3);
	// One that is not to be counts no longer.
	await few.request('DELETE', `/api/sessions/${all[0].id}`);
	for (const [at, status] of [[few.home, 400], [repo, 201]])
		assert.equal((await many(few, 1, { repo_path: at })[0]).status, status);
});

await rdv.stop();
