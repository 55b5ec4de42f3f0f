// Group G: a repository whose configuration, hooks and attributes name
// programs. Each program leaves a file; none may be there after everything the
// API does with the repository, and each must be there after the same done with
// the user's own git, or the trap was none.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test } from '../harness/rdv.mjs';
import { refused } from './lib.mjs';

const top = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'rdv-g-'));
const home = path.join(top, 'home'), marks = path.join(top, 'marks');
const bin = path.join(top, 'bin');
for (const d of [home, marks, bin])
	fs.mkdirSync(d, { mode: 0o755 });
const rdv = await Rdv.start({ config:
	`[worktrees]\nrepo_roots = ["${home}"]\n` });
const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: home, TERM: 'dumb',
	GIT_TERMINAL_PROMPT: '0' };
const git = (dir, ...args) => spawnSync('git', ['-C', dir, '-c',
	'user.name=t', '-c', 'user.email=t@example.org', ...args],
{ encoding: 'utf8', env, input: '', timeout: 20000 });
const must = (...args) => {
	const r = git(...args);
	assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}`);
	return r.stdout;
};

// A program that says that it ran, and lets what goes through it through.
let programs = 0;
function trap(name, then = 'cat') {
	const file = path.join(bin, `trap${programs++}`);
	fs.writeFileSync(file, `#!/bin/sh\n: > '${marks}/${name}'\n${then}\n`,
		{ mode: 0o755 });
	return file;
}
const sprung = () => fs.readdirSync(marks).sort();
const rearm = () => sprung().forEach((n) => fs.rmSync(path.join(marks, n)));

let repos = 0;
function newRepo() {
	const dir = path.join(home, `repo${repos++}`);
	fs.mkdirSync(dir);
	must(dir, 'init', '-q', '-b', 'main');
	fs.writeFileSync(path.join(dir, 'file'), 'one\n');
	must(dir, 'add', 'file');
	must(dir, 'commit', '-q', '-m', 'one');
	must(dir, 'branch', 'other');
	return dir;
}

// What is read of a tree, and how often: from git, and from a worker that stays.
const READS = ['changes', 'changes?all=true', 'diffstat',
	'diffstat?base=main', 'diffstat?view=staged', 'diffstat?from=main&to=other',
	'tree', 'file?path=file', 'log?base=other', 'log?path=file', 'diff?path=file', 'diff?path=new', 'diff?path=file&view=unstaged'];
async function reads(at) {
	const answers = [];
	for (const what of [...READS, ...READS])
		answers.push(await rdv.request('GET', `/api/worktrees/${what}` +
			`${what.includes('?') ? '&' : '?'}worktree_path=${at}`));
	return answers;
}

// Everything the API does with a repository, on a new and an old branch, with
// the file changed, untracked and staged. True when all of it went well.
async function everything(repo) {
	const query = (p) => rdv.request('GET', p);
	const answers = [await query('/api/worktrees?repo_path=' +
		encodeURIComponent(repo))];
	for (const [i, more] of [{ create_branch: true, branch: `n${Date.now()}` },
		{ branch: 'other' }, { create_branch: true, base_branch: 'other',
			branch: `b${Date.now()}` }].entries()) {
		const w = await rdv.request('POST', '/api/worktrees', { body:
			{ repo_path: repo, worktree_path: `${repo}-wt${i}`, ...more } });
		answers.push(w);
		if (w.status !== 201)
			continue;
		const at = encodeURIComponent(w.json.path);
		answers.push(await query(`/api/worktrees/status?worktree_path=${at}`));
		fs.writeFileSync(path.join(w.json.path, 'file'), 'two\n');
		fs.writeFileSync(path.join(w.json.path, 'new'), 'new\n');
		const body = { worktree_path: w.json.path };
		answers.push(await query(`/api/worktrees/status?worktree_path=${at}`),
			await rdv.request('POST', '/api/worktrees/check', { body }),
			...await reads(at));
		const no = await rdv.request('DELETE', '/api/worktrees', { body });
		assert.equal(no.status, 409, String(no.raw));
		answers.push(await rdv.request('DELETE', '/api/worktrees',
			{ body: { ...body, force: true } }));
		const { items } = await rdv.call('GET', '/api/worktrees/trash');
		const item = items.find((x) => x.path === w.json.path);
		answers.push(await rdv.request('POST', '/api/worktrees/restore',
			{ body: { id: item.id } }),
		await query('/api/worktrees?repo_path=' + encodeURIComponent(repo)),
		await rdv.request('DELETE', '/api/worktrees',
			{ body: { ...body, force: true } }));
	}
	for (const a of answers)
		assert.ok(a.status < 300, `${a.status} ${a.raw}`);
	assert.ok(answers.length >= 20, `${answers.length}`);
}

