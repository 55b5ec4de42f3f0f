// Terminals that are recorded and restored, beside those that are not.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';

const ROUNDS = Number(process.env.RDV_ROUNDS ?? 7);
const FLOOD_MIB = 256;
const ENDLESS_MIB = '4000';
const MANY = 2000;
const ATTACHES = 15;
const KEYS = 200, KEYS_WARM = 20; // the latter as bench/viewers.c has it
const LOG_MIB = Number(process.env.RDV_LOG_MIB ?? 1024);
const READY_MS = 10000;

const sorted = (v) => v.toSorted((a, b) => a - b);
const median = (v) => sorted(v)[Math.floor(v.length / 2)];
const ratios = (rounds, a, b, what) =>
	rounds.map((r) => r[a][what] / r[b][what]);
const spread = (v) => `${sorted(v)[0].toFixed(2)}..${
	sorted(v).at(-1).toFixed(2)}`;

// Whoever was first in one round is last in the next.
async function byTurns(sides, n, run) {
	const rounds = [];
	for (let i = 0; i < n; i++) {
		const names = Object.keys(sides), now = {};
		for (const name of i % 2 === 0 ? names : names.reverse())
			now[name] = await run(sides[name], i);
		rounds.push(now);
	}
	return rounds;
}

const figures = (rounds, name, what) => rounds.map((r) => r[name][what]);
const sum = (rounds, name, what) => figures(rounds, name, what)
	.reduce((a, b) => a + b, 0);

// What a flood leaves behind would be worked on while the next is measured.
async function withSessions(bench, rdv, n, command, use) {
	const made = [];
	for (let i = 0; i < n; i++)
		made.push(await bench.session(rdv, `s${i}`, command));
	try {
		return await use(made.map((s) => bench.endpoint(rdv, s)), made);
	} finally {
		for (const s of made)
			await bench.call(rdv, 'DELETE', `/api/sessions/${s.id}`);
	}
}

function flooded(bench, pid, mib, ends) {
	const before = bench.usage(pid);
	const r = bench.measure('termclient', ['flood', mib, ...ends]);
	const after = bench.usage(pid);
	return { mbps: r.mb_per_s, gb: r.bytes / 1e9,
		user: after.user - before.user, sys: after.sys - before.sys };
}

async function listening(sock) {
	for (const end = Date.now() + READY_MS; !fs.existsSync(sock);)
		if (Date.now() > end)
			throw new Error(`nobody made ${sock}`);
		else
			await new Promise((r) => setTimeout(r, 10));
}

async function ttydServer(bench, ...command) {
	const sock = path.join(bench.scratch, `ttyd${bench.started.length}.sock`);
	const child = spawn(process.env.TTYD, ['-W', '-i', sock, ...command],
		{ stdio: 'ignore' });
	const headers = path.join(bench.scratch, 'ttyd-headers');
	bench.started.push(child);
	await listening(sock);
	fs.writeFileSync(headers, 'Sec-WebSocket-Protocol: tty\r\n');
	return { child, end: `ttyd:${sock}:/ws:${headers}` };
}

function sayFlood(bench, n, rounds) {
	const user = (name) => sum(rounds, name, 'user') / sum(rounds, name, 'gb');
	const of = ratios(rounds, 'rdv', 'ttyd', 'mbps');
	bench.say(`ttyd, flood x${n}`, {
		rdv_mbps: median(figures(rounds, 'rdv', 'mbps')),
		ttyd_mbps: median(figures(rounds, 'ttyd', 'mbps')),
		of_ttyd: median(of), each: spread(of),
		rdv_user_s_per_gb: user('rdv'), ttyd_user: user('ttyd'),
		user_of_ttyd: user('rdv') / user('ttyd') });
}

async function ttydFloods(bench, rdv, n) {
	const mib = Math.floor(FLOOD_MIB / n);
	const command = [bench.tool('flood'), String(mib)];
	const peer = await ttydServer(bench, ...command);
	sayFlood(bench, n, await byTurns({
		rdv: () => withSessions(bench, rdv, n, command, (ends) =>
			flooded(bench, rdv.pid, mib, ends)),
		ttyd: () => flooded(bench, peer.child.pid, mib,
			Array(n).fill(peer.end)),
	}, ROUNDS, (side) => side()));
	await bench.stop(peer.child);
}

