// Worktrees of two accounts whose homes are closed to everybody else, rdvd
// among them: made, worked in, removed, restored and in the end deleted, each
// by its account alone.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { skip, test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start({ settings:
	'[cleanup]\ntrash_retention_days = 1\n' });
const [ann, bob] = s.people;
const DAY_MS = 24 * 3600 * 1000;

const file = (who, name) => path.join(who.home, name);
const ask = (who, method, target, body) => s.over(who, method, target,
	{ body });
const status = (who, p) => ask(who, 'GET',
	`/api/worktrees/status?worktree_path=${encodeURIComponent(p)}`);
// Every field of every route that takes a path of the host's, and what else it
// is asked with: what is read of a tree, what changes one, and what is begun in
// one. An "=" stands for a repository of one's own.
const made = { branch: 'stolen', create_branch: true };
const BY_PATH = {
	'GET /api/worktrees repo_path': {},
	'POST /api/worktrees repo_path': made,
	'POST /api/worktrees project_path': made,
	'POST /api/worktrees worktree_path': { ...made, repo_path: '=' },
	'DELETE /api/worktrees worktree_path': { force: true },
	'DELETE /api/worktrees/remove worktree_path': { force: true },
	...Object.fromEntries(['status', 'changes', 'log', 'space', 'tree',
		'conflicts', 'stashes', 'branches/deleted', 'diff/stream']
		.map((what) => [`GET /api/worktrees/${what} worktree_path`, {}])),
	...Object.fromEntries(['diffstat', 'compare', 'merge'].map((what) =>
		[`GET /api/worktrees/${what} worktree_path`, { base: 'main' }])),
	...Object.fromEntries(['diff', 'file', 'blame', 'conflict'].map((what) =>
		[`GET /api/worktrees/${what} worktree_path`, { path: 'file' }])),
	...Object.fromEntries(Object.entries({ merge: { into: 'main' },
		rebase: { onto: 'main' }, pick: { commits: ['main'] }, continue: {},
		skip: {}, abort: {}, resolve: { path: 'file', as: 'ours' }, check: {},
		watch: {}, stage: { all: true }, unstage: { all: true },
		discard: { all: true }, commit: { message: 'm', allow_empty: true },
		stash: { untracked: true }, 'stash/apply': { stash: 'f'.repeat(40) },
		'stash/pop': { stash: 'f'.repeat(40) },
		'stash/drop': { stash: 'f'.repeat(40) }, push: {}, fetch: {}, pull: {},
		branches: { name: 'stolen' }, 'branches/restore': { name: 'stolen',
			pin: '0'.repeat(36) } }).map(([what, body]) =>
		[`POST /api/worktrees/${what} worktree_path`, body])),
	'PATCH /api/worktrees/branches worktree_path': { name: 'main',
		new_name: 'stolen' },
	'DELETE /api/worktrees/branches worktree_path': { name: 'b', force: true },
	'POST /api/repos path': {},
	'GET /api/repos/discover path': {},
	'POST /api/repos/clones url': { dir: '=-clone' },
	'POST /api/repos/clones dir': { url: '=' },
	'POST /api/sessions project_path': { name: 'x', command: ['/bin/pwd'] },
	'POST /api/sessions repo_path': { name: 'x', create_worktree: true,
		worktree_branch: 'stolen', command: ['/bin/pwd'] },
	'POST /api/sessions worktree_path': { name: 'x', create_worktree: true,
		repo_path: '=', worktree_branch: 'stolen', command: ['/bin/pwd'] },
	// What is taken and not used, what names rows of one's own list, and the
	// feed of diff/stream over a socket.
	'DELETE /api/worktrees project_path': null,
	'GET /api/worktrees/operations worktree_path': null,
	'GET /ws/worktrees/diff worktree_path': null,
};
const byPath = (route) => (who, p) => {
	const [method, target, field] = route.split(' ');
	const all = Object.fromEntries(Object.entries(BY_PATH[route]).map(
		([k, v]) => [k, `${v}`.startsWith('=') ? who.repo + v.slice(1) : v])
		.concat([[field, p]]));
	// By the query, as DELETE of what has no body.
	const query = method === 'GET' || /\/(remove|branches)$/.test(target) &&
		method === 'DELETE';
	return ask(who, method, query ? `${target}?${new URLSearchParams(all)}` :
		target, query ? undefined : all);
};
const remove = (who, p, force = false) => ask(who, 'DELETE', '/api/worktrees',
	{ worktree_path: p, force });
