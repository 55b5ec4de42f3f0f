// Pushes, fetches and pulls with git's own server, by path and by the command
// line: what comes of them beside what the git CLI makes, what is refused, what
// a repository may not decide, and the truth after a cancel or a crash.
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
const served = path.join(home, 'served'), marks = path.join(home, 'marks');
fs.mkdirSync(served);
fs.mkdirSync(marks);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_CONFIG_GLOBAL: '/dev/null',
	GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
const tip = (dir, name = 'HEAD') => git(dir, 'rev-parse', name).trim();
const refs = (dir, ...under) => git(dir, 'for-each-ref',
	'--format=%(refname) %(objectname) %(symref)', ...under);
function commit(dir, name = 'f') {
	fs.appendFileSync(path.join(dir, name), `${Math.random()}\n`);
	git(dir, 'add', name);
	git(dir, 'commit', '-q', '-m', name);
	return tip(dir);
}

// What may talk to the server of this very process.
const later = async (dir, ...args) => (await once(spawn('git', ['-C', dir,
	...args], { env, stdio: 'ignore' }), 'close'))[0];

const server = await GitServer.start(served);
let made = 0;
// A served repository, somebody who works in it beside us, and ours.
function trio({ by = 'http' } = {}) {
	const n = made++, up = path.join(served, `r${n}.git`);
	const [their, our] = ['their', 'our'].map((w) => path.join(home, w + n));
	git(home, 'init', '-q', '-b', 'main', their);
	for (let i = 0; i < 3; i++)
		commit(their);
	git(home, 'clone', '-q', '--bare', their, up);
	git(up, 'config', 'http.receivepack', 'true');
	git(their, 'remote', 'add', 'origin', up);
	git(their, 'fetch', '-q');
	git(home, 'clone', '-q', up, our);
	git(our, 'remote', 'set-url', 'origin',
		by === 'http' ? `${server.url}/r${n}.git` : up);
	return { up, their, our, url: `${server.url}/r${n}.git` };
}
const ask = (what, dir, more = {}) => rdv.request('POST',
	`/api/worktrees/${what}`, { body: { worktree_path: dir, ...more } });
const get = (id) => rdv.call('GET', `/api/transfers/${id}`);
const ended = (id) => waitFor(`transfer ${id}`, async () => {
	const t = await get(id);
	return ['done', 'failed', 'cancelled'].includes(t.state) && t;
});
async function run(what, dir, more) {
	const r = await ask(what, dir, more);
	assert.equal(r.status, 202, `${what} ${r.raw}`);
	const t = await ended(r.json.id);
	assert.deepEqual(left(), []);
	return t;
}
async function good(what, dir, more) {
	const t = await run(what, dir, more);
	assert.deepEqual([t.state, t.code, t.cause, t.progress],
		['done', null, null, null], JSON.stringify(t));
	// It asks a monitor of the repository's, which is none of ours.
	git(dir, '-c', 'core.fsmonitor=false', 'fsck', '--no-progress');
	return t;
}
async function bad(code, what, dir, more) {
	const before = refs(dir);
	const t = await run(what, dir, more);
	assert.deepEqual([t.state, t.code], ['failed', code], JSON.stringify(t));
	if (what === 'push')
		assert.equal(refs(dir), before);
	return t;
}
const trash = path.join(rdv.base, 'server/trash');
const left = () => fs.readdirSync(trash).filter((n) => n.startsWith('.rdv'));
// Programs that leave a mark when somebody runs them.
function trap(name) {
	const at = path.join(home, `trap-${name}`);
	fs.writeFileSync(at, `#!/bin/sh\ntouch '${marks}/${name}'\nexit 1\n`,
		{ mode: 0o755 });
	return at;
}
const sprung = () => fs.readdirSync(marks).sort();
const rearm = () => sprung().forEach((n) => fs.rmSync(path.join(marks, n)));

await test('a fetch leaves what git\'s own leaves', async () => {
	const { up, their, our } = trio();
	const twin = `${our}-twin`;
	git(home, 'clone', '-q', up, twin);
	commit(their);
	git(their, 'tag', '-a', '-m', 'told', 'v1');
	git(their, 'push', '-q', 'origin', 'main', 'main:a/b', 'v1');
	const before = refs(our, 'refs/heads');
	const t = await good('fetch', our);
	assert.deepEqual([t.kind, t.remote, t.changed], ['fetch', 'origin', 3]);
	git(twin, 'fetch', '-q');
	assert.equal(refs(our), refs(twin));
	assert.equal(refs(our, 'refs/heads'), before);
	assert.equal(fs.existsSync(path.join(our, '.git/FETCH_HEAD')), false);
	assert.equal((await good('fetch', our)).changed, 0);
	// A branch moved back is followed; one of ours is never touched.
	git(up, 'update-ref', 'refs/heads/a/b', 'main~2');
	assert.equal((await good('fetch', our)).changed, 1);
	git(twin, 'fetch', '-q');
	assert.equal(refs(our), refs(twin));
	const kinds = (await rdv.call('GET', '/api/events?since=0&limit=1000'))
		.items.filter((e) => e.subject === t.id).map((e) => e.kind);
	assert.deepEqual([kinds[0], kinds.at(-1)],
		['transfer.started', 'transfer.ended']);
});

