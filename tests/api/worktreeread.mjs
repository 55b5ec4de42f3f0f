// What a worktree holds, in detail, beside what the git CLI says of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';
import { Repo, asked, exact, odd } from './gitrepo.mjs';
import { spawnSync } from 'node:child_process';

const rdv = await Rdv.start();

// git-status(1), "Porcelain Format Version 2": entries as the API has them.
function porcelain(text) {
	const records = text.split('\0');
	const out = { entries: [], head: {} };
	for (let i = 0; i < records.length - 1; i++) {
		const r = records[i], words = r.split(' ');
		const rest = (n) => words.slice(n).join(' ');
		if (r[0] === '#')
			out.head[words[1]] = rest(2);
		else if (r[0] === '?')
			out.entries.push(['untracked', rest(1)]);
		else if (r[0] === '1')
			out.entries.push(['changed', rest(8), words[1]]);
		else if (r[0] === 'u')
			out.entries.push(['conflict', rest(10), words[1]]);
		else
			out.entries.push([words[8][0] === 'C' ? 'copied' : 'renamed',
				rest(9), words[1], records[++i], Number(words[8].slice(1))]);
	}
	return out;
}

const entryOf = (e) => {
	const list = [e.kind, exact(e)];
	if (e.kind !== 'untracked')
		list.push(e.index + e.worktree);
	if (e.old_path !== undefined)
		list.push(exact(e, 'old_path'), e.similarity);
	return list;
};

// Asked twice: by git, and from what the worker has kept.
async function same(repo, query = {}) {
	const cli = porcelain(repo.git('status', '--porcelain=v2', '--branch',
		'--show-stash', '-z', '--find-renames',
		`--untracked-files=${query.all ? 'all' : 'normal'}`));
	let s;
	for (let i = 0; i < 2; i++) {
		s = await repo.read('changes', query);
		assert.deepEqual(s.entries.map(entryOf), cli.entries);
		const oid = cli.head['branch.oid'], head = cli.head['branch.head'];
		assert.equal(s.commit, oid === '(initial)' ? null : oid);
		assert.equal(s.unborn, oid === '(initial)');
		assert.equal(s.branch, head === '(detached)' ? null : head);
		assert.equal(s.detached, head === '(detached)');
		assert.equal(s.upstream, cli.head['branch.upstream'] ?? null);
		assert.equal(s.ahead === null ? undefined : `+${s.ahead} -${s.behind}`,
			cli.head['branch.ab']);
		assert.equal(s.stashes, Number(cli.head.stash ?? 0));
		assert.equal(s.total, cli.entries.length);
	}
	return s;
}

await test('each kind of change is told as git tells it', async () => {
	const repo = Repo.make(rdv, 'kinds');
	assert.equal((await same(repo)).unborn, true);
	repo.write('a', 'a\n'.repeat(50));
	repo.write('b', 'b\n');
	repo.write('c', 'c\n');
	repo.write('d/e', 'e\n');
	repo.sh('git add . && git commit -qm one');
	const steps = [
		'git mv a moved && echo more >>moved',
		'echo more >>b && git add b && echo more >>b',
		'chmod +x d/e && rm c && ln -s b c',
		'mkdir -p new/er && echo >new/er/file && echo >new/x',
		'git add -N new/x',
		'git rm -q --cached d/e',
		'git reset -q new/x', 'git stash -q -u', 'echo >>b; git stash -q', 'git stash drop -q stash@{1}',
		'git checkout -q --detach',
		'git checkout -q main; git branch up; git branch -u up',
		'git commit -q --allow-empty -m ahead',
		'git update-ref refs/heads/up $(git commit-tree -m b HEAD~^{tree} ' +
			'-p HEAD~)',
		'git branch -D -q up',
	];
	for (const step of steps) {
		repo.sh(step);
		await same(repo);
		await same(repo, { all: true });
	}
});

