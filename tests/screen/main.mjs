// All of the screen layer.
import { finish } from '../harness/rdv.mjs';

await import('./random.mjs');
await import('./programs.mjs');
await import('./sequences.mjs');
await import('./vttest.mjs');
finish();
