// What a stop leaves in the rows: all of rdv, rdvd alone, and none that anybody
// saw coming.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { bare, bin, test, waitFor } from '../harness/rdv.mjs';

const run = async (rdv, s) => (await rdv.call('GET', `/api/sessions/${s.id}`))
	.run;
const log = async (rdv, s) => (await rdv.request('GET',
	`/api/runs/${s.run.id}/log`)).raw.toString();

async function end(rdv) {
	rdv.track();
	const gone = once(rdv.main, 'exit');
	rdv.main.kill('SIGTERM');
	await gone;
	await waitFor('all of it ends', () => rdv.alive().length === 0);
}

await test('a stop of rdv ends what runs, and the runs say so', async (t) => {
	const rdv = await t.start();
	const term = await rdv.session('term', ['/bin/sh', '-c',
		'trap "echo bye; exit 3" HUP; echo up; while :; do sleep 1; done']);
	const deaf = await rdv.session('deaf', ['/bin/sh', '-c',
		'trap "" HUP TERM; echo up; while :; do sleep 1; done']);
	const pipes = await rdv.session('pipes', ['/bin/sleep', '1000'],
		{ profile: 'script', io: 'pipes', project_path: rdv.home });
	for (const s of [term, deaf])
		await waitFor('it is up', async () => /up/.test(await log(rdv, s)));
	/* rdvd alone: nothing ends. */
	await rdv.again('SIGTERM');
	for (const s of [term, deaf, pipes])
		assert.equal((await run(rdv, s)).state, 'running');
	await end(rdv);
	await rdv.up();
	for (const s of [term, deaf, pipes]) {
		const r = await run(rdv, s);
		assert.equal(r.state, 'killed');
		assert.match(r.cause, /^rdv was stopped/);
		assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`))
			.status, 'active');
	}
	/* How, and what was said last, was seen. */
	assert.equal((await run(rdv, term)).exit_code, 3);
	assert.match(await log(rdv, term), /bye/);
	assert.equal((await run(rdv, deaf)).signal, 9);
	assert.equal((await run(rdv, pipes)).signal, 15);
});

await test('nobody saw a rdv end that was killed', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('cat', ['/bin/cat']);
	await rdv.vanish();
	await rdv.up();
	const r = await run(rdv, s);
	assert.equal(r.state, 'lost');
	assert.match(r.cause, /exit status unknown/);
});

// As after a reboot: nothing runs, and the kernel has another id for itself.
await test('after a reboot a session says so and starts the same again',
	async (t) => {
		const rdv = await t.start();
		const dir = path.join(rdv.home, 'work');
		fs.mkdirSync(dir);
		const s = await rdv.session('same', ['/bin/sh', '-c',
			'echo "$PWD $WORD"; exec cat'], { project_path: dir,
			environment: { WORD: 'again' } });
		const said = async (id) => String((await rdv.request('GET',
			`/api/runs/${id}/log`)).raw).trim();
		await waitFor('it runs', async () =>
			await said(s.run.id) === `${dir} again`);
		await rdv.vanish();
		const file = path.join(rdv.base, 'server/boot-id');
		assert.equal(fs.readFileSync(file, 'utf8'), fs.readFileSync(
			'/proc/sys/kernel/random/boot_id', 'utf8'), 'control');
		fs.writeFileSync(file, '00000000-0000-4000-8000-000000000000\n');
		await rdv.up();
		const r = await run(rdv, s);
		assert.deepEqual([r.state, r.exit_code], ['lost', null]);
		assert.match(r.cause, /^reboot: the host was restarted/);
		const shown = spawnSync(bin('rdv'), ['show', 'same'], { encoding:
			'utf8', env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base } });
		assert.match(shown.stdout, /the host was restarted.*resume starts/);
		const next = await rdv.call('POST', `/api/sessions/${s.id}/resume`);
		const id = next?.run?.id ?? (await rdv.call('GET',
			`/api/sessions/${s.id}`)).run.id;
		assert.notEqual(id, s.run.id);
		await waitFor('the same again', async () =>
			await said(id) === `${dir} again`);
		// The next rdvd does not say it once more.
		await rdv.again();
		assert.equal((await rdv.call('GET', `/api/runs/${id}`)).state,
			'running');
	});
