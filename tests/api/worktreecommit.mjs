// Staging and committing in a worktree, beside what the git CLI says of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';
import { Repo, asked, odd } from './gitrepo.mjs';

const rdv = await Rdv.start();
const PERSON = 'git config user.name Ann; git config user.email a@example.org';

const act = (repo, what, body = {}, more) => rdv.request('POST',
	`/api/worktrees/${what}`, { body: { worktree_path: repo.dir, ...body },
		...more });
async function done(repo, what, body, more) {
	const r = await act(repo, what, body, more);
	assert.ok(r.status === 200 || r.status === 201, `${what}: ${r.raw}`);
	return r.json;
}
const oid = (repo, rev = 'HEAD') => repo.git('rev-parse', rev).trim();
const status = (repo) => repo.git('status', '--porcelain=v2', '-z',
	'--untracked-files=all');
const raw = (repo, rev = 'HEAD') => repo.git('cat-file', 'commit', rev);
const message = (repo) => raw(repo).slice(raw(repo).indexOf('\n\n') + 2);
// All that a refusal must leave alone (abuse G19).
const all = (repo) => [repo.git('for-each-ref'), status(repo),
	repo.sh('git rev-parse -q --verify HEAD || true; git ls-files -s'),
	repo.sh('find . -path ./.git -prune -o -type f -print0 | sort -z | ' +
		'xargs -0r sha256sum')].join('\n');
async function refused(repo, what, body, code, why) {
	const before = all(repo);
	const r = await act(repo, what, body);
	assert.deepEqual([r.status >= 400, r.json.code], [true, code], r.raw);
	assert.match(r.json.error, why);
	assert.equal(all(repo), before);
	return r.json;
}

function make(name, script = 'true') {
	const repo = Repo.make(rdv, name);
	repo.sh(`${PERSON}; printf 'one\\n' >file; printf 's\\n' >other
		git add .; git commit -q -m one; ${script}`);
	return repo;
}

await test('what is staged and taken back is what git has', async () => {
	const repo = make('stage');
	repo.write('file', 'two\n');
	repo.write('new', 'n\n');
	repo.write('dir/deep', 'd\n');
	fs.rmSync(repo.at('other'));
	let s = await done(repo, 'stage', { paths: ['file', 'other', 'dir'] });
	assert.deepEqual([s.head, s.branch, s.staged, s.modified, s.untracked],
		[oid(repo), 'main', 3, 0, 1]);
	assert.equal(repo.git('diff', '--cached', '--name-status'),
		'A\tdir/deep\nM\tfile\nD\tother\n');
	s = await done(repo, 'unstage', { paths: ['dir', 'file'] });
	assert.equal(repo.git('diff', '--cached', '--name-status'), 'D\tother\n');
	s = await done(repo, 'stage', { all: true });
	assert.deepEqual([s.staged, s.modified, s.untracked], [4, 0, 0]);
	s = await done(repo, 'unstage', { all: true });
	assert.equal(repo.git('diff', '--cached', '--name-status'), '');
	assert.equal(fs.readFileSync(repo.at('file'), 'utf8'), 'two\n');
	// Without a commit to go back to.
	const fresh = Repo.make(rdv, 'fresh');
	fresh.write('a', 'a');
	assert.deepEqual((({ head, staged }) => [head, staged])(
		await done(fresh, 'stage', { all: true })), [null, 1]);
	await done(fresh, 'unstage', { paths: ['a'] });
	assert.equal(fresh.git('ls-files'), '');
	for (const body of [{}, { all: true, paths: ['a'] }, { paths: ['../a'] },
		{ paths: ['/a'] }, { paths: ['a//b'] }, { paths_base64: ['!'] }])
		assert.equal((await act(fresh, 'stage', body)).status, 422);
	await refused(fresh, 'stage', { paths: ['none'] }, 'INVALID_ARGUMENT',
		/did not match/);
});

await test('odd names are staged and committed exactly (F06)', async () => {
	const repo = make('odd'), many = (names) => {
		const of = names.map((n) => asked(n));
		return { paths: of.flatMap((o) => o.path ?? []),
			paths_base64: of.flatMap((o) => o.path_base64 ?? []) };
	};
	for (const name of odd)
		repo.write(name, name);
	for (const name of odd) {
		await done(repo, 'stage', many([name]));
		assert.equal(repo.git('diff', '--cached', '--name-only', '-z'),
			`${name}\0`);
		await done(repo, 'unstage', many([name]));
	}
	const c = await done(repo, 'commit', { message: 'odd', ...many(odd) });
	assert.equal(c.files, odd.length);
	assert.deepEqual(repo.git('diff-tree', '-r', '-z', '--name-only', 'HEAD~',
		'HEAD', '--').split('\0').filter(Boolean).sort(), [...odd].sort());
	assert.equal(status(repo), '');
});

