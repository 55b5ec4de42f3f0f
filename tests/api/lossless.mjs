// No work is lost: every state that a worktree can be in, and everything that
// takes one away. Unforced it is refused, or goes where it can be had back, or is
// what git can make again; by force it comes back to the last byte; and what is
// deleted in the end keeps its commits. A further way of taking one away is a
// further column.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start({ config: '[workspaces]\nexpire_days = 30\n' });
const repo = path.join(rdv.home, 'repo');
const env = { PATH: '/usr/bin:/bin', HOME: rdv.home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org',
	GIT_SEQUENCE_EDITOR: 'sed -i s/pick/edit/' };
const sh = (dir, script) => execFileSync('/bin/sh', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
fs.mkdirSync(repo);
sh(repo, `git init -q -b main; echo one >file; mkdir sub; echo s >sub/s
	printf '%s\\n' '.env' 'nm/' >.gitignore; ln -s file link; chmod 755 sub/s
	git add .; git commit -q -m one
	git init -q -b main ../lib; cd ../lib; echo l >l; git add l
	git commit -q -m lib`);

// Of each: how to get there, and what removing without force comes to.
const GONE = 'gone', KEPT = 'kept', HELD = 'held';
const commit = 'f=$(date +%N); echo a >$f; git add $f; git commit -q -m a; ' +
	'echo b >>$f; git commit -q -am b';
const states = {
	clean: ['true', GONE],
	dirty: ['echo two >file; chmod 600 sub/s', HELD],
	untracked: ['mkdir -p n/e; echo n >n/e/w; ln -s /nowhere n/l; ' +
		'mkfifo n/p; chmod 500 n/e', HELD],
	ignored: ['echo S=1 >.env; mkdir nm; echo 1 >nm/x; chmod 400 .env', KEPT],
	staged: ['echo i >i; git add i; echo j >i; git rm -q --cached file', HELD],
	stashed: ['echo two >file; git stash -q', HELD],
	unpushed: [commit, HELD],
	'squash-merged': [`${commit}; b=$(git branch --show-current); ` +
		'git -C "$R" merge -q --squash $b; git -C "$R" commit -q -m sq', GONE],
	rebased: ['date +%N >r; git add r; git commit -q -m r; ' +
		'date +%N >q; git add q; git commit -q -m q; ' +
		'git -C "$R" cherry-pick $(git rev-parse HEAD~1) ' +
		'$(git rev-parse HEAD)', GONE],
	detached: ['git checkout -q --detach', KEPT],
	'detached, with commits': ['git checkout -q --detach; ' +
		'git commit -q --allow-empty -m lonely', HELD],
	'mid-rebase': ['echo m >m; git add m; git commit -q -m m; echo m >>m; ' +
		'git commit -q -am mm; git rebase -q -i HEAD~2; echo x >>m', HELD],
	'mid-merge, in conflict': ['echo a >file; git commit -q -am a; ' +
		'o=$(git rev-parse HEAD); git reset -q --hard HEAD~1; echo b >file; ' +
		'git commit -q -am b; git merge -q $o || echo mine >>file', HELD],
	bisecting: ['for i in 1 2 3; do git commit -q --allow-empty -m $i; done; ' +
		'git bisect start -q HEAD HEAD~3', HELD],
	locked: ['git worktree lock --reason why .', HELD],
	submodule: ['git -c protocol.file.allow=always submodule -q add ' +
		'"$R/../lib" lib; git commit -q -m lib; echo x >>lib/l', HELD],
	'process inside': ['true', HELD, { process: true }],
	nested: ['git worktree add -q --detach inner', HELD, { never: true }],
	'symlinked': ['echo two >file', HELD, { link: true }],
};

// All that can be seen of it: bytes, modes, links, index, stash, references.
// What is rdv's own among the references is looked at elsewhere.
const snapshot = (at) => sh(at, `
	find . -path ./.git -prune -o -printf '%p %y %m %l\\n' | sort
	find . -path ./.git -prune -o -type f -print0 | sort -z |
	    xargs -0 sha256sum
	test -d .git || cat .git; git ls-files -s; git rev-parse HEAD; git stash list
	git symbolic-ref -q HEAD || true
	git status --porcelain=v2 --ignored
	git for-each-ref --format='%(refname) %(objectname)' |
	    grep -v refs/rdv/ || true`);
// The same without the names of branches, which may have gone on purpose.
const unnamed = (said) => said.split('\n').filter((line) =>
	!/refs\//.test(line)).join('\n');
// What git has a word for of permissions: whether it can be run.
const plain = (said) => said.replace(/ f 6\d\d /g, ' f 644 ');
const known = (await rdv.call('POST', '/api/repos', { path: repo })).id;
const remove = (p, force) => rdv.request('DELETE', '/api/worktrees',
	{ body: { worktreePath: p, force } });
const discards = async (at) => (await rdv.call('GET',
	'/api/worktrees/discards')).items.filter((d) => d.path === at);
const own = () => sh(repo, 'git for-each-ref refs/rdv/trash');
const commitsOf = (at) => sh(at, 'git rev-list HEAD').split('\n')
	.filter((x) => x !== '');

async function insideOf(at) {
	const child = spawn('/bin/sh', ['-c', 'echo in; exec sleep 600'],
		{ cwd: at, stdio: ['ignore', 'pipe', 'ignore'] });
	await new Promise((resolve) => child.stdout.once('data', resolve));
	return child;
}

// As if nobody had been in it for so many days.
const days = (id, n) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(rdv.base, 'server/rdv.db'), `UPDATE workspace SET updated_at =
	updated_at - ${n} * 86400000 WHERE id = '${id}'; UPDATE worktree
	SET updated_at = updated_at - ${n} * 86400000 WHERE id IN (SELECT
	worktree_id FROM workspace_repo WHERE workspace_id = '${id}')`]);
