// What every black-box layer needs: a private rdv in a directory of its own
// with an empty environment, requests over its socket, waiting for conditions
// with a deadline, and the proof that nothing is left afterwards. No npm
// package is needed here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as sanitizer from './sanitizer.mjs';

export const root = path.resolve(import.meta.dirname ??
	path.dirname(new URL(import.meta.url).pathname), '../..');
export const build = path.resolve(root, process.env.BUILD ?? 'build');
export const bin = (name) => path.join(build, 'bin', name);
sanitizer.watch(bin('rdv-helper'));
// What a program under test needs of an environment.
export const bare = { PATH: '/usr/bin:/bin', ...sanitizer.env };

// The names of all that is below. That of readdirSync() itself tries to enter
// sockets in node 18, which is the node of Debian 12.
export function below(dir, at = '') {
	return fs.readdirSync(path.join(dir, at), { withFileTypes: true })
		.map((e) => [e, path.join(at, e.name)])
		.flatMap(([e, name]) => [name,
			...e.isDirectory() ? below(dir, name) : []]);
}

// Sanitized programs are several times as slow, and so is what waits for them;
// RDV_PATIENCE says how many times that is where it is no program of ours.
const slow = Number(process.env.RDV_PATIENCE ?? 1);
export const patience = (ms) => slow * (sanitizer.sanitized() ? 3 * ms : ms);

// Polls until `fn` gives something true; its value. A deadline is a bug found,
// not a measure of time: it is long. What happens soon is seen at once, and what
// takes long does not cost the processors that it needs.
export async function waitFor(what, fn, deadlineMs = 60000) {
	const end = Date.now() + patience(deadlineMs);
	for (let n = 0;; n++) {
		const v = await fn();
		if (v)
			return v;
		if (Date.now() > end)
			throw new Error(`deadline: ${what}`);
		await pause(n < 50 ? 1 : 10);
	}
}

export async function deadline(what, promise, ms = 60000) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`deadline: ${what}`)),
			patience(ms));
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

// The kernel's view of a process; null when it is gone. Number and start time
// together name a process for good, the number alone does not.
export function proc(pid) {
	try {
		const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
		const close = stat.lastIndexOf(')');
		const f = stat.slice(close + 2).split(' ');
		return { pid: +pid, name: stat.slice(stat.indexOf('(') + 1, close),
			state: f[0], ppid: +f[1], start: f[19],
			cpuMs: 10 * (+f[11] + +f[12]) };
	} catch {
		return null;
	}
}

// All live processes below `pid`, itself excluded; zombies do not count.
export function descendants(pid) {
	const all = fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))
		.map((n) => proc(+n)).filter((p) => p && p.state !== 'Z');
	const found = [];
	for (let next = [pid]; next.length > 0;) {
		const kids = all.filter((p) => next.includes(p.ppid));
		found.push(...kids);
		next = kids.map((p) => p.pid);
	}
	return found;
}

// Those of an rdv without its spare runs, which come and go by themselves: the
// program that waits, and its reaper.
export function working(pid) {
	const all = descendants(pid);
	const spare = all.filter((p) => /^rdv-(spare|open)$/.test(p.name));
	return all.filter((p) => !spare.some((s) => s.pid === p.pid ||
		s.ppid === p.pid));
}

// Open descriptors of a process. The list itself is closed to us where the
// process is not dumpable, but since Linux 6.2 the directory's size is their
// number. Null where neither can be had: then a test must skip, not pass.
export function fdCount(pid) {
	const dir = `/proc/${pid}/fd`;
	try {
		return fs.readdirSync(dir).length;
	} catch (e) {
		if (e.code !== 'EACCES')
			throw e;
		return fs.statSync(dir).size || null;
	}
}

export class Rdv {
	// All that were started and not stopped.
	static running = new Set();

	// options: base, args (for rdv-helper), env, config (server/config.toml),
	// by (a command that becomes what follows it), helper (another one).
	static async start(options = {}) {
		const rdv = new Rdv();
		rdv.scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-test-'));
		rdv.base = options.base ?? path.join(rdv.scratch, 'base');
		rdv.home = path.join(rdv.scratch, 'home');
		fs.mkdirSync(rdv.home, { mode: 0o700 });
		if (options.config !== undefined) {
			const dir = path.join(rdv.base, 'server');
			fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
			fs.chmodSync(rdv.base, 0o700);
			fs.writeFileSync(path.join(dir, 'config.toml'), options.config,
				{ mode: 0o600 });
		}
		rdv.options = options;
		rdv.seen = new Map();
		await rdv.up();
		return rdv;
	}

