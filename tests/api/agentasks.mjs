// What an agent says and asks for: its entries beside the log of its run, and
// leave for a tool from somebody who is not the run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { bin, test, waitFor } from '../harness/rdv.mjs';
import { Agents } from '../harness/agent.mjs';

const a = await Agents.start('[terminal]\ninput_queue_bytes = 4096\n');
const fresh = async () => a.conversation([await a.repository()],
	{ config: { approvals: true } });
const pending = async (t) => (await a.call('GET',
	`/api/approvals?run_id=${(await a.turn(t)).run_id}`)).items
	.filter((i) => i.state === 'pending');
const asked = async (t) => {
	await a.reached(t, 'agent', 'running');
	const { id } = await waitFor('it is asked', async () => {
		const [item] = await pending(t);

		return item && await a.rdv.told(item.id) && item;
	});

	return a.call('GET', `/api/approvals/${id}`);
};
const decide = (p, verdict) => a.request('POST',
	`/api/approvals/${p.id}/decision`, { verdict, digest: p.digest });
const entries = async (t) => (await a.call('GET',
	`/api/runs/${(await a.turn(t)).run_id}/entries`)).items;
const heard = (line) => waitFor(line, () => a.said().includes(line));

await test('its entries are kept as they come, and stay', async () => {
	const c = await a.fresh();
	const t = await a.over(await a.begin(c, 'say Hello there'));
	const have = await entries(t);
	assert.ok(JSON.stringify(have).includes('Hello there'),
		JSON.stringify(have));
	await a.rdv.again();
	assert.deepEqual(await entries(t), have);
});

await test('leave is asked for, given, and denied', async () => {
	const c = await fresh();
	const t = await a.begin(c, 'ask make all\nask rm -rf x\nsay Asked');
	const first = await asked(t);
	assert.deepEqual([first.tool, first.kind, first.session_id],
		['Bash', 'tool', c.id]);
	assert.equal((await decide(first, 'approve')).status, 200);
	await heard('make all: allow');
	const second = await asked(t);
	assert.notEqual(second.id, first.id);
	assert.equal((await decide(second, 'deny')).status, 200);
	await heard('rm -rf x: deny');
	assert.equal((await a.over(t)).state, 'completed');
	assert.equal((await decide(second, 'approve')).status, 409);
	await a.model([c]);
});

await test('what comes in one piece is all answered', async () => {
	const t = await a.begin(await fresh(), 'both\nsay Both');
	await heard('both: deny');
	await heard('both: and the other');
	assert.equal((await a.over(t)).state, 'completed');
});

await test('a stop withdraws what is asked', async () => {
	const c = await fresh(), t = await a.begin(c, 'ask sleep 1\nhang asked');
	const p = await asked(t);
	await a.call('POST', `/api/turns/${t.id}/stop`);
	assert.equal((await a.over(t)).chain.state, 'killed');
	assert.match((await a.call('GET', `/api/approvals/${p.id}`)).state,
		/withdrawn|lapsed/);
	assert.ok(!a.said().includes('sleep 1: allow'));
});

await test('rdvd goes while it waits: it waits on, and is told once', async () => {
	const c = await fresh(), t = await a.begin(c, 'ask late\nask later\nsay it');
	const p = await asked(t);
	await a.rdv.again();
	assert.equal((await a.call('GET', `/api/approvals/${p.id}`)).state, 'pending');
	assert.equal((await decide(p, 'approve')).status, 200);
	await heard('late: allow');
	const next = await asked(t);
	// In order as well: who ends denies nothing.
	await a.rdv.again('SIGTERM');
	assert.equal((await decide(next, 'deny')).status, 200);
	await heard('later: deny');
	const done = await a.over(t);
	assert.deepEqual([done.state, done.summary], ['completed', 'it']);
	assert.equal(a.said().filter((l) => l === 'late: allow').length, 1);
	await a.model([c]);
});

await test('what was decided while nobody heard it is heard', async () => {
	const c = await fresh(), t = await a.begin(c, 'ask gone\nsay it');
	const p = await asked(t);
	const old = a.rdv.rdvd;
	// Its answer is written by nobody: the row is all there is.
	process.kill(old, 'SIGSTOP');
	execFileSync('sqlite3', ['-cmd', '.timeout 10000',
		path.join(a.rdv.base, 'server/rdv.db'), `UPDATE approval SET state =
		'approved', decided_at = 1, delivered_at = 1 WHERE id = '${p.id}'`]);
	await a.rdv.again();
	await heard('gone: allow');
	assert.equal((await a.over(t)).state, 'completed');
	await a.model([c]);
});

await test('abuse H09: a prompt is told whole, whatever may be typed ahead',
	async () => {
		const c = await a.fresh();
		const done = await a.over(await a.begin(c,
			`say Heard\n${'\x01'.repeat(150 * 1024)}`));
		assert.deepEqual([done.state, done.summary], ['completed', 'Heard']);
	});

await test('abuse H09: what cannot be told an agent ends its turn', async () => {
	const c = await fresh(), t = await a.begin(c, 'flood 7');
	await waitFor('all is asked', async () => (await a.turn(t)).run_id &&
		(await pending(t)).length === 7);
	const got = [];
	for (const { id } of await pending(t))
		got.push((await decide(await a.call('GET', `/api/approvals/${id}`),
			'approve')).status);
	// As long as it is not over; the control is what was told before.
	assert.match(got.join(' '), /^(200 ){3,}[ 0-9]*$/);
	const done = await a.over(t);
	assert.equal(done.state, 'failed');
	assert.match(done.cause, /was to be told is too long/);
	await a.model([c]);
});

const rdvSays = (...words) => execFileSync(bin('rdv'), words, {
	encoding: 'utf8', env: { PATH: '/usr/bin:/bin', RDV_HOME: a.rdv.base } });

// Before all that the agent says of itself.
await test('a run that asks a person says so, in lists too', async () => {
	const c = await fresh();
	const t = await a.begin(c, 'ask make\nsay x');
	const p = await asked(t), id = t.run_id ?? (await a.turn(t)).run_id;
	const run = () => a.call('GET', `/api/runs/${id}`);
	assert.equal((await run()).agent_status, 'asks');
	assert.match(rdvSays('runs', 'ls', '--live'),
		new RegExp(`^${id} +agent +running +asks `, 'm'));
	assert.match(rdvSays('runs', 'show', id), /^its agent +asks$/m);
	assert.match(rdvSays('status'), /^waits for you +1$/m);
	assert.equal((await decide(p, 'deny')).status, 200);
	await a.over(t);
	assert.equal((await run()).agent_status, undefined);
	assert.match(rdvSays('status'), /^waits for you +0$/m);
	assert.doesNotMatch(rdvSays('runs', 'show', id), /its agent/);
});

await a.stop();
