/**
 * How long a scanner is waited for, by whom is late himself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Patience } from '../../src/scan/supervised/patience.ts';
import { Deadline } from '../../src/time/deadline.ts';

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** What was heard of a process that answers while this one is busy until after its first word is due, and when. */
async function heardWhileBusy(): Promise<{ words: string | undefined; lateMs: number }> {
  const deadline = Deadline.after(20);
  const patience = new Patience(deadline, () => {});
  const answering = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
  const heard = patience.race(once(answering.stdout, 'data'));
  await new Promise<void>((resolve) => deadline.onExpire(resolve));
  answering.stdin.end('here');
  // From here on the timers come before what is to be read.
  await new Promise((resolve) => setImmediate(resolve));
  busy(450);
  const words = (await heard)?.[0]?.toString();
  const lateMs = performance.now() - deadline.at;
  patience.release();
  if (answering.exitCode === null) await once(answering, 'exit');
  return { words, lateMs };
}

test('what came while this process was busy is heard before anybody is called stuck', async () => {
  // Which comes first is not the same each time.
  for (let times = 0; times < 4; times++) {
    const { words, lateMs } = await heardWhileBusy();
    // Kept from running for longer still, all time is over.
    if (lateMs < 600) expect(words).toBe('here');
  }
});