await test('a commit is what git would have made', async () => {
	const repo = make('commit');
	repo.write('file', 'two\nthree\n');
	repo.write('new', 'n\n');
	await done(repo, 'stage', { paths: ['file'] });
	const before = oid(repo);
	const c = await done(repo, 'commit', { message: 'a subject\n\nand more',
		head: before });
	assert.equal(c.commit, oid(repo));
	assert.deepEqual(c.parents, [before]);
	assert.deepEqual([c.subject, c.files, c.added, c.removed, c.branch,
		c.staged, c.untracked, c.filters_not_run], ['a subject', 1, 2, 1,
		'main', 0, 1, false]);
	assert.equal(message(repo), 'a subject\n\nand more\n');
	assert.match(raw(repo), /^author Ann <a@example.org> /m);
	assert.match(raw(repo), /^committer Ann <a@example.org> /m);
	assert.equal(repo.git('fsck', '--strict', '--no-dangling'), '');
	// Only some of it, and all of it; new files, too.
	repo.write('other', 'o\n');
	repo.write('file', 'four\n');
	await done(repo, 'stage', { paths: ['other'] });
	await done(repo, 'commit', { message: 'm', paths: ['new', 'file'] });
	assert.equal(repo.git('show', '--format=', '--name-only'), 'file\nnew\n');
	assert.equal(repo.git('diff', '--cached', '--name-only'), 'other\n');
	fs.rmSync(repo.at('new'));
	repo.write('x/y', 'y');
	await done(repo, 'commit', { message: 'm', all: true });
	assert.equal(repo.git('show', '--format=', '--name-status'),
		'D\tnew\nM\tother\nA\tx/y\n');
	assert.equal(status(repo), '');
	for (const body of [{}, { all: true }, { paths: ['x'] }])
		await refused(repo, 'commit', { message: 'm', ...body },
			'NOTHING_TO_COMMIT', /nothing/);
	const e = await done(repo, 'commit', { message: 'm', allow_empty: true });
	assert.deepEqual([e.files, e.commit], [0, oid(repo)]);
	// In a worktree of its own, and the first one of a repository.
	repo.git('worktree', 'add', '-q', '-b', 'side', `${repo.dir}-side`);
	const side = new Repo(rdv, `${repo.dir}-side`);
	side.write('s', 's');
	const s = await done(side, 'commit', { message: 'side', all: true });
	assert.deepEqual([s.branch, s.commit], ['side', oid(side)]);
	const fresh = Repo.make(rdv, 'first');
	fresh.sh(PERSON);
	fresh.write('a', 'a\n');
	const f = await done(fresh, 'commit', { message: 'm', all: true });
	assert.deepEqual([f.parents, f.files, f.added], [[], 1, 1]);
});

await test('what is staged to be gone is committed by its name', async () => {
	const repo = make('gone', 'mkdir d e; echo d >d/a; echo d >d/b; ' +
		'echo e >e/a; echo e >e/b; echo k >keep; git add .; git commit -qm two');
	const show = () => repo.git('show', '--format=', '--name-status',
		'--no-renames');
	// Both names of one that was moved, beside one that git does not know.
	repo.sh('git mv file moved; git rm -q keep; echo n >new');
	await done(repo, 'commit', { message: 'm', paths: ['file', 'moved', 'new'] });
	assert.equal(show(), 'D\tfile\nA\tmoved\nA\tnew\n');
	assert.equal(repo.git('diff', '--cached', '--name-status'), 'D\tkeep\n');
	await done(repo, 'commit', { message: 'm', paths: ['keep'] });
	assert.equal(show(), 'D\tkeep\n');
	// A directory, all of it or a part, and the rest of that as it lies there.
	repo.sh('git rm -qr d; git rm -q e/a; echo more >e/b; echo n >e/n');
	const before = all(repo);
	const r = await act(repo, 'commit', { message: 'm', paths: ['d', 'none'] });
	assert.deepEqual([r.status, r.json.code], [400, 'INVALID_ARGUMENT'], r.raw);
	assert.match(r.json.error, /'none' did not match/);
	assert.equal(all(repo), before);
	await done(repo, 'commit', { message: 'm', paths: ['d', 'e'] });
	assert.equal(show(), 'D\td/a\nD\td/b\nD\te/a\nM\te/b\nA\te/n\n');
	assert.equal(status(repo), '');
	// One that is only out of the index, and ignored by now, stays as it is.
	repo.sh('git rm -q --cached other; echo other >>.git/info/exclude; ' +
		'echo secret >other');
	await refused(repo, 'commit', { message: 'm', paths: ['other'] },
		'INVALID_ARGUMENT', /ignored/);
});

await test('an amended commit takes the place of the last one', async () => {
	const repo = make('amend', 'git commit -q --allow-empty -m two ' +
		'--author="Bob <b@example.org>"');
	const parent = oid(repo, 'HEAD~');
	repo.write('file', 'more\n');
	let c = await done(repo, 'commit', { amend: true, all: true });
	assert.deepEqual(c.parents, [parent]);
	assert.equal(message(repo), 'two\n');
	assert.match(raw(repo), /^author Bob <b@example.org> /m);
	c = await done(repo, 'commit', { amend: true, message: 'words',
		author_name: 'Eve', author_email: 'e@example.org' });
	assert.equal(message(repo), 'words\n');
	assert.match(raw(repo), /^author Eve <e@example.org> /m);
	assert.match(raw(repo), /^committer Ann /m);
	const fresh = Repo.make(rdv, 'unborn');
	fresh.sh(PERSON);
	await refused(fresh, 'commit', { amend: true, message: 'm' },
		'INVALID_STATE', /no commit to amend/);
});

