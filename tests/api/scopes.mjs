// Every route times every kind of credential. The cells are written down here
// and not derived from the rows, so that a row that asks for less than it should
// is found; a route that has no line here fails.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Rdv, deadline, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from './terminal.mjs';

const WEB = '127.0.0.1:8443', ORIGIN = `http://${WEB}`;
const NOBODY = '01900000-0000-7000-8000-000000000000';

// In this order stand the cells: + what the line says, else 401, 403, 404.
const KINDS = ['none', 'service', 'service for a user', 'cookie',
	'cookie without its key', 'full', 'read', 'approve', 'run here',
	'run elsewhere', 'expired', 'revoked', 'wrong', 'link to look',
	'link to type', 'sign-in code', 'ticket'];
const STATUS = { 1: 401, 3: 403, 4: 404 };
const OPEN	= '+ + + + + + + + + + + + + + + + +';
const ANY	= '1 1 + + 1 + + + + + 1 1 1 1 1 1 1';
const READ	= '1 1 + + 1 + + + 3 3 1 1 1 1 1 1 1';
const WRITE	= '1 1 + + 1 + 3 3 3 3 1 1 1 1 1 1 1';
const TOKENS	= '1 1 3 + 1 + 3 3 3 3 1 1 1 1 1 1 1';
const APPROVE	= '1 1 3 + 1 + 3 + 3 3 1 1 1 1 1 1 1';
// Inside of one session: looked at, and acted on.
const LOOK	= '1 1 + + 1 + + + + 4 1 1 1 1 1 1 1';
const ACT	= '1 1 + + 1 + 3 3 + 4 1 1 1 1 1 1 1';

