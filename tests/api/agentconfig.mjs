// How an account has its agents run: variants over our defaults, what a
// conversation or a turn picks of them, and what no variant can do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bin, test } from '../harness/rdv.mjs';
import { Agents } from '../harness/agent.mjs';

const a = await Agents.start();
const config = () => a.call('GET', '/api/agents/config');
const put = (all) => a.request('PUT', '/api/agents/config', all);
const changed = async (change) => {
	const all = await config();
	change(all.executors);
	return put(all);
};
const claude = (fields) => ({ CLAUDE_CODE: fields });
const begin = async (more) => {
	const repo = await a.repository();
	const w = await a.call('POST', '/api/workspaces', { repos: [repo.id] });
	return a.request('POST', '/api/conversations', { workspace_id: w.id,
		agent: 'CLAUDE_CODE', profile: 'login', ...more });
};
// 422 for a field of the request, 400 for a place within one.
const refused = (r, field) => {
	assert.equal(r.status, field.startsWith('executors.') ? 400 : 422,
		`${r.raw}`);
	assert.ok(r.json.error.startsWith(field), r.json.error);
};

await test('each agent has its defaults, and nobody is left unasked', async () => {
	const { executors } = await config();
	assert.deepEqual(executors.CLAUDE_CODE, { DEFAULT: claude({}) });
	assert.ok(Object.keys(executors).length >= 9);
	const all = JSON.stringify(executors);
	assert.ok(!/skip|yolo|allow_all|danger|force/.test(all), all);
	const r = await put({ executors });
	assert.equal(r.status, 204, `${r.raw}`);
	assert.deepEqual((await config()).executors, executors);
});

await test('what is wrong is told with its path', async () => {
	const at = 'executors.CLAUDE_CODE.FAST.CLAUDE_CODE';
	const wrong = (fields, field) => changed((e) => {
		e.CLAUDE_CODE.fast = claude(fields);
	}).then((r) => refused(r, field));

	await wrong({ plan: 'yes' }, `${at}.plan: `);
	await wrong({ effort: 'huge' }, `${at}.effort: `);
	await wrong({ env: { A: 1 } }, `${at}.env: `);
	// By its adapter: no command can be made of it.
	await wrong({ disable_api_key: true }, `${at}.disable_api_key: `);
	await changed((e) => { delete e.CODEX; }).then((r) =>
		refused(r, 'executors.CODEX: '));
	await changed((e) => { e.NOBODY = {}; }).then((r) =>
		refused(r, 'executors.NOBODY: '));
	assert.deepEqual((await config()).executors.CLAUDE_CODE,
		{ DEFAULT: claude({}) });
	assert.equal((await changed((e) => {
		e.CLAUDE_CODE.fast = claude({ model: 'haiku', effort: 'low' });
		e.CLAUDE_CODE.DEFAULT = claude({ model: 'opus' });
	})).status, 204);
	assert.deepEqual((await config()).executors.CLAUDE_CODE, {
		DEFAULT: claude({ model: 'opus' }),
		FAST: claude({ model: 'haiku', effort: 'low' }) });
});

await test('who put over what was changed meanwhile is refused', async () => {
	const before = await config();
	assert.equal((await changed((e) => {
		e.CODEX.MINE = { CODEX: { model: 'mine' } };
	})).status, 204);
	const mine = await config();
	before.executors.CODEX.YOURS = { CODEX: { model: 'yours' } };
	const no = await put(before);
	assert.equal(no.status, 409, `${no.raw}`);
	assert.match(no.json.error, /^version: .*changed meanwhile/);
	assert.deepEqual(await config(), mine);
	// What changes nothing is no other version; what names none is put.
	assert.equal((await put(mine)).status, 204);
	assert.deepEqual(await config(), mine);
	delete before.version;
	assert.equal((await put(before)).status, 204);
	assert.equal((await changed((e) => { delete e.CODEX.YOURS; })).status,
		204);
});

