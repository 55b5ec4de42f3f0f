// Workspaces when something is missing that they were made of: what can be done
// is done, what cannot be judged stays where it is and is told of.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, below, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const home = fs.realpathSync(rdv.home);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const sh = (dir, script) => execFileSync('/bin/sh', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(rdv.base, 'server/rdv.db'), text], { encoding: 'utf8' }).trim();

async function repository(name) {
	const dir = path.join(home, name);
	fs.mkdirSync(dir, { recursive: true });
	sh(dir, `git init -q -b main; echo one >file; echo two >other
		git add .; git commit -q -m one`);
	return rdv.call('POST', '/api/repos', { path: dir });
}
const one = await repository('one'), two = await repository('two');
const request = (method, target, body) => rdv.request(method, target, { body });
const create = (more = {}) => rdv.call('POST', '/api/workspaces',
	{ repos: [one.id, two.id], ...more });
const at = (w, tail = '') => `/api/workspaces/${w.id}${tail}`;
const gone = (repo) => new RegExp(`its repository is gone from ${repo.path}`);

await test('a repository that was moved keeps nothing else', async () => {
	const w = await create({ repos: [two.id, one.id] });
	const [b, a] = w.repos.map((p) => p.path);
	fs.renameSync(two.path, `${two.path}.moved`);
	const status = await rdv.call('GET', at(w, '/status'));
	assert.deepEqual(status.repos.map((p) => [p.removable, p.states]),
		[[false, ['STATE_UNKNOWN']], [true, []]]);
	assert.match(status.repos[0].why, gone(two));
	// What can be brought back is, and what cannot be is named.
	fs.rmSync(a, { recursive: true });
	const no = await request('POST', at(w, '/ensure'));
	assert.equal(no.status, 409, no.raw);
	assert.match(no.json.error, /^two: its repository is gone from /);
	assert.ok(fs.existsSync(path.join(a, 'file')));
	// It goes with consent alone, and not what lies there.
	const kept = await request('DELETE', at(w));
	assert.deepEqual([kept.status, kept.json.code], [409, 'STATE_UNKNOWN']);
	assert.match(kept.json.error, /^two: its repository is gone from /);
	assert.ok(fs.existsSync(a));
	fs.writeFileSync(path.join(b, 'mine'), 'x');
	const r = await rdv.call('DELETE', `${at(w)}?force=true&branches=true`);
	assert.equal(r.state, 'deleted');
	assert.match(r.cause, new RegExp(`^two: ${b} stays: its repository is gone`));
	assert.deepEqual(r.repos.map((p) => p.left === null), [false, true]);
	assert.equal(fs.existsSync(a), false);
	assert.deepEqual(below(b).sort(), ['.git', 'file', 'mine', 'other']);
	assert.equal((await request('GET', at(w))).status, 404);
	// It is a worktree as before when the repository is back.
	fs.renameSync(`${two.path}.moved`, two.path);
	assert.equal(sh(b, 'git status --porcelain'), '?? mine\n');
	await rdv.call('DELETE', '/api/worktrees',
		{ worktree_path: b, force: true });
});

await test('a removal that waits for one that is gone ends by force', async () => {
	const w = await create();
	fs.renameSync(two.path, `${two.path}.moved`);
	// As a crash leaves it: in the midst of the second one.
	sql(`UPDATE worktree SET state = 'removing' WHERE path =
		'${w.repos[1].path}' AND state = 'ready';
		UPDATE workspace SET state = 'deleting', wish = 1
		WHERE id = '${w.id}'`);
	await rdv.again();
	await waitFor('it is deleted', async () =>
		(await request('GET', at(w)).catch(() => ({}))).status === 404);
	assert.ok(fs.existsSync(w.repos[1].path));
	fs.renameSync(`${two.path}.moved`, two.path);
});

await test('a removal does not end while a worktree is on its way', async () => {
	const w = await create();
	// Nobody can look at the repository, so nobody can say that it is gone.
	sql(`UPDATE worktree SET state = 'removing' WHERE path =
		'${w.repos[1].path}' AND state = 'ready';
		UPDATE workspace SET state = 'deleting' WHERE id = '${w.id}'`);
	fs.renameSync(`${two.path}/.git/config`, `${two.path}/.git/config.away`);
	fs.mkdirSync(`${two.path}/.git/config`);
	await rdv.again();
	await waitFor('it has been tried', () => rdv.log().includes(
		`${w.id} (deleting): two: it is being made or moved`));
	assert.equal((await rdv.call('GET', at(w))).state, 'deleting');
	fs.rmdirSync(`${two.path}/.git/config`);
	fs.renameSync(`${two.path}/.git/config.away`, `${two.path}/.git/config`);
	await waitFor('it is deleted', async () =>
		(await request('GET', at(w))).status === 404);
	assert.equal(fs.existsSync(w.directory), false);
});

