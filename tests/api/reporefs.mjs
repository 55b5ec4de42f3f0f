// What git says of a known repository: branches and tags in pages, remotes, and
// what makes a repository special. Each answer is compared with git's own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bin, test } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const home = fs.realpathSync(rdv.home);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org', GIT_ALLOW_PROTOCOL: 'file' };
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
const at = (name) => path.join(home, name);

function init(name, ...how) {
	fs.mkdirSync(at(name));
	git(at(name), 'init', '-q', '-b', 'main', ...how);
	git(at(name), 'commit', '-q', '--allow-empty', '-m', 'one');
	return at(name);
}
const known = async (dir) => {
	const r = await rdv.request('POST', '/api/repos', { body: { path: dir } });
	assert.ok(r.status < 300, String(r.raw));
	return `/api/repos/${r.json.id}`;
};
const facts = async (dir) => rdv.call('GET', `${await known(dir)}/git`);

// All pages, of `limit` each; `between` is called after the first.
async function walk(target, query, limit, between = () => {}) {
	const all = [];
	for (let cursor = '', n = 0; cursor !== null; n++) {
		const page = await rdv.call('GET', `${target}?${query}&limit=${limit}` +
			(cursor && `&cursor=${cursor}`));
		assert.ok(page.items.length <= limit);
		all.push(...page.items);
		cursor = page.next_cursor;
		if (n === 0)
			between(page);
	}
	return all;
}

// A hundred commits a minute apart, and more names than a page has.
const many = init('many');
execFileSync('git', ['-C', many, 'fast-import', '--quiet'], { env,
	input: Array.from({ length: 100 }, (_, i) => 'commit refs/heads/chain\n' +
		`committer t <t@e> ${1700000000 + 60 * (i >> 1)} +0000\ndata 2\nx\n\n`)
		.join('') });
const commits = git(many, 'rev-list', 'chain').trim().split('\n');
const odd = ['-x', '@', 'a=b', 'Ünï', 'x;y', '$(id)', 'x\'"', 'a'.repeat(200)];
const input = [
	...commits.map((c, i) => `create refs/heads/f/B${i} ${c}`),
	...commits.map((c, i) => `create refs/remotes/origin/r${i} ${c}`),
	...commits.map((c, i) => `create refs/tags/v1.${i} ${c}`),
	...odd.map((n) => `create refs/heads/${n} ${commits[0]}`)].join('\n');
execFileSync('git', ['-C', many, 'update-ref', '--stdin'], { env,
	input: `${input}\n` });
git(many, 'symbolic-ref', 'refs/remotes/origin/HEAD',
	'refs/remotes/origin/r7');
git(many, 'branch', '-q', '--set-upstream-to=chain', 'f/B3');
git(many, 'tag', '-a', '-m', 'told', 'told', commits[5]);
git(many, 'tag', 'tree', 'HEAD^{tree}');
const target = await known(many);

const theirs = (sort, ...under) => git(many, 'for-each-ref', '--sort=refname',
	...sort, '--format=%(refname:lstrip=2)', ...under).trim().split('\n')
	.filter((n) => n !== 'origin/HEAD');

await test('pages of branches are git\'s own list, by name and by date (G13)',
	async () => {
		for (const [query, sort] of [['sort=name', []],
			['sort=recent', ['--sort=-committerdate']]])
			for (const [kind, ...under] of [['local', 'refs/heads'],
				['remote', 'refs/remotes'],
				['all', 'refs/heads', 'refs/remotes']])
				for (const limit of [7, 50, 200])
					assert.deepEqual((await walk(`${target}/branches`,
						`${query}&kind=${kind}`, limit)).map((b) => b.name),
					theirs(sort, ...under), `${query} ${kind} ${limit}`);
		const page = await rdv.call('GET', `${target}/branches?kind=local`);
		assert.equal(page.items.length, 50);
		assert.equal(page.total, theirs([], 'refs/heads').length);
		assert.equal(page.current, 'main');
	});

