// Many clients at the same conversations at once, and the question whether there
// is an order in which each of their answers is right. rdv tells one: that of
// its events, which is the order of its transactions. So it is enough to see
// that this one begins nothing before it was asked for, undoes nothing that was
// answered, and that each refusal and each look is true of a moment between its
// question and its answer.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from './rdv.mjs';

const KINDS = ['say quick', 'fail of itself', 'ask run it', 'ask run that',
	'hang', 'exit 3'];
const of = (list) => list[Math.floor(Math.random() * list.length)];

// Those of one account. `ask(method, target, body)` is a request; `convs` has
// { id, w: { id } }, any of which may share a workspace.
export class Linear {
	constructor(ask, convs) {
		Object.assign(this, { ask, convs, ops: [], messages: [], n: 0 });
	}

	// Each is known by its first line.
	prompt() { return `say ${this.now()}\n${of(KINDS)}`; }
	// A moment that no other has.
	now() { return ++this.n; }
	async op(name, what, method, target, body) {
		const o = { name, ...what, from: this.now() };
		const { status, json, raw } = await this.ask(method, target, body);
		Object.assign(o, { status, json, to: this.now() });
		assert.ok(status < 500 && status !== 400 && status !== 422,
			`${name}: ${raw}`);
		this.ops.push(o);
		return o;
	}

	client = {
		begin: (c) => this.op('begin', { c }, 'POST', this.at(c, '/turns'),
			{ prompt: this.prompt() }),
		add: async (c) => {
			const o = await this.op('add', { c }, 'POST', this.at(c, '/queue'),
				{ prompt: this.prompt() });
			this.messages.push(o.json.id);
		},
		start: (c) => this.op('start', { c }, 'POST',
			this.at(c, '/queue/start')),
		stop: (c) => this.op('stop', { c }, 'POST', this.at(c, '/stop')),
		look: (c) => this.op('look', { c }, 'GET', this.at(c, '')),
		list: (c) => this.op('list', { c }, 'GET', this.at(c, '/queue')),
	};
	at(c, tail) { return `/api/conversations/${c.id}${tail}`; }
	async message(name, method, body) {
		const id = of(this.messages);
		if (id !== undefined)
			await this.op(name, { id }, method, `/api/messages/${id}`, body);
	}
	async decide() {
		const { json } = await this.ask('GET', '/api/approvals?state=pending');
		if (json.items.length === 0)
			return;
		const { id } = of(json.items);
		const { json: p } = await this.ask('GET', `/api/approvals/${id}`);
		const verdict = of(['approve', 'deny']);
		await this.op('decide', { id, verdict }, 'POST',
			`/api/approvals/${id}/decision`, { verdict, digest: p.digest });
	}

	// All of them decide the same thing at once, so that this surely happens.
	async contest(clients) {
		const [c] = this.convs;
		await this.op('begin', { c }, 'POST', this.at(c, '/turns'),
			{ prompt: `say ${this.now()}\nask run first` });
		await waitFor('it is asked', async () => (await this.ask('GET',
			'/api/approvals?state=pending')).json.items.length > 0);
		await Promise.all(Array.from({ length: clients }, () => this.decide()));
	}

	async run(clients, times) {
		this.since = (await this.events(0)).at(-1)?.seq ?? 0;
		await this.contest(clients);
		const { stop, ...others } = this.client;
		// Seldom, so that an agent comes so far as to ask.
		const acts = [...Object.values(others),
			(c) => Math.random() < 0.04 ? stop(c) : others.look(c),
			others.begin, others.add,
		() => this.message('cancel', 'DELETE'),
		() => this.message('edit', 'PATCH', { prompt: this.prompt() }),
		() => this.decide(), () => this.decide()];
		await Promise.all(Array.from({ length: clients }, async () => {
			for (let i = 0; i < times; i++) {
				await of(acts)(of(this.convs));
				await pause(Math.random() * 150);
			}
		}));
		await this.rest();
		return this.judge(await this.events(this.since));
	}

	// What is left is cancelled and stopped, which are questions as well.
	async rest() {
		for (const c of this.convs)
			for (const { id } of (await this.client.list(c)).json.items)
				await this.op('cancel', { id }, 'DELETE', `/api/messages/${id}`);
		await waitFor('all is at rest', async () => {
			let busy = false;
			for (const c of this.convs)
				if ((await this.client.look(c)).json.at_work !== undefined) {
					busy = true;
					await this.client.stop(c);
				}
			return !busy;
		});
		// Events are told when they are durable: with this one all before it are.
		await this.client.add(this.convs[0]);
	}
	async events(since) {
		const all = [];
		for (;;) {
			const { json } = await this.ask('GET',
				`/api/events?since=${all.at(-1)?.seq ?? since}&limit=1000`);
			all.push(...json.items ?? json.events);
			if ((json.items ?? json.events).length < 1000)
				return all;
		}
	}

	// All states there were, and what began them.
	judge(events) {
		const told = new Told();
		for (const e of events)
			told.take(e);
		for (const o of this.ops)
			o.at = told.indexOf(o);
		for (const o of this.ops)
			this.explain(o, told);
		told.nobodys();
		const n = (name, s) => this.ops.filter((o) => o.name === name &&
			o.status === s).length;
		return { operations: this.ops.length, events: told.states.length - 1,
			begun: n('begin', 201), busy: n('begin', 409), started: n('start', 201),
			cancelled: n('cancel', 204), too_late: n('cancel', 409),
			decided: n('decide', 200), late: n('decide', 409) };
	}

