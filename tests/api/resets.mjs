// Conversations that are taken back: what runs is stopped, each repository is
// where it stood before the turn, nothing is lost, and the agent hears of what
// counts alone.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bin, test, waitFor } from '../harness/rdv.mjs';
import { Agents, sh } from '../harness/agent.mjs';

const a = await Agents.start();
const at = (c, i = 0) => c.w.repos[i].path;
const head = (c, i = 0) => sh(at(c, i), 'git rev-parse HEAD');
const status = (c, i = 0) => sh(at(c, i), 'git status --porcelain');
const reset = (c, t, force) => a.request('POST', c.at('/reset'),
	{ turn_id: t.id, force });
// Each begins with a line of its own.
let n = 0;
const did = async (c, prompt) =>
	a.over(await a.begin(c, `# ${++n}\n${prompt}`));
const list = async (c) => (await a.call('GET', c.at('/resets'))).items;
const dropped = async (c) => (await a.turns(c)).map((t) => t.dropped);
const pinned = (c, r, i = 0) => sh(at(c, i),
	`git rev-parse refs/rdv/rescue/${r.id}-${i}`);
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(a.rdv.base, 'server/rdv.db'), text]);
const audited = () => fs.readFileSync(path.join(a.rdv.base, 'server/audit.log'),
	'utf8').split('\n').filter((l) => l.includes('conversation.reset')).length;
async function refused(c, t, force, status, code, what) {
	const before = [...c.w.repos.map((_, i) => head(c, i)),
		JSON.stringify(await dropped(c))];
	const no = await reset(c, t, force);

	assert.deepEqual([no.status, no.json.code], [status, code], `${no.raw}`);
	assert.match(no.json.error, what);
	assert.deepEqual([...c.w.repos.map((_, i) => head(c, i)),
		JSON.stringify(await dropped(c))], before);
	return no.json;
}

await test('back to before a turn: branch, files, history and agent', async () => {
	const c = await a.fresh(), start = head(c), args = path.join(a.dir, 'args');
	const one = await did(c, 'write a 1\nsay one');
	const first = head(c);
	const two = await did(c, 'write a 2\nwrite b 2\nsay two');
	await did(c, 'write a 3\nsay three');
	const last = head(c), lines = audited();
	const since = (await a.call('GET', '/api/events?limit=1000')).next_cursor;
	const done = await reset(c, two);
	assert.equal(done.status, 200, `${done.raw}`);
	assert.deepEqual([done.json.state, done.json.cause, done.json.turn_id],
		['done', null, two.id]);
	assert.deepEqual(done.json.repos.map((r) => [r.from_head, r.to_head,
		r.moved, r.discard_id]), [[last, first, true, null]]);
	assert.equal(head(c), first);
	assert.equal(status(c), '');
	assert.equal(sh(at(c), 'git branch --show-current'), c.w.branch);
	assert.equal(pinned(c, done.json), last);
	assert.deepEqual(await dropped(c), [false, true, true]);
	assert.equal(audited(), lines + 1);
	const told = (await a.call('GET', `/api/events?limit=1000&since=${since}`))
		.items.filter((e) => e.kind === 'conversation.reset');
	assert.ok(told.every((e) => e.subject === c.id), JSON.stringify(told));
	assert.deepEqual([...new Set(told.map((e) => e.body.state))],
		['stopping', 'moving', 'done']);
	// It goes on behind the last turn that counts, then from there on.
	const word = (o) => JSON.parse(fs.readFileSync(args, 'utf8')).filter(
		(x, i, all) => all[i - 1] === o || x.startsWith(`${o}=`));
	await did(c, `args ${args}\nwrite a 4\nsay four`);
	assert.deepEqual(word('--resume').map((w) => w.replace(/.*=/, '')),
		[one.agent_session]);
	assert.deepEqual(word('--resume-session-at').map((w) =>
		w.replace(/.*=/, '')), [one.agent_message]);
	assert.equal(sh(at(c), 'git log --format=%s'), 'four\none\none');
	await did(c, `args ${args}\nsay five`);
	assert.equal(word('--resume').length, 1);
	assert.deepEqual(word('--resume-session-at'), []);
	// All of it: then there is nothing to go on with.
	const all = await reset(c, one);
	assert.equal(all.status, 200, `${all.raw}`);
	assert.equal(head(c), start);
	await did(c, `args ${args}\nsay six`);
	assert.deepEqual(word('--resume'), []);
	assert.deepEqual(await dropped(c), [true, true, true, true, true, false]);
	assert.deepEqual((await list(c)).map((r) => r.id),
		[all.json.id, done.json.id]);
	// What counts is what is shown, unless all is asked for.
	const { items } = await a.call('GET', c.at('/turns'));
	assert.deepEqual(items.map((t) => t.summary), ['six']);
	assert.equal((await a.call('GET', c.at('/turns?dropped=true'))).items.length,
		6);
	await a.model([c]);
});

