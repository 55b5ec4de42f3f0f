// What stands in an address gets into logs and histories: there a ticket counts
// and nothing else, and a ticket that is found is dead.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { ask, login, options, origin, page, refused, upgrade, web }
	from './lib.mjs';

const rdv = await Rdv.start(options);
const s = await rdv.session('ticketed', ['/bin/cat']);
const other = await rdv.session('another', ['/bin/cat']);
const guess = () => crypto.randomBytes(32).toString('base64url');

const ticket = async (token = rdv.token, body, from = rdv) =>
	(await from.call('POST', `/api/sessions/${s.id}/terminal-token`, body,
		{ token })).token;
// A page that can set no header.
const come = (token, { id = s.id, from = rdv, headers = {} } = {}) =>
	Terminal.open(from, id, { query: `token=${token}`, token: null,
		headers: { Host: web, Origin: origin, ...headers } });
async function enters(token, options) {
	const t = await come(token, options);
	const ready = await t.message('ready');
	return { t, ready };
}
async function turned(t, what, close = 4002, code = 'INVALID_TOKEN') {
	assert.equal(t.refused, undefined, `${what}: ${t.refused}`);
	const e = await t.message('error');
	assert.equal(e.code, code, what);
	assert.ok(e.message.length > 0, what);
	assert.equal(await t.ended(), close, what);
	assert.equal(t.messages.length, 1, `${what}: nothing else is said`);
	assert.equal(t.output.length, 0, what);
}

await test('A13 a ticket opens one terminal, once', async () => {
	const before = Date.now();
	const made = await rdv.call('POST', `/api/sessions/${s.id}/terminal-token`);
	assert.deepEqual(Object.keys(made).sort(), ['expires_at', 'token']);
	assert.match(made.token, /^[A-Za-z0-9_-]{43}$/);
	assert.ok(made.expires_at >= before + 60000 &&
		made.expires_at <= Date.now() + 60000, String(made.expires_at));
	const { t, ready } = await enters(made.token);
	assert.equal(ready.session_id, s.id);
	assert.equal(ready.read_only, false);
	t.type('hello\n');
	await t.shows('hello');
	await turned(await come(made.token), 'while it is open');
	await t.close();
	await turned(await come(made.token), 'afterwards');
	// Many at once: one of them.
	const one = await ticket();
	const all = await Promise.all(Array.from({ length: 8 }, () => come(one)));
	await waitFor('all answered', () => all.every((x) =>
		x.messages.length > 0));
	assert.equal(all.filter((x) => x.messages[0].type === 'ready').length, 1);
	await Promise.all(all.map((x) => x.closed === null ? x.close() : null));
});

await test('A13 of another session it is void', async () => {
	const found = await ticket();
	await turned(await come(found, { id: other.id }), 'another session');
	await turned(await come(found), 'and then its own');
	await turned(await come(await ticket(), { id:
		'01900000-0000-7000-8000-000000000000' }), 'no session');
	assert.equal((await rdv.request('POST',
		'/api/sessions/01900000-0000-7000-8000-000000000000/terminal-token'))
		.status, 404);
	const { t } = await enters(await ticket());
	await t.close();
});

await test('A13 nothing else counts in an address', async () => {
	const { cookie, key } = await login(rdv);
	const { code } = await rdv.call('POST', '/api/auth/code');
	for (const [what, secret] of Object.entries({ token: rdv.token, cookie, key,
		service: rdv.serviceToken(), code, guess: guess(), long: 'x'.repeat(4000),
		escaped: '%41'.repeat(43) }))
		await turned(await come(encodeURI(secret)), what);
	await turned(await come(''), 'empty', 4001, 'MISSING_TOKEN');
	// With all that a browser and nginx add, and nothing but a bad ticket.
	await turned(await come(guess(), { headers: { ...await page(rdv),
		'X-RDV-Service-Token': rdv.serviceToken() } }), 'beside a cookie');
	for (const form of ['token=*&token=*', '%74oken=*', 'Token=*', 'ticket=*',
		'token%5B%5D=*', '']) {
		const query = form.replaceAll('*', await ticket());
		const t = await Terminal.open(rdv, s.id, { query, token: null,
			headers: { Host: web, Origin: origin } });
		assert.ok([400, 401, 422].includes(t.refused), `${form}: ${t.refused}`);
	}
	const good = await ticket();
	const both = await Terminal.open(rdv, s.id, { query: `token=${good}`,
		headers: { Host: web, Origin: origin } });
	assert.equal(both.refused, 400, 'two credentials');
	const { t } = await enters(good);
	await t.close();
});

