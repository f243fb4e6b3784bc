/**
 * `certwatch show`: one target's chain in full, certificate by certificate, the path that it is trusted by, and what there
 * is to say about it; or the presented bytes as PEM.
 */
import type { Observation } from '../model/observation.ts';
import type { TrustJudgement, Verdict } from '../model/verdict.ts';
import { formatName } from '../x509/name.ts';
import { encodePem } from '../x509/pem.ts';
import { alignFields, elementFields, elementHeading, sessionFields, windowFields } from './chain-text.ts';
import { escapeTerminal } from './escape.ts';
import type { RenderOptions } from './format.ts';
import { wrapWords } from './layout.ts';
import { createPalette, type Palette } from './palette.ts';
import { type Row, rowOf } from './rows.ts';

/** More names than a certificate can reasonably have. */
const MOST_NAMES = 1_000;

/** For a person; everything in it is escaped for a terminal. */
export function renderShow(verdict: Verdict, options: RenderOptions): string {
  const palette = createPalette(options.color);
  const row = rowOf(verdict, { ...options, verbose: true });
  const blocks = [
    headingLines(row, palette),
    ...verdict.observations.map((observation, i) => observationLines(observation, i, verdict, options.now)),
    alignFields(windowFields(verdict.window), ''),
    verdict.trust ? pathLines(verdict.trust, verdict) : [],
    findingLines(row, palette, options.columns),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Every certificate exactly as presented, in its order, also bytes that are no certificate; '' where nothing was. */
export function renderPem(verdict: Verdict): string {
  const chains = verdict.observations.flatMap((observation) => observation.chain ?? []);
  return chains.map((element) => encodePem(element.der)).join('');
}

function headingLines(row: Row, palette: Palette): string[] {
  const words = [palette.bold(row.name), palette.heading[row.status](row.status.toUpperCase()), row.left, row.until];
  return [words.filter(Boolean).join('  ')];
}

function observationLines(observation: Observation, at: number, verdict: Verdict, now: number): string[] {
  const session = alignFields(sessionFields(observation), '');
  const chain = (observation.chain ?? []).flatMap((element, index) => [
    '',
    elementHeading(index, verdict.roles?.[at]?.[index], observation),
    ...alignFields(elementFields(element, now, MOST_NAMES), '  '),
  ]);
  const lines = [...session, ...chain];
  return lines[0] === '' ? lines.slice(1) : lines;
}

/** The path drawn from the leaf up, each certificate hanging on the one that vouches for it. */
function pathLines({ trusted, path, anchor }: TrustJudgement, verdict: Verdict): string[] {
  const subjects = path.map((index) => ({ index, subject: subjectAt(index, verdict) }));
  const lines = subjects.map(({ index, subject }) => `#${index} ${escapeTerminal(subject)}`);
  const anchorSent = anchor !== undefined && subjects.at(-1)?.subject === anchor;
  if (anchorSent) lines.push(`${lines.pop()} (trust anchor, sent along)`);
  else if (anchor !== undefined) lines.push(`${escapeTerminal(anchor)} (trust anchor)`);
  else lines.push('no trust anchor');
  const drawn = lines.map((line, depth) => (depth === 0 ? `  ${line}` : `  ${'   '.repeat(depth - 1)}└─ ${line}`));
  return [trusted ? 'Trusted by this path' : 'Not trusted; the best path', ...drawn];
}

function subjectAt(index: number, { observations }: Verdict): string {
  const element = observations.find((observation) => observation.chain)?.chain?.[index];
  if (element?.kind !== 'certificate') return '(unreadable)';
  return formatName(element.certificate.subject) || '(no name)';
}

function findingLines({ entries }: Row, palette: Palette, columns: number): string[] {
  const width = Math.max(50, columns || 0) - 4;
  return entries.flatMap(({ code, status, message, advice }) => {
    const [first = '', ...rest] = wrapWords(`${code}: ${message}`, width);
    const then = wrapWords(`→ ${advice}`, width);
    return [
      palette[status](first),
      ...rest.map((line) => `  ${line}`),
      ...then.map((line, i) => (i ? `    ${line}` : `  ${line}`)),
    ];
  });
}