await test('an agent that cannot go back is told what counts', async () => {
	const c = await a.fresh(), args = path.join(a.dir, 'args-told');
	await did(c, 'write kept 1');
	const two = await did(c, 'write gone 1\nsay never again');
	assert.equal((await reset(c, two)).status, 200);
	const before = a.said().length;
	await did(c, `args ${args}\nsay three`);
	assert.ok(!fs.readFileSync(args, 'utf8').includes('--resume'));
	const said = a.said().slice(before);
	assert.ok(said.includes('begin # The conversation so far'), `${said}`);
	// The program does what its prompt says, the history of it as well.
	assert.ok(fs.existsSync(path.join(at(c), 'kept')));
	assert.ok(!fs.existsSync(path.join(at(c), 'gone')));
});

await test('what is at work is stopped first, and what waits goes on waiting', async () => {
	const c = await a.fresh(), start = head(c);
	for (const prompt of ['hang', `deaf\nwait ${a.gate()}`]) {
		const t = await a.begin(c, `write a ${prompt.length}\n${prompt}`);
		await a.ask(c, 'say waits', { queue: true });
		await waitFor('it works', () => fs.existsSync(path.join(at(c), 'a')));
		await refused(c, t, false, 409, 'HAS_UNCOMMITTED_CHANGES',
			/1 file is not committed/);
		assert.equal((await a.turn(t)).chain.state, 'killed');
		assert.equal((await reset(c, t, true)).status, 200);
		assert.equal(head(c), start);
		assert.equal(status(c), '');
		assert.equal((await a.turn(t)).dropped, true);
	}
	assert.deepEqual((await a.waiting(c)).map((m) => m.state),
		['waiting', 'waiting']);
	// Setup as well, and it is run again for the next.
	const gate = a.gate(), d = await a.fresh({ setup_script:
		`echo s >>s; until [ -e ${gate} ]; do read -t 0.05 x <> <(:) || :; done` });
	const t = await a.begin(d, 'say x');
	await a.reached(t, 'setup', 'running');
	assert.equal((await reset(d, t, true)).status, 200);
	assert.equal(status(d), '');
	Agents.open(gate);
	const ok = await did(d, 'say set up');
	assert.equal(a.link(ok, 'setup').state, 'completed');
	assert.equal((await reset(d, ok)).status, 200);
	const again = await did(d, 'say set up again');
	assert.equal(a.link(again, 'setup').state, 'completed');
	assert.equal(fs.readFileSync(path.join(at(d), 's'), 'utf8'), 's\n');
});

await test('what is written to end a turn lets no run of it begin', async () => {
	const c = await a.fresh(), git = sh(at(c), 'git rev-parse --git-common-dir');
	// Each git waits for ever as it reads what is wished of it.
	sh(git, 'cp config kept; mkfifo never; git config include.path never');
	const t = await a.begin(c, 'write a 1');
	await waitFor('it is looked at', () => a.rdv.all('git').length > 0);
	// Who wrote this has not heard yet that it is durable.
	sql(`UPDATE chain SET stop = 'somebody said so' WHERE turn_id = '${t.id}'`);
	sh(git, 'mv kept config');
	await waitFor('its end', async () => {
		sh(git, 'dd if=/dev/null of=never oflag=nonblock 2>/dev/null || :');
		return (await a.turn(t)).chain.state !== 'running';
	});
	const { chain } = await a.turn(t);
	assert.deepEqual([chain.state, chain.cause], ['killed', 'somebody said so']);
	assert.deepEqual(chain.links.map((l) => [l.kind, l.state, l.run_id]),
		[['agent', 'skipped', null], ['commit', 'skipped', null]]);
});

await test('what is not committed stands against it, or comes back', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const t = await did(c, 'say one');
	fs.writeFileSync(path.join(at(c, 0), 'file'), 'mine\n');
	fs.writeFileSync(path.join(at(c, 0), 'new'), 'new\n');
	sh(at(c, 0), 'git add file; echo more >>file; echo .env >.git-not');
	const no = await refused(c, t, false, 409, 'HAS_UNCOMMITTED_CHANGES',
		new RegExp(`^${c.w.repos[0].name}: [34] files are not committed$`));
	assert.deepEqual(no.details.reset.repos.map((r) => [r.files > 0, r.yields]),
		[[true, true], [false, false]]);
	assert.equal((await list(c))[0].state, 'refused');
	assert.equal(fs.readFileSync(path.join(at(c), 'file'), 'utf8'),
		'mine\nmore\n');
	const before = sh(at(c), 'git status --porcelain=v2; cat file new; git ls-files -s');
	const done = await reset(c, t, true);
	assert.equal(done.status, 200, `${done.raw}`);
	assert.equal(status(c), '');
	const [id, none] = done.json.repos.map((r) => r.discard_id);
	assert.ok(id && none === null);
	await a.call('POST', '/api/worktrees/discards/restore', { id });
	assert.equal(sh(at(c), 'git status --porcelain=v2; cat file new; git ls-files -s'),
		before);
});

