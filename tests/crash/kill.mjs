// kill -9 of rdvd at random moments, again and again, while half of eight
// terminals flood. Every byte of every terminal is known from its offset, so a
// lost, doubled or foreign byte fails at once, in the client and in the log.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, build, fdCount, test, waitFor, working } from
	'../harness/rdv.mjs';
import { audited } from './audited.mjs';
import { Viewer, expected } from './viewer.mjs';

const rounds = Number(process.env.RDV_ROUNDS ?? 200);
const FLOODS = 4, IDLE = 4, BLOCK = 65536;
const BLOCKS = 16; // of 64 KiB for each flood in each round
const program = path.join(build, 'tests/pattern');

// Input typed while rdvd is away is not acknowledged and may be lost, so the
// release is repeated until the flood has begun; a burst more is no matter.
async function release(v) {
	const start = v.offset;
	await waitFor('terminal open', () => v.open);
	v.send('g');
	await waitFor('flood begins', () => v.offset > start || v.failed);
	return start;
}

const sizeOf = (rdv, s) =>
	fs.statSync(path.join(rdv.base, 'server/runs', `${s.run.id}.log`)).size;

async function killRound(rdv, viewers, random) {
	const old = await waitFor('rdvd', () => rdv.rdvd);
	const drops = viewers.map((v) => v.drops);
	const from = await Promise.all(viewers.slice(0, FLOODS).map(release));
	// A random moment of the flood, counted in bytes and not in time.
	const target = from[0] + Math.floor(random() * BLOCKS * BLOCK);
	await waitFor('moment', () => viewers[0].offset >= target ||
		viewers[0].failed);
	process.kill(old, 'SIGKILL');
	const killed = Date.now();
	await waitFor('a new rdvd', () => rdv.rdvd && rdv.rdvd !== old);
	// Open once more, not open still: the end is seen later than the death.
	await waitFor('all viewers back', () => viewers.every((v, i) =>
		v.open && v.drops > drops[i]));
	return Date.now() - killed;
}

// All floods of the round have arrived when every terminal stands at the end
// of a burst and the log agrees.
async function settle(rdv, sessions, viewers) {
	const burst = BLOCKS * BLOCK;
	await waitFor('bursts complete', () => viewers.every((v, i) =>
		v.failed || ((v.offset - BLOCK) % burst === 0 &&
			v.offset === sizeOf(rdv, sessions[i]))), 60000);
	for (const v of viewers)
		assert.equal(v.failed, null);
}

// The index went on after each kill: all bytes are in the recording, none is
// older than the one before, and the last round has a time of its own.
async function recordingIsWhole(rdv, session, lastRound) {
	const { raw } = await rdv.request('GET',
		`/api/runs/${session.run.id}/cast`);
	let at = raw.indexOf('\n'), offset = 0, before = 0;
	const { timestamp } = JSON.parse(raw.subarray(0, at));
	while (at + 1 < raw.length) {
		const next = raw.indexOf('\n', at + 1);
		const [t, code, data] = JSON.parse(raw.subarray(at + 1, next));
		at = next;
		assert.ok(t >= before, `${t} after ${before}`);
		before = t;
		if (code !== 'o')
			continue;
		assert.ok(expected(offset, data.length).equals(Buffer.from(data)),
			`recorded at ${offset}`);
		offset += data.length;
	}
	assert.equal(offset, sizeOf(rdv, session));
	assert.ok((timestamp + before) * 1000 >= lastRound - 2000, 'its times');
}

// What each rdvd asked for stands in one chain, and nothing is missing in it.
function auditIsWhole(rdv, starts) {
	const records = audited(rdv);
	assert.equal(records.filter((r) => r.act === 'spawn' &&
		r.phase === 'after').length, starts);
	assert.equal(records.filter((r) => r.act === 'end' &&
		r.process === 'rdvd' && r.status === 9).length, rounds);
}

await test(`${rounds} rounds of kill -9 with live terminals (H18)`, async () => {
	const rdv = await Rdv.start();
	const sessions = [], viewers = [];
	let seed = crypto.randomBytes(4).readUInt32BE();
	console.log(`     seed ${seed}`);
	const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
	try {
		for (let i = 0; i < FLOODS + IDLE; i++)
			sessions.push(await rdv.session(`t${i}`, [program,
				String(BLOCKS)]));
		for (const s of sessions)
			viewers.push(new Viewer(rdv, s));
		await waitFor('first block', () => viewers.every((v) =>
			v.offset === BLOCK));
		// The three, and for each session its program with a reaper. A spare
		// run is one of them for a moment, before it has its name.
		const whole = () => waitFor('no ghost and no orphan', () =>
			working(rdv.main.pid).length === 3 + 2 * sessions.length);
		await whole();
		const baseline = { ops: fdCount(rdv.ops), main: fdCount(rdv.main.pid) };
		const gaps = [];
		let rdvdFds = 0, lastRound;
		for (let i = 0; i < rounds; i++) {
			lastRound = Date.now();
			gaps.push(await killRound(rdv, viewers, random));
			await settle(rdv, sessions, viewers);
			rdvdFds ||= fdCount(rdv.rdvd);
		}
		// The idle four still answer, by their first byte since the start.
		for (const v of viewers.slice(FLOODS))
			await release(v);
		await settle(rdv, sessions, viewers);
		await whole();
		// Fewer in [ops] where a spare run was there in the beginning; what is
		// missing in [main] is a socket that it lost.
		await waitFor('descriptors of [ops]', () =>
			fdCount(rdv.ops) <= baseline.ops);
		await waitFor('descriptors of [main]', () =>
			fdCount(rdv.main.pid) === baseline.main);
		await waitFor('descriptors of rdvd', () => fdCount(rdv.rdvd) <= rdvdFds);
		for (const s of sessions) {
			const now = await rdv.call('GET', `/api/sessions/${s.id}`);
			assert.equal(now.run.state, 'running');
			assert.equal(now.run.id, s.run.id, 'the same run');
		}
		await recordingIsWhole(rdv, sessions[0], lastRound);
		auditIsWhole(rdv, FLOODS + IDLE);
		gaps.sort((a, b) => a - b);
		console.log(`     back after ${gaps[gaps.length >> 1]} ms (median), ` +
			`${gaps.at(-1)} ms (worst)`);
	} finally {
		for (const v of viewers)
			v.close();
		assert.equal(await rdv.stop(), 0);
	}
}, 3600000);