const list = async (who, repo) => {
	const r = await ask(who, 'GET',
		`/api/worktrees?repo_path=${encodeURIComponent(repo)}`);
	assert.equal(r.status, 200, `${r.raw}`);
	return r.json.map((w) => w.path);
};

function git(who, dir, ...args) {
	const r = s.as(who, 'git', ['-C', dir, '-c', 'user.name=t', '-c',
		'user.email=t@example.org', ...args]);
	assert.equal(r.status, 0, `git ${args.join(' ')}: ${r.err}`);
	return r.out.trim();
}

function newRepo(who, name) {
	const at = file(who, name);
	assert.equal(s.as(who, 'git', ['init', '-q', '-b', 'main', at]).status, 0);
	fs.writeFileSync(path.join(at, 'file'), 'one\n');
	fs.chownSync(path.join(at, 'file'), who.uid, who.uid);
	git(who, at, 'add', 'file');
	git(who, at, 'commit', '-q', '-m', 'one');
	return at;
}

// What in a home belongs to anybody but its owner.
const strangers = (who) => execFileSync('find', [who.home, '!', '-uid',
	`${who.uid}`], { encoding: 'utf8' });

const ended = (who, id) => waitFor('the end', async () => {
	const r = await ask(who, 'GET', `/api/sessions/${id}`);
	return r.json.run?.state !== 'running' && r.json;
});

async function session(who, body) {
	const r = await ask(who, 'POST', '/api/sessions', { name: 'x', ...body });
	assert.equal(r.status, 201, `${r.raw}`);
	return r.json;
}

for (const who of [ann, bob]) {
	s.login(who);
	who.repo = newRepo(who, 'repo');
}

await test('a session gets a worktree, in a home that is closed', async () => {
	for (const who of [ann, bob]) {
		assert.equal(fs.statSync(who.home).mode & 0o777, 0o700);
		const made = await session(who, { repo_path: who.repo,
			create_worktree: true, worktree_branch: 'b', profile: 'script',
			command: ['/bin/sh', '-c', 'echo two >>file && git -c ' +
				'user.name=t -c user.email=t@example.org commit -qam two'] });
		assert.equal(made.project_path, file(who, '.rdv/worktrees/repo-b'));
		const end = await ended(who, made.id);
		assert.equal(end.run.exit_code, 0, JSON.stringify(end));
		assert.equal(git(who, made.project_path, 'log', '-1', '--format=%s'),
			'two');
		for (const name of ['.rdv', '.rdv/worktrees'])
			assert.equal(fs.statSync(file(who, name)).mode & 0o7777, 0o700,
				name);
		assert.equal(fs.statSync(made.project_path).uid, who.uid);
		assert.equal(strangers(who), '');
	}
});

await test('an agent commits there too', async () => {
	const made = await session(ann, { repo_path: ann.repo,
		create_worktree: true, worktree_branch: 'agent', profile: 'agent',
		command: ['/bin/sh', '-c', 'echo two >>file && git -c user.name=t ' +
			'-c user.email=t@example.org commit -qam agent'] });
	assert.equal((await ended(ann, made.id)).run.exit_code, 0);
	assert.equal(git(ann, ann.repo, 'log', '-1', '--format=%s', 'agent'),
		'agent');
	assert.equal((await remove(ann, made.project_path, true)).status, 200);
});

