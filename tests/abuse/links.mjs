// Links to a terminal: whoever has one sees that terminal, types into it where it
// says so, and reaches nothing else by whatever the link is sent as.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { ask, options, origin, page, web } from './lib.mjs';

const rdv = await Rdv.start(options);
const s = await rdv.session('shared', ['/bin/cat']);
const other = await rdv.session('private', ['/bin/cat']);
const NOBODY = '01900000-0000-7000-8000-000000000000';
const guess = () => crypto.randomBytes(32).toString('base64url');

const make = (body = {}, more = {}) => rdv.request('POST', '/api/links',
	{ body: { session_id: s.id, ...body }, ...more });
async function link(body, more) {
	const r = await make(body, more);
	assert.equal(r.status, 201, String(r.raw));
	return r.json;
}
// As the page does it, behind nginx or not.
const exchange = (secret, { from = rdv, headers = {} } = {}) => {
	const body = JSON.stringify({ secret });
	return ask(from, 'POST', '/api/links/open', { Host: web, Origin: origin,
		'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json',
		'Content-Length': Buffer.byteLength(body), ...headers }, { body });
};
const come = (ticket, id = s.id, query = '') => Terminal.open(rdv, id, {
	query: `token=${ticket}${query}`, token: null,
	headers: { Host: web, Origin: origin } });
async function enter(made, query) {
	const r = await exchange(made.secret);
	assert.equal(r.status, 200, r.body);
	const t = await come(r.json.token, s.id, query);
	return { t, opened: r.json, ready: await t.message('ready') };
}
const audit = (from = rdv) => fs.readFileSync(path.join(from.base,
	'server/audit.log'), 'utf8').split('\n');
const listed = async () => (await rdv.request('GET', '/api/links')).json;

await test('C12 a link to look looks, one to type types', async () => {
	const eyes = await link({ label: 'eyes' });
	assert.equal(eyes.mode, 'read');
	assert.equal(eyes.path, `/s/#${eyes.secret}`);
	assert.match(eyes.secret, /^[A-Za-z0-9_-]{43}$/);
	const hands = await link({ mode: 'write', label: 'hands' });
	const a = await enter(eyes, '&cols=20&rows=5');
	assert.deepEqual([a.ready.read_only, a.ready.size_owner], [true, false]);
	assert.deepEqual([a.opened.name, a.opened.mode, a.opened.session_id],
		['shared', 'read', s.id]);
	a.t.type('unseen\n');
	assert.equal((await a.t.message('error')).code, 'READ_ONLY');
	for (const one of [{ type: 'resize', cols: 30, rows: 9 },
		{ type: 'input', data: 'unseen\n' }])
		a.t.send(one);
	await waitFor('refused as well', () => a.t.messages.filter((m) =>
		m.code === 'READ_ONLY').length === 3);
	const b = await enter(hands);
	assert.equal(b.ready.read_only, false);
	b.t.type('typed by a link\n');
	await a.t.shows('typed by a link');
	assert.equal(a.t.output.includes('unseen'), false);
	// On record by its id, as its owner.
	const { id } = await rdv.call('GET', '/api/user');
	await waitFor('the record', () => audit().some((line) =>
		/event=link.open /.test(line) && line.includes(`token=${hands.id}`) &&
		line.includes(`subject=${s.id}`) && line.includes(`user=${id}`) &&
		line.includes('via=link')));
	assert.ok(audit().some((line) => /event=link.new /.test(line) &&
		line.includes(`subject=${hands.id}`)));
	const used = (await listed()).find((l) => l.id === hands.id);
	assert.deepEqual([used.uses, used.label], [1, 'hands']);
	assert.ok(used.last_used_at >= used.created_at);
	await Promise.all([a.t.close(), b.t.close()]);
});

// All that a viewer can ask for of what was before, with both subprotocols.
const pasts = ['', '&offset=0', '&tail=262144', '&screen=true',
	'&screen=true&lines=2000', '&offset=0&screen=true&lines=2000',
	'&offset=5&tail=262144'];
const all = (v) => v.screen + v.output;
const asks = (ready) => [{ type: 'resume', offset: 0, run_id: ready.run_id },
	{ type: 'resume', offset: ready.end - 1, run_id: ready.run_id },
	{ type: 'resume', offset: 0, run_id: NOBODY }, { type: 'resume' },
	{ type: 'screen' }, { type: 'screen', lines: 2000 }];