async function ttydEcho(bench, rdv) {
	const command = [bench.tool('flood'), ENDLESS_MIB];
	const peer = await ttydServer(bench, ...command);
	const echo = (ends) => bench.measure('termclient', ['echo', 300, ...ends]);
	const rounds = await byTurns({
		rdv: () => withSessions(bench, rdv, 2, command, echo),
		ttyd: () => echo([peer.end, peer.end]),
	}, ROUNDS, (side) => side());
	const of = ratios(rounds, 'rdv', 'ttyd', 'p50_us');
	bench.say('ttyd, echo beside a flood', {
		rdv_p50: median(figures(rounds, 'rdv', 'p50_us')),
		ttyd_p50: median(figures(rounds, 'ttyd', 'p50_us')),
		p50_of_ttyd: median(of), each: spread(of),
		rdv_p99: median(figures(rounds, 'rdv', 'p99_us')),
		ttyd_p99: median(figures(rounds, 'ttyd', 'p99_us')),
		rdv_flood_mbps: median(figures(rounds, 'rdv', 'flood_mb_per_s')),
		ttyd_flood_mbps: median(figures(rounds, 'ttyd',
			'flood_mb_per_s')) });
	await bench.stop(peer.child);
}

// Of the reader's own: TTYD=/path/to/ttyd. Both on a Unix socket.
export async function ttyd(bench) {
	if (!process.env.TTYD) {
		bench.say('ttyd', { not_measured: 'TTYD=/path/to/ttyd is not set' });
		return;
	}
	const rdv = await bench.rdvStart();
	for (const n of [1, 8])
		await ttydFloods(bench, rdv, n);
	await ttydEcho(bench, rdv);
	await bench.stop(rdv.child);
}

// --- a long log --------------------------------------------------------

const KINDS = [
	{ kind: 'mixed', cols: 80, rows: 24 },
	{ kind: 'tangle', cols: 80, rows: 24 },
	{ kind: 'rainbow', cols: 200, rows: 50 },
];

// The same numbers in every run.
function random(seed) {
	let x = seed;
	return (below) => {
		x = (Math.imul(x, 1103515245) + 12345) >>> 0;
		return Math.floor(x / 2 ** 32 * below);
	};
}

// One attach at each of many ends, as soon as the log is so long.
async function attachesOf(bench, rdv, s, size, sent, lines) {
	const pick = random(7), all = [];
	for (let i = 0, end = size; i < ATTACHES; i++) {
		const more = 1 + pick(2 << 20);
		await bench.call(rdv, 'POST', `/api/sessions/${s.id}/input`,
			{ data: `${more}\n` });
		end += more;
		await bench.logged(rdv, s, end);
		const before = await bench.metric(rdv,
			'screens_emulated_bytes_total');
		const { ms, data, offset } = await bench.shown(rdv, s, lines);
		const parsed = await bench.metric(rdv,
			'screens_emulated_bytes_total') - before;
		fs.writeFileSync(`${sent}.${i}`, data);
		all.push({ ms, parsed, offset, kb: data.length / 1e3 });
	}
	return all;
}

function sayAttaches(bench, k, name, all, file, sent) {
	const r = bench.measure('shown', [file, k.cols, k.rows, sent,
		...all.map((a) => a.offset)]);
	const of = all.map((a) => a.ms / bench.measure('vterm', [file, a.offset,
		a.parsed, k.cols, k.rows]).ms);
	const ms = all.map((a) => a.ms);
	bench.say(name, { median_ms: median(ms), worst_ms: Math.max(...ms),
		of_vterm: median(of), worst_of_vterm: Math.max(...of),
		parsed_kb: median(all.map((a) => a.parsed)) / 1e3,
		most_kb: Math.max(...all.map((a) => a.parsed)) / 1e3,
		screen_kb: median(all.map((a) => a.kb)),
		lines: r.fewest, wrong: r.differ, of: all.length });
}

// Attaching to a terminal with a long log, at random ends of it, with all the
// lines above the screen and with none; every screen is looked at.
export async function attach1g(bench) {
	for (const k of KINDS) {
		const rdv = await bench.rdvStart();
		const s = await bench.call(rdv, 'POST', '/api/sessions', {
			name: k.kind, cols: k.cols, rows: k.rows,
			command: [bench.tool('screens'), k.kind, String(LOG_MIB)] });
		let size = LOG_MIB << 20;
		const run = await bench.logged(rdv, s, size);
		const file = path.join(rdv.base, 'server/runs', `${run.id}.log`);
		await bench.rested(rdv);
		for (const lines of [2000, 0]) {
			const sent = path.join(bench.scratch, `${k.kind}${lines}`);
			size = fs.statSync(file).size;
			const all = await attachesOf(bench, rdv, s, size, sent, lines);
			sayAttaches(bench, k, `attach1g ${k.kind}, ${lines} lines`,
				all, file, sent);
		}
		await bench.stop(rdv.child);
		fs.rmSync(rdv.base, { recursive: true, force: true });
	}
}