await test('a commit has the name that its account has set', async () => {
	const commit = (who, more) => ask(who, 'POST', '/api/worktrees/commit',
		{ worktree_path: ann.repo, message: 'm', allow_empty: true, ...more });
	const last = () => git(ann, ann.repo, 'log', '-1',
		'--format=%an <%ae> %cn <%ce>');
	assert.equal((await commit(ann)).json.code, 'NO_IDENTITY');
	const put = (name, text) => {
		fs.writeFileSync(file(ann, name), text);
		fs.chownSync(file(ann, name), ann.uid, ann.uid);
	};
	put('.gitconfig', '[user]\nname = Ann\nemail = a@example.org\n' +
		'[includeIf "gitdir:~/repo/"]\npath = work.conf\n');
	put('work.conf', '[user]\nemail = work@example.org\n');
	assert.equal((await commit(ann)).status, 201);
	assert.equal(last(), 'Ann <work@example.org> Ann <work@example.org>');
	git(ann, ann.repo, 'config', 'user.email', 'own@example.org');
	assert.equal((await commit(ann)).status, 201);
	assert.equal(last(), 'Ann <own@example.org> Ann <own@example.org>');
	const before = git(ann, ann.repo, 'rev-parse', 'HEAD');
	for (const what of ['stage', 'unstage', 'commit'])
		assert.ok((await ask(bob, 'POST', `/api/worktrees/${what}`,
			{ worktree_path: ann.repo, all: true,
				...what === 'commit' && { message: 'm' } })).status >= 400);
	assert.equal(git(ann, ann.repo, 'rev-parse', 'HEAD'), before);
	git(ann, ann.repo, 'config', '--unset', 'user.email');
	for (const name of ['.gitconfig', 'work.conf'])
		fs.rmSync(file(ann, name));
});

await test('the same by the command line', () => {
	const json = (...args) => {
		const r = s.rdv(ann, '--json', ...args);
		assert.equal(r.status, 0, `${args.join(' ')}: ${r.err}`);
		return JSON.parse(r.out);
	};
	json('session', 'new', 'cli', '--repo', ann.repo, '--branch', 'cli', '--',
		'/bin/cat');
	const { path: at } = json('worktree', 'ls', '--repo', ann.repo)
		.find((w) => w.branch === 'cli');
	assert.equal(json('worktree', 'status', at).is_clean, true);
	fs.writeFileSync(path.join(at, 'new'), 'work');
	fs.chownSync(path.join(at, 'new'), ann.uid, ann.uid);
	assert.equal(s.rdv(ann, 'worktree', 'rm', at).status, 1, 'holds work');
	json('close', 'cli');
	const { trash_id: id } = json('worktree', 'rm', at, '--force');
	assert.equal(fs.existsSync(at), false);
	assert.deepEqual(fs.readdirSync(file(ann, '.rdv/trash')).includes(id),
		true);
	assert.equal(fs.statSync(file(ann, '.rdv/trash')).mode & 0o7777, 0o700);
	assert.ok(json('worktree', 'trash').items.some((i) => i.id === id));
	json('worktree', 'restore', id);
	assert.equal(fs.readFileSync(path.join(at, 'new'), 'utf8'), 'work');
	assert.equal(strangers(ann), '');
	json('worktree', 'rm', at, '--force');
});

await test('commits are made in the name an account has', async (t) => {
	const made = await ask(ann, 'POST', '/api/worktrees', { repo_path: ann.repo,
		branch: 'named', create_branch: true });
	assert.equal(made.status, 201, `${made.raw}`);
	const at = made.json.path, conf = file(ann, '.gitconfig');
	const work = file(ann, 'work.conf');
	t.after(() => [conf, work].forEach((f) => fs.rmSync(f, { force: true })));
	git(ann, at, 'commit', '-q', '--allow-empty', '-m', 'named');
	const squash = () => ask(ann, 'POST', '/api/worktrees/merge',
		{ worktree_path: at, into: 'main', squash: true });
	const no = await squash();
	assert.equal(no.json.code, 'NO_IDENTITY', `${no.raw}`);
	// Of its includes those count that are for this repository.
	fs.writeFileSync(conf, '[user]\nname = Ann Ö\nemail = ann@example.org\n' +
		'[includeIf "gitdir:~/repo/"]\npath = work.conf\n');
	fs.writeFileSync(work, '[user]\nemail = work@example.org\n');
	for (const f of [conf, work])
		fs.chownSync(f, ann.uid, ann.uid);
	const r = await squash();
	assert.equal(r.json.change?.state, 'done', `${r.raw}`);
	assert.equal(git(ann, at, 'log', '-1', '--format=%an %ae %cn', 'main'),
		'Ann Ö work@example.org Ann Ö');
	assert.equal((await remove(ann, at, true)).status, 200);
});

