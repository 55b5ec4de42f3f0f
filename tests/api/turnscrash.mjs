// Conversations while rdvd is killed: in every link of a chain and between any
// two steps. One end for everything, nothing begun twice, nothing that waits
// lost, whatever was cut off.
import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import { test, waitFor } from '../harness/rdv.mjs';
import { Agents, sh } from '../harness/agent.mjs';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 25);
const a = await Agents.start();
const loop = (gate) =>
	`until [ -e ${gate} ]; do read -t 0.05 x <> <(:) || :; done`;
const states = (t) => t.chain.links.map((l) => `${l.kind} ${l.state}`);
const log = (c) => sh(c.w.repos[0].path, 'git log --format=%s');

// What runs goes on, and so does its chain, in the daemon that comes after.
await test('killed while a script or the agent runs: all of it goes on', async () => {
	for (const kind of ['setup', 'agent', 'cleanup']) {
		const gate = a.gate();
		const c = await a.fresh({
			setup_script: kind === 'setup' ? loop(gate) : 'true',
			cleanup_script: kind === 'cleanup' ? loop(gate) : 'true' });
		const first = await a.begin(c, `${kind === 'agent' ? `wait ${gate}` :
			`say go ${kind}`}\nwrite f 1\nsay did ${kind}`);
		const next = await a.ask(c, `say after ${kind}`, { queue: true });
		assert.equal(next.status, 202);
		await a.reached(first, kind, 'running');
		// What it was not told before rdvd died it is never told.
		if (kind === 'agent')
			await waitFor('it works', () =>
				a.said().includes(`begin wait ${gate}`));
		await a.rdv.again();
		assert.equal(a.link(await a.turn(first), kind).state, 'running');
		Agents.open(gate);
		const done = await a.over(first);
		assert.deepEqual(states(done), ['setup completed', 'agent completed',
			'cleanup completed', 'commit completed'], kind);
		assert.equal(done.summary, `did ${kind}`);
		assert.ok(done.agent_session, kind);
		await waitFor('the next one', async () =>
			(await a.turns(c)).length === 2);
		assert.equal((await a.over((await a.turns(c))[1])).state, 'completed');
		assert.equal(log(c), `did ${kind}\none`);
		assert.equal(a.said().filter((s) => s === `begin say after ${kind}`)
			.length, 1);
		await a.model([c]);
	}
});

await test('ended while no rdvd looked: its end is as it was', async () => {
	const gate = a.gate(), c = await a.fresh();
	const bad = await a.begin(c, `wait ${gate}\nfail quota`);
	await a.reached(bad, 'agent', 'running');
	await waitFor('it works', () => a.said().includes(`begin wait ${gate}`));
	process.kill(a.rdv.rdvd, 'SIGSTOP');
	Agents.open(gate);
	await a.rdv.again();
	const done = await a.over(bad);
	assert.deepEqual([done.state, done.chain.state], ['failed', 'failed']);
	assert.match(done.cause, /quota/);
	await a.model([c]);
});

await test('a stop that was acknowledged is carried out by the next rdvd', async () => {
	const c = await a.fresh(), t = await a.begin(c, `deaf\nwait ${a.gate()}`);
	await a.ask(c, 'say stays', { queue: true });
	await a.reached(t, 'agent', 'running');
	const stopped = await a.request('POST', `/api/turns/${t.id}/stop`);
	assert.equal(stopped.status, 202);
	await a.rdv.again();
	const done = await a.over(t);
	assert.deepEqual([done.state, done.chain.state, done.chain.cause],
		['killed', 'killed', 'it was stopped']);
	assert.equal((await a.waiting(c)).length, 1);
	await a.model([c]);
});

await test('an agent that is killed with rdvd is lost to nobody', async () => {
	const c = await a.fresh(), t = await a.begin(c, `wait ${a.gate()}`);
	await a.reached(t, 'agent', 'running');
	await waitFor('it works', () => a.said().some((s) => s.startsWith('begin')));
	const old = a.rdv.rdvd;
	process.kill(old, 'SIGSTOP');
	for (const p of a.rdv.all('claude'))
		process.kill(p.pid, 'SIGKILL');
	await a.rdv.again();
	const done = await a.over(t);
	assert.ok(['killed', 'lost', 'failed'].includes(done.state), done.state);
	assert.equal(done.chain.state, done.state);
	assert.ok(done.chain.cause);
	await a.model([c]);
});

// At any moment: what is asked meanwhile may be cut off, and is asked again
// with its key; each message ends as one turn.
await test(`killed ${ROUNDS} times at any moment: a model holds`, async () => {
	const c = await a.fresh({ setup_script: 'echo s >>s',
		cleanup_script: 'echo c >>c' });
	const wanted = [];
	const post = async (target, body, key) => {
		for (;;) {
			const r = await a.request('POST', target, body,
				{ 'Idempotency-Key': key }).catch(() => null);
			if (r !== null && r.status !== 503 && r.json?.code !==
				'IDEMPOTENCY_IN_PROGRESS')
				return r;
			await after(20);
		}
	};
	for (let i = 0; i < ROUNDS; i++) {
		const prompt = `say round ${i}\nwrite f${i} x`;
		const kill = after(Math.random() * 250).then(() => a.rdv.again());
		const add = await post(c.at('/turns'), { prompt, queue: true }, `r${i}`);
		assert.ok([201, 202].includes(add.status), `${add.raw}`);
		wanted.push(prompt);
		await kill;
	}
	// A chain that was cut off may have ended in failure: then by hand.
	await waitFor('nothing waits', async () => {
		const at = (await a.call('GET', c.at(''))).at_work;
		if (at === undefined && (await a.waiting(c)).length > 0)
			await a.request('POST', c.at('/queue/start'));
		return at === undefined && (await a.waiting(c)).length === 0;
	}, 120000);
	const turns = await a.turns(c);
	assert.deepEqual(turns.map((t) => t.prompt), wanted);
	await a.model([c]);
	const whole = await Promise.all(turns.map((t) => a.turn(t)));
	const ended = {};
	for (const t of whole)
		ended[t.state] = (ended[t.state] ?? 0) + 1;
	console.log(`  turns: ${JSON.stringify(ended)}`);
	// Setup succeeded once, and no message was worked on twice.
	assert.equal(whole.flatMap((t) => t.chain.links).filter((l) =>
		l.kind === 'setup' && l.state === 'completed').length, 1);
	for (let i = 0; i < ROUNDS; i++)
		assert.ok(a.said().filter((s) => s === `end say round ${i}`)
			.length <= 1);
});

await a.stop();
