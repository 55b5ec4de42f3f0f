// Conversations: what is done for a prompt, in which order, and how each part of
// it can end.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bin, test, waitFor } from '../harness/rdv.mjs';
import { Agents, sh } from '../harness/agent.mjs';

const a = await Agents.start();
const at = (c, i = 0) => c.w.repos[i].path;
const head = (c, i = 0) => sh(at(c, i), 'git rev-parse HEAD');
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(a.rdv.base, 'server/rdv.db'), text]);
const kinds = (t) => t.chain.links.map((l) => `${l.kind} ${l.state}`);

await test('a prompt: setup, agent, cleanup, commit; then a follow-up', async () => {
	const c = await a.fresh({ setup_script: 'echo s >>setup.txt',
		cleanup_script: 'echo c >>clean.txt' });
	const before = head(c), env = path.join(a.dir, 'env');
	const done = await a.over(await a.begin(c,
		`env ${env}\nwrite a.txt hello\nsay Added a greeting`));
	assert.deepEqual([done.state, done.chain.state, done.cause], ['completed',
		'completed', null]);
	assert.deepEqual(kinds(done), ['setup completed', 'agent completed',
		'cleanup completed', 'commit completed']);
	assert.equal(done.summary, 'Added a greeting');
	assert.ok(done.agent_session);
	for (const l of done.chain.links.slice(0, 3))
		assert.deepEqual(l.repos, [{ repo_id: c.w.repos[0].repo_id,
			before_head: before, after_head: before }]);
	assert.equal(sh(at(c), 'git log -1 --format=%an:%s'), 'n:Added a greeting');
	assert.equal(sh(at(c), 'git status --porcelain'), '');
	assert.equal(sh(at(c), 'git show --name-only --format= HEAD'),
		'a.txt\nclean.txt\nsetup.txt');
	const vars = JSON.parse(fs.readFileSync(env, 'utf8'));
	assert.deepEqual([vars.RDV_SESSION_ID, vars.VK_SESSION_ID,
		vars.VK_WORKSPACE_ID, vars.VK_WORKSPACE_BRANCH, vars.RDV_WORKTREE_BRANCH,
		vars.RDV_PROJECT_PATH, vars.RDV_WORKING_DIR], [c.id, c.id, c.w.id,
		c.w.branch, c.w.branch, c.w.directory, at(c)]);

	// Setup has been; nothing changes, so there is nothing to clean up.
	const args = path.join(a.dir, 'args');
	const next = await a.over(await a.begin(c, `args ${args}\nsay Nothing`));
	assert.deepEqual(kinds(next), ['agent completed', 'cleanup skipped',
		'commit skipped']);
	assert.ok(JSON.parse(fs.readFileSync(args, 'utf8')).join(' ')
		.includes(done.agent_session), 'it resumes its own conversation');
	// A commit of its own is a change, too, and what it begins from then.
	const third = await a.over(await a.begin(c,
		'write b.txt x\ncommit own\nsay Own commit'));
	assert.deepEqual(kinds(third), ['agent completed', 'cleanup completed',
		'commit completed']);
	const [own] = a.link(third, 'agent').repos;
	assert.notEqual(own.before_head, own.after_head);
	assert.equal(sh(at(c), 'git rev-parse HEAD^'), own.after_head);
});

await test('two repositories: both are set up, looked at and committed', async () => {
	const c = await a.conversation([
		await a.repository({ setup_script: 'echo 1 >s', cleanup_script: 'true' }),
		await a.repository({ setup_script: 'echo 2 >s' })]);
	const done = await a.over(await a.begin(c, 'say Both'));
	assert.deepEqual(kinds(done), ['setup completed', 'setup completed',
		'agent completed', 'cleanup completed', 'commit completed',
		'commit completed']);
	assert.equal(a.link(done, 'agent').repos.length, 2);
	for (const i of [0, 1])
		assert.equal(sh(at(c, i), 'git log -1 --format=%s'), 'Both');
	await a.model([c]);
});

await test('one agent at a time in a workspace, whatever conversation', async () => {
	const c = await a.fresh(), gate = a.gate();
	const other = await a.call('POST', '/api/conversations', { workspace_id:
		c.w.id, agent: 'CLAUDE_CODE', profile: 'login' });
	other.at = (tail) => `/api/conversations/${other.id}${tail}`;
	other.w = c.w;
	const first = await a.begin(c, `wait ${gate}\nwrite 1 1\nsay one`);
	for (const who of [c, other]) {
		const no = await a.ask(who, 'say no');
		assert.equal(no.status, 409);
		assert.equal(no.json.code, 'WORKSPACE_BUSY');
	}
	const later = await a.ask(other, 'write 2 2\nsay two', { queue: true });
	assert.equal(later.status, 202);
	assert.equal((await a.call('GET', c.at(''))).at_work.turn_id, first.id);
	Agents.open(gate);
	await waitFor('the other one', async () =>
		(await a.turns(other)).some((t) => t.state === 'completed'));
	const second = await a.over((await a.turns(other))[0]);
	assert.ok(second.created_at >= (await a.over(first)).chain.ended_at);
	assert.equal(sh(at(c), 'git log -2 --format=%s'), 'two\none');
	await a.model([c, other]);
});

