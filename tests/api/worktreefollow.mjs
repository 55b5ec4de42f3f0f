// What differs in a worktree, followed: a document and patches of it, and the
// events of one that is watched; beside what the API tells of it when asked.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import WebSocket from 'ws';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start();
const odd = '\xff odd/\xfe';

// RFC 6902 with RFC 6901's names, as far as is said here; a "remove" of what is
// not there is an error, as it would be for a client.
function patch(doc, ops) {
	for (const { op, path: at, value } of ops) {
		const keys = at.split('/').slice(1).map((k) =>
			k.replaceAll('~1', '/').replaceAll('~0', '~'));
		const last = keys.pop();
		const to = keys.reduce((o, k) => o[k], doc);
		assert.ok(op === 'add' || (op === 'remove' && last in to), at);
		if (op === 'add')
			to[last] = value;
		else
			delete to[last];
	}
}

class Follower {
	constructor() {
		Object.assign(this, { doc: {}, messages: [], ready: false,
			finished: false, ended: false });
	}

	take(text) {
		const m = JSON.parse(text);
		this.messages.push(text);
		if (m.JsonPatch)
			patch(this.doc, m.JsonPatch);
		this.ready ||= m.Ready === true;
		this.finished ||= m.finished === true;
	}

	static query(repo, query) {
		return new URLSearchParams({ worktree_path: repo.dir, ...query });
	}

	static stream(repo, query = {}, { token = rdv.token,
		accept = 'application/x-ndjson' } = {}) {
		const f = new Follower();
		let rest = '';
		f.req = http.get({ socketPath: rdv.sock, headers: { Host: 'localhost',
			Accept: accept, Authorization: `Bearer ${token}` },
		path: `/api/worktrees/diff/stream?${this.query(repo, query)}` },
		(res) => {
			f.status = res.statusCode;
			res.on('data', (d) => {
				const lines = (rest + d).split('\n');
				rest = lines.pop();
				for (const line of lines.filter((l) => !/^(:.*)?$/.test(l)))
					f.take(line.replace(/^data: /, ''));
			});
			res.on('end', () => { f.ended = true; });
			res.on('error', () => {});
		});
		f.req.on('error', () => {});
		f.close = () => f.req.destroy();
		return f;
	}

	static socket(repo, query = {}, offered = [], token = rdv.token) {
		const f = new Follower();
		f.ws = new WebSocket(`ws+unix:${rdv.term}:/ws/worktrees/diff?` +
			this.query(repo, query), offered,
		{ headers: { Host: 'localhost', Authorization: `Bearer ${token}` } });
		f.ws.on('unexpected-response', (_, res) => {
			f.status = res.statusCode;
			f.close();
		});
		f.ws.on('message', (d) => f.take(d.toString()));
		f.ws.on('close', (code) => { f.ended = code; });
		f.ws.on('error', () => {});
		f.close = () => f.ws.terminate();
		return f;
	}

	opened() {
		return waitFor('the document', () => this.ready);
	}

	// What it has becomes what there is.
	async has(repo, query = {}) {
		let told, why;
		try {
			await waitFor('it is what there is', async () => {
				told = await repo.read('diffstat', query);
				try {
					assert.deepEqual(Object.values(this.doc.entries)
						.sort((a, b) => (a.path < b.path ? -1 : 1)),
					told.files.sort((a, b) => (a.path < b.path ? -1 : 1)));
				} catch (e) {
					why = e;
					return false;
				}
				return true;
			});
		} catch (e) {
			throw why ?? e;
		}
		assert.deepEqual(this.doc.stat, { from: told.from, files: told.total,
			added: told.added, removed: told.removed, truncated: false,
			operation: null });
	}
}

function make(name) {
	const repo = Repo.make(rdv, name);
	for (let i = 0; i < 300; i++)
		repo.write(`d${i % 7}/f${i}`, `${i}\n`);
	repo.write('a~b', 'one\n');
	repo.git('add', '.');
	repo.git('commit', '-q', '-m', 'one');
	return repo;
}