await test('every field that takes a path has a line here', async () => {
	const { json } = await ask(ann, 'GET', '/api/openapi.json');
	const names = /^(worktree_path|repo_path|project_path|dir|url)$/;
	const fields = ({ requestBody, parameters = [] }) => [
		...Object.keys(requestBody?.content['application/json'].schema
			.properties ?? {}),
		...parameters.filter((p) => p.in === 'query').map((p) => p.name)];
	const have = Object.entries(json.paths).flatMap(([p, ops]) =>
		Object.entries(ops).flatMap(([m, op]) => fields(op)
			.filter((f) => names.test(f) || (f === 'path' &&
				/^.api.repos($|.discover)/.test(p)))
			.map((f) => `${m.toUpperCase()} ${p} ${f}`)));
	assert.deepEqual(have.sort(), Object.keys(BY_PATH).sort());
});

await test('C14 another\'s repository is as one that is not there', async () => {
	const said = (r, p) => {
		const { request_id: _, ...rest } = r.json;
		return { status: r.status, ...JSON.parse(JSON.stringify(rest)
			.replaceAll(p, 'P')) };
	};
	const before = git(ann, ann.repo, 'for-each-ref');
	for (const [route, rest] of Object.entries(BY_PATH)) {
		if (rest === null)
			continue;
		const act = byPath(route);
		for (const p of [ann.repo, file(ann, '.rdv/worktrees/repo-b')]) {
			const none = path.join(path.dirname(p), 'none');
			const no = await act(bob, p);
			// That it is about the path, and about nothing else.
			assert.ok(no.status >= 400, `${route}: ${no.raw}`);
			assert.match(no.json.error, /: Permission denied/, route);
			assert.deepEqual(said(no, p), said(await act(bob, none), none),
				route);
		}
	}
	assert.equal(git(ann, ann.repo, 'for-each-ref'), before);
	assert.equal(git(ann, ann.repo, 'status', '--porcelain'), '');
	assert.equal(strangers(ann), '');
	const make = byPath('POST /api/worktrees repo_path');
	assert.equal((await make(ann, ann.repo)).status, 201, 'control');
	assert.equal((await remove(ann, file(ann,
		'.rdv/worktrees/repo-stolen'), true)).status, 200);
});

await test('C14 even where its home is open to everybody', async (t) => {
	t.after(() => fs.chmodSync(ann.home, 0o700));
	fs.chmodSync(ann.home, 0o755);
	const at = file(ann, '.rdv/worktrees/repo-b');
	assert.ok((await list(ann, ann.repo)).includes(at), 'control');
	for (const p of [ann.repo, at]) {
		const r = await ask(bob, 'POST', '/api/worktrees',
			{ repo_path: p, branch: 'stolen', create_branch: true });
		assert.equal(r.status, 400, `${r.raw}`);
		/* ~/.rdv stays closed, whatever the home is. */
		assert.match(r.json.error, p === at ? /Permission denied/
			: /belongs to another account/);
	}
	// What would change something there is told whose it is, or what is there.
	for (const [route, rest] of Object.entries(BY_PATH)) {
		if (rest === null || /^GET|sessions p/.test(route))
			continue;
		const r = await byPath(route)(bob, ann.repo);
		assert.match(r.json.error ?? '', /another account|is there already/,
			`${route}: ${r.raw}`);
	}
	assert.equal(strangers(ann), '');
});

await test('C14 what another has in the trash is not there', async () => {
	const { items } = (await ask(ann, 'GET', '/api/worktrees/trash')).json;
	assert.ok(items.length > 0, 'control');
	const ids = items.map((i) => i.id);
	const his = (await ask(bob, 'GET', '/api/worktrees/trash')).raw;
	for (const id of ids) {
		assert.equal(`${his}`.includes(id), false);
		assert.equal((await ask(bob, 'POST', '/api/worktrees/restore',
			{ id })).status, 404);
	}
});

