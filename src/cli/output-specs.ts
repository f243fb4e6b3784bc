/**
 * From the formats that were asked for to renderers and where their text goes.
 */
import type { RunSettings } from '../config/resolve-run.ts';
import { loadFormat } from '../report/formats/index.ts';
import type { Io } from './io.ts';
import type { OutputSpec } from './outputs.ts';

/** Formats that go into files leave the standard output to `human`. */
export async function outputSpecs(run: RunSettings, io: Io): Promise<readonly OutputSpec[]> {
  const toStdout = run.format.some(({ file }) => file === undefined);
  const requests = toStdout ? run.format : [...run.format, { format: 'human' }];
  return Promise.all(
    requests.map(async ({ format, file }) => {
      const color = file === undefined && (run.color ?? io.stdout.colorLevel > 0);
      const { create, streams } = await loadFormat(format);
      const renderer = create({
        verbose: run.verbose,
        quiet: run.quiet,
        color,
        columns: io.stdout.columns || 100,
        now: run.now ?? io.now(),
      });
      return file === undefined ? { renderer, streams } : { renderer, streams, file };
    }),
  );
}
