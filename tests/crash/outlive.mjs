// What terminals outlive: what acts.mjs has, at random moments, while a quarter
// of them flood, a quarter are full-screen programs, a quarter write what is
// meant to do harm and a quarter are idle. No byte is lost, doubled or foreign,
// nobody is left who should not be there, and every end is told as it was.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build, fdCount, patience, test, waitFor, working } from
	'../harness/rdv.mjs';
import { Installed } from '../harness/upgrade.mjs';
import { newTerm, write } from '../screen/xterm.mjs';
import { acts } from './acts.mjs';
import { audited } from './audited.mjs';
import { Mayflies } from './mayfly.mjs';
import { Viewer, expected } from './viewer.mjs';

const rounds = Number(process.env.RDV_ROUNDS ?? 30);
const few = Number(process.env.RDV_TERMINALS ?? 8);
const many = patience(1) > 1 ? 20 : 100;
const BLOCK = 65536;
const program = path.join(build, 'tests/pattern');
// By turns: what it writes, and how many blocks in each round.
const kinds = [['plain', 8], ['screen', 2], ['plain', 0], ['hostile', 2]];

const sizeOf = (rdv, v) => fs.statSync(path.join(rdv.base, 'server/runs',
	`${v.session.run.id}.log`)).size;

class Watch {
	constructor(rdv, seed, terminals) {
		Object.assign(this, { rdv, seed, terminals, viewers: [], did: {},
			started: {}, mayflies: new Mayflies(rdv) });
		rdv.terminals = terminals;
	}

	static async start(t, terminals) {
		const installed = new Installed(t);
		const rdv = await t.start({ helper: installed.helper });
		rdv.installed = installed;
		const seed = Number(process.env.RDV_SEED ??
			crypto.randomBytes(4).readUInt32BE());
		console.log(`     seed ${seed}`);
		const watch = new Watch(rdv, seed, terminals);
		t.after(() => watch.viewers.forEach((v) => v.close()));
		await watch.open();
		return watch;
	}

	// The generator of Numerical Recipes: the same moments for a seed.
	random = () => (this.seed = (Math.imul(this.seed, 1664525) +
		1013904223) >>> 0) / 2 ** 32;

	of(list) {
		return list[Math.floor(this.random() * list.length)];
	}

	// Each of them once, in some order, and then again: few rounds have all, too.
	// The first replaces everybody, after which all is as it will be.
	next() {
		this.deck ??= ['upgrade'];
		if (this.deck.length === 0)
			this.deck = Object.keys(acts);
		return this.deck.splice(Math.floor(this.random() *
			this.deck.length), 1)[0];
	}

	async open() {
		for (let i = 0; i < this.terminals; i++) {
			const [kind, blocks] = kinds[i % kinds.length];
			const s = await this.rdv.session(`t${i}`, [program,
				String(blocks || 1), kind, String(10 + i)]);
			this.viewers.push(Object.assign(new Viewer(this.rdv, s, kind),
				{ burst: blocks * BLOCK }));
		}
		this.busy = this.viewers.filter((v) => v.burst > 0);
		await waitFor('first blocks', () => this.viewers.every((v) =>
			v.offset === BLOCK));
		this.kids = new Set(working(this.rdv.main.pid).map((p) => p.pid));
	}

	// All write, and one of them has come so far.
	async moment() {
		const one = this.of(this.busy);
		const target = one.offset + Math.floor(this.random() * one.burst / 2);
		await waitFor('terminals open', () => this.viewers.every((v) => v.open));
		this.busy.forEach((v) => v.send('g'));
		await waitFor('moment', () => one.offset >= target || one.failed);
	}

	// In the middle of it a program ends and one begins.
	async amid(name) {
		const { mayflies, random } = this;
		const later = async (ms, fn) => { await pause(ms); fn(); };
		const [, , others] = await Promise.all([
			later(random() * 60, () => mayflies.end()),
			later(random() * 30, () => mayflies.begin()),
			later(random() * 30, () => {}).then(() =>
				acts[name](this.rdv, random))]);
		return others;
	}