await test('what is told of a branch is what git says', async () => {
	const all = await walk(`${target}/branches`, 'kind=all', 200);
	const named = (n) => all.find((b) => b.name === n);
	assert.deepEqual(named('f/B3'), { name: 'f/B3', commit: commits[3],
		time: 1000 * +git(many, 'log', '-1', '--format=%ct', commits[3]),
		is_remote: false, is_current: false, upstream: 'chain',
		worktree: null });
	assert.deepEqual([named('main').is_current, named('main').worktree],
		[true, many]);
	assert.deepEqual(all.filter((b) => b.is_current).length, 1);
	assert.equal(named('origin/r7').is_remote, true);
	for (const n of odd)
		assert.equal(named(n).commit, commits[0], n);
	const w = await rdv.call('POST', '/api/worktrees', { repoPath: many,
		branch: 'f/B9' });
	const page = await rdv.call('GET', `${target}/branches?search=B9`);
	assert.equal(page.items.find((b) => b.name === 'f/B9').worktree, w.path);
});

await test('a part of the name is looked for, case aside', async () => {
	const search = async (text, kind = 'all') => (await walk(
		`${target}/branches`, `kind=${kind}&search=` +
		encodeURIComponent(text), 200)).map((b) => b.name);
	assert.deepEqual(await search('b4'), theirs([], 'refs/heads')
		.filter((n) => /b4/i.test(n)));
	assert.deepEqual(await search('ORIGIN/R1', 'remote'),
		theirs([], 'refs/remotes').filter((n) => n.includes('origin/r1')));
	// It is text: neither a pattern, nor an option, nor what is before names.
	for (const none of ['*', 'B.', '--all', 'refs/heads', 'nowhere'])
		assert.deepEqual(await search(none), [], none);
	assert.deepEqual(await search('$(id)'), ['$(id)']);
});

await test('a branch that goes or comes between pages shifts no other',
	async () => {
		const before = theirs([], 'refs/heads');
		const seen = (await walk(`${target}/branches`, 'kind=local', 20,
			(page) => {
				git(many, 'branch', '-q', '-D', page.items[19].name,
					page.items[3].name);
				git(many, 'branch', '-q', '!first', 'main');
			})).map((b) => b.name);
		assert.deepEqual(seen, before);
		for (const wrong of ['x', '00', '300a61', 'zz'])
			assert.equal((await rdv.request('GET',
				`${target}/branches?cursor=${wrong}`)).status, 400, wrong);
		for (const wrong of ['limit=0', 'limit=201', 'sort=x', 'kind=tags',
			'search='])
			assert.equal((await rdv.request('GET',
				`${target}/branches?${wrong}`)).status, 422, wrong);
	});

await test('tags: what they lead to, and whether they say something',
	async () => {
		const all = await walk(`${target}/tags`, 'sort=name', 30);
		assert.deepEqual(all.map((t) => t.name), theirs([], 'refs/tags'));
		assert.deepEqual((await walk(`${target}/tags`, 'sort=recent', 30))
			.map((t) => t.name), theirs(['--sort=-creatordate'], 'refs/tags'));
		const told = all.find((t) => t.name === 'told');
		assert.deepEqual([told.commit, told.annotated], [commits[5], true]);
		const tree = all.find((t) => t.name === 'tree');
		assert.deepEqual([tree.commit, tree.annotated, tree.time],
			[git(many, 'rev-parse', 'tree').trim(), false, null]);
	});

await test('G26 60,000 refs: a page, and one name among them', async () => {
	const dir = init('crowd');
	const head = git(dir, 'rev-parse', 'HEAD').trim();
	const n = (i) => `team-${i % 40}/b${String(i).padStart(5, '0')}`;
	fs.writeFileSync(path.join(dir, '.git/packed-refs'),
		'# pack-refs with: peeled fully-peeled sorted \n' +
		Array.from({ length: 60000 }, (_, i) => `refs/heads/${n(i)}`).sort()
			.map((r) => `${head} ${r}\n`).join(''));
	const crowd = await known(dir);
	const page = await rdv.call('GET', `${crowd}/branches?limit=200`);
	assert.deepEqual([page.total, page.items.length], [60001, 200]);
	assert.deepEqual((await rdv.call('GET', `${crowd}/branches?search=B51234`))
		.items.map((b) => b.name), [n(51234)]);
	const last = await rdv.call('GET',
		`${crowd}/branches?sort=recent&limit=200`);
	assert.equal(last.total, 60001);
});

