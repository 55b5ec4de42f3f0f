// Workspaces: a worktree of each repository in one call, brought back, put away
// and deleted, and never a half of one.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Rdv, below, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const NOBODY = '01900000-0000-7000-8000-000000000000';
const home = fs.realpathSync(rdv.home);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const sh = (dir, script) => execFileSync('/bin/sh', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });

async function repository(name, more = 'true') {
	const dir = path.join(home, name);
	fs.mkdirSync(dir, { recursive: true });
	sh(dir, `git init -q -b main; mkdir sub; echo s >sub/s; echo one >file
		printf '%s\\n' .env nm/ >.gitignore; git add .; git commit -q -m one
		${more}`);
	return rdv.call('POST', '/api/repos', { path: dir });
}
const one = await repository('a/app'), two = await repository('b/app'),
	lib = await repository('lib', 'git branch old; git commit -q ' +
		'--allow-empty -m two');
const all = [one, two, lib], ids = all.map((r) => r.id);

const request = (method, target, body) => rdv.request(method, target, { body });
const create = (more = {}) => rdv.call('POST', '/api/workspaces',
	{ repos: ids, ...more });
const at = (w, tail = '') => `/api/workspaces/${w.id}${tail}`;
const events = async () => (await rdv.call('GET',
	'/api/events?since=0&limit=1000')).items;
const worktreeDir = path.join(fs.realpathSync(rdv.base), 'worktrees');

// What each repository has of branches and worktrees, and what lies where rdv
// makes worktrees: before and after something that has to leave no trace.
const traces = () => JSON.stringify([...all.map((r) => [
	git(r.path, 'for-each-ref', '--format=%(refname) %(objectname)'),
	git(r.path, 'worktree', 'list', '--porcelain')]),
fs.existsSync(worktreeDir) ? below(worktreeDir) : []]);
const whole = (w) => {
	for (const p of w.repos) {
		assert.equal(fs.readFileSync(path.join(p.path, 'sub/s'), 'utf8'), 's\n');
		assert.equal(git(p.path, 'status', '--porcelain'), '');
		assert.equal(git(p.path, 'branch', '--show-current').trim(), w.branch);
	}
};
const refusal = async (body, status, what) => {
	const before = traces();
	const r = await request('POST', '/api/workspaces', body);
	assert.equal(r.status, status, `${JSON.stringify(body)}: ${r.raw}`);
	assert.match(r.json.error, what);
	assert.equal(traces(), before);
	return r.json;
};

await test('a workspace of three repositories, two of one name', async () => {
	const w = await create({ name: 'Fix the Thing, please: now!' });
	const short = w.id.slice(-4);
	assert.equal(w.branch, `rdv/${short}-fix-the-thing-pl`);
	assert.equal(path.basename(w.directory), `${short}-fix-the-thing-pl`);
	assert.deepEqual(w.repos.map((p) => [p.name, p.repo_id, p.state,
		p.made_branch]), [['app', ids[0], 'ready', true],
		['app-2', ids[1], 'ready', true], ['lib', ids[2], 'ready', true]]);
	assert.deepEqual(w.repos.map((p) => path.dirname(p.path)),
		Array(3).fill(w.directory));
	whole(w);
	assert.deepEqual([w.state, w.cause, w.pinned, w.archived],
		['ready', null, false, false]);
	assert.deepEqual(await rdv.call('GET', at(w)), w);
	const told = (await events()).filter((e) => e.subject === w.id)
		.map((e) => e.kind);
	assert.equal(told[0], 'workspace.creating');
	assert.equal(told.at(-1), 'workspace.created');
	const list = await rdv.call('GET', '/api/workspaces?limit=1');
	assert.equal(list.items[0].id, w.id);
});

