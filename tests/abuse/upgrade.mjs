// Group P: from one build to the next with live terminals, and back when the
// next one is no good.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { bare, bin, build, descendants, fdCount, proc, skip, test, waitFor }
	from '../harness/rdv.mjs';
import { options, output } from './lib.mjs';
import { Installed, programs, upgrade } from '../harness/upgrade.mjs';

const session = (rdv, n) => rdv.session(`t${n}`, ['/bin/sh', '-c',
	'echo here $$; while read x; do echo got $x; done; exit 7']);

const pidOf = async (rdv, s) => +await waitFor('its pid', async () =>
	/here (\d+)/.exec(await output(rdv, s))?.[1]);

async function types(rdv, s, text) {
	await waitFor('it takes what is typed', async () => (await rdv.request(
		'POST', `/api/sessions/${s.id}/exec`, { body: { command: text } })
		.catch(() => ({}))).status === 202);
	await waitFor('it answers', async () =>
		(await output(rdv, s)).includes(`got ${text}`));
}

const buildOf = async (rdv) => (await waitFor('its status', async () =>
	(await rdv.request('GET', '/api/status').catch(() => null))?.json)).build;

async function start(t, n = 3) {
	const installed = new Installed(t);
	const rdv = await t.start({ ...options, helper: installed.helper });
	const all = [];
	for (let i = 0; i < n; i++)
		all.push(await session(rdv, i));
	const pids = [];
	for (const s of all)
		pids.push(await pidOf(rdv, s));
	return { installed, rdv, all, pids };
}

// All go on, in the same processes, and end with their own status.
async function goOn(rdv, all, pids) {
	for (const [i, s] of all.entries()) {
		await types(rdv, s, `again${i}`);
		const now = await rdv.call('GET', `/api/sessions/${s.id}`);
		assert.deepEqual([now.run.state, now.run.id], ['running', s.run.id]);
		assert.ok(fs.existsSync(`/proc/${pids[i]}`));
	}
}

function asked(rdv) {
	const r = spawnSync(bin('rdv'), ['upgrade'], { encoding: 'utf8',
		env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base } });
	assert.equal(r.status, 0, r.stderr);
	return r.stderr.trim();
}

function onRecord(rdv) {
	const r = spawnSync(bin('rdv'), ['audit', 'export'], { encoding: 'utf8',
		env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base } });
	assert.equal(r.status, 0, r.stderr);
	return r.stdout.trimEnd().split('\n').map((l) => JSON.parse(l));
}

await test('P01 an upgrade is on record, before and after, and loses none',
	async (t) => {
		const { installed, rdv } = await start(t, 1);
		const { ops } = rdv;
		installed.next();
		assert.match(await upgrade(rdv), /^upgraded /);
		installed.next();
		installed.write('rdvd', '');
		assert.match(await upgrade(rdv), /^refused /);
		const all = await waitFor('both are there', () => {
			const list = onRecord(rdv);
			return list.filter((r) => r.act === 'upgrade').length === 4 && list;
		});
		assert.deepEqual(all.filter((r) => r.act === 'upgrade')
			.map((r) => `${r.phase} ${r.result}`), ['before undefined',
			'after done', 'before undefined', 'after failed']);
		assert.ok(all.some((r) => r.act === 'end' && +r.child === ops),
			'the end of [ops]');
		assert.ok(!all.some((r) => +r.missed > 0), 'none is missed');
	});

await test('P01 without a record there is no upgrade', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 1);
	const kids = [rdv.ops, rdv.rdvd];
	const { pid } = descendants(rdv.main.pid).find((p) =>
		p.name === 'rdv-audit');
	installed.next();
	process.kill(pid, 'SIGSTOP');
	try {
		assert.match(await upgrade(rdv), /^refused .*does not answer/);
	} finally {
		process.kill(pid, 'SIGCONT');
	}
	await nothingHappened(rdv, all, pids, kids);
	assert.match(await waitFor('there are records again', async () => {
		const said = await upgrade(rdv);
		return said.startsWith('upgraded ') && said;
	}), /terminals=1/);
});

