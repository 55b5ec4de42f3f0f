// Where the repositories of workspaces have to stand, and which turns count: what
// runs and resets told, done again in its order on paper. It knows what a reset
// promises and nothing of how rdv does it; git says what is there.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { sh } from '../harness/agent.mjs';

const OPEN = ['stopping', 'moving', 'returning'];

// The commits and contents of a repository that have a name, by which they are
// kept: what is in a log of references alone is as good as lost.
export class Git {
	constructor(dir) {
		this.dir = dir;
		this.parents = new Map(sh(dir, 'git rev-list --all --parents')
			.split('\n').map((l) => l.split(' '))
			.map(([id, ...parents]) => [id, parents]));
		this.named = new Set(sh(dir, 'git rev-list --objects --all')
			.split('\n').map((l) => l.slice(0, 40)));
	}

	// Whether it comes behind `a`, or is that.
	follows(b, a) {
		const seen = new Set([b]);
		for (const id of seen) {
			assert.ok(this.parents.has(id), `commit ${id} is lost`);
			this.parents.get(id).forEach((p) => seen.add(p));
		}
		return seen.has(a);
	}

	// Those bytes have a name, or are where they were written.
	keeps(name, text) {
		const file = path.join(this.dir, name);
		if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text)
			return true;
		return this.named.has(crypto.createHash('sha1')
			.update(`blob ${text.length}\0${text}`).digest('hex'));
	}
}

export class Trees {
	// `t`: the rows of one workspace, as Model has them.
	constructor(repos, t) {
		Object.assign(this, { t, repos: new Map(), states: new Map(),
			before: new Map(), dropped: new Map(), open: null });
		for (const { repo_id: id, path: dir } of repos)
			this.repos.set(id, { dir, git: new Git(dir), at: null,
				files: new Set() });
	}

	concerns({ kind, subject, body }) {
		return kind === 'run.starting' || kind === 'run.ended' ?
			this.t.runs.some((r) => r.id === subject) :
			kind === 'turn.ended' ? this.t.turns.some((x) => x.id === subject) :
			this.t.turns.some((x) => x.id === JSON.parse(body).turn_id);
	}
	keeps({ dir, name, text }) {
		return [...this.repos.values()].find((r) => r.dir === dir).git
			.keeps(name, text);
	}

	replay(events) {
		for (const e of events)
			this[e.kind.replace('.', '_')](e.subject, JSON.parse(e.body));
		assert.equal(this.open, null, 'a reset is open');
		const dropped = this.t.turns.filter((x) => x.dropped === 1);
		assert.deepEqual(new Map(dropped.map((x) => [x.id, x.reset_id])),
			this.dropped);
		for (const r of this.repos.values())
			this.stands(r);
	}
	stands({ dir, git, at, files }) {
		const head = sh(dir, 'git rev-parse HEAD');
		assert.ok(at === null || git.follows(head, at), `${dir} is at ${head}`);
		const there = sh(dir, 'git ls-tree -r --name-only HEAD').split('\n');
		for (const f of files)
			assert.ok(there.includes(f), `${f} is not in ${dir}`);
		assert.equal(sh(dir, 'git ls-files -u'), '');
	}

	// A run begins at or behind where the last one or a reset has left it.
	run_starting(id) {
		const mine = new Map();
		assert.equal(this.open, null, `${id} began in a reset`);
		for (const [repo, r] of this.repos) {
			const { before_head: head } = this.head(id, repo) ?? {};
			assert.ok(r.at === null || r.git.follows(head, r.at),
				`${id} began at ${head}`);
			r.at = head;
			mine.set(repo, { at: head, files: new Set(r.files) });
		}
		this.before.set(id, mine);
	}
	run_ended(id) {
		for (const [repo, r] of this.repos) {
			const { before_head: from, after_head: to } = this.head(id, repo);
			if (to === null)
				continue;
			assert.ok(r.git.follows(to, from), `${id} left ${to}`);
			r.at = to;
		}
	}
	head(run, repo) {
		return this.t.heads.find((h) => h.run_id === run && h.repo_id === repo);
	}

