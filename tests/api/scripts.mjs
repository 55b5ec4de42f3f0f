// Runs that somebody begins in a workspace, any run's end and its log: by the
// routes and by rdv run and rdv runs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Agents } from '../harness/agent.mjs';
import { bare, bin, deadline, test, waitFor } from '../harness/rdv.mjs';

const a = await Agents.start();
const env = { ...bare, HOME: a.rdv.home, RDV_HOME: a.rdv.base };
const NOBODY = '01900000-0000-7000-8000-000000000000';

function cli(args) {
	const p = spawn(bin('rdv'), args, { env, cwd: a.rdv.scratch });
	const run = { p, out: '', err: '' };
	p.stdout.on('data', (d) => { run.out += d; });
	p.stderr.on('data', (d) => { run.err += d; });
	run.end = deadline(`rdv ${args.join(' ')}`, once(p, 'close')
		.then(([status]) => status));
	return run;
}
async function ended(args) {
	const run = cli(args);
	return { status: await run.end, out: run.out, err: run.err };
}
const workspace = (...repos) => a.call('POST', '/api/workspaces',
	{ repos: repos.map((r) => r.id) });
const begin = (w, body) => a.call('POST', `/api/workspaces/${w.id}/runs`, body);
const get = (id) => a.call('GET', `/api/runs/${id}`);
const over = (id) => waitFor('its end', async () => {
	const r = await get(id);
	return r.ended_at && r;
});

const one = await a.repository(), two = await a.repository();
const w = await workspace(one), both = await workspace(one, two);

await test('a script runs where its workspace is, and is listed there', async () => {
	const r = await begin(w, { script: 'pwd; echo $VK_WORKSPACE_ID; cat; exit 3' });
	const done = await over(r.id);
	assert.deepEqual([done.reason, done.state, done.exit_code, done.session_id,
		done.workspace_id, done.repo_id, done.profile], ['script', 'failed', 3,
		null, w.id, one.id, 'script']);
	assert.ok(done.guards.includes('landlock'), `${done.guards}`);
	assert.equal(String((await a.rdv.request('GET', `/api/runs/${r.id}/log`)).raw),
		`${w.repos[0].path}\n${w.id}\n`);
	// Of several repositories around them, or in the one that is named.
	const wide = await over((await begin(both, { command: ['/bin/pwd'] })).id);
	assert.deepEqual([wide.cwd, wide.repo_id, wide.argv],
		[both.directory, null, ['/bin/pwd']]);
	const named = await begin(both, { script: 'true', repo_id: two.id });
	assert.equal((await over(named.id)).cwd, both.repos[1].path);
	const list = (await a.call('GET', `/api/workspaces/${both.id}/runs`)).items;
	assert.deepEqual(list.map((r) => r.id), [named.id, wide.id]);
	const page = await a.call('GET', `/api/workspaces/${both.id}/runs?limit=1`);
	assert.equal(page.next_cursor, named.id);
	assert.equal((await a.call('GET', `/api/workspaces/${both.id}/runs?cursor=` +
		page.next_cursor)).items[0].id, wide.id);
	const all = (await a.call('GET', '/api/runs?limit=2')).items;
	assert.deepEqual(all.map((r) => r.id), [named.id, wide.id]);
	assert.deepEqual((await a.call('GET', '/api/runs?live=true')).items, []);
});

await test('what cannot run there is refused', async () => {
	const no = async (w, body, status, what) => {
		const r = await a.request('POST', `/api/workspaces/${w.id}/runs`, body);
		assert.equal(r.status, status, `${r.raw}`);
		assert.match(String(r.raw), what);
	};
	await no(w, {}, 422, /script: this or a command/);
	await no(w, { script: 'x', command: ['x'] }, 422, /one of them/);
	await no(w, { command: [] }, 422, /command: /);
	await no(w, { script: 'x', network_hosts: ['a:1'] }, 403, /network_hosts: /);
	await no(w, { script: 'x', repo_id: two.id }, 404, /no such repository/);
	await no({ id: NOBODY }, { script: 'x' }, 404, /no such workspace/);
	const away = await workspace(two);
	await a.call('POST', `/api/workspaces/${away.id}/archive`, {});
	await no(away, { script: 'x' }, 409, /archived/);
	await a.call('POST', `/api/workspaces/${away.id}/restore`, {});
	await over((await begin(away, { script: 'true' })).id);
});

