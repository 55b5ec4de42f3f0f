// Clones: an operation with a row, from a URL to a known repository, with its
// progress; every kind of repository; and what a failure or a cancel leaves.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bin, skip, test, waitFor } from '../harness/rdv.mjs';
import { GitServer } from './gitserver.mjs';
import { hasOwnConfig, withSshd } from './sshserver.mjs';

const rdv = await Rdv.start({ config: '' });
const home = fs.realpathSync(rdv.home);
const served = path.join(home, 'served'), into = path.join(home, 'into');
fs.mkdirSync(served);
fs.mkdirSync(into);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_CONFIG_GLOBAL: '/dev/null',
	GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const git = (dir, ...args) => execFileSync('git', ['-C', dir, '-c',
	'protocol.file.allow=always', ...args],
{ encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });

// A repository that is served, with `commits` of them and what `more` adds.
function source(name, { commits = 3, init = [], more = () => {} } = {}) {
	const dir = path.join(served, name);
	fs.mkdirSync(dir);
	git(dir, 'init', '-q', '-b', 'main', ...init);
	for (let i = 0; i < commits; i++) {
		fs.writeFileSync(path.join(dir, `file${i}`), `${i}\n`.repeat(500));
		git(dir, 'add', '.');
		git(dir, 'commit', '-q', '-m', `commit ${i}`);
	}
	more(dir);
	git(dir, 'config', 'uploadpack.allowFilter', 'true');
	return dir;
}
const server = await GitServer.start(served);
const ENDED = ['ready', 'failed', 'cancelled'];
const get = (id) => rdv.call('GET', `/api/repos/clones/${id}`);
const ended = (id) => waitFor(`clone ${id}`, async () => {
	const c = await get(id);
	return ENDED.includes(c.state) && c;
});
let dirs = 0;
const place = () => path.join(into, `c${dirs++}`);
const begin = (url, more = {}) => rdv.request('POST', '/api/repos/clones',
	{ body: { url, dir: place(), ...more } });
async function clone(url, more = {}) {
	const r = await begin(url, more);
	assert.equal(r.status, 202, String(r.raw));
	return ended(r.json.id);
}
// Whole, known, and nothing beside it.
async function whole(url, more) {
	const c = await clone(url, more);
	assert.equal(c.state, 'ready', JSON.stringify(c));
	assert.equal(c.progress, null);
	const repo = await rdv.call('GET', `/api/repos/${c.repo_id}`);
	assert.equal(repo.path, c.path);
	git(c.path, 'fsck', '--no-progress');
	assert.deepEqual(left(), []);
	return c;
}
const left = () => fs.readdirSync(into).filter((n) => n.startsWith('.rdv'));
const facts = (c) => rdv.call('GET', `/api/repos/${c.repo_id}/git`);
const told = async (id) => (await rdv.call('GET',
	'/api/events?since=0&limit=1000&topic=clone').catch(() =>
	rdv.call('GET', '/api/events?since=0&limit=1000'))).items
	.filter((e) => e.subject === id && e.kind.startsWith('clone.'));

const plain = source('plain');

await test('a clone over http is whole, known, and told of', async () => {
	const dir = place();
	const r = await begin(`${server.url}/plain`, { dir, name: 'mine' });
	assert.equal(r.status, 202);
	assert.deepEqual([r.json.url, r.json.path, r.json.name, r.json.state],
		[`${server.url}/plain`, dir, 'mine', 'making']);
	const c = await ended(r.json.id);
	assert.equal(c.state, 'ready', JSON.stringify(c));
	assert.equal(git(dir, 'rev-parse', 'HEAD'), git(plain, 'rev-parse', 'HEAD'));
	assert.equal(git(dir, 'status', '--porcelain'), '');
	assert.equal(git(dir, 'remote', 'get-url', 'origin').trim(), c.url);
	const repo = await rdv.call('GET', `/api/repos/${c.repo_id}`);
	assert.deepEqual([repo.path, repo.name], [dir, 'mine']);
	const kinds = await waitFor('its end is told', async () => {
		const all = (await told(c.id)).map((e) => e.kind);
		return all.at(-1) === 'clone.ended' && all;
	});
	assert.equal(kinds[0], 'clone.started');
	assert.ok(kinds.includes('clone.progress'), kinds.join());
	// No template of the host's, no hook, nobody's settings.
	assert.equal(fs.existsSync(path.join(dir, '.git/hooks')), false);
	assert.doesNotMatch(fs.readFileSync(path.join(dir, '.git/config'),
		'utf8'), /hooksPath|fsck/);
	const { items } = await rdv.call('GET', '/api/repos/clones?limit=1');
	assert.deepEqual(items, [c]);
	assert.deepEqual(left(), []);
});

