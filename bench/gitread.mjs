// What a work tree holds, asked over the API and of the git CLI by turns: when
// nothing has happened since, and after each of two kinds of change.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const ROUNDS = 15;
const PER_DIR = 100;
// What rdvd's own looks ask; the CLI beside it is asked the same.
const ASK = ['status', '--porcelain=v2', '--branch', '-z',
	'--untracked-files=normal', '--ignored=traditional',
	'--ignore-submodules=none', '--no-renames'];

function git(dir, args, env = {}) {
	const r = spawnSync('git', ['-C', dir, '-c', 'gc.auto=0', '-c',
		'user.name=b', '-c', 'user.email=b@b', ...args], { encoding: 'utf8', maxBuffer: 1 << 28,
		env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } });
	if (r.status !== 0)
		throw new Error(`git ${args[0]}: ${r.stderr}`);
	return r.stdout;
}

function makeRepo(dir, files) {
	for (let i = 0; i < files; i += PER_DIR) {
		const sub = path.join(dir, `d${i % 1000}`, `e${i}`);
		fs.mkdirSync(sub, { recursive: true });
		for (let k = i; k < i + PER_DIR; k++)
			fs.writeFileSync(path.join(sub, `f${k}`), `${k}\n`);
	}
	git(dir, ['init', '-q', '-b', 'main']);
	git(dir, ['add', '.']);
	git(dir, ['commit', '-q', '-m', 'all']);
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

async function timed(list, fn) {
	const begin = performance.now();
	const value = await fn();
	list.push(performance.now() - begin);
	return value;
}

const questions = {
	status: { target: 'status', cli: (dir) => git(dir, ASK,
		{ GIT_OPTIONAL_LOCKS: '0' }),
	same: (s, out) => s.modified === (out.match(/\0?1 \.M/g) ?? []).length },
	// What the API tells takes both of these.
	diffstat: { target: 'diffstat', cli: (dir) => git(dir, ['diff', '--numstat',
		'-z', 'HEAD'], { GIT_OPTIONAL_LOCKS: '0' }) + git(dir, ['ls-files', '-o',
		'--exclude-standard', '-z']),
	same: (s, out) => s.total === out.split('\0').length - 1 },
};

// The same repository where git has what it can have: a cache of what it does
// not know, and a monitor that always knows at once which file has changed.
function makeFast(dir, files) {
	const hook = `${dir}-monitor`;
	makeRepo(dir, files);
	fs.writeFileSync(hook, "#!/bin/sh\nprintf 'rdv\\0d0/e0/f1\\0'\n",
		{ mode: 0o755 });
	git(dir, ['config', 'core.fsmonitor', hook]);
	git(dir, ['config', 'core.fsmonitorHookVersion', '2']);
	git(dir, ['config', 'core.untrackedCache', 'true']);
	git(dir, ['update-index', '--fsmonitor', '--untracked-cache']);
	// It writes down what it finds, when its index is older than no file.
	for (let i = 0; i < 3; i++)
		git(dir, ['status', '--porcelain=v2']);
}

// By turns, so that both have the same neighbours; git asked in `beside`.
async function compare(bench, name, rdv, dir, what, change, beside = dir) {
	const { target, cli, same } = questions[what];
	const api = [], other = [];
	let wrong = 0;
	for (let i = 0; i < ROUNDS; i++) {
		change(i);
		const s = await timed(api, () => bench.call(rdv, 'GET',
			`/api/worktrees/${target}?worktree_path=${encodeURIComponent(dir)}`));
		const out = await timed(other, () => cli(beside));
		// git 2.39 with a monitor tells now and then of each file that it
		// were empty; what rdv says is judged beside one without.
		if (!same(s, out) && beside === dir)
			throw new Error(`${name}: another answer than git's`);
		wrong += !same(s, out);
	}
	bench.say(`${what} ${name}`, { api_ms: median(api), cli_ms: median(other),
		of_cli: median(api) / median(other), cli_wrong: wrong });
}

// Of those below `dir`: processor time in ms, with that of the git commands
// they have run, and the largest resident size in KiB.
function workers(dir) {
	let ms = 0, kib = 0, n = 0;
	for (const pid of fs.readdirSync('/proc').filter((x) => /^\d+$/.test(x)))
		try {
			if (!fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')
				.startsWith(`rdv-git\0serve\0${dir}`))
				continue;
			const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
				.split(') ')[1].split(' ');
			ms += 10 * stat.slice(11, 15).reduce((sum, n) => sum + Number(n), 0);
			kib = Math.max(kib, Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(
				`/proc/${pid}/status`, 'utf8'))[1]));
			n++;
		} catch {
			// It has ended meanwhile.
		}
	return { ms, kib, n };
}

const IDLE_S = 20;

// Of one process, in ms.
function spent(pid) {
	const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]
		.split(' ');
	return 10 * (Number(stat[11]) + Number(stat[12]));
}

