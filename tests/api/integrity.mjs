// What is wrong on record is found, named and counted, and stays as it is until
// somebody has mended it. Each check by itself is in
// tests/unit/store/test_integrity.c; here is the way from a row to a person.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bare, bin, test, waitFor } from '../harness/rdv.mjs';
import { Agents } from '../harness/agent.mjs';

const a = await Agents.start(), { rdv } = a;
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(rdv.base, 'server/rdv.db'), text], { encoding: 'utf8' });
const cli = (...args) => spawnSync(bin('rdv'), args, { cwd: rdv.home,
	encoding: 'utf8', timeout: 60000, env: { ...bare, HOME: rdv.home,
		RDV_HOME: rdv.base } });
const look = () => a.call('POST', '/api/integrity');
const health = () => a.call('GET', '/health', undefined, { token: null });
async function gauge(name) {
	const { raw } = await a.request('GET', '/metrics');
	return Number(new RegExp(`^rdv_${name} (-?\\d+)$`, 'm').exec(raw)[1]);
}
const named = (r) => r.findings.map((f) => `${f.check} ${f.id}`);

await test('rdvd looks when it has started, and finds nothing', async () => {
	await waitFor('the first look', async () =>
		(await a.call('GET', '/api/integrity')).checked_at > 0);
	const r = await a.call('GET', '/api/integrity');
	assert.deepEqual([r.findings, r.more], [[], false]);
	assert.equal((await health()).components.integrity, true);
	assert.match(fs.readFileSync(rdv.logPath, 'utf8'),
		/looked pages=\d+ ms=\d+ found=0/);
});

await test('a row that is wrong is named everywhere, and stays', async () => {
	const c = await a.fresh(), gate = a.gate();
	const t = await a.over(await a.begin(c, 'write a 1\nsay done'));
	const at = await a.begin(c, `wait ${gate}\nsay later`);
	await a.reached(at, 'agent', 'running');
	await a.ask(c, 'say queued', { queue: true });
	assert.deepEqual(named(await look()), []);
	const { id } = a.link(t, 'agent').repos === undefined ? t :
		{ id: a.link(t, 'agent').run_id };
	const was = sql(`SELECT ended_at FROM run WHERE id = '${id}'`).trim();
	sql(`UPDATE run SET ended_at = NULL WHERE id = '${id}'`);

	const no = cli('check');
	assert.equal(no.status, 1, no.stderr);
	assert.match(no.stdout, new RegExp(`^run-end +run +${id} +its state`, 'm'));
	assert.deepEqual(named(await a.call('GET', '/api/integrity')),
		[`run-end ${id}`]);
	assert.equal(await gauge('integrity_findings'), 1);
	const { status, components } = await health();
	assert.deepEqual([status, components.integrity], ['degraded', false]);
	const row = () => JSON.parse(cli('doctor', '--json').stdout).checks
		.find((r) => r.name === 'integrity');
	assert.equal(row().state, 'failed');
	assert.match(row().detail, new RegExp(`^run ${id}: its state and how`));
	assert.match(fs.readFileSync(rdv.logPath, 'utf8'),
		new RegExp(`run-end: ${id} of run: its state and how`));
	assert.equal(sql(`SELECT ended_at FROM run WHERE id = '${id}'`).trim(), '');

	sql(`UPDATE run SET ended_at = ${was} WHERE id = '${id}'`);
	const yes = cli('check');
	assert.equal(yes.status, 0, yes.stdout);
	assert.match(yes.stdout + yes.stderr, /nothing is wrong/);
	assert.equal((await health()).components.integrity, true);
	assert.equal(row().state, 'ok');
	assert.equal(await gauge('integrity_findings'), 0);
	assert.equal(await gauge('queue_waiting'), 1);
	assert.equal(await gauge('runs_stuck'), 0);
	assert.equal(await gauge('retries_waiting'), 0);
	sql('UPDATE queued SET created_at = created_at - 90000');
	const age = await gauge('queue_age_seconds');
	assert.ok(age >= 90 && age < 300, String(age));
	Agents.open(gate);
	await waitFor('the queue', async () => (await gauge('queue_waiting')) === 0);
	assert.equal(await gauge('queue_age_seconds'), 0);
});

await test('a run on record that rdvd does not have', async () => {
	const s = await rdv.session('held', ['/bin/cat']);
	sql(`INSERT INTO run (id, user_id, reason, io, state, profile, created_at)
		SELECT 'ghost', user_id, 'script', 'pipes', 'running', profile, 1
		FROM run WHERE id = '${s.run.id}'`);
	assert.deepEqual(named(await look()), ['run-unknown ghost']);
	sql("DELETE FROM run WHERE id = 'ghost'");
	assert.deepEqual(named(await look()), []);
});

await test('what was on its way is looked at again before it is told',
	async () => {
		const s = await rdv.session('again', ['/bin/true']);
		await waitFor('its end', async () => (await a.call('GET',
			`/api/runs/${s.run.id}`)).state === 'completed');
		const set = (code) => sql(`UPDATE run SET state = 'running', exit_code =
			${code} WHERE id = '${s.run.id}'`) ?? true;
		const good = () => sql(`UPDATE run SET state = 'completed',
			exit_code = 0 WHERE id = '${s.run.id}'`);
		// It is looked at again after a second: mended within half of it.
		await waitFor('it to be mended in time', async () => {
			set(0);
			const begun = Date.now(), asked = look();
			await waitFor('rdvd', async () => (await health()).status);
			good();
			const intime = Date.now() - begun < 500;
			const found = named(await asked);
			if (intime)
				assert.deepEqual(found, []);
			return intime;
		});
	});
await a.stop();
