// F02, F10, F16 through rdv: while it brings something back, throws it away or
// makes it, a program of the owner's swaps a directory on the way there for a
// link to outside, as fast as it can. What is outside is neither read, written
// nor removed. RDV_ROUNDS sets how many rounds each case has; the same in the
// worker, by the thousand, is tests/unit/worker/test_races.c.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, build, test, waitFor } from '../harness/rdv.mjs';
import { changing } from '../api/changing.mjs';
import { Repo } from '../api/gitrepo.mjs';
import { sanitized } from '../harness/sanitizer.mjs';

const ROUNDS = Number(process.env.RDV_ROUNDS ?? (sanitized() ? 1 : 2));
const SECRET = 'a secret of nobody\'s business\r\n';
const rdv = await Rdv.start({ config:
	`[worktrees]\nrepo_roots = ["${fs.realpathSync(os.tmpdir())}"]\n` });
const post = (what, body) => rdv.request('POST', `/api/${what}`, { body });

// Where nobody has any business, as no root has it: what is there is as it was,
// to the mode.
const out = fs.mkdtempSync(path.join(os.homedir(), 'rdv-out-'));
const canaries = ['f', 'sub/f', 'tree/f'];
for (const name of canaries) {
	fs.mkdirSync(path.dirname(path.join(out, name)), { recursive: true });
	fs.writeFileSync(path.join(out, name), SECRET, { mode: 0o604 });
	fs.chmodSync(path.join(out, name), 0o604);
}
const look = () => fs.readdirSync(out, { recursive: true }).sort().map((n) => {
	const st = fs.lstatSync(path.join(out, n));
	return [n, st.mode, st.ino, st.nlink, st.isFile() ?
		fs.readFileSync(path.join(out, n), 'utf8') : ''].join();
});
const whole = look();

