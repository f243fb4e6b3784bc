/**
 * For commands that nobody supervises: whether the disk under files answers, before they are touched.
 */
import { Deadline } from '../time/deadline.ts';
import { SECOND } from '../time/duration.ts';
import type { Io } from './io.ts';

/** A config and what it names are small: a disk that takes longer over them is dead. */
const USUAL_MS = 5 * SECOND;

/** Loaded where a file is named: most checks name none. */
export async function doFilesAnswer(paths: readonly string[], deadline: Deadline, io: Io): Promise<boolean> {
  const { doesAnswer } = await import('../files/answering.ts');
  return doesAnswer(paths, { deadline, onExit: io.onExit });
}

/** The same, for files that are all to be read within a time that begins now. @returns undefined for who is supervised. */
export function answersFor(io: Io, withinMs = USUAL_MS): ((paths: readonly string[]) => Promise<boolean>) | undefined {
  if (io.supervisor) return undefined;
  const endsAt = performance.now() + withinMs;
  return async (paths) => {
    const deadline = Deadline.after(Math.max(0, endsAt - performance.now()));
    const answered = await doFilesAnswer(paths, deadline, io);
    deadline.release();
    return answered;
  };
}
