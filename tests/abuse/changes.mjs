// Group G, every way to change a repository: its configuration, hooks and
// attributes name programs, each of which would leave a file. None is there
// after all that the API changes, each operation of which went well; and the
// user's own git springs the same traps, or they were none.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start({ config: '' });
const home = fs.realpathSync(rdv.home);
const marks = path.join(home, 'marks'), bin = path.join(home, 'bin');
for (const d of [marks, bin])
	fs.mkdirSync(d);
const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: home, TERM: 'dumb',
	GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null' };
const git = (dir, ...args) => spawnSync('git', ['-C', dir, '-c',
	'user.name=t', '-c', 'user.email=t@example.org', ...args],
{ encoding: 'utf8', env, input: '', timeout: 60000 });
// What makes the stage is not on it.
const must = (dir, ...args) => {
	const r = git(dir, ...['core.hooksPath=/dev/null', 'core.fsmonitor=false',
		'filter.zz.required=false', 'filter.zz.clean=', 'filter.zz.smudge=',
		'filter.zz.process='].flatMap((pin) => ['-c', pin]), ...args);
	assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}`);
	return r.stdout.trim();
};

let programs = 0;
function trap(name, then = 'cat') {
	const file = path.join(bin, `trap${programs++}`);
	fs.writeFileSync(file, `#!/bin/sh\n: > '${marks}/${name}'\n${then}\n`,
		{ mode: 0o755 });
	return file;
}
const sprung = () => fs.readdirSync(marks).sort();
const rearm = () => sprung().forEach((n) => fs.rmSync(path.join(marks, n)));

const ask = (method, target, body) => rdv.request(method, target, { body });
async function good(what, method, target, body) {
	const r = await ask(method, target, body);
	assert.ok(r.status < 300, `${what}: ${r.status} ${r.raw}`);
	return r.json;
}

// A file of twenty lines, of which `side` changes one on its branch.
const lines = (n, text) => Array.from({ length: 20 }, (_, i) =>
	i + 1 === n ? text : String(i + 1)).join('\n') + '\n';

let stages = 0;
// A repository with `main` in its own tree, a remote of its own beside it, and
// a worktree on `side`. `main` and `clash` went on, the latter in its way.
function stage(setTraps) {
	const n = stages++, repo = path.join(home, `r${n}`);
	const s = { repo, up: path.join(home, `up${n}.git`),
		tree: path.join(home, `r${n}-side`) };
	const put = (name, text) => fs.writeFileSync(path.join(s.tree, name), text);
	const commit = (dir, file, text) => {
		fs.writeFileSync(path.join(dir, file), text);
		must(dir, 'add', file);
		must(dir, 'commit', '-q', '-m', text.slice(0, 9));
		return must(dir, 'rev-parse', 'HEAD');
	};
	fs.mkdirSync(repo);
	must(repo, 'init', '-q', '-b', 'main');
	must(repo, 'config', 'user.name', 'ann');
	must(repo, 'config', 'user.email', 'ann@example.org');
	commit(repo, 'f', lines());
	must(repo, 'checkout', '-q', '-b', 'clash');
	s.clash = commit(repo, 'f', lines(2, 'zwei'));
	must(repo, 'checkout', '-q', '-b', 'pickme', 'main');
	s.pick = commit(repo, 'p', 'picked\n');
	must(repo, 'checkout', '-q', 'main');
	must(repo, 'branch', 'target');
	must(repo, 'clone', '-q', '--bare', repo, s.up);
	must(repo, 'remote', 'add', 'origin', s.up);
	must(repo, 'fetch', '-q', 'origin');
	must(repo, 'worktree', 'add', '-q', '-b', 'side', s.tree);
	commit(repo, 'm', 'went on\n');
	s.put = put;
	setTraps(s);
	return s;
}
const body = (s, more) => ({ worktree_path: s.tree, ...more });
const change = (s, what, more) => good(what, 'POST', `/api/worktrees/${what}`,
	body(s, more));
async function state(s, wanted, what, more) {
	const { change: c } = await change(s, what, more);
	assert.equal(c.state, wanted, `${what}: ${JSON.stringify(c)}`);
}
async function transfer(s, what, more) {
	const { id } = await change(s, what, more);
	const t = await waitFor(what, async () => {
		const now = await rdv.call('GET', `/api/transfers/${id}`);
		return ['done', 'failed', 'cancelled'].includes(now.state) && now;
	});
	assert.equal(t.state, 'done', `${what}: ${JSON.stringify(t)}`);
}

