// kill -9 of rdvd, [ops], agents and reapers at random moments and at the steps
// of chains, of the queue, of approvals and of resets (issue 6). After each round
// the rows, what the agents did, and git agree with what was acknowledged, and
// rdv itself finds nothing wrong (docs/integrity.md).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test, waitFor } from '../harness/rdv.mjs';
import { Agents, sh } from '../harness/agent.mjs';
import { Lots, step } from './lots.mjs';
import { Model } from './runsworld.mjs';

const rounds = Number(process.env.RDV_ROUNDS ?? 4);
const EPOCH = 20;
const SCRIPTS = { setup_script: 'echo s >>setup', cleanup_script: 'echo c >>c' };

// What the agent is to do. First what it is known by, then that it is alone.
const kinds = {
	plain: (id, file) => [`write ${file} x${id}`],
	own: (id, file) => [`write ${file} x${id}`, `commit own ${id}`],
	wait: (id, file, gate) => [`wait ${gate}`, `write ${file} x${id}`],
	ask: (id, file) => [`ask run ${id}`, `write ${file} x${id}`],
	fail: (id) => [`fail of ${id}`],
	exit: () => ['exit 3'],
	hang: () => ['hang'],
};

class Soak extends Lots {
	constructor(a, seed) {
		super(seed);
		Object.assign(this, { a, rdv: a.rdv, model: new Model(a), n: 0, seq: 0,
			killed: {}, did: {}, what: this.deck(Object.keys(kinds)),
			act: this.deck(['turn', 'turn', 'burst', 'edit', 'cancel', 'stop',
				'reset', 'reset', 'undo', 'dirty']),
			victim: this.deck(['rdvd', 'rdvd', 'rdvd', 'ops', 'rdvd ops',
				'agent', 'agent rdvd', 'rdv-reaper', 'rdv-reaper rdvd']) });
	}

	async world() {
		this.model.from = this.model.told().at(-1)?.seq ?? this.model.from;
		const more = { config: { approvals: true } };
		const one = await this.a.conversation(
			[await this.a.repository(SCRIPTS)], more);
		const beside = await this.a.call('POST', '/api/conversations', {
			workspace_id: one.w.id, agent: 'CLAUDE_CODE', profile: 'login',
			...more });
		const two = await this.a.conversation([await this.a.repository({
			...SCRIPTS, parallel_setup: true }), await this.a.repository()], more);
		this.all = [one, two, { ...beside, w: one.w,
			at: (tail) => `/api/conversations/${beside.id}${tail}` }];
	}

	// Asked until it is answered, with its key; `cut`: an answer got lost.
	async persist(method, target, body) {
		const key = { 'Idempotency-Key': `k${++this.n}` };
		for (let cut = false;; await pause(10)) {
			const r = await this.a.request(method, target, body,
				method === 'POST' ? key : {}).catch(() => null);
			cut ||= r === null;
			if (r !== null && r.status !== 503 &&
				r.json?.code !== 'IDEMPOTENCY_IN_PROGRESS')
				return { ...r, cut };
		}
	}

	// A wish on its way, as it came out.
	async ask(c, queue, batch = {}) {
		const what = this.what(), id = `${what}${++this.n}`;
		const { path: dir } = this.of(c.w.repos);
		const file = c.w.repos.length === 1 ? `${id}.txt` :
			`${path.basename(dir)}/${id}.txt`;
		const prompt = [`say ${id}`, 'now', `alone ${this.a.dir}/at-${c.w.id}`,
			...kinds[what](id, file, this.gate)].join('\n');
		const target = queue ? c.at('/queue') : c.at('/turns');
		const w = this.model.wish(id, { c, what, prompt, kind: 'cut',
			batch, seq: ++this.seq });
		const { status, json, raw } = await this.persist('POST', target,
			{ prompt });
		if (queue)
			assert.equal(status, 201, `${raw}`);
		else
			assert.ok(status === 201 || json?.code === 'WORKSPACE_BUSY' ||
				/ is being reset$/.test(json?.error), `${raw}`);
		w.kind = status === 409 ? 'refused' : queue ? 'message' : 'turn';
		w.turn = json.turn?.id;
		w.message = queue ? json.id : undefined;
		return w;
	}

