// Workspaces that nobody has touched for long are put away, and can be had
// back: only those with nothing to lose, a few at a time, and not by a clock
// that is not to be believed.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';

const DAY = 24 * 3600 * 1000;
const rdv = await Rdv.start({ config: '[workspaces]\nexpire_days = 30\n' });
const home = fs.realpathSync(rdv.home);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const sh = (dir, script) => execFileSync('/bin/sh', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(rdv.base, 'server/rdv.db'), text], { encoding: 'utf8' }).trim();
const dir = path.join(home, 'one');
fs.mkdirSync(dir);
sh(dir, `git init -q -b main; echo one >file; mkdir sub; echo s >sub/s
	echo .env >.gitignore; git add .; git commit -q -m one`);
const repo = await rdv.call('POST', '/api/repos', { path: dir });
sh(home, 'git clone -q one two');
const two = await rdv.call('POST', '/api/repos',
	{ path: path.join(home, 'two') });

const at = (w, tail = '') => `/api/workspaces/${w.id}${tail}`;
const get = (w) => rdv.call('GET', at(w));
const tree = (w) => w.repos[0].path;
const make = (more = {}) => rdv.call('POST', '/api/workspaces',
	{ repos: [repo.id], ...more });
const rows = (w, days) => sql(`UPDATE workspace SET updated_at = updated_at -
		${days * DAY} WHERE id = '${w.id}';
	UPDATE worktree SET updated_at = updated_at - ${days * DAY}
		WHERE path LIKE '${w.directory}/%'`);
const files = (w, days) => w.repos.forEach((p) => sh(p.path, `find . \
	"$(git rev-parse --absolute-git-dir)" \
	-exec touch -h -d '${days} days ago' {} +`));
// As if nobody had been there for so long.
function lie(w, days = 40) {
	rows(w, days);
	files(w, days);
}
const round = () => rdv.call('POST', '/api/gc');
const due = async () => (await rdv.call('GET', '/api/gc')).items
	.filter((i) => i.kind === 'workspace').map((i) => i.id);
const archived = (w) => waitFor('it is archived', async () => {
	const now = await get(w);
	return now.archived ? now : null;
});
// Something was done a day and a half ago: the clock is to be believed.
const known = await make();
rows(known, 1.5);
// A round that was to take it would have begun with that by now: it looks as
// the list does, and a workspace's operations wait for one another.
async function over(w) {
	for (let i = 0; i < 3; i++)
		assert.deepEqual(await due(), [w.id]);
	await rdv.call('POST', at(w, '/ensure'));
}
const end = (w) => rdv.call('DELETE', `${at(w)}?force=true&branches=true`);
// What is due after the one that stays goes in the same round, behind it.
async function passesOver(w) {
	const other = await make();
	lie(other, 35);
	assert.deepEqual(await due(), [other.id]);
	await round();
	await archived(other);
	const now = await get(w);
	assert.deepEqual([now.archived, now.state, now.cause],
		[false, 'ready', null]);
	assert.ok(fs.existsSync(path.join(tree(w), 'file')));
	await end(other);
}

await test('abuse: no workspace goes in the first round (G23)', async () => {
	const w = await make();
	lie(w);
	// It is told of, and nothing else.
	assert.deepEqual(await due(), [w.id]);
	await round();
	await over(w);
	assert.equal((await get(w)).archived, false);
	await end(w);
});

await test('an untouched workspace is archived, and comes back', async () => {
	const w = await make();
	lie(w);
	const r = spawnSync(bin('rdv'), ['gc', '--dry-run'], { encoding: 'utf8',
		cwd: home, env: { PATH: '/usr/bin:/bin', HOME: home,
			RDV_HOME: rdv.base } });
	assert.match(r.stdout, new RegExp(`^workspace .* ${w.directory}$`, 'm'));
	assert.match(r.stderr, /workspaces are archived/);
	await round();
	const now = await archived(w);
	assert.equal(now.cause, 'expired: untouched for 40 days');
	assert.equal(fs.existsSync(tree(w)), false);
	const [kind, body] = sql(`SELECT kind, body FROM event WHERE
		subject = '${w.id}' ORDER BY seq DESC LIMIT 1`).split(/\|(.*)/s);
	assert.equal(kind, 'workspace.updated');
	assert.equal(JSON.parse(body).cause, now.cause);
	await rdv.call('POST', at(w, '/restore'));
	const back = await get(w);
	assert.deepEqual([back.archived, back.cause], [false, null]);
	assert.equal(sh(tree(w), 'git status --porcelain'), '');
	// By that it was touched.
	assert.deepEqual(await due(), []);
	await end(w);
});