await test('names and bases are as they were wished', async () => {
	const w = await create({ name: 'ünï', branch_prefix: '',
		bases: { [ids[2]]: 'old' } });
	assert.equal(w.branch, `${w.id.slice(-4)}-n`);
	assert.equal(git(w.repos[2].path, 'rev-parse', 'HEAD'),
		git(lib.path, 'rev-parse', 'old'));
	assert.equal(w.repos[2].base, 'old');
	// Without a name that of the first; and what is wished of a repository.
	await rdv.call('PATCH', `/api/repos/${ids[2]}`,
		{ default_base: 'origin/old' });
	const v = await create({ repos: [ids[2]], branch: 'feature/as-is' });
	await rdv.call('PATCH', `/api/repos/${ids[2]}`, { default_base: null });
	assert.deepEqual([v.name, v.branch, v.repos[0].base],
		['lib', 'feature/as-is', 'old']);
	assert.equal(git(v.repos[0].path, 'rev-parse', 'HEAD'),
		git(lib.path, 'rev-parse', 'old'));
	// One that is there is taken when that is said, and is not ours then.
	const u = await create({ repos: [ids[1]], branch: 'feature/as-is',
		existing_branch: true });
	assert.equal(u.repos[0].made_branch, true);
	sh(one.path, 'git branch there');
	const t = await create({ repos: [ids[0]], branch: 'there',
		existing_branch: true });
	assert.equal(t.repos[0].made_branch, false);
	for (const x of [w, v, u, t])
		await rdv.call('DELETE', `${at(x)}?branches=true`);
	assert.match(git(one.path, 'branch'), /there/);
	assert.doesNotMatch(git(lib.path, 'branch'), /as-is/);
	sh(one.path, 'git branch -D there');
});

await test('bad input names the field and makes nothing', async () => {
	for (const [body, what] of [
		[{ repos: [] }, /repos: at least one/],
		[{ repos: [ids[0], ids[0]] }, /repos: one is named twice/],
		[{ repos: ids, name: 'a\u0007' }, /name: must be printable/],
		[{ repos: ids, branch: '-x' }, /branch: is no name/],
		[{ repos: ids, branch: 'a..b' }, /branch: is no name/],
		[{ repos: ids, branch: '@{-1}' }, /branch: is no name/],
		[{ repos: ids, branch_prefix: 'a/b' }, /branch_prefix: /],
		[{ repos: ids, branch_prefix: '.x' }, /branch_prefix: /],
		[{ repos: ids, branch_prefix: '-x' }, /branch_prefix: /],
		[{ repos: ids, bases: { [NOBODY]: 'main' } }, /bases: names a/],
		[{ repos: ids, bases: { [ids[0]]: '-x' } }, /bases: is no name/],
		[{}, /repos/], [{ repos: ids, what: 1 }, /what/]])
		await refusal(body, 422, what);
	await refusal({ repos: [ids[0], NOBODY] }, 404,
		/repos: there is no repository 01900000/);
	assert.equal((await request('GET', '/api/workspaces?cursor=x')).status, 422);
});

await test('a failure names the repository, and takes back the rest (G24)', async () => {
	sh(lib.path, 'git branch taken');
	const r = await refusal({ repos: ids, branch: 'taken' }, 409,
		/^lib: branch taken exists already$/);
	assert.equal(r.code, 'BRANCH_EXISTS');
	assert.equal((await refusal({ repos: ids, branch: 'main' }, 409,
		/^app: branch main is checked out in /)).code, 'BRANCH_IN_USE');
	await refusal({ repos: ids, bases: { [ids[1]]: 'nowhere' } }, 400,
		/^app-2: there is no branch nowhere to start from/);
	const failed = (await rdv.call('GET', '/api/workspaces')).items
		.filter((w) => w.state === 'failed');
	assert.equal(failed.length, 3);
	assert.match(failed.at(-1).cause, /^lib: branch taken exists already$/);
	// Such a row can go, and the branch is nobody's of ours.
	for (const w of failed)
		await rdv.call('DELETE', `${at(w)}?branches=true`);
	assert.match(git(lib.path, 'branch'), /taken/);
	sh(lib.path, 'git branch -D taken');
});

await test('files are copied, and the one that cannot be is named', async () => {
	sh(one.path, `echo S=1 >.env; chmod 640 .env; mkdir -p nm/x
		echo n >nm/x/y; ln -s /etc/passwd out`);
	const wish = (copy_files) => rdv.call('PATCH', `/api/repos/${ids[0]}`,
		{ copy_files });
	await wish(['.env', 'nm', 'file', 'none']);
	const w = await create();
	const tree = w.repos[0].path;
	sh(tree, 'test "$(cat .env)" = S=1; test $(stat -c %a .env) = 640; ' +
		'test "$(cat nm/x/y)" = n; test "$(git status --porcelain)" = ""');
	// What is there stays.
	sh(tree, 'echo mine >.env; rm -r nm');
	await rdv.call('POST', at(w, '/ensure'));
	sh(tree, 'test "$(cat .env)" = mine');
	await wish(['out']);
	const r = await refusal({ repos: [ids[1], ids[0]] }, 400,
		/^app-2: out: it is a symbolic link that leads out$/);
	assert.equal(r.code, 'INVALID_ARGUMENT');
	await wish(null);
	sh(one.path, 'rm out');
	sh(tree, 'rm .env');
	await rdv.call('DELETE', at(w));
});

