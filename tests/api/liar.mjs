// rdv-git runs as the account, so a lost account may answer for it. What rdvd
// knows by itself it compares: with the real rdv-git, linked so that it lies
// about the trash while there is a file "lie" beside that (liar/liar.c).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bin, build, test } from '../harness/rdv.mjs';

const git = (dir, ...args) => execFileSync('git', ['-C', dir,
	'-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args],
{ encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: dir } });

// A rdv whose programs are these, with another rdv-git.
async function startWith(t, worker) {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-liar-'));
	t.after(() => fs.rmSync(dir, { recursive: true }));
	for (const name of ['rdv-helper', 'rdvd'])
		fs.copyFileSync(bin(name), path.join(dir, name));
	fs.copyFileSync(worker, path.join(dir, 'rdv-git'));
	return t.start({ by: ['/bin/sh', '-c', 'shift; exec "$0" "$@"',
		path.join(dir, 'rdv-helper')] });
}

async function repository(rdv) {
	const repo = path.join(rdv.home, 'repo');
	fs.mkdirSync(repo);
	git(repo, 'init', '-q', '-b', 'main');
	git(repo, 'commit', '-q', '--allow-empty', '-m', 'one');
	let n = 0;
	return {
		make: async () => {
			const w = await rdv.call('POST', '/api/worktrees', { repoPath: repo,
				branch: `b${n++}`, createNewBranch: true });
			fs.writeFileSync(path.join(w.path, 'work'), 'mine\n');
			return w;
		},
		remove: (w) => rdv.request('DELETE', '/api/worktrees',
			{ body: { worktreePath: w.path, force: true } }),
	};
}

await test('abuse_E01 a trash that rdv-git makes up is none', async (t) => {
	const rdv = await startWith(t, path.join(build, 'tests/liar'));
	const at = (name) => path.join(rdv.base, 'server', name);
	const { make, remove } = await repository(rdv);
	const gone = await make(), stays = await make();
	const r = await remove(gone);
	assert.equal(r.status, 200, `control: ${r.raw}`);
	assert.ok(fs.existsSync(path.join(at('trash'), r.json.trash_id, 'work')));

	fs.writeFileSync(at('lie'), '');
	const lied = await remove(stays);
	assert.ok(lied.status >= 400, String(lied.raw));
	assert.match(lied.json.error, /rdv-git names .*elsewhere as the trash, /);
	assert.ok(lied.json.error.includes(at('trash')), lied.json.error);
	assert.equal(fs.readFileSync(path.join(stays.path, 'work'), 'utf8'),
		'mine\n');
	assert.deepEqual(fs.readdirSync(at('elsewhere')), [], 'it did lie');
	assert.match(rdv.log(), /rdv-git names .*elsewhere as the trash, not /);

	fs.unlinkSync(at('lie'));
	assert.equal((await remove(stays)).status, 200);
});

await test('a trash that was a link at the start is followed', async (t) => {
	const rdv = await t.start();
	const trash = path.join(rdv.base, 'server/trash');
	const far = path.join(rdv.home, 'far');
	const { make, remove } = await repository(rdv);
	const w = await make();
	fs.mkdirSync(far, { mode: 0o700 });
	fs.symlinkSync(far, trash);
	const r = await remove(w);
	assert.match(r.json.error, /if you have moved it, restart rdv/);
	process.kill(rdv.rdvd, 'SIGKILL');
	const again = await remove(w);
	assert.equal(again.status, 200, String(again.raw));
	assert.ok(fs.existsSync(path.join(far, again.json.trash_id, 'work')));
});