await test('a git that is killed as it looks says nothing of what is there', async () => {
	const c = await a.fresh(), start = head(c), t = await did(c, 'write a 1');
	const last = head(c), git = sh(at(c), 'git rev-parse --git-common-dir');
	// Each waits for ever as it reads what is wished of it.
	sh(git, 'cp config kept; mkfifo never; git config include.path never');
	let answer = null;
	const asked = reset(c, t).then((r) => { answer = r; });
	await waitFor('an answer', () => {
		for (const { pid } of answer ? [] : a.rdv.all('git'))
			try { process.kill(pid, 'SIGKILL'); } catch { /* it is gone */ }
		return answer;
	});
	await asked;
	assert.equal(answer.status, 503, `${answer.raw}`);
	assert.match(answer.json.error, /git was killed as it looked/);
	assert.deepEqual((await list(c)).map((r) => r.ended_at), [null]);
	sh(git, 'mv kept config');
	await waitFor('it was done all the same', async () => {
		sh(git, 'dd if=/dev/null of=never oflag=nonblock 2>/dev/null || :');
		return (await list(c))[0].state === 'done';
	});
	assert.equal(head(c), start);
	assert.equal(pinned(c, (await list(c))[0]), last);
});

await test('refusals: nothing is moved, and the repository is named', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const name = c.w.repos[1].name, dir = at(c, 1);
	const one = await did(c, `write ${c.w.repos[1].name}/a 1\nsay one`);
	const two = await did(c, `write ${c.w.repos[0].name}/a 2\nsay two`);
	const d = await a.fresh(), other = await did(d, 'say other');
	await refused(c, other, true, 404, 'NOT_FOUND', /^turn_id: /);
	await refused(c, { id: c.id }, true, 404, 'NOT_FOUND', /^turn_id: /);
	sh(dir, 'git checkout -q --detach');
	await refused(c, one, true, 409, 'OTHER_BRANCH',
		new RegExp(`^${name}: .*on no branch`));
	sh(dir, `git checkout -q ${c.w.branch}
		git checkout -q -b side HEAD^; echo s >s; git add .
		git commit -q -m side; git checkout -q ${c.w.branch}
		git merge -q --no-commit --no-ff side`);
	await refused(c, one, true, 409, 'OPERATION_IN_PROGRESS',
		new RegExp(`^${name}: .*merge`));
	sh(dir, 'git merge --abort');
	// What git would write over without a word.
	sh(dir, 'git rm -q a; echo a >.gitignore; git add .; git commit -qm rm; echo mine >a');
	await refused(c, two, true, 409, 'HAS_UNCOMMITTED_CHANGES',
		new RegExp(`^${name}: a is ignored`));
	assert.equal(fs.readFileSync(path.join(dir, 'a'), 'utf8'), 'mine\n');
	sh(dir, 'rm a; git reset -q --hard HEAD^');
	sh(dir, 'git update-index --assume-unchanged file; echo hid >file');
	await refused(c, two, true, 409, 'INVALID_STATE',
		new RegExp(`^${name}: .*not to look`));
	sh(dir, 'git update-index --no-assume-unchanged file; git checkout -q file');
	const lock = path.join(sh(dir, 'git rev-parse --absolute-git-dir'),
		'index.lock');
	fs.writeFileSync(lock, '');
	const held = await refused(c, two, false, 409, 'WORKSPACE_BUSY',
		/index.lock is there/);
	assert.ok(held.details.reset.repos.every((r) => !r.yields));
	fs.rmSync(lock);
	const child = spawn('/bin/sh', ['-c', 'echo in; exec sleep 600'],
		{ cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
	await new Promise((resolve) => child.stdout.once('data', resolve));
	try {
		const runs = await refused(c, two, false, 409, 'WORKSPACE_BUSY',
			new RegExp(`^${name}: a process runs in it`));
		assert.deepEqual(runs.details.reset.repos.map((r) => r.yields),
			[false, true]);
		assert.equal((await reset(c, two, true)).status, 200);
	} finally {
		const gone = new Promise((resolve) => child.once('exit', resolve));
		child.kill('SIGKILL');
		await gone;
	}
	await refused(c, two, true, 409, 'INVALID_STATE', /^turn_id: .*dropped/);
	// The agent of another conversation, and a commit that nobody has any more.
	const more = await a.call('POST', '/api/conversations', { workspace_id:
		c.w.id, agent: 'CLAUDE_CODE', profile: 'login' });
	const e = { ...more, w: c.w, at: (tail) =>
		`/api/conversations/${more.id}${tail}` };
	const gate = a.gate(), work = await a.begin(e, `wait ${gate}\nsay e`);
	await refused(c, one, true, 409, 'WORKSPACE_BUSY', /another conversation/);
	Agents.open(gate);
	assert.equal((await a.over(work)).state, 'completed');
	const of = `run_id = '${one.run_id}' AND place = 1`;
	sql(`UPDATE run_repo SET before_head = '${'1'.repeat(40)}' WHERE ${of}`);
	await refused(c, one, true, 409, 'COMMIT_GONE',
		new RegExp(`^${name}: commit 1+.* is gone`));
	sql(`UPDATE run_repo SET before_head = NULL WHERE ${of}`);
	await refused(c, one, true, 409, 'INVALID_STATE',
		new RegExp(`^${name}: .*not known`));
	await a.call('DELETE', c.at(''));
	await refused(c, one, true, 409, 'INVALID_STATE', /closed/);
});

await test('one repository that cannot be moved takes the others back', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	const t = await did(c, `write ${x}/a 1\nwrite ${y}/b 1\nsay one`);
	sh(at(c, 1), 'git rm -q file; git commit -qm rm');
	const heads = [head(c, 0), head(c, 1)];
	fs.writeFileSync(path.join(at(c, 0), 'file'), 'mine\n');
	fs.chmodSync(at(c, 1), 0o555);
	const no = await reset(c, t, true);
	fs.chmodSync(at(c, 1), 0o755);
	assert.equal(no.status, 409, `${no.raw}`);
	assert.match(no.json.error, new RegExp(`^${y}: git: .*${x} can be restored`));
	assert.deepEqual([head(c, 0), head(c, 1)], heads);
	assert.deepEqual([status(c, 0), status(c, 1)], ['', '']);
	assert.deepEqual(await dropped(c), [false]);
	const [row] = await list(c);
	assert.deepEqual([row.state, row.cause, row.repos.map((r) => r.moved)],
		['failed', no.json.error, [false, false]]);
	await a.call('POST', '/api/worktrees/discards/restore',
		{ id: row.repos[0].discard_id });
	assert.equal(fs.readFileSync(path.join(at(c, 0), 'file'), 'utf8'), 'mine\n');
	assert.equal((await reset(c, t, true)).status, 200);
});