// Method and pattern: cells, what + is, and what is asked. What would change
// something is asked with a body that is refused after the credential was heard.
const bad = { no_such_field: 1 };
const at = (id) => ({ id });
const TABLE = {
	'GET /health': [OPEN, 200],
	'GET /api/openapi.json': [OPEN, 200],
	'GET /metrics': [READ, 200],
	'GET /api/status': [READ, 200],
	'GET /api/user': [READ, 200],
	'GET /api/events': [READ, 200],
	'GET /api/gc': [READ, 200],
	'GET /api/integrity': [READ, 200],
	'POST /api/integrity': [WRITE, 200],
	'POST /api/gc': [WRITE, 202],
	'GET /api/folders': [READ, 200],
	'POST /api/folders': [WRITE, 422, { body: bad }],
	'POST /api/folders/reorder': [WRITE, 422, { body: bad }],
	'GET /api/folders/{id}': [READ, 200, at('folder')],
	'PATCH /api/folders/{id}': [WRITE, 422, { id: 'folder', body: bad }],
	'DELETE /api/folders/{id}': [WRITE, 404],
	'GET /api/folders/{id}/children': [READ, 200, at('folder')],
	'GET /api/folders/{id}/context': [READ, 200, at('folder')],
	'GET /api/sessions/{id}/tmux/history': [LOOK, 409, at('session')],
	'GET /api/tmux/sessions': [READ, 200],
	'POST /api/tmux/adopt': [WRITE, 422, { body: bad }],
	'POST /api/tmux/kill': [WRITE, 422, { body: bad }],
	'GET /api/sessions': [READ, 200],
	'POST /api/sessions': [WRITE, 422, { body: bad }],
	'POST /api/sessions/reorder': [WRITE, 422, { body: bad }],
	'GET /api/sessions/{id}': [LOOK, 200, at('session')],
	'PATCH /api/sessions/{id}': [WRITE, 422, { id: 'session', body: bad }],
	'DELETE /api/sessions/{id}': [WRITE, 404],
	'POST /api/sessions/{id}/suspend': [WRITE, 404],
	'POST /api/sessions/{id}/resume': [WRITE, 404],
	'PUT /api/sessions/{id}/folder': [WRITE, 422, { id: 'session',
		body: bad }],
	'POST /api/sessions/{id}/exec': [ACT, 422, { id: 'session', body: bad }],
	'POST /api/sessions/{id}/input': [ACT, 422, { id: 'session', body: bad }],
	'POST /api/sessions/{id}/keys': [ACT, 422, { id: 'session', body: bad }],
	'POST /api/sessions/{id}/signal': [ACT, 422, { id: 'session',
		body: bad }],
	'POST /api/sessions/{id}/agent-status': [ACT, 422, { id: 'session',
		body: bad }],
	'GET /api/sessions/{id}/clipboard': [ACT, 204, at('session')],
	'POST /api/sessions/{id}/clipboard': [ACT, 422, { id: 'session',
		body: bad }],
	'GET /api/sessions/{id}/scrollback': [LOOK, 200, at('session')],
	'GET /api/sessions/{id}/screen': [LOOK, 200, at('session')],
	'GET /api/sessions/{id}/viewers': [LOOK, 200, at('session')],
	'GET /api/sessions/{id}/wait': [LOOK, 400, at('session')],
	'GET /api/sessions/{id}/runs': [LOOK, 200, at('session')],
	'POST /api/sessions/{id}/terminal-token': [LOOK, 422, { id: 'session',
		body: bad }],
	'POST /api/sessions/{id}/approvals': [ACT, 422, { id: 'session',
		body: bad }],
	'POST /api/sessions/{id}/approvals/withdraw': [ACT, 422,
		{ id: 'session', body: bad }],
	'GET /api/approvals': [READ, 200],
	'GET /api/approvals/{id}': [READ, 404],
	'POST /api/approvals/{id}/decision': [APPROVE, 422, { body: bad }],
	'GET /api/approvals/rules': [READ, 200],
	'POST /api/approvals/rules': [TOKENS, 422, { body: bad }],
	'DELETE /api/approvals/rules/{id}': [TOKENS, 404],
	'GET /api/push/key': [READ, 200],
	'GET /api/push/devices': [READ, 200],
	'POST /api/push/devices': [WRITE, 422, { body: bad }],
	'GET /api/push/devices/{id}': [READ, 404],
	'DELETE /api/push/devices/{id}': [WRITE, 404],
	'POST /api/push/devices/{id}/test': [WRITE, 404],
	'GET /api/sessions/{id}/bypass': [READ, 200, at('session')],
	'PUT /api/sessions/{id}/bypass': [TOKENS, 422, { id: 'session',
		body: bad }],
	'DELETE /api/sessions/{id}/bypass': [TOKENS, 404],
	'GET /api/runs/{id}': [LOOK, 200, at('run')],
	'GET /api/runs/{id}/log': [LOOK, 200, at('run')],
	'GET /api/runs/{id}/cast': [LOOK, 200, at('run')],
	'GET /api/runs/{id}/entries': [LOOK, 200, at('run')],
	'GET /api/runs/{id}/entries/stream': [LOOK, 200, at('run')],
	'DELETE /api/runs/{id}/log': [WRITE, 404],
	'GET /ws/terminal/{session_id}': [LOOK, 101, at('session')],
	'POST /api/auth/code': [WRITE, 422, { body: bad }],
	'POST /api/auth/login': [OPEN, 422, { body: bad }],
	'POST /api/login': [OPEN, 422, { body: bad }],
	// Only a cookie signs out; that it works is tested below.
	'POST /api/auth/logout': [ANY, 422, { body: bad }],
	'GET /api/auth/me': [ANY, 200],
	'POST /api/service-token/rotate': [TOKENS, 422, { body: bad }],
	'POST /api/links/open': [OPEN, 422, { body: bad }],
	'GET /api/links': [TOKENS, 200],
	'POST /api/links': [TOKENS, 422, { body: bad }],
	'DELETE /api/links/{id}': [TOKENS, 404],
	'GET /api/tokens': [TOKENS, 200],
	'POST /api/tokens': [TOKENS, 422, { body: bad }],
	'GET /api/tokens/{id}': [TOKENS, 200, at('token')],
	'DELETE /api/tokens/{id}': [TOKENS, 404],
	'GET /api/agents': [READ, 200],
	'GET /api/agents/fields': [READ, 200],
	'GET /api/agents/config': [READ, 200],
	'PUT /api/agents/config': [TOKENS, 422, { body: bad }],
	'GET /api/repos': [READ, 200],
	'POST /api/repos': [WRITE, 422, { body: bad }],
	'GET /api/repos/recent': [READ, 200],
	'GET /api/repos/discover': [READ, 200],
	'GET /api/repos/clones': [READ, 200],
	'POST /api/repos/clones': [WRITE, 422, { body: bad }],
	'GET /api/repos/clones/{id}': [READ, 404],
	'DELETE /api/repos/clones/{id}': [WRITE, 404],
	'GET /api/repos/{id}': [READ, 200, at('repo')],
	'PATCH /api/repos/{id}': [WRITE, 422, { id: 'repo', body: bad }],
	'DELETE /api/repos/{id}': [WRITE, 404],
	'GET /api/repos/{id}/git': [READ, 200, at('repo')],
	'GET /api/repos/{id}/branches': [READ, 200, at('repo')],
	'GET /api/repos/{id}/tags': [READ, 200, at('repo')],
	'GET /api/workspaces': [READ, 200],
	'POST /api/workspaces': [WRITE, 422, { body: bad }],
	'GET /api/workspaces/{id}': [READ, 404],
	'PATCH /api/workspaces/{id}': [WRITE, 422, { body: bad }],
	'DELETE /api/workspaces/{id}': [WRITE, 404],
	'GET /api/workspaces/{id}/status': [READ, 404],
	'GET /api/workspaces/{id}/space': [READ, 404],
	'POST /api/workspaces/{id}/ensure': [WRITE, 404],
	'POST /api/workspaces/{id}/archive': [WRITE, 422, { body: bad }],
	'POST /api/workspaces/{id}/restore': [WRITE, 404],
	'GET /api/workspaces/{id}/runs': [READ, 404],
	'POST /api/workspaces/{id}/runs': [WRITE, 422, { body: bad }],
	'GET /api/workspaces/{id}/dev-servers': [READ, 404],
	'POST /api/workspaces/{id}/dev-servers': [WRITE, 422, { body: bad }],
	'POST /api/workspaces/{id}/dev-servers/stop': [WRITE, 404],
	'GET /api/runs': [READ, 200],
	'POST /api/runs/{id}/stop': [WRITE, 404],
	'GET /api/conversations': [READ, 200],
	'POST /api/conversations': [WRITE, 422, { body: bad }],
	'GET /api/conversations/{id}': [READ, 404],
	'DELETE /api/conversations/{id}': [WRITE, 404],
	'GET /api/conversations/{id}/turns': [READ, 404],
	'POST /api/conversations/{id}/turns': [WRITE, 422, { body: bad }],
	'POST /api/conversations/{id}/stop': [WRITE, 404],
	'POST /api/conversations/{id}/reset': [WRITE, 422, { body: bad }],
	'POST /api/conversations/{id}/reset/undo': [WRITE, 404],
	'GET /api/conversations/{id}/resets': [READ, 404],
	'GET /api/conversations/{id}/queue': [READ, 404],
	'POST /api/conversations/{id}/queue': [WRITE, 422, { body: bad }],
	'POST /api/conversations/{id}/queue/start': [WRITE, 404],
	'GET /api/turns/{id}': [READ, 404],
	'POST /api/turns/{id}/stop': [WRITE, 404],
	'PATCH /api/messages/{id}': [WRITE, 422, { body: bad }],
	'DELETE /api/messages/{id}': [WRITE, 404],
	'GET /api/worktrees': [READ, 422],
	'POST /api/worktrees': [WRITE, 422, { body: bad }],
	'DELETE /api/worktrees': [WRITE, 422, { body: bad }],
	'GET /api/worktrees/status': [READ, 422],
	'GET /api/worktrees/changes': [READ, 422],
	'GET /api/worktrees/diff': [READ, 422],
	'GET /api/worktrees/diff/stream': [READ, 422],
	'GET /ws/worktrees/diff': [READ, 422],
	'GET /api/worktrees/diffstat': [READ, 422],
	'GET /api/worktrees/file': [READ, 422],
	'GET /api/worktrees/log': [READ, 422],
	'GET /api/worktrees/compare': [READ, 422],
	'GET /api/worktrees/merge': [READ, 422],
	'GET /api/worktrees/blame': [READ, 422],
	'POST /api/worktrees/merge': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/rebase': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/pick': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/continue': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/skip': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/abort': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/resolve': [WRITE, 422, { body: bad }],
	'GET /api/worktrees/conflicts': [READ, 422],
	'GET /api/worktrees/conflict': [READ, 422],
	'GET /api/worktrees/operations': [READ, 200],
	'GET /api/worktrees/tree': [READ, 422],
	'GET /api/worktrees/space': [READ, 422],
	'DELETE /api/worktrees/remove': [WRITE, 422],
	'POST /api/worktrees/check': [READ, 422, { body: bad }],
	'POST /api/worktrees/stage': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/unstage': [WRITE, 422, { body: bad }],
	'GET /api/worktrees/stashes': [READ, 422],
	'POST /api/worktrees/stash': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/stash/apply': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/stash/pop': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/stash/drop': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/discard': [WRITE, 422, { body: bad }],
	'GET /api/worktrees/discards': [READ, 200],
	'POST /api/worktrees/discards/restore': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/commit': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/watch': [READ, 422, { body: bad }],
	'POST /api/worktrees/branches': [WRITE, 422, { body: bad }],
	'PATCH /api/worktrees/branches': [WRITE, 422, { body: bad }],
	'DELETE /api/worktrees/branches': [WRITE, 422],
	'GET /api/worktrees/branches/deleted': [READ, 422],
	'POST /api/worktrees/branches/restore': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/push': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/fetch': [WRITE, 422, { body: bad }],
	'POST /api/worktrees/pull': [WRITE, 422, { body: bad }],
	'GET /api/transfers': [READ, 200],
	'GET /api/transfers/{id}': [READ, 404],
	'DELETE /api/transfers/{id}': [WRITE, 404],
	'GET /api/worktrees/trash': [READ, 200],
	'DELETE /api/worktrees/trash/{id}': [WRITE, 404],
	'POST /api/worktrees/restore': [WRITE, 422, { body: bad }],
};
// The same paths as what never ends by itself.
const STREAMS = [
	['GET /api/events', READ, 'text/event-stream', '', {}],
	['GET /api/events', READ, 'application/x-ndjson', '', {}],
	['GET /api/runs/{id}/log', LOOK, 'text/event-stream', '?follow=true',
		at('run')],
	['GET /api/runs/{id}/log', LOOK, 'application/x-ndjson', '?follow=true',
		at('run')],
	['GET /api/runs/{id}/entries/stream', LOOK, 'text/event-stream', '',
		at('run')],
	['GET /api/runs/{id}/entries/stream', LOOK, 'application/x-ndjson', '',
		at('run')],
];

