// Group G for clones: URLs that are programs, options or secrets, a server that
// leads elsewhere, repositories that name programs, and a daemon that dies.
// Beside each stands the same done by the user's own git, or the trap was none.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { GitServer } from '../api/gitserver.mjs';
import { Rdv, below, test, waitFor } from '../harness/rdv.mjs';
import { freePort } from '../harness/system.mjs';

const rdv = await Rdv.start({ config: '' });
const home = fs.realpathSync(rdv.home);
const dirOf = (name) => {
	const dir = path.join(home, name);
	fs.mkdirSync(dir);
	return dir;
};
const served = dirOf('served'), into = dirOf('into'), bin = dirOf('bin');
const marks = dirOf('marks'), own = dirOf('own');
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_TERMINAL_PROMPT: '0',
	GIT_CONFIG_NOSYSTEM: '1' };
// Not in the way of what is served by this process.
async function git(dir, ...args) {
	const p = spawn('git', ['-C', dir, '-c', 'user.name=t', '-c',
		'user.email=t@example.org', ...args], { env,
		stdio: ['ignore', 'pipe', 'pipe'] });
	let out = '';
	p.stdout.on('data', (d) => { out += d; });
	p.stderr.on('data', (d) => { out += d; });
	const [status] = await once(p, 'close');
	return { status, out };
}
async function must(...args) {
	const r = await git(...args);
	assert.equal(r.status, 0, `${args.join(' ')}: ${r.out}`);
	return r.out;
}
function trap(name, then = 'cat') {
	const file = path.join(bin, name);
	fs.writeFileSync(file, `#!/bin/sh\n: > '${marks}/${name}'\n${then}\n`,
		{ mode: 0o755 });
	return file;
}
const sprung = () => fs.readdirSync(marks).sort();
const rearm = () => sprung().forEach((n) => fs.rmSync(path.join(marks, n)));
async function source(name) {
	const dir = path.join(served, name);
	fs.mkdirSync(dir);
	await must(dir, 'init', '-q', '-b', 'main');
	fs.writeFileSync(path.join(dir, 'file'), 'one\n');
	await must(dir, 'add', '.');
	await must(dir, 'commit', '-q', '-m', 'one');
	return dir;
}
const server = await GitServer.start(served);
let dirs = 0;
const begin = (url, more = {}) => rdv.request('POST', '/api/repos/clones',
	{ body: { url, dir: path.join(into, `c${dirs++}`), ...more } });
const get = (id) => rdv.call('GET', `/api/repos/clones/${id}`);
const ended = (id) => waitFor(`clone ${id}`, async () => {
	const c = await get(id);
	return ['ready', 'failed', 'cancelled'].includes(c.state) && c;
});
async function clone(url, more) {
	const r = await begin(url, more);
	assert.equal(r.status, 202, String(r.raw));
	return ended(r.json.id);
}
const left = () => fs.readdirSync(into).filter((n) => n.startsWith('.rdv'));
await source('plain');
const plain = `${server.url}/plain`;

await test('G14 a URL is a host or a path, no program and no option', async () => {
	const mark = path.join(marks, 'url');
	const program = trap('upload');
	const before = (await rdv.call('GET', '/api/repos/clones?limit=200'))
		.items.length;
	for (const url of [`ext::sh -c touch% ${mark}`, `ext::${program}`,
		'fd::7', `--upload-pack=${program}`, `-u${program}`,
		'-oProxyCommand=touch x', `ssh://-oProxyCommand=${program}/x`,
		`git@-oProxyCommand=${program}:x`, 'transport::x',
		'file:///etc', `file://${served}/plain`, 'git://127.0.0.1/plain',
		'ftp://127.0.0.1/x', 'http://example.org/plain', 'plain', '../plain',
		`${plain}%0ahost=example.org`, `${plain}\nx`, 'https:///x']) {
		const r = await begin(url);
		assert.equal(r.status, 422, `${url}: ${r.raw}`);
		assert.match(r.json.error, /^url: /, url);
	}
	const after = (await rdv.call('GET', '/api/repos/clones?limit=200'))
		.items.length;
	assert.equal(after, before, 'no row');
	assert.deepEqual(sprung(), []);
	// Controls: git runs one of them, and the plain ones are cloned.
	await git(own, '-c', 'protocol.ext.allow=always', 'clone',
		`ext::sh -c touch% ${mark}`, 'ext');
	assert.deepEqual(sprung(), ['url']);
	rearm();
	assert.equal((await clone(plain)).state, 'ready');
	assert.equal((await clone(path.join(served, 'plain'))).state, 'ready');
});

await test('G14 git:// is refused where somebody answers it', async () => {
	const port = await freePort();
	const daemon = spawn('git', ['daemon', '--listen=127.0.0.1',
		`--port=${port}`, '--export-all', `--base-path=${served}`, served],
	{ env, stdio: 'ignore', detached: true });
	const gone = once(daemon, 'exit');
	try {
		const url = `git://127.0.0.1:${port}/plain`;
		await waitFor('git daemon', async () =>
			(await git(own, 'ls-remote', url)).status === 0);
		const r = await begin(url);
		assert.equal(r.status, 422);
		assert.match(r.json.error, /git:\/\/ neither encrypts/);
	} finally {
		process.kill(-daemon.pid, 'SIGTERM');
		await gone;
	}
});