	// What a turn that succeeded wrote is committed.
	turn_ended(id) {
		const turn = this.t.turns.find((x) => x.id === id);
		const chain = this.t.chains.find((c) => c.turn_id === id);
		const kept = this.t.links.every((l) => l.chain_id !== chain.id ||
			l.kind !== 'commit' || l.state !== 'failed');
		const [, name, text] = /^write (\S+) (.*)$/m.exec(turn.prompt) ?? [];
		const [r, file] = this.placed(name ?? '');
		if (name && turn.state === 'completed' && kept && r !== undefined &&
			chain.state === 'completed') {
			assert.ok(r.git.keeps(file, `${text}\n`), `${name} is lost`);
			r.files.add(file);
		}
	}
	// With several repositories the first part of it is which.
	placed(name) {
		const all = [...this.repos.values()];
		const one = all.find((r) =>
			name.startsWith(`${path.basename(r.dir)}/`));
		return one !== undefined ? [one, name.slice(name.indexOf('/') + 1)] :
			all.length === 1 ? [all[0], name] : [];
	}

	conversation_reset(session, body) {
		const was = this.states.get(body.id)?.state;
		assert.ok(this.open === null || this.open === body.id, 'two resets');
		this.open = OPEN.includes(body.state) ? body.id : null;
		const now = { state: body.state, left: this.states.get(body.id)?.left };
		this.states.set(body.id, now);
		if (body.state === 'moving' && was !== 'moving')
			now.left = this.leaves(session, body);
		if (body.state === 'done' && was !== 'returning')
			this.done(session, body);
		else if (['undone', 'failed'].includes(body.state))
			this.back(body, now.left);
		if (['refused', 'failed'].includes(body.state))
			assert.ok(body.cause, 'nobody says why');
	}
	// Where they are, and where the first run of what is dropped began.
	leaves(session, body) {
		const left = new Map(), first = this.firstRun(session, body);
		for (const p of body.repos) {
			const r = this.repos.get(p.repo_id);
			assert.ok(r.at === null || r.git.follows(p.from_head, r.at),
				`a reset found ${p.from_head}`);
			assert.equal(p.to_head, this.before.get(first).get(p.repo_id).at);
			r.at = p.from_head;
			left.set(p.repo_id, new Set(r.files));
		}
		assert.equal(body.repos.length, first ? this.repos.size : 0);
		return left;
	}
	firstRun(session, { turn_id: from, created_at: time }) {
		return this.counting(session, from, time).flatMap((x) => {
			const c = this.t.chains.find((y) => y.turn_id === x.id);
			return this.t.links.filter((l) => l.chain_id === c.id)
				.sort((a, b) => a.place - b.place);
		}).find((l) => l.run_id !== null)?.run_id;
	}
	counting(session, from, time) {
		return this.t.turns.filter((x) => x.session_id === session &&
			x.id >= from && x.created_at <= time && !this.dropped.has(x.id));
	}
	done(session, body) {
		const first = this.firstRun(session, body);
		for (const p of body.repos)
			this.put(p, { at: p.to_head,
				files: this.before.get(first).get(p.repo_id).files });
		for (const x of this.counting(session, body.turn_id, body.created_at))
			this.dropped.set(x.id, body.id);
	}
	put({ repo_id: id }, { at, files }) {
		Object.assign(this.repos.get(id), { at, files: new Set(files) });
	}
	// One that stays says so by `moved`.
	back(body, left) {
		for (const p of body.repos)
			if (p.moved)
				this.put(p, { at: p.to_head, files: [] });
			else
				this.put(p, { at: p.from_head, files: left.get(p.repo_id) });
		if (body.state !== 'undone')
			return;
		for (const [turn, reset] of this.dropped)
			if (reset === body.id)
				this.dropped.delete(turn);
	}
}