await test('what the remote has no more goes when that is asked', async () => {
	const { up, our } = trio();
	git(up, 'branch', 'gone', 'main');
	git(up, 'branch', 'x', 'main');
	await good('fetch', our);
	git(our, 'branch', 'gone', 'origin/gone');
	git(our, 'tag', 'mine');
	git(our, 'update-ref', 'refs/remotes/other/gone', 'HEAD');
	git(up, 'branch', '-D', 'gone', 'x');
	// And a name that stands where another one was a directory.
	git(up, 'branch', 'x/y', 'main');
	await bad('GIT_FAILED', 'fetch', our);
	assert.match(refs(our), /remotes\/origin\/gone/);
	await good('fetch', our, { prune: true });
	assert.deepEqual(refs(our).trim().split('\n').map((l) => l.split(' ')[0]),
		['refs/heads/gone', 'refs/heads/main', 'refs/remotes/origin/HEAD',
			'refs/remotes/origin/main', 'refs/remotes/origin/x/y',
			'refs/remotes/other/gone', 'refs/tags/mine']);
});

await test('what goes is of that remote and of no other', async () => {
	const { our, url } = trio();
	git(our, 'remote', 'add', 'origin/b', url);
	git(our, 'update-ref', 'refs/remotes/origin/b/main', 'HEAD');
	git(our, 'update-ref', 'refs/remotes/origin/old', 'HEAD');
	const was = refs(our);
	const r = await ask('fetch', our, { prune: true });
	assert.equal(r.status, 409, r.raw);
	assert.match(r.json.error, /^nothing is pruned: .* origin\//);
	assert.equal(refs(our), was);
	await good('fetch', our);
	await good('fetch', our, { prune: true, remote: 'origin/b' });
	git(our, 'remote', 'remove', 'origin/b');
	await good('fetch', our, { prune: true });
	assert.doesNotMatch(refs(our), /origin\/old/);
});

await test('a push arrives, is tracked and becomes the upstream', async () => {
	const { up, our } = trio();
	git(our, 'checkout', '-q', '-b', 'work');
	const id = commit(our);
	await good('push', our);
	assert.equal(tip(up, 'work'), id);
	assert.equal(tip(our, 'origin/work'), id);
	assert.throws(() => git(our, 'config', 'branch.work.merge'));
	const again = await good('push', our, { upstream: true });
	assert.equal(again.commit, id);
	assert.equal(git(our, 'rev-parse', '--abbrev-ref', '@{u}').trim(),
		'origin/work');
	// Nothing else of ours has gone there.
	assert.equal(refs(up, 'refs/remotes', 'refs/rdv'), '');
});

await test('uncommitted changes are told before anything is sent',
	async () => {
		const { up, our } = trio();
		const id = commit(our);
		fs.appendFileSync(path.join(our, 'f'), 'x');
		const r = await ask('push', our);
		assert.deepEqual([r.status, r.json.code],
			[409, 'HAS_UNCOMMITTED_CHANGES']);
		assert.notEqual(tip(up, 'main'), id);
		await good('push', our, { dirty: true });
		assert.equal(tip(up, 'main'), id);
		// What git does not know is nobody's change.
		git(our, 'checkout', '-q', 'f');
		fs.writeFileSync(path.join(our, 'new'), 'x');
		await good('push', our);
	});

await test('over what is there only by lease', async () => {
	const { up, their, our } = trio();
	commit(our);
	const theirs = commit(their);
	git(their, 'push', '-q', 'origin', 'main');
	await bad('FORCE_PUSH_REQUIRED', 'push', our);
	// What was fetched last is not what is there.
	await bad('LEASE_STALE', 'push', our, { force: true });
	assert.equal(tip(up, 'main'), theirs);
	await good('fetch', our);
	// Known by now, and in the way all the same.
	await bad('FORCE_PUSH_REQUIRED', 'push', our);
	const newer = commit(their);
	git(their, 'push', '-q', 'origin', 'main');
	await bad('LEASE_STALE', 'push', our, { force: true });
	await bad('LEASE_STALE', 'push', our, { force: true, lease: theirs });
	assert.equal(tip(up, 'main'), newer);
	await good('push', our, { force: true, lease: newer });
	assert.equal(tip(up, 'main'), tip(our));
	// A branch nobody here has seen is not expected to be there.
	git(our, 'checkout', '-q', '-b', 'seen');
	git(their, 'push', '-q', 'origin', 'main:seen');
	await bad('LEASE_STALE', 'push', our, { force: true });
	for (const [more, status] of [[{ lease: newer }, 422],
		[{ force: true, lease: 'main' }, 422],
		[{ force: true, lease: `-${newer.slice(1)}` }, 422]])
		assert.equal((await ask('push', our, more)).status, status);
});

await test('a pull goes forward, or says what to do', async () => {
	const { their, our } = trio();
	const id = commit(their);
	git(their, 'push', '-q', 'origin', 'main');
	await good('pull', our);
	assert.equal(tip(our), id);
	assert.equal(git(our, 'status', '--porcelain'), '');
	await good('pull', our);
	// Of another name there.
	git(our, 'checkout', '-q', '-b', 'mine');
	git(our, 'branch', '-q', '--set-upstream-to=origin/main');
	const next = commit(their, 'g');
	git(their, 'push', '-q', 'origin', 'main');
	await good('pull', our);
	assert.equal(tip(our), next);
	// A file that would be lost.
	fs.writeFileSync(path.join(our, 'h'), 'mine');
	commit(their, 'h');
	git(their, 'push', '-q', 'origin', 'main');
	const t = await bad('GIT_FAILED', 'pull', our);
	assert.match(t.cause, /would be overwritten/);
	assert.equal(fs.readFileSync(path.join(our, 'h'), 'utf8'), 'mine');
	fs.rmSync(path.join(our, 'h'));
	const ours = commit(our);
	const d = await bad('DIVERGED', 'pull', our);
	assert.match(d.cause, /1 commits .* lacks 1 .*rebase onto it, or merge/);
	assert.equal(tip(our), ours);
	assert.equal(tip(our, 'origin/main'), tip(their));
	git(our, 'checkout', '-q', '--detach');
	assert.equal((await ask('pull', our)).status, 400);
});

await test('abuse: a pull leaves what is somebody\'s as it lies (G19)', async () => {
	const { their, our } = trio();
	const file = (name) => fs.readFileSync(path.join(our, name), 'utf8');
	const refused = async (code, cause) => {
		const was = tip(our), status = git(our, 'status', '--porcelain');
		const t = await bad(code, 'pull', our);
		assert.match(t.cause, cause);
		assert.equal(tip(our), was);
		assert.equal(git(our, 'status', '--porcelain'), status);
		assert.equal(tip(our, 'origin/main'), tip(their));
	};
	fs.appendFileSync(path.join(our, '.git/info/exclude'), 'secret\n');
	fs.writeFileSync(path.join(our, 'secret'), 'mine');
	commit(their, 'secret');
	git(their, 'push', '-q', 'origin', 'main');
	await refused('GIT_FAILED', /would be overwritten/);
	assert.equal(file('secret'), 'mine');
	fs.rmSync(path.join(our, 'secret'));
	await good('pull', our);
	// What git is told not to look at, and what it would carry along.
	git(our, 'update-index', '--assume-unchanged', 'f');
	fs.writeFileSync(path.join(our, 'f'), 'hidden');
	commit(their, 'f');
	git(their, 'push', '-q', 'origin', 'main');
	await refused('HAS_UNCOMMITTED_CHANGES', /assume that f is unchanged/);
	assert.equal(file('f'), 'hidden');
	git(our, 'update-index', '--no-assume-unchanged', 'f');
	await refused('HAS_UNCOMMITTED_CHANGES', /uncommitted changes/);
	assert.equal(file('f'), 'hidden');
	git(our, 'checkout', '-q', 'f');
	fs.writeFileSync(path.join(our, '.git/MERGE_HEAD'), `${tip(our)}\n`);
	await refused('OPERATION_IN_PROGRESS', /a merge is open/);
	fs.rmSync(path.join(our, '.git/MERGE_HEAD'));
	await good('pull', our);
	assert.equal(tip(our), tip(their));
});

await test('abuse: a pull moves the branch it was asked for (G19)', async () => {
	const { their, our } = trio();
	const was = tip(our);
	git(our, 'branch', 'release');
	commit(their);
	git(their, 'push', '-q', 'origin', 'main');
	const waits = server.hold();
	const r = await ask('pull', our);
	await waits;
	git(our, 'checkout', '-q', 'release');
	server.release();
	const t = await ended(r.json.id);
	assert.deepEqual([t.state, t.code], ['failed', 'HEAD_MOVED'],
		JSON.stringify(t));
	assert.deepEqual([tip(our, 'release'), tip(our, 'main')], [was, was]);
	git(our, 'checkout', '-q', 'main');
	await good('pull', our);
});

await test('by path, from a linked worktree, and no hook runs', async () => {
	const { up, our } = trio({ by: 'path' });
	const tree = `${our}-tree`;
	git(our, 'worktree', 'add', '-q', '-b', 'linked', tree);
	const id = commit(tree);
	for (const [dir, hook] of [[path.join(our, '.git'), 'pre-push'],
		[path.join(our, '.git'), 'reference-transaction'],
		[up, 'pre-receive'], [up, 'update'], [up, 'post-receive'],
		[up, 'reference-transaction']]) {
		fs.mkdirSync(path.join(dir, 'hooks'), { recursive: true });
		fs.copyFileSync(trap(hook), path.join(dir, 'hooks', hook));
	}
	await good('push', tree);
	assert.equal(tip(up, 'linked'), id);
	await good('fetch', tree);
	assert.deepEqual(sprung(), []);
	for (const dir of [path.join(our, '.git'), up])
		fs.rmSync(path.join(dir, 'hooks/reference-transaction'));
	commit(tree);
	assert.throws(() => git(tree, 'push', '-q', 'origin', 'linked'));
	assert.deepEqual(sprung(), ['pre-push'], 'control');
	rearm();
});

await test('SHA-256 and shallow as they are; borrowed and partial not at all',
	async () => {
		const { up, their, our, url } = trio();
		for (const [name, ...how] of [['shallow', '--depth=1'],
			['partial', '--filter=blob:none'], ['borrowed', '--shared']]) {
			const dir = `${our}-${name}`;
			git(home, '-c', 'uploadpack.allowFilter=true', 'clone', '-q', ...how,
				name === 'borrowed' ? up : `file://${up}`, dir);
			git(dir, 'remote', 'set-url', 'origin', url);
			if (name === 'shallow')
				continue;
			const r = await ask('fetch', dir);
			assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'],
				`${name} ${r.raw}`);
		}
		const shallow = `${our}-shallow`;
		const theirs = commit(their);
		git(their, 'push', '-q', 'origin', 'main');
		await good('pull', shallow);
		assert.equal(tip(shallow), theirs);
		const id = commit(shallow);
		await good('push', shallow);
		assert.equal(tip(up, 'main'), id);
		assert.equal(git(shallow, 'rev-parse', '--is-shallow-repository'),
			'true\n');
		const [there, here] = ['big.git', 'big'].map((n) =>
			path.join(served, n));
		git(home, 'init', '-q', '--bare', '-b', 'main',
			'--object-format=sha256', there);
		git(there, 'config', 'http.receivepack', 'true');
		git(home, 'init', '-q', '-b', 'main', '--object-format=sha256', here);
		git(here, 'remote', 'add', 'origin', `${server.url}/big.git`);
		commit(here);
		await good('push', here);
		assert.match(tip(there, 'main'), /^[0-9a-f]{64}$/);
		assert.equal((await good('fetch', here)).changed, 0);
	});

