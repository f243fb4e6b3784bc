/**
 * Faults in what is presented: certificates that are built to break, slow down or fool whoever reads them. A good server
 * sends them, and proves that it holds the leaf's key.
 */
import { type CertificateOptions, der, ext, type KeyPair, modulusOfBits, rsaSpki, selfSigned } from '../pki/pki.ts';
import { scriptedTlsServer } from '../servers/scripted-tls.ts';
import { CHAINS } from './chains.ts';
import { also, critical, type Expected, type Fault, HARMLESS, type Lab, leafFor, noHandshake } from './fault.ts';
import { HOSTILE_NAMES, hostileGeneralName, hostileSubject } from './hostile-names.ts';
import { MALFORMED_FIELDS } from './malformed-fields.ts';

export interface Shown {
  readonly ders: readonly Uint8Array[];
  readonly key: KeyPair;
}

interface Row {
  readonly story: string;
  readonly variant?: string;
  readonly make: (lab: Lab, id: string) => Shown;
  readonly expect: Expected;
}

const DAY = 86_400_000;
const MALFORMED = critical('chain-invalid malformed');

/** A leaf that is odd, behind it the intermediate that is not. */
const leaf = (story: string, options: (lab: Lab) => CertificateOptions, expect: Expected): Row => ({
  story,
  expect,
  make(lab, id) {
    const own = options(lab);
    const sans = own.sans === undefined ? [] : (own.sans ?? []);
    const issued = lab.issuing.issue({ ...own, sans: own.sans === null ? null : [...sans, `dns:${id}.shop.example`] });
    return { ders: issued.chain.map((each) => each.der), key: issued.key };
  },
});

/** Bytes in the place of the leaf. */
const bytes = (story: string, content: (good: Buffer) => Uint8Array, expect: Expected = MALFORMED): Row => ({
  story,
  expect,
  make(lab, id) {
    const good = leafFor(lab, id);
    return { ders: [content(good.der), lab.issuing.der], key: good.key };
  },
});

function nested(depth: number): Buffer {
  let value = der.nullValue();
  for (let level = 0; level < depth; level += 1) value = der.sequence(value);
  return value;
}

const begins = (text: string): CertificateOptions => ({
  raw: { validity: der.sequence(der.utcTime(text), der.utcTime('491231235959Z')) },
});

const LEAVES: Readonly<Record<string, Row>> = {
  'serial-huge': leaf('A serial number of 20,000 bytes.', () => ({ serial: Buffer.alloc(20_000, 0x5a) }), MALFORMED),
  'serial-negative': leaf('A negative serial number.', () => ({ serial: -5n }), HARMLESS),
  'modulus-huge': leaf(
    'An RSA key of 100,000 bits, whose owner it is not.',
    () => ({ raw: { spki: rsaSpki(modulusOfBits(100_000), 65_537) } }),
    noHandshake('key-not-proven'),
  ),
  'exponent-one': leaf(
    'An RSA key with exponent 1.',
    () => ({ raw: { spki: rsaSpki(modulusOfBits(2048), 1) } }),
    also(critical('chain-invalid unsupported-key', 'weak-key'), noHandshake('key-not-proven')),
  ),
  'many-names': leaf(
    '100,000 names before its own.',
    () => ({ sans: Array.from({ length: 100_000 }, (_, i) => `dns:${i.toString(36)}`) }),
    HARMLESS,
  ),
  nameless: leaf('An empty subject.', () => ({ subject: '' }), HARMLESS),
  'year-9999': leaf(
    'A certificate until the end of the year 9999.',
    ({ now }) => ({ notBefore: now - DAY, notAfter: Date.UTC(9999, 11, 31, 23, 59, 59) }),
    HARMLESS,
  ),
  'year-0000': leaf(
    'A certificate since the year 0.',
    ({ now }) => ({ notBefore: der.generalizedTime('00000101000000Z'), notAfter: now + 3650 * DAY }),
    HARMLESS,
  ),
  backwards: leaf(
    'A certificate that ended before it begins.',
    ({ now }) => ({ notBefore: now + 10 * DAY, notAfter: now - 10 * DAY }),
    critical('expired', 'not-yet-valid'),
  ),
  'month-13': leaf('A certificate that begins in the thirteenth month.', () => begins('251301000000Z'), MALFORMED),
  'time-text': leaf('A certificate that begins "yesterday".', () => begins('yesterday'), MALFORMED),
  twice: leaf(
    'Two lists of names.',
    () => ({ extraExtensions: [ext.subjectAltName(['dns:evil.example'])] }),
    critical('chain-invalid duplicate-extension'),
  ),
  'two-minds': leaf(
    'Another signature algorithm inside than outside.',
    () => ({ raw: { innerAlgorithm: der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nullValue()) } }),
    critical('chain-invalid signature-algorithm-mismatch'),
  ),
  'unknown-critical': leaf(
    'A critical extension that nobody knows.',
    () => ({ extraExtensions: [ext.extension('1.3.6.1.4.1.99999.7', der.nullValue(), true)] }),
    critical('chain-invalid unknown-critical-extension'),
  ),
};

