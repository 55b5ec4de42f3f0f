// C04 and C16: no file and no socket of rdv's is ever wider than its owner, which a
// process that does nothing but look at modes is asked about.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { ended, options, page } from './lib.mjs';

const token = (rdv, ...scopes) => rdv.call('POST', '/api/tokens',
	{ name: scopes.join(), scopes });

await test('C04 C16 never wider at any moment, whatever the umask', async () => {
	const umask = process.umask(0);
	let rdv, watcher, said = '';
	// A process of its own that does nothing but look.
	const watch = (dir) => {
		watcher = spawn(process.execPath, ['-e', `
			const fs = require('fs'), path = require('path');
			const [, dir] = process.argv, seen = new Set();
			const walk = (d) => {
				let names = [];
				try {
					const st = fs.lstatSync(d);
					const key = d.replace(dir, '') + ' ' +
						(st.mode & 0o7777).toString(8);
					if (st.mode & 0o077 && !seen.has(key) &&
					    !st.isSymbolicLink()) {
						seen.add(key);
						console.log(key);
					}
					if (st.isDirectory())
						names = fs.readdirSync(d);
				} catch {}
				for (const n of names)
					walk(path.join(d, n));
			};
			let n = 0;
			const turn = () => {
				walk(dir);
				if (++n === 1)
					console.log('looking');
				setImmediate(turn);
			};
			process.stdin.on('data', () => process.exit()).resume();
			turn();`, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
		watcher.stdout.on('data', (d) => { said += d; });
	};
	const top = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'rdv-w-'));
	try {
		const base = path.join(top, 'base');
		watch(base);
		await waitFor('looking', () => said.includes('looking'));
		rdv = await Rdv.start({ ...options, config: undefined, base });
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
		await rdv.stop();
		assert.equal(said, 'looking\n');
		fs.writeFileSync(path.join(base, 'control'), '', { mode: 0o644 });
		await waitFor('control', () => said.includes('/control 644'));
	} finally {
		process.umask(umask);
		watcher.stdin.write('end');
		await once(watcher, 'exit');
		fs.rmSync(top, { recursive: true, force: true });
	}
});