	async up() {
		this.logPath = path.join(this.scratch, 'log');
		const log = fs.openSync(this.logPath, 'a', 0o600);
		const begun = fs.fstatSync(log).size;
		this.inspected ??= 0;
		Rdv.running.add(this);
		const [program, ...args] = [...(this.options.by ?? []),
			this.options.helper ?? bin('rdv-helper'), '--base', this.base, '--ready-fd', '3',
			...(this.options.args ?? [])];
		this.main = spawn(program, args,
			{ stdio: ['ignore', log, log, 'pipe'], cwd: this.scratch,
			  env: { ...bare, HOME: this.home, ...this.options.env } });
		fs.closeSync(log);
		const ready = once(this.main.stdio[3], 'data').then(() => true);
		const ended = once(this.main, 'exit').then(() => false);
		try {
			if (!await deadline('ready', Promise.race([ready, ended])))
				throw new Error('rdv-helper ended');
			await this.settled(begun);
		} catch (e) {
			this.main.kill('SIGKILL');
			e.message += `: ${this.log()}`;
			this.remove();
			throw e;
		}
		// As `rdv up` does: an rdvd started later is no first one.
		this.main.stdio[3].destroy();
		this.sock = path.join(this.base, 'api.sock');
		this.term = path.join(this.base, 'terminal.sock');
		this.token = fs.readFileSync(path.join(this.base, 'cli-token'),
			'utf8').trim();
		this.track();
	}

	serviceToken() {
		return fs.readFileSync(path.join(this.base, 'server/service-token'),
			'utf8').trim();
	}

	// A first rdvd is ready when it knows its runs, or on a slow machine two
	// seconds after its start; later ones tell nobody. `from` is a size of the
	// log.
	settled(from) {
		return waitFor('rdvd knows its runs', () =>
			this.logged(from, 'mod=run msg="settled '));
	}

	logged(from, text) {
		return fs.readFileSync(this.logPath).subarray(from).includes(text);
	}

	// What a program of that session asks for. A list shows what a kill would
	// still undo, an event what it would not.
	asked(session) {
		return waitFor('a question', async () => {
			const [item] = (await this.call('GET', '/api/approvals?' +
				`state=pending&session_id=${session.id}`)).items;
			return item && await this.told(item.id) && item;
		});
	}
	// Whether an event was told of it, which is new: what was read is not again.
	async told(subject) {
		for (;;) {
			const { items } = await this.call('GET',
				`/api/events?limit=1000&since=${this.toldTo ?? 0}`);
			if (items.some((e) => e.subject === subject))
				return true;
			if (items.length < 1000)
				return false;
			this.toldTo = items.at(-1).seq;
		}
	}

	// Ends rdvd; there is another one then, and it knows its runs.
	async again(signal = 'SIGKILL') {
		const old = this.rdvd, from = fs.statSync(this.logPath).size;
		process.kill(old, signal);
		await waitFor('another rdvd', () => this.rdvd && this.rdvd !== old);
		await this.settled(from);
	}

	log() {
		return fs.readFileSync(this.logPath, 'utf8');
	}

	// Remembers all that runs below [main] now, for stop() to ask after.
	track() {
		for (const p of this.main ? descendants(this.main.pid) : [])
			this.seen.set(`${p.pid} ${p.start}`, p);
	}

	alive() {
		return [...this.seen.values()].filter((p) => {
			const now = proc(p.pid);
			return now && now.start === p.start && now.state !== 'Z';
		});
	}

	// Ends it as an administrator would, removes its directory, and throws
	// when a process or a socket of it is left. The exit status of [main].
	async stop() {
		this.track();
		if (this.main.exitCode === null && this.main.signalCode === null) {
			const ended = once(this.main, 'exit');
			this.main.kill('SIGTERM');
			await deadline('rdv ends', ended, 60000);
		}
		try {
			await waitFor('processes gone', () => this.alive().length === 0);
			for (const s of [this.sock, this.term])
				if (this.main.exitCode === 0 && fs.existsSync(s))
					throw new Error(`left behind: ${s}`);
		} catch (e) {
			const left = this.alive();
			for (const p of left)
				process.kill(p.pid, 'SIGKILL');
			throw new Error(`${e.message}; alive: ` +
				left.map((p) => `${p.name}(${p.pid})`).join(' '));
		} finally {
			this.remove();
		}
		return this.main.exitCode;
	}

