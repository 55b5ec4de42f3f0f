// All of the system layer: several accounts on one rdv.
import { Rdv, finish } from '../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';

await import('./accounts.mjs');
await import('./others.mjs');
await import('./tokens.mjs');
// A sanitizer keeps what is freed, and has terabytes to look through.
if (!sanitized())
	await import('./memory.mjs');
await import('./linear.mjs');
await import('./stores.mjs');
await import('./rotation.mjs');
await import('./policy.mjs');
await import('./worktrees.mjs');
await import('./limits.mjs');
await import('./push.mjs');
await import('./recording.mjs');
await import('./tmux.mjs');
await import('./explain.mjs');
await import('./doctor.mjs');
await import('./port.mjs');
await import('./upgrade.mjs');
await import('./install.mjs');
// What RDV_ONLY has left out does not end what was started for it.
for (const rdv of [...Rdv.running])
	await rdv.stop();
finish();
