/**
 * One renewal with real files, a real server and a CA that hands out what lies in a folder; ends itself with SIGKILL at the
 * step and moment that it is told. Arguments: JSON.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../../../src/config/secret.ts';
import type { RenewalStep } from '../../../src/model/renewal.ts';
import { createResolver } from '../../../src/net/resolve.ts';
import type { AcmeJob, AcmeResult } from '../../../src/renew/acme/job.ts';
import { renewOne } from '../../../src/renew/renew-one.ts';
import type { Renewal } from '../../../src/renew/renewal.ts';
import { Looker } from '../../../src/scan/look.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { ChainReader } from '../../../src/x509/chain-reader.ts';

interface Order {
  readonly renewal: Renewal;
  readonly state: string;
  /** A folder with the set that the CA issues. */
  readonly issues: string;
  readonly kill?: { readonly step: RenewalStep; readonly moment: 'before' | 'during' | 'after' };
  readonly ms: number;
  readonly force: boolean;
}

const { renewal: given, state, issues, kill, ms, force }: Order = JSON.parse(process.argv[2] ?? '');
// A secret does not get through JSON.
const { pkcs12 } = given;
const renewal = pkcs12 ? { ...given, pkcs12: { ...pkcs12, password: new Secret('secret') } } : given;
let orders = 0;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function order(job: AcmeJob): Promise<AcmeResult> {
  orders++;
  // What an order leaves from its beginning.
  await mkdir(job.outDir, { recursive: true, mode: 0o700 });
  await writeFile(join(job.outDir, 'order.json'), '{}');
  if (kill?.step === 'order' && kill.moment === 'during') die();
  await cp(issues, job.outDir, { recursive: true });
  const none = { key: '', cert: '', chain: '', fullchain: '' };
  return {
    ok: true,
    files: none,
    orderUrl: 'https://ca.example/1',
    sha256: '',
    notBefore: 0,
    notAfter: 0,
    warnings: [],
  };
}

const looker = new Looker({
  resolver: createResolver({}),
  chainReader: new ChainReader(),
  judgedAt: Date.now(),
  runDeadline: Deadline.none(),
});
const deadline = Deadline.after(ms);
const result = await renewOne(
  renewal,
  {
    now: () => Date.now(),
    state,
    env: { PATH: process.env.PATH },
    kill: (pid, signal) => process.kill(pid, signal),
    look: (target, until) => {
      if (kill?.step === 'plan' && kill.moment === 'before') die();
      return looker.look(target, until);
    },
    order,
    emit: (event) => {
      if (event.kind === 'begun' && kill?.step === 'plan' && kill.moment === 'after') die();
    },
    attemptId: () => `${process.pid}-${Date.now()}`,
    checkpoint: async (step, moment) => {
      if (step === kill?.step && moment === kill.moment) die();
    },
  },
  { deadline, force },
);
deadline.release();
process.stdout.write(JSON.stringify({ result, orders, left: join(state, 'orders') }));
