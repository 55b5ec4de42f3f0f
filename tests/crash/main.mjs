// All of the crash layer: what runs, and what was asked for.
import { finish } from '../harness/rdv.mjs';

await import('./kill.mjs');
await import('./outlive.mjs');
await import('./keys.mjs');
await import('./approvals.mjs');
await import('./resets.mjs');
await import('./git.mjs');
await import('./runs.mjs');
finish();