await test('odd names are told exactly (F06)', async () => {
	const repo = Repo.make(rdv, 'odd');
	for (const name of odd)
		repo.write(name, 'one\n'.repeat(20));
	const s = await same(repo, { all: true });
	assert.deepEqual(s.entries.map((e) => exact(e)).sort(), [...odd].sort());
	// Exactly only where text cannot say it.
	assert.equal(s.entries.filter((e) => e.path_base64).length, 3);
	repo.sh('git add -A && git commit -qm all');
	for (const name of odd)
		fs.renameSync(repo.at(name), repo.at(`${name}~`.slice(-250)));
	repo.sh('git add -A');
	assert.equal((await same(repo)).staged, odd.length);
});

const conflicts = {
	'both modified': 'git checkout -q -b t; echo t >f; git commit -qam t; ' +
		'git checkout -q main; echo m >f; git commit -qam m; ! git merge -q t',
	'both added': 'git checkout -q -b t; echo t >n; git add n; ' +
		'git commit -qm t; git checkout -q main; echo m >n; git add n; ' +
		'git commit -qm m; ! git merge -q t',
	'deleted by us': 'git checkout -q -b t; echo t >f; git commit -qam t; ' +
		'git checkout -q main; git rm -q f; git commit -qm m; ! git merge -q t',
	'deleted by them': 'git checkout -q -b t; git rm -q f; git commit -qm t; ' +
		'git checkout -q main; echo m >f; git commit -qam m; ! git merge -q t',
};

await test('conflicts are named, and what is under way', async () => {
	let n = 0;
	for (const [words, script] of Object.entries(conflicts)) {
		const repo = Repo.make(rdv, `conflict${n++}`);
		repo.sh('echo 1 >f; echo 2 >g; git add .; git commit -qm one');
		assert.equal((await same(repo)).operation, null);
		repo.sh(`${script} >/dev/null 2>&1`);
		const s = await same(repo);
		assert.deepEqual(s.entries.filter((e) => e.kind === 'conflict')
			.map((e) => e.conflict), [words]);
		assert.deepEqual([s.operation, s.conflicts], ['merge', 1]);
	}
	const repo = Repo.make(rdv, 'midway');
	repo.sh('echo 1 >f; git add .; git commit -qm 1; git checkout -q -b t; ' +
		'echo t >f; git commit -qam t; git checkout -q main; echo m >f; ' +
		'git commit -qam m');
	for (const [what, begin, end] of [
		['rebase', '! git rebase -q t', 'git rebase --abort'],
		['cherry-pick', '! git cherry-pick t', 'git cherry-pick --abort'],
		['revert', '! git revert --no-edit HEAD~', 'git revert --abort'],
		['bisect', 'git bisect start', 'git bisect reset'],
	]) {
		repo.sh(`(${begin}) >/dev/null 2>&1`);
		assert.equal((await same(repo)).operation, what);
		repo.sh(`${end} >/dev/null 2>&1`);
		assert.equal((await same(repo)).operation, null);
	}
});

await test('a lock has its reason', async () => {
	const repo = Repo.make(rdv, 'locks');
	repo.git('commit', '-q', '--allow-empty', '-m', 'one');
	const tree = new Repo(rdv, path.join(rdv.home, 'locked'));
	repo.git('worktree', 'add', '-q', tree.dir);
	const state = async () => {
		const s = await same(tree);
		return [s.locked, s.lock_reason];
	};
	assert.deepEqual(await state(), [false, null]);
	repo.git('worktree', 'lock', '--reason', 'on a stick', tree.dir);
	assert.deepEqual(await state(), [true, 'on a stick']);
	repo.git('worktree', 'unlock', tree.dir);
	repo.git('worktree', 'lock', tree.dir);
	assert.deepEqual(await state(), [true, '']);
});