await test('G05 G14 what a repository says of programs and URLs is not read',
	async () => {
		const { up, our, url } = trio();
		const wrong = await GitServer.start(served);
		const set = (...args) => git(our, 'config', ...args);
		git(our, 'checkout', '-q', '-b', 'safe');
		const id = commit(our), seen = server.seen.length;
		fs.writeFileSync(path.join(our, '.git/more'),
			`[remote "origin"]\n\turl = ${wrong.url}/included.git\n`);
		set('include.path', 'more');
		for (const key of ['core.sshCommand', 'core.gitProxy', 'core.askPass',
			'core.fsmonitor', 'credential.helper', 'core.alternateRefsCommand',
			'remote.origin.uploadpack', 'remote.origin.receivepack',
			'gpg.program', 'uploadpack.packObjectsHook',
			'filter.x.clean', 'filter.x.process'])
			set(key, trap(key.replaceAll('.', '-')));
		set('remote.origin.vcs', 'ext');
		set('remote.origin.proxy', wrong.url);
		set('http.proxy', wrong.url);
		set('push.gpgSign', 'true');
		set('push.followTags', 'true');
		set('protocol.ext.allow', 'always');
		set('protocol.allow', 'always');
		set('http.extraHeader', 'X-Planted: yes');
		set(`url.ext::${trap('rewritten')} .insteadOf`, url);
		set(`url.${wrong.url}/x.pushInsteadOf`, url);
		set('remote.origin.fetch', '+refs/heads/*:refs/heads/*');
		set('remote.origin.push', '+refs/heads/*:refs/heads/*');
		const heads = refs(our, 'refs/heads');
		git(up, 'branch', 'theirs', 'main');
		await good('push', our);
		await good('fetch', our);
		assert.equal(tip(up, 'safe'), id);
		assert.equal(refs(our, 'refs/heads'), heads);
		assert.deepEqual(sprung(), []);
		assert.equal(wrong.seen.length, 0);
		assert.ok(server.seen.slice(seen).every((q) =>
			!('x-planted' in q.headers)));
		// Control: the same settings lead git itself elsewhere.
		assert.notEqual(await later(our, 'ls-remote', 'origin'), 0);
		assert.notDeepEqual(sprung(), []);
		await wrong.stop();
		rearm();
	});

