// Instructions that rdvd executes, counted by valgrind: the figures that do not
// depend on the machine's other work. A count is the difference of two runs
// that differ only in how much they do, so that start, end and valgrind's own
// beginnings are in none of them. What the kernel does is not counted.
//
//   const count = counter(bench);       bench: what run.mjs gives its parts
//   await count(async (rdv, n) => ..., few, many)    per unit of n
import fs from 'node:fs';
import path from 'node:path';

const valgrind = '/usr/bin/valgrind';

// rdv-helper starts the rdvd that stands beside it: here bench/counted.c.
function wrapped(bench, dir) {
	for (const [from, to] of [[path.join(bench.build, 'bin/rdv-helper'),
		'rdv-helper'], [bench.tool('counted'), 'rdvd'],
	[bench.tool('rdvd-unconfined'), 'rdvd-unconfined']])
		fs.copyFileSync(from, path.join(dir, to));
	return path.join(dir, 'rdv-helper');
}

function total(file) {
	const m = /^(?:summary|totals): (\d+)$/m.exec(
		fs.readFileSync(file, 'utf8'));
	if (m === null)
		throw new Error(`${file}: no total`);
	return +m[1];
}

export function counter(bench) {
	if (!fs.existsSync(valgrind))
		throw new Error(`no ${valgrind}; make deps-test installs it`);
	async function once(work, n) {
		const dir = fs.mkdtempSync(path.join(bench.scratch, 'callgrind'));
		const base = path.join(dir, 'base');
		const out = path.join(dir, 'callgrind.out');
		const rdv = await bench.rdvStart(base, wrapped(bench, dir));
		await work(rdv, n);
		await bench.stop(rdv.child);
		return total(out);
	}
	return async (work, few, many) =>
		(await once(work, many) - await once(work, few)) / (many - few);
}