// Each step by the name of what it tries; they go on where others stopped.
const steps = {
	async stage(s) {
		s.put('f', lines(2, 'two'));
		s.put('new', 'new\n');
		await change(s, 'stage', { all: true });
		await change(s, 'unstage', { paths: ['new'] });
		await change(s, 'stage', { paths: ['new'] });
	},
	async commit(s) {
		await change(s, 'commit', { message: 'two\n\nTrailer: x\n' });
		s.put('f', lines(2, 'deux'));
		await change(s, 'commit', { all: true, amend: true, message: 'deux' });
	},
	async discard(s) {
		s.put('f', lines(4, 'gone'));
		s.put('untracked', 'gone\n');
		const { id } = await change(s, 'discard', { all: true });
		await good('undiscard', 'POST', '/api/worktrees/discards/restore',
			{ id });
		assert.equal(fs.readFileSync(path.join(s.tree, 'f'), 'utf8'),
			lines(4, 'gone'));
	},
	async stash(s) {
		await change(s, 'stash', { untracked: true, message: 'x' });
		const first = async () => (await rdv.call('GET', '/api/worktrees/' +
			`stashes?worktree_path=${encodeURIComponent(s.tree)}`)).items[0];
		const { commit: at } = await first();
		await change(s, 'stash/apply', { stash: at });
		await change(s, 'stash', { untracked: true });
		await change(s, 'stash/pop', { stash: (await first()).commit });
		await change(s, 'stash/drop', { stash: at });
		await change(s, 'discard', { all: true });
	},
	async branches(s) {
		const all = '/api/worktrees/branches', at = '?worktree_path=' +
			encodeURIComponent(s.tree);
		await good('branch', 'POST', all, body(s, { name: 'b1' }));
		await good('rename', 'PATCH', all, body(s, { name: 'b1',
			new_name: 'b2' }));
		await good('delete', 'DELETE', `${all}${at}&name=b2&force=true`);
		const { items } = await rdv.call('GET', `${all}/deleted${at}`);
		await good('branch back', 'POST', `${all}/restore`,
			body(s, { pin: items[0].pin }));
	},
	async merge(s) {
		await state(s, 'done', 'merge', { into: 'target' });
		s.put('sq', 'squashed\n');
		await change(s, 'commit', { all: true, message: 'sq' });
		await state(s, 'done', 'merge', { into: 'target', squash: true });
	},
	async rebase(s) {
		await state(s, 'done', 'rebase', { onto: 'main' });
		await state(s, 'done', 'pick', { commits: [s.pick] });
		// Both have the same line. Without its program git merges no such file.
		if (s.driven) {
			const r = await ask('POST', '/api/worktrees/pick',
				body(s, { commits: [s.clash] }));
			assert.deepEqual([r.status, r.json.code], [409, 'MERGE_DRIVER']);
			assert.match(r.json.error, /merge\.zz\.driver is a program/);
			assert.equal(git(s.tree, 'status', '--porcelain',
				'--untracked-files=no').stdout, '');
			return;
		}
		await state(s, 'conflict', 'pick', { commits: [s.clash] });
		await change(s, 'resolve', { path: 'f', as: 'theirs' });
		await state(s, 'done', 'continue');
		must(s.tree, 'reset', '-q', '--hard', 'HEAD^');
		await state(s, 'conflict', 'pick', { commits: [s.clash] });
		await change(s, 'skip');
		await state(s, 'conflict', 'rebase', { onto: 'clash' });
		await change(s, 'abort');
	},
	async transfers(s) {
		// What is borrowed does not leave.
		if (s.borrowed) {
			const r = await ask('POST', '/api/worktrees/push', body(s, {}));
			assert.equal(r.status, 409, String(r.raw));
			assert.match(r.json.error, /borrows objects/);
			return;
		}
		await transfer(s, 'push', { upstream: true });
		await transfer(s, 'fetch', { prune: true });
		await transfer(s, 'pull');
	},
	async trash(s) {
		const { trash_id: id } = await good('remove', 'DELETE',
			'/api/worktrees', body(s, { force: true }));
		await good('restore', 'POST', '/api/worktrees/restore', { id });
		await good('space', 'GET', '/api/worktrees/space?worktree_path=' +
			encodeURIComponent(s.tree));
	},
	async workspaces(s) {
		const repo = await good('repo', 'POST', '/api/repos', { path: s.repo });
		const made = await good('workspace', 'POST', '/api/workspaces',
			{ name: 'w', repos: [repo.id] });
		const at = `/api/workspaces/${made.id}`;
		await waitFor('ready', async () =>
			(await rdv.call('GET', at)).state === 'ready');
		const [{ path: dir }] = (await rdv.call('GET', at)).repos;
		fs.rmSync(dir, { recursive: true });
		await good('ensure', 'POST', `${at}/ensure`);
		assert.ok(fs.existsSync(path.join(dir, 'f')), 'it is back');
		// Unforced: no setting makes git say more than was asked.
		await good('archive', 'POST', `${at}/archive`, { remove: true });
		await good('unarchive', 'POST', `${at}/restore`);
		await good('its space', 'GET', `${at}/space`);
		await good('delete', 'DELETE', `${at}?force=true&branches=true`);
	},
	async clone(s) {
		if (s.borrowed) {
			const r = await ask('POST', '/api/repos/clones',
				{ url: s.repo, dir: `${s.repo}-clone` });
			assert.equal(r.status, 422, String(r.raw));
			assert.match(r.json.error, /borrows objects/);
			return;
		}
		const { id } = await good('clone', 'POST', '/api/repos/clones',
			{ url: s.repo, dir: `${s.repo}-clone` });
		const end = await waitFor('the clone', async () => {
			const c = await rdv.call('GET', `/api/repos/clones/${id}`);
			return ['ready', 'failed', 'cancelled'].includes(c.state) && c;
		});
		assert.equal(end.state, 'ready', JSON.stringify(end));
	},
	gc: () => good('gc', 'POST', '/api/gc'),
};

