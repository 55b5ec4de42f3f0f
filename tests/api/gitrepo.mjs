// A repository made on the spot, and the git CLI beside it. Names are bytes:
// strings here have one character for each (latin1), as the CLI's output has.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export class Repo {
	constructor(rdv, dir) {
		this.rdv = rdv;
		this.dir = dir;
		this.env = { PATH: '/usr/bin:/bin', HOME: rdv.home,
			GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1',
			GIT_AUTHOR_NAME: 'ann', GIT_AUTHOR_EMAIL: 'ann@example.org',
			GIT_COMMITTER_NAME: 'ann', GIT_COMMITTER_EMAIL: 'ann@example.org',
			GIT_OPTIONAL_LOCKS: '0' };
	}

	static make(rdv, name) {
		const repo = new Repo(rdv, path.join(rdv.home, name));
		fs.mkdirSync(repo.dir);
		repo.git('init', '-q', '-b', 'main');
		return repo;
	}

	// What it prints, a character for each byte.
	git(...args) {
		return execFileSync('git', ['-C', this.dir, ...args],
			{ encoding: 'latin1', env: this.env, maxBuffer: 1 << 28,
				stdio: ['ignore', 'pipe', 'pipe'] });
	}

	sh(script) {
		return execFileSync('/bin/bash', ['-ec', script], { cwd: this.dir,
			encoding: 'latin1', env: this.env, maxBuffer: 1 << 28,
			stdio: ['ignore', 'pipe', 'pipe'] });
	}

	at(name) {
		return Buffer.concat([Buffer.from(`${this.dir}/`),
			Buffer.from(name, 'latin1')]);
	}

	write(name, text) {
		const at = this.at(name);
		fs.mkdirSync(at.subarray(0, at.lastIndexOf('/')), { recursive: true });
		fs.writeFileSync(at, text);
	}

	// GET of a question about the tree.
	ask(what, query = {}) {
		const q = new URLSearchParams({ worktree_path: this.dir, ...query });
		return this.rdv.request('GET', `/api/worktrees/${what}?${q}`);
	}

	async read(what, query) {
		const r = await this.ask(what, query);
		if (r.status !== 200)
			throw new Error(`${what}: ${r.status} ${r.raw}`);
		return r.json;
	}
}

// Legal, and odd (abuse F06).
export const odd = ['..config', '...', '-rf', ' ', 'a\nb', 'tab\there',
	'\xff\xfe', 'half\xc3', '\xc3\xbcn\xc3\xaf', 'x'.repeat(255), '"quoted"',
	'back\\slash', ':!x', ':(glob)*', '*', '--output=x', '\x1b[31m', '\x7f',
	'sub dir/\xe2\x82', 'HEAD', '@{-1}', '#', "it's"];

// The bytes of a name as the API tells it.
export function exact(entry, key = 'path') {
	const coded = entry[`${key}_base64`];
	if (coded !== undefined)
		return Buffer.from(coded, 'base64').toString('latin1');
	return entry[key] == null ? entry[key] :
		Buffer.from(entry[key], 'utf8').toString('latin1');
}

// The same in a request: by its text when it has one.
export function asked(name, key = 'path') {
	const bytes = Buffer.from(name, 'latin1'), text = bytes.toString('utf8');
	return Buffer.from(text, 'utf8').equals(bytes) ? { [key]: text } :
		{ [`${key}_base64`]: bytes.toString('base64') };
}