await test('G05 G13 G14 G16 a planted remote is judged like a pasted URL',
	async () => {
		const { our } = trio();
		const secret = 'hunter2hunter2', mark = path.join(marks, 'ext');
		const urls = [`ext::sh -c touch% ${mark}`, `fd::17`, '-oProxyCommand=x',
			'--upload-pack=x', `https://u:${secret}@127.0.0.1/x`,
			`https://${secret}@127.0.0.1/x`, `u:${secret}@127.0.0.1:x`,
			`ssh://-oProxyCommand=${trap('proxy')}/x`, 'git://127.0.0.1/x',
			`file://${served}/r0.git`, '../relative', 'http://192.0.2.1/x',
			'https://127.0.0.1/%0ahost=x', '/root', '/nowhere', ''];
		for (const url of urls)
			for (const [what, key] of [['fetch', 'url'], ['push', 'pushurl'],
				['pull', 'url']]) {
				const was = git(our, 'config', 'remote.origin.url').trim();
				git(our, 'config', `remote.origin.${key}`, url);
				const r = await ask(what, our);
				assert.ok(r.status >= 400 && r.status < 500, `${url} ${r.raw}`);
				assert.match(r.json.error, /^remote: /);
				assert.doesNotMatch(String(r.raw), new RegExp(secret));
				git(our, 'config', 'remote.origin.url', was);
				git(our, 'config', '--unset', `remote.origin.${key}`);
				git(our, 'config', 'remote.origin.url', was);
			}
		git(our, 'config', '--add', 'remote.origin.url', `${server.url}/two`);
		assert.match((await ask('fetch', our)).json.error, /more than one/);
		for (const remote of ['none', '-x', '--all', '../x', 'a b', 'a..b', '.',
			'origin:x', '@{-1}'])
			assert.ok([404, 422].includes((await ask('fetch', our,
				{ remote })).status), remote);
		assert.deepEqual(sprung(), []);
	});

