/**
 * The registry of rules, in the order in which equally grave findings about one certificate are told.
 */
import { duplicates } from './duplicates.ts';
import { expectedFingerprint } from './expected-fingerprint.ts';
import { expectedIssuer } from './expected-issuer.ts';
import { expectedKey } from './expected-key.ts';
import { hostname } from './hostname.ts';
import { lifetime } from './lifetime.ts';
import { malformed } from './malformed.ts';
import { noSan } from './no-san.ts';
import { notSeen } from './not-seen.ts';
import { order } from './order.ts';
import { path } from './path.ts';
import { revocation } from './revocation.ts';
import type { Rule } from './rule.ts';
import { servedFromFile } from './served-from-file.ts';
import { surplus } from './surplus.ts';
import { validity } from './validity.ts';
import { weakKey } from './weak-key.ts';
import { weakSignature } from './weak-signature.ts';

export const RULES: readonly Rule[] = [
  notSeen,
  validity,
  hostname,
  noSan,
  malformed,
  path,
  revocation,
  servedFromFile,
  expectedIssuer,
  expectedFingerprint,
  expectedKey,
  order,
  lifetime,
  weakKey,
  weakSignature,
  surplus,
  duplicates,
];