await test('a run is stopped once, with all it started, and says so', async () => {
	const r = await begin(w, { script: 'sleep 1000 & sleep 1000' });
	assert.deepEqual((await a.call('GET', '/api/runs?live=true')).items
		.map((r) => r.id), [r.id]);
	const [done, twice] = await Promise.all([1, 2].map(() =>
		a.call('POST', `/api/runs/${r.id}/stop`)));
	assert.deepEqual([done.state, twice.state], ['killed', 'killed']);
	assert.match(done.cause, /^it was stopped/);
	assert.equal((await a.call('POST', `/api/runs/${r.id}/stop`)).state, 'killed');
	assert.equal((await a.request('POST', `/api/runs/${NOBODY}/stop`)).status, 404);
});

await test('rdv run: output, and the status of the program', async () => {
	let r = await ended(['run', w.id, 'echo out; echo err >&2; exit 7']);
	assert.deepEqual([r.status, r.out], [7, 'out\n']);
	assert.match(r.err, /^err\n/);
	r = await ended(['run', w.id, '--', '/bin/sh', '-c', 'kill -9 $$']);
	assert.equal(r.status, 137);
	r = await ended(['run', w.id, '--', '/no/such/program']);
	assert.deepEqual([r.status, /no\/such|No such/.test(r.err)], [1, true], r.err);
	r = await ended(['run', w.id]);
	assert.equal(r.status, 2);
	// Bytes as they are, and no limit but the program's.
	r = await ended(['run', w.id, 'seq 1 200000 | tee seen | tail -n 1; ' +
		'wc -l <seen; rm seen; seq 1 100000']);
	assert.equal(r.status, 0);
	assert.ok(r.out.startsWith('200000\n200000\n1\n'), r.out.slice(0, 99));
	assert.equal(r.out.length, 14 + 588895);
	// Left alone it goes on, and its log is followed by another.
	r = await ended(['run', w.id, '-d', 'echo a; cat /proc/self/stat >/dev/null; ' +
		'until test -e go; do sleep 0.02; done; echo b >&2; exit 4']);
	const id = r.out.trim();
	const log = cli(['runs', 'log', '-f', id]);
	const lines = cli(['--json', 'runs', 'log', '-f', id]);
	await waitFor('the first line', () => log.out === 'a\n' &&
		lines.out.includes('\n'));
	fs.writeFileSync(path.join(w.repos[0].path, 'go'), '');
	assert.deepEqual([await log.end, log.out, log.err.startsWith('b\n')],
		[4, 'a\n', true]);
	assert.equal(await lines.end, 4);
	const all = lines.out.trim().split('\n').map((l) => JSON.parse(l));
	assert.deepEqual(all.map((l) => l.stream ?? l.state),
		['stdout', 'stderr', 'failed']);
	// Without --follow it is no failure of ours.
	r = await ended(['runs', 'log', id]);
	assert.deepEqual([r.status, r.out], [0, 'a\n']);
});

await test('rdv runs: listed, shown, stopped', async () => {
	const log = cli(['run', w.id, 'exec sleep 1000']);
	const live = await waitFor('it runs', async () =>
		(await a.call('GET', '/api/runs?live=true')).items
			.find((r) => r.state === 'running'));
	let r = await ended(['runs', 'ls', '--live']);
	assert.match(r.out, new RegExp(`^${live.id} +script +running`, 'm'));
	r = await ended(['runs', 'show', live.id.slice(0, -4)]);
	assert.match(r.out, /^command +\["\/bin\/bash","-c","exec sleep 1000"\]$/m);
	r = await ended(['runs', 'stop', live.id]);
	assert.match(r.out, /^state +killed$/m);
	// Who followed it hears of it by the signal that ended it.
	assert.equal(await log.end, 143);
	assert.match(log.err, /killed: it was stopped/);
	r = await ended(['runs', 'show', 'ffff']);
	assert.deepEqual([r.status, /there is no run/.test(r.err)], [1, true]);
});

await test('a follower outlives rdvd, and prints nothing twice', async () => {
	const run = cli(['run', w.id, 'seq 1 50; until test -e on; do sleep 0.02; ' +
		'done; seq 51 100; exit 9']);
	await waitFor('half of it', () => run.out.endsWith('50\n'));
	await a.rdv.again();
	fs.writeFileSync(path.join(w.repos[0].path, 'on'), '');
	assert.equal(await run.end, 9, run.err);
	assert.equal(run.out, Array.from({ length: 100 }, (_, i) => `${i + 1}\n`)
		.join(''));
});

await a.stop();