await test('who follows a worktree has what differs in it', async (t) => {
	const repo = make('followed');
	const all = [Follower.stream(repo), Follower.socket(repo),
		Follower.stream(repo, {}, { accept: 'text/event-stream' })];
	t.after(() => all.forEach((f) => f.close()));
	const every = async () => {
		for (const f of all)
			await f.has(repo);
	};
	for (const f of all)
		await f.opened();
	await every();
	repo.write('d0/f0', '0\nmore\n');
	await every();
	repo.write('a~b', 'two\n');
	repo.write('new/x/y', 'new\n');
	await every();
	repo.write(odd, 'bytes\n');
	await every();
	fs.unlinkSync(repo.at('d0/f0'));
	fs.unlinkSync(repo.at(odd));
	await every();
	repo.sh('mv d1 d8 && git add -A');
	await every();
	repo.git('commit', '-q', '-m', 'two');
	await every();
	assert.deepEqual(all[0].doc.entries, {});
	// One who comes later has the same.
	repo.write('d0/f7', 'late\n');
	all.push(Follower.stream(repo));
	await all[3].opened();
	await every();
});

// A browser ends a socket that answers none of what its page offered.
await test('of what a page offers the first is answered', async (t) => {
	const repo = make('offered');
	for (const [offered, answered] of [[['rdv.diff.v1', 'other'],
		'rdv.diff.v1'], [[], '']]) {
		const f = Follower.socket(repo, {}, offered);
		t.after(() => f.close());
		await f.opened();
		assert.equal(f.ws.protocol, answered);
	}
});

// By which it learns that the line lives; nobody else is told anything by it.
await test('what a page says on its socket is answered', async (t) => {
	const repo = make('answered');
	const [f, other] = [1, 2].map(() => Follower.socket(repo));
	t.after(() => [f, other].forEach((x) => x.close()));
	await f.opened();
	await other.opened();
	const before = [f, other].map((x) => x.messages.length);
	f.ws.send('{"type":"ping"}');
	f.ws.send(Buffer.from([255]));
	await waitFor('both answers', () =>
		f.messages.length === before[0] + 2);
	assert.deepEqual(f.messages.slice(-2),
		Array(2).fill('{"type":"pong"}'));
	assert.equal(other.messages.length, before[1]);
});

await test('a patch has the size of the change', async (t) => {
	const repo = make('patched');
	for (let i = 0; i < 300; i++)
		repo.write(`d${i % 7}/f${i}`, `${i}\nmore\n`);
	const f = Follower.stream(repo);
	t.after(() => f.close());
	await f.opened();
	await f.has(repo);
	assert.ok(f.messages[0].length > 30000);
	const n = f.messages.length;
	repo.write('d3/f3', 'less\n');
	await waitFor('a patch', () => f.messages.length > n);
	await f.has(repo);
	for (const m of f.messages.slice(n))
		assert.ok(m.length < 500, m);
});

await test('what reads otherwise is told, though as many lines differ',
	async (t) => {
		const repo = make('rewritten');
		repo.write('d3/f3', 'one\n');
		repo.write('d4/f4', 'more\n');
		const f = Follower.stream(repo);
		t.after(() => f.close());
		await f.opened();
		await f.has(repo);
		// Among a part of the names, and when all are looked at.
		for (const [text, then] of [['two\n', 'git mv d5/f5 moved'],
			['six\n', 'git mv d6/f6 again']]) {
			const n = f.messages.length;
			repo.write('d3/f3', text);
			await waitFor('it is told', () => f.messages.slice(n)
				.some((m) => m.includes('"path":"/entries/d3~1f3"')));
			await f.has(repo);
			assert.ok(!f.messages.slice(n).some((m) =>
				m.includes('d4~1f4')));
			repo.sh(then);
			await f.has(repo);
		}
	});

