// Group E as far as the API reaches: the helper killed, orphaned, started in
// hostile surroundings, and strings that end near a command. E02-E07 speak the
// protocol itself: tests/priv/test_attack.c, test_spawn.c.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, below, bin, descendants, proc, test, waitFor } from
	'../harness/rdv.mjs';
import { options, output, refused, run } from './lib.mjs';

const lines = (file) => fs.existsSync(file) ?
	fs.readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [];

await test('E10 the helper killed amid requests: nothing runs twice',
	async (t) => {
		const rdv = await t.start(options);
		const file = path.join(rdv.home, 'done');
		const one = (n) => rdv.request('POST', '/api/sessions', { body: {
			name: `n${n}`, project_path: rdv.home, command: ['/bin/sh',
				'-c', `echo n${n} >> done; exec cat`] } });
		const all = [];
		// Until one has run whose answer was lost: it must not run again.
		let unheard = 0;
		const once = () => new Set(lines(file)).size === lines(file).length;
		for (let round = 0; once() && (round < 5 ||
			(unheard === 0 && round < 40)); round++) {
			const old = await waitFor('[ops]', () => rdv.ops);
			// In the other rounds they come before rdvd has it.
			if (round % 2 === 0)
				await waitFor('rdvd has it', async () => (await rdv.call('GET',
					'/health')).components.helper);
			const had = lines(file).length;
			const some = Array.from({ length: 8 }, (_, i) =>
				one(round * 8 + i));
			all.push(...some);
			if (round % 2)
				await Promise.race(some);
			else
				await waitFor('one runs', () => lines(file).length > had);
			process.kill(old, 'SIGKILL');
			await waitFor('another [ops]', () => rdv.ops && rdv.ops !== old);
			for (const [i, a] of (await Promise.all(some)).entries())
				unheard += a.status !== 201 &&
					lines(file).includes(`n${round * 8 + i}`);
		}
		const answers = await Promise.all(all);
		for (const [n, a] of answers.entries())
			if (a.status === 201)
				await waitFor(`n${n} ran`, () =>
					lines(file).includes(`n${n}`));
			else
				assert.ok([422, 503, 504].includes(a.status),
					`${a.status} ${a.raw}`);
		assert.ok(answers.some((a) => a.status === 201), 'control');
		assert.ok(once(), `twice: ${lines(file)}`);
		assert.ok(unheard > 0, 'control: an answer was lost');
		const again = await waitFor('a new one', async () => {
			const a = await one(99);
			return a.status === 201 && a.json;
		});
		assert.equal(again.run.state, 'running');
		// Nothing is left half-made: active is what has a program.
		for (const s of await rdv.call('GET', '/api/sessions'))
			assert.ok(s.run === null || s.run.state !== 'starting', s.name);
	});

await test('E10 killed in a loop it is started with growing delay',
	async (t) => {
		const rdv = await t.start(options);
		const starts = () => rdv.log().match(/started \[ops\]/g).length;
		const begin = Date.now();
		let killed = 0;
		while (Date.now() - begin < 2000 || killed < 3) {
			const pid = await waitFor('[ops]', () => rdv.ops);
			process.kill(pid, 'SIGKILL');
			await waitFor('gone', () => rdv.ops !== pid);
			killed++;
		}
		const most = 12.5 * (Date.now() - begin) / 1000;
		assert.ok(starts() <= most, `${killed} ${starts()} ${most}`);
		await waitFor('healthy', async () => (await rdv.call('GET', '/health'))
			.status === 'healthy');
	});

await test('E11 the daemon killed: runs stay; all killed: runs end',
	async (t) => {
		const rdv = await t.start(options);
		const s = await rdv.session('kept', ['/bin/sh', '-c',
			'echo pid=$$; exec cat']);
		const pid = +await waitFor('pid', async () =>
			/pid=(\d+)/.exec(await output(rdv, s))?.[1]);
		const was = proc(pid);
		const old = rdv.rdvd;
		process.kill(old, 'SIGKILL');
		await waitFor('another daemon', () => rdv.rdvd && rdv.rdvd !== old);
		const now = await waitFor('it answers', async () => (await rdv.request(
			'GET', `/api/sessions/${s.id}`).catch(() => null))?.json);
		assert.deepEqual([now.run.state, now.run.id], ['running', s.run.id]);
		assert.equal(proc(pid).start, was.start);
		// Until it is adopted nobody can tell, and that is the answer.
		await waitFor('adopted', async () => {
			const r = await rdv.request('POST',
				`/api/sessions/${s.id}/exec`, { body: { command: 'still' } });
			assert.ok([202, 503].includes(r.status), `${r.status} ${r.raw}`);
			return r.status === 202;
		});
		await waitFor('it goes on', async () =>
			/still/.test(await output(rdv, s)));
		rdv.track();
		process.kill(rdv.main.pid, 'SIGKILL');
		await waitFor('nobody is left', () => rdv.alive().length === 0 &&
			proc(pid) === null);
	});

