// A terminal's WebSocket as a test sees it: everything that arrived, in order,
// and waiting for what shall arrive. Kept apart from rdv.mjs, which needs no
// npm package.
import WebSocket from 'ws';
import { deadline, waitFor } from './rdv.mjs';

export class Terminal {
	// options: query (text behind '?'), protocol ('rdv.v1' or null), token,
	// headers, sock. Resolves when open, or with .refused = HTTP status.
	static async open(rdv, id, { query = '', protocol = 'rdv.v1',
		token = rdv.token, headers = {}, sock = rdv.term } = {}) {
		const t = new Terminal();
		const send = { Host: 'localhost', ...headers };
		if (token)
			send.Authorization = `Bearer ${token}`;
		t.ws = new WebSocket(`ws+unix:${sock}:/ws/terminal/${id}` +
			(query && `?${query}`), protocol ? [protocol] : [],
			{ headers: send });
		t.binary = protocol === 'rdv.v1';
		t.ws.on('message', (data, binary) => t.#message(data, binary));
		t.ws.on('close', (code) => { t.closed = code; });
		await deadline('terminal opens', new Promise((resolve, reject) => {
			t.ws.on('open', resolve);
			t.ws.on('unexpected-response', (req, res) => {
				t.refused = res.statusCode;
				req.destroy();
				resolve();
			});
			t.ws.on('error', (e) => t.refused ? resolve() : reject(e));
		}));
		return t;
	}

	messages = []; // parsed JSON, in order, output excepted
	screen = ''; // what brings a terminal to where output begins
	output = Buffer.alloc(0);
	offset = null; // behind the last byte of output
	closed = null; // close code

	#message(data, binary) {
		if (binary)
			return this.#append(Number(data.readBigUInt64BE(0)),
				data.subarray(8));
		const m = JSON.parse(data);
		if (m.type === 'output')
			return this.#append(m.offset, Buffer.from(m.data));
		if (['ready', 'resync', 'screen'].includes(m.type))
			this.offset = m.offset;
		if (m.type === 'screen')
			this.screen += m.data;
		this.messages.push(m);
	}

	#append(at, bytes) {
		if (this.offset !== null && at !== this.offset)
			throw new Error(`output at ${at}, expected ${this.offset}`);
		this.offset = at + bytes.length;
		this.output = Buffer.concat([this.output, bytes]);
	}

	// The first message of that type (and content), present or future.
	message(type, accept = () => true) {
		return waitFor(`message ${type}`, () => this.messages.find((m) =>
			m.type === type && accept(m)));
	}

	shows(text, deadlineMs) {
		return waitFor(`output ${JSON.stringify(text)}`, () =>
			this.output.includes(text), deadlineMs);
	}

	ended(deadlineMs) {
		return waitFor('close', () => this.closed !== null && this.closed,
			deadlineMs);
	}

	send(message) {
		this.ws.send(JSON.stringify(message));
	}

	type(text) {
		if (this.binary)
			this.ws.send(Buffer.from(text));
		else
			this.send({ type: 'input', data: text });
	}

	close() {
		this.ws.close();
		return this.ended();
	}
}
