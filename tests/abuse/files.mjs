// F04-F07: paths that a client names. Where a session starts, where a worktree
// is made and which repository is meant; and what a confined program can reach
// from there. F01-F03 are tests/unit/lib/test_pathopen.c, where the racer is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, below, test, waitFor } from '../harness/rdv.mjs';
import { refused, run } from './lib.mjs';

// The root that repositories must lie under, and a sibling of its name.
const top = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'rdv-f-'));
const home = path.join(top, 'home'), outside = path.join(top, 'home-sibling');
const rdv = await Rdv.start({ config:
	`[worktrees]\nrepo_roots = ["${home}"]\n` });
const repo = path.join(home, 'repo');
const git = (dir, ...args) => execFileSync('git', ['-C', dir, '-c',
	'user.name=t', '-c', 'user.email=t@example.org', ...args],
{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const newRepo = (dir) => {
	fs.mkdirSync(dir, { recursive: true });
	git(dir, 'init', '-q', '-b', 'main');
	git(dir, 'commit', '-q', '--allow-empty', '-m', 'one');
};
newRepo(repo);
newRepo(outside);
fs.symlinkSync(outside, path.join(home, 'out'));

const start = (project_path, more = {}) => rdv.request('POST', '/api/sessions',
	{ body: { name: 'x', command: ['/bin/pwd', '-P'], project_path, ...more } });
let count = 0;
const make = (worktree_path, repo_path = repo) => rdv.request('POST',
	'/api/worktrees', { body: { repo_path, worktree_path, create_branch: true,
		branch: `w${count++}` } });
const list = (p) => rdv.request('GET', '/api/worktrees?repo_path=' +
	encodeURIComponent(p));
const status = (p) => rdv.request('GET', '/api/worktrees/status?' +
	`worktree_path=${encodeURIComponent(p)}`);
const remove = (p) => rdv.request('DELETE', '/api/worktrees',
	{ body: { worktree_path: p, force: true } });
const tree = () => below(outside).filter((n) => !n.startsWith('.git'))
	.concat(git(outside, 'branch', '--list')).join();

const long = `${home}${'/x'.repeat(2100)}`;
const paths = ['', '.', '..', 'repo', './repo', '~', '~/repo', '-rf', long,
	`${home}/../home-sibling`, `${home}/out/../repo/..`, '/../..'];

await test('F04 relative, dotted, empty and endless paths', async () => {
	const was = tree();
	for (const p of paths) {
		const what = p.slice(0, 80);
		if (p !== `${home}/out/../repo/..` && p !== '/../..' &&
		    p !== `${home}/../home-sibling`)
			refused(await start(p), `project_path ${what}`);
		refused(await make(p), `worktree_path ${what}`);
		refused(await make(path.join(home, `w${count}`), p),
			`repo_path ${what}`);
		for (const ask of [list, status, remove]) {
			const r = await ask(p);
			assert.ok(r.status >= 400 && r.status < 500 ||
				(ask === status && r.json?.exists === false),
			`${ask.name} ${what}: ${r.status} ${r.raw}`);
		}
	}
	assert.equal(tree(), was);
	assert.equal(fs.existsSync(path.join(repo, '.git')), true);
	const good = await make(path.join(home, 'wt'));
	assert.equal(good.status, 201, String(good.raw));
	assert.equal((await list(repo)).status, 200);
	assert.equal((await run(rdv, ['/bin/pwd', '-P'], { io: 'pipes',
		project_path: repo })).text, `${fs.realpathSync(repo)}\n`);
});

await test('F05 a sibling with a common prefix is outside', async () => {
	const was = tree();
	for (const p of [outside, path.join(home, 'out'),
		path.join(home, 'out', 'x')]) {
		refused(await list(p), `list ${p}`);
		refused(await make(path.join(p, 'x')), `worktree in ${p}`);
		refused(await make(path.join(home, 'y'), p), `of ${p}`);
		refused(await remove(p), `remove ${p}`);
	}
	assert.equal(tree(), was);
	// A confined program stays in its directory; not by a prefix of a name.
	const dir = path.join(home, 'test'), twin = path.join(home, 'testtest');
	fs.mkdirSync(dir);
	fs.mkdirSync(twin);
	const write = (profile) => run(rdv, ['/bin/sh', '-c',
		`echo in > ${dir}/x; echo out > ${twin}/x; echo out > ../testtest/y; ` +
		'ln -sfn ../testtest link; echo out > link/z; ls'],
	{ profile, project_path: dir });
	const confined = await write('script');
	assert.deepEqual(fs.readdirSync(twin), [], confined.text);
	assert.equal(fs.readFileSync(`${dir}/x`, 'utf8'), 'in\n', confined.text);
	await write('login');
	assert.deepEqual(fs.readdirSync(twin).sort(), ['x', 'y', 'z'], 'control');
});

await test('F06 names that look odd and are legal', async () => {
	for (const name of ['..config', '...', '-rf', ' ', 'a\nb', 'a\tb',
		'x'.repeat(255), '.git2', '%2e%2e', '*', 'ü', '\u202e', '"', "'",
		'\\', '$(x)', '--']) {
		const dir = path.join(home, 'odd', name);
		fs.mkdirSync(dir, { recursive: true });
		const r = await run(rdv, ['/bin/pwd', '-P'], { io: 'pipes',
			project_path: dir });
		assert.equal(r.text, `${fs.realpathSync(dir)}\n`);
		const place = path.join(home, 'trees', name);
		fs.mkdirSync(path.dirname(place), { recursive: true });
		const made = await make(place);
		// git itself writes a worktree's path as a line of a file.
		if (name.includes('\n') && made.status !== 201) {
			refused(made, JSON.stringify(name));
			continue;
		}
		assert.equal(made.status, 201, `${name}: ${made.raw}`);
		assert.equal(made.json.path, fs.realpathSync(place));
		assert.ok(fs.existsSync(path.join(place, '.git')));
		assert.ok((await list(repo)).json.some((w) => w.path ===
			made.json.path), name);
		assert.equal((await remove(place)).status, 200, name);
		assert.equal(fs.existsSync(place), false);
	}
	// A name no JSON can say: it is refused, and not a near one used.
	const raw = Buffer.from(`{"name":"x","project_path":"${home}/\xff"}`,
		'latin1');
	fs.mkdirSync(Buffer.from(`${home}/\xff`, 'latin1'));
	const r = await rdv.raw(Buffer.concat([Buffer.from('POST /api/sessions ' +
		'HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
		`Authorization: Bearer ${rdv.token}\r\nContent-Type: ` +
		`application/json\r\nContent-Length: ${raw.length}\r\n\r\n`), raw]));
	assert.match(r, /^HTTP\/1\.1 400 /);
});

await test('F07 magic links lead nowhere', async () => {
	const was = tree();
	const magic = ['/proc/self/cwd', '/proc/self/root', '/proc/self/fd/0',
		'/proc/self/fd/3', '/dev/fd/0', '/dev/stdin', '/proc/self/exe',
		`/proc/${process.pid}/root${repo}`, `/proc/${process.pid}/cwd`,
		'/proc/thread-self/cwd', ...['/etc', outside, repo].map((p) =>
			`/proc/self/root${p}`)];
	for (const [i, to] of magic.entries()) {
		const link = path.join(home, `magic${i}`);
		fs.symlinkSync(to, link);
		for (const p of [to, link]) {
			refused(await list(p), `list ${p} ${to}`);
			refused(await make(`${p}/x`), `make in ${p} ${to}`);
			refused(await make(path.join(home, 'z'), p), `of ${p} ${to}`);
			refused(await remove(p), `remove ${p} ${to}`);
			refused(await start(p, { profile: 'script' }),
				`confined in ${p} ${to}`);
		}
	}
	assert.equal(tree(), was);
	assert.equal(fs.existsSync(path.join(home, 'z')), false);
	// Links that are not magic are followed where nothing is confined.
	fs.symlinkSync(repo, path.join(home, 'plain'));
	assert.equal((await list(path.join(home, 'plain'))).status, 200);
	assert.equal((await start(path.join(home, 'plain'))).status, 201);
	assert.equal((await start(repo, { profile: 'script' })).status, 201);
	await waitFor('over', async () => (await rdv.call('GET', '/api/sessions'))
		.every((s) => s.run.state !== 'running'));
});

// What may stand where a worktree was, when it is to come back there.
const planted = {
	'a file': (p) => fs.writeFileSync(p, 'mine'),
	'a directory': (p) => fs.mkdirSync(p),
	'a full directory': (p) => { fs.mkdirSync(p);
		fs.writeFileSync(path.join(p, 'mine'), 'mine'); },
	'a FIFO': (p) => execFileSync('mkfifo', [p]),
	'a link to a directory': (p) => fs.symlinkSync(outside, p),
	'a link to nowhere': (p) => fs.symlinkSync(path.join(outside, 'none'), p),
	'a link to a file': (p) => fs.symlinkSync('/etc/passwd', p),
};

await test('F16 a worktree comes back to nothing that was planted', async () => {
	const was = tree(), place = path.join(home, 'goes');
	assert.equal((await make(place)).status, 201);
	fs.writeFileSync(path.join(place, 'work'), 'hers');
	const { json: { trash_id: id } } = await remove(place);
	assert.ok(id);
	const back = () => rdv.request('POST', '/api/worktrees/restore',
		{ body: { id } });
	// What is beside it may have names that are no text.
	const all = () => [fs.readdirSync(home, { encoding: 'latin1' }),
		fs.lstatSync(place).isDirectory() ? below(place) : []];
	for (const [what, put] of Object.entries(planted)) {
		put(place);
		const { ino } = fs.lstatSync(place), names = all();
		refused(await back(), what);
		assert.equal(fs.lstatSync(place).ino, ino, what);
		assert.deepEqual(all(), names, what);
		assert.equal(tree(), was, what);
		fs.rmSync(place, { recursive: true });
	}
	const r = await back();
	assert.equal(r.status, 200, String(r.raw));
	assert.equal(fs.readFileSync(path.join(place, 'work'), 'utf8'), 'hers');
});

await rdv.stop();
fs.rmSync(top, { recursive: true, force: true });
