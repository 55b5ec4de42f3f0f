import { finish } from '../harness/rdv.mjs';
for (const f of process.env.FILES.split(' ')) await import(`./${f}.mjs`);
finish();
