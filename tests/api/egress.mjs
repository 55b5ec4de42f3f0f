// A network that is held to a list, as people use it: real clients through
// rdv-egress to services of this test on 127.0.0.2, which is a loopback address
// that stands in the list itself and that NO_PROXY has not.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { Rdv, bin, skip, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const work = path.join(rdv.home, 'work');
fs.mkdirSync(work);
const env = { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: rdv.base };
// rdvd answers before it has heard from the helper what there is.
const possible = (await waitFor('the helper', async () => {
	const { helper } = await rdv.call('GET', '/api/status');
	return helper.features.length > 0 && helper.features;
})).includes('user_namespaces');
const have = (program) => fs.existsSync(`/usr/bin/${program}`);

// Not spawnSync: the services are in this process.
async function rdvCommand(...args) {
	const child = spawn(bin('rdv'), args, { cwd: work, env });
	let out = '', err = '';
	child.stdout.on('data', (d) => { out += d; });
	child.stderr.on('data', (d) => { err += d; });
	child.stdin.end();
	const [status] = await once(child, 'close');
	return { status, out, err };
}

const sandbox = (hosts, ...words) => rdvCommand('sandbox', 'run', '--net',
	'list', ...hosts.flatMap((h) => ['--allow', h]), '--', ...words);

// A service and its HOST:PORT; what it was asked is in `asked`.
async function service(t, answer, module = http, options = {}) {
	const asked = [];
	const server = module.createServer(options, (req, res) => {
		asked.push(req);
		answer(req, res);
	});
	await new Promise((done) => { server.listen(0, '127.0.0.2', done); });
	t.after(() => { server.closeAllConnections?.(); server.close(); });
	return { asked, at: `127.0.0.2:${server.address().port}` };
}

const newest = async () => {
	const { id } = (await rdv.call('GET', '/api/sessions?status=closed'))
		.reduce((a, b) => (a.created_at > b.created_at ? a : b));
	return (await rdv.call('GET', `/api/sessions/${id}`)).run;
};

await test('abuse I11 egress: curl through it, and only to the list',
	async (t) => {
		if (!possible || !have('curl'))
			return skip('namespaces or curl');
		const { at, asked } = await service(t, (req, res) => res.end('here\n'));
		const curl = (...words) => sandbox([at], '/usr/bin/curl', '-sS', ...words);
		assert.deepEqual(await curl(`http://${at}/a?b`),
			{ status: 0, out: 'here\n', err: '' });
		assert.deepEqual(await curl('-p', `http://${at}/c`),
			{ status: 0, out: 'here\n', err: '' });
		fs.writeFileSync(path.join(work, 'big'), 'x'.repeat(1000000));
		assert.equal((await curl('--data-binary', '@big',
			`http://${at}/d`)).out, 'here\n');
		assert.equal((await curl('-H', 'Transfer-Encoding: chunked', '-d', 'y',
			`http://${at}/e`)).out, 'here\n');
		// A Host of its own choosing does not get through.
		await curl('-H', 'Host: evil.example', `http://${at}/f`);
		assert.deepEqual(asked.map((r) => r.url),
			['/a?b', '/c', '/d', '/e', '/f']);
		for (const { rawHeaders } of asked)
			assert.deepEqual(rawHeaders.filter((word, i) => i % 2 === 1 &&
				rawHeaders[i - 1].toLowerCase() === 'host'), [at]);
		const port = at.split(':')[1];
		for (const to of [`127.0.0.3:${port}`, `127.0.0.2:${port ^ 1}`]) {
			const no = await curl('-w', '%{http_code}', `http://${to}/`);
			assert.match(no.out, new RegExp(`^rdv: ${to} is not let through by ` +
				'network_hosts as asked for.*\\n403$'));
			const tunnel = await curl('-p', `http://${to}/`);
			assert.equal(tunnel.status, 56);
			assert.match(tunnel.err, /403/);
		}
		// A name in it that leads to this host is no way in.
		const local = await sandbox([`localhost:${port}`], '/usr/bin/curl',
			'--noproxy', '', '-sS', `http://localhost:${port}/`);
		assert.match(local.out, /its name leads to a loopback address/);
		// And without the proxy there is nothing.
		const direct = await curl('--noproxy', '*', `http://${at}/`);
		assert.equal(direct.status, 7);
		assert.equal(asked.length, 5);
	});

