// Dev servers of a workspace: one for each repository with a script, beside
// whatever else is at work there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Agents } from '../harness/agent.mjs';
import { bare, bin, test, waitFor } from '../harness/rdv.mjs';

const a = await Agents.start();
const env = { ...bare, HOME: a.rdv.home, RDV_HOME: a.rdv.base };
const cli = (...args) => {
	const r = spawnSync(bin('rdv'), args, { env, cwd: a.rdv.scratch,
		encoding: 'utf8', timeout: 60000 });
	return { status: r.status, out: r.stdout, err: r.stderr };
};
const at = (w) => `/api/workspaces/${w.id}/dev-servers`;
const list = async (w) => (await a.call('GET', at(w))).items;
const start = async (w, body = {}) =>
	(await a.call('POST', at(w), body)).items;
const stop = (w) => a.call('POST', `${at(w)}/stop`);
const get = (id) => a.call('GET', `/api/runs/${id}`);
const workspace = (...repos) => a.call('POST', '/api/workspaces',
	{ repos: repos.map((r) => r.id) });
const server = 'echo up $PWD; exec sleep 1000';
const log = async (id) =>
	String((await a.rdv.request('GET', `/api/runs/${id}/log`)).raw);

const one = await a.repository({ dev_server_script: server });
const two = await a.repository({ dev_server_script: server });
const none = await a.repository();

await test('dev servers: one of each repository with a script', async () => {
	const w = await workspace(one, two, none);
	const begun = await start(w);
	assert.deepEqual(begun.map((r) => [r.repo_id, r.reason]).sort(),
		[[one.id, 'devserver'], [two.id, 'devserver']].sort());
	for (const r of begun)
		await waitFor('its output', async () =>
			await log(r.id) === `up ${r.cwd}\n`);
	assert.equal((await list(w)).length, 2);
	// Again: those that run end first, and one of each runs.
	const next = await start(w);
	for (const r of begun)
		assert.deepEqual(((r) => [r.state, r.cause])(await get(r.id)),
			['killed', 'the dev servers were started again']);
	assert.deepEqual((await list(w)).map((r) => r.id).sort(),
		next.map((r) => r.id).sort());
	await stop(w);
	assert.deepEqual(await list(w), []);
	assert.equal((await get(next[0].id)).cause, 'it was stopped');
	await stop(w);
});

await test('dev servers: no two starts at a time, nor without a script', async () => {
	const w = await workspace(one);
	// The first does not end before the others have come.
	const { ops } = a.rdv;
	let over = 0;
	process.kill(ops, 'SIGSTOP');
	const asked = [1, 2, 3].map(() => a.request('POST', at(w), {})
		.finally(() => over++));
	try {
		await waitFor('two are refused', () => over === 2);
	} finally {
		process.kill(ops, 'SIGCONT');
	}
	const all = await Promise.all(asked);
	const by = all.map((r) => r.status).sort();
	assert.deepEqual(by, [201, 409, 409], `${all.map((r) => r.raw)}`);
	assert.equal((await list(w)).length, 1);
	await stop(w);
	const no = await a.request('POST', at(await workspace(none)), {});
	assert.equal(no.status, 409);
	assert.match(String(no.raw), /has a dev server script/);
});

await test('dev servers: beside chains, and held up by none', async () => {
	const repo = await a.repository({ dev_server_script: server,
		setup_script: 'echo s >>setup.txt' });
	const c = await a.conversation([repo]), gate = a.gate();
	const turn = await a.begin(c, `wait ${gate}\nsay done`);
	await a.reached(turn, 'agent', 'running');
	const [r] = await start(c.w);
	Agents.open(gate);
	assert.equal((await a.over(turn)).state, 'completed');
	// It outlives the chain, and rdvd.
	await a.rdv.again();
	assert.deepEqual((await list(c.w)).map((r) => [r.id, r.state]),
		[[r.id, 'running']]);
	// A stop of the turn is none of it.
	await a.call('POST', c.at('/stop'));
	assert.equal((await list(c.w)).length, 1);
	await stop(c.w);
});

await test('rdv dev: started, listed, read, stopped', async () => {
	const w = await workspace(one);
	let r = cli('dev', 'ls', w.id);
	assert.deepEqual([r.status, r.err], [0, 'rdv: no dev servers\n'], r.out);
	r = cli('dev', 'start', w.id);
	const id = /^([0-9a-f-]{36}) +r\d+ +(starting|running)/m.exec(r.out)[1];
	await waitFor('its output', async () => await log(id) !== '');
	r = cli('dev', 'log', w.id);
	assert.deepEqual([r.status, r.out], [0, `up ${w.repos[0].path}\n`]);
	assert.equal(JSON.parse(cli('--json', 'dev', 'ls', w.id).out).items[0].id, id);
	assert.equal(cli('dev', 'stop', w.id).status, 0);
	assert.deepEqual([cli('dev', 'log', '-f', w.id).status,
		(await get(id)).state], [143, 'killed']);
	assert.equal(cli('dev', 'log', (await workspace(none)).id).status, 1);
});

