/**
 * Each output format, on verdicts full of hostile words: what comes out is read back by a strict reader of the format.
 */
import fc from 'fast-check';
import { FORMATS, loadFormat } from '../../../src/report/formats/index.ts';
import { nagiosPlugin } from '../../../src/report/formats/nagios.ts';
import { inputErrors, verdicts } from '../../report/arbitrary.ts';
import { render } from '../../report/fleet.ts';
import { readCsv } from '../../report/readers/csv.ts';
import { strictReader } from '../../report/readers/json.ts';
import { readNagios } from '../../report/readers/nagios.ts';
import { readPrometheus } from '../../report/readers/prometheus.ts';
import { ensure, type Fuzzer } from '../fuzzer.ts';

const formats = await Promise.all(FORMATS.map(loadFormat));

let schema: ReturnType<typeof strictReader> | undefined;
const conforms = (part: 'report' | 'line' | 'result', text: string): void => {
  schema ??= strictReader();
  const errors = schema[part](JSON.parse(text));
  ensure(errors.length === 0, JSON.stringify(errors));
};

/** One for each format there is: a test holds the two lists together. */
export const READERS: Readonly<Record<string, (text: string, targets: number) => void>> = {
  human: (text) =>
    ensure(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll('\n', '')), 'a terminal would act on what it shows'),
  json: (text) => conforms('report', text),
  ndjson(text, targets) {
    const lines = text.split('\n');
    ensure(lines.pop() === '' && lines.length === targets + 1, `${lines.length} lines for ${targets} targets`);
    for (const line of lines.slice(0, -1)) conforms('result', line);
    conforms('line', lines.at(-1)!);
  },
  nagios: (text) => void readNagios(text),
  prometheus: (text) => void readPrometheus(text),
  csv: (text, targets) => ensure(readCsv(text).length === targets + 1, 'a row a target'),
};

export const outputs: Fuzzer = {
  name: 'outputs',
  promise: 'whatever certificates and servers say, each format reads back by its own grammar',
  make: (random) => random.bytes(4),
  run(input) {
    const seed = Buffer.concat([input, Buffer.alloc(4)]).readInt32BE(0);
    const [[all, errors, verbose, quiet] = [[], [], false, false]] = fc.sample(
      fc.tuple(verdicts, inputErrors, fc.boolean(), fc.boolean()),
      { numRuns: 1, seed },
    );
    const over = { run: { errors }, verbose };
    for (const format of formats) {
      const silent = quiet && format.name === 'human';
      const text = render(format, all, silent ? { ...over, quiet } : over);
      READERS[format.name]?.(text, all.length);
    }
    readNagios(render(nagiosPlugin, all, over));
  },
};