async function idle(bench, rdv, dir, what) {
	const before = workers(dir), own = spent(rdv.pid);
	// rdv has no event for "nothing happens".
	await new Promise((done) => setTimeout(done, IDLE_S * 1000));
	const after = workers(dir), percent = (ms) => ms / IDLE_S / 10;
	bench.say(what, { workers: after.n,
		idle_percent: percent(after.ms - before.ms),
		rdvd_percent: percent(spent(rdv.pid) - own),
		largest_kib: after.kib, of_limit: after.kib / 6144 });
}

// All worktrees of one repository, or each of a repository of its own.
function makeTrees(dir, trees, own) {
	const at = (i) => `${dir}-w${i}`;
	makeRepo(dir, 1000);
	for (let i = 0; i < trees; i++)
		if (own)
			git(dir, ['clone', '-q', '--no-hardlinks', dir, at(i)]);
		else
			git(dir, ['worktree', 'add', '-q', '--detach', at(i)]);
	return at;
}

async function watchedTrees(bench, own) {
	const trees = 50, of = own ? 'repositories' : 'trees of one';
	const dir = path.join(bench.scratch, own ? 'apart' : 'watched');
	const at = makeTrees(dir, trees, own);
	const rdv = await bench.rdvStart();
	for (let k = 0; k < 3; k++)
		for (let i = 0; i < trees; i++)
			await bench.call(rdv, 'GET', '/api/worktrees/status?worktree_path=' +
				encodeURIComponent(at(i)));
	await idle(bench, rdv, dir, `${trees} ${of} kept`);
	for (let k = 0; k < 2; k++)
		for (let i = 0; i < trees; i++)
			await bench.call(rdv, 'POST', '/api/worktrees/watch',
				{ worktree_path: at(i), seconds: 600 });
	// What was found while the first was being watched is looked at again.
	await new Promise((done) => setTimeout(done, IDLE_S * 1000));
	await idle(bench, rdv, dir, `${trees} ${of} followed`);
	await bench.stop(rdv.child);
}

// The limits are 0.5 % of a processor for all of them and 6 MiB for each.
export async function watched(bench) {
	await watchedTrees(bench, false);
	await watchedTrees(bench, true);
}

export async function statuses(bench) {
	for (const files of [1000, 20000, 100000]) {
		const dir = path.join(bench.scratch, `tree${files}`);
		const file = path.join('d0', 'e0', 'f1');
		const fast = `${dir}-fast`;
		makeRepo(dir, files);
		makeFast(fast, files);
		const write = (i) => [dir, fast].forEach((at) => fs.writeFileSync(
			path.join(at, file), `changed ${i}\n`));
		const rdv = await bench.rdvStart();
		// Until git's index is older than no file, and all is watched.
		await compare(bench, `${files}, first ones`, rdv, dir, 'status',
			() => {});
		for (const what of ['status', 'diffstat'])
			for (const [how, beside] of [['', dir],
				[', caches on', fast]]) {
				await compare(bench, `${files}, unchanged${how}`, rdv,
					dir, what, () => {}, beside);
				await compare(bench, `${files}, one changed${how}`, rdv,
					dir, what, write, beside);
				git(dir, ['checkout', '-q', '.']);
				// A checkout believes its index and not the monitor.
				fs.writeFileSync(path.join(fast, file), '1\n');
				git(fast, ['status', '--porcelain=v2']);
			}
		bench.say(`worker ${files}`, { kib: workers(dir).kib });
		await bench.stop(rdv.child);
	}
}

// After one file has changed: what the answer costs must not follow the tree.
export async function names(bench) {
	for (const files of [1000, 20000, 100000]) {
		const dir = path.join(bench.scratch, `names${files}`);
		const url = '/api/worktrees/status?worktree_path=' +
			encodeURIComponent(dir);
		makeRepo(dir, files);
		const rdv = await bench.rdvStart();
		// Until git's index is older than no file, and all is watched.
		for (let i = 0; i < 5; i++)
			await bench.call(rdv, 'GET', url);
		const list = [];
		for (let i = 0; i < 3 * ROUNDS; i++) {
			const name = path.join(dir, 'd0', 'e0', `f${i % 3}`);
			fs.writeFileSync(name, `changed ${i}\n`);
			const s = await timed(list, () => bench.call(rdv, 'GET', url));
			if (s.modified !== Math.min(i + 1, 3))
				throw new Error('another answer than git\'s');
		}
		const ms = median(list);
		bench.say(`one of ${files} changed`, { api_ms: ms,
			slowest_ms: list[list.length - 1], worker_kib: workers(dir).kib });
		await bench.stop(rdv.child);
	}
}

