// The service token: replaced while everything goes on. What nginx does with
// it is in tests/e2e/rotation.mjs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Terminal } from '../harness/terminal.mjs';
import { Rdv, bare, bin, deadline, test } from '../harness/rdv.mjs';

const web = '127.0.0.1:8443';
const first = await Rdv.start({ args: ['--web', web] });
const me = await first.call('GET', '/api/user');
const acting = (text) => ({ 'X-RDV-Service-Token': text,
	'X-RDV-User-ID': me.id });
const status = async (text, { from = first } = {}) => (await from.request(
	'GET', '/api/user', { token: null, headers: acting(text) })).status;
const rotate = (from = first) => from.call('POST',
	'/api/service-token/rotate');
const file = (rdv, name) => path.join(rdv.base, 'server', name);

await test('C13 the old service token is honoured, and twice is its end',
	async () => {
		const rdv = first, one = rdv.serviceToken();
		const s = await rdv.session('held', ['/bin/cat']);
		const open = (headers, query) => Terminal.open(rdv, s.id, { query,
			token: null, headers });
		const come = (ticket) => open({ Host: web, Origin: `http://${web}` },
			`token=${ticket}`);
		const ticket = async () => (await rdv.call('POST',
			`/api/sessions/${s.id}/terminal-token`, {}, { token: null,
				headers: acting(one) })).token;
		const t = await open(acting(one));
		await t.message('ready');
		const stream = rdv.raw('GET /api/events HTTP/1.1\r\n' +
			'Host: localhost\r\nAccept: text/event-stream\r\n' +
			Object.entries(acting(one)).map(([k, v]) => `${k}: ${v}\r\n`)
				.join('') + '\r\n');
		stream.catch(() => {}); // told of below
		const early = await ticket(), late = await ticket();
		const told = await rotate();
		const two = rdv.serviceToken();
		assert.notEqual(two, one);
		assert.equal(JSON.stringify(told).includes(two), false, 'N01');
		assert.ok(told.previous_until > Date.now() + 23 * 3600 * 1000);
		assert.ok(told.previous_until <= Date.now() + 24 * 3600 * 1000);
		for (const text of [one, two])
			assert.equal(await status(text), 200);
		const held = await come(early);
		await held.message('ready');
		t.type('still here\n');
		await t.shows('still here');
		await rotate();
		assert.equal(await status(one), 401, 'two at a time');
		assert.equal(await status(two), 200);
		for (const x of [t, held])
			assert.equal(await x.ended(), 4001);
		assert.match(await deadline('the stream', stream), /200 OK/);
		assert.equal(await (await come(late)).ended(), 4002);
		const audit = fs.readFileSync(file(rdv, 'audit.log'), 'utf8');
		assert.equal(audit.match(/event=service.rotate result=ok/g).length, 2);
		for (const text of [one, two, rdv.serviceToken()])
			for (const where of [audit, rdv.log(), fs.readFileSync(
				file(rdv, 'service-token.json'), 'utf8')])
				assert.equal(where.includes(text), false, 'N01');
		for (const name of ['service-token', 'service-token.json'])
			assert.equal(fs.statSync(file(rdv, name)).mode & 0o7777, 0o600);
	});

await test('the command line rotates the service token', async () => {
	const before = first.serviceToken();
	const cli = (...args) => execFileSync(bin('rdv'), args, { encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...bare, HOME: first.home, RDV_HOME: first.base } });
	const told = JSON.parse(cli('--json', 'token', 'rotate-service'));
	assert.deepEqual(Object.keys(told).sort(),
		['created_at', 'previous_until', 'state', 'token_id']);
	assert.equal(told.state, first.base);
	assert.notEqual(first.serviceToken(), before);
	assert.equal(cli('token', 'rotate-service'), '');
});

await test('the grace outlasts rdvd and ends when it is over', async (t) => {
	const rdv = await t.start({ config: '[auth]\ntoken_grace_minutes = 2\n' });
	const owner = (await rdv.call('GET', '/api/user')).id;
	const ask = async (text) => (await rdv.request('GET', '/api/user',
		{ token: null, headers: { 'X-RDV-Service-Token': text,
			'X-RDV-User-ID': owner } })).status;
	const one = rdv.serviceToken(), sidecar = file(rdv, 'service-token.json');
	const { previous_until: until } = await rotate(rdv);
	assert.ok(until <= Date.now() + 120000 && until > Date.now() + 60000);
	const again = async () => {
		const gone = once(rdv.main, 'exit');
		rdv.main.kill('SIGTERM');
		await gone;
		return { up: () => rdv.up() };
	};
	await (await again()).up();
	assert.equal(await ask(one), 200);
	const { up } = await again();
	const o = JSON.parse(fs.readFileSync(sidecar, 'utf8'));
	assert.equal(o.previous_until, until);
	fs.writeFileSync(sidecar, JSON.stringify({ ...o,
		previous_until: Date.now() - 1 }));
	await up();
	assert.equal(await ask(one), 401);
	assert.equal(await ask(rdv.serviceToken()), 200, 'control');
	// One that is old is replaced by a start as well.
	const two = rdv.serviceToken(), next = await again();
	fs.writeFileSync(sidecar, JSON.stringify({ ...JSON.parse(
		fs.readFileSync(sidecar, 'utf8')),
	created_at: Date.now() - 31 * 86400 * 1000 }));
	await next.up();
	assert.notEqual(rdv.serviceToken(), two);
	assert.equal(await ask(two), 200);
});

await test('a token that rdvd may not write to stays, and it says so',
	async (t) => {
		const dir = fs.mkdtempSync('/tmp/rdv-token-');
		t.after(() => fs.rmSync(dir, { recursive: true }));
		const at = path.join(dir, 'token');
		const rdv = await t.start({ config:
			`[auth]\nservice_token_file = "${at}"\n` });
		const before = fs.readFileSync(at, 'utf8');
		const r = await rdv.request('POST', '/api/service-token/rotate');
		assert.deepEqual([r.status, r.json.code], [503, 'UNAVAILABLE']);
		assert.match(r.json.error, /^auth.service_token_file: /);
		assert.equal(fs.readFileSync(at, 'utf8'), before);
		const { id } = await rdv.call('GET', '/api/user');
		assert.equal((await rdv.request('GET', '/api/user', { token: null,
			headers: { 'X-RDV-Service-Token': before.trim(),
				'X-RDV-User-ID': id } })).status, 200);
		assert.deepEqual(fs.readdirSync(dir).sort(), ['token', 'token.json']);
	});

await first.stop();
