// Commits made anew: rebases and picks beside the git CLI's, a conflict as a
// state that is gone on with or given up, and killed at each step.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test } from '../harness/rdv.mjs';
import { bytes, changing, edit, lines, oid, other, traces } from
	'./changing.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start();
const { journal, killedAt, pair, settled } = changing(rdv);

const ask = (what, tree, body = {}) => rdv.request('POST',
	`/api/worktrees/${what}`, { body: { worktree_path: tree.dir, ...body } });
const rebase = (tree, body = { onto: 'main' }) => ask('rebase', tree, body);
const into = async (state, answer) => {
	const r = await answer;
	assert.equal(r.status, 200, `${r.raw}`);
	assert.equal(r.json.change.state, state, `${r.raw}`);
	return r.json;
};
// What the commits are, without who made them anew when.
const commits = (repo, range) => repo.git('log', '--reverse',
	'--format=%an %ae %at %s%n%b%T', range);
const clash = 'sed -i s/^2$/zwei/ f';
const open = (tree) => fs.existsSync(tree.git('rev-parse', '--git-path',
	'rebase-merge').trim());

const histories = {
	edits: [lines, `${edit}; git commit -qam a; echo b >>g`, other],
	renames: [lines, `git mv f h; git commit -qam a; ${edit.replace(/f$/, 'h')}`,
		other],
	'one that is there already': [lines, `${edit}; git commit -qam a; echo >n`,
		`${edit}; git commit -qam same; ${other}`],
	binary: [lines, 'head -c 9000 /dev/urandom >b', other],
	modes: [lines, 'chmod +x f; ln -s f l', other],
	'a merge among them': [lines, `${edit}; git commit -qam a; git checkout ` +
		'-qb t HEAD~; echo t >t; git add t; git commit -qm t; git checkout ' +
		'-q side; git merge -qm m t; echo >n', other],
};

await test('a rebase is what git makes of it', async () => {
	for (const [what, [base, side, main]] of Object.entries(histories)) {
		const { repo, tree } = pair(base, side, main);
		const git = new Repo(rdv, `${repo.dir}-git`);
		repo.sh(`git clone -q --no-local . '${git.dir}'
			cd '${git.dir}'; git checkout -q side; git rebase -q origin/main`);
		const { change } = await into('done', rebase(tree));
		assert.equal(commits(tree, 'main..side'),
			commits(git, 'origin/main..side'), what);
		assert.deepEqual([change.after.branch, change.branch],
			[oid(tree, 'HEAD'), 'side'], what);
		assert.equal(tree.git('branch', '--show-current'), 'side\n');
		assert.equal(tree.git('status', '--porcelain'), '', what);
		assert.deepEqual(bytes(tree.dir), bytes(git.dir), what);
		assert.equal(oid(repo, `refs/rdv/rescue/${change.id}`),
			change.before.branch);
		// Once more there is nothing to do, and nothing happens.
		await into('done', rebase(tree));
		assert.equal(oid(tree, 'HEAD'), change.after.branch);
	}
	// From where it began onto something else.
	const { repo, tree } = pair(lines, edit, other);
	repo.sh('git branch old side; git branch new main');
	tree.sh('echo n >n; git add n; git commit -qm n');
	await into('done', rebase(tree, { onto: 'new', from: 'old' }));
	assert.equal(tree.git('log', '--format=%s', 'new..side'), 'n\n');
});

await test('a rebase that cannot begin changes nothing', async () => {
	const { repo, tree } = pair(lines, edit, other);
	const refused = async (code, body, status = 409) => {
		const before = traces(repo, tree);
		const r = await rebase(tree, body);
		assert.deepEqual([r.status, r.json.code], [status, code], `${r.raw}`);
		assert.equal(traces(repo, tree), before);
	};
	for (const onto of ['-x', '--exec=true', '@{-1}', 'HEAD~', 'a..b', 'none'])
		await refused('INVALID_ARGUMENT', { onto }, 400);
	await refused('HEAD_MOVED', { onto: 'main', branch_at: '1'.repeat(40) });
	tree.sh('echo mine >>g');
	await refused('HAS_UNCOMMITTED_CHANGES');
	tree.sh('git add g');
	await refused('HAS_UNCOMMITTED_CHANGES');
	// What git is told not to look at.
	tree.sh('git reset -q --hard; git update-index --assume-unchanged g; ' +
		'echo mine >>g');
	await refused('HAS_UNCOMMITTED_CHANGES');
	tree.sh('git update-index --no-assume-unchanged g');
	tree.sh('git reset -q --hard; echo mine >untracked; git bisect start -q');
	await refused('OPERATION_IN_PROGRESS');
	tree.sh('git bisect reset 2>/dev/null; git checkout -q --detach');
	await refused('INVALID_ARGUMENT', undefined, 400);
	tree.sh('git checkout -q side');
	// What is untracked stays; in the way it keeps the rebase from beginning.
	repo.sh('echo theirs >untracked; git add untracked; git commit -qm u');
	const before = traces(repo, tree);
	assert.equal((await rebase(tree)).status, 409);
	assert.equal(traces(repo, tree), before);
	assert.equal((await journal(tree))[0].state, 'failed');
	tree.sh('rm untracked');
	await into('done', rebase(tree));
});