await test('C12 a link shows what comes, and before it the screen alone',
	async () => {
		const p = await rdv.session('with a past', ['/bin/sh', '-c',
			'stty -echo; echo past-secret; seq -f n%gn 1 300; echo present; exec cat']);
		await rdv.call('GET', `/api/sessions/${p.id}/wait?pattern=present` +
			'&since=0&timeout_ms=60000');
		const now = await link({ session_id: p.id });
		const told = await link({ session_id: p.id, history: true });
		assert.deepEqual([now.history, told.history], [false, true]);
		const last = (v) => v.messages.findLast((m) => m.type === 'pong' ||
			(m.type === 'screen' && !m.more))?.type;
		const look = async (query, protocol) => {
			const { token } = (await exchange(now.secret)).json;
			const v = await Terminal.open(rdv, p.id, { protocol, token: null,
				query: `token=${token}${query}`,
				headers: { Host: web, Origin: origin } });
			const ready = await v.message('ready');
			// Taken as it comes, from wherever: it is looked through below.
			Object.defineProperty(v, 'offset', { get: () => null,
				set: () => {} });
			for (const one of asks(ready))
				v.send(one);
			v.send({ type: 'ping' });
			await v.message('pong');
			v.send({ type: 'screen', lines: 2000 });
			await waitFor('the screen', () => last(v) === 'screen');
			await v.close();
			return all(v);
		};
		for (const query of pasts)
			for (const protocol of ['rdv.v1', null]) {
				const got = await look(query, protocol);
				assert.ok(!/past-secret|n150n/.test(got), query);
				assert.match(got, /n300n[^]*present/, query);
			}
		const v = await come((await exchange(now.secret)).json.token, p.id);
		await v.message('screen', (m) => !m.more);
		await rdv.call('POST', `/api/sessions/${p.id}/input`,
			{ data: 'what comes\n' });
		await v.shows('what comes');
		await v.close();
		// Control: who was given it sees it.
		const w = await come((await exchange(told.secret)).json.token, p.id,
			'&offset=0');
		await w.shows('past-secret');
		await w.close();
		// So it is after a start, and of what has ended.
		await rdv.call('POST', `/api/sessions/${p.id}/input`, { data: '\x04' });
		await waitFor('its end', async () => (await rdv.call('GET',
			`/api/sessions/${p.id}`)).run.state === 'completed');
		const x = await come((await exchange(now.secret)).json.token, p.id,
			'&offset=0');
		await x.message('exit');
		assert.ok(!all(x).includes('past-secret'));
		const y = await come((await exchange(told.secret)).json.token, p.id,
			'&offset=0');
		await y.message('exit');
		assert.ok(all(y).includes('past-secret'), 'control');
		await Promise.all([x.close(), y.close()]);
	});

await test('J01 who types by a link hears of no clipboard', async () => {
	const c = await rdv.session('copies', ['/bin/cat']);
	await rdv.call('PATCH', `/api/sessions/${c.id}`, { clipboard: true });
	const hands = await link({ session_id: c.id, mode: 'write' });
	const guest = await come((await exchange(hands.secret)).json.token, c.id);
	const owner = await Terminal.open(rdv, c.id);
	for (const t of [guest, owner]) {
		await t.message('ready');
		t.send({ type: 'clipboard_subscribe', enabled: true });
		t.send({ type: 'ping' });
		await t.message('pong');
	}
	const told = await rdv.call('POST', `/api/sessions/${c.id}/clipboard`,
		{ data: 'x' });
	assert.equal(told.delivered, 1);
	assert.equal((await owner.message('clipboard_update')).bytes, 1, 'control');
	await Promise.all([guest.close(), owner.close()]);
});

await test('D02 no more than 32 are there by one link', async () => {
	const seen = await link(), next = await link();
	const here = [];
	for (let i = 0; i < 32; i++)
		here.push((await enter(seen)).t);
	const late = await come((await exchange(seen.secret)).json.token);
	assert.equal((await late.message('error')).code, 'TOO_MANY_VIEWERS');
	assert.equal(await late.ended(), 1013);
	here.push((await enter(next)).t);
	await here.shift().close();
	await waitFor('one has gone', async () => {
		const t = await come((await exchange(seen.secret)).json.token);
		await waitFor('an answer', () => t.messages.some((m) =>
			['ready', 'error'].includes(m.type)));
		here.push(t);
		return t.messages.some((m) => m.type === 'ready');
	});
	await Promise.all(here.map((t) => t.close()));
});