await test('its progress is told while it is at work', async () => {
	const waits = server.hold();
	const { json } = await begin(`${server.url}/plain`);
	await waits;
	// rdvd hears from [ops] what it has started.
	const c = await waitFor('its state', async () => {
		const now = await get(json.id);
		return now.state !== 'making' && now;
	});
	assert.equal(c.state, 'cloning');
	assert.equal(c.progress.phase, 'connecting');
	// While it is there it is nobody else's place.
	const twice = await begin(`${server.url}/plain`, { dir: c.path });
	assert.equal(twice.status, 409);
	assert.match(twice.json.error, /^dir: another clone/);
	server.release();
	assert.equal((await ended(json.id)).state, 'ready');
});

await test('cancelled, nothing of it is left and nothing else is gone',
	async () => {
		const waits = server.hold();
		const { json } = await begin(`${server.url}/plain`);
		await waits;
		assert.equal(left().length, 1);
		const r = await rdv.request('DELETE', `/api/repos/clones/${json.id}`);
		assert.equal(r.status, 202, String(r.raw));
		assert.equal(r.json.cancelled, true);
		const c = await ended(json.id);
		server.release();
		assert.deepEqual([c.state, c.cause, c.repo_id],
			['cancelled', 'cancelled', null]);
		assert.equal(fs.existsSync(c.path), false);
		assert.deepEqual(left(), []);
		const again = await rdv.request('DELETE',
			`/api/repos/clones/${json.id}`);
		assert.equal(again.status, 409);
		assert.equal((await rdv.request('DELETE', '/api/repos/clones/' +
			'01900000-0000-7000-8000-000000000000')).status, 404);
	});

await test('a failure is told with git\'s words, and taken back', async () => {
	const c = await clone(`${server.url}/nowhere`);
	assert.equal(c.state, 'failed');
	assert.match(c.cause, /^git: fatal: repository .* not found/);
	assert.ok(c.said.some((l) => /not found/.test(l)));
	assert.equal(fs.existsSync(c.path), false);
	assert.deepEqual(left(), []);
	const branch = await clone(`${server.url}/plain`, { branch: 'none' });
	assert.match(branch.cause, /Remote branch none not found/);
});

await test('another account of the place: taken, missing, closed', async () => {
	const taken = place();
	fs.mkdirSync(taken);
	fs.writeFileSync(path.join(taken, 'mine'), '');
	fs.symlinkSync('nowhere', path.join(into, 'link'));
	for (const [dir, status, why] of [
		[taken, 409, /^dir: .* is there already/],
		[path.join(into, 'link'), 409, /^dir: .* is there already/],
		[path.join(into, 'no/where'), 422, /^dir: .*No such file/],
		['relative', 422, /^dir: is no plain absolute path/],
		[`${into}/../x`, 422, /^dir: is no plain absolute path/]]) {
		const r = await begin(`${server.url}/plain`, { dir });
		assert.equal(r.status, status, String(r.raw));
		assert.match(r.json.error, why);
	}
	assert.deepEqual(fs.readdirSync(taken), ['mine']);
	// The home directory itself is given to no confined program.
	const c = await clone(`${server.url}/plain`,
		{ dir: path.join(os.userInfo().homedir, 'rdv-no-clone') });
	assert.equal(c.state, 'failed');
	assert.match(c.cause, /is the home directory, which no confined/);
	// Somebody takes the place while git is at work.
	const waits = server.hold();
	const { json } = await begin(`${server.url}/plain`);
	await waits;
	fs.mkdirSync(json.path);
	fs.writeFileSync(path.join(json.path, 'theirs'), '');
	server.release();
	const late = await ended(json.id);
	assert.equal(late.state, 'failed');
	assert.match(late.cause, /is there already/);
	assert.deepEqual(fs.readdirSync(late.path), ['theirs']);
	assert.deepEqual(left(), []);
});

await test('a wrong field is named', async () => {
	for (const [more, why] of [[{ branch: '-x' }, /^branch: /],
		[{ branch: 'a..b' }, /^branch: /],
		[{ filter: 'sparse:oid=HEAD:x' }, /^filter: /],
		[{ name: 'a\u0007' }, /^name: /]]) {
		const r = await begin(`${server.url}/plain`, more);
		assert.equal(r.status, 422, String(r.raw));
		assert.match(r.json.error, why);
	}
	for (const more of [{ depth: 0 }, { depth: 'all' }, { dir: '' }, { x: 1 }])
		assert.equal((await begin(`${server.url}/plain`, more)).status, 422);
	assert.equal((await rdv.request('POST', '/api/repos/clones',
		{ body: { url: `${server.url}/plain` } })).status, 422);
});