const rdv = await Rdv.start({ args: ['--web', WEB],
	config: '[auth]\nlogin_tries_per_minute = 100000\n' });
const { paths } = await rdv.call('GET', '/api/openapi.json');
const bearer = (text) => ({ Authorization: `Bearer ${text}` });
const make = (body) => rdv.call('POST', '/api/tokens', { name: 'x', ...body });
const refused = (body, options) => rdv.request('POST', '/api/tokens',
	{ body: { name: 'x', ...body }, ...options });
const run = (s) => ({ scopes: ['run'], session_id: s.id });

async function signIn() {
	const { code } = await rdv.call('POST', '/api/auth/code');
	const r = await rdv.request('POST', '/api/auth/login', { token: null,
		body: { code }, headers: { Host: WEB, Origin: ORIGIN } });
	assert.equal(r.status, 200, String(r.raw));
	return { Host: WEB, Origin: ORIGIN, 'X-RDV-Page-Key': r.json.page_key,
		Cookie: r.headers['set-cookie'][0].split(';')[0] };
}

const here = await rdv.session('here', ['/bin/cat']);
const there = await rdv.session('there', ['/bin/cat']);
const folder = await rdv.call('POST', '/api/folders', { name: 'f' });
const me = await rdv.call('GET', '/api/user');
const tree = path.join(rdv.home, 'r');
execFileSync('git', ['init', '-q', tree], { env: { PATH: '/usr/bin:/bin' } });
const repo = await rdv.call('POST', '/api/repos', { path: tree });