await test('nobody commits under a name that nobody gave', async () => {
	const repo = make('who', 'git config --unset user.name; ' +
		'git config --unset user.email; echo x >file; git add .');
	await refused(repo, 'commit', { message: 'm' }, 'NO_IDENTITY',
		/user\.name and user\.email/);
	repo.git('config', 'user.name', 'Half');
	await refused(repo, 'commit', { message: 'm' }, 'NO_IDENTITY',
		/user\.email/);
	await refused(repo, 'commit', { message: 'm', author_name: 'A' },
		'OUT_OF_RANGE', /author_email/);
	await done(repo, 'commit', { message: 'm', author_name: 'Zoë',
		author_email: 'z@example.org' });
	assert.match(Buffer.from(raw(repo), 'latin1').toString(),
		/^author Zoë <z@example.org> .*\ncommitter Half <z@example.org> /m);
	repo.git('config', 'user.email', 'own@example.org');
	await done(repo, 'commit', { message: 'm', allow_empty: true });
	assert.match(raw(repo), /^committer Half <own@example.org> /m);
});

await test('a message and a name are data (G17)', async () => {
	const repo = make('words'), mark = path.join(rdv.home, 'mark');
	repo.git('config', 'trailer.x.command', `touch ${mark}`);
	repo.git('config', 'trailer.x.key', 'X');
	const messages = [`$(touch ${mark}) \`touch ${mark}\``, '--amend', '-F x',
		'# no comment\n\n# at all', 'a\n\nX: y\nSigned-off-by: E <e@x>',
		'\x1b]0;title\x07 \x01\x7f', ' lead\n\n\n\ntrail \n\n', '\r\nx\r\n',
		'\u202erevo ünï', 'x'.repeat(100000), '--- \ndiff --git a/x b/x\n',
		'>8 ------------------------ >8 ---\nx'];
	for (const m of messages) {
		const n = Number(repo.git('rev-list', '--count', 'HEAD'));
		await done(repo, 'commit', { message: m, allow_empty: true });
		assert.equal(Buffer.from(message(repo), 'latin1').toString(),
			m.endsWith('\n') ? m : `${m}\n`);
		assert.equal(Number(repo.git('rev-list', '--count', 'HEAD')), n + 1);
	}
	for (const m of ['', ' \n\t\n'])
		assert.equal((await act(repo, 'commit', { message: m,
			allow_empty: true })).status, 422);
	for (const name of [`$(touch ${mark})`, '--amend', "a'; touch x #", 'a"q"b',
		'\u202eevE'])
		await done(repo, 'commit', { message: 'm', allow_empty: true,
			author_name: name, author_email: '-x@$(id)' })
			.then(() => assert.equal(Buffer.from(repo.git('log', '-1',
				'--format=%an'), 'latin1').toString(), `${name}\n`));
	for (const bad of ['a\nb', 'a <b', 'a>', '\x1b[31m', ' ', 'a\0'])
		assert.match(`${(await act(repo, 'commit', { message: 'm',
			allow_empty: true, author_name: bad, author_email: 'x' })).status}`,
		/^4(00|22)$/, JSON.stringify(bad));
	assert.equal(fs.existsSync(mark), false);
});

// Programs of a repository; each leaves its name in `ran`.
function trapped(name) {
	const repo = make(name), ran = path.join(rdv.home, `${name}-ran`);
	fs.mkdirSync(ran);
	const trap = (what) => {
		const file = path.join(ran, '..', `${name}-${what}`);
		fs.writeFileSync(file, `#!/bin/sh\n: >'${ran}/${what}'\ncat\n`,
			{ mode: 0o755 });
		return file;
	};
	return { repo, trap, ran: () => fs.readdirSync(ran).sort() };
}

async function everything(repo) {
	repo.write('file', `${Math.random()}`);
	await done(repo, 'stage', { all: true });
	await done(repo, 'unstage', { all: true });
	await done(repo, 'commit', { message: 'm', paths: ['file'] });
	return done(repo, 'commit', { message: 'm', amend: true });
}

await test('hooks are not run, and that is said (G02)', async () => {
	const { repo, trap, ran } = trapped('hooks');
	const names = ['pre-commit', 'prepare-commit-msg', 'commit-msg',
		'post-commit', 'post-rewrite', 'reference-transaction',
		'post-index-change'];
	for (const h of names)
		fs.copyFileSync(trap(h), path.join(repo.dir, '.git/hooks', h));
	repo.git('config', 'gpg.program', trap('gpg'));
	repo.git('config', 'commit.gpgSign', 'true');
	repo.git('config', 'core.editor', trap('editor'));
	repo.git('config', 'core.fsmonitor', trap('fsmonitor'));
	const c = await everything(repo);
	assert.deepEqual(c.hooks_not_run, names.slice(0, 6));
	assert.deepEqual(ran(), []);
	// The traps are some.
	spawnSync('git', ['-C', repo.dir, 'commit', '-q', '--allow-empty', '-m',
		'm', '--no-gpg-sign'], { env: repo.env });
	assert.ok(ran().includes('pre-commit') && ran().includes('fsmonitor'));
});

