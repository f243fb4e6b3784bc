/**
 * Colours by meaning. Whether there are any is decided by the caller, never found out here.
 */
import { Chalk } from 'chalk';
import type { Status } from '../model/finding.ts';

export type Paint = (text: string) => string;

export interface Palette extends Readonly<Record<Status, Paint>> {
  readonly heading: Record<Status, Paint>;
  readonly bold: Paint;
  readonly faint: Paint;
}

export function createPalette(color: boolean): Palette {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  return {
    critical: chalk.red,
    warning: chalk.yellow,
    unknown: chalk.magenta,
    ok: chalk.green,
    heading: {
      critical: chalk.bold.red,
      warning: chalk.bold.yellow,
      unknown: chalk.bold.magenta,
      ok: chalk.bold.green,
    },
    bold: chalk.bold,
    faint: chalk.dim,
  };
}