await test('P01 an upgrade with live terminals', async (t) => {
	const { installed, rdv, all, pids } = await start(t);
	const main = rdv.main.pid;
	const fds = fdCount(main);
	for (let round = 1; round <= 2; round++) {
		installed.next();
		// Whoever asks: a signal, or the command that sends one.
		const said = round === 1 ? await upgrade(rdv) :
			asked(rdv);
		assert.match(said, new RegExp(`upgraded from \\S+ to \\S+${
			installed.build} terminals=3`));
		await goOn(rdv, all, pids);
	}
	assert.equal(proc(main).name, 'rdv-helper');
	await types(rdv, await session(rdv, 9), 'new one');
	await waitFor('descriptors are back', () => fdCount(main) <= fds + 8);
});

// Begins one whose rdvd stands still while it is tried. That one, and the end.
async function stalled(installed, rdv) {
	installed.next();
	installed.write('rdvd', fs.readFileSync(`${build}/tests/badrdvd`));
	installed.write('mode', 'stall');
	const over = upgrade(rdv);
	const rdvd = await waitFor('it is tried', () =>
		descendants(rdv.main.pid).find((p) => p.state === 'T'));
	return { over, rdvd };
}

function isTry(pid) {
	try {
		return fs.readFileSync(`/proc/${pid}/cmdline`).includes('--try');
	} catch {
		return false;
	}
}

// What has been refused has changed nothing: the same processes serve.
async function nothingHappened(rdv, all, pids, kids) {
	assert.deepEqual([rdv.ops, rdv.rdvd], kids);
	await goOn(rdv, all, pids);
}

await test('P02 a program that cannot take over is not begun with', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 1);
	const kids = [rdv.ops, rdv.rdvd];
	const crash = fs.readFileSync(`${build}/tests/badrdvd`);
	const cases = {
		'not a program': [['rdv-helper', '#!/bin/sh\nexit 0\n']],
		'another program': [['rdv-helper', fs.readFileSync('/bin/true')]],
		'one that crashes': [['rdv-helper', crash], ['mode', 'crash']],
		'no rdvd': [['rdvd', '']],
		'rdvd of another build': [['rdvd', installed.copy('rdvd', 'e'
			.repeat(16))]],
		'rdvd refuses': [['rdvd', crash], ['mode', 'refuse']],
		'one that leaves a child': [['rdv-helper', crash], ['mode', 'leave']],
	};
	for (const [what, files] of Object.entries(cases)) {
		installed.next();
		for (const [name, data] of files)
			installed.write(name, data);
		assert.match(await upgrade(rdv), /^refused /, what);
		await nothingHappened(rdv, all, pids, kids);
		await waitFor('nothing of it is left', () =>
			!descendants(rdv.main.pid).some((p) => isTry(p.pid)));
	}
	installed.next();
	assert.match(await upgrade(rdv), /^upgraded .* terminals=1$/, 'control');
	await goOn(rdv, all, pids);
});

// [main] waits while the rdvd it has started lives on with its socket closed.
async function rests(rdv, from) {
	const log = fs.readFileSync(rdv.logPath).subarray(from).toString();
	const pid = /msg="started rdvd pid=(\d+)/.exec(log)[1];
	await waitFor('it closes its socket', () =>
		!fs.existsSync(`/proc/${pid}/fd/3`));
	let times = 0;
	await waitFor('[main] rests', () => {
		const still = proc(rdv.main.pid).state === 'S';
		times = still && fs.existsSync(`/proc/${pid}`) ? times + 1 : 0;
		return times >= 20;
	});
}