await test('abuse I11 egress: a redirect is a request like any other',
	async (t) => {
		if (!possible || !have('curl'))
			return skip('namespaces or curl');
		const { at, asked } = await service(t, (req, res) => {
			const to = new URL(req.url, `http://${at}`).searchParams.get('to');
			if (to === null)
				return res.end('here');
			return res.writeHead(302, { location: to }).end();
		});
		const port = at.split(':')[1];
		const follow = (to) => sandbox([at], '/usr/bin/curl', '-sSL',
			'--noproxy', '', `http://${at}/?to=${encodeURIComponent(to)}`);
		assert.equal((await follow(`http://${at}/there`)).out, 'here', 'control');
		for (const to of ['169.254.169.254', '10.0.0.1', 'localhost',
			`127.0.0.1:${port}`, `[::1]:${port}`, `[::ffff:127.0.0.2]:${port}`,
			`[::ffff:7f00:2]:${port}`, `127.0.0.2:${port ^ 1}`])
			assert.match((await follow(`http://${to}/`)).out,
				/^rdv: \S+ is not let through by /, to);
		// Other spellings of an address that is in the list are not it.
		for (const to of [`2130706434:${port}`, `0x7f000002:${port}`,
			`127.2:${port}`]) {
			const { out } = await sandbox([at], '/bin/bash', '-c',
				'exec 3<>/dev/tcp/127.0.0.1/3128; ' +
				'printf "CONNECT $0 HTTP/1.1\\r\\n\\r\\n" >&3; cat <&3', to);
			assert.match(out, /^HTTP\/1\.1 400 [^]*names no HOST:PORT/, to);
		}
		assert.equal(asked.length, 10);
	});

// It asks in its own name for whoever asks it, here for what is not listed.
const relay = `
import socket, sys, threading
def carry(a, b):
    while data := a.recv(4096): b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def serve(c):
    s = socket.create_connection(('127.0.0.1', 3128))
    threading.Thread(target=carry, args=(s, c)).start()
    carry(c, s)
l = socket.create_server(('127.0.0.1', 4128))
for to in sys.argv[1:]:
    c = socket.create_connection(('127.0.0.1', 4128))
    threading.Thread(target=serve, args=(l.accept()[0],)).start()
    c.sendall(f'CONNECT {to} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'.encode())
    print(to, c.recv(4096).decode().split(' ')[1])
    c.close()
`;

await test('abuse I11 egress: a relay inside changes nothing', async (t) => {
	if (!possible || !have('python3'))
		return skip('namespaces or python3');
	const { at } = await service(t, (req, res) => res.end('here'));
	const not = `127.0.0.3:${at.split(':')[1]}`;
	const r = await sandbox([at], '/usr/bin/python3', '-c', relay, at, not);
	assert.deepEqual(r, { status: 0, out: `${at} 200\n${not} 403\n`, err: '' });
});

await test('abuse I11 egress: one request and nothing behind it', async (t) => {
	if (!possible)
		return skip('namespaces');
	const { at, asked } = await service(t, (req, res) => {
		req.resume().on('end', () => res.end('here'));
	});
	const say = (...lines) => sandbox([at], '/bin/bash', '-c',
		'exec 3<>/dev/tcp/127.0.0.1/3128; printf "$0" >&3; cat <&3',
		lines.join('\\r\\n'));
	const second = `GET http://${at}/2 HTTP/1.1`;
	for (const lines of [
		[`GET http://${at}/1 HTTP/1.1`, '', second, '', ''],
		[`POST http://${at}/1 HTTP/1.1`, 'Content-Length: 3', '',
			`abc${second}`, '', ''],
		[`POST http://${at}/1 HTTP/1.1`, 'Transfer-Encoding: chunked', '', '3',
			'abc', '0', '', second, '', ''],
	]) {
		const { out, err } = await say(...lines);
		assert.equal(err, '');
		assert.match(out, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nhere$/);
	}
	assert.deepEqual(asked.map(({ url }) => url), ['/1', '/1', '/1']);
	// What could be two requests to somebody is none.
	for (const more of ['Content-Length: 3\\r\\nTransfer-Encoding: chunked',
		'A: b\\r\\n C: d', 'A : b']) {
		const { out } = await say(`POST http://${at}/3 HTTP/1.1`, more, '', '');
		assert.match(out, /^HTTP\/1.1 400 [^]*\r\n\r\nrdv: /);
	}
	assert.equal(asked.length, 3);
});

await test('egress: 64 connections at once, and the others after them',
	async (t) => {
		if (!possible || !have('curl'))
			return skip('namespaces or curl');
		const waiting = [];
		let most = 0, served = 0;
		// All of the first wait for each other, so fewer would be for ever.
		const { at } = await service(t, (req, res) => {
			waiting.push(res);
			most = Math.max(most, waiting.length);
			if (waiting.length === 64 || served + waiting.length === 150)
				for (const one of waiting.splice(0)) {
					served++;
					one.end('.');
				}
		});
		// It has its progress on the other output, whatever it is told.
		const { status, out } = await sandbox([at], '/usr/bin/curl', '-sS', '-Z',
			'--parallel-immediate', '--parallel-max', '100',
			`http://${at}/[1-150]`);
		assert.equal(status, 0);
		assert.equal(out, '.'.repeat(150));
		assert.equal(most, 64);
	});