await test('filters are not run, and that is said (G03)', async () => {
	const { repo, trap, ran } = trapped('filters');
	repo.write('.gitattributes', '* filter=z diff=z merge=z\n');
	repo.git('config', 'filter.z.clean', trap('clean'));
	repo.git('config', 'filter.z.smudge', trap('smudge'));
	repo.git('config', 'filter.z.required', 'true');
	repo.git('config', 'diff.z.textconv', trap('textconv'));
	repo.git('config', 'diff.z.command', trap('diff'));
	const c = await everything(repo);
	assert.equal(c.filters_not_run, true);
	assert.equal(repo.git('cat-file', 'blob', 'HEAD:file'),
		fs.readFileSync(repo.at('file'), 'latin1'));
	assert.deepEqual(ran(), []);
	repo.sh('echo >>file; git add file');
	assert.deepEqual(ran(), ['clean']);
});

await test('what is under way is not committed into (G19)', async () => {
	const repo = make('midway', `git checkout -q -b t; echo t >file
		git commit -qam t; git checkout -q main; echo m >file
		git commit -qam m; echo own >other`);
	repo.sh('! git merge -q t 2>&1');
	for (const body of [{ message: 'm' }, { message: 'm', all: true },
		{ amend: true }, { message: 'm', paths: ['other'] }])
		await refused(repo, 'commit', body, 'OPERATION_IN_PROGRESS', /conflict/);
	await refused(repo, 'unstage', { all: true }, 'OPERATION_IN_PROGRESS',
		/conflict/);
	repo.write('file', 'both\n');
	await done(repo, 'stage', { paths: ['file'] });
	await refused(repo, 'commit', { amend: true }, 'OPERATION_IN_PROGRESS',
		/merge/);
	const parents = [oid(repo), oid(repo, 't')];
	const c = await done(repo, 'commit', { message: 'merged' });
	assert.deepEqual(c.parents, parents);
	assert.equal(fs.existsSync(repo.at('.git/MERGE_HEAD')), false);
	assert.equal(fs.readFileSync(repo.at('other'), 'utf8'), 'own\n');
	// Another kind is finished by itself.
	repo.sh('git stash -q; git checkout -q -b u HEAD~; echo u >file; ' +
		'git commit -qam u; ! git rebase -q main 2>&1; echo r >file; ' +
		'git add file');
	await refused(repo, 'commit', { message: 'm' }, 'OPERATION_IN_PROGRESS',
		/rebase/);
	repo.git('rebase', '--abort');
	await done(repo, 'commit', { message: 'm', allow_empty: true });
});

await test("git's lock is somebody else's (G19)", async () => {
	const repo = make('lock', 'echo x >file');
	const lock = repo.at('.git/index.lock');
	fs.writeFileSync(lock, '');
	for (const [what, body] of [['stage', { all: true }],
		['unstage', { all: true }], ['commit', { message: 'm', all: true }]])
		await refused(repo, what, body, 'BUSY', /index\.lock is there.*delete/);
	assert.ok(fs.existsSync(lock));
	fs.rmSync(lock);
	await done(repo, 'commit', { message: 'm', all: true });
});

await test('a HEAD that moved is a reason not to', async () => {
	const repo = make('moved', 'echo x >file'), old = oid(repo);
	repo.git('commit', '-q', '--allow-empty', '-m', 'meanwhile');
	for (const what of ['stage', 'unstage', 'commit']) {
		const r = await refused(repo, what, { head: old, all: true,
			...what === 'commit' && { message: 'm' } }, 'HEAD_MOVED', /HEAD is/);
		assert.equal(r.details.head, oid(repo));
	}
	await done(repo, 'commit', { head: oid(repo), message: 'm', all: true });
});

await test('a commit is told of, and made once for a key', async () => {
	const repo = make('once', 'echo x >file');
	const key = { headers: { 'Idempotency-Key': 'commit-once' } };
	const body = { message: 'm', all: true };
	const a = await done(repo, 'commit', body, key);
	const b = await done(repo, 'commit', body, key);
	assert.deepEqual(b, a);
	assert.equal(repo.git('rev-list', '--count', 'HEAD'), '2\n');
	const told = (await rdv.call('GET', '/api/events?since=0&limit=1000'))
		.items.filter((e) => e.kind === 'worktree.acted' &&
			e.body.path === fs.realpathSync(repo.dir));
	assert.deepEqual(told.map((e) => [e.body.act, e.body.head]),
		[['commit', a.commit]]);
});

