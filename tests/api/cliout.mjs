// What the command line promises of its output: the real rdv, in a shell.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();

/* `rdv` stands for the program under test. */
function shell(script) {
	const run = spawnSync('/bin/bash', ['-c',
		`rdv() { ${bin('rdv')} "$@"; }\n${script}`], {
		cwd: rdv.home, encoding: 'utf8', timeout: 30000,
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
			RDV_HOME: rdv.base },
	});
	return { status: run.status, out: run.stdout, err: run.stderr };
}

await test('a reader that has seen enough hears nothing', async () => {
	const { id } = await rdv.session('long', ['/usr/bin/seq', '200000']);
	await waitFor('the end', async () => (await rdv.call('GET',
		`/api/sessions/${id}`)).run.state === 'completed');
	for (const how of ['--all', '--all --raw', '--all --json',
		'--lines 100000'])
		assert.deepEqual(shell(`rdv scrollback long ${how} | head -c 1 |
			wc -c; echo \${PIPESTATUS[0]}`),
		{ status: 0, out: '1\n1\n', err: '' }, how);
	assert.match(shell('rdv scrollback long --all > /dev/full').err,
		/cannot write the output/);
});

await test('with --json wrong usage is one object too', () => {
	for (const words of ['--nonsense --json', 'session frob --json',
		'session new --json', 'session new x --env foo --json',
		'folder mv f --json']) {
		const run = shell(`rdv ${words}`);
		assert.equal(run.status, 2, words);
		assert.equal(run.out, '', words);
		assert.match(JSON.parse(run.err).error, /./, words);
	}
	assert.match(shell('rdv session new').err, /^usage: rdv session new /m);
	assert.match(shell('rdv session new x -- --json; rdv exec').err,
		/^usage: /m);
});

await rdv.stop();
