// Measures rdv against a peer or the raw limit in the same run and prints
// ratios. Nothing here passes or fails: figures go to docs/performance.md.
//
//   node bench/run.mjs BUILD-DIR [terminal|echo|http|writes|events|memory|start|
//                                attach|attach1g|ttyd|many|viewers|recording|
//                                upgrade|spawn|guards|handover|filter|runs|
//                                git|gitidle|gitnames|gitfollow|gitmuch|workspace|
//                                talk|normalise|ingest|crowd|much|ends|
//                                hooks|callgrind]...
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import WebSocket from 'ws';
import { requestCounts } from './callgrind-http.mjs';
import { terminalCounts } from './callgrind-term.mjs';
import * as crowd from './crowd.mjs';
import { ends } from './ends.mjs';
import * as gitread from './gitread.mjs';
import { hooks } from './hooks.mjs';
import { normalised } from './normalise.mjs';
import * as privilege from './privilege.mjs';
import * as terminals from './terminals.mjs';
import * as talks from './talk.mjs';
import { upgrades } from './upgrade.mjs';
import * as workspaces from './workspace.mjs';

const build = path.resolve(process.argv[2] ?? 'build');
const wanted = process.argv.slice(3);
const tool = (name) => path.join(build, 'bench', name);
const here = path.dirname(new URL(import.meta.url).pathname);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-bench-'));
const started = [];

function say(name, figures) {
	const text = Object.entries(figures).map(([k, v]) =>
		`${k}=${typeof v === 'number' ? +v.toFixed(3) : v}`);
	console.log(`${name.padEnd(28)} ${text.join(' ')}`);
}

// A server that prints "ready" (or any line) when it can be used.
async function serve(cmd, args, opts = {}) {
	const child = spawn(cmd, args, { stdio: ['ignore', 'pipe', 'inherit'],
		...opts });
	started.push(child);
	await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
	if (child.exitCode !== null)
		throw new Error(`${cmd} ended at once`);
	return child;
}

async function stop(child) {
	if (child.exitCode !== null || child.signalCode !== null)
		return;
	child.kill('SIGTERM');
	await once(child, 'exit');
}

// user and system seconds and resident KiB of one process.
function usage(pid) {
	const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
	const f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
	return { user: +f[11] / 100, sys: +f[12] / 100,
		rss: +/VmRSS:\s+(\d+)/.exec(status)[1] };
}

async function rdvStart(base = path.join(scratch, `base${started.length}`),
		helper = path.join(build, 'bin/rdv-helper')) {
	const child = spawn(helper, ['--base', base, '--ready-fd', '3'],
		{ stdio: ['ignore', 'ignore', fs.openSync(path.join(scratch,
			'rdv.log'), 'a'), 'pipe'],
		  env: { PATH: process.env.PATH, HOME: scratch } });
	started.push(child);
	const begin = process.hrtime.bigint();
	await Promise.race([once(child.stdio[3], 'data'), once(child, 'exit')]);
	if (child.exitCode !== null)
		throw new Error(`${helper} ended at once`);
	const readyMs = Number(process.hrtime.bigint() - begin) / 1e6;
	const sock = path.join(base, 'api.sock');
	const token = fs.readFileSync(path.join(base, 'cli-token'), 'utf8').trim();
	const rdv = { child, base, sock, token, readyMs,
		term: path.join(base, 'terminal.sock') };
	rdv.pid = (await call(rdv, 'GET', '/api/status')).pid;
	return rdv;
}

function call(rdv, method, target, body) {
	return new Promise((resolve, reject) => {
		const req = http.request({ socketPath: rdv.sock, method, path: target,
			headers: { Host: 'localhost', Authorization:
				`Bearer ${rdv.token}`, ...(body && { 'Content-Type':
				'application/json' }) } }, (res) => {
			let text = '';
			res.on('data', (d) => { text += d; });
			res.on('end', () => {
				if (res.statusCode >= 300)
					return reject(new Error(`${method} ${target}: ` +
						`${res.statusCode} ${text}`));
				resolve(text ? JSON.parse(text) : null);
			});
		});
		req.on('error', reject);
		req.end(body && JSON.stringify(body));
	});
}