function lie(id, at, n) {
	days(id, n);
	sh(at, `find . "$(git rev-parse --absolute-git-dir)" \
		-exec touch -h -d '${n} days ago' {} +`);
}
const spaceOf = (name) => rdv.call('POST', '/api/workspaces',
	{ repos: [known], branch: name });
const archived = (space) => waitFor('it is archived', async () =>
	(await rdv.call('GET', space)).archived);

// By something a day and a half ago the clock is known, and in the first round
// nothing goes.
days((await spaceOf('known')).id, 1.5);
await rdv.call('POST', '/api/gc');

// A conversation in it with one turn, as if an agent had worked there: what a
// reset goes back to is how it stood at first.
async function talkIn(w) {
	const c = await rdv.call('POST', '/api/conversations',
		{ workspace_id: w.id, agent: 'CLAUDE_CODE' });
	const id = (k) => c.id.slice(0, -1) + (parseInt(c.id.slice(-1), 16) ^ k)
		.toString(16);
	const of = `'${c.id}', (SELECT user_id FROM session WHERE id = '${c.id}')`;
	execFileSync('sqlite3', ['-cmd', '.timeout 10000',
		path.join(rdv.base, 'server/rdv.db'), `BEGIN;
		INSERT INTO run (id, session_id, user_id, reason, io, state, profile,
			created_at, ended_at) VALUES ('${id(1)}', ${of}, 'agent', 'pipes',
			'completed', 'agent', 1, 1);
		INSERT INTO run_repo VALUES ('${id(1)}', 0, '${known}', '${w.start}', NULL);
		INSERT INTO turn (id, session_id, user_id, workspace_id, prompt, state,
			run_id, created_at, ended_at) VALUES ('${id(2)}', ${of},
			'${w.id}', 'x', 'completed', '${id(1)}', 1, 1);
		INSERT INTO chain (id, session_id, user_id, workspace_id, turn_id, state,
			created_at, ended_at) VALUES ('${id(3)}', ${of}, '${w.id}',
			'${id(2)}', 'completed', 1, 1);
		INSERT INTO chain_link (chain_id, place, workspace_id, kind, state,
			run_id) VALUES ('${id(3)}', 0, '${w.id}', 'agent',
			'completed', '${id(1)}'); COMMIT`]);
	return (force) => rdv.request('POST', `/api/conversations/${c.id}/reset`,
		{ body: { turn_id: id(2), force } });
}

let count = 0;
async function enter(command, more) {
	const space = await spaceOf(`m${count++}`);
	const w = { id: space.id, space: `/api/workspaces/${space.id}`,
		path: space.repos[0].path, branch: space.branch };
	w.start = sh(w.path, 'git rev-parse HEAD').trim();
	sh(w.path, `R='${repo}'; ${command}`);
	w.again = () => enter(command, more);
	w.child = more.process ? await insideOf(w.path) : null;
	w.ask = w.path;
	if (more.link) {
		w.ask = path.join(rdv.home, `link${count}`);
		fs.symlinkSync(w.path, w.ask);
	}
	return w;
}

async function leave(w) {
	if (w.child !== null) {
		const gone = new Promise((resolve) => w.child.once('exit', resolve));
		w.child.kill('SIGKILL');
		await gone;
	}
}

