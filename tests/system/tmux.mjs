// Sessions in tmux of several accounts: each has a server of its own, below its
// own home.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;
for (const who of s.people)
	s.login(who);

const make = (who, name) => s.over(who, 'POST', '/api/sessions', { body: { name,
	terminal_type: 'tmux', command: ['/bin/cat'] } });
const listed = async (who) => (await s.over(who, 'GET',
	'/api/tmux/sessions')).json;

await test('O13 where all is recorded there is no tmux', async () => {
	await s.reload(`[user.${ann.name}]\nrecording_required = true\n`);
	const no = await make(ann, 'unseen');
	assert.equal(no.status, 403);
	assert.match(no.json.error, /recorded/);
	const yes = await make(bob, 'seen');
	assert.equal(yes.status, 201, `${yes.raw}`);
	assert.equal((await s.over(bob, 'DELETE',
		`/api/sessions/${yes.json.id}`)).status, 204);
	await s.reload('');
});

await test('a tmux session whose client is refused does not stay behind',
	async () => {
	const first = await make(ann, 'first');
	assert.equal(first.status, 201, `${first.raw}`);
	await s.reload(`[user.${ann.name}]\nmax_terminals = 1\n`);
	const open = async () => (await s.over(ann, 'GET', '/api/sessions')).json
		.map((x) => x.id);
	const no = await make(ann, 'one too many');
	assert.equal(no.status, 409, `${no.raw}`);
	assert.match(no.json.error, /max_terminals/);
	assert.deepEqual((await listed(ann)).sessions.map((x) => x.session_id),
		[first.json.id]);
	assert.deepEqual(await open(), [first.json.id]);
	/* One that had been there has its own name back. */
	assert.equal(s.as(ann, 'tmux', ['-S', path.join(ann.home,
		'.rdv/run/tmux.sock'), '-N', 'new-session', '-d', '-s', 'my own',
	'exec cat']).status, 0);
	assert.equal((await s.over(ann, 'POST', '/api/tmux/adopt', { body:
		{ name: 'my own' } })).status, 409);
	assert.deepEqual((await listed(ann)).sessions.map((x) => [x.name,
		x.session_id]).sort(), [['my own', null],
		[`rdv-${first.json.id}`, first.json.id]]);
	await s.reload('');
	assert.equal((await s.over(ann, 'POST', '/api/tmux/kill', { body:
		{ name: 'my own' } })).status, 204);
	assert.equal((await s.over(ann, 'DELETE',
		`/api/sessions/${first.json.id}`)).status, 204);
});

await test('C14 tmux of one account is nothing to another', async () => {
	const mine = await make(ann, 'mine');
	assert.equal(mine.status, 201, `${mine.raw}`);
	assert.equal(mine.json.run.state, 'running');
	assert.deepEqual((await listed(ann)).sessions.map((x) => x.session_id),
		[mine.json.id]);
	assert.deepEqual((await listed(bob)).sessions, []);
	const theirs = await make(bob, 'theirs');
	assert.equal(theirs.status, 201, `${theirs.raw}`);
	assert.deepEqual((await listed(bob)).sessions.map((x) => x.session_id),
		[theirs.json.id]);
	for (const who of s.people) {
		const dir = path.join(who.home, '.rdv/run');
		const at = fs.statSync(dir), sock = fs.statSync(path.join(dir,
			'tmux.sock'));
		assert.deepEqual([at.uid, at.mode & 0o777, sock.uid,
			sock.mode & 0o077], [who.uid, 0o700, who.uid, 0]);
	}
	const kill = await s.over(bob, 'POST', '/api/tmux/kill', { body:
		{ name: `rdv-${mine.json.id}` } });
	assert.equal(kill.status, 404);
	assert.equal((await s.over(ann, 'GET',
		`/api/sessions/${mine.json.id}/tmux/history`)).status, 200);
	assert.equal((await s.over(bob, 'GET',
		`/api/sessions/${mine.json.id}/tmux/history`)).status, 404);
	for (const [who, r] of [[ann, mine], [bob, theirs]])
		assert.equal((await s.over(who, 'DELETE',
			`/api/sessions/${r.json.id}`)).status, 204);
	assert.deepEqual((await listed(ann)).sessions, []);
});