function text(rdv, target) {
	return new Promise((resolve, reject) => {
		http.get({ socketPath: rdv.sock, path: target, headers: {
			Host: 'localhost', Authorization: `Bearer ${rdv.token}` } }, (res) => {
			let all = '';
			res.on('data', (d) => { all += d; });
			res.on('end', () => resolve(all));
		}).on('error', reject);
	});
}

const session = (rdv, name, command) => call(rdv, 'POST', '/api/sessions',
	{ name, command, cols: 80, rows: 24 });

function endpoint(rdv, s) {
	const file = path.join(scratch, `ws-headers${rdv.pid}`);
	fs.writeFileSync(file, `Authorization: Bearer ${rdv.token}\r\n` +
		'Sec-WebSocket-Protocol: rdv.v1\r\n');
	return `rdv:${rdv.term}:/ws/terminal/${s.id}?offset=0:${file}`;
}

function nodeEndpoint(sock) {
	const file = path.join(scratch, 'ws-none');
	fs.writeFileSync(file, '');
	return `node:${sock}:/:${file}`;
}

const measure = (name, args) => {
	const r = spawnSync(tool(name), args.map(String), { encoding: 'utf8' });
	if (r.status !== 0)
		throw new Error(`${name} ${args.join(' ')}: ${r.stderr}`);
	return JSON.parse(r.stdout.trim().split('\n').pop());
};

// Short rounds in turn, so that a disturbance meets every side; the best of
// each counts.
function rounds(sides, run, better, n = 5) {
	const best = {};
	for (let i = 0; i < n; i++)
		for (const [name, side] of Object.entries(sides)) {
			const r = run(side);
			if (best[name] === undefined || better(r, best[name]))
				best[name] = r;
		}
	return best;
}

// One flood through a peer; MB/s and its CPU seconds per GB.
function flood(pid, mib, ends) {
	const before = usage(pid);
	const r = measure('termclient', ['flood', mib, ...ends]);
	const after = usage(pid);
	return { mbps: r.mb_per_s, user: (after.user - before.user) /
		(r.bytes / 1e9), sys: (after.sys - before.sys) / (r.bytes / 1e9) };
}

async function rawServer(mode, ...cmd) {
	const sock = path.join(scratch, `${mode}${started.length}.sock`);
	const child = await serve(tool('rawpty'), [mode, sock, ...cmd]);
	return { child, sock, end: `raw:${sock}` };
}

async function nodeServer(...cmd) {
	const sock = path.join(scratch, `node${started.length}.sock`);
	const child = await serve('node', [path.join(here, 'node-term.mjs'), sock,
		...cmd]);
	return { child, sock, end: nodeEndpoint(sock) };
}

async function terminal() {
	const rdv = await rdvStart();
	for (const n of [1, 8]) {
		const mib = Math.floor(256 / n), cmd = [tool('flood'), String(mib)];
		const peers = { epoll: await rawServer('epoll', ...cmd),
			thread: await rawServer('thread', ...cmd),
			node: await nodeServer(...cmd) };
		const best = {};
		// Interleaved rounds, so that a disturbance meets all; the best counts.
		for (let round = 0; round < 5; round++) {
			const ours = [];
			for (let i = 0; i < n; i++)
				ours.push(endpoint(rdv, await session(rdv,
					`f${n}-${round}-${i}`, cmd)));
			const now = { rdv: flood(rdv.pid, mib, ours) };
			for (const [name, p] of Object.entries(peers))
				now[name] = flood(p.child.pid, mib, Array(n).fill(p.end));
			for (const [name, f] of Object.entries(now))
				if (!(best[name]?.mbps > f.mbps))
					best[name] = f;
		}
		const raw = Math.max(best.epoll.mbps, best.thread.mbps);
		say(`terminal x${n}`, { rdv_mbps: best.rdv.mbps,
			epoll_mbps: best.epoll.mbps, thread_mbps: best.thread.mbps,
			node_mbps: best.node.mbps, of_raw: best.rdv.mbps / raw,
			of_node: best.rdv.mbps / best.node.mbps,
			user_s_per_gb: best.rdv.user, node_user: best.node.user,
			user_of_node: best.rdv.user / best.node.user });
		for (const p of Object.values(peers))
			await stop(p.child);
	}
	await stop(rdv.child);
}

