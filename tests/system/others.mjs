// Every id of one account, on every route and stream of another: the same
// answer as for an id that nobody has. The routes are rdvd's own list, so one
// that is new has to say here what it is asked with.
import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;
const NOBODY = '01900000-0000-7000-8000-000000000000';

const call = async (who, method, target, body, status = 201) => {
	const r = await s.over(who, method, target, { body });
	assert.equal(r.status, status, `${method} ${target}: ${r.raw}`);
	return r.json;
};

for (const who of [ann, bob])
	s.login(who);
const held = await call(ann, 'POST', '/api/sessions',
	{ name: 'hers', command: ['/bin/cat'] });
const ids = {
	session: held.id, run: held.run.id,
	folder: (await call(ann, 'POST', '/api/folders', { name: 'hers' })).id,
	token: (await call(ann, 'GET', '/api/tokens', undefined, 200))[0].id,
};
// A repository of an account's own, in its home.
async function repository(who, name) {
	const dir = path.join(who.home, name);

	assert.equal(s.as(who, 'sh', ['-c', 'git init -q "$0" && git -C "$0" ' +
		'-c user.name=t -c user.email=t@example.org commit -q --allow-empty ' +
		'-m x', dir]).status, 0);
	return (await call(who, 'POST', '/api/repos', { path: dir })).id;
}
ids.repo = await repository(ann, 'hers');
const link = await call(ann, 'POST', '/api/links', { session_id: held.id });
ids.link = link.id;
const repo = path.join(ann.home, 'theirs');
assert.equal(s.as(ann, 'sh', ['-c', 'git init -q "$0" && git -C "$0" ' +
	'-c user.name=t -c user.email=t@example.org commit -q --allow-empty -m x',
repo]).status, 0);
const tree = await call(ann, 'POST', '/api/worktrees', { repo_path: repo,
	branch: 'x', create_new_branch: true });
ids.worktree = (await call(ann, 'DELETE', '/api/worktrees',
	{ worktree_path: tree.path, force: true }, 200)).trash_id;
assert.ok(ids.worktree);
assert.equal(s.as(ann, 'mkdir', [path.join(ann.home, 'into')]).status, 0);
ids.clone = (await call(ann, 'POST', '/api/repos/clones', { url: repo,
	dir: path.join(ann.home, 'into/hers') }, 202)).id;
await waitFor('the clone', async () => (await call(ann, 'GET',
	`/api/repos/clones/${ids.clone}`, undefined, 200)).state === 'ready');
assert.equal(s.as(ann, 'git', ['-C', path.join(ann.home, 'into/hers'), 'remote',
	'get-url', 'origin']).status, 0);
ids.transfer = (await call(ann, 'POST', '/api/worktrees/fetch',
	{ worktree_path: path.join(ann.home, 'into/hers') }, 202)).id;
await waitFor('the fetch', async () => (await call(ann, 'GET',
	`/api/transfers/${ids.transfer}`, undefined, 200)).state === 'done');
assert.equal(s.as(ann, 'touch', [path.join(ann.home, 'into/hers/new')]).status,
	0);
ids.discard = (await call(ann, 'POST', '/api/worktrees/discard',
	{ worktree_path: path.join(ann.home, 'into/hers'), all: true }, 200)).id;
assert.ok(ids.discard);
const wish = { key: 'hers', tool: 'Bash', command: 'hers', wait_ms: 0 };
ids.approval = (await call(ann, 'POST', `/api/sessions/${held.id}/approvals`,
	wish, 200)).id;
ids.rule = (await call(ann, 'POST', '/api/approvals/rules',
	{ verdict: 'allow', tool: 'hers' })).id;
const hers = createECDH('prime256v1');
ids.device = (await call(ann, 'POST', '/api/push/devices', { name: 'hers',
	endpoint: 'https://updates.push.services.mozilla.com/hers', auth: 'A'.repeat(22),
	p256dh: hers.generateKeys('base64url') })).id;
ids.workspace = (await call(ann, 'POST', '/api/workspaces', { repos:
	[(await call(ann, 'POST', '/api/repos', { path: repo })).id] })).id;
ids.conversation = (await call(ann, 'POST', '/api/conversations',
	{ workspace_id: ids.workspace, agent: 'CLAUDE_CODE' })).id;