await test('what is ignored is not written over (G19)', async () => {
	// On the branch it goes to, in a commit that a later one takes back, and
	// below a file.
	const ways = { target: ['echo n >n', 'mkdir i; echo theirs >i/f; ' +
		'git add -f i/f'], commit: ['mkdir i; echo x >i/f; git add -f i/f; ' +
		'git commit -qm i; git rm -q i/f', other] };
	for (const [what, [side, main]] of Object.entries(ways))
		for (const where of ['i/f', 'i']) {
			const { repo, tree } = pair(lines, side, main);
			repo.write('.git/info/exclude', 'i\n');
			if (where === 'i/f')
				fs.mkdirSync(tree.at('i'));
			tree.write(where, 'mine\n');
			const before = traces(repo, tree);
			const tries = [rebase(tree)];
			if (what === 'target')
				tries.push(ask('pick', tree, { commits: ['main'] }));
			for (const r of await Promise.all(tries)) {
				assert.deepEqual([r.status, r.json.code], [409,
					'HAS_UNCOMMITTED_CHANGES'], `${what}: ${r.raw}`);
				assert.match(r.json.error, /i\/f is ignored/);
			}
			assert.equal(traces(repo, tree), before);
			assert.equal(fs.readFileSync(tree.at(where), 'utf8'), 'mine\n');
			fs.rmSync(tree.at(where));
			await into('done', rebase(tree));
		}
});

await test('no hook, editor or program of the repository runs', async () => {
	const { repo, tree } = pair(lines, `${edit}; git commit -qam a; echo >n`,
		clash);
	const touch = `touch '${repo.dir}/.git/ran'`;
	for (const hook of ['pre-rebase', 'post-checkout', 'post-rewrite',
		'commit-msg', 'prepare-commit-msg', 'pre-commit', 'post-commit'])
		fs.writeFileSync(repo.at(`.git/hooks/${hook}`), `#!/bin/sh\n${touch}\n`,
			{ mode: 0o755 });
	for (const [k, v] of Object.entries({ 'core.editor': touch,
		'sequence.editor': touch, 'merge.x.driver': touch,
		'rebase.autoStash': 'true', 'rebase.autoSquash': 'true',
		'commit.gpgSign': 'true', 'gpg.program': '/bin/true' }))
		repo.git('config', k, v);
	repo.write('.git/info/attributes', 'g merge=x\n');
	await into('conflict', rebase(tree));
	tree.sh('echo both >f; git add f');
	await into('done', ask('continue', tree));
	assert.equal(fs.existsSync(repo.at('.git/ran')), false);
});

await test('a merge driver is refused by its name, and nothing has moved',
	async () => {
		const { repo, tree } = pair(lines, edit, clash);
		repo.write('.git/info/attributes', 'f merge=x\n');
		repo.git('config', 'merge.x.driver', '/bin/true');
		const before = [oid(tree, 'HEAD'), bytes(tree.dir)];
		const named = (r) => {
			assert.deepEqual([r.status, r.json.code], [409, 'MERGE_DRIVER'], r.raw);
			assert.match(r.json.error, /^merge\.x\.driver is a program/);
			assert.deepEqual([oid(tree, 'HEAD'), bytes(tree.dir)], before);
			assert.equal(open(tree), false);
		};
		named(await ask('pick', tree, { commits: [oid(repo, 'main')] }));
		named(await ask('merge', tree, { into: 'main' }));
		const { change } = await into('conflict', rebase(tree));
		assert.match(change.cause, /^merge\.x\.driver is a program/);
		await into('aborted', ask('abort', tree));
		assert.deepEqual([oid(tree, 'HEAD'), bytes(tree.dir)], before);
		// The control: by git's own it is merged, or a conflict to look at.
		repo.write('.git/info/attributes', '');
		await into('conflict', ask('pick', tree, { commits: [oid(repo,
			'main')] }));
	});