await test('a submodule says what is in it', async () => {
	const repo = Repo.make(rdv, 'super'), sub = Repo.make(rdv, 'sub');
	sub.sh('echo 1 >f; git add f; git commit -qm one');
	repo.sh(`git -c protocol.file.allow=always submodule add -q ${sub.dir} s ` +
		'&& git commit -qm sub');
	const words = async () => {
		const s = await same(repo);
		return s.entries.find((e) => e.path === 's')?.submodule;
	};
	assert.equal(await words(), undefined);
	repo.sh('echo 2 >>s/f; echo >s/new');
	assert.deepEqual(await words(), ['modified', 'untracked']);
	repo.sh('cd s && git add . && git commit -qm two');
	assert.deepEqual(await words(), ['commit']);
});

await test('parts of one state say so, and of two as well', async () => {
	const repo = Repo.make(rdv, 'parts');
	for (let i = 0; i < 250; i++)
		repo.write(`d${i % 9}/f${i}`, `${i}\n`);
	repo.sh('git add . && git commit -qm one && for f in d*/*; do ' +
		'echo more >>$f; done; git mv d1 d9; touch new');
	const cli = { changes: () => repo.git('status', '--porcelain', '-z',
		'--no-renames').split('\0').slice(0, -1).map((l) => l.slice(3)),
	diffstat: () => [...repo.git('diff', '-z', '--name-only', '--no-renames',
		'HEAD').split('\0').slice(0, -1), 'new'] };
	// All of it in parts, with something done between them.
	const parts = async (what, between) => {
		const seen = new Set(), names = [];
		for (let offset = 0; offset !== null;) {
			const s = await repo.read(what, { limit: 100, offset });
			const list = s.entries ?? s.files;
			names.push(...list.flatMap((e) => [e.path, e.old_path ?? e.path]));
			assert.match(s.as_of, /^[0-9a-f]+-[0-9a-f]+$/);
			seen.add(s.as_of);
			offset = s.next;
			if (offset !== null)
				await between();
		}
		return { seen: seen.size, names };
	};
	for (const what of ['changes', 'diffstat']) {
		// Until all is watched each answer may be another one.
		await waitFor('it is watched', async () => (await repo.read(what)).as_of
			=== (await repo.read(what)).as_of);
		const { seen, names } = await parts(what, () => {});
		assert.equal(seen, 1, what);
		// Each file once: none is left out, and none told twice.
		assert.deepEqual([...new Set(names)].sort(),
			[...new Set(cli[what]())].sort());
		const once = names.filter((n) => n.startsWith('d0/'));
		assert.equal(new Set(once).size, once.length / 2);
		let n = 0;
		const moved = await parts(what, () => repo.write(`x${n++}`, 'x\n'));
		assert.ok(moved.seen > 1, what);
		repo.sh('rm x*');
	}
});

await test('long lists come in parts, and have an end', async () => {
	const repo = Repo.make(rdv, 'many');
	for (let i = 0; i < 1234; i++)
		repo.write(`f${i}`, '');
	const all = (await repo.read('changes', { limit: 5000 }));
	assert.deepEqual([all.entries.length, all.total, all.next],
		[1234, 1234, null]);
	const parts = [];
	let offset = 0;
	for (let n = 0; offset !== null && n < 100; n++) {
		const s = await repo.read('changes', { limit: 100, offset });
		assert.equal(s.total, 1234);
		assert.ok(s.entries.length <= 100);
		parts.push(...s.entries);
		offset = s.next;
	}
	assert.deepEqual(parts, all.entries);
	assert.deepEqual((await repo.read('changes', { offset: 5000 })).entries, []);
	for (const [query, status] of [[{ limit: 0 }, 422], [{ limit: 5001 }, 422],
		[{ offset: -1 }, 422], [{ offset: 'x' }, 422]])
		assert.equal((await repo.ask('changes', query)).status, status);
	// More than a message holds, though so many were asked for; and then more
	// than is read of what git says.
	for (let i = 0; i < 400; i++)
		repo.write(`${i}`.padStart(250, '\x01'), '');
	const some = await repo.read('changes', { limit: 5000 });
	assert.ok(some.entries.length < 1634 && some.next === some.entries.length);
	assert.deepEqual([some.total, some.truncated], [1634, false]);
	const deep = `${'d'.repeat(250)}/`.repeat(14);
	for (let i = 0; i < 3000; i++)
		repo.write(`${deep}${i}`, '');
	const cut = await repo.read('changes', { all: true });
	assert.equal(cut.truncated, true);
	assert.ok(cut.total > 1634 && cut.total < 4634);
});

