// docs/abuse.md: what each abuse case is shown by. The page is the list of cases
// and holds the reasons; its last column follows from the names of the tests and
// from the guards in mutants*.mjs. Run by hand it writes that column anew.
import fs from 'node:fs';
import path from 'node:path';
import { mutants } from './mutants.mjs';
import { promised, shown, testNames } from './promised.mjs';

const root = path.resolve(import.meta.dirname ??
	path.dirname(new URL(import.meta.url).pathname), '../..');
const tests = path.join(root, 'tests');
export const page = path.join(root, 'docs/abuse.md');

// How many cases each group has.
export const groups = { A: 16, B: 13, C: 17, D: 13, E: 15, F: 18, G: 26, H: 20,
	I: 25, J: 11, K: 16, L: 14, M: 15, N: 9, O: 13, P: 6, Q: 6 };

function files(dir) {
	return fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
		e.name === 'node_modules' ? [] : e.isDirectory() ?
			files(path.join(dir, e.name)) : [path.join(dir, e.name)]);
}

// IDs in the names of tests. A reference in a comment is none.
export const named = (text) => testNames(text).flatMap((n) =>
	n.match(/(?<![A-Za-z0-9])[A-Q]\d\d(?!\d)/g) ??
	n.match(/[A-Q]\d\d(?=_|$)/g) ?? []);

// The file that holds a test of a row: 'priv/life x', 'unit/lib/test_js y'.
// Those of a script layer are found by their names alone.
function fileOf(test) {
	const where = test.split(' ')[0];
	const file = where.replace(/^(priv)\/(?!test_)/, '$1/test_')
		.replace(/^fuzz\//, 'fuzz/fuzz_');
	return where.includes('/') ? `${file.replace(/\.c$/, '')}.c` : null;
}

// { ID: files of tests, in order }, as the tree has it.
export function found() {
	const where = {};
	const add = (id, file) => file && (where[id] ??= new Set()).add(file);
	for (const dir of [tests, path.join(root, 'web/test')])
		for (const f of files(dir).filter((n) => /\.(mjs|c|ts)$/.test(n)))
			for (const id of named(fs.readFileSync(f, 'utf8')))
				add(id, path.relative(dir === tests ? tests : root, f));
	for (const { ids, red = [] } of mutants)
		for (const id of ids)
			red.forEach((t) => add(id, fileOf(t)));
	for (const [id, list] of Object.entries(shown))
		list.forEach((t) => add(id, fileOf(t)));
	return Object.fromEntries(Object.entries(where)
		.map(([id, set]) => [id, [...set].sort()]));
}

const row = /^\| ([A-Q]\d\d) \| (.*?) \| (.*?) ?\|$/;
const NONE = '*none:* ';

// The page as it must be; `faults` are what no script can put right.
export function write(text = fs.readFileSync(page, 'utf8'), where = found()) {
	const ids = [], faults = [];
	const lines = text.split('\n').map((line) => {
		const [, id, title, cell] = row.exec(line) ?? [];
		if (!id)
			return line;
		ids.push(id);
		const list = where[id]?.map((f) => `\`${f}\``).join(' ');
		if (!list && !(cell.startsWith(NONE) && cell.length > NONE.length))
			faults.push(`${id}: neither a test nor a reason`);
		return `| ${id} | ${title} | ${list ?? cell} |`;
	});
	const want = Object.entries(groups).flatMap(([g, n]) => Array.from(
		{ length: n }, (_, i) => g + String(i + 1).padStart(2, '0')));
	if (ids.join() !== want.join())
		faults.push('not every case once and in order: ' +
			(want.find((id, i) => ids[i] !== id) ?? 'too many'));
	for (const id of promised.filter((one) => !where[one]))
		faults.push(`${id}: promised, and no test`);
	return { text: lines.join('\n'), faults };
}

if (process.argv[1] && path.resolve(process.argv[1]) ===
    new URL(import.meta.url).pathname) {
	const { text, faults } = write();
	fs.writeFileSync(page, text);
	faults.forEach((f) => console.log(f));
	process.exitCode = faults.length > 0 ? 1 : 0;
}
