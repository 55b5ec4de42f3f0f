// `make run-system`, and what `make install` puts where: all of it goes again.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { bare, build, deadline, descendants, root, skip, test,
	waitFor } from '../harness/rdv.mjs';
import { freePort } from '../harness/system.mjs';

const env = { ...bare, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
const make = (...args) => spawnSync('make', ['--no-print-directory',
	`BUILD=${build}`, ...args], { cwd: root, env, encoding: 'utf8' });

const units = ['rdv.service', 'rdv-runs.service', 'rdv-web.service',
	'rdv-web-token.path', 'rdv-web-token.service'];

function scratch(t) {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-install-'));
	fs.chmodSync(dir, 0o755);
	t.after(() => fs.rmSync(dir, { recursive: true }));
	return dir;
}

const files = (dir) => fs.readdirSync(dir, { recursive: true })
	.filter((f) => !fs.statSync(path.join(dir, f)).isDirectory()).sort();

await test('make install puts all there, make uninstall takes it', (t) => {
	const dir = scratch(t);
	let r = make('install', `DESTDIR=${dir}`, 'PREFIX=/usr');
	assert.equal(r.status, 0, r.stderr);
	for (const f of ['usr/bin/rdvd', 'usr/lib/systemd/system/rdv.service',
		'usr/lib/systemd/system/rdv-runs.service',
		'usr/lib/systemd/system/rdv-web.service',
		'usr/lib/systemd/system/rdv-web-token.path',
		'usr/lib/systemd/system/rdv-web-token.service', 'etc/rdv/rdv.toml',
		'etc/rdv/helper.toml', 'etc/rdv/helper.toml.example',
		'usr/lib/sysusers.d/rdv.conf', 'usr/lib/tmpfiles.d/rdv.conf',
		'etc/logrotate.d/rdv', 'usr/share/rdv/system/web.sh'])
		assert.ok(fs.existsSync(path.join(dir, f)), f);
	for (const u of units)
		assert.equal(fs.readFileSync(path.join(dir,
			'usr/lib/systemd/system', u), 'utf8').match(/@(BIN|SHARE)@/), null);
	r = spawnSync(path.join(dir, 'usr/bin/rdvd'),
		['-t', path.join(dir, 'etc/rdv/rdv.toml')], { encoding: 'utf8' });
	assert.equal(r.status, 0, r.stderr);
	r = spawnSync(path.join(dir, 'usr/bin/rdv-helper'),
		['-t', path.join(dir, 'etc/rdv/helper.toml')], { encoding: 'utf8' });
	assert.match(r.stdout, /^groups = \["rdv-users"\]/m, r.stderr);
	/* What the administrator has changed is his. */
	fs.appendFileSync(path.join(dir, 'etc/rdv/rdv.toml'), '# mine\n');
	assert.equal(make('install', `DESTDIR=${dir}`, 'PREFIX=/usr').status, 0);
	assert.match(fs.readFileSync(path.join(dir, 'etc/rdv/rdv.toml'), 'utf8'),
		/# mine/);
	r = make('uninstall', `DESTDIR=${dir}`, 'PREFIX=/usr');
	assert.equal(r.status, 0, r.stderr);
	assert.deepEqual(files(dir), ['etc/rdv/rdv.toml']);
	return Promise.resolve();
});

await test('systemd understands the units', async (t) => {
	if (spawnSync('systemd-analyze', ['--version']).status !== 0)
		return skip('no systemd-analyze here');
	const dir = scratch(t);
	const at = { BIN: path.join(build, 'bin'), SHARE: path.join(root, 'etc') };
	const made = units.map((u) => {
		const file = path.join(dir, u);
		fs.writeFileSync(file, fs.readFileSync(path.join(root,
			'etc/system', `${u}.in`), 'utf8')
			.replace(/@(BIN|SHARE)@/g, (_, word) => at[word]));
		return file;
	});
	const r = spawnSync('systemd-analyze', ['verify', '--man=no', ...made],
		{ encoding: 'utf8', env });
	assert.equal(r.stderr, '');
	assert.equal(r.status, 0);
	/* Control: it does find what is wrong. */
	fs.appendFileSync(made[0], '[Service]\nNoSuchThing=1\n');
	assert.match(spawnSync('systemd-analyze', ['verify', '--man=no',
		made[0]], { encoding: 'utf8', env }).stderr, /NoSuchThing/);
});

const get = (port, target) => new Promise((resolve) => {
	http.get({ port, path: target, agent: false,
		headers: { Host: `127.0.0.1:${port}` } }, (r) => {
		r.resume();
		r.on('end', () => resolve(r.statusCode));
	}).on('error', () => resolve(0));
});

await test('make run-system serves a page, and ends as a whole', async (t) => {
	if (spawnSync('nginx', ['-v'], { env }).status !== 0)
		return skip('no nginx here');
	const dir = scratch(t), port = await freePort();
	const log = fs.openSync(path.join(dir, 'log'), 'a');
	fs.mkdirSync(path.join(dir, 'root'));
	const run = spawn('sh', [path.join(root, 'etc/system/run.sh'),
		path.join(build, 'bin'), path.join(build, 'share/rdv')],
	{ stdio: ['ignore', log, log], env: { ...env, PORT: `${port}`,
		ROOT: path.join(dir, 'root') } });
	const ended = once(run, 'exit');
	t.after(() => run.exitCode === null && run.kill('SIGTERM'));
	await waitFor('the page', async () => await get(port, '/') === 200);
	await waitFor('rdvd', async () => await get(port, '/health') === 200);
	const etc = path.join(dir, 'root/etc/rdv');
	assert.deepEqual(fs.readdirSync(etc).sort(),
		['helper.toml', 'helper.toml.example']);
	assert.equal(fs.statSync(path.join(etc, 'helper.toml.example')).mode & 0o777,
		0o644);
	assert.equal(await get(port, '/api/user'), 401);
	const all = descendants(run.pid);
	const uid = (p) => +/^Uid:\s+(\d+)/m.exec(fs.readFileSync(
		`/proc/${p.pid}/status`, 'utf8'))[1];
	const id = (name) => +spawnSync('id', ['-u', name]).stdout;
	const rdvd = all.find((p) => p.name === 'rdvd');
	assert.equal(uid(rdvd), id('rdv'));
	const nginx = all.filter((p) => p.name === 'nginx').map(uid).sort();
	assert.deepEqual(nginx, [0, id('www-data')].sort(), 'master and worker');
	const secret = path.join(dir, 'root/run/rdv-web/service-token.conf');
	assert.equal(fs.statSync(secret).mode & 0o777, 0o600);
	run.kill('SIGTERM');
	await deadline('the end', ended);
	await waitFor('all gone', () => all.every((p) =>
		!fs.existsSync(`/proc/${p.pid}`)));
	assert.doesNotMatch(fs.readFileSync(path.join(dir, 'log'), 'utf8'),
		/there is no page/);
	assert.equal(await get(port, '/'), 0);
	assert.deepEqual(fs.readdirSync(path.join(dir, 'root/run')), ['rdv']);
	assert.deepEqual(fs.readdirSync(path.join(dir, 'root/run/rdv')), []);
});

await test('make run-system says that there is no page', async (t) => {
	if (spawnSync('nginx', ['-v'], { env }).status !== 0)
		return skip('no nginx here');
	const dir = scratch(t), taken = net.createServer().listen(0, '127.0.0.1');
	await once(taken, 'listening');
	t.after(() => taken.close());
	const log = path.join(dir, 'log'), fd = fs.openSync(log, 'a');
	fs.mkdirSync(path.join(dir, 'root'));
	const run = spawn('sh', [path.join(root, 'etc/system/run.sh'),
		path.join(build, 'bin'), path.join(build, 'share/rdv')],
	{ stdio: ['ignore', fd, fd], env: { ...env,
		PORT: `${taken.address().port}`, ROOT: path.join(dir, 'root') } });
	const ended = once(run, 'exit');
	t.after(() => run.exitCode === null && run.kill('SIGTERM'));
	await waitFor('it says so', () => fs.readFileSync(log, 'utf8')
		.includes('run-system: nginx has ended: there is no page'));
	const all = descendants(run.pid);
	assert.ok(all.some((p) => p.name === 'rdvd'), 'the rest goes on');
	run.kill('SIGTERM');
	await deadline('the end', ended);
	await waitFor('all gone', () => all.every((p) =>
		!fs.existsSync(`/proc/${p.pid}`)));
});
