// All of the screen layer.
import { finish } from '../harness/rdv.mjs';

await import('./random.mjs');
await import('./programs.mjs');
finish();