await test('egress: an answer that does not wait for the body gets through',
	async (t) => {
		if (!possible || !have('curl'))
			return skip('namespaces or curl');
		const { at } = await service(t, (req, res) => {
			res.writeHead(413, { connection: 'close' });
			res.end('too much\n', () => req.socket.destroy());
		});
		fs.writeFileSync(path.join(work, 'bigger'), 'x'.repeat(8 << 20));
		for (let i = 0; i < 5; i++)
			assert.equal((await sandbox([at], '/usr/bin/curl', '-s', '-H',
				'Expect:', '--data-binary', '@bigger', `http://${at}/`)).out,
			'too much\n');
	});

await test('egress: TLS goes through as it is', async (t) => {
	if (!possible || !have('curl') || !have('openssl'))
		return skip('namespaces, curl or openssl');
	const pair = ['key.pem', 'cert.pem'].map((f) => path.join(work, f));
	execFileSync('/usr/bin/openssl', ['req', '-x509', '-newkey', 'rsa:2048',
		'-nodes', '-keyout', pair[0], '-out', pair[1], '-days', '2', '-subj',
		'/CN=here', '-addext', 'subjectAltName=IP:127.0.0.2'],
	{ stdio: 'ignore' });
	const [key, cert] = pair.map((f) => fs.readFileSync(f));
	const { at } = await service(t, (req, res) => res.end('secret\n'), https,
		{ key, cert });
	assert.deepEqual(await sandbox([at], '/usr/bin/curl', '-sS', '--cacert',
		pair[1], `https://${at}/`), { status: 0, out: 'secret\n', err: '' });
	const run = await newest();
	const [host] = run.egress.hosts;
	assert.equal(host.connections, 1);
	assert.ok(host.sent > 300 && host.received > 1000);
});

await test('egress: git clones over http', async (t) => {
	if (!possible || !have('git'))
		return skip('namespaces or git');
	const made = path.join(rdv.home, 'made'), bare = path.join(rdv.home, 'bare');
	const git = (...words) => execFileSync('/usr/bin/git', words,
		{ env, stdio: 'pipe' });
	git('init', '-q', '-b', 'main', made);
	fs.writeFileSync(path.join(made, 'f'), 'content\n');
	git('-C', made, 'add', 'f');
	git('-C', made, '-c', 'user.name=n', '-c', 'user.email=e', 'commit', '-qm',
		'first');
	git('clone', '-q', '--bare', made, bare);
	git('-C', bare, 'update-server-info');
	const { at } = await service(t, (req, res) => {
		const file = path.join(bare, new URL(req.url, 'http://x').pathname);
		if (!fs.existsSync(file) || !fs.statSync(file).isFile())
			res.statusCode = 404;
		res.end(res.statusCode === 404 ? '' : fs.readFileSync(file));
	});
	const r = await sandbox([at], '/usr/bin/git', 'clone', '-q',
		`http://${at}/`, 'clone');
	assert.equal(r.status, 0, r.err);
	assert.equal(fs.readFileSync(path.join(work, 'clone/f'), 'utf8'),
		'content\n');
});

await test('egress: npm installs from the registry that is listed',
	async (t) => {
		if (!possible || !have('npm'))
			return skip('namespaces or npm');
		const src = path.join(rdv.home, 'src');
		fs.mkdirSync(path.join(src, 'package'), { recursive: true });
		fs.writeFileSync(path.join(src, 'package/package.json'),
			JSON.stringify({ name: 'tiny', version: '1.0.0' }));
		fs.writeFileSync(path.join(src, 'package/index.js'), '42\n');
		execFileSync('/bin/tar', ['czf', path.join(src, 't.tgz'), '-C', src,
			'package']);
		const tarball = fs.readFileSync(path.join(src, 't.tgz'));
		const integrity = `sha512-${createHash('sha512').update(tarball)
			.digest('base64')}`;
		const registry = await service(t, (req, res) => {
			if (req.url.endsWith('.tgz'))
				return res.end(tarball);
			res.setHeader('content-type', 'application/json');
			return res.end(JSON.stringify({ name: 'tiny',
				'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': {
					name: 'tiny', version: '1.0.0', dist: { integrity,
						tarball: `http://${registry.at}/tiny.tgz` } } } }));
		});
		const there = path.join(work, 'npm');
		fs.mkdirSync(there);
		fs.writeFileSync(path.join(there, 'package.json'), '{}');
		const r = await sandbox([registry.at], '/usr/bin/env',
			`HOME=${there}`, '/usr/bin/npm', 'install', '--prefix', there,
			'--registry', `http://${registry.at}/`, '--no-audit', '--no-fund',
			'--no-update-notifier', 'tiny');
		assert.equal(r.status, 0, r.err);
		assert.equal(fs.readFileSync(path.join(there,
			'node_modules/tiny/index.js'), 'utf8'), '42\n');
		assert.equal((await newest()).egress.refused, 0);
	});

