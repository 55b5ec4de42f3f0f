// Workspaces go together with their branches while git tidies up beside them:
// what else there is in the repository is whole, and so is what comes back (G21).
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const env = { PATH: '/usr/bin:/bin', HOME: rdv.home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const sh = (dir, script) => execFileSync('/bin/sh', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const repo = path.join(rdv.home, 'repo');
fs.mkdirSync(repo);
sh(repo, `git init -q -b main; for i in $(seq 40); do echo $i >f$i; git add .
	git commit -q -m $i; done`);
const { id } = await rdv.call('POST', '/api/repos', { path: repo });

// Committed, staged and neither, none of which stands anywhere else.
async function busy(name) {
	const space = await rdv.call('POST', '/api/workspaces',
		{ repos: [id], branch: name });
	const at = space.repos[0].path;
	sh(at, `for i in 1 2 3; do echo ${name}$i >new$i; git add .
		git commit -q -m $i; done; echo ${name} staged >staged; git add staged
		echo ${name} later >>staged; echo ${name} untracked >untracked`);
	return { space: `/api/workspaces/${space.id}`, at };
}
const seen = ({ at }) => sh(at, `git fsck --connectivity-only --no-dangling 2>&1
	git rev-list --objects HEAD; git ls-files -s | while read -r m o rest
	do git cat-file -e $o; echo $m $o $rest; done; cat staged untracked
	git status --porcelain`);
const main = () => sh(repo, 'git rev-list --objects main | sort');

// What nothing names goes at once, and again and again.
function tidying() {
	const child = spawn('/bin/sh', ['-c', 'n=0; while [ ! -e stop ]; do ' +
		'git gc -q --prune=now; git prune --expire=now; n=$((n + 1)); ' +
		'echo $n >rounds; done'], { cwd: repo, env, stdio: 'ignore' });
	const gone = new Promise((resolve) => child.once('exit', resolve));
	return async () => {
		fs.writeFileSync(path.join(repo, 'stop'), '');
		await gone;
		fs.unlinkSync(path.join(repo, 'stop'));
		return Number(fs.readFileSync(path.join(repo, 'rounds'), 'utf8'));
	};
}

const LAST = 2;

await test('G21 workspaces go with their branches while git prunes', async () => {
	const stays = [await busy('stays'), await busy('too')];
	const before = main(), had = stays.map(seen);
	let end = null;
	for (let round = 0; round <= LAST; round++) {
		const goes = await busy(`goes${round}`), was = seen(goes);
		const head = sh(goes.at, 'git rev-parse HEAD').trim();
		// It is made beside no prune: what git itself writes there is not
		// named yet, and git says so of --prune=now.
		end = tidying();
		const r = await rdv.request('DELETE',
			`${goes.space}?branches=true&force=true`);
		const rounds = await end();
		assert.ok(rounds > 0);
		assert.equal(r.status, 200, r.raw);
		assert.deepEqual(stays.map(seen), had);
		assert.equal(main(), before);
		sh(repo, 'git gc -q --prune=now; git fsck --full');
		const { trash_id: trash } = r.json.repos[0];
		if (round < LAST) {
			await rdv.call('POST', '/api/worktrees/restore', { id: trash });
			assert.equal(seen(goes), was);
			continue;
		}
		// A branch with commits of its own stays. Where that goes as well and
		// git forgets the worktree, its name keeps what it stood on.
		const at = path.join(rdv.base, 'server/trash', trash);
		fs.renameSync(at, `${at}.away`);
		sh(repo, `git worktree prune; git branch -q -D goes${round}
			git reflog expire --expire=now --all
			git gc -q --prune=now; git rev-list --objects ${head}`);
		// Control: nothing else did.
		sh(repo, `git for-each-ref --format='delete %(refname)' refs/rdv |
			git update-ref --stdin; git gc -q --prune=now`);
		assert.throws(() => sh(repo, `git cat-file -e ${head}`));
		fs.renameSync(`${at}.away`, at);
	}
});

await rdv.stop();
