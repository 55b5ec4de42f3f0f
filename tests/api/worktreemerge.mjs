// Merging a worktree's branch: beside what the git CLI makes of the same
// histories, with the bytes of whoever has the target checked out left alone,
// and killed at each step.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, skip, test } from '../harness/rdv.mjs';
import { bytes, changing, edit, lines, oid, other, traces } from
	'./changing.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start();
const { journal, killedAt, pair, settled } = changing(rdv);

const merge = (tree, body = {}) => rdv.request('POST', '/api/worktrees/merge',
	{ body: { worktree_path: tree.dir, into: 'main', ...body } });
const done = async (tree, body) => {
	const r = await merge(tree, body);
	assert.equal(r.status, 200, `${r.raw}`);
	assert.equal(r.json.change?.state, 'done', `${r.raw}`);
	return r.json.change;
};

const histories = {
	edits: [lines, edit, other],
	renames: [lines, `git mv f h; sed -i s/^2$/two/ h`, other],
	'a directory renamed': [lines, 'git mv d e; echo y >e/y', 'echo z >>d/x'],
	binary: [`${lines}; head -c 9000 /dev/zero >b`, 'head -c 9000 ' +
		'/dev/urandom >b', other],
	modes: [lines, 'chmod +x f; ln -s f l', other],
	deletion: [lines, 'git rm -q g', other],
	submodule: [lines, 'git update-index --add --cacheinfo ' +
		`160000,${'1'.repeat(40)},sub; mkdir -p sub`, other],
};

await test('a merge is what git makes of it', async () => {
	for (const [what, [base, side, main]] of Object.entries(histories)) {
		const { repo, tree } = pair(base, side, main);
		const clone = `${repo.dir}-git`;
		repo.sh(`git clone -q --no-local . '${clone}'
			cd '${clone}'; git merge -q -m m origin/side`);
		const change = await done(tree);
		const git = new Repo(rdv, clone);
		assert.equal(oid(repo, 'main^{tree}'), oid(git, 'main^{tree}'), what);
		assert.deepEqual([oid(repo, 'main^1'), oid(repo, 'main^2')],
			[change.before.target, change.before.branch], what);
		assert.equal(oid(repo, 'main'), change.after.target);
		// Who has it checked out was brought along.
		assert.equal(change.target_path, repo.dir);
		assert.equal(repo.git('status', '--porcelain', '--ignore-submodules'),
			'', what);
		assert.deepEqual(bytes(repo.dir), bytes(clone), what);
		assert.equal(repo.git('log', '-1', '--format=%an <%ae> %cn %s', 'main')
			.trim(), "ann <ann@example.org> ann Merge branch 'side' into main");
		repo.git('fsck', '--strict');
	}
});

await test('criss-cross, and two that have no commit in common', async () => {
	const { repo, tree } = pair(lines, edit, other);
	repo.sh('git branch m0; git merge -q -m x side');
	tree.sh('git merge -q -m y m0; sed -i s/^10$/ten/ f; git commit -qam ten');
	repo.sh('sed -i s/^15$/fifteen/ f; git commit -qam fifteen');
	const want = repo.git('merge-tree', '--write-tree', 'main', 'side').trim();
	await done(tree);
	assert.equal(oid(repo, 'main^{tree}'), want);
	repo.sh('git checkout -q --orphan alone; git commit -qm alone');
	const before = traces(repo, tree);
	const r = await merge(tree, { into: 'alone' });
	assert.ok(r.status >= 400 && r.status < 500, `${r.raw}`);
	assert.equal(traces(repo, tree), before);
});

await test('fast-forward makes no commit; nothing to merge is no error',
	async () => {
		for (const out of [true, false]) {
			const { repo, tree } = pair(lines, edit);
			if (!out)
				repo.git('checkout', '-q', '-b', 'elsewhere');
			const change = await done(tree, { branch_at: oid(tree, 'HEAD') });
			assert.equal(change.target_path, out ? repo.dir : null);
			assert.equal(oid(repo, 'main'), oid(tree, 'HEAD'));
			assert.equal(repo.git('status', '--porcelain'), '');
			const r = await merge(tree);
			assert.deepEqual([r.status, r.json.changed, r.json.change],
				[200, false, null]);
		}
	});

await test('what a repository adds to a merge is not taken', async () => {
	const { repo, tree } = pair(lines, edit, other);
	repo.git('config', 'branch.main.mergeOptions',
		'--squash --verify-signatures --overwrite-ignore --autostash');
	const change = await done(tree);
	assert.equal(oid(repo, 'main'), change.after.target);
	assert.equal(oid(repo, 'HEAD^2'), oid(tree, 'HEAD'));
	assert.equal(repo.git('status', '--porcelain'), '');
});