ids.turn = (await call(ann, 'POST',
	`/api/conversations/${ids.conversation}/turns`, { prompt: 'hers' })).turn.id;
ids.message = (await call(ann, 'POST',
	`/api/conversations/${ids.conversation}/queue`, { prompt: 'hers' })).id;
// Where the other one asks from, and what his own ids do in the same places.
const own = await call(bob, 'POST', '/api/sessions',
	{ name: 'his', command: ['/bin/cat'] });
const his = {
	session: own.id, run: own.run.id,
	folder: (await call(bob, 'POST', '/api/folders', { name: 'his' })).id,
	repo: await repository(bob, 'his'),
};
his.workspace = (await call(bob, 'POST', '/api/workspaces',
	{ repos: [his.repo] })).id;
his.conversation = (await call(bob, 'POST', '/api/conversations',
	{ workspace_id: his.workspace, agent: 'CLAUDE_CODE' })).id;
his.turn = (await call(bob, 'POST',
	`/api/conversations/${his.conversation}/turns`, { prompt: 'his' })).turn.id;

// What the id in the path is, the body with which it would be done, what stands
// behind the path, and what its owner is answered.
const PATHS = {
	'GET /api/folders/{id}': ['folder'],
	'PATCH /api/folders/{id}': ['folder', { name: 'taken' }],
	'GET /api/folders/{id}/children': ['folder'],
	'GET /api/folders/{id}/context': ['folder'],
	'GET /api/repos/{id}': ['repo'],
	'PATCH /api/repos/{id}': ['repo', { name: 'taken' }],
	'GET /api/repos/clones/{id}': ['clone'],
	'DELETE /api/repos/clones/{id}': ['clone', undefined, '', 409],
	'GET /api/transfers/{id}': ['transfer'],
	'DELETE /api/transfers/{id}': ['transfer', undefined, '', 409],
	'GET /api/repos/{id}/git': ['repo'],
	'GET /api/repos/{id}/branches': ['repo'],
	'GET /api/repos/{id}/tags': ['repo'],
	'GET /api/workspaces/{id}': ['workspace'],
	'PATCH /api/workspaces/{id}': ['workspace', { name: 'taken' }],
	'GET /api/workspaces/{id}/status': ['workspace'],
	'GET /api/workspaces/{id}/space': ['workspace'],
	'POST /api/workspaces/{id}/ensure': ['workspace', {}],
	'POST /api/workspaces/{id}/archive': ['workspace', {}],
	'POST /api/workspaces/{id}/restore': ['workspace', {}],
	'GET /api/workspaces/{id}/dev-servers': ['workspace'],
	'POST /api/workspaces/{id}/dev-servers': ['workspace', {}, '', 409],
	'POST /api/workspaces/{id}/dev-servers/stop': ['workspace', {}, '', 204],
	'GET /api/workspaces/{id}/runs': ['workspace'],
	'POST /api/workspaces/{id}/runs': ['workspace', { script: 'true' },
		'', 201],
	'GET /api/conversations/{id}': ['conversation'],
	'GET /api/conversations/{id}/turns': ['conversation'],
	'POST /api/conversations/{id}/turns': ['conversation', { prompt: 'x' }],
	'POST /api/conversations/{id}/stop': ['conversation'],
	'POST /api/conversations/{id}/reset': ['conversation',
		{ turn_id: ids.turn }],
	'POST /api/conversations/{id}/reset/undo': ['conversation'],
	'GET /api/conversations/{id}/resets': ['conversation'],
	'GET /api/conversations/{id}/queue': ['conversation'],
	'POST /api/conversations/{id}/queue': ['conversation', { prompt: 'x' }],
	'POST /api/conversations/{id}/queue/start': ['conversation'],
	'GET /api/turns/{id}': ['turn'],
	'POST /api/turns/{id}/stop': ['turn'],
	'PATCH /api/messages/{id}': ['message', { prompt: 'taken' }],
	'GET /api/sessions/{id}': ['session'],
	'GET /api/sessions/{id}/clipboard': ['session', undefined, '', 204],
	'POST /api/sessions/{id}/clipboard': ['session', { data: 'x' }],
	'GET /api/sessions/{id}/tmux/history': ['session', undefined, '', 409],
	'GET /api/sessions/{id}/runs': ['session'],
	'GET /api/sessions/{id}/screen': ['session'],
	'GET /api/sessions/{id}/scrollback': ['session'],
	'GET /api/sessions/{id}/viewers': ['session'],
	'GET /api/sessions/{id}/wait': ['session', undefined,
		'?exit=true&timeout_ms=0'],
	'PATCH /api/sessions/{id}': ['session', { name: 'taken' }],
	'PUT /api/sessions/{id}/folder': ['session', { folder_id: null }],
	'POST /api/sessions/{id}/exec': ['session', { command: 'x' }],
	'POST /api/sessions/{id}/input': ['session', { data: 'x' }],
	'POST /api/sessions/{id}/agent-status': ['session',
		{ status: 'running' }],
	'POST /api/sessions/{id}/keys': ['session', { keys: ['Up'] }],
	'POST /api/sessions/{id}/terminal-token': ['session', {}],
	'POST /api/sessions/{id}/signal': ['session', { signal: 'CONT' }],
	'POST /api/sessions/{id}/suspend': ['session', {}],
	'POST /api/sessions/{id}/resume': ['session', {}],
	'POST /api/sessions/{id}/approvals': ['session', wish],
	'POST /api/sessions/{id}/approvals/withdraw': ['session', { key: 'x' }],
	'GET /api/sessions/{id}/bypass': ['session'],
	'PUT /api/sessions/{id}/bypass': ['session'],
	'DELETE /api/sessions/{id}/bypass': ['session'],
	'GET /api/approvals/{id}': ['approval'],
	'POST /api/approvals/{id}/decision': ['approval',
		{ verdict: 'approve', digest: '0'.repeat(64) }],
	'DELETE /api/approvals/rules/{id}': ['rule'],
	'GET /api/push/devices/{id}': ['device'],
	'POST /api/push/devices/{id}/test': ['device'],
	'DELETE /api/push/devices/{id}': ['device'],
	'GET /api/runs/{id}': ['run'],
	'GET /api/runs/{id}/log': ['run'],
	'GET /api/runs/{id}/cast': ['run'],
	'GET /api/runs/{id}/entries': ['run'],
	'GET /api/runs/{id}/entries/stream': ['run'],
	'GET /api/tokens/{id}': ['token'],
	'POST /api/runs/{id}/stop': ['run', {}],
	'DELETE /api/runs/{id}/log': ['run'],
	'DELETE /api/links/{id}': ['link'],
	'DELETE /api/folders/{id}': ['folder'],
	'DELETE /api/repos/{id}': ['repo'],
	'DELETE /api/sessions/{id}': ['session'],
	'DELETE /api/worktrees/trash/{id}': ['worktree'],
	'DELETE /api/messages/{id}': ['message'],
	'DELETE /api/conversations/{id}': ['conversation'],
	'DELETE /api/workspaces/{id}': ['workspace'],
	'DELETE /api/tokens/{id}': ['token'],
	'GET /ws/terminal/{session_id}': ['session'],
};