const end = (w, query = '') => rdv.request('DELETE', `${w.space}${query}`);
// Unforced, or by force where it is held; then back from the trash.
async function deleted(w, before, what, branches) {
	const query = (force) => `?branches=${branches}&force=${force}`;
	const head = sh(w.path, 'git rev-parse HEAD').trim();
	let r = await end(w, query(false));
	if (what === HELD) {
		assert.equal(r.status, 409, `${r.raw}`);
		assert.equal(snapshot(w.path), before);
		r = await end(w, query(true));
	}
	assert.equal(r.status, 200, `${r.raw}`);
	assert.equal(fs.existsSync(path.dirname(w.path)), false);
	const { trash_id: id, branch_deleted: gone } = r.json.repos[0];
	assert.equal(id !== null, what !== GONE);
	assert.ok(branches || !gone);
	// A branch that has gone with it had nothing of its own.
	if (id !== null)
		await rdv.call('POST', '/api/worktrees/restore', { id });
	else
		sh(repo, `git worktree add -q ${gone ? '-b' : ''} ` + (gone ?
			`'${w.branch}' '${w.path}' ${head}` :
			`'${w.path}' '${w.branch}'`));
	const as = branches ? unnamed : (x) => x;
	assert.equal(as(snapshot(w.path)), as(before));
}

const ways = {
	// A round of what the clock does, with nothing that is due in it.
	async cleanup(w, before) {
		const { items } = await rdv.call('POST', '/api/gc');
		assert.deepEqual(items.filter((i) => (i.path ?? '').startsWith(
			path.dirname(w.path))), []);
		// The next one is begun when this is over.
		await rdv.call('POST', '/api/gc');
		assert.equal(snapshot(w.path), before);
		assert.equal((await rdv.call('GET', w.space)).archived, false);
	},
	// Whatever is in it keeps it, and a clean one that is due behind it goes.
	async 'expire, and restore'(w, before, what) {
		lie(w.id, w.path, 40);
		if (what === GONE) {
			await rdv.call('POST', '/api/gc');
			await archived(w.space);
			assert.equal(fs.existsSync(w.path), false);
			await rdv.call('POST', `${w.space}/restore`);
		} else {
			const next = await spaceOf(`m${count++}`);
			const space = `/api/workspaces/${next.id}`;
			lie(next.id, next.repos[0].path, 35);
			await rdv.call('POST', '/api/gc');
			await archived(space);
			await rdv.call('DELETE', `${space}?branches=true`);
			const now = await rdv.call('GET', w.space);
			assert.deepEqual([now.archived, now.cause], [false, null]);
		}
		assert.equal(snapshot(w.path), before);
		assert.equal(own(), '');
	},
	async remove(w, before, what) {
		const r = await remove(w.ask, false);
		if (what === HELD) {
			assert.equal(r.status, 409, `${r.raw}`);
			assert.equal(snapshot(w.path), before);
			assert.equal(own(), '');
			return;
		}
		assert.equal(r.status, 200, `${r.raw}`);
		assert.equal(r.json.trash_id !== null, what === KEPT);
		if (what === KEPT)
			await rdv.call('POST', '/api/worktrees/restore',
				{ id: r.json.trash_id });
		else
			sh(repo, `git worktree add -q '${w.path}' '${w.branch}'`);
		assert.equal(snapshot(w.path), before);
	},
	// What it cannot give back it leaves alone, by force, too.
	async 'reset, and restore'(w, before, what, held) {
		const back = async () => {
			for (const { id } of await discards(w.path)) {
				await rdv.call('POST', '/api/worktrees/discards/restore', { id });
				sh(repo, 'git for-each-ref --format="delete %(refname)" ' +
					`refs/rdv/trash/${id} | git update-ref --stdin`);
			}
			assert.equal(plain(snapshot(w.path)), plain(before));
		};
		const reset = await talkIn(w);
		let r = await reset(false);
		if (held !== undefined) {
			assert.equal(r.status, 409, `${r.raw}`);
			assert.equal(snapshot(w.path), before);
			r = await reset(true);
		}
		if (held === NEVER) {
			assert.equal(r.status, 409, `${r.raw}`);
			await back();
			return;
		}
		assert.equal(r.status, 200, `${r.raw}`);
		assert.equal(sh(w.path, 'git rev-parse HEAD').trim(), w.start);
		sh(w.path, `git reset -q --keep refs/rdv/rescue/${r.json.id}-0 || ` +
			'test "$(git rev-parse HEAD)" = ' + r.json.repos[0].from_head);
		await back();
	},
	async 'remove, forced, and restore'(w, before) {
		const r = await remove(w.ask, true);
		assert.equal(r.status, 200, `${r.raw}`);
		assert.equal(fs.existsSync(w.path), false);
		await rdv.call('POST', '/api/worktrees/restore',
			{ id: r.json.trash_id });
		assert.equal(snapshot(w.path), before);
		assert.equal(own(), '');
	},
	async 'archive, and restore'(w, before, what) {
		const archive = (force) => rdv.request('POST', `${w.space}/archive`,
			{ body: { remove: true, force } });
		const r = await archive(false);
		if (what === HELD) {
			assert.equal(r.status, 409, `${r.raw}`);
			assert.equal(snapshot(w.path), before);
			assert.equal((await archive(true)).status, 200);
		} else {
			assert.equal(r.status, 200, `${r.raw}`);
			assert.equal(r.json.repos[0].trash_id !== null, what === KEPT);
		}
		assert.equal(fs.existsSync(w.path), false);
		await rdv.call('POST', `${w.space}/restore`);
		assert.equal(snapshot(w.path), before);
		assert.equal(own(), '');
	},
	// Of one more of the kind, as it is the end of a workspace.
	async 'delete the workspace, and restore'(w, before, what) {
		const other = await w.again();
		await deleted(other, snapshot(other.path), what, false);
		sh(other.path, 'chmod -R u+w .');
		await leave(other);
	},
	'delete with branches, and restore': (w, before, what) =>
		deleted(w, before, what, true),
	async 'remove, forced, and empty'(w) {
		const had = commitsOf(w.path);
		const r = await remove(w.ask, true);
		assert.equal(r.status, 200, `${r.raw}`);
		const gone = await rdv.request('DELETE',
			`/api/worktrees/trash/${r.json.trash_id}`);
		assert.equal(gone.status, 204, `${gone.raw}`);
		assert.equal(own(), '');
		const named = new Set(sh(repo, 'git rev-list --all').split('\n'));
		for (const c of had)
			assert.ok(named.has(c), `${c} is named no more`);
		assert.equal(fs.existsSync(w.path), false);
	},
};