// What it opens, and that it is nothing as a cookie: tests/abuse/links.mjs.
const link = async (mode) => (await rdv.call('POST', '/api/links',
	{ session_id: here.id, mode })).secret;

async function allKinds() {
	const page = await signIn();
	const service = { 'X-RDV-Service-Token': rdv.serviceToken() };
	const brief = await rdv.brief({ name: 'brief', scopes: ['full'] });
	const gone = await make({ scopes: ['full'] });
	assert.equal((await rdv.request('DELETE', `/api/tokens/${gone.id}`)).status,
		204);
	await waitFor('its end', async () => (await rdv.request('GET', '/api/user',
		{ token: brief.rawKey })).status === 401);
	return {
		none: {}, service,
		'service for a user': { ...service, 'X-RDV-User-ID': me.id },
		cookie: page,
		'cookie without its key': { ...page, 'X-RDV-Page-Key': undefined },
		full: bearer((await make({ scopes: ['full'] })).rawKey),
		read: bearer((await make({ scopes: ['read'] })).rawKey),
		approve: bearer((await make({ scopes: ['approve'] })).rawKey),
		'run here': bearer((await make(run(here))).rawKey),
		'run elsewhere': bearer((await make(run(there))).rawKey),
		expired: bearer(brief.rawKey),
		revoked: bearer(gone.rawKey),
		wrong: bearer(`rdv_${'A'.repeat(43)}`),
		'link to look': bearer(await link('read')),
		'link to type': bearer(await link('write')),
		// Good for one thing each, which no header is (tests/abuse/ticket.mjs).
		'sign-in code': bearer((await rdv.call('POST', '/api/auth/code')).code),
		ticket: bearer((await rdv.call('POST',
			`/api/sessions/${here.id}/terminal-token`, {})).token),
	};
}
const credentials = await allKinds();
const ids = { session: here.id, run: here.run.id, folder: folder.id,
	repo: repo.id,
	token: (await make({ scopes: ['read'] })).id };

