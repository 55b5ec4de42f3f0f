// System mode below a directory of its own, with accounts made for it: a group
// of people, and one in nginx's place. Needs root.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bare, build, deadline, waitFor } from './rdv.mjs';

let number = 0;

// A port that is free and stays so: of those that the kernel gives nobody.
export async function freePort() {
	for (;;) {
		const port = 20000 + Math.floor(Math.random() * 10000);
		const s = net.createServer().listen(port, '127.0.0.1');
		const free = await new Promise((resolve) => {
			s.on('listening', () => s.close(() => resolve(true)));
			s.on('error', () => resolve(false));
		});
		if (free)
			return port;
	}
}

// useradd and its like lock the account files; others may be at them too.
async function must(program, ...args) {
	await waitFor(`${program} ${args.join(' ')}`, () => {
		const r = spawnSync(`/usr/sbin/${program}`, args,
			{ stdio: 'ignore', env: bare });
		return r.status === 0;
	});
}

const id = (name) => +execFileSync('id', ['-u', name]).toString();

export class System extends Rdv {
	// options: people (how many), args (for rdv-helper), settings (rdv.toml).
	static async start(options = {}) {
		const s = new this();
		s.options = options;
		s.seen = new Map();
		// The number alone would not do where others have their own numbers.
		s.tag = process.pid + [number++, Math.random() * 26,
			Math.random() * 26].map((n) => String.fromCharCode(97 + n % 26))
			.join('');
		s.scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-system-'));
		fs.chmodSync(s.scratch, 0o755);
		s.root = path.join(s.scratch, 'root');
		fs.mkdirSync(path.join(s.root, 'etc/rdv'), { recursive: true });
		if (options.settings !== undefined)
			fs.writeFileSync(path.join(s.root, 'etc/rdv/rdv.toml'),
				options.settings);
		try {
			await s.accounts(options.people ?? 2);
			s.policy();
			s.programs();
			await s.up();
		} catch (e) {
			s.forget();
			throw e;
		}
		return s;
	}

	async accounts(n) {
		if (spawnSync('id', ['rdv'], { stdio: 'ignore' }).status !== 0)
			await must('useradd', '--system', '--user-group',
				'--no-create-home', '--home-dir', '/nonexistent',
				'--shell', '/usr/sbin/nologin', 'rdv');
		this.group = `rdvs${this.tag}`;
		this.made = [];
		await must('groupadd', this.group);
		this.web = await this.account(`rdvx${this.tag}`, '/usr/sbin/nologin');
		this.people = [];
		for (let i = 0; i < n; i++)
			this.people.push(await this.account(
				`rdvu${this.tag}${String.fromCharCode(97 + i)}`, '/bin/sh',
				'-G', this.group));
	}

	async account(name, shell, ...more) {
		const home = path.join(this.scratch, 'home', name);
		this.made.push(name);
		await must('useradd', '-M', '-d', home, '-s', shell, ...more, name);
		fs.mkdirSync(home, { recursive: true });
		const uid = id(name);
		fs.chownSync(home, uid, +execFileSync('id', ['-g', name]));
		fs.chmodSync(home, 0o700);
		return { name, home, uid,
			run: path.join(this.root, 'run/rdv', name) };
	}

	// The account is gone, and what runs as it goes on.
	unmake(name) {
		return must('userdel', '-f', name);
	}

	// Its group, and what is said beside that.
	policy(more = '') {
		fs.writeFileSync(path.join(this.root, 'etc/rdv/helper.toml'),
			`[access]\ngroups = ["${this.group}"]\n` +
			`[default]\nweb = true\n${more}`, { mode: 0o644 });
	}

	// A new policy, once [ops] has taken or refused it.
	async reload(more, word = 'mod=serve msg="accounts=') {
		const before = this.log().length;
		this.policy(more);
		process.kill(this.main.pid, 'SIGHUP');
		await waitFor('the reload', () =>
			this.log().slice(before).includes(word));
	}

	// Where every account can run them, whoever owns the tree.
	programs() {
		this.bin = path.join(this.scratch, 'bin');
		for (const dir of ['bin', 'share']) {
			fs.cpSync(path.join(build, dir), path.join(this.scratch, dir),
				{ recursive: true });
			execFileSync('chmod', ['-R', 'a+rX',
				path.join(this.scratch, dir)]);
		}
	}

	async up() {
		this.logPath = path.join(this.scratch, 'log');
		const log = fs.openSync(this.logPath, 'a', 0o600);
		const begun = fs.fstatSync(log).size;
		this.inspected ??= 0;
		Rdv.running.add(this);
		this.main = spawn(path.join(this.bin, 'rdv-helper'), ['--system',
			'--root', this.root, '--web-user', this.web.name, '--web', '127.0.0.1:8443',
			'--ready-fd', '3', ...(this.options.args ?? [])],
		{ stdio: ['ignore', log, log, 'pipe'], cwd: '/', env: bare });
		fs.closeSync(log);
		const ready = once(this.main.stdio[3], 'data').then(() => true);
		const ended = once(this.main, 'exit').then(() => false);
		if (!await deadline('ready', Promise.race([ready, ended])))
			throw new Error(`rdv-helper ended: ${this.log()}`);
		this.main.stdio[3].destroy();
		this.sock = path.join(this.root, 'run/rdv/web/api.sock');
		this.term = path.join(this.root, 'run/rdv/web/terminal.sock');
		await this.serving(begun);
		this.track();
	}

	// To everybody, and what is asked for is done.
	async serving(from) {
		await waitFor('all are served', () => this.people.every((p) =>
			this.logged(from, `serving user=${p.name} `)));
		await this.settled(from);
	}

	// A command as that account; status, out and err.
	as(who, program, args, { env = {}, input } = {}) {
		const r = spawnSync('setpriv', [`--reuid=${who.uid}`,
			`--regid=${who.uid}`, '--init-groups', '--', program, ...args],
		{ cwd: '/', encoding: 'utf8', input, timeout: 60000,
			env: { ...bare, HOME: who.home, RDV_RUN: who.run, ...env } });
		return { status: r.status, out: r.stdout, err: r.stderr };
	}

	rdv(who, ...args) {
		return this.as(who, path.join(this.bin, 'rdv'), args);
	}

	login(who) {
		const r = this.rdv(who, 'login');
		if (r.status !== 0)
			throw new Error(`rdv login: ${r.err}\n${this.log()}`);
		who.token = fs.readFileSync(path.join(who.home, '.rdv/cli-token'),
			'utf8').trim();
	}

	// A request over that account's socket. Root may connect to all of them;
	// who is asked for is the socket's and the token's.
	over(who, method, target, options = {}) {
		return this.request.call({ sock: path.join(who.run, 'api.sock') },
			method, target, { token: who.token, ...options });
	}

	async member(who, is) {
		await waitFor('gpasswd', () => spawnSync('gpasswd',
			[is ? '-a' : '-d', who.name, this.group],
			{ stdio: 'ignore' }).status === 0);
		process.kill(this.main.pid, 'SIGHUP');
	}

	forget() {
		for (const name of this.made ?? [])
			spawnSync('userdel', ['-f', name], { stdio: 'ignore' });
		spawnSync('groupdel', [this.group], { stdio: 'ignore' });
		if (Rdv.running.has(this) && this.main?.exitCode === null)
			this.main.kill('SIGTERM');
		Rdv.running.delete(this);
		fs.rmSync(this.scratch, { recursive: true, force: true });
	}

	abandon() {
		try {
			super.abandon();
		} finally {
			this.forget();
		}
	}

	async stop() {
		try {
			return await super.stop();
		} finally {
			this.forget();
		}
	}
}
