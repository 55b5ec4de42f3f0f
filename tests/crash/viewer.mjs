// What the crash layer looks at terminals with: each byte is known by its
// offset, and a viewer that was cut off comes back at the one it wants next.
import WebSocket from 'ws';

const LINE = 16, BLOCK = 65536;

// What is around the numbers of the pattern program, line by line, by turns.
const kinds = {
	plain: [['', '\n']],
	screen: [['\x1b[?1049h', '\n'], ['\x1b[2J\x1b[H', '\n'],
		['\x1b[7m', '\x1b[K\n'], ['\x1b[5;9H', '\n'], ['\x1b[0m', '\r\n'],
		['\x1b[3;9r', '\n'], ['\x1bM', '\t\n'], ['\x1b[r', '\x1b[9H']],
	hostile: [['\x1b]52;c;', '\x07'], ['\x1b]52;c;?', '\x07'],
		['\x1b[c', '\n'], ['\x1b[5n', '\n'], ['\x1b]2;', '\x07'],
		['\x1bP$q', '\x1b\\'], ['\xff\xfe\x80', '\n'], ['\x1b[?1000h', '\n']],
};

function line(kind, n) {
	const [before, after] = kinds[kind][n % kinds[kind].length];
	return before + n.toString(16).padStart(LINE - before.length -
		after.length, '0') + after;
}

// Terminals of a kind write the same, and most of them at about the same time.
const made = new Map();
const KEPT = 256;

function block(kind, n) {
	const key = `${kind} ${n}`;
	let bytes = made.get(key);
	if (!bytes) {
		const first = n * BLOCK / LINE;
		bytes = Buffer.from(Array.from({ length: BLOCK / LINE }, (_, i) =>
			line(kind, first + i)).join(''), 'latin1');
		made.set(key, bytes);
		if (made.size > KEPT)
			made.delete(made.keys().next().value);
	}
	return bytes;
}

// Its output from byte `offset` on.
export function expected(offset, length, kind = 'plain') {
	const parts = [];
	for (let at = offset; at < offset + length;) {
		const from = at % BLOCK;
		const part = block(kind, Math.floor(at / BLOCK))
			.subarray(from, from + offset + length - at);
		parts.push(part);
		at += part.length;
	}
	return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

// A viewer that comes back by itself and resumes at its byte offset.
export class Viewer {
	constructor(rdv, session, kind) {
		Object.assign(this, { rdv, session, kind, offset: 0, drops: 0, open: false,
			failed: null, ended: false });
		this.connect();
	}

	connect() {
		const run = this.session.run.id;
		const ws = new WebSocket(`ws+unix:${this.rdv.term}:/ws/terminal/` +
			`${this.session.id}?offset=${this.offset}&run_id=${run}`,
			['rdv.v1'], { headers: { Host: 'localhost',
				Authorization: `Bearer ${this.rdv.token}` } });
		this.ws = ws;
		ws.on('message', (data, binary) => this.message(data, binary));
		ws.on('error', () => {});
		ws.on('close', () => {
			this.open = false;
			this.drops++;
			if (!this.ended)
				setImmediate(() => this.connect());
		});
	}

	message(data, binary) {
		if (!binary) {
			const m = JSON.parse(data);
			if (m.type === 'ready')
				this.open = true;
			if (m.type === 'resync')
				this.failed ??= `resync: ${data}`;
			return;
		}
		const at = Number(data.readBigUInt64BE(0));
		const bytes = data.subarray(8);
		if (at !== this.offset)
			this.failed ??= `offset ${at}, expected ${this.offset}`;
		else if (!bytes.equals(expected(at, bytes.length, this.kind)))
			this.failed ??= `wrong bytes at ${at}`;
		this.offset = at + bytes.length;
	}

	send(text) {
		this.ws.send(JSON.stringify({ type: 'input', data: text }));
	}

	close() {
		this.ended = true;
		this.ws.close();
	}
}