// What a frame of a terminal says first; a socket that is turned away opens too.
function said(socket, head) {
	return new Promise((resolve) => {
		let text = head.toString('latin1');
		const look = () => {
			if (/"type":"ready"/.test(text))
				resolve(101);
			else if (/NOT_FOUND/.test(text))
				resolve(404);
			else
				return false;
			socket.destroy();
			return true;
		};
		if (!look())
			socket.on('data', (d) => { text += d.toString('latin1'); look(); });
		socket.on('error', () => {});
	});
}

// The status alone: the rest of a stream is not waited for.
function statusOf(method, target, headers, body, accept) {
	const ws = target.startsWith('/ws/');
	const send = { Host: 'localhost', ...accept && { Accept: accept } };
	const text = body === undefined ? undefined : JSON.stringify(body);

	for (const [k, v] of Object.entries(headers))
		if (v !== undefined)
			send[k] = v;
	if (text !== undefined)
		Object.assign(send, { 'Content-Type': 'application/json',
			'Content-Length': text.length });
	if (ws)
		Object.assign(send, { Connection: 'Upgrade', Upgrade: 'websocket',
			'Sec-WebSocket-Version': '13',
			'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' });
	return deadline(`${method} ${target}`, new Promise((resolve, reject) => {
		const req = http.request({ socketPath: ws ? rdv.term : rdv.sock,
			method, path: target, headers: send, agent: false }, (res) => {
			resolve(res.statusCode);
			res.on('error', () => {});
			res.destroy();
		});
		req.on('upgrade', (res, socket, head) => resolve(said(socket, head)));
		req.on('error', reject);
		req.end(text);
	}), 60000);
}

