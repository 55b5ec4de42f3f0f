// Group C: other accounts, other instances, other people's tokens and sessions.
// What needs a second account or a helper of our own is in tests/priv
// (test_main.c: C01, C03-C06, C16, C17).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { apart, helpers, listener, netSockets } from
	'../harness/netsockets.mjs';
import { Rdv, bare, bin, test, waitFor } from '../harness/rdv.mjs';
import { ask, ended, options, origin, page, refused, run, upgrade } from
	'./lib.mjs';

const second = (base) => spawnSync(bin('rdv-helper'), ['--base', base],
	{ encoding: 'utf8', timeout: 20000, env: bare });
const inode = (p) => { const s = fs.lstatSync(p); return `${s.dev}:${s.ino}`; };
const token = (rdv, ...scopes) => rdv.call('POST', '/api/tokens',
	{ name: scopes.join(), scopes });

await test('C01 sockets are 0600 in directories that are 0700, all ours',
	async (t) => {
		const rdv = await t.start();
		for (const [p, mode] of [[rdv.base, 0o700], [rdv.sock, 0o600],
			[rdv.term, 0o600], [`${rdv.base}/server`, 0o700]]) {
			const st = fs.lstatSync(p);
			assert.equal((st.mode & 0o7777).toString(8), mode.toString(8), p);
			assert.equal(st.uid, process.getuid(), p);
		}
		assert.equal((await rdv.request('GET', '/api/user')).status, 200);
		if (process.getuid() !== 0)
			return; // tests/priv connects as another account
		fs.chmodSync(rdv.scratch, 0o755);
		const other = spawnSync('setpriv', ['--reuid', '65534', '--regid',
			'65534', '--clear-groups', process.execPath, '-e',
			`require('net').connect('${rdv.sock}').on('error', (e) =>
				console.log(e.code)).on('connect', () => process.exit(9))`],
		{ encoding: 'utf8' });
		assert.notEqual(other.status, 9);
	});

await test('C02 no port is open, from start to end', async () => {
	const found = [];
	let looks = 0;
	const look = setInterval(() => {
		looks++;
		found.push(...helpers().flatMap(netSockets));
	}, 5);
	let rdv = await Rdv.start({ ...options, by: apart });
	try {
		const s = await rdv.session('x', ['/bin/cat']);
		// With a proxy of its own, which listens where the run is alone.
		const dir = path.join(rdv.home, 'work');
		fs.mkdirSync(dir);
		await rdv.request('POST', '/api/sessions', { body: { name: 'listed',
			profile: 'script', project_path: dir, command: ['/bin/cat'],
			network: 'list', network_hosts: ['127.0.0.2:9'] } });
		await page(rdv);
		process.kill(rdv.rdvd, 'SIGKILL');
		await waitFor('another daemon', async () => (await rdv.request('GET',
			`/api/sessions/${s.id}`).catch(() => null))?.status === 200);
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		const before = looks;
		await rdv.stop();
		assert.deepEqual(found, []);
		assert.ok(before > 5 && looks > before, `${before} ${looks} looks`);
		rdv = await Rdv.start({ ...options, by: apart });
		await rdv.session('control', listener);
		await waitFor('the control is seen', () => found.length > 0);
	} finally {
		await rdv.stop();
		clearInterval(look);
	}
});

// What may stand at a socket's path, and how it gets there.
const occupied = {
	'a file': (p) => fs.writeFileSync(p, 'mine'),
	'a directory': (p) => fs.mkdirSync(p),
	'a FIFO': (p) => execFileSync('mkfifo', [p]),
	'a link to nowhere': (p) => fs.symlinkSync('/nonexistent/x', p),
	'a link to a file': (p) => fs.symlinkSync('/etc/passwd', p),
	'a socket that answers': async (p) => {
		const server = net.createServer().listen(p);
		await once(server, 'listening');
		return server;
	},
};

