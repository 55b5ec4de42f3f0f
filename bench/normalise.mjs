// A recorded conversation of 500 MB into entries, against what node takes for
// JSON.parse of each of its lines, which are strings in its memory already. The
// sides take turns; the best of each counts.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const MEGABYTES = 500, TURNS = 3;
const recorded = new URL('../tests/fixtures/agents/', import.meta.url);

// All that Claude's program says in the recordings, a line each, to our ids.
function lines() {
	const out = [];
	for (const f of fs.readdirSync(recorded)) {
		if (!f.startsWith('claude-'))
			continue;
		for (const l of fs.readFileSync(new URL(f, recorded), 'utf8')
			.trim().split('\n').map((x) => JSON.parse(x)))
			if (l.dir === 'agent')
				out.push(JSON.stringify(l.line).replace(
					/"request_id":"r([12])"/,
					'"request_id":"rdv-$1"'));
	}
	return out;
}

function parsed(all, bytes) {
	const from = process.hrtime.bigint();
	let done = 0, fields = 0;
	while (done < bytes) {
		for (const l of all)
			fields += JSON.parse(l).type.length;
		done += all.reduce((n, l) => n + l.length + 1, 0);
	}
	if (fields === 0)
		throw new Error('nothing was parsed');
	return Number(process.hrtime.bigint() - from) / 1e9 * bytes / done;
}

export function normalised({ say, scratch, tool }) {
	const all = lines(), file = path.join(scratch, 'stream.jsonl');
	const best = { rdv: Infinity, node: Infinity };
	let entries, told;
	fs.writeFileSync(file, `${all.join('\n')}\n`);
	for (let i = 0; i < TURNS; i++) {
		const [s, , n, t] = execFileSync(tool('normalise'),
			[file, String(MEGABYTES)], { encoding: 'utf8' })
			.trim().split(' ').map(Number);
		best.rdv = Math.min(best.rdv, s);
		[entries, told] = [n, t];
		best.node = Math.min(best.node, parsed(all, MEGABYTES * 1e6));
	}
	say('normalise 500 MB', { seconds: best.rdv,
		mb_per_second: MEGABYTES / best.rdv, entries, changes: told });
	say('node JSON.parse per line', { seconds: best.node,
		mb_per_second: MEGABYTES / best.node });
	say('ratio', { times_as_fast: best.node / best.rdv, target: 3 });
}