// --- many --------------------------------------------------------------

export function roomFor(bench, name, sessions) {
	const base = path.join(bench.scratch, name);
	const dir = path.join(base, 'server');
	for (const d of [base, dir])
		fs.mkdirSync(d, { mode: 0o700 });
	fs.writeFileSync(path.join(dir, 'config.toml'),
		`[terminal]\nmax_sessions = ${sessions}\n` +
		`max_viewers = ${sessions}\n`, { mode: 0o600 });
	return base;
}

function childrenOf(pid) {
	const list = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
	return list.trim().split(' ').filter(Boolean).map(Number);
}

const comm = (pid) => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

// Its share of what others have mapped too; only who may look can tell.
function share(pid) {
	try {
		return +/^Pss:\s+(\d+)/m.exec(fs.readFileSync(
			`/proc/${pid}/smaps_rollup`, 'utf8'))[1];
	} catch {
		return NaN;
	}
}

function family(bench, rdv) {
	const all = { main: rdv.child.pid, daemon: rdv.pid };
	for (const pid of childrenOf(rdv.child.pid))
		if (comm(pid) === 'rdv-ops')
			all.ops = pid;
	return all;
}

function sizes(bench, rdv) {
	const now = {};
	for (const [name, pid] of Object.entries(family(bench, rdv)))
		now[name] = bench.usage(pid).rss;
	return now;
}

function sayReapers(bench, ops) {
	const reapers = childrenOf(ops).filter((p) => childrenOf(p).length > 0);
	const mean = (f) => reapers.map(f).reduce((a, b) => a + b, 0) /
		reapers.length;
	bench.say('many, reapers', { n: reapers.length,
		rss_kb_each: mean((p) => bench.usage(p).rss),
		pss_kb_each: mean(share) });
}

function watch(rdv, s) {
	const ws = new WebSocket(`ws+unix:${rdv.term}:/ws/terminal/${s.id}` +
		'?offset=0', ['rdv.v1'], { headers: { Host: 'localhost',
			Authorization: `Bearer ${rdv.token}` } });
	return new Promise((resolve, reject) => {
		ws.on('error', reject);
		ws.on('open', () => resolve(ws));
	});
}

async function sayWatched(bench, rdv, sessions) {
	const before = bench.usage(rdv.pid).rss, all = [];
	for (const s of sessions)
		all.push(await watch(rdv, s));
	bench.say(`many, ${sessions.length} with a viewer`, {
		more_kb_each: (bench.usage(rdv.pid).rss - before) /
			sessions.length });
	for (const ws of all)
		ws.terminate();
}

async function sayEcho(bench, name, one, many) {
	const rounds = await byTurns({ one, many }, ROUNDS, (side) =>
		bench.measure('termclient', ['echo', 500, side]));
	const p50 = ratios(rounds, 'many', 'one', 'p50_us');
	const p99 = ratios(rounds, 'many', 'one', 'p99_us');
	bench.say(name, {
		one_p50: median(figures(rounds, 'one', 'p50_us')),
		many_p50: median(figures(rounds, 'many', 'p50_us')),
		p50_of_one: median(p50),
		one_p99: median(figures(rounds, 'one', 'p99_us')),
		many_p99: median(figures(rounds, 'many', 'p99_us')),
		p99_of_one: median(p99), each: spread(p99) });
}

// So many idle terminals in one daemon, and one that is typed into.
export async function many(bench) {
	const command = [bench.tool('flood'), '1'];
	const alone = await bench.rdvStart(roomFor(bench, 'alone', MANY + 1));
	const rdv = await bench.rdvStart(roomFor(bench, 'many', MANY + 1));
	const one = await bench.session(alone, 'one', command);
	const rest = sizes(bench, rdv), sessions = [];
	const begin = performance.now();
	for (let i = 0; i < MANY; i++)
		sessions.push(await bench.session(rdv, `s${i}`, command));
	const ms = (performance.now() - begin) / MANY;
	const full = sizes(bench, rdv), each = {};
	for (const name of Object.keys(full))
		each[`${name}_kb_each`] = (full[name] - rest[name]) / MANY;
	bench.say(`many, ${MANY} terminals`, { ...each, ms_to_start_one: ms,
		daemon_mb: full.daemon / 1024, ops_mb: full.ops / 1024 });
	sayReapers(bench, family(bench, rdv).ops);
	await sayEcho(bench, 'many, echo', bench.endpoint(alone, one),
		bench.endpoint(rdv, sessions.at(-1)));
	await sayWatched(bench, rdv, sessions);
	for (const r of [alone, rdv])
		await bench.stop(r.child);
}