async function walk(name, cells, plus, { id, body, accept, query = '' } = {}) {
	const [method, pattern] = name.split(' ');
	const target = pattern.replace(/\{[^}]+\}/g, ids[id] ?? NOBODY) + query;
	const list = cells.split(' ');

	assert.equal(list.length, KINDS.length, name);
	for (const [i, kind] of KINDS.entries()) {
		const want = list[i] === '+' ? plus : STATUS[list[i]];
		const got = await statusOf(method, target, credentials[kind], body,
			accept);
		assert.equal(got, want, `${name} with ${kind}`);
	}
}

await test('C12 every route has a line, every line a route', () => {
	const have = Object.entries(paths).flatMap(([p, ops]) =>
		Object.keys(ops).map((m) => `${m.toUpperCase()} ${p}`));
	assert.deepEqual(have.sort(), Object.keys(TABLE).sort());
	assert.deepEqual(Object.keys(credentials), KINDS);
});

// What there is, by the source, and the columns that stand for it.
const source = (file) => fs.readFileSync(path.join(import.meta.dirname ??
	path.dirname(new URL(import.meta.url).pathname), '../..', file), 'utf8');
const words = (text, re) => [...text.matchAll(re)].map((m) => m[1]).sort();
const STORED = { cli: ['full', 'read', 'approve', 'run here', 'run elsewhere'],
	cookie: ['cookie', 'cookie without its key'], code: ['sign-in code'],
	link: ['link to look', 'link to type'] };
const VIA = { SERVICE: ['service', 'service for a user'], TOKEN: STORED.cli,
	COOKIE: STORED.cookie, TICKET: ['ticket'], LINK: STORED.link };
const WORDS = { full: ['full'], read: ['read'], approve: ['approve'],
	run: ['run here', 'run elsewhere'], service: ['service for a user'] };

await test('C12 every kind of credential has a column', () => {
	const [, kinds] = /CREATE TABLE "?token"? [^]*?kind IN \(([^)]*)\)/.exec(
		source('daemon/store/schema.sql'));
	assert.deepEqual(words(kinds, /'(\w+)'/g), Object.keys(STORED).sort());
	const [, via] = /enum auth_via \{([^}]*)\}/.exec(
		source('daemon/auth/auth.h'));
	assert.deepEqual(words(via, /AUTH_(\w+),/g), Object.keys(VIA).sort());
	assert.deepEqual(words(source('daemon/auth/scope.c'),
		/^\t\{ "(\w+)", SCOPE_/gm), Object.keys(WORDS).sort());
	for (const kind of [STORED, VIA, WORDS].flatMap((o) => Object.values(o))
		.flat())
		assert.ok(KINDS.includes(kind), kind);
	// What never ends is told of in the document by its type.
	const endless = Object.entries(paths).flatMap(([p, ops]) =>
		Object.entries(ops).filter(([, op]) => /x-ndjson|event-stream/.test(
			JSON.stringify(op))).map(([m]) => `${m.toUpperCase()} ${p}`));
	assert.deepEqual(endless.sort(),
		[...new Set(STREAMS.map(([name]) => name))].sort());
});

