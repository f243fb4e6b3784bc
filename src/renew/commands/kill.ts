/**
 * How processes are signalled: handed in, since only `main.ts` touches the process.
 */

/** Signals a process, or with a negative number its group; as `process.kill`. */
export type Kill = (pid: number, signal: NodeJS.Signals | 0) => unknown;
