// Repositories as rows: known by path, listed, changed, forgotten.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, below, bin, test } from '../harness/rdv.mjs';

const rdv = await Rdv.start({ config: '' });
const NOBODY = '01900000-0000-7000-8000-000000000000';
const env = { PATH: '/usr/bin:/bin', HOME: rdv.home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env });

function init(name) {
	const dir = path.join(fs.realpathSync(rdv.home), name);

	fs.mkdirSync(dir, { recursive: true });
	git(dir, 'init', '-q', '-b', 'main');
	git(dir, 'commit', '-q', '--allow-empty', '-m', 'one');
	return dir;
}
const add = (dir, more = {}, status = 201) => rdv.request('POST', '/api/repos',
	{ body: { path: dir, ...more } }).then((r) => {
	assert.equal(r.status, status, String(r.raw));
	return r.json;
});
const list = async (query = '') =>
	(await rdv.call('GET', `/api/repos${query}`));
const events = async (kind) => (await rdv.call('GET',
	'/api/events?since=0&limit=1000')).items.filter((e) => e.kind === kind);

const one = init('one');

await test('a repository is made known once, by any path inside', async () => {
	fs.mkdirSync(path.join(one, 'deep'));
	const r = await add(path.join(one, 'deep'));
	assert.deepEqual([r.path, r.name, r.setup_script, r.copy_files,
		r.parallel_setup, r.used_at],
	[one, 'one', null, null, false, null]);
	assert.deepEqual(await add(one, { name: 'other' }, 200), r);
	// A worktree of it is the same repository.
	const w = await rdv.call('POST', '/api/worktrees', { repoPath: one,
		branch: 'side', createNewBranch: true });
	assert.equal((await add(w.path, {}, 200)).id, r.id);
	// And a link to it, and one in the middle of the path.
	fs.symlinkSync(one, path.join(rdv.home, 'link'));
	assert.equal((await add(path.join(rdv.home, 'link/deep'), {}, 200)).id,
		r.id);
	assert.deepEqual((await list()).items.map((x) => x.id), [r.id]);
	const told = await events('repo.created');
	assert.deepEqual(told.map((e) => e.subject), [r.id]);
});

await test('what is no repository of the user\'s is not made known', async () => {
	const before = (await list()).items.length;
	const cases = [
		[path.join(rdv.home, 'nowhere'), 404, /No such file/],
		[rdv.home, 400, /in no git repository/],
		['one', 400, /plain absolute path/],
		['/proc/self/cwd', 400, /symbolic links/],
	];
	const planted = path.join(rdv.home, 'planted');
	fs.mkdirSync(planted);
	fs.writeFileSync(path.join(planted, '.git'), `gitdir: ${one}/.git\n`);
	cases.push([planted, 400, /belongs to no repository that rdv can use/]);
	// G09: it points to the place of a worktree that is elsewhere.
	const thief = path.join(rdv.home, 'thief');
	fs.mkdirSync(thief);
	fs.writeFileSync(path.join(thief, '.git'), `gitdir: ${one}/.git/worktrees/` +
		`${fs.readdirSync(path.join(one, '.git/worktrees'))[0]}\n`);
	cases.push([thief, 400, /not registered as a worktree/]);
	const bare = path.join(rdv.home, 'bare.git');
	git(rdv.home, 'init', '-q', '--bare', bare);
	cases.push([bare, 400, /in no git repository/]);
	for (const [dir, status, why] of cases)
		assert.match((await add(dir, {}, status)).error, why, dir);
	for (const name of ['', 'a\u0007b', 'x'.repeat(201)])
		await add(one, { name }, 422);
	assert.equal((await list()).items.length, before);
});

