/**
 * What the issuer's revocation list says of a certificate (RFC 5280 6.3.3, for complete lists that the issuer signs itself,
 * as all public CAs have). A list comes by plain HTTP and proves nothing until its signature, scope and dates are checked.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Result } from '../../model/result.ts';
import { listAddresses } from '../../x509/list-scope.ts';
import { namesMatch } from '../../x509/name.ts';
import { findRevocation, type RevocationList } from '../../x509/revocation-list.ts';
import { spkiSha256 } from '../../x509/spki.ts';
import { checkSigned } from '../signature.ts';
import { type FetchedLists, type ListTrouble, notKnown, type RevocationState, SKEW_MS } from './revocation.ts';

export interface ListQuestion {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly lists: FetchedLists;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The first list that says something decides; else why the last one did not. */
export function judgeByLists({ certificate, issuer, lists, now }: ListQuestion): RevocationState {
  const addresses = listAddresses(certificate);
  if (addresses.length === 0) return notKnown('names-no-list');
  let state: RevocationState = notKnown('list-not-fetched');
  for (const address of addresses) {
    const fetched = lists.get(address);
    if (!fetched) continue;
    state = judgeByList({ certificate, issuer, now, fetched, address, addresses });
    if (state.kind !== 'not-known') return state;
  }
  return state;
}

interface OneList extends Omit<ListQuestion, 'lists'> {
  readonly fetched: Result<RevocationList, ListTrouble>;
  readonly address: string;
  readonly addresses: readonly string[];
}

function judgeByList({ certificate, issuer, now, fetched, address, addresses }: OneList): RevocationState {
  if (!fetched.ok) return notKnown(fetched.error.reason, fetched.error.detail ?? address);
  const list = fetched.value;
  if (!namesMatch(list.issuer, issuer.subject)) return notKnown('list-of-another-issuer', address);
  // RFC 5280 6.3.3 (f): who has a key usage must have cRLSign in it.
  const maySign = issuer.keyUsage === undefined || issuer.keyUsage.has('cRLSign');
  if (!maySign || !isSignedBy(list, issuer)) return notKnown('list-wrongly-signed', address);
  const revocation = findRevocation(list, certificate.serial);
  if (revocation === 'malformed') return notKnown('malformed-list', address);
  if (revocation && revocation.reason !== 'remove-from-crl' && !list.scope?.partial) {
    return revocation.at > now + SKEW_MS ? { kind: 'good' } : { kind: 'revoked', ...revocation };
  }
  if (list.unusable || !covers(list, certificate, addresses)) return notKnown('list-does-not-cover', address);
  if (list.thisUpdate > now + SKEW_MS) return notKnown('list-not-yet-current', address);
  if (list.nextUpdate === undefined || now > list.nextUpdate) return notKnown('list-out-of-date', address);
  return { kind: 'good' };
}

/**
 * RFC 5280 6.3.3 (b) (2): a list that names its distribution point is for certificates that name it, too. A CA that cuts
 * its list into parts has many lists with one issuer and one key, and over plain HTTP any of them may be handed out.
 */
function covers({ scope }: RevocationList, certificate: Certificate, addresses: readonly string[]): boolean {
  if (!scope) return true;
  if (scope.partial) return false;
  const isCa = certificate.basicConstraints?.ca === true;
  if ((scope.onlyUserCertificates && isCa) || (scope.onlyAuthorities && !isCa)) return false;
  return scope.names === undefined || scope.names.some((name) => addresses.includes(name));
}

const signers = new WeakMap<RevocationList, Map<string, boolean>>();

/** A list of megabytes is asked about by every host of its CA, and checked once. */
function isSignedBy(list: RevocationList, issuer: Certificate): boolean {
  const known = signers.get(list) ?? new Map<string, boolean>();
  signers.set(list, known);
  const key = spkiSha256(issuer);
  const before = known.get(key);
  if (before !== undefined) return before;
  const signed = checkSigned(list, issuer) === 'good';
  known.set(key, signed);
  return signed;
}
