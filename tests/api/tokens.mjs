// Tokens: shown once, kept as a digest, ended at once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bare, below, bin, deadline, test, waitFor } from
	'../harness/rdv.mjs';
import { Terminal } from './terminal.mjs';

const rdv = await Rdv.start();

await test('a token is shown once and found by nobody after', async () => {
	const made = await rdv.call('POST', '/api/tokens', { name: 'lap "top"' });
	assert.match(made.rawKey, /^rdv_[A-Za-z0-9_-]{43}$/);
	const listed = await rdv.call('GET', '/api/tokens');
	assert.equal(JSON.stringify(listed).includes(made.rawKey), false);
	assert.ok(made.rawKey.startsWith(made.keyPrefix));
	for (const name of below(rdv.base)) {
		const file = path.join(rdv.base, name);
		if (fs.statSync(file).isFile())
			assert.equal(fs.readFileSync(file).includes(made.rawKey), false,
				name);
	}
	assert.equal(rdv.log().includes(made.rawKey), false, 'N01');
	assert.equal((await rdv.request('GET', '/api/user',
		{ token: made.rawKey })).status, 200);
});

await test('the stored digest is no credential (C11)', async () => {
	const crypto = await import('node:crypto');
	const made = await rdv.call('POST', '/api/tokens', { name: 'digest' });
	const hex = crypto.createHash('sha256').update(made.rawKey).digest('hex');
	assert.ok(fs.readFileSync(path.join(rdv.base, 'server/rdv.db'))
		.includes(hex) || fs.readFileSync(path.join(rdv.base,
			'server/rdv.db-wal')).includes(hex), 'the digest is what is kept');
	assert.equal((await rdv.request('GET', '/api/user', { token: hex }))
		.status, 401);
});

await test('an expired token says so', async () => {
	const r = await rdv.request('POST', '/api/tokens', { body:
		{ name: 'short', expiresAt: Date.now() - 1000 } });
	assert.equal(r.status, 422, 'an end in the past is refused');
	const made = await rdv.brief({ name: 'brief' }, async (brief) => {
		assert.equal((await rdv.request('GET', '/api/user',
			{ token: brief.rawKey })).status, 200);
		return brief;
	});
	const a = await waitFor('the end', async () => {
		const x = await rdv.request('GET', '/api/user',
			{ token: made.rawKey });
		return x.status === 401 && x;
	});
	assert.equal(a.json.code, 'EXPIRED_TOKEN');
});

await test('revoking ends terminals and streams at once (C13)', async () => {
	const made = await rdv.call('POST', '/api/tokens', { name: 'brief' });
	const s = await rdv.session('held', ['/bin/cat']);
	const t = await Terminal.open(rdv, s, { token: made.rawKey });
	await t.said('ready');
	const stream = rdv.raw('GET /api/events HTTP/1.1\r\nHost: localhost\r\n' +
		'Accept: text/event-stream\r\n' +
		`Authorization: Bearer ${made.rawKey}\r\n\r\n`);
	const keep = await Terminal.open(rdv, s);
	await keep.said('ready');
	assert.equal((await rdv.request('DELETE', `/api/tokens/${made.id}`)).status,
		204);
	await deadline('it closes', t.closed);
	assert.match(await stream, /200 OK/);
	assert.equal((await rdv.request('GET', '/api/user',
		{ token: made.rawKey })).status, 401);
	keep.type('still here\r');
	await keep.saw('still here');
	await keep.close();
});

await test('a read token sees and cannot type', async () => {
	const { rawKey } = await rdv.call('POST', '/api/tokens', { name: 'eyes',
		scopes: ['read'] });
	const s = await rdv.session('seen', ['/bin/cat']);
	const t = await Terminal.open(rdv, s, { token: rawKey });
	assert.equal((await t.said('ready')).read_only, true);
	t.type('no\r');
	await t.said('error');
	await rdv.call('POST', `/api/sessions/${s.id}/exec`, { command: 'yes' });
	await t.saw('yes');
	assert.equal(t.text.includes('no'), false);
	await t.close();
});

await test('the command line makes a token for one session', async () => {
	const { execFileSync } = await import('node:child_process');
	const cli = (...args) => execFileSync(bin('rdv'), args, { encoding: 'utf8',
		env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base } });
	const s = await rdv.session('for an agent', ['/bin/cat']);
	const token = cli('token', 'new', 'agent', '--scope', 'run', '--session',
		'for an agent').trim();
	const who = (await rdv.request('GET', '/api/auth/me', { token })).json;
	assert.deepEqual([who.scopes, who.session_id], [['run'], s.id]);
	assert.match(cli('token', 'ls'), new RegExp(`agent.*run.*${s.id
		.slice(0, 8)}`));
	for (const scope of ['full', 'read', 'approve'])
		assert.deepEqual((await rdv.request('GET', '/api/auth/me', { token:
			cli('token', 'new', 'x', '--scope', scope).trim() })).json.scopes,
		[scope]);
	assert.throws(() => cli('token', 'new', 'agent', '--scope', 'run'),
		/session_id: a run token is for one session/);
	assert.throws(() => cli('token', 'new', 'x', '--scope', 'service'));
});

await rdv.stop();
