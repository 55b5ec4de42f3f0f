// A build that takes the place of another while many look at their terminals.
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { spawn } from 'node:child_process';

const TERMINALS = Number(process.env.RDV_TERMINALS ?? 500);
const ROUNDS = Number(process.env.RDV_ROUNDS ?? 7);
const OVER_MS = 60000;

const sorted = (v) => v.toSorted((a, b) => a - b);
const median = (v) => sorted(v)[Math.floor(v.length / 2)];

// rdv-helper takes the programs that stand beside it.
function installed(bench, name, from) {
	const dir = path.join(bench.scratch, name);
	fs.cpSync(from, dir, { recursive: true });
	return path.join(dir, 'rdv-helper');
}

// What a process has computed so far, in microseconds.
const cpu = (pid) => Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'utf8')
	.split(' ')[0]) / 1e3;

async function until(what, is) {
	for (const end = Date.now() + OVER_MS; ;) {
		const now = is();
		if (now)
			return now;
		if (Date.now() > end)
			throw new Error(`${what} does not come`);
		await new Promise((r) => setTimeout(r, 5));
	}
}

function children(pid) {
	const list = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
	const all = {};
	for (const p of list.trim().split(' ').filter(Boolean))
		all[fs.readFileSync(`/proc/${p}/comm`, 'utf8').trim()] = +p;
	return all;
}

async function upgrade(rdv) {
	const file = path.join(rdv.base, 'server/upgrade');
	fs.rmSync(file, { force: true });
	rdv.child.kill('SIGUSR2');
	const said = await until('the upgrade', () => fs.existsSync(file) &&
		fs.readFileSync(file, 'utf8').trim());
	if (!said.startsWith('upgraded'))
		throw new Error(said);
}

// All that are watched, and the other terminals of the same daemon.
async function handOver(bench, rdv, watched) {
	const headers = bench.endpoint(rdv, { id: '' }).split(':').at(-1);
	const viewers = spawn(bench.tool('pause'), [rdv.term, headers,
		...watched.map((s) => s.id)], { stdio: ['ignore', 'pipe',
		'inherit'] });
	bench.started.push(viewers);
	const over = once(viewers, 'close');
	let said = '';
	viewers.stdout.on('data', (d) => { said += d; });
	await until('all viewers', () => said.startsWith('ready'));
	await upgrade(rdv);
	await over;
	const now = children(rdv.child.pid);
	return { ...JSON.parse(said.slice('ready'.length)),
		rdvd_us: cpu(now.rdvd), ops_us: cpu(now['rdv-ops']) };
}

async function side(bench, name, from, n) {
	const rdv = await bench.rdvStart(bench.roomFor(`${name}${n}`, n + 1),
		installed(bench, `${name}${n}-bin`, from));
	const sessions = [];
	for (let i = 0; i < n; i++)
		sessions.push(await bench.session(rdv, `s${i}`,
			[bench.tool('flood'), '1']));
	return { rdv, sessions, rounds: [] };
}

function say(bench, name, s, watched) {
	const of = (what) => median(s.rounds.map((r) => r[what]));
	const last = s.rounds.map((r) => r.last_ms);
	bench.say(`upgrade, ${name}, ${s.sessions.length}/${watched}`, {
		first_ms: of('first_ms'), median_ms: of('median_ms'),
		last_ms: of('last_ms'),
		each: `${sorted(last)[0]}..${sorted(last).at(-1)}`,
		refused: of('refused'), rdvd_us: of('rdvd_us'),
		ops_us: of('ops_us') });
}

// Of a build and of another one by turns: OLD=its bin directory.
export async function upgrades(bench) {
	const from = { new: path.join(bench.build, 'bin') };
	if (process.env.OLD)
		from.old = process.env.OLD;
	for (const n of [1, TERMINALS]) {
		const sides = {};
		for (const [name, dir] of Object.entries(from))
			sides[name] = await side(bench, name, dir, n);
		for (const watched of n === 1 ? [1] : [1, n]) {
			for (let i = 0; i < ROUNDS; i++) {
				const all = Object.values(sides);
				for (const s of i % 2 === 0 ? all : all.reverse())
					s.rounds.push(await handOver(bench, s.rdv,
						s.sessions.slice(-watched)));
			}
			for (const [name, s] of Object.entries(sides)) {
				say(bench, name, s, watched);
				s.rounds = [];
			}
		}
		for (const s of Object.values(sides))
			await bench.stop(s.rdv.child);
	}
}