// Nothing sprung by us; then the user's own git springs what `names` lists.
async function check(repo, names, own) {
	rearm();
	await everything(repo);
	assert.deepEqual(sprung(), [], 'sprung by the daemon');
	own();
	for (const name of names)
		assert.ok(sprung().includes(name), `control: ${name} in ${sprung()}`);
	rearm();
}
const set = (repo, key, value) => must(repo, 'config', key, value);

await test('G01 core.fsmonitor', async () => {
	const repo = newRepo();
	set(repo, 'core.fsmonitor', trap('fsmonitor'));
	await check(repo, ['fsmonitor'], () => git(repo, 'status'));
});

const hooks = ['applypatch-msg', 'pre-applypatch', 'post-applypatch',
	'pre-commit', 'pre-merge-commit', 'prepare-commit-msg', 'commit-msg',
	'post-commit', 'pre-rebase', 'post-checkout', 'post-merge', 'pre-push',
	'pre-receive', 'update', 'proc-receive', 'post-receive', 'post-update',
	'reference-transaction', 'push-to-checkout', 'pre-auto-gc',
	'post-rewrite', 'sendemail-validate', 'fsmonitor-watchman',
	'p4-changelist', 'p4-prepare-changelist', 'p4-post-changelist',
	'p4-pre-submit', 'post-index-change'];
const springHooks = (repo) => {
	git(repo, 'commit', '-q', '--allow-empty', '-m', 'x');
	git(repo, 'worktree', 'add', '-q', `${repo}-own`, 'main', '-f');
	git(repo, 'checkout', '-q', 'other');
	git(repo, 'checkout', '-q', 'main');
};

await test('G02 every hook, in .git/hooks and by core.hooksPath', async () => {
	for (const dir of ['.git/hooks', 'tracked']) {
		const repo = newRepo(), at = path.join(repo, dir);
		fs.mkdirSync(at, { recursive: true });
		for (const name of hooks)
			fs.copyFileSync(trap(name), path.join(at, name));
		if (dir === 'tracked')
			set(repo, 'core.hooksPath', at);
		await check(repo, ['post-checkout', 'reference-transaction',
			'pre-commit', 'commit-msg', 'post-index-change'],
		() => springHooks(repo));
	}
});

// Attributes in the tree, so that a worktree has them as well.
function attributes(repo, line) {
	fs.writeFileSync(path.join(repo, '.gitattributes'), `${line}\n`);
	must(repo, 'add', '.gitattributes');
	must(repo, '-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', 'attr');
	must(repo, 'branch', '-f', 'other');
	fs.writeFileSync(path.join(repo, '.git/info/attributes'), `${line}\n`);
}
const springFilters = (repo) => {
	git(repo, 'worktree', 'add', '-q', `${repo}-own`, 'main', '-f');
	fs.writeFileSync(path.join(`${repo}-own`, 'file'), 'three\n');
	git(`${repo}-own`, 'add', 'file');
};

