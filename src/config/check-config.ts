/**
 * `config check`: is the file right, in a sentence; or every error of it.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import { type Answers, loadConfig } from './load-config.ts';
import { missingFiles, refusedByRenew } from './surroundings.ts';

export interface CheckOptions {
  readonly answers?: Answers | undefined;
  /** What it names and is not there is an error, not only told: it may be for another machine, or for later. */
  readonly strict?: boolean;
}

/** @returns text of one or more lines, each with a newline at its end. */
export async function checkConfig(
  path: string,
  { answers, strict = false }: CheckOptions = {},
): Promise<Result<string, readonly InputError[]>> {
  const config = await loadConfig(path, answers);
  if (!config.ok) return err(config.error);
  const { targetErrors, certificateErrors } = config.value;
  const missing = await missingFiles(config.value);
  const errors = [...targetErrors, ...certificateErrors, ...refusedByRenew(config.value), ...(strict ? missing : [])];
  if (errors.length > 0) return err(errors);
  const { targets, lists, certificates, hints } = config.value;
  const counts = [
    count(targets.length, 'target'),
    count(lists.length, 'list'),
    count(certificates.length, 'certificate'),
  ];
  const lines = [
    `${path} is right: ${counts.join(', ')}.`,
    ...missing.map(({ origin, message }) => `${origin}: warning: ${message}`),
    ...hints.map(({ origin, message }) => `${origin}: hint: ${message}`),
  ];
  return ok(`${lines.join('\n')}\n`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
