// A workspace of one repository of 20,000 files beside `git worktree add` of the
// same, by turns, so that both have the same neighbours and the same disk; and
// beside the least that so many files cost (rawtree.c).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const FILES = 20000, PER_DIR = 100, ROUNDS = 3;

const git = (dir, ...args) => execFileSync('git', ['-C', dir, '-c',
	'user.name=b', '-c', 'user.email=b@b', '-c', 'gc.auto=0', ...args], { encoding: 'utf8',
	maxBuffer: 1 << 28, env: { PATH: process.env.PATH, HOME: '/nonexistent' } });

function makeRepo(dir) {
	for (let i = 0; i < FILES; i += PER_DIR) {
		const sub = path.join(dir, `d${i % 1000}`, `e${i}`);
		fs.mkdirSync(sub, { recursive: true });
		for (let k = i; k < i + PER_DIR; k++)
			fs.writeFileSync(path.join(sub, `f${k}`), `${k}\n`.repeat(500));
	}
	git(dir, 'init', '-q', '-b', 'main');
	git(dir, 'add', '.');
	git(dir, 'commit', '-q', '-m', 'all');
	git(dir, 'gc', '-q');
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

async function timed(list, fn) {
	const begin = performance.now();
	const value = await fn();
	list.push(performance.now() - begin);
	return value;
}

export async function created(bench) {
	const rdv = await bench.rdvStart();
	const dir = path.join(bench.scratch, 'many'), plain = [], api = [], bare = [];
	const raw = [], rawAll = [], cpus = os.availableParallelism();
	const rawTree = (at, threads) => Number(execFileSync(bench.tool('rawtree'),
		[at, FILES, PER_DIR, threads], { encoding: 'utf8' }));
	fs.mkdirSync(dir);
	makeRepo(dir);
	const { id } = await bench.call(rdv, 'POST', '/api/repos', { path: dir });
	for (let i = 0; i < ROUNDS; i++) {
		const at = `${dir}-plain${i}`;
		await timed(plain, () => git(dir, 'worktree', 'add', '-q', '-b',
			`plain${i}`, at, 'main'));
		const w = await timed(api, () => bench.call(rdv, 'POST',
			'/api/workspaces', { repos: [id] }));
		await timed(bare, () => git(dir, 'worktree', 'add', '-q',
			'--no-checkout', '-b', `bare${i}`, `${at}-bare`, 'main'));
		raw.push(rawTree(`${at}-raw`, 1));
		rawAll.push(rawTree(`${at}-rawall`, cpus));
		if (fs.readdirSync(w.repos[0].path, { recursive: false }).length !==
			fs.readdirSync(at).length)
			throw new Error('another tree than git made');
	}
	bench.say('a workspace of 20,000 files', { workspace_ms: median(api),
		plain_ms: median(plain), no_checkout_ms: median(bare),
		of_plain: median(api) / median(plain) });
	bench.say('as many files alone', { one_thread_ms: median(raw),
		threads: cpus, threads_ms: median(rawAll),
		least_of_plain: median(rawAll) / median(plain),
		workspace_of_least: median(api) / median(rawAll) });
	await bench.stop(rdv.child);
}