await test('G03 filters of any name', async () => {
	const name = `zz${process.pid}`;
	for (const required of ['true', 'false']) {
		const repo = newRepo();
		attributes(repo, `* filter=${name}`);
		set(repo, `filter.${name}.required`, required);
		set(repo, `filter.${name}.smudge`, trap('smudge'));
		set(repo, `filter.${name}.clean`, trap('clean'));
		await check(repo, ['smudge', 'clean'], () => springFilters(repo));
	}
	const repo = newRepo();
	attributes(repo, `* filter=${name}`);
	set(repo, `filter.${name}.process`, trap('process'));
	await check(repo, ['process'], () => springFilters(repo));
});

await test('G04 programs that show and merge differences', async () => {
	const repo = newRepo();
	attributes(repo, '* diff=zz merge=zz');
	for (const key of ['diff.external', 'diff.zz.command', 'diff.zz.textconv',
		'diff.guitool', 'difftool.zz.cmd', 'mergetool.zz.cmd', 'merge.tool'])
		set(repo, key, trap(key));
	set(repo, 'merge.zz.driver', `${trap('driver')} %A`);
	await check(repo, ['diff.zz.command', 'diff.zz.textconv', 'driver'], () => {
		fs.writeFileSync(path.join(repo, 'file'), 'ours\n');
		git(repo, 'diff');
		must(repo, 'commit', '-q', '-am', 'ours');
		git(repo, 'config', '--unset', 'diff.zz.command');
		git(repo, 'config', '--unset', 'diff.external');
		git(repo, 'show', 'HEAD');
		git(repo, 'checkout', '-q', 'other');
		fs.writeFileSync(path.join(repo, 'file'), 'theirs\n');
		must(repo, 'commit', '-q', '-am', 'theirs');
		git(repo, 'merge', 'main');
	});
});

// Key, and the command of the user that springs it; null where git takes the
// key from nowhere but the user's own configuration, or needs a network.
const keys = {
	'core.sshCommand': ['fetch', 'ssh://nowhere.invalid/x'],
	'core.gitProxy': ['fetch', 'git://nowhere.invalid/x'],
	'core.askPass': null,
	'core.editor': ['commit', '--allow-empty', '-q'],
	'core.pager': null,
	'core.alternateRefsCommand': null,
	'credential.helper': ['credential', 'fill'],
	'credential.https://x.helper': null,
	'gpg.program': ['commit', '--allow-empty', '-q', '-S', '-m', 'x'],
	'gpg.ssh.program': null,
	'gpg.x509.program': null,
	'sequence.editor': ['rebase', '-q', '-i', 'HEAD^'],
	'pager.status': null,
	'pager.worktree': null,
	'uploadpack.packObjectsHook': null,
	'remote.zz.uploadpack': ['fetch', 'zz'],
	'remote.zz.receivepack': ['push', 'zz', 'main'],
	'remote.origin.uploadpack': null,
	'trailer.zz.command': null,
	'gc.recentObjectsHook': null,
	'interactive.diffFilter': null,
	'man.zz.cmd': null,
	'browser.zz.cmd': null,
	'web.browser': null,
	'submodule.zz.update': null,
	'init.templateDir': null,
	'sendemail.smtpServer': null,
	'instaweb.httpd': null,
	'ssh.variant': null,
};

