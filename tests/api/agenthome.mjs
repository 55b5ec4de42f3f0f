// A confined agent has a home of its own, one for each agent of an account, in
// which somebody signs it in; of the account's home it sees nothing (abuse N02,
// I21, L03).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Agents, sh } from '../harness/agent.mjs';
import { bin, root, test } from '../harness/rdv.mjs';

const a = await Agents.start();
const base = fs.realpathSync(a.rdv.base);
const homes = path.join(base, 'agents'), home = path.join(homes, 'CLAUDE_CODE');
const fake = fs.readFileSync(path.join(root, 'tests/fixtures/claude.cjs'));
const canary = path.join(base, 'server/service-token');

// Its program lies in its worktree: it is given no other place of ours.
async function confined(profile = 'agent') {
	const repo = await a.repository();
	fs.writeFileSync(path.join(repo.path, 'claude.cjs'), fake);
	sh(repo.path, 'git add .; git commit -qm agent');
	const w = await a.call('POST', '/api/workspaces', { repos: [repo.id] });
	const dir = w.repos[0].path;
	const c = await a.call('POST', '/api/conversations', {
		workspace_id: w.id, agent: 'CLAUDE_CODE', profile, config: {
			base_command_override: `${process.execPath} ${dir}/claude.cjs` } });
	return { ...c, w, dir, at: (tail) => `/api/conversations/${c.id}${tail}` };
}
const does = async (c, command) => {
	const t = await a.over(await a.begin(c, `sh out.json ${command}\nsay x`));

	assert.equal(t.state, 'completed', t.cause);
	return JSON.parse(fs.readFileSync(path.join(c.dir, 'out.json')));
};
const rdv = (...words) => {
	const r = spawnSync(bin('rdv'), words, { encoding: 'utf8', input: '',
		env: { PATH: '/usr/bin:/bin', RDV_HOME: a.rdv.base } });
	return { ...r, all: r.stdout + r.stderr };
};
const claude = async () => (await a.call('GET', '/api/agents')).items
	.find((x) => x.name === 'CLAUDE_CODE').confined;

await test('L03 a confined agent that nobody signed in says how', async () => {
	const before = await claude();
	assert.equal(before.home, home);
	assert.equal(before.state, 'sign_in');
	assert.match(before.needs, /run rdv agents login CLAUDE_CODE/);
	assert.ok(!fs.existsSync(homes), 'it was looked at alone');
	const doctor = rdv('agents', 'doctor', 'claude_code');
	assert.match(doctor.stdout,
		/^CLAUDE_CODE +agent +sign_in +.*rdv agents login CLAUDE_CODE/m);

	const c = await confined();
	const t = await a.over(await a.begin(c, 'key\nsay x'));
	assert.equal(t.state, 'failed');
	assert.match(t.cause, /confined: run rdv agents login CLAUDE_CODE/);
	assert.match(t.cause, /Claude Code is not signed in/);

	// What it says to run, with a program that signs in as ours does.
	const login = rdv('agents', 'login', 'claude_code', '--', '/bin/sh', '-ec',
		'umask 077; mkdir -p ~/.claude; echo key >~/.claude/.credentials.json');
	assert.equal(login.status, 0, login.all);
	const { state, needs, signed_in_at: when } = await claude();
	assert.deepEqual([state, needs], ['ready', null]);
	assert.ok(Math.abs(when - Date.now()) < 600000, String(when));
	assert.equal((await a.over(await a.begin(c, 'key\nsay x'))).state,
		'completed');
	assert.doesNotMatch(rdv('agents', 'doctor', 'claude_code').stdout,
		/agents login/);
	// For a conversation at home it is no sign-in.
	const out = await a.over(await a.begin(await confined('login'),
		'key\nsay x'));
	assert.equal(out.state, 'failed');
	assert.doesNotMatch(out.cause, /agents login/);
});

await test('N02 I21 its home is that and no other', async () => {
	const c = await confined();
	const [, there] = await does(c, 'echo $HOME; echo left >$HOME/kept; ' +
		'stat -c %a $HOME');
	assert.deepEqual(there.split('\n'), [home, '700', '']);
	assert.equal(fs.statSync(homes).mode & 0o777, 0o700);
	// It is the same for the next conversation.
	assert.equal((await does(await confined(), 'cat $HOME/kept'))[1], 'left\n');

	const other = path.join(homes, 'CODEX');
	fs.mkdirSync(other, { mode: 0o700 });
	fs.writeFileSync(path.join(other, 'auth.json'), 'secret');
	const own = os.userInfo().homedir;
	for (const at of [path.join(other, 'auth.json'), canary,
		path.join(base, 'cli-token')]) {
		assert.ok(fs.existsSync(at), 'control');
		assert.notEqual((await does(c, `cat ${at}`))[0], 0, at);
	}
	for (const at of [homes, base, own, path.join(homes, 'GEMINI')])
		assert.notEqual((await does(c, `touch ${at}/planted`))[0], 0, at);
	assert.deepEqual(fs.readdirSync(homes).sort(), ['CLAUDE_CODE', 'CODEX']);
	fs.rmSync(other, { recursive: true });
});

await test('E01 no run is given the homes of all agents', async () => {
	await does(await confined(), 'true');
	const run = (dir) => a.request('POST', '/api/sessions', { name: 'x',
		profile: 'agent', project_path: dir, io: 'pipes',
		command: ['/bin/true'] });
	const refused = await run(homes);
	assert.equal(refused.status, 403, refused.raw.toString());
	assert.match(refused.json.error, /rdv's own state/);
	assert.equal((await run(home)).status, 201, 'control');
});

// What a link there leads to is not what was judged.
await test('E01 a home that is a link is refused', async () => {
	const c = await confined();
	await does(c, 'true');
	const kept = path.join(homes, 'kept');
	fs.renameSync(home, kept);
	fs.symlinkSync(path.join(base, 'server'), home);
	const t = await a.over(await a.begin(c, 'say x'));
	assert.equal(t.state, 'failed');
	assert.match(t.cause, /own state|link/);
	fs.unlinkSync(home);
	fs.renameSync(kept, home);
	assert.equal((await a.over(await a.begin(c, 'say x'))).state, 'completed');
});

await a.stop();
