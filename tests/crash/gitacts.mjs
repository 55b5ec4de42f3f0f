// What is asked of rdv in a World, by lot: what the act needs is prepared with
// the git CLI, one request is sent, and what was acknowledged goes on account.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

// A refusal names itself. 503: a helper that was killed is not there yet.
export async function ask(world, method, target, body) {
	const r = await world.rdv.request(method, target, { body })
		.catch(() => null);
	if (r !== null && r.status >= 400) {
		assert.ok(r.status < 500 || r.status === 503,
			`${method} ${target}: ${r.status} ${r.raw}`);
		assert.ok(r.json?.error, `${r.raw}`);
	}
	return r === null ? { word: 'no answer' } : r.status < 300 ?
		{ word: 'done', ...r.json } : { word: r.json.code ?? r.json.error,
			refused: true };
}

const post = (world, what, tree, body = {}) => ask(world, 'POST',
	`/api/worktrees/${what}`, { worktree_path: tree.dir, ...body });
const query = (o) => new URLSearchParams(o);
const list = async (world, target) => (await world.rdv.call('GET', target))
	.items ?? [];

// Uncommitted: a file that is changed, one that is staged and a new one.
function dirty({ world, tree, of }) {
	world.write(tree.repo, tree.dir, `d${of([0, 1, 2, 3])}/new${++world.n}`);
	world.write(tree.repo, tree.dir, `d0/f${4 * of([0, 1, 2, 3])}`);
	world.write(tree.repo, tree.dir, 'd1/f1');
	world.git(tree.dir, 'add', 'd1/f1');
}

// A commit of the branch; with `clash` it is in the way of every other one.
function grow({ world, tree, of }, clash) {
	world.write(tree.repo, tree.dir, clash ? 'clash' : `n/${++world.n}`);
	world.write(tree.repo, tree.dir, `m/${of([1, 2, 3])}-${++world.n}`);
	world.commit(tree.repo, tree.dir);
}

// The tree with nothing uncommitted: that is committed.
function clean(a) {
	if (a.world.git(a.tree.dir, 'status', '--porcelain') !== '')
		a.world.commit(a.tree.repo, a.tree.dir);
}

const keep = (a, oid) => oid && a.tree.repo.commits.add(oid);

function change(what, body, clash) {
	return async (a) => {
		clean(a);
		grow(a, clash);
		const main = { ...a, tree: a.main };
		if (a.world.trees(a.tree.repo)[0].branch === 'main') {
			clean(main);
			if (clash)
				grow(main, clash);
		}
		return () => post(a.world, what, a.tree, body);
	};
}

const transfer = (what, more = {}) => async (a) => {
	if (what === 'push')
		clean(a), grow(a);
	return () => post(a.world, what, a.tree, { remote: 'origin', ...more });
};

async function workspace(a) {
	const all = (await list(a.world, '/api/workspaces?limit=1000'))
		.filter((w) => w.state === 'ready');
	const w = all.length === 0 ? null : await a.world.rdv.call('GET',
		`/api/workspaces/${a.of(all).id}`);
	return w?.repos.some((r) => r.repo_id === a.tree.repo.id) ? w : null;
}

const onWorkspace = (method, tail) => async (a) => {
	const w = await workspace(a);
	if (w === null)
		return null;
	for (const p of w.repos.filter((r) => fs.existsSync(r.path)))
		if (a.random() < 0.5)
			dirty({ ...a, tree: { dir: p.path, repo: a.world.repos.find((r) =>
				r.id === p.repo_id) } });
	return () => ask(a.world, method, `/api/workspaces/${w.id}${tail}`,
		method === 'POST' ? {} : undefined);
};

// Of a list of what can be brought back, one; or null.
const bring = (read, act) => async (a) => {
	const items = await read(a);
	return items.length === 0 ? null : () => act(a, a.of(items));
};

const stashes = async (a) => (await list(a.world,
	`/api/worktrees/stashes?${query({ worktree_path: a.tree.dir })}`));