const PIECES: Readonly<Record<string, Row>> = {
  // RFC 8446 4.4.2: an entry has at least one byte. The handshake is what is wrong then.
  nothing: bytes('No bytes where a certificate should be.', () => Buffer.alloc(0), noHandshake('malformed-message')),
  'no-certificate': bytes('A text where a certificate should be.', () => Buffer.from('This is no certificate.')),
  half: bytes('Half of a certificate.', (good) => good.subarray(0, good.length / 2)),
  tail: bytes('A certificate and a byte more.', (good) => Buffer.concat([good, Buffer.of(0)])),
  indefinite: bytes('A certificate of indefinite length, as BER has it.', (good) =>
    Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(4), Buffer.of(0, 0)]),
  ),
  boast: bytes('A certificate that says it is four gigabytes long.', (good) =>
    Buffer.concat([Buffer.from('3084ffffffff', 'hex'), good.subarray(4)]),
  ),
  nested: bytes('Sequences in sequences, 5,000 deep.', () => nested(5_000)),
  zeros: bytes('100,000 zero bytes.', () => Buffer.alloc(100_000)),
};

const FIELDS = Object.fromEntries(
  MALFORMED_FIELDS.map(({ field, options, expect }): [string, Row] => [
    `der-${field.replaceAll(' ', '-').toLowerCase()}`,
    { ...leaf('Malformed DER in one field, under a signature that is right.', options, expect), variant: field },
  ]),
);

/** A certificate whose names would break what prints them, signed by nobody: the report has to name it. */
const NAMES = Object.fromEntries(
  HOSTILE_NAMES.map((hostile): [string, Row] => [
    `name-${hostile.id}`,
    {
      story: 'A self-signed certificate whose names hold what breaks outputs.',
      variant: hostile.what,
      make({ now }, id) {
        const sans = [hostileGeneralName(hostile), `dns:${id}.shop.example`];
        const issued = selfSigned({ now, subject: hostileSubject(hostile), sans });
        return { ders: [issued.der], key: issued.key };
      },
      expect: critical('self-signed'),
    },
  ]),
);

const MISMATCH: Row = {
  story: 'A certificate for other names only, each built to break an output.',
  make({ issuing }) {
    const issued = issuing.issue({ subject: 'CN=names', sans: HOSTILE_NAMES.map(hostileGeneralName) });
    return { ders: issued.chain.map((each) => each.der), key: issued.key };
  },
  expect: critical('hostname-mismatch'),
};

const ROWS: Readonly<Record<string, Row>> = {
  ...LEAVES,
  ...PIECES,
  ...FIELDS,
  ...NAMES,
  'names-of-others': MISMATCH,
  ...CHAINS,
};

export const CERTIFICATE_FAULTS: readonly Fault[] = Object.entries(ROWS).map(
  ([id, { story, variant, make, expect }]) => ({
    id,
    layer: 'certificates',
    story,
    ...(variant === undefined ? {} : { variant }),
    start(lab) {
      const { ders, key } = make(lab, id);
      return scriptedTlsServer({ certificates: ders, key });
    },
    expect,
  }),
);
