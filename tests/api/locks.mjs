// Locks that a killed git has left: each is named by what it stops, which says
// what to do about it, stops nothing else, and is nobody's to take away (G19).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test } from '../harness/rdv.mjs';
import { bytes, changing, edit, lines, other, traces } from './changing.mjs';

const rdv = await Rdv.start();
const { journal, pair } = changing(rdv);
const post = (what) => ({ tree }, body) => rdv.request('POST',
	`/api/worktrees/${what}`, { body: { worktree_path: tree.dir, ...body } });
const end = (p, name) => rdv.request('DELETE', '/api/worktrees/branches?' +
	new URLSearchParams({ worktree_path: p.tree.dir, name, force: true }));
// What is asked for, and what is done to the tree before.
const acts = {
	stage: [(p) => post('stage')(p, { all: true }), 'echo n >n'],
	commit: [(p) => post('commit')(p, { all: true, message: 'm' }), 'echo n >n'],
	discard: [(p) => post('discard')(p, { all: true }), 'echo n >f'],
	stash: [(p) => post('stash')(p, {}), 'echo n >f'],
	branch: [(p) => post('branches')(p, { name: 'new' }), ':'],
	end: [(p) => end(p, 'old'), ':'],
	merge: [(p) => post('merge')(p, { into: 'main' }), ':'],
	rebase: [(p) => post('rebase')(p, { onto: 'main' }), ':'],
};
// Where a killed git leaves one, in the worktree's own directory of git's (W)
// or that of the repository (R), and what it stops.
const locks = {
	'W/index.lock': ['stage', 'commit', 'discard', 'stash', 'rebase'],
	'W/HEAD.lock': ['commit', 'stash'],
	'R/refs/heads/side.lock': ['commit', 'stash'],
	'R/refs/heads/new.lock': ['branch'],
	'R/packed-refs.lock': ['end'],
	'R/index.lock': ['merge'],
	'R/refs/stash.lock': ['stash'],
};
// Told by themselves: what of a merge is not brought along, and git that stops
// in the middle of a rebase or says of the stash only that it was not saved.
const own = { merge: /HAS_UNCOMMITTED_CHANGES: .* cannot be brought along: git: /,
	rebase: /INVALID_STATE: git: .*Unable to create/ };
const stash = /INVALID_ARGUMENT: git: Cannot save the current status$/;

const idle = ['R/config.lock', 'R/shallow.lock', 'R/gc.pid.lock',
	'R/objects/maintenance.lock', 'W/AUTO_MERGE.lock', 'W/ORIG_HEAD.lock',
	'W/MERGE_HEAD.lock', 'W/logs/HEAD.lock', 'W/index.stash.2.lock'];

function made(locked) {
	const p = pair(lines, edit, other);
	p.repo.git('branch', 'old');
	return { ...p, at: locked.map((lock) => {
		const dir = p.tree.git('rev-parse', lock[0] === 'W' ?
			'--absolute-git-dir' : '--git-common-dir').trim();
		return path.resolve(p.tree.dir, dir, lock.slice(2));
	}) };
}
const whole = (p) => [p.repo, p.tree].map((r) => [bytes(r.dir),
	r.git('rev-parse', 'HEAD'), r.git('branch', '--show-current'),
	r.git('ls-files', '--stage'), r.git('status', '--porcelain')]);
function left(file) {
	fs.mkdirSync(path.dirname(file), { recursive: true });
	fs.writeFileSync(file, '');
}

for (const [lock, stops] of Object.entries(locks))
	await test(`G19 ${lock} that a killed git left stops ${stops.join()}`,
		async () => {
			for (const name of stops) {
				const [act, before] = acts[name], p = made([lock]);
				p.tree.sh(before);
				left(p.at[0]);
				// What a commit is to have is staged before.
				const was = name === 'commit' ? bytes(p.tree.dir) :
					traces(p.repo, p.tree);
				const r = await act(p);
				assert.ok(fs.existsSync(p.at[0]), `${name} took it away`);
				const why = lock === 'R/refs/stash.lock' ? stash : own[name] ??
					new RegExp(`^(BUSY|BRANCH_IN_USE): ${p.at[0]} is there: .*; when none ` +
						'is, delete that file$');
				const said = `${r.json.code}: ${r.json.error}`;
				assert.match(said, why, `${name}: ${said}`);
				// git saves a stash before it undoes what it saved.
				const saved = p.tree.git('stash', 'list') !== '';
				assert.equal(saved, name === 'stash' && /HEAD|side/.test(lock));
				if (saved)
					assert.equal(p.tree.git('show', 'stash@{0}:f'), 'n\n');
				else if (name === 'commit')
					assert.deepEqual(bytes(p.tree.dir), was);
				else
					assert.equal(traces(p.repo, p.tree), was, name);
				fs.unlinkSync(p.at[0]);
				const again = await act(p);
				assert.ok(again.status < 300 || (saved &&
					again.json.code === 'NOTHING_TO_STASH'),
				`${name} again ${again.raw}`);
			}
		});

// git takes these when it has written the tree.
for (const [name, lock] of [['merge', 'R/HEAD.lock'],
	['merge', 'R/refs/heads/main.lock'], ['rebase', 'W/HEAD.lock']])
	await test(`G19 ${lock} stops a ${name} that can be taken back`,
		async () => {
			const p = made([lock]);
			left(p.at[0]);
			const was = whole(p), r = await acts[name][0](p);
			assert.equal(r.status, 409, r.raw);
			assert.ok(fs.existsSync(p.at[0]));
			// What git has written there is told, and comes back as it was.
			const [row] = await journal(p.tree);
			assert.equal(row.state, 'conflict', JSON.stringify(row));
			if (name === 'rebase')
				fs.unlinkSync(p.at[0]);
			const abort = await post('abort')(p);
			assert.ok(abort.status < 300, abort.raw);
			assert.deepEqual(whole(p), was);
			fs.rmSync(p.at[0], { force: true });
			const again = await acts[name][0](p);
			assert.equal(again.status, 200, again.raw);
		});

await test('G19 other locks that a killed git left stop nothing', async () => {
	const p = made(idle);
	p.at.forEach(left);
	for (const [name, [act, before]] of Object.entries(acts)) {
		p.tree.sh(before);
		const r = await act(p);
		assert.ok(r.status < 300, `${name} ${r.raw}`);
	}
	assert.deepEqual(p.at.filter((f) => !fs.existsSync(f)), []);
});

await rdv.stop();