await test('a conflict is a state: continued, skipped, aborted', async () => {
	const two = `${edit}; git commit -qam 'my words'; echo n >n`;
	for (const verb of ['continue', 'skip', 'abort', 'by hand']) {
		const { repo, tree } = pair(lines, two, clash);
		const before = bytes(tree.dir);
		const r = await into('conflict', rebase(tree));
		assert.deepEqual(r.conflicts, ['f']);
		assert.match(r.change.cause, /could not apply .* my words/);
		assert.equal(open(tree), true);
		assert.match(fs.readFileSync(tree.at('f'), 'utf8'), /<<<<<<</);
		assert.equal((await rebase(tree)).json.code, 'OPERATION_IN_PROGRESS');
		if (verb === 'continue') {
			const no = await ask(verb, tree);
			assert.deepEqual([no.status, no.json.code, no.json.details.conflicts],
				[409, 'MERGE_CONFLICT', ['f']]);
			tree.sh('echo both >f; git add f');
			await into('done', ask(verb, tree));
			assert.equal(tree.git('log', '--format=%s', 'main..side'),
				'side\nmy words\n');
		} else if (verb === 'skip') {
			await into('done', ask(verb, tree));
			assert.equal(tree.git('log', '--format=%s', 'main..side'), 'side\n');
		} else if (verb === 'abort') {
			await into('aborted', ask(verb, tree));
			assert.equal(oid(tree, 'HEAD'), r.change.before.branch);
			assert.deepEqual(bytes(tree.dir), before);
		} else {
			// Ended in a terminal, and worked on since: the row follows.
			tree.sh('git rebase --abort; echo mine >>g');
			await into('aborted', ask('abort', tree));
			assert.match(fs.readFileSync(tree.at('g'), 'utf8'), /mine/);
		}
		assert.equal(open(tree), false);
		assert.equal(tree.git('branch', '--show-current'), 'side\n');
		const none = await ask('abort', tree);
		assert.deepEqual([none.status, none.json.code], [409, 'INVALID_STATE']);
		repo.git('fsck', '--strict');
	}
});

await test('what was edited in a conflict outlives its abort (G19)', async () => {
	for (const settled of ['', 'git add f; ']) {
		const { repo, tree } = pair(`${lines}; git add .; git commit -qm l; ` +
			'echo 1 >k', edit, clash);
		const { change } = await into('conflict', rebase(tree));
		const left = `refs/rdv/rescue/${change.id}-aborted`;
		tree.sh(`echo by hand >f; ${settled}echo staged >k; git add k
			echo beside it >k; echo new >n; git add n; rm n`);
		const index = tree.git('ls-files', '--stage');
		const at = oid(tree, 'HEAD');
		await into('aborted', ask('abort', tree));
		assert.notEqual(index, tree.git('ls-files', '--stage'));
		assert.equal(repo.git('show', `${left}:f`), 'by hand\n');
		assert.equal(repo.git('show', `${left}:k`), 'beside it\n');
		assert.equal(oid(repo, `${left}^`), at);
		// And what was staged, where the file is another one by then.
		assert.equal(repo.git('show', `${left}^2:k`), 'staged\n');
		assert.equal(repo.git('show', `${left}^2:n`), 'new\n');
		assert.equal(repo.git('show', `${left}^2:f`), settled ? 'by hand\n' :
			repo.git('show', `${at}:f`));
		assert.equal(oid(repo, `${left}^2^`), at);
		assert.equal(tree.git('status', '--porcelain'), '');
	}
});

await test('what was edited in a conflict outlives its skip (G19)', async () => {
	for (const settled of ['', 'git add f; ']) {
		const { repo, tree } = pair(`${lines}; git add .; git commit -qm l; ` +
			'echo 1 >k', `${edit}; git commit -qam 1; ` +
			'sed -i s/^two$/II/ f', clash);
		const kept = (change) => repo.git('for-each-ref', '--format=%(refname)',
			`refs/rdv/rescue/${change.id}-skipped-*`).split('\n').slice(0, -1);
		// Of two that are skipped neither takes the place of the other.
		let r = await into('conflict', rebase(tree)), n = 0;
		const hands = [];
		while (r.change.state === 'conflict') {
			const at = oid(tree, 'HEAD');
			const hand = `by hand ${n++}\n`;
			hands.push(hand);
			tree.sh(`printf '${hand}' >f; ${settled}echo beside it >k`);
			const answer = await ask('skip', tree);
			assert.equal(answer.status, 200, `${answer.raw}`);
			r = answer.json;
			const refs = kept(r.change);
			assert.equal(refs.length, n);
			assert.ok(refs.some((ref) => oid(repo, `${ref}^`) === at &&
				repo.git('show', `${ref}:f`) === hand &&
				repo.git('show', `${ref}:k`) === 'beside it\n'));
		}
		assert.equal(r.change.state, 'done');
		assert.ok(n >= 2, 'both of its commits were in conflict');
		assert.deepEqual(kept(r.change).map((ref) =>
			repo.git('show', `${ref}:f`)).toSorted(), hands);
		assert.equal(tree.git('status', '--porcelain'), '');
	}
});

