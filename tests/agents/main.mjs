// Real agents through rdv, each with the same play: what they ask for and hear,
// by their own protocols and not by our memory of these. The model is ours
// (model.mjs), and there is no other network.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { below, build, finish, skip, test, waitFor } from '../harness/rdv.mjs';
import { Agents, sh } from '../harness/agent.mjs';
import { Model } from './model.mjs';

const modules = path.join(build, 'agents/node_modules');
const arch = { x64: 'x64', arm64: 'arm64' }[process.arch];
const model = await Model.start();
const a = await Agents.start();
const home = path.join(a.dir, 'home');
const put = (name, text) => {
	const at = path.join(home, name);
	fs.mkdirSync(path.dirname(at), { recursive: true });
	fs.writeFileSync(at, text);
};

const chats = () => below(path.join(home, '.gemini/tmp'))
	.filter((f) => /chats\/session-/.test(f))
	.map((f) => path.join(home, '.gemini/tmp', f));

// Nothing that a package brings runs when it is installed, so the program of
// Claude Code is where its own script would have taken it from.
const AGENTS = [
	{ name: 'CLAUDE_CODE', command: 'claude',
		program: `@anthropic-ai/claude-code-linux-${arch}/claude`,
		config: { approvals: true }, planned: { plan: true },
		key: { ANTHROPIC_API_KEY: 'none' }, keeps: true,
		packages: [`@anthropic-ai/claude-code-linux-${arch}`],
		inside: () => ({ ANTHROPIC_API_KEY: 'none' }),
		sign_in: /login/ },
	{ name: 'CODEX', command: 'codex', program: '@openai/codex/bin/codex.js',
		words: ' app-server',
		config: { sandbox: 'workspace-write',
			ask_for_approval: 'unless-trusted' },
		planned: { sandbox: 'workspace-write', plan: true,
			ask_for_approval: 'unless-trusted' },
		// It makes the programs of its sandbox in its home, if that is not
		// below a directory for temporary files, as all of ours is.
		key: { CODEX_HOME: path.join(home, '.codex'),
			TMPDIR: path.join(home, 'tmp') },
		none: { CODEX_HOME: path.join(home, '.none') },
		packages: ['@openai/codex', `@openai/codex-linux-${arch}`],
		inside: ({ at }) => ({ TMPDIR: path.join(at, 'tmp') }),
		unsigned: ({ at }) => ({ CODEX_HOME: path.join(at, 'tmp') }),
		sign_in: /codex login/ },
	{ name: 'GEMINI', command: 'gemini',
		program: '@google/gemini-cli/bundle/gemini.js',
		config: { yolo: false, model: 'gemini-2.5-flash' },
		key: { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: model.url },
		none: { GEMINI_CLI_HOME: path.join(home, 'none') }, keeps: true,
		packages: ['@google/gemini-cli'],
		inside: ({ url }) => ({ GEMINI_API_KEY: 'none',
			GOOGLE_GEMINI_BASE_URL: url }),
		unsigned: ({ at }) => ({ GEMINI_CLI_HOME: path.join(at, 'tmp') }),
		// In the minute in which it began a conversation it overwrites that
		// when it is to load it. So this is an hour that nobody is in; what
		// it goes on with is there already, and the other one is empty.
		later: () => chats().forEach((f) => {
			const old = f.replace(/T\d\d-\d\d-/, 'T00-00-');
			if (f !== old && fs.existsSync(old))
				fs.rmSync(f);
			else
				fs.renameSync(f, old);
		}),
		forget: () => chats().forEach((f) => fs.rmSync(f)),
		sign_in: /sign in/ },
];
const env = { HOME: home, ANTHROPIC_BASE_URL: model.url,
 DISABLE_AUTOUPDATER: '1',
	CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1',
	// Where the network could not be taken away.
	HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' };
put('.codex/config.toml', `model = "gpt-5.2-codex"
model_provider = "ours"
[model_providers.ours]
name = "ours"
base_url = "${model.url}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[analytics]
enabled = false
`);
put('.none/config.toml', '[analytics]\nenabled = false\n');
put('.gemini/settings.json', JSON.stringify({ telemetry: { enabled: false },
	security: { auth: { selectedType: 'gemini-api-key' } },
	privacy: { usageStatisticsEnabled: false },
	general: { enableAutoUpdate: false } }));
fs.mkdirSync(path.join(home, 'none'));
fs.mkdirSync(path.join(home, 'tmp'));
fs.mkdirSync(path.join(home, '.gemini/tmp'));

const there = (g) => fs.existsSync(path.join(modules, g.program));
for (const g of AGENTS)
	fs.writeFileSync(path.join(a.dir, g.command),
		`#!/bin/sh\nexec ${path.join(modules, g.program)} "$@"\n`,
		{ mode: 0o755 });

// A configuration's own variables may say no more than a key or an address
// while somebody is asked (abuse K16), so the program has these of a script.
let made = 0;
const fresh = async (g, config, more = g.key) => {
	const at = path.join(a.dir, `${g.command}-${++made}`);
	const vars = Object.entries({ ...env, ...more })
		.map(([name, value]) => `export ${name}='${value}'\n`);
	fs.writeFileSync(at, `#!/bin/sh\n${vars.join('')}exec ${
		path.join(a.dir, g.command)} "$@"\n`, { mode: 0o755 });
	return a.conversation([await a.repository()], { agent: g.name,
		config: { ...config,
			base_command_override: `${at}${g.words ?? ''}` } });
};
const tree = (c) => c.w.repos[0].path;
const asked = async (t) => {
	let found;
	await waitFor(`${t.prompt} is asked`, async () => {
		const { run_id: run, state, cause } = await a.turn(t);
		assert.ok(['waiting', 'running'].includes(state), `${state} ${cause}`);
		found = run && (await a.call('GET', `/api/approvals?run_id=${run}`))
			.items.find((i) => i.state === 'pending');
		return found;
	});
	return a.call('GET', `/api/approvals/${found.id}`);
};
const decide = async (p, decision) => assert.equal((await a.request('POST',
	`/api/approvals/${p.id}/decision`, { ...decision, digest: p.digest }))
	.status, 200);
const over = async (t, state = 'completed') => {
	const done = await a.over(t);
	done.entries = (await a.call('GET', `/api/runs/${done.run_id}/entries`))
		.items.map((i) => i.entry);
	assert.equal(done.state, state, JSON.stringify(done, null, 1));
	for (const e of done.entries)
		assert.ok(!/is not expected/.test(e.content), e.content);
	return done;
};
// What it is at last told is what the model says.
const hears = (done, what) => assert.match(done.summary ?? '', what);

await test('there is no network but loopback', async () => {
	const fails = (host) => new Promise((ok) => net.connect(443, host)
		.on('error', (e) => ok(e.code)).on('connect', () => ok('connected')));
	// The positive control: what is not to be reached is ours to reach.
	assert.equal((await fetch(model.url)).status, 404);
	assert.equal(model.asked.pop().served, false);
	if (Object.keys(os.networkInterfaces()).some((i) => i !== 'lo'))
		return skip('only root can take the others away');
	assert.equal(await fails('192.0.2.1'), 'ENETUNREACH');
	assert.equal(await fails('2001:db8::1'), 'ENETUNREACH');
});

// Confined it is seen by its profile alone: program, settings and what it is told
// of its model lie in the home that it has there, and its network is the model,
// by a list where this host has namespaces.
const { features } = (await a.call('GET', '/api/status')).helper;
const listed = features.includes('user_namespaces');
const inside = (g) => path.join(fs.realpathSync(a.rdv.base), 'agents', g.name);
const confine = (g) => {
	const at = inside(g), url = listed ? `http://${model.farHost}` : model.url;
	const lib = path.join(at, 'lib/node_modules');
	const settings = { CODEX: '.codex/config.toml',
		GEMINI: '.gemini/settings.json' }[g.name];
	for (const pkg of g.packages)
		fs.cpSync(path.join(modules, pkg), path.join(lib, pkg),
			{ recursive: true });
	fs.mkdirSync(path.join(at, 'tmp'));
	for (const dir of ['agents', `agents/${g.name}`])
		fs.chmodSync(path.join(fs.realpathSync(a.rdv.base), dir), 0o700);
	if (settings) {
		fs.mkdirSync(path.dirname(path.join(at, settings)));
		fs.writeFileSync(path.join(at, settings), fs.readFileSync(
			path.join(home, settings), 'utf8').replace(model.url, url));
	}
	return { at, lib, url };
};
const inAgent = async (g, at, key) => {
	const file = path.join(at.at, `start-${++made}`);
	const vars = { ...env, ...key, ANTHROPIC_BASE_URL: at.url };
	delete vars.HOME;
	delete vars.NO_PROXY;
	delete vars.HTTPS_PROXY;
	fs.writeFileSync(file, `#!/bin/sh\n${Object.entries(vars)
		.map(([name, value]) => `export ${name}='${value}'\n`).join('')}exec ${
		path.join(at.lib, g.program)} "$@"\n`, { mode: 0o755 });
	return a.conversation([await a.repository()], { agent: g.name,
		profile: 'agent', config: { ...g.config,
			base_command_override: `${file}${g.words ?? ''}` },
		...listed ? { network: 'list', network_hosts: [model.farHost] } : {} });
};

for (const g of AGENTS) {
	const play = (what, fn) => test(`${g.name} confined ${what}`, () =>
		there(g) ? fn() :
			skip('it is not installed: make agents-installed does that'));
	let c, at;

	await play('makes a file when that was asked and allowed', async () => {
		at = confine(g);
		c = await inAgent(g, at, g.inside(at));
		const file = path.join(tree(c), 'made.txt');
		const t = await a.begin(c, `MODEL create ${file} made`);
		const p = await asked(t);
		assert.ok(p.input.includes(file), p.input);
		await decide(p, { verdict: 'approve' });
		const done = await over(t);
		hears(done, /^Heard: /);
		assert.equal(fs.readFileSync(file, 'utf8'), 'made', done.summary);
		const { guards } = await a.call('GET', `/api/runs/${done.run_id}`);
		for (const guard of ['landlock', 'seccomp'])
			assert.ok(guards.includes(guard), `${guards}`);
	});

	// What it is allowed to do is not what it can do.
	await play('reaches no file of the account\'s', async () => {
		const token = path.join(fs.realpathSync(a.rdv.base), 'cli-token');
		const t = await a.begin(c, `MODEL run cat ${token}`);
		await decide(await asked(t), { verdict: 'approve' });
		hears(await over(t), /denied|no such file/i);
	});

	await play('is interrupted, and goes on', async () => {
		const t = await a.begin(c, 'MODEL slow');
		await waitFor('the model is at it', () => model.endless > 0);
		await a.call('POST', `/api/turns/${t.id}/stop`);
		await over(t, 'killed');
		await waitFor('nobody listens', () => model.endless === 0);
		hears(await over(await a.begin(c, 'MODEL recall')),
			/^Before: create .* \| run cat /);
	});

	await play('says how to sign in there', async () => {
		const n = await inAgent(g, at, g.unsigned?.(at) ?? {});
		const done = await over(await a.begin(n, 'MODEL say x'), 'failed');
		assert.match(done.cause, new RegExp(`rdv agents login ${g.name}`));
	});
}

for (const g of AGENTS) {
	const play = (what, fn) => test(`${g.name} ${what}`, () => {
		g.later?.();
		return there(g) ? fn() :
			skip('it is not installed: make agents-installed does that');
	});
	let c;

	await play('makes a file when that was asked and allowed', async () => {
		c = await fresh(g, g.config);
		const file = path.join(tree(c), 'made.txt');
		const t = await a.begin(c, `MODEL create ${file} made`);
		const p = await asked(t);
		assert.equal(p.kind, 'tool');
		assert.ok(p.input.includes(file), p.input);
		assert.ok(!fs.existsSync(file), 'it was asked first');
		await decide(p, { verdict: 'approve' });
		const done = await over(t);
		hears(done, /^Heard: /);
		assert.ok(fs.existsSync(file), done.summary);
		assert.equal(fs.readFileSync(file, 'utf8'), 'made');
		assert.equal(sh(tree(c), 'git show --name-only --format='), 'made.txt');
		assert.ok(done.agent_session);
		assert.ok(done.entries.some((e) => e.entry_type.type === 'tool_use' &&
			e.entry_type.status.status === 'success'));
	});

	await play('does not do what was denied', async () => {
		const t = await a.begin(c, 'MODEL run touch no');
		const p = await asked(t);
		assert.ok(p.input.includes('touch no'), p.input);
		await decide(p, { verdict: 'deny' });
		const done = await over(t);
		hears(done, /reject|cancel|denied/i);
		assert.ok(!fs.existsSync(path.join(tree(c), 'no')));
		assert.ok(done.entries.some((e) => e.entry_type.type === 'tool_use' &&
			e.entry_type.status.status === 'denied'));
	});

	// What speaks ACP has no words for these two; a release that offers them
	// to the model all the same is to be heard of.
	if (!g.planned)
		await play('has no question and no plan for a person', () => {
			const all = JSON.stringify(model.asked.filter((q) =>
				/generateContent/i.test(q.at)));
			assert.ok(all.includes('"run_shell_command"'));
			assert.ok(!/"(ask_user|exit_plan_mode)"/.test(all));
		});
	else await play('asks a question', async () => {
		const t = await a.begin(c, 'MODEL question Where to?');
		const p = await asked(t);
		assert.equal(p.kind, 'question');
		assert.equal(p.asked.questions[0].question, 'Where to?');
		await decide(p, { verdict: 'answer',
			answers: [{ question: 'Where to?', answer: ['left'] }] });
		hears(await over(t), /left/);
	});

	await play('is interrupted', async () => {
		const { left } = model, t = await a.begin(c, 'MODEL slow');
		await waitFor('the model is at it', () => model.endless > 0);
		await a.call('POST', `/api/turns/${t.id}/stop`);
		await over(t, 'killed');
		await waitFor('nobody listens', () => model.endless === 0);
		assert.equal(model.left, left + 1);
	});

	await play('goes on from all of that', async () => {
		const before = (await a.turns(c)).at(-1).agent_session;
		const done = await over(await a.begin(c, 'MODEL recall'));
		hears(done, g.later ? /^Before: create .* \| run touch no/ :
			/^Before: create .* \| run touch no \| .*slow/);
		if (g.keeps)
			assert.equal(done.agent_session, before);
	});

	if (g.forget) await play('is told what it has forgotten', async () => {
		const before = (await a.turns(c)).at(-1).agent_session;
		g.forget();
		const done = await over(await a.begin(c, 'MODEL recall'));
		hears(done, /^Before: create .* \| run touch no \| .*slow/);
		assert.notEqual(done.agent_session, before);
	});

	if (g.planned) await play('has its plan approved', async () => {
		const p0 = await fresh(g, g.planned);
		const t = await a.begin(p0, 'MODEL plan First this');
		const p = await asked(t);
		assert.equal(p.kind, 'plan');
		assert.equal(p.asked.plan.trim(), 'First this');
		await decide(p, { verdict: 'approve' });
		const done = await over(t);
		assert.ok(done.entries.some((e) =>
			e.entry_type.action_type?.action === 'plan_presentation' &&
			e.entry_type.status.status === 'success'));
	});

	await play('says how to sign in', async () => {
		const n = await fresh(g, g.config, g.none ?? {});
		const done = await over(await a.begin(n, 'MODEL say x'), 'failed');
		assert.ok(done.entries.some((e) => g.sign_in.test(e.content)),
			JSON.stringify(done));
		assert.match(JSON.stringify(done.needs ?? done), g.sign_in);
	});
}

await test('nothing else was asked of the model', () => {
	assert.deepEqual(model.asked.filter((q) => !q.served).map((q) => q.at), []);
	assert.ok(model.asked.length > 0 || !AGENTS.some(there));
});

await a.stop();
await model.stop();
finish();
