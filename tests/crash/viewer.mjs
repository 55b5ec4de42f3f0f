// What the crash layer looks at terminals with: each byte is known by its
// offset, and a viewer that was cut off comes back at the one it wants next.
import WebSocket from 'ws';

// The lines of the pattern program, of each kind.
const lines = {
	plain: (n) => `${n.padStart(15, '0')}\n`,
	screen: (n) => `\x1b[?1049h${n.padStart(7, '0')}\n`,
	hostile: (n) => `\x1b]52;c;${n.padStart(8, '0')}\x07`,
};

// Byte `offset` of its output.
export function expected(offset, length, kind = 'plain') {
	const first = Math.floor(offset / 16);
	let text = '';
	for (let line = first; text.length < length + 16; line++)
		text += lines[kind](line.toString(16));
	return Buffer.from(text.slice(offset % 16, offset % 16 + length));
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
