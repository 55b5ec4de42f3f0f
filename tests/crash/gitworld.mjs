// Two repositories with a remote, and what was ever put into them: an account
// of its own of every commit and of the bytes of every file, to be found again
// by the git CLI, whatever was killed meanwhile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { below } from '../harness/rdv.mjs';

// What ends and what waits for somebody; all else is on its way.
const REST = {
	worktree: ['ready', 'trashed', 'removed', 'failed'],
	workspace: ['ready', 'deleted', 'failed'],
	change: ['conflict', 'done', 'failed', 'aborted'],
	discard: ['kept', 'restored', 'failed'],
	transfer: ['done', 'failed', 'cancelled'],
};
const IN_PROGRESS = ['rebase-merge', 'rebase-apply', 'MERGE_HEAD',
	'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'sequencer'];

const blobOf = (bytes) => crypto.createHash('sha1')
	.update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export class World {
	constructor(rdv, home) {
		Object.assign(this, { rdv, home, repos: [], n: 0 });
		this.env = { PATH: '/usr/bin:/bin', HOME: rdv.home,
			GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1',
			GIT_OPTIONAL_LOCKS: '0' };
		this.db = path.join(rdv.base, 'server/rdv.db');
		this.made = path.join(fs.realpathSync(rdv.base), 'worktrees');
	}

	static async make(rdv, name) {
		const world = new World(rdv, path.join(fs.realpathSync(rdv.home), name));
		fs.mkdirSync(world.home);
		for (const n of ['one', 'two'])
			await world.repository(n);
		return world;
	}

	git(dir, ...args) {
		return execFileSync('git', ['-C', dir, ...args], { encoding: 'utf8',
			env: this.env, maxBuffer: 1 << 28,
			stdio: ['ignore', 'pipe', 'pipe'] });
	}

	async repository(name) {
		const dir = path.join(this.home, name);
		const repo = { dir, up: `${dir}.git`, blobs: new Map(),
			commits: new Set() };
		this.git(this.home, 'init', '-q', '-b', 'main', dir);
		for (const [k, v] of [['user.name', 'ann'], ['gc.auto', '0'],
			['user.email', 'ann@example.org']])
			this.git(dir, 'config', k, v);
		for (let i = 0; i < 20; i++)
			this.write(repo, dir, `d${i % 4}/f${i}`);
		this.write(repo, dir, 'clash');
		this.commit(repo, dir);
		this.git(this.home, 'clone', '-q', '--bare', dir, repo.up);
		this.git(dir, 'remote', 'add', 'origin', repo.up);
		this.git(dir, 'fetch', '-q');
		repo.id = (await this.rdv.call('POST', '/api/repos',
			{ path: dir })).id;
		this.repos.push(repo);
	}

	// Bytes that are nowhere else, so that they can be asked for by themselves.
	write(repo, tree, name) {
		const text = `${this.home} ${++this.n}\n`, at = path.join(tree, name);
		fs.mkdirSync(path.dirname(at), { recursive: true });
		this.forget(repo, tree, name);
		fs.writeFileSync(at, text);
		repo.blobs.set(blobOf(Buffer.from(text)), `${name}: ${text}`);
	}

	// What was never committed and is written over here is nobody's to keep.
	forget(repo, tree, name) {
		const at = path.join(tree, name);
		const was = fs.existsSync(at) && blobOf(fs.readFileSync(at));
		if (was && !this.git(tree, 'ls-tree', 'HEAD', name).includes(was))
			repo.blobs.delete(was);
	}

	commit(repo, tree) {
		this.git(tree, 'add', '-A');
		this.git(tree, 'commit', '-qm', `c${this.n}`);
		repo.commits.add(this.git(tree, 'rev-parse', 'HEAD').trim());
	}

	// Of a repository, its own first: what git says of each.
	trees(repo) {
		return this.git(repo.dir, 'worktree', 'list', '--porcelain')
			.split('\n\n').filter(Boolean).map((text) => ({ repo, text,
				dir: /^worktree (.*)$/m.exec(text)[1],
				branch: /^branch refs\/heads\/(.*)$/m.exec(text)?.[1],
				gone: /^prunable/m.test(text) }));
	}

	branches(repo) {
		return this.git(repo.dir, 'for-each-ref', '--format=%(refname:short)',
			'refs/heads').trim().split('\n');
	}

	rows(sql) {
		// While the next rdvd opens it nobody else may read.
		return execFileSync('sqlite3', ['-readonly', '-json', '-cmd',
			'.timeout 10000', this.db, sql], { encoding: 'utf8' }).trim() ||
			'[]';
	}

	// Everything that is no more on its way, or the assertion that failed.
	check() {
		this.rowsAtRest();
		for (const repo of this.repos) {
			this.soundRepo(repo);
			this.nothingLost(repo);
		}
		this.noHalves();
	}

	rowsAtRest() {
		for (const [table, rest] of Object.entries(REST)) {
			const list = JSON.parse(this.rows(`SELECT * FROM ${table} WHERE
				state NOT IN ('${rest.join("', '")}')`));
			assert.deepEqual(list, [], `rows of ${table} on their way`);
		}
		const nameless = ['worktree', 'workspace', 'discard', 'change',
			'transfer'].flatMap((t) => JSON.parse(this.rows(
			`SELECT id FROM ${t} WHERE state = 'failed' AND cause IS NULL`)));
		assert.deepEqual(nameless, [], 'failed, and nobody says why');
	}

	soundRepo(repo) {
		for (const dir of [repo.dir, repo.up])
			this.git(dir, 'fsck', '--strict', '--no-dangling', '--no-progress');
		const dot = path.join(repo.dir, '.git');
		const names = [...below(dot), ...below(repo.up)];
		assert.deepEqual(names.filter((n) => n.endsWith('.lock')), [], 'locks');
		const open = JSON.parse(this.rows(
			"SELECT path FROM change WHERE state = 'conflict'"))
			.map((r) => r.path);
		for (const t of this.trees(repo)) {
			assert.ok(!t.gone && fs.existsSync(t.dir), `half there: ${t.text}`);
			const at = this.git(t.dir, 'rev-parse', '--absolute-git-dir').trim();
			const busy = IN_PROGRESS.filter((n) =>
				fs.existsSync(path.join(at, n)));
			assert.ok(busy.length === 0 || open.includes(t.dir),
				`${busy} in ${t.dir}, of which no row knows`);
			this.git(t.dir, 'status', '--porcelain');
		}
	}

	// By names and indexes of git alone, or as a file of a tree or of a trash.
	nothingLost(repo) {
		// The stash is git's, which keeps all but its last entry as a log.
		const stashed = this.git(repo.dir, 'stash', 'list', '--format=%H')
			.split('\n').filter(Boolean);
		const objects = new Set(this.git(repo.dir, 'rev-list', '--objects',
			'--all', '--indexed-objects', ...stashed).split('\n')
			.map((l) => l.slice(0, 40)));
		const logged = () => new Set(this.git(repo.dir, 'rev-list', '--all',
			'--reflog').split('\n'));
		const commits = [...repo.commits].filter((c) => !objects.has(c));
		const inLog = commits.length > 0 && logged();
		for (const c of commits)
			assert.ok(inLog.has(c), `commit ${c} ${
				this.git(repo.dir, 'log', '-1', '--format=%s', c)}`);
		const missing = [...repo.blobs.keys()].filter((b) => !objects.has(b));
		const files = missing.length > 0 ? this.filesOf(repo) : new Set();
		for (const b of missing)
			assert.ok(files.has(b), `lost: ${repo.blobs.get(b)}`);
	}

	filesOf(repo) {
		const trash = JSON.parse(this.rows('SELECT trash_path FROM worktree ' +
			"WHERE state = 'trashed'")).map((r) => r.trash_path);
		const dirs = [...this.trees(repo).map((t) => t.dir), ...trash]
			.filter((d) => d && fs.existsSync(d));
		return new Set(dirs.flatMap((dir) => below(dir)
			.filter((f) => !/^\.git(\/|$)/.test(f))
			.map((f) => path.join(dir, f))
			.filter((f) => fs.lstatSync(f).isFile())
			.map((f) => blobOf(fs.readFileSync(f)))));
	}

	// What lies where rdv makes worktrees is one, or holds one.
	noHalves() {
		if (!fs.existsSync(this.made))
			return;
		const known = JSON.parse(this.rows('SELECT path FROM worktree WHERE ' +
			"state = 'ready'")).map((r) => r.path);
		const dirs = JSON.parse(this.rows('SELECT directory FROM workspace ' +
			"WHERE state = 'ready'")).map((r) => r.directory);
		const look = (dir) => {
			for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
				const at = path.join(dir, e.name);
				if (known.includes(at))
					continue;
				const inside = known.some((k) => k.startsWith(`${at}/`));
				assert.ok(inside || dirs.includes(at) ||
					e.name.startsWith('.'), `nobody's: ${at}`);
				if (e.isDirectory() && inside)
					look(at);
			}
		};
		look(this.made);
	}
}
