// That a part is dead or stopped is told by /health, rdv status and rdv doctor,
// and that it is well again (abuse O11). [ops] and [audit] are in state.mjs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bare, bin, descendants, skip, test, waitFor } from
	'../harness/rdv.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start({ config: '[worktrees]\ngit_timeout_ms = 5000\n' });

const cli = (...args) => spawnSync(bin('rdv'), args, { cwd: rdv.home,
	encoding: 'utf8', timeout: 60000, env: { ...bare, HOME: rdv.home,
		RDV_HOME: rdv.base } });
const health = () => rdv.call('GET', '/health', undefined, { token: null });
const named = (name) => descendants(rdv.main.pid)
	.filter((p) => p.name === name).map((p) => p.pid);

// All three say the same of a part; `row` is what the doctor calls it.
async function told(part, row, well) {
	await waitFor(`${part}: ${well}`, async () =>
		(await health()).components[part] === well);
	assert.equal((await health()).status, well ? 'healthy' : 'degraded');
	const status = cli('status'), doctor = JSON.parse(
		cli('doctor', '--json').stdout);
	assert.equal(status.status, well ? 0 : 1, status.stdout + status.stderr);
	assert.match(status.stdout, well ? /^health +healthy$/m :
		/^health +degraded$/m);
	assert.match(status.stderr, well ? /^$/ : /does not work|no helper/);
	const one = doctor.checks.find((c) => c.name === row);
	assert.equal(one.state, well ? 'ok' : 'failed', JSON.stringify(one));
}
await waitFor('all is well', async () =>
	(await health()).status === 'healthy');

await test('O11 a worker of git\'s that is dead or stopped is told',
	async () => {
		const repo = Repo.make(rdv, 'tree');
		const ask = () => rdv.request('GET', '/api/worktrees/changes?' +
			new URLSearchParams({ worktree_path: repo.dir }));
		const worker = async () => {
			const { status, raw } = await ask();
			assert.equal(status, 200, String(raw));
			return waitFor('a worker', () => named('rdv-git').find((p) =>
				/\0serve\0/.test(fs.readFileSync(`/proc/${p}/cmdline`))));
		};
		let pid = await worker();
		await told('git_workers', 'workers', true);
		process.kill(pid, 'SIGKILL');
		await told('git_workers', 'workers', false);
		// The next one that answers is well.
		pid = await worker();
		await told('git_workers', 'workers', true);
		// One that is stopped is found out by whoever asks it, is ended, and
		// another one answers him.
		process.kill(pid, 'SIGSTOP');
		assert.notEqual(await worker(), pid);
		await waitFor('its end', () => !named('rdv-git').includes(pid));
		await told('git_workers', 'workers', true);
	});

await test('O11 a way out of a run that is dead or stopped is told',
	async () => {
		const { helper } = await rdv.call('GET', '/api/status');
		if (!helper.features.includes('user_namespaces'))
			return skip('namespaces');
		const dir = path.join(rdv.home, 'listed');
		fs.mkdirSync(dir);
		const start = () => rdv.session('listed', ['/bin/cat'], {
			profile: 'script', project_path: dir, network: 'list',
			network_hosts: ['127.0.0.2:9'] });
		const s = await start();
		const [pid] = named('rdv-egress');
		await told('egress', 'egress', true);
		process.kill(pid, 'SIGSTOP');
		await told('egress', 'egress', false);
		process.kill(pid, 'SIGCONT');
		await told('egress', 'egress', true);
		process.kill(pid, 'SIGKILL');
		await told('egress', 'egress', false);
		// Its run has none any more; another's is not concerned.
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		await told('egress', 'egress', true);
		const other = await start();
		await told('egress', 'egress', true);
		await rdv.call('DELETE', `/api/sessions/${other.id}`);
	});

await test('O11 a helper that is stopped or refuses is told', async () => {
	for (const name of ['rdv-ops', 'rdv-audit']) {
		const [pid] = named(name);
		process.kill(pid, 'SIGSTOP');
		await told('helper', name === 'rdv-audit' ? 'audit' : 'helper', false);
		process.kill(pid, 'SIGCONT');
		await told('helper', 'helper', true);
	}
});

await rdv.stop();