await test('of what failed only its own worktrees go', async () => {
	sh(two.path, 'git branch taken');
	assert.equal((await request('POST', '/api/workspaces',
		{ repos: [one.id, two.id], branch: 'taken' })).status, 409);
	const [w] = (await rdv.call('GET', '/api/workspaces?limit=1')).items;
	assert.equal(w.state, 'failed');
	// Made there by hand, and no worktree of this workspace.
	const mine = path.join(w.directory, 'one');
	fs.mkdirSync(w.directory);
	sh(one.path, `git worktree add -q '${mine}' -b hand`);
	const r = await rdv.call('DELETE', `${at(w)}?force=true`);
	assert.equal(r.state, 'deleted');
	assert.deepEqual(below(mine).sort(), ['.git', 'file', 'other']);
	sh(one.path, `git worktree remove '${mine}'; git branch -D hand`);
	sh(two.path, 'git branch -D taken');
	fs.rmdirSync(w.directory);
});

await test('what somebody deletes does not come back unasked', async () => {
	const w = await create({ repos: [one.id] });
	const tree = w.repos[0].path;
	// There is no room for it, so it is not filled either.
	fs.renameSync(tree, `${tree}.aside`);
	fs.writeFileSync(tree, 'x');
	assert.notEqual((await request('POST', at(w, '/ensure'))).status, 200);
	fs.rmSync(tree);
	fs.renameSync(`${tree}.aside`, tree);
	fs.rmSync(path.join(tree, 'file'));
	assert.equal((await rdv.call('POST', at(w, '/ensure'))).repos[0].done,
		'kept');
	assert.equal(fs.existsSync(path.join(tree, 'file')), false);
	sh(tree, 'git checkout -q file');
	// A removal that had not begun has deleted nothing.
	const { path: alone } = await rdv.call('POST', '/api/worktrees',
		{ repo_path: one.path, branch: 'by-itself', create_branch: true });
	const moving = `UPDATE worktree SET state = 'removing' WHERE path IN
		('${tree}', '${alone}') AND state = 'ready'`;
	const row = () => sql(`SELECT state, mending FROM worktree
		WHERE path = '${tree}' ORDER BY updated_at DESC LIMIT 1`);
	sql(moving);
	await rdv.again();
	await waitFor('it is settled', () => row() === 'ready|0');
	await waitFor('so is one without a workspace', () => sql(`SELECT state,
		mending FROM worktree WHERE path = '${alone}'`) === 'ready|0');
	fs.rmSync(path.join(tree, 'file'));
	assert.equal((await rdv.call('POST', at(w, '/ensure'))).repos[0].done,
		'kept');
	assert.equal(fs.existsSync(path.join(tree, 'file')), false);
	// One that had is filled again.
	sql(moving);
	await rdv.again();
	await waitFor('it is filled', () =>
		fs.existsSync(path.join(tree, 'file')) && row() === 'ready|0');
	// And what comes from the trash comes as it lay there.
	sql(`UPDATE worktree SET mending = 1 WHERE path = '${tree}'`);
	fs.rmSync(path.join(tree, 'file'));
	const { trash_id: id } = await rdv.call('DELETE', '/api/worktrees',
		{ worktree_path: tree, force: true });
	await rdv.call('POST', '/api/worktrees/restore', { id });
	assert.equal((await rdv.call('POST', at(w, '/ensure'))).repos[0].done,
		'kept');
	assert.equal(fs.existsSync(path.join(tree, 'file')), false);
	await rdv.call('DELETE', `${at(w)}?force=true&branches=true`);
});

function cli(...args) {
	const r = spawnSync(bin('rdv'), args, { encoding: 'utf8', cwd: home,
		env: { PATH: '/usr/bin:/bin', HOME: home, RDV_HOME: rdv.base } });
	return { status: r.status, out: r.stdout, err: r.stderr };
}

