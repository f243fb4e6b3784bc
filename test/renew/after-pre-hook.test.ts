/**
 * A pre-hook has stopped the server, and the order fails: nobody is left without a server until the next run.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RenewalResult } from '../../src/model/renewal.ts';
import { renewOne } from '../../src/renew/renew-one.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { dueScene, factsOf, renewHere } from '../support/renew/due-scene.ts';
import { shell } from '../support/renew/stage.ts';

const SCRIPT = join(import.meta.dirname, '../support/renew/reloading-server.mjs');

async function failingOrder(
  start: (command: string) => string,
): Promise<RenewalResult & { readonly served: string[] }> {
  await using s = await dueScene();
  const { folder, live, ports, tools } = s.here;
  const places = ports.map((port, i) => `127.0.0.${i + 1}:${port}`).join(' ');
  const [log, pid] = [folder.at('log'), folder.at('pid')];
  const command = `setsid ${process.execPath} ${SCRIPT} ${live} ${places} > ${log} 2>&1 & echo $! > ${pid}; until grep -q ready ${log}; do sleep 0.02; done`;
  const renewal = { ...s.renewal, preHook: shell(`kill -KILL ${s.server.pid}`), reload: shell(start(command)) };
  const order = async () =>
    ({ ok: false, step: 'order', reason: 'server-error', detail: 'down', advice: 'try-again', warnings: [] }) as const;
  try {
    const result = await renewHere(renewal, { ...tools, order }, 20_000);
    const { served } = await factsOf(s);
    return { ...result, served: served.map((sha256) => (sha256 === s.old.sha256 ? 'old' : 'other')) } as never;
  } finally {
    const started = await readFile(pid, 'utf8').catch(() => '');
    if (started) process.kill(Number(started), 'SIGKILL');
  }
}

test('what the pre-hook has stopped is started by the reload, and that is told', async () => {
  expect(await failingOrder((command) => `test "$CERTWATCH_PUT_BACK" && { ${command}; }`)).toMatchObject({
    kind: 'failed',
    step: 'order',
    problem: { reason: 'server-error' },
    warnings: [
      {
        reason: 'started-again',
        detail: '2 of 2 addresses answered nothing after the pre-hook; the reload has brought them back',
      },
    ],
    served: ['old', 'old'],
  });
});

test('a reload that does not: it is said that nothing is served, and where', { timeout: 30_000 }, async () => {
  expect(await failingOrder(() => 'echo no; exit 1')).toMatchObject({
    kind: 'failed',
    step: 'order',
    warnings: [
      {
        reason: 'left-silent',
        detail: expect.stringMatching(
          /the reload has not brought back 127\.0\.0\.1 of .*: NOTHING IS SERVED there now; start it, .* ended with exit status 1/,
        ),
      },
    ],
    served: [],
  });
});

test('ended by somebody in the middle of the order: it is said that nobody has looked', async () => {
  await using s = await dueScene();
  const deadline = Deadline.after(20_000);
  const order = async () => {
    deadline.expire();
    return { ok: false, step: 'order', reason: 'cancelled', detail: '', advice: 'try-again', warnings: [] } as const;
  };
  const renewal = { ...s.renewal, preHook: shell('true') };
  const result = await renewOne(renewal, { ...s.here.tools, order }, { deadline });
  expect(result).toMatchObject({ problem: { reason: 'interrupted' }, warnings: [{ reason: 'not-started-again' }] });
});
