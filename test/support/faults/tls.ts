/**
 * Faults in the TLS handshake itself, and behind it.
 */
import { makeKey } from '../pki/pki.ts';
import { scriptedTlsServer } from '../servers/scripted-tls.ts';
import type { TlsMood } from '../servers/tls-moods.ts';
import { type Expected, type Fault, HARMLESS, leafFor, noHandshake, timeoutIn } from './fault.ts';

type Row = readonly [id: string, mood: TlsMood, story: string, expect: Expected];

/** RFC 8446 6: a level is 1 or 2, and nothing else. */
const WARNING = 1;

/** Where bytes and the RST are picked up together, libuv says that the stream has ended, and not that it was reset. */
const CUT_OFF = noHandshake('reset', noHandshake('closed'));

const ROWS: readonly Row[] = [
  ['one-byte-segments', 'one-byte-segments', 'Sends each byte as a packet of its own.', HARMLESS],
  ['one-byte-records', 'one-byte-records', 'Sends each byte as a TLS record of its own.', HARMLESS],
  ['quiet', 'silent', 'Falls silent after the ClientHello.', timeoutIn('handshake')],
  ['quiet-after-hello', 'silent-after-hello', 'Falls silent after its ServerHello.', timeoutIn('handshake')],
  ['quiet-after-chain', 'silent-after-certificate', 'Falls silent after its certificates.', timeoutIn('handshake')],
  ['drips', 'drips', 'Sends a good handshake a byte at a time, slowly.', timeoutIn('handshake')],
  ['unfinished', 'unfinished-certificate', 'Sends all of its certificates but the last bytes.', timeoutIn('handshake')],
  ['gone-after-hello', 'hangs-up-after-hello', 'Hangs up after its ServerHello.', noHandshake('closed')],
  ['gone-after-chain', 'hangs-up-after-certificate', 'Hangs up after its certificates.', noHandshake('closed')],
  ['reset-after-hello', 'resets-after-hello', 'Resets the connection after its ServerHello.', CUT_OFF],
  ['reset-after-chain', 'resets-after-certificate', 'Resets the connection after its certificates.', CUT_OFF],
  ['empty-records', 'empty-records', 'Sends TLS records without content, without end.', noHandshake('flood')],
  ['huge', 'huge-certificate', 'Sends a Certificate message of 16 MB.', noHandshake('too-large')],
  ['many', 'ten-thousand-certificates', 'Sends ten thousand certificates.', noHandshake('too-large')],
  ['none', 'no-certificates', 'Sends no certificate at all.', noHandshake('no-certificate')],
  ['oversized', 'oversized-record', 'Sends a record longer than any may be.', noHandshake('malformed-record')],
  ['unknown-record', 'unknown-record', 'Sends a record of a type that is none.', noHandshake('malformed-record')],
  [
    'retries',
    'retries-without-end',
    'Asks for another key share, and again (HelloRetryRequest twice).',
    noHandshake('unexpected-message'),
  ],
  ['foreign-cipher', 'foreign-cipher', 'Picks a cipher suite that nobody offered.', noHandshake('unsupported-cipher')],
  [
    'forged',
    'wrong-signature',
    'Signs the handshake with one bit wrong (CertificateVerify).',
    noHandshake('key-not-proven'),
  ],
  ['alert', { alert: 80 }, 'Answers with a fatal alert.', noHandshake('alert')],
  ['no-such-name', { alert: 112 }, 'Answers with the alert that it does not know the name.', noHandshake('alert')],
  ['warning', { alert: 112, level: WARNING }, 'Answers with a warning, and then no more.', timeoutIn('handshake')],
  ['odd-alert', { alert: 40, level: 77 }, 'Answers with an alert of a level that is none.', noHandshake('alert')],
  [
    'farewell',
    { alert: 0, level: WARNING },
    'Answers with a farewell (close_notify), and stays.',
    noHandshake('closed'),
  ],
  ['rude', 'hangs-up-after-handshake', 'Closes without a farewell once the handshake stands.', HARMLESS],
  ['ruder', 'resets-after-handshake', 'Resets the connection once the handshake stands.', HARMLESS],
  ['tickets', 'endless-tickets', 'Sends session tickets without end behind a good handshake.', HARMLESS],
  ['data', 'endless-data', 'Sends data without end behind a good handshake.', HARMLESS],
  ['hello-requests', 'endless-hello-requests', 'Asks to renegotiate without end behind a good handshake.', HARMLESS],
];

/** Only where the version has such a message. */
const ONLY: Readonly<Record<'TLSv1.2' | 'TLSv1.3', readonly Row[]>> = {
  'TLSv1.2': [
    ['early-hello-request', 'early-hello-request', 'Asks to renegotiate in the middle of the handshake.', HARMLESS],
  ],
  'TLSv1.3': [
    ['key-updates', 'endless-key-updates', 'Changes its keys without end behind a good handshake.', HARMLESS],
  ],
};

export const TLS_FAULTS: readonly Fault[] = (['TLSv1.2', 'TLSv1.3'] as const).flatMap((version): Fault[] => {
  const label = version === 'TLSv1.2' ? 'tls12' : 'tls13';
  const row = ([id, mood, story, expect]: Row): Fault => ({
    id: `${label}-${id}`,
    layer: 'tls',
    story,
    variant: version.replace('v', ' '),
    start(lab) {
      const leaf = leafFor(lab, `${label}-${id}`);
      return scriptedTlsServer({ version, certificates: leaf.chain, key: leaf.key, mood });
    },
    expect,
  });
  return [
    ...[...ROWS, ...ONLY[version]].map(row),
    {
      id: `${label}-thief`,
      layer: 'tls',
      story: 'Shows a good certificate whose key it does not have.',
      variant: version.replace('v', ' '),
      start: (lab) =>
        scriptedTlsServer({ version, certificates: leafFor(lab, `${label}-thief`).chain, key: makeKey() }),
      expect: noHandshake('key-not-proven'),
    },
  ];
});