await test('too much to be counted is counted in part', async () => {
	const repo = Repo.make(rdv, 'too-much');
	const deep = `${'d'.repeat(250)}/`.repeat(12);
	const put = (n) => repo.sh(`h=$(git hash-object -w --stdin </dev/null)
		seq ${n} | sed "s|^|100644 $h 0\t${deep}|" |
		git update-index --index-info`);
	put(100);
	const few = await repo.ask('status');
	assert.deepEqual([few.status, few.json.staged, few.json.partial],
		[200, 100, false], few.raw);
	put(3000);
	const r = await repo.ask('status');
	assert.deepEqual([r.status, r.json.partial, r.json.is_clean],
		[200, true, false], r.raw);
	assert.ok(r.json.staged > 2000 && r.json.staged < 3000, r.raw);
	assert.equal(r.json.branch, few.json.branch);
	// It is not kept: what comes after is told as it is.
	repo.sh('git reset -q');
	const none = (await repo.ask('status')).json;
	assert.deepEqual([none.partial, none.staged], [false, 0]);
});

await test('rdv worktree status lists what has changed', async () => {
	const repo = Repo.make(rdv, 'shown');
	repo.write('file', 'one\n');
	repo.sh('git add . && git commit -qm one && git mv file \x1b[31m');
	const run = (...words) => {
		const r = spawnSync(bin('rdv'), ['worktree', 'status', repo.dir,
			...words], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin',
			HOME: rdv.home, RDV_HOME: rdv.base } });
		assert.equal(r.status, 0, r.stderr);
		return r.stdout;
	};
	assert.match(run(), /^clean +no$[\s\S]*^renamed +R +\. +\\e\[31m +file/m);
	const v = JSON.parse(run('--json'));
	assert.deepEqual([v.exists, v.is_clean, v.changes.staged, v.changes.total,
		v.changes.entries[0].kind], [true, false, 1, 1, 'renamed']);
});

await test('I21 what others run by themselves is marked', async () => {
	const repo = Repo.make(rdv, 'marked');
	repo.write('package.json', '{}\n');
	repo.sh('git add . && git commit -qm one && mkdir .vscode sub');
	repo.write('package.json', '{"scripts":{"install":"sh x"}}\n');
	repo.write('.vscode/tasks.json', '{}\n');
	repo.write('sub/.envrc', 'x\n');
	repo.write('sub/envrc', 'x\n');
	const marks = (list) => Object.fromEntries(list.map((e) =>
		[e.path, e.run_by]));
	const all = { '.vscode/tasks.json': 'VS Code', 'package.json': 'npm',
		'sub/.envrc': 'direnv', 'sub/envrc': undefined };
	assert.deepEqual(marks((await repo.read('changes', { all: true }))
		.entries), all);
	assert.deepEqual(marks((await repo.read('diffstat')).files), all);
	const r = spawnSync(bin('rdv'), ['worktree', 'status', repo.dir],
		{ encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
			RDV_HOME: rdv.base } });
	assert.match(r.stdout, /^changed .* package\.json +npm *$/m);
});

await test('what may not be looked at, is not', async () => {
	const repo = Repo.make(rdv, 'mine');
	repo.git('commit', '-q', '--allow-empty', '-m', 'one');
	await same(repo);
	for (const dir of [rdv.home, '/', '/etc', path.join(rdv.home, 'none'),
		'relative', `${repo.dir}/../..`]) {
		const r = await repo.ask('changes', { worktree_path: dir });
		assert.ok(r.status === 400 || r.status === 404, `${dir}: ${r.status}`);
	}
	repo.sh('echo broken >.git/HEAD');
	assert.equal((await repo.ask('changes')).status, 400);
});

