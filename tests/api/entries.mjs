// What an agent said and did: pages of a run's entries and the stream of them.
// The files are written here as an rdvd leaves them (daemon/term/talkfile.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';

const M = (1n << 64n) - 1n;
function hash(buf) {
	let h = 0x9e3779b97f4a7c15n ^ BigInt(buf.length);
	let i = 0;
	for (; i + 8 <= buf.length; i += 8) {
		h = ((h ^ buf.readBigUInt64LE(i)) * 0xff51afd7ed558ccdn) & M;
		h ^= h >> 32n;
	}
	const rest = Buffer.alloc(8);
	buf.copy(rest, 0, i);
	h = ((h ^ rest.readBigUInt64LE(0)) * 0xc4ceb9fe1a85ec53n) & M;
	return h ^ h >> 29n;
}

// Versions of entries, [number, value] each, as two files.
function files(versions) {
	const say = [];
	const slots = [];
	let at = 0n;
	for (const [n, value] of versions) {
		const text = Buffer.from(JSON.stringify(value));
		const head = Buffer.alloc(24);
		head.writeUInt32LE(0x1e0d1e00, 0);
		head.writeUInt32LE(n, 4);
		head.writeUInt32LE(text.length, 8);
		head.writeBigUInt64LE(hash(text), 16);
		const where = Buffer.alloc(8);
		where.writeBigUInt64LE(at);
		head.writeUInt32LE(Number(hash(Buffer.concat([head, where])) &
			0xffffffffn), 12);
		const slot = Buffer.alloc(16);
		slot.writeBigUInt64LE(hash(text), 0);
		slot.writeBigUInt64LE(at << 24n | BigInt(text.length), 8);
		slots[n] = slot;
		say.push(head, text);
		at += BigInt(24 + text.length);
	}
	return [Buffer.concat(say), Buffer.concat(slots)];
}

const rdv = await Rdv.start();
const ended = async () => {
	const s = await rdv.session('talk', ['/bin/true']);
	return waitFor('its end', async () => {
		const { run } = await rdv.call('GET', `/api/sessions/${s.id}`);
		return run.ended_at !== null && run;
	});
};
const leave = (run, versions) => {
	const [say, sax] = files(versions);
	const at = path.join(rdv.base, 'server/runs', run.id);
	fs.writeFileSync(`${at}.say`, say, { mode: 0o600 });
	fs.writeFileSync(`${at}.sax`, sax, { mode: 0o600 });
};
const page = (run, query = '') => rdv.call('GET',
	`/api/runs/${run.id}/entries${query}`);
const entry = (i) => ({ timestamp: null, content: `entry ${i}`,
	entry_type: { type: 'assistant_message' } });
// All messages of a stream that ends by itself.
async function stream(run, query = '', headers = {}) {
	const r = await rdv.request('GET',
		`/api/runs/${run.id}/entries/stream${query}`, { headers });
	assert.equal(r.status, 200);
	return `${r.raw}`.split('\n').filter((l) => l.startsWith('{'))
		.map((l) => JSON.parse(l));
}
// The document after them.
function apply(messages, doc = {}) {
	for (const { JsonPatch } of messages)
		for (const { op, path: p, value } of JsonPatch ?? []) {
			assert.equal(op, 'add');
			const keys = p.split('/').slice(1);
			const last = keys.pop();
			keys.reduce((o, k) => o[k], doc)[last] = value;
		}
	return doc;
}

await test('a run that is no agent\'s has no entries', async () => {
	const run = await ended();
	assert.deepEqual(await page(run), { total: 0, before: null, items: [] });
	const told = await stream(run);
	assert.deepEqual(apply(told), { total: 0, first: 0, entries: {} });
	assert.deepEqual(told.slice(1), [{ Ready: true }, { finished: true }]);
});

await test('a stream of a run that goes on ends with it', async () => {
	const s = await rdv.session('goes on', ['/bin/cat']);
	const told = stream(s.run);
	let over = false;
	told.then(() => (over = true));
	await page(s.run);
	assert.equal(over, false);
	await rdv.call('DELETE', `/api/sessions/${s.id}`);
	assert.deepEqual((await told).at(-1), { finished: true });
});

await test('pages from the end on', async () => {
	const run = await ended();
	const all = Array.from({ length: 120 }, (_, i) => [i, entry(i)]);
	leave(run, [...all, [7, entry('seven again')]]);
	const last = await page(run);
	assert.equal(last.total, 120);
	assert.equal(last.before, 70);
	assert.deepEqual(last.items.map((i) => i.index),
		Array.from({ length: 50 }, (_, i) => 70 + i));
	assert.deepEqual(last.items[49].entry, entry(119));
	const second = await page(run, `?before=${last.before}&limit=65`);
	assert.equal(second.before, 5);
	assert.equal(second.items.find((i) => i.index === 7).entry.content,
		'entry seven again');
	const third = await page(run, `?before=${second.before}`);
	assert.equal(third.before, null);
	assert.equal(third.items.length, 5);
	assert.deepEqual((await page(run, '?before=0')).items, []);
	assert.equal((await page(run, '?before=4000000000&limit=1')).items[0].index,
		119);
	for (const bad of ['?before=-1', '?limit=0', '?limit=501', '?before=x'])
		assert.equal((await rdv.request('GET',
			`/api/runs/${run.id}/entries${bad}`)).status, 422, bad);
});