await test('a branch, shallow, partial and sparse, as git itself sees it',
	async () => {
		git(plain, 'branch', '-f', 'side', 'HEAD~1');
		const branch = await whole(`${server.url}/plain`, { branch: 'side' });
		assert.equal(git(branch.path, 'branch', '--show-current'), 'side\n');
		const shallow = await whole(`${server.url}/plain`, { depth: 1 });
		assert.equal((await facts(shallow)).shallow, true);
		assert.equal(git(shallow.path, 'rev-list', '--count', 'HEAD'), '1\n');
		const partial = await whole(`${server.url}/plain`,
			{ filter: 'blob:none' });
		assert.equal((await facts(partial)).partial, true);
		assert.equal(git(partial.path, 'status', '--porcelain'), '');
		source('deep', { more: (dir) => {
			fs.mkdirSync(path.join(dir, 'sub'));
			fs.writeFileSync(path.join(dir, 'sub/x'), 'x');
			git(dir, 'add', '.');
			git(dir, 'commit', '-q', '-m', 'sub');
		} });
		const sparse = await whole(`${server.url}/deep`, { sparse: true });
		assert.equal((await facts(sparse)).sparse, true);
		assert.equal(fs.existsSync(path.join(sparse.path, 'sub')), false);
		assert.equal(fs.existsSync(path.join(sparse.path, 'file0')), true);
	});

await test('a SHA-256 repository stays one', async () => {
	source('sha256', { init: ['--object-format=sha256'] });
	const c = await whole(`${server.url}/sha256`);
	assert.equal((await facts(c)).object_format, 'sha256');
	assert.match(git(c.path, 'rev-parse', 'HEAD'), /^[0-9a-f]{64}\n$/);
});

await test('LFS: the pointers stay, and that is told', async () => {
	const pointer = 'version https://git-lfs.github.com/spec/v1\n' +
		`oid sha256:${'a'.repeat(64)}\nsize 12\n`;
	source('lfs', { more: (dir) => {
		fs.writeFileSync(path.join(dir, '.gitattributes'),
			'*.bin filter=lfs diff=lfs merge=lfs -text\n');
		fs.writeFileSync(path.join(dir, 'a.bin'), pointer);
		git(dir, 'add', '.');
		git(dir, 'commit', '-q', '-m', 'lfs');
	} });
	const c = await whole(`${server.url}/lfs`);
	assert.equal(fs.readFileSync(path.join(c.path, 'a.bin'), 'utf8'), pointer);
	assert.equal((await facts(c)).lfs, true);
});

await test('submodules come when they are asked for', async () => {
	source('outer', { more: (dir) => {
		// By path: what is served is served by this process, which waits here.
		git(dir, 'submodule', '--quiet', 'add', plain, 'inner');
		git(dir, 'config', '-f', '.gitmodules', 'submodule.inner.url',
			`${server.url}/plain`);
		git(dir, 'add', '.gitmodules');
		git(dir, 'commit', '-q', '-m', 'submodule');
	} });
	const without = await whole(`${server.url}/outer`);
	assert.equal((await facts(without)).submodules, true);
	assert.deepEqual(fs.readdirSync(path.join(without.path, 'inner')), []);
	const c = await whole(`${server.url}/outer`, { submodules: true });
	assert.ok(fs.existsSync(path.join(c.path, 'inner/file0')));
	const ssh = await begin('git@example.org:a', { submodules: true });
	assert.equal(ssh.status, 422);
	assert.match(ssh.json.error, /^submodules: /);
});

await test('of one\'s own: by path, with a work tree or bare', async () => {
	const c = await whole(plain);
	assert.equal(git(c.path, 'rev-parse', 'HEAD'), git(plain, 'rev-parse',
		'HEAD'));
	// Nothing is shared: no link, no alternates.
	for (const d of fs.readdirSync(path.join(c.path, '.git/objects/pack')))
		assert.equal(fs.statSync(path.join(c.path, '.git/objects/pack', d))
			.nlink, 1);
	assert.equal(fs.existsSync(path.join(c.path,
		'.git/objects/info/alternates')), false);
	const bare = path.join(home, 'bare.git');
	git(home, 'clone', '-q', '--bare', plain, bare);
	const b = await whole(bare);
	assert.equal(b.url, bare);
	for (const [url, status] of [[path.join(home, 'nowhere'), 404],
		[into, 422], ['/root', 422]])
		assert.equal((await begin(url)).status, status, url);
});