await test('A13 a ticket is nothing elsewhere, nor is a token in a query',
	async () => {
		const { paths } = await rdv.call('GET', '/api/openapi.json');
		const one = await ticket();
		let walked = 0;
		for (const [pattern, ops] of Object.entries(paths))
			for (const [method, op] of Object.entries(ops)) {
				if (op['x-rdv-scopes'].length === 0)
					continue;
				const target = pattern.replace(/\{[^}]+\}/g, s.id);
				for (const secret of [one, rdv.token]) {
					const r = await rdv.request(method.toUpperCase(),
						`${target}?token=${secret}`, { token: null,
							headers: { Host: web, Origin: origin } });
					assert.equal(r.status, 401, `${method} ${pattern}`);
					assert.equal(r.json.code, 'MISSING_TOKEN');
				}
				walked++;
			}
		assert.ok(walked > 30, `${walked} routes`);
		const headers = { Host: web, Origin: origin, Connection: 'close' };
		for (const more of [{ Authorization: `Bearer ${one}` },
			{ Cookie: `rdv_session=${one}`, 'X-RDV-Page-Key': one },
			{ 'X-RDV-Service-Token': one }, { 'X-RDV-Page-Key': one }])
			refused(await ask(rdv, 'GET', '/api/user', { ...headers, ...more }),
				Object.keys(more)[0], 401);
		assert.equal((await rdv.request('GET', '/api/user')).status, 200);
		const { t } = await enters(one);
		await t.close();
	});

await test('A13 from our own page only, as with a cookie', async () => {
	const one = await ticket();
	const get = (change) => ask(rdv, 'GET', `/ws/terminal/${s.id}?token=${one}`,
		{ Host: web, Origin: origin, ...upgrade, ...change },
		{ sock: rdv.term });
	refused(await get({ Origin: null }), 'no Origin', 403);
	refused(await get({ Origin: null, 'Sec-Fetch-Site': 'same-origin' }),
		'no Origin, same site', 403);
	for (const Origin of ['https://evil.example', 'null', `${origin}.evil.test`,
		'http://127.0.0.1:1'])
		refused(await get({ Origin }), Origin, 403);
	refused(await get({ 'Sec-Fetch-Site': 'cross-site' }), 'cross-site', 403);
	refused(await get({ Host: 'evil.example' }), 'Host', 421);
	assert.equal((await get({})).status, 101, 'none of these has spent it');
});

await test('A13 no log has it', async () => {
	const spent = await ticket(), kept = await ticket();
	const audit = () => fs.readFileSync(path.join(rdv.base,
		'server/audit.log'), 'utf8');
	const { t } = await enters(spent);
	await t.close();
	await turned(await come(spent), 'spent');
	await turned(await come(kept, { id: other.id }), 'elsewhere');
	const files = fs.readdirSync(rdv.base, { recursive: true })
		.map((name) => path.join(rdv.base, name))
		.filter((p) => fs.lstatSync(p).isFile());
	const texts = [rdv.log(), ...files.map((p) => fs.readFileSync(p, 'latin1'))];
	for (const secret of [spent, kept]) {
		const hash = crypto.createHash('sha256').update(secret);
		for (const text of texts)
			assert.equal(text.includes(secret), false);
		// Not even what is kept of it leaves memory.
		const digest = hash.digest();
		for (const text of texts)
			assert.ok(!text.includes(digest.toString('hex')) &&
				!text.includes(digest.toString('latin1')));
	}
	assert.ok(texts.some((text) => text.includes(rdv.token)), 'control');
	const { token_id: id } = await rdv.call('GET', '/api/auth/me');
	assert.match(rdv.log(), new RegExp(`open /ws/terminal/${s.id} token=${id}`));
	assert.match(audit(), new RegExp(`event=ticket.new result=ok via=token ` +
		`token=${id} .*subject=${s.id} `));
	assert.match(audit(), new RegExp(`result=INVALID_TOKEN via=- token=${id} `));
});

await test('C10 guessing at tickets delays nobody but the guesser',
	async (tt) => {
		const mine = await tt.start({ ...options, config:
			'[auth]\nlogin_tries_per_minute = 8\n' });
		const { id } = await mine.session('guessed', ['/bin/cat']);
		const make = async () => (await mine.call('POST',
			`/api/sessions/${id}/terminal-token`)).token;
		const at = { id, from: mine };
		const good = await make();
		for (let i = 0; i < 8; i++)
			await turned(await come(guess(), at), `guess ${i}`);
		for (let i = 0; i < 20; i++)
			assert.equal((await come(guess(), at)).refused, 429, `${i}`);
		// Nor is anybody else: neither the ticket nor a token.
		await (await enters(good, at)).t.close();
		await (await enters(await make(), at)).t.close();
		assert.equal((await mine.request('GET', '/api/user', { token:
			`${mine.token}x` })).status, 429, 'one back-off for all');
		const audit = fs.readFileSync(path.join(mine.base,
			'server/audit.log'), 'utf8');
		assert.equal(audit.match(/result=INVALID_TOKEN/g).length, 8);
		assert.ok(audit.match(/result=RATE_LIMITED/g).length >= 20);
	});

