// The policy of a run, as it is shown, beside what the program itself is told by
// the kernel.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const work = path.join(rdv.home, 'work');
fs.mkdirSync(work);

const start = (name, profile, command) => rdv.session(name, command,
	{ profile, project_path: work, io: 'pipes' });
const get = async (id) => (await rdv.call('GET', `/api/sessions/${id}`)).run;
const ended = (id) => waitFor('its end', async () => {
	const run = await get(id);
	return run.ended_at && run;
});

// What a program of the profile reads about itself, and its run.
async function looked(profile) {
	const s = await start(profile, profile, ['/bin/cat', '/proc/self/status',
		'/proc/self/limits', '/proc/self/cgroup']);
	const run = await ended(s.id);
	assert.equal(run.exit_code, 0);
	const { raw } = await rdv.request('GET', `/api/runs/${run.id}/log`);
	const line = (pattern) => new RegExp(`^${pattern}`, 'm').exec(raw)?.[1];
	return { run, line };
}

await test('abuse I13 the policy of a run is what the kernel holds it to',
	async () => {
		for (const profile of ['login', 'script']) {
			const { run, line } = await looked(profile);
			const { policy } = run, confined = profile === 'script';
			const is = (list, name) => assert.equal(list.includes(name),
				confined, `${profile}: ${name}`);
			assert.equal(policy.profile, profile);
			assert.deepEqual(policy.guards, run.guards);
			assert.equal(line('NoNewPrivs:\\s+(\\d)'), confined ? '1' : '0');
			is(policy.guards, 'no_new_privs');
			assert.equal(line('Seccomp:\\s+(\\d)'), confined ? '2' : '0');
			is(policy.guards, 'seccomp');
			// The cgroup of a login holds it to nothing.
			const grouped = /run-[0-9a-f]{16}$/.test(line('0::(.*)$'));
			assert.equal(policy.guards.includes('cgroup'), confined && grouped);
			assert.equal(policy.lacked.includes('cgroup'), confined && !grouped);
			const limit = Object.fromEntries(policy.limits.map(
				({ name, ...rest }) => [name, rest]));
			// In a user namespace of its own a run is counted by itself.
			const own = policy.guards.includes('pid_namespace');
			for (const [name, title] of [[own ? 'processes' :
				'account_processes', 'processes'],
				['data_bytes', 'data size'], ['open_files', 'open files'], ['file_bytes', 'file size'],
				['core_bytes', 'core file size']]) {
				const hard = line(`Max ${title}\\s+\\S+\\s+(\\S+)`);
				if (limit[name].by === 'cgroup')
					continue;
				assert.deepEqual(limit[name], hard === 'unlimited' ?
					{ max: null, by: 'nothing' } :
					{ max: Number(hard), by: 'rlimit' }, `${profile}: ${name}`);
			}
			if (limit.processes.by !== 'rlimit')
				assert.equal(limit.processes.by, policy.guards.includes(
					'cgroup_pids') ? 'cgroup' : 'nothing');
			if (own)
				assert.equal(limit.account_processes.by, 'nothing');
			assert.equal(limit.memory_bytes.by, policy.guards.includes(
				'cgroup_memory') ? 'cgroup' : 'nothing');
			assert.equal(policy.network, 'full');
			assert.equal(policy.granted_by, '[default] profiles (user mode)');
			assert.equal(policy.admitted_by, '[access] users (user mode)');
		}
	});

await test('the policy of a run outlives its daemon and the run', async () => {
	const s = await start('stays', 'script', ['/bin/sleep', '1000']);
	const { policy } = s.run;
	const same = async (what) => {
		assert.deepEqual((await get(s.id)).policy, policy, what);
		assert.deepEqual((await rdv.call('GET',
			`/api/runs/${s.run.id}`)).policy, policy, what);
		assert.deepEqual((await rdv.call('GET',
			`/api/sessions/${s.id}/runs`)).map((r) => r.policy), [policy]);
	};
	assert.equal(policy.profile, 'script');
	await same('running');
	await rdv.again();
	await same('adopted');
	await rdv.call('POST', `/api/sessions/${s.id}/signal`, { signal: 'KILL' });
	await ended(s.id);
	await same('ended');
	// A list of sessions is asked for often and does without.
	const item = (await rdv.call('GET', '/api/sessions'))
		.find(({ id }) => id === s.id);
	assert.ok(!('policy' in item.run));
	assert.deepEqual(item.run.guards, policy.guards);
});

await test('what is asked of the network holds for every run of a session',
	async () => {
		const { id, network, run } = await rdv.session('offline', ['/bin/true'],
			{ profile: 'script', project_path: work, network: 'none' });
		assert.equal(network, 'none');
		assert.equal(run.policy.network, 'none');
		await ended(id);
		const again = await rdv.call('POST', `/api/sessions/${id}/resume`);
		assert.notEqual(again.run.id, run.id);
		assert.equal(again.network, 'none');
		assert.equal(again.run.policy.network, 'none');
		// Nothing was asked for: null, and what the policy gives.
		const free = await start('online', 'script', ['/bin/true']);
		assert.equal(free.network, null);
		assert.equal(free.run.policy.network, 'full');
		const odd = await rdv.request('POST', '/api/sessions', { body: {
			name: 'odd', command: ['/bin/true'], network: 'some' } });
		assert.equal(odd.status, 422);
	});

await test('a run that was never started has no policy', async () => {
	const r = await rdv.request('POST', '/api/sessions', { body: { name: 'none',
		profile: 'script', project_path: work,
		command: ['/no/such/program'] } });
	assert.equal(r.status, 422);
	const { id } = (await rdv.call('GET', '/api/sessions?status=closed'))
		.find(({ name }) => name === 'none');
	const run = await get(id);
	assert.equal(run.state, 'failed');
	assert.equal(run.policy, null);
});

await test('session show tells how the run is held', async () => {
	const show = (...words) => spawnSync(bin('rdv'), ['session', 'show',
		...words], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin',
			HOME: rdv.home, RDV_HOME: rdv.base } }).stdout;
	const s = await start('shown', 'script', ['/bin/sleep', '1000']);
	const text = show('shown');
	assert.match(text, /^network +full$/m);
	await rdv.session('asked', ['/bin/true'], { profile: 'script',
		project_path: work, network: 'none' });
	assert.match(show('asked'), /^network asked +none$/m);
	assert.match(text, /^granted by +\[default\] profiles \(user mode\)$/m);
	assert.match(text, /^core_bytes +0 {2}rlimit$/m);
	const { policy } = JSON.parse(show('--json', 'shown')).run;
	assert.deepEqual(policy, s.run.policy);
	for (const name of policy.lacked)
		assert.match(text, new RegExp(`^lacked .*\\b${name}\\b`, 'm'));
	for (const { name, by } of policy.limits)
		assert.match(text, new RegExp(`^${name} .* ${by}$`, 'm'));
});

await rdv.stop();