// The first waits for a lock between the look at all and the move of the second.
// Two repositories: the first is on its way, and git stands before its branch.
async function onItsWay() {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	const t = await did(c, `write ${x}/a 1\nwrite ${y}/file 1\nsay one`);
	c.heads = [head(c, 0), head(c, 1)];
	c.lock = path.join(sh(at(c, 0), 'git rev-parse --path-format=absolute ' +
		'--git-common-dir'), `refs/heads/${c.w.branch}.lock`);
	sh(at(c, 0), 'git config core.filesRefLockTimeout 60000');
	fs.writeFileSync(c.lock, '');
	c.asked = reset(c, t);
	await waitFor('the first is on its way', () =>
		!fs.existsSync(path.join(at(c, 0), 'a')));
	return { c, t, y, mine: path.join(at(c, 1), 'file') };
}

await test('what is written after the look stays where it is', async () => {
	const { c, t, y, mine } = await onItsWay();
	fs.writeFileSync(mine, 'mine\n');
	fs.rmSync(c.lock);
	const no = await c.asked;
	assert.equal(fs.readFileSync(mine, 'utf8'), 'mine\n', `${no.raw}`);
	assert.equal(no.status, 409, `${no.raw}`);
	assert.match(no.json.error, new RegExp(`^${y}: git: .*; ${y}: .*left as it`));
	assert.deepEqual([head(c, 0), head(c, 1)], c.heads);
	const [row] = await list(c);
	assert.deepEqual([row.state, row.cause], ['failed', no.json.error]);
	assert.deepEqual(row.repos.map((r) => [r.moved, r.discard_id]),
		[[false, null], [false, null]]);
	sh(at(c, 1), 'git checkout -q file');
	assert.equal((await reset(c, t)).status, 200);
});

await test('what is to go back does so when git is let (G20)', async () => {
	const { c, mine } = await onItsWay();
	const index = path.join(sh(at(c, 0), 'git rev-parse --absolute-git-dir'),
		'index.lock');
	await waitFor('its index is written', () => !fs.existsSync(index));
	fs.writeFileSync(index, '', { flag: 'wx' });
	fs.writeFileSync(mine, 'mine\n');
	fs.rmSync(c.lock);
	const no = await c.asked;
	assert.equal(no.status, 409, `${no.raw}`);
	assert.match(no.json.error, /index\.lock is there/);
	assert.deepEqual((await list(c)).map((r) => [r.state, r.ended_at]),
		[['returning', null]]);
	fs.rmSync(index);
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	const [row] = await list(c);
	assert.equal(row.state, 'failed');
	assert.ok(!row.cause.includes('it stays at'), row.cause);
	assert.deepEqual([head(c, 0), head(c, 1)], c.heads);
	assert.deepEqual(row.repos.map((r) => r.moved), [false, false]);
	assert.equal(fs.readFileSync(mine, 'utf8'), 'mine\n');
});

const gits = (c, tail, i = 0) => path.resolve(at(c, i),
	sh(at(c, i), `git rev-parse --git-path ${tail}`));