await test('what a workspace takes of the disk', async () => {
	const w = await create({ name: 'sized' });
	const [a, b] = w.repos.map((p) => p.path);
	const space = (query = '') => rdv.call('GET', at(w, `/space${query}`));
	const before = await space();
	assert.deepEqual(before.repos.map((p) => [p.name, p.why, p.partial]),
		[['one', null, false], ['two', null, false]]);
	assert.ok(before.repos.every((p) => p.objects_bytes > 0 && p.files >= 3));
	fs.writeFileSync(path.join(a, 'own'), Buffer.alloc(1000000, 'x'));
	fs.writeFileSync(path.join(home, 'big'), Buffer.alloc(2000000, 'x'));
	fs.linkSync(path.join(home, 'big'), path.join(a, 'linked'));
	fs.symlinkSync(home, path.join(a, 'out'));
	sh(a, 'sync -f own');
	// It is remembered for a while, unless that is not wished.
	assert.deepEqual(await space(), before);
	const now = await space('?fresh=true');
	const grown = (key) => now.repos[0][key] - before.repos[0][key];
	assert.ok(grown('own_bytes') >= 1000000, `${grown('own_bytes')}`);
	assert.ok(grown('own_bytes') < 1900000, `${grown('own_bytes')}`);
	assert.ok(grown('shared_bytes') >= 2000000, `${grown('shared_bytes')}`);
	assert.equal(grown('files'), 3);
	assert.equal(now.own_bytes, now.repos[0].own_bytes +
		now.repos[1].own_bytes);
	const one = await rdv.call('GET', '/api/worktrees/space?worktree_path=' +
		encodeURIComponent(a));
	assert.equal(one.shared_bytes, now.repos[0].shared_bytes);
	// What is missing has no size, and the other one has.
	fs.rmSync(b, { recursive: true });
	const half = await space('?fresh=true');
	assert.deepEqual(half.repos.map((p) => p.own_bytes === null),
		[false, true]);
	assert.equal(half.partial, true);
	assert.match(half.repos[1].why, /No such file/);
	assert.match(cli('workspace', 'show', 'sized', '--space').out,
		/one +[\d.]+ \wi?B/);
	const out = cli('workspace', 'ls', '--space', '--json');
	assert.deepEqual([out.status, out.err], [0, '']);
	const ls = JSON.parse(out.out);
	assert.equal(ls.items.find((x) => x.id === w.id).shared_bytes,
		now.repos[0].shared_bytes);
	await rdv.call('DELETE', `${at(w)}?force=true&branches=true`);
});

await test('L14 what could go is listed before anything does', async () => {
	const dir = path.join(fs.realpathSync(rdv.base), 'worktrees');
	const w = await create({ repos: [one.id] }), v = await create();
	const alone = await rdv.call('POST', '/api/worktrees', { branch: 'alone',
		create_branch: true, repo_path: one.path });
	// Of nothing that rdv knows, and what only looks like it.
	const odd = ['-odd', 'a b', 'ü', 'z'.repeat(250)];
	for (const name of odd)
		fs.mkdirSync(path.join(dir, name));
	fs.writeFileSync(path.join(dir, 'file'), 'x');
	fs.symlinkSync(home, path.join(dir, 'link'));
	for (const p of v.repos)
		fs.writeFileSync(path.join(p.path, 'mine'), 'x');
	const gone = await rdv.call('DELETE', `${at(v)}?force=true`);
	const [old, young] = gone.repos.map((p) => p.trash_id);
	const month = 31 * 24 * 3600 * 1000;
	sql(`UPDATE worktree SET updated_at = updated_at - ${month}
		WHERE id = '${old}'`);
	const list = await rdv.call('GET', '/api/gc');
	assert.deepEqual(list.items.filter((i) => i.kind === 'orphan')
		.map((i) => path.basename(i.path)), [...odd].sort((x, y) =>
		Buffer.compare(Buffer.from(x), Buffer.from(y))));
	const due = list.items.filter((i) => i.kind !== 'orphan');
	assert.deepEqual(due.map((i) => [i.kind, i.id]), [['trash', old]]);
	assert.ok(due[0].bytes > 0 && list.bytes === due[0].bytes);
	assert.match(cli('gc', '--dry-run').out,
		/^trash +[-\w]+ +\d+ .*\norphan /m);
	// Nothing was touched by that; then only what is due goes.
	const trash = async () => (await rdv.call('GET', '/api/worktrees/trash'))
		.items.map((i) => i.id).filter((id) => id === old || id === young);
	assert.deepEqual((await trash()).sort(), [old, young].sort());
	assert.ok(fs.existsSync(due[0].path));
	const r = cli('gc', '--json');
	assert.deepEqual([r.status, r.err], [0, '']);
	await waitFor('it is deleted', () => !fs.existsSync(due[0].path));
	await waitFor('it is no more', async () =>
		!(await trash()).includes(old));
	assert.deepEqual(await trash(), [young]);
	for (const name of odd)
		fs.rmdirSync(path.join(dir, name));
	assert.ok(fs.existsSync(alone.path ?? w.repos[0].path));
	await waitFor('nothing is left', async () =>
		(await rdv.call('GET', '/api/gc')).items.length === 0);
	fs.rmSync(path.join(dir, 'link'));
	await rdv.call('DELETE', at(w));
});

