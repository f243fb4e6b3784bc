/**
 * A renewal whose live folder, or whose state, lies on a disk that is full; then the same with room. Needs a mount namespace
 * of its own. Prints JSON.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dueScene, factsOf, renewHere } from '../support/renew/due-scene.ts';
import { orders } from '../support/renew/stage.ts';

const where = process.argv[2] === 'live' ? 'live' : 'state';

function fill(file: string): void {
  writeFileSync(file, '');
  for (let size = 65_536; size >= 1; size /= 2) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(size));
    } catch {
      // Less than that is left.
    }
  }
}

await using s = await dueScene();
const { here, old, fresh } = s;
const disk = here.folder.at(where);
await mkdir(disk, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
try {
  if (where === 'live') await here.writeSet(here.live, old);
  fill(here.folder.at(where, 'filler'));
  const { order, jobs } = orders(() => fresh);
  const tools = { ...here.tools, order };
  const full = await renewHere(s.renewal, tools);
  const between = await factsOf(s);
  await rm(here.folder.at(where, 'filler'));
  const roomy = await renewHere(s.renewal, { ...tools, now: () => Date.now() + 3_600_000 });
  const after = await factsOf(s);
  const name = (sha256: string) => (sha256 === old.sha256 ? 'old' : sha256 === fresh.sha256 ? 'new' : 'other');
  const told = { full, between, roomy, after, orders: jobs.length };
  process.stdout.write(JSON.stringify(told).replace(/[0-9a-f]{64}/g, name));
} finally {
  execFileSync('umount', [disk]);
}
