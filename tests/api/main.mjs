// All of the api layer, one file for each thing it looks at.
import { finish } from '../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';

await import('./walk.mjs');
await import('./sessions.mjs');
await import('./input.mjs');
await import('./wait.mjs');
await import('./search.mjs');
await import('./sizes.mjs');
await import('./presence.mjs');
await import('./screen.mjs');
await import('./cast.mjs');
await import('./protocol.mjs');
await import('./folders.mjs');
await import('./tokens.mjs');
await import('./scopes.mjs');
await import('./rotation.mjs');
await import('./events.mjs');
await import('./worktrees.mjs');
await import('./worktreeread.mjs');
await import('./confinedgit.mjs');
await import('./liar.mjs');
await import('./state.mjs');
await import('./cage.mjs');
await import('./cli.mjs');
await import('./cliout.mjs');
await import('./attach.mjs');
await import('./clipboard.mjs');
await import('./inside.mjs');
if (!sanitized())
	await import('./slowline.mjs');
await import('./sandbox.mjs');
await import('./held.mjs');
await import('./stop.mjs');
await import('./egress.mjs');
await import('./tmux.mjs');
await import('./audit.mjs');
finish();