await test('abuse: a round that is asked for deletes no more (G23)', async () => {
	const all = [];
	for (let i = 0; i < 7; i++) {
		const w = await create({ repos: [one.id] });
		fs.writeFileSync(path.join(w.repos[0].path, 'mine'), 'x');
		all.push((await rdv.call('DELETE', `${at(w)}?force=true`))
			.repos[0].trash_id);
	}
	// A clock that has jumped makes all of it due.
	const ids = all.map((id) => `'${id}'`).join();
	sql(`UPDATE worktree SET updated_at = updated_at - 40 * 86400000
		WHERE id IN (${ids})`);
	const left = (more = '') => Number(sql(`SELECT count(*) FROM worktree
		WHERE id IN (${ids}) AND state = 'trashed' ${more}`));
	assert.equal((await rdv.call('POST', '/api/gc')).items.length, 7);
	await waitFor('a round is over', () => left() === 2);
	// The others are whole when all that waits for its turn has had it, and go
	// with the next one.
	await rdv.call('POST', '/api/worktrees', { repo_path: one.path,
		branch: 'last', create_branch: true });
	assert.equal(left('AND ending = 0'), 2);
	assert.equal((await rdv.call('GET', '/api/gc')).items.length, 2);
	await rdv.call('POST', '/api/gc');
	await waitFor('the rest', () => left() === 0);
});

await rdv.stop();

await test('no more is made than there is room for', async () => {
	const full = await Rdv.start({ config:
		'[worktrees]\nmax_disk_mb = 3\n' });
	const dir = path.join(fs.realpathSync(full.home), 'one');
	fs.mkdirSync(dir);
	sh(dir, 'git init -q -b main; echo one >f; git add .; git commit -qm one');
	const repo = await full.call('POST', '/api/repos', { path: dir });
	const make = () => full.request('POST', '/api/workspaces',
		{ body: { repos: [repo.id] } });
	const first = await make();
	assert.equal(first.status, 201, first.raw);
	const tree = first.json.repos[0].path;
	fs.writeFileSync(path.join(tree, 'big'), Buffer.alloc(4 << 20, 'x'));
	sh(tree, 'sync -f big');
	await full.call('GET', `/api/workspaces/${first.json.id}/space?fresh=true`);
	const refused = async () => {
		const before = below(path.dirname(path.dirname(tree)));
		for (const r of [await make(), await full.request('POST',
			'/api/worktrees', { body: { repo_path: dir, branch: 'x',
				create_branch: true } })]) {
			assert.deepEqual([r.status, r.json.code], [429, 'OVER_QUOTA']);
			assert.match(r.json.error, new RegExp('take 4 MiB, and ' +
				'worktrees\\.max_disk_mb \\(\\S*config\\.toml:2\\) allows 3;'));
		}
		assert.deepEqual(below(path.dirname(path.dirname(tree))), before);
	};
	await refused();
	// What lies in the trash counts, and what was there can be had back.
	await full.call('DELETE',
		`/api/workspaces/${first.json.id}?force=true&branches=true`);
	await refused();
	const [{ id }] = (await full.call('GET', '/api/worktrees/trash')).items;
	await full.call('DELETE', `/api/worktrees/trash/${id}`);
	assert.equal((await make()).status, 201);
	await full.stop();
});