const dangerous = ['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'GIT_DIR',
	'GIT_SSH_COMMAND', 'BASH_ENV', 'ENV', 'PERL5OPT', 'PERL5LIB',
	'PYTHONPATH', 'PYTHONSTARTUP', 'NODE_OPTIONS', 'SHELLOPTS', 'BASHOPTS',
	'PS4', 'IFS', 'GCONV_PATH', 'GLIBC_TUNABLES', 'RUBYOPT',
	'LD_DEBUG', 'GIT_EXEC_PATH', 'GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0',
	'GIT_EXTERNAL_DIFF', 'GIT_ASKPASS', 'PERL5DB', 'PYTHONHOME', 'NODE_PATH',
	'PROMPT_COMMAND', 'ZDOTDIR', 'BASH_FUNC_x%%', 'BASH_FUNC_x()'];

await test('E12 hostile surroundings do not reach what is started',
	async (t) => {
		const top = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp',
			'rdv-e12-'));
		t.after(() => fs.rmSync(top, { recursive: true, force: true }));
		const umask = process.umask(0);
		t.after(() => process.umask(umask));
		const hostile = Object.fromEntries(dangerous
			.filter((n) => !/^LD_|[%(]/.test(n)).map((n) => [n, `${top}/evil`]));
		const rdv = await t.start({ ...options, env: { ...hostile,
			SECRET: 'canary', HOME: top } });
		const env = await run(rdv, ['/usr/bin/env'],
			{ environment: { GOOD: 'yes' } });
		assert.match(env.text, /^GOOD=yes\r$/m);
		assert.doesNotMatch(env.text, /evil|canary/);
		const st = await run(rdv, ['/bin/sh', '-c',
			'cat /proc/self/status; umask']);
		for (const set of ['SigBlk', 'SigIgn'])
			assert.match(st.text, new RegExp(`${set}:\\s+0{16}\\r`), set);
		assert.match(st.text, /\r\n00[27][27]\r\n$/, 'a sane umask');
		// Started by hand with nothing to write to, it says no and stops.
		const none = spawnSync('prlimit', ['--fsize=0', bin('rdv-helper'),
			'--base', path.join(top, 'b')], { encoding: 'utf8',
			timeout: 20000 });
		assert.equal(none.status, 77, `${none.status} ${none.stderr}`);
		assert.deepEqual(fs.readdirSync(top).filter((n) => n === 'evil'), []);
		for (const args of [[], ['--base'], ['--base', ''], ['-x'],
			['--base', 'relative']])
			assert.equal(spawnSync(bin('rdv-helper'), args, { timeout: 20000,
				env: {} }).status, 2, args.join(' '));
	});

const shared = await Rdv.start(options);
const create = (body) => shared.request('POST', '/api/sessions',
	{ body: { name: 'x', command: ['/usr/bin/env'], ...body } });

await test('E13 dangerous variables are refused by name', async () => {
	for (const profile of ['login', 'script'])
		for (const io of ['pty', 'pipes'])
			for (const name of [...dangerous, 'a=b', '', '1X', 'x y',
				'A'.repeat(200), 'X\u0000Y', '=', 'ü']) {
				const r = await create({ profile, io,
					environment: { [name]: 'x' } });
				refused(r, `${profile} ${io} ${name}`);
			}
	refused(await create({ environment: { OK: 'x\u0000y' } }), 'NUL');
	const twice = await shared.request('POST', '/api/sessions', { body:
		'{"name":"x","environment":{"A":"1","A":"2"}}' });
	refused(twice, 'duplicate');
	const good = await run(shared, ['/usr/bin/env'], { environment: {
		A_1: '$(id) "q" `x` \\', LONG: 'x'.repeat(5000), EMPTY: '',
		LDFLAGS: '-lx', GITHUB_ACTOR: 'x', NODE_ENV: 'LD_PRELOAD=/x' } });
	for (const line of ['LDFLAGS=-lx', 'GITHUB_ACTOR=x',
		'NODE_ENV=LD_PRELOAD=/x'])
		assert.ok(good.text.includes(`${line}\r\n`), line);
	assert.ok(good.text.includes('A_1=$(id) "q" `x` \\\r\n'));
	assert.ok(good.text.includes(`LONG=${'x'.repeat(5000)}\r\n`));
	assert.ok(good.text.includes('EMPTY=\r\n'));
});

