// Events: every change once, in order, resumable.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Rdv, deadline, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();

function stream(headers = {}, query = '') {
	const s = { text: '', status: 0 };
	s.req = http.get({ socketPath: rdv.sock, path: `/api/events${query}`,
		headers: { Host: 'localhost', Accept: 'text/event-stream',
			Authorization: `Bearer ${rdv.token}`, ...headers } }, (res) => {
		s.status = res.statusCode;
		res.on('data', (d) => { s.text += d; });
		res.on('error', () => {});
	});
	s.req.on('error', () => {});
	s.ids = () => [...s.text.matchAll(/^id: (\d+)$/gm)].map((m) => +m[1]);
	s.open = () => waitFor('stream opens', () => s.status);
	return s;
}

await test('a change is seen by a stream that listens', async () => {
	const s = stream();
	await s.open();
	assert.equal(s.status, 200);
	const f = await rdv.call('POST', '/api/folders', { name: 'seen' });
	await waitFor('event', () => s.text.includes(f.id));
	assert.match(s.text, /event: folder\.created\ndata: \{/);
	s.req.destroy();
});

await test('Last-Event-ID continues without gap or repeat (O09)', async () => {
	const first = stream();
	await first.open();
	for (let i = 0; i < 5; i++)
		await rdv.call('POST', '/api/folders', { name: `n${i}` });
	await waitFor('five', () => first.ids().length >= 5);
	first.req.destroy();
	const have = first.ids();
	for (let i = 0; i < 5; i++)
		await rdv.call('POST', '/api/folders', { name: `m${i}` });
	for (const again of [stream({ 'Last-Event-ID': String(have.at(-1)) }),
		stream({}, `?since=${have.at(-1)}`)]) {
		await waitFor('the rest', () => again.ids().length >= 5);
		assert.equal(again.ids()[0], have.at(-1) + 1);
		assert.deepEqual(again.ids(), again.ids().map((_, i) =>
			have.at(-1) + 1 + i));
		again.req.destroy();
	}
});

await test('from the future is refused, the list is paged', async () => {
	const r = await rdv.request('GET', '/api/events?since=999999999');
	assert.equal(r.status, 400);
	const page = await rdv.call('GET', '/api/events?since=0&limit=3');
	assert.equal(page.items.length, 3);
	const next = await rdv.call('GET',
		`/api/events?since=${page.next_cursor}&limit=3`);
	assert.equal(next.items[0].seq, page.items[2].seq + 1);
});

await test('a stream outlives a restart of rdvd by its id', async () => {
	const s = stream();
	await s.open();
	const f = await rdv.call('POST', '/api/folders', { name: 'before' });
	await waitFor('event', () => s.text.includes(f.id));
	const old = rdv.rdvd;
	process.kill(old, 'SIGKILL');
	await deadline('stream ends', new Promise((r) => s.req.on('close', r)));
	await waitFor('new rdvd', () => rdv.rdvd && rdv.rdvd !== old);
	const g = await rdv.call('POST', '/api/folders', { name: 'after' });
	const again = stream({ 'Last-Event-ID': String(s.ids().at(-1)) });
	await waitFor('event', () => again.text.includes(g.id));
	assert.equal(again.text.includes(f.id), false);
	again.req.destroy();
});

await rdv.stop();