await test('with submodules, by the rename as the account', async () => {
	const inner = newRepo(bob, 'inner');
	git(bob, bob.repo, '-c', 'protocol.file.allow=always', 'submodule', 'add',
		'-q', inner, 'sub');
	git(bob, bob.repo, 'commit', '-q', '-m', 'sub');
	const r = await ask(bob, 'POST', '/api/worktrees',
		{ repo_path: bob.repo, branch: 'm', create_branch: true });
	assert.equal(r.status, 201, `${r.raw}`);
	git(bob, r.json.path, '-c', 'protocol.file.allow=always', 'submodule',
		'update', '-q', '--init');
	const gone = await remove(bob, r.json.path, true);
	assert.equal(gone.status, 200, `${gone.raw}`);
	assert.equal(fs.existsSync(r.json.path), false);
	const back = await ask(bob, 'POST', '/api/worktrees/restore',
		{ id: gone.json.trash_id });
	assert.equal(back.status, 200, `${back.raw}`);
	assert.equal(fs.existsSync(path.join(r.json.path, 'sub/file')), true);
	assert.equal(strangers(bob), '');
});

await test('one with a program in it is busy, whoever started that',
	async () => {
		const at = file(bob, '.rdv/worktrees/repo-b');
		const held = await session(bob, { project_path: at,
			command: ['/bin/cat'] });
		assert.equal((await status(bob, at)).json.exists, true);
		const no = await remove(bob, at);
		assert.equal(no.status, 409);
		assert.ok(no.json.details.reasons.includes('WORKTREE_BUSY'),
			`${no.raw}`);
		await ask(bob, 'DELETE', `/api/sessions/${held.id}`);
		await waitFor('it is free', async () => !(await remove(bob, at))
			.json.details?.reasons.includes('WORKTREE_BUSY'));
	});

const restarted = async () => {
	const old = s.rdvd;
	process.kill(old, 'SIGKILL');
	await waitFor('another rdvd', () => s.rdvd && s.rdvd !== old);
	await waitFor('it answers', async () => {
		try {
			return (await list(ann, ann.repo)).length > 0;
		} catch {
			return false;
		}
	});
};
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(s.root, 'var/lib/rdv/server/rdv.db'), text],
{ encoding: 'utf8' }).trim();

await test('what a crash left is settled when its account comes', async () => {
	const made = await ask(ann, 'POST', '/api/worktrees',
		{ repo_path: ann.repo, branch: 'cut', create_branch: true });
	assert.equal(made.status, 201, `${made.raw}`);
	const state = () => sql('SELECT state FROM worktree WHERE path = ' +
		`'${made.json.path}'`);
	assert.equal(state(), 'ready');
	sql('UPDATE worktree SET state = \'creating\' WHERE path = ' +
		`'${made.json.path}'`);
	await restarted();
	await waitFor('it is settled', () => state() === 'ready');
	assert.equal((await remove(ann, made.json.path)).status, 200);
});

await test('the trash ends when its account comes again', async () => {
	const { json } = await ask(ann, 'POST', '/api/worktrees',
		{ repo_path: ann.repo, branch: 'lone', create_branch: true });
	git(ann, json.path, 'checkout', '-q', '--detach');
	git(ann, json.path, 'commit', '-q', '--allow-empty', '-m', 'lone');
	assert.equal((await remove(ann, json.path, true)).status, 200);
	const kept = fs.readdirSync(file(ann, '.rdv/trash'));
	assert.ok(kept.length > 0, 'control');
	sql(`UPDATE worktree SET updated_at = updated_at - ${2 * DAY_MS} ` +
		'WHERE state = \'trashed\'');
	/* And something happened a day and a half ago: the clock is believed. */
	sql(`UPDATE worktree SET updated_at = updated_at - ${1.5 * DAY_MS} ` +
		'WHERE state IN (\'ready\', \'removed\')');
	await restarted();
	await waitFor('the trash is empty', () =>
		fs.readdirSync(file(ann, '.rdv/trash')).length === 0);
	await waitFor('and says so', async () => (await ask(ann, 'GET',
		'/api/worktrees/trash')).json.items.length === 0);
	/* Of what is being ended neither is shown, and its pins go last. */
	await waitFor('no pin is left', () =>
		git(ann, ann.repo, 'for-each-ref', 'refs/rdv/trash') === '');
	assert.match(git(ann, ann.repo, 'for-each-ref', '--format=%(subject)',
		'refs/rdv/rescue'), /^lone$/m);
	assert.equal(strangers(ann), '');
});

