// What a hook costs the agent that waits for it: from its start to its end,
// inside the root of a confined run, beside a program that does nothing.
import fs from 'node:fs';
import path from 'node:path';

const TURNS = 50;

// In the run. Each of the two is news to rdvd, and a third repeats the second.
function inside(turns) {
	const { spawnSync } = require('node:child_process');
	const kinds = { plain: ['/bin/true'], begun: ['prompt-submit'],
		stop: ['stop'], again: ['stop'] };
	const ms = Object.fromEntries(Object.keys(kinds).map((k) => [k, []]));
	for (let i = 0; i < turns; i++)
		for (const [kind, [word]] of Object.entries(kinds)) {
			const from = performance.now();
			const r = kind === 'plain' ? spawnSync(word) : spawnSync(
				'/run/rdv/rdv', ['hook', 'claude', word], { input: '{}' });
			ms[kind].push(performance.now() - from);
			if (r.status !== 0)
				throw new Error(`${word}: ${r.stderr}`);
		}
	require('node:fs').writeFileSync('told.new', JSON.stringify(ms));
	require('node:fs').renameSync('told.new', 'told');
}

const at = (list, part) =>
	[...list].sort((a, b) => a - b)[Math.floor(list.length * part)];

export async function hooks(bench) {
	const rdv = await bench.rdvStart();
	const dir = path.join(bench.scratch, 'hooks');
	fs.mkdirSync(dir);
	fs.writeFileSync(path.join(dir, 'inside.cjs'),
		`(${inside})(${TURNS});\n`);
	const s = await bench.call(rdv, 'POST', '/api/sessions', { name: 'hooks',
		command: [process.execPath, 'inside.cjs'], profile: 'agent',
		io: 'pipes', project_path: dir });
	const run = () => bench.call(rdv, 'GET', `/api/runs/${s.run.id}`);
	while ((await run()).state === 'running')
		await new Promise((resolve) => setTimeout(resolve, 50));
	const told = path.join(dir, 'told');
	if (!(await run()).guards.includes('door') || !fs.existsSync(told)) {
		bench.say('a hook, its whole', { stop_ms: 'missing' });
	} else {
		const ms = JSON.parse(fs.readFileSync(told, 'utf8'));
		const events = await bench.call(rdv, 'GET',
			'/api/events?since=0&limit=1000');
		bench.say('a hook, its whole', { stop_ms: at(ms.stop, 0.5),
			stop_p95: at(ms.stop, 0.95), stop_most: Math.max(...ms.stop),
			target: 50, again_ms: at(ms.again, 0.5),
			plain_ms: at(ms.plain, 0.5), plain_p95: at(ms.plain, 0.95),
			arrived: events.items.filter((e) =>
				e.kind === 'session.agent').length });
	}
	await bench.stop(rdv.child);
}
