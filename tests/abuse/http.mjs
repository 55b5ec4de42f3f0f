// Requests that mean two things, parsers that are asked for too much, and
// frames that no client sends. What nginx makes of the same bytes is in
// tests/unit/cli/test_proxy.c, over the same list of paths.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { Rdv, root, test, waitFor } from '../harness/rdv.mjs';
import { answer, ask, connect, options, origin, refused, unharmed, upgrade } from
	'./lib.mjs';

const rdv = await Rdv.start({ ...options, config: `${options.config}
[server]
header_timeout_ms = 2000
body_timeout_ms = 2000
` });
const mine = { Host: 'localhost', Authorization: `Bearer ${rdv.token}` };
const auth = `Host: localhost\r\nAuthorization: Bearer ${rdv.token}\r\n`;
const folders = async () => (await rdv.call('GET', '/api/folders'))
	.map(({ name }) => name);
const json = 'Content-Type: application/json\r\n';
const body = (name) => JSON.stringify({ name });
const whole = (name, more = '') => `POST /api/folders HTTP/1.1\r\n${auth}` +
	`${json}${more}Content-Length: ${body(name).length}\r\n\r\n${body(name)}`;
const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
	.map((m) => +m[1]);

const next = whole('smuggled', 'Connection: close\r\n');
const chunked = (name) => `${body(name).length.toString(16)}\r\n` +
	`${body(name)}\r\n0\r\n\r\n`;