await test('a base is where HEAD has parted from it', async (t) => {
	const repo = make('based');
	repo.git('checkout', '-q', '-b', 'side');
	const f = Follower.socket(repo, { base: 'main' });
	t.after(() => f.close());
	await f.opened();
	repo.write('d0/f0', 'side\n');
	repo.git('commit', '-q', '-a', '-m', 'side');
	await f.has(repo, { base: 'main' });
	assert.deepEqual(Object.keys(f.doc.entries), ['d0/f0']);
	repo.git('branch', '-f', 'main', 'side');
	await f.has(repo, { base: 'main' });
	assert.deepEqual(f.doc.entries, {});
});

await test('what cannot be followed is refused; what goes, ends', async (t) => {
	const repo = make('gone');
	repo.git('worktree', 'add', '-q', '-b', 'w', `${repo.dir}-w`);
	const tree = new Repo(rdv, `${repo.dir}-w`);
	const f = Follower.stream(tree), ws = Follower.socket(tree);
	t.after(() => [f, ws].forEach((x) => x.close()));
	await f.opened();
	await ws.opened();
	for (const [dir, query, status] of [['nowhere', {}, 404],
		['gone', { base: 'none' }, 400], ['gone', { base: '--all' }, 400]]) {
		const at = new Repo(rdv, `${rdv.home}/${dir}`);
		const r = await at.ask('diff/stream', query);
		assert.equal(r.status, status, `${dir} ${r.raw}`);
	}
	// Nobody who follows holds up who takes it away.
	await rdv.call('DELETE', '/api/worktrees',
		{ worktree_path: tree.dir, force: true });
	await waitFor('both end', () => f.ended && ws.ended);
	assert.ok(f.finished && ws.finished);
});

await test('C13 a credential that goes takes its streams along', async (t) => {
	const reader = async (repo, kind) => {
		const made = await rdv.call('POST', '/api/tokens',
			{ name: 'reader', scopes: ['read'] });
		const f = kind === 'stream' ?
			Follower.stream(repo, {}, { token: made.rawKey }) :
			Follower.socket(repo, {}, [], made.rawKey);
		t.after(() => f.close());
		return [f, () => rdv.call('DELETE', `/api/tokens/${made.id}`)];
	};
	for (const kind of ['stream', 'socket']) {
		const [f, revoke] = await reader(make(`revoked ${kind}`), kind);
		await f.opened();
		await revoke();
		await waitFor('the end', () => f.ended);
		assert.ok(!f.finished);
	}
	// One that waits for the first look is refused, and is not begun later.
	const { ops } = rdv, repo = make('revoked early');
	const waiting = async () => +/^rdv_http_requests_pending (\d+)/m.exec(
		(await rdv.request('GET', '/metrics')).raw)[1];
	const before = await waiting();
	process.kill(ops, 'SIGSTOP');
	t.after(() => process.kill(ops, 'SIGCONT'));
	const all = [await reader(repo, 'stream'), await reader(repo, 'socket')];
	await waitFor('both wait', async () => await waiting() >= before + 2);
	for (const [, revoke] of all)
		await revoke();
	process.kill(ops, 'SIGCONT');
	// Who may see what there is to see by now.
	const keep = Follower.stream(repo);
	t.after(() => keep.close());
	await keep.opened();
	await waitFor('both are refused', () =>
		all.every(([f]) => f.status === 401));
	assert.ok(all.every(([f]) => f.messages.length === 0));
});

