// The terminal protocol number by number: contract 3.1, 3.2 and 3.4, in the
// words of docs/stream.md. Who comes and by what right is in tokens.mjs and
// tests/abuse; what owns the size in sizes.mjs.
import assert from 'node:assert/strict';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';

const NOBODY = '01900000-0000-7000-8000-000000000000';
const rdv = await Rdv.start();
const shell = (name, script) => rdv.session(name, ['/bin/sh', '-c', script]);
async function open(s, options = {}) {
	const t = await Terminal.open(rdv, s.id ?? s, options);
	await t.message('ready');
	return t;
}
const json = { protocol: null };
// Nothing is closed: it still answers.
async function answers(t) {
	const pongs = () => t.messages.filter((m) => m.type === 'pong').length;
	const before = pongs();
	t.send({ type: 'ping' });
	await waitFor('pong', () => pongs() > before);
	assert.equal(t.closed, null);
}
// One error, with that code, and it goes on.
async function complains(t, code, send) {
	const errors = () => t.messages.filter((m) => m.type === 'error');
	const before = errors().length;
	send();
	await waitFor(code, () => errors().length > before);
	await answers(t);
	assert.deepEqual(errors().slice(before).map((m) => m.code), [code]);
	assert.ok(errors()[before].message.length > 0);
}
async function refuses(id, close, code) {
	const t = await Terminal.open(rdv, id);
	assert.equal((await t.message('error')).code, code);
	assert.equal(await t.ended(), close);
	assert.equal(t.messages.some((m) => m.type === 'ready'), false);
}

// Two that take their time, beside the others: 20 s to a ping, 10 s to be slow.
const lives = await rdv.session('pinged', ['/bin/cat']);
const pinged = await open(lives);
const opened = performance.now();
let first = null;
pinged.ws.on('ping', () => { first ??= performance.now() - opened; });
const floods = await shell('floods', 'read go; ' +
	"head -c 4000000 /dev/zero | tr '\\0' x; read more");
const slow = await open(floods), quick = await open(floods);
slow.ws.pause();
// It cannot be slow before this.
const flood = performance.now();
quick.type('\n');
const flooded = waitFor('all of it', () => quick.output.length > 4000000);
// Judged by the test that awaits it, which may not have been asked for.
flooded.catch(() => {});

await test('either socket, and each message of the seed', async () => {
	for (const sock of [rdv.sock, rdv.term]) {
		const s = await shell('seed', 'stty -echo; read a; stty size; exit 3');
		const t = await open(s, { ...json, sock });
		t.send({ type: 'resize', cols: 91, rows: 31 });
		await t.message('size', (m) => m.cols === 91 && m.rows === 31);
		await answers(t);
		t.send({ type: 'input', data: 'x\r' });
		await t.shows('31 91\r\n');
		const exit = await t.message('exit');
		assert.equal(exit.code, 3);
		assert.equal(await t.ended(), 1000);
	}
});

await test('rdv.v1: eight bytes of offset, then the bytes as they are',
	async () => {
		const wait = 'head -c 1 > /dev/null';
		const s = await shell('raw', `stty raw -echo; printf go; ${wait}; ` +
			`printf "\\000\\377\\303"; ${wait}; printf "\\251end"; ${wait}`);
		const t = await Terminal.open(rdv, s.id, { query: 'offset=0' });
		const frames = [];
		assert.equal(t.ws.protocol, 'rdv.v1');
		await t.shows('go');
		t.ws.on('message', (data, binary) => binary && frames.push(data));
		t.type('x');
		await waitFor('three bytes more', () => t.output.length === 5);
		t.type('x');
		await t.shows('end');
		assert.ok(t.output.equals(Buffer.from('676f00ffc3a9656e64', 'hex')));
		let at = 2;
		for (const f of frames) {
			assert.equal(f.readBigUInt64BE(0), BigInt(at));
			at += f.length - 8;
		}
		assert.ok(at === 9 && frames.length >= 2);
		await t.close();
	});

