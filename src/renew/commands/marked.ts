/**
 * What a command has started, wherever that has gone to: found by a mark in its environment, where there is a /proc. A
 * process that has left the group (setsid) keeps its environment. Out of reach are those of other users, and one that was
 * started with an environment made anew.
 */

import { readdir, readFile } from 'node:fs/promises';
import { readProcess } from '../../files/proc.ts';
import type { Kill } from './kill.ts';

export const MARK = 'CERTWATCH_MARK';

/** In the environment of who reads what such a process prints, once the command has ended. */
export const READS_FOR = 'CERTWATCH_READS_FOR';

/** What forks while it is being looked for is found by the next look. */
const MOST_LOOKS = 5;

interface Sending {
  readonly signal: NodeJS.Signals;
  readonly kill: Kill;
}

/** To all of them, and each gets it once. */
export async function signalMarked(mark: string, { signal, kill }: Sending): Promise<void> {
  const told = new Set<number>();
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const found = (await marked(mark)).filter((pid) => !told.has(pid));
    if (found.length === 0) return;
    for (const pid of found) {
      told.add(pid);
      send(pid, { signal, kill });
    }
  }
}

/** To those that have left the process group, which has heard it: a second SIGTERM means "at once" to many. */
export async function signalAway(
  mark: string,
  { group, ...sending }: Sending & { readonly group: number },
): Promise<void> {
  for (const pid of await marked(mark)) {
    const found = await readProcess(pid);
    if (found && found.group !== group) send(pid, sending);
  }
}

function send(pid: number, { signal, kill }: Sending): void {
  try {
    kill(pid, signal);
  } catch {
    // Gone by now.
  }
}

/** Their numbers. What has ended, and waits to be buried, has no environment any more. */
export async function marked(mark: string, variable = MARK): Promise<number[]> {
  const text = `${variable}=${mark}`;
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      if (!/^[1-9]\d*$/.test(name)) return [];
      const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      return environment.split('\0').includes(text) ? [Number(name)] : [];
    }),
  );
  return found.flat();
}
