// git inside profile script: a worktree comes with as much of its repository as
// work in it needs, and with nothing that the user's own git would act upon.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const repo = path.join(rdv.home, 'repo');
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: rdv.home } }).trim();
fs.mkdirSync(repo);
git(repo, 'init', '-q', '-b', 'main');
git(repo, 'config', 'user.name', 't');
git(repo, 'config', 'user.email', 't@example.org');
for (const n of ['one', 'two']) {
	fs.writeFileSync(path.join(repo, n), `${n}\n`);
	git(repo, 'add', n);
	git(repo, 'commit', '-q', '-m', n);
}
git(repo, 'branch', 'packed');
git(repo, 'pack-refs', '--all');
// A file that git would give up over, since the home directory is closed.
fs.writeFileSync(path.join(rdv.home, '.gitconfig'), '[user]\nname=home\n');
fs.writeFileSync(path.join(repo, '.git/info/attributes'), '');

const admin = (w) => git(w.path, 'rev-parse', '--absolute-git-dir');
const make = (branch) => rdv.call('POST', '/api/worktrees',
	{ repoPath: repo, branch, createNewBranch: true });
// One shell script in the profile: what it printed and how it ended.
async function confined(dir, script, profile = 'script') {
	const file = path.join(dir, 'run.sh');
	fs.writeFileSync(file, script);
	const made = await rdv.session('confined', ['/bin/sh', file],
		{ profile, project_path: dir });
	const { run } = await waitFor('it ends', async () => {
		const s = await rdv.call('GET', `/api/sessions/${made.id}`);
		return !['starting', 'running'].includes(s.run.state) && s;
	});
	const log = await rdv.request('GET', `/api/runs/${run.id}/log`);
	await rdv.request('DELETE', `/api/sessions/${made.id}`);
	fs.unlinkSync(file);
	return { text: String(log.raw), code: run.exit_code };
}
const works = async (dir, script) => {
	const { text, code } = await confined(dir, `set -ex\n${script}`);
	assert.equal(code, 0, text);
	assert.doesNotMatch(text, /error:|fatal:/);
	return text;
};

await test('commit, branch, fetch, stash push and hooks work in a worktree',
	async () => {
		const w = await make('work');
		const hook = path.join(repo, '.git/hooks/pre-commit');
		fs.writeFileSync(hook, '#!/bin/sh\necho hook-ran\n', { mode: 0o755 });
		const text = await works(w.path, `
			echo change > file; git add file; git commit -qm inside
			git branch aside; git checkout -q -b other; git checkout -q work
			git tag mark
			git init -q --bare near.git; git push -q ./near.git work
			git fetch -q ./near.git work:refs/remotes/near/work
			echo more >> file; git stash -q; git stash list
			git stash apply -q; git checkout -q file
			git merge -q --no-edit main; git reset -q --soft HEAD
			git -c gc.auto=1 commit -q --allow-empty -m auto
			git log --oneline; git worktree list; git fsck --no-progress`);
		assert.match(text, /hook-ran/);
		fs.unlinkSync(hook);
		assert.equal(git(repo, 'log', '-1', '--format=%s', 'work'), 'auto');
		assert.equal(git(repo, 'rev-parse', 'mark'),
			git(repo, 'rev-parse', 'aside'));
		assert.match(git(repo, 'log', '-g', '--format=%gs', 'work'), /inside/);
		assert.equal(git(repo, 'status', '--porcelain'), '');
		git(repo, 'fsck', '--strict');
	});