await test('a squash is one commit, and the branch is there too', async () => {
	for (const out of [true, false]) {
		const { repo, tree } = pair(lines, edit);
		tree.sh('echo more >more; git add more; git commit -qm more; echo >u');
		if (!out)
			repo.git('checkout', '-q', '--detach');
		const [old, want] = [oid(tree, 'HEAD'), oid(tree, 'HEAD^{tree}')];
		const change = await done(tree, { squash: true, message: 'ünï\n\nb' });
		assert.equal(oid(repo, 'main'), oid(tree, 'HEAD'));
		assert.equal(oid(repo, 'main^{tree}'), want);
		assert.equal(oid(repo, 'main^'), change.before.target);
		assert.equal(tree.git('status', '--porcelain'), '?? u\n');
		assert.equal(Buffer.from(repo.git('log', '-1', '--format=%B', 'main'),
			'latin1').toString().trim(), 'ünï\n\nb');
		// What the branch was is not lost to a collection of garbage.
		repo.sh('git reflog expire --all --expire=now; git gc -q --prune=now');
		assert.equal(oid(repo, `refs/rdv/rescue/${change.id}`), old);
	}
	const { repo, tree } = pair(lines, edit, other);
	const before = traces(repo, tree);
	const r = await merge(tree, { squash: true });
	assert.deepEqual([r.status, r.json.code], [409, 'BRANCH_DIVERGED']);
	assert.match(r.json.error, /main has 1 commit that side has not/);
	assert.equal(traces(repo, tree), before);
});

await test('what would conflict is named, and nothing changes', async () => {
	const { repo, tree } = pair(lines, edit, 'sed -i s/^2$/zwei/ f');
	const before = traces(repo, tree);
	const r = await merge(tree);
	assert.deepEqual([r.status, r.json.code, r.json.details.conflicts],
		[409, 'MERGE_CONFLICT', ['f']]);
	assert.equal(traces(repo, tree), before);
	const [row] = await journal(tree);
	assert.deepEqual([row.state, row.id], ['failed', r.json.details.change_id]);
});

await test('names are names, and heads are where they are said (G13)',
	async () => {
		const { repo, tree } = pair(lines, edit);
		const before = traces(repo, tree);
		for (const into of ['-x', '--output=x', '@{-1}', 'HEAD~', 'a..b', ':!x',
			'HEAD', 'none', 'side', 'refs/heads/main', 'ma\nin'])
			assert.ok([400, 422].includes((await merge(tree, { into })).status),
				into);
		for (const at of [{ branch_at: '1'.repeat(40) },
			{ target_at: oid(tree, 'HEAD') }])
			assert.equal((await merge(tree, at)).json.code, 'HEAD_MOVED');
		assert.equal((await merge(repo, { into: 'side' })).json.changed, false,
			'control');
		assert.equal(traces(repo, tree), before);
		tree.git('checkout', '-q', '--detach');
		assert.match((await merge(tree)).json.error, /is on no branch/);
	});

// How the tree of the target can be, and what it is refused with.
const dirty = {
	staged: ['echo staged >>f; git add f', 'HAS_UNCOMMITTED_CHANGES'],
	unstaged: ['echo mine >>f', 'HAS_UNCOMMITTED_CHANGES'],
	'elsewhere than the merge': ['echo mine >>d/x', 'HAS_UNCOMMITTED_CHANGES'],
	deleted: ['rm g', 'HAS_UNCOMMITTED_CHANGES'],
	untracked: ['echo mine >new', 'HAS_UNCOMMITTED_CHANGES'],
	'untracked and ignored': ['echo new >.git/info/exclude; echo mine >new',
		'HAS_UNCOMMITTED_CHANGES'],
	'assumed unchanged': ['git update-index --assume-unchanged f; ' +
		'echo mine >>f', 'HAS_UNCOMMITTED_CHANGES'],
	'in the middle of a merge': ['git branch o HEAD~; git checkout -q o; ' +
		'sed -i s/^19$/neunzehn/ f; git commit -qam o; git checkout -q main; ' +
		'git merge -q o || true', 'OPERATION_IN_PROGRESS'],
	'in the middle of a rebase': ['git branch o HEAD~; git checkout -q o; ' +
		'sed -i s/^19$/neunzehn/ f; git commit -qam o; git checkout -q main; ' +
		'git rebase -q o || true', 'OPERATION_IN_PROGRESS'],
	bisecting: ['git bisect start -q HEAD HEAD~', 'OPERATION_IN_PROGRESS'],
	'with a lock of git': ['touch .git/index.lock', 'HAS_UNCOMMITTED_CHANGES'],
};