await test('rdv worktree stage, unstage and commit', async () => {
	const repo = make('cli'), cli = (cwd, args, input = '') => {
		const r = spawnSync(bin('rdv'), args, { cwd, input, encoding: 'utf8',
			env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
				RDV_HOME: rdv.base } });
		return { status: r.status, out: r.stdout, err: r.stderr };
	};
	repo.write('file', 'x\n');
	repo.write('sub/-n', 'x\n');
	const sub = path.join(repo.dir, 'sub');
	assert.equal(cli(sub, ['worktree', 'stage', '../file', '-n']).status, 0);
	assert.equal(repo.git('diff', '--cached', '--name-only'), 'file\nsub/-n\n');
	assert.match(cli(sub, ['worktree', 'unstage', '.']).out, /staged +1/);
	assert.equal(repo.git('diff', '--cached', '--name-only'), 'file\n');
	let r = cli(sub, ['worktree', 'commit', '-F', '-'], 'from a pipe\n\nx\n');
	assert.deepEqual([r.status, r.err], [0, '']);
	assert.match(r.out, /subject +from a pipe/);
	assert.equal(message(repo), 'from a pipe\n\nx\n');
	r = cli(repo.dir, ['worktree', 'commit', '-m', 'more', 'sub', '--json']);
	assert.equal(r.status, 1, 'a name is a name behind the first one');
	r = cli(repo.dir, ['worktree', 'commit', '-m', 'more', '--json', 'sub']);
	assert.equal(JSON.parse(r.out).commit, oid(repo));
	repo.write('file', 'y\n');
	assert.equal(cli(rdv.home, ['worktree', 'commit', '--tree', repo.dir,
		'--amend', '--all', '--author', 'Eve <e@example.org>']).status, 0);
	assert.match(raw(repo), /^author Eve <e@example.org> /m);
	r = cli(repo.dir, ['worktree', 'commit', '-m', 'none']);
	assert.deepEqual([r.status, r.err], [1, 'rdv: nothing is staged\n']);
	repo.write('file', 'gone\n');
	r = cli(repo.dir, ['worktree', 'discard', '--json', 'file']);
	const { id } = JSON.parse(r.out);
	assert.equal(fs.readFileSync(repo.at('file'), 'utf8'), 'y\n');
	assert.ok(cli(repo.dir, ['worktree', 'discards']).out.includes(id));
	assert.equal(cli(repo.dir, ['worktree', 'undiscard', id]).status, 0);
	assert.equal(fs.readFileSync(repo.at('file'), 'utf8'), 'gone\n');
	assert.equal(cli(repo.dir, ['worktree', 'undiscard', id]).status, 1);
	const stash = (...args) => cli(repo.dir, ['worktree', 'stash', ...args]);
	const put = JSON.parse(stash('--json', '-m', 'later').out).stash;
	assert.match(stash('ls').out, /On main: later/);
	assert.match(stash('show', put.slice(0, 9)).out, /file/);
	assert.equal(stash('pop').status, 2);
	assert.equal(stash('pop', put.slice(0, 9)).status, 0);
	assert.match(stash('ls').out, /yes +.*later/);
	assert.equal(fs.readFileSync(repo.at('file'), 'utf8'), 'gone\n');
	assert.equal(cli(repo.dir, ['worktree', 'commit']).status, 2);
	assert.equal(cli(repo.dir, ['worktree', 'stage', '/etc/passwd']).status, 1);
});

await test('rdv workspace commit: all that have changes, each by itself', async () => {
	const repos = ['w-one', 'w-two', 'w-three', 'w-four'].map((n) => make(n));
	const ids = [];
	for (const r of repos)
		ids.push((await rdv.call('POST', '/api/repos', { path: r.dir })).id);
	const w = await rdv.call('POST', '/api/workspaces',
		{ name: 'both', repos: ids });
	const parts = w.repos.map((p) => new Repo(rdv, p.path));
	const run = (...args) => {
		const r = spawnSync(bin('rdv'), ['workspace', 'commit', 'both', ...args],
			{ encoding: 'utf8', input: 'piped\n', env: { PATH: '/usr/bin:/bin',
				HOME: rdv.home, RDV_HOME: rdv.base } });
		return { status: r.status, out: r.stdout, err: r.stderr };
	};
	parts[0].write('new', 'n\n');
	parts[1].write('file', 'n\n');
	parts[3].write('file', 'n\n');
	const lock = parts[3].git('rev-parse', '--absolute-git-dir').trim();
	fs.writeFileSync(`${lock}/index.lock`, '');
	let r = run('-m', 'the same for all');
	assert.equal(r.status, 1);
	assert.match(r.err, /^rdv: w-four: .*index\.lock is there/);
	assert.match(r.out, /w-one +committed[^]*w-two +committed[^]*w-three +unchanged[^]*w-four +failed/);
	assert.deepEqual(parts.map((p) => message(p)), ['the same for all\n',
		'the same for all\n', 'one\n', 'one\n']);
	fs.rmSync(`${lock}/index.lock`);
	parts[2].write('new', 'n\n');
	r = run('-F', '-', '--author', 'Eve <e@example.org>', '--json');
	assert.equal(r.status, 0, r.err);
	assert.deepEqual(JSON.parse(r.out).repos.map((p) => p.done),
		['unchanged', 'unchanged', 'committed', 'committed']);
	for (const p of parts.slice(2)) {
		assert.equal(message(p), 'piped\n');
		assert.match(raw(p), /^author Eve /m);
	}
	assert.equal(JSON.parse(r.out).repos[3].commit, oid(parts[3]));
	assert.equal(run().status, 2);
});