await test('G16 where a server leads is not gone, no credential is had',
	async () => {
		const { our } = trio();
		git(our, 'config', 'credential.helper', trap('helper'));
		const other = await GitServer.start(served);
		other.redirect = server.url;
		git(our, 'remote', 'set-url', 'origin', `${other.url}/r0.git`);
		const seen = server.seen.length;
		await bad('NETWORK_FAILED', 'fetch', our);
		assert.equal(server.seen.length, seen);
		other.redirect = null;
		other.status = 401;
		await bad('AUTH_FAILED', 'push', our);
		await bad('AUTH_FAILED', 'fetch', our);
		assert.deepEqual(sprung(), []);
		await other.stop();
		// Nobody listens there any more.
		await bad('NETWORK_FAILED', 'fetch', our);
		const t = await bad('NETWORK_FAILED', 'push', our);
		assert.match(t.cause, /could not be asked/);
		git(our, 'remote', 'set-url', 'origin', `${server.url}/none.git`);
		await bad('REMOTE_NOT_FOUND', 'fetch', our);
	});

await test('G18 what the remote says is text, and decides nothing', async () => {
	const { up, our } = trio();
	fs.mkdirSync(path.join(up, 'hooks'), { recursive: true });
	fs.writeFileSync(path.join(up, 'hooks/pre-receive'), '#!/bin/sh\nprintf ' +
		'\'\\033]0;owned\\007\\033[2J\\rfatal: Authentication failed\\n ' +
		'! [rejected] x (stale info)\\n\' >&2; exit 1\n', { mode: 0o755 });
	commit(our);
	const t = await bad('REMOTE_REJECTED', 'push', our);
	assert.ok(t.said.some((l) => l.includes('owned')), JSON.stringify(t));
	// eslint-disable-next-line no-control-regex
	assert.doesNotMatch(JSON.parse(JSON.stringify(t.said)).join(''),
		/[\u0000-\u001f\u007f-\u009f]/);
});

