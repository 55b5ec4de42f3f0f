// rdv sandbox: what a profile comes to, and trying one out.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();

function run(args, { input = '', base = rdv.base, cwd = rdv.home,
	encoding = 'utf8' } = {}) {
	const r = spawnSync(bin('rdv'), args, {
		cwd, input, encoding, timeout: 30000,
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: base },
	});
	return { status: r.status, out: r.stdout, err: r.stderr };
}

await test('sandbox explain: the list and each of it', async () => {
	const { out } = run(['sandbox', 'explain', '--json']);
	const list = JSON.parse(out).map(({ profile }) => profile);
	assert.deepEqual(list, ['login', 'script', 'git', 'agent', 'lsp', 'push']);
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

const sandbox = (words, options) => run(['sandbox', 'run', ...words], options);
const open = async () => (await rdv.call('GET', '/api/sessions')).length;

// In a directory of its own: the home directory is refused to a profile.
const work = path.join(rdv.home, 'work');
fs.mkdirSync(work);

await test('sandbox run: pipes in, output and errors out, its status',
	async () => {
		const text = 'äöü\n'.repeat(20000);
		const r = sandbox(['--', '/bin/sh', '-c', 'cat; echo no >&2; exit 7'],
			{ input: text, cwd: work });
		assert.deepEqual({ ...r, out: r.out === text },
			{ status: 7, out: true, err: 'no\n' });
		assert.equal(sandbox(['--', '/bin/sh', '-c', 'kill -TERM $$'],
			{ cwd: work }).status, 128 + 15);
		assert.equal(await open(), 0, 'its session is closed');
	});

// What the refusal says, and what to do about it.
await test('in the home directory it is said where to start instead', () => {
	const is = /: \S+ is the home directory, which no confined program is given/;
	const above = /: \/ contains the home directory, which no confined program /;
	const go = /go to the project's directory first, or name it: --dir DIR/;
	const show = ['--', '/bin/sh', '-c', 'pwd'];
	// The account's, and not what HOME says.
	const home = os.userInfo().homedir;
	for (const [cwd, why] of [[home, is], ['/', above]]) {
		const r = sandbox(show, { cwd });
		assert.equal(r.status, 1);
		assert.match(r.err, why);
		assert.match(r.err, go);
		const made = run(['session', 'new', 'x', '--profile', 'agent', ...show],
			{ cwd });
		assert.equal(made.status, 1);
		assert.match(made.err, why);
		assert.match(made.err, /--dir DIR, or --repo DIR/);
		// As it says.
		const done = sandbox(['--dir', work, ...show], { cwd });
		assert.deepEqual(done, { status: 0, out: `${work}\n`, err: '' });
		const good = run(['session', 'new', 'x', '--profile', 'agent',
			'--dir', work, ...show], { cwd });
		assert.equal(good.status, 0);
		assert.equal(run(['session', 'close', good.out.trim()]).status, 0);
	}
	// Named, it is refused as well, and nothing is to be named then.
	const named = sandbox(['--dir', home, ...show], { cwd: work });
	assert.match(named.err, is);
	assert.doesNotMatch(named.err, go);
	assert.equal(sandbox(['--dir', `${work}/none`, ...show]).status, 1);
	// Another refusal is no matter of the directory.
	const other = sandbox(['--', '/no/such/program'], { cwd: work });
	assert.notEqual(other.status, 0);
	assert.doesNotMatch(other.err, go);
	const login = run(['session', 'new', 'x', ...show], { cwd: home });
	assert.equal(login.status, 0);
	assert.equal(run(['session', 'close', login.out.trim()]).status, 0);
});

await test('sandbox run: it is held by the profile', () => {
	const touch = `touch ${rdv.home}/outside`;
	const held = sandbox(['--', '/bin/sh', '-c', `touch in && ${touch}`],
		{ cwd: work });
	assert.equal(held.status, 1);
	assert.match(held.err, /outside.*Permission denied/);
	assert.ok(fs.existsSync(path.join(work, 'in')));
	assert.equal(sandbox(['--profile', 'login', '--', '/bin/sh', '-c', touch],
		{ cwd: work }).status, 0);
});

await test('sandbox run: what it cannot hold to starts nothing', async () => {
	const words = ['--', '/usr/bin/touch', 'started'];
	for (const [more, why] of [[['--net', 'list'], /network_hosts: none is asked for/],
		[['--profile', 'login', '--net', 'none'], /not confined/],
		[['--profile', 'lsp', '--net', 'full'], /this profile has none/]]) {
		const r = sandbox([...more, ...words], { cwd: work });
		assert.deepEqual({ status: r.status, out: r.out },
			{ status: 1, out: '' });
		assert.match(r.err, why);
	}
	const git = sandbox(['--profile', 'git', ...words], { cwd: work });
	assert.equal(git.status, 1);
	assert.match(git.err, /profile/);
	assert.equal(sandbox([], { cwd: work }).status, 2);
	assert.ok(!fs.existsSync(path.join(work, 'started')));
	assert.equal(sandbox(['--net', 'full', ...words], { cwd: work }).status, 0);
	assert.ok(fs.existsSync(path.join(work, 'started')));
	assert.equal(await open(), 0);
});

// What listens outside, and a program that connects to it.
async function listener(use) {
	const server = net.createServer((c) => c.destroy());
	await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
	try {
		await use(['--', '/bin/bash', '-c',
			`exec 3<>/dev/tcp/127.0.0.1/${server.address().port}`]);
	} finally {
		server.close();
	}
}

await test('abuse I10 sandbox run: without network nothing is reached',
	() => listener((words) => {
		for (const profile of ['script', 'agent', 'lsp']) {
			const r = sandbox(['--profile', profile, '--net', 'none', ...words],
				{ cwd: work });
			assert.notEqual(r.status, 0, profile);
			assert.match(r.err, /\/dev\/tcp\/127/);
		}
		for (const more of [[], ['--net', 'full']]) {
			const r = sandbox([...more, ...words], { cwd: work });
			assert.equal(r.status, 0, r.err);
		}
	}));

await test('sandbox run: every byte comes through as it is', () => {
	const all = Buffer.from(Uint8Array.from({ length: 70000 },
		(_, i) => (i * 7 + (i >> 8)) & 255));
	const r = sandbox(['--', '/bin/cat'],
		{ input: all, cwd: work, encoding: 'buffer' });
	assert.equal(r.status, 0);
	assert.ok(r.out.equals(all));
});

await test('sandbox run: ended by a signal it closes its session', async () => {
	const child = spawn(bin('rdv'), ['sandbox', 'run', '--', '/bin/sleep',
		'1000'], { cwd: work, stdio: ['pipe', 'ignore', 'ignore'],
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: rdv.base } });
	const gone = new Promise((resolve) => {
		child.on('exit', (code, signal) => resolve(signal));
	});
	await waitFor('its session', async () => await open() === 1);
	child.kill('SIGTERM');
	assert.equal(await gone, 'SIGTERM');
	assert.equal(await open(), 0);
});

await rdv.stop();