await test('who may start no login has worktrees all the same', async () => {
	await s.reload(`[user.${bob.name}]\nprofiles = ["script", "git"]\n`);
	const r = await ask(bob, 'POST', '/api/worktrees',
		{ repo_path: bob.repo, branch: 'narrow', create_branch: true });
	assert.equal(r.status, 201, `${r.raw}`);
	/* Who else works there only a program that sees all of his can tell. */
	const no = await remove(bob, r.json.path);
	assert.equal(no.status, 409, `${no.raw}`);
	assert.deepEqual(no.json.details.reasons, ['STATE_UNKNOWN']);
	assert.equal((await remove(bob, r.json.path, true)).status, 200);
	await s.reload('');
});

await test('"~" of the roots is each account\'s own home (F05)', async () => {
	const at = path.join(s.scratch, 'elsewhere');
	const there = () => ask(ann, 'GET', `/api/worktrees?repo_path=${at}`);
	fs.mkdirSync(at);
	fs.chownSync(at, ann.uid, ann.uid);
	git(ann, at, 'init', '-q');
	git(ann, at, 'commit', '-q', '--allow-empty', '-m', 'one');
	await s.reload(`[user.${ann.name}]\nroots = ["~", "${at}"]\n`);
	assert.equal((await there()).status, 200, 'control');
	fs.appendFileSync(path.join(s.root, 'etc/rdv/rdv.toml'),
		'[worktrees]\nrepo_roots = ["~"]\n');
	await restarted();
	const r = await there();
	assert.equal(r.status, 400);
	assert.match(r.json.error, /is outside worktrees\.repo_roots/);
	assert.ok((await list(ann, ann.repo)).includes(ann.repo), 'control');
});

await test('worktrees.dir is no setting of system mode', () => {
	const dir = fs.mkdtempSync(path.join(s.scratch, 'set-'));
	const config = path.join(dir, 'etc/rdv/rdv.toml');
	fs.chmodSync(dir, 0o755);
	fs.cpSync(path.join(s.root, 'etc'), path.join(dir, 'etc'),
		{ recursive: true });
	fs.writeFileSync(config, '[worktrees]\ndir = "/srv/worktrees"\n');
	const r = spawnSync(path.join(s.bin, 'rdv-helper'), ['--system', '--root',
		dir, '--web-user', s.web.name], { encoding: 'utf8', timeout: 20000 });
	assert.equal(r.status, 78, r.stderr);
	assert.match(r.stderr, /worktrees\.dir: each account has its ~\/\.rdv/);
});

// A disk of its own, with room for a little more than what lies there.
function small(t, who, name) {
	const at = file(who, name);
	fs.mkdirSync(at);
	t.after(() => {
		spawnSync('umount', ['-l', at]);
		fs.rmdirSync(at);
	});
	const r = spawnSync('mount', ['-t', 'tmpfs', '-o',
		`size=16m,mode=700,uid=${who.uid},gid=${who.uid}`, 'small', at],
	{ encoding: 'utf8' });
	assert.equal(r.status, 0, r.stderr);
	return at;
}

