// The pages of vttest: at each the emulator leads xterm.js to where it is by
// itself, and tmux shows the same, or it is said why not.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { bare, skip, test, waitFor } from '../harness/rdv.mjs';
import { cells, unlike } from './cells.mjs';
import { COLS, ROWS, Tmux } from './tmux.mjs';
import { dump, Emu, newTerm, write } from './xterm.mjs';

// Choices in its menus, and how many pages they have.
const chosen = { 1: 6, 2: 15, 3: 1, 4: 6, 8: 14, 9.7: 1, '11.6.2': 1,
	'11.6.3': 1, '11.6.4': 2, '11.6.5': 2, '11.6.8': 6, '11.6.9': 3 };
const columns = 'xterm.js has no 132 columns; tmux clears the screen for them';
const origin = 'tmux goes home in the scroll region before it is in force';
const other = { '1, 2': columns, '1, 3': columns, '1, 4': columns,
	'2, 11': origin, '3, 1': 'tmux has no British set' };

class Vttest {
	constructor(tmux, emu) {
		Object.assign(this, { tmux, emu, at: 0,
			watched: newTerm(COLS, ROWS), given: newTerm(COLS, ROWS) });
		emu.reset(COLS, ROWS);
		tmux.start(`vttest ${ROWS}x${COLS}`);
	}

	// What it has written since then, for all of them.
	async take() {
		const bytes = this.tmux.bytes().subarray(this.at);
		this.at += bytes.length;
		this.emu.feed(bytes);
		await write(this.watched, bytes);
		return bytes.toString('latin1');
	}

	// It waits for a key behind one of these words: which.
	until(...words) {
		let text = '';
		return waitFor(words.join(' or '), async () => {
			text += await this.take();
			return words.find((w) => text.includes(w));
		});
	}

	async choose(keys) {
		this.tmux.keys(keys, 'Enter');
		return this.until(MENU, PAGE);
	}

	async look(name) {
		let where;
		await waitFor(name, async () => {
			await this.take();
			where = unlike(cells(this.watched), await this.tmux.cells());
			return (where === '') === !other[name];
		}).catch(() => assert.fail(`${name}: ${where || 'is the same now'}`));
		const put = await this.emu.restore();
		await write(this.given, put.bytes);
		assert.deepEqual(dump(this.given), dump(this.watched), name);
	}

	async pages(choice) {
		const path = choice.split('.');
		let is, n = 0;
		for (const key of path)
			is = await this.choose(key);
		for (; is === PAGE; is = await this.until(MENU, PAGE)) {
			await this.look(`${choice}, ${++n}`);
			this.tmux.keys('Enter');
		}
		assert.equal(n, chosen[choice], `pages of ${choice}`);
		for (const _ of path.slice(1))
			await this.choose('0');
	}
}

const MENU = 'Enter choice number', PAGE = 'Push <RETURN>';

await test('the pages of vttest are as xterm.js has them', async (t) => {
	if (spawnSync('sh', ['-c', 'command -v vttest'], { env: bare }).status !== 0)
		return skip('vttest is not installed');
	const emu = new Emu(), tmux = new Tmux();
	t.after(() => emu.end());
	t.after(() => tmux.end());
	const vttest = new Vttest(tmux, emu);
	await vttest.until(MENU);
	for (const choice of Object.keys(chosen))
		await vttest.pages(choice);
});
