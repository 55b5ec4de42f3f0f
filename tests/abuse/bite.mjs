// A test that cannot fail proves nothing. For each row of mutants.mjs: the
// named tests are green, then the guard is switched off by replacing a text
// that stands exactly once in its file, only what that changes is built again,
// and the same tests must be red. All of it in a copy of the tree. With -n
// nothing is built or run: only that every row still fits this tree is looked at.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { mutants } from './mutants.mjs';
import { promised, testNames } from './promised.mjs';

const TEST_S = '300', BUILD_S = '1800'; // only a hang takes longer
const args = process.argv.slice(2);
const option = ['-l', '-n'].includes(args[0]) ? args[0] : null;
const wanted = args.slice(option ? 1 : 0);
// By case, by where the test is: 'system', 'priv/people'; or by the file that
// the guard is in: 'daemon/core/reset.c'.
const about = (row, what) => row.ids.includes(what) ||
	(row.off ?? []).some(([file]) => file === what) ||
	(row.red ?? []).some((t) => t.split(' ')[0].startsWith(what));
const unknown = wanted.filter((what) => !promised.includes(what) &&
	!mutants.some((m) => about(m, what)));
if (unknown.length > 0) {
	console.error(`no such case, no such tests: ${unknown.join(' ')}`);
	process.exit(2);
}
const chosen = mutants.filter((m) => wanted.length === 0 ||
	wanted.some((what) => about(m, what)));

