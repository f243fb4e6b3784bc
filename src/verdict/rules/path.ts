/**
 * The path to a trust anchor: what keeps a client from trusting the leaf. Dates alone are the validity rule's business, so
 * that an expired leaf is not called untrusted as well. A file that holds a certificate alone (`cert.pem` beside `chain.pem`)
 * need not be all that is served: that its issuer is missing is a fault only where the file is said to be some host's.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../../model/finding.ts';
import { unreachable } from '../../model/result.ts';
import type { PathProblem } from '../../trust/validate-path.ts';
import { formatName } from '../../x509/name.ts';
import { isSelfIssued } from '../../x509/self-issued.ts';
import type { LeafPath, RuleContext } from '../context.ts';
import { expiresAt } from '../window.ts';
import type { Rule } from './rule.ts';

export const path: Rule = (context) => {
  const findings = context.judgements.flatMap((judged) => pathFindings(judged, context));
  // Several leaves below the same broken CA.
  return findings.filter((finding, i) => findings.findIndex((other) => isDeepStrictEqual(other, finding)) === i);
};

function pathFindings({ leaf, judgement }: LeafPath, context: RuleContext): Finding[] {
  if (judgement.trusted) return [];
  // Not trusted and no reason given: said all the same, never passed over.
  if (judgement.problems.length === 0) {
    return [{ code: 'chain-invalid', severity: 'critical', certificate: leaf.index, data: { reason: 'unknown' } }];
  }
  return judgement.problems.flatMap((problem) => problemFinding(problem, context) ?? []);
}

function problemFinding(problem: PathProblem, context: RuleContext): Finding | undefined {
  const { certificates, now } = context;
  const { certificate, kind, reason, detail } = problem;
  const index = certificates.find((placed) => placed.certificate.sha256 === certificate.sha256)?.index;
  const at = { severity: 'critical', ...(index === undefined ? {} : { certificate: index }) } as const;
  switch (kind) {
    case 'self-signed':
      return { code: 'self-signed', ...at, data: { subject: formatName(certificate.subject) } };
    case 'untrusted-root': {
      if (standsAlone(context)) return issuerMissing(problem, { ...at, severity: 'info' });
      // The problem names the end of what was presented: the root itself, or what the root issued.
      const presented = isSelfIssued(certificate);
      const root = formatName(presented ? certificate.subject : certificate.issuer);
      return { code: 'untrusted-root', ...at, data: { root, presented } };
    }
    case 'no-issuer':
      return issuerMissing(problem, standsAlone(context) ? { ...at, severity: 'info' } : at);
    case 'invalid':
      return { code: 'chain-invalid', ...at, data: { reason, ...(detail === undefined ? {} : { detail }) } };
    case 'outside-validity':
      if (now < certificate.notBefore || now >= expiresAt(certificate)) return undefined;
      return { code: 'chain-invalid', ...at, data: { reason } };
    default:
      return unreachable(kind);
  }
}

function issuerMissing({ certificate }: PathProblem, at: Pick<Finding, 'severity' | 'certificate'>): Finding {
  const data = { issuer: formatName(certificate.issuer), caIssuers: [...certificate.caIssuers] };
  return { code: 'chain-incomplete', ...at, data };
}

const standsAlone = ({ target, chain }: RuleContext): boolean =>
  target.kind === 'file' && target.servername === undefined && chain.length === 1;
