// Two accounts with 32 clients each at one rdv: the answers of each are
// explained by an order of its own, as if nobody else were there, and what is
// the other's is not there for anybody.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, test } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';
import { Linear } from '../harness/linear.mjs';

const agents = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-agents-'));
fs.chmodSync(agents, 0o755);
fs.writeFileSync(path.join(agents, 'claude'), `#!${process.execPath}\n` +
	fs.readFileSync(path.join(root, 'tests/fixtures/claude.cjs'), 'utf8'),
{ mode: 0o755 });
const s = await System.start({ settings: `[agents]\npath = ["${agents}"]\n` });

async function call(who, method, target, body) {
	const r = await s.over(who, method, target, { body });
	assert.ok(r.status < 300, `${method} ${target}: ${r.raw}`);
	return r.json;
}
async function conversation(who) {
	const dir = path.join(who.home, 'repo');
	const made = s.as(who, 'sh', ['-ec', 'git init -q "$0"; cd "$0"; ' +
		'git config user.name t; git config user.email t@example.org; ' +
		'git commit -q --allow-empty -m x', dir]);
	assert.equal(made.status, 0, made.err);
	const w = await call(who, 'POST', '/api/workspaces', { repos:
		[(await call(who, 'POST', '/api/repos', { path: dir })).id] });
	return { ...await call(who, 'POST', '/api/conversations', { workspace_id:
		w.id, agent: 'CLAUDE_CODE', profile: 'login',
	config: { approvals: true } }), w };
}

await test('64 clients of two accounts at once: an order for each', async () => {
	const all = [];
	for (const who of s.people) {
		s.login(who);
		const asked = (method, target, body) =>
			s.over(who, method, target, { body });
		all.push(new Linear(asked, [await conversation(who)]));
	}
	const said = await Promise.all(all.map((l) => l.run(32, 6)));
	console.log(said.map((x) => `     ${JSON.stringify(x)}`).join('\n'));
	for (const [i, who] of s.people.entries())
		for (const { id } of all[1 - i].convs)
			assert.equal((await s.over(who, 'POST',
				`/api/conversations/${id}/stop`)).status, 404);
});

await s.stop();
fs.rmSync(agents, { recursive: true });
