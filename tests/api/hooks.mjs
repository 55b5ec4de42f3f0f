// What an agent's hooks tell of it, and that they never get in its way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Rdv, bare, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const get = (s) => rdv.call('GET', `/api/sessions/${s.id}`);
const tell = (s, body, options) => rdv.request('POST',
	`/api/sessions/${s.id}/agent-status`, { body, ...options });
const told = async (s) => (await rdv.call('GET',
	'/api/events?since=0&limit=1000')).items
	.filter((e) => e.kind === 'session.agent' && e.subject === s.id);

// rdv as an agent calls it: with a payload, in a session.
async function hook(words, { s, input = '{}', env = {}, keepOpen } = {}) {
	const child = spawn(bin('rdv'), ['hook', ...words], { cwd: '/',
		env: { ...bare, HOME: rdv.home, ...(s && { RDV_SESSION_ID: s.id,
			RDV_API_SOCKET: rdv.sock }), ...env } });
	let out = '', err = '';
	child.stdout.on('data', (d) => { out += d; });
	child.stderr.on('data', (d) => { err += d; });
	child.stdin.on('error', () => {});
	child.stdin.write(input);
	if (!keepOpen)
		child.stdin.end();
	const begin = performance.now();
	const [status] = await once(child, 'close');
	return { status, out, err, ms: performance.now() - begin };
}
const silent = ({ status, out, err }) => assert.deepEqual({ status, out, err },
	{ status: 0, out: '', err: '' });

await test('a status is of the run in which it was told', async () => {
	const s = await rdv.session('agent', ['/bin/cat']);
	assert.equal(s.agent_status, null);
	assert.equal((await tell(s, { status: 'waiting' })).status, 204);
	const now = await get(s);
	assert.equal(now.agent_status, 'waiting');
	assert.ok(Math.abs(now.agent_status_at - Date.now()) < 60000);
	assert.equal((await rdv.call('GET', '/api/sessions'))
		.find((x) => x.id === s.id).agent_status, 'waiting');
	await rdv.call('POST', `/api/sessions/${s.id}/input`,
		{ data: '\x04' });
	await waitFor('its end', async () => (await get(s)).run.ended_at !== null);
	assert.equal((await get(s)).agent_status, 'ended');
	const no = await tell(s, { status: 'running' });
	assert.deepEqual([no.status, no.json.error], [409, 'nothing runs in it']);
	await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	assert.equal((await get(s)).agent_status, null);
	assert.equal((await tell(s, { status: 'idle' })).status, 204);
	assert.equal((await get(s)).agent_status, 'idle');
});

await test('who follows hears what is new', async () => {
	const s = await rdv.session('news', ['/bin/cat']);
	for (const status of ['running', 'running', 'subagent', 'running'])
		await tell(s, { status });
	assert.deepEqual((await told(s)).map((e) => e.body.status),
		['running', 'subagent', 'running']);
	await tell(s, { note: 'a "note"\u001b[2J' });
	await tell(s, { status: 'running', source: 'subagent-stop', note: 'x' });
	assert.equal((await told(s)).length, 5);
	assert.equal((await get(s)).agent_status, 'running');
	for (const [body, field] of [[{ status: 'happy' }, 'status'],
		[{}, 'status'], [{ status: 'idle', source: 'y' }, 'source'],
		[{ note: 'x'.repeat(501) }, 'note'], [{ note: '' }, 'note']]) {
		const r = await tell(s, body);
		assert.equal(r.status, 422, field);
		assert.match(JSON.stringify(r.json), new RegExp(field));
	}
	assert.equal((await tell({ id: s.run.id }, { status: 'idle' })).status, 404);
});

await test('D02 a run tells no more than people could follow', async () => {
	const s = await rdv.session('flood', ['/bin/cat']);
	const other = await rdv.session('quiet', ['/bin/cat']);
	const begin = performance.now(), answers = [];
	for (let i = 0; i < 60; i++)
		answers.push(await tell(s, { note: `note ${i}` }));
	const taken = answers.filter((r) => r.status === 204).length;
	const may = 20 + Math.ceil((performance.now() - begin) / 1000);
	assert.ok(taken >= 20 && taken <= may, `${taken} of at most ${may}`);
	assert.equal((await told(s)).length, taken);
	const no = answers.find((r) => r.status !== 204);
	assert.deepEqual([no.status, no.json.code], [429, 'RATE_LIMITED']);
	assert.match(no.headers['retry-after'], /^[1-9]/);
	// Another run has its own, and what is no news costs nothing.
	assert.equal((await tell(other, { status: 'idle' })).status, 204);
	for (let i = 0; i < 40; i++)
		assert.equal((await tell(other, { status: 'idle' })).status, 204);
});

