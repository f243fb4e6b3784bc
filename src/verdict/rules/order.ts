/**
 * The order of what was sent: each certificate should certify the one before it (RFC 8446 4.4.2). Old and small clients
 * build no path of their own and refuse what comes in another order.
 */
import { namesMatch } from '../../x509/name.ts';
import { isAuthority } from '../authority.ts';
import type { ChainLink, RuleContext } from '../context.ts';
import { isContainer, NONE, type Rule } from './rule.ts';

export const order: Rule = (context) => {
  // Containers are sets: whoever serves from one puts the chain together.
  if (isContainer(context)) return NONE;
  const right = buriedLeaf(context) ?? context.path.map((placed) => placed.index);
  if (isAscending(right)) return NONE;
  return [{ code: 'chain-misordered', severity: 'warning', data: { order: right } }];
};

/** `order` is the path's indices as they should have been sent: ascending where they were. What is between does not matter. */
function isAscending(order: readonly number[]): boolean {
  return order.every((index, i) => i === 0 || index > order[i - 1]!);
}

/** A CA certificate sent first, with a certificate behind it that it (or one below it) signed: the leaf is not first. */
function buriedLeaf({ certificates, leaf }: RuleContext): number[] | undefined {
  if (!leaf || !isAuthority(leaf.certificate)) return undefined;
  const buried = certificates.find((placed) => placed !== leaf && !isAuthority(placed.certificate));
  if (!buried) return undefined;
  const path = issuersByName(buried, certificates);
  return path.includes(leaf.index) ? path : undefined;
}

function issuersByName(start: ChainLink, certificates: readonly ChainLink[]): number[] {
  const path = [start];
  for (let last = start; ; ) {
    const next = certificates.find(
      (placed) => !path.includes(placed) && namesMatch(placed.certificate.subject, last.certificate.issuer),
    );
    if (!next) return path.map((placed) => placed.index);
    path.push(next);
    last = next;
  }
}
