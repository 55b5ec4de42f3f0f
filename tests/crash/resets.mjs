// Resets while rdvd is killed behind each of their steps: they are finished, or
// undone and say so; nothing that was committed or not is lost; the conversation
// goes on.
import assert from 'node:assert/strict';
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import { below, test, waitFor } from '../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';
import { Agents, sh } from '../harness/agent.mjs';

// Of every step: the stop, the plan, and of each repository what is discarded,
// that it is on its way, and what comes behind that.
const STEPS = 7;
// What the others do in little time takes this one minutes, sanitized.
const ROUNDS = sanitized() ? 1 : Number(process.env.RDV_ROUNDS ?? 1);
const SIDE = Number(process.env.RDV_RESETS ?? 2);
const a = await Agents.start();
const at = (c, i) => c.w.repos[i].path;
const head = (c, i) => sh(at(c, i), 'git rev-parse HEAD');
let n = 0;

// Two repositories, with a commit of a turn and work of somebody's in each, and
// in every second one an agent that is still at it.
async function prepared(k) {
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const [x, y] = c.w.repos.map((r) => r.name);
	c.start = [head(c, 0), head(c, 1)];
	c.turn = await a.begin(c, `# ${++n}\nwrite ${x}/a ${n}\nwrite ${y}/a ${n}`);
	await a.over(c.turn);
	c.from = [head(c, 0), head(c, 1)];
	if (k % 2 === 1) {
		c.gate = a.gate();
		const t = await a.begin(c, `# ${++n}\nwait ${c.gate}`);
		await waitFor('it works', () => a.said().includes(`begin # ${n}`) ||
			a.said().some((s) => s === `begin ${t.prompt.split('\n')[0]}`));
	}
	c.blobs = [0, 1].map((i) => {
		fs.writeFileSync(path.join(at(c, i), 'file'), `mine ${n} ${k} ${i}\n`);
		fs.writeFileSync(path.join(at(c, i), 'new'), `new ${n} ${k} ${i}\n`);
		return ['file', 'new'].map((f) =>
			sh(at(c, i), `git hash-object ${f}`));
	});
	return c;
}

// Resolves when that many events told of a reset of that conversation.
function steps(c, count, cursor) {
	return new Promise((resolve) => {
		let text = '';
		const req = http.get({ socketPath: a.rdv.sock,
			path: `/api/events?since=${cursor}`, headers: {
				Authorization: `Bearer ${a.rdv.token}`,
				Accept: 'application/x-ndjson' } }, (res) => {
			res.setEncoding('utf8');
			res.on('data', (piece) => {
				text += piece;
				const seen = text.split('\n').slice(0, -1).map(JSON.parse)
					.filter((e) => e.kind === 'conversation.reset' &&
						e.subject === c.id);
				if (seen.length < count && !seen.some((e) =>
					e.body.ended_at !== null))
					return;
				req.destroy();
				resolve(seen.at(-1).body.state);
			});
			res.on('error', () => {});
		});
		req.on('error', () => {});
	});
}

async function settled(c) {
	let row;
	await waitFor('the end of the reset', async () => {
		[row] = (await a.call('GET', c.at('/resets'))).items;
		return row === undefined || row.ended_at !== null;
	}, 60000);
	return row;
}

// Every byte that was there is under some name.
function nothingLost(c, i) {
	const named = sh(at(c, i), 'git rev-list --objects --all');
	for (const blob of c.blobs[i])
		assert.ok(named.includes(blob) || ['file', 'new'].some((f) =>
			fs.existsSync(path.join(at(c, i), f)) &&
			sh(at(c, i), `git hash-object ${f}`) === blob), 'work is lost');
	assert.ok(named.includes(c.from[i]), 'a commit is lost');
	assert.deepEqual(below(sh(at(c, i), 'git rev-parse --absolute-git-dir'))
		.filter((f) => f.endsWith('.lock')), []);
}

async function check(c) {
	const row = await settled(c);
	const turns = await a.turns(c);
	for (const i of [0, 1])
		nothingLost(c, i);
	if (row === undefined || row.state !== 'done') {
		assert.ok(row === undefined || ['failed', 'refused'].includes(row.state),
			row?.state);
		assert.ok(row === undefined || row.cause, 'nobody says why');
		assert.deepEqual([head(c, 0), head(c, 1)], c.from);
		assert.ok(turns.every((t) => !t.dropped));
		return row?.state ?? 'never';
	}
	assert.deepEqual([head(c, 0), head(c, 1)], c.start);
	assert.ok(turns.every((t) => t.dropped));
	for (const i of [0, 1]) {
		assert.equal(sh(at(c, i), 'git status --porcelain'), '');
		assert.equal(sh(at(c, i), `git rev-parse refs/rdv/rescue/${row.id}-${i}`),
			c.from[i]);
	}
	return row.state;
}

const ends = {};
for (let round = 0; round < ROUNDS; round++) {
	// In a short run in the midst of it.
	const step = 1 + (round + 3) % STEPS;
	await test(`killed behind step ${step} of a reset`, async () => {
		const all = await Promise.all(Array.from({ length: SIDE }, (_, k) =>
			prepared(k)));
		const { next_cursor: cursor } = await a.call('GET',
			'/api/events?limit=1000&since=0').catch(() => ({ next_cursor: 0 }));
		const reached = steps(all[round % SIDE], step, cursor);
		const asked = all.map((c) => a.request('POST', c.at('/reset'),
			{ turn_id: c.turn.id, force: true }).catch(() => null));
		await reached;
		await a.rdv.again();
		await Promise.all(asked);
		for (const c of all) {
			const end = await check(c);
			ends[end] = (ends[end] ?? 0) + 1;
			if (c.gate)
				Agents.open(c.gate);
		}
		// What is over is over: a turn can begin.
		const c = all[0], t = await a.begin(c, `# ${++n}\nsay on`);
		assert.equal((await a.over(t)).state, 'completed');
		await a.model(all);
	});
}
await test('most of them were finished', () => {
	console.log(`  resets: ${JSON.stringify(ends)}`);
	assert.ok(ends.done > 0);
});

await a.stop();