await test('C12 a ticket may what its credential may, at most', async () => {
	const { rawKey: eyes } = await rdv.call('POST', '/api/tokens',
		{ name: 'eyes', scopes: ['read'] });
	for (const one of [await ticket(eyes), await ticket(eyes,
		{ read_only: false }), await ticket(rdv.token, { read_only: true })]) {
		const { t, ready } = await enters(one);
		assert.equal(ready.read_only, true);
		t.type('unseen\n');
		assert.equal((await t.message('error')).code, 'READ_ONLY');
		await t.close();
	}
	const { t, ready } = await enters(await ticket(rdv.token,
		{ read_only: false }));
	assert.equal(ready.read_only, false, 'control');
	t.type('seen\n');
	await t.shows('seen');
	assert.equal(t.output.includes('unseen'), false);
	await t.close();
	const { id } = await rdv.call('GET', '/api/user');
	const service = { 'X-RDV-Service-Token': rdv.serviceToken(),
		'X-RDV-User-ID': id };
	const one = (await rdv.call('POST', `/api/sessions/${s.id}/terminal-token`,
		undefined, { token: null, headers: service })).token;
	await (await enters(one)).t.close();
	// What is for one session gets no ticket for the one beside it.
	const beside = await rdv.session('beside', ['/bin/cat']);
	const { rawKey: bound } = await rdv.call('POST', '/api/tokens',
		{ name: 'bound', scopes: ['run'], session_id: beside.id });
	const asks = async (id) => (await rdv.request('POST',
		`/api/sessions/${id}/terminal-token`, { token: bound })).status;
	assert.equal(await asks(s.id), 404);
	assert.equal(await asks(beside.id), 201);
});

await test('D02 asking for tickets pushes nothing out of the record',
	async (tt) => {
		const mine = await tt.start(options);
		const { id } = await mine.session('asked', ['/bin/cat']);
		const { rawKey: eyes } = await mine.call('POST', '/api/tokens',
			{ name: 'eyes', scopes: ['read'] });
		const many = 1500, agent = new http.Agent({ keepAlive: true });
		tt.after(() => agent.destroy());
		for (let i = 0; i < many; i++)
			await mine.call('POST', `/api/sessions/${id}/terminal-token`,
				undefined, { token: eyes, agent });
		await mine.call('POST', '/api/tokens', { name: 'next' });
		const audit = fs.readFileSync(path.join(mine.base,
			'server/audit.log'), 'utf8');
		const told = audit.match(/event=ticket.new /g).length;
		// Each such number is of those since the line before it.
		const left = [...audit.matchAll(/ left_out=(\d+)$/gm)]
			.reduce((sum, m) => sum + Number(m[1]), 0);
		assert.ok(told >= 900 && told < many, `${told} told`);
		assert.ok(told + left >= many, `${told} and ${left} left out`);
	});

await test('C13 a ticket ends with its credential, and what it opened',
	async () => {
		const made = await rdv.call('POST', '/api/tokens', { name: 'brief' });
		const { t } = await enters(await ticket(made.rawKey));
		const { t: stays } = await enters(await ticket());
		const left = await ticket(made.rawKey);
		await rdv.call('DELETE', `/api/tokens/${made.id}`);
		assert.equal((await t.message('error')).code, 'TOKEN_REVOKED');
		assert.equal(await t.ended(), 4001);
		await turned(await come(left), 'its token is revoked');
		const { brief, late } = await rdv.brief({ name: 'short' },
			async ({ rawKey }) => ({
				brief: (await enters(await ticket(rawKey))).t,
				late: await ticket(rawKey),
			}));
		assert.equal((await brief.message('error')).code, 'TOKEN_REVOKED');
		assert.equal(await brief.ended(), 4001);
		await turned(await come(late), 'its token has expired');
		stays.type('still here\n');
		await stays.shows('still here');
		await stays.close();
	});

await test('C13 signing out ends the tickets of a page', async () => {
	const as = await page(rdv);
	const post = (target) => ask(rdv, 'POST', target, { ...as,
		'Content-Type': 'application/json', 'Content-Length': 2 },
	{ body: '{}' });
	const one = (await post(`/api/sessions/${s.id}/terminal-token`)).json.token;
	const two = (await post(`/api/sessions/${s.id}/terminal-token`)).json.token;
	const { t } = await enters(one);
	assert.equal((await post('/api/auth/logout')).status, 204);
	assert.equal(await t.ended(), 4001);
	await turned(await come(two), 'signed out');
});

await rdv.stop();