await test('what cannot be kept is not aborted, and named', async () => {
	const { repo, tree } = pair(`${lines}; git add .; git commit -qm l; ` +
		'echo 1 >k', edit, clash);
	const { change } = await into('conflict', rebase(tree));
	tree.sh('echo beside it >>k; chmod 000 k');
	const no = await ask('abort', tree);
	assert.deepEqual([no.status, no.json.code], [409, 'INVALID_STATE'], no.raw);
	assert.match(no.json.error, /^what lies in .* cannot be kept: .*k/s);
	assert.equal(open(tree), true);
	tree.sh('chmod 644 k');
	await into('aborted', ask('abort', tree));
	assert.match(repo.git('show', `refs/rdv/rescue/${change.id}-aborted:k`),
		/beside it/);
});

await test('an abort that is asked for again keeps what the first kept (G19)',
	async () => {
		const { repo, tree } = pair(`${lines}; git add .; git commit -qm l; ` +
			'echo 1 >k', edit, clash);
		const { change } = await into('conflict', rebase(tree));
		const left = `refs/rdv/rescue/${change.id}-aborted`;
		tree.sh('echo by hand >f; echo beside it >k');
		// git brings the tree back, and then cannot remove what it knew.
		const stuck = path.resolve(tree.dir, tree.git('rev-parse',
			'--git-path', 'rebase-merge').trim(), 'stuck');
		fs.mkdirSync(stuck);
		fs.writeFileSync(path.join(stuck, 'x'), '');
		fs.chmodSync(stuck, 0o500);
		await into('conflict', ask('abort', tree));
		const first = oid(repo, left);
		assert.equal(repo.git('show', `${first}:k`), 'beside it\n');
		assert.equal(fs.readFileSync(tree.at('k'), 'utf8'), '1\n');
		fs.chmodSync(stuck, 0o700);
		await into('aborted', ask('abort', tree));
		assert.equal(oid(repo, `${left}^2`), first);
		assert.equal(repo.git('show', `${left}^2:f`), 'by hand\n');
	});

await test('one that was ended by hand stands in nobody\'s way', async () => {
	const two = `${edit}; git commit -qam mine; echo n >n`;
	const ends = { aborted: 'git rebase --abort', done: 'echo both >f; ' +
		'git add f; GIT_EDITOR=true git rebase --continue' };
	const nexts = { rebase: { onto: 'to' }, pick: { commits: ['x'] },
		merge: { into: 'to' } };
	for (const [state, by] of Object.entries(ends))
		for (const [what, body] of Object.entries(nexts)) {
			const { repo, tree } = pair(lines, two, `${clash}; ` +
				'git branch to; git checkout -qb x; echo p >p; git add p; ' +
				'git commit -qm p; git checkout -q main');
			const { change } = await into('conflict', rebase(tree));
			// While git has it open nothing else is begun there.
			const no = await ask(what, tree, body);
			assert.equal(no.json.code, what === 'merge' ? 'INVALID_ARGUMENT' :
				'OPERATION_IN_PROGRESS', `${no.raw}`);
			tree.sh(by);
			const next = await into('done', ask(what, tree, body));
			const rows = await journal(tree);
			assert.deepEqual(rows.map((r) => [r.id, r.state]),
				[[next.change.id, 'done'], [change.id, state]], what);
			assert.equal(rows[1].cause, null);
			assert.equal(rows[1].after.branch, next.change.before.branch);
			repo.git('fsck', '--strict');
		}
});