await test('G05 none of the executable keys, one by one and together',
	async () => {
		const all = newRepo();
		for (const [key, own] of Object.entries(keys)) {
			const repo = own ? newRepo() : all;
			for (const r of new Set([repo, all])) {
				set(r, key, trap(key, 'exit 1'));
				git(r, 'config', 'remote.zz.url', repo);
			}
			if (!own)
				continue;
			git(repo, 'commit', '-q', '--allow-empty', '-m', 'y');
			set(repo, 'protocol.allow', 'always');
			await check(repo, [key], () => key === 'credential.helper' ?
				spawnSync('git', ['-C', repo, ...own], { env, input:
					'protocol=https\nhost=x\n\n', timeout: 20000 }) :
				git(repo, ...own));
		}
		set(all, 'commit.gpgSign', 'true');
		set(all, 'log.showSignature', 'true');
		await check(all, [], () => {});
		// An alias, another protocol, another file, another address.
		const repo = newRepo();
		fs.writeFileSync(path.join(repo, '.git/more'), '[core]\n\tfsmonitor = ' +
			`${trap('include')}\n`);
		fs.writeFileSync(path.join(repo, '.git/cond'), '[core]\n\tfsmonitor = ' +
			`${trap('includeIf')}\n`);
		for (const [key, value] of Object.entries({
			'include.path': 'more', 'alias.zz': `!${trap('alias')}`,
			'alias.status': `!${trap('alias')}`,
			'alias.worktree': `!${trap('alias')}`,
			'protocol.ext.allow': 'always', 'protocol.allow': 'always',
			'remote.origin.url': `ext::${trap('ext', 'exit 1')} %S`,
			'remote.origin.fetch': '+refs/heads/*:refs/remotes/origin/*',
			'remote.vv.url': 'x', 'remote.vv.vcs': 'trapped',
			'branch.main.remote': 'origin', 'branch.other.remote': 'vv',
			'remote.origin.promisor': 'true',
			'url.ext::x.insteadOf': 'https://' }))
			set(repo, key, value);
		fs.copyFileSync(trap('vcs', 'exit 1'), path.join(bin, 'git-remote-trapped'));
		await check(repo, ['include', 'alias', 'ext', 'vcs'], () => {
			git(repo, 'status');
			git(repo, 'zz');
			git(repo, 'fetch', 'origin');
			git(repo, 'fetch', 'vv');
		});
		set(repo, `includeIf.gitdir:${repo}/.path`, 'cond');
		git(repo, 'config', '--unset', 'include.path');
		await check(repo, ['includeIf'], () => git(repo, 'status'));
		// The configuration of one worktree is read as well.
		const per = newRepo();
		set(per, 'extensions.worktreeConfig', 'true');
		must(per, 'config', '--worktree', 'core.fsmonitor', trap('own'));
		await check(per, ['own'], () => git(per, 'status'));
	});

await test('G06 a program that no list can name', async () => {
	// A key with '=' in it cannot be overridden by -c, and there are more of
	// them than any command line takes: only the sandbox is left.
	const repo = newRepo();
	attributes(repo, '* filter=a=b');
	fs.appendFileSync(path.join(repo, '.git/config'),
		Array.from({ length: 400 }, (_, i) =>
			`[filter "n${i}"]\n\tsmudge = ${trap('flood')}\n`).join('') +
		`[filter "a=b"]\n\tsmudge = ${trap('smudge')}\n` +
		`\tclean = ${trap('clean')}\n`);
	rearm();
	// git may fail over the program it cannot start; it never runs it.
	await everything(repo).catch((e) =>
		assert.match(e.message, /filter|cannot|fail/i));
	assert.deepEqual(sprung(), []);
	springFilters(repo);
	assert.deepEqual(sprung(), ['clean', 'smudge'], 'control');
	rearm();
});

await test('G07 a bare repository hidden in a checkout', async () => {
	const repo = newRepo(), hidden = path.join(repo, 'hidden');
	must(repo, 'init', '-q', '--bare', '-b', 'main', hidden);
	must(repo, 'push', '-q', hidden, 'main');
	for (const [key, value] of Object.entries({ 'core.bare': 'false',
		'core.worktree': '..', 'core.fsmonitor': trap('bare') }))
		set(hidden, key, value);
	for (const at of [hidden, path.join(hidden, 'refs')]) {
		rearm();
		// It is a directory of the repository around it, and nothing more.
		const r = await rdv.request('GET', '/api/worktrees?repo_path=' +
			encodeURIComponent(at));
		assert.equal(r.status, 200, String(r.raw));
		assert.equal(r.json[0].path, fs.realpathSync(repo));
		const w = await rdv.request('POST', '/api/worktrees', { body:
			{ repo_path: at, branch: `h${Date.now()}`, create_branch: true } });
		assert.equal(w.status, 201, String(w.raw));
		const st = await rdv.request('GET', '/api/worktrees/status?' +
			`worktree_path=${encodeURIComponent(at)}`);
		assert.ok(st.status < 500);
		assert.deepEqual(sprung(), []);
		assert.doesNotMatch(must(repo, '--git-dir', hidden, 'branch'), /h\d+/);
	}
	// Alone it is refused: there is no work tree around it.
	const alone = path.join(home, 'alone.git');
	fs.cpSync(hidden, alone, { recursive: true });
	refused(await rdv.request('GET', '/api/worktrees?repo_path=' +
		encodeURIComponent(alone)), 'bare');
	assert.deepEqual(sprung(), []);
	git(hidden, 'status');
	assert.deepEqual(sprung(), ['bare'], 'control');
	rearm();
});

