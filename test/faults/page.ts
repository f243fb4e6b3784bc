/**
 * The page "What it survives": the faults as data beside what certwatch said of them in a run. A test holds the page against
 * such a run, so that it cannot tell what is not so.
 */
import { join } from 'node:path';
import { escapeTerminal } from '../../src/report/escape.ts';
import { describe } from '../../src/report/messages.ts';
import type { Fault, Layer } from '../support/faults/fault.ts';
import { LAYERS } from '../support/faults/lab.ts';
import { REPOSITORY } from '../support/repository.ts';
import { failed, judged } from '../verdict/builders.ts';
import { OWN_FAULTS } from './itself.ts';
import { type LabRun, SHOWN } from './lab-run.ts';

export const PAGE = join(REPOSITORY, 'docs', 'what-it-survives.md');

const LONGEST = 240;

const INTRODUCTION = `# What it survives

A watchdog that hangs is worse than none. So certwatch is tested against everything below, and this page is written by
that test: it fails when the page says anything that certwatch did not do. \`npm run docs\` writes the page anew,
\`npm run demo -- --faults\` shows some of it on your terminal.

All that a peer does wrong is in **one** run, in one list, ${SHOWN.length} of them at once, with a healthy server in front of each ten.
The healthy ones are all found OK, the results come in the order of the list, every output format can still be read by
its own strict reader, and the run ends by itself before its deadline. Nothing is left open behind it.

- OK means: odd, but the certificate was seen, it is right, and nothing needs to be done.
- UNKNOWN means: there was no certificate to be judged. \`--unreachable\` makes it worse, or better.
- CRITICAL means: clients refuse what is there.
`;

export function writePage(lab: LabRun): string {
  const sections = (Object.keys(LAYERS) as Layer[]).map((layer) => {
    const rows = grouped(SHOWN.filter((fault) => fault.layer === layer)).map((group) => peerRow(group, lab));
    return table(LAYERS[layer], ['What the other side does', 'Status', 'Finding', 'What certwatch says'], rows);
  });
  const own = OWN_FAULTS.map(({ story, exit, says }) => [markdown(story), String(exit), markdown(says)]);
  return [
    INTRODUCTION,
    ...sections,
    table('certwatch itself', ['What happens to it', 'Exit status', 'What it says'], own),
  ].join('\n');
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [`## ${title}`, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** The same story with the same outcome is one row. */
function grouped(faults: readonly Fault[]): Fault[][] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const key = JSON.stringify([fault.story, fault.expect]);
    groups.set(key, [...(groups.get(key) ?? []), fault]);
  }
  return [...groups.values()];
}

function peerRow(group: readonly Fault[], lab: LabRun): string[] {
  const [first] = group as [Fault, ...Fault[]];
  const variants = group.flatMap(({ variant }) => (variant === undefined ? [] : [variant]));
  const story = variants.length > 0 ? `${first.story} (${variants.join(', ')})` : first.story;
  const { status, says, orElse } = first.expect;
  const codes = new Set([...says, ...(orElse ? [orElse] : [])].map(({ code }) => `\`${code}\``));
  return [
    markdown(story),
    status.toUpperCase(),
    [...codes].join(orElse ? ' or ' : ', '),
    says.length === 0 ? '' : markdown(sentences(first, lab)),
  ];
}

function sentences(fault: Fault, lab: LabRun): string {
  const [said] = fault.expect.says;
  // What is said then depends on who was faster; this is the one that is named first.
  if (fault.expect.orElse && said?.phase && said.reason) {
    const observation = failed({ code: said.code as 'handshake-failed', phase: said.phase, reason: said.reason });
    const verdict = judged(observation);
    return describe(verdict.findings[0]!, verdict);
  }
  const messages = lab.results.get(fault.id)!.findings.filter(({ severity }) => severity !== 'info');
  const text = messages.map(({ message }) => settled(message, fault.id)).join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** Ports and names are other ones in each run, and nobody's. */
function settled(message: string, id: string): string {
  return message
    .replaceAll(`${id}.shop.example`, 'host.example')
    .replace(/name server 127\.0\.0\.1:\d+/g, 'name server 192.0.2.53')
    .replace(/(?:127\.0\.0\.\d+|\[?::1\]?):\d+/g, '192.0.2.1:443')
    .replace(/127\.0\.0\.\d+ port \d+/g, '192.0.2.1 port 443')
    .replace(/(host\.example) port \d+/g, '$1 port 443')
    .replace(/; so far it had sent: .*/su, '.')
    .replace(/(\d+)\d{6} bytes/g, '$1 MB')
    .replace(/ at offset \d+/g, '');
}

const markdown = (text: string): string =>
  escapeTerminal(text)
    .replace(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
