// What a work tree holds, asked over the API and of the git CLI by turns: when
// nothing has happened since, and after each of two kinds of change.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const ROUNDS = 15;
const PER_DIR = 100;
// What rdvd's own looks ask; the CLI beside it is asked the same.
const ASK = ['status', '--porcelain=v2', '--branch', '-z',
	'--untracked-files=normal', '--ignored=traditional',
	'--ignore-submodules=none', '--no-renames'];

function git(dir, args, env = {}) {
	const r = spawnSync('git', ['-C', dir, '-c', 'user.name=b', '-c',
		'user.email=b@b', ...args], { encoding: 'utf8', maxBuffer: 1 << 28,
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

// By turns, so that both have the same neighbours.
async function compare(bench, name, rdv, dir, change) {
	const target = `/api/worktrees/status?worktree_path=${
		encodeURIComponent(dir)}`;
	const api = [], cli = [];
	for (let i = 0; i < ROUNDS; i++) {
		change(i);
		const s = await timed(api, () => bench.call(rdv, 'GET', target));
		const out = await timed(cli, () => git(dir, ASK,
			{ GIT_OPTIONAL_LOCKS: '0' }));
		const modified = (out.match(/\0?1 \.M/g) ?? []).length;
		if (s.modified !== modified)
			throw new Error(`${name}: ${s.modified} modified, not ${modified}`);
	}
	bench.say(name, { api_ms: median(api), cli_ms: median(cli),
		of_cli: median(api) / median(cli) });
}

export async function statuses(bench) {
	for (const files of [20000, 100000]) {
		const dir = path.join(bench.scratch, `tree${files}`);
		const file = path.join(dir, 'd0', 'e0', 'f1');
		makeRepo(dir, files);
		const rdv = await bench.rdvStart();
		// Until git's index is older than no file, and all is watched.
		await compare(bench, `status ${files}, first ones`, rdv, dir, () => {});
		await compare(bench, `status ${files}, unchanged`, rdv, dir, () => {});
		await compare(bench, `status ${files}, one changed`, rdv, dir,
			(i) => fs.writeFileSync(file, `changed ${i}\n`));
		await bench.stop(rdv.child);
	}
}