await test('G20 what is discarded on a full disk comes back', async (t) => {
	if (!process.env.RDV_OWN_MOUNTS)
		return skip('needs mounts that nobody else sees');
	const at = newRepo(ann, path.join(path.basename(small(t, ann, 'small')),
		'repo'));
	const sh = (script) => {
		const r = s.as(ann, 'sh', ['-ec', `cd '${at}'; ${script}`]);
		assert.equal(r.status, 0, r.err);
		return r.out;
	};
	// What HEAD has takes more room than what is discarded.
	sh('for f in a b; do head -c 1200000 /dev/urandom >$f; done; git add .');
	git(ann, at, 'commit', '-q', '-m', 'large');
	sh('for f in a b; do echo mine >$f; done; echo n >new');
	const tree = () => sh('sha256sum *; git status --porcelain=v2 -uall');
	const before = tree(), mine = sh('cksum *');
	// All but what git needs for its own, and for one of the two.
	sh('head -c $(($(df --output=avail -B1 . | tail -1) - 1400000)) ' +
		'/dev/zero >../full');
	const r = await ask(ann, 'POST', '/api/worktrees/discard',
		{ worktree_path: at, all: true });
	assert.equal(r.status, 409, `${r.raw}`);
	assert.match(r.json.error, /No space left|unable to write/);
	const { items } = (await ask(ann, 'GET', '/api/worktrees/discards')).json;
	const d = items.find((x) => x.path === at);
	assert.ok(r.json.error.includes(d.id), r.raw);
	assert.notEqual(sh('cksum *'), mine, 'control: some are gone');
	const back = () => ask(ann, 'POST', '/api/worktrees/discards/restore',
		{ id: d.id });
	// There is still no room; and that loses nothing either.
	assert.ok((await back()).status >= 400);
	sh('rm ../full');
	const b = await back();
	assert.equal(b.status, 200, `${b.raw}`);
	assert.equal(tree(), before);
});

// Mounted as by its account, with nobody behind it; gone with the descriptor.
function stuck(t, who, at) {
	fs.mkdirSync(at, { mode: 0o700 });
	fs.chownSync(at, who.uid, who.uid);
	let fd = fs.openSync('/dev/fuse', 'r+');
	const leave = () => {
		if (fd !== null)
			fs.closeSync(fd);
		fd = null;
	};
	t.after(() => {
		leave();
		spawnSync('umount', ['-l', at]);
		fs.rmdirSync(at);
	});
	const gid = execFileSync('id', ['-g', who.name], { encoding: 'utf8' }).trim();
	const r = spawnSync('mount', ['-i', '-t', 'fuse', '-o', 'fd=3,rootmode=' +
		`40700,user_id=${who.uid},group_id=${gid}`, 'stuck', at],
	{ stdio: ['ignore', 'pipe', 'pipe', fd], encoding: 'utf8' });
	assert.equal(r.status, 0, r.stderr);
	return leave;
}

await test('F12 what never answers holds up who asked for it alone', async (t) => {
	if (!fs.existsSync('/dev/fuse') || !process.env.RDV_OWN_MOUNTS)
		return skip('needs FUSE, and mounts that nobody else sees');
	const at = file(ann, 'stuck'), { rdvd } = s;
	const where = encodeURIComponent(at);
	const leave = stuck(t, ann, at);
	const held = await session(ann, { command: ['/bin/ls', at] });
	let done = 0;
	// What is asked about a path there, and what is below one.
	const asked = [status(ann, at), status(ann, `${at}/tree`),
		...['?repo_path=', '/changes?timeout_ms=1000&worktree_path=',
			'/tree?timeout_ms=1000&worktree_path='].map((how) =>
			ask(ann, 'GET', `/api/worktrees${how}${where}`))].map((p) =>
		p.finally(() => done++));
	for (const who of [bob, ann]) {
		assert.ok((await list(who, who.repo)).includes(who.repo));
		assert.equal((await status(who, who.repo)).json.exists, true);
	}
	assert.equal(s.rdvd, rdvd);
	// Who looks there hangs, and is ended all the same.
	assert.equal((await ask(ann, 'GET', `/api/sessions/${held.id}`))
		.json.run.state, 'running', 'control');
	assert.equal((await ask(ann, 'DELETE', `/api/sessions/${held.id}`)).status,
		204);
	await ended(ann, held.id);
	// git has a deadline of two minutes; nobody is there to wait for now.
	assert.ok(done < asked.length, 'control: some wait');
	leave();
	for (const r of await Promise.all(asked))
		assert.ok(r.status >= 400 || r.json.exists === false,
			`${r.status} ${r.raw}`);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
