// Instructions that rdvd executes, counted by valgrind: the figures that do not
// depend on the machine's other work. A count is the difference of two runs
// that differ only in how much they do, so that start, end and valgrind's own
// beginnings are in none of them. What the kernel does is not counted. A copy
// by `rep movsb` would count as one instruction for each byte and hide all the
// rest, so libc is told to copy with vectors.
//
//   const count = counter(bench);       bench: what run.mjs gives its parts
//   await count(async (rdv, n) => ..., few, many)    per unit of n
import fs from 'node:fs';
import path from 'node:path';

const valgrind = '/usr/bin/valgrind';
const tunables = ['movsb', 'stosb'].map((k) =>
	`glibc.cpu.x86_rep_${k}_threshold=0x40000000`).join(':');

// rdv-helper starts the rdvd that stands beside it: here a script.
function wrapped(bench, dir, out) {
	fs.mkdirSync(dir);
	fs.copyFileSync(path.join(bench.build, 'bin/rdv-helper'),
		path.join(dir, 'rdv-helper'));
	fs.writeFileSync(path.join(dir, 'rdvd'), `#!/bin/sh
export GLIBC_TUNABLES=${tunables}
exec ${valgrind} -q --tool=callgrind --vgdb=no --log-file=${dir}/valgrind.log \\
	--callgrind-out-file=${out} ${bench.tool('rdvd-unconfined')} "$@"
`, { mode: 0o755 });
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
	let runs = 0;
	async function once(work, n) {
		const dir = path.join(bench.scratch, `callgrind${runs++}`);
		const base = path.join(dir, 'base');
		const out = path.join(dir, 'callgrind.out');
		const rdv = await bench.rdvStart(base, wrapped(bench, dir, out));
		await work(rdv, n);
		await bench.stop(rdv.child);
		return total(out);
	}
	return async (work, few, many) =>
		(await once(work, many) - await once(work, few)) / (many - few);
}
