// O10: rows of an earlier moment in the place of today's. rdv has no backups of
// its own, so whoever copies its state has such rows: of before a worktree was
// made, of the middle of a removal or a creation. Whatever they say, nothing
// that lies on the disk is deleted for it: no byte of work, and no commit.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { below, test, waitFor } from '../harness/rdv.mjs';
import { Repo } from '../api/gitrepo.mjs';
import { options } from './lib.mjs';

const rows = (rdv) => path.join(rdv.base, 'server/rdv.db');
const sql = (db, text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000', db,
	text], { encoding: 'utf8' });
const states = (db) => sql(db, `SELECT id, state FROM worktree;
	SELECT id, state FROM workspace; SELECT id, state FROM discard;`);
const IN_BETWEEN = `SELECT (SELECT count(*) FROM worktree WHERE state IN
	('creating', 'removing')) + (SELECT count(*) FROM workspace
	WHERE state IN ('creating', 'archiving', 'deleting')) + (SELECT count(*)
	FROM discard WHERE state IN ('taking', 'restoring'));`;

// Copies of the rows for as long as `act` goes on, of each state that is met.
async function copying(rdv, copies, act) {
	let over = false;
	const acting = act().finally(() => { over = true; });
	for (let last = false; !last;) {
		last = over;
		const to = path.join(rdv.scratch, `rows${copies.size}`);
		const [status] = await once(spawn('sqlite3', ['-cmd',
			'.timeout 10000', rows(rdv), `.backup '${to}'`]), 'exit');
		assert.equal(status, 0);
		if (!copies.has(states(to)))
			copies.set(states(to), to);
	}
	return acting;
}

// What may not be lost: files by their text, commits by their id.
const texts = new Set(), commits = [];
function work(dir, name) {
	texts.add(`work in ${name}`);
	fs.writeFileSync(path.join(dir, 'work'), `work in ${name}`);
}
function lost(rdv, repo) {
	const found = new Set(below(rdv.scratch).filter((n) => n.endsWith('/work'))
		.map((n) => fs.readFileSync(path.join(rdv.scratch, n), 'utf8')));
	return [...texts].filter((text) => !found.has(text)).concat(commits.filter(
		(id) => repo.git('for-each-ref', '--contains', id) === ''));
}
async function back(rdv, copy) {
	const gone = once(rdv.main, 'exit');
	rdv.main.kill('SIGTERM');
	await gone;
	for (const end of ['', '-wal', '-shm'])
		fs.rmSync(rows(rdv) + end, { force: true });
	fs.copyFileSync(copy, rows(rdv));
	fs.chmodSync(rows(rdv), 0o600);
	await rdv.up();
	await waitFor('what was under way is settled', () =>
		sql(rows(rdv), IN_BETWEEN) === '0\n');
}

// Through all that makes, moves and removes; each leaves work behind.
async function everything(rdv, repo, copies) {
	const at = (name) => path.join(rdv.home, name);
	const ask = async (method, target, body) => {
		const r = await rdv.request(method, target, { body });
		assert.ok(r.status < 300, `${target}: ${r.status} ${r.raw}`);
		return r.json;
	};
	const copied = (...args) => copying(rdv, copies, () => ask(...args));
	const make = (name) => copied('POST', '/api/worktrees', { repo_path: repo.dir,
		worktree_path: at(name), branch: name, create_branch: true });
	const remove = (name) => copied('DELETE', '/api/worktrees',
		{ worktree_path: at(name), force: true });
	const restore = (id) => copied('POST', '/api/worktrees/restore', { id });
	for (const name of ['stays', 'thrown', 'returned']) {
		await make(name);
		work(at(name), name);
	}
	await remove('thrown');
	await restore((await remove('returned')).trash_id);
	work(at('returned'), 'returned');
	// Another one by the name of one that went.
	await make('again');
	await remove('again');
	await ask('DELETE', `/api/worktrees/branches?worktree_path=${
		encodeURIComponent(repo.dir)}&name=again&force=true`);
	await make('again');
	work(at('again'), 'again, later');
	const { id } = await ask('POST', '/api/repos', { path: repo.dir });
	const w = await copied('POST', '/api/workspaces', { name: 'w', repos: [id] });
	const one = () => rdv.call('GET', `/api/workspaces/${w.id}`);
	await copying(rdv, copies, () => waitFor('ready', async () =>
		(await one()).state === 'ready'));
	const dir = (await one()).repos[0].path;
	fs.writeFileSync(path.join(dir, 'committed'), 'x');
	const tree = new Repo(rdv, dir);
	tree.sh('git add committed; git commit -qm theirs');
	commits.push(tree.git('rev-parse', 'HEAD').trim());
	work(dir, 'a workspace');
	// A branch that is deleted is kept by a name of rdv's.
	repo.sh('git branch ends; git commit-tree -m ends HEAD^{tree} -p HEAD ' +
		'| xargs git update-ref refs/heads/ends');
	commits.push(repo.git('rev-parse', 'ends').trim());
	await copied('DELETE', `/api/worktrees/branches?worktree_path=${
		encodeURIComponent(repo.dir)}&name=ends&force=true`);
}

await test('O10 rows of an earlier moment delete nothing', async (t) => {
	const rdv = await t.start(options), copies = new Map();
	const repo = Repo.make(rdv, 'repo');
	repo.write('f', '1\n');
	repo.sh('git add .; git commit -qm one');
	await copying(rdv, copies, async () => {});
	await everything(rdv, repo, copies);
	assert.deepEqual(lost(rdv, repo), [], 'before any of them');
	const all = [...copies.values()];
	for (const [i, copy] of all.entries()) {
		await back(rdv, copy);
		const gc = await rdv.request('POST', '/api/gc');
		assert.ok(gc.status < 300, `${gc.raw}`);
		assert.deepEqual(lost(rdv, repo), [], `rows ${i}: ${states(copy)}`);
	}
	// By one of them it has been in the trash for longer than anything may.
	const is = `path = '${path.join(rdv.home, 'returned')}'`;
	const row = (db) => sql(db, `SELECT state FROM worktree WHERE ${is};`);
	const due = all.find((copy) => row(copy) === 'trashed\n');
	sql(due, `UPDATE worktree SET updated_at = updated_at - 400 * 86400000
		WHERE ${is};`);
	await back(rdv, due);
	await rdv.call('POST', '/api/gc');
	await waitFor('somebody looks', () => row(rows(rdv)) !== 'trashed\n' ||
		/returned stays trashed: /.test(rdv.log()));
	assert.deepEqual(lost(rdv, repo), [], row(rows(rdv)));
	process.stdout.write(`# ${all.length} moments, ${all.filter((copy) =>
		sql(copy, IN_BETWEEN) !== '0\n').length} of them in between\n`);
	assert.ok(all.length >= 10, `${all.length}`);
	// Control: what is looked for is found to be lost.
	fs.rmSync(path.join(rdv.home, 'again'), { recursive: true });
	assert.deepEqual(lost(rdv, repo), ['work in again, later']);
});