await test('JSON: a character is never cut, what is none is U+FFFD',
	async () => {
		const s = await shell('text', 'stty raw -echo; printf "a\\303"; ' +
			'head -c 1 > /dev/null; printf "\\251b\\377"; head -c 1 > /dev/null');
		const t = await Terminal.open(rdv, s.id, { ...json, query: 'offset=0' });
		assert.equal(t.ws.protocol, '');
		await t.shows('a');
		await waitFor('both bytes', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}`)).run.log_bytes === 2);
		await answers(t);
		assert.equal(String(t.output), 'a', 'half of one waits');
		t.type('x');
		await t.shows('b\ufffd');
		assert.equal(String(t.output), 'a\u00e9b\ufffd');
		await t.close();
	});

await test('resume: from any byte of the log, or resync', async () => {
	const s = await shell('resumed', 'seq 1000; read x');
	const t = await Terminal.open(rdv, s.id, { query: 'offset=0' });
	await t.shows('1000\r\n');
	const all = t.output, half = 1234;
	const from = async (message, at, want) => {
		const had = t.output.length;
		if (want === 'resume')
			t.offset = at;
		t.send({ type: 'resume', ...message });
		await waitFor('it comes again', () =>
			t.output.length - had === all.length - at);
		assert.ok(t.output.subarray(had).equals(all.subarray(at)));
	};
	await from({ offset: half }, half, 'resume');
	await from({ offset: half, run_id: s.run.id }, half, 'resume');
	await from({ offset: all.length + 1 }, 0, 'resync');
	await from({ offset: half, run_id: NOBODY }, 0, 'resync');
	const said = t.messages.filter((m) => m.type === 'resync');
	assert.equal(said.length, 2);
	for (const m of said) {
		assert.equal(m.offset, 0);
		assert.equal(m.run_id, s.run.id);
	}
	await t.close();
});

await test('a size is 10..1000 by 3..500', async () => {
	const t = await open(await rdv.session('sized', ['/bin/cat']));
	for (const [cols, rows] of [[10, 3], [1000, 500], [10, 500], [1000, 3]]) {
		t.send({ type: 'resize', cols, rows });
		await t.message('size', (m) => m.cols === cols && m.rows === rows);
	}
	for (const [cols, rows] of [[9, 3], [10, 2], [1001, 500], [1000, 501],
		[0, 0], [-80, 24], [80.5, 24], ['80', '24'], [80], [65616, 24],
		[2 ** 32 + 80, 24]])
		await complains(t, 'INVALID_SIZE', () =>
			t.send({ type: 'resize', cols, rows }));
	const sizes = t.messages.filter((m) => m.type === 'size');
	assert.equal(sizes.at(-1).cols, 1000);
	assert.equal(sizes.at(-1).rows, 3);
	for (const query of ['cols=9&rows=3', 'cols=10&rows=2',
		'cols=1001&rows=500', 'cols=1000&rows=501'])
		assert.equal((await Terminal.open(rdv, NOBODY, { query })).refused,
			422, query);
	await t.close();
});

await test('input is at most 64 KiB in a message', async () => {
	const eats = () => shell('eats', 'stty raw -echo; echo go; ' +
		'head -c 65536 | wc -c');
	const t = await Terminal.open(rdv, (await eats()).id);
	await t.shows('go');
	t.ws.send(Buffer.alloc(65536, 'x'));
	await t.shows('65536\n');
	assert.equal(await t.ended(), 1000);
	const text = (length) => {
		const empty = JSON.stringify({ type: 'input', data: '' }).length;
		return JSON.stringify({ type: 'input',
			data: 'x'.repeat(length - empty) });
	};
	const s = await eats();
	const j = await Terminal.open(rdv, s.id, json);
	await j.shows('go');
	j.ws.send(text(65536));
	await answers(j);
	for (const [more, options] of [[Buffer.alloc(65537), {}],
		[text(65537), json]]) {
		const over = await open(s, options);
		over.ws.send(more);
		assert.equal(await over.ended(), 1009);
	}
	await answers(j);
	await j.close();
});

await test('what is not understood is told and closes nothing', async () => {
	const s = await rdv.session('patient', ['/bin/cat']);
	const t = await open(s, json);
	for (const type of ['client_focus', 'restart_agent', 'INPUT', '', 7, null])
		await complains(t, 'UNKNOWN_TYPE', () => t.send({ type }));
	await complains(t, 'UNKNOWN_TYPE', () => t.send({}));
	for (const text of ['', 'ls\r', '{"type":"input"', '[]', '"input"', 'null'])
		await complains(t, 'INVALID_JSON', () => t.ws.send(text));
	await complains(t, 'MISSING_FIELD', () => t.send({ type: 'input' }));
	await complains(t, 'MISSING_FIELD', () => t.send({ type: 'input',
		data: 7 }));
	await complains(t, 'NO_BINARY', () => t.ws.send(Buffer.from('x')));
	t.type('typed\r');
	await t.shows('typed');
	assert.equal(String(t.output).replaceAll('typed', '').trim(), '');
	t.send({ type: 'detach' });
	assert.equal(await t.ended(), 1000);
	assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`)).run.state,
		'running');
});