await test('C03 what stands at a socket\'s path is not touched', async (t) => {
	const first = await t.start();
	const dir = path.join(first.scratch, 'occupied');
	for (const name of ['api.sock', 'terminal.sock'])
		for (const [what, put] of Object.entries(occupied)) {
			const base = path.join(dir, `${name} ${what}`);
			fs.mkdirSync(base, { recursive: true, mode: 0o700 });
			const p = path.join(base, name);
			const server = await put(p);
			const was = inode(p);
			const r = second(base);
			assert.equal(r.status, 77, `${what}: ${r.stderr}`);
			assert.match(r.stderr, new RegExp(name.split('.')[0]), what);
			assert.equal(inode(p), was, what);
			server?.close?.();
		}
	// A socket left by a crash is ours to replace.
	first.main.kill('SIGKILL');
	await waitFor('ended', () => first.alive().length === 0);
	assert.ok(fs.lstatSync(first.sock).isSocket());
	await first.up();
	assert.equal((await first.request('GET', '/api/user')).status, 200);
});

await test('C05 of many started at once exactly one runs', async (t) => {
	const rdv = await t.start();
	for (let round = 0; round < 5; round++) {
		const base = path.join(rdv.scratch, `round ${round}`);
		const all = Array.from({ length: 6 }, () => {
			const p = spawn(bin('rdv-helper'), ['--base', base,
				'--ready-fd', '3'], { stdio: ['ignore', 'ignore', 'ignore',
				'pipe'], env: bare });
			p.stdio[3].on('data', () => { p.ready = true; });
			p.stdio[3].on('error', () => {});
			t.after(() => p.kill('SIGKILL'));
			return p;
		});
		await waitFor('one is ready, the others gone', () =>
			all.filter((p) => p.ready && p.exitCode === null).length === 1 &&
			all.filter((p) => p.exitCode !== null).length === 5);
		assert.deepEqual(all.filter((p) => p.exitCode !== null)
			.map((p) => [p.exitCode, !!p.ready]), Array(5).fill([77, false]));
		const owner = all.find((p) => p.exitCode === null);
		// Another while the first is stopping: it waits for nothing.
		const gone = once(owner, 'exit');
		owner.kill('SIGTERM');
		const late = spawn(bin('rdv-helper'), ['--base', base, '--ready-fd',
			'3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
			env: bare });
		t.after(() => late.kill('SIGKILL'));
		const ready = once(late.stdio[3], 'data').then(() => 'ready');
		const done = once(late, 'exit').then(([code]) => code);
		assert.equal((await gone)[0], 0, 'the first ends cleanly');
		const how = await Promise.race([ready, done]);
		if (how === 'ready') {
			late.kill('SIGTERM');
			assert.equal(await done, 0);
		} else {
			assert.equal(how, 77);
		}
	}
});

await test('C06 a lock unlinked, replaced or emptied still holds', async (t) => {
	const rdv = await t.start();
	const lock = path.join(rdv.base, 'server/lock');
	const pids = () => [rdv.rdvd, rdv.ops];
	const before = pids();
	for (const [what, harm] of Object.entries({
		truncated: () => fs.truncateSync(lock),
		unlinked: () => fs.unlinkSync(lock),
		replaced: () => { fs.rmSync(lock, { force: true });
			fs.writeFileSync(lock, '', { mode: 0o600 }); },
		'replaced by a link': () => { fs.rmSync(lock, { force: true });
			fs.symlinkSync('elsewhere', lock); },
	})) {
		harm();
		const [a, b] = [inode(rdv.sock), inode(rdv.term)];
		const r = second(rdv.base);
		assert.equal(r.status, 77, `${what}: ${r.stderr}`);
		assert.deepEqual([inode(rdv.sock), inode(rdv.term)], [a, b], what);
		assert.equal((await rdv.request('GET', '/api/user')).status, 200, what);
		assert.deepEqual(pids(), before);
	}
	assert.equal(fs.existsSync(path.join(rdv.base, 'server/elsewhere')), false);
});

