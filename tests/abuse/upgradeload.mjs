// P01 with a hundred terminals that all write while rdv becomes the next build.
// Every byte is known from its offset, and a viewer that was cut off asks for
// the byte that it wants next, so one that is lost or comes twice is seen by
// who watches and in the log.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { build, test, waitFor } from '../harness/rdv.mjs';
import { Viewer, expected } from '../crash/viewer.mjs';
import { options } from './lib.mjs';
import { Installed, upgrade } from '../harness/upgrade.mjs';

const TERMINALS = 100, BLOCK = 65536, BLOCKS = 12;
const END = BLOCK + BLOCKS * BLOCK;
const LOAD_MS = 120000; // all that is written, on a busy machine

const room = `${options.config}[terminal]\nmax_sessions = ${TERMINALS}\n` +
	`max_viewers = ${TERMINALS}\n[server]\nmax_connections_per_peer = 500\n`;

const logOf = (rdv, s) => fs.readFileSync(path.join(rdv.base, 'server/runs',
	`${s.run.id}.log`));

async function watched(rdv) {
	const program = path.join(build, 'tests/pattern');
	const all = await Promise.all(Array.from({ length: TERMINALS }, (_, i) =>
		rdv.session(`load${i}`, [program, String(BLOCKS)])));
	const viewers = all.map((s) => new Viewer(rdv, s));
	await waitFor('all wait for a word', () => viewers.every((v) => v.open &&
		v.offset === BLOCK), LOAD_MS);
	return { all, viewers };
}

// Where each of them stood when it was cut off.
function cuts(viewers) {
	const at = [];
	for (const [i, v] of viewers.entries())
		v.ws.once('close', () => { at[i] = v.offset; });
	return at;
}

await test('P01 100 terminals write during an upgrade, each byte comes once',
	async (t) => {
		const installed = new Installed(t);
		const rdv = await t.start({ ...options, config: room,
			helper: installed.helper });
		const { all, viewers } = await watched(rdv);
		t.after(() => viewers.forEach((v) => v.close()));
		const cut = cuts(viewers);
		viewers.forEach((v) => v.send('g'));
		await waitFor('all of them write', () => viewers.every((v) =>
			v.offset > BLOCK), LOAD_MS);
		installed.next();
		assert.match(await upgrade(rdv), new RegExp(`^upgraded .*${
			installed.build} terminals=${TERMINALS}$`));
		await waitFor('all has come', () => viewers.every((v) => v.failed ||
			v.offset >= END), LOAD_MS);
		assert.deepEqual(viewers.map((v) => v.failed).filter(Boolean), []);
		assert.ok(viewers.every((v) => v.offset === END && v.drops > 0));
		// Control: most were cut off in the middle.
		const amid = cut.filter((at) => at > BLOCK && at < END).length;
		assert.ok(amid > TERMINALS / 2, `${amid} cut off in the middle`);
		const whole = expected(0, END);
		for (const s of all)
			assert.ok(logOf(rdv, s).equals(whole), `the log of ${s.name}`);
		// Each is the same program still: its end is its own.
		viewers.at(-1).send('x');
		await waitFor('it ends', async () => (await rdv.call('GET',
			`/api/runs/${all.at(-1).run.id}`)).exit_code === 0);
	});
