// Archive scripts: before a workspace is put away, while its worktrees are
// there, with an outcome of their own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { Agents, sh } from '../harness/agent.mjs';
import { test, waitFor } from '../harness/rdv.mjs';

const a = await Agents.start();
const at = (w, tail = '') => `/api/workspaces/${w.id}${tail}`;
const get = (w) => a.call('GET', at(w));
const workspace = (...repos) => a.call('POST', '/api/workspaces',
	{ repos: repos.map((r) => r.id) });
const archive = (w, body = { remove: true }) =>
	a.request('POST', at(w, '/archive'), body);
const runs = async (w) => (await a.call('GET', at(w, '/runs'))).items
	.filter((r) => r.reason === 'archive');
const there = (w) => fs.existsSync(w.repos[0].path);

await test('archive scripts run while the tree is there, dev servers end', async () => {
	const repo = await a.repository({ archive_script: 'echo put away $PWD',
		dev_server_script: 'exec sleep 1000' });
	const w = await workspace(repo);
	const [server] = (await a.call('POST', at(w, '/dev-servers'), {})).items;
	const r = await archive(w);
	assert.equal(r.status, 200, `${r.raw}`);
	const [run] = await runs(w);
	assert.deepEqual([run.state, run.cwd], ['completed', w.repos[0].path]);
	assert.equal(String((await a.rdv.request('GET', `/api/runs/${run.id}/log`))
		.raw), `put away ${w.repos[0].path}\n`);
	assert.equal(there(w), false);
	assert.deepEqual(((s) => [s.state, s.cause])(await a.call('GET',
		`/api/runs/${server.id}`)), ['killed', 'its workspace is put away']);
	// Without removing anything, too; and deleting runs none.
	const kept = await workspace(repo);
	assert.equal((await archive(kept, {})).status, 200);
	assert.equal((await runs(kept)).length, 1);
	const gone = await workspace(repo);
	await a.call('DELETE', at(gone));
});

await test('C13 what has ended dev servers is done, whoever it was', async () => {
	for (const [method, tail, body] of [
		['POST', '/archive', { remove: true }],
		['DELETE', '', undefined]]) {
		const gate = a.gate();
		const w = await workspace(await a.repository({ dev_server_script:
			`trap 'echo told; until [ -e ${gate} ]; do sleep .1; done; exit' TERM
			echo up; while :; do sleep .1; done` }));
		const [{ id }] = (await a.call('POST', at(w, '/dev-servers'), {})).items;
		const says = (what) => waitFor(what, async () => String((await
			a.rdv.request('GET', `/api/runs/${id}/log`)).raw).includes(what));
		await says('up');
		const token = await a.call('POST', '/api/tokens',
			{ name: 'x', scopes: ['full'] });
		const asked = a.rdv.request(method, at(w, tail),
			{ token: token.rawKey, body });
		await says('told');
		await a.call('DELETE', `/api/tokens/${token.id}`);
		Agents.open(gate);
		const r = await asked;
		assert.ok(r.status < 300, `${method}: ${r.status} ${r.raw}`);
		assert.ok(!there(w));
	}
});

await test('an archive script that fails or is stopped keeps the workspace', async () => {
	const repo = await a.repository({ archive_script: 'exit 5' });
	const w = await workspace(repo);
	for (const body of [{ remove: true }, {}]) {
		const no = await archive(w, body);
		assert.equal(no.status, 409);
		assert.match(String(no.raw), /archive script: exit status 5/);
		assert.deepEqual([(await get(w)).state, (await get(w)).archived_at,
			there(w)], ['ready', null, true]);
	}
	// By force it goes, and the row says what went wrong.
	assert.equal((await archive(w, { remove: true, force: true })).status, 200);
	assert.match((await get(w)).cause, /exit status 5/);
	assert.equal(there(w), false);

	const slow = await workspace(await a.repository({ archive_script:
		'exec sleep 1000' }));
	const asked = archive(slow);
	const run = await waitFor('it runs', async () =>
		(await runs(slow)).find((r) => r.state === 'running'));
	await a.call('POST', `/api/runs/${run.id}/stop`);
	const no = await asked;
	assert.deepEqual([no.status, there(slow)], [409, true]);
	assert.match(String(no.raw), /archive script killed: it was stopped/);
});