await test('G08 a repository above the root, or of another owner', async () => {
	must(top, 'init', '-q', '-b', 'main');
	set(top, 'core.fsmonitor', trap('parent'));
	const plain = path.join(home, 'plain', 'deep');
	fs.mkdirSync(plain, { recursive: true });
	rearm();
	for (const at of [plain, path.dirname(plain), home]) {
		refused(await rdv.request('GET', '/api/worktrees?repo_path=' +
			encodeURIComponent(at)), at);
		refused(await rdv.request('POST', '/api/worktrees', { body: {
			repo_path: at, branch: 'x', create_branch: true } }), at);
		const r = await rdv.request('POST', '/api/sessions', { body: {
			name: 'x', repo_path: at, worktree_branch: 'x',
			create_worktree: true } });
		refused(r, at);
	}
	assert.deepEqual(sprung(), []);
	git(plain, 'status');
	assert.deepEqual(sprung(), ['parent'], 'control');
	fs.rmSync(path.join(top, '.git'), { recursive: true });
	rearm();
	const repo = newRepo();
	set(repo, 'safe.directory', '*');
	const list = () => rdv.request('GET', '/api/worktrees?repo_path=' +
		encodeURIComponent(repo));
	assert.equal((await list()).status, 200);
	// Only root can give a repository away; tests/unit/core has the rest.
	if (process.getuid() !== 0)
		return;
	for (const file of ['.git', '.']) {
		fs.chownSync(path.join(repo, file), 65534, 65534);
		const r = await list();
		refused(r, file);
		assert.match(r.json.error, /another account|ownership/);
		fs.chownSync(path.join(repo, file), 0, 0);
	}
	assert.equal((await list()).status, 200);
});

// A run may write all of a repository that lies in its tree. What the user's
// own git makes of that is his; ours meets it when it looks at the tree above.
function plant(dir, name) {
	const own = must(dir, 'rev-parse', '--absolute-git-dir').trim();
	fs.mkdirSync(path.join(own, 'hooks'), { recursive: true });
	for (const hook of hooks)
		fs.copyFileSync(trap(`${name}-hook`), path.join(own, 'hooks', hook));
	fs.mkdirSync(path.join(own, 'info'), { recursive: true });
	fs.writeFileSync(path.join(own, 'info/attributes'), '* filter=zz diff=zz\n');
	for (const key of ['core.fsmonitor', 'filter.zz.clean', 'filter.zz.smudge',
		'filter.zz.process', 'diff.external', 'diff.zz.textconv',
		'core.alternateRefsCommand'])
		set(dir, key, trap(`${name}-${key}`));
	// As long as it was: to know it for another git has to read it.
	fs.writeFileSync(path.join(dir, 'file'), 'two\n');
}