await test('what is missing comes back as it was (G24)', async () => {
	const w = await create();
	const [a, b, c] = w.repos.map((p) => p.path);
	// Staged, and on no branch: git has it, though the directory has gone.
	sh(a, 'echo staged >new; git add new; git rm -q file');
	sh(b, 'git checkout -q --detach; git commit -q --allow-empty -m lonely');
	const head = git(b, 'rev-parse', 'HEAD');
	const state = git(a, 'status', '--porcelain');
	fs.rmSync(w.directory, { recursive: true });
	const status = await rdv.call('GET', at(w, '/status'));
	assert.deepEqual(status.repos.map((p) => [p.missing, p.removable]),
		Array(3).fill([true, false]));
	const r = await rdv.call('POST', at(w, '/ensure'));
	assert.deepEqual(r.repos.map((p) => p.done), Array(3).fill('mended'));
	assert.equal(git(a, 'status', '--porcelain'), state);
	assert.equal(git(b, 'rev-parse', 'HEAD'), head);
	assert.equal(fs.readFileSync(path.join(a, 'new'), 'utf8'), 'staged\n');
	sh(a, 'git reset -q --hard');
	sh(b, `git checkout -q '${w.branch}'`);
	whole(w);
	assert.deepEqual((await rdv.call('POST', at(w, '/ensure'))).repos
		.map((p) => p.done), Array(3).fill('kept'));
	// Forgotten by git too: made anew on the branch, where it stood.
	sh(c, 'echo more >more; git add more; git commit -q -m more');
	fs.rmSync(c, { recursive: true });
	git(lib.path, 'worktree', 'prune');
	assert.deepEqual((await rdv.call('POST', at(w, '/ensure'))).repos
		.map((p) => p.done), ['kept', 'kept', 'made']);
	assert.equal(fs.readFileSync(path.join(c, 'more'), 'utf8'), 'more\n');
	// Nor is anything of somebody else's written over.
	fs.rmSync(c, { recursive: true });
	git(lib.path, 'worktree', 'prune');
	fs.mkdirSync(c);
	fs.writeFileSync(path.join(c, 'precious'), 'x');
	const no = await request('POST', at(w, '/ensure'));
	assert.equal(no.status, 409);
	assert.match(no.json.error, /^lib: .*lib is there, and no worktree/);
	assert.deepEqual(fs.readdirSync(c), ['precious']);
	fs.rmSync(c, { recursive: true });
	await rdv.call('POST', at(w, '/ensure'));
	await rdv.call('DELETE', `${at(w)}?branches=true&force=true`);
});

await test('renamed and pinned; branch and directory stay', async () => {
	const w = await create({ repos: [ids[2]] });
	const r = await rdv.call('PATCH', at(w), { name: 'other', pinned: true });
	assert.deepEqual({ ...r, updated_at: 0 }, { ...w, name: 'other',
		pinned: true, updated_at: 0 });
	assert.equal((await request('PATCH', at(w), { name: 'a\nb' })).status, 422);
	assert.equal((await request('PATCH', at(w), { pinned: 1 })).status, 422);
	assert.equal((await rdv.call('GET', at(w))).name, 'other');
	await rdv.call('DELETE', at(w));
	assert.equal((await request('GET', at(w))).status, 404);
	assert.equal((await request('DELETE', at(w))).status, 404);
});