await test('each hook tells its word', async () => {
	const s = await rdv.session('words', ['/bin/cat']);
	const sub = '{"agent_id":"a1"}';
	for (const [words, input, want] of [
		[['session-start'], '{}', 'running'],
		[['notification'], '{"message":"needs you"}', 'waiting'],
		[['prompt-submit'], '{}', 'running'],
		[['pre-tool-use'], sub, 'subagent'],
		[['stop'], sub, 'running'],
		[['pre-compact'], '{}', 'compacting'],
		[['post-tool-use'], '{}', 'running'],
		[['stop'], 'this is no JSON', 'idle'],
		[['subagent-stop'], '{}', 'running'],
		[['session-end'], '{}', 'ended'],
		[['claude', 'active'], '{}', 'running'],
		[['claude', 'notify'], '{}', 'waiting'],
		[['claude', 'idle'], '{}', 'idle'],
		[['stop', '--whatever', 'else'], `{"agent_id":"${'x'.repeat(2 << 20)}"}`,
			'idle'],
	]) {
		silent(await hook(words, { s, input }));
		assert.equal((await get(s)).agent_status, want, words.join(' '));
	}
	assert.ok((await told(s)).some((e) => e.body.note === 'needs you' &&
		e.body.status === 'waiting'));
	silent(await hook(['notify', 'done', '--body', 'é'.repeat(600)], { s }));
	assert.equal((await told(s)).at(-1).body.note, 'é'.repeat(250));
	assert.equal((await get(s)).agent_status, 'idle');
	const no = await hook(['claude', 'nothing'], { s });
	assert.equal(no.status, 1);
	assert.match(no.err, /"nothing" is no event/);
});

await test('a hook in a terminal of rdv finds its way', async () => {
	const s = await rdv.session('inside', ['/bin/sh', '-c',
		`echo '{}' | ${bin('rdv')} hook notification; exec cat`]);
	await waitFor('its word', async () =>
		(await get(s)).agent_status === 'waiting');
});

await test('a token in a file of one\'s own is for that session', async () => {
	const s = await rdv.session('mine', ['/bin/cat']);
	const other = await rdv.session('other', ['/bin/cat']);
	const { rawKey } = await rdv.call('POST', '/api/tokens', { name: 'hook',
		scopes: ['run'], session_id: s.id });
	const file = path.join(rdv.home, 'run-token');
	fs.writeFileSync(file, `${rawKey}\n`, { mode: 0o600 });
	const env = { RDV_TOKEN_FILE: file };
	silent(await hook(['stop'], { s, env }));
	assert.equal((await get(s)).agent_status, 'idle');
	silent(await hook(['stop'], { s: other, env }));
	assert.equal((await get(other)).agent_status, null);
	// Others could have written or read it: it is not used, nor is another.
	fs.chmodSync(file, 0o644);
	silent(await hook(['prompt-submit'], { s, env }));
	assert.equal((await get(s)).agent_status, 'idle');
	const valid = await hook(['validate'], { s, env });
	assert.equal(valid.status, 1);
	assert.equal(JSON.parse(valid.out).valid, false);
	fs.chmodSync(file, 0o600);
	assert.deepEqual(JSON.parse((await hook(['validate'], { s, env })).out),
		{ valid: true, checks: [{ check: 'session_id', status: 'ok' },
			{ check: 'api_server', status: 'ok' }] });
	assert.equal((await hook(['validate'])).status, 1);
});

await test('outside of a session nothing is told', async () => {
	silent(await hook(['stop']));
	silent(await hook(['notify', 'x']));
	silent(await hook(['stop'], { env: { HOME: '', RDV_HOME: 'no/path' } }));
});