await test('P02 a program that fails is left again', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 2);
	const was = await buildOf(rdv);
	const bad = fs.readFileSync(`${build}/tests/badrdvd`);
	for (const [mode, why] of [['crash', /ended/], ['few', /2 runs before and 0/],
		['hang', /does not find/]]) {
		installed.next();
		installed.write('rdvd', bad);
		installed.write('mode', mode);
		const from = fs.statSync(rdv.logPath).size;
		const over = upgrade(rdv);
		if (mode === 'hang') {
			// The way back needs nothing that is there by name.
			await waitFor('the new one', () =>
				rdv.logged(from, 'msg="started rdvd '));
			fs.rmSync(`${installed.dir}/rdvd`);
			await rests(rdv, from);
		}
		const said = await over;
		assert.match(said, /^refused .* serves again$/, mode);
		assert.match(said, why);
		await goOn(rdv, all, pids);
		assert.equal(await buildOf(rdv), was);
	}
});

await test('P03 what others may write is not executed', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 1);
	const kids = [rdv.ops, rdv.rdvd];
	for (const name of programs) {
		installed.next();
		const data = fs.readFileSync(`${installed.dir}/${name}`);
		installed.write(name, data, 0o775);
		assert.match(await upgrade(rdv), /^refused .*others may write it/);
		installed.write('elsewhere', data);
		fs.rmSync(`${installed.dir}/${name}`);
		fs.symlinkSync('elsewhere', `${installed.dir}/${name}`);
		assert.match(await upgrade(rdv), /^refused /, 'a link');
		await nothingHappened(rdv, all, pids, kids);
	}
	installed.next();
	fs.chmodSync(installed.dir, 0o775);
	assert.match(await upgrade(rdv), /^refused .*others may write in it/);
	await nothingHappened(rdv, all, pids, kids);
	fs.chmodSync(installed.dir, 0o755);
	assert.match(await upgrade(rdv), /^upgraded /, 'control');
});

await test('P03 what was tried is what is executed', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 1);
	const was = await buildOf(rdv);
	const { over, rdvd } = await stalled(installed, rdv);
	// A good one takes the name of the one that is tried, which is none.
	installed.write('mode', 'crash');
	installed.put(['rdvd']);
	process.kill(rdvd.pid, 'SIGCONT');
	assert.match(await over, /^refused .*ended: .* serves again$/);
	await goOn(rdv, all, pids);
	assert.equal(await buildOf(rdv), was);
	installed.next();
	assert.match(await upgrade(rdv), /^upgraded /, 'control');
});

await test('P04 more descriptors than a message takes', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 60);
	const fds = fdCount(rdv.main.pid);
	// The kernel takes 253 with one message.
	if (fds !== null)
		assert.ok(fds > 253, `${fds}`);
	installed.next();
	assert.match(await upgrade(rdv), /^upgraded .* terminals=60$/);
	await goOn(rdv, all.slice(0, 3), pids);
	for (const pid of pids)
		assert.ok(fs.existsSync(`/proc/${pid}`));
});

await test('P04 at the limit of descriptors, and with none to spare',
	async (t) => {
		const installed = new Installed(t);
		const rdv = await t.start({ ...options, helper: installed.helper,
			by: ['prlimit', '--nofile=100:100'] });
		const all = [], pids = [];
		const more = () => session(rdv, all.length).catch((e) => e);
		let one;
		while (!((one = await more()) instanceof Error))
			all.push(one);
		assert.match(one.message, /409 .*too low a limit on open files/);
		assert.ok(all.length > 4, `control: ${all.length}`);
		for (const s of all)
			pids.push(await pidOf(rdv, s));
		const kids = [rdv.ops, rdv.rdvd], from = fs.statSync(rdv.logPath).size;
		const limit = (n) => assert.equal(spawnSync('prlimit', ['--pid',
			rdv.main.pid, `--nofile=${n}:`]).status, 0);
		// What it has it keeps, and can open nothing: no try, and no file
		// that would tell who asks.
		installed.next();
		limit(10);
		process.kill(rdv.main.pid, 'SIGUSR2');
		await waitFor('it refuses', () => rdv.logged(from, 'mod=upgrade '));
		await nothingHappened(rdv, all, pids, kids);
		limit(100);
		assert.match(await upgrade(rdv), new RegExp('^upgraded .* terminals=' +
			`${all.length}$`));
		await goOn(rdv, all, pids);
	});