const plain = { object_format: 'sha1', shallow: false, partial: false,
	sparse: false, case_folding: false, submodules: false, lfs: false };

await test('remotes without their secrets, and the default branch', async () => {
	const dir = init('remotes');
	assert.deepEqual(await facts(dir), { current: 'main',
		default_branch: 'main', remotes: [], ...plain });
	for (const [name, url] of [['origin', 'https://ann:s3cr3t@example.org/x'],
		['token', 'https://ghp_s3cr3t@example.org/x'],
		['ssh', 'ssh://git@example.org/x'],
		['pw', 'ssh://git:s3cr3t@example.org/x'],
		['scp', 'git@example.org:x'], ['a.b', '/srv/x.git']])
		git(dir, 'remote', 'add', name, url);
	git(dir, 'checkout', '-q', '-b', 'work');
	git(dir, 'update-ref', 'refs/remotes/origin/devel', 'HEAD');
	const main = await facts(dir);
	assert.deepEqual([main.default_branch, main.current], ['main', 'work']);
	git(dir, 'symbolic-ref', 'refs/remotes/origin/HEAD',
		'refs/remotes/origin/devel');
	const r = await rdv.request('GET', `${await known(dir)}/git`);
	assert.equal(r.json.default_branch, 'devel');
	assert.deepEqual(r.json.remotes.map((x) => `${x.name} ${x.url}`), [
		'origin https://***@example.org/x', 'token https://***@example.org/x',
		'ssh ssh://git@example.org/x', 'pw ssh://git:***@example.org/x',
		'scp git@example.org:x', 'a.b /srv/x.git']);
	assert.doesNotMatch(`${r.raw}${rdv.log()}`, /s3cr3t/);
});

await test('special repositories work, and say what they are', async () => {
	const source = init('source');
	fs.writeFileSync(path.join(source, 'file'), 'x\n');
	git(source, 'add', '.');
	git(source, 'commit', '-q', '-m', 'two');
	git(source, 'config', 'uploadpack.allowFilter', 'true');
	const clone = (name, ...how) => {
		git(home, 'clone', '-q', ...how, `file://${source}`, at(name));
		return at(name);
	};
	const sha256 = init('sha256', '--object-format=sha256');
	const sub = init('sub'), lfs = init('lfs'), fold = init('fold');
	git(sub, 'submodule', 'add', '-q', source, 'deep/mod');
	git(sub, 'commit', '-q', '-m', 'mod');
	fs.mkdirSync(path.join(lfs, 'art'));
	fs.writeFileSync(path.join(lfs, 'art/.gitattributes'),
		'*.png filter=lfs diff=lfs merge=lfs -text\n');
	fs.writeFileSync(path.join(lfs, 'art/a.png'), 'version https://git-lfs.' +
		`github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`);
	git(lfs, 'add', '.');
	git(lfs, 'commit', '-q', '-m', 'art');
	git(fold, 'config', 'core.ignoreCase', 'true');
	const sparse = clone('sparse');
	git(sparse, 'sparse-checkout', 'set', 'nothing');
	for (const [dir, is] of [[sha256, { object_format: 'sha256' }],
		[clone('shallow', '--depth=1'), { shallow: true }],
		[clone('partial', '--filter=blob:none'), { partial: true }],
		[sparse, { sparse: true }], [sub, { submodules: true }],
		[lfs, { lfs: true }], [fold, { case_folding: true }]]) {
		const { remotes, current, default_branch, ...rest } = await facts(dir);
		assert.deepEqual([rest, current, default_branch],
			[{ ...plain, ...is }, 'main', 'main'], dir);
		const page = await rdv.call('GET', `${await known(dir)}/branches`);
		assert.equal(page.items.find((b) => b.name === 'main').commit,
			git(dir, 'rev-parse', 'HEAD').trim(), dir);
		// And a worktree of it can be had; one of LFS has pointers.
		const w = await rdv.request('POST', '/api/worktrees', { body: {
			repoPath: dir, branch: 'side', createNewBranch: true } });
		assert.equal(w.status, 201, `${dir}: ${w.raw}`);
	}
	// What git itself does not know is refused with git's own words.
	const newer = init('newer'), id = await known(newer);
	git(newer, 'config', 'core.repositoryFormatVersion', '1');
	git(newer, 'config', 'extensions.fromTheFuture', 'true');
	const r = await rdv.request('GET', `${id}/git`);
	assert.equal(r.status, 409);
	assert.match(r.json.error, /unknown repository extension|fromthefuture/i);
});