await test('archived and back; removed only when nothing is lost', async () => {
	const w = await create();
	const [a, b] = w.repos.map((p) => p.path);
	// A mark, and no file goes.
	assert.equal((await rdv.call('POST', at(w, '/archive'))).archived, true);
	whole(w);
	assert.equal((await request('POST', at(w, '/archive'))).status, 409);
	assert.match((await request('POST', at(w, '/ensure'))).json.error,
		/archived; restore it/);
	assert.equal((await rdv.call('GET', '/api/workspaces?archived=true'))
		.items.some((x) => x.id === w.id), true);
	assert.equal((await rdv.call('GET', '/api/workspaces?archived=false'))
		.items.some((x) => x.id === w.id), false);
	assert.equal((await rdv.call('POST', at(w, '/restore'))).archived, false);
	assert.equal((await request('POST', at(w, '/restore'))).status, 409);
	// With its worktrees: one reason keeps all of them.
	sh(b, 'echo two >file; echo S >.env');
	const before = below(w.directory);
	const no = await request('POST', at(w, '/archive'), { remove: true });
	assert.equal(no.status, 409, `${no.raw}`);
	assert.equal(no.json.code, 'HAS_UNCOMMITTED_CHANGES');
	assert.match(no.json.error, /^app-2: it has uncommitted/);
	assert.deepEqual(no.json.details.repos.map((p) => p.reasons),
		[[], ['HAS_UNCOMMITTED_CHANGES'], []]);
	assert.deepEqual(below(w.directory), before);
	const r = await rdv.call('POST', at(w, '/archive'),
		{ remove: true, force: true });
	assert.equal(fs.existsSync(w.directory), false);
	assert.ok(r.repos.every((p) => p.state === 'trashed'));
	const back = await rdv.call('POST', at(w, '/restore'));
	assert.ok(back.repos.every((p) => p.done === 'restored'));
	sh(b, 'test "$(cat file .env)" = "two\nS"; git checkout -q file; rm .env');
	whole(w);
	// And without: git can give back all of it.
	const clean = await rdv.call('POST', at(w, '/archive'), { remove: true });
	assert.ok(clean.repos.every((p) => p.state === 'removed'));
	assert.ok((await rdv.call('POST', at(w, '/restore'))).repos
		.every((p) => p.done === 'made'));
	whole(w);
	assert.equal(fs.existsSync(a), true);
	await rdv.call('DELETE', `${at(w)}?branches=true`);
});

await test('deleted: a branch goes only when no commit does', async () => {
	const before = traces();
	const w = await create();
	const [a, , c] = w.repos.map((p) => p.path);
	sh(a, 'echo a >>file; git commit -q -am work');
	const no = await request('DELETE', `${at(w)}?branches=true`);
	assert.equal(no.json.code, 'HAS_UNPUSHED_COMMITS');
	// Pushed elsewhere it may go. What else lies in the directory stays.
	const work = git(a, 'rev-parse', 'HEAD').trim();
	git(one.path, 'update-ref', 'refs/remotes/origin/copy', work);
	fs.writeFileSync(path.join(w.directory, 'notes'), 'mine');
	const r = await rdv.call('DELETE', `${at(w)}?branches=true`);
	assert.deepEqual(r.repos.map((p) => [p.state, p.branch_deleted]),
		Array(3).fill(['removed', true]));
	assert.match(r.cause, /Directory not empty/);
	assert.deepEqual(below(w.directory), ['notes']);
	fs.rmSync(w.directory, { recursive: true });
	git(one.path, 'update-ref', '-d', 'refs/remotes/origin/copy');
	assert.equal(traces(), before);
	assert.equal(fs.existsSync(c), false);
	// By force it lies in the trash; the branch of its commit stays, since who
	// brings it back lets go of what the trash keeps.
	const v = await create();
	sh(v.repos[0].path, 'echo a >>file; git commit -q -am more; echo >x');
	const lonely = git(v.repos[0].path, 'rev-parse', 'HEAD').trim();
	const gone = await rdv.call('DELETE',
		`${at(v)}?branches=true&force=true`);
	assert.deepEqual(gone.repos.map((p) => p.branch_deleted),
		[false, true, true]);
	assert.ok(gone.repos.every((p) => p.trash_id));
	git(one.path, 'gc', '-q', '--prune=now');
	await rdv.call('POST', '/api/worktrees/restore',
		{ id: gone.repos[0].trash_id });
	assert.equal(git(v.repos[0].path, 'rev-parse', 'HEAD').trim(), lonely);
	sh(v.repos[0].path, 'test -e x');
	for (const r2 of all)
		git(r2.path, 'fsck', '--full');
});