await test('a conversation and a turn are run by what they pick', async () => {
	assert.deepEqual((await begin({})).json.config, { model: 'opus' });
	const r = await begin({ variant: 'fast', reasoning_id: 'high',
		config: { approvals: true } });
	assert.equal(r.status, 201, `${r.raw}`);
	assert.deepEqual(r.json.config,
		{ approvals: true, model: 'haiku', effort: 'high' });
	const c = { ...r.json, at: (tail) => `/api/conversations/${r.json.id}${tail}` };
	const args = path.join(a.dir, 'args');
	const ran = async (more) => {
		const t = await a.over(await a.begin(c, `args ${args}\nsay x`, more));
		assert.equal(t.state, 'completed');
		return JSON.parse(fs.readFileSync(args, 'utf8')).join(' ');
	};
	assert.match(await ran({}), /--model haiku --effort high/);
	assert.match(await ran({ model_id: 'sonnet' }),
		/--model sonnet --effort high/);
	// Later changes are for what is begun later.
	assert.equal((await changed((e) => { delete e.CLAUDE_CODE.FAST; })).status,
		204);
	assert.match(await ran({}), /--model haiku/);
	refused(await begin({ variant: 'fast' }), 'variant: ');
	refused(await begin({ reasoning_id: 'huge' }), 'reasoning_id: ');
	refused(await a.ask(c, 'x', { variant: 'fast' }), 'variant: ');
	refused(await begin({ agent: 'AMP', permission_policy: 'SUPERVISED' }),
		'permission_policy: ');
});

await test('N01 values of a variant\'s environment are no reader\'s', async () => {
	assert.equal((await changed((e) => {
		e.CLAUDE_CODE.KEYED = claude({ model: 'm', env: { A_KEY: 's3cret-v' } });
		e.CODEX.KEYED = { CODEX: { env: { B_KEY: 's3cret-w' } } };
	})).status, 204);
	// Who may change it has it whole, or the next change would lose it.
	const all = await config();
	assert.equal(all.executors.CLAUDE_CODE.KEYED.CLAUDE_CODE.env.A_KEY,
		's3cret-v');
	assert.equal((await put(all)).status, 204);
	assert.deepEqual(await config(), all);
	const names = structuredClone(all);
	names.executors.CLAUDE_CODE.KEYED.CLAUDE_CODE.env.A_KEY = null;
	names.executors.CODEX.KEYED.CODEX.env.B_KEY = null;
	const { id } = await a.call('GET', '/api/user');
	const others = [{ token: null, headers: { 'X-RDV-User-ID': id,
		'X-RDV-Service-Token': a.rdv.serviceToken() } }];
	for (const scope of ['read', 'approve'])
		others.push({ token: (await a.call('POST', '/api/tokens',
			{ name: scope, scopes: [scope] })).rawKey });
	for (const options of others) {
		const r = await a.rdv.request('GET', '/api/agents/config', options);
		assert.equal(r.status, 200, `${r.raw}`);
		assert.deepEqual(r.json, names);
	}
	assert.equal((await changed((e) => {
		delete e.CLAUDE_CODE.KEYED;
		delete e.CODEX.KEYED;
	})).status, 204);
});

await test('K16 no variant leaves anybody unasked', async () => {
	assert.equal((await changed((e) => {
		e.CLAUDE_CODE.WILD = claude({ approvals: false,
			dangerously_skip_permissions: true });
	})).status, 204);
	for (const pick of [{ variant: 'wild' }, { permission_policy: 'AUTO' }]) {
		const r = await begin(pick);
		const c = { at: (tail) => `/api/conversations/${r.json.id}${tail}` };
		assert.equal(r.status, 201, `${r.raw}`);
		const no = await a.ask(c, 'say x');
		assert.equal(no.status, 403, `${no.raw}`);
		assert.match(no.json.error, /dangerously_skip_permissions/);
		// The positive control: the same with somebody who is asked.
		const t = await a.over(await a.begin(c, 'say x',
			{ permission_policy: 'SUPERVISED' }));
		assert.equal(t.state, 'completed');
		assert.equal((await a.ask(c, 'x', pick)).status, 403);
		assert.equal((await a.request('POST', c.at('/queue'),
			{ prompt: 'x', ...pick })).status, 403);
	}
});

await test('rdv agents config is the same as a command', async () => {
	const run = (what, input) => spawnSync(bin('rdv'), ['agents', what],
		{ env: { PATH: '/usr/bin:/bin', RDV_HOME: a.rdv.base }, input,
			encoding: 'utf8' });
	const all = run('config');
	assert.equal(all.status, 0, all.stderr);
	assert.deepEqual(JSON.parse(all.stdout), await config());
	const next = JSON.parse(all.stdout);
	next.executors.CODEX.SMALL = { CODEX: { model: 'small' } };
	assert.equal(run('configure', JSON.stringify(next)).status, 0);
	assert.deepEqual((await config()).executors.CODEX.SMALL,
		{ CODEX: { model: 'small' } });
	next.executors.CODEX.SMALL = { CODEX: { sandbox: 'none' } };
	const no = run('configure', JSON.stringify(next));
	assert.equal(no.status, 1);
	assert.match(no.stderr, /executors\.CODEX\.SMALL\.CODEX\.sandbox/);
	assert.equal(run('configure', '[1]').status, 1);
});

await a.stop();