	async round(name = this.next()) {
		const { rdv, viewers } = this;
		this.doing = name;
		const old = await waitFor('all are there', () => rdv.rdvd && rdv.ops &&
			{ rdvd: rdv.rdvd, ops: rdv.ops });
		await this.mayflies.start(this.random);
		const from = fs.statSync(rdv.logPath).size;
		const drops = viewers.map((v) => v.drops);
		await this.moment();
		const others = await this.amid(name);
		for (const what of others)
			await waitFor(`a new ${what}`, () => rdv[what] &&
				rdv[what] !== old[what]);
		if (others.length > 0)
			await rdv.settled(from);
		await waitFor('all viewers back', () => viewers.every((v, i) =>
			v.open && (!others.includes('rdvd') || v.drops > drops[i])));
		await this.settle();
		this.did[name] = (this.did[name] ?? 0) + 1;
	}

	// All that they wrote has come, and only they are there.
	async settle() {
		await waitFor('bursts complete', () => this.viewers.every((v) =>
			v.failed || ((v.offset - BLOCK) % (v.burst || BLOCK) === 0 &&
				v.offset === sizeOf(this.rdv, v))), 60000);
		for (const v of this.viewers)
			assert.equal(v.failed, null);
		await this.mayflies.told();
		const how = await this.mayflies.truth();
		this.started[how] = (this.started[how] ?? 0) + 1;
		await this.alone();
		await this.screen();
	}

	// No orphan: the three, and of each terminal the program and its reaper, who
	// are the same as ever. No ghost: whom rdvd has are those that run.
	async alone() {
		const { rdv, viewers, terminals } = this;
		await waitFor('no orphan', () => working(rdv.main.pid).length ===
			3 + 2 * terminals).catch((e) => {
			throw new Error(`${e.message}: ${working(rdv.main.pid).filter(
				(p) => !this.kids.has(p.pid)).map((p) => `${p.name} ${p.pid}`)}`);
		});
		const stay = working(rdv.main.pid).filter((p) => this.kids.has(p.pid));
		assert.ok(stay.length >= 2 * terminals, 'the same processes');
		const { unknown } = this.mayflies;
		const sessions = (await rdv.call('GET', '/api/sessions'))
			.filter((s) => !unknown.has(s.id));
		assert.deepEqual(sessions.map((s) => [s.id, s.run.id, s.run.state])
			.sort(), viewers.map(({ session: s }) => [s.id, s.run.id,
			'running']).sort());
	}

	// What a full-screen program shows now is what its bytes make.
	async screen() {
		const v = this.of(this.viewers.filter((w) => w.kind === 'screen'));
		const now = await this.rdv.call('GET',
			`/api/sessions/${v.session.id}/screen`);
		assert.equal(now.offset, v.offset);
		const term = newTerm(80, 24);
		// Each turn of its lines begins by emptying the screen.
		await write(term, expected(v.offset - BLOCK, BLOCK, v.kind));
		const buffer = term.buffer.active;
		const lines = Array.from({ length: 24 }, (_, y) =>
			buffer.getLine(y).translateToString(true));
		assert.deepEqual(now.content.split('\n').slice(0, 24), lines);
		assert.deepEqual([now.alternate, now.cursor.x, now.cursor.y],
			[true, buffer.cursorX, buffer.cursorY]);
		term.dispose();
	}
}

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(
	`/proc/${pid}/status`, 'utf8'))[1]);

// Two starts of the same program differ by that much.
const SPREAD_KB = 2048;

// What each of the three has; descriptors are null where they cannot be had.
function state(rdv) {
	const pids = { main: rdv.main.pid, ops: rdv.ops, rdvd: rdv.rdvd };
	return Object.fromEntries(Object.entries(pids).map(([name, pid]) =>
		[name, { fds: fdCount(pid), kb: rss(pid) }]));
}

// The same of an rdvd that has done nothing yet but find what runs: what one has
// had of memory, it keeps for a while.
async function atRest({ rdv, viewers }) {
	const drops = viewers.map((v) => v.drops);
	await rdv.again();
	await waitFor('all viewers back', () => viewers.every((v, i) =>
		v.open && v.drops > drops[i]));
	return state(rdv);
}