// A tree with a change of each kind, and what all of it is.
function changed(name) {
	const repo = make(name, `printf 'x\n' >gone; printf 'x\n' >mode
		printf 'x\n' >part; mkdir dir; printf 'x\n' >dir/in; ln -s file link
		printf 'ig\n' >.gitignore; git add .; git commit -q -m two
		echo staged >part; git add part; echo more >part; rm gone
		chmod +x mode; rm link; ln -s other link; printf '\\0\\377' >bin
		mkdir new; echo n >new/a; echo a >added; git add added; echo b >added
		echo kept >ig; echo changed >dir/in; git rm -q --cached other`);
	return repo;
}
const trash = (repo) => repo.git('for-each-ref', 'refs/rdv');
// Without what rdv keeps under names of its own.
const tree = (repo) => [status(repo), repo.sh('git ls-files -s; find . -path ' +
	'./.git -prune -o ! -type d -printf "%p %m %l\\n" | sort'),
repo.sh('find . -path ./.git -prune -o -type f -print0 | sort -z | ' +
	'xargs -0r sha256sum'), repo.git('for-each-ref', 'refs/heads'),
repo.git('stash', 'list')].join('\n');
const back = (id) => rdv.request('POST', '/api/worktrees/discards/restore',
	{ body: { id } });

await test('what is discarded comes back as it was', async () => {
	const repo = changed('discard'), before = tree(repo);
	for (const body of [{ all: true }, { paths: ['part', 'gone', 'mode',
		'link', 'bin', 'new', 'added', 'dir', 'other'] }]) {
		const d = await done(repo, 'discard', body);
		assert.equal(status(repo), '');
		assert.equal(fs.readFileSync(repo.at('ig'), 'utf8'), 'kept\n');
		assert.equal(d.files, 8);
		assert.equal(repo.git('show', `${d.commit}:new/a`), 'n\n');
		const { items } = await rdv.call('GET', '/api/worktrees/discards');
		assert.deepEqual([items[0].id, items[0].commit, items[0].files],
			[d.id, d.commit, 8]);
		repo.git('gc', '-q', '--prune=now');
		assert.equal((await back(d.id)).status, 200);
		assert.equal(tree(repo), before);
		assert.equal((await back(d.id)).status, 404);
	}
	// Only some of it, among what stays; and by odd names (F06).
	const d = await done(repo, 'discard', { paths: ['part', 'new'] });
	assert.equal(fs.existsSync(repo.at('new')), false);
	assert.equal(fs.readFileSync(repo.at('part'), 'utf8'), 'x\n');
	assert.equal(fs.readFileSync(repo.at('added'), 'utf8'), 'b\n');
	repo.sh('git commit -q -m meanwhile -- added; git rm -q --cached dir/in');
	await back(d.id);
	assert.equal(fs.readFileSync(repo.at('part'), 'utf8'), 'more\n');
	assert.equal(repo.git('show', ':part'), 'staged\n');
	assert.match(status(repo), /\? new\/a\0/);
	assert.match(repo.git('diff', '--cached', '--name-status'), /D\tdir\/in/);
	const odds = make('discard-odd');
	for (const name of odd)
		odds.write(name, name);
	const was = tree(odds);
	for (const name of odd) {
		const a = asked(name), body = a.path === undefined ?
			{ paths_base64: [a.path_base64] } : { paths: [a.path] };
		const o = await done(odds, 'discard', body);
		assert.equal(fs.existsSync(odds.at(name)), false);
		assert.equal(o.files, 1);
		assert.equal((await back(o.id)).status, 200);
		assert.equal(tree(odds), was);
	}
	assert.equal((await act(odds, 'discard', { paths: ['file'] })).json.code,
		'NOTHING_TO_DISCARD');
	assert.equal(tree(odds), was);
});

