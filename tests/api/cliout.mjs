// What the command line promises of its output: the real rdv, in a shell.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();

/* `rdv` stands for the program under test. */
function shell(script) {
	const run = spawnSync('/bin/bash', ['-c',
		`rdv() { ${bin('rdv')} "$@"; }\n${script}`], {
		cwd: rdv.home, encoding: 'utf8', timeout: 30000,
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
			RDV_HOME: rdv.base },
	});
	return { status: run.status, out: run.stdout, err: run.stderr };
}

await test('a reader that has seen enough hears nothing', async () => {
	const { id } = await rdv.session('long', ['/usr/bin/seq', '200000']);
	await waitFor('the end', async () => (await rdv.call('GET',
		`/api/sessions/${id}`)).run.state === 'completed');
	for (const how of ['--all', '--all --raw', '--all --json',
		'--lines 100000'])
		assert.deepEqual(shell(`rdv scrollback long ${how} | head -c 1 |
			wc -c; echo \${PIPESTATUS[0]}`),
		{ status: 0, out: '1\n1\n', err: '' }, how);
	assert.match(shell('rdv scrollback long --all > /dev/full').err,
		/cannot write the output/);
});

await test('a stopped program is shown as that, and can go on', async () => {
	const { id, run } = await rdv.session('still', ['/bin/cat']);
	const shown = () => shell('rdv session ls; rdv show still; rdv status').out;
	assert.match(shown(), /^\S+ +still +active +running/m);
	assert.match(shown(), /^stopped of those +0$/m);
	await rdv.call('POST', `/api/sessions/${id}/signal`, { signal: 'STOP' });
	await waitFor('it is told', async () => (await rdv.call('GET',
		`/api/runs/${run.id}`)).stopped);
	assert.match(shown(), /^\S+ +still +active +stopped/m);
	assert.match(shown(), /^state +stopped$/m);
	assert.match(shown(), /^stopped +\d{4}-/m);
	assert.match(shown(), /^stopped of those +1$/m);
	assert.equal(shell('rdv session resume still').status, 0);
	await waitFor('it goes on', async () => !(await rdv.call('GET',
		`/api/runs/${run.id}`)).stopped);
	assert.match(shown(), /^\S+ +still +active +running/m);
	await rdv.request('DELETE', `/api/sessions/${id}`);
});

await test('J05 an image out of pipes is not shown, as one of a terminal',
	async () => {
		const image = 'a\\033P0;1q#0~\\033\\\\b\\033]1337;File=inline=1:' +
			'AAAA\\007c\\033_Ga=T;AAAA\\033\\\\d\\n';
		for (const io of ['pipes', 'pty']) {
			const s = await rdv.session(`image-${io}`, ['/usr/bin/printf',
				image], { io });
			await waitFor('the end', async () => (await rdv.call('GET',
				`/api/sessions/${s.id}`)).run.state === 'completed');
			const raw = shell(`rdv scrollback image-${io} --all --raw`).out;
			for (const part of ['\x1bP0;1q', '\x1b]1337;', '\x1b_Ga=T;'])
				assert.ok(raw.includes(part), `control: ${io} ${raw}`);
			for (const how of ['', '--all', '--grep d'])
				assert.match(shell(`rdv scrollback image-${io} ${how}`).out,
					/^(\d+:? *)?abcd\r?\n$/, `${io} ${how}`);
		}
	});

await test('with --json wrong usage is one object too', () => {
	for (const words of ['--nonsense --json', 'session frob --json',
		'session new --json', 'session new x --env foo --json',
		'folder mv f --json']) {
		const run = shell(`rdv ${words}`);
		assert.equal(run.status, 2, words);
		assert.equal(run.out, '', words);
		assert.match(JSON.parse(run.err).error, /./, words);
	}
	assert.match(shell('rdv session new').err, /^usage: rdv session new /m);
	assert.match(shell('rdv session new x -- --json; rdv exec').err,
		/^usage: /m);
});

await test('a program that cannot be started is named', async () => {
	for (const [words, why] of [
		['-- no-such-program',
			'run no-such-program: No such file or directory (P3 program)'],
		["-- '/no\nsuch'", 'run /no\\nsuch: No such file or directory ' +
			'(C18 execve)'],
		['-- /etc/passwd', 'run /etc/passwd: Permission denied (C18 execve)'],
		['--dir /dev/null', 'enter /dev/null: Not a directory (C12 chdir)'],
	]) {
		const run = shell(`rdv session new x ${words}`);
		assert.deepEqual(run, { status: 1, out: '',
			err: `rdv: cannot ${why}\n` });
	}
	assert.equal(shell('rdv session new x -- true').status, 0);
});

// As bash cuts a line into words, the last of which is to be completed.
const inBash = (...words) => shell(`source <(rdv completion bash)
	COMP_WORDS=(${bin('rdv')} ${words.map((w) => `'${w}'`).join(' ')})
	COMP_CWORD=${words.length}
	_rdv; printf '%s,' "\${COMPREPLY[@]}"`).out;

const zshScript = path.join(path.dirname(bin('rdv')),
	'../share/rdv/completion/rdv.zsh');