await test('G11 a repository nested in the tree, known to git or not',
	async () => {
		const repo = newRepo(), inner = newRepo(), tree = `${repo}-nested`;
		const file = ['-c', 'protocol.file.allow=always', 'submodule', '-q'];
		must(repo, ...file, 'add', inner, 'sub');
		must(repo, 'commit', '-q', '-m', 'sub');
		const post = (what, more) => rdv.request('POST', `/api/worktrees${what}`,
			{ body: { worktree_path: tree, ...more } });
		assert.equal((await post('', { repo_path: repo, branch: 'nested',
			create_branch: true })).status, 201);
		must(tree, ...file, 'update', '--init');
		fs.cpSync(inner, path.join(tree, 'vendored'), { recursive: true });
		for (const name of ['sub', 'vendored'])
			plant(path.join(tree, name), name);
		rearm();
		const at = encodeURIComponent(tree);
		const answers = [...await reads(at),
			await rdv.request('GET', `/api/worktrees/status?worktree_path=${at}`),
			await post('/check'), await post('/discard', { paths: ['file'] }),
			await post('/stage', { paths: ['.gitmodules'] }),
			await post('/stash', { untracked: true }),
			await rdv.request('GET', `/api/worktrees/space?worktree_path=${at}`)];
		const gone = await rdv.request('DELETE', '/api/worktrees',
			{ body: { worktree_path: tree, force: true } });
		answers.push(gone, await rdv.request('POST', '/api/worktrees/restore',
			{ body: { id: gone.json?.trash_id } }));
		assert.deepEqual(sprung(), [], 'sprung by the daemon');
		assert.ok(answers.filter((a) => a.status < 300).length >= 28,
			answers.map((a) => `${a.status} ${a.raw}`.slice(0, 120)).join('\n'));
		git(tree, 'status');
		assert.ok(sprung().includes('sub-core.fsmonitor'), `control: ${sprung()}`);
		git(path.join(tree, 'vendored'), 'status');
		git(path.join(tree, 'vendored'), 'add', 'file');
		for (const name of ['core.fsmonitor', 'filter.zz.process'])
			assert.ok(sprung().includes(`vendored-${name}`),
				`control: ${sprung()}`);
		rearm();
	});

await test('G13 names that are options or expressions', async () => {
	const repo = newRepo();
	const refs = () => must(repo, 'for-each-ref');
	const bad = ['-x', '--output=/tmp/x', '-', '--', '@', '@{-1}', 'HEAD~',
		'HEAD^', 'a..b', ':!x', ':/one', 'a:b', 'a b', 'a\nb', 'a\tb', 'a\\b',
		'a?b', 'a*b', 'a[b', 'a~1', 'a^{}', 'a@{1}', '.a', 'a/.b', 'a.lock',
		'a/', '/a', 'a//b', 'a.', '', 'x'.repeat(4096), 'a\u0000b', 'a\u007fb',
		'refs/heads/../x', 'HEAD'];
	const was = refs();
	for (const name of bad)
		for (const body of [{ branch: name, create_branch: true },
			{ branch: name }, { branch: 'fine', create_branch: true,
				base_branch: name }]) {
			// HEAD is a base, and no name of a branch.
			if (body.base_branch === 'HEAD' || body.base_branch === '')
				continue;
			refused(await rdv.request('POST', '/api/worktrees', { body:
				{ repo_path: repo, ...body } }), JSON.stringify(body)
				.slice(0, 80));
		}
	assert.equal(refs(), was, 'no ref is new');
	for (const name of ['a-b', 'feature/x', 'ünï', 'v1.2.3', 'a@b', '1', 'a,b',
		"it's", 'x'.repeat(180), '%s', '$x', '(a)']) {
		const w = await rdv.request('POST', '/api/worktrees', { body:
			{ repo_path: repo, branch: name, create_branch: true } });
		assert.equal(w.status, 201, `${name}: ${w.raw}`);
		assert.equal(w.json.branch, name);
		assert.ok(refs().includes(`refs/heads/${name}\n`), name);
	}
	// A tag or a remote of such a name is not taken for anything else.
	const one = must(repo, 'rev-parse', 'HEAD').trim();
	fs.mkdirSync(path.join(repo, '.git/refs/tags/-x'), { recursive: true });
	fs.writeFileSync(path.join(repo, '.git/refs/tags/-x/--force'), `${one}\n`);
	fs.appendFileSync(path.join(repo, '.git/config'),
		'[remote "--upload-pack=touch x"]\n\turl = x\n');
	await everything(repo);
});

await rdv.stop();
fs.rmSync(top, { recursive: true, force: true });
