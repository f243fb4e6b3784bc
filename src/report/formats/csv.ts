/**
 * `csv`: RFC 4180, a header and one row a target as it comes. Text that a spreadsheet would run as a formula is defused.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Verdict } from '../../model/verdict.ts';
import { formatInstant } from '../../verdict/instant.ts';
import { lifetimeSeconds } from '../../verdict/window.ts';
import { formatName } from '../../x509/name.ts';
import { csvField } from '../escape.ts';
import type { Format } from '../format.ts';
import { describe } from '../messages.ts';

const DAY_SECONDS = 86_400;

/** Numbers are our own and go out as they are; text is untrusted. */
type Cell = string | number | undefined;

/** The columns and what stands in them; new ones are added at the end. */
const COLUMNS: readonly (readonly [header: string, cell: (verdict: Verdict, leaf: Certificate | undefined) => Cell])[] =
  [
    ['name', ({ target }) => target.name],
    ['status', ({ status }) => status],
    ['remaining_days', ({ window }) => window && days(window.remainingSeconds)],
    ['not_after', (_, leaf) => leaf && formatInstant(leaf.notAfter)],
    ['findings', ({ findings }) => [...new Set(findings.map((finding) => finding.code))].join(' ')],
    ['message', (verdict) => verdict.findings[0] && describe(verdict.findings[0], verdict)],
    ['host', ({ target }) => (target.kind === 'endpoint' ? target.host : undefined)],
    ['port', ({ target }) => (target.kind === 'endpoint' ? target.port : undefined)],
    ['protocol', ({ target }) => (target.kind === 'endpoint' ? target.protocol : 'file')],
    ['servername', ({ target }) => target.servername],
    ['path', ({ target }) => (target.kind === 'file' ? target.path : undefined)],
    [
      'address',
      ({ observations }) =>
        observations
          .map(({ address }) => address)
          .filter(Boolean)
          .join(' '),
    ],
    ['tls_version', ({ observations }) => observations[0].tlsVersion],
    ['not_before', (_, leaf) => leaf && formatInstant(leaf.notBefore)],
    ['lifetime_days', (_, leaf) => leaf && days(lifetimeSeconds(leaf))],
    ['renew_at', ({ window }) => window && formatInstant(window.renewAt)],
    ['warn_at', ({ window }) => window && formatInstant(window.warnAt)],
    ['critical_at', ({ window }) => window && formatInstant(window.criticalAt)],
    ['trusted', ({ trust }) => trust && String(trust.trusted)],
    ['anchor', ({ trust }) => trust?.anchor],
    ['subject', (_, leaf) => leaf && formatName(leaf.subject)],
    ['issuer', (_, leaf) => leaf && formatName(leaf.issuer)],
    ['serial', (_, leaf) => leaf?.serial],
    ['sha256', (_, leaf) => leaf?.sha256],
  ];

export const csv: Format = {
  name: 'csv',
  summary: 'one row a target, for spreadsheets',
  streams: true,
  create: () => ({
    begin: () => record(COLUMNS.map(([header]) => header)),
    verdict: (verdict) => {
      const leaf = subjectOf(verdict);
      return record(COLUMNS.map(([, cell]) => cell(verdict, leaf)));
    },
    end: () => '',
  }),
};

/** Records end with CR LF (RFC 4180 2.1); no field holds either, for escaping has taken them out. */
function record(cells: readonly Cell[]): string {
  return `${cells.map((cell) => (typeof cell === 'number' ? String(cell) : csvField(cell ?? ''))).join(',')}\r\n`;
}

/** The certificate that the window is of. */
function subjectOf({ observations, about }: Verdict): Certificate | undefined {
  const element = about && observations[about.observation]?.chain?.[about.index];
  return element?.kind === 'certificate' ? element.certificate : undefined;
}

function days(seconds: number): number {
  return Math.floor((seconds / DAY_SECONDS) * 1_000) / 1_000;
}