	async act_turn(c) { await this.ask(c, this.random() < 0.5); }
	async act_burst(c) {
		const batch = {};
		for (let i = 0; i < 3; i++)
			await this.ask(c, true, batch);
	}
	async act_edit(c) {
		const w = await this.ask(c, true), prompt = `${w.prompt}\nsay ${w.id}`;
		w.prompts.push(prompt);
		const r = await this.persist('PATCH', `/api/messages/${w.message}`,
			{ prompt });
		assert.ok([200, 409].includes(r.status), `${r.raw}`);
		if (r.status === 200)
			w.prompts = [prompt];
		else if (!r.cut)
			w.prompts.pop();
	}
	async act_cancel(c) {
		const w = await this.ask(c, true);
		const r = await this.persist('DELETE', `/api/messages/${w.message}`);
		assert.ok([204, 409].includes(r.status), `${r.raw}`);
		w.gone = r.status === 204 ? true : r.cut ? 'maybe' : false;
	}
	async act_stop(c) {
		const w = await this.ask(c, false);
		if (w.turn !== undefined)
			await this.persist('POST', `/api/turns/${w.turn}/stop`);
	}

	// Somebody's own work in a tree: a file that is new, or one of them once more
	// that is committed: what is in the index alone he would write over himself.
	act_dirty(c) {
		const { path: dir } = this.of(c.w.repos), id = `mine${++this.n}`;
		const old = sh(dir, 'git ls-tree --name-only HEAD').split('\n')
			.filter((f) => /^mine/.test(f) && !this.model.mine.some((m) => m.dir === dir &&
				m.name === f && m.again));
		const again = old.length > 0 && this.random() < 0.5;
		const mine = { c, dir, again, name: again ? this.of(old) : id,
			text: `${id}\n` };
		this.model.mine.push(mine);
		fs.writeFileSync(path.join(dir, mine.name), mine.text);
	}
	// Of the last turns that count one, and what is not committed or not.
	async act_reset(c, force = this.random() < 0.6) {
		if (this.random() < 0.5)
			this.act_dirty(c);
		const { json } = await this.persist('GET', c.at('/turns?limit=4'));
		if (json.items.length === 0)
			return this.act_turn(c);
		const { id: turn } = this.of(json.items);
		this.model.resets.push({ c, turn, force });
		const r = await this.persist('POST', c.at('/reset'),
			{ turn_id: turn, force });
		return this.answered(r, ['done']);
	}
	async act_undo(c) {
		await this.act_reset(c, true);
		return this.answered(await this.persist('POST', c.at('/reset/undo')),
			['undone']);
	}
	// A refusal says why; one that was done is on record as that. A git whose
	// reaper was killed before it ran could not be started.
	answered({ status, json, raw }, states) {
		assert.ok([200, 404, 409].includes(status) ||
			json.code === 'SPAWN_FAILED', `${raw}`);
		if (status !== 200)
			return assert.ok(json.error.length > 0, `${raw}`);
		assert.ok(states.includes(json.state), `${raw}`);
		this.model.done.push(json);
	}

	// Two who decide differently all that is asked, until the round is over.
	async decide() {
		const seen = new Set(), all = [];
		while (!this.rested) {
			const r = await this.a.request('GET', '/api/approvals?state=pending')
				.catch(() => null);
			for (const { id } of r?.json?.items ?? []) {
				if (seen.has(id))
					continue;
				seen.add(id);
				for (const verdict of ['approve', 'deny'])
					all.push(this.verdict(id, verdict));
			}
			await pause(20);
		}
		await Promise.all(all);
	}
	async verdict(id, verdict) {
		await pause(this.random() * 30);
		const { status, json } = await this.persist('GET',
			`/api/approvals/${id}`);
		// A list shows what a kill would still undo, and no event told of that.
		if (status === 404)
			return assert.deepEqual(this.model.rows('SELECT seq FROM event ' +
				`WHERE subject = '${id}'`), []);
		const r = await this.persist('POST', `/api/approvals/${id}/decision`,
			{ verdict, digest: json.digest });
		if (r.status === 200)
			this.model.verdicts.set(id, [...this.model.verdicts.get(id) ?? [],
				verdict]);
		else
			assert.match(r.json.code, /^ALREADY_DECIDED|^GONE/, `${r.raw}`);
	}

