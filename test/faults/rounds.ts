/**
 * Scans a list again and again in one process, and prints what it had in hand after each round: a program of its own, so that
 * the peers' memory and connections are not counted in.
 *
 *     node --expose-gc --import tsx test/faults/rounds.ts FOLDER RESOLVER ROUNDS MILLISECONDS
 *
 * Whatever hangs in it, a round is over after so many milliseconds.
 */
import { join } from 'node:path';
import type { Io } from '../../src/cli/io.ts';
import { scanHere } from '../../src/cli/run/scan-here.ts';
import { parseFlags, resolveRun } from '../../src/config/resolve-run.ts';
import { Deadline } from '../../src/time/deadline.ts';

export interface Round {
  readonly results: number;
  /** Names of the targets that only the end of the round has ended. */
  readonly cutOff: readonly string[];
  /** Heap, buffers and what is held outside of the heap, after a collection; bytes. */
  readonly memory: number;
  /** What keeps the process alive, the standard streams aside. */
  readonly resources: readonly string[];
}

const [folder = '', resolver = '', rounds = '1', roundMs = '20000'] = process.argv.slice(2);

async function scanOnce(): Promise<Pick<Round, 'results' | 'cutOff'>> {
  const flags = parseFlags(
    new Map([
      ['trust', ['none']],
      ['ca-file', [join(folder, 'root.pem')]],
    ]),
  );
  if (!flags.ok) throw new Error(flags.error.map(({ message }) => message).join('; '));
  const { defaults, endpoint } = resolveRun({ flags: flags.value });
  const sources = { words: [], lists: [join(folder, 'hosts.txt')], made: [], stdin: () => process.stdin };
  const io = { env: {}, dist: folder, nodeVersion: process.version, supervisor: {} } as unknown as Io;
  const produce = scanHere(
    { sources: { ...sources, options: { defaults, endpoint } }, run: { concurrency: 256, resolver: [resolver] } },
    io,
  );
  let results = 0;
  const cutOff: string[] = [];
  const deadline = Deadline.after(Number(roundMs));
  await produce({
    deadline,
    judgedAt: Date.UTC(2026, 5, 1),
    interrupted: () => false,
    onVerdict: async ({ target, findings }) => {
      results += 1;
      if (findings.some(({ data }) => 'limit' in data && data.limit === 'run')) cutOff.push(target.name);
    },
    onRendered: async () => {},
    endFiles: async () => [],
    onGivenUp: () => {},
    onInputError: ({ message }) => {
      throw new Error(message);
    },
  });
  deadline.release();
  return { results, cutOff };
}

/** What keeps the process alive, the standard streams aside. */
const held = (): string[] => process.getActiveResourcesInfo().filter((kind) => !/^(Pipe|TTY|FS|Message)/.test(kind));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const found: Round[] = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const scanned = await scanOnce();
  // The farewell of the last connections, and what only a later turn of the event loop lets go of.
  await sleep(300);
  for (let waits = 0; waits < 100 && held().length > 0; waits += 1) await sleep(50);
  const resources = held();
  gc?.();
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  found.push({ ...scanned, memory: heapUsed + external, resources });
}
process.stdout.write(JSON.stringify(found));