await test('G19 nothing of the target\'s is touched', async () => {
	for (const [what, [script, code]] of Object.entries(dirty)) {
		for (const squash of [false, true]) {
			const { repo, tree } = pair(lines, `${edit}; echo theirs >new`,
				other);
			if (squash)
				tree.sh('git merge -q -m up main');
			repo.sh(script);
			const before = traces(repo, tree);
			const r = await merge(tree, { squash });
			assert.deepEqual([r.status, r.json.code], [409, code],
				`${what}: ${r.raw}`);
			assert.match(r.json.error, /main|r\d+/, what);
			assert.equal(traces(repo, tree), before, what);
		}
	}
	// A tree that is locked, and the same one when it is not.
	const { repo, tree } = pair(lines, edit, other);
	repo.git('checkout', '-q', '-b', 'aside');
	const out = new Repo(rdv, `${repo.dir}-main`);
	repo.git('worktree', 'add', '-q', out.dir, 'main');
	repo.git('worktree', 'lock', '--reason', 'on a stick', out.dir);
	fs.writeFileSync(out.at('untracked'), 'mine');
	const before = traces(repo, tree, out);
	const no = await merge(tree);
	assert.deepEqual([no.status, no.json.code], [409, 'WORKTREE_LOCKED']);
	assert.match(no.json.error, /on a stick/);
	assert.equal(traces(repo, tree, out), before);
	repo.git('worktree', 'unlock', out.dir);
	assert.equal((await done(tree)).target_path, out.dir);
	assert.equal(out.git('status', '--porcelain'), '?? untracked\n');
	assert.match(fs.readFileSync(out.at('f'), 'utf8'), /two/);
});

await test('without a name of somebody no commit is made', async () => {
	const { repo, tree } = pair(lines, edit, other);
	// What the account says of itself is looked up where it really lives.
	const own = spawnSync('git', ['config', '--get', 'user.email'],
		{ cwd: '/', env: { PATH: '/usr/bin:/bin', HOME: os.userInfo().homedir } });
	if (own.status === 0)
		return skip('this account has a name of its own');
	const before = traces(repo, tree);
	repo.git('config', '--unset', 'user.email');
	const r = await merge(tree);
	assert.deepEqual([r.status, r.json.code], [409, 'NO_IDENTITY']);
	assert.match(r.json.error, /set user\.name and user\.email/);
	assert.equal(traces(repo, tree), before);
	assert.deepEqual(await journal(tree), []);
	repo.git('config', 'user.email', 'r@example.org');
	await done(tree);
	assert.equal(repo.git('log', '-1', '--format=%cn %ce', 'main').trim(),
		'ann r@example.org');
});

// As a commit of the tree itself has it, and as git has it.
await test('a merge has the names that commits have', async () => {
	const { repo, tree } = pair(lines, edit, other);
	repo.sh('git config author.name Writer; ' +
		'git config committer.email c@example.org');
	await done(tree);
	assert.equal(repo.git('log', '-1', '--format=%an %ce', 'main').trim(),
		'Writer c@example.org');
});

await test('killed at each step of a merge and a squash (G20)', async () => {
	for (const [squash, out] of [[false, true], [false, false], [true, true],
		[true, false]]) {
		const ends = [];
		for (let k = 1; ; k++) {
			const { repo, tree } = pair(lines, edit, squash ? null : other);
			if (!out)
				repo.git('checkout', '-q', '-b', 'aside');
			const before = traces(repo, tree);
			const more = await killedAt(k, () => merge(tree, { squash }));
			const row = await settled(tree);
			ends.push(row.state);
			repo.git('fsck', '--strict');
			assert.equal(tree.git('status', '--porcelain'), '');
			assert.equal(repo.git('status', '--porcelain'), '');
			if (row.state === 'done') {
				assert.equal(oid(repo, 'main'), row.after.target);
				assert.equal(oid(repo, 'side'), row.after.branch);
				assert.match(repo.git('show', 'main:f'), /two/);
			} else {
				assert.equal(row.state, 'failed', `step ${k}: ${row.cause}`);
				assert.equal(traces(repo, tree), before, `step ${k}`);
				await done(tree, { squash });
			}
			if (!more)
				break;
		}
		assert.ok(ends.length >= 3, ends.join());
		assert.equal(ends.at(-1), 'done');
	}
});

// rdv is ended, `script` does what git would have come to, and there is a row of
// it, as when all of them had been killed there.
async function planted(kind, id, { repo, tree }, after, script) {
	const [old, head] = [oid(repo, 'main'), oid(tree, 'HEAD')];
	const gone = once(rdv.main, 'exit');
	rdv.main.kill('SIGTERM');
	await gone;
	repo.sh(script);
	execFileSync('sqlite3', [path.join(rdv.base, 'server/rdv.db'),
		`INSERT INTO change SELECT '${id}', id, '${kind}', '${repo.dir}',
		'${tree.dir}', 'side', 'main', '${repo.dir}', 'running', NULL,
		'${head}', '${old}', '${after}', '${after}', 1, 1 FROM user LIMIT 1`]);
	await rdv.up();
	return settled(tree);
}
const ID = '01900000-0000-7000-8000-00000000000';