await test('G19 what is written while a way back waits stays where it is', async () => {
	const { c, mine } = await onItsWay();
	const index = gits(c, 'index.lock'), a0 = path.join(at(c), 'a');
	await waitFor('its index is written', () => !fs.existsSync(index));
	fs.writeFileSync(index, '', { flag: 'wx' });
	fs.writeFileSync(mine, 'mine\n');
	fs.rmSync(c.lock);
	assert.match((await c.asked).json.error, /index\.lock is there/);
	const there = head(c);
	assert.notEqual(there, c.heads[0]);
	// No daemon has ended: whose this is can be told.
	fs.writeFileSync(a0, 'mine\n');
	fs.rmSync(index);
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	const [row] = await list(c);
	assert.equal(fs.readFileSync(a0, 'utf8'), 'mine\n', row.cause);
	assert.equal(row.state, 'failed');
	assert.match(row.cause, new RegExp(`it stays at ${there}: git: `));
	assert.deepEqual([head(c, 0), head(c, 1)], [there, c.heads[1]]);
	assert.deepEqual(row.repos.map((r) => r.discard_id), [null, null]);
});

// git takes these when it has written files and index.
for (const lock of ['HEAD', 'branch'])
	await test(`G19 a lock of its ${lock} leaves no reset half done`, async () => {
		const c = await a.fresh(), start = head(c);
		const t = await did(c, 'write a 1\nsay one'), last = head(c);
		const file = gits(c, lock === 'HEAD' ? 'HEAD.lock' :
			`refs/heads/${c.w.branch}.lock`);
		const named = new RegExp(`${file} is there: .*delete that file`);
		fs.writeFileSync(file, '');
		const no = await reset(c, t);
		assert.deepEqual([no.status, no.json.code], [409, 'WORKSPACE_BUSY'],
			`${no.raw}`);
		assert.match(no.json.error, named);
		assert.deepEqual([head(c), status(c)], [last, '']);
		const [row] = await list(c);
		assert.deepEqual([row.state, row.repos[0].moved], ['failed', false]);
		// What git wrote nobody can tell from somebody's: it is kept, and told.
		assert.ok(row.cause.includes(`restored (${row.repos[0].discard_id})`),
			row.cause);
		assert.ok(fs.existsSync(file));
		fs.rmSync(file);
		assert.equal((await reset(c, t)).status, 200);
		assert.deepEqual([head(c), status(c)], [start, '']);
		// The way back ends when git is let.
		fs.writeFileSync(file, '');
		const back = await a.request('POST', c.at('/reset/undo'));
		assert.deepEqual([back.status, back.json.code], [409, 'WORKSPACE_BUSY'],
			`${back.raw}`);
		assert.match(back.json.error, named);
		assert.ok(fs.existsSync(file));
		fs.rmSync(file);
		await waitFor('its end', async () =>
			(await list(c))[0].ended_at !== null);
		assert.equal((await list(c))[0].state, 'undone');
		assert.deepEqual([head(c), status(c)], [last, '']);
	});

await test('G19 what git cannot write leaves no reset half done', async () => {
	const c = await a.fresh(), d = path.join(at(c), 'd');
	sh(at(c), 'mkdir d; echo d >d/f; git add d; git commit -qm d');
	const t = await did(c, 'write a 1\nsay one');
	sh(at(c), 'git rm -q d/f; mkdir d e; echo e >e/f; git add e; git commit -qm e');
	const last = head(c);
	fs.chmodSync(d, 0o555);
	const no = await reset(c, t);
	fs.chmodSync(d, 0o755);
	assert.deepEqual([no.status, no.json.code], [409, 'INVALID_STATE'],
		`${no.raw}`);
	assert.deepEqual([head(c), status(c)], [last, ''], `${no.raw}`);
	assert.equal((await reset(c, t)).status, 200);
	// And none that is taken back.
	const start = head(c), e = path.join(at(c), 'e');
	fs.mkdirSync(e, { mode: 0o555 });
	const back = await a.request('POST', c.at('/reset/undo'));
	fs.chmodSync(e, 0o755);
	assert.equal(back.status, 409, `${back.raw}`);
	assert.match(back.json.error, new RegExp(`it stays at ${start}: git: `));
	assert.deepEqual([head(c), status(c)], [start, ''], `${back.raw}`);
	const [row] = await list(c);
	assert.equal(row.state, 'failed');
	assert.ok(row.cause.includes(`restored (${row.repos[0].discard_id})`),
		row.cause);
});

await test('a reset is taken back while nothing has come since', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	const undo = () => a.request('POST', c.at('/reset/undo'));
	const no = async (status, code, what) => {
		const r = await undo();
		assert.deepEqual([r.status, r.json.code], [status, code], `${r.raw}`);
		assert.match(r.json.error, what);
	};
	await no(404, 'NOT_FOUND', /was not reset/);
	const t = await did(c, `write ${x}/a 1\nwrite ${y}/a 1\nsay one`);
	await did(c, `write ${x}/a 2\nsay two`);
	const was = [head(c, 0), head(c, 1)];
	const done = await reset(c, t);
	assert.equal(done.status, 200, `${done.raw}`);
	fs.writeFileSync(path.join(at(c, 1), 'file'), 'mine\n');
	await no(409, 'HAS_UNCOMMITTED_CHANGES', new RegExp(`^${y}: `));
	sh(at(c, 1), 'git commit -qam moved');
	await no(409, 'HEAD_MOVED', new RegExp(`^${y}: `));
	assert.equal((await list(c))[0].state, 'done');
	sh(at(c, 1), 'git reset -q --hard HEAD^');
	const back = await undo();
	assert.equal(back.status, 200, `${back.raw}`);
	assert.deepEqual([back.json.id, back.json.state], [done.json.id, 'undone']);
	assert.deepEqual([head(c, 0), head(c, 1)], was);
	assert.deepEqual([status(c, 0), status(c, 1)], ['', '']);
	assert.deepEqual(await dropped(c), [false, false]);
	await no(404, 'NOT_FOUND', /was not reset/);
	assert.equal((await reset(c, t)).status, 200);
	const gate = a.gate(), next = await a.begin(c, `wait ${gate}\nsay next`);
	await no(409, 'INVALID_STATE', /gone on/);
	Agents.open(gate);
	await a.over(next);
	await a.model([c]);
});