// Rounds in turn, so that a disturbance meets all; the best of each counts. A
// peer gives the endpoints of its next round.
async function echoRounds(count, peers) {
	const best = {};
	for (let round = 0; round < 8; round++)
		for (const [name, peer] of Object.entries(peers)) {
			const now = measure('termclient', ['echo', count,
				...await peer(round)]);
			const b = best[name] ??= now;
			b.p50_us = Math.min(b.p50_us, now.p50_us);
			b.p99_us = Math.min(b.p99_us, now.p99_us);
		}
	return best;
}

async function echo() {
	const rdv = await rdvStart();
	const program = [tool('flood'), '4000'];
	const raw = await rawServer('epoll', ...program);
	const node = await nodeServer(...program);
	const quiet = await session(rdv, 'quiet', program);

	const idle = await echoRounds(500, { rdv: () => [endpoint(rdv, quiet)],
		raw: () => [raw.end], node: () => [node.end] });
	say('echo idle', { rdv_p50: idle.rdv.p50_us, raw_p50: idle.raw.p50_us,
		node_p50: idle.node.p50_us,
		p50_of_raw: idle.rdv.p50_us / idle.raw.p50_us,
		rdv_p99: idle.rdv.p99_us, raw_p99: idle.raw.p99_us,
		p99_of_raw: idle.rdv.p99_us / idle.raw.p99_us });

	let noisy = null;
	// The flood of rdv goes on when nobody looks; that of node ends.
	const hush = async () => noisy !== null &&
		call(rdv, 'DELETE', `/api/sessions/${noisy.id}`);
	const beside = await echoRounds(300, {
		rdv: async (round) => {
			noisy = await session(rdv, `noisy${round}`, program);
			return [endpoint(rdv, quiet), endpoint(rdv, noisy)];
		},
		node: async () => (await hush(), [node.end, node.end]) });
	say('echo beside a flood', { rdv_p50: beside.rdv.p50_us,
		rdv_p99: beside.rdv.p99_us, node_p50: beside.node.p50_us,
		node_p99: beside.node.p99_us,
		p50_of_node: beside.rdv.p50_us / beside.node.p50_us });
	for (const p of [raw, node])
		await stop(p.child);
	await stop(rdv.child);
}

function requestFile(name, rdv, method, target, body = '') {
	const file = path.join(scratch, name);
	fs.writeFileSync(file, `${method} ${target} HTTP/1.1\r\nHost: localhost` +
		(rdv ? `\r\nAuthorization: Bearer ${rdv.token}` : '') +
		(body ? `\r\nContent-Type: application/json` +
			`\r\nContent-Length: ${body.length + 7}` : '') +
		`\r\n\r\n${body}`);
	return file;
}

function streamFile(rdv) {
	const file = path.join(scratch, 'sub');
	fs.writeFileSync(file, 'GET /api/events HTTP/1.1\r\nHost: localhost\r\n' +
		'Accept: text/event-stream\r\n' +
		`Authorization: Bearer ${rdv.token}\r\n\r\n`);
	return file;
}

