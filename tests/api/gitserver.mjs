// git's own HTTP server (git http-backend) behind a small one on the loopback
// address, which can let its client wait.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';

const BACKEND = ['/usr/lib/git-core/git-http-backend',
	'/usr/libexec/git-core/git-http-backend'].find(fs.existsSync);

export class GitServer {
	// What is below `root` is served to everybody.
	static async start(root) {
		const s = new GitServer();
		s.root = root;
		s.seen = [];
		s.held = null;
		s.redirect = null;
		s.status = 0; // what everybody is answered
		s.server = http.createServer((q, a) => s.serve(q, a));
		s.server.listen(0, '127.0.0.1');
		await once(s.server, 'listening');
		s.port = s.server.address().port;
		s.url = `http://127.0.0.1:${s.port}`;
		return s;
	}

	// Packs wait from now on; resolves when the first one does. release() lets
	// them go. What is pushed has arrived then, or with `before` has not.
	hold(before = false) {
		let waits;
		const first = new Promise((resolve) => { waits = resolve; });
		this.held = { waits, before };
		this.held.gate = new Promise((resolve) => {
			this.held.open = resolve;
		});
		return first;
	}

	// Of packs so many bytes come now, and the others once release() is called.
	holdAfter(bytes) {
		const first = this.hold();
		this.held.after = bytes;
		return first;
	}

	release() {
		this.held?.open();
		this.held = null;
	}

	async serve(req, res) {
		const [info, query = ''] = req.url.split('?');
		this.seen.push({ method: req.method, path: info,
			headers: req.headers });
		if (this.redirect) {
			res.writeHead(302, { Location: this.redirect + req.url });
			res.end();
			return;
		}
		if (this.status) {
			res.writeHead(this.status);
			res.end();
			return;
		}
		const pushes = req.method === 'POST' &&
			info.endsWith('/git-receive-pack');
		if (this.held?.before && pushes) {
			this.held.waits();
			await this.held.gate;
			if (res.destroyed)
				return;
		}
		const cgi = spawn(BACKEND, [], { stdio: ['pipe', 'pipe', 'ignore'],
			env: { PATH: '/usr/bin:/bin', GIT_PROJECT_ROOT: this.root,
				GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: info, QUERY_STRING: query,
				REQUEST_METHOD: req.method, REMOTE_ADDR: '127.0.0.1',
				CONTENT_TYPE: req.headers['content-type'] ?? '',
				HTTP_CONTENT_ENCODING: req.headers['content-encoding'] ?? '',
				GIT_PROTOCOL: req.headers['git-protocol'] ?? '',
				GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' } });
		cgi.stdin.on('error', () => {});
		res.on('close', () => cgi.kill());
		let asked = '';
		req.on('data', (d) => { asked += d.toString('latin1'); });
		req.pipe(cgi.stdin);
		if (pushes && this.held) {
			// It has begun to answer before anything has arrived.
			const all = [];
			for await (const part of cgi.stdout)
				all.push(part);
			this.held?.waits();
			await this.held?.gate;
			const text = Buffer.concat(all);
			res.writeHead(200, { 'Content-Type':
				'application/x-git-receive-pack-result' });
			res.end(text.subarray(text.indexOf('\r\n\r\n') + 4));
			return;
		}
		let head = Buffer.alloc(0), told = false, sent = 0;
		for await (const part of cgi.stdout) {
			if (told) {
				res.write(part);
				sent += part.length;
				if (sent > this.held?.after) {
					this.held.waits();
					await this.held.gate;
				}
				continue;
			}
			head = Buffer.concat([head, part]);
			const end = head.indexOf('\r\n\r\n');
			if (end < 0)
				continue;
			told = true;
			const lines = head.subarray(0, end).toString().split('\r\n')
				.map((l) => l.split(': '));
			const status = lines.find((l) => l[0] === 'Status');
			res.writeHead(status ? parseInt(status[1]) : 200,
				Object.fromEntries(lines.filter((l) => l[0] !== 'Status')));
			res.flushHeaders();
			if (this.held && !this.held.before && !this.held.after &&
				asked.includes('command=fetch')) {
				this.held.waits();
				await this.held.gate;
			}
			res.write(head.subarray(end + 4));
		}
		res.end();
	}

	async stop() {
		this.release();
		this.server.closeAllConnections();
		this.server.close();
		await once(this.server, 'close');
	}
}
