// Terminals of one round. One has a program that ends by itself while nobody may
// be there to see it, and one is asked for while nobody may be there to answer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { waitFor } from '../harness/rdv.mjs';

const signals = { HUP: 1, INT: 2, KILL: 9, SEGV: 11, TERM: 15 };
const hows = [...Object.keys(signals), 0, 1, 77, 137, 255];

// It is told over a FIFO outside of rdv how to end, and says so before.
const SCRIPT = 'read how < "$0"; echo "ends $how"; case $how in ' +
	'[A-Z]*) kill -$how $$;; esac; exit $how';

export class Mayflies {
	constructor(rdv) {
		Object.assign(this, { rdv, fifo: path.join(rdv.home, 'how'),
			unknown: new Set(), refused: 0 });
		execFileSync('mkfifo', [this.fifo]);
	}

	// Without a record there is no start, and on a slow disk [audit] may not have
	// answered in its two seconds. That session is closed then.
	session(name, command) {
		return waitFor('a start that is on record', async () => {
			const r = await this.rdv.request('POST', '/api/sessions',
				{ body: { name, command } });
			if (r.status === 201)
				return r.json;
			assert.match(`${r.status} ${r.json?.error}`, /^503 audit: /);
			this.refused++;
			return null;
		}, 60000);
	}

	async start(random) {
		this.how = hows[Math.floor(random() * hows.length)];
		this.ends = await this.session('ends', ['/bin/sh', '-c', SCRIPT,
			this.fifo]);
		this.pipe = await waitFor('it reads', () => {
			try {
				return fs.openSync(this.fifo, fs.constants.O_WRONLY |
					fs.constants.O_NONBLOCK);
			} catch (e) {
				assert.equal(e.code, 'ENXIO');
				return 0;
			}
		});
	}

	end() {
		fs.writeSync(this.pipe, `${this.how}\n`);
		fs.closeSync(this.pipe);
		this.pipe = null;
	}

	// Without an answer it may have begun or not.
	begin() {
		this.begun = this.rdv.request('POST', '/api/sessions',
			{ body: { name: 'begins', command: ['/bin/cat'] } })
			.catch(() => null);
	}

	// How it has ended is told, and all that it wrote stands.
	async told() {
		const { id } = this.ends.run;
		const run = await waitFor('its end is told', async () => {
			const now = await this.rdv.call('GET', `/api/runs/${id}`);
			return now.state !== 'running' && now;
		});
		const sig = signals[this.how];
		assert.deepEqual([run.state, run.exit_code, run.signal], sig ?
			['killed', null, sig] : this.how === 0 ?
				['completed', 0, null] : ['failed', this.how, null]);
		const { raw } = await this.rdv.request('GET', `/api/runs/${id}/log`);
		assert.equal(raw.toString(), `ends ${this.how}\r\n`);
		return this.gone(this.ends.id, id);
	}

	// What was answered is true, and there is no second one. The other may be
	// there, too. Whether it was started is not known for a while when rdvd
	// ended meanwhile: that is asked in the end.
	async truth() {
		const answer = await this.begun;
		const all = await this.rdv.call('GET', '/api/sessions');
		const [one, ...more] = all.filter((s) => s.name === 'begins' &&
			!this.unknown.has(s.id));
		assert.equal(more.length, 0, 'one at most');
		if (answer?.status === 201) {
			assert.equal(one?.id, answer.json.id);
			assert.equal(one.run.state, 'running');
		}
		if (!one)
			return 'not there';
		if (one.run?.state === 'starting') {
			this.unknown.add(one.id);
			return 'not known';
		}
		await this.over(one);
		return answer?.status === 201 ? 'answered' : `is ${one.run?.state}`;
	}

	// It runs, or it says why not.
	async over({ id, run }) {
		if (run && run.state !== 'running') {
			assert.ok(['failed', 'lost', 'killed'].includes(run.state),
				run.state);
			assert.ok(run.cause, 'a cause');
		}
		await this.gone(id, run?.id);
	}

	async known() {
		for (const id of this.unknown)
			await this.over(await waitFor('it is known', async () => {
				const s = await this.rdv.call('GET', `/api/sessions/${id}`);
				return s.run.state !== 'starting' && s;
			}, 60000));
	}

	async gone(session, run) {
		await this.rdv.call('DELETE', `/api/sessions/${session}`);
		if (run)
			await this.rdv.call('DELETE', `/api/runs/${run}/log`);
	}
}