// Before all that is refused below: of much at once the record counts some.
await test('C12 a run token acts in its session and nowhere else', async () => {
	const mine = (await make(run(here))).rawKey;
	const ask = (method, target, body) => rdv.request(method, target,
		{ token: mine, body });
	const who = (await ask('GET', '/api/auth/me')).json;
	assert.deepEqual([who.scopes, who.session_id], [['run'], here.id]);
	const exec = (s) => ask('POST', `/api/sessions/${s.id}/exec`,
		{ command: 'from-the-agent' });
	assert.equal((await exec(here)).status, 202);
	const look = async (s) => String((await rdv.request('GET',
		`/api/runs/${s.run.id}/log`)).raw);
	await waitFor('it is there', async () =>
		(await look(here)).includes('from-the-agent'));
	// The session of the same user beside it is as one that is not there.
	for (const [method, tail, body] of [['GET', '', undefined],
		['POST', '/exec', { command: 'from-the-agent' }],
		['POST', '/input', { data: 'from-the-agent' }],
		['POST', '/keys', { keys: ['Enter'] }],
		['POST', '/signal', { signal: 'KILL' }],
		['POST', '/terminal-token', {}], ['GET', '/runs', undefined],
		['GET', '/scrollback', undefined], ['GET', '/screen', undefined],
		['GET', '/wait?exit=true&timeout_ms=0', undefined]]) {
		const a = await ask(method, `/api/sessions/${there.id}${tail}`, body);
		const b = await ask(method, `/api/sessions/${NOBODY}${tail}`, body);
		assert.deepEqual([a.status, a.json.error, a.json.code],
			[404, 'there is no such session', 'NOT_FOUND'], tail);
		assert.deepEqual([b.status, b.json.error], [404, a.json.error]);
	}
	for (const tail of ['', '/log']) {
		const a = await ask('GET', `/api/runs/${there.run.id}${tail}`);
		const b = await ask('GET', `/api/runs/${NOBODY}${tail}`);
		assert.deepEqual([a.status, a.json.error], [404,
			'there is no such run']);
		assert.deepEqual([b.status, b.json.error], [404, a.json.error]);
	}
	assert.equal((await look(there)).includes('from-the-agent'), false);
	// The answers do not tell, the record does.
	const audit = fs.readFileSync(path.join(rdv.base, 'server/audit.log'),
		'utf8');
	assert.ok(audit.split('\n').filter((line) => line.includes(
		`token=${who.token_id}`) && /result=NOT_FOUND/.test(line)).length >= 18,
	audit.slice(-2000));
	const now = await rdv.call('GET', `/api/sessions/${there.id}`);
	assert.equal(now.run.state, 'running');
	// Nor does a ticket lead further, or an Idempotency-Key.
	const { token: ticket } = (await ask('POST',
		`/api/sessions/${here.id}/terminal-token`, {})).json;
	const t = await Terminal.open(rdv, there, { query: { token: ticket },
		token: null, headers: { Host: WEB, Origin: ORIGIN } });
	assert.equal(await deadline('turned away', t.closed), 4002);
	const key = { 'Idempotency-Key': 'the-users-own' };
	const first = await rdv.request('POST', `/api/sessions/${there.id}/exec`,
		{ body: { command: 'once' }, headers: key });
	assert.equal(first.status, 202);
	assert.equal((await rdv.request('POST', `/api/sessions/${there.id}/exec`,
		{ token: mine, body: { command: 'once' }, headers: key })).status, 404);
});

await test('C12 every route with every kind of credential', async () => {
	for (const [name, [cells, plus, more]] of Object.entries(TABLE))
		await walk(name, cells, plus, more);
});

await test('C12 every stream with every kind of credential', async () => {
	for (const [name, cells, accept, query, more] of STREAMS)
		await walk(name, cells, 200, { ...more, accept, query });
});

await test('C12 the document names the scopes that the table has', () => {
	for (const [name, [cells]] of Object.entries(TABLE)) {
		const [method, pattern] = name.split(' ');
		const { 'x-rdv-scopes': told } = paths[pattern][method.toLowerCase()];
		const list = cells.split(' ');
		const want = Object.keys(WORDS).filter((w) =>
			list[KINDS.indexOf(WORDS[w][0])] === '+' && cells !== OPEN);
		assert.deepEqual([...told].sort(), want.sort(), name);
	}
});

await test('C12 nobody makes a token that may more', async () => {
	for (const kind of ['read', 'approve', 'run here', 'service for a user'])
		for (const body of [{}, { scopes: ['full'] }, { scopes: ['read'] },
			{ scopes: ['approve'] }, { scopes: ['service'] }, run(here)])
			assert.equal((await refused(body, { token: null,
				headers: credentials[kind] })).status, 403, kind);
	for (const kind of ['full', 'cookie']) {
		const as = { token: null, headers: credentials[kind] };
		assert.equal((await refused({ scopes: ['service'] }, as)).status, 403);
		for (const body of [{}, { scopes: ['full'] }, { scopes: ['read'] },
			{ scopes: ['approve'] }, run(here)])
			assert.equal((await refused(body, as)).status, 201,
				`${kind} ${JSON.stringify(body)}`);
	}
});