async function backAt(watch, before) {
	const { rdv } = watch;
	let now = await atRest(watch);
	await waitFor('descriptors and memory are back', () => {
		now = state(rdv);
		return Object.keys(before).every((k) =>
			now[k].fds <= before[k].fds &&
			(patience(1) > 1 || now[k].kb <= before[k].kb + SPREAD_KB));
	}).catch((e) => {
		throw new Error(`${e.message}: ${JSON.stringify([before, now])}`);
	});
	return now;
}

// Each ends with a status of its own, which is told, the idle ones too.
async function statuses(rdv, viewers) {
	for (const [i, v] of viewers.entries()) {
		await waitFor('terminal open', () => v.open);
		v.send('x');
		const end = await waitFor('its end', async () => {
			const run = await rdv.call('GET', `/api/runs/${v.session.run.id}`);
			return run.state !== 'running' && run;
		});
		assert.deepEqual([end.state, end.exit_code], ['failed', 10 + i]);
		v.close();
	}
}

// Every byte that stands in a log; how many.
async function logIsWhole(rdv, v) {
	const file = path.join(rdv.base, 'server/runs', `${v.session.run.id}.log`);
	let at = 0;
	const stream = fs.createReadStream(file, { highWaterMark: 1 << 20 });
	stream.on('data', (data) => {
		assert.ok(data.equals(expected(at, data.length, v.kind)),
			`the log of ${v.session.name} from ${at} on`);
		at += data.length;
	});
	await once(stream, 'end');
	assert.equal(at, v.offset);
	return at;
}

// Nothing was done without a record, and each upgrade has its end there.
function recorded(rdv, did) {
	const records = audited(rdv);
	const count = (act, phase) => records.filter((r) => r.act === act &&
		r.phase === phase).length;
	const upgrades = Object.keys(did).filter((k) => k.startsWith('upgrade'))
		.reduce((n, k) => n + did[k], 0);
	assert.equal(count('upgrade', 'before'), upgrades);
	assert.equal(count('upgrade', 'after'), upgrades);
	assert.ok(count('spawn', 'after') >= few + rounds);
}

// A line each hundred rounds, for who waits for a thousand.
function progress({ rdv, busy }, n) {
	if (n % 100 === 0)
		console.log(`     ${n} rounds, ${busy.reduce((sum, v) =>
			sum + v.offset, 0)} bytes, ${JSON.stringify(state(rdv))}`);
}

async function finish(watch, before) {
	const { rdv, viewers } = watch;
	await watch.mayflies.known();
	await watch.alone();
	const now = await backAt(watch, before);
	await statuses(rdv, viewers);
	recorded(rdv, watch.did);
	let bytes = 0;
	for (const v of viewers)
		bytes += await logIsWhole(rdv, v);
	console.log(`     ${JSON.stringify(watch.did)}\n` +
		`     asked for amid it: ${JSON.stringify(watch.started)}\n` +
		`     not on record in time, and asked for again: ${
			watch.mayflies.refused}\n` +
		`     ${bytes} bytes, compared as they came and in the logs\n` +
		`     at first ${JSON.stringify(before)}\n` +
		`     at last  ${JSON.stringify(now)}`);
}

await test(`P05 ${rounds} rounds of what ${few} terminals outlive`,
	async (t) => {
		const watch = await Watch.start(t, few);
		let before;
		for (let n = 1; n <= rounds; n++) {
			await watch.round().catch((e) => {
				console.log(`     in round ${n}: ${watch.doing}`);
				throw e;
			});
			before ??= await atRest(watch);
			progress(watch, n);
		}
		await finish(watch, before);
	}, 600000 + rounds * 20000);

await test(`P01 upgrades with ${many} terminals that write`, async (t) => {
	const watch = await Watch.start(t, many);
	for (let n = 0; n < 2; n++)
		await watch.round('upgrade');
	for (const v of watch.viewers)
		await logIsWhole(watch.rdv, v);
});