await test('C10 guesses are refused and delayed, nobody else is', async (t) => {
	const rdv = await t.start({ config:
		'[auth]\nlogin_tries_per_minute = 8\n' });
	const me = (...values) => ask(rdv, 'GET', '/api/user', { Host: 'localhost',
		Authorization: values });
	const good = rdv.token;
	assert.equal((await me(`Bearer ${good}`)).status, 200);
	for (const value of ['', ' ', 'Bearer', 'Bearer ', 'Bearer  ', good,
		`Basic ${good}`, `Bearer ${good} `.repeat(2), `Bearer ${good}x`,
		`Bearer ${good.slice(0, -1)}`, `Bearer ${good.slice(0, 8)}`,
		`Bearer "${good}"`, `Bearer ${good},`, `Bearer ${good.toLowerCase()}`,
		`Bearer Bearer ${good}`, `Bearer ${good.slice(4)}`, 'Bearer *',
		`Bearer ${'A'.repeat(4000)}`]) {
		const r = await me(value);
		assert.ok([400, 401, 429].includes(r.status), `${value}: ${r.status}`);
	}
	refused(await me(`Bearer ${good}`, `Bearer ${good}`), 'twice');
	const guess = () => `Bearer rdv_${crypto.randomBytes(32)
		.toString('base64url')}`;
	let limited = 0;
	for (let i = 0; i < 40; i++) {
		const r = await me(guess());
		assert.ok([401, 429].includes(r.status), String(r.status));
		if (r.status === 429) {
			limited++;
			assert.match(r.head, /\r\nretry-after: [1-9]\d*\r\n/i);
		}
		// Whoever has seen how a token begins can do no more.
		await me(`Bearer ${good.slice(0, 12)}${i}`);
		// Not locked out: neither this token nor the peer it comes from.
		assert.equal((await me(`Bearer ${good}`)).status, 200);
	}
	assert.ok(limited >= 30, `${limited} of 40 limited`);
});

await test('C11 what is stored is no credential', async (t) => {
	const rdv = await t.start(options);
	const raw = rdv.token, hash = crypto.createHash('sha256').update(raw);
	const digest = hash.digest();
	const db = fs.readdirSync(`${rdv.base}/server`)
		.filter((n) => n.startsWith('rdv.db'));
	for (const n of [...db, 'service-token', '../cli-token'])
		assert.equal(fs.statSync(`${rdv.base}/server/${n}`).mode & 0o777,
			0o600, n);
	const stored = Buffer.concat(db.map((n) =>
		fs.readFileSync(`${rdv.base}/server/${n}`)));
	assert.ok(stored.includes(digest.toString('hex')), 'the hash is kept');
	assert.equal(stored.includes(raw), false, 'the token is not');
	assert.equal(stored.includes(rdv.serviceToken()), false);
	const ours = await page(rdv);
	const [{ keyPrefix }] = await rdv.call('GET', '/api/tokens');
	for (const form of [digest.toString('hex'), digest.toString('base64'),
		digest.toString('base64url'), `rdv_${digest.toString('base64url')}`,
		keyPrefix, `sha256:${digest.toString('hex')}`]) {
		assert.equal((await rdv.request('GET', '/api/user',
			{ token: form })).status, 401, form);
		refused(await ask(rdv, 'GET', '/api/user', { ...ours,
			Cookie: `rdv_session=${form}` }), form, 401);
		refused(await ask(rdv, 'GET', '/api/user', { ...ours,
			'X-RDV-Page-Key': form }), `${form} as page key`, 401);
		refused(await ask(rdv, 'GET', '/api/user', { Host: 'localhost',
			'X-RDV-Service-Token': form, 'X-RDV-User-ID': 'x' }), form, 401);
	}
	assert.equal((await rdv.request('GET', '/api/user')).status, 200);
	assert.equal((await ask(rdv, 'GET', '/api/user', ours)).status, 200);
});

const NOBODY = '01900000-0000-7000-8000-000000000000';