// How a layer's tests are built and run, and how their output names them.
const cmocka = { ok: /^\s*ok \d+ - (.*)/, bad: /^\s*not ok \d+ - (.*)/,
	why: /^\s*# / };
const script = { ok: /^ok   (.*) \(\d+ ms\)$/, bad: /^FAIL (.*)/, why: /^ / };
const layers = {
	// Those of core/ start the helper, which must be of the same build, and
	// those of cli/ read what is installed.
	unit: (what, name) => ({ ...cmocka, build: [`build/unit/${what}`,
		.../^(core|cli)\//.test(what) ? ['all'] : []],
		run: ['tests/harness/as-user', 'env', 'CMOCKA_MESSAGE_OUTPUT=tap',
			`build/unit/${what}`], only: name }),
	// It builds for itself, and says nothing of what is green.
	priv: (what, name) => ({ ...cmocka, ok: null, build: [],
		run: ['tests/priv/run', what], only: name,
		file: `tests/priv/test_${what}.c` }),
	// The seeds of a fuzzer's target, as one test.
	fuzz: (what) => ({ ok: /^ok (.*)/, bad: /^FAIL (.*)/, why: /^ /,
		build: [`build/fuzz/${what}`], run: ['sh', '-c', 'if build/fuzz/$0 ' +
			'tests/fuzz/corpus/$0; then echo ok corpus; else echo FAIL corpus; ' +
			'fi', what] }),
};
const blackBox = (layer, name) => layer === 'system' ?
	// It is root's, and its tests go on where others before them stopped.
	{ ...script, build: ['all'], run: ['tests/system/run'] } :
	{ ...script, build: ['all'], only: name,
		run: ['tests/harness/as-user', `tests/${layer}/run`] };

// A test of a row: 'unit/http/test_gate abuse_B06_x' or 'abuse A01 of a page'.
function testOf(text) {
	const [where, ...rest] = text.split(' '), name = rest.join(' ');
	const [layer, ...what] = where.split('/');
	return { text, name, ...what.length > 0 ?
		layers[layer](what.join('/'), name) : blackBox(layer, name) };
}

// Where the tree is that is changed; this one is only read.
const top = option ? '.' : fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-bite-'));
let child = null;
const clean = () => option ?? fs.rmSync(top, { recursive: true, force: true,
	maxRetries: 9 });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => {
		if (child)
			process.kill(-child.pid, 'SIGKILL');
		clean();
		process.exit(130);
	});
process.on('exit', clean);

// A mutant may leave processes that nothing ends, and files. As root each
// command has process numbers, a /tmp and a network of its own, which end with
// it; the shell is its first process and takes in what loses its parent.
const settle = 'ip link set lo up && ' +
	'mkdir -p "$0/.tmp/${0##*/}" && chmod 1777 "$0/.tmp" && ' +
	'mount --bind "$0" "$0/.tmp/${0##*/}" && mount --rbind "$0/.tmp" /tmp && ' +
	'cd "$0" && { "$@" & wait $!; }';
const unshare = ['unshare', '--net', '--pid', '--fork', '--kill-child',
	'--mount-proc', 'sh', '-c', settle, top];
const cage = !option && process.getuid() === 0 && top.startsWith('/tmp/') &&
	spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0 ?
	unshare : [];

// A command in the copy, to its end or to the limit: { status, text }.
function run(command, env, limit, around = cage) {
	return new Promise((resolve) => {
		const [file, ...rest] = [...around, 'timeout', '-s', 'KILL', limit,
			...command];
		child = spawn(file, rest, { cwd: top,
			detached: true, stdio: ['ignore', 'pipe', 'pipe'],
			env: { ...process.env, MAKEFLAGS: '', ...env } });
		let text = '';
		child.stdout.on('data', (d) => { text += d; });
		child.stderr.on('data', (d) => { text += d; });
		child.on('close', (status) => {
			child = null;
			resolve({ status, text });
		});
	});
}

// What is not used any more in a mutant is no error.
const quiet = { MAKEFLAGS: 'WARN=-w' };
async function build(tests) {
	const targets = [...new Set(tests.flatMap((t) => t.build))];
	if (targets.length === 0)
		return null;
	const r = await run(['make', '-j2', ...targets], quiet, BUILD_S);
	return r.status === 0 ? null : r.text.split('\n').slice(-12).join('\n');
}

// green, red or absent; and the first words of why it is red. What several
// tests share is run once: `done` has what was said so far.
async function verdict(t, done) {
	const key = [...t.run, t.only].join(' ');
	if (!done.has(key))
		done.set(key, await run(t.run,
			{ ...quiet, ...t.only && { RDV_ONLY: t.only } }, TEST_S));
	const r = done.get(key);
	const lines = r.text.split('\n');
	const at = lines.findIndex((l) => t.bad.exec(l)?.[1].startsWith(t.name));
	if (at >= 0) {
		const why = lines.slice(at + 1).filter((l) => t.why.test(l));
		return { is: 'red', why: why.slice(0, 2).map((l) => l.trim())
			.join(' ').slice(0, 240) };
	}
	const passed = t.ok ? lines.some((l) => t.ok.exec(l)?.[1].startsWith(t.name)) :
		r.status === 0 && fs.readFileSync(t.file, 'utf8').includes(t.name);
	return passed ? { is: 'green' } :
		{ is: 'absent', why: lines.slice(-25).join('\n') };
}

const before = new Map();
async function baseline(t) {
	const broken = await build([t]);
	return broken ? { is: 'absent', why: broken } : verdict(t, before);
}

// The texts of the files a mutation touches, before and after. It throws when
// the tree has moved on.
function mutate(off) {
	const files = {};
	for (const [file, from, to] of off) {
		files[file] ??= { was: fs.readFileSync(path.join(top, file), 'utf8') };
		const now = files[file].is ?? files[file].was;
		const parts = now.split(from);
		if (parts.length !== 2)
			throw new Error(`STALE: in ${file} this stands ` +
				`${parts.length - 1} times:\n${from}`);
		files[file].is = parts.join(to);
	}
	return Object.entries(files);
}
const write = (files, which) => files.forEach(([file, text]) =>
	fs.writeFileSync(path.join(top, file), text[which]));

// Nothing when the row bites, else what is wrong with it.
async function bite(row) {
	const tests = row.red.map(testOf), said = [];
	const files = mutate(row.off);
	for (const t of tests) {
		const { is, why } = await baseline(t);
		if (is !== 'green')
			return { fault: `${t.text}: ${is} with its guard on\n${why}` };
	}
	write(files, 'is');
	try {
		const broken = await build(tests);
		if (broken)
			return { fault: `the mutant does not build\n${broken}` };
		const after = new Map();
		for (const t of tests) {
			const { is, why } = await verdict(t, after);
			if (is !== 'red')
				return { fault: `${t.text}: ${is} with its guard off\n` +
					(why ?? '') };
			said.push(`${t.text}: ${why}`);
		}
	} finally {
		write(files, 'was');
	}
	return { said };
}

async function copy() {
	const r = spawnSync('sh', ['-c', 'tar -c --exclude=./.git ' +
		'--exclude=./build/log --exclude=./build/asan --exclude=./build/clang ' +
		'--exclude=./build/analyze --exclude=./build/fuzzing . | ' +
		'tar -x -C "$1" --no-same-owner', 'sh', top], { stdio: 'inherit' });
	fs.chmodSync(top, 0o755);
	if (r.status !== 0)
		throw new Error('cannot copy the tree');
	for (const target of ['test-built', 'tests/node_modules/.rdv-stamp']) {
		const b = await run(['make', '-j2', target], {}, BUILD_S, []);
		if (b.status !== 0)
			throw new Error(`the tree does not build:\n${b.text}`);
	}
}

function show(row) {
	console.log(`${row.ids.join(' ')}: ${row.guard ?? row.none}`);
	for (const [file] of row.off ?? [])
		console.log(`     in ${file}`);
	for (const t of row.red ?? [])
		console.log(`     ${t}`);
}

// The tests of a layer, or of a binary, as they are named in its files.
function namesAt(where) {
	const files = where.includes('/') ?
		[`tests/${where.replace(/^priv\//, 'priv/test_')}.c`] :
		fs.readdirSync(`tests/${where}`).filter((f) => f.endsWith('.mjs'))
			.map((f) => `tests/${where}/${f}`);
	return files.filter((f) => fs.existsSync(f))
		.flatMap((f) => testNames(fs.readFileSync(f, 'utf8')));
}

// A name that a macro or a template completes is known up to there.
function exists(t) {
	const inC = t.text.includes('/');
	if (t.text.startsWith('fuzz/'))
		return fs.existsSync(`tests/fuzz/fuzz_${t.text.slice(5)
			.split(' ')[0]}.c`);
	return namesAt(t.text.split(' ')[0]).some((name) => {
		const [fixed, ...rest] = name.split('${');
		return fixed.startsWith(t.name) ||
			((inC || rest.length > 0) && t.name.startsWith(fixed));
	});
}

// What keeps a row from fitting the tree, in words.
function unfit(row) {
	const faults = [];
	try {
		mutate(row.off ?? []);
	} catch (e) {
		faults.push(e.message);
	}
	for (const t of (row.red ?? []).map(testOf)) {
		if (!exists(t))
			faults.push(`STALE: no test is called ${t.text}`);
	}
	return faults.join('\n');
}

function check() {
	const unfits = chosen.map((row) => [row, unfit(row)])
		.filter(([, faults]) => faults);
	for (const [row, faults] of unfits)
		console.log(`FAIL ${row.ids.join(' ')}: ${row.guard}\n` +
			faults.replace(/^/gm, '     '));
	return unfits.length;
}

const missing = (wanted.length > 0 ? wanted : promised)
	.filter((what) => !mutants.some((m) => about(m, what)));
if (option === '-l') {
	chosen.forEach(show);
} else if (option === '-n') {
	const stale = check();
	for (const id of missing)
		console.log(`FAIL ${id}: no row in tests/abuse/mutants.mjs`);
	console.log(`bite: ${stale + missing.length} found`);
	process.exitCode = stale + missing.length > 0 ? 1 : 0;
} else {
	const count = { bite: 0, none: 0, fail: missing.length };
	if (chosen.some((row) => row.off))
		await copy();
	for (const row of chosen) {
		const what = `${row.ids.join(' ')}: ${row.guard ?? row.none}`;
		if (!row.off) {
			count.none++;
			console.log(`none ${what}`);
			continue;
		}
		const { fault, said } = await bite(row)
			.catch((e) => ({ fault: e.message }));
		count[fault ? 'fail' : 'bite']++;
		console.log(`${fault ? 'FAIL' : 'red '} ${what}\n` +
			(fault ?? said.join('\n')).replace(/^/gm, '     '));
	}
	for (const id of missing)
		console.log(`FAIL ${id}: no row in tests/abuse/mutants.mjs`);
	console.log(`${count.bite} guards bite, ${count.fail} do not, ` +
		`${count.none} cases have no guard of ours`);
	process.exitCode = count.fail > 0 ? 1 : 0;
}