await test('what cannot be counted is not taken for nothing', async () => {
	const full = await Rdv.start({ config:
		'[worktrees]\nmax_disk_mb = 3\n' });
	const home = fs.realpathSync(full.home);
	const repository = async (name) => {
		const dir = path.join(home, name);
		fs.mkdirSync(dir);
		sh(dir, 'git init -q -b main; echo 1 >f; git add .; git commit -qm one');
		return full.call('POST', '/api/repos', { path: dir });
	};
	const [one, two] = [await repository('one'), await repository('two')];
	const make = (repo) => full.request('POST', '/api/workspaces',
		{ body: { repos: [repo.id] } });
	const made = async (repo) => {
		const r = await make(repo);
		assert.equal(r.status, 201, r.raw);
		return r.json.repos[0].path;
	};
	const tree = await made(one);
	fs.writeFileSync(path.join(tree, 'big'), Buffer.alloc(4 << 20, 'x'));
	sh(tree, 'sync -f big');
	fs.chmodSync(tree, 0);
	const no = await make(one);
	assert.deepEqual([no.status, no.json.code], [429, 'OVER_QUOTA'], no.raw);
	assert.match(no.json.error, new RegExp(`what ${tree} takes cannot be ` +
		'counted \\(.*Permission denied\\), and worktrees\\.max_disk_mb ' +
		'\\(\\S*config\\.toml:2\\) allows 3 MiB$'));
	// By what is known of it, it is too much.
	fs.chmodSync(tree, 0o700);
	assert.match((await make(one)).json.error, /take 4 MiB/);
	fs.rmSync(path.join(tree, 'big'));
	await full.again();
	const b = await made(two), was = path.dirname(b);
	// Nor does a tree count less because its repository is away; and what is
	// gone takes nothing.
	fs.writeFileSync(path.join(b, 'big'), Buffer.alloc(4 << 20, 'x'));
	sh(b, 'sync -f big');
	fs.renameSync(two.path, `${two.path}.moved`);
	assert.match((await make(one)).json.error, /take 4 MiB/);
	await full.again();
	fs.renameSync(was, `${was}.moved`);
	await made(one);
	await full.stop();
});

await test('two at once are counted as one after the other', async () => {
	const full = await Rdv.start({ config:
		'[worktrees]\nmax_disk_mb = 1\n' });
	const dir = path.join(fs.realpathSync(full.home), 'one');
	fs.mkdirSync(dir);
	sh(dir, 'git init -q -b main; head -c 3000000 /dev/urandom >f; ' +
		'git add .; git commit -qm one');
	const repo = await full.call('POST', '/api/repos', { path: dir });
	const space = () => full.request('POST', '/api/workspaces',
		{ body: { repos: [repo.id] } });
	const tree = (branch) => full.request('POST', '/api/worktrees',
		{ body: { repo_path: dir, branch, create_branch: true } });
	for (let round = 0; round < 2; round++) {
		const all = await Promise.all([space(), tree(`a${round}`), space(),
			tree(`b${round}`), space()]);
		assert.deepEqual(all.map((r) => r.status).sort(),
			[201, 429, 429, 429, 429], all.map((r) => r.raw).join(' '));
		const { json } = all.find((r) => r.status === 201);
		const gone = json.repos ? `workspaces/${json.id}?force=true&branches=true`
			: `worktrees/remove?worktree_path=${encodeURIComponent(json.path)}` +
				'&force=true';
		await full.call('DELETE', `/api/${gone}`);
		for (const { id } of (await full.call('GET', '/api/worktrees/trash'))
			.items)
			await full.call('DELETE', `/api/worktrees/trash/${id}`);
	}
	// One that is refused for another reason holds up nobody.
	const [bad, good] = await Promise.all([full.request('POST',
		'/api/worktrees', { body: { repo_path: `${dir}-none`, branch: 'x',
			create_branch: true } }), space()]);
	assert.ok(bad.status >= 400, bad.raw);
	assert.equal(good.status, 201, good.raw);
	await full.stop();
});

await test('output of closed sessions goes after its time', async () => {
	const old = await Rdv.start({ config:
		'[cleanup]\nlog_retention_days = 10\n' });
	const says = async (name) => {
		const s = await old.call('POST', '/api/sessions', { name,
			command: ['/bin/echo', 'said'] });
		await waitFor(`${name} has ended`, async () => (await old.call('GET',
			`/api/runs/${s.run.id}`)).log_bytes > 0);
		return s;
	};
	const [gone, young, open] = [await says('gone'), await says('young'),
		await says('open')];
	for (const s of [gone, young])
		await old.call('DELETE', `/api/sessions/${s.id}`);
	execFileSync('sqlite3', ['-cmd', '.timeout 10000',
		path.join(old.base, 'server/rdv.db'), `UPDATE run SET ended_at =
		ended_at - 11 * 86400000 WHERE id IN ('${gone.run.id}',
		'${open.run.id}')`]);
	const list = await old.call('GET', '/api/gc');
	assert.deepEqual(list.items.map((i) => [i.kind, i.id]),
		[['log', gone.run.id]]);
	assert.equal(list.bytes, list.items[0].bytes);
	const bytes = async (s) => (await old.call('GET',
		`/api/runs/${s.run.id}`)).log_bytes;
	assert.ok(await bytes(gone) > 0);
	await old.call('POST', '/api/gc');
	await waitFor('it is gone', async () => await bytes(gone) === 0);
	assert.ok(await bytes(young) > 0 && await bytes(open) > 0);
	assert.deepEqual((await old.call('GET', '/api/gc')).items, []);
	await old.stop();
});