// Attributes in the tree and beside it.
function attributes(s, line) {
	fs.writeFileSync(path.join(s.repo, '.git/info/attributes'), `${line}\n`);
	for (const dir of [s.repo, s.tree]) {
		fs.writeFileSync(path.join(dir, '.gitattributes'), `${line}\n`);
		must(dir, 'add', '.gitattributes');
		must(dir, 'commit', '-q', '-m', 'attr');
	}
}
const set = (s, key, value) => must(s.repo, 'config', key, value);
const HOOKS = ['applypatch-msg', 'pre-applypatch', 'post-applypatch',
	'pre-commit', 'pre-merge-commit', 'prepare-commit-msg', 'commit-msg',
	'post-commit', 'pre-rebase', 'post-checkout', 'post-merge', 'pre-push',
	'pre-receive', 'update', 'proc-receive', 'post-receive', 'post-update',
	'reference-transaction', 'push-to-checkout', 'pre-auto-gc',
	'post-rewrite', 'post-index-change', 'fsmonitor-watchman'];
function hooks(dir) {
	fs.mkdirSync(dir, { recursive: true });
	for (const name of HOOKS)
		fs.copyFileSync(trap(name), path.join(dir, name));
}
const edit = (s) => fs.appendFileSync(path.join(s.repo, 'f'), 'own\n');