await test('changes of a watched worktree are events', async () => {
	const repo = make('watched');
	const events = async () => (await rdv.call('GET',
		'/api/events?since=0&limit=1000')).items
		.filter((e) => e.kind === 'worktree.changed');
	const watch = (more = {}) => rdv.call('POST', '/api/worktrees/watch',
		{ worktree_path: repo.dir, ...more });
	let now = await watch();
	assert.deepEqual([now.files, now.added, now.removed, now.truncated],
		[0, 0, 0, false]);
	assert.ok(now.seconds > 0 && now.seconds <= 60);
	repo.write('d0/f0', '0\nmore\nand more\n');
	// A file that is written anew is empty for a moment.
	await waitFor('an event', async () =>
		(await events()).at(-1)?.body.added === 2);
	const [e] = (await events()).slice(-1);
	assert.deepEqual(e.body, { path: repo.dir, base: null, from: now.from,
		files: 1, added: 2, removed: 0, truncated: false,
		operation: null });
	now = await watch({ seconds: 600 });
	assert.equal(now.files, 1);
	assert.ok(now.seconds > 500);
	// Many changes are few events: one a second, and the first at once.
	const before = (await events()).length, begin = Date.now();
	let made = 0;
	while (Date.now() - begin < 2500) {
		repo.write(`d1/new${made++}`, 'x\n');
		for (let i = 0; i < 10; i++)
			await rdv.call('GET', '/api/status');
	}
	await waitFor('the last', async () => (await events()).at(-1).body.files ===
		made + 1);
	const n = (await events()).length - before;
	assert.ok(n <= (Date.now() - begin) / 1000 + 2, `${n} events`);
	const r = await rdv.request('POST', '/api/worktrees/watch',
		{ body: { worktree_path: `${rdv.home}/nowhere` } });
	assert.equal(r.status, 404);
});

await test('what is open is told, whoever began it', async (t) => {
	const repo = make('midway');
	repo.sh('git checkout -q -b side && echo s >a~b && git commit -qam s && ' +
		'git checkout -q - && echo m >a~b && git commit -qam m');
	const f = Follower.socket(repo);
	t.after(() => f.close());
	await f.opened();
	const is = (what) => waitFor(`${what}`, () =>
		f.doc.stat.operation === what);
	await is(null);
	repo.sh('git merge -q side || true');
	await is('merge');
	// Settled as it lies there no file differs otherwise than before.
	const told = f.messages.length;
	repo.git('add', 'a~b');
	await waitFor('it is told', () => f.messages.length > told);
	repo.git('commit', '-q', '-m', 'merged');
	await is(null);
	// Nothing differs, and all the same something is open.
	repo.git('bisect', 'start');
	await is('bisect');
	assert.equal(f.doc.stat.files, 0);
	const { operation } = await rdv.call('POST', '/api/worktrees/watch',
		{ worktree_path: repo.dir });
	assert.equal(operation, 'bisect');
	repo.git('bisect', 'reset');
	await is(null);
});

function watcher(t, repo, ...args) {
	const w = { out: '', err: '', code: null };
	const child = spawn(bin('rdv'), ['worktree', 'watch', ...args], {
		cwd: repo.dir, stdio: ['ignore', 'pipe', 'pipe'],
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: rdv.base } });
	child.stdout.on('data', (d) => { w.out += d; });
	child.stderr.on('data', (d) => { w.err += d; });
	child.on('close', (code) => { w.code = code; });
	t.after(() => child.kill('SIGKILL'));
	return w;
}

await test('rdv worktree watch has a line for each change', async (t) => {
	const repo = make('lines');
	repo.git('worktree', 'add', '-q', `${repo.dir}-w`);
	const tree = new Repo(rdv, `${repo.dir}-w`);
	tree.write('a~b', 'one\ntwo\n');
	const text = watcher(t, tree), json = watcher(t, tree, '--json');
	await waitFor('what there is', () => /^modified +1 +0 +a~b/m.test(text.out) &&
		json.out.includes('{"Ready":true}'));
	tree.write('a~b', 'one\n');
	tree.write('d0/\x1b[31m', 'red\n');
	await waitFor('what changed', () => /^same .* a~b/m.test(text.out) &&
		/^untracked +1 +0 +d0\/.*31m/m.test(text.out));
	assert.ok(!text.out.includes('\x1b'));
	assert.match(text.err, /1 files, 1 lines added, 0 removed/);
	await waitFor('the patch', () =>
		json.out.includes('{"op":"remove","path":"/entries/a~0b"}'));
	for (const line of json.out.trimEnd().split('\n'))
		JSON.parse(line);
	await rdv.call('DELETE', '/api/worktrees',
		{ worktree_path: tree.dir, force: true });
	await waitFor('the end', () => text.code !== null && json.code !== null);
	assert.deepEqual([text.code, json.code], [1, 1]);
	assert.match(text.err, /can be followed no more/);
});

await rdv.stop();
