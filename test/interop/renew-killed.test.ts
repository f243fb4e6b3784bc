/**
 * The run, and the child that it has set to work, killed with SIGKILL in the middle of each step: while the CA is asked for
 * each thing, and in each command. After each nothing of the run is left, the set on disk is whole and served, and the next
 * run finishes the job, by the order that was begun.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, vi } from 'vitest';
import { testWith } from '../support/acme/daemon.ts';
import { type FaultProxy, faultProxy, type Resource } from '../support/acme/fault-proxy.ts';
import { oldPebble, type Pebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { nginxProgram } from '../support/renew/nginx.ts';
import { type NginxScene, nginxScene, ordersIn } from '../support/renew/nginx-scene.ts';

const test = testWith({ ...oldPebble, nginx: nginxProgram });

beforeAll(buildIfStale, 60_000);
vi.setConfig({ testTimeout: 120_000 });

/** In the order in which the CA is asked for them. */
const ASKED: readonly Resource[] = [
  'directory',
  'new-account',
  'new-order',
  'authorization',
  'challenge',
  'finalize',
  'certificate',
];
const VICTIMS = ['run', 'child'] as const;

const served = { served: [{ serves: 'new' }, { serves: 'new' }] };

describe.concurrent('killed while the CA is asked for', () => {
  for (const asked of ASKED) {
    for (const victim of VICTIMS) {
      test(`${asked}: the ${victim}`, async ({ expect }) => {
        await using all = new Disposals();
        let proxy: FaultProxy | undefined;
        const directory = (pebble: Pebble) =>
          `  directory: ${proxy?.directory ?? 'https://127.0.0.1:1/'}\n  ca-file: ${pebble.caFile}`;
        const s = all.use(await nginxScene({ acme: directory, rejectNonces: 0 }));
        proxy = all.use(await faultProxy(s.pebble));
        await s.configure({});
        const before = await s.facts();
        proxy.fault(asked, { kind: 'hang' });
        await killedAt(s, { reached: () => proxy.count(asked) > 0, victim });
        await s.nothingRuns();
        expect(await s.facts()).toEqual(before);
        proxy.fault(asked, undefined);
        // A child that was killed is a failure, after which there is a wait; a run that was killed is none.
        const next = await s.results(...(victim === 'child' ? ['--force'] : []));
        expect(next).toMatchObject({ status: 0, results: [{ kind: 'renewed', ...served }] });
        const { disk, served: seen } = await s.facts();
        expect(seen).toEqual([disk, disk]);
        expect(disk).not.toBe(before.disk);
        // One that nobody had an answer to is lost; any other is gone on with.
        expect(proxy.count('new-order')).toBe(asked === 'new-order' ? 2 : 1);
      });
    }
  }
});

interface Kill {
  readonly reached: () => boolean;
  readonly victim: (typeof VICTIMS)[number];
}

/** Starts a run, and kills it or its child once that point is reached. Resolves when it has ended. */
async function killedAt(s: NginxScene, { reached, victim }: Kill): Promise<void> {
  let run: number | undefined;
  const ended = s.run([], {
    onSpawn: ({ pid }) => {
      run = pid;
    },
  });
  for (;;) {
    const pid = victim === 'run' || run === undefined ? run : await acmeChildOf(run);
    if (reached() && pid !== undefined) {
      process.kill(pid, 'SIGKILL');
      break;
    }
    await pause(20);
  }
  await ended;
}

async function acmeChildOf(parent: number): Promise<number | undefined> {
  for (const name of (await readdir('/proc')).filter((each) => /^\d+$/.test(each))) {
    const [command, status] = await Promise.all(
      ['cmdline', 'status'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
    );
    if (command?.includes('__acme-child') && status?.includes(`PPid:\t${parent}\n`)) return Number(name);
  }
  return undefined;
}

describe.concurrent('killed in the', () => {
  for (const step of ['pre-hook', 'deploy-hook', 'reload'] as const) {
    for (const victim of VICTIMS) {
      test(`${step}: the ${victim}`, async ({ expect }) => {
        const pid = victim === 'run' ? '$PPID' : '$$';
        const kills = (then: string) =>
          `{ shell: 'test -e killed || { touch killed; kill -KILL ${pid}; sleep 300; }; ${then}' }`;
        await using s = await nginxScene(
          step === 'reload'
            ? { reload: (nginx) => kills(`kill -HUP ${nginx}`) }
            : { entry: `    ${step}: ${kills('true')}\n` },
        );
        const before = await s.facts();
        const killed = await s.run([]);
        await s.nothingRuns();
        const { disk, served: seen } = await s.facts();
        // What was killed was no reload yet: nginx has the old one.
        expect(seen).toEqual([before.disk, before.disk]);
        if (victim === 'run') expect(killed.signal).toBe('SIGKILL');
        // A command that was killed has failed: the old one is back.
        else expect([killed.status, disk]).toEqual([2, before.disk]);
        const next = await s.results(...(victim === 'child' ? ['--force'] : []));
        const kind = victim === 'child' || step === 'pre-hook' ? 'renewed' : 'resumed';
        expect(next).toMatchObject({ status: 0, results: [{ kind, ...served }] });
        expect(ordersIn(await s.journal())).toBe(1);
      });
    }
  }

  for (const victim of VICTIMS) {
    test(`reload of the old one: the ${victim}`, async ({ expect }) => {
      const pid = victim === 'run' ? '$PPID' : '$$';
      await using s = await nginxScene({
        reload: (nginx) =>
          `{ shell: 'test -e mended && exec kill -HUP ${nginx}; test -z "$CERTWATCH_PUT_BACK" || { kill -KILL ${pid}; sleep 300; }; exit 1' }`,
      });
      const before = await s.facts();
      const killed = await s.run([]);
      await s.nothingRuns();
      expect(await s.facts()).toEqual(before);
      if (victim === 'run') expect(killed.signal).toBe('SIGKILL');
      // nginx was never told of the new one.
      else expect(JSON.parse(killed.stdout).results).toMatchObject([{ kind: 'rolled-back', restored: true }]);
      await s.here.folder.write('mended', '');
      const next = await s.results(...(victim === 'child' ? ['--force'] : []));
      expect(next).toMatchObject({ status: 0, results: [{ kind: 'renewed', ...served }] });
      expect(ordersIn(await s.journal())).toBe(1);
    });
  }
});