await test('a repository that did not move spares no other the look', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	const t = await did(c, `write ${x}/a 1\nwrite ${y}/a 1\nsay one`);
	const was = head(c);
	const { json } = await reset(c, t);
	// Somebody had taken it there already as it was gone on with.
	sql(`UPDATE reset_repo SET moved = 0 WHERE reset_id = '${json.id}'
		AND place = 1`);
	sh(at(c), 'git commit -q --allow-empty -m since');
	const undo = () => a.request('POST', c.at('/reset/undo')), since = head(c);
	const no = await undo();
	assert.deepEqual([no.status, no.json.code], [409, 'HEAD_MOVED'], `${no.raw}`);
	assert.equal((await list(c))[0].state, 'done');
	assert.equal(head(c), since);
	sh(at(c), 'git reset -q --hard HEAD^');
	const back = await undo();
	assert.deepEqual([back.status, back.json.state], [200, 'undone'], `${back.raw}`);
	assert.deepEqual([head(c), head(c, 1)], [was, json.repos[1].to_head]);
});

// Taken back, and cut off where git has written that much of its files: the
// branch moves last.
async function cutOff(c, t, files) {
	const start = head(c);
	assert.equal((await reset(c, t)).status, 200);
	const base = head(c);
	sql(`CREATE TRIGGER broken BEFORE UPDATE ON reset_repo WHEN NEW.moved = 0
		BEGIN SELECT RAISE(ABORT, 'broken'); END`);
	assert.ok((await a.request('POST', c.at('/reset/undo'))).status >= 500);
	sh(at(c), `git reset -q --hard ${base}; ${files}`);
	sql('DROP TRIGGER broken');
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	const [row] = await list(c);
	assert.deepEqual([row.state, row.repos[0].moved], ['undone', false],
		row.cause);
	assert.equal(head(c), start);
	assert.deepEqual(await dropped(c), [false]);
	return row;
}

await test('a way back that was cut off as git wrote files is gone on with', async () => {
	const c = await a.fresh(), t = await did(c, 'write a whole\nsay one');
	const row = await cutOff(c, t, "printf 'wh' >a");
	assert.equal(status(c), '');
	// Whose it was nobody can tell: it is kept, and told.
	assert.match(row.cause, /what was in the way can be restored \(/);
	assert.ok(row.cause.includes(row.repos[0].discard_id));
	const half = sh(at(c), 'printf wh | git hash-object --stdin');
	assert.ok(sh(at(c), 'git rev-list --objects --all').includes(half));
});

await test('what is not in the way of a way back that was cut off stays', async () => {
	const c = await a.fresh(), t = await did(c, 'write a whole\nsay one');
	const row = await cutOff(c, t, 'echo mine >mine');
	assert.deepEqual([row.cause, row.repos[0].discard_id], [null, null]);
	assert.equal(status(c), '?? mine');
});

await test('a way back that had not begun is refused after a crash, too', async () => {
	const c = await a.fresh(), t = await did(c, 'write a 1\nsay one');
	const { json } = await reset(c, t);
	sh(at(c), 'git commit -q --allow-empty -m since');
	const since = head(c);
	sql(`UPDATE reset SET state = 'returning', ended_at = NULL
		WHERE id = '${json.id}'`);
	await a.rdv.again();
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	assert.deepEqual((await list(c)).map((r) => [r.state, r.cause]),
		[['done', null]]);
	assert.equal(head(c), since);
	sh(at(c), `git reset -q --hard ${json.repos[0].to_head}`);
	assert.equal((await a.request('POST', c.at('/reset/undo'))).status, 200);
});

await test('nor is work half-written that came before it did', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	const t = await did(c, `write ${x}/a 1\nwrite ${y}/a 1\nsay one`);
	const { json } = await reset(c, t);
	fs.writeFileSync(path.join(at(c), 'a'), 'mine\n');
	sh(at(c, 1), 'git commit -q --allow-empty -m since');
	const was = [head(c), head(c, 1)];
	sql(`UPDATE reset SET state = 'returning', ended_at = NULL
		WHERE id = '${json.id}'`);
	await a.rdv.again();
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	const [row] = await list(c);
	assert.deepEqual([row.state, row.repos.map((r) => r.moved)],
		['done', [true, true]], row.cause);
	assert.deepEqual([head(c), head(c, 1)], was);
	assert.equal(status(c), '?? a');
	assert.equal(fs.readFileSync(path.join(at(c), 'a'), 'utf8'), 'mine\n');
});

