// What tests of conversations share: an rdv whose agent is a program of ours
// (tests/fixtures/claude.cjs), repositories, and a model of what may be told of
// a turn.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, root, waitFor } from './rdv.mjs';

const env = { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null',
	GIT_AUTHOR_NAME: 't', GIT_AUTHOR_EMAIL: 't@example.org',
	GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@example.org' };
export const sh = (dir, script) => execFileSync('/bin/sh', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
	.trim();
const OVER = ['completed', 'failed', 'killed', 'lost'];

export class Agents {
	// `config`: more of rdv's than where its agent is.
	static async start(config = '') {
		const a = new Agents();
		a.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-agents-'));
		a.log = path.join(a.dir, 'log');
		fs.writeFileSync(path.join(a.dir, 'claude'), `#!${process.execPath}\n` +
			`process.env.FAKE_AGENT_LOG = ${JSON.stringify(a.log)};\n` +
			fs.readFileSync(path.join(root, 'tests/fixtures/claude.cjs'),
				'utf8'), { mode: 0o755 });
		a.rdv = await Rdv.start({ config: `[agents]\npath = ["${a.dir}"]\n` +
			config });
		a.n = 0;
		return a;
	}
	async stop() {
		await this.rdv.stop();
		fs.rmSync(this.dir, { recursive: true });
	}
	call(...args) { return this.rdv.call(...args); }
	request(method, target, body, headers) {
		return this.rdv.request(method, target, { body, headers });
	}
	// A file that a prompt or a script waits for.
	gate() { return path.join(this.dir, `gate-${++this.n}`); }
	static open(gate) { fs.writeFileSync(gate, ''); }
	said() {
		return fs.existsSync(this.log) ?
			fs.readFileSync(this.log, 'utf8').trim().split('\n') : [];
	}

	async repository(scripts = {}) {
		const dir = path.join(fs.realpathSync(this.rdv.home), `r${++this.n}`);
		fs.mkdirSync(dir);
		sh(dir, `git init -q -b main; git config user.name n
			git config user.email n@example.org
			echo one >file; git add .; git commit -q -m one`);
		const repo = await this.call('POST', '/api/repos', { path: dir });
		return Object.keys(scripts).length > 0 ?
			this.call('PATCH', `/api/repos/${repo.id}`, scripts) : repo;
	}
	async conversation(repos, more = {}) {
		const w = await this.call('POST', '/api/workspaces',
			{ repos: repos.map((r) => r.id) });
		const c = await this.call('POST', '/api/conversations', {
			workspace_id: w.id, agent: 'CLAUDE_CODE', profile: 'login', ...more });
		return { ...c, w, at: (tail) => `/api/conversations/${c.id}${tail}` };
	}
	// One of a fresh workspace with one repository.
	async fresh(scripts) {
		return this.conversation([await this.repository(scripts)]);
	}
	ask(c, prompt, more = {}) {
		return this.request('POST', c.at('/turns'), { prompt, ...more });
	}
	async begin(c, prompt, more) {
		const r = await this.ask(c, prompt, more);
		assert.equal(r.status, 201, `${r.raw}`);
		return r.json.turn;
	}
	turn(t) { return this.call('GET', `/api/turns/${t.id}`); }
	async over(t) {
		await waitFor(`the end of ${t.prompt}`, async () =>
			OVER.includes((await this.turn(t)).chain.state));
		return this.turn(t);
	}
	link(t, kind) { return t.chain.links.find((l) => l.kind === kind); }
	// The run of such a link is at that state.
	reached(t, kind, state) {
		return waitFor(`${kind} ${state}`, async () => {
			const id = this.link(await this.turn(t), kind)?.run_id;

			return id && (await this.call('GET', `/api/runs/${id}`)).state ===
				state;
		});
	}
	waiting(c) {
		return this.call('GET', c.at('/queue?limit=1000')).then((r) => r.items);
	}
	turns(c) {
		return this.call('GET', c.at('/turns?limit=1000&dropped=true'))
			.then((r) => r.items.reverse());
	}

	// Whatever happened: each turn has one end, each link and each run too,
	// nothing was begun twice, and no two chains of a workspace overlap.
	async model(conversations) {
		const chains = [];
		for (const c of conversations)
			for (const row of await this.turns(c)) {
				const t = await this.turn(row);
				assert.ok(OVER.includes(t.state), `turn ${t.state}`);
				assert.ok(OVER.includes(t.chain.state), t.chain.state);
				assert.ok(t.ended_at >= t.created_at);
				chains.push({ ...t.chain, w: c.w.id });
				for (const l of t.chain.links) {
					assert.ok([...OVER, 'skipped'].includes(l.state),
						`${l.kind} ${l.state}`);
					if (l.run_id === null)
						continue;
					const run = await this.call('GET', `/api/runs/${l.run_id}`);
					assert.ok(OVER.includes(run.state), run.state);
					assert.equal(l.repos.length, c.w.repos.length);
					for (const r of l.repos)
						assert.match(r.before_head, /^[0-9a-f]{40}$/);
				}
				const begun = this.said().filter((s) =>
					s === `begin ${t.prompt.split('\n')[0]}`).length;
				assert.ok(begun <= 1, `${t.prompt} begun ${begun} times`);
			}
		for (const a of chains)
			for (const b of chains)
				assert.ok(a === b || a.w !== b.w ||
					a.ended_at <= b.created_at || b.ended_at <= a.created_at,
				'two chains of a workspace overlap');
	}
}
