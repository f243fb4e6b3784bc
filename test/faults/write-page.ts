/**
 * `npm run docs`: runs the fault lab and writes the page "What it survives" by what came out.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runLab } from './lab-run.ts';
import { PAGE, writePage } from './page.ts';

await mkdir(dirname(PAGE), { recursive: true });
await writeFile(PAGE, writePage(await runLab()));
process.stdout.write(`${PAGE}\n`);