await test('an archiving that a crash cut off is finished by the next rdvd', async () => {
	const w = await workspace(await a.repository({ archive_script:
		'echo x; exec sleep 1000' }));
	const asked = archive(w).catch(() => null);
	const first = await waitFor('it runs', async () => (await runs(w))
		.find((r) => r.log_bytes > 0));
	await a.call('PATCH', `/api/repos/${w.repos[0].repo_id}`,
		{ archive_script: 'true' });
	await a.rdv.again();
	await asked;
	await waitFor('it is archived', async () => (await get(w)).archived_at);
	const all = await runs(w);
	assert.deepEqual(all.map((r) => r.state), ['completed', 'killed']);
	assert.deepEqual([all[1].id, all[1].cause], [first.id,
		'rdv was restarted while it ran']);
	assert.equal(there(w), false);
});

await test('nothing begins in a workspace while its archive scripts run', async () => {
	const w = await workspace(await a.repository({ archive_script:
		'exec sleep 1000' }));
	const asked = archive(w, {});
	const run = await waitFor('it runs', async () => (await runs(w))[0]);
	const no = await a.request('POST', at(w, '/runs'), { command: ['/bin/true'] });
	await a.call('POST', `/api/runs/${run.id}/stop`);
	assert.deepEqual([no.status, no.json.code, (await asked).status],
		[409, 'INVALID_STATE', 409]);
	// It stays as it was, and can be worked in.
	assert.deepEqual([(await get(w)).state, (await get(w)).archived_at],
		['ready', null]);
	assert.equal((await a.request('POST', at(w, '/runs'),
		{ command: ['/bin/true'] })).status, 201);
});

await test('killed amid the scripts of an archiving: what has ended is over', async () => {
	for (const [first, force] of [['true', false], ['exit 5', true]]) {
		const gate = a.gate();
		const w = await workspace(await a.repository({ archive_script: first }),
			await a.repository({ archive_script:
				`echo x; until [ -e ${gate} ]; do sleep 0.05; done` }),
			await a.repository({ archive_script: 'true' }));
		const asked = archive(w, { remove: true, force }).catch(() => null);
		await waitFor('the second runs', async () => (await runs(w))
			.find((r) => r.log_bytes > 0));
		await a.rdv.again();
		await waitFor('it is ended', async () => (await runs(w))
			.find((r) => r.state === 'killed'));
		Agents.open(gate);
		await asked;
		await waitFor('it is archived', async () => (await get(w)).archived_at);
		const states = (i) => runs(w).then((all) => all.filter((r) =>
			r.cwd === w.repos[i].path).map((r) => r.state));
		assert.deepEqual(await Promise.all([0, 1, 2].map(states)),
			[[force ? 'failed' : 'completed'], ['completed', 'killed'],
				['completed']]);
		assert.match(`${(await get(w)).cause}`,
			force ? /exit status 5/ : /^null$/);
		// In another archiving each runs once more.
		await a.call('POST', at(w, '/restore'));
		assert.equal((await archive(w, { force })).status, 200);
		assert.equal((await states(0)).length, 2);
	}
});

