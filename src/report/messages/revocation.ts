/** Prose: whether the CA has taken a certificate back. */
import type { NotKnownReason } from '../../trust/revocation/revocation.ts';
import type { Messages } from './message.ts';
import { isLeaf, quote, reload, when } from './message.ts';

const NOT_KNOWN: Readonly<Record<NotKnownReason, string>> = {
  'not-stapled': 'it demands that the server staples an OCSP answer (must-staple), and none came',
  'malformed-answer': 'the stapled OCSP answer cannot be read',
  'responder-refused': "the stapled OCSP answer is the responder's refusal",
  'about-another-certificate': 'the stapled OCSP answer is about another certificate',
  'wrong-signer': 'the stapled OCSP answer is signed by somebody whom the issuer has not authorised',
  'bad-signature': "the stapled OCSP answer's signature is wrong",
  'not-yet-current': 'the stapled OCSP answer is not valid yet',
  'out-of-date': 'the stapled OCSP answer is out of date',
  'unknown-to-responder': 'the OCSP responder does not know the certificate',
  'issuer-not-known': "the issuer's certificate, which would show who may answer for it, is not known",
  'names-no-list': 'it does not say where its revocation list (CRL) is',
  'list-not-fetched': "the issuer's revocation list (CRL) could not be fetched",
  'malformed-list': "the issuer's revocation list (CRL) cannot be read",
  'list-of-another-issuer': 'the revocation list (CRL) that it names is of another issuer',
  'list-wrongly-signed': "the revocation list's (CRL's) signature is not the issuer's",
  'list-not-yet-current': 'the revocation list (CRL) is not valid yet',
  'list-out-of-date': 'the revocation list (CRL) is out of date',
  'list-does-not-cover': 'the revocation list (CRL) that came does not cover it',
};

const phrase = (reason: string): string =>
  (NOT_KNOWN as Readonly<Record<string, string>>)[reason] ?? reason.replaceAll('-', ' ');

export const revocationMessages: Messages<'revoked' | 'revocation-unknown'> = {
  revoked: {
    describe: ({ at, reason }, { subject }) =>
      `${subject} was revoked by its CA on ${when(at)}${reason ? ` (${reason.replaceAll('-', ' ')})` : ''}.`,
    advise: (_, about) =>
      isLeaf(about)
        ? `Clients that look at revocation refuse it: get a new certificate with a new key now, and ${reload(about.target)}.`
        : `Clients that look at revocation refuse all that it has issued: have the certificate reissued by another intermediate of the CA, install that chain, and ${reload(about.target)}.`,
  },
  'revocation-unknown': {
    describe: ({ reason, detail }, { subject }) =>
      `Whether ${subject.replace(/^The /, 'the ')} was revoked is not known: ${phrase(reason)}${detail ? ` (${quote(detail)})` : ''}.`,
    advise: ({ reason }, { target }) => {
      if (reason === 'not-stapled') {
        return `Firefox and others refuse it as it stands: switch OCSP stapling on, or have it reissued without must-staple; ${reload(target)}.`;
      }
      if (/list/.test(reason))
        return 'Nothing to do unless it stays so; then ask the CA, or see what keeps this machine from it.';
      return 'See how the server fetches its OCSP answers (its log, its clock, its way out to the CA).';
    },
  },
};
