// Repositories that are found below a directory, and what was not looked into.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bin, test } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const home = fs.realpathSync(rdv.home);
const env = { PATH: '/usr/bin:/bin', HOME: home };
const dir = (...names) => {
	const at = path.join(home, ...names);
	fs.mkdirSync(at, { recursive: true });
	return at;
};
const init = (...names) => {
	const at = dir(...names);
	execFileSync('git', ['init', '-q', at], { env });
	return at;
};
const look = async (query = '') =>
	rdv.call('GET', `/api/repos/discover${query}`);
const at = (p) => `?path=${encodeURIComponent(p)}`;

const near = init('src/near'), far = init('src/a/far');
init('src/near/vendored');
const deep = init('src/a/b/c/deep');
init('src/node_modules/module');
init('src/.hidden/x');
const odd = init('src/odd \n-x');
fs.mkdirSync(Buffer.concat([Buffer.from(`${home}/src/`),
	Buffer.from([0xff, 0x66])]));
fs.symlinkSync('/etc', path.join(home, 'src/out'));
fs.symlinkSync(deep, path.join(home, 'src/short'));
fs.symlinkSync('..', path.join(home, 'src/ring'));
const closed = dir('src/closed');
fs.chmodSync(closed, 0);
const planted = dir('src/planted');
fs.symlinkSync(path.join(near, '.git'), path.join(planted, '.git'));
const linked = dir('src/linked');
fs.writeFileSync(path.join(linked, '.git'), 'gitdir: /nowhere\n');

await test('what is there is found, nothing beyond a link, and what is left out is named',
	async () => {
		const known = await rdv.call('POST', '/api/repos', { path: far });
		const r = await look(`${at(path.join(home, 'src'))}&depth=2`);
		assert.deepEqual(r.items.map((x) => [x.path, x.linked, x.id]), [
			[linked, true, null], [near, false, null], [odd, false, null],
			[far, false, known.id]]);
		assert.ok(r.items.every((x) => x.modified_at > 1e12));
		const src = (n) => path.join(home, 'src', n);
		const names = Object.fromEntries(r.left_out.map((x) =>
			[x.path, x.reason]));
		for (const [name, reason] of [['node_modules', 'generated'],
			['.hidden', 'hidden'], ['out', 'link'], ['short', 'link'],
			['ring', 'link'], ['a/b/c', 'depth']])
			assert.equal(names[src(name)], reason, name);
		assert.equal(r.left_out.filter((x) => x.reason === 'name').length, 1);
		if (process.getuid() !== 0)
			assert.equal(names[closed], 'unreadable');
		assert.deepEqual([r.complete, r.root, r.left_out_total],
			[true, path.join(home, 'src'), r.left_out.length]);
		// The control: further down it is found.
		assert.ok((await look(`${at(path.join(home, 'src'))}&depth=4`)).items
			.some((x) => x.path === deep));
	});

await test('without a path it is the home directory', async () => {
	// The account's, whatever HOME was in rdv's own environment.
	const account = fs.realpathSync(os.userInfo().homedir);
	assert.equal((await look()).root, account);
	assert.equal((await look(at('~'))).root, account);
	const one = await look(at(near));
	assert.deepEqual(one.items.map((x) => x.path), [near]);
});

await test('no more than so many; the rest is said to be missing', async () => {
	const many = dir('many');
	for (let i = 0; i < 510; i++)
		fs.mkdirSync(path.join(many, `r${i}`, '.git'), { recursive: true });
	for (let i = 0; i < 150; i++)
		fs.mkdirSync(path.join(many, `.h${i}`));
	const r = await look(at(many));
	assert.deepEqual([r.items.length, r.complete, r.left_out.length,
		r.left_out_total], [500, false, 100, 150]);
});

await test('what cannot be looked at is refused', async () => {
	for (const [p, why] of [[path.join(home, 'nowhere'), /No such file/],
		['src', /absolute/], ['-x', /absolute/], ['/a/../b', /absolute/],
		['~nobody', /No such file/], ['/etc/passwd', /no directory/]]) {
		const r = await rdv.request('GET', `/api/repos/discover${at(p)}`);
		assert.ok([400, 422].includes(r.status), `${p}: ${r.status} ${r.raw}`);
		assert.match(r.json.error, why, p);
	}
	for (const depth of [0, 7, 'x'])
		assert.equal((await rdv.request('GET',
			`/api/repos/discover?depth=${depth}`)).status, 422);
});

await test('the same on the command line', async () => {
	const run = (...args) => execFileSync(bin('rdv'), ['repo', 'discover',
		...args], { encoding: 'utf8', cwd: home,
		env: { ...env, RDV_HOME: rdv.base } });
	assert.match(run('src'), /near/);
	assert.match(run('src', '--left-out'), /link +\S+\/src\/ring/);
	assert.equal(JSON.parse(run('src', '--depth', '1', '--json')).root,
		path.join(home, 'src'));
});

await test('outside of the roots nothing is looked for', async (t) => {
	const roots = await t.start({ config: '[worktrees]\n' +
		`repo_roots = ["${home}/src/a"]\n` });
	const ask = (p) => roots.request('GET', `/api/repos/discover${at(p)}`);
	assert.match((await ask(near)).json.error, /outside worktrees.repo_roots/);
	// A name with the same beginning is another one (F05).
	const twin = init('src/ab');
	assert.match((await ask(twin)).json.error, /outside worktrees.repo_roots/);
	assert.deepEqual((await ask(path.join(home, 'src/a'))).json.items
		.map((x) => x.path), [far, deep]);
});

fs.chmodSync(closed, 0o700);
await rdv.stop();
