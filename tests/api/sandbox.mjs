// rdv sandbox: what a profile comes to, and trying one out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Rdv, bin, test } from '../harness/rdv.mjs';

const rdv = await Rdv.start();

function run(args, { input = '', base = rdv.base, cwd = rdv.home } = {}) {
	const r = spawnSync(bin('rdv'), args, {
		cwd, input, encoding: 'utf8', timeout: 30000,
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: base },
	});
	return { status: r.status, out: r.stdout, err: r.stderr };
}

await test('sandbox explain: the list and each of it', async () => {
	const { out } = run(['sandbox', 'explain', '--json']);
	const list = JSON.parse(out).map(({ profile }) => profile);
	assert.deepEqual(list, ['login', 'script', 'git']);
	for (const profile of list) {
		const text = run(['sandbox', 'explain', profile]);
		assert.equal(text.status, 0, text.err);
		assert.equal(text.err, '');
		assert.match(text.out, /^May read:\n {2}\S/m);
		const one = JSON.parse(run(['sandbox', 'explain', profile,
			'--json']).out);
		assert.equal(one.profile, profile);
		assert.equal(one.usable, true);
	}
});

await test('sandbox explain: the cgroups of the rdvd that runs', async () => {
	const { helper } = await rdv.call('GET', '/api/status');
	const explain = (base) => JSON.parse(run(['sandbox', 'explain', 'script',
		'--json'], { base }).out);
	assert.equal(explain(rdv.base).cgroup,
		helper.features.includes('cgroup'));
	assert.equal(explain(`${rdv.home}/no-rdv-here`).cgroup, null);
});

await rdv.stop();
