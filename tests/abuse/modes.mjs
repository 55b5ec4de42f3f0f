// C04 and C16: no file and no socket of rdv's is ever wider than its owner, which a
// process that does nothing but look at modes is asked about.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { ended, options, page } from './lib.mjs';

const token = (rdv, ...scopes) => rdv.call('POST', '/api/tokens',
	{ name: scopes.join(), scopes });

// What is wider than its owner below a path, said once each. Trees of git's
// and homes of agents are looked at no further than where they lie: modes in
// there are work, and are kept.
const look = `
	const fs = require('fs'), path = require('path');
	const tops = process.argv.slice(1), seen = new Set();
	const tree = new RegExp('^/(worktrees|server/trash|agents/[A-Z_]+)/');
	const walk = (top, p) => {
		let names = [];
		const at = '/' + path.relative(top, p);
		if (tree.test(at))
			return;
		try {
			const st = fs.lstatSync(p);
			const key = at + ' ' + (st.mode & 0o7777).toString(8);
			if (st.mode & 0o077 && !seen.has(key) && !st.isSymbolicLink()) {
				seen.add(key);
				console.log(key);
			}
			if (st.isDirectory())
				names = fs.readdirSync(p);
		} catch {}
		for (const n of names)
			walk(top, path.join(p, n));
	};
	let n = 0;
	const turn = () => {
		for (const top of tops)
			walk(top, top);
		if (++n === 1)
			console.log('looking');
		setImmediate(turn);
	};
	process.stdin.on('end', () => process.exit()).resume();
	turn();`;

// A process of its own that does nothing but look, and what it has said.
async function watch(...tops) {
	const p = spawn(process.execPath, ['-e', look, ...tops],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
	const w = { said: '', async stop() {
		const gone = once(p, 'exit');
		p.stdin.end();
		await gone;
	} };
	p.stdout.on('data', (d) => { w.said += d; });
	await waitFor('looking', () => w.said.includes('looking'));
	return w;
}

// An rdv with no umask at all, below a directory of its own that is watched. What
// fails leaves neither process behind: node would wait for them without end.
async function exposed(fn) {
	const umask = process.umask(0);
	const top = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-w-'));
	const base = path.join(top, 'base');
	let rdv, watcher;
	const end = () => {
		const was = rdv;
		rdv = null;
		return was?.stop();
	};
	try {
		watcher = await watch(base);
		rdv = await Rdv.start({ ...options, config: undefined, base });
		await fn(rdv);
		await end();
		assert.equal(watcher.said, 'looking\n');
		fs.writeFileSync(path.join(base, 'control'), '', { mode: 0o644 });
		await waitFor('control', () => watcher.said.includes('/control 644'));
	} finally {
		process.umask(umask);
		await end();
		await watcher?.stop();
		fs.rmSync(top, { recursive: true, force: true });
	}
}

await test('C04 C16 never wider at any moment, whatever the umask', () =>
	exposed(async (rdv) => {
		const s = await rdv.session('seen', ['/bin/sh', '-c',
			'seq 100; read x; exit 3']);
		const { id } = await token(rdv, 'read');
		await page(rdv);
		process.kill(rdv.rdvd, 'SIGKILL');
		await waitFor('another daemon', async () => (await rdv.request('POST',
			`/api/sessions/${s.id}/exec`, { body: { command: 'x' } })
			.catch(() => null))?.status === 202);
		await ended(rdv, s.id);
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		await rdv.call('DELETE', `/api/tokens/${id}`);
		await rdv.call('POST', '/api/service-token/rotate');
		// And what is made anew over what a crash has left.
		rdv.track();
		rdv.main.kill('SIGKILL');
		await waitFor('all are gone', () => rdv.alive().length === 0);
		await rdv.up();
		await rdv.session('again', ['/bin/true']);
	}));

// What has files or rows beside terminals and tokens: a repository, a workspace,
// a worktree that goes to the trash and is restored, a link, a session that is
// forgotten.
async function everything(rdv) {
	const tree = path.join(rdv.home, 'tree');
	execFileSync('/bin/sh', ['-ec', 'git init -q "$0"; git -C "$0" -c ' +
		'user.name=t -c user.email=t@example.org commit -q --allow-empty -m x',
	tree], { env: { PATH: '/usr/bin:/bin' } });
	const repo = await rdv.call('POST', '/api/repos', { path: tree });
	const space = await rdv.call('POST', '/api/workspaces',
		{ name: 'space', repos: [repo.id] });
	await waitFor('the workspace', async () => (await rdv.call('GET',
		`/api/workspaces/${space.id}`)).state === 'ready');
	const at = { worktree_path: path.join(rdv.home, 'w') };
	await rdv.call('POST', '/api/worktrees', { repo_path: tree, ...at,
		branch: 'b', create_new_branch: true });
	fs.writeFileSync(path.join(at.worktree_path, 'x'), 'x');
	const { trash_id: id } = await rdv.call('DELETE', '/api/worktrees',
		{ ...at, force: true });
	await rdv.call('POST', '/api/worktrees/restore', { id });
	assert.ok(fs.existsSync(path.join(at.worktree_path, 'x')));
	const s = await rdv.session('shown');
	await rdv.call('POST', '/api/links', { session_id: s.id });
	await rdv.call('DELETE', `/api/sessions/${s.id}`);
}

await test('C16 never wider while logs rotate and work is made', () =>
	exposed(async (rdv) => {
		await everything(rdv);
		// rdvd logs to a file that it may open anew, and audits into small ones.
		const server = path.join(rdv.base, 'server');
		fs.writeFileSync(path.join(server, 'config.toml'), '[server]\n' +
			`log_file = "${rdv.logPath}"\n[auth]\naudit_max_bytes = 65536\n`,
		{ mode: 0o600 });
		await rdv.again();
		const pid = rdv.rdvd, logs = await watch(rdv.logPath);
		try {
			fs.renameSync(rdv.logPath, path.join(rdv.scratch, 'log.1'));
			process.kill(pid, 'SIGHUP');
			await waitFor('another log', () => fs.existsSync(rdv.logPath));
			const audit = path.join(server, 'audit.log');
			while (!fs.existsSync(`${audit}.3`))
				await rdv.call('DELETE',
					`/api/tokens/${(await token(rdv, 'read')).id}`);
			assert.ok(fs.existsSync(audit));
			assert.equal(logs.said, 'looking\n');
			fs.chmodSync(rdv.logPath, 0o640);
			await waitFor('control', () => logs.said.includes('/ 640'));
		} finally {
			// The harness reads it from its beginning.
			fs.copyFileSync(path.join(rdv.scratch, 'log.1'), rdv.logPath);
			await logs.stop();
		}
	}));