// Ways that ask for no force in any case.
const unforced = new Set(['cleanup', 'remove', 'expire, and restore',
	'reset, and restore']);
// What stands against a reset, or even against one by force.
const NEVER = 'never', held = {
	dirty: HELD, untracked: HELD, staged: HELD, detached: NEVER,
	'detached, with commits': NEVER, 'mid-rebase': NEVER, submodule: NEVER,
	'mid-merge, in conflict': NEVER, bisecting: NEVER,
	'process inside': HELD, nested: NEVER, symlinked: HELD,
};
for (const [name, [command, what, more = {}]] of Object.entries(states)) {
	await test(`no work is lost: ${name} (G22)`, async () => {
		const w = await enter(command, more);
		for (const [way, act] of Object.entries(ways)) {
			// Each leaves it as it was, but for names of others.
			const before = snapshot(w.path);
			if (more.never && !unforced.has(way)) {
				assert.equal((await remove(w.ask, true)).status, 409);
				assert.equal((await rdv.request('DELETE',
					`${w.space}?force=true`)).status, 409);
				assert.equal(snapshot(w.path), before);
				continue;
			}
			try {
				await act(w, before, what, held[name]);
			} catch (e) {
				e.message = `${way}: ${e.message}`;
				throw e;
			}
		}
		await leave(w);
	});
}

// A repository that came from where names fold, say, tells git not to see it.
await test('no work is lost: a name that differs in case alone (G22)',
	async () => {
		const dir = path.join(rdv.home, 'folded');
		sh(rdv.home, 'mkdir folded; cd folded; git init -q -b main; ' +
			'echo one >file; mkdir sub; echo s >sub/s; git add .; ' +
			'git commit -q -m one; git config core.ignoreCase true');
		const { id } = await rdv.call('POST', '/api/repos', { path: dir });
		for (const [words, what] of [['true', GONE], ['echo mine >FILE', HELD],
			['mkdir SUB; echo mine >SUB/s', HELD]]) {
			const space = await rdv.call('POST', '/api/workspaces',
				{ repos: [id] });
			const w = { space: `/api/workspaces/${space.id}`,
				path: space.repos[0].path };
			sh(w.path, words);
			const before = snapshot(w.path);
			await ways['archive, and restore'](w, before, what);
			const r = await end(w);
			assert.equal(r.status, what === HELD ? 409 : 200, `${r.raw}`);
			if (what === HELD)
				assert.equal(snapshot(w.path), before);
		}
	});

await test('no work is lost: the main work tree (G22)', async () => {
	const before = snapshot(repo);
	for (const force of [false, true])
		assert.equal((await remove(repo, force)).status, 400);
	// It is in no workspace, and lies where nothing is tidied.
	const { items } = await rdv.call('POST', '/api/gc');
	assert.ok(!items.some((i) => i.path === repo && i.kind !== 'pin'));
	assert.equal(snapshot(repo), before);
	sh(repo, 'git fsck --full');
});

await rdv.stop();
