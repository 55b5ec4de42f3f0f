// Real programs under a private tmux: what the emulator makes of their bytes is
// what tmux shows, and at many cuts what it puts leads xterm.js to where it
// would be by itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bare, skip, test, waitFor } from '../harness/rdv.mjs';
import { COLS, ROWS, Tmux } from './tmux.mjs';
import { dump, Emu, newTerm, write } from './xterm.mjs';

const CUTS = 25;

const trimmed = (text) => text.split('\n').slice(0, ROWS)
	.map((l) => l.trimEnd()).join('\n');

async function shown(emu, bytes) {
	emu.reset(COLS, ROWS);
	emu.feed(bytes);
	return trimmed(await emu.text());
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

const files = () => Array.from({ length: 300 },
	(_, i) => `line ${i} ${'wörd 日本 '.repeat(i % 9)}`).join('\n');

// Steps: keys, then a text that the screen must show before the next.
const programs = {
	vi: { steps: [[[], 'line 0'], [['G'], 'line 299'],
		[[':split', 'Enter'], 'line 299'], [['ggihello', 'Escape'], 'hello'],
		[[':set number', 'Enter'], '  1 '], [['yyp', 'C-f', 'dd'], 'line']] },
	less: { steps: [[[], 'line 0'], [['G'], 'line 299'],
		[['?line 150', 'Enter'], 'line 150'], [['b', 'b'], 'line 1']] },
	htop: { file: false, steps: [[[], 'Load average'], [['F5'], 'PID']] },
	mc: { file: false, args: '-a -u', steps: [[[], 'Quit'],
		[['F9'], 'Left'], [['Escape', 'Escape'], 'Quit']] },
	bash: { file: false, args: '--norc --noprofile -i', steps: [
		[['PS1="\\w \\$ "', 'Enter'], '$'],
		[['for i in 1 2 3; do echo -e "\\e[3${i}mcolour $i\\e[0m"; done',
			'Enter'], 'colour 3'],
		[['echo ' + 'long '.repeat(40), 'C-a', 'C-k', 'C-y'], 'long'],
		[['C-u', 'seq 100', 'Enter'], '100']] },
};

async function play(tmux, emu, { steps, file = true, args = '' }, name) {
	const text = path.join(tmux.dir, 'text');
	fs.writeFileSync(text, files());
	tmux.start(`${name} ${args} ${file ? text : ''}`);
	for (const [keys, wanted] of steps) {
		if (keys.length > 0)
			tmux.keys(...keys);
		await waitFor(`${name} shows ${wanted}`, () =>
			tmux.screen().includes(wanted));
	}
	// Programs that redraw all the time are caught between two frames.
	await waitFor(`${name}: the same screen`, async () => {
		const before = tmux.bytes(), screen = tmux.screen();
		if (tmux.bytes().length !== before.length)
			return false;
		return await shown(emu, before) === screen;
	}).catch(async () => assert.equal(await shown(emu, tmux.bytes()),
		tmux.screen()));
	return tmux.bytes();
}

const has = (name) => spawnSync('sh', ['-c', `command -v ${name}`],
	{ env: bare }).status === 0;

for (const [name, program] of Object.entries(programs))
	await test(`${name} is shown as tmux shows it, and restored anywhere`,
		async (t) => {
			if (!has(name))
				return skip(`${name} is not installed`);
			const emu = new Emu(), tmux = new Tmux();
			t.after(() => emu.end());
			t.after(() => tmux.end());
			await cuts(emu, await play(tmux, emu, program, name));
		});