// Every route with the link as every kind of credential, and with its ticket.
await test('C12 a link is nothing on any other route', async () => {
	const { paths } = await rdv.call('GET', '/api/openapi.json');
	const { secret } = await link({ mode: 'write' });
	const mine = await page(rdv);
	let walked = 0;

	for (const [pattern, ops] of Object.entries(paths))
		for (const [method, op] of Object.entries(ops)) {
			if (op['x-rdv-scopes'].length === 0)
				continue;
			const target = pattern.replace(/\{[^}]+\}/, s.id)
				.replace(/\{[^}]+\}/g, NOBODY);
			const ws = pattern.startsWith('/ws/');
			const ticket = (await exchange(secret)).json.token;
			const ways = { bearer: { Authorization: `Bearer ${secret}` },
				service: { 'X-RDV-Service-Token': secret },
				cookie: { Cookie: `rdv_session=${secret}`,
					'X-RDV-Page-Key': secret },
				'beside a key': { Cookie: `rdv_session=${secret}`,
					'X-RDV-Page-Key': mine['X-RDV-Page-Key'] },
				ticket: { Authorization: `Bearer ${ticket}` },
				'ticket as a cookie': { Cookie: `rdv_session=${ticket}`,
					'X-RDV-Page-Key': ticket } };
			for (const [way, headers] of Object.entries(ways)) {
				const r = await ask(rdv, method.toUpperCase(), target,
					{ Host: web, Origin: origin, ...headers });
				assert.equal(r.status, 401, `${method} ${pattern}: ${way}`);
			}
			if (!ws)
				for (const one of [secret, ticket]) {
					const r = await ask(rdv, method.toUpperCase(),
						`${target}?token=${one}`,
						{ Host: web, Origin: origin });
					assert.equal(r.status, 401, `${method} ${pattern}`);
				}
			walked++;
		}
	assert.ok(walked > 50, String(walked));
	// Control: it is good for what it is for.
	const { t } = await enter({ secret });
	await t.close();
});

await test('C14 a link is for one session', async () => {
	const hands = await link({ mode: 'write' });
	for (const id of [other.id, NOBODY, s.id.slice(0, -1)]) {
		const { token } = (await exchange(hands.secret)).json;
		const t = await come(token, id);
		assert.equal((await t.message('error')).code, 'INVALID_TOKEN', id);
		assert.equal(await t.ended(), 4002, id);
		assert.equal(t.output.length, 0);
	}
	// The secret itself is no ticket.
	const t = await come(hands.secret);
	assert.equal(await t.ended(), 4002);
	const { t: own } = await enter(hands);
	await own.close();
});

await test('C12 who may make, see and end links', async () => {
	const read = (await rdv.call('POST', '/api/tokens', { name: 'r',
		scopes: ['read'] })).rawKey;
	const run = (await rdv.call('POST', '/api/tokens', { name: 'a',
		scopes: ['run'], session_id: s.id })).rawKey;
	const approve = (await rdv.call('POST', '/api/tokens', { name: 'p',
		scopes: ['approve'] })).rawKey;
	const { id } = await link();
	for (const token of [read, run, approve]) {
		assert.equal((await make({}, { token })).status, 403);
		assert.equal((await rdv.request('GET', '/api/links', { token })).status,
			403);
		assert.equal((await rdv.request('DELETE', `/api/links/${id}`,
			{ token })).status, 403);
	}
	assert.ok((await listed()).some((l) => l.id === id), 'control');
	// No link is a token and no token a link.
	assert.equal((await rdv.request('DELETE', `/api/tokens/${id}`)).status, 404);
	assert.equal((await rdv.request('GET', `/api/tokens/${id}`)).status, 404);
	const token = await rdv.call('POST', '/api/tokens', { name: 't' });
	assert.equal((await rdv.request('DELETE', `/api/links/${token.id}`)).status,
		404);
	assert.equal((await exchange(token.rawKey)).status, 404);
	assert.equal((await rdv.request('DELETE', `/api/links/${id}`)).status, 204);
	assert.equal((await rdv.request('DELETE', `/api/links/${id}`)).status, 404);
	for (const [session_id, status] of [[NOBODY, 404], ['x', 404]])
		assert.equal((await make({ session_id })).status, status);
	for (const [body, status] of [[{ mode: 'own' }, 422],
		[{ expires_in: 59 }, 422], [{ expires_in: 721 * 3600 }, 422],
		[{ expires_in: 720 * 3600 }, 201]])
		assert.equal((await make(body)).status, status, JSON.stringify(body));
});

