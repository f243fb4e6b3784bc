/**
 * A strict reader of the Prometheus text format; what does not fit throws.
 */

export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const UNESCAPED: Record<string, string> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** HELP and TYPE once and before the samples, all samples of a metric together, no series twice. */
export function readPrometheus(text: string): Sample[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line is not ended');
  const samples: Sample[] = [];
  const done = new Set<string>();
  const series = new Set<string>();
  let metric = '';
  let helped = '';
  for (const line of lines) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, kind, name = ''] = comment;
      if (!NAME.test(name) || done.has(name)) throw new Error(`metric again: ${line}`);
      if (kind === 'HELP') helped = name;
      else {
        if (helped !== name || comment[3] !== 'gauge') throw new Error(`TYPE without HELP: ${line}`);
        done.add(metric);
        metric = name;
      }
      continue;
    }
    const sample = /^([^{\s]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample || sample[1] !== metric) throw new Error(`not a sample of ${metric}: ${line}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (series.has(key)) throw new Error(`series twice: ${key}`);
    series.add(key);
    const value = Number(sample[3]);
    if (!Number.isFinite(value)) throw new Error(`no number: ${line}`);
    samples.push({ metric, labels: labelsOf(sample[2] ?? ''), value });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (!match) throw new Error(`no labels: ${text}`);
    const [, name = '', value = ''] = match;
    if (Object.hasOwn(labels, name)) throw new Error(`label twice: ${text}`);
    labels[name] = value.replace(/\\[\\"n]/g, (sequence) => UNESCAPED[sequence]!);
  }
  return labels;
}