await test('abuse_E01 nothing the user\'s own git acts upon can be written',
	async () => {
		const w = await make('hostile');
		const other = await make('victim');
		const common = path.join(repo, '.git');
		const names = [`${common}/hooks/pre-commit`, `${common}/config`,
			`${common}/config.lock`, `${common}/config.worktree`,
			`${common}/commondir`, `${common}/info/attributes`,
			`${common}/info/exclude`, `${common}/HEAD`, `${common}/index`,
			`${common}/packed-refs`, `${common}/packed-refs.lock`,
			`${common}/logs/HEAD`, `${common}/new`,
			`${common}/worktrees/new`, `${admin(other)}/HEAD`,
			`${admin(other)}/index`, `${admin(other)}/gitdir`,
			`${admin(other)}/new`, `${other.path}/file`,
			`${repo}/one`, `${repo}/new`, `${rdv.home}/.gitconfig`];
		const before = names.map((n) => fs.existsSync(n) &&
			fs.readFileSync(n, 'latin1'));
		const tries = names.map((n) => `
			(echo x >> '${n}') 2>/dev/null && echo "wrote ${n}"
			rm -f '${n}' 2>/dev/null
			mv bait '${n}' 2>/dev/null && echo "moved to ${n}"
			ln bait '${n}' 2>/dev/null && echo "linked ${n}"
			mkdir '${n}' 2>/dev/null && echo "made ${n}"`).join('\n');
		// Links that git would follow when it writes a reflog or a ref, and
		// a mount of its own that would take the place of the whole.
		const links = ['objects', 'refs', 'refs/heads', 'logs/refs']
			.map((d) => `ln -s '${rdv.home}/.gitconfig' '${common}/${d}/l' ` +
				`2>/dev/null && echo "link in ${d}"
			ln -s x sym; mv sym '${common}/${d}/m' 2>/dev/null && ` +
				`echo "link moved to ${d}"; rm -f sym`).join('\n');
		const { text } = await confined(w.path,
			`echo bait > bait\n${tries}\n${links}\n` +
			`mv '${common}/objects' '${common}/o' 2>/dev/null && echo moved\n` +
			`git config a.b c 2>/dev/null && echo configured\n` +
			`git worktree remove --force '${other.path}' 2>/dev/null && ` +
			'echo unmade\n' +
			// The control: these are its own.
			`echo x > '${common}/refs/heads/x' && ` +
			`rm '${common}/refs/heads/x' && ` +
			`echo x > '${admin(w)}/x' && rm '${admin(w)}/x' && echo own`);
		assert.equal(text.trim(), 'own');
		assert.deepEqual(names.map((n) => fs.existsSync(n) &&
			fs.readFileSync(n, 'latin1')), before);
		// The same script without the profile does all of it.
		const free = await confined(w.path, `echo x > '${common}/new' && ` +
			`rm '${common}/new' && echo wrote`, 'login');
		assert.match(free.text, /wrote/);
	});

await test('abuse_G09 a worktree gets no repository by its own word',
	async () => {
		const w = await make('liar');
		const other = await make('honest');
		const link = path.join(w.path, '.git');
		const own = fs.readFileSync(link, 'utf8');
		const write = `echo x > '${repo}/.git/refs/heads/liar-2' && echo wrote`;
		for (const to of [admin(other), `${repo}/.git`, rdv.home]) {
			await confined(w.path, `echo 'gitdir: ${to}' > .git`);
			const { text } = await confined(w.path,
				`${write}; echo x > '${admin(other)}/x' && echo wrote`);
			assert.doesNotMatch(text, /wrote/);
		}
		fs.writeFileSync(link, own);
		assert.match((await confined(w.path, write)).text, /wrote/);
		fs.unlinkSync(`${repo}/.git/refs/heads/liar-2`);
	});

await test('refs are deleted where packed-refs has been put aside', async () => {
	const w = await make('deleter');
	const all = `
		git branch gone; git branch -q -D gone
		echo a > a; git add a; git commit -qm a
		git checkout -q -b onto main; echo b > b; git add b; git commit -qm b
		git checkout -q deleter; git rebase -q onto
		echo c >> a; git stash -q; git stash pop -q; git checkout -q a
		git tag t; git tag -d t; git branch -q -D packed
		git cherry-pick --no-commit onto 2>/dev/null || true
		git reset -q --hard; test ! -e "$(git rev-parse --git-dir)/CHERRY_PICK_HEAD"
		git pack-refs --all; git branch -q -D onto`;
	const { text, code } = await confined(w.path,
		'git branch stays && git branch -D stays');
	assert.match(text, /packed-refs\.lock/);
	assert.equal(code, 1);
	const dir = path.join(repo, '.git');
	fs.mkdirSync(path.join(dir, 'rdv'));
	fs.renameSync(path.join(dir, 'packed-refs'),
		path.join(dir, 'rdv/packed-refs'));
	fs.symlinkSync('rdv/packed-refs', path.join(dir, 'packed-refs'));
	const after = await confined(w.path, `set -ex\n${all}`);
	assert.equal(after.code, 0, after.text);
	// What it cannot write is said: the section of a deleted branch stays.
	assert.doesNotMatch(after.text, /fatal:|packed-refs\.lock/);
	assert.equal(git(repo, 'branch', '--list', 'packed', 'gone', 'onto'), '');
	// The user's git goes on as before, and leaves the link where it is.
	git(repo, 'branch', 'later');
	git(repo, 'gc', '-q');
	assert.ok(fs.lstatSync(path.join(dir, 'packed-refs')).isSymbolicLink());
	assert.match(git(repo, 'for-each-ref', 'refs/heads'), /later/);
	git(repo, 'fsck', '--strict');
});

await rdv.stop();