// What git keeps of a repository is read and written below <top>/.git in many
// places, so nothing is done where it is elsewhere, not even a look.
await test('a git directory that is elsewhere is refused', async () => {
	const at = (name) => path.join(fs.realpathSync(rdv.home), 'else', name);
	fs.mkdirSync(at('.'));
	const first = at('first');
	git(rdv.home, 'clone', '-q', one, first);
	git(first, 'clone', '-q', '--bare', one, at('bare.git'));
	git(first, 'clone', '-q', `--separate-git-dir=${at('apart.git')}`, one,
		at('apart'));
	git(first, 'clone', '-q', one, at('linked'));
	fs.renameSync(at('linked/.git'), at('linked.git'));
	fs.symlinkSync(at('linked.git'), at('linked/.git'));
	git(first, '-c', 'protocol.file.allow=always', 'submodule', '-q', 'add',
		one, 'sub');
	const of = { 'bare.git': 'bare-tree', apart: 'apart-tree',
		'first/sub': 'sub-tree', linked: 'linked-tree', first: 'first-tree' };
	for (const [repo, tree] of Object.entries(of))
		git(at(repo), 'worktree', 'add', '-q', '-b', tree, at(tree));
	const asked = (dir) => [['GET', `repo_path=${encodeURIComponent(dir)}`],
		['GET', `worktree_path=${encodeURIComponent(dir)}`, '/status'],
		['POST', { repo_path: dir, branch: 'x', create_new_branch: true }],
		['POST', { worktree_path: dir, all: true }, '/stage'],
		['POST', { worktree_path: dir, all: true, message: 'm' }, '/commit'],
		['POST', { worktree_path: dir, name: 'x' }, '/branches'],
		['DELETE', { worktree_path: dir }]];
	const ask = ([method, what, tail = '']) => rdv.request(method,
		`/api/worktrees${tail}${method === 'GET' ? `?${what}` : ''}`,
		method === 'GET' ? {} : { body: what });
	for (const dir of Object.entries(of).flat().slice(0, -2))
		for (const one of asked(at(dir))) {
			const r = await ask(one);
			assert.equal(r.status, 400, `${dir} ${one}: ${r.raw}`);
			assert.match(r.json.error,
				new RegExp(`^${at(dir)} (is in no git repository|` +
					'belongs to no repository that rdv can use)'));
		}
	for (const dir of ['first', 'first-tree'])
		assert.equal((await ask(asked(at(dir))[1])).status, 200, 'control');
});

await test('a name, scripts and defaults: null clears, the rest stays', async () => {
	const { id } = await add(init('two'), { name: 'second' });
	const at = `/api/repos/${id}`;
	const want = { name: 'renamed', setup_script: 'make\nmake check',
		cleanup_script: 'true', archive_script: 'tar', dev_server_script: 'x',
		copy_files: ['.env', 'config/**/*.local'], parallel_setup: true,
		working_dir: 'web/app', default_base: 'origin/main' };
	const r = await rdv.call('PATCH', at, want);
	assert.deepEqual({ ...r, ...want }, r);
	assert.deepEqual(await rdv.call('GET', at), r);
	const less = await rdv.call('PATCH', at, { setupScript: null,
		copyFiles: null, working_dir: null });
	assert.deepEqual(less, { ...r, setup_script: null, copy_files: null,
		working_dir: null, updated_at: less.updated_at });
	for (const wrong of [{ name: null }, { name: '' }, { working_dir: '/etc' },
		{ working_dir: 'a/../..' }, { working_dir: 'a//b' },
		{ copy_files: ['../x'] }, { copy_files: ['/etc/passwd'] },
		{ copy_files: [''] }, { copy_files: Array(101).fill('a') },
		{ copy_files: Array(100).fill('a'.repeat(200)) },
		{ default_base: '-x' }, { default_base: '@{-1}' },
		{ default_base: 'a..b' }, { parallel_setup: 1 },
		{ setup_script: 'x'.repeat(16385) }, { path: '/x' }])
		assert.equal((await rdv.request('PATCH', at, { body: wrong })).status,
			422, JSON.stringify(wrong));
	assert.deepEqual(await rdv.call('GET', at), less);
	// What a list says is enough to choose by.
	const short = (await list()).items.find((x) => x.id === id);
	assert.equal(short.name, 'renamed');
	assert.equal('setup_script' in short, false);
	assert.deepEqual((await events('repo.updated')).map((e) => e.subject),
		[id, id]);
});

await test('pages follow each other whatever comes and goes', async () => {
	const known = (await list()).items.length;
	for (let i = 0; i < 7; i++)
		await add(init(`p${i}`), { name: i < 4 ? 'same' : `page${i}` });
	const all = (await list('?limit=1000')).items;
	assert.equal(all.length, known + 7);
	assert.deepEqual(all.map((r) => r.name),
		all.map((r) => r.name).sort((a, b) => a < b ? -1 : a > b ? 1 : 0));
	const seen = [];
	let cursor = null;
	do {
		const page = await list(`?limit=2${cursor ? `&cursor=${cursor}` : ''}`);
		seen.push(...page.items.map((r) => r.id));
		cursor = page.next_cursor;
		// The last of a page goes: the next one is still the next.
		if (seen.length === 4)
			await rdv.request('DELETE', `/api/repos/${seen[3]}`);
	} while (cursor !== null);
	assert.deepEqual(seen, all.map((r) => r.id));
	for (const wrong of ['x', '00', 'zz', '6162', '0', 'AB'])
		assert.equal((await rdv.request('GET',
			`/api/repos?cursor=${wrong}`)).status, 400, wrong);
});

