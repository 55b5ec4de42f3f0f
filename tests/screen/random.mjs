// Random output, cut at a random byte: xterm.js that watches all of it, and one
// that is given what the emulator puts at the cut and then the rest.
import assert from 'node:assert/strict';
import { test } from '../harness/rdv.mjs';
import { dump, Emu, newTerm, write } from './xterm.mjs';

const texts = ['hello', 'abc ', 'x', '日本', 'é', 'e\u0301', '\u0301', '👍',
	'ab\u0300\u0301c', '한글', 'a'.repeat(17), '-->', '\u200d', '😀x', 'qxlmk',
	'שלום', 'ไทยนี้'];
const sgr = ['1', '2', '3', '4', '5', '7', '8', '9', '21', '22', '23', '24',
	'25', '27', '28', '29', '31', '42', '95', '103', '38;5;123', '48;5;44',
	'38;2;1;2;3', '48:2::9:8:7', '4:3', '4:5', '58:5:33', '0', '', '39', '49',
	'53', '55', '1;31;44', '38;5', '48;2;1', '4:0'];
const modes = ['?1', '?6', '?7', '?45', '?25', '?1000', '?1002', '?1003', '?9',
	'?1006', '?1016', '?1004', '?2004', '?2026', '4', '20', '?66', '?47',
	'?1047', '?1049', '?1048', '?2'];
const controls = ['\r\n', '\n', '\r', '\b', '\t', '\r\n', '\v', '\x0e', '\x0f',
	'\x07'];
const escapes = ['7', '8', 'D', 'E', 'H', 'M', '=', '>', '(0', '(B', ')0',
	'*A', '+K', 'n', 'o', '~', '%G'];
const strings = ['\x1b]2;ti tle\x07', '\x1b]0;é\x1b\\',
	'\x1b]8;;http://a.b/\x1b\\', '\x1b]8;id=7;http://c\x07',
	'\x1b]8;;\x1b\\', '\x1b]4;3;#123\x07', '\x1b]52;c;aGk=\x07',
	'\x1bPq#0\x1b\\', '\x1b_G\x1b\\'];
const whole = ['\x1b[2J', '\x1b[H', '\x1b[K', '\x1b[J', '\x1b[1K', '\x1b[?J',
	'\x1b[?K', '\x1b[1"q', '\x1b[0"q', '\x1b[3 q', '\x1b[!p', '\x1b[2 @',
	'\x1b[2 A', '\x1b[3b', '\x1b[b', '\x1bc', '\x1b[3g', '\x1b[s', '\x1b[u'];
const broken = ['\x84', '\x85', '\u009b3C', '\u009d2;q\u009c', '\x1b[3\n1m',
	'\x1b[1', '\x1b]2;par', '\x18', '\x1a', '\x7f', '\x1b[?5$p', '\x1b[??1h'];

// Without the sequence that makes xterm.js throw: 1 J in the last corner.
const finals = [...'@ABCDEFGHIKLMPSTXZ`adefg'];
// The generator of Numerical Recipes: the same input for a seed, anywhere.
class Random {
	constructor(seed) {
		this.state = Math.imul(seed, 7919) >>> 0;
		for (let i = 0; i < 5; i++)
			this.below(2);
	}

	below(n) {
		this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
		return Math.floor(this.state / 2 ** 32 * n);
	}

	of(list) {
		return list[this.below(list.length)];
	}

	number() {
		return this.below(3) ? String(this.below(12))
			: this.of(['', '0', '1', '99', '200']);
	}
}

const kinds = [
	(r) => r.of(texts), (r) => r.of(texts), (r) => r.of(texts),
	(r) => r.of(texts), (r) => r.of(controls),
	(r) => `\x1b[${r.number()}${r.below(2) ? `;${r.number()}` : ''}` +
		r.of(finals),
	(r) => `\x1b[${r.number()}${r.of(finals)}`,
	(r) => `\x1b[${r.of(sgr)}m`,
	(r) => `\x1b[${r.of(modes)}${r.of(['h', 'l'])}`,
	(r) => `\x1b${r.of(escapes)}`, (r) => r.of(strings),
	(r) => `\x1b[${1 + r.below(6)};${3 + r.below(9)}r`,
	(r) => r.of(whole), (r) => r.of(broken),
];

function output(r) {
	let text = '';
	for (let n = 5 + r.below(120); n > 0; n--)
		text += r.of(kinds)(r);
	const bytes = Buffer.from(text);
	for (let n = r.below(4) === 0 ? 3 : 0; n > 0; n--)
		bytes[r.below(bytes.length)] = r.below(256);
	return bytes;
}

async function compare(emu, seed) {
	const r = new Random(seed);
	const cols = r.of([10, 13, 20, 40]), rows = r.of([3, 4, 6, 10]);
	const bytes = output(r), cut = r.below(bytes.length + 1);
	const [watched, restored] = [newTerm(cols, rows), newTerm(cols, rows)];
	emu.reset(cols, rows);
	emu.feed(bytes.subarray(0, cut), 1 + r.below(50));
	const put = await emu.restore();
	const at = cut - put.partial;
	await write(watched, bytes.subarray(0, at));
	await write(restored, put.bytes);
	assert.deepEqual(dump(restored), dump(watched), `seed ${seed}, at ${cut}`);
	for (const term of [watched, restored])
		await write(term, bytes.subarray(at));
	assert.deepEqual(dump(restored), dump(watched), `seed ${seed}, behind it`);
	watched.dispose();
	restored.dispose();
}

await test('random output, cut anywhere, is restored as xterm.js shows it',
	async (t) => {
		const emu = new Emu();
		t.after(() => emu.end());
		const seeds = Number(process.env.RDV_SEEDS ?? 400);
		for (let seed = 1; seed <= seeds; seed++)
			await compare(emu, seed);
	});