await test('a pick is what git makes of it', async () => {
	const { repo, tree } = pair(lines, edit, `${other}; git commit -qam n; ` +
		'echo x >>g; git commit -qam x; git tag x; chmod +x d/x');
	const git = new Repo(rdv, `${repo.dir}-git`);
	repo.sh(`git clone -q --no-local . '${git.dir}'; cd '${git.dir}'
		git checkout -q side; git cherry-pick x origin/main`);
	await into('done', ask('pick', tree, { commits: ['x', 'main'] }));
	assert.equal(commits(tree, 'side~2..side'), commits(git, 'side~2..side'));
	assert.deepEqual(bytes(tree.dir), bytes(git.dir));
	for (const bad of [[], ['-x'], ['none'], ['x', 'a..b']])
		assert.ok([400, 422].includes((await ask('pick', tree,
			{ commits: bad })).status), `${bad}`);
	const pairs = () => pair(lines, edit, `${clash}; git commit -qam z; ` +
		'git tag z; echo y >>g');
	for (const verb of ['continue', 'skip', 'abort']) {
		const p = pairs();
		const before = bytes(p.tree.dir);
		const r = await into('conflict', ask('pick', p.tree,
			{ commits: [oid(p.repo, 'main~'), 'main'] }));
		assert.deepEqual(r.conflicts, ['f']);
		if (verb === 'continue')
			p.tree.sh('echo both >f; git add f');
		await into(verb === 'abort' ? 'aborted' : 'done', ask(verb, p.tree));
		assert.equal(p.tree.git('log', '--format=%s', `${r.change.before
			.branch}..side`), { continue: 'main\nz\n', skip: 'main\n',
			abort: '' }[verb]);
		assert.equal(p.tree.git('status', '--porcelain'), '');
		if (verb === 'abort')
			assert.deepEqual(bytes(p.tree.dir), before);
	}
});

await test('killed at each step of a rebase and a pick (G20)', async () => {
	for (const [what, body, main] of [['rebase', { onto: 'main' }, other],
		['rebase', { onto: 'main' }, clash], ['pick', { commits: ['main'] },
			other]]) {
		const ends = [];
		for (let k = 1; ; k++) {
			const { repo, tree } = pair(lines, edit, main);
			const before = bytes(tree.dir), head = oid(tree, 'HEAD');
			const more = await killedAt(k, () => ask(what, tree, body));
			const row = await settled(tree);
			ends.push(row.state);
			if (row.state === 'conflict') {
				await into('aborted', ask('abort', tree));
				assert.equal(oid(tree, 'HEAD'), head);
				assert.deepEqual(bytes(tree.dir), before);
			} else if (row.state === 'done') {
				assert.equal(oid(tree, 'side'), row.after.branch);
				assert.notEqual(row.after.branch, head);
			} else {
				assert.equal(row.state, 'failed', row.cause);
				assert.equal(oid(tree, 'HEAD'), head);
				assert.deepEqual(bytes(tree.dir), before);
			}
			assert.equal(open(tree), false);
			assert.equal(tree.git('branch', '--show-current'), 'side\n');
			assert.equal(tree.git('status', '--porcelain'), '');
			repo.git('fsck', '--strict');
			if (!more)
				break;
		}
		assert.ok(ends.length >= 2, ends.join());
	}
});

await test('an abort that was cut in half is done again (G20)', async () => {
	const { tree } = pair(lines, edit, clash);
	const before = bytes(tree.dir);
	const { change } = await into('conflict', rebase(tree));
	const state = path.resolve(tree.dir, tree.git('rev-parse', '--git-path',
		'rebase-merge').trim());
	assert.ok(fs.existsSync(path.join(state, 'head-name')));
	fs.rmSync(path.join(state, 'head-name'));
	await into('aborted', ask('abort', tree));
	assert.equal(open(tree), false);
	assert.equal(tree.git('symbolic-ref', 'HEAD').trim(), 'refs/heads/side');
	assert.equal(oid(tree, 'HEAD'), change.before.branch);
	assert.equal(tree.git('status', '--porcelain'), '');
	assert.deepEqual(bytes(tree.dir), before);
});

await test('killed while a rebase is aborted or gone on with (G20)',
	async () => {
		for (const verb of ['abort', 'continue'])
			for (let k = 1; ; k++) {
				const { tree } = pair(lines, edit, clash);
				const before = bytes(tree.dir);
				const { change } = await into('conflict', rebase(tree));
				tree.sh('echo both >f; git add f');
				const more = await killedAt(k, () => ask(verb, tree));
				const row = await settled(tree);
				if (row.state === 'conflict')
					await into('aborted', ask('abort', tree));
				assert.equal(open(tree), false);
				assert.equal(tree.git('status', '--porcelain'), '');
				if (row.state !== 'done') {
					assert.equal(oid(tree, 'HEAD'), change.before.branch);
					assert.deepEqual(bytes(tree.dir), before);
				}
				if (!more)
					break;
			}
	});

await rdv.stop();