// --- many who look at one ----------------------------------------------

// What the daemon takes for one of N viewers while `viewers` does `what`.
async function watched(bench, rdv, what, n, count, command) {
	const s = await bench.session(rdv, `${what}${n}`, command);
	const [, sock, target, headers] = bench.endpoint(rdv, s).split(':');
	const child = spawn(bench.tool('viewers'), [what, n, count, sock, target,
		headers].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
	let text = '';
	bench.started.push(child);
	child.stdout.on('data', (d) => { text += d; });
	await once(child.stdout, 'data');
	const before = bench.usage(rdv.pid);
	child.stdin.end('go\n');
	await once(child, 'close');
	const after = bench.usage(rdv.pid);
	await bench.call(rdv, 'DELETE', `/api/sessions/${s.id}`);
	return { ...JSON.parse(text.trim().split('\n').pop()),
		cpu: after.user + after.sys - before.user - before.sys,
		user: after.user - before.user };
}

function sayWatchers(bench, n, echo, flood) {
	const m = (what) => median(echo.map((r) => r[what]));
	bench.say(`viewers, ${n}, a key`, { p50_us: m('rdv_p50_us'),
		p99_us: m('rdv_p99_us'), last_us: m('rdv_last_us'),
		bare_p50_us: m('bare_p50_us'), bare_last_us: m('bare_last_us'),
		last_of_bare: median(echo.map((r) =>
			r.rdv_last_us / r.bare_last_us)),
		cpu_us_each: m('cpu') * 1e6 / n / (KEYS + KEYS_WARM) });
	bench.say(`viewers, ${n}, a flood`, {
		mbps: median(flood.map((r) => r.mb_per_s)),
		cpu_s_per_gb: median(flood.map((r) => r.cpu / r.bytes * 1e9)),
		user_s_per_gb: median(flood.map((r) => r.user / r.bytes * 1e9)) });
}

// One terminal and so many who look at it: what each has to wait for, and what
// each costs.
export async function viewers(bench) {
	const rdv = await bench.rdvStart(roomFor(bench, 'watched', 1000));
	for (const n of [1, 50, 500]) {
		const mib = Math.ceil(FLOOD_MIB / n), echo = [], flood = [];
		for (let i = 0; i < ROUNDS; i++) {
			echo.push(await watched(bench, rdv, 'echo', n, KEYS,
				[bench.tool('flood'), '1']));
			flood.push(await watched(bench, rdv, 'flood', n, mib,
				[bench.tool('flood'), String(mib)]));
		}
		sayWatchers(bench, n, echo, flood);
	}
	await bench.stop(rdv.child);
}

// --- recording ---------------------------------------------------------

// rdv-helper starts the rdvd that stands beside it.
function unrecorded(bench) {
	const dir = path.join(bench.scratch, 'unrecorded');
	fs.mkdirSync(dir);
	fs.copyFileSync(path.join(bench.build, 'bin/rdv-helper'),
		path.join(dir, 'rdv-helper'));
	fs.copyFileSync(bench.tool('rdvd-unrecorded'), path.join(dir, 'rdvd'));
	return path.join(dir, 'rdv-helper');
}

function sayOverhead(bench, name, rounds) {
	const of = ratios(rounds, 'log', 'rdv', 'mbps');
	const cpu = (who) => (sum(rounds, who, 'user') +
		sum(rounds, who, 'sys')) / sum(rounds, who, 'gb');
	bench.say(name, {
		rdv_mbps: median(figures(rounds, 'rdv', 'mbps')),
		log_only_mbps: median(figures(rounds, 'log', 'mbps')),
		overhead_percent: (median(of) - 1) * 100, each: spread(of),
		rdv_cpu_s_per_gb: cpu('rdv'), log_only_cpu: cpu('log') });
}

// A flood with index and checkpoints, and one with the log alone, which is what
// the viewers are served from.
export async function recording(bench) {
	const base = path.join(bench.scratch, 'unrecorded-base');
	const sides = { rdv: await bench.rdvStart(),
		log: await bench.rdvStart(base, unrecorded(bench)) };
	for (const kind of ['x', 'text'])
		for (const n of [1, 8]) {
			const mib = Math.floor(FLOOD_MIB / n);
			const command = [bench.tool('flood'), String(mib), kind];
			sayOverhead(bench, `recording, ${kind} x${n}`, await byTurns(
				sides, ROUNDS, (rdv) => withSessions(bench, rdv, n,
					command, (ends) => flooded(bench, rdv.pid, mib,
						ends))));
		}
	for (const rdv of Object.values(sides))
		await bench.stop(rdv.child);
}