await test('what was found whole is not half written later (G19)', async () => {
	const c = await a.fresh(), t = await did(c, 'write a 1\nsay one');
	const { json } = await reset(c, t), mine = path.join(at(c), 'a');
	// Cut off before git wrote anything, and moved on before it is tried again.
	sh(at(c), 'git commit -q --allow-empty -m since');
	sql(`UPDATE reset_repo SET begun = 1 WHERE reset_id = '${json.id}';
		UPDATE reset SET state = 'returning', ended_at = NULL
		WHERE id = '${json.id}'`);
	await a.rdv.again();
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	assert.equal((await list(c))[0].state, 'done');
	sh(at(c), `git reset -q --hard ${json.repos[0].to_head}`);
	fs.writeFileSync(mine, 'mine\n');
	const undo = () => a.request('POST', c.at('/reset/undo')), no = await undo();
	assert.deepEqual([no.status, no.json.code],
		[409, 'HAS_UNCOMMITTED_CHANGES'], `${no.raw}`);
	assert.equal(fs.readFileSync(mine, 'utf8'), 'mine\n');
	fs.rmSync(mine);
	assert.equal((await undo()).status, 200);
	assert.deepEqual([head(c), status(c)], [json.repos[0].from_head, '']);
});

for (const told of [0, 1])
	await test('a way back that is half done is not refused for another\'s ' +
		`sake (G20), ${told}`, async () => {
		const c = await a.conversation([await a.repository(),
			await a.repository()]);
		const [x, y] = c.w.repos.map((r) => r.name);
		const t = await did(c, `write ${x}/a 1\nwrite ${y}/a 1\nsay one`);
		const { json } = await reset(c, t);
		// The first was put off, by a git that has committed since, and the
		// second is cut off as git writes its files.
		sh(at(c), 'git commit -q --allow-empty -m since');
		const since = head(c);
		fs.writeFileSync(path.join(at(c, 1), 'a'), 'half');
		sql(`UPDATE reset_repo SET begun = place OR ${told}
			WHERE reset_id = '${json.id}';
			UPDATE reset SET state = 'returning', ended_at = NULL
			WHERE id = '${json.id}'`);
		await a.rdv.again();
		await waitFor('its end', async () =>
			(await list(c))[0].ended_at !== null);
		const [row] = await list(c);
		assert.deepEqual([row.state, row.repos.map((r) => r.moved)],
			['failed', [true, false]], row.cause);
		assert.deepEqual([head(c), head(c, 1), status(c, 1)],
			[since, json.repos[1].from_head, '']);
		assert.match(row.cause, new RegExp(`^${x}: it stays at .*; ${y}: ` +
			`what was in the way .*${row.repos[1].discard_id}`));
	});

// Behind the first of its two repositories nothing is written until `mend`.
async function halfWay(c, ask, mend) {
	sql(`CREATE TRIGGER broken BEFORE UPDATE ON reset_repo
		WHEN NEW.place = 1 AND NEW.begun = 1
		BEGIN SELECT RAISE(ABORT, 'broken'); END`);
	assert.ok((await ask()).status >= 500);
	mend();
	sql('DROP TRIGGER broken');
	await waitFor('its end', async () => (await list(c))[0].ended_at !== null);
	return (await list(c))[0];
}

await test('a repository that git was not told of keeps what is somebody\'s', async () => {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	const t = await did(c, `write ${x}/a 1\nwrite ${y}/a 1\nsay one`);
	const was = [head(c), head(c, 1)];
	const mine = () => fs.writeFileSync(path.join(at(c, 1), 'a'), 'mine\n');
	const row = await halfWay(c, () => reset(c, t), mine);
	assert.equal(row.state, 'failed', row.cause);
	assert.deepEqual(row.repos.map((r) => [r.moved, r.discard_id]),
		[[false, null], [false, null]]);
	assert.deepEqual([head(c), head(c, 1)], was);
	assert.equal(status(c, 1), 'M a');
	sh(at(c, 1), 'git checkout -q a');
	assert.equal((await reset(c, t)).status, 200);
	// And once one has gone back nothing is left to be judged.
	const gone = await halfWay(c, () => a.request('POST', c.at('/reset/undo')),
		() => sh(at(c, 1), 'git commit -q --allow-empty -m since'));
	assert.equal(gone.state, 'failed', gone.cause);
	assert.deepEqual(gone.repos.map((r) => r.moved), [false, true]);
	assert.equal(head(c), was[0]);
	assert.match(gone.cause, new RegExp(`^${y}: it stays at `));
});