async function session(w) {
	const s = await rdv.call('POST', '/api/sessions', { name: 's',
		project_path: home, command: ['/bin/true'] });
	sql(`UPDATE session SET worktree_id = (SELECT worktree_id
		FROM workspace_repo WHERE workspace_id = '${w.id}')
		WHERE id = '${s.id}'`);
	return s;
}

const touches = {
	'a pin': (w) => rdv.call('PATCH', at(w), { pinned: true }),
	'its row': (w) => rows(w, -20),
	'a file': (w) => sh(tree(w), 'touch sub/s'),
	'a commit that is merged by now': (w) => sh(tree(w), `echo a >a; git add a
		git commit -q -m a; git -C '${dir}' merge -q '${w.branch}'
		touch -d '40 days ago' a`),
	'an open session': (w) => rdv.call('POST', '/api/sessions', { name: 's',
		project_path: path.join(tree(w), 'sub'), command: ['/bin/true'] }),
	'a closed session': async (w) => {
		const s = await rdv.call('POST', '/api/sessions', { name: 's',
			project_path: tree(w), command: ['/bin/true'] });
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	},
	// Its worktree was made for it, and it is at work elsewhere.
	'an open session that it was made for': (w) => session(w),
	'a closed session that it was made for': async (w) => {
		const s = await session(w);
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	},
	'a directory that nobody can look into': (w) => {
		const shut = path.join(tree(w), 'shut');
		fs.mkdirSync(shut);
		fs.chmodSync(shut, 0);
		return () => fs.rmdirSync(shut);
	},
	'a worktree that is missing': (w) => {
		fs.renameSync(tree(w), `${tree(w)}.away`);
		return () => fs.renameSync(`${tree(w)}.away`, tree(w));
	},
	'a file beside its worktrees': (w) =>
		fs.writeFileSync(path.join(w.directory, 'notes'), 'n'),
	'a process beside its worktrees': async (w) => {
		const p = spawn('/bin/sleep', ['1000'], { cwd: w.directory });
		await once(p, 'spawn');
		return () => p.kill();
	},
	'no branch': (w) => {
		sh(tree(w), 'git checkout -q --detach');
		files(w, 40);
	},
	'a file that matters': (w) => {
		fs.writeFileSync(path.join(tree(w), '.env'), 'S=1');
		files(w, 40);
	},
};
for (const [name, act] of Object.entries(touches))
	await test(`abuse: no workspace expires with ${name} (G22)`, async () => {
		const w = await make();
		lie(w);
		assert.deepEqual(await due(), [w.id]);
		const undo = await act(w);
		assert.deepEqual(await due(), []);
		if (typeof undo === 'function') {
			undo();
			rows(w, -40);
		}
		await passesOver(w);
		await end(w);
	});

await test('abuse: two workspaces at most go in a round (G23)', async () => {
	const all = [];
	for (let i = 0; i < 4; i++) {
		all.push(await make());
		lie(all[i], 50 - i);
	}
	assert.deepEqual(await due(), all.map((w) => w.id));
	await round();
	await archived(all[1]);
	// Those behind them are whole, and go with the next one.
	await rdv.call('POST', at(all[2], '/ensure'));
	assert.deepEqual(await Promise.all(all.map(async (w) =>
		(await get(w)).archived)), [true, true, false, false]);
	for (const w of all)
		await end(w);
});

await test('abuse: none goes while the clock is not known (G23)', async () => {
	rows(known, -1.5);
	await rdv.again();
	const w = await make();
	lie(w);
	// However often it is asked for, and with a look in the end.
	for (let i = 0; i < 3; i++)
		await round();
	await over(w);
	assert.equal((await get(w)).archived, false);
	rows(known, 1.5);
	lie(w);
	await round();
	await archived(w);
	await end(w);
});