// Runs `act` while the two names are swapped; how often they were. With more
// names only as long as there is one of that beginning in that directory.
async function during(names, act) {
	const racer = spawn(path.join(build, 'tests/swap'), names,
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	const closed = once(racer, 'close');
	let text = '';
	racer.stdout.on('data', (d) => { text += d; });
	try {
		await once(racer.stdout, 'data');
		return { r: await act(), swaps: () => Number(text.split('\n')[1]) };
	} finally {
		racer.kill('SIGTERM');
		await closed;
	}
}

// A directory and the link that takes its place; by `held` the directory is
// reached whatever it is called.
function bait(dir, link, to) {
	fs.symlinkSync(to, link);
	const fd = fs.openSync(dir, fs.constants.O_DIRECTORY);
	// As it was, whatever the racer or git has left.
	const straight = () => {
		if (!fs.lstatSync(dir).isSymbolicLink())
			return;
		fs.unlinkSync(dir);
		fs.renameSync(link, dir);
		fs.symlinkSync(to, link);
	};
	return { straight, held: `/proc/self/fd/${fd}`,
		done: () => fs.closeSync(fd) };
}

// `round` says whether it went through; a round may do nothing outside.
async function race(name, round) {
	const n = { rounds: 0, through: 0, refused: 0, swaps: 0 };
	assert.equal((await round(null)).status, 200, `${name}: control`);
	// On one processor the racer may come too late, now and then.
	const late = Date.now() + 60000;
	for (; n.rounds < ROUNDS || (n.swaps === 0 && Date.now() < late);
		n.rounds++) {
		const { r, swaps } = await round(during);
		assert.ok(r.status < 500, `${name}: ${r.status} ${r.raw}`);
		n[r.status < 300 ? 'through' : 'refused']++;
		n.swaps += swaps();
		assert.deepEqual(look(), whole, `${name}: round ${n.rounds}: ${r.raw}`);
	}
	assert.ok(n.swaps > 0, `${name}: the racer did run`);
	process.stdout.write(`# ${name}: ${n.rounds} rounds, ${n.swaps} swaps, ` +
		`${n.through} went through, ${n.refused} refused\n`);
}

// A file whose bytes git changes, so that rdv has to put them back itself.
function crlf(name) {
	const repo = Repo.make(rdv, name);
	repo.write('dir/f', 'one\n');
	repo.sh('git add .; git commit -qm one; git config core.autocrlf true');
	const b = bait(String(repo.at('dir')), String(repo.at('link')), out);
	fs.writeFileSync(path.join(repo.dir, '.git/info/exclude'), 'link\n');
	const mine = () => {
		b.straight();
		repo.sh('git reset -q --hard; git clean -qfd');
		fs.writeFileSync(repo.at('dir/f'), 'mine\nand\r\n');
	};
	return { repo, mine, straight: b.straight, done: b.done,
		ends: [String(repo.at('dir')), String(repo.at('link'))] };
}
const discard = (repo, more = { paths: ['dir/f'] }) =>
	post('worktrees/discard', { worktree_path: repo.dir, ...more });

// Nor has the repository, as git keeps a file with either line ends.
const hasSecret = (repo, text = SECRET) => [text, text.replaceAll('\r', '')]
	.map((t) => createHash('sha1').update(`blob ${t.length}\0${t}`)
		.digest('hex'))
	.some((id) => repo.git('cat-file', '--batch-all-objects',
		'--batch-check').includes(id));

await test('F02 F16 discarded changes come back into their tree', async () => {
	const { repo, mine, ends, done } = crlf('back');
	await race('a discard\'s return', async (racing) => {
		mine();
		const d = await discard(repo);
		assert.equal(d.status, 200, d.raw);
		const act = () => post('worktrees/discards/restore',
			{ id: d.json.id });
		if (racing)
			return racing([...ends, repo.dir, '.merge_file_'], act);
		const r = await act();
		assert.equal(fs.readFileSync(repo.at('dir/f'), 'utf8'),
			'mine\nand\r\n', 'control: its bytes are put back');
		return r;
	});
	assert.equal(hasSecret(repo, 'mine\nand\r\n'), true, 'control: kept');
	assert.equal(hasSecret(repo), false);
	done();
});

// A file of the tree that has a second name outside of it: what rdv or git puts
// in its place is another file, and the twin keeps its bytes and its mode.
await test('F08 what has another name elsewhere is replaced, not written to',
	async () => {
		const { repo, mine, done } = crlf('linked');
		const at = repo.at('dir/f'), twins = [];
		const link = (text) => {
			const twin = path.join(rdv.home, `twin${twins.length}`);
			fs.writeFileSync(twin, text);
			fs.chmodSync(twin, 0o604);
			fs.rmSync(at);
			fs.linkSync(twin, at);
			twins.push([twin, text, fs.lstatSync(twin).ino]);
		};
		const same = (what) => twins.forEach(([twin, text, ino]) => {
			const st = fs.lstatSync(twin);
			assert.deepEqual([fs.readFileSync(twin, 'utf8'), st.mode & 0o777,
				st.ino, st.nlink], [text, 0o604, ino, 1], what);
		});
		mine();
		link('mine\nand\r\n');
		const d = await discard(repo);
		assert.equal(d.status, 200, d.raw);
		assert.equal(fs.readFileSync(at, 'utf8'), 'one\r\n', 'control');
		same('discarded');
		link('one\r\n');
		const r = await post('worktrees/discards/restore', { id: d.json.id });
		assert.equal(r.status, 200, r.raw);
		assert.equal(fs.readFileSync(at, 'utf8'), 'mine\nand\r\n', 'control');
		same('restored');
		done();
	});

await test('F02 F10 what is discarded is their tree\'s', async () => {
	const { repo, mine, ends, done } = crlf('discard');
	for (const [when, names] of [['at any time', ends], ['as git writes',
		[...ends, path.join(repo.dir, '.git'), 'index.lock']]])
		await race(`a discard, ${when}`, async (racing) => {
			mine();
			const act = () => discard(repo);
			if (racing)
				return racing(names, act);
			const r = await act();
			assert.equal(fs.readFileSync(repo.at('dir/f'), 'utf8'),
				'one\r\n', 'control: it is HEAD\'s again');
			return r;
		});
	assert.equal(hasSecret(repo, 'mine\nand\r\n'), true, 'control: kept');
	assert.equal(hasSecret(repo), false);
	done();
});

// In a directory of its own, which the racer swaps.
function inside(name, script) {
	const repo = Repo.make(rdv, name);
	const lib = Repo.make(rdv, `${name}-lib`);
	lib.sh('echo l >l; git add .; git commit -qm one');
	repo.sh(`echo one >f; git add .; git commit -qm one; ${script}`);
	const dir = path.join(rdv.home, `${name}-in`);
	fs.mkdirSync(dir);
	const b = bait(dir, `${dir}-link`, out);
	return { repo, b, at: path.join(dir, 'w'),
		ends: [dir, `${dir}-link`] };
}

for (const [what, script] of [['plain', 'true'], ['with submodules',
	`git -c protocol.file.allow=always submodule -q add '${rdv.home}/` +
	'move-with-lib\' lib; git commit -qm lib']])
	await test(`F02 a restored worktree comes to its place: ${what}`, async () => {
		const name = `move-${what.split(' ')[0]}`;
		const { repo, b, at, ends } = inside(name, script);
		const made = await post('worktrees', { repo_path: repo.dir,
			worktree_path: at, create_branch: true, branch: 'w' });
		assert.equal(made.status, 201, made.raw);
		const tree = new Repo(rdv, at);
		if (what !== 'plain')
			tree.git('-c', 'protocol.file.allow=always', 'submodule',
				'--quiet', 'update', '--init');
		tree.write('mine', 'mine');
		let id;
		await race(`a restore, ${what}`, async (racing) => {
			b.straight();
			if (fs.existsSync(at))
				id = await waitFor('it can be removed', async () => {
					const r = await rdv.request('DELETE', '/api/worktrees',
						{ body: { worktree_path: at, force: true } });
					return r.json.trash_id;
				});
			const act = () => post('worktrees/restore', { id });
			const had = racing ? await racing(ends, act) : await act();
			b.straight();
			const r = racing ? had.r : had;
			assert.ok(r.status !== 200 || fs.existsSync(tree.at('mine')),
				String(r.raw));
			return had;
		});
		b.straight();
		await waitFor('it comes back', async () => fs.existsSync(at) ||
			(await post('worktrees/restore', { id })).status === 200);
		assert.equal(fs.readFileSync(tree.at('mine'), 'utf8'), 'mine');
		b.done();
	});

await test('F02 F10 a file in conflict is settled in its tree', async () => {
	const { tree, repo } = changing(rdv).pair('mkdir dir; echo 1 >dir/f',
		'echo theirs >dir/f', 'echo ours >dir/f');
	const r = await post('worktrees/rebase', { worktree_path: tree.dir,
		onto: 'main' });
	assert.equal(r.json.change?.state, 'conflict', r.raw);
	const own = tree.git('rev-parse', '--absolute-git-dir').trim();
	const index = fs.readFileSync(path.join(own, 'index'));
	const [dir, link] = ['dir', 'link'].map((n) => String(tree.at(n)));
	const b = bait(dir, link, out);
	const again = () => {
		b.straight();
		fs.writeFileSync(path.join(own, 'index'), index);
		fs.writeFileSync(tree.at('dir/f'), 'by hand\n');
	};
	const ways = { 'at any time': [dir, link],
		'as git writes': [dir, link, own, 'index.lock'] };
	for (const [when, as] of [['at any time', 'theirs'],
		['as git writes', 'theirs'], ['at any time', 'working']])
		await race(`settling as ${as}, ${when}`, async (racing) => {
			again();
			const act = () => post('worktrees/resolve',
				{ worktree_path: tree.dir, path: 'dir/f', as });
			if (racing)
				return racing(ways[when], act);
			const done = await act();
			assert.equal(fs.readFileSync(tree.at('dir/f'), 'utf8'),
				as === 'theirs' ? 'theirs\n' : 'by hand\n', 'control');
			return done;
		});
	// Nor is it shown as the file that lies there.
	await race('looking at a conflict', async (racing) => {
		again();
		const act = () => tree.ask('conflict', { path: 'dir/f' });
		const had = racing ? await racing(ways['at any time'], act) : await act();
		const said = String((racing ? had.r : had).raw);
		assert.doesNotMatch(said, /secret/);
		assert.ok(racing || said.includes('by hand'), 'control');
		return had;
	});
	assert.equal(hasSecret(repo), false);
	b.done();
});

// A repository that workspaces are made of, by that daemon; the racer's `ways`.
async function spaces(on, waysOf) {
	const ask = (method, what, body) => on.call(method, `/api/${what}`, body);
	const repo = Repo.make(on, 'space');
	repo.sh('echo one >f; git add .; git commit -qm one; mkdir dir');
	fs.writeFileSync(repo.at('dir/f'), 'copied');
	const known = await ask('POST', 'repos', { path: repo.dir });
	await ask('PATCH', `repos/${known.id}`, { copy_files: ['dir/*'] });
	const [dir, link] = ['dir', 'link'].map((n) => String(repo.at(n)));
	const b = bait(dir, link, out);
	const at = path.join(on.base, 'worktrees');
	const tidy = () => {
		b.straight();
		fs.rmSync(`${at}-link`, { recursive: true, force: true });
		fs.rmSync(at, { recursive: true, force: true });
		repo.git('worktree', 'prune');
	};
	for (const [what, names] of Object.entries(waysOf({ dir, link, at })))
		await race(`a workspace, ${what}`, async (racing) => {
			tidy();
			const act = async () => {
				const w = await on.request('POST', '/api/workspaces',
					{ body: { repos: [known.id] } });
				return { ...w, status: w.status === 201 ? 200 : w.status };
			};
			const had = racing ? await racing(names, act) : await act();
			const r = racing ? had.r : had;
			const tree = r.json.repos?.[0].path;
			const copy = tree && path.join(tree, 'dir/f');
			if (copy && fs.existsSync(copy))
				assert.equal(fs.readFileSync(copy, 'utf8'), 'copied');
			assert.ok(racing || fs.existsSync(copy), 'control');
			return had;
		});
	tidy();
	b.done();
	return repo;
}

await test('F02 F16 a workspace is made where it shall be', async () => {
	const repo = await spaces(rdv, ({ dir, link, at }) => ({
		'its copies\' source': [dir, link], 'its directory': ['-', at, out],
	}));
	const r = await post('worktrees', { repo_path: repo.dir,
		worktree_path: path.join(out, 'w'), create_branch: true,
		branch: 'w' });
	assert.match(r.json.error, /outside worktrees.repo_roots/);
});

await test('F02 F16 also where any root is allowed', async () => {
	const wide = await Rdv.start({
		config: '[worktrees]\nrepo_roots = ["/"]\n' });
	await spaces(wide, ({ at }) => ({
		'its directory, with every root': ['-', at, out] }));
	await wide.stop();
});

await rdv.stop();
fs.rmSync(out, { recursive: true });
