// Real programs under a private tmux: what the emulator and xterm.js make of
// their bytes is what tmux shows, cell by cell with colours and style, and at
// many cuts what the emulator puts leads xterm.js to where it would be by itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bare, skip, test, waitFor } from '../harness/rdv.mjs';
import { cells, unlike } from './cells.mjs';
import { COLS, ROWS, Tmux } from './tmux.mjs';
import { dump, Emu, newTerm, write } from './xterm.mjs';

const CUTS = 25;

async function cellsOf(bytes) {
	const term = newTerm(COLS, ROWS);
	await write(term, bytes);
	const found = cells(term);
	term.dispose();
	return found;
}

// By the emulator: what it would put for somebody who comes now.
async function shown(emu, bytes) {
	emu.reset(COLS, ROWS);
	emu.feed(bytes);
	return cellsOf((await emu.restore()).bytes);
}

async function cuts(emu, bytes) {
	const watched = newTerm(COLS, ROWS);
	const first = newTerm(COLS, ROWS);
	emu.reset(COLS, ROWS);
	let at = 0;
	for (let i = 1; i <= CUTS; i++) {
		const to = i === CUTS ? bytes.length
			: Math.floor(bytes.length * i / CUTS) + i % 7;
		emu.feed(bytes.subarray(at, to));
		await write(watched, bytes.subarray(at, to));
		at = to;
		const put = await emu.restore();
		if (put.partial > 0)
			continue;
		await write(first, put.bytes);
		assert.deepEqual(dump(first), dump(watched), `at byte ${at}`);
	}
	watched.dispose();
	first.dispose();
}

// The emulator is given them one by one, and comes to the same.
async function oneByOne(emu, bytes) {
	emu.reset(COLS, ROWS);
	emu.feed(bytes);
	const { bytes: once } = await emu.restore();
	emu.reset(COLS, ROWS);
	for (let at = 0; at < bytes.length; at++)
		emu.feed(bytes.subarray(at, at + 1));
	assert.ok((await emu.restore()).bytes.equals(once), 'byte by byte');
}

const files = () => Array.from({ length: 300 },
	(_, i) => `line ${i} ${'wörd 日本 '.repeat(i % 9)}`).join('\n');

// Steps: keys, then a text that the screen must show before the next.
const examples = '/usr/libexec/ncurses-examples/';
const demo = (key, wanted, ...more) => ({ path: `${examples}ncurses`,
	steps: [[[], 'main menu'], [[key, 'Enter'], wanted], ...more] });
const example = (name, ...steps) => ({ path: examples + name, steps });
const ncurses = {
	'ncurses: styles': demo('b', 'ITALIC mode'),
	'ncurses: more styles': demo('k', 'bold underline'),
	'ncurses: colours': demo('c', 'Hello', [['b'], 'bold']),
	'ncurses: line drawing': demo('f', 'ULCORNER'),
	'ncurses: line drawing in UTF-8': demo('F', '┌'),
	'ncurses: wide panels': demo('O', 'press any key', [['x'], 'press any key'],
		[['x', 'x', 'x'], 'press any key']),
	'ncurses: pads': demo('p', '+--+', [['j', 'j', 'l', 'l'], '+--+']),
	'ncurses: inserted and deleted lines': example('insdelln',
		[[], 'Count'], [['i', 'i', 'd'], 'Count']),
	'ncurses: the last corner': example('lrtest', [[], 'lower right']),
	'ncurses: a form': example('demo_forms', [[], 'NEXT_CHOICE']),
};
const programs = {
	vi: { file: true, steps: [[[], 'line 0'], [['G'], 'line 299'],
		[[':split', 'Enter'], 'line 299'], [['ggihello', 'Escape'], 'hello'],
		[[':set number', 'Enter'], '  1 '], [['yyp', 'C-f', 'dd'], 'line']] },
	less: { file: true, steps: [[[], 'line 0'], [['G'], 'line 299'],
		[['?line 150', 'Enter'], 'line 150'], [['b', 'b'], 'line 1']] },
	htop: { steps: [[[], 'Load average'], [['F5'], 'PID']] },
	mc: { args: '-a -u', steps: [[[], 'Quit'],
		[['F9'], 'Left'], [['Escape', 'Escape'], 'Quit']] },
	bash: { args: '--norc --noprofile -i', steps: [
		[['PS1="\\w \\$ "', 'Enter'], '$'],
		[['for i in 1 2 3; do echo -e "\\e[3${i}mcolour $i\\e[0m"; done',
			'Enter'], 'colour 3'],
		[['echo ' + 'long '.repeat(40), 'C-a', 'C-k', 'C-y'], 'long'],
		[['C-u', 'seq 100', 'Enter'], '100']] },
	...ncurses,
};

// The bytes behind which both stand still and show the same.
async function same(tmux, emu, name) {
	const look = async () => {
		const bytes = tmux.bytes(), there = await tmux.cells();
		return tmux.bytes().length === bytes.length && { bytes, there };
	};
	let bytes, where;
	// Programs that redraw all the time are caught between two frames.
	await waitFor(`${name}: the same screen`, async () => {
		const now = await look();
		if (!now)
			return false;
		where = unlike(await shown(emu, now.bytes), now.there);
		({ bytes } = now);
		return where === '';
	}).catch(() => assert.fail(`${name}: ${where}`));
	return bytes;
}

async function play(tmux, emu, { steps, path: where, file, args = '' }, name) {
	const text = path.join(tmux.dir, 'text');
	fs.writeFileSync(text, files());
	tmux.start(`${where ?? name} ${args} ${file ? text : ''}`);
	let bytes;
	for (const [keys, wanted] of steps) {
		if (keys.length > 0)
			tmux.keys(...keys);
		await waitFor(`${name} shows ${wanted}`, () =>
			tmux.screen().includes(wanted));
		bytes = await same(tmux, emu, `${name}, ${wanted}`);
	}
	return bytes;
}

const has = (name) => spawnSync('sh', ['-c', `command -v ${name}`],
	{ env: bare }).status === 0;

for (const [name, program] of Object.entries(programs))
	await test(`${name} is shown as tmux shows it, and restored anywhere`,
		async (t) => {
			if (!has(program.path ?? name))
				return skip(`${name} is not installed`);
			const emu = new Emu(), tmux = new Tmux();
			t.after(() => emu.end());
			t.after(() => tmux.end());
			const bytes = await play(tmux, emu, program, name);
			await cuts(emu, bytes);
			await oneByOne(emu, bytes);
		});