await test('G16 no credential is taken, kept or told', async () => {
	const secret = 'hunter2hunter2';
	for (const url of [`https://user:${secret}@127.0.0.1/x`,
		`https://${secret}@127.0.0.1/x`, `http://u:${secret}@127.0.0.1:1/x`,
		`ssh://u:${secret}@127.0.0.1/x`, `u:${secret}@127.0.0.1:x`,
		`https://127.0.0.1/x?private_token=${secret}`]) {
		const r = await begin(url);
		assert.equal(r.status, 422, url);
		assert.match(r.json.error, /^url: .*(password|query)/);
		assert.doesNotMatch(String(r.raw), new RegExp(secret));
	}
	// What git itself says of a URL that came with one stands elsewhere.
	const holds = (dir) => spawnSync('grep', ['-rlF', secret, dir],
		{ encoding: 'utf8' }).stdout;
	assert.equal(holds(rdv.base), '');
	assert.doesNotMatch(rdv.log(), new RegExp(secret));
	// Control: with such a name it is found.
	assert.equal((await clone(plain, { name: secret })).state, 'ready');
	assert.notEqual(holds(rdv.base), '');
});

await test('G16 a server that leads elsewhere is not followed', async () => {
	const other = await GitServer.start(served);
	other.redirect = server.url;
	const before = server.seen.length;
	const c = await clone(`${other.url}/plain`);
	assert.equal(c.state, 'failed');
	assert.match(c.cause, /302|redirect/i);
	assert.equal(server.seen.length, before);
	// Control: git by itself goes there.
	await must(own, 'clone', '-q', `${other.url}/plain`, 'led');
	assert.ok(server.seen.length > before);
	await other.stop();
});

await test('G03 G05 nobody\'s configuration takes part', async () => {
	const dir = await source('trapped');
	fs.writeFileSync(path.join(dir, '.gitattributes'),
		'* filter=never-seen diff=never-seen\n');
	await must(dir, 'add', '.');
	await must(dir, 'commit', '-q', '-m', 'two');
	const templates = path.join(home, 'templates/hooks');
	fs.mkdirSync(templates, { recursive: true });
	fs.copyFileSync(trap('hook'), path.join(templates, 'post-checkout'));
	fs.chmodSync(path.join(templates, 'post-checkout'), 0o755);
	fs.writeFileSync(path.join(home, '.gitconfig'), `[filter "never-seen"]
	smudge = ${trap('smudge')}
[init]
	templateDir = ${path.dirname(templates)}
[core]
	fsmonitor = ${trap('fsmonitor')}
[url "ext::${trap('rewritten')} "]
	insteadOf = ${server.url}/other
[credential]
	helper = ${trap('helper')}
`);
	rearm();
	const c = await clone(`${server.url}/trapped`);
	assert.equal(c.state, 'ready', JSON.stringify(c));
	assert.deepEqual(sprung(), []);
	await must(own, 'clone', '-q', `${server.url}/trapped`, 'trapped');
	for (const name of ['smudge', 'hook'])
		assert.ok(sprung().includes(name), `control: ${name}`);
	rearm();
	fs.rmSync(path.join(home, '.gitconfig'));
});

await test('G14 a submodule has the transport of what it is in', async () => {
	const mark = path.join(marks, 'module');
	for (const [i, url] of [`ext::sh -c touch% ${mark}`,
		`file://${served}/plain`, `${served}/plain`,
		'ssh://127.0.0.1:1/x'].entries()) {
		const dir = await source(`outer${i}`);
		const head = (await must(path.join(served, 'plain'), 'rev-parse',
			'HEAD')).trim();
		fs.writeFileSync(path.join(dir, '.gitmodules'),
			`[submodule "m"]\n\tpath = m\n\turl = ${url}\n`);
		await must(dir, 'add', '.gitmodules');
		await must(dir, 'update-index', '--add', '--cacheinfo',
			`160000,${head},m`);
		await must(dir, 'commit', '-q', '-m', 'module');
		const c = await clone(`${server.url}/outer${i}`,
			{ submodules: true });
		assert.equal(c.state, 'failed', url);
		assert.match(JSON.stringify(c.said), /transport .* not allowed|does not exist/);
		// Without them it is a repository like any other.
		assert.equal((await clone(`${server.url}/outer${i}`)).state, 'ready');
	}
	assert.deepEqual(sprung(), []);
	await git(own, '-c', 'protocol.ext.allow=always', 'clone', '-q',
		'--recurse-submodules', `${server.url}/outer0`, 'outer0');
	assert.deepEqual(sprung(), ['module'], 'control');
	rearm();
});

