// The emulator under test, xterm.js as the page has it, and the comparison of
// two terminals cell by cell: with all that xterm.js keeps, by its insides,
// since its interface does not tell of saved cursors, tabs and margins.
import { spawn } from 'node:child_process';
import path from 'node:path';
import addon from '@xterm/addon-unicode11';
import headless from '@xterm/headless';
import { build } from '../harness/rdv.mjs';

const [NEW, FEED, RESIZE, RESTORE, TEXT] = [0, 1, 2, 3, 4];

export class Emu {
	constructor() {
		this.waiting = [];
		this.got = Buffer.alloc(0);
		this.child = spawn(path.join(build, 'tests', 'emu'), [],
			{ stdio: ['pipe', 'pipe', 'inherit'] });
		this.child.stdout.on('data', (d) => {
			this.got = Buffer.concat([this.got, d]);
			this.deal();
		});
		this.ended = new Promise((done) => this.child.on('exit', done));
		this.child.stdin.on('error', () => {});
		this.ended.then((code) => this.waiting.forEach(({ fail }) =>
			fail(new Error(`the emulator ended: ${code}`))));
	}

	deal() {
		while (this.waiting.length > 0 && this.got.length >= 8) {
			const end = 8 + this.got.readUInt32LE(4);
			if (this.got.length < end)
				return;
			this.waiting.shift().done({ partial: this.got.readUInt32LE(0),
				bytes: Buffer.from(this.got.subarray(8, end)) });
			this.got = this.got.subarray(end);
		}
	}

	ask(verb, a = 0, b = 0) {
		const head = Buffer.alloc(12);
		[verb, a, b].forEach((v, i) => head.writeUInt32LE(v, 4 * i));
		this.child.stdin.write(head);
	}

	reset(cols, rows) {
		this.ask(NEW, cols, rows);
	}

	feed(bytes, work = 100000) {
		this.ask(FEED, bytes.length, work);
		this.child.stdin.write(bytes);
	}

	resize(cols, rows) {
		this.ask(RESIZE, cols, rows);
	}

	answer() {
		return new Promise((done, fail) => this.waiting.push({ done, fail }));
	}

	restore() {
		this.ask(RESTORE);
		return this.answer();
	}

	async text() {
		this.ask(TEXT);
		return (await this.answer()).bytes.toString();
	}

	end() {
		this.child.stdin.end();
		return this.ended;
	}
}

export function newTerm(cols, rows) {
	const term = new headless.Terminal({ cols, rows, scrollback: 2000,
		allowProposedApi: true, logLevel: 'off' });
	term.loadAddon(new addon.Unicode11Addon());
	term.unicode.activeVersion = '11';
	return term;
}

export const write = (term, bytes) =>
	new Promise((done) => term.write(bytes, done));

// Bits of a cell: src/common/buffer/Constants.ts of xterm.js.
const CODE = 0x1fffff, MARKED = 0x200000, CONTENT = 0x3fffff;
const UNDERLINE = 0x10000000, EXTENDED = 0x10000000, COLOUR = 0x3ffffff;

// A colour out of a palette leaves bits of the one before it, which mean
// nothing.
const tidy = (v) => {
	const kind = v & 0x3000000;
	return ((kind === 0x1000000 || kind === 0x2000000)
		? v & ~0xffff00 : v) >>> 0;
};

// Style and colour of an underline, when there is one.
const under = (fg, more) => fg & UNDERLINE
	? `u${(more >>> 26 & 7) || 1}:${tidy(more & COLOUR)}` : '';

// Of a cell without a character only the background can be seen.
function cell(line, x) {
	const [ch, f, b] = line._data.subarray(3 * x, 3 * x + 3);
	const fg = tidy(f), bg = tidy(b), width = ch >>> 22;
	if ((ch & CONTENT) === 0)
		return width === 0 && x > 0 && line._data[3 * x - 3] >>> 22 === 2
			? '-' : `_${(bg & COLOUR).toString(16)}`;
	const text = ch & MARKED ? line._combined[x]
		: String.fromCodePoint(ch & CODE);
	const more = bg & EXTENDED ? line._extendedAttrs[x]?._ext ?? 0 : 0;
	return [text, width, fg.toString(16),
		((bg & ~EXTENDED) >>> 0).toString(16), under(fg, more)].join('|');
}

function lines(buffer) {
	const out = [];
	for (let i = 0; i < buffer.lines.length; i++) {
		const line = buffer.lines.get(i);
		const cells = [];
		for (let x = 0; x < line.length; x++)
			cells.push(cell(line, x));
		while (cells.at(-1) === '_0')
			cells.pop();
		out.push((line.isWrapped && i > 0 ? 'W ' : '  ') + cells.join(' '));
	}
	return out;
}

const tabs = (buffer, cols) => Object.keys(buffer.tabs)
	.filter((x) => buffer.tabs[x] && x < cols).join();

// Behind the last column, but for a character that was erased since: nothing
// leads there then.
function column(b, { cols }) {
	const line = b.lines.get(b.ybase + b.y);
	return Math.min(b.x, cell(line, cols - 1).startsWith('_')
		? cols - 1 : cols);
}

function saved(b, { cols, rows }) {
	const y = Math.min(rows - 1, Math.max(b.savedY - b.ybase, 0));
	const { fg, bg } = b.savedCurAttrData;
	return [Math.min(b.savedX, cols - 1), y, tidy(fg), tidy(bg & ~EXTENDED),
		JSON.stringify(b.savedCharset)];
}

// Everything of a terminal that shows now or would show later.
export function dump(term) {
	const core = term._core;
	const { normal, alt, active } = core._bufferService.buffers;
	const pen = core._inputHandler._curAttrData;
	const { glevel, charset, _charsets } = core._charsetService;
	const one = (b) => ({ tabs: tabs(b, term.cols),
		region: [b.scrollTop, b.scrollBottom] });
	return {
		alternate: active === alt,
		x: column(active, term), y: active.y,
		main: { ...one(normal), lines: lines(normal) },
		alt: active === alt ? { ...one(alt), lines: lines(alt) } : null,
		saved: [saved(normal, term), saved(alt, term)],
		modes: { ...core.coreService.decPrivateModes,
			...core.coreService.modes,
			hidden: core.coreService.isCursorHidden,
			newline: core.optionsService.rawOptions.convertEol },
		mouse: [core.coreMouseService.activeProtocol,
			core.coreMouseService.activeEncoding],
		pen: [tidy(pen.fg), tidy(pen.bg & ~EXTENDED), under(pen.fg,
			pen.bg & EXTENDED ? pen.extended._ext : 0)],
		charset: [glevel, charset, ...[0, 1, 2, 3].map((g) => _charsets[g])]
			.map((v) => JSON.stringify(v) ?? ''),
		title: core._inputHandler._windowTitle,
		// Two that cannot be put: a mark for a wide character that found no room
		// and was not shown, and one for what a wide one would be pushed off by.
		joins: core.coreService.decPrivateModes.wraparound &&
			!core.coreService.modes.insertMode &&
			core._inputHandler._parser.precedingJoinState !== 0,
		parser: core._inputHandler._parser.currentState,
	};
}
