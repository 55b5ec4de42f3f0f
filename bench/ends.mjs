// From the request for a run to the event of its end at who follows, beside the
// same program forked, executed and waited for; and how long a stop takes.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const RUNS = 60, TURNS = 5, STOPS = 15, DEAF = 3;
const PROGRAM = ['/bin/bash', '-c', 'true'];

const sorted = (list) => [...list].sort((a, b) => a - b);
const median = (list) => sorted(list)[Math.floor(list.length / 2)];

// Who is told when a run has ended, by its id; the event may be first.
function follower(rdv) {
	const ended = new Map(), waits = new Map();
	let text = '';
	const req = http.get({ socketPath: rdv.sock, path: '/api/events', headers: {
		Host: 'localhost', Accept: 'text/event-stream',
		Authorization: `Bearer ${rdv.token}` } }, (res) => {
		res.setEncoding('utf8').on('error', () => {}).on('data', (d) => {
			text += d;
			const parts = text.split('\n\n');
			text = parts.pop();
			for (const p of parts.filter((e) => /^event: run\.ended$/m.test(e))) {
				const { subject } = JSON.parse(/^data: (.*)$/m.exec(p)[1]);
				ended.set(subject, performance.now());
				waits.get(subject)?.();
			}
		});
	});
	req.on('error', () => {});
	return { close: () => req.destroy(), end: async (id) => {
		if (!ended.has(id))
			await new Promise((resolve) => waits.set(id, resolve));
		return ended.get(id);
	} };
}

function place(bench) {
	const dir = path.join(bench.scratch, 'place');
	fs.mkdirSync(dir, { recursive: true });
	return dir;
}

const begin = (bench, rdv, command) => bench.call(rdv, 'POST', '/api/sessions',
	{ name: 'one', io: 'pipes', profile: 'script', command,
		project_path: place(bench) });

async function stops(bench, rdv, events, script, n) {
	const ms = [];
	for (let i = 0; i < n; i++) {
		const { run } = await begin(bench, rdv, ['/bin/bash', '-c', script]);
		while ((await bench.call(rdv, 'GET', `/api/runs/${run.id}`))
			.log_bytes === 0);
		const from = performance.now();
		await bench.call(rdv, 'POST', `/api/runs/${run.id}/stop`);
		ms.push(await events.end(run.id) - from);
	}
	return median(ms);
}

export async function ends(bench) {
	const rdv = await bench.rdvStart(), events = follower(rdv);
	const metric = (name) => bench.metric(rdv, name);
	const plain = [], whole = [];
	await new Promise((resolve) => setTimeout(resolve, 500));
	const us = await metric('database_fsync_us_total'),
		n = await metric('database_fsyncs_total');
	for (let t = 0; t < TURNS; t++) {
		plain.push(bench.measure('forked', [RUNS, ...PROGRAM]).p50_us / 1000);
		for (let i = 0; i < RUNS / TURNS; i++) {
			const from = performance.now();
			const { run } = await begin(bench, rdv, PROGRAM);
			whole.push(await events.end(run.id) - from);
		}
	}
	const syncs = await metric('database_fsyncs_total') - n;
	bench.say('a script, from request to event', { ms: median(whole),
		least_ms: Math.min(...whole), plain_ms: median(plain),
		of_plain: median(whole) / median(plain), target: 4,
		syncs: syncs / whole.length,
		sync_ms: (await metric('database_fsync_us_total') - us) / syncs / 1000 });
	bench.say('a stop, to its event', {
		obedient_ms: await stops(bench, rdv, events, 'echo; exec sleep 1000',
			STOPS), target_ms: 20,
		deaf_ms: await stops(bench, rdv, events,
			'trap "" TERM; echo; while :; do sleep 1000; done', DEAF) });
	events.close();
	await bench.stop(rdv.child);
}