// A program that listens, on what a port file says and as it is told.
const node = JSON.stringify(process.execPath);
const listens = () => `exec ${node} -e '
	const fs = require("fs"), net = require("net");
	const open = {};
	console.log("http://localhost:1");
	setInterval(() => {
		if (!fs.existsSync("want")) return;
		const want = JSON.parse(fs.readFileSync("want"));
		for (const h of want) if (!open[h]) {
			open[h] = net.createServer().listen(0, h, () =>
				fs.writeFileSync("port-" + h, String(open[h].address().port)));
		}
		for (const h of Object.keys(open)) if (!want.includes(h)) {
			open[h].close(); delete open[h];
		}
	}, 20)'`;
const want = (w, hosts) => {
	const at = path.join(w.repos[0].path, 'want');
	fs.writeFileSync(`${at}~`, JSON.stringify(hosts));
	fs.renameSync(`${at}~`, at);
};
const portOf = (w, host) => waitFor('its port', () => {
	const at = path.join(w.repos[0].path, `port-${host}`);
	return fs.existsSync(at) && +fs.readFileSync(at, 'utf8');
});
const ports = async (w) => (await list(w)).flatMap((r) => r.ports)
	.map((p) => `${p.address} ${p.port}`).sort();
const seen = (w, all) => waitFor(`ports ${all}`, async () =>
	JSON.stringify(await ports(w)) === JSON.stringify(all.sort()));

await test('abuse M13: ports are what the kernel says of the run, text is none', async () => {
	const w = await workspace(await a.repository({ dev_server_script: listens() }));
	// Another program of the same user, which is none of the run's.
	const other = net.createServer().listen(0, '127.0.0.1').unref();
	await once(other, 'listening');
	const since = (await a.call('GET', '/api/events?limit=1000')).items
		.at(-1)?.seq ?? 0;
	const [r] = await start(w);
	await waitFor('it prints', async () => await log(r.id) !== '');
	want(w, ['127.0.0.1', '::1']);
	const four = await portOf(w, '127.0.0.1'), six = await portOf(w, '::1');
	const both = [`127.0.0.1 ${four}`, `::1 ${six}`];
	await seen(w, both);
	const [first] = (await list(w))[0].ports;
	assert.ok(Math.abs(Date.now() - first.since) < 60000);
	const shown = cli('dev', 'ls', w.id).out;
	for (const at of [`127.0.0.1:${four}`, `[::1]:${six}`])
		assert.ok(shown.includes(at), shown);
	// Known to the next rdvd, as it was.
	await a.rdv.again();
	await seen(w, both);
	assert.ok((await list(w))[0].ports.some((p) => p.since === first.since));
	// One is closed, and the other stays.
	want(w, ['::1']);
	await seen(w, [`::1 ${six}`]);
	await stop(w);
	assert.deepEqual((await get(r.id)).ports, []);
	const told = (await a.call('GET', `/api/events?since=${since}&limit=1000`))
		.items.filter((e) => e.kind === 'run.ports' && e.subject === r.id);
	assert.ok(told.length >= 2, `${told.length}`);
	assert.deepEqual(told.at(-1).body.ports.map((p) => p.port), [six]);
	assert.equal(told.at(-1).body.workspace_id, w.id);
	for (const e of told)
		for (const p of e.body.ports)
			assert.notEqual(p.port, other.address().port);
	other.close();
});

await test('abuse M13: the same port in two workspaces, and two in one', async () => {
	const repos = [await a.repository({ dev_server_script: listens() }),
		await a.repository({ dev_server_script: listens() })];
	const w = await workspace(...repos);
	await start(w);
	for (const [i, host] of [[0, '127.0.0.1'], [1, '127.0.0.2']]) {
		fs.writeFileSync(path.join(w.repos[i].path, 'want~'),
			JSON.stringify([host]));
		fs.renameSync(path.join(w.repos[i].path, 'want~'),
			path.join(w.repos[i].path, 'want'));
	}
	await waitFor('one port each', async () => {
		const all = await list(w);
		return all.length === 2 && all.every((r) => r.ports.length === 1);
	});
	for (const r of await list(w)) {
		const i = w.repos.findIndex((x) => x.repo_id === r.repo_id);
		assert.equal(r.ports[0].address, ['127.0.0.1', '127.0.0.2'][i]);
	}
	await stop(w);
});

await a.stop();