await test('P05 kill -9 in the middle of an upgrade', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 2);
	for (const name of ['ops', 'rdvd']) {
		installed.next();
		const old = rdv[name], over = upgrade(rdv);
		// Whether that one counts or the upgrade is over by then.
		const next = await waitFor('the next one', () => rdv[name] &&
			rdv[name] !== old && rdv[name]);
		process.kill(next, 'SIGKILL');
		assert.match(await over, /^(upgraded|refused) /);
		await goOn(rdv, all, pids);
	}
});

await test('P05 who tries is killed, and so is what it tries', async (t) => {
	const { installed, rdv, all, pids } = await start(t, 1);
	const kids = [rdv.ops, rdv.rdvd];
	const { over, rdvd } = await stalled(installed, rdv);
	process.kill(rdvd.ppid, 'SIGKILL');
	assert.match(await over, /^refused .*signal 9/);
	// It has the lock and the listening sockets.
	await waitFor('it is gone', () => proc(rdvd.pid)?.start !== rdvd.start);
	await nothingHappened(rdv, all, pids, kids);
	installed.next();
	assert.match(await upgrade(rdv), /^upgraded .* terminals=1$/, 'control');
});

await test('P05 a stop during an upgrade', async (t) => {
	const { installed, rdv } = await start(t, 1);
	const { over, rdvd } = await stalled(installed, rdv);
	// [main] finds both at once: it is to stop, and all is well with the try.
	process.kill(rdv.main.pid, 'SIGSTOP');
	await waitFor('it stands still', () => proc(rdv.main.pid).state === 'T');
	process.kill(rdv.main.pid, 'SIGTERM');
	process.kill(rdvd.pid, 'SIGCONT');
	await waitFor('the try is over', () => proc(rdvd.ppid).state === 'Z');
	process.kill(rdv.main.pid, 'SIGCONT');
	assert.match(await over, /^refused rdv is stopping$/);
	await waitFor('it stops', () => rdv.main.exitCode === 0, 60000);
});

await test('H17 what is stopped is that after an upgrade, and can go on',
	async (t) => {
		const installed = new Installed(t);
		const rdv = await t.start({ ...options, helper: installed.helper });
		const s = await rdv.session('still', ['/bin/sh', '-c',
			'while read x; do echo got $x; done']);
		const see = () => rdv.call('GET', `/api/runs/${s.run.id}`);
		await types(rdv, s, 'one');
		await rdv.call('POST', `/api/sessions/${s.id}/signal`,
			{ signal: 'STOP' });
		const before = await waitFor('it is told', async () => {
			const run = await see();
			return run.stopped && run;
		});
		installed.next();
		assert.match(await upgrade(rdv), /^upgraded /);
		assert.equal((await see()).stopped_at, before.stopped_at);
		await rdv.call('POST', `/api/sessions/${s.id}/resume`);
		await waitFor('it goes on', async () => !(await see()).stopped);
		await types(rdv, s, 'two');
	});

await test('P06 what runs keeps what it is held by', async (t) => {
	const installed = new Installed(t);
	const rdv = await t.start({ ...options, helper: installed.helper });
	const dir = path.join(rdv.home, 'work');
	fs.mkdirSync(dir);
	const s = await rdv.session('held', ['/bin/sh', '-c',
		'while read x; do echo got $x; done'], { profile: 'script',
		project_path: dir });
	const before = await rdv.call('GET', `/api/runs/${s.run.id}`);
	assert.ok(before.guards.length > 0, 'control');
	installed.next();
	assert.match(await upgrade(rdv), /^upgraded /);
	await types(rdv, s, 'still');
	const after = await rdv.call('GET', `/api/runs/${s.run.id}`);
	assert.deepEqual([after.guards, after.policy],
		[before.guards, before.policy]);
});

