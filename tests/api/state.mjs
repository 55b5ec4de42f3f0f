// What rdv says of itself: truthful health, metrics, logs, start and end.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { apart, listener, netSockets } from '../harness/netsockets.mjs';
import { Rdv, bare, below, bin, descendants, fdCount, skip, test, waitFor } from
	'../harness/rdv.mjs';
import { execFileSync, spawnSync } from 'node:child_process';

await test('health is healthy, and degraded while [ops] is dead (O11)',
	async (t) => {
		const rdv = await t.start();
		const health = () => rdv.call('GET', '/health', undefined,
			{ token: null });
		// Ready is a little before [ops] has answered.
		const h = await waitFor('healthy', async () => {
			const now = await health();
			return now.status === 'healthy' && now;
		});
		assert.equal(h.components.database, true);
		for (const key of ['active_sessions', 'websocket_connections',
			'pending_requests'])
			assert.equal(typeof h.metrics[key], 'number', key);
		// Stopped is worse than dead: nobody restarts it, and only a real
		// round trip can tell.
		process.kill(rdv.ops, 'SIGSTOP');
		await waitFor('degraded', async () =>
			(await health()).status === 'degraded');
		const stopped = rdv.ops;
		process.kill(stopped, 'SIGKILL');
		await waitFor('healthy again', async () =>
			(await health()).status === 'healthy');
		assert.notEqual(rdv.ops, stopped);
	});

await test('ready is said when a session can be started', async (t) => {
	const log = (await t.start()).log();
	const settled = log.indexOf('mod=run msg="settled ');
	const ready = log.indexOf('mod=main msg="ready base=');
	assert.ok(settled >= 0 && ready > settled, log);
});

await test('health is degraded while nothing can be put on record (O11)',
	async (t) => {
		const rdv = await t.start();
		const is = (status) => waitFor(status, async () => (await rdv.call(
			'GET', '/health', undefined, { token: null })).status === status);
		await is('healthy');
		assert.equal((await rdv.call('GET', '/api/status')).helper.refused, '');
		const [audit] = descendants(rdv.main.pid).filter((p) =>
			p.name === 'rdv-audit');
		// [ops] waits for it once, longer than /health does.
		process.kill(audit.pid, 'SIGSTOP');
		await is('degraded');
		await waitFor('why', async () => (await rdv.call('GET',
			'/api/status')).helper.refused.startsWith('audit: '));
		process.kill(audit.pid, 'SIGCONT');
		await is('healthy');
		assert.equal((await rdv.call('GET', '/api/status')).helper.refused, '');
		// One that has died is replaced, and what is started is on record.
		process.kill(audit.pid, 'SIGKILL');
		await waitFor('another one', () => descendants(rdv.main.pid).some((p) =>
			p.name === 'rdv-audit' && p.pid !== audit.pid));
		await is('healthy');
		await rdv.session('on record', ['/bin/true']);
	});

