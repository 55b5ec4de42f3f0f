// Runs in numbers: what their output costs beside `cat > file`, what two hundred
// at once cost the daemon and whoever watches, and what a long history costs.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const ONE_MB = 512, EACH_MB = 24, TOGETHER = 32, TURNS = 5;
const RUNS = 200, ROUNDS = 40;
const QUEUED = 100000, EVENTS = 1000000, PER = 1000;

const sorted = (list) => [...list].sort((a, b) => a - b);
const at = (list, share) => sorted(list)[Math.min(list.length - 1,
	Math.floor(list.length * share))];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const shell = async (script) => {
	const begin = performance.now();
	const child = spawn('/bin/sh', ['-c', script], { stdio: 'ignore' });
	await once(child, 'exit');
	return (performance.now() - begin) / 1000;
};

async function ended(bench, rdv, s) {
	for (;;) {
		const { run } = await bench.call(rdv, 'GET', `/api/sessions/${s.id}`);
		if (!['starting', 'running'].includes(run.state))
			return run;
		await pause(5);
	}
}

// `n` programs that say the file at once, from the first start to the last end.
async function said(bench, rdv, n, file, bytes) {
	const begin = performance.now();
	const all = await Promise.all(Array.from({ length: n }, () =>
		bench.call(rdv, 'POST', '/api/sessions', { name: 'says', io: 'pipes',
			command: ['/bin/cat', file] })));
	const runs = [];
	for (const s of all)
		runs.push(await ended(bench, rdv, s));
	const s = (performance.now() - begin) / 1000;
	for (const r of runs)
		if (r.log_bytes !== bytes)
			throw new Error(`${r.log_bytes} of ${bytes} are in the log`);
	for (const r of runs)
		fs.truncateSync(path.join(rdv.base, 'server/runs', `${r.id}.log`));
	return s;
}

async function beside(bench, rdv, n, mb) {
	const file = path.join(bench.scratch, 'said'), out = `${file}.out`;
	const line = Buffer.from(`${'x'.repeat(79)}\n`);
	const bytes = mb << 20, best = { rdv: Infinity, cat: Infinity,
		disk: Infinity };
	fs.writeFileSync(file, Buffer.alloc(bytes, line));
	for (let i = 0; i < TURNS; i++) {
		best.rdv = Math.min(best.rdv, await said(bench, rdv, n, file, bytes));
		best.cat = Math.min(best.cat, await shell(`for i in $(seq ${n}); do ` +
			`(cat ${file} | cat > ${out}.$i) & done; wait`));
		await shell(`rm -f ${out}.*`);
		// What the disk takes of as many bytes, to its end.
		best.disk = Math.min(best.disk, await shell('dd if=/dev/zero bs=1M ' +
			`conv=fsync count=${n * mb} of=${out}.0; rm ${out}.0`));
	}
	fs.rmSync(file);
	return { rdv_mbps: n * mb / best.rdv, cat_mbps: n * mb / best.cat,
		of_cat: best.cat / best.rdv, disk_mbps: n * mb / best.disk,
		of_disk: best.disk / best.rdv, target: 0.8 };
}

export async function ingest(bench) {
	const rdv = await bench.rdvStart();
	bench.say('output of one run', await beside(bench, rdv, 1, ONE_MB));
	bench.say(`output of ${TOGETHER} runs`, await beside(bench, rdv, TOGETHER,
		EACH_MB));
	await bench.stop(rdv.child);
}

// How late events are for one who follows them, by the clock of both.
function follow(rdv, late) {
	const req = http.get({ socketPath: rdv.sock, path: '/api/events', headers: {
		Host: 'localhost', Accept: 'text/event-stream',
		Authorization: `Bearer ${rdv.token}` } }, (res) => {
		res.setEncoding('utf8');
		res.on('data', (text) => {
			const now = Date.now();
			for (const m of text.matchAll(/"time":(\d+)/g))
				late.push(now - m[1]);
		});
		res.on('error', () => {});
	});
	req.on('error', () => {});
	return req;
}

// What the disk takes of a sync as rdvd's, by itself: a file grows by what a turn
// of the loop adds to the log.
async function bare(file) {
	const begin = performance.now();
	await file.appendFile(Buffer.alloc(16384, 1));
	await file.datasync();
	return performance.now() - begin;
}

