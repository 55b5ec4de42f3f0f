// Claude Code's hooks in a confined run: they come by its command line, and
// what they tell arrives by the run's door.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Agents, sh } from '../harness/agent.mjs';
import { bin, root, skip, test, waitFor } from '../harness/rdv.mjs';

const a = await Agents.start();
const { features } = (await a.call('GET', '/api/status')).helper;
const roots = features.includes('user_namespaces') && process.getuid() !== 0;
const fake = fs.readFileSync(path.join(root, 'tests/fixtures/claude.cjs'));

// Its program lies in its worktree: no other place of ours is in its root.
async function confined() {
	const repo = await a.repository();
	fs.writeFileSync(path.join(repo.path, 'claude.cjs'), fake);
	sh(repo.path, 'git add .; git commit -qm agent');
	const w = await a.call('POST', '/api/workspaces', { repos: [repo.id] });
	const at = w.repos[0].path;
	const c = await a.call('POST', '/api/conversations', {
		workspace_id: w.id, agent: 'CLAUDE_CODE', profile: 'agent',
		config: { base_command_override:
			`${process.execPath} ${at}/claude.cjs` } });
	return { ...c, w, dir: at,
		at: (tail) => `/api/conversations/${c.id}${tail}` };
}
const settings = (argv) => argv.map((x) => /^--settings=(.*)$/.exec(x)?.[1])
	.filter(Boolean);
const at = async (c) => (await a.call('GET', c.at(''))).at_work?.agent_status;
const words = (c, name) => JSON.parse(fs.readFileSync(path.join(c.dir, name)));

await test('what a confined agent is at is told by its hooks', async () => {
	if (!roots)
		return skip('this host gives no root of its own');
	const c = await confined(), gates = ['g1', 'g2'].map((g) =>
		path.join(c.dir, g));
	const t = await a.begin(c, `hook Notification n.json\nwait ${gates[0]}\n` +
		`hook Stop s.json\nwait ${gates[1]}\nsay done`);
	await waitFor('that it waits', async () => await at(c) === 'waiting');
	const { run_id: run } = await a.turn(t);
	assert.match(spawnSync(bin('rdv'), ['runs', 'ls', '--live'], {
		encoding: 'utf8', env: { PATH: '/usr/bin:/bin',
			RDV_HOME: a.rdv.base } }).stdout,
	new RegExp(`^${run} +agent +running +waiting `, 'm'));
	Agents.open(gates[0]);
	await waitFor('that it is idle', async () => await at(c) === 'idle');
	Agents.open(gates[1]);
	assert.equal((await a.over(t)).state, 'completed');
	for (const name of ['n.json', 's.json'])
		assert.deepEqual(words(c, name), [[0, '', '']], name);
	const told = (await a.call('GET', '/api/events?since=0&limit=1000')).items
		.filter((e) => e.kind === 'session.agent' && e.subject === c.id);
	assert.deepEqual(told.map((e) => e.body.status), ['waiting', 'idle']);
	// Of another turn nothing was said yet.
	const gate = path.join(c.dir, 'g3');
	const next = await a.begin(c, `wait ${gate}\nsay next`);
	assert.equal(await at(c), null);
	Agents.open(gate);
	await a.over(next);
});

await test('rdv approvals ask waits for leave, in a turn', async () => {
	if (!roots)
		return skip('this host gives no root of its own');
	const c = await confined();
	for (const [verdict, left] of [['approve', 0], ['deny', 1]]) {
		const t = await a.begin(c, `sh ${verdict}.json /run/rdv/rdv ` +
			'approvals ask --tool Bash -- make\nsay done');
		const { id, run_id } = await waitFor('what it asks', async () =>
			(await a.call('GET', '/api/approvals?state=pending')).items[0]);
		const { digest } = await a.call('GET', `/api/approvals/${id}`);
		await a.call('POST', `/api/approvals/${id}/decision`,
			{ verdict, digest });
		assert.equal((await a.over(t)).run_id, run_id);
		assert.equal(words(c, `${verdict}.json`)[0], left);
	}
});

await test('a hook that finds no door succeeds, without a word', async () => {
	const c = roots ? await confined() : await a.fresh();
	const t = await a.over(await a.begin(c, 'say x'));
	const { argv } = await a.call('GET', `/api/runs/${t.run_id}`);
	const [text] = settings(argv);
	if (!roots)
		return assert.equal(text, undefined);
	assert.equal(fs.existsSync('/run/rdv/rdv'), false, 'control: none here');
	const hooks = Object.values(JSON.parse(text).hooks).flat();
	assert.equal(hooks.length, 9);
	for (const { command } of hooks.flatMap((g) => g.hooks)) {
		const r = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
		assert.deepEqual([r.status, r.stdout, r.stderr], [0, '', ''], command);
	}
});

await test('an agent in the profile login is given none', async () => {
	const c = await a.fresh();
	const t = await a.over(await a.begin(c, 'say x'));
	const { argv } = await a.call('GET', `/api/runs/${t.run_id}`);
	assert.ok(argv.includes('--verbose'), 'control');
	assert.deepEqual(settings(argv), []);
});

await a.stop();
