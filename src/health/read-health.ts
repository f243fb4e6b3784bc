/**
 * Reads what the state directory knows about certwatch's own runs and has it judged.
 */
import { readLock } from './lock.ts';
import type { ProcessTable } from './process-table.ts';
import { readRecord, recordFile } from './run-record-file.ts';
import { type Health, type HealthInput, judgeHealth } from './status.ts';

/** Those that keep a record. The first is the main job: its age is judged. */
const COMMANDS = ['check', 'renew'] as const;

/** What is read of the state directory: where its disk does not answer, these do not. */
export const traces = (dir: string): readonly string[] => COMMANDS.map((command) => recordFile(dir, command));

export interface ReadHealthOptions {
  /** The state directory. */
  readonly dir: string;
  /** Only this command; without it all that have left a trace, and `check` where none has. */
  readonly command?: string;
  readonly now: () => number;
  readonly maxAgeMs: number;
  readonly processes: ProcessTable;
}

/**
 * The age of `renew` is judged where it is asked for by name or is all there is: many renew by hand, and once.
 */
export async function readHealth(options: ReadHealthOptions): Promise<[Health, ...Health[]]> {
  const { command } = options;
  if (command !== undefined) return [judgeHealth(await read(options, command, options.maxAgeMs))];
  const found: HealthInput[] = [];
  for (const each of COMMANDS) {
    const input = await read(options, each, found.length === 0 ? options.maxAgeMs : Number.POSITIVE_INFINITY);
    if (leftTrace(input)) found.push(input);
  }
  const [first, ...rest] = found.map(judgeHealth);
  return first ? [first, ...rest] : [judgeHealth(await read(options, COMMANDS[0], options.maxAgeMs))];
}

async function read(options: ReadHealthOptions, command: string, maxAgeMs: number): Promise<HealthInput> {
  const { dir, now, processes } = options;
  // The lock first: a run that ends between the two is then seen as running and complete, never as lost.
  const lock = await readLock({ dir, command, now, processes });
  const record = await readRecord(dir, command);
  return { command, record, lock, now: now(), maxAgeMs };
}

function leftTrace({ record, lock }: HealthInput): boolean {
  return !record.ok || record.value !== undefined || !lock.ok || lock.value !== undefined;
}
