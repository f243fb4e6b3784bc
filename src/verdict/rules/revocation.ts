/**
 * Revocation: of the leaf by the OCSP answer that the server stapled, and where the lists were asked for, of every certificate
 * on a trusted path. Without either nothing is said, unless the certificate itself demands a stapled answer (RFC 7633): clients
 * that heed that refuse the connection.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Finding } from '../../model/finding.ts';
import { unreachable } from '../../model/result.ts';
import { judgeByLists } from '../../trust/revocation/listed.ts';
import { notKnown, type RevocationState } from '../../trust/revocation/revocation.ts';
import { judgeStaple } from '../../trust/revocation/stapled.ts';
import type { ChainLink, RuleContext } from '../context.ts';
import { formatInstant } from '../instant.ts';
import { NONE, type Rule } from './rule.ts';

export const revocation: Rule = (context) => {
  const { leaf, target, path } = context;
  if (!leaf || target.settings.revocation === 'none') return NONE;
  const stapled = stateByStaple(context, leaf);
  const findings = stapled ? toFindings(stapled, leaf) : [];
  for (const [height, link] of path.entries()) {
    // A good or a bad word about the leaf has been said already.
    if (height === 0 && stapled && stapled.kind !== 'not-known') continue;
    const listed = stateByLists(context, link, height);
    if (listed) findings.push(...toFindings(listed, link));
  }
  return findings;
};

function stateByStaple(context: RuleContext, leaf: ChainLink): RevocationState | undefined {
  const { observation, judgement, now, target } = context;
  const staple = observation.kind === 'presented' ? observation.ocspStaple : undefined;
  if (!staple) {
    const demanded = target.kind === 'endpoint' && observation.kind === 'presented' && leaf.certificate.mustStaple;
    return demanded ? notKnown('not-stapled') : undefined;
  }
  // Without a judged path nobody knows whose answer it would have to be.
  if (!judgement) return undefined;
  const issuer = issuerOf(context, 0);
  return issuer ? judgeStaple({ leaf: leaf.certificate, issuer, staple, now }) : notKnown('issuer-not-known');
}

function stateByLists(context: RuleContext, link: ChainLink, height: number): RevocationState | undefined {
  const { revocationLists: lists, judgement, now } = context;
  const { certificate } = link;
  if (!lists || !judgement?.trusted) return undefined;
  const issuer = issuerOf(context, height);
  if (!issuer || judgement.anchor?.sha256 === certificate.sha256) return undefined;
  return judgeByLists({ certificate, issuer, lists, now });
}

/** What the certificate at this height of the best path is signed by. */
function issuerOf({ judgement }: RuleContext, height: number): Certificate | undefined {
  return judgement?.path[height + 1] ?? (height + 1 === judgement?.path.length ? judgement.anchor : undefined);
}

function toFindings(state: RevocationState, { index }: ChainLink): Finding[] {
  switch (state.kind) {
    case 'good':
      return [];
    case 'revoked': {
      const data = { at: formatInstant(state.at), ...(state.reason === undefined ? {} : { reason: state.reason }) };
      return [{ code: 'revoked', severity: 'critical', certificate: index, data }];
    }
    case 'not-known': {
      const data = { reason: state.reason, ...(state.detail === undefined ? {} : { detail: state.detail }) };
      return [{ code: 'revocation-unknown', severity: 'info', certificate: index, data }];
    }
    default:
      return unreachable(state);
  }
}