await test('E10: an [ops] that dies is replaced, terminals go on', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('on', ['/bin/cat']);
	const old = rdv.ops;
	process.kill(old, 'SIGKILL');
	await waitFor('new [ops]', () => rdv.ops && rdv.ops !== old);
	await rdv.call('POST', `/api/sessions/${s.id}/exec`, { command: 'echo' });
	await waitFor('output', async () => (await rdv.call('GET',
		`/api/sessions/${s.id}/scrollback`)).content.includes('echo'));
	assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`)).run.state,
		'running');
	const again = await waitFor('a new session', async () => {
		const r = await rdv.request('POST', '/api/sessions', { body:
			{ name: 'new', command: ['/bin/cat'] } });
		return r.status === 201 && r.json;
	});
	assert.equal(again.run.state, 'running');
});

await test('metrics are Prometheus text', async (t) => {
	const rdv = await t.start();
	const { raw, headers } = await rdv.request('GET', '/metrics');
	assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
	for (const line of String(raw).trim().split('\n'))
		assert.match(line,
			/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[0-9.e+]+)$/, line);
});

await test('secrets stand in no log, argument or environment (N01)',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('x', ['/bin/cat']);
		await rdv.request('GET', `/api/sessions/${s.id}?x=${rdv.token}`);
		await rdv.request('GET', '/api/user', { token: `${rdv.token}x` });
		const service = fs.readFileSync(path.join(rdv.base,
			'server/service-token'), 'utf8').trim();
		const places = { log: rdv.log(), audit: fs.readFileSync(path.join(
			rdv.base, 'server/audit.log'), 'utf8') };
		for (const p of [rdv.main.pid, rdv.rdvd, rdv.ops])
			for (const f of ['cmdline', 'environ'])
				try {
					places[`${p}/${f}`] = fs.readFileSync(`/proc/${p}/${f}`,
						'latin1');
				} catch { /* dumpable is off: nobody reads it */ }
		for (const [where, text] of Object.entries(places))
			for (const secret of [rdv.token, service])
				assert.equal(text.includes(secret), false, where);
		assert.ok(places.audit.length > 0, 'attempts are audited');
	});

await test('log lines are one record each, escaped (J09)', async (t) => {
	const rdv = await t.start();
	await rdv.request('GET', '/api/%0aevil%0d%1b[31m', {});
	await rdv.request('GET', '/api/%22%20level=error%c2%9b31m', {});
	await rdv.request('POST', '/api/sessions', { body: { name: 'n',
		command: ['/no/such\nlevel=error msg="forged"'] } });
	for (const line of rdv.log().trim().split('\n')) {
		assert.match(line, /^ts=\S+ level=(debug|info|warn|error) proc=\S+ /,
			line);
		assert.match(line, /^(\S+=("([^"\\]|\\.)*"|[^\s"]*)( |$))+$/, line);
	}
	assert.doesNotMatch(rdv.log(), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
	assert.ok(rdv.log().includes('/api/\\" level=error\\xc2\\x9b31m'),
		'control: it was logged');
});

await test('C02: no listening network socket in any process', async (t) => {
	const rdv = await t.start({ by: apart });
	await rdv.session('x', ['/bin/cat']);
	assert.deepEqual(netSockets(rdv.main.pid), []);
	await rdv.session('control', listener);
	await waitFor('the control is seen', () =>
		netSockets(rdv.main.pid).length > 0);
});

await test('C05: a second instance exits and touches nothing', async (t) => {
	const rdv = await t.start();
	const second = spawnSync(bin('rdv-helper'), ['--base', rdv.base],
		{ encoding: 'utf8', timeout: 20000 });
	assert.equal(second.status, 77, second.stderr);
	assert.match(second.stderr, /already|another|lock/i);
	assert.equal((await rdv.request('GET', '/api/user')).status, 200);
});

await test('C16: everything is 0600 or 0700', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('x', ['/bin/echo', 'x']);
	await rdv.request('DELETE', `/api/sessions/${s.id}`);
	for (const name of ['', ...below(rdv.base)]) {
		const st = fs.lstatSync(path.join(rdv.base, name));
		assert.equal(st.mode & 0o077, 0, `${name} ${st.mode.toString(8)}`);
	}
});

await test('SIGTERM ends cleanly and unlinks only its own sockets (C03)',
	async (t) => {
		const rdv = await t.start();
		fs.unlinkSync(rdv.term);
		fs.writeFileSync(rdv.term, 'not ours');
		const api = rdv.sock, keep = rdv.term, base = rdv.base;
		const ended = new Promise((r) => rdv.main.once('exit', r));
		rdv.main.kill('SIGTERM');
		assert.equal(await ended, 0);
		assert.equal(fs.existsSync(api), false);
		assert.equal(fs.readFileSync(keep, 'utf8'), 'not ours');
		fs.unlinkSync(keep);
		assert.ok(fs.existsSync(path.join(base, 'server/lock')));
	});

await test('what runs is taken over with few descriptors left', async (t) => {
	const rdv = await t.start(), all = [];
	const said = async ({ run }) => `${(await rdv.request('GET',
		`/api/runs/${run.id}/log`)).raw}`;
	for (let i = 0; i < 20; i++)
		all.push(await rdv.session(`s${i}`, ['/bin/sh', '-c',
			'while read x; do echo got $x; done']));
	const { rdvd, ops } = rdv, had = fdCount(rdvd);
	if (had === null)
		return skip('no number of descriptors here');
	const from = fs.statSync(rdv.logPath).size;
	// One answer of [ops] would bring three for each of them.
	execFileSync('prlimit', ['--pid', String(rdvd), `--nofile=${had + 9}:`]);
	process.kill(ops, 'SIGKILL');
	await waitFor('another [ops]', () => rdv.ops && rdv.ops !== ops);
	await rdv.settled(from);
	assert.equal(rdv.rdvd, rdvd, rdv.log());
	for (const s of all) {
		const now = await rdv.call('GET', `/api/sessions/${s.id}`);
		assert.deepEqual([now.run.state, now.run.id], ['running', s.run.id]);
		await rdv.call('POST', `/api/sessions/${s.id}/exec`,
			{ command: 'this' });
		await waitFor('it answers', async () => (await said(s))
			.includes('got this'));
	}
});

await test('a bad configuration names file, line and key', async () => {
	const { Rdv: R } = { Rdv };
	for (const [text, said] of [['[server]\nlog_level = 3\n', /:2:.*log_level/],
		['[server]\nno_such = 1\n', /:2:.*no_such/], ['[server\n', /:1:/],
		['[server]\napi_socket = "~/x.sock"\n',
			/:2: server\.api_socket: rdv-helper listens on/]])
		await assert.rejects(R.start({ config: text }), said);
});

// What the older server's file may hold and rdvd has no use for.
const inert = '[database]\nmax_connections = 10\n[monitoring]\n' +
	'interval_seconds = 30\nstall_threshold_seconds = 300\n';
const without = [[2, 'database.max_connections'],
	[4, 'monitoring.interval_seconds'],
	[5, 'monitoring.stall_threshold_seconds']];

await test('settings of the older server are taken and warned about',
	async (t) => {
		const rdv = await t.start({ config: inert });
		const file = path.join(rdv.base, 'server/config.toml');
		const told = (text) => without.map(([line, key]) => text.split(
			`${file}:${line}: ${key}: accepted, without effect`).length - 1);
		assert.deepEqual(told(rdv.log()), [1, 1, 1], rdv.log());
		const check = () => spawnSync(bin('rdvd'), ['-t', file],
			{ encoding: 'utf8', env: { ...bare, HOME: rdv.home } });
		const good = check();
		assert.equal(good.status, 0);
		assert.equal(good.stdout, `${file}: fine\n`);
		assert.deepEqual(told(good.stderr), [1, 1, 1], good.stderr);
		fs.writeFileSync(file, inert.replace('30', '0'));
		const bad = check();
		assert.equal(bad.status, 78);
		assert.match(bad.stderr, /:4: monitoring\.interval_seconds: is out of/);
	});

await test('rdvd -T prints every key with value, source and help', () => {
	const out = execFileSync(bin('rdvd'), ['-T'], { encoding: 'utf8',
		env: { ...bare, HOME: '/nonexistent' } });
	for (const key of ['api_socket', 'service_token_file',
		'token_rotation_days', 'trash_retention_days',
		'stall_threshold_seconds'])
		assert.ok(out.includes(key), key);
	assert.match(out, /default/);
	// The form for programs says the same.
	const all = JSON.parse(execFileSync(bin('rdvd'), ['-T', '--json'],
		{ encoding: 'utf8', env: { ...bare, HOME: '/nonexistent' } }));
	let table = '';
	const keys = out.split('\n').flatMap((line) => {
		table = /^\[(.*)\]$/.exec(line)?.[1] ?? table;
		const [, name, value] = /^(\w+) = (.*) # default$/.exec(line) ?? [];
		return name ? [[`${table}.${name}`, value]] : [];
	});
	assert.ok(keys.length > 30);
	for (const [key, value] of keys) {
		assert.deepEqual(all[key].value, JSON.parse(value), key);
		assert.equal(all[key].source, null);
		assert.equal(all[key].effect, !without.some(([, k]) => k === key));
	}
	assert.equal(Object.keys(all).length, keys.length);
	assert.equal(spawnSync(bin('rdvd'), ['-t', '--json']).status, 2);
});
