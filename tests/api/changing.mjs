// What tests of changing branches have in common: a repository with a worktree
// beside it, all that is there byte for byte, and a daemon that is killed.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { below, waitFor } from '../harness/rdv.mjs';
import { Repo } from './gitrepo.mjs';

export const lines = 'seq 20 >f; seq 9 >g; mkdir d; echo x >d/x';
export const edit = 'sed -i s/^2$/two/ f';
export const other = 'sed -i s/^19$/nineteen/ f';
export const oid = (repo, name) => repo.git('rev-parse', name).trim();

// Everything git and the file system have there, bytes and all.
export const bytes = (dir) => below(dir).filter((f) => !/^\.git(\/|$)/.test(f))
	.map((f) => {
		const at = path.join(dir, f), st = fs.lstatSync(at);
		return [f, st.mode, st.isFile() ? fs.readFileSync(at, 'latin1') :
			st.isSymbolicLink() ? fs.readlinkSync(at) : ''];
	});
export const traces = (...repos) => JSON.stringify(repos.map((r) => [bytes(r.dir),
	r.git('for-each-ref', '--format=%(refname) %(objectname)'),
	r.git('ls-files', '--stage'), r.git('status', '--porcelain=v2')]));

export function changing(rdv) {
	let made = 0, markers = 0;
	// A repository with `main` in its own tree and `side` in a worktree; `base`
	// makes the first commit, the other two what each has beyond that.
	function pair(base, side, main) {
		const repo = Repo.make(rdv, `r${++made}`);
		const tree = new Repo(rdv, `${repo.dir}-side`);
		repo.sh(`git config user.name ann; git config user.email ann@example.org
			${base}; git add -A; git commit -qm base
			git worktree add -q -b side '${tree.dir}'`);
		tree.sh(`${side}; git add -A; git commit -qm side`);
		if (main)
			repo.sh(`${main}; git add -A; git commit -qm main`);
		return { repo, tree };
	}
	const journal = async (tree) => (await rdv.call('GET', '/api/worktrees/' +
		`operations?worktree_path=${encodeURIComponent(tree.dir)}`)).items;

	// Kills rdvd when the k-th thing of a change has been written down; false:
	// there was none.
	async function killedAt(k, act) {
		const old = rdv.rdvd;
		let killed = false, open = false, text = '';
		const req = http.get({ socketPath: rdv.sock, path: '/api/events',
			headers: { Host: 'localhost', Accept: 'text/event-stream',
				Authorization: `Bearer ${rdv.token}` } }, (res) => {
			open = true;
			res.on('error', () => {});
			res.on('data', (d) => {
				text += d;
				if (!killed && text.split('event: change.').length > k) {
					killed = true;
					process.kill(old, 'SIGKILL');
				}
			});
		});
		req.on('error', () => {});
		await waitFor('stream opens', () => open);
		// An answer may be here before the events of what it is about.
		const marker = await act().then(() => rdv.call('POST',
			'/api/folders', { name: `after ${markers++}` })).catch(() => null);
		if (marker !== null)
			await waitFor('its events', () => killed ||
				text.includes(marker.id));
		req.destroy();
		if (killed)
			await waitFor('another rdvd', () => rdv.rdvd && rdv.rdvd !== old);
		return killed;
	}
	const settled = (tree) => waitFor('it is settled', async () => {
		const [row] = await journal(tree).catch(() => []);
		return row && row.state !== 'running' && row;
	});
	return { journal, killedAt, pair, settled };
}