await test('E14 a name that is a flag is no name', async () => {
	const canary = path.join(shared.home, 'canary');
	const flags = ['-x', '--output=' + canary, `-c${canary}`,
		`-oProxyCommand=touch ${canary}`, `--upload-pack=touch ${canary}`];
	const repo = path.join(shared.home, 'repo');
	fs.mkdirSync(repo);
	const git = (...args) => assert.equal(spawnSync('git', ['-C', repo,
		'-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]).status,
	0, args.join(' '));
	git('init', '-q', '-b', 'main');
	git('commit', '-q', '--allow-empty', '-m', 'x');
	for (const flag of flags) {
		for (const body of [{ name: flag }, { project_path: flag },
			{ repo_path: flag, worktree_branch: 'b', create_worktree: true },
			{ repo_path: repo, worktree_branch: flag, create_worktree: true },
			{ repo_path: repo, worktree_branch: 'b', base_branch: flag,
				create_worktree: true },
			{ repo_path: repo, worktree_branch: 'b', worktree_path: flag,
				create_worktree: true }, { command: [flag] },
			{ folder_id: flag }])
			refused(await create(body), JSON.stringify(body));
		for (const body of [{ repo_path: flag, branch: 'b' },
			{ repo_path: repo, branch: flag },
			{ repo_path: repo, branch: 'b', base_branch: flag },
			{ repo_path: repo, branch: 'b', worktree_path: flag }])
			refused(await shared.request('POST', '/api/worktrees', { body:
				{ create_branch: true, ...body } }), JSON.stringify(body));
		refused(await shared.request('DELETE', '/api/worktrees', { body:
			{ worktree_path: flag } }), flag);
		refused(await shared.request('GET', '/api/worktrees?repo_path=' +
			encodeURIComponent(flag)), flag);
	}
	assert.equal(fs.existsSync(canary), false);
	// Arguments of a command are the user's own: they stay flags.
	const r = await run(shared, ['/usr/bin/printf', '%s', '--', '-x']);
	assert.equal(r.text, '---x');
	const made = await shared.request('POST', '/api/worktrees', { body:
		{ repo_path: repo, branch: 'b-x', create_branch: true } });
	assert.equal(made.status, 201, String(made.raw));
});

await test('E14 nor is one a branch, a commit, a remote or a host', async () => {
	const canary = path.join(shared.home, 'canary14');
	const dir = path.join(shared.home, 'e14');
	fs.mkdirSync(dir);
	const git = (...args) => assert.equal(spawnSync('git', ['-C', dir,
		'-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]).status,
	0, args.join(' '));
	git('init', '-q', '-b', 'main');
	git('commit', '-q', '--allow-empty', '-m', 'x');
	const { id } = await shared.call('POST', '/api/repos', { path: dir });
	// Route, the fields that end near a command, and what else it is asked.
	const rows = [['POST push', ['remote', 'lease'], { force: true }], ['POST fetch', ['remote']],
		['POST pull', ['remote']], ['POST merge', ['into']],
		['POST rebase', ['onto', 'from'], { onto: 'main' }],
		['POST pick', ['commits']], ['POST stash/drop', ['stash']],
		['POST stash/apply', ['stash']], ['POST stash/pop', ['stash']],
		['POST branches', ['name', 'base'], { name: 'b' }],
		['PATCH branches', ['name', 'new_name'], { name: 'main',
			new_name: 'b' }], ['POST branches/restore', ['pin', 'name'],
			{ pin: '0'.repeat(36), name: 'b' }],
		['POST watch', ['base']], ['GET log', ['to', 'base']],
		['GET diff', ['base', 'from', 'commit'], { path: 'f' }],
		['GET diff', ['to'], { path: 'f', from: 'main' }],
		['GET diffstat', ['base', 'from', 'commit']],
		['GET diffstat', ['to'], { from: 'main' }],
		['GET compare', ['base', 'to'], { base: 'main' }],
		['GET merge', ['base', 'to'], { base: 'main' }],
		['GET tree', ['at']], ['GET file', ['at'], { path: 'f' }],
		['GET blame', ['at'], { path: 'f' }], ['GET diff/stream', ['base']],
		['POST /api/repos/clones', ['url', 'branch', 'dir', 'filter'],
			{ url: dir, dir: `${dir}-clone` }],
		['POST /api/workspaces', ['branch'], { repos: [id] }],
		['PATCH /api/repos/' + id, ['default_base']],
		['POST /api/sessions', ['network_hosts'], { name: 'x', profile: 'script',
			network: 'list', command: ['/bin/true'] }]];
	for (const flag of ['-x', `--output=${canary}`, `-c${canary}`,
		`-oProxyCommand=touch ${canary}`, `--upload-pack=touch ${canary}`])
		for (const [route, fields, more] of rows)
			for (const field of fields) {
				const [method, at] = route.split(' ');
				const all = { ...at.startsWith('/') ? {} :
					{ worktree_path: dir }, ...more, [field]:
					/commits|hosts/.test(field) ? [flag] : flag };
				const target = at.startsWith('/') ? at : `/api/worktrees/${at}`;
				const r = await shared.request(method, method === 'GET' ?
					`${target}?${new URLSearchParams(all)}` : target,
				{ body: method === 'GET' ? undefined : all });
				refused(r, `${route} ${field} ${flag}`);
				// It is what was said there that is no good.
				assert.doesNotMatch(r.json.error, /required|is for/,
					`${route} ${field}: ${r.json.error}`);
			}
	assert.equal(fs.existsSync(canary), false);
	const r = await shared.request('POST', '/api/worktrees/branches', { body:
		{ worktree_path: dir, name: 'b-x', base: 'main' } });
	assert.equal(r.status, 201, `control: ${r.raw}`);
});

await test('E15 no shell reads what is not for one', async () => {
	const dir = path.join(shared.home, 'e15');
	fs.mkdirSync(dir);
	const nasty = ['$(touch canary)', '`touch canary`', '; touch canary',
		'| touch canary', '&& touch canary', '\'"\\', '*?[a]~', '%s%n%x',
		'a  b ', '!! #', '{x,y}', '<>', 'ü 🙂', ' '.repeat(100),
		'$HOME ${IFS}'];
	for (const text of [...nasty, 'new\nline', 'tab\there', '\u001b[31m',
		' '.repeat(4096)]) {
		const r = await run(shared, ['/usr/bin/printf', '<%s>', text],
			{ project_path: dir, io: 'pipes' });
		assert.equal(r.text, `<${text}>`);
	}
	for (const text of nasty.filter((x) => !x.includes('/'))) {
		const place = path.join(dir, text);
		fs.mkdirSync(place);
		const r = await run(shared, ['/bin/pwd', '-P'],
			{ project_path: place, io: 'pipes' });
		assert.equal(r.text, `${fs.realpathSync(place)}\n`);
		if (Buffer.byteLength(text) <= 100) {
			const s = await shared.session(text, ['/bin/true']);
			assert.equal(s.name, text);
		}
	}
	for (const body of [{ name: 'a\u0000b' }, { command: ['/bin/echo',
		'a\u0000b'] }, { project_path: '/tmp\u0000/x' },
	{ command: ['/bin/echo\u0000x'] }, { name: 'a\nb' }, { name: '\u001b[31m' }])
		refused(await create(body), JSON.stringify(body));
	const found = below(shared.home).filter((n) => n.endsWith('canary') &&
		!nasty.some((x) => n.endsWith(x)));
	assert.deepEqual(found, []);
	// What is for a shell is read by one.
	await (async () => {
		const s = await shared.call('POST', '/api/sessions', { name: 'sh',
			shell_command: 'echo $((6 * 7)) > canary', project_path: dir });
		await waitFor('control', () => fs.existsSync(`${dir}/canary`) &&
			fs.readFileSync(`${dir}/canary`, 'utf8') === '42\n');
		await shared.call('DELETE', `/api/sessions/${s.id}`);
	})();
});

// Git takes such names, and what is named is what was asked for.
await test('E15 nor what stands in the name of a branch', async () => {
	const dir = path.join(shared.home, 'e15-names');
	fs.mkdirSync(dir);
	const git = (...args) => {
		const r = spawnSync('git', ['-C', dir, '-c', 'user.name=t',
			'-c', 'user.email=t@example.org', ...args]);
		assert.equal(r.status, 0, `${args}: ${r.stderr}`);
		return String(r.stdout);
	};
	git('init', '-q', '-b', 'main');
	git('commit', '-q', '--allow-empty', '-m', 'x');
	const names = ['$(touch${IFS}canary)', '`touch${IFS}canary`',
		';touch${IFS}canary', '|touch${IFS}canary', '&touch${IFS}canary',
		'\'"', '%s%n', '{x,y}', '<>', '!!#', 'ü🙂', '$HOME'];
	for (const name of names) {
		const made = await shared.request('POST', '/api/worktrees', { body:
			{ repo_path: dir, branch: name, create_branch: true } });
		assert.equal(made.status, 201, `${name}: ${made.raw}`);
		assert.equal(made.json.branch, name);
		const on = spawnSync('git', ['-C', made.json.path, 'symbolic-ref',
			'HEAD']);
		assert.equal(String(on.stdout), `refs/heads/${name}\n`);
		const s = await shared.request('GET', '/api/worktrees/status?worktree_path=' +
			encodeURIComponent(made.json.path));
		assert.equal(s.status, 200, String(s.raw));
	}
	assert.deepEqual(git('for-each-ref', '--format=%(refname:short)',
		'refs/heads').trim().split('\n').sort(), ['main', ...names].sort());
	assert.deepEqual(below(shared.home).filter((n) =>
		path.basename(n) === 'canary' && n !== 'e15/canary'), []);
});

await shared.stop();