// What is set, and how the user's own git springs it: { traps, own, springs }.
const settings = {
	'hooks of the repository and of its remote': {
		traps: (s) => [s.up, path.join(s.repo, '.git')].forEach((d) =>
			hooks(path.join(d, 'hooks'))),
		own: (s) => [git(s.repo, 'commit', '--allow-empty', '-qm', 'x'),
			git(s.repo, 'rebase', '-q', 'clash'),
			git(s.repo, 'push', '-q', 'origin', 'main')],
		springs: ['pre-commit', 'commit-msg', 'reference-transaction',
			'pre-push', 'post-index-change', 'pre-rebase', 'pre-receive'] },
	'hooks by core.hooksPath': {
		traps: (s) => {
			hooks(path.join(home, 'hooked'));
			set(s, 'core.hooksPath', path.join(home, 'hooked'));
		},
		own: (s) => git(s.repo, 'commit', '--allow-empty', '-qm', 'x'),
		springs: ['pre-commit', 'post-commit'] },
	filters: {
		traps: (s) => {
			attributes(s, '* filter=zz');
			set(s, 'filter.zz.required', 'true');
			set(s, 'filter.zz.clean', trap('clean'));
			set(s, 'filter.zz.smudge', trap('smudge'));
		},
		own: (s) => [edit(s), git(s.repo, 'add', 'f'),
			fs.rmSync(path.join(s.repo, 'f')),
			git(s.repo, 'checkout', '-q', '--', 'f')],
		springs: ['clean', 'smudge'] },
	'a filter that stays': {
		traps: (s) => {
			attributes(s, '* filter=zz');
			set(s, 'filter.zz.process', trap('process'));
		},
		own: (s) => [edit(s), git(s.repo, 'add', 'f')],
		springs: ['process'] },
	'programs that show and merge': {
		traps: (s) => {
			attributes(s, '* diff=zz merge=zz');
			for (const key of ['diff.external', 'diff.zz.command',
				'diff.zz.textconv', 'mergetool.zz.cmd', 'merge.tool'])
				set(s, key, trap(key));
			s.driven = true;
			set(s, 'merge.zz.driver', `${trap('driver')} %A`);
		},
		own: (s) => [edit(s), git(s.repo, 'diff'),
			git(s.repo, 'checkout', '-q', '--', 'f'),
			fs.writeFileSync(path.join(s.repo, 'f'), lines(19, 'x')),
			git(s.repo, 'commit', '-qam', 'own'), git(s.repo, 'merge', 'clash')],
		springs: ['diff.zz.command', 'driver'] },
	'how submodules are brought along': {
		traps: (s) => {
			for (const dir of [s.repo, s.tree]) {
				fs.writeFileSync(path.join(dir, '.gitmodules'),
					`[submodule "sub"]\n\tpath = sub\n\turl = ${s.up}\n`);
				must(dir, 'add', '.gitmodules');
				must(dir, 'update-index', '--add', '--cacheinfo',
					`160000,${s.clash},sub`);
				must(dir, 'commit', '-q', '-m', 'sub');
			}
			set(s, 'submodule.sub.url', s.up);
			set(s, 'submodule.sub.active', 'true');
			set(s, 'submodule.recurse', 'true');
			set(s, 'submodule.sub.update', `!${trap('update', 'exit 0')}`);
		},
		own: (s) => git(s.repo, '-c', 'protocol.file.allow=always',
			'submodule', 'update', '--init'),
		springs: ['update'] },
	'objects that are borrowed': {
		traps: (s) => {
			const other = path.join(s.repo, '.git/other');
			must(s.repo, 'clone', '-q', '--bare', s.up, other);
			fs.writeFileSync(path.join(s.repo, '.git/objects/info/alternates'),
				`${other}/objects\n`);
			s.borrowed = true;
			set(s, 'core.alternateRefsCommand', trap('refs', 'exit 0'));
		},
		own: (s) => git(s.repo, 'fetch', '-q', s.up, 'main:refs/x/y'),
		springs: ['refs'] },
	'editors, signatures, monitors and the like': {
		traps: (s) => {
			for (const key of ['core.fsmonitor', 'core.editor', 'core.pager',
				'core.askPass', 'core.sshCommand', 'core.gitProxy',
				'core.alternateRefsCommand', 'sequence.editor', 'gpg.program',
				'gpg.ssh.program', 'credential.helper', 'trailer.x.command',
				'trailer.x.cmd', 'uploadpack.packObjectsHook',
				'gc.recentObjectsHook', 'interactive.diffFilter',
				'remote.origin.uploadpack', 'remote.origin.receivepack',
				'remote.other.vcs', 'pager.log'])
				set(s, key, trap(key, 'exit 1'));
			for (const key of ['commit', 'status', 'merge', 'rebase', 'stash'])
				set(s, `alias.${key}`, `!${trap(`alias-${key}`)}`);
			for (const key of ['commit.gpgSign', 'tag.gpgSign', 'push.gpgSign',
				'log.showSignature', 'rebase.autoStash', 'rerere.enabled'])
				set(s, key, 'true');
			set(s, 'protocol.ext.allow', 'always');
			set(s, 'url.ext::x.insteadOf', 'https://');
		},
		own: (s) => [git(s.repo, 'status'),
			git(s.repo, 'commit', '--allow-empty', '-qm', 'x'),
			git(s.repo, '-c', 'commit.gpgSign=false', 'commit', '-q',
				'--allow-empty'),
			git(s.repo, 'rebase', '-i', 'HEAD^'),
			git(s.repo, 'fetch', '-q', 'origin')],
		springs: ['core.fsmonitor', 'gpg.program', 'core.editor',
			'sequence.editor', 'remote.origin.uploadpack'] },
	'the same from files that are included': {
		traps: (s) => {
			const more = path.join(s.repo, '.git/more');
			fs.writeFileSync(more, `[core]\n\tfsmonitor = ${trap('inc')}\n` +
				`\teditor = ${trap('inc-editor', 'exit 1')}\n[gpg]\n` +
				`\tprogram = ${trap('inc-gpg', 'exit 1')}\n` +
				'[commit]\n\tgpgSign = true\n');
			set(s, `includeIf.gitdir:${home}/.path`, more);
			set(s, 'extensions.worktreeConfig', 'true');
			must(s.tree, 'config', '--worktree', 'core.fsmonitor', trap('own'));
		},
		own: (s) => [git(s.repo, 'status'), git(s.tree, 'status'),
			git(s.repo, 'commit', '--allow-empty', '-q')],
		springs: ['inc', 'inc-editor', 'own'] },
};

for (const [what, row] of Object.entries(settings))
	await test(`G01 G02 G03 G04 G05 no change runs a program: ${what}`,
		async () => {
			rearm();
			const s = stage(row.traps);
			rearm(); // what the stage itself has sprung
			for (const [name, step] of Object.entries(steps)) {
				await step(s);
				assert.deepEqual(sprung(), [], `sprung by ${name}`);
			}
			row.own(s);
			for (const name of row.springs)
				assert.ok(sprung().includes(name),
					`control: ${name} in ${sprung()}`);
		});

await rdv.stop();