// Ids in bodies and queries: what is done to one's own with what is another's.
// Method and path, the field, the rest of what is asked, and what it names.
const FIELDS = [
	['POST /api/folders', 'parent_id', { name: 'x' }, 'folder'],
	['PATCH /api/folders/{id}', 'parent_id', {}, 'folder'],
	['POST /api/folders/reorder', 'folder_ids', {}, 'folder'],
	['POST /api/sessions', 'folder_id', { name: 'x',
		command: ['/bin/true'] }, 'folder'],
	['PATCH /api/sessions/{id}', 'folder_id', {}, 'folder'],
	['PUT /api/sessions/{id}/folder', 'folder_id', {}, 'folder'],
	['POST /api/sessions/reorder', 'session_ids', {}, 'session'],
	['POST /api/worktrees/restore', 'id', {}, 'worktree'],
	['POST /api/worktrees/discards/restore', 'id', {}, 'discard'],
	['POST /api/links', 'session_id', {}, 'session'],
	['POST /api/tokens', 'session_id', { name: 'x', scopes: ['run'] },
		'session'],
	['POST /api/login', 'session_id', { sha256: 'a'.repeat(64), name: 'x',
		scopes: ['run'] }, 'session'],
	['GET /api/sessions', 'folder_id', {}, 'folder'],
	['GET /api/links', 'session_id', {}, 'session'],
	['GET /api/sessions/{id}/wait', 'run_id', { exit: true, timeout_ms: 0 },
		'run'],
	// A terminal's is asked below.
	['GET /ws/terminal/{session_id}', 'run_id', {}, 'run'],
	['POST /api/workspaces', 'repos', {}, 'repo'],
	['POST /api/sessions/{id}/approvals', 'run_id', wish, 'run'],
	['POST /api/sessions/{id}/approvals/withdraw', 'run_id', { key: 'x' },
		'run'],
	['POST /api/approvals/rules', 'session_id', { verdict: 'allow', tool: 'x',
		scope: 'session' }, 'session'],
	['POST /api/approvals/rules', 'workspace_id', { verdict: 'allow',
		tool: 'x', scope: 'workspace' }, 'workspace'],
	['GET /api/approvals', 'session_id', {}, 'session'],
	['GET /api/approvals', 'run_id', {}, 'run'],
	['POST /api/conversations', 'workspace_id', { agent: 'CLAUDE_CODE' },
		'workspace'],
	['POST /api/conversations', 'folder_id', { agent: 'CLAUDE_CODE',
		workspace_id: his.workspace }, 'folder'],
	['GET /api/conversations', 'workspace_id', {}, 'workspace'],
	['POST /api/workspaces/{id}/runs', 'repo_id', { script: 'true' },
		'repo'],
	['POST /api/conversations/{id}/reset', 'turn_id', {}, 'turn'],
];