await test('G14 what git\'s own check of objects knows is refused', async () => {
	const dir = await source('named');
	fs.writeFileSync(path.join(dir, '.gitmodules'),
		'[submodule "../../hooks"]\n\tpath = m\n\turl = ./plain\n');
	await must(dir, 'add', '.gitmodules');
	await must(dir, 'commit', '-q', '-m', 'name');
	const c = await clone(`${server.url}/named`);
	assert.equal(c.state, 'failed');
	assert.match(JSON.stringify(c.said), /gitmodulesName|disallowed/);
	await must(own, 'clone', '-q', `${server.url}/named`, 'named');
});

await test('G15 of another repository nothing is shared or followed', async () => {
	const dir = await source('linked');
	const objects = path.join(dir, '.git/objects');
	fs.renameSync(objects, path.join(home, 'elsewhere'));
	fs.symlinkSync(path.join(home, 'elsewhere'), objects);
	const r = await begin(dir);
	assert.equal(r.status, 422);
	assert.match(r.json.error, /^url: .*no repository with all its parts/);
	fs.rmSync(objects);
	fs.renameSync(path.join(home, 'elsewhere'), objects);
	assert.equal((await clone(dir)).state, 'ready');
	const root = await begin('/root');
	assert.equal(root.status, 422);
});

await test('F11 another directory in its place stays', async () => {
	const waits = server.hold();
	const { json } = await begin(plain);
	await waits;
	const temp = path.join(into, left()[0]), aside = path.join(into, 'aside');
	fs.renameSync(temp, aside);
	fs.mkdirSync(temp);
	fs.writeFileSync(path.join(temp, 'theirs'), 'x');
	assert.equal((await rdv.request('DELETE',
		`/api/repos/clones/${json.id}`)).status, 202);
	const c = await ended(json.id);
	server.release();
	assert.equal(c.state, 'cancelled');
	assert.match(c.cause, /stays: .*not what was put there/);
	assert.deepEqual(below(temp).map((p) => path.basename(p)), ['theirs']);
	assert.ok(fs.existsSync(aside));
	fs.rmSync(temp, { recursive: true });
	fs.rmSync(aside, { recursive: true });
});

// The daemon ends, its rows and files become what a crash leaves, and another
// one starts.
async function crashed(change) {
	const gone = once(rdv.main, 'exit');
	rdv.main.kill('SIGTERM');
	await gone;
	change((sql) => execFileSync('sqlite3',
		[path.join(rdv.base, 'server/rdv.db'), sql], { encoding: 'utf8' }));
	await rdv.up();
}

await test('G20 killed while git is at work: taken back', async () => {
	const waits = server.hold();
	const { json } = await begin(plain);
	await waits;
	assert.equal(left().length, 1);
	await rdv.again();
	const c = await ended(json.id);
	server.release();
	assert.deepEqual([c.state, c.cause], ['failed', 'interrupted; taken back']);
	assert.deepEqual(left(), []);
	assert.equal(fs.existsSync(c.path), false);
});

await test('G20 killed before and after the rename: finished', async () => {
	const [one, two, three] = [await clone(plain), await clone(plain),
		await clone(plain)];
	const temp = (c) => path.join(into, `.rdv-clone-${c.id}`);
	await crashed((sql) => {
		sql('UPDATE clone SET state = \'landing\', repo_id = NULL WHERE id IN ' +
			`('${one.id}', '${two.id}', '${three.id}'); DELETE FROM repo ` +
			`WHERE path IN ('${one.path}', '${two.path}', '${three.path}')`);
		fs.renameSync(two.path, temp(two));
		// The third one's place is somebody else's by now.
		fs.renameSync(three.path, temp(three));
		fs.mkdirSync(three.path);
		fs.writeFileSync(path.join(three.path, 'theirs'), 'x');
	});
	for (const c of [one, two]) {
		const now = await ended(c.id);
		assert.equal(now.state, 'ready', JSON.stringify(now));
		assert.ok(now.repo_id && now.repo_id !== c.repo_id);
		await must(c.path, 'fsck', '--no-progress');
	}
	const now = await ended(three.id);
	assert.deepEqual([now.state, now.repo_id], ['failed', null]);
	assert.match(now.cause, /is there already/);
	assert.deepEqual(fs.readdirSync(three.path), ['theirs']);
	assert.deepEqual(left(), []);
});

await test('G20 killed while its directory is made: an empty one goes', async () => {
	const [one, two] = [await clone(plain), await clone(plain)];
	const temp = (c) => path.join(into, `.rdv-clone-${c.id}`);
	await crashed((sql) => {
		sql('UPDATE clone SET state = \'making\', identity = NULL WHERE id IN ' +
			`('${one.id}', '${two.id}')`);
		fs.mkdirSync(temp(one));
		fs.mkdirSync(temp(two));
		fs.writeFileSync(path.join(temp(two), 'theirs'), 'x');
	});
	assert.equal((await ended(one.id)).state, 'failed');
	assert.equal(fs.existsSync(temp(one)), false);
	assert.match((await ended(two.id)).cause, /stays: .*knows not of/);
	assert.ok(fs.existsSync(path.join(temp(two), 'theirs')));
	// What it had become is not touched.
	for (const c of [one, two])
		assert.ok(fs.existsSync(path.join(c.path, '.git')));
});

await server.stop();
await rdv.stop();
