/**
 * Reads a plugin's output by the grammar of the Monitoring Plugins guidelines; what does not fit throws.
 */

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly warn: string;
  readonly critical: string;
}

/** `'label'=value[UOM];[warn];[crit];[min];[max]`, separated by spaces; anything else is an error. */
const FIGURE =
  /^(?:'([^'=|]+)'|([^\s'=|]+))=(U|-?\d+(?:\.\d+)?)(s|%|c|[KMGT]?B)?(?:;(-?\d+(?:\.\d+)?:)?)?(?:;(-?\d+(?:\.\d+)?:)?)?(?:;(\d+)?)?(?:;(\d+(?:\.\d+)?)?)?(?: |$)/;

function figuresOf(perfdata: string): Figure[] {
  const figures: Figure[] = [];
  for (let rest = perfdata; rest !== ''; ) {
    const match = FIGURE.exec(rest);
    if (!match) throw new Error(`no performance data: ${rest}`);
    const [whole, quoted, plain, value = '', unit = '', warn = '', critical = ''] = match;
    figures.push({ label: quoted ?? plain ?? '', value, unit, warn, critical });
    rest = rest.slice(whole.length);
  }
  return figures;
}

/** First line, performance data, long output. */
export function readNagios(output: string) {
  const lines = output.split('\n');
  if (lines.pop() !== '') throw new Error('the last line is not ended');
  const [first = '', ...long] = lines;
  const [text = '', perfdata = '', ...more] = first.split('|');
  if (more.length > 0 || long.some((line) => line.includes('|'))) throw new Error('a pipe too many');
  const head = /^CERTWATCH (OK|WARNING|CRITICAL|UNKNOWN) - (.*)$/.exec(text.trimEnd());
  if (!head) throw new Error(`no first line: ${text}`);
  return { status: head[1], said: head[2] ?? '', figures: figuresOf(perfdata.trimStart()), long };
}