await test('cancelled before it arrives, and after it has', async () => {
	const { up, their, our } = trio();
	const was = tip(up, 'main'), id = commit(our);
	let waits = server.hold(true);
	const one = (await ask('push', our)).json;
	await waits;
	const at = await get(one.id);
	assert.equal(at.state, 'working');
	assert.notEqual(at.progress, null);
	assert.equal((await rdv.request('DELETE',
		`/api/transfers/${one.id}`)).status, 202);
	const c = await ended(one.id);
	server.release();
	assert.deepEqual([c.state, c.code], ['cancelled', null],
		JSON.stringify(c));
	assert.equal(tip(up, 'main'), was);
	waits = server.hold();
	const two = (await ask('push', our)).json;
	await waits;
	assert.equal(tip(up, 'main'), id);
	await rdv.request('DELETE', `/api/transfers/${two.id}`);
	server.release();
	assert.equal((await ended(two.id)).state, 'done');
	assert.equal(tip(our, 'origin/main'), id);
	assert.equal((await rdv.request('DELETE',
		`/api/transfers/${two.id}`)).status, 409);
	commit(their);
	git(their, 'push', '-q', 'origin', 'main:new');
	waits = server.hold();
	const three = (await ask('fetch', our)).json;
	await waits;
	await rdv.request('DELETE', `/api/transfers/${three.id}`);
	server.release();
	assert.equal((await ended(three.id)).state, 'cancelled');
	assert.doesNotMatch(refs(our), /origin\/new/);
	assert.deepEqual(left(), []);
});

await test('killed at work, the end is what the remote says', async () => {
	const { up, their, our } = trio();
	const was = tip(up, 'main'), id = commit(our);
	for (const [before, state, at] of [[true, 'failed', was],
		[false, 'done', id]]) {
		const waits = server.hold(before);
		const { json, status, raw } = await ask('push', our);
		assert.equal(status, 202, String(raw));
		await waits;
		await rdv.again();
		// What has not arrived by then never does.
		if (!before)
			server.release();
		const t = await ended(json.id);
		server.release();
		assert.deepEqual([t.state, t.code],
			[state, state === 'done' ? null : 'INTERRUPTED'],
			JSON.stringify(t));
		assert.equal(tip(up, 'main'), at);
		assert.equal(tip(our, 'origin/main'), at);
	}
	commit(their);
	git(their, 'push', '-q', 'origin', 'main:new');
	const waits = server.hold();
	const { json } = await ask('fetch', our);
	await waits;
	await rdv.again();
	server.release();
	const t = await ended(json.id);
	assert.deepEqual([t.state, t.code], ['failed', 'INTERRUPTED']);
	assert.doesNotMatch(refs(our), /origin\/new/);
	await good('fetch', our);
	assert.match(refs(our), /origin\/new/);
});

await test('killed at each step, it is led to its end', async () => {
	const { up, our } = trio();
	const id = commit(our);
	const t = await good('push', our);
	const f = await good('fetch', our);
	const db = path.join(rdv.base, 'server/rdv.db');
	for (const [state, outcome, want] of [['making', null, 'failed'],
		['reading', null, 'failed'], ['working', null, 'done'],
		['asking', null, 'done'], ['landing', null, 'done'],
		['clearing', 'failed', 'failed']]) {
		const gone = once(rdv.main, 'exit');
		rdv.main.kill('SIGTERM');
		await gone;
		// As if nothing of its directory had been made, or all of it.
		const at = path.join(trash, `.rdv-transfer-${t.id}`);
		git(home, 'clone', '-q', '--mirror', '--shared', our, at);
		const s = fs.statSync(at, { bigint: true });
		const born = execFileSync('stat', ['-c', '%W', at],
			{ encoding: 'utf8' }).trim();
		assert.ok(born);
		execFileSync('sqlite3', [db, `UPDATE transfer SET state = '${state}',
			outcome = ${outcome ? `'${outcome}'` : 'NULL'}, code = NULL,
			cause = NULL, identity = '${s.dev} ${s.ino} ${s.birthtimeNs}'
			WHERE id = '${t.id}'`]);
		if (state === 'landing')
			git(our, 'update-ref', '-d', 'refs/remotes/origin/main');
		server.seen.length = 0;
		await rdv.up();
		const now = await ended(t.id);
		assert.equal(now.state, want, `${state} ${JSON.stringify(now)}`);
		// Asked once: two of them would end each other's.
		assert.equal(server.seen.filter((q) =>
			q.path.endsWith('/info/refs')).length,
		Number(['working', 'asking'].includes(state)), state);
		assert.equal(tip(our, 'origin/main'), id);
	}
	assert.equal(tip(up, 'main'), id);
	assert.equal((await get(f.id)).state, 'done');
});