// The same as `git log` says it, commit by commit.
async function sameLog(repo, query, args, paths = []) {
	const fields = ['%H', '%P', '%an', '%ae', '%at', '%cn', '%ce', '%ct', '%s',
		'%b'];
	const text = repo.git('--literal-pathspecs', 'log', '-z',
		`--format=${fields.join('%x00')}`, ...args, '--', ...paths);
	const words = Buffer.from(text, 'latin1').toString('utf8').split('\0');
	const want = [];
	for (let i = 0; i + fields.length <= words.length; i += fields.length)
		want.push(words.slice(i, i + fields.length));
	const have = [];
	for (let offset = 0; offset !== null;) {
		const s = await repo.read('log', { ...query, offset });
		have.push(...s.commits);
		offset = s.next;
	}
	assert.deepEqual(have.map((c) => [c.commit, c.parents.join(' '), c.author,
		c.author_email, `${c.authored_at}`, c.committer, c.committer_email,
		`${c.committed_at}`, c.subject, c.body]), want);
	return have;
}

await test('commits are told as git tells them', async () => {
	const repo = Repo.make(rdv, 'history');
	repo.sh('for i in $(seq 120); do echo commit refs/heads/main; ' +
		'echo "author A \u00dc <a@x> $((1700000000 + i)) +0200"; ' +
		'echo "committer C <c@x> $((1700000100 + i)) +0000"; ' +
		'm="subject $i\n\nbody $i \u00e4\n"; m=$(printf "$m."); ' +
		'echo "data <<END"; printf "%s\\n" "$m"; echo END; ' +
		'echo "M 100644 inline f$((i % 7))"; echo "data <<END"; echo $i; ' +
		'echo END; done | git fast-import --quiet; git reset -q --hard; ' +
		'git checkout -q -b side HEAD~20; git commit -q --allow-empty -m side;' +
		' git checkout -q main; git merge -q --no-edit side');
	assert.equal((await sameLog(repo, {}, ['HEAD'])).length, 122);
	await sameLog(repo, { limit: 7 }, ['HEAD']);
	assert.equal((await sameLog(repo, { base: 'side' }, ['HEAD', '^side']))
		.length, 21);
	await sameLog(repo, { to: 'side' }, ['side']);
	await sameLog(repo, { path: 'f3', limit: 5 }, ['HEAD'], ['f3']);
	assert.deepEqual((await repo.read('log', { path: 'none' })).commits, []);
	// Kept, until there is one more.
	repo.sh('git commit -q --allow-empty -m next');
	assert.equal((await sameLog(repo, {}, ['HEAD']))[0].subject, 'next');
	// A message of many bytes is not all of it told.
	repo.sh('head -c 100000 /dev/zero | tr "\\0" x | fold | ' +
		'(echo long; echo; cat) | git commit -q --allow-empty -F -');
	assert.equal((await repo.read('log')).commits[0].body.length, 16384);
	for (const query of [{ to: '-x' }, { base: 'HEAD~' }, { to: 'none' },
		{ path: '../x' }, { base: 'none' }])
		assert.equal((await repo.ask('log', query)).status, 400,
			JSON.stringify(query));
	const unborn = Repo.make(rdv, 'unborn');
	assert.equal((await unborn.ask('log')).status, 400);
});

