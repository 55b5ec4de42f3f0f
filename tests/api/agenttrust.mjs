// Settings of a repository's that an agent would take: it does not start with
// them before its owner has said so, of exactly these (abuse L01, L02).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { bare, bin, test } from '../harness/rdv.mjs';
import { Agents, sh } from '../harness/agent.mjs';

const a = await Agents.start();
const hooks = (command) => JSON.stringify({ hooks: { SessionStart: [
	{ hooks: [{ type: 'command', command }] }] } });
const put = (dir, name, text) => {
	fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
	fs.writeFileSync(path.join(dir, name), text);
};
const commit = (dir) => sh(dir, 'git add -Af; git commit -qm more');
const repository = async (files) => {
	const repo = await a.repository();
	for (const [name, text] of Object.entries(files))
		put(repo.path, name, text);
	commit(repo.path);
	return repo;
};
const tried = async (c, prompt) => a.over(await a.begin(c, prompt));
// The command that a refusal names, as somebody would copy it.
const command = (t) => {
	const [, words] = /: (rdv rule add allow .*)$/.exec(t.cause) ?? [];
	assert.ok(words, `${t.cause}`);
	return words.split(' ').slice(1);
};
const trust = (t) => execFileSync(bin('rdv'), ['--socket', a.rdv.sock,
	...command(t)], { env: { ...bare, HOME: a.rdv.home, RDV_HOME: a.rdv.base } });
const refused = (t, names) => {
	assert.equal(t.state, 'failed', `${t.cause}`);
	assert.match(t.cause, new RegExp(`settings from ${names} in /`));
	assert.equal(t.run_id, null, 'nothing ran');
};
// A program that is there, and ends before it is any agent.
const config = { base_command_override: '/usr/bin/false' };
const started = (t) => {
	assert.ok(t.run_id, `${t.cause}`);
	assert.doesNotMatch(t.cause, /settings/);
};

await test('abuse L01 a repository\'s settings wait for its owner', async () => {
	const plain = await a.conversation([await repository({ 'CLAUDE.md': 'x',
		'.claude/notes.md': 'x' })]);
	assert.equal((await tried(plain, 'say plain')).state, 'completed',
		'control: words alone are none');
	for (const name of ['.claude/settings.json', '.claude/settings.local.json',
		'.mcp.json']) {
		const c = await a.conversation([await repository({ [name]: hooks('x') })]);
		// What is not asked about tools is another matter.
		await a.call('PUT', `/api/sessions/${c.id}/bypass`);
		const no = await tried(c, `say no ${name}`);
		refused(no, name.replaceAll('.', '\\.'));
		assert.ok(!a.said().includes(`begin say no ${name}`));
		await a.call('DELETE', `/api/sessions/${c.id}/bypass`);
		trust(no);
		assert.equal((await tried(c, `say yes ${name}`)).state, 'completed');
		await a.model([c]);
	}
});

await test('abuse L01 each agent has names of its own', async () => {
	const repo = await repository({ 'CLAUDE.md': 'x' });
	for (const [agent, names] of Object.entries({
		AMP: ['.amp/settings.jsonc'],
		COPILOT: ['.github/hooks/'],
		DROID: ['.factory/settings.local.json', '.factory/hooks/hooks.json'],
		GEMINI: ['.gemini/extensions/'],
		OPENCODE: ['.opencode/opencode.jsonc', '.opencode/plugin/',
			'.opencode/plugins/', '.opencode/tool/', '.opencode/tools/'],
		QWEN_CODE: ['.qwen/extensions/'] })) {
		const c = await a.conversation([repo], { agent, config });
		const tree = c.w.repos[0].path;
		started(await tried(c, `say ${agent}`));
		for (const name of names) {
			const file = name.endsWith('/') ? `${name}x/y.json` : name;
			put(tree, file, 'x');
			refused(await tried(c, `say ${name}`),
				name.replaceAll('.', '\\.'));
			fs.rmSync(path.join(tree, file));
		}
		await a.model([c]);
	}
});