await test('abuse I12 egress: counted by host, while it runs and for good',
	async (t) => {
		if (!possible || !have('curl'))
			return skip('namespaces or curl');
		const { at } = await service(t, (req, res) => res.end('x'.repeat(5000)));
		const hosts = ['a.example:443', at];
		const s = await rdv.session('counted', ['/bin/sh', '-c',
			'while read x; do curl -s "$x" >/dev/null; echo done; done'],
		{ profile: 'script', project_path: work, io: 'pipes', network: 'list',
			network_hosts: hosts });
		assert.deepEqual(s.network_hosts, hosts);
		assert.equal(s.run.policy.network, 'list');
		assert.match(s.run.policy.network_by, /as asked for, within \[profile/);
		const zero = { connections: 0, sent: 0, received: 0, refused: 0,
			failed: 0 };
		assert.deepEqual(s.run.egress, { refused: 0,
			hosts: hosts.map((host) => ({ host, ...zero })) });
		const get = async () =>
			(await rdv.call('GET', `/api/sessions/${s.id}`)).run;
		const type = (data) => rdv.call('POST', `/api/sessions/${s.id}/input`,
			{ data: `${data}\n` });
		const counted = (connections, refused) => waitFor('the counts',
			async () => {
				const { egress } = await get();
				// Null until its new daemon has it.
				return egress?.hosts[1].connections === connections &&
					egress.refused === refused && egress;
			});
		await type(`http://${at}/`);
		await type('http://127.0.0.3:1/');
		const first = await counted(1, 1);
		assert.ok(first.hosts[1].received > 5000);
		assert.ok(first.hosts[1].sent > 40);
		assert.deepEqual(first.hosts[0], { host: hosts[0], ...zero });
		// The daemon that was told of them is not the one that tells.
		const old = rdv.rdvd;
		process.kill(old, 'SIGKILL');
		await waitFor('another daemon', async () => rdv.rdvd &&
			rdv.rdvd !== old && (await rdv.request('GET',
			`/api/sessions/${s.id}`).catch(() => ({}))).status === 200);
		assert.deepEqual((await counted(1, 1)).hosts, first.hosts);
		// Its standard input ended with that daemon, and so does it.
		const run = await waitFor('its end', async () => {
			const r = await get();
			return r.ended_at && r;
		});
		assert.deepEqual(run.egress, first);
		const show = await rdvCommand('session', 'show', s.id);
		assert.match(show.out, new RegExp(`^${at} .* 1 +0 +0$`, 'm'));
		assert.match(show.out, /^refused elsewhere +1$/m);
		// The next run of the session has the same list, and counts anew.
		const again = await rdv.call('POST', `/api/sessions/${s.id}/resume`);
		assert.deepEqual(again.network_hosts, hosts);
		assert.deepEqual(again.run.egress.hosts,
			hosts.map((host) => ({ host, ...zero })));
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	});

await test('abuse I13 egress: a list that is none starts nothing', async () => {
	const ask = (more) => rdv.request('POST', '/api/sessions', { body: {
		name: 'no', command: ['/bin/true'], profile: 'script',
		project_path: work, ...more } });
	const rows = [
		[{ network: 'list' }, 403, /network_hosts: none is asked for/],
		[{ network: 'list', network_hosts: ['a.example'] }, 422, /HOST:PORT/],
		[{ network: 'list', network_hosts: ['*.example:443'] }, 422,
			/HOST:PORT/],
		[{ network: 'full', network_hosts: ['a.example:1'] }, 422,
			/only with the network/],
		[{ network_hosts: ['a.example:1'] }, 403, /without network = "list"/],
		[{ network: 'list', network_hosts: Array(65).fill('a.example:1') }, 422,
			/network_hosts/],
		[{ network: 'list', network_hosts: ['a.example:1'],
			profile: 'login' }, 403, /not confined/],
		[{ network: 'list', network_hosts: ['a.example:1'], profile: 'lsp' },
			403, /has none/],
	];
	for (const [more, status, why] of rows) {
		const r = await ask(more);
		assert.equal(r.status, status, JSON.stringify(more));
		assert.match(r.json.error, why);
	}
});

await rdv.stop();