await test('an archiving that an orderly stop cut off is gone on with', async () => {
	for (const force of [false, true]) {
		const gate = a.gate();
		const w = await workspace(await a.repository({ archive_script:
				`echo x; until [ -e ${gate} ]; do sleep 0.05; done` }),
			await a.repository({ archive_script: 'true' }));
		const asked = archive(w, { remove: true, force }).catch(() => null);
		await waitFor('it runs', async () => (await runs(w))
			.find((r) => r.log_bytes > 0));
		a.rdv.track();
		const gone = once(a.rdv.main, 'exit');
		a.rdv.main.kill('SIGTERM');
		await gone;
		await waitFor('all of it ends', () => a.rdv.alive().length === 0);
		assert.equal(there(w), true);
		Agents.open(gate);
		await a.rdv.up();
		assert.equal((await asked)?.status ?? 503, 503);
		const now = await waitFor('it is archived', async () => {
			const row = await get(w);
			return row.archived_at && row;
		});
		// None is taken for run that was not, though it goes by force.
		assert.deepEqual([now.cause, there(w)], [null, false]);
		const all = (await runs(w)).filter((r) => r.state === 'completed');
		assert.deepEqual(all.map((r) => r.cwd).sort(),
			w.repos.map((r) => r.path).sort());
	}
});

await test('an archive script that a signal ended does not run again', async () => {
	const gate = a.gate();
	const w = await workspace(await a.repository({ archive_script: 'kill -9 $$' }),
		await a.repository({ archive_script:
			`echo x; until [ -e ${gate} ]; do sleep 0.05; done` }));
	const asked = archive(w, { remove: true, force: true }).catch(() => null);
	await waitFor('the second runs', async () => (await runs(w))
		.find((r) => r.log_bytes > 0));
	await a.rdv.again();
	await waitFor('it is ended', async () => (await runs(w))
		.find((r) => /restarted/.test(r.cause)));
	Agents.open(gate);
	await asked;
	const now = await waitFor('it is archived', async () => {
		const row = await get(w);
		return row.archived_at && row;
	});
	const states = (i) => runs(w).then((all) => all.filter((r) =>
		r.cwd === w.repos[i].path).map((r) => r.state));
	assert.deepEqual([await states(0), await states(1)],
		[['killed'], ['completed', 'killed']]);
	assert.match(now.cause, /archive script killed: signal 9$/);
});

await test('an archive script that takes too long is ended, and says so', async () => {
	const b = await Agents.start('[worktrees]\narchive_timeout_ms = 3000\n');
	try {
		const repo = await b.repository({ archive_script: 'exec sleep 1000' });
		const w = await b.call('POST', '/api/workspaces', { repos: [repo.id] });
		for (const force of [false, true]) {
			const r = await b.request('POST', at(w, '/archive'),
				{ remove: true, force });
			assert.equal(r.status, force ? 200 : 409, `${r.raw}`);
			const [run] = (await b.call('GET', at(w, '/runs'))).items;
			assert.deepEqual([run.state, run.cause], ['killed',
				'it took longer than worktrees.archive_timeout_ms']);
			assert.match((await b.call('GET', at(w))).cause,
				/archive script killed: it took longer/);
		}
		// One that is as quick as it may be is none of its business.
		await b.call('PATCH', `/api/repos/${repo.id}`,
			{ archive_script: 'true' });
		await b.call('POST', at(w, '/restore'));
		const r = await b.request('POST', at(w, '/archive'), {});
		assert.equal(r.status, 200, `${r.raw}`);
	} finally {
		await b.stop();
	}
});

await test('of a worktree that is gone no script runs', async () => {
	const repos = [await a.repository({ archive_script: 'exit 5' }),
		await a.repository({ archive_script: 'true' })];
	const w = await workspace(...repos);
	sh(repos[0].path, `git worktree remove --force ${w.repos[0].path}`);
	const r = await archive(w);
	assert.equal(r.status, 200, `${r.raw}`);
	assert.deepEqual((await runs(w)).map((x) => x.cwd), [w.repos[1].path]);
});

await test('once the first worktree goes no script runs again', async () => {
	const script = { archive_script: 'true' };
	const w = await workspace(await a.repository(script),
		await a.repository(script));
	const asked = archive(w).catch(() => null);
	while (there(w))
		await new Promise(setImmediate);
	await a.rdv.again();
	await asked;
	await waitFor('it is archived', async () => (await get(w)).archived_at);
	assert.deepEqual([(await get(w)).state, (await runs(w)).length],
		['ready', 2]);
	assert.equal(fs.existsSync(w.repos[1].path), false);
});

await a.stop();