await test('C12 every route asks for its scope, for every kind of token',
	async (t) => {
		const rdv = await t.start(options);
		const me = await rdv.call('GET', '/api/user');
		const { paths } = await rdv.call('GET', '/api/openapi.json');
		const rows = Object.entries(paths).flatMap(([p, ops]) =>
			Object.entries(ops).map(([m, op]) => ({ m: m.toUpperCase(), p,
				scopes: op['x-rdv-scopes'] }))).filter((r) => r.scopes.length);
		const kinds = {};
		const s = await rdv.session('kept', ['/bin/cat']);
		for (const kind of ['read', 'approve', 'full'])
			kinds[kind] = { Authorization:
				`Bearer ${(await token(rdv, kind)).rawKey}` };
		kinds.run = { Authorization: `Bearer ${(await rdv.call('POST',
			'/api/tokens', { name: 'run', scopes: ['run'],
				session_id: s.id })).rawKey}` };
		kinds.cookie = await page(rdv);
		kinds['service as user'] = { 'X-RDV-User-ID': me.id,
			'X-RDV-Service-Token': rdv.serviceToken() };
		kinds['service alone'] = { 'X-RDV-Service-Token': rdv.serviceToken() };
		const seen = {};
		for (const [kind, headers] of Object.entries(kinds))
			for (const { m, p, scopes } of rows) {
				if (p === '/api/auth/logout' || p.startsWith('/ws/'))
					continue;
				const r = await ask(rdv, m, p.replace(/\{[^}]+\}/g, NOBODY),
					{ Host: 'localhost', Accept: 'application/json',
						'Content-Type': m === 'GET' ? null :
							'application/json', 'Content-Length': 2,
						...headers }, { body: '{}' });
				const no = [401, 403].includes(r.status);
				(seen[kind] ??= { yes: 0, no: 0 })[no ? 'no' : 'yes']++;
				const own = ['read', 'run', 'approve'];
				if (own.includes(kind) && !scopes.includes(kind))
					assert.equal(r.status, 403, `${kind}: ${m} ${p}`);
				if (kind === 'full' || kind === 'cookie')
					assert.ok(!no || p === '/api/auth/code',
						`${kind}: ${m} ${p} ${r.status}`);
			}
		assert.equal(seen['service alone'].yes, 0, 'it stands for nobody');
		for (const kind of ['read', 'run', 'approve'])
			assert.ok(seen[kind].yes > 0 && seen[kind].no > 0,
				`${kind} ${JSON.stringify(seen[kind])}`);
		// By effect: what a read token must not do is not done.
		for (const [m, more, body] of [['DELETE', '', undefined],
			['PATCH', '', { name: 'x' }], ['POST', '/exec', { command: 'x' }],
			['POST', '/suspend', undefined],
			['POST', '/signal', { signal: 'KILL' }]])
			assert.equal((await rdv.request(m, `/api/sessions/${s.id}${more}`,
				{ body, token: kinds.read.Authorization.slice(7) })).status,
			403);
		const now = await rdv.call('GET', `/api/sessions/${s.id}`);
		assert.deepEqual([now.name, now.status, now.run.state],
			['kept', 'active', 'running']);
		// Nobody lends what he has not: a token makes none with more scopes.
		const maker = (await token(rdv, 'full')).rawKey;
		const lend = async (as, scopes) => (await rdv.request('POST',
			'/api/tokens', { token: as, body: { name: 'x', scopes } })).status;
		for (const scopes of [['service'], ['full', 'service']])
			assert.equal(await lend(maker, scopes), 403);
		for (const kind of ['read', 'approve', 'run'])
			assert.equal(await lend(kinds[kind].Authorization.slice(7),
				[kind]), 403);
		assert.equal(await lend(maker, ['full']), 201);
		// What an agent has is for its session, whatever stands beside it.
		const { id } = await rdv.session('beside', ['/bin/cat']);
		const agent = kinds.run.Authorization.slice(7);
		for (const [m, tail, body] of [['POST', '/exec', { command: 'x' }],
			['POST', '/signal', { signal: 'KILL' }], ['GET', '', undefined]]) {
			const r = await rdv.request(m, `/api/sessions/${id}${tail}`,
				{ body, token: agent });
			assert.deepEqual([r.status, r.json.error],
				[404, 'there is no such session']);
		}
		const own = await rdv.request('POST', `/api/sessions/${s.id}/exec`,
			{ body: { command: 'x' }, token: agent });
		assert.equal(own.status, 202, 'control');
		// And it ends with it.
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		assert.equal((await rdv.request('GET', '/api/auth/me',
			{ token: agent })).status, 401);
	});