// A change that makes one event; fanout sends it as it stands.
function triggerFile(rdv, s) {
	const file = requestFile('trigger', rdv, 'PATCH',
		`/api/sessions/${s.id}`, '{"name":"n000000000"}');
	fs.writeFileSync(file, fs.readFileSync(file, 'utf8')
		.replace(/Content-Length: \d+/, 'Content-Length: 21'));
	return file;
}

async function nginxServer() {
	const dir = fs.mkdtempSync(path.join(scratch, 'nginx'));
	const sock = path.join(dir, 'sock');
	const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
		.map((k) => `${k}_temp_path ${dir}/${k};`).join('\n');
	fs.writeFileSync(path.join(dir, 'conf'), `worker_processes 1; pid ${dir}/pid;
daemon off; error_log stderr crit; events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; ${temp}
server { listen unix:${sock}; location / { default_type application/json;
return 200 '${JSON.stringify({ id: 'x'.repeat(36), filler: 'y'.repeat(600) })}';
} } }`);
	const child = spawn('nginx', ['-p', dir, '-c', path.join(dir, 'conf')],
		{ stdio: 'inherit' });
	started.push(child);
	for (const end = Date.now() + 5000; !fs.existsSync(sock);)
		if (Date.now() > end)
			throw new Error('nginx did not start');
		else
			await new Promise((r) => setImmediate(r));
	return { child, sock };
}

async function http_() {
	const rdv = await rdvStart();
	const nginx = await nginxServer();
	const nodeSock = path.join(scratch, 'nodehttp.sock');
	const node = await serve('node', [path.join(here, 'node-http.mjs'),
		nodeSock]);
	const s = await session(rdv, 'one', ['/bin/cat']);
	const get = requestFile('get', rdv, 'GET', `/api/sessions/${s.id}`);
	const plain = requestFile('plain', null, 'GET', '/');

	const sides = { nginx: [nginx.sock, plain], rdv: [rdv.sock, get],
		node: [nodeSock, plain] };
	const most = rounds(sides, ([sock, file]) =>
		measure('httpload', [sock, 64, 1, 0, file]),
		(a, b) => a.per_s > b.per_s);
	say('GET session, 64 conns', { rdv: most.rdv.per_s,
		nginx: most.nginx.per_s, node: most.node.per_s,
		of_nginx: most.rdv.per_s / most.nginx.per_s,
		of_node: most.rdv.per_s / most.node.per_s });
	delete sides.node;
	const calm = rounds(sides, ([sock, file]) =>
		measure('httpload', [sock, 64, 2, 5000, file]),
		(a, b) => a.p99_us < b.p99_us, 9);
	say('GET session at 5,000/s', { rdv_p99: calm.rdv.p99_us,
		nginx_p99: calm.nginx.p99_us,
		p99_of_nginx: calm.rdv.p99_us / calm.nginx.p99_us });
	for (const c of [nginx.child, node, rdv.child])
		await stop(c);
}

async function writes() {
	const rdv = await rdvStart();
	const s = await session(rdv, 'one', ['/bin/cat']);
	const patch = requestFile('patch', rdv, 'PATCH', `/api/sessions/${s.id}`,
		'{"name":"n%d"}');
	let n = 0;
	const best = rounds({
		peer: () => measure('syncpeer',
			[path.join(scratch, `peer${n++}.db`), 2]),
		rdv: () => measure('httpload', [rdv.sock, 64, 2, 0, patch]),
	}, (side) => side(), (a, b) => a.p99_us === undefined ?
		a.commits_per_s > b.commits_per_s : a.per_s > b.per_s);
	const { peer, rdv: o } = best;
	say('PATCH, 64 clients', { rdv: o.per_s, single_sync: peer.commits_per_s,
		times: o.per_s / peer.commits_per_s, p99_us: o.p99_us,
		fsync_us: peer.fsync_us, p99_fsyncs: o.p99_us / peer.fsync_us });
	await stop(rdv.child);
}