	// All of it ends and none of it sees anything of that: what outlived [main]
	// by a moment would end the runs in order, and put that on record.
	async vanish() {
		const kids = [this.rdvd, this.ops];
		this.track();
		for (const pid of kids)
			process.kill(pid, 'SIGSTOP');
		await waitFor('they stand still', () => kids.every((pid) =>
			proc(pid).state === 'T'));
		for (const pid of [this.main.pid, ...kids])
			process.kill(pid, 'SIGKILL');
		await waitFor('all gone', () => this.alive().length === 0 &&
			(this.main.exitCode ?? this.main.signalCode) !== null);
	}

	// All of it is gone when this returns, whatever state it is in: node ends.
	abandon() {
		const end = Date.now() + 10000;
		const main = this.main ? [proc(this.main.pid)] : [];
		for (const p of main.filter(Boolean))
			this.seen.set(`${p.pid} ${p.start}`, p);
		this.track();
		this.main?.kill('SIGTERM');
		while (this.alive().length > 0 && Date.now() < end)
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
		for (const p of this.alive())
			process.kill(p.pid, 'SIGKILL');
		fs.rmSync(this.scratch, { recursive: true, force: true });
	}

	remove() {
		Rdv.running.delete(this);
		try {
			this.inspect();
		} finally {
			fs.rmSync(this.scratch, { recursive: true, force: true });
		}
	}

	// A daemon that died of a report was started again: only its log tells.
	inspect() {
		const said = this.log().slice(this.inspected);
		this.inspected += said.length;
		sanitizer.inspect(said);
	}

	// Which one [main] started last, once it has that name and while it lives.
	// Parent and name do not tell: what a killed [ops] had just forked comes to
	// [main], and is called like it for a moment.
	child(title, name) {
		const log = this.log(), said = `mod=main msg="started ${title} pid=`;
		const at = log.lastIndexOf(said);
		const p = at < 0 ? null : proc(parseInt(log.slice(at + said.length)));
		return p?.ppid === this.main.pid && p.name === name &&
			p.state !== 'Z' ? p.pid : undefined;
	}
	// Live processes named `name` anywhere below [main].
	all(name) {
		return descendants(this.main.pid).filter((p) => p.name === name);
	}
	get rdvd() { return this.child('rdvd', 'rdvd'); }
	get ops() { return this.child('[ops]', 'rdv-ops'); }

	// One request on a connection of its own; never throws for a status.
	request(method, target, { body, headers = {}, token = this.token,
		agent = false } = {}) {
		const send = { Host: 'localhost', ...headers };
		if (token)
			send.Authorization = `Bearer ${token}`;
		if (body !== undefined && !send['Content-Type'])
			send['Content-Type'] = 'application/json';
		const text = body === undefined ? undefined :
			typeof body === 'string' ? body : JSON.stringify(body);
		// node sends the body of a DELETE without saying how long it is.
		if (text !== undefined)
			send['Content-Length'] = Buffer.byteLength(text);
		return deadline(`${method} ${target}`, new Promise((resolve, reject) => {
			const req = http.request({ socketPath: this.sock, method,
				path: target, headers: send, agent }, (res) => {
				const parts = [];
				res.on('data', (d) => parts.push(d));
				res.on('error', reject);
				res.on('end', () => {
					const raw = Buffer.concat(parts);
					let json = null;
					try { json = JSON.parse(raw.toString()); } catch { /* raw */ }
					resolve({ status: res.statusCode, headers: res.headers,
						raw, json });
				});
			});
			req.on('error', reject);
			req.end(text);
		}), 180000);
	}

	// The same, and a status outside 2xx is a failure of the test.
	async call(method, target, body, options = {}) {
		const r = await this.request(method, target, { body, ...options });
		if (r.status < 200 || r.status > 299)
			throw new Error(`${method} ${target}: ${r.status} ${r.raw}`);
		return r.json;
	}