await test('abuse K14: what waits is taken once, in order, and after success', async () => {
	const c = await a.fresh(), gate = a.gate();
	const first = await a.begin(c, `wait ${gate}\nsay first`);
	const add = async (prompt, headers) => (await a.request('POST',
		c.at('/queue'), { prompt }, headers));
	const [two, three, four, five] = await Promise.all(
		['say two', 'say three', 'say four', 'say five'].map((p) => add(p)))
		.then((all) => all.map((r) => r.json))
		.then((all) => all.sort((x, y) => x.id < y.id ? -1 : 1));
	// The same request again is the same message.
	const key = { 'Idempotency-Key': 'k14' };
	const once = await add('say six', key), again = await add('say six', key);
	assert.equal(once.json.id, again.json.id);
	const list = await a.waiting(c);
	assert.equal(list.length, 5);
	const order = list.map((m) => m.id);
	for (const m of [two, three, four, five])
		assert.ok(order.includes(m.id));
	await a.call('PATCH', `/api/messages/${order[1]}`, { prompt: 'say edited' });
	await a.call('DELETE', `/api/messages/${order[2]}`);
	assert.equal((await a.request('DELETE', `/api/messages/${order[2]}`)).status,
		409);
	Agents.open(gate);
	await waitFor('all are done', async () => (await a.waiting(c)).length === 0 &&
		(await a.turns(c)).length === 5 &&
		(await a.turns(c)).every((t) => t.ended_at));
	await a.over((await a.turns(c)).at(-1));
	const wanted = list.filter((m) => m.id !== order[2])
		.map((m) => m.id === order[1] ? 'say edited' : m.prompt);
	assert.deepEqual((await a.turns(c)).map((t) => t.prompt),
		[first.prompt, ...wanted]);
	const late = await a.request('PATCH', `/api/messages/${order[0]}`,
		{ prompt: 'too late' });
	assert.equal(late.status, 409);
	await a.model([c]);
});

// One that has much to say keeps nobody waiting who came before that.
await test('abuse K14: of two conversations who has waited the longest', async () => {
	const c = await a.fresh(), gate = a.gate();
	const other = await a.call('POST', '/api/conversations', { workspace_id:
		c.w.id, agent: 'CLAUDE_CODE', profile: 'login' });
	other.at = (tail) => `/api/conversations/${other.id}${tail}`;
	other.w = c.w;
	const first = await a.begin(c, `wait ${gate}\nsay first`);
	const order = [[c, 'say 1'], [other, 'say 2'], [c, 'say 3'],
		[c, 'say 4'], [other, 'say 5']];
	for (const [who, prompt] of order)
		await a.call('POST', who.at('/queue'), { prompt });
	Agents.open(gate);
	await waitFor('all are done', async () => {
		const all = [...await a.turns(c), ...await a.turns(other)];
		return all.length === 6 && all.every((t) => t.ended_at);
	});
	const all = [...await a.turns(c), ...await a.turns(other)]
		.sort((x, y) => x.ended_at - y.ended_at);
	assert.deepEqual(all.map((t) => t.prompt), [first.prompt,
		...order.map(([, prompt]) => prompt)]);
	for (const t of all)
		await a.over(t);
	await a.model([c, other]);
});

await test('abuse K15: what waits is bounded', async () => {
	const c = await a.fresh();
	const add = () => a.request('POST', c.at('/queue'), { prompt: 'say x' });
	for (let i = 0; i < 1000; i += 100)
		assert.ok((await Promise.all(Array.from({ length: 100 }, add)))
			.every((r) => r.status === 201));
	const no = await add();
	assert.deepEqual([no.status, no.json.code], [429, 'TOO_MANY']);
	await a.call('DELETE', c.at(''));
	assert.equal((await a.waiting(c)).length, 0);
});

