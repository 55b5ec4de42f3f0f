// The entries of a turn while it goes on, as who follows it is told of them, and
// over an rdvd that is killed meanwhile.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test, waitFor } from '../harness/rdv.mjs';
import { Agents } from '../harness/agent.mjs';

const a = await Agents.start();

class Follower {
	constructor(run, since) {
		Object.assign(this, { doc: {}, messages: [], over: false });
		const query = since === undefined ? '' : `?since=${since}`;
		this.req = http.get({ socketPath: a.rdv.sock,
			path: `/api/runs/${run}/entries/stream${query}`, headers:
			{ Host: 'localhost', Authorization: `Bearer ${a.rdv.token}` } },
		(res) => {
			let rest = '';
			res.on('data', (d) => {
				const lines = (rest + d).split('\n');
				rest = lines.pop();
				lines.filter((l) => l !== '').forEach((l) =>
					this.take(JSON.parse(l)));
			});
			res.on('error', () => {});
			res.on('close', () => { this.over = true; });
		});
		this.req.on('error', () => { this.over = true; });
	}

	take(m) {
		this.messages.push(m);
		this.id = m.id ?? this.id;
		for (const { op, path, value } of m.JsonPatch ?? []) {
			assert.equal(op, 'add');
			const keys = path.split('/').slice(1), last = keys.pop();
			keys.reduce((o, k) => o[k], this.doc)[last] = value;
		}
	}

	said(text) {
		return Object.values(this.doc.entries ?? {}).some((e) =>
			e.content.includes(text));
	}

	get finished() {
		return this.messages.at(-1)?.finished === true;
	}
}
const runOf = async (c, turn) => waitFor('its run', async () =>
	(await a.turns(c)).find((t) => t.id === turn.id)?.run_id);
const kept = async (run) => Object.fromEntries((await a.call('GET',
	`/api/runs/${run}/entries?limit=500`)).items.map((i) => [i.index, i.entry]));

await test('who follows a turn is told what it says, as it says it', async () => {
	const c = await a.fresh(), gate = a.gate();
	const turn = await a.begin(c, `wait ${gate}\nwrite a a\nsay The answer`);
	const run = await runOf(c, turn);
	const f = new Follower(run);
	await waitFor('ready', () => f.messages.some((m) => m.Ready));
	assert.equal(f.said('The answer'), false);
	assert.equal(f.finished, false);
	Agents.open(gate);
	await waitFor('the answer', () => f.said('The answer'));
	await a.over(turn);
	await waitFor('its end', () => f.finished && f.over);
	assert.deepEqual(f.doc.entries, await kept(run));
	assert.equal(f.doc.total, Object.keys(f.doc.entries).length);
});

await test('one rdvd after the other tells the same entries', async () => {
	const c = await a.fresh(), gate = a.gate();
	const turn = await a.begin(c,
		`say Before\nwait ${gate}\nsay After`);
	const run = await runOf(c, turn);
	const first = new Follower(run);
	await waitFor('what came before', () => Object.keys(
		first.doc.entries ?? {}).length > 0);
	await a.rdv.again();
	await waitFor('its stream broke', () => first.over);
	assert.equal(first.finished, false);
	const before = await kept(run);
	const second = new Follower(run, first.id);
	second.doc = structuredClone(first.doc);
	Agents.open(gate);
	await a.over(turn);
	await waitFor('its end', () => second.finished);
	const after = await kept(run);
	assert.deepEqual(second.doc.entries, after);
	for (const i of Object.keys(before))
		assert.ok(i in after, `entry ${i} stays`);
	assert.ok(second.said('After'));
});
await a.stop();
