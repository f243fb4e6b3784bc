/**
 * What could not be understood, on the standard error.
 */
import type { RunSettings } from '../config/resolve-run.ts';
import type { InputError } from '../model/target.ts';
import { escapeTerminal } from '../report/escape.ts';
import type { ExitCode, Io } from './io.ts';

/** On a terminal, the report for people says it once more where the eye is: at its end. */
export function inputErrorTeller({ format }: RunSettings, io: Io): (error: InputError) => void {
  const repeats = io.stdout.isTTY && format.every(({ format, file }) => file !== undefined || format === 'human');
  return (error) => {
    if (!repeats) void io.stderr.write(errorLine(error));
  };
}

export async function refuse(errors: readonly InputError[], io: Io): Promise<ExitCode> {
  for (const error of errors) await io.stderr.write(errorLine(error));
  return 3;
}

/** The words of a line that is no target come from a file that anybody may have written. */
export function errorLine({ origin, message }: InputError): string {
  return `certwatch: ${escapeTerminal(origin)}: ${escapeTerminal(message)}\n`;
}