await test('what is there again is not written over (G19)', async () => {
	const repo = make('again', 'echo mine >new; echo mine >file');
	const d = await done(repo, 'discard', { all: true });
	for (const [name, text] of [['new', 'other\n'], ['file', 'other\n']]) {
		repo.write(name, text);
		const before = tree(repo), r = await back(d.id);
		assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'],
			r.raw);
		assert.equal(tree(repo), before);
		repo.sh('git checkout -q .; git clean -fdq');
	}
	assert.equal((await back(d.id)).status, 200);
	assert.equal(fs.readFileSync(repo.at('new'), 'utf8'), 'mine\n');
	const unborn = Repo.make(rdv, 'unborn2');
	unborn.write('a', 'a');
	await refused(unborn, 'discard', { all: true }, 'INVALID_STATE', /no commit/);
	repo.sh('git checkout -q -b t; echo t >file; git commit -qam t; ' +
		'git checkout -q main; git stash -qu; echo m >file; ' +
		'git commit -qam m; ! git merge -q t 2>&1');
	await refused(repo, 'discard', { all: true }, 'OPERATION_IN_PROGRESS',
		/conflict/);
	const { repo: hooked, trap, ran } = trapped('discards');
	hooked.git('config', 'filter.z.smudge', trap('smudge'));
	hooked.git('config', 'filter.z.clean', trap('clean'));
	hooked.write('.git/info/attributes', '* filter=z\n');
	fs.copyFileSync(trap('post-checkout'),
		path.join(hooked.dir, '.git/hooks/post-checkout'));
	hooked.write('file', 'z\n');
	await back((await done(hooked, 'discard', { all: true })).id);
	assert.equal(fs.readFileSync(hooked.at('file'), 'utf8'), 'z\n');
	assert.deepEqual(ran(), []);
});

await test('nor is what is ignored by now (G19)', async () => {
	const repo = make('ignored', 'echo n >new.o; mkdir dir; echo n >dir/n');
	const ids = [(await done(repo, 'discard', { all: true })).id];
	repo.sh('echo n >new.o; git add new.o');
	ids.push((await done(repo, 'stash')).stash);
	repo.write('.git/info/exclude', '*.o\ndir\n');
	for (const name of ['new.o', 'dir']) {
		repo.write(name, 'mine\n');
		const before = tree(repo), r = await back(ids[0]);
		assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'],
			r.raw);
		assert.match(r.json.error, /is ignored|and ignored/);
		if (name === 'new.o')
			await refused(repo, 'stash/pop', { stash: ids[1] },
				'INVALID_STATE', /new.o is ignored/);
		assert.equal(tree(repo), before);
		fs.rmSync(repo.at(name));
	}
	assert.equal((await back(ids[0])).status, 200);
	assert.equal(fs.readFileSync(repo.at('new.o'), 'utf8'), 'n\n');
	// A directory of such files in a file's place is kept by nothing.
	repo.sh('rm new.o file; mkdir file; echo mine >file/a; ' +
		'echo file/ >>.git/info/exclude');
	const before = tree(repo), r = await act(repo, 'discard', { all: true });
	assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'], r.raw);
	assert.match(r.json.error, /file is ignored/);
	assert.equal(tree(repo), before);
	// As many as there are, however long they are called.
	const many = make('long-names');
	for (let i = 0; i < 70; i++)
		many.write(`${i}-${'n'.repeat(220)}`, 'n');
	const { stash } = await done(many, 'stash', { untracked: true });
	await done(many, 'stash/pop', { stash });
});

const stashes = async (repo) => (await repo.read('stashes')).items;

await test('the stash is git\'s, and loses nothing', async () => {
	const repo = make('stash', 'echo two >file; git add file; echo three ' +
		'>file; echo n >new'), before = tree(repo);
	const a = await done(repo, 'stash', { untracked: true,
		message: '--all $(id)' });
	assert.equal(status(repo), '');
	assert.equal(a.stash, oid(repo, 'refs/stash'));
	assert.equal(repo.git('stash', 'list', '--format=%gs'),
		'On main: --all $(id)\n');
	assert.equal((await act(repo, 'stash')).json.code, 'NOTHING_TO_STASH');
	repo.write('other', 'o\n');
	const b = await done(repo, 'stash', { paths: ['other'] });
	assert.deepEqual((await stashes(repo)).map((s) => [s.commit, s.subject,
		s.dropped]), [[b.stash, repo.git('stash', 'list', '-1',
		'--format=%gs').trim(), false], [a.stash, 'On main: --all $(id)', false]]);
	const shown = await repo.read('diffstat', { commit: a.stash });
	assert.deepEqual(shown.files.map((f) => f.path), ['file']);
	// By its id, whatever its number is; what was staged is again.
	let r = await done(repo, 'stash/apply', { stash: a.stash, index: true });
	assert.deepEqual([r.dropped, r.conflicts], [false, 0]);
	repo.git('stash', 'drop', '-q', 'stash@{1}');
	repo.git('stash', 'drop', '-q');
	assert.equal(tree(repo), before);
	repo.git('stash', 'store', '-m', 'b', b.stash);
	repo.git('stash', 'store', '-m', 'a', a.stash);
	repo.sh('git reset -q --hard; git clean -fdq');
	r = await done(repo, 'stash/pop', { stash: a.stash });
	assert.equal(r.dropped, true);
	assert.equal(repo.git('stash', 'list', '--format=%H'), `${b.stash}\n`);
	r = await done(repo, 'stash/drop', { stash: b.stash });
	assert.equal(repo.git('stash', 'list'), '');
	// Both are still there, and gc does not take them.
	repo.sh('git reset -q --hard; git clean -fdq; git reflog expire ' +
		'--expire=now --all; git gc -q --prune=now');
	assert.deepEqual((await stashes(repo)).map((s) => [s.commit, s.dropped])
		.sort(), [[a.stash, true], [b.stash, true]].sort());
	assert.equal((await act(repo, 'stash/drop', { stash: b.stash })).status,
		404);
	await done(repo, 'stash/apply', { stash: b.stash });
	assert.equal(fs.readFileSync(repo.at('other'), 'utf8'), 'o\n');
	for (const [stash, code] of [['0'.repeat(40), 404], ['stash@{0}', 422],
		['--index', 422], [oid(repo), 404]])
		assert.equal((await act(repo, 'stash/apply', { stash })).status, code);
});

