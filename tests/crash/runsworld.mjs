// What was asked of conversations and how it was answered, and what must follow
// from that, whoever was killed meanwhile: a model that knows nothing of how rdv
// does it. It reads the rows, the log that the agents write, and git.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Trees } from './treesworld.mjs';

const OVER = ['completed', 'failed', 'killed', 'lost'];
const idOf = (prompt) => /^say (\S+)/.exec(prompt)?.[1];

export class Model {
	constructor(a) {
		Object.assign(this, { a, wishes: new Map(), verdicts: new Map(),
			byHand: new Set(), mine: [], resets: [], done: [], from: 0 });
	}

	// `kind`: 'turn' (201), 'message', 'refused'; gone: it was cancelled, or
	// 'maybe', where the answer to that was cut off.
	wish(id, more) {
		this.wishes.set(id, { id, prompts: [more.prompt], gone: false, ...more });
		return this.wishes.get(id);
	}

	rows(sql) {
		const text = execFileSync('sqlite3', ['-readonly', '-json', '-cmd',
			'.timeout 10000', path.join(this.a.rdv.base, 'server/rdv.db'), sql],
		{ encoding: 'utf8', maxBuffer: 1 << 28 });
		return JSON.parse(text.trim() || '[]');
	}

	// Of these conversations, all that has to be true when all is at rest.
	check(conversations) {
		const ids = conversations.map((c) => `'${c.id}'`).join(',');
		const of = (table) => this.rows(`SELECT rowid, * FROM ${table} WHERE
			session_id IN (${ids}) ORDER BY rowid`);
		const t = { turns: of('turn'), chains: of('chain'), queued: of('queued'),
			runs: of('run'), approvals: of('approval') };
		t.links = this.rows(`SELECT l.* FROM chain_link l JOIN chain c ON
			c.id = l.chain_id WHERE c.session_id IN (${ids})`);
		t.resets = of('reset');
		t.heads = this.rows(`SELECT h.* FROM run_repo h JOIN run r ON
			r.id = h.run_id WHERE r.session_id IN (${ids}) ORDER BY r.rowid`);
		this.said = this.a.said();
		this.ends(t);
		this.asked(t, new Set(conversations.map((c) => c.id)));
		this.order(t);
		this.afterSuccess(t);
		this.reset(t);
		this.places(conversations, t);
		this.decided(t);
	}

	// Each thing has one end, and they agree.
	ends({ turns, chains, links, runs }) {
		for (const x of [...turns, ...chains, ...runs]) {
			assert.ok(OVER.includes(x.state), `${x.id} ${x.state}`);
			assert.ok(x.ended_at !== null && x.ended_at >= x.created_at, x.id);
		}
		assert.deepEqual(chains.map((c) => c.turn_id), turns.map((x) => x.id));
		for (const l of links) {
			assert.ok([...OVER, 'skipped'].includes(l.state), l.state);
			const run = runs.find((r) => r.id === l.run_id);
			assert.equal(run === undefined, l.run_id === null);
			if (l.kind !== 'agent')
				continue;
			const { turn_id: id } = chains.find((c) => c.id === l.chain_id);
			const turn = turns.find((x) => x.id === id);
			assert.equal(turn.run_id, l.run_id);
			assert.ok(l.run_id === null ? turn.state !== 'completed' :
				turn.state === l.state, `${turn.state}, ${l.state}`);
		}
		const running = runs.filter((r) => !links.some((l) => l.run_id === r.id));
		assert.deepEqual(running, [], 'runs of no link');
	}

	// What was acknowledged is there once, what was refused or cancelled not.
	asked({ turns, queued }, conversations) {
		const times = (line) => this.said.filter((s) => s === line).length;
		assert.ok(!this.said.some((s) => s.startsWith('clash')), 'two at work');
		for (const w of this.wishes.values()) {
			if (!conversations.has(w.c.id))
				continue;
			const mine = turns.filter((x) => idOf(x.prompt) === w.id);
			const [turn] = mine, begun = times(`begin say ${w.id}`);
			assert.ok(begun <= 1 && times(`end say ${w.id}`) <= begun,
				`${w.id} begun ${begun} times`);
			const least = w.kind === 'refused' || w.gone !== false ? 0 : 1;
			const most = w.kind === 'refused' || w.gone === true ? 0 : 1;
			assert.ok(mine.length >= least && mine.length <= most,
				`${w.kind} ${w.id} gone ${w.gone}: ${mine.length} turns`);
			if (turn === undefined) {
				assert.equal(begun, 0, `${w.id} was begun`);
				continue;
			}
			assert.ok(w.prompts.includes(turn.prompt), turn.prompt);
			assert.equal(turn.session_id, w.c.id);
			assert.ok(turn.state !== 'completed' ||
				times(`end say ${w.id}`) === 1, `${w.id} never ended`);
			assert.ok(turn.state !== 'completed' || w.what !== 'fail', w.id);
			if (w.kind === 'turn')
				assert.equal(turn.id, w.turn);
			else
				assert.deepEqual(queued.filter((q) => q.turn_id === turn.id)
					.map((q) => [q.id, q.state]), [[w.message, 'taken']]);
		}
		for (const x of turns)
			assert.ok(this.wishes.has(idOf(x.prompt)), `${x.prompt}: who asked?`);
	}