// A taller terminal has lines on its screen that were above it.
await test('C12 a link shows no more of what was in a larger terminal',
	async () => {
		const p = await rdv.session('to be made larger', ['/bin/sh', '-c',
			'stty -echo; seq -f n%gn 1 300; echo present; exec cat']);
		await rdv.call('GET', `/api/sessions/${p.id}/wait?pattern=present` +
			'&since=0&timeout_ms=60000');
		const look = async (history) => {
			const made = await link({ session_id: p.id, mode: 'write', history });
			const v = await come((await exchange(made.secret)).json.token, p.id,
				`&cols=80&rows=500${history ? '&screen=true&lines=0' : ''}`);
			await v.message('ready');
			for (const one of [{ type: 'resize', cols: 80, rows: 499 },
				{ type: 'take_size' }, { type: 'ping' }])
				v.send(one);
			await v.message('pong');
			if (history)
				await v.message('size', (m) => m.rows === 499);
			v.messages.length = 0;
			v.send({ type: 'screen', lines: 0 });
			await v.message('screen', (m) => !m.more);
			await v.close();
			return all(v);
		};
		const got = await look(false);
		assert.match(got, /n300n[^]*present/);
		assert.ok(!got.includes('n150n'), got);
		assert.ok((await look(true)).includes('n150n'), 'control');
	});

await test('C13 a revoked link ends what was opened by it', async () => {
	const gone = await link({ mode: 'write' }), stays = await link();
	const [a, b, c] = [await enter(gone), await enter(gone),
		await enter(stays)];
	const ticket = (await exchange(gone.secret)).json.token;
	assert.equal((await rdv.request('DELETE', `/api/links/${gone.id}`)).status,
		204);
	for (const { t } of [a, b]) {
		assert.equal((await t.message('error')).code, 'TOKEN_REVOKED');
		assert.equal(await t.ended(), 4001);
	}
	const late = await come(ticket);
	assert.equal(await late.ended(), 4002, 'its ticket');
	const [r, never] = [await exchange(gone.secret), await exchange(guess())];
	assert.deepEqual([r.status, r.json.error, r.json.code],
		[404, never.json.error, never.json.code]);
	assert.equal(never.status, 404);
	const own = await Terminal.open(rdv, s.id, { query: 'tail=0' });
	own.type('for those who stay\n');
	await c.t.shows('for those who stay');
	await Promise.all([c.t.close(), own.close()]);
});

await test('C13 a link ends with its session and outlives rdvd', async (tt) => {
	const mine = await tt.start(options);
	const { id } = await mine.session('brief', ['/bin/cat']);
	const on = (body) => mine.call('POST', '/api/links',
		{ session_id: id, ...body });
	const one = await on({ mode: 'write', label: 'one', history: true });
	assert.equal((await exchange(one.secret, { from: mine })).status, 200);
	await mine.again('SIGTERM');
	const [kept] = await mine.call('GET', `/api/links?session_id=${id}`);
	assert.deepEqual([kept.id, kept.mode, kept.label, kept.uses,
		kept.history], [one.id, 'write', 'one', 1, true]);
	const r = await exchange(one.secret, { from: mine });
	assert.equal(r.status, 200, 'it outlives rdvd');
	const t = await Terminal.open(mine, id, { query: `token=${r.json.token}`,
		token: null, headers: { Host: web, Origin: origin } });
	await t.message('ready');
	await mine.call('DELETE', `/api/sessions/${id}`);
	assert.ok([4001, 4004, 1000].includes(await t.ended()), String(t.closed));
	await waitFor('its end', async () =>
		(await exchange(one.secret, { from: mine })).status === 404);
	assert.deepEqual(await mine.call('GET', '/api/links'), []);
	assert.equal((await mine.request('POST', '/api/links',
		{ body: { session_id: id } })).status, 409);
});

await test('C10 guesses at links are counted, a good one is heard', async (tt) => {
	const mine = await tt.start({ args: ['--web', web],
		config: '[auth]\nlogin_tries_per_minute = 10\n' });
	const { id } = await mine.session('guessed', ['/bin/cat']);
	const { secret } = await mine.call('POST', '/api/links',
		{ session_id: id });
	const seen = [];
	for (let i = 0; i < 15; i++)
		seen.push((await exchange(guess(), { from: mine })).status);
	assert.deepEqual(seen.slice(0, 10), Array(10).fill(404));
	assert.deepEqual(seen.slice(10), Array(5).fill(429));
	for (const near of [secret.slice(0, -1), `${secret}A`, ` ${secret}`,
		secret.toLowerCase()])
		assert.equal((await exchange(near, { from: mine })).status, 429, near);
	assert.equal((await exchange(secret, { from: mine })).status, 200);
});