await test('G06 nothing that a repository names is run by a question',
	async () => {
		const dir = init('hostile'), canary = at('canary');
		const touch = `touch ${canary}`;
		for (const key of ['core.fsmonitor', 'core.pager', 'core.sshCommand',
			'core.editor', 'diff.external', 'diff.x.textconv',
			'diff.x.command', 'filter.x.clean', 'filter.x.process',
			'grep.program', 'zzz.program', 'pager.grep', 'pager.config',
			'pager.for-each-ref', 'alias.grep', 'alias.config',
			'core.alternateRefsCommand', 'remote.origin.vcs',
			'remote.origin.uploadpack', 'credential.helper', 'gpg.program'])
			git(dir, 'config', key, key.startsWith('alias') ? `!${touch}`
				: touch);
		git(dir, 'config', 'remote.origin.url', `ext::sh -c ${touch}`);
		fs.writeFileSync(path.join(dir, '.gitattributes'),
			'* filter=x diff=x\n.gitmodules diff=x\n');
		fs.writeFileSync(path.join(dir, '.gitmodules'),
			`[submodule "m"]\npath = m\nurl = ext::sh -c ${touch}\n`);
		execFileSync('git', ['-C', dir, '-c', 'core.fsmonitor=false', '-c',
			'filter.x.clean=', '-c', 'filter.x.process=', 'add', '.'], { env,
			stdio: 'ignore' });
		const id = await known(dir);
		assert.equal((await rdv.call('GET', `${id}/git`)).submodules, true);
		await rdv.call('GET', `${id}/branches?sort=recent`);
		await rdv.call('GET', `${id}/tags`);
		assert.equal(fs.existsSync(canary), false);
		// The control: git by itself does run it.
		try {
			git(dir, 'status');
		} catch {
			// Whatever it says of that.
		}
		assert.equal(fs.existsSync(canary), true);
	});

await test('a repository that is not there any more is told so', async () => {
	const dir = init('away'), id = await known(dir);
	const refused = async (why) => {
		for (const tail of ['git', 'branches', 'tags']) {
			const r = await rdv.request('GET', `${id}/${tail}`);
			assert.equal(r.status, 409, String(r.raw));
			assert.equal(r.json.code, 'INVALID_STATE');
			assert.match(r.json.error, why);
		}
		assert.equal((await rdv.request('GET', id)).status, 200);
	};
	fs.renameSync(dir, at('moved'));
	await refused(/No such file/);
	// A directory in another repository is not that one.
	git(home, 'init', '-q');
	fs.mkdirSync(dir);
	await refused(/no main work tree of a repository any more/);
	fs.rmSync(path.join(home, '.git'), { recursive: true });
	git(many, 'worktree', 'add', '-q', '-b', 'odd', dir);
	await refused(/no main work tree of a repository any more/);
	git(many, 'worktree', 'remove', dir);
	fs.renameSync(at('moved'), dir);
	assert.equal((await rdv.request('GET', `${id}/git`)).status, 200);
});

await test('branches and tags on the command line', async () => {
	const rdvCli = (...args) => execFileSync(bin('rdv'), args,
		{ encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
			RDV_HOME: rdv.base } });
	const names = rdvCli('repo', 'branches', 'many', '--local', '--all')
		.split('\n').map((l) => l.split(' ')[0]).filter((n) => n &&
			n !== 'BRANCH');
	// On a terminal nothing is more than text.
	assert.deepEqual(names, theirs([], 'refs/heads').map((n) =>
		n.replace(/"/g, '\\"')));
	const one = JSON.parse(rdvCli('repo', 'branches', 'many', '--search', 'b42',
		'--recent', '--limit', '5', '--json'));
	assert.deepEqual(one.items.map((b) => b.name), ['f/B42']);
	assert.match(rdvCli('repo', 'tags', 'many', '--search', 'told'), /told/);
	assert.match(rdvCli('repo', 'show', 'remotes', '--git'),
		/default branch +devel[^]*origin +https:\/\/\*\*\*@example/);
});

await rdv.stop();