await test('scripts and dev servers end first, and none begins beside', async () => {
	const c = await a.fresh({ dev_server_script: 'exec sleep 1000' });
	const t = await did(c, 'write a 1\nsay one'), first = head(c);
	const on = (tail) => `/api/workspaces/${c.w.id}${tail}`;
	const begin = () => a.request('POST', on('/runs'),
		{ command: ['/bin/sleep', '1000'] });
	const run = await begin(), [server] = (await a.call('POST',
		on('/dev-servers'), {})).items;
	assert.equal(run.status, 201, `${run.raw}`);
	const lock = path.join(sh(at(c), 'git rev-parse --path-format=absolute ' +
		'--git-common-dir'), `refs/heads/${c.w.branch}.lock`);
	sh(at(c), 'git config core.filesRefLockTimeout 60000');
	fs.writeFileSync(lock, '');
	const asked = reset(c, t);
	await waitFor('it is on its way', () => !fs.existsSync(path.join(at(c), 'a')));
	const no = await begin();
	fs.rmSync(lock);
	assert.equal((await asked).status, 200, `${(await asked).raw}`);
	assert.deepEqual([no.status, no.json.code], [409, 'INVALID_STATE']);
	assert.match(no.json.error, /being reset/);
	for (const { id } of [run.json, server]) {
		const row = await a.call('GET', `/api/runs/${id}`);
		assert.deepEqual([row.state, row.cause],
			['killed', 'its conversation was reset']);
	}
	// Of what runs there and is not rdv's, somebody has to know.
	const undo = () => a.request('POST', c.at('/reset/undo'));
	const child = spawn('/bin/sh', ['-c', 'echo in; exec sleep 600'],
		{ cwd: at(c), stdio: ['ignore', 'pipe', 'ignore'] });
	const gone = new Promise((resolve) => child.once('exit', resolve));
	await new Promise((resolve) => child.stdout.once('data', resolve));
	const busy = await undo();
	child.kill('SIGKILL');
	await gone;
	assert.deepEqual([busy.status, busy.json.code], [409, 'WORKSPACE_BUSY']);
	assert.equal((await undo()).status, 200);
	assert.equal(head(c), first);
});

await test('what the database did not take is gone on with', async () => {
	const c = await a.fresh(), start = head(c);
	const t = await did(c, 'write a 1\nsay one'), from = head(c);
	const broken = async (state, ask) => {
		sql(`CREATE TRIGGER broken BEFORE UPDATE ON reset WHEN NEW.state =
			'${state}' BEGIN SELECT RAISE(ABORT, 'broken'); END`);
		const no = await ask();
		sql('DROP TRIGGER broken');
		assert.ok(no.status >= 500, `${no.raw}`);
	};
	const ended = (state) => waitFor(state, async () =>
		(await list(c))[0].state === state, 30000);
	await broken('moving', () => reset(c, t));
	assert.equal((await list(c))[0].state, 'stopping');
	await ended('done');
	assert.equal(head(c), start);
	const undo = () => a.request('POST', c.at('/reset/undo'));
	// Of one that has not begun nothing is left to go on with.
	await broken('returning', undo);
	await broken('undone', undo);
	await ended('undone');
	assert.equal(head(c), from);
});

await test('many at once: one is done, no turn begins beside it', async () => {
	const c = await a.fresh(), start = head(c);
	const t = await did(c, 'write a 1\nsay one');
	const all = await Promise.all([...Array.from({ length: 8 }, () =>
		reset(c, t, true)), a.ask(c, 'say beside'), a.request('POST',
		`/api/workspaces/${c.w.id}/archive`, { remove: true })]);
	assert.equal(all.slice(0, 8).filter((r) => r.status === 200).length, 1);
	for (const r of all)
		assert.ok([200, 201, 409].includes(r.status), `${r.raw}`);
	assert.equal((await list(c)).filter((r) => r.state === 'done').length, 1);
	for (const r of await a.turns(c))
		await a.over(r);
	if (all[9].status !== 200)
		assert.equal(head(c), start);
	await a.model([c]);
});

await test('rdv reset: a turn or its run, by as much of its id as is needed', async () => {
	const c = await a.fresh(), start = head(c);
	const rdv = (...args) => spawnSync(bin('rdv'), args, { encoding: 'utf8',
		env: { PATH: '/usr/bin:/bin', HOME: a.rdv.home,
			RDV_HOME: a.rdv.base } });
	const one = await did(c, 'write a 1\nsay one');
	const two = await did(c, 'write a 2\nsay two');
	fs.writeFileSync(path.join(at(c), 'a'), 'mine\n');
	const no = rdv('reset', two.run_id);
	assert.equal(no.status, 1, no.stderr);
	assert.match(no.stderr, /1 file is not committed/);
	const done = rdv('reset', two.run_id, '--force');
	assert.equal(done.status, 0, done.stderr);
	assert.match(done.stderr, /rdv worktree undiscard [0-9a-f-]{36}/);
	assert.equal(rdv('reset', one.id).status, 0);
	assert.equal(head(c), start);
	assert.equal(rdv('unreset', c.id).status, 0);
	assert.notEqual(head(c), start);
	assert.match(rdv('reset', 'ffff').stderr, /no turn/);
});

await a.stop();
