// A WebSocket client of a terminal, with what it saw and when it ended.
import WebSocket from 'ws';
import { deadline, waitFor } from '../harness/rdv.mjs';

export class Terminal {
	// query: offset, tail, cols, rows...; headers; json: no rdv.v1.
	static async open(rdv, session, { query = { offset: 0 }, headers = {},
		json = false, token = rdv.token } = {}) {
		const t = new Terminal();
		const q = new URLSearchParams(query).toString();
		t.messages = [];
		t.bytes = Buffer.alloc(0);
		t.ws = new WebSocket(`ws+unix:${rdv.term}:/ws/terminal/` +
			`${session.id ?? session}?${q}`, json ? [] : ['rdv.v1'],
			{ headers: { Host: 'localhost', ...headers,
				...(token && { Authorization: `Bearer ${token}` }) } });
		t.closed = new Promise((resolve) => t.ws.on('close', (code) =>
			resolve(code)));
		t.ws.on('message', (data, binary) => t.message(data, binary));
		await deadline('upgrade', new Promise((resolve, reject) => {
			t.ws.on('error', reject);
			t.ws.on('open', resolve);
		}));
		return t;
	}

	message(data, binary) {
		if (binary) {
			this.offset = Number(data.readBigUInt64BE(0)) + data.length - 8;
			this.bytes = Buffer.concat([this.bytes, data.subarray(8)]);
			return;
		}
		const m = JSON.parse(data);
		this.messages.push(m);
		if (m.type === 'output')
			this.bytes = Buffer.concat([this.bytes, Buffer.from(m.data)]);
	}

	get text() { return this.bytes.toString(); }
	saw(what) {
		return waitFor(`to see ${what}`, () => this.text.includes(what));
	}
	said(type) {
		return waitFor(`message ${type}`, () => this.messages.find((m) =>
			m.type === type));
	}
	send(o) { this.ws.send(JSON.stringify(o)); }
	type(data) { this.send({ type: 'input', data }); }
	close() { this.ws.close(); return this.closed; }
}