await test('A13 a link stands in no log, no row and no kept answer', async () => {
	const key = { 'Idempotency-Key': 'once' };
	const first = await make({ label: 'kept' }, { headers: key });
	const again = await make({ label: 'kept' }, { headers: key });
	assert.equal(again.json.id, first.json.id);
	assert.deepEqual([again.json.secret, again.json.path], [null, null]);
	const { secret } = first.json;
	const { t, opened } = await enter({ secret });
	await t.close();
	const found = [];
	for (const name of fs.readdirSync(path.join(rdv.base, 'server'),
		{ recursive: true })) {
		const file = path.join(rdv.base, 'server', name);
		if (!fs.statSync(file).isFile())
			continue;
		const bytes = fs.readFileSync(file);
		if (bytes.includes(secret) || bytes.includes(opened.token))
			found.push(name);
	}
	assert.deepEqual(found, []);
	assert.ok(fs.readFileSync(path.join(rdv.base, 'server/rdv.db-wal'))
		.includes('kept') || fs.readFileSync(path.join(rdv.base,
		'server/rdv.db')).includes('kept'), 'control: the row is there');
	// Only to a page of ours, and not in an address.
	for (const headers of [{ Origin: null }, { Origin: 'http://evil.example' },
		{ 'Sec-Fetch-Site': 'cross-site' }, { Host: 'evil.example' }])
		assert.ok([403, 421].includes((await exchange(secret,
			{ headers })).status), JSON.stringify(headers));
	assert.equal((await ask(rdv, 'POST', `/api/links/open?secret=${secret}`,
		{ Host: web, Origin: origin, 'Content-Length': 0 })).status, 422);
	assert.equal((await exchange(secret)).status, 200, 'control');
});

await test('J04 a label is capped and cannot turn what stands beside it',
	async () => {
		for (const label of ['\x1b[31m', 'a\nb', 'a\x7fb', 'a\u0085b',
			'a\u202eb', 'a\u2066b', 'a\u200fb', 'a\u2028b', 'a\u061cb',
			'a\u200bb', 'a\u200cb', 'a\u2060b', 'a\u2064b', 'a\ufeffb', 'x'.repeat(65)])
			assert.equal((await make({ label })).status, 422,
				JSON.stringify(label));
		for (const label of ['<b>Ann</b> & "Bo"', 'Zoë 👩‍💻', 'x'.repeat(64), ''])
			assert.equal((await link({ label })).label, label);
	});

await test('C12 what the settings forbid ends, loudly', async (tt) => {
	const mine = await tt.start(options);
	const { id } = await mine.session('ruled', ['/bin/cat']);
	const on = (mode) => mine.request('POST', '/api/links',
		{ body: { session_id: id, mode } });
	const [eyes, hands] = [(await on('read')).json, (await on('write')).json];
	const open = async (made) => {
		const r = await exchange(made.secret, { from: mine });
		const t = await Terminal.open(mine, id,
			{ query: `token=${r.json.token}`, token: null,
				headers: { Host: web, Origin: origin } });
		await t.message('ready');
		return t;
	};
	const [a, b] = [await open(eyes), await open(hands)];
	const file = path.join(mine.base, 'server/config.toml');
	const before = fs.readFileSync(file, 'utf8');
	const rule = async (word) => {
		fs.writeFileSync(file, `${before}\n[sharing]\nlinks = "${word}"\n`);
		process.kill(mine.rdvd, 'SIGHUP');
		await waitFor(word, async () => {
			const r = await on('write');
			return r.status === 403 && r.json.error.includes(`"${word}"`);
		});
	};
	await rule('read');
	assert.equal(await b.ended(), 4001, 'the one that types');
	assert.equal((await exchange(hands.secret, { from: mine })).status, 404);
	assert.equal(a.closed, null, 'the one that looks');
	assert.equal((await on('read')).status, 201);
	const no = await on('write');
	assert.match(no.json.error, /^sharing\.links = "read" \(.*config\.toml:\d+\) /);
	await rule('none');
	assert.equal(await a.ended(), 4001);
	assert.equal((await on('read')).status, 403);
	assert.equal((await exchange(eyes.secret, { from: mine })).status, 404);
});

await rdv.stop();
