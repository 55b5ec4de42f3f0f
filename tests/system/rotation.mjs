// The service token of the host, replaced while everybody is at work. What is
// started is what `make run-system` starts, nginx and all.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import WebSocket from 'ws';
import { Rdv, bare, deadline, descendants, root, skip, test,
	waitFor } from '../harness/rdv.mjs';
import { System, freePort } from '../harness/system.mjs';

const env = { ...bare, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

class Host extends System {
	async up() {
		this.port ??= await freePort();
		this.logPath = path.join(this.scratch, 'log');
		const log = fs.openSync(this.logPath, 'a', 0o600);
		const begun = fs.fstatSync(log).size;
		this.inspected ??= 0;
		Rdv.running.add(this);
		this.main = spawn('sh', [path.join(root, 'etc/system/run.sh'),
			this.bin, path.join(this.scratch, 'share/rdv')],
		{ stdio: ['ignore', log, log], cwd: '/', env: { ...env,
			ROOT: this.root, PORT: `${this.port}`,
			WEB_USER: this.web.name } });
		fs.closeSync(log);
		this.sock = path.join(this.root, 'run/rdv/web/api.sock');
		this.term = path.join(this.root, 'run/rdv/web/terminal.sock');
		await waitFor('the page', async () => (await this.page('GET',
			'/health').catch(() => ({}))).status === 200);
		await this.serving(begun);
		this.track();
	}

	get host() { return `127.0.0.1:${this.port}`; }

	// Through nginx, as a page does.
	page(method, target, { body, headers = {} } = {}) {
		const text = body === undefined ? undefined : JSON.stringify(body);
		return deadline(target, new Promise((resolve, reject) => {
			const r = http.request({ port: this.port, method, path: target,
				agent: false, headers: { Host: this.host,
					Origin: `http://${this.host}`, ...headers,
					...text && { 'Content-Type': 'application/json',
						'Content-Length': text.length } } }, (res) => {
				let raw = '';
				res.on('data', (d) => { raw += d; });
				res.on('end', () => resolve({ status: res.statusCode, raw,
					headers: res.headers }));
			});
			r.on('error', reject);
			r.end(text);
		}));
	}

	kept(name) { return path.join(this.root, 'var/lib/rdv-helper', name); }
	get service() {
		return fs.readFileSync(this.kept('service-token'), 'utf8').trim();
	}

	// As root: of the host's rdv below this directory.
	rotate(...args) {
		const r = spawnSync(path.join(this.bin, 'rdv'), [...args, 'token',
			'rotate-service'], { encoding: 'utf8', env: { ...env,
			HOME: this.scratch,
			RDV_RUN: path.join(this.root, 'run/rdv/web') } });
		assert.equal(r.status, 0, `${r.stderr}\n${this.log()}`);
		return r.stdout;
	}

	async nginxHas(text) {
		const conf = path.join(this.root, 'run/rdv-web/service-token.conf');
		await waitFor('nginx is told', () => fs.readFileSync(conf, 'utf8')
			.includes(text));
		assert.equal(fs.statSync(conf).mode & 0o777, 0o600);
	}

	// Who takes requests; one that was told to end takes none.
	workers() {
		return descendants(this.main.pid).filter((p) => p.name === 'nginx')
			.map((p) => p.pid).filter((pid) => {
				try {
					return /worker process(?! is shutting)/.test(fs
						.readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
				} catch {
					return false;
				}
			});
	}
}

const none = spawnSync('nginx', ['-v'], { env }).status !== 0;
const s = none ? null : await Host.start();
const [ann] = s?.people ?? [];
if (!none) {
	s.login(ann);
	ann.id = (await s.over(ann, 'GET', '/api/user')).json.id;
}

async function signIn(who) {
	const { code } = (await s.over(who, 'POST', '/api/auth/code')).json;
	const r = await s.page('POST', '/api/auth/login', { body: { code } });
	assert.equal(r.status, 200, r.raw);
	return { Cookie: r.headers['set-cookie'][0].split(';')[0],
		'X-RDV-Page-Key': JSON.parse(r.raw).page_key };
}

const acting = (text, who) => ({ 'X-RDV-Service-Token': text,
	'X-RDV-User-ID': who.id });
const status = async (text) => (await s.request('GET', '/api/user',
	{ token: null, headers: acting(text, ann) })).status;

await test('C13 nobody behind nginx notices that root replaces its token',
	async () => {
		if (none)
			return skip('no nginx here');
		const headers = await signIn(ann), seen = {};
		const made = await s.over(ann, 'POST', '/api/sessions',
			{ body: { name: 'held', command: ['/bin/cat'] } });
		assert.equal(made.status, 201, `${made.raw}`);
		const ws = new WebSocket(
			`ws://${s.host}/ws/terminal/${made.json.id}`,
			['rdv.v1', `rdv.page.${headers['X-RDV-Page-Key']}`],
			{ headers: { Cookie: headers.Cookie,
				Origin: `http://${s.host}` } });
		let said = '', closed = null;
		ws.on('message', (d) => { said += d; });
		ws.on('close', (code) => { closed = code; });
		ws.on('error', (e) => { closed = String(e); });
		await waitFor('a terminal', () => said.includes('"ready"') || closed);
		const first = s.service, before = [first];
		/* What lives by the token itself, and not by a cookie behind it. */
		const stream = s.raw('GET /api/events HTTP/1.1\r\n' +
			'Host: localhost\r\nAccept: text/event-stream\r\n' +
			Object.entries(acting(first, ann)).map(([k, v]) =>
				`${k}: ${v}\r\n`).join('') + '\r\n', { deadlineMs: 120000 });
		stream.catch(() => {}); // told of below
		let going = true, ended = false;
		stream.then(() => { ended = true; });
		const hammers = [1, 2, 3].map(async () => {
			while (going) {
				const r = await s.page('GET', '/api/auth/me', { headers })
					.catch((e) => ({ status: e.code }));
				seen[r.status] = (seen[r.status] ?? 0) + 1;
			}
		});
		try {
			for (let turn = 0; turn < 3; turn++) {
				const old = s.workers();
				s.rotate();
				assert.equal(before.includes(s.service), false);
				assert.equal(await status(s.service), 200);
				assert.equal(await status(before[turn]), 200, 'grace');
				if (turn > 0)
					await waitFor('two at a time', () => ended);
				assert.equal(ended, turn > 0, 'two at a time');
				if (turn === 0)
					assert.equal(await status(first), 200);
				else
					assert.equal(await status(before[turn - 1]), 401);
				before.push(s.service);
				await s.nginxHas(s.service);
				await waitFor('nginx has it', () => {
					const now = s.workers();
					return now.length > 0 &&
						!now.some((pid) => old.includes(pid));
				});
				const n = seen[200] ?? 0;
				await waitFor('requests go on', () =>
					(seen[200] ?? 0) > n + 20 || Object.keys(seen).length > 1);
				if (turn === 1)
					assert.match(await deadline('the stream', stream), /200 OK/);
			}
		} finally {
			going = false;
			await Promise.all(hammers);
		}
		assert.deepEqual(Object.keys(seen), ['200'], JSON.stringify(seen));
		assert.ok(seen[200] > 60);
		ws.send(JSON.stringify({ type: 'input', data: 'here\r' }));
		await waitFor('the terminal goes on', () => said.includes('here') ||
			closed);
		assert.equal(closed, null);
		ws.close();
		for (const name of ['service-token', 'service-previous'])
			assert.equal(fs.statSync(s.kept(name)).mode & 0o7777, 0o600);
		const record = fs.readFileSync(s.kept('audit/000001.log'), 'utf8');
		assert.equal(record.match(/ act=rotate phase=after token=\w+ result=done/g)
			.length, 3);
		for (const text of before)
			for (const where of [record, s.log()])
				assert.equal(where.includes(text), false, 'N01');
	});

await test('C12 nobody but root replaces the service token', async () => {
	if (none)
		return skip('no nginx here');
	const was = s.service;
	const r = await s.over(ann, 'POST', '/api/service-token/rotate');
	assert.equal(r.status, 409, `${r.raw}`);
	assert.match(r.json.error, /sudo rdv token rotate-service$/);
	const cli = s.rdv(ann, 'token', 'rotate-service');
	assert.equal(cli.status, 1);
	assert.match(cli.err, /sudo rdv token rotate-service$/m);
	assert.equal(s.as(ann, path.join(s.bin, 'rdv-helper'),
		['--rotate-service', '--root', s.root]).status, 1);
	assert.equal((await s.request('POST', '/api/service-token/rotate',
		{ token: null, headers: acting(was, ann) })).status, 403);
	assert.equal(s.service, was);
	/* Control: root does, and is told until when the one before is good. */
	const told = JSON.parse(s.rotate('--json'));
	assert.ok(told.previous_until > Date.now() + 23 * 3600 * 1000);
	assert.notEqual(s.service, was);
});

// The host's places as they are named, in mounts of our own.
const there = ['-m', 'sh', '-c', `mount -t tmpfs none /run &&
	mkdir /run/rdv && mount --bind "$0/run/rdv" /run/rdv &&
	mount -t tmpfs none /var/lib && mkdir -m 700 /var/lib/rdv-helper &&
	mount --bind "$0/var/lib/rdv-helper" /var/lib/rdv-helper && exec "$@"`];

await test('C12 root with an rdv of its own is told which one it rotates',
	async (t) => {
		if (none)
			return skip('no nginx here');
		const home = fs.mkdtempSync(path.join(s.scratch, 'root-'));
		const own = await t.start({ base: path.join(home, '.rdv') });
		const program = path.join(s.bin, 'rdv');
		const words = ['token', 'rotate-service'];
		const both = () => [s.service, own.serviceToken()];
		const changes = (...args) => {
			const was = both();
			const r = spawnSync(...args);
			assert.equal(r.status, 0, r.stderr);
			return [both().map((text, i) => text !== was[i]), r];
		};
		const plain = { encoding: 'utf8', env: { ...env, HOME: home } };
		const named = { encoding: 'utf8', env: { ...env, HOME: home,
			RDV_HOME: own.base } };
		const [host, said] = changes('unshare',
			[...there, s.root, program, ...words], plain);
		assert.deepEqual(host, [true, false]);
		assert.match(said.stderr, /this host's rdv \(\/var\/lib\/rdv-helper\)/);
		const [one, of] = changes('unshare',
			[...there, s.root, program, '--json', ...words], plain);
		assert.deepEqual(one, [true, false]);
		assert.equal(JSON.parse(of.stdout).state, '/var/lib/rdv-helper');
		const [mine, told] = changes('unshare',
			[...there, s.root, program, ...words], named);
		assert.deepEqual(mine, [false, true]);
		assert.ok(told.stderr.includes(`the rdv in ${own.base} `), told.stderr);
		const [socket] = changes('unshare', [...there, s.root, program,
			'--socket', own.sock, ...words], plain);
		assert.deepEqual(socket, [false, true]);
		// Without the host's, root's own is meant.
		const [alone] = changes(program, words, plain);
		assert.deepEqual(alone, [false, true]);
	});

await test('C12 who has the service token gets no sign-in codes', async () => {
	if (none)
		return skip('no nginx here');
	const code = await s.request('POST', '/api/auth/code',
		{ token: null, headers: acting(s.service, ann) });
	assert.equal(code.status, 403, `${code.raw}`);
	assert.match(code.json.error, /rdv url does/);
	/* Control: what it may do, and who does get one. */
	assert.equal(await status(s.service), 200);
	assert.equal((await s.over(ann, 'POST', '/api/auth/code')).status, 201);
});

await test('a service token that is old is replaced', async () => {
	if (none)
		return skip('no nginx here');
	const was = s.service, log = s.log().length;
	const gone = once(s.main, 'exit');
	s.main.kill('SIGTERM');
	await gone;
	const old = Date.now() / 1000 - 31 * 86400;
	fs.utimesSync(s.kept('service-token'), old, old);
	await s.up();
	// The file is there before a word of it.
	await waitFor('another', () => s.service !== was &&
		s.log().slice(log).includes('the service token was replaced'));
	assert.equal(await status(was), 200, 'grace');
	await s.nginxHas(s.service);
	/* After a start both are known as before. */
	process.kill(s.rdvd ?? descendants(s.main.pid).find((p) =>
		p.name === 'rdvd').pid, 'SIGKILL');
	await waitFor('both are good', async () => await status(was)
		.catch(() => 0) === 200 && await status(s.service)
		.catch(() => 0) === 200);
});

await test('the host with nginx ends', async (t) => {
	if (none)
		return skip('no nginx here');
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