await test('half of a squash is gone on with (G20)', async () => {
	for (const moved of [false, true]) {
		const p = pair(lines, `${edit}; git commit -qam a; echo >n`);
		const { repo, tree } = p;
		const squash = tree.git('commit-tree', '-m', 's', '-p', oid(repo, 'main'),
			'HEAD^{tree}').trim();
		const row = await planted('squash', `${ID}${+moved}`, p, squash,
			`git merge -q --ff-only ${squash}`);
		assert.equal(row.state, 'done');
		assert.deepEqual([oid(repo, 'main'), oid(tree, 'HEAD')],
			[squash, squash]);
		assert.equal(tree.git('status', '--porcelain'), '');
		if (!moved)
			continue;
		// Somebody has gone on with the target meanwhile.
		const q = pair(lines, edit);
		const two = q.tree.git('commit-tree', '-m', 's', '-p',
			oid(q.repo, 'main'), 'HEAD^{tree}').trim();
		assert.equal((await planted('squash', `${ID}3`, q, two, `git merge -q ` +
			`--ff-only ${two}; git commit -q --allow-empty -m on`)).state,
		'done');
		assert.equal(oid(q.tree, 'HEAD'), two);
	}
});

// What git leaves when it is killed while it writes files, and the row of it.
await test('a tree that was torn is told of, and mended (G20)', async () => {
	const { repo, tree } = pair(lines, `${edit}; echo n >new; git mv g h`);
	const before = traces(repo, tree), id = `${ID}a`;
	const row = await planted('merge', id, { repo, tree }, oid(tree, 'HEAD'),
		'git show side:f >f; echo n >new; echo since >>d/x');
	assert.deepEqual([row.id, row.state], [id, 'conflict']);
	assert.match(row.cause, /abort brings them back/);
	assert.equal((await merge(tree)).json.code, 'HAS_UNCOMMITTED_CHANGES');
	const go = (verb) => rdv.request('POST', `/api/worktrees/${verb}`,
		{ body: { worktree_path: tree.dir } });
	assert.equal((await go('continue')).status, 409);
	assert.equal((await go('abort')).json.change.state, 'aborted');
	// What somebody has written since has a name.
	assert.match(repo.git('show', `refs/rdv/rescue/${id}-torn:d/x`), /since/);
	repo.git('update-ref', '-d', `refs/rdv/rescue/${id}-torn`);
	assert.equal(traces(repo, tree), before);
	await done(tree);
});

// By then somebody has made a file where git was to write one, or had removed
// one: it is in the way, and stays until it is moved.
await test('what was made in a torn tree is not written over (G19)', async () => {
	const cases = {
		'one that git was to write': ['new', 'git show side:f >f',
			/^new in .* is not, or not in whole/],
		'in place of one that was removed': ['g',
			'git read-tree side; git show side:f >f; git show side:new >new; ' +
			'rm g; git show side:h >h'],
		'a directory of such': ['new/mine', 'git show side:f >f; mkdir new'],
	};
	let n = 0;
	for (const [what, [file, script, why = /in the way/]] of Object.entries(cases)) {
		const { repo, tree } = pair(lines, `${edit}; echo n >new; git mv g h`);
		const before = traces(repo, tree), id = `${ID.slice(0, -1)}1${n++}`;
		const row = await planted('merge', id, { repo, tree },
			oid(tree, 'HEAD'), `${script}; echo mine >${file}`);
		assert.equal(row.state, 'conflict', what);
		const go = () => rdv.request('POST', '/api/worktrees/abort',
			{ body: { worktree_path: tree.dir } });
		const kept = [];
		for (let i = 0; i < 2; i++) {
			repo.sh(`echo since ${i} >>d/x`);
			const r = await go();
			assert.equal(r.status, 409, `${what}: ${r.raw}`);
			assert.match(r.json.error, new RegExp(file.split('/')[0]));
			assert.match(r.json.error, why);
			assert.equal(repo.sh(`cat ${file}`), 'mine\n', what);
			kept.push(oid(repo, `refs/rdv/rescue/${id}-torn`));
		}
		// What the first has kept the second has not taken the name from.
		assert.match(repo.git('show', `${kept[0]}:d/x`), /since 0\n$/);
		assert.equal(oid(repo, `${kept[1]}^2`), kept[0], what);
		repo.sh(`rm -r ${file.split('/')[0]}`);
		assert.equal((await go()).json.change?.state, 'aborted', what);
		repo.sh('git for-each-ref --format="delete %(refname)" ' +
			'refs/rdv/rescue | git update-ref --stdin');
		assert.equal(traces(repo, tree), before, what);
	}
});

await rdv.stop();
