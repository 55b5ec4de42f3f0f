// The network sockets of one rdv, and of nothing else. Its processes hide their
// descriptors from all but root, so it is started in a network namespace of its
// own: what that has, they have. Where no namespace can be had, root looks at
// the descriptors, and another account can only count all of its own.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { descendants } from './rdv.mjs';

const uid = process.getuid();
const unshare = ['unshare', ...uid === 0 ? [] : ['--user',
	'--map-current-user'], '--net', '--'];
const can = spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0;
const tables = ['tcp', 'tcp6', 'udp', 'udp6', 'udplite', 'raw', 'raw6'];

// For Rdv.start(): what starts it.
export const apart = can ? unshare : [];

// A process may end while it is looked at.
function gone(fn, otherwise) {
	try {
		return fn();
	} catch (e) {
		// ENXIO: its network namespace is being taken down.
		if (!['ENOENT', 'ESRCH', 'EINVAL', 'ENXIO'].includes(e.code))
			throw e;
		return otherwise;
	}
}

function inodes(pids) {
	const links = pids.flatMap((pid) => gone(() =>
		fs.readdirSync(`/proc/${pid}/fd`), []).map((fd) =>
		gone(() => fs.readlinkSync(`/proc/${pid}/fd/${fd}`), '')));
	return new Set(links.map((l) => /^socket:\[(\d+)\]$/.exec(l)?.[1]));
}

const lines = (pid) => tables.flatMap((name) => gone(() => fs.readFileSync(
	`/proc/${pid}/net/${name}`, 'utf8'), '').trim().split('\n').slice(1));

// Lines of the kernel's tables about what is open in rdv `main` and below it.
export function netSockets(main) {
	if (can)
		return lines(main);
	const own = uid === 0 && inodes([main, ...descendants(main)
		.map((p) => p.pid)]);
	return lines('self').filter((line) => {
		const f = line.trim().split(/\s+/);
		return own ? own.has(f[9]) : +f[7] === uid;
	});
}

// The same for one that shares its network with the host. Root's alone.
export function openIn(main) {
	const own = inodes([main, ...descendants(main).map((p) => p.pid)]);
	return lines('self').filter((line) => own.has(line.trim()
		.split(/\s+/)[9]));
}

// Any rdv among what this process has started; one that has just been forked
// is none yet.
export const helpers = () => descendants(process.pid)
	.filter((p) => p.ppid === process.pid && p.name.startsWith('rdv-'))
	.map((p) => p.pid);

// The control: a terminal's program that listens is seen.
export const listener = [process.execPath, '-e',
	'require("net").createServer().listen(0, "0.0.0.0")'];
