// The text between a session's programs and the clipboard of who looks
// (contract 3.3), and who is told what of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bare, bin, Rdv, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';

const MIB = 1 << 20;
const rdv = await Rdv.start();
const url = (s) => `/api/sessions/${s.id}/clipboard`;
const copy = (s, data, more = {}) => rdv.request('POST', url(s),
	{ body: { data, ...more } });
const cli = (args, input, env = {}) => spawnSync(bin('rdv'), args, { input,
	maxBuffer: 4 * MIB, env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base,
		...env } });

await test('a clipboard gives back the bytes that were copied', async () => {
	const s = await rdv.session('clip', ['/bin/cat']);
	// One of three bytes at each place where a pipe may cut.
	const text = `${'x'.repeat(65535)}€${'漢'.repeat(200000)}\t"\\\n`;
	assert.equal((await rdv.request('GET', url(s))).status, 204);
	const none = cli(['clipboard', 'paste', 'clip']);
	assert.equal(none.status, 1);
	assert.match(String(none.stderr), /nothing was copied/);
	const put = cli(['clipboard', 'copy', 'clip'], text);
	assert.deepEqual([put.status, String(put.stdout)], [0, '']);
	const got = cli(['clipboard', 'paste'], '', { RDV_SESSION_ID: s.id });
	assert.equal(got.status, 0, String(got.stderr));
	assert.ok(got.stdout.equals(Buffer.from(text)));
	const raw = await rdv.request('GET', url(s));
	assert.match(raw.headers['content-type'], /^text\/plain/);
	// The newest, and none of another session.
	const other = await rdv.session('other', ['/bin/cat']);
	await copy(s, 'newest');
	assert.equal(cli(['clipboard', 'paste', 'clip']).stdout.toString(),
		'newest');
	assert.equal((await rdv.request('GET', url(other))).status, 204);
});

await test('J01 a clipboard has its bounds', async () => {
	const s = await rdv.session('bounds', ['/bin/cat']);
	const answer = async (...args) => (await copy(s, ...args)).status;
	assert.equal(await answer('é'.repeat(MIB / 2)), 200);
	assert.equal(await answer(`${'é'.repeat(MIB / 2)}x`), 413);
	assert.equal(await answer(''), 422);
	assert.equal(await answer('a\u0000b'), 400);
	assert.equal((await rdv.request('POST', '/api/sessions/' +
		'01900000-0000-7000-8000-000000000000/clipboard',
	{ body: { data: 'x' } })).status, 404);
	// What was refused has changed nothing.
	assert.equal(cli(['clipboard', 'paste', 'bounds']).stdout.length, MIB);
	for (const [text, says] of [[Buffer.alloc(MIB + 1, 'x'), /over 1 MiB/],
		[Buffer.from([0x61, 0xe2, 0x82]), /no UTF-8/],
		[Buffer.from('a\0b'), /no UTF-8/], [Buffer.alloc(0), /no text/]]) {
		const put = cli(['clipboard', 'copy', 'bounds'], text);
		assert.notEqual(put.status, 0);
		assert.match(String(put.stderr), says);
	}
});

await test('J01 who looks hears of a text when its owner lets it',
	async () => {
		const s = await rdv.session('told', ['/bin/cat']);
		const open = (query = '') => Terminal.open(rdv, s.id, { query });
		const asks = await open(), silent = await open();
		const looks = await open('read_only=true');
		const pongs = (t) => t.messages.filter((x) => x.type === 'pong').length;
		for (const t of [asks, looks]) {
			t.send({ type: 'clipboard_subscribe', enabled: true });
			// Answered in order.
			t.send({ type: 'ping' });
			await t.message('pong');
		}
		const ready = await asks.message('ready');
		assert.equal(ready.safe.clipboard_bytes, 0);
		assert.equal((await copy(s, 'one')).json.delivered, 0);
		await rdv.call('PATCH', `/api/sessions/${s.id}`, { clipboard: true });
		const safe = await asks.message('safe');
		assert.ok(safe.safe.clipboard_bytes > 0);
		const told = (await copy(s, 'two!')).json;
		assert.equal(told.delivered, 1);
		const m = await asks.message('clipboard_update');
		assert.deepEqual([m.revision, m.bytes, m.data],
			[told.revision, 4, undefined]);
		assert.equal((await copy(s, 'three', { tell: false })).json
			.delivered, 0);
		for (const t of [silent, looks]) {
			t.send({ type: 'ping' });
			await waitFor('what came before', () => pongs(t) === 1 +
				(t === looks));
			assert.ok(!t.messages.some((x) => x.type === 'clipboard_update'));
		}
		for (const t of [asks, silent, looks])
			await t.close();
	});

await test('a copied text is in no log, event or database', async () => {
	const s = await rdv.session('secret', ['/bin/cat']);
	const word = 'correct-horse-battery';
	await rdv.request('POST', url(s), { body: { data: word },
		headers: { 'Idempotency-Key': 'clip-1' } });
	assert.equal(String(cli(['clipboard', 'paste', 'secret']).stdout), word);
	// Nor by a digest, which tells whether a guess at it is right.
	const again = await rdv.request('POST', url(s), { body: { data: 'x' },
		headers: { 'Idempotency-Key': 'clip-1' } });
	assert.equal(again.status, 200);
	assert.equal(again.headers['idempotency-replayed'], undefined);
	// Control: under the key of another request something is kept.
	await rdv.request('POST', '/api/folders', { body: { name: 'kept' },
		headers: { 'Idempotency-Key': 'folder-1' } });
	const files = fs.readdirSync(rdv.base, { recursive: true })
		.map((f) => path.join(rdv.base, f)).filter((f) => fs.statSync(f,
			{ throwIfNoEntry: false })?.isFile());
	const has = (text) => files.filter((f) =>
		fs.readFileSync(f).includes(text));
	assert.notDeepEqual(has(s.id), []);
	assert.deepEqual(has(word), []);
	assert.notDeepEqual(has('folder-1'), []);
	assert.deepEqual(has('clip-1'), []);
});

await rdv.stop();
