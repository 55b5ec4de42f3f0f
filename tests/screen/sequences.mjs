// Control functions one by one, in the manner of esctest: what each does where
// its argument, a margin or the edge of the screen makes a difference. xterm.js
// says what is right, at every byte; tmux shows the same, or it is said why not.
import assert from 'node:assert/strict';
import { test } from '../harness/rdv.mjs';
import { captured, cells, unlike } from './cells.mjs';
import { rows, sequences } from './corpus.mjs';
import { Tmux } from './tmux.mjs';
import { dump, Emu, newTerm, write } from './xterm.mjs';

const COLS = 20, ROWS = 6, common = Buffer.from(rows());

// At each byte behind what they have in common: one that watches, one that is
// given the screen each time, and one that is given it here and then the rest.
// Half a character is for nobody: xterm.js would lose some of them.
async function everywhere(emu, name, bytes) {
	const watched = newTerm(COLS, ROWS), given = newTerm(COLS, ROWS);
	const whole = newTerm(COLS, ROWS), late = newTerm(COLS, ROWS);
	const begin = bytes.indexOf(common) === 0 ? common.length : 0;
	await write(whole, bytes);
	const end = dump(whole);
	emu.reset(COLS, ROWS);
	emu.feed(bytes.subarray(0, begin));
	for (let at = begin, shown = 0; at <= bytes.length; at++) {
		if (at > begin)
			emu.feed(bytes.subarray(at - 1, at));
		const put = await emu.restore();
		if (put.partial > 0)
			continue;
		const where = `${name}, at byte ${at}`;
		await write(watched, bytes.subarray(shown, at));
		shown = at;
		await write(given, put.bytes);
		assert.deepEqual(dump(given), dump(watched), where);
		await write(late, Buffer.concat([put.bytes, bytes.subarray(at)]));
		assert.deepEqual(dump(late), end, `${where}, behind it`);
	}
	const found = cells(whole);
	for (const term of [watched, given, whole, late])
		term.dispose();
	return found;
}

await test('every control function, cut at every byte, as xterm.js has it',
	async (t) => {
		const emu = new Emu(), tmux = new Tmux();
		t.after(() => emu.end());
		t.after(() => tmux.end());
		tmux.open(COLS, ROWS);
		const other = [];
		for (const [name, text, why] of sequences) {
			const bytes = Buffer.from(text, 'latin1');
			const found = await everywhere(emu, name, bytes);
			const there = await captured(await tmux.print(bytes), COLS, ROWS);
			const where = unlike(found, there);
			if ((where === '') !== (why === undefined))
				other.push(`${name}: ${where || 'is the same now'}`);
		}
		if (other.length > 0)
			assert.fail(`tmux shows something else:\n${other.join('\n')}`);
	});