// An item of one's own trash.
const OWN_TRASH = '01900000-0000-7000-8000-00000000abcd';

// Rows of somebody else, as if another account had made them.
function addStranger(db, id, mine) {
	execFileSync('sqlite3', ['-cmd', '.timeout 10000', db,
		`PRAGMA foreign_keys = ON;
		INSERT INTO user (id, name, uid, created_at)
		    VALUES ('${id.user}', 'stranger', 64999, 1);
		CREATE TEMP TABLE s AS SELECT * FROM session WHERE id = '${mine.id}';
		UPDATE s SET id = '${id.session}', user_id = '${id.user}',
		    name = 'secret', run_id = NULL, folder_id = NULL;
		INSERT INTO session SELECT * FROM s;
		CREATE TEMP TABLE r AS SELECT * FROM run WHERE id = '${mine.run.id}';
		UPDATE r SET id = '${id.run}', user_id = '${id.user}',
		    session_id = '${id.session}', handle = NULL;
		INSERT INTO run SELECT * FROM r;
		INSERT INTO folder (id, user_id, name, created_at, updated_at)
		    VALUES ('${id.folder}', '${id.user}', 'secret', 1, 1);
		INSERT INTO repo (id, user_id, path, name, created_at, updated_at)
		    VALUES ('${id.repo}', '${id.user}', '/secret', 'secret', 1, 1);
		INSERT INTO clone (id, user_id, url, path, temp_path, state,
		    created_at, updated_at) VALUES ('${id.clone}', '${id.user}',
		    '/secret', '/secret', '/secret', 'ready', 1, 1);
		INSERT INTO transfer (id, user_id, kind, path, repo_path, remote, url,
		    temp_path, state, outcome, created_at, updated_at)
		    SELECT value, iif(value = '${id.transfer}', '${id.user}',
		    (SELECT user_id FROM session WHERE id = '${mine.id}')), 'fetch',
		    '/r', '/r', iif(value = '${id.transfer}', 'secret', 'mine'), '/u',
		    '/t', 'done', 'done', 1, 1
		    FROM json_each('["${id.transfer}", "${OWN_TRASH}"]');
		INSERT INTO approval (id, user_id, session_id, run_id, kind, key,
		    tool, command, cwd, profile, digest, state, deadline_at,
		    created_at) SELECT iif(user_id = '${id.user}',
		    '${id.approval}', '${OWN_TRASH}'), user_id, session_id, id,
		    'tool', 'k', iif(user_id = '${id.user}', 'secret', 'mine'),
		    'x', '/', 'login', '00', 'pending', 9000000000000, 1 FROM run
		    WHERE id IN ('${id.run}', '${mine.run.id}');
		INSERT INTO approval_rule (id, user_id, scope, verdict, tool,
		    pattern_json, made_by, created_at) SELECT value,
		    iif(value = '${id.rule}', '${id.user}', (SELECT user_id FROM
		    session WHERE id = '${mine.id}')), 'all', 'deny',
		    iif(value = '${id.rule}', 'secret', 'mine'), '[]', 'x', 1
		    FROM json_each('["${id.rule}", "${OWN_TRASH}"]');
		INSERT INTO push_device (id, user_id, token_id, name, endpoint,
		    p256dh, auth, state, created_at) SELECT value,
		    iif(value = '${id.device}', '${id.user}', (SELECT user_id FROM
		    session WHERE id = '${mine.id}')), 'x', iif(value =
		    '${id.device}', 'secret', 'mine'), 'https://x/x', 'x', 'x',
		    'gone', 1 FROM json_each('["${id.device}", "${OWN_TRASH}"]');
		INSERT INTO workspace (id, user_id, name, branch, directory, state,
		    created_at, updated_at) VALUES ('${id.workspace}', '${id.user}',
		    'secret', 'secret', '/secret', 'ready', 1, 1);
		UPDATE s SET id = '${id.conversation}',
		    terminal_type = 'conversation';
		INSERT INTO session SELECT * FROM s;
		INSERT INTO conversation (id, user_id, workspace_id, agent,
		    config_json, created_at) VALUES ('${id.conversation}',
		    '${id.user}', '${id.workspace}', 'CLAUDE_CODE', '{}', 1);
		INSERT INTO turn (id, session_id, user_id, workspace_id, prompt,
		    state, created_at) VALUES ('${id.turn}', '${id.conversation}',
		    '${id.user}', '${id.workspace}', 'secret', 'failed', 1);
		INSERT INTO chain (id, session_id, user_id, workspace_id, turn_id,
		    state, created_at) VALUES ('${id.turn}', '${id.conversation}',
		    '${id.user}', '${id.workspace}', '${id.turn}', 'failed', 1);
		INSERT INTO queued (id, session_id, user_id, place, prompt, state,
		    created_at, updated_at) VALUES ('${id.message}',
		    '${id.conversation}', '${id.user}', 0, 'secret', 'waiting', 1, 1);
		INSERT INTO worktree (id, user_id, repo_path, path, state, created_at,
		    updated_at) SELECT value, iif(value = '${id.worktree}',
		    '${id.user}', (SELECT user_id FROM session WHERE id = '${mine.id}')),
		    '/r', '/r/w', 'trashed', 1, 1
		    FROM json_each('["${id.worktree}", "${OWN_TRASH}"]');
		INSERT INTO token (id, user_id, name, kind, key_prefix, hash, scopes,
		    created_at) VALUES ('${id.token}', '${id.user}', 'secret', 'cli',
		    'rdv_xxxx', '${'ab'.repeat(32)}', 'full', 1);
		INSERT INTO token (id, user_id, name, kind, key_prefix, hash, scopes,
		    session_id, created_at) VALUES ('${id.link}', '${id.user}',
		    'secret', 'link', 'rdv_yyyy', '${'cd'.repeat(32)}', 'read',
		    '${id.session}', 1);
		INSERT INTO event (seq, time_ms, kind, user_id, subject, body)
		    SELECT max(seq) + 1, 1, 'session.created', '${id.user}',
		    '${id.session}', '{"name":"secret"}' FROM event;`]);
}