// One that follows: what a change costs the worker and its gits, and how soon it
// is told.
export async function followed(bench) {
	const rounds = 20;
	for (const files of [1000, 100000]) {
		const dir = path.join(bench.scratch, `followed${files}`);
		makeRepo(dir, files);
		const rdv = await bench.rdvStart();
		const f = follow(rdv, dir);
		await f.next();
		// Until the watch stands, and what it has missed was looked at.
		await new Promise((done) => setTimeout(done, IDLE_S * 1000));
		f.drop();
		const before = workers(dir), list = [];
		for (let i = 0; i < rounds; i++) {
			const text = timed(list, () => f.next());
			fs.writeFileSync(path.join(dir, 'd0', 'e0', `f${i}`), `new ${i}\n`);
			if (!(await text).includes(`/entries/d0~1e0~1f${i}"`))
				throw new Error('another patch');
		}
		bench.say(`followed ${files}`, { cpu_ms_each:
			(workers(dir).ms - before.ms) / rounds, told_ms: median(list),
		worker_kib: workers(dir).kib });
		f.close();
		await bench.stop(rdv.child);
	}
}

// The stream of a worktree's changes, a line at a time.
function follow(rdv, dir) {
	const lines = [];
	let rest = '', wake = () => {};
	const req = http.get({ socketPath: rdv.sock, headers: { Host: 'localhost',
		Accept: 'application/x-ndjson', Authorization: `Bearer ${rdv.token}` },
	path: '/api/worktrees/diff/stream?worktree_path=' +
		encodeURIComponent(dir) }, (res) => {
		res.on('data', (d) => {
			const all = (rest + d).split('\n');
			rest = all.pop();
			lines.push(...all.filter((l) => l.includes('JsonPatch')));
			wake();
		});
		res.on('error', () => {});
	});
	req.on('error', () => {});
	return {
		drop: () => { lines.length = 0; },
		close: () => req.destroy(),
		next: async () => {
			while (lines.length === 0)
				await new Promise((done) => { wake = done; });
			return lines.shift();
		},
	};
}

// The most that the worker of `dir` has had resident so far, in KiB.
const peak = (dir) => Math.max(0, ...fs.readdirSync('/proc')
	.filter((x) => /^\d+$/.test(x)).map((pid) => {
		try {
			const at = `/proc/${pid}/`;
			return !fs.readFileSync(`${at}cmdline`, 'utf8')
				.startsWith(`rdv-git\0serve\0${dir}`) ? 0 : Number(
				/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`${at}status`, 'utf8'))[1]);
		} catch {
			// It has ended meanwhile.
			return 0;
		}
	}));

const LOCK = 'package-lock.json', LOCK_LINES = 3000000;
// About 100 bytes each, as such a file has them; one in 1,000 differs.
const lockLines = (what) => function* () {
	for (let i = 0; i < LOCK_LINES; i += 10000)
		yield Array.from({ length: 10000 }, (_, k) => `    "integrity-${i + k}": ` +
			`"sha512-${String((i + k) * 7919).padStart(60, 'x')}${
				k % 1000 === 0 ? what : ''}",\n`).join('');
};

function writeLock(dir, what) {
	const fd = fs.openSync(path.join(dir, LOCK), 'w');
	for (const text of lockLines(what)())
		fs.writeSync(fd, text);
	fs.closeSync(fd);
}

// What a page shows first of very much: of a lock file of 300 MB, and of
// 100,000 changed files. The limit that is stated for it is 200 ms and 64 MiB.
export async function firstPage(bench) {
	const files = 100000, dir = path.join(bench.scratch, 'much');
	fs.mkdirSync(dir);
	writeLock(dir, 'a');
	makeRepo(dir, files);
	writeLock(dir, 'b');
	for (let i = 0; i < files; i++)
		fs.writeFileSync(path.join(dir, `d${(i - i % PER_DIR) % 1000}`,
			`e${i - i % PER_DIR}`, `f${i}`), `changed ${i}\n`);
	const rdv = await bench.rdvStart();
	const at = `?worktree_path=${encodeURIComponent(dir)}`;
	const pages = {
		'status of both': [`status${at}`, ['status', '--porcelain=v2']],
		'changes of both': [`changes${at}&limit=500&first=true`, ['status',
			'--porcelain=v2']],
		'diffstat of both': [`diffstat${at}&limit=500&first=true`, ['diff', '--numstat',
			'HEAD']],
		'diff of a lock file': [`diff${at}&path=${LOCK}`, ['diff', 'HEAD', '--',
			LOCK]],
	};
	for (const [name, [target, cli]] of Object.entries(pages)) {
		const api = [], other = [];
		let refused = 'no';
		for (let i = 0; i < 3; i++) {
			await timed(api, () => bench.call(rdv, 'GET',
				`/api/worktrees/${target}`).catch((e) => {
				[, refused] = /"code":"(\w+)"/.exec(e.message);
			}));
			await timed(other, () => git(dir, cli,
				{ GIT_OPTIONAL_LOCKS: '0' }));
		}
		const [first] = api;
		bench.say(name, { refused, first_ms: first, of_limit: first / 200,
			api_ms: median(api), cli_ms: median(other),
			of_cli: median(api) / median(other),
			worker_kib: peak(dir), worker_of_limit: peak(dir) / 65536 });
	}
	await bench.stop(rdv.child);
}
