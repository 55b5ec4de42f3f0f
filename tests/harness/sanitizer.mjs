// What a build with sanitizers has to say. Each process that a test starts
// writes its reports into one directory; rdvd, whose environment rdv-helper
// makes from nothing, writes them to standard error and so into a log. In an
// ordinary build nothing of this exists.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// Where a test has the kernel refuse memory a sanitizer cannot even begin: that
// is the limit's doing, and no finding.
const report = new RegExp('^.*(: runtime error: |' +
	'(Address|Leak|UndefinedBehavior)Sanitizer[: ](?!failed to allocate))', 'm');
let dir = null;

// For the environment of whatever is started.
export const env = {};

// `program` is one of those under test, which are all built alike.
export function watch(program) {
	if (!fs.existsSync(program) ||
	    !fs.readFileSync(program).includes('__asan_init'))
		return;
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-san-'));
	process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
	// What root starts may become any account before it has a report.
	if (process.getuid() === 0)
		fs.chmodSync(dir, 0o1733);
	const to = `log_path=${path.join(dir, 'report')}`;
	env.ASAN_OPTIONS = `${to}:detect_leaks=1:quarantine_size_mb=8:` +
		'thread_local_quarantine_size_kb=64';
	env.UBSAN_OPTIONS = `${to}:print_stacktrace=1`;
	Object.assign(process.env, env);
}

export const sanitized = () => dir !== null;

// Throws when a log has a report.
export function inspect(log) {
	const found = dir === null ? null : report.exec(log);

	if (found !== null)
		throw new Error('a sanitizer reports:\n' +
			log.slice(found.index, found.index + 8000));
}

// Throws when one was written since it was last asked.
export function collect() {
	const files = dir === null ? [] : fs.readdirSync(dir)
		.map((name) => path.join(dir, name));
	const text = files.map((f) => fs.readFileSync(f, 'utf8')).join('');

	for (const f of files)
		fs.rmSync(f);
	if (files.length > 0)
		throw new Error(`a sanitizer reports:\n${text}`);
}

export function end() {
	collect();
	if (dir !== null)
		fs.rmdirSync(dir);
}