// All of them say a line every tenth of a second while others come and go. An
// event waits for the sync that is under way and for its own: two of the disk's
// are its limit.
export async function together(bench) {
	const rdv = await bench.rdvStart(), late = [], disk = [];
	const begin = bench.usage(rdv.pid).rss;
	const file = await fs.promises.open(path.join(rdv.base, 'bare'), 'w');
	const synced = async () => [await bench.metric(rdv,
		'database_fsync_us_total'), await bench.metric(rdv,
		'database_fsyncs_total')];
	for (let i = 0; i < RUNS; i += 10)
		await Promise.all(Array.from({ length: 10 }, () => bench.call(rdv,
			'POST', '/api/sessions', { name: 'one of many', io: 'pipes',
				command: ['/bin/sh', '-c', 'while :; do echo a line of it; ' +
					'sleep 0.1; done'] })));
	const follower = follow(rdv, late), [us, syncs] = await synced();
	for (let i = 0; i < ROUNDS; i++) {
		const s = await bench.call(rdv, 'POST', '/api/sessions',
			{ name: 'short', io: 'pipes', command: ['/bin/true'] });
		await ended(bench, rdv, s);
		disk.push(await bare(file));
		await pause(50);
	}
	follower.destroy();
	await file.close();
	const [us2, syncs2] = await synced();
	const live = await bench.metric(rdv, 'runs_live');
	bench.say(`${RUNS} runs at once`, { live, rss_mb: bench.usage(rdv.pid).rss /
		1024, target_mb: 64, idle_mb: begin / 1024, events: late.length,
	lag_p50_ms: at(late, 0.5), lag_p99_ms: at(late, 0.99), target_ms: 50,
	fsync_mean_ms: (us2 - us) / (syncs2 - syncs) / 1000,
	syncs: syncs2 - syncs, bare_p50_ms: at(disk, 0.5),
	bare_p99_ms: at(disk, 0.99),
	of_two_bare: at(late, 0.99) / (2 * at(disk, 0.99)) });
	await bench.stop(rdv.child);
}

function fill(rdv, convs) {
	const rows = convs.map((c, i) => `SELECT printf('01900000-0000-7000-8000-%012x',
		value + ${(i + 1) * PER}), '${c.id}', '${c.user}', value + 100, 'say x',
		'waiting', 1000 + value, 1000 FROM generate_series(1, ${PER})`);
	const sql = `INSERT INTO queued (id, session_id, user_id, place, prompt,
		state, created_at, updated_at) ${rows.join(' UNION ALL ')};
		INSERT INTO event (seq, time_ms, kind, user_id, subject, body)
		SELECT (SELECT max(seq) FROM event) + value, (SELECT max(time_ms) FROM
		event), 'system', '${convs[0].user}', NULL, '{"x":1}'
		FROM generate_series(1, ${EVENTS});`;
	execFileSync('sqlite3', [path.join(rdv.base, 'server/rdv.db')],
		{ input: sql });
}

async function one(bench, rdv, name, repo) {
	const w = await bench.call(rdv, 'POST', '/api/workspaces',
		{ name, repos: [repo] });
	const make = () => bench.call(rdv, 'POST', '/api/conversations',
		{ workspace_id: w.id, agent: 'CLAUDE_CODE', profile: 'login' });
	return { w, make };
}

// The three things, each the median of some.
async function measured(bench, rdv, c) {
	const ms = { list: [], claim: [], resume: [] };
	const timed = async (name, fn) => {
		const begin = performance.now();
		await fn();
		ms[name].push(performance.now() - begin);
	};
	for (let i = 0; i < 30; i++) {
		await bench.call(rdv, 'POST', `/api/conversations/${c.id}/queue`,
			{ prompt: 'say x' });
		await timed('list', () => bench.call(rdv, 'GET',
			`/api/conversations/${c.id}/queue`));
		// No such agent: its turn fails, and the next one can be claimed.
		await timed('claim', () => bench.call(rdv, 'POST',
			`/api/conversations/${c.id}/queue/start`));
		for (;;) {
			const now = await bench.call(rdv, 'GET', `/api/conversations/${c.id}`);
			if (now.at_work === undefined)
				break;
			await pause(2);
		}
		const newest = await bench.metric(rdv, 'event_newest');
		await pause(20);
		await timed('resume', () => bench.call(rdv, 'GET',
			`/api/events?since=${newest - 20}&limit=100`));
	}
	return Object.fromEntries(Object.entries(ms).map(([k, v]) =>
		[k, at(v, 0.5)]));
}

export async function much(bench) {
	const dir = path.join(bench.scratch, 'much'), base = `${dir}-base`;
	fs.mkdirSync(dir);
	execFileSync('/bin/sh', ['-ec', 'git init -q; git -c user.name=b -c ' +
		'user.email=b@b commit -q --allow-empty -m x'], { cwd: dir,
		env: { PATH: process.env.PATH, HOME: '/nonexistent' } });
	let rdv = await bench.rdvStart(base);
	const { id: repo } = await bench.call(rdv, 'POST', '/api/repos',
		{ path: dir });
	const own = await one(bench, rdv, 'own', repo);
	const others = await one(bench, rdv, 'others', repo);
	const c = await own.make(), convs = [];
	const { id: user } = await bench.call(rdv, 'GET', '/api/user');
	for (let i = 0; i < QUEUED / PER; i++)
		convs.push({ ...await others.make(), user });
	const before = await measured(bench, rdv, c);
	await bench.stop(rdv.child);
	fill({ base }, convs);
	rdv = await bench.rdvStart(base);
	const after = await measured(bench, rdv, c);
	// The next message of a workspace in which all of them wait.
	const full = await bench.call(rdv, 'POST',
		`/api/conversations/${convs[0].id}/queue/start`).then(() => 1);
	for (const k of Object.keys(before))
		bench.say(`${k}, much of it`, { empty_ms: before[k], full_ms: after[k],
			ratio: after[k] / before[k], target: 2 });
	const checked = await bench.call(rdv, 'POST', '/api/integrity');
	bench.say('and the look at it', { ms: checked.ms, claimed: full,
		findings: checked.findings.length,
		queue: await bench.metric(rdv, 'queue_waiting') });
	await bench.stop(rdv.child);
}
