// All of the abuse layer, one file for each boundary.
import { finish } from '../harness/rdv.mjs';

await import('./coverage.mjs');
await import('./web.mjs');
await import('./ticket.mjs');
await import('./links.mjs');
await import('./http.mjs');
await import('./flood.mjs');
await import('./volume.mjs');
await import('./local.mjs');
await import('./modes.mjs');
await import('./moments.mjs');
await import('./helper.mjs');
await import('./files.mjs');
await import('./widen.mjs');
await import('./approvals.mjs');
await import('./git.mjs');
await import('./changes.mjs');
await import('./clones.mjs');
await import('./process.mjs');
await import('./out.mjs');
await import('./secrets.mjs');
await import('./store.mjs');
await import('./upgrade.mjs');
await import('./upgradeload.mjs');
finish();