const newTree = async (a) => () => ask(a.world, 'POST', '/api/worktrees', {
	repo_path: a.tree.repo.dir, branch: `b${++a.world.n}`,
	create_new_branch: true });

// Each gives the request, or null when there is nothing to do it to. `side`:
// in another worktree than the repository's own.
export const acts = {
	'worktree add': { act: newTree },
	'worktree remove': { side: true, act: async (a) => {
		if (a.random() < 0.5)
			dirty(a);
		return () => ask(a.world, 'DELETE', '/api/worktrees/remove?' +
			query({ worktree_path: a.tree.dir, force: a.random() < 0.7 }));
	} },
	'worktree restore': { act: bring((a) => list(a.world,
		'/api/worktrees/trash'), (a, t) => ask(a.world, 'POST',
		'/api/worktrees/restore', { id: t.id })) },
	'workspace create': { act: async (a) => () => ask(a.world, 'POST',
		'/api/workspaces', { repos: a.world.repos.map((r) => r.id),
			name: `w${++a.world.n}` }) },
	'workspace delete': { act: onWorkspace('DELETE', '?force=true') },
	'workspace delete all': { act: onWorkspace('DELETE', '?branches=true') },
	'workspace archive': { act: onWorkspace('POST', '/archive') },
	'workspace ensure': { act: onWorkspace('POST', '/ensure') },
	merge: { side: true, act: change('merge', { into: 'main' }) },
	squash: { side: true, act: change('merge', { into: 'main',
		squash: true }) },
	rebase: { side: true, act: change('rebase', { onto: 'main' }) },
	'rebase in conflict': { side: true, act: change('rebase',
		{ onto: 'main' }, true) },
	abort: { open: true, act: async (a) => () => post(a.world, 'abort',
		a.tree) },
	'continue': { open: true, act: async (a) => {
		a.world.write(a.tree.repo, a.tree.dir, 'clash');
		a.world.git(a.tree.dir, 'add', 'clash');
		return () => post(a.world, 'continue', a.tree);
	} },
	commit: { act: async (a) => {
		dirty(a);
		return async () => {
			const r = await post(a.world, 'commit', a.tree, { all: true,
				message: 'by rdv' });
			keep(a, r.commit);
			return r;
		};
	} },
	discard: { act: async (a) => {
		dirty(a);
		return () => post(a.world, 'discard', a.tree, { all: true });
	} },
	'discard restore': { act: bring((a) => list(a.world,
		'/api/worktrees/discards'), (a, d) => ask(a.world, 'POST',
		'/api/worktrees/discards/restore', { id: d.id })) },
	stash: { act: async (a) => {
		dirty(a);
		return async () => {
			const r = await post(a.world, 'stash', a.tree,
				{ untracked: true });
			keep(a, r.stash);
			return r;
		};
	} },
	'stash pop': { act: bring(stashes, (a, s) => post(a.world, 'stash/pop',
		a.tree, { stash: s.commit })) },
	'stash drop': { act: bring(stashes, (a, s) => post(a.world, 'stash/drop',
		a.tree, { stash: s.commit })) },
	push: { act: transfer('push') },
	'push by force': { act: transfer('push', { force: true }) },
	fetch: { act: transfer('fetch') },
	pull: { act: transfer('pull') },
	'branch delete': { act: async (a) => {
		const used = a.world.trees(a.tree.repo).map((t) => t.branch);
		const free = a.world.branches(a.tree.repo)
			.filter((b) => !used.includes(b) && b !== 'main');
		return free.length === 0 ? null : () => ask(a.world, 'DELETE',
			`/api/worktrees/branches?${query({ worktree_path: a.tree.dir,
				name: a.of(free), force: true })}`);
	} },
	'branch restore': { act: bring((a) => list(a.world,
		`/api/worktrees/branches/deleted?${query({
			worktree_path: a.tree.dir })}`), (a, b) => post(a.world,
		'branches/restore', a.tree, { pin: b.pin })) },
};

export const inConflict = (world, tree) => JSON.parse(world.rows(
	"SELECT path FROM change WHERE state = 'conflict'"))
	.some((r) => r.path === path.resolve(tree.dir));