await test('a repository without a commit is one', async () => {
	source('empty', { commits: 0 });
	const c = await clone(`${server.url}/empty`);
	assert.equal(c.state, 'ready', JSON.stringify(c));
	assert.ok(c.said.some((l) => /empty repository/.test(l)));
});

await test('four at once, and the fifth is told so', async () => {
	const waits = server.hold();
	const ids = [];
	for (let i = 0; i < 4; i++)
		ids.push((await begin(`${server.url}/plain`)).json.id);
	await waits;
	const fifth = await begin(`${server.url}/plain`);
	assert.equal(fifth.status, 409);
	assert.match(fifth.json.error, /4 clones are under way/);
	server.release();
	for (const id of ids)
		assert.equal((await ended(id)).state, 'ready');
	await whole(`${server.url}/plain`);
});

// The command line, in a terminal or not.
const command = (words, { tty = false, cwd = into } = {}) => {
	const argv = tty ? ['/usr/bin/script', '-qec',
		[bin('rdv'), ...words].join(' '), '/dev/null'] : [bin('rdv'), ...words];
	const p = spawn(argv[0], argv.slice(1), { cwd, env: { PATH: '/usr/bin:/bin',
		HOME: home, RDV_HOME: rdv.base, TERM: 'xterm' },
	stdio: ['ignore', 'pipe', 'pipe'] });
	p.out = p.err = '';
	p.stdout.on('data', (d) => { p.out += d; });
	p.stderr.on('data', (d) => { p.err += d; });
	p.ended = once(p, 'close').then(([status]) => status);
	return p;
};

await test('rdv repo clone: an id, an object, or why not', async () => {
	const p = command(['repo', 'clone', `${server.url}/plain`,
		'--name', 'typed']);
	assert.equal(await p.ended, 0, p.err);
	const repo = await rdv.call('GET', `/api/repos/${p.out.trim()}`);
	assert.deepEqual([repo.path, repo.name, p.err],
		[path.join(into, 'plain'), 'typed', '']);
	const j = command(['repo', 'clone', '../served/plain', 'by-path',
		'--depth', '1', '--json']);
	assert.equal(await j.ended, 0, j.err);
	const c = JSON.parse(j.out);
	assert.deepEqual([c.state, c.url, c.path, c.depth], ['ready', plain,
		path.join(into, 'by-path'), 1]);
	const no = command(['repo', 'clone', `${server.url}/nowhere`, '--json']);
	assert.equal(await no.ended, 1);
	assert.deepEqual([no.out, JSON.parse(no.err).code], ['', 'CLONE_FAILED']);
	const bad = command(['repo', 'clone', 'git://localhost/x']);
	assert.equal(await bad.ended, 1);
	assert.match(bad.err, /^rdv: .*url: git:\/\//);
	const usage = command(['repo', 'clone']);
	assert.equal(await usage.ended, 2);
});

await test('rdv repo clone: Ctrl-C cancels, and nothing is left', async () => {
	const waits = server.hold();
	const p = command(['repo', 'clone', `${server.url}/plain`, 'stopped']);
	await waits;
	p.kill('SIGINT');
	assert.equal(await p.ended, 1);
	server.release();
	assert.match(p.err, /cancelling\n.*cancelled\n$/s);
	assert.equal(fs.existsSync(path.join(into, 'stopped')), false);
	assert.deepEqual(left(), []);
});

await test('rdv repo clone: a line of progress on a terminal alone', async () => {
	const waits = server.hold();
	const p = command(['repo', 'clone', `${server.url}/plain`, 'seen'],
		{ tty: true });
	await waits;
	await waitFor('its line', () => /\r\x1b\[Kconnecting/.test(p.out));
	server.release();
	assert.equal(await p.ended, 0, p.out);
	assert.match(p.out, /\r\x1b\[K[0-9a-f-]{36}\r\n$/);
});

await test('over ssh with the account\'s keys, and only to a known host', () =>
	hasOwnConfig() ?
		skip('this account has an ssh configuration of its own') :
		withSshd(home, 'clone-test', async (known) => {
		const url = `${os.userInfo().username}@clone-test:${plain}`;
		known('other');
		const c = await clone(url);
		assert.equal(c.state, 'failed');
		assert.match(JSON.stringify(c),
			/IDENTIFICATION HAS CHANGED|ost key verification failed/);
		known('host');
		const scp = await whole(url);
		assert.equal(git(scp.path, 'rev-parse', 'HEAD'),
			git(plain, 'rev-parse', 'HEAD'));
		await whole(`ssh://clone-test${plain}`, { depth: 1 });
	}));

await server.stop();
await rdv.stop();
