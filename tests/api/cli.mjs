// The command line against a real rdvd: each command once, for its exit status
// and its JSON. What a command prints and refuses: tests/unit/cli.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Rdv, bare, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const repo = path.join(rdv.home, 'repo');
const env = { ...bare, HOME: rdv.home, RDV_HOME: rdv.base, LANG: 'C.UTF-8' };

const cli = (...args) => new Promise((resolve) => {
	execFile(bin('rdv'), args, { env, cwd: rdv.home, timeout: 60000 },
		(e, out, err) => resolve({ status: e === null ? 0 : e.code, out, err }));
});

async function json(...args) {
	const r = await cli('--json', ...args);
	assert.equal(r.status, 0, `${args.join(' ')}: ${r.out}${r.err}`);
	return r.out.trim() === '' ? null : JSON.parse(r.out);
}

await test('cli: a session from its start to its end', async () => {
	assert.equal((await cli('session', 'new', 'one', '--', '/bin/cat')).status,
		0);
	await json('exec', 'one', 'echo typed');
	await waitFor('typed', async () => (await cli('scrollback', 'one',
		'--lines', '20')).out.includes('typed'));
	for (const args of [['session', 'ls'], ['show', 'one'], ['status'],
		['screen', 'one'], ['suspend', 'one'], ['resume', 'one'], ['scrollback', 'one', '--all'],
		['close', 'one']])
		await json(...args);
	assert.equal((await cli('show', 'nobody')).status, 1);
	assert.equal((await cli('attach', 'nobody')).status, 1);
});

await test('cli: trace tells a run from its request to its end', async () => {
	const logs = ['--log', rdv.logPath];
	const made = await rdv.request('POST', '/api/sessions', { body:
		{ name: 'told', command: ['/bin/sh', '-c', 'read x; exit 3'] } });
	const { id, run } = made.json;
	await json('session', 'new', 'beside', '--', '/bin/cat');
	// Its daemon is another one by then, which knows the request by the row.
	await rdv.again();
	await json('exec', 'told', 'go');
	await waitFor('its end', async () => (await rdv.request('GET',
		`/api/runs/${run.id}`)).json.state === 'failed');
	for (const word of [run.id, id, 'told']) {
		let t;
		const at = (from, text) => t.steps.findIndex((s) =>
			s.from === from && s.what.includes(text));
		const ends = () => [at('audit', 'act=exit'), at('rdvd', 'ended run=' +
			`${run.id} request=${t.request} state=failed exit=3`)];
		// Two processes put the end down, each when it gets to it.
		await waitFor('both ends', async () => {
			t = await json('trace', word, ...logs);
			return ends().every((end) => end >= 0);
		});
		assert.equal(t.run, run.id);
		assert.equal(t.request, made.headers['x-request-id']);
		const order = [at('run', 'written down'),
			at('audit', 'act=spawn phase=before'),
			at('audit', 'act=spawn phase=after')];
		assert.deepEqual(order, order.toSorted((a, b) => a - b));
		for (const end of ends())
			assert.ok(end > order[2], JSON.stringify(t.steps));
		assert.ok(order[0] === 0, JSON.stringify(t.steps));
		assert.ok(at('rdvd', 'api: POST /api/sessions status=201') > 0);
		assert.ok(!t.steps.some((s) => s.what.includes('beside') ||
			s.what.includes('/bin/cat')), JSON.stringify(t.steps));
	}
	const gone = await json('trace', 'told', '--log', '/nowhere/log');
	assert.ok(gone.not_read.some((m) => m.source === '/nowhere/log' &&
		m.why.includes('No such file')), JSON.stringify(gone.not_read));
	assert.equal((await cli('trace', 'nobody')).status, 1);
});

await test('cli: folders, tokens, events', async () => {
	for (const args of [['folder', 'new', 'f'], ['folder', 'ls'],
		['folder', 'mv', 'f', '--name', 'g'], ['folder', 'rm', 'g'],
		['token', 'new', 'robot'], ['token', 'ls'],
		['token', 'revoke', 'robot']])
		await json(...args);
	const events = (await cli('events', '--json')).out.trim().split('\n');
	assert.ok(events.map((e) => JSON.parse(e).kind)
		.includes('folder.deleted'), events.at(-1));
});