await test('what waits and what was come in pages that nobody has to hold', async () => {
	const c = await a.fresh(), gate = a.gate();
	const t = await a.begin(c, `wait ${gate}\nsay first`);
	for (let i = 0; i < 10; i++)
		await a.call('POST', c.at('/queue'), { prompt: `say ${i}\n` +
			'x'.repeat(i < 9 ? 500000 : 10) });
	const pages = async (tail, limit) => {
		const all = [];
		for (let cursor = '';;) {
			const p = await a.call('GET', c.at(`${tail}?limit=${limit}${cursor}`));
			all.push(p.items.map((m) => m.prompt.split('\n')[0]));
			if (p.next_cursor === null)
				return all;
			cursor = `&cursor=${p.next_cursor}`;
		}
	};
	const names = Array.from({ length: 10 }, (_, i) => `say ${i}`);
	// 4 MiB are nine of these, however many are asked for.
	assert.deepEqual(await pages('/queue', 1000), [names.slice(0, 9),
		names.slice(9)]);
	assert.deepEqual((await pages('/queue', 4)).map((p) => p.length), [4, 4, 2]);
	assert.deepEqual((await pages('/queue', 3)).flat(), names);
	await a.call('DELETE', c.at(''));
	await a.over(t);
	sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE
		i < 9) INSERT INTO turn (id, session_id, user_id, workspace_id, prompt,
		state, created_at, ended_at) SELECT '00000000-0000-7000-8000-00000000000'
		|| i, session_id, user_id, workspace_id, 'say ' || i || char(10) ||
		hex(zeroblob(250000)), 'completed', 1, 1 FROM turn, n
		WHERE turn.id = '${t.id}'`);
	assert.deepEqual((await pages('/turns', 1000)).map((p) => p.length), [10, 1]);
	assert.deepEqual((await pages('/turns', 4)).flat().slice(1),
		[...names].reverse());
});

await test('what could be no turn is refused, and holds up no other', async () => {
	const c = await a.fresh(), gate = a.gate(), config = { env: { A: 5 } };
	const first = await a.begin(c, `wait ${gate}\nsay first`);
	const add = (prompt, more) => a.request('POST', c.at('/queue'),
		{ prompt, ...more });
	const bad = (await add('say old')).json;
	const next = (await add('say next', { config: { model: 'm' } })).json;
	for (const no of [await add('say no', { config }),
		await a.ask(c, 'say no', { queue: true, config }),
		await a.request('PATCH', `/api/messages/${next.id}`,
			{ prompt: 'say no', config })]) {
		assert.equal(no.status, 400, `${no.raw}`);
		assert.match(no.json.error, /^env\.A: /);
	}
	assert.deepEqual((await a.waiting(c)).map((m) => m.prompt),
		['say old', 'say next']);
	// One that another rdv took, or another agent's rules.
	sql(`UPDATE queued SET config_json = '${JSON.stringify(config)}'
		WHERE id = '${bad.id}'`);
	Agents.open(gate);
	await waitFor('the next one', async () => (await a.turns(c)).length === 2);
	const done = await a.over((await a.turns(c))[1]);
	assert.deepEqual([done.prompt, done.state], ['say next', 'completed']);
	assert.deepEqual(await a.waiting(c), []);
	await a.over(first);
	await a.model([c]);
});

await test('a failure keeps what waits, and a hand lets it go on', async () => {
	const c = await a.fresh(), gate = a.gate();
	const first = await a.begin(c, `wait ${gate}\nfail no credit`);
	await a.ask(c, 'say waits', { queue: true });
	Agents.open(gate);
	const done = await a.over(first);
	assert.deepEqual([done.state, done.chain.state], ['failed', 'failed']);
	assert.match(done.cause, /no credit/);
	assert.match(done.chain.cause, /^agent: .*no credit/);
	assert.deepEqual(kinds(done), ['agent failed', 'commit skipped']);
	assert.deepEqual((await a.waiting(c)).map((m) => [m.prompt, m.state]),
		[['say waits', 'waiting']]);
	// And says why, until it waits for another turn, or is another message.
	const why = async () => (await a.waiting(c))[0].blocked;
	assert.match(await why(), /^the turn before it ended as failed; /);
	const stopped = await a.begin(c, 'hang');
	assert.equal(await why(), null);
	await a.call('POST', `/api/turns/${stopped.id}/stop`);
	await a.over(stopped);
	assert.match(await why(), /^the turn before it ended as killed; /);
	const [{ id }] = await a.waiting(c);
	const edited = await a.call('PATCH', `/api/messages/${id}`,
		{ prompt: 'say waits' });
	assert.deepEqual([edited.blocked, await why()], [null, null]);
	const next = await a.call('POST', c.at('/queue/start'));
	assert.equal(next.prompt, 'say waits');
	assert.equal((await a.over(next)).state, 'completed');
	assert.equal((await a.request('POST', c.at('/queue/start'))).status, 409);
	await a.model([c]);
});

await test('each that waits says why, whatever becomes of the first', async () => {
	const c = await a.fresh(), gate = a.gate(), held = a.gate();
	const first = await a.begin(c, `wait ${gate}\nfail no credit`);
	const blocked = async () => (await a.waiting(c)).map((m) => m.blocked);
	for (const prompt of ['say one', `wait ${held}\nsay two`, 'say three'])
		await a.ask(c, prompt, { queue: true });
	assert.deepEqual(await blocked(), [null, null, null]);
	Agents.open(gate);
	await a.over(first);
	for (const why of await blocked())
		assert.match(why ?? 'no word', /^the turn before it ended as failed; /);
	const [{ id }] = await a.waiting(c);
	await a.call('DELETE', `/api/messages/${id}`);
	const left = await blocked();
	assert.equal(left.length, 2);
	assert.match(left[0] ?? 'no word', /^the turn before it ended as failed; /);
	// Started by hand, it is what the other one waits for now.
	const two = await a.call('POST', c.at('/queue/start'));
	assert.match(two.prompt, /two$/);
	assert.deepEqual(await blocked(), [null]);
	Agents.open(held);
	assert.equal((await a.over(two)).state, 'completed');
	await a.over((await a.turns(c)).at(-1));
	await a.model([c]);
});

await test('a setup script that fails ends it, and is run again', async () => {
	const c = await a.fresh({ setup_script: 'test -e ok || { echo no >&2; exit 3; }' });
	const bad = await a.over(await a.begin(c, 'say never'));
	assert.deepEqual([bad.state, bad.chain.state], ['failed', 'failed']);
	assert.equal(bad.cause, 'setup: exit status 3');
	assert.deepEqual(kinds(bad), ['setup failed', 'agent skipped',
		'commit skipped']);
	assert.ok(!a.said().includes('begin say never'));
	fs.writeFileSync(path.join(at(c), 'ok'), '');
	const good = await a.over(await a.begin(c, 'say now'));
	assert.deepEqual(kinds(good), ['setup completed', 'agent completed',
		'commit completed']);
	await a.model([c]);
});

await test('a cleanup script that fails: committed, told, and no next one', async () => {
	const c = await a.fresh({ cleanup_script: 'exit 4' }), gate = a.gate();
	const first = await a.begin(c, `wait ${gate}\nwrite x y\nsay kept`);
	await a.ask(c, 'say waits', { queue: true });
	Agents.open(gate);
	const done = await a.over(first);
	assert.deepEqual(kinds(done), ['agent completed', 'cleanup failed',
		'commit completed']);
	assert.deepEqual([done.state, done.chain.state, done.chain.cause],
		['completed', 'failed', 'cleanup: exit status 4']);
	assert.equal(sh(at(c), 'git log -1 --format=%s'), 'kept');
	assert.equal((await a.waiting(c)).length, 1);
});

await test('no workspace goes while an agent is at work, not by force', async () => {
	// It works above both worktrees and in none of them.
	const c = await a.conversation([await a.repository(), await a.repository()]);
	const gate = a.gate(), t = await a.begin(c, `wait ${gate}\nsay done`);
	await waitFor('it works', () => a.said().includes(`begin wait ${gate}`));
	const w = `/api/workspaces/${c.w.id}`;
	for (const [method, target, body] of [['DELETE', w],
		['POST', `${w}/archive`, {}],
		['DELETE', `${w}?force=true`],
		['POST', `${w}/archive`, { remove: true }],
		['POST', `${w}/archive`, { remove: true, force: true }]]) {
		const no = await a.request(method, target, body);
		assert.deepEqual([no.status, no.json.code], [409, 'BUSY'], `${no.raw}`);
		assert.match(no.json.error, /agent is at work/);
	}
	for (const i of [0, 1])
		assert.ok(fs.existsSync(at(c, i)));
	Agents.open(gate);
	assert.equal((await a.over(t)).state, 'completed');
	await a.call('DELETE', w);
	assert.ok(!fs.existsSync(at(c)));
});

await test('what a person has under way there is not committed', async () => {
	const c = await a.fresh(), before = head(c);
	const turn = async (name) => {
		const t = await a.over(await a.begin(c, `write ${name} x\nsay ${name}`));

		assert.equal(t.chain.state, 'completed');
		return a.link(t, 'commit');
	};
	sh(at(c), `git checkout -q -b side; echo s >side; git add .
		git commit -q -m side; git checkout -q -
		git merge -q --no-commit --no-ff side`);
	let l = await turn('midway');
	assert.equal(l.state, 'skipped');
	assert.match(l.cause, /in the middle of a merge/);
	assert.equal(head(c), before);
	sh(at(c), 'git rev-parse -q --verify MERGE_HEAD; git merge --abort');
	sh(at(c), 'git checkout -q side');
	const side = head(c);
	l = await turn('elsewhere');
	assert.equal(l.state, 'skipped');
	assert.match(l.cause, /branch/);
	assert.equal(head(c), side);
	sh(at(c), 'git checkout -q --detach');
	l = await turn('nowhere');
	assert.equal(l.state, 'skipped');
	assert.match(l.cause, /branch/);
	sh(at(c), `git checkout -q ${c.w.branch}`);
	assert.equal((await turn('here')).state, 'completed');
	assert.equal(sh(at(c), 'git show --name-only --format=%s HEAD'),
		'here\n\nelsewhere\nhere\nmidway\nnowhere');
});

await test('what had changed before the turn is committed with it, and said', async () => {
	const c = await a.fresh({ setup_script: 'echo s >setup' });
	const first = await a.over(await a.begin(c, 'write own x\nsay own'));
	assert.equal(a.link(first, 'commit').cause, null);
	sh(at(c), 'echo mine >mine');
	const l = a.link(await a.over(await a.begin(c, 'write its x\nsay its')),
		'commit');
	assert.deepEqual([l.state, l.cause], ['completed',
		'with what had changed before the turn']);
	assert.equal(sh(at(c), 'git show --name-only --format= HEAD'), 'its\nmine');
});

await test('setup scripts beside the agent, where every repository says so', async () => {
	const gate = a.gate(), wait = `until [ -e ${gate} ]; do read -t 0.05 x <> <(:) ` +
		'|| :; done; echo s >s';
	const beside = { setup_script: wait, parallel_setup: true };
	const c = await a.conversation([await a.repository(beside),
		await a.repository(beside)]);
	const t = await a.begin(c, `write ${path.basename(at(c))}/f 1\nsay before`);
	const begun = ['setup running', 'setup running', 'agent completed',
		'commit waiting', 'commit waiting'];
	await waitFor('the agent is done', async () =>
		kinds(await a.turn(t)).join() === begun.join());
	// Nothing is committed of what they are at, and no other turn begins.
	const next = await a.ask(c, 'say behind', { queue: true });
	assert.equal(next.status, 202);
	assert.deepEqual(kinds(await a.turn(t)), begun);
	Agents.open(gate);
	assert.deepEqual(kinds(await a.over(t)), ['setup completed',
		'setup completed', 'agent completed', 'commit completed',
		'commit completed']);
	await waitFor('the next one', async () => (await a.turns(c)).length === 2);
	const [, second] = await a.turns(c);
	assert.ok((await a.over(second)).chain.links.every((l) => l.kind !== 'setup'));
	// They are stopped with the rest.
	fs.unlinkSync(gate);
	const e = await a.conversation([await a.repository(beside)]);
	const stopped = await a.begin(e, 'say quick');
	await a.reached(stopped, 'agent', 'completed');
	await a.call('POST', `/api/turns/${stopped.id}/stop`);
	assert.deepEqual(kinds(await a.over(stopped)), ['setup killed',
		'agent completed', 'commit skipped']);
	Agents.open(gate);
	await a.model([c, e]);
	// One that does not say so, and each waits for the one before.
	const d = await a.conversation([await a.repository(beside),
		await a.repository({ setup_script: 'true' })]);
	assert.ok((await a.over(await a.begin(d, 'say x'))).chain.links
		.every((l) => !l.beside));
});

await test('stopped in each phase, twice: one outcome, and what waits stays', async () => {
	const loop = (gate) => `until [ -e ${gate} ]; do read -t 0.05 x <> <(:) || :; done`;
	const phases = {
		setup: [{ setup_script: loop(a.gate()) }, 'say x'],
		agent: [{}, 'hang'],
		deaf: [{}, `deaf\nwait ${a.gate()}`],
		cleanup: [{ cleanup_script: loop(a.gate()) }, 'write a b\nsay x'],
		start: [{}, 'hang early'],
	};
	const all = [];
	for (const [phase, [scripts, prompt]] of Object.entries(phases)) {
		const c = await a.fresh(scripts), t = await a.begin(c, prompt);
		all.push(c);
		await a.ask(c, 'say waits', { queue: true });
		const kind = scripts.setup_script ? 'setup' :
			scripts.cleanup_script ? 'cleanup' : 'agent';
		if (phase !== 'start')
			await a.reached(t, kind, 'running');
		if (phase === 'agent' || phase === 'deaf')
			await waitFor('it works', () =>
				a.said().includes(`begin ${prompt.split('\n')[0]}`));
		const stops = await Promise.all([1, 2].map(() =>
			a.request('POST', `/api/turns/${t.id}/stop`)));
		assert.deepEqual(stops.map((r) => r.status), [202, 202]);
		const done = await a.over(t);
		assert.equal(done.chain.state, 'killed', phase);
		assert.equal(done.chain.cause, 'it was stopped', phase);
		assert.equal(done.state, kind === 'cleanup' ? 'completed' : 'killed',
			phase);
		assert.equal((await a.request('POST', `/api/turns/${t.id}/stop`)).status,
			202);
		assert.deepEqual((await a.turn(t)).chain, done.chain, phase);
		assert.equal((await a.waiting(c)).length, 1, phase);
		assert.equal((await a.turns(c)).length, 1, phase);
	}
	await a.model(all);
});

await test('a stop that nobody has heard of yet counts at the end', async () => {
	const c = await a.fresh(), gate = a.gate();
	const t = await a.begin(c, `wait ${gate}\nwrite a b\nsay x`);
	await a.ask(c, 'say waits', { queue: true });
	await waitFor('it works', () => a.said().includes(`begin wait ${gate}`));
	// As it is between the statement and what follows it.
	sql(`UPDATE chain SET stop = 'it was stopped' WHERE turn_id = '${t.id}'`);
	Agents.open(gate);
	const done = await a.over(t);
	assert.deepEqual([done.chain.state, done.chain.cause], ['killed',
		'it was stopped']);
	assert.deepEqual(kinds(done), ['agent completed', 'commit skipped']);
	assert.deepEqual([(await a.waiting(c)).length, (await a.turns(c)).length],
		[1, 1]);
	await a.model([c]);
});

await test('a store that fails for a moment leaves no chain behind', async () => {
	const c = await a.fresh(), gate = a.gate();
	const t = await a.begin(c, `wait ${gate}\nsay x`);
	await waitFor('it works', () => a.said().includes(`begin wait ${gate}`));
	sql('ALTER TABLE chain_link RENAME TO chain_link_gone');
	Agents.open(gate);
	await waitFor('its agent has ended', () =>
		a.said().includes(`end wait ${gate}`) && a.rdv.all('claude').length === 0);
	await waitFor('that was seen', () => /msg="run=\S+ cannot be read/
		.test(a.rdv.log()));
	sql('ALTER TABLE chain_link_gone RENAME TO chain_link');
	assert.equal((await a.over(t)).state, 'completed');
	await a.model([c]);
});

await test('a conversation is none of a terminal\'s', async () => {
	const c = await a.fresh();
	const terminal = await a.call('POST', '/api/sessions', { name: 'sh' });
	const ask = async (id) => (await Promise.all([
		a.request('GET', `/api/sessions/${id}`),
		a.request('POST', `/api/sessions/${id}/input`, { data: 'x' }),
		a.request('POST', `/api/sessions/${id}/resume`),
	])).map((r) => r.status);
	assert.deepEqual(await ask(c.id), [404, 404, 404]);
	assert.equal((await ask(terminal.id))[0], 200);
	const list = (await a.call('GET', '/api/sessions')).map((s) => s.id);
	assert.ok(list.includes(terminal.id) && !list.includes(c.id));
	assert.ok((await a.call('GET', `/api/conversations?workspace_id=${c.w.id}`))
		.items.some((i) => i.id === c.id));
	await a.call('DELETE', `/api/sessions/${terminal.id}`);
});

await test('a conversation\'s tools are not asked about, and that is seen', async () => {
	const c = await a.fresh(), url = `/api/sessions/${c.id}/bypass`;
	assert.equal((await a.call('GET', url)).on, false);
	await a.call('PUT', url);
	assert.equal((await a.call('GET', url)).on, true);
	await a.call('DELETE', url);
	assert.equal((await a.call('GET', url)).on, false);
});

// Each agent has its own word for it; tests/unit/agent/test_unasked.c.
await test('abuse K16: nobody is left unasked unless the owner has said so', async () => {
	const c = await a.fresh(), url = `/api/sessions/${c.id}/bypass`;
	const free = { config: { dangerously_skip_permissions: true } };
	const no = (r, code = 403) => {
		assert.equal(r.status, code, `${r.raw}`);
		assert.match(r.json.error, /^dangerously_skip_permissions: .*owner/);
	};
	const args = path.join(a.dir, 'k16');
	const flags = (t) => a.over(t).then((done) => {
		assert.equal(done.state, 'completed', done.cause);
		return JSON.parse(fs.readFileSync(args, 'utf8'));
	});

	// By default it asks.
	const plain = await a.begin(c, `say asked\nargs ${args}`);
	assert.equal(plain.unasked, null);
	assert.ok((await flags(plain)).includes('--permission-prompt-tool=stdio'));
	no(await a.ask(c, 'say no', free));
	no(await a.ask(c, 'say no', { ...free, queue: true }));
	no(await a.request('POST', c.at('/queue'), { prompt: 'say no', ...free }));
	// Nor is it inherited of what a conversation was begun with.
	const born = await a.conversation([await a.repository()], free);
	no(await a.ask(born, 'say no'));
	assert.deepEqual([(await a.turns(c)).length, (await a.turns(born)).length],
		[1, 0]);

	const leave = await a.call('PUT', url);
	const t = await a.begin(c, `say free\nargs ${args}`, free);
	assert.equal(t.unasked, 'dangerously_skip_permissions');
	assert.equal(t.unasked_by, leave.token_id);
	assert.ok((await flags(t)).includes('--dangerously-skip-permissions'));
	const told = [];
	for (let seq = 0, page; page?.items.length !== 0;) {
		page = await a.call('GET', `/api/events?since=${seq}&limit=1000`);
		told.push(...page.items.filter((e) => e.kind === 'turn.unasked'));
		seq = page.items.at(-1)?.seq;
	}
	assert.deepEqual(told.map((e) => e.subject), [t.id]);
	assert.match(fs.readFileSync(path.join(a.rdv.base, 'server/audit.log'),
		'utf8'), new RegExp(`turn.unasked.*${t.id}`));
	no(await a.ask(born, 'say no'));

	// One that is at work then ends; also one that waited is on record.
	const never = a.gate(), before = a.gate();
	await a.begin(c, `wait ${before}\nsay before`);
	await a.call('POST', c.at('/queue'), { prompt: `wait ${never}`, ...free });
	Agents.open(before);
	await waitFor('the one that waited', async () =>
		(await a.turns(c)).length === 4);
	const held = (await a.turns(c)).at(-1);
	assert.equal(held.unasked, 'dangerously_skip_permissions');
	await a.reached(held, 'agent', 'running');
	assert.match(fs.readFileSync(path.join(a.rdv.base, 'server/audit.log'),
		'utf8'), new RegExp(`agent.unasked.*${leave.token_id}.*${held.id}`));
	await a.call('DELETE', url);
	const ended = await a.over(held);
	assert.equal(ended.chain.state, 'killed');
	assert.match(ended.chain.cause, /took back/);
	await a.call('PUT', url);

	// Taken back, what waits with it waits on, and no other turn is held up.
	const gate = a.gate();
	const first = await a.begin(c, `wait ${gate}\nsay first`);
	await a.call('POST', c.at('/queue'), { prompt: 'say later', ...free });
	await a.call('POST', c.at('/queue'), { prompt: 'say last' });
	const beside = await a.call('POST', '/api/conversations', {
		workspace_id: c.w.id, agent: 'CLAUDE_CODE', profile: 'login' });
	beside.at = (tail) => `/api/conversations/${beside.id}${tail}`;
	beside.w = c.w;
	await a.call('POST', beside.at('/queue'), { prompt: 'say beside' });
	await a.call('DELETE', url);
	Agents.open(gate);
	assert.equal((await a.over(first)).chain.state, 'completed');
	assert.deepEqual((await a.waiting(c)).map((m) => m.prompt),
		['say later', 'say last']);
	assert.deepEqual(await a.waiting(beside), []);
	await a.over((await a.turns(beside))[0]);
	const blocked = async () => (await a.waiting(c)).map((m) => m.blocked);
	const passed = /^it came behind one .* dangerously_skip.*: .*owner/;
	assert.match((await blocked())[0],
		/^dangerously_skip_permissions: .*owner/);
	assert.match((await blocked())[1] ?? 'no word', passed);
	no(await a.request('POST', c.at('/queue/start')));
	// What is allowed is taken, and waits behind it.
	no(await a.ask(c, 'say no', { ...free, queue: true }));
	const behind = await a.ask(c, 'say behind', { queue: true });
	assert.equal(behind.status, 202, `${behind.raw}`);
	assert.deepEqual((await a.waiting(c)).map((m) => m.prompt),
		['say later', 'say last', 'say behind']);
	assert.match((await blocked())[2] ?? 'no word', passed);
	await a.model([c, born, beside]);
});

await test('N01 values of an agent\'s environment are told nobody else', async () => {
	const env = path.join(a.dir, 'secret-env'), more = (n) => ({ config: { model: 'm',
		env: { [`N${n}_KEY`]: `s3cret-${n}` } } });
	const c = await a.conversation([await a.repository()], more(1));
	const said = [JSON.stringify(c)];
	const t = await a.ask(c, `env ${env}\nsay secret`, more(2));
	assert.deepEqual(t.json.turn.config, { model: 'm', env: { N2_KEY: null } });
	said.push(`${t.raw}`);
	const gate = a.gate();
	await a.over(t.json.turn);
	const busy = await a.begin(c, `wait ${gate}\nsay busy`);
	said.push(`${(await a.request('POST', c.at('/queue'), { prompt: 'say q',
		...more(3) })).raw}`);
	for (const target of [c.at(''), c.at('/turns'), c.at('/queue'),
		`/api/turns/${t.json.turn.id}`, '/api/conversations?limit=1000'])
		said.push(JSON.stringify(await a.call('GET', target)));
	for (let seq = 0, page; page?.items.length !== 0;) {
		page = await a.call('GET', `/api/events?since=${seq}&limit=1000`);
		said.push(JSON.stringify(page));
		seq = page.items.at(-1)?.seq;
	}
	assert.ok(said.join().includes('N1_KEY') && said.join().includes('N3_KEY'));
	assert.ok(!said.join().includes('s3cret-'));
	// It is the agent's.
	const vars = JSON.parse(fs.readFileSync(env, 'utf8'));
	assert.equal(vars.N2_KEY, 's3cret-2');
	await a.call('DELETE', c.at(''));
	Agents.open(gate);
	await a.over(busy);
});

await test('refusals name the field, and change nothing', async () => {
	const c = await a.fresh();
	const body = { workspace_id: c.w.id, agent: 'CLAUDE_CODE' };
	const cases = [
		[{ ...body, agent: 'NOBODY' }, 422, /^agent: /],
		[{ ...body, workspace_id: c.id }, 404, /workspace/],
		[{ ...body, config: [] }, 422, /config/],
		[{ ...body, name: '=x' }, 422, /^name: /],
		[{ ...body, network_hosts: ['x:1'], network: 'none' }, 422,
			/^network_hosts: /],
		[{ ...body, config: { disable_api_key: true } }, 400,
			/^disable_api_key: /],
	];
	for (const [wrong, status, what] of cases) {
		const r = await a.request('POST', '/api/conversations', wrong);
		assert.equal(r.status, status, `${r.raw}`);
		assert.match(r.json.error, what);
	}
	assert.equal((await a.ask(c, ' \n')).status, 422);
	assert.equal((await a.turns(c)).length, 0);
	// A key makes a repetition the same turn.
	const key = { 'Idempotency-Key': 'turn' };
	const [x, y] = await Promise.all([1, 2].map(() => a.request('POST',
		c.at('/turns'), { prompt: 'say once' }, key)));
	const ids = [x, y].map((r) => r.json.turn?.id).filter(Boolean);
	assert.ok(ids.length > 0 && ids.every((id) => id === ids[0]));
	await a.over({ id: ids[0], prompt: 'once' });
	assert.equal((await a.turns(c)).length, 1);
	// Without its program a turn fails and says what to do.
	fs.renameSync(path.join(a.dir, 'claude'), path.join(a.dir, 'gone'));
	const lost = await a.over(await a.begin(c, 'say nothing'));
	fs.renameSync(path.join(a.dir, 'gone'), path.join(a.dir, 'claude'));
	assert.equal(lost.state, 'failed');
	assert.match(lost.chain.cause, /claude is in none of .*agents\.path/);
	// One that is there and cannot be run is told by why it cannot.
	const program = path.join(a.dir, 'claude'), text = fs.readFileSync(program);
	fs.writeFileSync(program, '#!/nowhere/at/all\n');
	const dead = await a.over(await a.begin(c, 'say nothing'));
	fs.writeFileSync(program, text);
	assert.deepEqual([dead.state, dead.chain.state], ['failed', 'failed']);
	assert.match(dead.cause, /cannot run .*claude: No such file/);
});

// As an MCP server of its would: away from it, and deaf.
await test('abuse L08: what an agent has started ends with its run', async () => {
	const c = await a.fresh(), gate = a.gate(), mark = `10${process.pid}.25`;
	const servers = () => fs.readdirSync('/proc').filter((p) => {
		try {
			return /^\d+$/.test(p) && fs.readFileSync(`/proc/${p}/cmdline`,
				'utf8') === `sleep\0${mark}\0`;
		} catch {
			return false;
		}
	}).length;
	const t = await a.begin(c, `sh ${a.gate()} setsid /bin/sh -c ` +
		`'trap "" TERM HUP; exec sleep ${mark}' >/dev/null 2>&1 </dev/null &\n` +
		`wait ${gate}\nsay done`);
	await waitFor('it is there', () => servers() === 1);
	Agents.open(gate);
	await waitFor('its run is over', async () => ['completed', 'killed', 'failed']
		.includes((await a.call('GET', `/api/runs/${(await a.turn(t)).run_id}`))
			.state));
	assert.equal(servers(), 0);
	assert.equal((await a.over(t)).state, 'completed');
});

await test('abuse L10: no program of the repository is its agent', async () => {
	const c = await a.fresh();
	sh(at(c), `mkdir -p node_modules/.bin; for p in node_modules/.bin/claude claude
		do printf '#!/bin/sh\\ntouch ${a.dir}/taken\\n' >$p; chmod +x $p; done`);
	assert.equal((await a.over(await a.begin(c, 'say mine'))).state, 'completed');
	assert.ok(!fs.existsSync(path.join(a.dir, 'taken')));
	assert.ok(a.said().includes('begin say mine'));
});

await test('abuse L10: no program is run that others could replace', async () => {
	const c = await a.fresh(), claude = path.join(a.dir, 'claude');
	const own = path.join(a.dir, 'own'), second = path.join(own, 'agent');
	const run = async (more) => a.over(await a.begin(c, 'say safe', more));
	const absolute = { config: { base_command_override: second } };
	const good = async (more) =>
		assert.equal((await run(more)).state, 'completed');
	const bad = async (name, mode, more) => {
		const was = fs.statSync(name).mode & 0o777;
		fs.chmodSync(name, mode);
		const t = await run(more);
		fs.chmodSync(name, was);
		assert.deepEqual([t.state, t.run_id], ['failed', null]);
		assert.ok(t.chain.cause.includes(`${fs.realpathSync(name)}: others ` +
			'can write it'), t.chain.cause);
		await good(more);
	};
	await bad(a.dir, 0o775);
	await bad(claude, 0o757);
	// One that is named by its path is looked at in the same way.
	fs.mkdirSync(own, { mode: 0o755 });
	fs.copyFileSync(claude, second);
	fs.chmodSync(second, 0o755);
	await good(absolute);
	await bad(own, 0o777, absolute);
	await bad(second, 0o775, absolute);
	fs.rmSync(second);
	assert.match((await run(absolute)).chain.cause, /own\/agent: there is no/);
	// A directory of that name and a link to nowhere are no programs.
	fs.renameSync(claude, second);
	fs.mkdirSync(claude);
	assert.match((await run()).chain.cause, /claude: it is no program/);
	fs.rmdirSync(claude);
	fs.symlinkSync('nowhere', claude);
	assert.match((await run()).chain.cause, /claude is in none of/);
	fs.rmSync(claude);
	fs.renameSync(second, claude);
	await good();
});

await test('what an agent calls its conversation is no option', async () => {
	const c = await a.fresh(), file = path.join(a.dir, 'words');
	const words = async (prompt) => {
		assert.equal((await a.over(await a.begin(c, `args ${file}\n${prompt}`)))
			.state, 'completed');
		return JSON.parse(fs.readFileSync(file, 'utf8'));
	};
	for (const id of ['--settings=/x', `a${'b'.repeat(200)}`, 'a b', '../x']) {
		await words(`id ${id}`);
		assert.ok(!(await words('say after')).includes(id), id);
	}
	await words('id A.b_c:d-1');
	const after = await words('say after');
	assert.equal(after[after.indexOf('--resume') + 1], 'A.b_c:d-1');
});

await test('closed: its turn ends, what waits is cancelled, and no more', async () => {
	const c = await a.fresh(), t = await a.begin(c, 'hang closed');
	await a.ask(c, 'say never again', { queue: true });
	await a.reached(t, 'agent', 'running');
	await a.call('DELETE', c.at(''));
	const done = await a.over(t);
	assert.deepEqual([done.chain.state, done.chain.cause], ['killed',
		'its conversation was closed']);
	assert.equal((await a.waiting(c)).length, 0);
	assert.equal((await a.ask(c, 'say no')).status, 409);
	assert.equal((await a.request('POST', c.at('/queue'),
		{ prompt: 'say no' })).status, 409);
	assert.equal((await a.waiting(c)).length, 0);
	await a.call('DELETE', c.at(''));
	await a.model([c]);
});

await test('on the command line: ask, follow-up, queue', async () => {
	const c = await a.fresh(), gate = a.gate();
	const cli = (...args) => {
		const r = spawnSync(bin('rdv'), args, { encoding: 'utf8',
			env: { PATH: '/usr/bin:/bin', HOME: a.rdv.home,
				RDV_HOME: a.rdv.base } });

		return { status: r.status, out: r.stdout.trim(), err: r.stderr };
	};
	assert.equal(cli('ask', 'say x').status, 2);
	const begun = cli('ask', `wait ${gate}\nsay by hand`, '--workspace', c.w.id,
		'--profile', 'login', '--name', 'cli');
	assert.deepEqual([begun.status, begun.err], [0, '']);
	const no = cli('follow-up', 'cli', 'say no');
	assert.equal(no.status, 1);
	assert.match(no.err, /with --queue: wait while an agent is at work/);
	// What was refused has left nothing that could be meant.
	const listed = (word) => JSON.parse(cli('conversation', 'ls', '--json',
		...word).out).items.filter((x) => x.status !== 'closed').length;
	const had = [listed([]), (await a.call('GET', '/api/workspaces')).items
		.length];
	for (const [where, config] of [[['--workspace', c.w.id], []],
		[['--repo', c.w.repos[0].repo_id], ['--agent', 'NONE']]])
		assert.equal(cli('ask', 'say no', ...where, ...config).status, 1);
	await waitFor('the workspace has gone again', async () =>
		(await a.call('GET', '/api/workspaces')).items.length === had[1]);
	assert.equal(listed([]), had[0]);
	assert.equal(listed(['--workspace', c.w.id]), 2, 'and that of its making');
	const other = cli('ask', 'say x', '--queue', '--workspace', c.w.id,
		'--name', 'cli').out;
	assert.match(cli('queue', 'ls', 'cli').err, /2 conversations could be/);
	assert.equal(cli('conversation', 'close', other).status, 0);
	const waits = cli('follow-up', 'cli', 'say second', '--queue');
	assert.deepEqual([waits.status, waits.out], [0, begun.out]);
	assert.match(waits.err, /it waits/);
	const third = cli('queue', 'add', 'cli', 'say third').out;
	assert.equal(cli('queue', 'edit', third, 'say 3').out, third);
	const gone = cli('queue', 'add', 'cli', 'say gone').out;
	assert.equal(cli('queue', 'rm', gone).status, 0);
	assert.deepEqual(JSON.parse(cli('queue', 'ls', 'cli', '--json').out).items
		.map((m) => m.prompt), ['say second', 'say 3']);
	assert.equal(cli('turn', 'stop', 'cli').status, 0);
	await waitFor('it has ended', async () => (await a.call('GET',
		`/api/conversations/${begun.out}`)).at_work === undefined);
	assert.match(cli('queue', 'ls', 'cli').out, /say second.*\n.*say 3/);
	assert.equal(cli('queue', 'start', 'cli').status, 0);
	await waitFor('all is done', async () => cli('turn', 'ls', 'cli').out
		.match(/completed/g)?.length === 2);
	assert.match(cli('turn', 'ls', 'cli').out, /killed.*it was stopped/);
});

await a.stop();