// What rdvd has asked of its database and its helper so far.
async function asked(rdv) {
	const text = String((await rdv.request('GET', '/metrics')).raw);
	return ['database_statements', 'helper_requests'].map((name) =>
		+new RegExp(`^rdv_${name}_total (\\d+)$`, 'm').exec(text)[1]);
}

// The same of each call, as the least of some rounds in turn: what it does beside
// them now and then is no part of any. More rounds where that still differs.
async function work(rdv, calls) {
	const least = calls.map(() => [Infinity, Infinity]);
	const same = () => least.every((n) => String(n) === String(least[0]));
	for (let round = 0; round < 3 || (round < 30 && !same()); round++)
		for (const [i, call] of calls.entries()) {
			const before = await asked(rdv);
			await call();
			(await asked(rdv)).forEach((n, k) => {
				least[i][k] = Math.min(least[i][k], n - before[k]);
			});
		}
	return least;
}

await test('C14 what is another user\'s is not there', async (t) => {
	const rdv = await t.start(options);
	const folder = await rdv.call('POST', '/api/folders', { name: 'mine' });
	const s = await rdv.session('mine', ['/bin/true'],
		{ folder_id: folder.id });
	await ended(rdv, s.id);
	const own = await rdv.call('GET', '/api/tokens');
	const tree = path.join(rdv.home, 'mine');
	execFileSync('/bin/sh', ['-ec', 'git init -q "$0"; git -C "$0" -c ' +
		'user.name=t -c user.email=t@example.org commit -q --allow-empty -m x',
	tree], { env: { PATH: '/usr/bin:/bin' } });
	const repo = await rdv.call('POST', '/api/repos', { path: tree });
	fs.mkdirSync(path.join(rdv.home, 'into'));
	const clone = await rdv.call('POST', '/api/repos/clones',
		{ url: tree, dir: path.join(rdv.home, 'into/mine') });
	await waitFor('the clone', async () => (await rdv.call('GET',
		`/api/repos/clones/${clone.id}`)).state === 'ready');
	const space = await rdv.call('POST', '/api/workspaces',
		{ name: 'mine', repos: [repo.id] });
	const talk = await rdv.call('POST', '/api/conversations',
		{ workspace_id: space.id, agent: 'CLAUDE_CODE', name: 'mine' });
	const at = `/api/conversations/${talk.id}`;
	const message = await rdv.call('POST', `${at}/queue`, { prompt: 'mine' });
	const { turn } = await rdv.call('POST', `${at}/turns`, { prompt: 'mine' });
	const mine = { conversations: talk.id, turns: turn.id, messages: message.id,
		transfers: OWN_TRASH, approvals: OWN_TRASH,
		rules: OWN_TRASH, devices: OWN_TRASH, workspaces: space.id, clones: clone.id,
		sessions: s.id,
		folders: folder.id, runs: s.run.id,
		repos: repo.id, worktrees: OWN_TRASH,
		tokens: own[0].id, links: (await rdv.call('POST', '/api/links',
			{ session_id: (await rdv.session('shown')).id })).id };
	const id = Object.fromEntries(['user', 'session', 'run', 'folder', 'token',
		'link', 'repo', 'worktree', 'clone', 'workspace', 'transfer',
		'conversation', 'turn', 'message', 'approval', 'rule',
		'device'].map((k, i) =>
		[k, NOBODY.slice(0, -2) + (i + 1).toString(16).padStart(2, '0')]));
	const gone = once(rdv.main, 'exit');
	rdv.main.kill('SIGTERM');
	await gone;
	addStranger(path.join(rdv.base, 'server/rdv.db'), id, s);
	await rdv.up();

	const { paths } = await rdv.call('GET', '/api/openapi.json');
	const bodies = { exec: { command: 'x' }, input: { data: 'x' },
		keys: { keys: ['Enter'] }, clipboard: { data: 'x' },
		signal: { signal: 'KILL' }, folder: { folder_id: null },
		turns: { prompt: 'x' }, runs: { script: 'true' },
		queue: { prompt: 'x' }, reset: { turn_id: turn.id, force: true },
		'agent-status': { status: 'running' },
		approvals: { key: 'k', tool: 'x', wait_ms: 0 },
		withdraw: { key: 'k' },
		decision: { verdict: 'deny', digest: '0'.repeat(64) } };
	// What a route has to be told to say anything at all.
	const queries = { wait: '?exit=true' };
	// And what its owner is answered, where that is not 200.
	const answers = { clipboard: 204, history: 409 };
	const call = async (m, p, to) => {
		const target = p.replace('{id}', to) +
			(queries[p.split('/').pop()] ?? '');
		const r = await rdv.request(m, target, { body:
			m === 'GET' || m === 'DELETE' ? undefined :
				m === 'PATCH' ? p.startsWith('/api/messages') ?
					{ prompt: 'x' } : { name: 'x' } : bodies[p.split('/').pop()] });
		return [r.status, r.json && { ...r.json, request_id: '' }];
	};
	let routes = 0;
	const took = {};
	for (const [p, ops] of Object.entries(paths)) {
		const kind = /\/(clones|rules|devices)\//.exec(p)?.[1] ?? p.split('/')[2];
		if (!p.includes('{id}') || p.startsWith('/ws'))
			continue;
		for (const m of Object.keys(ops).map((x) => x.toUpperCase())) {
			const what = `${m} ${p}`, own_id = mine[kind];
			const none = await call(m, p, NOBODY);
			assert.equal(none[0], 404, what);
			const flip = own_id.slice(0, -1) +
				(own_id.endsWith('0') ? '1' : '0');
			for (const to of [id[kind.slice(0, -1)], flip,
				own_id.slice(0, -1), own_id.slice(0, 8), `${own_id}0`,
				own_id.toUpperCase() === own_id ? flip :
					own_id.toUpperCase(), `${own_id}%20`])
				assert.deepEqual(await call(m, p, to), none, `${what} ${to}`);
			// Nor can it be told by what the answer took.
			const [of_none, ...others] = await work(rdv, [NOBODY,
				id[kind.slice(0, -1)], flip].map((to) => () => call(m, p, to)));
			others.forEach((n) => assert.deepEqual(n, of_none, what));
			took[what] = of_none;
			if (m === 'GET')
				assert.equal((await call(m, p, own_id))[0],
					answers[p.split('/').pop()] ?? 200, what);
			routes++;
		}
	}
	assert.ok(routes > 15, `${routes} routes`);
	// Control: something was counted.
	const [idle] = await work(rdv, [async () => {}]);
	for (const what of ['GET /api/sessions/{id}', 'GET /api/runs/{id}'])
		assert.ok(took[what][0] > idle[0], `${what}: ${took[what]}`);
	const ws = (to) => ask(rdv, 'GET', `/ws/terminal/${to}`, { ...upgrade,
		Host: 'localhost', Authorization: `Bearer ${rdv.token}` },
	{ sock: rdv.term });
	const [theirs, none] = [await ws(id.session), await ws(NOBODY)];
	assert.deepEqual([theirs.status, theirs.json?.error],
		[none.status, none.json?.error]);
	// Nor in a list, an event, a count, or by filing mine in theirs.
	for (const list of ['/api/sessions?status=active,suspended,closed',
		'/api/folders', '/api/tokens', '/api/repos', '/api/repos/recent',
		'/api/repos/clones', '/api/workspaces', '/api/transfers',
		'/api/conversations', '/api/approvals', '/api/approvals/rules',
		'/api/push/devices', '/api/events?since=0&limit=1000']) {
		const r = await rdv.request('GET', list);
		assert.match(String(r.raw), /mine|cli/, list);
		assert.doesNotMatch(String(r.raw), /secret/, list);
	}
	assert.equal((await rdv.request('PATCH', `/api/sessions/${s.id}`,
		{ body: { folder_id: id.folder } })).status, 404);
	assert.equal((await rdv.request('POST', '/api/sessions/reorder',
		{ body: { session_ids: [id.session] } })).status, 404);
	assert.equal(execFileSync('sqlite3', [path.join(rdv.base, 'server/rdv.db'),
		`SELECT name, status FROM session WHERE id = '${id.session}';
		 SELECT count(*) FROM folder WHERE user_id = '${id.user}';`],
	{ encoding: 'utf8' }), 'secret|active\n1\n', 'theirs is as it was');
});

