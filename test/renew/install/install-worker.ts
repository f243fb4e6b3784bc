/**
 * Installs one set after another, as fast as it can, until it is killed; or on a disk that is full. Arguments: what to do,
 * the live folder, the folder of the sets.
 */
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CertificateSet, readSet } from '../../../src/renew/install/certificate-set.ts';
import { prepareInstall, VERSIONS_KEPT } from '../../../src/renew/install/install.ts';

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function setIn(folder: string): Promise<CertificateSet> {
  const set = await readSet(folder);
  if (!set.ok || !set.value) throw new Error(JSON.stringify(set));
  return set.value;
}

async function install(live: string, set: CertificateSet) {
  const prepared = await prepareInstall(set, live, { domains: ['www.shop.example'], now: Date.now() });
  if (!prepared.ok) return prepared.error;
  const switched = await prepared.value.live.switchTo(prepared.value.to);
  if (!switched.ok) return switched.error;
  await prepared.value.live.prune(VERSIONS_KEPT, [prepared.value.from]);
  return undefined;
}

async function forEver(live: string, sets: readonly CertificateSet[]): Promise<void> {
  say({ ready: true });
  for (let i = 0; ; i++) {
    const problem = await install(live, sets[i % sets.length]!);
    if (problem) throw new Error(JSON.stringify(problem));
  }
}

async function onFullDisk(live: string, set: CertificateSet): Promise<void> {
  const filler = join(live, '..', 'filler');
  await writeFile(filler, '');
  await writeFile(filler, Buffer.alloc(64 << 20)).catch(() => {});
  const before = await readFile(join(live, 'fullchain.pem'), 'utf8');
  const problem = await install(live, set);
  const same = before === (await readFile(join(live, 'fullchain.pem'), 'utf8'));
  const whole = await readSet(live);
  const left = await readdir(join(live, '.versions'));
  await unlink(filler);
  const afterwards = (await install(live, set)) ?? 'installed';
  say({ problem, same, whole: whole.ok, left, afterwards });
}

const [what, live = '', folder = ''] = process.argv.slice(2);
const names = (await readdir(folder)).sort();
const sets = await Promise.all(names.map((name) => setIn(join(folder, name))));
if (what === 'full') await onFullDisk(live, sets[0]!);
else await forEver(live, sets);
