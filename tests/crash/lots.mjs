// Lots that are drawn the same way for a seed, and moments of an rdv counted in
// what it has told of itself and not in time.
import http from 'node:http';

export class Lots {
	constructor(seed) { this.seed = seed; }

	// The generator of Numerical Recipes: the same lots for a seed.
	random = () => (this.seed = (Math.imul(this.seed, 1664525) +
		1013904223) >>> 0) / 2 ** 32;
	of = (items) => items[Math.floor(this.random() * items.length)];
	upto = (n) => Math.floor(this.random() * n);

	// Each once in some order, then again.
	deck(items) {
		let left = [];
		return () => {
			if (left.length === 0)
				left = [...items];
			return left.splice(this.upto(left.length), 1)[0];
		};
	}
}

// Settles with the k-th event of such a kind from now, or when the stream ends;
// `stop` ends it.
export function step(rdv, k, kind = '') {
	let req;
	const over = new Promise((done) => {
		let text = '';
		req = http.get({ socketPath: rdv.sock, path: '/api/events',
			headers: { Host: 'localhost', Accept: 'text/event-stream',
				Authorization: `Bearer ${rdv.token}` } }, (res) => {
			res.on('error', done);
			res.on('data', (d) => {
				text += d;
				if (text.split(`\nevent: ${kind}`).length > k) {
					req.destroy();
					done();
				}
			});
		});
		req.on('error', done);
		req.on('close', done);
	});
	return { over, stop: () => req.destroy() };
}
