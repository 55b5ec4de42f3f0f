// How large a terminal is, who says so, and what is known of it afterwards.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';

const open = async (rdv, s, query = '') => {
	const t = await Terminal.open(rdv, s.id, { query });
	return { t, ready: await t.message('ready') };
};
const size = ({ cols, rows }) => `${cols}x${rows}`;
const runOf = (rdv, s) => waitFor('run ends', async () => {
	const { run } = await rdv.call('GET', `/api/sessions/${s.id}`);
	return !['starting', 'running'].includes(run.state) && run;
});

await test('an ended run is shown in its last size, after a restart too',
	async (tt) => {
		const rdv = await tt.start();
		const s = await rdv.session('sized', ['/bin/cat']);
		const { t, ready } = await open(rdv, s, 'cols=132&rows=43');
		assert.equal(size(ready), '132x43');
		t.type('\u0004');
		await t.message('exit');
		for (let round = 0; round < 2; round++) {
			const again = await open(rdv, s, 'cols=80&rows=24');
			assert.equal(size(again.ready), '132x43');
			assert.equal(again.ready.size_owner, false);
			await again.t.message('exit');
			assert.equal(size((await runOf(rdv, s))), '132x43');
			await rdv.again();
		}
	});

await test('a run that nobody saw end keeps the size it was given last',
	async (tt) => {
		const base = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-sizes-'));
		tt.after(() => fs.rmSync(base, { recursive: true, force: true }));
		const first = await tt.start({ base });
		const s = await first.session('lost', ['/bin/cat']);
		const { t } = await open(first, s, 'cols=100&rows=30');
		t.send({ type: 'resize', cols: 121, rows: 37 });
		await t.message('size', (m) => m.cols === 121);
		// An answer means that what was written before is durable: first the
		// record of the size before this one, then the one that waited for it.
		for (const name of ['x', 'y'])
			await first.call('PATCH', `/api/sessions/${s.id}`, { name });
		await first.vanish();
		const second = await tt.start({ base });
		assert.equal((await runOf(second, s)).state, 'lost');
		const again = await open(second, s);
		assert.equal(size(again.ready), '121x37');
		await again.t.message('exit', (m) => m.state === 'lost');
	});

await test('the size goes to the newest who stays', async (tt) => {
	const rdv = await tt.start();
	const s = await rdv.session('shared', ['/bin/sh', '-c',
		'trap "stty size" WINCH; echo up; while :; do read x; done']);
	const small = await open(rdv, s, 'cols=80&rows=24');
	const big = await open(rdv, s, 'cols=140&rows=50');
	await small.t.message('size', (m) => size(m) === '140x50' && !m.owner);
	const looker = await open(rdv, s, 'cols=200&rows=60&read_only=true');
	assert.equal(size(looker.ready), '140x50');
	// One that comes back states its size and leaves the terminal alone.
	const back = await open(rdv, s, 'cols=90&rows=28&keep_size=true');
	assert.equal(size(back.ready), '140x50');
	assert.equal(back.ready.size_owner, false);
	await big.t.close();
	await back.t.message('size', (m) => size(m) === '90x28' && m.owner);
	await back.t.shows('28 90');
	await back.t.close();
	await small.t.message('size', (m) => size(m) === '80x24' && m.owner);
	await looker.t.message('size', (m) => size(m) === '80x24' && !m.owner);
	// The last one leaves: nobody owns it, and it stays as it is.
	await small.t.close();
	const last = await open(rdv, s);
	assert.equal(size(last.ready), '80x24');
	assert.equal(last.ready.size_owner, false);
	await looker.t.close();
	await last.t.close();
});
