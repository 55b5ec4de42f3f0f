// The helper's side: what a confined start costs, and what each guard does.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const STARTS = 50;
const SETTLE_MS = 2000;
const NOBODY = 65534;

// A directory that confined runs may have, with the program to start in it: the
// built one may lie in a home directory, which they may not.
function place(bench, name, id = process.getuid()) {
	const dir = path.join(bench.scratch, name);
	fs.mkdirSync(dir);
	fs.chownSync(dir, id, id === NOBODY ? id : process.getgid());
	fs.chmodSync(bench.scratch, 0o711);
	fs.copyFileSync(bench.tool('stamp'), path.join(dir, 'stamp'));
	return dir;
}

// bench/spawnload in rdvd's place prints its line and says that it is done.
async function asDaemon(bench, plan, id) {
	const own = id === process.getuid();
	const base = path.join(bench.scratch, `place${id}`);
	const programs = path.join(bench.scratch, `programs${id}`);
	fs.cpSync(bench.tool('place'), programs, { recursive: true });
	fs.mkdirSync(base, { mode: 0o700 });
	fs.writeFileSync(path.join(base, 'plan'), plan);
	if (!own)
		fs.chownSync(base, id, id);
	const child = spawn(path.join(programs, 'rdv-helper'), ['--base', base], {
		...own ? {} : { uid: id, gid: id },
		stdio: ['ignore', 'pipe', fs.openSync(path.join(bench.scratch,
			'place.log'), 'a')] });
	bench.started.push(child);
	let text = '';
	child.stdout.on('data', (d) => { text += d; });
	await once(child, 'close');
	if (!text.startsWith('{'))
		throw new Error('spawnload: ' + fs.readFileSync(path.join(
			bench.scratch, 'place.log'), 'utf8'));
	return JSON.parse(text);
}

const here = (us) => us === null ? 'missing' : us;
const ratio = (a, b) => a === null || b === null ? 'missing' : a / b;

async function spawningAs(bench, who, id) {
	const bwrap = spawnSync('sh', ['-c', 'command -v bwrap'],
		{ encoding: 'utf8' }).stdout.trim();
	const r = await asDaemon(bench, `${place(bench, `spawn${id}`, id)}\n` +
		`${STARTS}\n${bwrap}\n`, id);
	bench.say(`spawn as ${who}, request to exec`, { plain_us: r.plain,
		login_us: r.login, script_us: r.script,
		login_of_plain: ratio(r.login, r.plain),
		script_of_plain: ratio(r.script, r.plain), ops_kb: r.ops_kb,
		peer_kb: r.peer_kb });
	bench.say(`spawn as ${who}, own root and network`, {
		other_us: here(r.other), anew_us: here(r.anew),
		bwrap_us: here(r.bwrap), other_of_bwrap: ratio(r.other, r.bwrap),
		anew_of_bwrap: ratio(r.anew, r.bwrap), ready_us: here(r.agent),
		plain_us: r.rarer, ready_of_plain: ratio(r.agent, r.rarer) });
}

// Root's own runs have no namespaces.
export async function spawning(bench) {
	if (process.getuid() === 0) {
		await spawningAs(bench, 'root', 0);
		await spawningAs(bench, 'nobody', NOBODY);
	} else {
		await spawningAs(bench, 'this account', process.getuid());
	}
}

export function guards(bench) {
	const r = bench.measure('guards', [place(bench, 'guards')]);
	bench.say('fork and exec', { us: r.plain });
	delete r.plain;
	for (const [name, us] of Object.entries(r))
		bench.say(`  ${name}`, { more_us: here(us) });
}

export function handover(bench) {
	const r = bench.measure('handover', []);
	bench.say('descriptors handed over', { rdv_us: r.handover_us,
		byte_us: r.byte_us, times: r.handover_us / r.byte_us });
}

export function filter(bench) {
	const dir = path.join(bench.scratch, 'files');
	fs.mkdirSync(dir);
	const r = bench.measure('filtered', [dir]);
	bench.say('file calls under the filter', { with_ns: r.with_ns,
		without_ns: r.without_ns, times: r.with_ns / r.without_ns,
		of_one_instruction: r.with_ns / r.one_ns,
		instructions: r.instructions });
}

// [main], its children by the names they have given themselves, and no other.
function family(rdv) {
	const pids = { main: rdv.child.pid };
	const children = fs.readFileSync(
		`/proc/${rdv.child.pid}/task/${rdv.child.pid}/children`, 'utf8');
	for (const pid of children.trim().split(' '))
		pids[fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] = +pid;
	return pids;
}

// What a process has taken of the kernel, beside what of that it has used.
function taken(pid) {
	const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
	return +/VmData:\s+(\d+)/.exec(status)[1];
}

function sizes(bench, rdv) {
	const now = {};
	for (const [name, pid] of Object.entries(family(rdv)))
		now[name] = { kb: bench.usage(pid).rss, taken: taken(pid),
			fds: fs.readdirSync(`/proc/${pid}/fd`).length };
	return now;
}

// The last run may still be on its way out when its log has ended.
async function atRest(bench, rdv) {
	await delay(SETTLE_MS);
	return sizes(bench, rdv);
}

// One run after the other in one session; its log ends when it is over. The heap
// has its size by the 1,000th run, and has been used to its end by the 30,000th:
// until then a page of it is used for the first time now and then.
export async function runs(bench) {
	const rdv = await bench.rdvStart();
	let s = await bench.call(rdv, 'POST', '/api/sessions', { name: 'runs',
		io: 'pipes', command: ['/bin/true'] });
	const marks = [1000, 10000, 30000, 40000], at = {};
	for (let n = 1; ; n++) {
		await bench.call(rdv, 'GET', `/api/runs/${s.run.id}/log?follow=true`);
		if (marks.includes(n))
			at[n] = await atRest(bench, rdv);
		if (n === marks.at(-1))
			break;
		s = await bench.call(rdv, 'POST', `/api/sessions/${s.id}/resume`);
	}
	for (const name of Object.keys(at[marks[0]])) {
		const figures = {};
		for (const what of ['kb', 'taken', 'fds'])
			for (const n of marks)
				figures[`${what}_at_${n}`] = at[n][name][what];
		bench.say(`40,000 runs, ${name}`, figures);
	}
	await bench.stop(rdv.child);
}