await test('a commit\'s directories and files (F06)', async () => {
	const repo = Repo.make(rdv, 'held');
	for (const name of odd)
		repo.write(name, `text of \u00fc\n${name.length}\n`);
	repo.sh("printf 'x\\0y' >bin; seq 100000 >long; chmod +x bin; ln -s bin l; " +
		': >empty; git add -A; git commit -qm one; git tag v1; echo 2 >bin; ' +
		'git commit -qam two');
	const names = async (query, args) => {
		const want = repo.git('ls-tree', '-z', '--long', '--full-tree', ...args)
			.split('\0').slice(0, -1).map((r) => {
				const [, mode, type, oid, size, name] =
					/^(\d+) (\w+) (\w+) +(\S+)\t(.*)$/s.exec(r);
				return [name, mode, type, oid, size === '-' ? null :
					Number(size)];
			});
		const have = [];
		for (let offset = 0; offset !== null;) {
			const s = await repo.read('tree', { ...query, offset, limit: 9 });
			assert.equal(s.total, want.length);
			have.push(...s.entries);
			offset = s.next;
		}
		assert.deepEqual(have.map((e) => [exact(e, 'name'), e.mode, e.type,
			e.oid, e.size]), want);
		return want;
	};
	const all = await names({}, ['HEAD']);
	await names({ at: 'v1' }, ['v1']);
	await names({ path: 'sub dir' }, ['HEAD:sub dir']);
	for (const [name, , type, oid, size] of all.filter((e) => e[2] === 'blob')) {
		const f = await repo.read('file', asked(name));
		const text = Buffer.from(repo.git('cat-file', 'blob', oid), 'latin1')
			.toString('utf8');
		assert.deepEqual([exact(f), f.size, type], [name, size, 'blob']);
		assert.equal(f.text, f.truncated ? text.slice(0, f.text.length) : text);
		assert.deepEqual([f.truncated, f.text.length > 0], [name === 'long',
			name !== 'empty']);
	}
	const was = await repo.read('file', { path: 'bin', at: 'v1' });
	assert.deepEqual([was.binary, was.text, was.size], [true, null, 3]);
	for (const [what, query] of [['file', { path: 'none' }], ['file',
		{ path: 'sub dir' }], ['file', {}], ['file', { path: '../x' }],
	['file', { path: 'bin', at: 'HEAD~' }], ['tree', { path: 'bin' }],
	['tree', { at: 'none' }], ['tree', { at: '--all' }]])
		assert.equal((await repo.ask(what, query)).status, 400,
			`${what} ${JSON.stringify(query)}`);
});

// Its git hangs as long as this lasts.
async function hanging(name, fn) {
	const repo = Repo.make(rdv, name);
	repo.git('commit', '-q', '--allow-empty', '-m', 'one');
	await same(repo);
	repo.sh('rm -f .git/info/exclude; mkfifo .git/info/exclude');
	await fn(repo);
	repo.sh('rm .git/info/exclude');
	assert.equal((await repo.read('changes')).total, 0);
}

await test('a question has a time', () => hanging('late', async (repo) => {
	const r = await repo.ask('changes', { timeout_ms: 200 });
	assert.deepEqual([r.status, r.json.code], [504, 'TIMEOUT']);
	// Another one about it does not wait for that.
	assert.equal((await repo.ask('diffstat', { from: 'main', to: 'main' }))
		.status, 200);
	for (const ms of [0, -1, 600001])
		assert.equal((await repo.ask('changes', { timeout_ms: ms })).status,
			422);
}));

// Processes whose command line says that they are git's and of this tree.
const gits = (repo) => fs.readdirSync('/proc').filter((x) => {
	try {
		const words = fs.readFileSync(`/proc/${x}/cmdline`, 'utf8')
			.split('\0');
		return words[0] === 'git' && words[2] === repo.dir;
	} catch {
		return false;
	}
});

await test('who leaves is not waited for', () => hanging('left',
	async (repo) => {
		const q = new URLSearchParams({ worktree_path: repo.dir });
		const req = http.get({ socketPath: rdv.sock,
			path: `/api/worktrees/changes?${q}`,
			headers: { Host: 'localhost', Authorization:
				`Bearer ${rdv.token}` } });
		const closed = once(req, 'error');
		await waitFor('its git', () => gits(repo).length > 0);
		req.destroy(new Error('left'));
		await closed;
		await waitFor('the end of it', () => gits(repo).length === 0, 15000);
	}));

