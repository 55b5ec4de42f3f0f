// The policy binds what people do over their sockets and through the proxy, and
// a new one binds whoever is there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;

ann.work = path.join(ann.home, 'work');
fs.mkdirSync(ann.work);
fs.chownSync(ann.work, ann.uid, ann.uid);

const begin = (who, name) => s.over(who, 'POST', '/api/sessions',
	{ body: { name, command: ['/bin/true'] } });

await test('what the policy does not grant is refused, with its rule (F17)',
	async () => {
		for (const who of [ann, bob]) {
			s.login(who);
			assert.equal((await begin(who, 'free')).status, 201, 'control');
		}
		await s.reload(`[user.${bob.name}]\nprofiles = ["script"]\n`);
		const no = await begin(bob, 'bound');
		assert.notEqual(no.status, 201);
		assert.match(`${no.raw}`, new RegExp(`\\[user\\.${bob.name}\\]`));
		assert.equal((await begin(ann, 'free')).status, 201);
	});

await test('a profile has the network the policy gives it, and no more (F17)',
	async () => {
		s.login(ann);
		const ask = (network) => s.over(ann, 'POST', '/api/sessions', { body: {
			name: 'net', command: ['/bin/true'], profile: 'script',
			project_path: ann.work, network } });
		const had = async (network) =>
			(await ask(network)).json.run?.policy.network;
		assert.equal(await had(), 'full');
		await s.reload('[profile.script]\nnetwork = "none"\n');
		assert.equal(await had(), 'none', 'by itself');
		assert.equal(await had('none'), 'none');
		const no = await ask('full');
		assert.equal(no.status, 403);
		assert.match(no.json.error, /\[profile\.script\] network \(.*:\d+\)/);
		await s.reload('');
		assert.equal(await had('full'), 'full', 'control');
	});

await test('a list of hosts is the policy\'s, and a part of it may be asked for',
	async () => {
		s.login(ann);
		await s.reload('[profile.script]\nnetwork = "list"\n' +
			'network_hosts = ["a.example:443", "b.example:80"]\n');
		const ask = (more = {}) => s.over(ann, 'POST', '/api/sessions', { body: {
			name: 'list', command: ['/bin/true'], profile: 'script',
			project_path: ann.work, ...more } });
		const hosts = async (more) => {
			const { json } = await ask(more);
			assert.equal(json.run.policy.network, 'list');
			assert.match(json.run.policy.network_by,
				/\[profile\.script\] network_hosts \(.*helper\.toml:\d+\)$/);
			return json.run.egress.hosts.map(({ host }) => host);
		};
		assert.deepEqual(await hosts(), ['a.example:443', 'b.example:80']);
		assert.deepEqual(await hosts({ network_hosts: ['B.example:80'] }),
			['B.example:80']);
		const no = await ask({ network_hosts: ['c.example:443'] });
		assert.equal(no.status, 403);
		assert.match(no.json.error, /c\.example:443 is not granted by the policy: /);
		await s.reload('');
	});

// In a process of its own, as the command line is waited for.
const serving = `require('node:http').createServer((q, r) => r.end('here\\n'))
	.listen(0, '127.0.0.2', function () { console.log(this.address().port); });`;