	// By time, by all that is told, or by the steps of a reset alone.
	async moment() {
		if (this.random() < 0.4)
			return pause(this.random() * 500);
		const s = /reset|undo/.test(this.doing) && this.random() < 0.6 ?
			step(this.rdv, 1 + this.upto(8), 'conversation.reset') :
			step(this.rdv, 1 + this.upto(20));
		await Promise.race([s.over, pause(1500)]);
		return s.stop();
	}
	async kill() {
		const victims = this.victim();
		await this.moment();
		for (const name of victims.split(' ')) {
			const all = name === 'agent' ? this.rdv.all('claude') :
				this.rdv.all(name);
			const pid = name in { rdvd: 1, ops: 1 } ? this.rdv[name] :
				all.length > 0 ? this.of(all).pid : undefined;
			try {
				process.kill(pid ?? NaN, 'SIGKILL');
				this.killed[name] = (this.killed[name] ?? 0) + 1;
			} catch {
				this.killed.nobody = (this.killed.nobody ?? 0) + 1;
			}
			await pause(this.random() * 10);
		}
	}

	// Nothing is at work and nothing waits: what a failure has left is begun.
	async rest() {
		const get = (target) => this.a.request('GET', target).catch(() => null);
		await waitFor('all is at rest', async () => {
			let busy = false;
			for (const c of this.all) {
				const one = await get(c.at('')), q = await get(c.at('/queue'));
				if (one?.status !== 200 || q?.status !== 200)
					return false;
				const r = await get(c.at('/resets?limit=1'));
				if (one.json.at_work !== undefined || q.json.items.length > 0 ||
					r?.json?.items?.every((x) => x.ended_at !== null) !== true)
					busy = true;
				if (one.json.at_work !== undefined)
					await this.hasten(one.json.at_work.turn_id);
				else if (q.json.items.length > 0)
					await this.byHand(c);
			}
			return !busy;
		}, 120000);
		await waitFor('no agent', () => this.rdv.all('claude').length === 0);
	}
	async byHand(c) {
		const r = await this.persist('POST', c.at('/queue/start'));
		if (r.status === 201)
			this.model.byHand.add(r.json.id);
	}
	// One that hangs does so until it is stopped.
	async hasten(turn) {
		const r = await this.a.request('GET', `/api/turns/${turn}`)
			.catch(() => null);
		if (/\nhang$/m.test(r?.json?.prompt ?? ''))
			await this.persist('POST', `/api/turns/${turn}/stop`);
	}

	async round() {
		this.gate = this.a.gate();
		this.rested = false;
		const deciding = this.decide(), doing = [];
		const acts = Array.from({ length: 2 + this.upto(3) }, () => {
			const name = this.act();
			doing.push(name);
			return this[`act_${name}`](this.of(this.all));
		});
		const all = Promise.all(acts);
		all.catch(() => { /* told below */ });
		this.doing = doing.join(', ');
		try {
			await this.kill();
			Agents.open(this.gate);
			await all;
			await this.rest();
		} finally {
			this.rested = true;
		}
		await deciding;
		await this.judge();
	}

	async judge() {
		this.model.check(this.all);
		const r = await this.persist('POST', '/api/integrity');
		assert.deepEqual(r.json.findings, []);
		for (const name of this.doing.split(', '))
			this.did[name] = (this.did[name] ?? 0) + 1;
	}
}

await test(`${rounds} rounds of kill -9 amid runs`, async (t) => {
	const a = await Agents.start();
	t.after(() => a.stop());
	const seed = Number(process.env.RDV_SEED ||
		crypto.randomBytes(4).readUInt32BE());
	console.log(`     seed ${seed}`);
	const soak = new Soak(a, seed);
	for (let n = 0; n < rounds; n++) {
		if (n % EPOCH === 0)
			await soak.world();
		await soak.round().catch((e) => {
			console.log(`     in round ${n + 1}: ${soak.doing}; killed ` +
				JSON.stringify(soak.killed));
			console.log(a.rdv.log().slice(-6000).replace(/^/gm, '     | '));
			throw e;
		});
		if ((n + 1) % 50 === 0)
			console.log(`     ${n + 1} rounds`);
	}
	const [ends, decided, resets] = ['turn', 'approval', 'reset'].map((table) =>
		JSON.stringify(Object.fromEntries(soak.model.rows(`SELECT state,
			count(*) AS n FROM ${table} GROUP BY state`)
			.map((r) => [r.state, r.n]))));
	console.log(`     killed ${JSON.stringify(soak.killed)}\n     did ` +
		`${JSON.stringify(soak.did)}\n     turns ${ends}, approvals ` +
		`${decided}, resets ${resets}`);
}, 600000 + rounds * 60000);