await test('abuse: what matters after a crash does not expire (G22)', async () => {
	const w = await make();
	fs.writeFileSync(path.join(tree(w), '.env'), 'S=1');
	sql(`UPDATE workspace SET state = 'archiving', wish = 20
		WHERE id = '${w.id}'`);
	await rdv.again();
	const now = await waitFor('it is kept', async () => {
		const ws = await get(w);
		return ws.state === 'ready' ? ws : null;
	});
	assert.equal(now.archived, false);
	assert.ok(fs.existsSync(path.join(tree(w), '.env')));
	await end(w);
});

await test('what a crash cut off expires with its reason', async () => {
	const w = await make();
	lie(w);
	const cause = 'expired: untouched for 40 days';
	sql(`UPDATE workspace SET state = 'archiving', wish = 20,
		cause = '${cause}' WHERE id = '${w.id}'`);
	await rdv.again();
	const now = await archived(w);
	assert.deepEqual([now.state, now.cause], ['ready', cause]);
	await end(w);
});

// What of it could not be removed stays, and so does what is known of it.
await test('abuse: half of an archiving is not taken for one (G22)',
	async () => {
		const w = await make({ repos: [repo.id, two.id] });
		const [first, second] = w.repos.map((p) => p.path);
		// rdvd has been started anew.
		await round();
		lie(w);
		fs.chmodSync(second, 0o555);
		assert.deepEqual(await due(), [w.id]);
		await round();
		const now = await waitFor('it has failed', async () => {
			const ws = await get(w);
			return ws.cause !== null && ws.state === 'ready' ? ws : null;
		});
		assert.equal(now.archived, false);
		assert.match(now.cause, /^two: /);
		assert.equal(fs.existsSync(first), false);
		fs.chmodSync(second, 0o755);
		// Nobody takes the rest, however old it looks.
		await waitFor('it is settled', async () =>
			(await get(w)).repos.every((p) => p.state !== 'removing'));
		rows(w, 80);
		assert.deepEqual(await due(), []);
		// What git has left is written over by nobody, either.
		const no = await rdv.request('POST', at(w, '/ensure'));
		assert.equal(no.status, 409, no.raw);
		assert.match(no.json.error, /^two: .* is there already$/);
		fs.rmSync(second, { recursive: true });
		await rdv.call('POST', at(w, '/ensure'));
		for (const p of [first, second])
			assert.equal(sh(p, 'git status --porcelain; cat file'), 'one\n');
		await end(w);
	});

await test('half of an archiving is ended after a crash', async () => {
	const w = await make({ repos: [repo.id, two.id] });
	const [first, second] = w.repos.map((p) => p.path);
	const cause = 'expired: untouched for 40 days';
	const cut = async () => {
		await rdv.request('DELETE', '/api/worktrees',
			{ body: { worktreePath: first } });
		sql(`UPDATE workspace SET state = 'archiving', wish = 20,
			cause = '${cause}' WHERE id = '${w.id}'`);
		await rdv.again();
		return waitFor('it is settled', async () => {
			const ws = await get(w);
			return ws.state === 'ready' ? ws : null;
		});
	};
	fs.writeFileSync(path.join(second, '.env'), 'S=1');
	const kept = await cut();
	assert.deepEqual([kept.archived, kept.cause], [false, 'two: it stays']);
	assert.equal(fs.readFileSync(path.join(second, '.env'), 'utf8'), 'S=1');
	await rdv.call('POST', at(w, '/ensure'));
	fs.rmSync(path.join(second, '.env'));
	const gone = await cut();
	assert.deepEqual([gone.archived, gone.cause], [true, cause]);
	assert.equal(fs.existsSync(second), false);
	await end(w);
});

await rdv.stop();

await test('without the setting nothing expires', async () => {
	const off = await Rdv.start();
	const own = path.join(fs.realpathSync(off.home), 'one');
	fs.mkdirSync(own);
	sh(own, `git init -q -b main; echo one >file; git add .
		git commit -q -m one`);
	const { id } = await off.call('POST', '/api/repos', { path: own });
	const w = await off.call('POST', '/api/workspaces', { repos: [id] });
	execFileSync('sqlite3', ['-cmd', '.timeout 10000',
		path.join(off.base, 'server/rdv.db'), `UPDATE workspace SET
		updated_at = 1; UPDATE worktree SET updated_at = 1`]);
	sh(w.repos[0].path, `find . "$(git rev-parse --absolute-git-dir)" \\
		-exec touch -h -d '4000 days ago' {} +`);
	assert.deepEqual((await off.call('GET', '/api/gc')).items, []);
	await off.stop();
});