await test('what is asked at once is done one after the other', async () => {
	// Each creation has its own place, whatever it is called.
	const many = await Promise.all(Array.from({ length: 4 }, () =>
		create({ name: 'same' })));
	assert.equal(new Set(many.map((w) => w.directory)).size, 4);
	many.forEach(whole);
	// One branch for all: one has it, the others take nothing of that away.
	const race = await Promise.all(Array.from({ length: 4 }, () => request(
		'POST', '/api/workspaces', { repos: ids, branch: 'race' })));
	const won = race.filter((r) => r.status === 201);
	assert.equal(won.length, 1, race.map((r) => `${r.raw}`).join());
	whole(won[0].json);
	const w = won[0].json;
	fs.rmSync(w.directory, { recursive: true });
	const done = await Promise.all([...Array.from({ length: 3 }, () =>
		request('POST', at(w, '/ensure'))), request('DELETE', at(w)),
	request('POST', at(w, '/ensure'))]);
	assert.deepEqual(done.map((r) => r.status), [200, 200, 200, 200, 404]);
	assert.equal(fs.existsSync(w.directory), false);
	for (const v of many)
		await rdv.call('DELETE', `${at(v)}?branches=true`);
});

await test('a key makes a creation safe to repeat', async () => {
	const headers = { 'Idempotency-Key': 'the-same-workspace' };
	const send = () => rdv.request('POST', '/api/workspaces',
		{ body: { repos: [ids[2]] }, headers });
	const first = await send(), again = await send();
	assert.deepEqual([first.status, again.status], [201, 201]);
	assert.equal(again.json.id, first.json.id);
	await rdv.call('DELETE', `${at(first.json)}?branches=true`);
});

function cli(...args) {
	const r = spawnSync(bin('rdv'), args, { encoding: 'utf8', cwd: lib.path,
		env: { PATH: '/usr/bin:/bin', HOME: home, RDV_HOME: rdv.base } });
	return { status: r.status, out: r.stdout, err: r.stderr };
}

await test('the same on the command line', async () => {
	// The repository one is in, and a base for one of two.
	const here = cli('workspace', 'new', 'from here');
	assert.deepEqual([here.status, here.err], [0, '']);
	const made = JSON.parse(cli('workspace', 'show', 'from here', '--json')
		.out);
	assert.equal(`${made.directory}\n`, here.out);
	assert.deepEqual(made.repos.map((p) => p.repo_id), [lib.id]);
	const w = JSON.parse(cli('workspace', 'new', 'two', '--repo', one.path,
		'--repo', 'lib', '--base', 'lib=old', '--base', 'main', '--prefix', '',
		'--json').out);
	assert.deepEqual(w.repos.map((p) => [p.repo_id, p.base]),
		[[one.id, 'main'], [lib.id, 'old']]);
	assert.equal(w.branch, `${w.id.slice(-4)}-two`);
	assert.equal(cli('workspace', 'new', 'x', '--repo', 'nowhere').status, 1);
	assert.match(cli('workspace', 'new', 'x', '--branch', 'main').err,
		/^rdv: lib: branch main is checked out in /);
	assert.match(cli('workspace', 'ls').out, /two .*ready/);
	assert.match(cli('workspace', 'show', w.directory).out, /app .*ready/);
	assert.equal(cli('workspace', 'rename', 'two', 'too').status, 0);
	assert.equal(cli('workspace', 'pin', 'too').status, 0);
	assert.deepEqual([(await rdv.call('GET', at(w))).name,
		(await rdv.call('GET', at(w))).pinned], ['too', true]);
	cli('workspace', 'pin', 'too', '--off');
	assert.equal((await rdv.call('GET', at(w))).pinned, false);
	assert.equal(cli('__complete', 'workspace', 'show', 'to').out, 'too\n');
	fs.rmSync(w.repos[0].path, { recursive: true });
	assert.match(cli('workspace', 'status', 'too').out, /app +yes +no/);
	assert.match(cli('workspace', 'ensure', 'too').out, /app +mended/);
	fs.writeFileSync(path.join(w.repos[1].path, 'new'), 'x');
	const no = cli('workspace', 'rm', 'too');
	assert.deepEqual([no.status, no.out], [1, '']);
	assert.match(no.err, /^rdv: lib: it has untracked files/);
	assert.match(cli('workspace', 'archive', 'too').out, /app +ready/);
	assert.doesNotMatch(cli('workspace', 'ls').out, /too/);
	assert.match(cli('workspace', 'ls', '--archived').out, /too/);
	assert.match(cli('workspace', 'restore', 'too').out, /lib +kept/);
	assert.equal(cli('workspace', 'archive', 'too', '--remove').status, 1);
	assert.match(cli('workspace', 'archive', 'too', '--remove', '--force').out,
		/lib +trashed/);
	assert.match(cli('workspace', 'restore', 'too').out, /lib +restored/);
	const rm = cli('workspace', 'rm', 'too', '--force', '--branches',
		'--json');
	assert.deepEqual([rm.status, rm.err], [0, '']);
	const gone = JSON.parse(rm.out);
	assert.ok(gone.repos.every((p) => p.branch_deleted));
	assert.equal(cli('workspace', 'rm', 'from here', '--branches').status, 0);
	assert.equal(cli('workspace', 'show', 'too').status, 1);
	assert.match(cli('help', 'workspace', 'rm').out, /nothing is removed then/);
	assert.equal(cli('workspace', 'show').status, 2);
});