	// Between which states it took place: behind all that was answered before
	// it was asked, before all that was asked for after its answer.
	explain(o, told) {
		const lo = Math.max(0, ...this.ops.filter((a) => a.at > 0 && a.to < o.from)
			.map((a) => a.at));
		const hi = Math.min(told.states.length - 1, ...this.ops.filter((b) =>
			b.at > 0 && b.from > o.to).map((b) => b.at - 1));
		if (o.at > 0)
			assert.ok(o.at > lo && o.at <= hi,
				`${o.name} is ${o.at}, and not in ${lo} to ${hi}`);
		else if (o.at === 0)
			assert.ok(told.states.slice(lo, hi + 1).some((s) => RIGHT[o.name](o,
				s)), `${o.name} ${o.status} ${JSON.stringify(o.json)} of ${o.id ??
				o.c?.id}: true of no state of ${lo} to ${hi}`);
	}
}

const waits = (o, s) => s.messages.get(o.id) === 'waiting';
// Whether an answer that changed nothing, or no one thing, is right in a state.
const RIGHT = {
	begin: (o, s) => o.status === 409 && s.work.has(o.c.w.id),
	start: (o, s) => o.status === 409 && (o.json.code === 'WORKSPACE_BUSY' ?
		s.work.has(o.c.w.id) : (s.queues.get(o.c.id) ?? []).length === 0),
	cancel: (o, s) => o.status === 409 && !waits(o, s),
	edit: (o, s) => o.status === (waits(o, s) ? 200 : 409),
	decide: (o, s) => o.status === 409 && s.asked.get(o.id) !== 'pending',
	stop: (o) => o.status === 202,
	look: (o, s) => (o.json.at_work?.turn_id) === s.work.get(o.c.w.id),
	list: (o, s) => o.json.items.map((m) => m.id).join() ===
		(s.queues.get(o.c.id) ?? []).join(),
};

// The states that the events tell, each of which has to follow from the last.
class Told {
	constructor() {
		this.states = [{ work: new Map(), messages: new Map(),
			queues: new Map(), asked: new Map() }];
		Object.assign(this, { started: new Map(), taken: new Map(),
			added: new Map(), cancelled: new Map(), decided: new Map(),
			claimed: new Set(), ended: new Map() });
	}

	take(e) {
		const d = e.data ?? e.body ?? e, s = this.states.at(-1);
		const next = { work: new Map(s.work), messages: new Map(s.messages),
			queues: new Map(s.queues), asked: new Map(s.asked) };
		const at = this.states.length;
		this.states.push(next);
		this[`on_${(e.kind ?? e.type).replace('.', '_')}`]?.(d, next, at);
	}
	on_turn_started(d, s, at) {
		assert.ok(!s.work.has(d.workspace_id), 'two turns at once');
		s.work.set(d.workspace_id, d.id);
		this.started.set(d.id, at);
		// By itself only right behind what has succeeded.
		if (this.taken.has(d.id))
			this.taken.get(d.id).after = this.ended.get(d.workspace_id);
	}
	on_turn_ended(d, s, at) {
		assert.equal(s.work.get(d.workspace_id), d.id);
		s.work.delete(d.workspace_id);
		this.ended.set(d.workspace_id, { at, state: d.state });
	}
	on_queue_updated(d, s, at) {
		const was = s.messages.get(d.id), list = s.queues.get(d.conversation_id) ??
			[];
		assert.ok(was === undefined || was === 'waiting', `${was}, then more`);
		s.messages.set(d.id, d.state);
		if (d.state === 'waiting' && was === undefined) {
			s.queues.set(d.conversation_id, [...list, d.id]);
			this.added.set(d.id, at);
		}
		if (d.state === 'waiting')
			return;
		if (d.state === 'taken')
			assert.equal(list[0], d.id, 'out of order');
		s.queues.set(d.conversation_id, list.filter((id) => id !== d.id));
		if (d.state === 'taken')
			this.taken.set(d.turn_id, { at });
		else
			this.cancelled.set(d.id, at);
	}
	on_approval_asked(d, s) { s.asked.set(d.id, 'pending'); }
	on_approval_ended(d, s, at) {
		const was = s.asked.get(d.id);
		s.asked.set(d.id, d.state);
		// Granted, and whoever asked was gone before he heard it.
		if (was === 'approved' && d.state === 'lapsed')
			return;
		assert.equal(was, 'pending', 'decided twice');
		this.decided.set(d.id, { at, state: d.state });
	}

	// Which event is that of an answer; 0: none is, or more than one could be.
	indexOf(o) {
		const found = {
			'begin 201': () => this.claim(this.started, o.json.turn?.id),
			'start 201': () => {
				assert.ok(this.taken.has(o.json.id));
				return this.claim(this.started, o.json.id);
			},
			'add 201': () => this.claim(this.added, o.json.id),
			'cancel 204': () => this.claim(this.cancelled, o.id),
			'decide 200': () => {
				const d = this.decided.get(o.id);
				assert.equal(d.state, { approve: 'approved', deny: 'denied' }[
					o.verdict]);
				return this.claim(new Map([[o.id, d.at]]), o.id);
			},
		}[`${o.name} ${o.status}`];
		return found === undefined ? 0 : found();
	}
	claim(map, id) {
		assert.ok(map.has(id), `${id} is told of nowhere`);
		assert.ok(!this.claimed.has(`${map.get(id)}`), `${id} was two people's`);
		this.claimed.add(`${map.get(id)}`);
		return map.get(id);
	}

	// What nobody has begun follows from a message and a success.
	nobodys() {
		for (const [id, at] of this.started) {
			if (this.claimed.has(`${at}`))
				continue;
			const taken = this.taken.get(id);
			assert.ok(taken, `${id} was begun by nobody`);
			assert.equal(taken.after?.state, 'completed');
		}
	}
}