await test('abuse L01 what lies above it is looked at, too', async () => {
	const repo = await repository({ 'sub/x': 'x' });
	await a.call('PATCH', `/api/repos/${repo.id}`, { working_dir: 'sub' });
	const c = await a.conversation([repo]);
	assert.equal((await tried(c, 'say above')).state, 'completed');
	const tree = c.w.repos[0].path;
	// In its worktree, and where the worktrees of its workspace are.
	for (const at of [tree, path.dirname(tree)]) {
		put(at, '.mcp.json', '{}');
		refused(await tried(c, 'say above 2'), '(\\.\\./)+\\.mcp\\.json');
		fs.rmSync(path.join(at, '.mcp.json'));
	}
	assert.equal((await tried(c, 'say above 3')).state, 'completed');
	// Nor is one passed over that cannot be looked at.
	fs.symlinkSync('/nowhere', path.join(tree, '.mcp.json'));
	assert.match((await tried(c, 'say 4')).cause, /\.mcp\.json: it is a link/);
	fs.rmSync(path.join(tree, '.mcp.json'));
	await a.model([c]);
});

await test('abuse L02 trust is of these bytes in this repository', async () => {
	const one = await repository({ '.mcp.json': '{"a":1}' });
	const other = await repository({ '.mcp.json': '{"a":1}' });
	const c = await a.conversation([one]);
	const no = await tried(c, 'say 1');
	refused(no, '\\.mcp\\.json');
	trust(no);
	assert.equal((await tried(c, 'say 2')).state, 'completed');
	// Another worktree has the same, another repository has its own.
	assert.equal((await tried(await a.conversation([one]), 'say 3')).state,
		'completed');
	refused(await tried(await a.conversation([other]), 'say 4'),
		'\\.mcp\\.json');
	// Also by the agent's own hand: what it has written it does not start with.
	assert.equal((await tried(c, 'write .mcp.json x\nsay 5')).state,
		'completed');
	const changed = await tried(c, 'say 6');
	refused(changed, '\\.mcp\\.json');
	assert.notDeepEqual(command(changed), command(no));
	sh(c.w.repos[0].path, 'git checkout -q HEAD~ .mcp.json; git mv -k .mcp.json ' +
		'.gone; mkdir -p .claude; git mv .gone .claude/settings.json');
	refused(await tried(c, 'say 7'), '\\.claude/settings\\.json');
	// Another agent takes others: it starts, and is no agent at all.
	const gemini = await a.conversation([other], { agent: 'GEMINI', config });
	started(await tried(gemini, 'say 8'));
	put(gemini.w.repos[0].path, '.gemini/settings.json', '{}');
	refused(await tried(gemini, 'say 9'), '\\.gemini/settings\\.json');
	await a.model([c]);
});

await test('abuse L01 who asks for a run trusts nothing', async () => {
	const c = await a.conversation([await repository({ '.mcp.json': '{}' })]);
	const no = await tried(c, 'say none');
	const [, , verdict, tool, , ...pattern] = command(no);
	const rule = (token) => a.rdv.request('POST', '/api/approvals/rules',
		{ token, body: { verdict, tool, pattern } });
	for (const scopes of [['run'], ['read'], ['approve']]) {
		const { rawKey } = await a.call('POST', '/api/tokens', { name: 'x',
			scopes, ...scopes[0] === 'run' ? { session_id: (await
				a.rdv.session('x')).id } : {} });
		assert.equal((await rule(rawKey)).status, 403, scopes[0]);
	}
	// A rule that denies is stronger, and one with a star is for all.
	const all = async (verdict) => (await a.call('POST', '/api/approvals/rules',
		{ verdict, tool, pattern: ['CLAUDE_CODE', '*'] })).id;
	const allowed = await all('allow');
	assert.equal((await tried(c, 'say starred')).state, 'completed');
	const denied = await all('deny');
	refused(await tried(c, 'say denied'), '\\.mcp\\.json');
	for (const id of [allowed, denied])
		await a.call('DELETE', `/api/approvals/rules/${id}`);
	await a.model([c]);
});

await a.stop();
