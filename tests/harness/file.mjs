// One file of a layer; files.mjs starts it.
import { finish } from './rdv.mjs';

await import(process.argv[2]);
finish();
