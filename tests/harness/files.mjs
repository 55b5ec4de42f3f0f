// A layer's files, some of them at a time, each in a node of its own. Most of
// what they do is waiting, for a start say, so the processors have room. A file
// that ends badly or says nothing counts as a failed one; the last lines are
// those of a layer that is one file, after the longest files, which a layer names
// first. RDV_JOBS overrides how many run. With RDV_ONLY a file is left out that
// can have no test of such a name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

// Three wait on two processors. More, and what has to come within ten seconds
// would be late on a slow machine.
const JOBS = Number(process.env.RDV_JOBS ?? 3);
const one = fileURLToPath(new URL('file.mjs', import.meta.url));
const kids = new Set();
let told = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => {
		told = true;
		for (const kid of kids)
			kid.kill(signal);
		process.exitCode = 130;
	});

const nameOf = (url) => url.pathname.split('/').at(-1);
const row = (ms, url) => `${(ms / 1000).toFixed(1).padStart(8)} s ` + nameOf(url);
const slowest = (rows) => rows.sort((a, b) => parseFloat(b) - parseFloat(a))
	.slice(0, 10);

async function run(url, said) {
	const begin = performance.now();
	const kid = spawn(process.execPath, [one, url.href],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	let text = '';
	kids.add(kid);
	for (const out of [kid.stdout, kid.stderr])
		out.setEncoding('utf8').on('data', (d) => { text += d; });
	const [code, signal] = await once(kid, 'close');
	kids.delete(kid);
	const [body, tail = ''] = text.split(/^slowest:$/m);
	const n = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(tail);
	process.stdout.write(body);
	said.long.push(row(performance.now() - begin, url));
	said.slow.push(...tail.match(/^ *[\d.]+ s .*$/mg) ?? []);
	for (const i of [0, 1, 2])
		said.count[i] += Number(n?.[i + 1] ?? 0);
	if (n === null || (code !== 0 && n[2] === '0')) {
		console.log(`FAIL ${nameOf(url)} ends with ` +
			`${signal ?? code}`);
		said.count[1]++;
	}
}

// Whether one of its tests may be meant: what a template completes, or another
// way to name one, is known to none but the file.
function mayHave(url, only) {
	const calls = fs.readFileSync(url, 'utf8')
		.split(/(?<![.\w])test\(\s*/).slice(1);
	return calls.length === 0 || calls.some((call) => {
		const name = /^(['"])(.*?)(?<!\\)\1/.exec(call)?.[2];
		return name?.replace(/\\(.)/g, '$1').includes(only) ?? true;
	});
}

// `names` of files beside `from`, which is the caller's import.meta.url.
export async function files(from, names) {
	const said = { slow: [], long: [], count: [0, 0, 0] };
	const only = process.env.RDV_ONLY;
	const left = names.filter((name) => !only ||
		mayHave(new URL(`${name}.mjs`, from), only));
	await Promise.all(Array.from({ length: JOBS }, async () => {
		for (let name; !told && (name = left.shift()) !== undefined;)
			await run(new URL(`${name}.mjs`, from), said);
	}));
	const [passed, failed, skipped] = said.count;
	console.log(['longest files:', ...slowest(said.long), 'slowest:',
		...slowest(said.slow)].join('\n'));
	console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
	process.exitCode ||= failed > 0 ? 1 : 0;
}
