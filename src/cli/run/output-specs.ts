/**
 * From the formats that were asked for to renderers and where their text goes.
 */
import type { RunSettings } from '../../config/resolve-run.ts';
import type { FormatRequest } from '../../config/run-settings.ts';
import type { Format, Renderer } from '../../report/format.ts';
import { loadFormat } from '../../report/formats/index.ts';
import type { Io } from '../io.ts';
import type { FileSpec } from './file-outputs.ts';
import type { OutputSpec } from './outputs.ts';

/** On the standard output. Formats that go into files leave it to `human`. */
export async function stdoutSpecs(run: RunSettings, io: Io): Promise<readonly OutputSpec[]> {
  const [asked = { format: 'human' }] = run.format.filter(({ file }) => file === undefined);
  const { streams, renderer } = await load(asked, run, io);
  return [{ streams, renderer }];
}

export function fileSpecs(run: RunSettings, io: Io): Promise<readonly FileSpec[]> {
  const asked = run.format.flatMap(({ format, file }) => (file === undefined ? [] : [{ format, file }]));
  return Promise.all(asked.map(async (each) => ({ file: each.file, renderer: (await load(each, run, io)).renderer })));
}

export const filesOf = ({ format }: RunSettings): readonly string[] =>
  format.flatMap(({ file }) => (file === undefined ? [] : [file]));

async function load(
  { format, file }: FormatRequest,
  run: RunSettings,
  io: Io,
): Promise<Format & { renderer: Renderer }> {
  const color = file === undefined && (run.color ?? io.stdout.colorLevel > 0);
  const loaded = await loadFormat(format);
  const renderer = loaded.create({
    verbose: run.verbose,
    quiet: run.quiet,
    color,
    columns: io.stdout.columns || 100,
    now: run.now ?? io.now(),
  });
  return { ...loaded, renderer };
}