await test('of very much the first page is told without the rest', async () => {
	const repo = Repo.make(rdv, 'much');
	repo.sh(`for d in a b c; do mkdir $d; for i in 1 2 3 4 5 6 7 8 9; do
		echo $d$i >$d/f$i; done; done; printf 'a\\0b' >b/bin; ln -s a z
		printf '* text=auto\\n' >.gitattributes; touch e
		git add .; git commit -qm all`);
	const whole = async (what) => repo.read(what, { limit: 5000 });
	const part = (what, limit, more = {}) => repo.read(what,
		{ first: true, limit, ...more });
	const key = { changes: 'entries', diffstat: 'files' };
	// As much as there is of it, it is the beginning of the whole; `partial`
	// says whether it was told without it.
	async function same(why, partial, limit = 6, more = {}) {
		for (const [what, list] of Object.entries(key)) {
			const all = await whole(what), p = await part(what, limit, more);
			assert.deepEqual(p[list], all[list].slice(0, limit),
				`${what} ${why}`);
			// Where it is known by then what differs all is told as soon.
			assert.ok(p.partial === partial || (what === 'diffstat' &&
				!p.partial), `${what} ${why}`);
			assert.equal(all.partial, false);
			for (const name of ['staged', 'unstaged', 'untracked', 'conflicts',
				'total', 'added', 'removed'])
				assert.ok((p[name] ?? 0) <= (all[name] ?? 0) && (p.partial ||
					p[name] === all[name]), `${what} ${name} ${why}`);
			for (const name of ['commit', 'branch', 'from', 'operation',
				'stashes', 'locked'])
				assert.deepEqual(p[name], all[name], `${what} ${name}`);
			assert.equal(p.next, all[list].length > limit ? limit : null);
		}
	}
	const dirty = 'for d in a b c; do for i in 1 3 5 7 9; do ' +
		'echo more >>$d/f$i; done; done; chmod +x a/f2';
	// Else git does not trust what the index says of them.
	const old = "find . -name .git -prune -o -type f -print0 | xargs -0 " +
		"touch -d '1 hour ago'; git update-index -q --refresh; ";
	repo.sh(old + dirty);
	await same('changed', true);
	await same('one', true, 1);
	// Touched and as long as before: git is asked whether it is the same.
	repo.sh(`touch a/f4; echo A6 >a/f6; printf 'c\\0d' >b/bin
		printf 'b2\\r\\n' >b/f2; git config core.autocrlf true`);
	await same('touched', true, 3);
	await same('a binary one of its length', false, 7);
	repo.sh('git checkout -q b/bin');
	await same('line ends', false, 8);
	await same('few', false, 40);
	// What stands beyond may change what is told of the first.
	const undo = 'git reset -q --hard; git clean -qfd; ' + old + dirty;
	for (const [why, script] of Object.entries({
		staged: 'echo >c/new; git add c/new',
		'a rename that is staged': 'git mv a/f8 c/f8-b; echo >>a/f1',
		'one that is gone': 'rm a/f1',
		'of another kind': 'rm a/f1; ln -s x a/f1',
		'meant to be added': 'echo >a/f0; git add -N a/f0',
		'assumed to be unchanged': 'git update-index --assume-unchanged a/f1',
		'a binary one': `printf 'x\\0y' >b/bin; cp b/bin a/f0
			git add a/f0; git commit -qm bin; printf 'y\\0y' >a/f0`,
		'a version of the index': 'git update-index --index-version 4',
	})) {
		repo.sh(`${undo}; ${script}`);
		await same(why, false);
		repo.sh('git update-index --no-assume-unchanged a/f1 2>/dev/null || :; ' +
			'git update-index --index-version 2');
	}
	repo.sh(`${undo}; git stash -q; git stash apply -q; touch new`);
	await same('with a stash', true);
	// Of anything else all is told.
	for (const more of [{ view: 'unstaged' }, { base: 'HEAD' }])
		assert.equal((await part('diffstat', 6, more)).partial, false);
	assert.equal((await part('changes', 6, { offset: 2 })).partial, false);
});

await rdv.stop();