await test('a page of long entries is short', async () => {
	const run = await ended();
	const long = (i) => ({ ...entry(i), content: `${i}`.repeat(900_000) });
	leave(run, Array.from({ length: 9 }, (_, i) => [i, long(i)]));
	const last = await page(run);
	assert.deepEqual(last.items.map((i) => i.index), [7, 8]);
	assert.equal(last.before, 7);
	assert.deepEqual(last.items[1].entry, long(8));
	leave(run, [[0, entry(0)], [1, { ...entry(1), content: 'x'.repeat(7e6) }]]);
	assert.deepEqual((await page(run)).items.map((i) => i.index), [1]);
	assert.deepEqual(Object.keys(apply(await stream(run)).entries), ['1']);
});

await test('a stream has the last page, and goes on behind an id', async () => {
	const run = await ended();
	const all = Array.from({ length: 120 }, (_, i) => [i, entry(i)]);
	leave(run, all);
	const first = await stream(run, '?limit=10');
	const doc = apply(first);
	assert.equal(doc.total, 120);
	assert.equal(doc.first, 110);
	assert.deepEqual(Object.keys(doc.entries).map(Number),
		Array.from({ length: 10 }, (_, i) => 110 + i));
	// What comes behind it, as it comes to who was away.
	leave(run, [...all, [3, entry('three')], [120, entry('older')],
		[120, entry('newer')]]);
	for (const [query, headers] of [[`?since=${first[0].id}`, {}],
		['', { 'Last-Event-ID': `${first[0].id}` }]]) {
		const more = await stream(run, query, headers);
		assert.equal(more.length, 3);
		assert.deepEqual(more[0].JsonPatch.map((o) => o.path),
			['/entries/3', '/entries/120', '/total']);
		assert.deepEqual(apply(more, structuredClone(doc)), { ...doc,
			total: 121, entries: { ...doc.entries, 3: entry('three'),
				120: entry('newer') } });
		// All of it: nothing is left to be told.
		assert.deepEqual(await stream(run, `?since=${more[0].id}`),
			[{ Ready: true }, { finished: true }]);
	}
	// All from the beginning, in shares.
	const whole = await stream(run, '?since=0');
	assert.deepEqual(Object.keys(apply(whole,
		{ entries: {} }).entries).length, 121);
	// What is no id, or none of this conversation.
	for (const id of [1, first[0].id - 1, 10 ** 12])
		assert.equal(apply(await stream(run, `?since=${id}`)).first, 71);
	assert.equal((await rdv.request('GET',
		`/api/runs/${run.id}/entries/stream`,
		{ headers: { 'Last-Event-ID': 'x' } })).status, 400);
});

await test('server-sent events carry the id', async () => {
	const run = await ended();
	leave(run, [[0, entry(0)]]);
	const r = await rdv.request('GET', `/api/runs/${run.id}/entries/stream`,
		{ headers: { Accept: 'text/event-stream' } });
	const [first, ready, over] = `${r.raw}`.split('\n\n');
	const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(first);
	assert.equal(JSON.parse(data).id, +id);
	assert.deepEqual(apply([JSON.parse(data)]).entries, { 0: entry(0) });
	assert.equal(ready, 'data: {"Ready":true}');
	assert.equal(over, 'data: {"finished":true}');
});

await test('what was lost with the power is null', async () => {
	const run = await ended();
	leave(run, [[0, entry(0)], [1, entry(1)], [2, entry(2)]]);
	const say = path.join(rdv.base, 'server/runs', `${run.id}.say`);
	const bytes = fs.readFileSync(say);
	fs.writeFileSync(say, bytes.subarray(0, bytes.length - 5)
		.fill(0, 30, 34));
	assert.deepEqual((await page(run)).items.map((i) => i.entry),
		[null, entry(1), null]);
	assert.deepEqual(apply(await stream(run)).entries,
		{ 0: null, 1: entry(1), 2: null });
});

await test('they go when the output does', async () => {
	const run = await ended();
	leave(run, [[0, entry(0)]]);
	assert.equal((await page(run)).total, 1);
	// It is known to be over only when that is durable.
	assert.deepEqual((await stream(run)).at(-1), { finished: true });
	assert.equal((await rdv.request('DELETE', `/api/runs/${run.id}/log`)).status,
		204);
	assert.equal((await page(run)).total, 0);
	assert.deepEqual(fs.readdirSync(path.join(rdv.base, 'server/runs'))
		.filter((n) => n.startsWith(run.id)), []);
});

await rdv.stop();
