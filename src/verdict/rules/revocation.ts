/**
 * Revocation, by the OCSP answer that the server stapled. Without one nothing is said, unless the certificate itself demands
 * it (RFC 7633): clients that heed that refuse the connection.
 */
import type { Finding } from '../../model/finding.ts';
import { notKnown, type RevocationState } from '../../trust/revocation/revocation.ts';
import { judgeStaple } from '../../trust/revocation/stapled.ts';
import type { RuleContext } from '../context.ts';
import { formatInstant } from '../instant.ts';
import { NONE, type Rule } from './rule.ts';

export const revocation: Rule = (context) => {
  const { leaf } = context;
  const state = leaf && stateOfLeaf(context);
  if (!state) return NONE;
  switch (state.kind) {
    case 'good':
      return NONE;
    case 'revoked': {
      const data = { at: formatInstant(state.at), ...(state.reason === undefined ? {} : { reason: state.reason }) };
      return [{ code: 'revoked', severity: 'critical', certificate: leaf.index, data }];
    }
    case 'not-known': {
      const data = { reason: state.reason, ...(state.detail === undefined ? {} : { detail: state.detail }) };
      return [{ code: 'revocation-unknown', severity: 'info', certificate: leaf.index, data } satisfies Finding];
    }
  }
};

function stateOfLeaf({ leaf, observation, judgement, now, target }: RuleContext): RevocationState | undefined {
  if (!leaf || observation.kind !== 'presented') return undefined;
  const staple = observation.ocspStaple;
  if (!staple) {
    const demanded = target.kind === 'endpoint' && leaf.certificate.mustStaple;
    return demanded ? notKnown('not-stapled') : undefined;
  }
  // Without a judged path nobody knows whose answer it would have to be.
  const issuer = judgement?.path[1] ?? (judgement?.path.length === 1 ? judgement.anchor : undefined);
  if (!issuer) return judgement ? notKnown('issuer-not-known') : undefined;
  return judgeStaple({ leaf: leaf.certificate, issuer, staple, now });
}
