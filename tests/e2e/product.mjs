// The product under test: started by `rdv up` in a private directory and
// stopped by `rdv down`. Requests of the test itself go over the Unix socket
// with the CLI token, so that they do not depend on what is being tested.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from
    'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root } from '../harness/rdv.mjs';
import { check, until } from './assert.mjs';

export class Product {
	constructor() {
		this.dir = mkdtempSync(join(tmpdir(), 'rdv-e2e-'));
		this.home = join(this.dir, 'rdv');
		this.env = {
			PATH: process.env.PATH, HOME: this.dir,
			RDV_HOME: this.home, LANG: 'C.UTF-8', TERM: 'xterm',
		};
	}

	/* server/config.toml; its path. */
	configure(text) {
		const dir = join(this.home, 'server');
		const path = join(dir, 'config.toml');

		mkdirSync(this.home, { recursive: true, mode: 0o700 });
		mkdirSync(dir, { recursive: true, mode: 0o700 });
		writeFileSync(path, text, { mode: 0o600 });
		return path;
	}

	/* Before the start: a program of ours is Claude Code. What it was told
	 * is in its log. */
	agent() {
		const dir = join(this.dir, 'agents');
		const log = join(dir, 'log');

		mkdirSync(dir, { mode: 0o700 });
		writeFileSync(join(dir, 'claude'), `#!${process.execPath}\n` +
		    `process.env.FAKE_AGENT_LOG = ${JSON.stringify(log)};\n` +
		    readFileSync(join(root, 'tests/fixtures/claude.cjs'), 'utf8'),
		    { mode: 0o755 });
		this.configure(`[agents]\npath = ["${dir}"]\n`);
		this.claude = { told: () => existsSync(log) ?
		    readFileSync(log, 'utf8').trim().split('\n') : [] };
	}

	async start() {
		const up = await this.cli('up');

		check(up.status === 0, `rdv up: ${up.stdout}${up.stderr}`);
		this.origin = new URL(await this.url()).origin;
		this.host = new URL(this.origin).host;
		this.port = Number(new URL(this.origin).port);
		this.token = readFileSync(join(this.home, 'cli-token'), 'utf8')
		    .trim();
	}

	async stop() {
		const down = await this.cli('down');

		rmSync(this.dir, { recursive: true, force: true });
		check(down.status === 0, `rdv down: ${down.stderr}`);
	}

	cli(...args) {
		return new Promise((done) => {
			execFile(bin('rdv'), args, { env: this.env,
			    timeout: 60_000 }, (err, stdout, stderr) => done({
				status: err === null ? 0 : err.code ?? -1,
				stdout, stderr,
			}));
		});
	}

	/* A fresh sign-in address. */
	async url() {
		const { stdout, stderr } = await this.cli('url');
		const found = /https?:\S+#code=[\w-]+/.exec(stdout);

		check(found, `rdv url: ${stdout}${stderr}`);
		return found[0];
	}

	log() {
		const path = join(this.home, 'server', 'server.log');
		try {
			return readFileSync(path, 'utf8').slice(-6000);
		} catch {
			return '';
		}
	}

	request(method, path, body, headers = {}) {
		const text = body === undefined ? null : JSON.stringify(body);

		return new Promise((done, fail) => {
			const req = http.request({
				socketPath: join(this.home, 'api.sock'),
				method, path,
				headers: {
					Host: 'rdv',
					Authorization: `Bearer ${this.token}`,
					...(text !== null && {
					    'Content-Type': 'application/json',
					    'Content-Length':
					        Buffer.byteLength(text),
					}),
					...headers,
				},
			}, (res) => {
				const parts = [];
				res.on('data', (part) => parts.push(part));
				res.on('end', () => done({ status: res.statusCode,
				    body: Buffer.concat(parts) }));
				res.on('error', fail);
			});
			req.on('error', fail);
			req.end(text);
		});
	}

	async api(method, path, body) {
		const res = await this.request(method, path, body);

		check(res.status < 300, `${method} ${path}: ${res.status} ` +
		    res.body.toString().slice(0, 300));
		return res.body.length > 0 ? JSON.parse(res.body) : null;
	}

	/* A session with a plain shell, or with the given command. */
	session(name, shell_command = "exec env PS1='ready> ' sh -i", more) {
		return this.api('POST', '/api/sessions', {
			name, shell_command, project_path: this.dir, ...more,
		});
	}

	async closeAll() {
		const all = await this.api('GET', '/api/sessions');

		for (const { id } of all)
			await this.api('DELETE', `/api/sessions/${id}`);
	}

	async runLog(runId) {
		const res = await this.request('GET',
		    `/api/runs/${runId}/log?since=0`, undefined,
		    { Accept: 'application/octet-stream' });

		check(res.status === 200, `log: ${res.status}`);
		return res.body;
	}

	/* kill -9 of the daemon; returns once another one answers. */
	async crash() {
		const { pid } = await this.api('GET', '/api/status');

		process.kill(pid, 'SIGKILL');
		return until(async () => {
			const now = await this.api('GET', '/api/status')
			    .catch(() => null);
			return now !== null && now.pid !== pid ? now : null;
		}, 'another rdvd answers');
	}

	/*
	 * One request through nginx, written byte by byte as an attacker would:
	 * every header is given, none is added. `past` is a socket of rdvd's
	 * to write to instead.
	 */
	raw(method, target, headers, body = '', past = null) {
		const head = headers.map(([k, v]) => `${k}: ${v}\r\n`).join('');
		const text = `${method} ${target} HTTP/1.1\r\n${head}\r\n${body}`;

		return new Promise((done) => {
			const sock = past !== null ?
			    net.connect(join(this.home, past)) :
			    net.connect(this.port, '127.0.0.1');
			let got = '';
			const end = () => {
				sock.destroy();
				done(parse(got));
			};
			sock.setTimeout(20000, end);
			sock.on('data', (part) => {
				got += part.toString('latin1');
				if (complete(got))
					end();
			});
			sock.on('close', end);
			sock.on('error', end);
			sock.write(text);
		});
	}
}

/* Enough to judge: the head, and the body when it has a length. */
function complete(text) {
	const at = text.indexOf('\r\n\r\n');
	const length = /\r\ncontent-length: (\d+)/i.exec(text);

	if (at < 0)
		return false;
	if (length !== null)
		return text.length >= at + 4 + Number(length[1]);
	return !/\r\ntransfer-encoding: chunked/i.test(text) ||
	    text.endsWith('0\r\n\r\n') ||
	    /\r\ncontent-type: text\/event-stream/i.test(text);
}

function parse(text) {
	const at = text.indexOf('\r\n\r\n');
	const head = text.slice(0, at < 0 ? text.length : at);
	const status = /^HTTP\/1\.1 (\d+)/.exec(head);

	return {
		/* 0: closed without a word, which refuses as well. */
		status: status === null ? 0 : Number(status[1]),
		head, body: at < 0 ? '' : text.slice(at + 4),
	};
}
