// Which agents an account has: found by name where nobody else can put one
// (abuse L10), and what a person has to do before one can be used (L03).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bin, skip, test, waitFor } from '../harness/rdv.mjs';

const first = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()),
	'rdv-first-'));
const rdv = await Rdv.start({ config: `[agents]\npath = ["${first}"]\n` });
// An agent is started with the account's own home, and looked for there.
const home = fs.realpathSync(os.userInfo().homedir);
const made = [];
const put = (name, mode) => {
	const at = path.join(home, name);
	for (let d = path.dirname(at); !fs.existsSync(d); d = path.dirname(d))
		made.unshift(d);
	fs.mkdirSync(path.dirname(at), { recursive: true, mode: 0o755 });
	fs.writeFileSync(at, '#!/bin/sh\n');
	fs.chmodSync(at, mode);
	made.push(at);
	return at;
};
process.on('exit', () => {
	for (const at of made.sort((a, b) => b.length - a.length)) {
		try {
			if (fs.lstatSync(at).isDirectory())
				fs.rmdirSync(at);
			else
				fs.unlinkSync(at);
		} catch (e) {
			assert.equal(e.code, 'ENOENT', at);
		}
	}
});
const taken = ['.local/bin/codex', '.local/bin/claude', '.local/bin/droid', '.codex', 'src']
	.filter((n) => fs.existsSync(path.join(home, n)));
const busy = () =>
	skip(`the account has ${taken.join(', ')} of its own`);
const agent = async (name) => (await rdv.call('GET', '/api/agents')).items
	.find((a) => a.name === name);

await test('each agent is listed with what it needs', async () => {
	const { items } = await rdv.call('GET', '/api/agents');
	assert.deepEqual(items.map((a) => a.name), ['CLAUDE_CODE', 'CODEX',
		'GEMINI', 'QWEN_CODE', 'COPILOT', 'OPENCODE', 'AMP', 'CURSOR_AGENT',
		'DROID']);
	for (const a of items) {
		assert.ok(['ready', 'installed', 'sign_in', 'refused', 'missing']
			.includes(a.state), a.state);
		assert.equal(a.needs === null, ['ready', 'installed']
			.includes(a.state), a.name);
		assert.equal(a.program === null, ['missing', 'refused']
			.includes(a.state), a.name);
	}
});

await test('L03 who has not signed in is told how to', async () => {
	if (taken.length > 0)
		return busy();
	assert.equal((await agent('CODEX')).state, 'missing');
	const codex = put('.local/bin/codex', 0o755);
	let a = await agent('CODEX');
	assert.equal(a.state, 'sign_in');
	assert.equal(a.program, codex);
	assert.equal(a.signed_in_at, null);
	assert.equal(a.used, false);
	assert.match(a.needs, /run codex login/);
	put('.codex/config.toml', 0o600);
	const auth = put('.codex/auth.json', 0o600);
	fs.utimesSync(auth, 1700000000, 1700000000);
	a = await agent('CODEX');
	assert.equal(a.state, 'ready');
	assert.equal(a.needs, null);
	assert.equal(a.used, true);
	assert.equal(a.signed_in_at, 1700000000000);
	// Nobody can see whether this one is.
	put('.local/bin/droid', 0o755);
	assert.equal((await agent('DROID')).state, 'installed');
});

await test('L10 one that others could replace is refused', async () => {
	if (taken.length > 0)
		return busy();
	const codex = put('.local/bin/codex', 0o755);
	for (const [name, bad] of [[codex, 0o777], [path.dirname(codex), 0o775]]) {
		fs.chmodSync(name, bad);
		const a = await agent('CODEX');
		assert.equal(a.state, 'refused');
		assert.equal(a.program, null);
		assert.match(a.needs, /others can write it/);
		fs.chmodSync(name, 0o755);
		assert.equal((await agent('CODEX')).state, 'ready');
	}
	fs.rmSync(codex);
	fs.symlinkSync(put('src/node_modules/.bin/codex', 0o755), codex);
	assert.match((await agent('CODEX')).needs, /came with a repository/);
});

// One look-up: what is told is what a turn runs.
await test('L10 the program that is listed is the one that is run', async () => {
	if (taken.length > 0)
		return busy();
	const dir = path.join(fs.realpathSync(rdv.home), 'one');
	fs.mkdirSync(dir);
	execFileSync('/bin/sh', ['-ec', `git init -q -b main; git -c user.name=n \
		-c user.email=n@example.org commit -q --allow-empty -m one`],
	{ cwd: dir, env: { PATH: '/usr/bin:/bin' } });
	const repo = await rdv.call('POST', '/api/repos', { path: dir });
	const w = await rdv.call('POST', '/api/workspaces', { repos: [repo.id] });
	const c = await rdv.call('POST', '/api/conversations', {
		workspace_id: w.id, agent: 'CLAUDE_CODE', profile: 'login' });
	const file = path.join(first, 'ran');
	const program = `#!/bin/sh\necho "$0" >${file}\n`;
	const ran = async () => {
		const { turn } = await rdv.call('POST',
			`/api/conversations/${c.id}/turns`, { prompt: 'x' });

		await waitFor('its end', async () => ['failed', 'completed'].includes(
			(await rdv.call('GET', `/api/turns/${turn.id}`)).chain.state));
		return fs.readFileSync(file, 'utf8').trim();
	};
	const own = put('.local/bin/claude', 0o755);
	fs.writeFileSync(own, program);
	assert.equal((await agent('CLAUDE_CODE')).program, own);
	assert.equal(await ran(), own);
	const named = path.join(first, 'claude');
	fs.writeFileSync(named, program);
	fs.chmodSync(named, 0o755);
	assert.equal((await agent('CLAUDE_CODE')).program, named);
	assert.equal(await ran(), named);
});

await test('rdv agents says it, and fails when none can be used', async () => {
	const run = (...args) => {
		const r = spawnSync(bin('rdv'), ['agents', ...args],
			{ env: { PATH: '/usr/bin:/bin', RDV_HOME: rdv.base },
				encoding: 'utf8' });
		return { ...r, all: r.stdout + r.stderr };
	};
	const { items } = await rdv.call('GET', '/api/agents');
	const ls = run('ls');
	assert.equal(ls.status, 0, ls.all);
	for (const a of items)
		assert.match(ls.stdout, new RegExp(`^${a.name} +${a.state}`, 'm'));
	assert.deepEqual(JSON.parse(run('ls', '--json').stdout).items, items);
	for (const a of items) {
		const one = run('doctor', a.name.toLowerCase());
		assert.equal(one.status, a.needs === null ? 0 : 1, one.all);
		assert.ok(one.all.includes(a.needs ?? a.name), one.all);
	}
	const all = run('doctor');
	assert.equal(all.status, items.some((a) => a.needs === null) ? 0 : 1);
	const none = run('doctor', 'nobody');
	assert.equal(none.status, 1);
	assert.match(none.stderr, /no agent of that name/);
});

await rdv.stop();
fs.rmSync(first, { recursive: true });