// Where a pull stood, and what is there of it when rdvd comes back: all that was
// known, and with what came either everything that belongs to it or nothing.
await test('a pull that is killed at each step loses nothing (G20)', async () => {
	const { their, our } = trio();
	const t = await good('pull', our);
	const db = path.join(rdv.base, 'server/rdv.db');
	fs.writeFileSync(path.join(our, 'mine'), 'mine');
	for (const [state, outcome, want] of [['making', null, 'failed'],
		['reading', null, 'failed'], ['working', null, 'failed'],
		['landing', null, 'done'], ['landing', 'moved', 'done'],
		['clearing', 'failed', 'failed'], ['clearing', 'done', 'done']]) {
		const was = tip(our), theirs = commit(their);
		git(their, 'push', '-q', 'origin', 'main');
		await new Promise((done) => {
			rdv.main.once('exit', done);
			rdv.main.kill('SIGTERM');
		});
		// As git had left its directory: in it what came, and what is known
		// of the remote here already, or not yet.
		const at = path.join(trash, `.rdv-transfer-${t.id}`);
		git(home, 'clone', '-q', '--mirror', '--shared', our, at);
		git(at, 'fetch', '-q', path.join(served, path.basename(
			git(our, 'config', 'remote.origin.url').trim())),
		'+refs/heads/*:refs/fetched/*');
		const packed = path.join(our, '.git/objects');
		fs.cpSync(path.join(at, 'objects'), packed, { recursive: true,
			force: true, filter: (f) => !f.includes('/info') });
		if (outcome === 'moved')
			git(our, 'update-ref', 'refs/remotes/origin/main', theirs);
		const s = fs.statSync(at, { bigint: true });
		const end = outcome === 'moved' ? null : outcome;
		execFileSync('sqlite3', [db, `UPDATE transfer SET state = '${state}',
			outcome = ${end ? `'${end}'` : 'NULL'}, code = NULL,
			cause = NULL, identity = '${s.dev} ${s.ino} ${s.birthtimeNs}'
			WHERE id = '${t.id}'`]);
		await rdv.up();
		const now = await ended(t.id);
		assert.equal(now.state, want, `${state} ${JSON.stringify(now)}`);
		assert.deepEqual(left(), []);
		assert.equal(tip(our), state === 'landing' ? theirs : was, state);
		assert.equal(fs.readFileSync(path.join(our, 'mine'), 'utf8'), 'mine');
		assert.equal(git(our, 'status', '--porcelain'), '?? mine\n', state);
		git(our, '-c', 'core.fsmonitor=false', 'fsck', '--no-progress');
		// And the next one has all of it.
		await good('pull', our);
		assert.equal(tip(our), theirs);
	}
});

// Killed by force while git is at the remote, and while its answer comes.
await test('kill -9 in the middle of a pull, and the next one has all',
	async () => {
		const { their, our } = trio();
		fs.writeFileSync(path.join(our, 'mine'), 'mine');
		for (let i = 0; i < 3; i++) {
			const was = tip(our), theirs = commit(their);
			git(their, 'push', '-q', 'origin', 'main');
			const waits = server.hold();
			const { json } = await ask('pull', our);
			await waits;
			const { pid } = await rdv.call('GET', '/api/status');
			process.kill(pid, 'SIGKILL');
			await waitFor('another rdvd', async () => (await rdv.call('GET',
				'/api/status').catch(() => null))?.pid > 0 &&
				(await rdv.call('GET', '/api/status')).pid !== pid);
			server.release();
			const t = await ended(json.id);
			assert.deepEqual([t.state, t.code], ['failed', 'INTERRUPTED']);
			assert.deepEqual(left(), []);
			assert.equal(tip(our), was);
			assert.equal(git(our, 'status', '--porcelain'), '?? mine\n');
			await good('pull', our);
			assert.equal(tip(our), theirs);
		}
	});

await test('killed, and the repository is gone: not known is what it says',
	async () => {
		const { our } = trio();
		commit(our);
		const t = await good('push', our);
		for (const [state, code] of [['making', 'GIT_FAILED'],
			['working', 'OUTCOME_UNKNOWN'], ['asking', 'OUTCOME_UNKNOWN']]) {
			const gone = once(rdv.main, 'exit');
			rdv.main.kill('SIGTERM');
			await gone;
			execFileSync('sqlite3', [path.join(rdv.base, 'server/rdv.db'),
				`UPDATE transfer SET state = '${state}', outcome = NULL,
				code = NULL, cause = NULL, identity = NULL
				WHERE id = '${t.id}'`]);
			fs.renameSync(our, `${our}-away`);
			await rdv.up();
			const now = await ended(t.id);
			fs.renameSync(`${our}-away`, our);
			assert.deepEqual([now.state, now.code], ['failed', code],
				JSON.stringify(now));
			assert.equal(/whether it has arrived/.test(now.cause),
				state !== 'making');
		}
	});