	// By their places the turns come one after the other, and those messages
	// too of which each was asked for when the one before was acknowledged.
	order({ turns, queued }) {
		const last = new Map();
		for (const q of queued.filter((x) => x.state === 'taken')
			.sort((x, y) => x.place - y.place)) {
			const w = this.wishes.get(idOf(q.prompt));
			const turn = turns.findIndex((x) => x.id === q.turn_id);
			const before = last.get(q.session_id) ?? { turn: -1 };
			assert.ok(turn > before.turn, `${w.id} was passed`);
			assert.ok(before.batch !== w.batch || before.seq < w.seq,
				`${w.id} stands before what came first`);
			last.set(q.session_id, { turn, batch: w.batch, seq: w.seq });
		}
	}

	// By itself nothing is taken but right behind what has succeeded.
	afterSuccess({ chains, queued }) {
		for (const q of queued.filter((x) => x.state === 'taken' &&
			!this.byHand.has(x.turn_id))) {
			const at = chains.findIndex((c) => c.turn_id === q.turn_id);
			const before = chains.slice(0, at).reverse().find((c) =>
				c.workspace_id === chains[at].workspace_id);
			assert.equal(before?.state, 'completed', `${q.id} was taken after`);
			assert.ok(before.ended_at <= chains[at].created_at);
		}
	}

	// What was asked for and nothing else, each with one end.
	reset({ resets }) {
		for (const r of resets) {
			assert.ok(['done', 'refused', 'failed', 'undone'].includes(r.state),
				r.state);
			assert.ok(r.ended_at >= r.created_at, `${r.id} ended when?`);
			assert.ok(this.resets.some((x) => x.c.id === r.session_id &&
				x.turn === r.turn_id && x.force === (r.force === 1)),
			`${r.id}: who asked?`);
		}
		for (const x of this.done.splice(0)) {
			const { state } = resets.find((r) => r.id === x.id);
			assert.ok(state === x.state || state !== 'refused', `${x.id} ${state}`);
		}
	}

	// What has become of this world, in its order.
	told() {
		return this.rows(`SELECT seq, kind, subject, body FROM event WHERE
			seq > ${this.from} AND kind IN ('run.starting', 'run.ended',
			'turn.ended', 'conversation.reset') ORDER BY seq`);
	}

	// The trees stand where they have to, and nothing is lost, whatever was
	// reset.
	places(conversations, t) {
		const all = this.told();
		for (const w of new Map(conversations.map((c) => [c.w.id, c.w]))
			.values()) {
			const trees = new Trees(w.repos, this.within(w.id, t));
			trees.replay(all.filter((e) => trees.concerns(e)));
			for (const m of this.mine.filter((x) => x.c.w.id === w.id))
				assert.ok(trees.keeps(m), `${m.dir}: ${m.text.trim()} in ` +
					`${m.name} (again: ${m.again}) is lost`);
		}
	}
	within(workspace, { turns, chains, links, runs, heads }) {
		const here = (rows) => rows.filter((x) => x.workspace_id === workspace);
		const mine = here(links).map((l) => l.run_id);
		return { turns: here(turns), chains: here(chains), links: here(links),
			runs: runs.filter((r) => mine.includes(r.id)), heads };
	}

	// Decided once, by whom it was acknowledged to, told once, and only then.
	decided({ approvals }) {
		for (const p of approvals) {
			const won = this.verdicts.get(p.id) ?? [];
			assert.notEqual(p.state, 'pending', p.id);
			assert.ok(won.length <= 1, 'two decisions count');
			const state = { approve: 'approved', deny: 'denied' }[won[0]];
			if (state !== undefined && p.state !== 'lapsed')
				assert.equal(p.state, state);
			const command = JSON.parse(p.input_json ?? '{}').command ?? p.command;
			const told = this.said.filter((s) =>
				s.startsWith(`${command}: `));
			assert.ok(told.length <= 1, `${command} told ${told.length} times`);
			if (told[0] === `${command}: allow`) {
				assert.equal(p.state, 'approved');
				assert.ok(p.delivered_at !== null);
			}
		}
	}
}