await test('P06 a tighter build and tighter settings are for what starts then',
	async (t) => {
		const installed = new Installed(t);
		const rdv = await t.start({ ...options, helper: installed.helper });
		const dir = path.join(rdv.home, 'work');
		fs.mkdirSync(dir);
		const start = () => rdv.session('held', ['/bin/sh', '-c', 'while ' +
			'read x; do echo got $x $(head -c 3 /dev/zero | wc -c); done'],
		{ profile: 'script', project_path: dir });
		const reads = async (s, word) => {
			await types(rdv, s, word);
			return (await waitFor('what it reads', async () => new RegExp(
				`got ${word} (\\d)\\s`).exec(await output(rdv, s))))[1];
		};
		const policy = async (s) => (await rdv.call('GET',
			`/api/runs/${s.run.id}`)).policy;
		const all = [await start(), await start()];
		const before = await policy(all[0]);
		assert.equal(await reads(all[0], 'one'), '3', 'control');
		installed.tighter();
		fs.appendFileSync(path.join(rdv.base, 'server/config.toml'),
			'[terminal]\nmax_sessions = 1\n');
		assert.match(await upgrade(rdv), /^upgraded .* terminals=2$/);
		for (const s of all)
			assert.equal(await reads(s, 'two'), '3', 'it keeps what it had');
		assert.deepEqual(await policy(all[0]), before, 'and says so');
		await assert.rejects(start, /429 .*max_sessions/);
		for (const s of all)
			await rdv.call('DELETE', `/api/sessions/${s.id}`);
		const next = await start();
		assert.equal(await reads(next, 'three'), '0');
		await assert.rejects(start, /429 /, 'one is what there may be');
	});

await test('P06 a list of hosts stays the way out, and is counted', async (t) => {
	const installed = new Installed(t);
	const rdv = await t.start({ ...options, helper: installed.helper });
	const { features } = await waitFor('the helper', async () => {
		const { helper } = await rdv.call('GET', '/api/status');
		return helper.features.length > 0 && helper;
	});
	if (!features.includes('user_namespaces') ||
		!fs.existsSync('/usr/bin/curl'))
		return skip('namespaces or curl');
	const server = http.createServer((req, res) => res.end());
	await new Promise((done) => { server.listen(0, '127.0.0.2', done); });
	t.after(() => { server.closeAllConnections?.(); server.close(); });
	const dir = path.join(rdv.home, 'work');
	fs.mkdirSync(dir);
	const at = `127.0.0.2:${server.address().port}`;
	const s = await rdv.session('listed', ['/bin/sh', '-c', 'while read x; ' +
		`do echo got $x $(curl -s -o out -w '%{http_code}' ${at}); done`],
	{ profile: 'script', project_path: dir, network: 'list',
		network_hosts: [at] });
	const [{ pid }] = rdv.all('rdv-egress');
	installed.next();
	assert.match(await upgrade(rdv), /^upgraded /);
	await types(rdv, s, 'one');
	const old = rdv.ops;
	process.kill(old, 'SIGKILL');
	await waitFor('another [ops]', () => rdv.ops && rdv.ops !== old);
	await types(rdv, s, 'two');
	await waitFor('both were let through', async () =>
		/got one 200\s[^]*got two 200\s/.test(await output(rdv, s)));
	assert.deepEqual(rdv.all('rdv-egress').map((p) => p.pid), [pid]);
	await rdv.call('DELETE', `/api/sessions/${s.id}`);
	const { egress } = await waitFor('its end', async () => {
		const run = await rdv.call('GET', `/api/runs/${s.run.id}`);
		return run.ended_at && run;
	});
	assert.equal(egress.hosts[0].connections, 2);
	await waitFor('it ends', () => rdv.all('rdv-egress').length === 0);
});