await test('recent: by the newest worktree, the rest by name', async () => {
	const [a, b] = (await list()).items.filter((r) =>
		/\/p[0-6]$/.test(r.path)).slice(-2);
	for (const r of [a, b])
		await rdv.call('POST', '/api/worktrees', { repoPath: r.path,
			branch: 'new', createNewBranch: true });
	const recent = (await rdv.call('GET', '/api/repos/recent?limit=1000'))
		.items;
	assert.deepEqual(recent.slice(0, 2).map((r) => r.id), [b.id, a.id]);
	assert.ok(recent[0].used_at >= recent[1].used_at);
	const rest = recent.filter((r) => r.used_at === null);
	assert.deepEqual(rest.map((r) => r.name), rest.map((r) => r.name).sort());
	assert.equal((await rdv.call('GET', '/api/repos/recent?limit=1'))
		.items[0].id, b.id);
});

await test('forgotten: the row goes, no file does', async () => {
	const dir = init('gone'), { id } = await add(dir);
	const before = below(dir);
	assert.equal((await rdv.request('DELETE', `/api/repos/${id}`)).status, 204);
	assert.equal((await rdv.request('DELETE', `/api/repos/${id}`)).status, 404);
	assert.equal((await rdv.request('GET', `/api/repos/${id}`)).status, 404);
	assert.equal((await rdv.request('GET', `/api/repos/${NOBODY}`)).status,
		404);
	assert.deepEqual(below(dir), before);
	assert.equal((await add(dir)).id === id, false);
	assert.deepEqual((await events('repo.forgotten')).at(-1).subject, id);
});

function cli(...args) {
	try {
		return execFileSync(bin('rdv'), args, { encoding: 'utf8', cwd: one,
			stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin',
				HOME: rdv.home, RDV_HOME: rdv.base } });
	} catch (e) {
		return { status: e.status, err: e.stderr };
	}
}

await test('the same on the command line', async () => {
	const three = init('three');
	const id = cli('repo', 'add', three, '--name', 'third').trim();
	assert.deepEqual(JSON.parse(cli('repo', 'show', 'third', '--json')),
		await rdv.call('GET', `/api/repos/${id}`));
	assert.equal(JSON.parse(cli('repo', 'add', '--json')).path, one);
	cli('repo', 'set', 'third', '--setup', 'make', '--copy', '.env', '--copy',
		'x/*', '--parallel-setup', 'yes', '--base', 'main');
	const r = JSON.parse(cli('repo', 'set', three, '--clear', 'base',
		'--name', '3rd', '--json'));
	assert.deepEqual([r.setup_script, r.copy_files, r.parallel_setup,
		r.default_base, r.name], ['make', ['.env', 'x/*'], true, null, '3rd']);
	assert.match(cli('repo', 'show', '3rd'), /copied files +\.env x\/\*/);
	assert.match(cli('repo', 'ls'), /3rd/);
	assert.equal(JSON.parse(cli('repo', 'show', '.', '--json')).path, one);
	assert.match(cli('repo', 'ls', '--recent', '--json'), /"items"/);
	for (const wrong of [['set', '3rd'], ['set', '3rd', '--base', 'x',
		'--clear', 'base'], ['set', '3rd', '--clear', 'copy', '--clear',
		'copy']])
		assert.equal(cli('repo', ...wrong).status, 2, wrong.join(' '));
	assert.match(cli('repo', 'show', 'same').err, /could be meant/);
	assert.deepEqual(cli('__complete', 'repo', 'show', '3').trim(), '3rd');
	assert.deepEqual(JSON.parse(cli('repo', 'forget', '3rd', '--json')),
		{ id, forgotten: true });
	assert.equal(fs.existsSync(path.join(three, '.git')), true);
	assert.equal(cli('repo', 'show', '3rd').status, 1);
});

await rdv.stop();