	// A token that ends by itself, and what `use` made of it while it was good.
	// That takes as long as it takes: one that ended too soon is tried anew,
	// with more time.
	async brief(body, use = (made) => made) {
		for (let ms = 500;; ms *= 4) {
			const { status, raw, json: made } = await this.request('POST',
				'/api/tokens', { body: { ...body, expiresAt: Date.now() + ms } });
			// Its end was in the past when it came.
			if (status === 422 && ms < 60000)
				continue;
			if (status !== 201)
				throw new Error(`POST /api/tokens: ${status} ${raw}`);
			try {
				return await use(made);
			} catch (e) {
				const { status: now } = await this.request('GET', '/api/user',
					{ token: made.rawKey });
				if (now !== 401 || ms > 60000)
					throw e;
			}
		}
	}

	session(name, command, more = {}) {
		return this.call('POST', '/api/sessions', { name, command, ...more });
	}

	// Bytes as they are, on one connection: everything the peer said before
	// it closed or before `until(text)` was true.
	raw(bytes, { until, sock = this.sock, deadlineMs = 60000 } = {}) {
		return deadline('raw answer', new Promise((resolve, reject) => {
			const c = net.connect(sock);
			let text = '';
			const finish = () => { c.destroy(); resolve(text); };
			c.on('connect', () => c.write(bytes));
			c.on('data', (d) => {
				text += d.toString('latin1');
				if (until?.(text))
					finish();
			});
			c.on('end', finish);
			c.on('error', (e) => (e.code === 'ECONNRESET' ||
				e.code === 'EPIPE') ? finish() : reject(e));
		}), deadlineMs);
	}
}

// A test that ends node, and a signal that ends all tests, leave nothing: what
// only SIGKILL can leave is for tests/harness/sweep.
process.on('exit', () => {
	for (const rdv of Rdv.running)
		rdv.abandon();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(130));

const results = { passed: 0, failed: 0, skipped: 0 };
const times = [];

class Skip { constructor(why) { this.why = why; } }
export const skip = (why) => new Skip(why);

// One test, at once. `fn` gets `t`, with t.after(f) to undo things in reverse
// order, and t.start(options) for an Rdv that is stopped so. It throws to fail,
// and returns skip('why') when it cannot be done here. RDV_ONLY selects by name.
export async function test(name, fn, deadlineMs = 600000) {
	const undo = [], started = [], begin = Date.now();
	const t = {
		after: (f) => undo.push(f),
		start: async (options) => {
			const rdv = await Rdv.start(options);
			started.push(rdv);
			undo.push(() => rdv.stop());
			return rdv;
		},
	};
	if (process.env.RDV_ONLY && !name.includes(process.env.RDV_ONLY))
		return;
	const errors = [];
	let result;
	try {
		result = await deadline('test', fn(t), deadlineMs);
	} catch (e) {
		errors.push(e);
		for (const rdv of started)
			console.log(rdv.log().slice(-4000).replace(/^/gm, '     | '));
	}
	undo.unshift(sanitizer.collect);
	for (const rdv of Rdv.running)
		undo.push(() => rdv.inspect());
	while (undo.length > 0) {
		try {
			await undo.pop()();
		} catch (e) {
			errors.push(e);
		}
	}
	report(name, result, errors, Date.now() - begin);
}

function report(name, result, errors, ms) {
	times.push([ms, name]);
	if (errors.length > 0) {
		results.failed++;
		console.log(`FAIL ${name}`);
		for (const e of errors)
			console.log(String(e.stack).replace(/^/gm, '     '));
	} else if (result instanceof Skip) {
		results.skipped++;
		console.log(`SKIP ${name}: ${result.why}`);
	} else {
		results.passed++;
		console.log(`ok   ${name} (${ms} ms)`);
	}
}

// The last lines of a layer. Never process.exit(): what keeps node alive then
// is a leak that the deadline of the layer will show.
export function finish() {
	try {
		sanitizer.end();
	} catch (e) {
		report('after the last test', null, [e], 0);
	}
	console.log('slowest:');
	for (const [ms, name] of times.sort((a, b) => b[0] - a[0]).slice(0, 10))
		console.log(`${(ms / 1000).toFixed(1).padStart(8)} s ${name}`);
	console.log(`${results.passed} passed, ${results.failed} failed, ` +
		`${results.skipped} skipped`);
	process.exitCode = results.failed > 0 ? 1 : 0;
}
