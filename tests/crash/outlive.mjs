// What terminals outlive: kill -9 of rdvd, of [ops] and of both, upgrades, and
// upgrades in which one of the new ones is killed, at random moments, while some flood, some are full-screen programs and some write what
// is meant to do harm. No byte is lost, doubled or foreign, nobody is left who
// should not be there, and every end is told as it was.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, build, fdCount, patience, test, waitFor, working } from
	'../harness/rdv.mjs';
import { Installed, upgrade } from '../harness/upgrade.mjs';
import { Viewer } from './viewer.mjs';

const rounds = Number(process.env.RDV_ROUNDS ?? 30);
const terminals = Number(process.env.RDV_TERMINALS ?? 8);
const BLOCK = 65536, BLOCKS = 8;
const program = path.join(build, 'tests/pattern');
// By turns; what is idle writes its first block and waits.
const kinds = [['plain', true], ['screen', true], ['plain', false],
	['hostile', true]];

const kill = (...names) => async (rdv) => names.map((n) => rdv[n])
	.forEach((pid) => process.kill(pid, 'SIGKILL'));

async function amid(rdv, name) {
	const old = rdv[name], over = upgrade(rdv);
	const next = await waitFor('the next one', () => rdv[name] &&
		rdv[name] !== old && rdv[name]);
	try {
		process.kill(next, 'SIGKILL');
	} catch (e) {
		assert.equal(e.code, 'ESRCH');
	}
	assert.match(await over, /^(upgraded|refused) /);
}

// Each ends with another rdvd, another [ops] or both.
const acts = {
	rdvd: kill('rdvd'),
	ops: kill('ops'),
	'rdvd, ops': kill('rdvd', 'ops'),
	'ops, rdvd': kill('ops', 'rdvd'),
	'upgrade rdvd, ops': async (rdv) => assert.match(await upgrade(rdv),
		new RegExp(`^upgraded .* terminals=${terminals}$`)),
	'upgrade rdvd, ops, kill rdvd': (rdv) => amid(rdv, 'rdvd'),
	'upgrade rdvd, ops, kill ops': (rdv) => amid(rdv, 'ops'),
};

async function release(v) {
	const start = v.offset;
	await waitFor('terminal open', () => v.open);
	v.send('g');
	await waitFor('it writes', () => v.offset > start || v.failed);
}

const sizeOf = (rdv, v) => fs.statSync(path.join(rdv.base, 'server/runs',
	`${v.session.run.id}.log`)).size;

async function settle(rdv, viewers) {
	const burst = BLOCKS * BLOCK;
	await waitFor('bursts complete', () => viewers.every((v) => v.failed ||
		((v.offset - BLOCK) % burst === 0 && v.offset === sizeOf(rdv, v))),
		60000);
	for (const v of viewers)
		assert.equal(v.failed, null);
}

async function round(rdv, viewers, random) {
	const names = Object.keys(acts);
	const name = names[Math.floor(random() * names.length)];
	const busy = viewers.filter((v) => v.busy);
	const old = await waitFor('all are there', () => rdv.rdvd && rdv.ops &&
		{ rdvd: rdv.rdvd, ops: rdv.ops });
	const from = fs.statSync(rdv.logPath).size;
	const drops = viewers.map((v) => v.drops);
	await Promise.all(busy.map(release));
	const target = busy[0].offset + Math.floor(random() * BLOCKS * BLOCK / 2);
	await waitFor('moment', () => busy[0].offset >= target ||
		busy[0].failed || (busy[0].offset - BLOCK) % (BLOCKS * BLOCK) === 0);
	if (name.startsWith('upgrade'))
		rdv.installed.next();
	await acts[name](rdv);
	for (const what of ['rdvd', 'ops'])
		if (name.includes(what))
			await waitFor(`a new ${what}`, () => rdv[what] &&
				rdv[what] !== old[what]);
	await rdv.settled(from);
	if (name.includes('rdvd'))
		await waitFor('all viewers back', () => viewers.every((v, i) =>
			v.open && v.drops > drops[i]));
	await settle(rdv, viewers);
	return name;
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

async function backAt(rdv, before) {
	let now;
	await waitFor('descriptors and memory are back', () => {
		now = state(rdv);
		return Object.keys(before).every((k) =>
			now[k].fds <= before[k].fds &&
			(patience(1) > 1 || now[k].kb <= before[k].kb + SPREAD_KB));
	}).catch((e) => {
		throw new Error(`${e.message}: ${JSON.stringify([before, now])}`);
	});
}

// Each ends with a status of its own, which is told.
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

await test(`P05 ${rounds} rounds of what ${terminals} terminals outlive`,
	async (t) => {
		const installed = new Installed(t);
		const rdv = await t.start({ helper: installed.helper });
		rdv.installed = installed;
		let seed = crypto.randomBytes(4).readUInt32BE();
		console.log(`     seed ${seed}`);
		const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) /
			2 ** 32;
		const viewers = [];
		t.after(() => viewers.forEach((v) => v.close()));
		for (let i = 0; i < terminals; i++) {
			const [kind, busy] = kinds[i % kinds.length];
			const s = await rdv.session(`t${i}`, [program, String(BLOCKS),
				kind, String(10 + i)]);
			viewers.push(Object.assign(new Viewer(rdv, s, kind), { busy }));
		}
		await waitFor('first blocks', () => viewers.every((v) =>
			v.offset >= BLOCK));
		const whole = () => waitFor('no ghost and no orphan', () =>
			working(rdv.main.pid).length === 3 + 2 * terminals);
		const done = {};
		let before;
		for (let i = 0; i < rounds; i++) {
			const name = await round(rdv, viewers, random);
			done[name] = (done[name] ?? 0) + 1;
			// All of them have been replaced once, and know all terminals.
			if (!before && done.ops && done.rdvd)
				before = state(rdv);
		}
		await whole();
		if (before)
			await backAt(rdv, before);
		await statuses(rdv, viewers);
		console.log(`     ${JSON.stringify(done)}`);
	}, 3600000);