await test('C12 what a run token needs, named by its field', async () => {
	const field = async (body, status, name) => {
		const r = await refused(body);
		assert.equal(r.status, status, String(r.raw));
		assert.ok(r.json.error.startsWith(`${name}: `), r.json.error);
	};
	const { id } = here;
	await field({ scopes: ['run'] }, 422, 'session_id');
	await field({ scopes: ['read'], session_id: id }, 422, 'session_id');
	await field({ session_id: id }, 422, 'session_id');
	await field({ scopes: ['run', 'read'], session_id: id }, 422, 'scopes');
	await field({ scopes: ['run', 'approve'], session_id: id }, 422, 'scopes');
	await field({ scopes: ['write'] }, 422, 'scopes');
	await field({ scopes: ['tokens'] }, 422, 'scopes');
	await field({ scopes: ['run'], session_id: NOBODY }, 404, 'session_id');
	const brief = await rdv.session('brief', ['/bin/cat']);
	await rdv.request('DELETE', `/api/sessions/${brief.id}`);
	await field(run(brief), 409, 'session_id');
	const listed = await make(run(here));
	assert.equal((await rdv.call('GET', `/api/tokens/${listed.id}`)).sessionId,
		id);
});

// Everything that is open by it, ended by `end`, while the control goes on.
async function endsAll(name, headers, s, end, codes = [4001]) {
	const stream = (target, accept) => rdv.raw(`GET ${target} HTTP/1.1\r\n` +
		'Host: localhost\r\n' + `Accept: ${accept}\r\n` +
		Object.entries(headers).filter(([k]) => k !== 'Host').map(([k, v]) =>
			`${k}: ${v}\r\n`).join('') + '\r\n');
	const streams = [stream(`/api/runs/${s.run.id}/log?follow=true`,
		'application/x-ndjson'),
	stream(`/api/runs/${s.run.id}/entries/stream`, 'text/event-stream')];
	if (!name.startsWith('run'))
		streams.push(stream('/api/events', 'text/event-stream'));
	for (const one of streams)
		one.catch(() => {}); // told of below
	const t = await Terminal.open(rdv, s, { token: null, headers });
	const control = await Terminal.open(rdv, there);
	await t.said('ready');
	await control.said('ready');
	await end();
	const code = await deadline(`${name}: terminal`, t.closed);
	assert.ok(codes.includes(code), `${name}: ${code}`);
	for (const text of streams)
		assert.match(await deadline(`${name}: stream`, text), /200 OK/);
	assert.equal((await rdv.request('GET', '/api/auth/me', { token: null,
		headers })).status, 401, name);
	control.type('still here\r');
	await control.saw('still here');
	await control.close();
}

await test('C13 each scope ends at once on what is open', async () => {
	for (const scopes of [['full'], ['read'], ['approve'], ['run']]) {
		const made = await make({ scopes,
			...scopes[0] === 'run' && { session_id: here.id } });
		await endsAll(scopes[0], bearer(made.rawKey), here, () =>
			rdv.request('DELETE', `/api/tokens/${made.id}`));
	}
	const page = await signIn();
	await endsAll('cookie', page, here, () => rdv.request('POST',
		'/api/auth/logout', { token: null, headers: page }));
});

await test('C13 a run token ends with its session', async () => {
	const s = await rdv.session('brief', ['/bin/cat']);
	const made = await make(run(s));
	const beside = await make(run(here));
	await rdv.call('POST', `/api/sessions/${s.id}/suspend`);
	assert.equal((await rdv.request('GET', `/api/sessions/${s.id}`,
		{ token: made.rawKey })).json.status, 'suspended');
	await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	// Whichever is told first: the end of the program or that of the token.
	await endsAll('run to its end', bearer(made.rawKey), s, () =>
		rdv.request('DELETE', `/api/sessions/${s.id}`), [1000, 4001]);
	assert.equal((await rdv.request('GET', `/api/tokens/${made.id}`)).status,
		404);
	assert.equal((await rdv.request('GET', `/api/sessions/${here.id}`,
		{ token: beside.rawKey })).status, 200);
});

await rdv.stop();