await test('a stash is not applied over what is there (G19)', async () => {
	const repo = make('stash-dirty', 'echo s >file; echo s >new');
	const { stash } = await done(repo, 'stash', { untracked: true });
	for (const name of ['file', 'new']) {
		repo.write(name, 'mine\n');
		for (const what of ['stash/apply', 'stash/pop'])
			await refused(repo, what, { stash }, 'INVALID_STATE', /file/);
		repo.sh('git checkout -q .; git clean -fdq');
	}
	// In conflict it is there, says so, and stays in the list.
	repo.sh('echo else >file; git commit -qam else');
	const r = await done(repo, 'stash/pop', { stash });
	assert.deepEqual([r.conflicts, r.dropped], [1, false]);
	assert.equal(repo.git('stash', 'list', '--format=%H'), `${stash}\n`);
	for (const [what, body] of [['stash', {}], ['stash/pop', { stash }]])
		await refused(repo, what, body, 'OPERATION_IN_PROGRESS', /conflict/);
	const { repo: hooked, trap, ran } = trapped('stash-traps');
	hooked.write('.git/info/attributes', '* filter=z\n');
	for (const f of ['smudge', 'clean'])
		hooked.git('config', `filter.z.${f}`, trap(f));
	for (const h of ['post-checkout', 'reference-transaction',
		'post-index-change'])
		fs.copyFileSync(trap(h), path.join(hooked.dir, '.git/hooks', h));
	hooked.write('file', 'z\n');
	const s = await done(hooked, 'stash', { untracked: true });
	await done(hooked, 'stash/pop', { stash: s.stash });
	assert.deepEqual(ran(), []);
});

let markers = 0;

// Kills rdvd when the k-th thing has been written down; false: there was none.
async function killedAt(k, run) {
	const old = rdv.rdvd;
	let n = 0, killed = false, text = '', open = false;
	const req = http.get({ socketPath: rdv.sock, path: '/api/events',
		headers: { Host: 'localhost', Accept: 'text/event-stream',
			Authorization: `Bearer ${rdv.token}` } }, (res) => {
		open = true;
		res.on('error', () => {});
		res.on('data', (d) => {
			text += d;
			const all = text.match(/^event: worktree\S+$/mg)?.length ?? 0;
			for (; n < all; n++)
				if (n + 1 === k && !killed) {
					killed = true;
					process.kill(old, 'SIGKILL');
				}
		});
	});
	req.on('error', () => {});
	await waitFor('stream opens', () => open);
	// An answer may be here before the events of what it is about.
	const marker = await run().then(() => rdv.call('POST', '/api/folders',
		{ name: `after ${markers++}` })).catch(() => null);
	if (marker !== null)
		await waitFor('its events', () => killed || text.includes(marker.id));
	req.destroy();
	if (killed)
		await waitFor('another rdvd', () => rdv.rdvd && rdv.rdvd !== old);
	return killed;
}

await test('killed at each step of a discard, and of its return (G20)', async () => {
	const repo = changed('killed'), before = tree(repo);
	const last = async () => (await rdv.call('GET',
		'/api/events?since=0&limit=1000')).items.filter((e) =>
		e.kind === 'worktree.acted' && e.subject !== null).at(-1);
	const settled = (what) => waitFor(what, async () => {
		const e = await last().catch(() => null);
		return ['kept', 'failed', 'restored'].includes(e?.body.state) && e;
	});
	const ends = {};
	let k = 1;
	for (let more = true; more; k++) {
		more = await killedAt(k, () => done(repo, 'discard', { all: true }));
		const e = await settled(`step ${k} of a discard`);
		ends[e.body.state] = (ends[e.body.state] ?? 0) + 1;
		if (e.body.state === 'kept') {
			assert.equal(status(repo), '');
			const r = await back(e.subject);
			assert.equal(r.status, 200, r.raw);
		}
		assert.equal(tree(repo), before, `step ${k}: ${e.body.state}`);
	}
	assert.ok(k > 4 && ends.failed > 0 && ends.kept > 1, JSON.stringify(ends));
	for (let more = true, n = 1; more; n++) {
		const d = await done(repo, 'discard', { all: true });
		more = await killedAt(n, async () => {
			assert.equal((await back(d.id)).status, 200);
		});
		const e = await settled(`step ${n} of a return`);
		if (e.body.state === 'kept')
			assert.equal((await back(d.id)).status, 200);
		assert.equal(tree(repo), before, `step ${n}: ${e.body.state}`);
	}
	assert.match(trash(repo), /refs\/rdv\/trash/);
});

await rdv.stop();