async function events() {
	const rdv = await rdvStart();
	const s = await session(rdv, 'one', ['/bin/cat']);
	const before = usage(rdv.pid).rss;
	const child = spawn(tool('fanout'), [rdv.sock, '1000', streamFile(rdv),
		triggerFile(rdv, s), '20'],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
	started.push(child);
	let text = '';
	child.stdout.on('data', (d) => { text += d; });
	await once(child.stdout, 'data');
	const each = (usage(rdv.pid).rss - before) / 1000;
	child.stdin.end('go\n');
	await once(child, 'exit');
	const f = JSON.parse(text.trim().split('\n').pop());
	say('event to 1,000 streams', { rdv_us: f.fanout_us, bare_us: f.bare_us,
		times: f.fanout_us / f.bare_us, kb_per_subscriber: each });
	await stop(rdv.child);
}

async function memory() {
	const rdv = await rdvStart();
	const rest = usage(rdv.pid).rss;
	for (let i = 0; i < 500; i++)
		await session(rdv, `idle-${i}`, ['/bin/cat']);
	const full = usage(rdv.pid).rss;
	say('memory', { rest_mb: rest / 1024, idle_kb_each: (full - rest) / 500 });
	const s = await session(rdv, 'noisy', [tool('flood'), '400']);
	const before = usage(rdv.pid).rss;
	const r = spawn(tool('termclient'), ['stall', '400', endpoint(rdv, s)],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	started.push(r);
	await once(r.stdout, 'data');
	const peak = +/VmHWM:\s+(\d+)/.exec(fs.readFileSync(
		`/proc/${rdv.pid}/status`, 'utf8'))[1];
	say('stalled viewer', { kb: usage(rdv.pid).rss - before,
		peak_kb: peak - full });
	await stop(r);
	await stop(rdv.child);
}

// A state directory as after a long time of use: many runs, big logs.
async function start() {
	const base = path.join(scratch, 'big');
	const rdv = await rdvStart(base);
	const s = await call(rdv, 'POST', '/api/sessions', { name: 'log',
		io: 'pipes', command: ['/usr/bin/head', '-c', '1000000000',
			'/dev/zero'] });
	for (let i = 0; i < 200; i++)
		await session(rdv, `s${i}`, ['/bin/true']);
	for (const end = Date.now() + 120000;;) {
		const run = (await call(rdv, 'GET', `/api/sessions/${s.id}`)).run;
		if (run.state !== 'running')
			break;
		if (Date.now() > end)
			throw new Error('the log did not fill');
		await new Promise((r) => setTimeout(r, 100));
	}
	await stop(rdv.child);
	const times = [];
	for (let i = 0; i < 5; i++) {
		const again = await rdvStart(base);
		times.push(again.readyMs);
		await stop(again.child);
	}
	times.sort((a, b) => a - b);
	const bytes = execFileSync('du', ['-sm', base], { encoding: 'utf8' });
	say('start', { state_mb: parseInt(bytes, 10), median_ms: times[2],
		worst_ms: times[4] });
}

const metric = async (rdv, name) => +new RegExp(`^rdv_${name} (\\d+)$`, 'm')
	.exec(await text(rdv, '/metrics'))[1];

// From the request to the last piece of the screen, as a page has it.
async function shown(rdv, s, lines = 2000) {
	const begin = performance.now();
	const ws = new WebSocket(`ws+unix:${rdv.term}:/ws/terminal/${s.id}` +
		`?screen=true&lines=${lines}`, ['rdv.v1'], { headers: { Host: 'localhost',
			Authorization: `Bearer ${rdv.token}` } });
	let data = '', offset = 0;
	await new Promise((resolve, reject) => {
		ws.on('error', reject);
		ws.on('message', (m, binary) => {
			const piece = binary ? {} : JSON.parse(m);
			data += piece.data ?? '';
			offset = piece.offset ?? offset;
			if (piece.more === false)
				resolve();
		});
	});
	const ms = performance.now() - begin;
	ws.terminate();
	return { ms, data, offset };
}

async function logged(rdv, s, size) {
	for (;;) {
		const { run } = await call(rdv, 'GET', `/api/sessions/${s.id}`);
		if (run.log_bytes >= size)
			return run;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

// Until no screen is worked on: what the daemon does by itself is done.
async function rested(rdv) {
	for (let last = -1; ;) {
		const now = await metric(rdv, 'screens_emulated_bytes_total') +
			await metric(rdv, 'screens_looked_bytes_total');
		if (now === last)
			return;
		last = now;
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}

// Attaching to a terminal with a long log: at once when it has been written,
// and again; beside libvterm for as many bytes as were emulated.
async function attach() {
	const rdv = await rdvStart(), mib = Number(process.env.RDV_LOG_MIB ?? 1024);
	for (const kind of ['flood', 'build', 'full']) {
		const begin = performance.now();
		const s = await session(rdv, kind, [tool('screens'), kind,
			String(mib)]);
		const run = await logged(rdv, s, mib << 20);
		const mbps = (mib << 20) / 1e3 / (performance.now() - begin);
		if (kind === 'full')
			await rested(rdv);
		const before = await metric(rdv, 'screens_emulated_bytes_total');
		const first = await shown(rdv, s);
		const emulated = await metric(rdv,
			'screens_emulated_bytes_total') - before;
		const again = [];
		for (let i = 0; i < 5; i++)
			again.push((await shown(rdv, s)).ms);
		const bare = measure('vterm', [path.join(rdv.base, 'server/runs',
			`${run.id}.log`), run.log_bytes, Math.max(emulated, 4096)]).ms;
		say(`attach ${kind}`, { log_mb: (mib << 20) / 1e6, written_mbps: mbps,
			first_ms: first.ms, again_ms: Math.min(...again),
			emulated_kb: emulated / 1e3, screen_kb: first.data.length / 1e3,
			vterm_ms: bare, of_vterm: first.ms / bare });
	}
	await stop(rdv.child);
}

async function callgrind() {
	const bench = { build, scratch, tool, say, measure, rdvStart, stop, session,
		endpoint, requestFile, streamFile, triggerFile };
	await requestCounts(bench);
	await terminalCounts(bench);
}

const helper = { build, scratch, started, tool, say, measure, usage, rdvStart,
	stop, call, session, endpoint, metric, shown, logged, rested,
	roomFor: (name, n) => terminals.roomFor({ scratch }, name, n) };
const all = { terminal, echo, http: http_, writes, events, memory, start,
	attach,
	attach1g: () => terminals.attach1g(helper),
	ttyd: () => terminals.ttyd(helper),
	many: () => terminals.many(helper),
	viewers: () => terminals.viewers(helper),
	recording: () => terminals.recording(helper),
	upgrade: () => upgrades(helper),
	spawn: () => privilege.spawning(helper),
	guards: () => privilege.guards(helper),
	handover: () => privilege.handover(helper),
	filter: () => privilege.filter(helper),
	runs: () => privilege.runs(helper),
	git: () => gitread.statuses(helper),
	gitidle: () => gitread.watched(helper),
	gitnames: () => gitread.names(helper),
	gitfollow: () => gitread.followed(helper),
	gitmuch: () => gitread.firstPage(helper),
	workspace: () => workspaces.created(helper),
	talk: () => talks.lastPage(helper),
	normalise: () => normalised(helper),
	ingest: () => crowd.ingest(helper),
	crowd: () => crowd.together(helper),
	much: () => crowd.much(helper),
	ends: () => ends(helper),
	hooks: () => hooks(helper), callgrind };
try {
	for (const [name, fn] of Object.entries(all))
		if (wanted.length === 0 || wanted.includes(name))
			await fn();
} finally {
	for (const c of started)
		await stop(c);
	fs.rmSync(scratch, { recursive: true, force: true });
}
