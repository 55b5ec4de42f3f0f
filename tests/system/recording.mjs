// Recordings that the policy asks for: who is recorded neither switches that off
// nor removes what was recorded.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;
for (const who of s.people)
	s.login(who);

const required = (on) => s.reload(`[user.${ann.name}]\n` +
	`recording_required = ${on}\n`);

// A terminal that has said something and ended.
async function said(who, name) {
	const r = await s.over(who, 'POST', '/api/sessions', { body: { name,
		command: ['/bin/sh', '-c', `echo ${name} was here`] } });
	assert.equal(r.status, 201, `${r.raw}`);
	return waitFor('its end', async () => {
		const now = await s.over(who, 'GET', `/api/runs/${r.json.run.id}`);
		return now.json.ended_at && now.json;
	});
}
const remove = (who, run) => s.over(who, 'DELETE', `/api/runs/${run.id}/log`);
// The end of a run is told a moment before rdvd lets go of it.
const removed = (who, run) => waitFor('it is removed', async () => {
	const { status } = await remove(who, run);
	assert.ok([204, 409].includes(status), `${status}`);
	return status === 204;
});
const kept = async (who, run, text) => {
	const r = await s.over(who, 'GET', `/api/runs/${run.id}/cast`);
	return r.status === 200 && `${r.raw}`.includes(text);
};

await test('O13 a recording that the policy asks for stays', async () => {
	await required(true);
	const run = await said(ann, 'kept');
	assert.ok(run.guards.includes('recorded'));
	const no = await remove(ann, run);
	assert.equal(no.status, 403);
	assert.match(no.json.error, /recording_required of the policy/);
	const cli = s.rdv(ann, 'session', 'forget', run.session_id);
	assert.equal(cli.status, 1);
	assert.match(cli.err, /recording_required of the policy/);
	assert.equal((await s.over(ann, 'DELETE',
		`/api/sessions/${run.session_id}`)).status, 204);
	assert.equal((await remove(ann, run)).status, 403);
	// Its files are out of reach.
	const dir = path.join(s.root, 'var/lib/rdv/server/runs');
	assert.ok(fs.existsSync(path.join(dir, `${run.id}.log`)), 'control');
	const rm = s.as(ann, '/bin/rm', ['-f', path.join(dir, `${run.id}.log`)]);
	assert.notEqual(rm.status, 0);
	// Another account is not asked to, and goes by its own.
	const free = await said(bob, 'free');
	assert.ok(!free.guards.includes('recorded'));
	await removed(bob, free);
	assert.equal(await kept(bob, free, 'was here'), false);
	// It was so at the start; another policy is for what starts then.
	await required(false);
	assert.equal((await remove(ann, run)).status, 403);
	assert.ok(await kept(ann, run, 'kept was here'));
	const after = await said(ann, 'after');
	await removed(ann, after);
	const all = s.rdv(ann, 'sandbox', 'explain', 'login');
	assert.match(all.out, /its output can be removed by the account; \[user/);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