// zsh keeps the word whole; its own functions say what they were called with.
const inZsh = (...words) => spawnSync('zsh', ['-f', '-c', `
	compdef() :
	compadd() { printf '%s,' "\${(@P)2}" }
	compset() { printf 'compset %s,' "$2" }
	_files() { printf 'files %s,' "$1" }
	source ${zshScript}
	words=("$@") CURRENT=$#
	_rdv`, 'zsh', bin('rdv'), ...words], {
	encoding: 'utf8', timeout: 30000,
	env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: rdv.base },
}).stdout;

await test('the shells complete a value behind its option', async (t) => {
	const start = ['session', 'new', 'x'];

	assert.equal(inBash('att'), 'attach,');
	assert.equal(inBash(...start, '--profile', 's'), 'script,');
	// bash replaces the last of its words only, zsh all of the one it has.
	assert.equal(inBash(...start, '--profile', '='),
		'login,script,agent,lsp,');
	assert.equal(inBash(...start, '--profile', '=', 's'), 'script,');
	assert.equal(inBash(...start, '--profile=s'), '--profile=script,');
	assert.equal(inBash('send-keys', 'x', 'Page'), 'PageUp,PageDown,');
	assert.equal(inZsh('send-keys', 'x', 'a', 'C-z'), 'C-z,');
	assert.equal(inZsh('att'), 'attach,');
	assert.equal(inZsh(...start, '--profile='),
		'--profile=login,--profile=script,--profile=agent,--profile=lsp,');
	// Whole again, it is no argument of the command.
	await rdv.session('only one', ['/bin/true']);
	assert.match(inBash('attach', '--socket', '=', 'x', 'only'),
		/only\\ one,/);
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-dir-'));
	t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
	fs.mkdirSync(path.join(dir, 'under'));
	assert.equal(inBash(...start, '--dir', '=', `${dir}/u`),
		`${dir}/under,`);
	assert.equal(inBash(...start, `--dir=${dir}/u`), `--dir=${dir}/under,`);
	assert.equal(inZsh(...start, `--dir=${dir}/u`),
		'compset --*=,files -/,');
	assert.equal(inZsh(...start, '--dir', `${dir}/u`), 'files -/,');
});

await test('a directory may have a name that is no UTF-8', () => {
	const home = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-up-'));
	const at = `RDV_HOME=$'${home}/a\\xff'`;

	try {
		const up = shell(`mkdir -m 700 $'${home}/a\\xff'
			${at} rdv up --no-web`);
		assert.equal(up.status, 0, up.err);
		assert.match(shell(`grep -c ' level=info ' \
			$'${home}/a\\xff/server/server.log'`).out, /^[1-9]/);
		assert.equal(shell(`${at} rdv status --json`).status, 0);
	} finally {
		assert.equal(shell(`${at} rdv down`).status, 0);
		fs.rmSync(home, { recursive: true, force: true });
	}
});

await test('a log that nobody can read holds up no start', () => {
	const home = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-up-'));
	const up = `RDV_HOME=${home} rdv up --no-web`;

	try {
		fs.mkdirSync(path.join(home, 'server'), { mode: 0o700 });
		fs.writeFileSync(path.join(home, 'server/config.toml'),
			`[server]\nlog_file = "${home}/fifo"\n`, { mode: 0o600 });
		const run = shell(`mkfifo ${home}/fifo; ${up}`);
		assert.equal(run.status, 1);
		assert.ok(run.err.includes(
			`${home}/fifo: No such device or address`), run.err);
		fs.unlinkSync(path.join(home, 'fifo'));
		assert.equal(shell(up).status, 0, 'control: a file');
	} finally {
		assert.equal(shell(`RDV_HOME=${home} rdv down`).status, 0);
		fs.rmSync(home, { recursive: true, force: true });
	}
});

// A base directory with one file in it, in which `up` fails.
function failingUp(name, text, judge) {
	const home = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-up-'));
	const up = `RDV_HOME=${home} rdv up --no-web`;

	try {
		fs.mkdirSync(path.join(home, 'server'), { mode: 0o700 });
		fs.writeFileSync(path.join(home, 'server', name), text,
			{ mode: 0o600 });
		const run = shell(up);
		assert.equal(run.status, 1);
		judge(run.err.split('\n')[0].replace(/^rdv: /, ''), run.err);
		const { error, code } = JSON.parse(shell(`${up} --json`).err);
		judge(error, null);
		assert.equal(code, 'START_FAILED');
	} finally {
		fs.rmSync(home, { recursive: true, force: true });
	}
}

await test('a start that fails says why before anything else', () => {
	failingUp('rdv.db', 'x'.repeat(8192), (first, all) => {
		assert.match(first, /^\S*\/server\/rdv\.db is damaged: .*/);
		assert.match(first, / \(rdv-helper ended with status 77\)$/);
		if (all !== null)
			assert.match(all, /server\.log says:\n {2}ts=/);
	});
});

await test('wrong settings are told before anything is started', () => {
	failingUp('config.toml', 'nonsense = 1\n', (first, all) => {
		assert.match(first,
			/^\S*\/server\/config\.toml:1: nonsense: no such setting$/);
		if (all !== null)
			assert.doesNotMatch(all, /says:/);
	});
});

await rdv.stop();
