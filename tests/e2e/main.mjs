// The files of cases, one after the other.
import { end } from './case.mjs';

const files = ['signin', 'sessions', 'terminal', 'tabs', 'phone', 'share', 'attach',
	'refusals', 'hosts', 'rotation', 'replay', 'tmux', 'echo', 'hostile',
	'recovery', 'push', 'policy', 'workspaces', 'changes', 'remotes',
	'talk', 'variants', 'dev', 'layout'];

try {
	for (const file of files)
		await import(`./${file}.mjs`);
} finally {
	await end();
}