await test('cli: links are made, listed and revoked', async (t) => {
	const mine = await t.start({ args: ['--web', '127.0.0.1:8443'] });
	const at = { ...env, HOME: mine.home, RDV_HOME: mine.base };
	const ask = (...args) => new Promise((resolve) => {
		execFile(bin('rdv'), args, { env: at, cwd: mine.home },
			(e, out, err) => resolve({ status: e === null ? 0 : e.code, out,
				err }));
	});
	await mine.session('ls', ['/bin/cat']);
	const { id } = await mine.session('shown', ['/bin/cat']);
	const made = await ask('share', 'shown', '--label', 'Ann', '--expires',
		'90m');
	assert.match(made.out, /^http:\/\/127\.0\.0\.1:8443\/s\/#[\w-]{43}\n$/);
	assert.match(made.err, /whoever has it may look;/);
	const typed = JSON.parse((await ask('--json', 'share', '--write', id)).out);
	assert.deepEqual([typed.mode, typed.session_id, typed.url.split('#')[1]],
		['write', id, typed.secret]);
	const told = JSON.parse((await ask('--json', 'share', '--history', id)).out);
	assert.deepEqual([typed.history, told.history], [false, true]);
	assert.equal((await ask('share', 'revoke', told.id)).status, 0);
	const list = JSON.parse((await ask('--json', 'share', 'ls')).out);
	assert.deepEqual(list.map((l) => l.label), ['', 'Ann']);
	// The clock is read for each.
	assert.ok(Math.abs(list[1].expires_at - list[1].created_at -
		90 * 60000) < 60000);
	assert.match((await ask('share', 'ls', 'shown')).out, /Ann +\S+ +read/);
	// The verb, and not the session of that name, which is shared by "new".
	assert.equal(JSON.parse((await ask('--json', 'share', 'new', 'ls')).out)
		.mode, 'read');
	assert.equal((await ask('share', 'revoke', 'Ann')).status, 0);
	assert.equal((await ask('share', 'revoke', 'Ann')).status, 1);
	assert.equal(JSON.parse((await ask('--json', 'share', 'ls', 'shown')).out)
		.length, 1);
	for (const [args, status] of [[['share'], 2], [['share', 'nobody'], 1],
		[['share', 'shown', '--expires', '9x'], 2],
		[['share', 'shown', '--expires', '999d'], 1],
		[['share', 'shown', '--label', 'a\u202eb'], 1],
		[['share', 'shown', 'shown'], 2], [['share', 'ls', 'nobody'], 1]])
		assert.equal((await ask(...args)).status, status, args.join(' '));
	// Nowhere to be seen at: no link is made.
	assert.equal((await cli('session', 'new', 'unseen', '--', '/bin/cat'))
		.status, 0);
	const none = await cli('share', 'unseen');
	assert.deepEqual([none.status, none.out], [1, '']);
	assert.match(none.err, /--no-web/);
	assert.deepEqual(await json('share', 'ls'), []);
});

// One of each kind: with what the help names, and read for the name, it works.
await test('cli: the scope that help names is the one that is needed',
	async () => {
		const file = path.join(rdv.base, 'cli-token');
		const own = fs.readFileSync(file);
		const scopes = new Map((await json('help')).map((row) =>
			[row.path, row.scope]));
		const as = async (scope, ...args) => {
			const { rawKey } = await rdv.call('POST', '/api/tokens',
				{ name: 'part', scopes: [scope],
					...scope === 'run' && { session_id: id } });
			fs.writeFileSync(file, rawKey);
			try {
				return await cli('--json', ...args);
			} finally {
				fs.writeFileSync(file, own);
			}
		};
		const { id } = await json('session', 'new', 'part', '--', '/bin/cat');
		await json('folder', 'new', 'part');
		for (const [command, ...rest] of [['session ls'],
			['session show', 'part'], ['session exec', 'part', 'x'],
			['session send-keys', 'part', 'x'],
			['session wait', 'part', '--silence', '1'],
			['session scrollback', 'part'], ['session suspend', 'part'],
			['session resume', 'part'], ['session close', 'part'],
			['session new', 'part', '--', '/bin/true'], ['events'],
			['folder ls'], ['folder rm', 'part'], ['status'], ['token ls'],
			['token new', 'part', '--scope', 'read'], ['worktree trash']]) {
			const scope = scopes.get(command);
			const line = [...command.split(' '), ...rest];
			if (scope !== 'read')
				assert.match((await as('read', ...line)).err,
					/ACCESS_DENIED/, command);
			// Who may see one session has no list to find names in.
			const r = await as(scope, ...line.map((word) =>
				scope === 'run' && word === 'part' ? id : word));
			assert.equal(r.status, 0, `${command}: ${scope}: ${r.err}`);
		}
	});

await test('cli: a worktree from its start to its trash', async () => {
	execFileSync('git', ['init', '-q', '-b', 'main', repo], { env });
	execFileSync('git', ['-C', repo, '-c', 'user.name=t', '-c',
		'user.email=t@example.org', 'commit', '-q', '--allow-empty', '-m',
		'one'], { env });
	await json('session', 'new', 'tree', '--repo', repo, '--branch', 'b', '--',
		'/bin/cat');
	const list = await json('worktree', 'ls', '--repo', repo);
	const { path: at } = list.find((w) => w.branch === 'b');
	await json('worktree', 'status', at);
	fs.writeFileSync(path.join(at, 'new'), 'work');
	assert.equal((await cli('worktree', 'rm', at)).status, 1, 'holds work');
	await json('close', 'tree');
	await json('worktree', 'rm', at, '--force');
	await json('worktree', 'trash');
});

await test('cli: what needs no daemon, and what says that it is gone',
	async () => {
		for (const args of [['help'], ['version'], ['completion', 'bash'],
			['session', 'new', '--help']])
			assert.equal((await cli(...args)).status, 0, args.join(' '));
		assert.equal((await cli('no-such')).status, 2);
		assert.equal((await cli('status', '--socket',
			path.join(rdv.home, 'none.sock'))).status, 3);
		assert.ok([0, 1].includes((await cli('doctor')).status));
	});

await test('cli: the doctor says whether runs have cgroups', async () => {
	const { helper } = JSON.parse((await cli('--json', 'status')).out);
	const { checks } = JSON.parse((await cli('--json', 'doctor')).out);
	const row = checks.find(({ name }) => name === 'cgroups');
	assert.ok(helper.features.includes('seccomp'));
	assert.equal(row.state, 'ok');
	assert.match(row.detail, helper.features.includes('cgroup')
		? /^one for each run/ : /^none is delegated/);
});

await test('cli: the doctor names what is ours, where it is ours', async () => {
	const { checks } = JSON.parse((await cli('--json', 'doctor')).out);
	const of = (name) => checks.find((c) => c.name === name).detail;
	assert.equal(of('state'), rdv.base);
	assert.equal(of('policy'), 'none, as this rdv is yours alone');
	assert.match(of('audit'), /^\d+ records/);
	assert.ok(of('socket').startsWith(`${rdv.sock}, of process `));
	assert.ok(of('settings').startsWith(`${rdv.base}/server/config.toml`));
	const { mode, settings } = await json('status');
	assert.deepEqual([mode, settings],
		['user', `${rdv.base}/server/config.toml`]);
});

await test('cli: the doctor looks at the settings', async () => {
	const file = path.join(rdv.base, 'server/config.toml');
	const look = async (text) => {
		fs.writeFileSync(file, text, { mode: 0o600 });
		const { checks } = JSON.parse((await cli('--json', 'doctor')).out);
		return checks.find(({ name }) => name === 'settings');
	};
	assert.deepEqual(await look(''),
		{ name: 'settings', state: 'ok', detail: file });
	assert.deepEqual(await look('[monitoring]\ninterval_seconds = 5\n'),
		{ name: 'settings', state: 'warning',
			detail: `${file}:2: without effect, one of 1 (rdvd -t)` });
	assert.deepEqual(await look('[monitoring]\ninterval = 5\n'),
		{ name: 'settings', state: 'failed',
			detail: `${file}:2: monitoring.interval: no such setting` });
	fs.unlinkSync(file);
});

// A link is the one secret that may be an argument, as people paste it.
await test('abuse L11 the secret of a link is no argument for long', async () => {
	const server = net.createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const come = once(server, 'connection');
	const link = `http://127.0.0.1:${server.address().port}/s/#L11secret`;
	const child = execFile(bin('rdv'), ['attach', link], { env });
	const done = once(child, 'exit');
	// Before anybody is told what it is.
	const [socket] = await come;
	const words = fs.readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
	assert.ok(words.includes('attach\0http://127.0.0.1'), 'control');
	assert.ok(!words.includes('L11secret'), words);
	socket.destroy();
	server.close();
	assert.notEqual((await done)[0], 0);
});

await rdv.stop();