// Framing headers and the body behind them.
const smuggling = {
	'length and chunked': ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
		'0\r\n\r\n'],
	'chunked and length': ['Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
		'0\r\n\r\n'],
	'two lengths': ['Content-Length: 2\r\nContent-Length: 3\r\n', '{} '],
	'the same length twice': ['Content-Length: 2\r\nContent-Length: 2\r\n', '{}'],
	'a list of lengths': ['Content-Length: 2, 2\r\n', '{}'],
	'signed length': ['Content-Length: +2\r\n', '{}'],
	'hexadecimal length': ['Content-Length: 0x2\r\n', '{}'],
	'length out of range': ['Content-Length: 18446744073709551618\r\n', '{}'],
	'xchunked': ['Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
	'chunked, identity': ['Transfer-Encoding: chunked, identity\r\n',
		'0\r\n\r\n'],
	'gzip, chunked': ['Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
	'chunked twice': ['Transfer-Encoding: chunked\r\n'.repeat(2), '0\r\n\r\n'],
	'tab before chunked': ['Transfer-Encoding:\x0bchunked\r\n', '0\r\n\r\n'],
	'space before the colon': ['Content-Length : 2\r\n', '{}'],
	'folded': ['Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'],
	'folded into another': ['X: a\r\n\tb\r\nContent-Length: 2\r\n', '{}'],
	'bare LF': ['X: a\nContent-Length: 2\r\n', '{}'],
	'bare CR': ['X: a\rContent-Length: 2\r\n', '{}'],
	'NUL': ['X: a\0b\r\nContent-Length: 2\r\n', '{}'],
	'chunk size overflows': ['Transfer-Encoding: chunked\r\n',
		'10000000000000002\r\n{}\r\n0\r\n\r\n'],
	'chunk size signed': ['Transfer-Encoding: chunked\r\n',
		'+2\r\n{}\r\n0\r\n\r\n'],
	'chunk with bare LF': ['Transfer-Encoding: chunked\r\n', '2\n{}\n0\n\n'],
};

await test('B06 one request is one: 400, closed, nothing left over',
	async () => {
		for (const [what, [head, text]] of Object.entries(smuggling)) {
			const said = await rdv.raw(Buffer.from(`POST /api/folders ` +
				`HTTP/1.1\r\n${auth}${json}${head}\r\n${text}${next}`,
			'latin1'));
			const got = statuses(said);
			assert.equal(got.length, 1, `${what}: ${said}`);
			assert.ok([400, 413].includes(got[0]), `${what}: ${got}`);
			assert.match(said, /connection: close/i, what);
		}
		assert.deepEqual(await folders(), []);
		const good = await rdv.raw(whole('one') + 'POST /api/folders ' +
			`HTTP/1.1\r\n${auth}${json}Transfer-Encoding: chunked\r\n\r\n` +
			chunked('two') + whole('three', 'Connection: close\r\n'));
		assert.deepEqual(statuses(good), [201, 201, 201], good);
		assert.deepEqual((await folders()).sort(), ['one', 'three', 'two']);
	});

await test('B07 a path is one spelling, or refused', async () => {
	const rows = fs.readFileSync(path.join(root, 'tests/unit/http/paths.txt'),
		'utf8').split('\n').filter((l) => l && !l.startsWith('#'))
		.map((l) => l.split('\t'));
	assert.ok(rows.length > 60);
	for (const [target, means] of rows) {
		const r = await ask(rdv, 'GET', target, mine);
		if (means === '!')
			assert.equal(r.status, 400, `${target}: ${r.status}`);
		else
			assert.equal(r.status, means !== '/api/sessions' ? 404 :
				target.includes('?') ? 422 : 200, `${target}: ${r.status}`);
	}
	// The same below a route that exists, where a slip would be an answer.
	for (const to of ['/api//sessions', '/api/./sessions', '/api/x/../sessions',
		'/api/%2e%2e/api/sessions', '/api%2fsessions', '/api/sessions%00',
		'/api/x/..;/sessions', '/api\\sessions', '/api/sessions%',
		'/api/%c0%ae%c0%ae/api/sessions'])
		refused(await ask(rdv, 'GET', to, mine), to, 400);
	for (const to of ['/api/sessions;x', '/API/sessions', '/api/sessions%20',
		'/api/sessions/'])
		refused(await ask(rdv, 'GET', to, mine), to, 404);
});

await test('B11 only websocket, only where it belongs', async () => {
	const s = await rdv.session('up', ['/bin/cat']);
	const at = (target, change) => ask(rdv, 'GET', target,
		{ ...mine, ...upgrade, ...change }, { sock: rdv.term });
	const ws = `/ws/terminal/${s.id}`;
	for (const Upgrade of ['h2c', 'TLS/1.0', 'foo', 'websocket, h2c',
		'websocketx', ''])
		refused(await at(ws, { Upgrade }), `Upgrade: ${Upgrade}`);
	refused(await at(ws, { Upgrade: null, Connection: null }), 'no upgrade', 426);
	refused(await at(ws, { 'Sec-WebSocket-Version': '8' }), 'version', 426);
	for (const key of ['', 'short', 'x'.repeat(24), null])
		refused(await at(ws, { 'Sec-WebSocket-Key': key }), `key ${key}`, 400);
	for (const target of ['/api/sessions', '/api/events', '/health',
		'/ws/other', '/ws', '/api/openapi.json']) {
		const r = await at(target, {});
		refused(r, target);
		assert.doesNotMatch(r.head, /\r\nupgrade: websocket/i, target);
	}
	const posted = await ask(rdv, 'POST', ws, { ...mine, ...upgrade,
		'Content-Length': 0 }, { sock: rdv.term });
	refused(posted, 'POST');
	assert.equal((await at(ws, {})).status, 101, 'control');
});

const post = (text) => rdv.request('POST', '/api/folders', { body: text });

await test('D01 JSON that is deep, huge, doubled or no JSON', () =>
	unharmed(rdv, async () => {
		const had = await folders();
		const deep = (n) => `{"name":${'['.repeat(n)}${']'.repeat(n)}}`;
		for (const text of [deep(100000), deep(65), '['.repeat(1000000),
			'{"a":'.repeat(100000)])
			refused(await post(text), text.slice(0, 40), 400);
		assert.equal((await post(deep(60))).status, 422, 'not too deep');
		for (const text of ['{"name":NaN}', '{"name":Infinity}',
			'{"name":"\\ud800"}', '{"name":"\\udc00\\ud800"}',
			'{"name":"a\\u0000b"}', '{"name":"a\0b"}', '{"name":"x"} x',
			'{"name":"x"}{"name":"y"}', '{"name":"x",}', "{'name':'x'}",
			'\ufeff{"name":"x"}', '', ' ', 'null', '[]', '"x"', '{"name":01}',
			'{"name":"a\nb"}', '{"name":"x"/**/}',
			`{"name":"x","sort":${'9'.repeat(400)}}`,
			`{"name":"x","sort":1e${'9'.repeat(400)}}`]) {
			const r = await post(text);
			assert.ok([400, 415, 422].includes(r.status),
				`${text.slice(0, 40)}: ${r.status} ${r.raw}`);
		}
		const bad = Buffer.from('{"name":"\xff\xfe"}', 'latin1');
		refused(await ask(rdv, 'POST', '/api/folders', { ...mine,
			'Content-Type': 'application/json', 'Content-Length':
			bad.length }, { body: bad.toString('latin1') }), 'UTF-8', 400);
		// Which of two wins is settled: neither.
		const twice = await post('{"name":"first","name":"last"}');
		assert.equal(twice.status, 400);
		const alias = await post('{"name":"a","parent_id":null,"parentId":null}');
		assert.equal(alias.status, 422, String(alias.raw));
		// A declared length costs nothing before its bytes are there.
		refused(await ask(rdv, 'POST', '/api/folders', { ...mine,
			'Content-Type': 'application/json',
			'Content-Length': 1 << 30 }, { body: '{' }), '1 GB', 413);
		assert.deepEqual(await folders(), had);
		assert.equal((await post('{"name":"\\u00fc \\ud83d\\ude00"}')).status,
			201);
		assert.ok((await folders()).includes('ü 😀'));
	}));

await test('D02 floods and drips of header and body', () =>
	unharmed(rdv, async () => {
		const head = `GET /api/user HTTP/1.1\r\n${auth}`;
		for (const [what, text] of Object.entries({
			'64k headers': head + 'A: b\r\n'.repeat(65536) + '\r\n',
			'one line of 1 MB': `${head}A: ${'x'.repeat(1 << 20)}\r\n\r\n`,
			'1 MB without a line': 'A'.repeat(1 << 20),
			'target of 1 MB': `GET /${'x'.repeat(1 << 20)} HTTP/1.1\r\n\r\n` }))
			assert.ok([400, 414, 431].includes(statuses(await rdv.raw(
				text))[0]), what);
		// The drip never stops by itself; the daemon must.
		const drip = async (start) => {
			const o = await connect(rdv);
			o.say(start);
			const drop = setInterval(() => o.closed || o.say('x'), 20);
			await waitFor('dripping is ended', () => o.closed)
				.finally(() => clearInterval(drop));
			return answer(o.text);
		};
		const slow = [`${head}X: `, `GET /`, `POST /api/folders HTTP/1.1\r\n` +
			`${auth}${json}Content-Length: 100000\r\n\r\n{`];
		const all = Promise.all(slow.flatMap((s) => Array(20).fill(s))
			.map(drip));
		// Meanwhile others are served.
		for (let i = 0; i < 50; i++)
			await rdv.call('GET', '/api/user');
		for (const r of await all)
			assert.ok([0, 408].includes(r.status), String(r.status));
		const many = 3000;
		const flood = rdv.raw(`${head}\r\n`.repeat(many - 1) +
			`${head}Connection: close\r\n\r\n`);
		await rdv.call('GET', '/api/user');
		const got = statuses(await flood);
		assert.equal(got.length, many, 'control: pipelined ones are answered');
		assert.ok(got.every((s) => s === 200));
	}));

await test('D02 no memory for the bodies of strangers', () =>
	unharmed(rdv, async () => {
		const big = Buffer.alloc((2 << 20) - 1, 'x');
		const begin = async (target, head, bytes) => {
			const o = await connect(rdv);
			o.say(`POST ${target} HTTP/1.1\r\nHost: localhost\r\n${json}` +
				`${head}\r\n`);
			if (bytes)
				o.say(bytes);
			await waitFor('an answer', () => o.text.includes('\r\n\r\n'));
			o.c.destroy();
			return answer(o.text);
		};
		const length = `Content-Length: ${big.length + 1}\r\n`;
		const all = await Promise.all(Array(60).fill(null).map(() =>
			begin('/api/folders', length, big)));
		assert.ok(all.every((r) => r.status === 401));
		// Before a byte of the body, and instead of "go on".
		refused(await begin('/api/folders', length), 'no body yet', 401);
		refused(await begin('/api/folders', `${length}Expect: 100-continue` +
			'\r\n'), 'asked for leave', 401);
		refused(await begin('/api/auth/login', length), 'not a code', 413);
		refused(await begin('/api/auth/login', `Origin: ${origin}\r\n` +
			'Transfer-Encoding: chunked\r\n', Buffer.concat([
			Buffer.from('100000\r\n'), big.subarray(0, 2000)])),
		'a code without end', 413);
		const go = await begin('/api/folders', `Authorization: Bearer ` +
			`${rdv.token}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n`);
		assert.equal(go.status, 100, 'control');
	}));

function frame(first, payload = '', { mask = true, length } = {}) {
	const data = Buffer.from(payload, 'latin1');
	const n = Buffer.alloc(8);
	n.writeBigUInt64BE(length ?? BigInt(data.length));
	const bit = mask ? 0x80 : 0;
	const head = data.length < 126 && length === undefined ?
		[first, bit | data.length] : [first, bit | 127, ...n];
	return Buffer.concat([Buffer.from([...head, ...mask ? [0, 0, 0, 0] : []]),
		data]);
}

const opening = (id) => `GET /ws/terminal/${id} HTTP/1.1\r\n${auth}` +
	`${Object.entries(upgrade).map((h) => `${h[0]}: ${h[1]}\r\n`).join('')}\r\n`;

// The code of the close frame at the end of what was said.
function closeCode(text) {
	const at = text.lastIndexOf('\x88');
	return at < 0 ? null : Buffer.from(text, 'latin1').readUInt16BE(at + 2);
}

const frames = {
	'unmasked': [frame(0x81, 'x', { mask: false }), 1002],
	'fragmented ping': [frame(0x09, 'x'), 1002],
	'ping of 200 bytes': [Buffer.concat([Buffer.from([0x89, 0xfe, 0, 200]),
		Buffer.alloc(204)]), 1002],
	'length 2^63': [frame(0x82, '', { length: 1n << 63n }), 1002],
	'length 2^62': [frame(0x82, 'x', { length: 1n << 62n }), 1009],
	'length 1 MB declared': [frame(0x82, 'x', { length: 1n << 20n }), 1009],
	'continuation without start': [frame(0x80, 'x'), 1002],
	'text within text': [Buffer.concat([frame(0x01, 'a'), frame(0x81, 'b')]),
		1002],
	'reserved bit': [frame(0xc1, 'x'), 1002],
	'reserved opcode': [frame(0x83, 'x'), 1002],
	'text that is no UTF-8': [frame(0x81, '\xff\xfe'), 1007],
	'close reason that is no UTF-8': [frame(0x88, '\x03\xe8\xff\xfe'), 1007],
	'close of one byte': [frame(0x88, '\x03'), 1002],
	'close code 1005': [frame(0x88, '\x03\xed'), 1002],
};

await test('D03 frames that are none end that socket alone', () =>
	unharmed(rdv, async () => {
		const s = await rdv.session('frames', ['/bin/cat']);
		for (const [what, [bytes, code]] of Object.entries(frames)) {
			const o = await connect(rdv, rdv.term);
			o.say(opening(s.id));
			await waitFor('ready', () => o.text.includes('"ready"'));
			// Control, on the same socket: a good ping has its pong.
			o.say(frame(0x89, 'hello'));
			await waitFor('pong', () => o.text.includes('\x8a\x05hello'));
			o.say(bytes);
			o.c.once('data', () => o.say(frame(0x88, '\x03\xe8')));
			await waitFor(`${what}: closed`, () => o.closed);
			assert.equal(closeCode(o.text), code, what);
		}
		const o = await connect(rdv, rdv.term);
		o.say(opening(s.id));
		await waitFor('ready', () => o.text.includes('"ready"'));
		// A flood of pings by somebody who reads no answer.
		o.c.pause();
		o.say(Buffer.concat(Array(100000).fill(frame(0x89, 'flood'))));
		for (let i = 0; i < 20; i++)
			await rdv.call('GET', '/api/user');
		o.c.destroy();
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	}));

await test('D04 nothing compressed is taken or made', () =>
	unharmed(rdv, async () => {
		const bomb = zlib.gzipSync(JSON.stringify({ name:
			'x'.repeat(16 << 20) }));
		assert.ok(bomb.length < 100000);
		const small = JSON.stringify({ name: 'packed' });
		const send = (Encoding, data) => ask(rdv, 'POST', '/api/folders',
			{ ...mine, 'Content-Type': 'application/json',
				'Content-Encoding': Encoding,
				'Content-Length': data.length },
			{ body: data.toString('latin1') });
		for (const [name, data] of [['gzip', bomb], ['gzip', zlib.gzipSync(
			small)], ['deflate', zlib.deflateSync(small)], ['br',
			zlib.brotliCompressSync(small)]])
			refused(await send(name, data), name, 415);
		// Nor is the name believed when it is not packed at all.
		refused(await send('gzip', Buffer.from(small)), 'plain', 415);
		assert.equal((await folders()).includes('packed'), false);
		assert.equal((await send(null, Buffer.from(small))).status, 201);
		const got = await ask(rdv, 'GET', '/api/openapi.json', { ...mine,
			'Accept-Encoding': 'gzip, deflate, br' });
		assert.equal(got.status, 200);
		assert.doesNotMatch(got.head, /content-encoding/i);
		const s = await rdv.session('plain', ['/bin/cat']);
		const ws = await ask(rdv, 'GET', `/ws/terminal/${s.id}`, { ...mine,
			...upgrade, 'Sec-WebSocket-Extensions':
			'permessage-deflate; client_max_window_bits' },
		{ sock: rdv.term });
		assert.equal(ws.status, 101);
		assert.doesNotMatch(ws.head, /extensions/i);
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	}));

await rdv.stop();