await test('C17 planted links lead nowhere', async (t) => {
	const rdv = await t.start(options);
	const names = ['cli-token', 'server/service-token', 'server/rdv.db',
		'server/rdv.db-wal', 'server/rdv.db-shm', 'server/rdv.db-journal',
		'server/audit.log', 'server/lock', 'server/runs', 'server/server.pid',
		'server/trash', 'worktrees', 'server', 'server/config.toml',
		'cli-token.tmp', 'server/service-token.tmp'];
	const into = [...names.map((name) => [name, 'x']),
		// A directory that is there, where one of ours would be made.
		['server', ''], ['server/runs', '']];
	for (const [name, to] of into) {
		const what = `${name} to ${to || 'a directory'}`;
		const base = path.join(rdv.scratch, what.replaceAll('/', '-'));
		const victim = path.join(rdv.scratch, `victim ${path.basename(base)}`);
		fs.mkdirSync(path.dirname(path.join(base, name)),
			{ recursive: true, mode: 0o700 });
		fs.mkdirSync(victim, { mode: 0o700 });
		fs.symlinkSync(path.join(victim, to), path.join(base, name));
		const was = fs.lstatSync(path.join(base, name)).ino;
		let how;
		try {
			const r = await Rdv.start({ base });
			await run(r, ['/bin/echo', 'x']);
			await r.stop();
			how = 'started';
		} catch (e) {
			how = String(e.message);
			assert.match(how, /ended|ready/, `${what}: ${how}`);
		}
		assert.deepEqual(fs.readdirSync(victim), [], `${what}: ${how}`);
		// It went on without it, or it says why it did not.
		if (how === 'started' && fs.existsSync(path.join(base, name)))
			assert.notEqual(fs.lstatSync(path.join(base, name)).ino, was, what);
	}
	assert.equal((await rdv.request('GET', '/api/user')).status, 200,
		'without links it starts');
});