// What needs no id and tells of more than one thing.
const LISTS = ['/api/agents', '/api/agents/config', '/api/agents/fields',
	'/api/sessions', '/api/folders', '/api/tokens', '/api/repos',
	'/api/repos/recent', '/api/repos/discover', '/api/repos/clones',
	'/api/workspaces',
	'/api/conversations', '/api/links', '/api/transfers', '/api/approvals',
	'/api/runs', '/api/runs?live=true',
	`/api/approvals?session_id=${ids.session}`, '/api/approvals/rules',
	'/api/push/key', '/api/push/devices',
	`/api/links?session_id=${ids.session}`, '/api/worktrees/trash',
	'/api/gc', '/api/integrity', '/api/worktrees/operations',
	'/api/worktrees/discards', '/api/status', '/metrics', '/api/events?since=0&limit=1000', '/api/user',
	'/api/auth/me', '/api/tmux/sessions'];
// What is asked about a path: tests/system/worktrees.mjs.
const BY_PATH = ['', '/status', '/changes', '/diff', '/diffstat', '/file',
	'/log', '/space', '/tree', '/compare', '/merge', '/blame', '/conflicts',
	'/conflict', '/diff/stream', '/branches/deleted', '/stashes']
	.map((tail) => `/api/worktrees${tail}`).concat('/ws/worktrees/diff');

// All that an answer says, but for what names the request itself.
const said = ({ status, json, raw }) => {
	const { request_id: _, ...rest } = json ?? { raw: `${raw}` };
	return { status, ...rest };
};

function terminal(who, id) {
	return s.raw(`GET /ws/terminal/${id} HTTP/1.1\r\nHost: localhost\r\n` +
		`Authorization: Bearer ${who.token}\r\nConnection: Upgrade\r\n` +
		'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
		'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
	{ sock: path.join(who.run, 'terminal.sock'),
		until: (t) => /"type":"(ready|error)"/.test(t) });
}

const bare = (text) => text.replace(/^Date:.*$/m, '')
	.replace(/^X-Request-ID:.*$/mi, '').replace(/"request_id":"[^"]*"/g, '');

