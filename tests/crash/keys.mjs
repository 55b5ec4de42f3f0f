// kill -9 of rdvd while a request with an Idempotency-Key is under way, and the
// same request once more to the next rdvd. What it does is seen outside of rdv:
// a line in a file. Whatever the moment, the line is there at most once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test, waitFor } from '../harness/rdv.mjs';

const ROUNDS = 12;

class Typist {
	constructor(rdv, session) {
		Object.assign(this, { rdv, session,
			file: path.join(rdv.home, 'typed') });
	}

	// Null when the connection broke.
	type(line, key) {
		return this.rdv.request('POST', `/api/sessions/${this.session.id}/exec`,
			{ body: { command: line }, headers: { 'Idempotency-Key': key } })
			.catch(() => null);
	}

	// Until an rdvd answers that knows of the program.
	again(line, key) {
		return waitFor('an answer', async () => {
			const r = await this.type(line, key);
			return r !== null && r.status !== 503 && r;
		});
	}

	count(line) {
		return fs.readFileSync(this.file, 'utf8').split('\n')
			.filter((l) => l === line).length;
	}

	// The program reads in order: what was typed before is in the file then.
	async settled(name) {
		assert.equal((await this.again(name, name)).status, 202);
		await waitFor(name, () => this.count(name) === 1);
	}
}

async function round(rdv, typist, n) {
	const line = `line ${n}`, key = `key-${n}`;
	const old = await waitFor('rdvd', () => rdv.rdvd);
	const sent = typist.type(line, key);
	if (n % 2 === 0)
		await waitFor('effect', () => typist.count(line) === 1);
	else
		await pause(Math.random() * 5); // any moment will do
	process.kill(old, 'SIGKILL');
	const first = await sent;
	await waitFor('a new rdvd', () => rdv.rdvd && rdv.rdvd !== old);
	const second = await typist.again(line, key);
	await typist.settled(`after-${n}`);
	if (second.status === 202) {
		assert.equal(typist.count(line), 1);
	} else {
		assert.equal(second.json.code, 'IDEMPOTENCY_UNKNOWN');
		assert.equal(second.status, 409);
		assert.ok(typist.count(line) <= 1);
	}
	if (first?.status === 202)
		assert.equal(second.headers['idempotency-replayed'], 'true');
	return second.status !== 202 ? 'unknown' :
		second.headers['idempotency-replayed'] ? 'replayed' : 'done then';
}

await test('a key is not run twice across kill -9', async (t) => {
	const rdv = await t.start();
	const typist = new Typist(rdv, await rdv.session('typed', ['/bin/sh', '-c',
		'stty -echo; : > typed; while read l; do echo "$l" >> typed; done'],
		{ project_path: rdv.home }));
	const outcomes = {};
	await waitFor('program', () => fs.existsSync(typist.file));
	// Without a crash: once, and the answer again; another key is another.
	await typist.settled('control');
	assert.equal((await typist.type('control', 'control')).status, 202);
	assert.equal((await typist.type('control', 'other')).status, 202);
	await typist.settled('control-done');
	assert.equal(typist.count('control'), 2);
	for (let n = 0; n < ROUNDS; n++) {
		const outcome = await round(rdv, typist, n);
		outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
	}
	console.log(`     ${JSON.stringify(outcomes)}`);
});