await test('abuse I12 the list of the policy, by the command line', async (t) => {
	const there = spawn(process.execPath, ['-e', serving],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	t.after(() => there.kill('SIGKILL'));
	const at = `127.0.0.2:${`${(await once(there.stdout, 'data'))[0]}`.trim()}`;
	await s.reload('[profile.script]\nnetwork = "list"\n' +
		`network_hosts = ["a.example:443", "${at}"]\n`);
	const rule = /\[profile\.script\] network_hosts \(.*helper\.toml:\d+\)/;
	const rdv = (...words) => s.as(ann, '/bin/sh', ['-c',
		'cd "$0" && exec "$@"', ann.work, path.join(s.bin, 'rdv'), ...words]);
	const fetched = (...words) => rdv('sandbox', 'run', ...words, '--',
		'curl', '-sS', `http://${at}/`, 'http://127.0.0.3:1/');
	// By itself, and with no more of the list than that.
	for (const more of [[], ['--net', 'list', '--allow', at]]) {
		const { out } = fetched(...more);
		assert.match(out, /^here\nrdv: 127\.0\.0\.3:1 is not let through by /);
		assert.match(out, rule);
	}
	for (const [net, why, ...more] of [
		['list', rule, '--allow', '127.0.0.3:1'],
		['full', /\[profile\.script\] network \(.*helper\.toml:\d+\)/]]) {
		const no = fetched('--net', net, ...more);
		assert.equal(no.out, '');
		assert.match(no.err, why);
		assert.notEqual(no.status, 0);
	}
	const made = rdv('session', 'new', 'held', '--profile', 'script', '--net',
		'list', '--', 'sh', '-c', `curl -sS http://${at}/; read x`);
	assert.equal(made.status, 0, made.err);
	const id = made.out.trim();
	const shown = await waitFor('its counts', () => {
		const { out } = rdv('session', 'show', id);
		return new RegExp(`^${at} .* 1 +0 +0$`, 'm').test(out) && out;
	});
	assert.match(shown, /^a\.example:443 +0 +0 +0 +0 +0$/m);
	assert.match(shown, /^refused elsewhere +0$/m);
	assert.match(shown, rule);
	rdv('session', 'close', id);
	await s.reload('');
});

await test('a file that is wrong leaves the policy of before', async () => {
	await s.reload(`[user.${bob.name}]\nprofiles = ["script"]\n`);
	await s.reload('[user.x]\nwhatever = 1\n', 'both stay as they were');
	assert.notEqual((await begin(bob, 'bound')).status, 201);
	assert.equal((await begin(ann, 'free')).status, 201);
	await s.reload('');
	assert.equal((await begin(bob, 'free')).status, 201);
});

await test('each reading of the policy is on record', async () => {
	const keep = path.join(s.root, 'var/lib/rdv-helper/audit');
	const file = path.join(s.root, 'etc/rdv/helper.toml');
	const sha = () => crypto.createHash('sha256')
		.update(fs.readFileSync(file)).digest('hex');
	const lines = () => fs.readdirSync(keep).sort().map((n) =>
		fs.readFileSync(path.join(keep, n), 'latin1')).join('')
		.split('\n').filter((l) => l.includes(' act=policy '));
	const one = async (change, want) => {
		const n = lines().length;
		await change();
		await waitFor('a record', () => lines().length > n);
		assert.equal(lines().length, n + 1);
		assert.ok(lines().at(-1).includes(want), `${lines().at(-1)}: ${want}`);
	};
	const first = sha();
	await one(() => s.reload('[default]\n', 'both stay as they were'),
		`by=main`);
	const no = lines().at(-1);
	assert.ok(no.includes(`phase=refused before=${first} result=denied ` +
		`why="${file}:`), no);
	await one(() => s.reload(`[user.${bob.name}]\nmax_runs = 9\n`),
		'by=ops');
	const yes = lines().at(-1);
	assert.ok(yes.includes(`phase=news before=${first} after=${sha()} ` +
		'result=done'), yes);
	// And back, from what stands there now.
	const second = sha();
	await one(() => s.reload(''), `before=${second} after=${first}`);
	// A file that is in no place to be taken from is named as well.
	fs.chmodSync(file, 0o666);
	await one(() => process.kill(s.main.pid, 'SIGHUP'),
		'by its group or others');
	fs.chmodSync(file, 0o644);
	const verify = s.as({ uid: 0, home: '/root', run: '' },
		path.join(s.bin, 'rdv'), ['audit', 'verify', keep]);
	assert.equal(verify.status, 0, `${verify.out}${verify.err}`);
	// Without a directory root means the host's, and nobody else has one.
	const found = s.as({ uid: 0, home: '/root', run: ann.run },
		path.join(s.bin, 'rdv'), ['audit', 'verify']);
	assert.equal(found.out, verify.out);
	const none = s.rdv(ann, 'audit', 'verify');
	assert.equal(none.status, 1);
	assert.match(none.err, /the audit log of this host is root's: sudo rdv audit/);
});

await test('the web acts for whom the policy says (E01)', async () => {
	const service = fs.readFileSync(path.join(s.root,
		'var/lib/rdv-helper/service-token'), 'utf8').trim();
	const { id } = (await s.over(bob, 'GET', '/api/user')).json;
	const byProxy = () => s.request('POST', '/api/sessions', {
		token: service, headers: { 'X-RDV-User-ID': id },
		body: { name: 'web', command: ['/bin/true'] } });
	assert.equal((await byProxy()).status, 201, 'control');
	await s.reload(`[user.${bob.name}]\nweb = false\n`,
		`serving user=${bob.name} `);
	const r = await byProxy();
	assert.equal(r.status, 403);
	assert.equal(r.json.code, 'UNKNOWN_USER');
	assert.equal((await begin(bob, 'own')).status, 201);
});

await test('tools behind a link are where the link leads', async (t) => {
	/* Not in /tmp, which is another one there. */
	const top = fs.mkdtempSync('/srv/rdv-tools-');
	const dir = path.join(top, 'tools'), link = path.join(top, 'link');
	t.after(() => fs.rmSync(top, { recursive: true }));
	fs.chmodSync(top, 0o755);
	const run = async (name, program) => {
		const made = await s.over(ann, 'POST', '/api/sessions', { body: { name,
			profile: 'script', io: 'pipes', project_path: ann.work,
			command: [program] } });
		if (made.status !== 201)
			return made;
		return waitFor('its end', async () => {
			const { run } = (await s.over(ann, 'GET',
				`/api/sessions/${made.json.id}`)).json;
			return run.ended_at && run;
		});
	};
	s.login(ann);
	ann.work = path.join(ann.home, 'work');
	s.as(ann, '/bin/mkdir', [ann.work]);
	fs.mkdirSync(dir);
	fs.chmodSync(dir, 0o755);
	fs.copyFileSync('/bin/true', path.join(dir, 'tool'));
	fs.chmodSync(path.join(dir, 'tool'), 0o755);
	fs.symlinkSync(dir, link);
	const tool = path.join(dir, 'tool');
	const no = await run('none', tool);
	assert.match(`${no.raw}`, /cannot run/, 'control');
	/* One of the distribution's as well: /lib is a link. */
	await s.reload('[profile.script]\n' +
		`tools = ["/lib/git-core", "${link}", "${top}/none"]\n`);
	const yes = await run('tool', tool);
	assert.equal(yes.exit_code, 0, `${yes.raw}`);
	/* What is everything is left out. */
	fs.unlinkSync(link);
	fs.symlinkSync('/', link);
	await s.reload(`[profile.script]\ntools = ["${link}"]\n`, 'is /: left out');
	assert.match(`${(await run('all', tool)).raw}`, /cannot run/);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