await test('every route with an id has a line here', async () => {
	const { paths } = await call(ann, 'GET', '/api/openapi.json', undefined,
		200);
	const have = Object.entries(paths).flatMap(([p, ops]) => Object.keys(ops)
		.map((m) => `${m.toUpperCase()} ${p}`)).filter((r) => /\{/.test(r));
	assert.deepEqual(have.sort(), Object.keys(PATHS).sort());
});

await test('every field that takes an id has a line here', async () => {
	const { paths } = await call(ann, 'GET', '/api/openapi.json', undefined,
		200);
	const fields = ({ requestBody, parameters = [] }) => [
		...Object.keys(requestBody?.content['application/json'].schema
			.properties ?? {}),
		...parameters.filter((p) => p.in === 'query').map((p) => p.name)];
	// What an agent calls its own is no id of ours.
	const theirs = ['model_id', 'agent_id', 'reasoning_id'];
	const have = Object.entries(paths).flatMap(([p, ops]) =>
		Object.entries(ops).flatMap(([m, op]) => fields(op)
			.filter((name) => /(^|_)ids?$|^repos$/.test(name) &&
				!theirs.includes(name))
			.map((name) => `${m.toUpperCase()} ${p} ${name}`)));
	assert.deepEqual(have.sort(), FIELDS.map(([route, name]) =>
		`${route} ${name}`).sort());
});

await test('every list has a line here', async () => {
	const { paths } = await call(ann, 'GET', '/api/openapi.json', undefined,
		200);
	const have = Object.entries(paths).filter(([p, ops]) => 'get' in ops &&
		!p.includes('{') && ops.get['x-rdv-scopes'].length > 0)
		.map(([p]) => p);
	assert.deepEqual(have.sort(), [...new Set(LISTS.map((target) =>
		target.split('?')[0])), ...BY_PATH].sort());
});

await test('C14 another\'s id on every route is an id that nobody has',
	async () => {
		for (const [route, [kind, body, query = '']] of
			Object.entries(PATHS)) {
			const [method, pattern] = route.split(' ');
			if (pattern.startsWith('/ws/'))
				continue;
			const ask = (id) => s.over(bob, method,
				pattern.replace(/\{\w+\}/, id) + query, { body });
			const hers = said(await ask(ids[kind]));
			assert.equal(hers.status, 404, `${route}: ${hers.error}`);
			assert.deepEqual(hers, said(await ask(NOBODY)), route);
		}
	});

// An answer as if it had been asked for nobody's id.
const plain = (answer, id) => JSON.parse(JSON.stringify(answer)
	.replaceAll(id, NOBODY));

await test('C14 nor does a body or a query get at it', async () => {
	for (const [route, name, rest, kind] of FIELDS) {
		const [method, pattern] = route.split(' ');
		if (pattern.startsWith('/ws/'))
			continue;
		const target = pattern.replace('{id}',
			his[pattern.split('/')[2].slice(0, -1)]);
		const ask = (id) => {
			const all = { ...rest, [name]: name.endsWith('s') ? [id] : id };
			return s.over(bob, method, method === 'GET' ?
				`${target}?${new URLSearchParams(all)}` : target,
			{ body: method === 'GET' ? undefined : all });
		};
		const what = `${route} ${name}`, hers = said(await ask(ids[kind]));
		// A list is asked for what is in it, and has nothing.
		if (method === 'GET' && hers.status === 200)
			assert.doesNotMatch(JSON.stringify(hers), /hers/, what);
		else
			assert.ok(hers.status >= 400, `${what}: ${hers.status}`);
		// Some repeat what they were asked for.
		assert.deepEqual(plain(hers, ids[kind]), said(await ask(NOBODY)),
			what);
		// It is of that id that this was said; of a token it is seen below.
		if (his[kind] !== undefined && !/tokens|login/.test(route))
			assert.notDeepEqual(plain(said(await ask(his[kind])), his[kind]),
				plain(hers, ids[kind]), `control: ${what}`);
	}
});

// As rdv login does it, which proves by a file whose token it is.
function enrolled(id, digit) {
	const hex = digit.repeat(64);
	assert.equal(s.as(bob, 'sh', ['-c', 'umask 077; mkdir -p "$1/enroll" && ' +
		'echo "$2" >"$1/enroll/$2"', 'sh', bob.run, hex]).status, 0);
	// Only who is at the socket himself is heard here, not root.
	const r = s.as(bob, process.execPath, ['-e', `
		const r = require('http').request({ method: 'POST',
			path: '/api/login', socketPath: process.argv[1], headers: {
				Host: 'localhost', 'Content-Type': 'application/json' } },
		(a) => { console.log(a.statusCode); a.pipe(process.stdout); });
		r.end(process.argv[2]);`, path.join(bob.run, 'api.sock'),
	JSON.stringify({ sha256: hex, name: 'x', scopes: ['run'],
		session_id: id })]);
	const [status, json] = r.out.split('\n', 2);
	return said({ status: +status, json: JSON.parse(json) });
}

await test('C14 nor is a token made for a session of another\'s', () => {
	const hers = enrolled(ids.session, 'a');
	assert.equal(hers.status, 404, JSON.stringify(hers));
	assert.deepEqual(hers, enrolled(NOBODY, 'b'));
	assert.equal(enrolled(his.session, 'c').status, 201, 'control');
});

await test('C14 nor a terminal or a stream', async () => {
	const none = await terminal(bob, NOBODY);
	assert.match(none, /NOT_FOUND/);
	assert.equal(bare(await terminal(bob, ids.session)), bare(none));
	assert.match(await terminal(ann, ids.session), /"type":"ready"/, 'control');
	const mine = (run) => terminal(bob, `${his.session}?run_id=${run}`);
	assert.equal(bare(await mine(ids.run)).replaceAll(ids.run, NOBODY),
		bare(await mine(NOBODY)));
	// A run that is not this session's is not shown, whosever it is.
	assert.match(await mine(ids.run), new RegExp(`"run_id":"${his.run}"`));
	for (const accept of ['text/event-stream', 'application/x-ndjson']) {
		for (const tail of ['log?follow=true', 'entries/stream']) {
			const ask = (id) => s.over(bob, 'GET', `/api/runs/${id}/${tail}`,
				{ headers: { Accept: accept } });
			const hers = said(await ask(ids.run));
			assert.equal(hers.status, 404);
			assert.deepEqual(hers, said(await ask(NOBODY)));
		}
	}
});

await test('C14 lists and events name nothing of another\'s', async () => {
	let all = '';
	for (const target of LISTS) {
		const text = `${(await s.over(bob, 'GET', target)).raw}`;
		for (const id of [...Object.values(ids), ann.name])
			assert.equal(text.includes(id), false, `${target}: ${id}`);
		all += (await s.over(ann, 'GET', target)).raw;
	}
	for (const id of Object.values(ids))
		assert.ok(all.includes(id), `control: ${id}`);
});

// Looked for with the account's own eyes, below a home that nobody else enters.
await test('L10 each account has agents of its own', async () => {
	const codex = async (who) => (await call(who, 'GET', '/api/agents',
		undefined, 200)).items.find((a) => a.name === 'CODEX');
	const before = await codex(bob);
	const at = path.join(ann.home, '.local/bin/codex');

	assert.equal(s.as(ann, 'sh', ['-c', 'umask 022; mkdir -p "${0%/*}" && ' +
		'echo "#!/bin/sh" >"$0" && chmod 755 "$0"', at]).status, 0);
	assert.equal((await codex(ann)).program, at);
	assert.deepEqual(await codex(bob), before);
	assert.equal(s.as(ann, 'chmod', ['777', at]).status, 0);
	assert.equal((await codex(ann)).state, 'refused');
});

// Through the web, where it is good, and over a person's own socket, where a
// credential is heard of that person alone.
const exchange = (who, secret) => s.over(who, 'POST', '/api/links/open',
	{ body: { secret }, token: null, headers: { Host: '127.0.0.1:8443',
		Origin: 'http://127.0.0.1:8443' } });

await test('C14 a link is exchanged through the web, and by no other account',
	async () => {
		const web = await s.request('POST', '/api/links/open', { token: null,
			body: { secret: link.secret }, headers: {
				Host: '127.0.0.1:8443', Origin: 'http://127.0.0.1:8443' } });
		assert.equal(web.status, 200, `${web.raw}`);
		assert.deepEqual([web.json.session_id, web.json.owner,
			web.json.mode], [ids.session, ann.name, 'read']);
		const his = said(await exchange(bob, link.secret));
		assert.equal(his.status, 404);
		assert.deepEqual(his, said(await exchange(bob, 'x'.repeat(43))));
		// The ticket that came of it opens nothing there either.
		const t = await s.raw(`GET /ws/terminal/${ids.session}?token=` +
			`${web.json.token} HTTP/1.1\r\nHost: 127.0.0.1:8443\r\n` +
			'Origin: http://127.0.0.1:8443\r\nConnection: Upgrade\r\n' +
			'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
			'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
		{ sock: path.join(bob.run, 'terminal.sock'),
			until: (text) => /"type":"(ready|error)"/.test(text) });
		assert.match(t, /INVALID_TOKEN/);
	});

await test('C12 on a host nobody types by a link, unless root says so',
	async () => {
		const r = await s.over(ann, 'POST', '/api/links',
			{ body: { session_id: ids.session, mode: 'write' } });
		assert.equal(r.status, 403, `${r.raw}`);
		assert.match(r.json.error, /^sharing\.links = "auto" \(the default\)/);
	});

await test('K13 nobody decides what another is asked', async () => {
	const made = s.rdv(ann, 'token', 'new', 'agent', '--scope', 'run',
		'--session', held.id);
	const rawKey = made.out.trim();
	assert.match(rawKey, /^rdv_/, made.err);
	const asked = s.over({ ...ann, token: rawKey }, 'POST',
		`/api/sessions/${held.id}/approvals`,
		{ body: { ...wish, key: 'K13', wait_ms: 60000 } });
	const { id } = await waitFor('what is asked', async () => (await call(ann,
		'GET', '/api/approvals?state=pending', undefined, 200)).items
		.find((i) => i.id !== ids.approval));
	const { digest } = await call(ann, 'GET', `/api/approvals/${id}`,
		undefined, 200);
	// With all that there is to know of it.
	for (const verdict of ['approve', 'deny', 'answer']) {
		const decide = (to) => s.over(bob, 'POST',
			`/api/approvals/${to}/decision`, { body: { verdict, digest } });
		const hers = said(await decide(id));
		assert.equal(hers.status, 404, verdict);
		assert.deepEqual(hers, said(await decide(NOBODY)));
	}
	// Nor by a key of the same name, or a rule of his.
	await call(bob, 'POST', `/api/sessions/${own.id}/approvals/withdraw`,
		{ key: 'K13' }, 204);
	const rule = await call(bob, 'POST', '/api/approvals/rules',
		{ verdict: 'allow', tool: wish.tool, pattern: [wish.command] });
	const now = await call(ann, 'GET', `/api/approvals/${id}`, undefined, 200);
	assert.deepEqual([now.state, now.attempts], ['pending', []]);
	await call(ann, 'POST', `/api/approvals/${id}/decision`,
		{ verdict: 'approve', digest }, 200);
	assert.deepEqual((({ status, json }) => [status, json.granted, json.id])(
		await asked), [200, true, id]);
	// The rule decides for him, and is about nothing of hers.
	const again = (who, to) => s.over(who, 'POST',
		`/api/sessions/${to}/approvals`, { body: { ...wish, key: 'K13 again' } });
	assert.equal((await again({ ...ann, token: rawKey }, held.id)).json.state,
		'pending');
	assert.equal((await again(bob, own.id)).json.via, 'rule', 'control');
	await call(bob, 'DELETE', `/api/approvals/rules/${rule.id}`, undefined, 204);
});

await test('C14 and nothing of hers has changed', async () => {
	for (const [route, [kind, , query = '', own = 200]] of
		Object.entries(PATHS)) {
		const [method, pattern] = route.split(' ');
		// What goes on as long as a run does is read further up.
		if (method !== 'GET' || pattern.startsWith('/ws/') ||
			pattern.endsWith('/stream'))
			continue;
		const r = await s.over(ann, 'GET',
			pattern.replace(/\{\w+\}/, ids[kind]) + query);
		assert.equal(r.status, own, `${route}: ${r.raw}`);
	}
	const now = await call(ann, 'GET', `/api/sessions/${ids.session}`,
		undefined, 200);
	assert.equal(now.name, 'hers');
	assert.equal(now.run.state, 'running');
	assert.equal((await call(ann, 'GET', `/api/folders/${ids.folder}`,
		undefined, 200)).name, 'hers');
});

// Last, as it changes and ends them: in the order of the lines above.
await test('C14 to its owner none of them is as what is not there', async () => {
	for (const [route, [kind, body, query = '']] of Object.entries(PATHS)) {
		const [method, pattern] = route.split(' ');
		if (method === 'GET' || pattern.startsWith('/ws/'))
			continue;
		const r = await s.over(ann, method,
			pattern.replace(/\{\w+\}/, ids[kind]) + query, { body });
		assert.ok(r.status < 500 && ![401, 404].includes(r.status),
			`${route}: ${r.raw}`);
	}
	s.login(ann);
});

await test('all of it ends', async (t) => {
	t.after(() => s.stop());
	for (const [who, id] of [[ann, ids.session], [bob, his.session]])
		await s.over(who, 'DELETE', `/api/sessions/${id}`);
	await waitFor('the end', async () => (await s.over(ann, 'GET',
		`/api/runs/${ids.run}`)).json?.state !== 'running');
});
