// All of the system layer: several accounts on one rdv.
import { finish } from '../harness/rdv.mjs';

await import('./accounts.mjs');
await import('./others.mjs');
await import('./tokens.mjs');
await import('./policy.mjs');
await import('./worktrees.mjs');
await import('./limits.mjs');
await import('./explain.mjs');
await import('./install.mjs');
finish();