// What is written down while something is done, one event after the other.
function steps() {
	const s = { kinds: [], wake: () => {} };
	let text = '', from = 0;
	s.req = http.get({ socketPath: rdv.sock, path: '/api/events',
		headers: { Host: 'localhost', Accept: 'text/event-stream',
			Authorization: `Bearer ${rdv.token}` } }, (res) => {
		s.open = true;
		res.on('error', () => {});
		res.on('data', (d) => {
			text += d;
			for (let end; (end = text.indexOf('\n\n', from)) >= 0;
				from = end + 2) {
				const kind = /^event: (work\S+|folder\.created)/m
					.exec(text.slice(from, end));
				if (kind === null)
					continue;
				s.whole = kind[1] === 'folder.created';
				s.kinds.push(kind[1]);
				s.wake(s.kinds.length);
			}
		});
	});
	s.req.on('error', () => {});
	return s;
}

let markers = 0;

// Kills rdvd when the k-th thing has been written down; false: there was none.
async function killedAt(k, act) {
	const s = steps(), old = rdv.rdvd;
	await waitFor('stream opens', () => s.open);
	let killed = false;
	s.wake = (n) => {
		if (n === k && !s.whole) {
			killed = true;
			process.kill(old, 'SIGKILL');
		}
	};
	// An answer may be here before the events of what it is about.
	const done = await act().then(() => rdv.call('POST', '/api/folders',
		{ name: `after ${markers++}` })).catch(() => null);
	if (done !== null)
		await waitFor('its events', () => s.whole || killed);
	s.req.destroy();
	if (killed)
		await waitFor('another rdvd', () => rdv.rdvd && rdv.rdvd !== old);
	return killed;
}

const pair = () => create({ repos: ids.slice(0, 2) });
const settled = (what) => waitFor(what, async () => {
	const r = await request('GET', '/api/workspaces?limit=1').catch(() => null);
	const w = r?.json?.items?.[0];
	return w !== undefined && ['ready', 'failed'].includes(w.state) && w;
});

await test('killed at each step of a creation (G20)', async () => {
	const ends = { ready: 0, failed: 0 };
	let k = 1;
	for (;; k++) {
		const before = traces();
		if (!await killedAt(k, pair))
			break;
		const { id } = await settled(`step ${k}`);
		const w = await rdv.call('GET', `/api/workspaces/${id}`);
		ends[w.state]++;
		if (w.state === 'ready')
			whole(w);
		else
			assert.match(w.cause, /taken back/);
		await rdv.call('DELETE', `${at(w)}?branches=true`);
		assert.equal(traces(), before, `step ${k}: ${w.state}`);
	}
	const last = await settled('the last one');
	await rdv.call('DELETE', `${at(last)}?branches=true`);
	// Each worktree has two, and so has the workspace.
	assert.ok(k >= 6, `${k} steps`);
	assert.ok(ends.ready > 0 && ends.failed > 0, JSON.stringify(ends));
});

await test('killed at each step of a deletion, and of ensuring (G20)', async () => {
	for (let k = 1; ; k++) {
		const before = traces();
		const w = await pair();
		const more = await killedAt(k, () => rdv.call('DELETE',
			`${at(w)}?branches=true`));
		await waitFor(`step ${k} of a deletion`, async () => {
			const r = await request('GET', at(w)).catch(() => ({}));
			assert.equal(r.json?.cause ?? null, null);
			return r.status === 404;
		});
		assert.equal(traces(), before, `step ${k}`);
		if (!more)
			break;
	}
	for (let k = 1; ; k++) {
		const w = await pair();
		fs.rmSync(w.directory, { recursive: true });
		const more = await killedAt(k, () => rdv.call('POST',
			at(w, '/ensure')));
		await waitFor('it can be ensured', async () => (await request('POST',
			at(w, '/ensure')).catch(() => ({}))).status === 200);
		whole(w);
		await rdv.call('DELETE', `${at(w)}?branches=true`);
		if (!more)
			break;
	}
});

await rdv.stop();
