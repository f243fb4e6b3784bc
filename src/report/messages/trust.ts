/** Prose: the name and the path to a trust anchor. */
import type { InvalidReason } from '../../trust/path-problem.ts';
import type { Messages } from './message.ts';
import { command, list, quote, reload, shellWord, showIt } from './message.ts';

type TrustCode =
  | 'hostname-mismatch'
  | 'no-san'
  | 'self-signed'
  | 'untrusted-root'
  | 'chain-incomplete'
  | 'chain-invalid';

/** Words of `chain-invalid` that no path problem has: bytes that are no certificate, no reason given, dates. */
type OtherReason = 'malformed' | 'unknown' | 'expired' | 'not-yet-valid';
type PlainReason = Exclude<InvalidReason, `malformed-${string}`>;

/** Why a path is not valid. Exhaustive: a reason without a sentence does not compile. */
const INVALID: Readonly<Record<PlainReason | OtherReason, string>> = {
  malformed: 'it is no readable certificate',
  unknown: 'no valid path to a trust anchor was found',
  expired: 'it has expired',
  'not-yet-valid': 'it is not valid yet',
  version: 'it uses fields that its X.509 version does not have',
  signature: "its signature is not its issuer's",
  'signature-algorithm-mismatch': 'it names two different signature algorithms',
  'unsupported-signature-algorithm': 'it is signed with an algorithm that TLS clients do not know',
  'unsupported-key': 'it has a kind of key that TLS clients do not take',
  'not-a-ca': 'it signs others and is no CA certificate',
  'key-usage': 'its key usage does not allow what it is used for',
  'extended-key-usage': 'its extended key usage does not allow TLS servers',
  'path-length': 'there are more CAs below it than its path length allows',
  'name-constraint': 'it is for a name that a CA above it may not issue for',
  'too-many-names': 'it has too many names to be held against the name constraints of the CA above it',
  'misplaced-name-constraints': 'it has name constraints, which only a CA certificate may have',
  policy: 'a CA above it demands a certificate policy that it does not have',
  'unknown-critical-extension': 'it has a critical extension that clients do not know',
  'misplaced-critical-flag': 'it marks an extension as critical that must not be',
  'duplicate-extension': 'it has the same extension twice',
  'empty-issuer': 'it names no issuer',
  'empty-subject': 'it is a CA without a name',
  'weak-key': 'its key is too weak to be trusted',
  'weak-signature': 'its signature is too weak to be trusted',
  'search-limit': 'the chain is too tangled to be searched',
};

/** What it is that does not read as RFC 5280 wants it: `malformed-PART`. */
const MALFORMED: Readonly<Record<string, string>> = {
  san: 'its subject alternative names',
  time: 'its dates',
  signature: 'its signature',
  policy: 'its certificate policies',
  ski: 'its subject key identifier',
  aki: 'its authority key identifier',
  aia: 'its authority information access',
  'tls-feature': 'its TLS feature extension',
  'critical-flag': 'the critical flag of one of its extensions',
  'basic-constraints': 'its basic constraints',
  'key-usage': 'its key usage',
  'extended-key-usage': 'its extended key usage',
  'name-constraints': 'its name constraints',
};

/** A reason in words. One that is not known here is shown as it is. */
export function invalidity(reason: string): string {
  const said = (INVALID as Readonly<Record<string, string>>)[reason];
  if (said !== undefined) return said;
  const part = /^malformed-(.+)$/.exec(reason)?.[1];
  const what = part === undefined ? undefined : MALFORMED[part];
  if (what === undefined) return reason.replaceAll('-', ' ');
  return `${what} ${/(names|dates|policies|constraints)$/.test(what) ? 'are' : 'is'} malformed`;
}

const plainName = (name: string): string => name.replace(/^(dns|ip):/, '');

/** An address that is safe to paste: the certificate wrote it, not we. */
const isPlainUrl = (url: string): boolean => /^https?:\/\/[\w.~:/%-]{1,200}$/.test(url);

export const trustMessages: Messages<TrustCode> = {
  'hostname-mismatch': {
    describe: ({ servername, names }, { subject }) =>
      names.length === 0
        ? `${subject} is not for ${quote(servername)}: it names no host at all.`
        : `${subject} is not for ${quote(servername)}, but for ${list(names.map((name) => quote(plainName(name))))}.`,
    advise: ({ servername }, { target }) =>
      `Install the certificate for ${quote(servername)} where this name is served, or have it reissued with that name; ${reload(target)}.`,
  },
  'no-san': {
    describe: (_, { subject }) =>
      `${subject} has no subject alternative name: clients no longer look at the common name.`,
    advise: () => 'Have it reissued with its host names as DNS subject alternative names.',
  },
  'self-signed': {
    describe: ({ subject: name }, { subject }) =>
      `${subject} is self-signed (${quote(name)}): no client trusts it by itself.`,
    advise: (_, { target }) =>
      `Install one from a CA. If this one is meant: ${showIt(target, ' --pem > own.pem')}, compare it, then ${command('--ca-file own.pem')}.`,
  },
  'untrusted-root': {
    describe: ({ root, presented }, { target }) =>
      `The chain ends in ${quote(root)}${presented ? ', which was sent along' : ''}, and that is not trusted here (--trust ${target.settings.trust}).`,
    advise: (_, { target }) =>
      target.settings.trust === 'none'
        ? `Name the root that signs it: ${command('--ca-file ROOT.pem')}.`
        : `For a private CA name its root, ${command('--ca-file ROOT.pem')}; otherwise install a certificate from a public CA.`,
  },
  'chain-incomplete': {
    describe: ({ issuer }, { subject }) =>
      `${subject} was issued by ${quote(issuer)}, and that certificate was not sent.`,
    advise: ({ caIssuers }, { target }) => {
      const url = caIssuers.find(isPlainUrl);
      const get = url ? ` (${command(`curl -s ${shellWord(url)} | openssl x509 -inform der`)})` : '';
      return `Append the issuer's certificate to the chain file${get} and ${reload(target)}.`;
    },
  },
  'chain-invalid': {
    describe: ({ reason, detail }, { subject }) =>
      `${subject} breaks the chain: ${invalidity(reason)}${detail ? ` (${reason === 'malformed' ? detail.replaceAll('-', ' ') : detail})` : ''}.`,
    advise: ({ reason }, { target }) =>
      reason === 'malformed'
        ? `Install the chain again from the CA's files; the bytes as sent: ${showIt(target, ' --pem')}`
        : `Have it reissued, or install the chain that belongs to it; look at it: ${showIt(target)}`,
  },
};