await test('4003 for no session, 4004 for a closed or suspended one',
	async () => {
		await refuses(NOBODY, 4003, 'NOT_FOUND');
		await refuses('rdv-x', 4003, 'NOT_FOUND');
		const s = await rdv.session('closing', ['/bin/cat']);
		const t = await open(s);
		await rdv.call('POST', `/api/sessions/${s.id}/suspend`);
		assert.equal((await t.message('error')).code, 'SESSION_SUSPENDED');
		assert.equal(await t.ended(), 4004);
		await refuses(s.id, 4004, 'SESSION_SUSPENDED');
		await rdv.call('POST', `/api/sessions/${s.id}/resume`);
		await (await open(s)).close();
		await rdv.request('DELETE', `/api/sessions/${s.id}`);
		await refuses(s.id, 4004, 'SESSION_CLOSED');
	});

await test('without a credential there is no WebSocket at all', async () => {
	const s = await rdv.session('guarded', ['/bin/cat']);
	for (const token of [null, `rdv_${'A'.repeat(43)}`])
		assert.equal((await Terminal.open(rdv, s.id, { token })).refused, 401);
	await (await open(s)).close();
});

await test('a ticket is asked for once; a repetition does not show it',
	async () => {
		const s = await rdv.session('ticketed', ['/bin/cat']);
		const ask = (body, key) => rdv.request('POST',
			`/api/sessions/${s.id}/terminal-token`, { body,
				headers: { 'Idempotency-Key': key } });
		const a = await ask({}, 'one'), b = await ask({}, 'one');
		assert.equal(a.status, 201);
		assert.equal(a.json.token.length, 43);
		assert.equal(b.status, 201);
		assert.equal(b.headers['idempotency-replayed'], 'true');
		assert.equal(b.json.token, null);
		assert.notEqual((await ask({}, 'two')).json.token, a.json.token);
		assert.equal((await ask({ read_only: 1 }, 'three')).json.code,
			'WRONG_TYPE');
	});

await test('1001 when the server shuts down', async (tt) => {
	const mine = await tt.start();
	const s = await mine.session('left', ['/bin/cat']);
	const t = await Terminal.open(mine, s.id);
	await t.message('ready');
	mine.main.kill('SIGTERM');
	assert.equal(await t.ended(), 1001);
});

await test('1013 after 10 s in which a client takes nothing', async () => {
	await flooded;
	assert.equal(slow.closed, null, 'nobody waited for it');
	await waitFor('it is called slow', async () => /^rdv_viewers_slow_total 1$/m
		.test(String((await rdv.request('GET', '/metrics')).raw)));
	assert.ok(performance.now() - flood > 9000);
	slow.ws.resume();
	assert.equal((await slow.message('error')).code, 'SLOW_VIEWER');
	assert.equal(await slow.ended(), 1013);
	// It comes back where it was and misses nothing.
	const at = slow.output.length;
	assert.ok(at < 3000000, `${at}`);
	const back = await Terminal.open(rdv, floods.id, { query:
		`offset=${slow.offset}&run_id=${floods.run.id}` });
	await waitFor('the rest', () => back.offset === quick.offset);
	await answers(quick);
	await Promise.all([back.close(), quick.close()]);
});

await test('a ping every 20 s', async () => {
	// It may be seen late, and never early.
	await waitFor('a ping', () => first !== null);
	assert.ok(first > 19000, `${first} ms`);
	await answers(pinged);
	await pinged.close();
});

await rdv.stop();