await test('an agent is never held up', async () => {
	const s = await rdv.session('held', ['/bin/cat']);
	// Who gives no end of its input.
	const slow = await hook(['stop'], { s, keepOpen: true });
	silent(slow);
	assert.ok(slow.ms < 5000, `${slow.ms}`);
	// Who takes the connection and says nothing.
	const dir = fs.mkdtempSync(path.join(rdv.home, 'mute-'));
	const mute = net.createServer(() => {}).listen(path.join(dir, 'api.sock'));
	await once(mute, 'listening');
	fs.chmodSync(path.join(dir, 'api.sock'), 0o600);
	fs.writeFileSync(path.join(dir, 'cli-token'), 'rdv_x\n', { mode: 0o600 });
	let asked = 0;
	mute.on('connection', () => asked++);
	const muted = await hook(['stop'], { s, env: {
		RDV_API_SOCKET: path.join(dir, 'api.sock') } });
	silent(muted);
	assert.ok(asked > 0, 'control: it was asked');
	assert.ok(muted.ms < 5000, `${muted.ms}`);
	mute.close();
}, 30000);

const settings = (dir) => path.join(dir, '.claude/settings.local.json');
const install = (dir) => hook(['install', '--agent', 'claude', '--dir', dir]);

await test('hooks are installed beside what there is, once', async () => {
	const dir = fs.mkdtempSync(path.join(rdv.home, 'pro ject-'));
	assert.equal((await install(dir)).status, 0);
	const made = JSON.parse(fs.readFileSync(settings(dir)));
	assert.equal(Object.keys(made.hooks).length, 9);
	const { command } = made.hooks.Stop[0].hooks[0];
	assert.equal(command, `'${bin('rdv')}' hook stop`);
	const mine = { hooks: { Stop: [{ hooks: [{ type: 'command',
		command: 'mine' }] }, { hooks: [{ type: 'command',
		command: '\'/old/rdv\' hook stop' }] }], Other: [{ x: 1 }] },
	permissions: { allow: ['Bash(ls)'] }, big: 12345678901 };
	fs.writeFileSync(settings(dir), JSON.stringify(mine));
	assert.equal((await install(dir)).status, 0);
	const both = JSON.parse(fs.readFileSync(settings(dir)));
	assert.deepEqual(both.hooks.Stop, [mine.hooks.Stop[0], made.hooks.Stop[0]]);
	assert.deepEqual([both.hooks.Other, both.permissions, both.big],
		[mine.hooks.Other, mine.permissions, mine.big]);
	const { ino } = fs.statSync(settings(dir));
	assert.equal((await install(dir)).status, 0);
	assert.equal(fs.statSync(settings(dir)).ino, ino);
	// What it wrote is what a shell runs.
	const s = await rdv.session('installed', ['/bin/sh', '-c',
		`echo '{}' | ${command}; exec cat`]);
	await waitFor('its word', async () => (await get(s)).agent_status === 'idle');
});

await test('settings that cannot be read are left as they are', async () => {
	const dir = fs.mkdtempSync(path.join(rdv.home, 'odd-'));
	fs.mkdirSync(path.dirname(settings(dir)));
	for (const text of ['{', '[]', '{"hooks":[]}', '{"hooks":{"Stop":{}}}',
		'{"a":1,"a":2}']) {
		fs.writeFileSync(settings(dir), text);
		const r = await install(dir);
		assert.equal(r.status, 1, text);
		assert.match(r.err, /nothing was changed/);
		assert.equal(`${fs.readFileSync(settings(dir))}`, text);
	}
	fs.renameSync(settings(dir), path.join(dir, 'elsewhere'));
	fs.writeFileSync(path.join(dir, 'elsewhere'), '{}');
	fs.symlinkSync('../elsewhere', settings(dir));
	assert.equal((await install(dir)).status, 1);
	assert.equal(`${fs.readFileSync(path.join(dir, 'elsewhere'))}`, '{}');
	assert.equal((await install(path.join(dir, 'none'))).status, 1);
});

await test('without rdvd the agent goes on', async () => {
	const s = await rdv.session('alone', ['/bin/cat']);
	await rdv.stop();
	for (const words of [['stop'], ['pre-tool-use'], ['notify', 'x']]) {
		const r = await hook(words, { s });
		silent(r);
		assert.ok(r.ms < 5000, `${r.ms}`);
	}
	assert.equal((await hook(['validate'], { s })).status, 1);
});

// When that one was not among those that were asked for.
if (rdv.main.exitCode === null && rdv.main.signalCode === null)
	await rdv.stop();