await test('over ssh with the account\'s keys, and only to a known host', () =>
	hasOwnConfig() ?
		skip('this account has an ssh configuration of its own') :
		withSshd(home, 'push-test', async (known) => {
			const { up, their, our } = trio();
			const who = os.userInfo().username;
			const set = (url) => git(our, 'remote', 'set-url', 'origin', url);
			set(`${who}@push-test:${up}`);
			known('other');
			for (const what of ['fetch', 'push', 'pull'])
				await bad('AUTH_FAILED', what, our);
			known('host');
			const id = commit(our);
			await good('push', our, { upstream: true });
			assert.equal(tip(up, 'main'), id);
			git(their, 'pull', '-q', '--ff-only', 'origin', 'main');
			const theirs = commit(their);
			git(their, 'push', '-q', 'origin', 'main');
			await good('fetch', our);
			assert.equal(tip(our, 'origin/main'), theirs);
			set(`ssh://push-test${up}`);
			await good('pull', our);
			assert.equal(tip(our), theirs);
			git(our, 'commit', '-q', '--amend', '-m', 'other');
			await bad('FORCE_PUSH_REQUIRED', 'push', our);
			assert.equal(tip(up, 'main'), theirs);
			await good('push', our, { force: true });
			assert.equal(tip(up, 'main'), tip(our));
			set(`ssh://push-test${up}-none`);
			await bad('REMOTE_NOT_FOUND', 'fetch', our);
			await bad('REMOTE_NOT_FOUND', 'push', our);
			// Nobody listens there any more.
			set(`ssh://nobody@127.0.0.1:1${up}`);
			await bad('NETWORK_FAILED', 'fetch', our);
		}));

// The command line.
const command = (words, cwd) => {
	const p = spawn(bin('rdv'), words, { cwd, env: { PATH: '/usr/bin:/bin',
		HOME: home, RDV_HOME: rdv.base }, stdio: ['ignore', 'pipe', 'pipe'] });
	p.out = p.err = '';
	p.stdout.on('data', (d) => { p.out += d; });
	p.stderr.on('data', (d) => { p.err += d; });
	p.ended = once(p, 'close').then(([status]) => status);
	return p;
};

await test('rdv worktree push, fetch, pull: done, or why not', async () => {
	const { up, their, our } = trio();
	const cli = async (...words) => {
		const p = command(['worktree', ...words, '--json'], our);
		return [await p.ended, JSON.parse(p.out || p.err)];
	};
	const id = commit(our);
	const [status, t] = await cli('push', '--upstream');
	assert.deepEqual([status, t.state, t.kind], [0, 'done', 'push']);
	assert.equal(tip(up, 'main'), id);
	git(their, 'pull', '-q', '--ff-only', 'origin', 'main');
	const next = commit(their);
	git(their, 'push', '-q', 'origin', 'main');
	assert.equal((await cli('fetch', '--prune'))[0], 0);
	assert.equal((await cli('pull'))[0], 0);
	assert.equal(tip(our), next);
	git(our, 'commit', '-q', '--amend', '-m', 'other');
	assert.deepEqual((await cli('push')).map((v) => v.code ?? v),
		[1, 'FORCE_PUSH_REQUIRED']);
	assert.equal((await cli('push', '--force'))[0], 0);
	assert.equal(tip(up, 'main'), tip(our));
	const plain = command(['worktree', 'fetch', our], home);
	assert.equal(await plain.ended, 0);
	assert.match(plain.err, /fetch origin: done/);
});

await test('rdv workspace push: every repository of it', async () => {
	const [a, b] = [trio(), trio()];
	const ids = [];
	for (const { our } of [a, b])
		ids.push((await rdv.call('POST', '/api/repos', { path: our })).id);
	const space = await rdv.call('POST', '/api/workspaces',
		{ name: 'both', repos: ids });
	const whole = await waitFor('the workspace', async () => {
		const w = await rdv.call('GET', `/api/workspaces/${space.id}`);
		return w.state === 'ready' && w;
	});
	const tips = whole.repos.map((r) => commit(r.path));
	const p = command(['workspace', 'push', 'both', '--upstream'], home);
	assert.equal(await p.ended, 0, p.err);
	const have = [a, b].map(({ up }) => tip(up, whole.branch));
	assert.deepEqual(have.sort(), tips.sort());
	// One that cannot is told by its name, and keeps no other from it.
	git(b.our, 'remote', 'remove', 'origin');
	const half = command(['workspace', 'push', 'both'], home);
	assert.equal(await half.ended, 1);
	assert.match(half.err, new RegExp(`^rdv: ${path.basename(b.our)} is not ` +
		'pushed$', 'm'));
	assert.equal(half.err.match(/is not pushed/g).length, 1);
});

await server.stop();
await rdv.stop();
