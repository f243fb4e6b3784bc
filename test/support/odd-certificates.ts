/**
 * The fault lab's certificates: chains that are built to break, slow down or fool whoever reads them. A good server sends
 * them; what certwatch has to make of each stands beside it.
 */
import type { FindingCode, Status } from '../../src/model/finding.ts';
import type { FaultPki } from './faults.ts';
import * as der from './pki/der.ts';
import * as ext from './pki/extensions.ts';
import {
  type Authority,
  authorityOf,
  type CertificateOptions,
  createCa,
  explicitP256Spki,
  type KeyPair,
  makeKey,
  selfSigned,
} from './pki/pki.ts';

export interface OddChain {
  readonly ders: readonly Uint8Array[];
  readonly key: KeyPair;
}

export interface OddCertificate {
  /** Unique; the server is asked for as `NAME.shop.example`. */
  readonly name: string;
  readonly story: string;
  readonly make: (pki: FaultPki) => OddChain;
  /** Codes of severity info are left out; an empty list: no more is to be said of it. */
  readonly expect: { readonly status: Status; readonly codes: readonly FindingCode[] };
}

const DAY = 86_400_000;
const FINE = { status: 'ok', codes: [] } as const;
const BROKEN = { status: 'critical', codes: ['chain-invalid'] } as const;

/** A leaf that is odd, behind it the intermediate that is not. */
function leaf(
  name: string,
  story: string,
  rest: { readonly options: (now: number) => CertificateOptions; readonly expect: OddCertificate['expect'] },
): OddCertificate {
  return {
    name,
    story,
    expect: rest.expect,
    make({ issuing }) {
      const issued = issuing.issue({ sans: [`dns:${name}.shop.example`], ...rest.options(issuing.now!) });
      return { ders: issued.chain.map((each) => each.der), key: issued.key };
    },
  };
}

/** Bytes in the place of the leaf. */
const bytes = (name: string, story: string, content: (good: Buffer) => Uint8Array): OddCertificate => ({
  name,
  story,
  expect: BROKEN,
  make({ issuing }) {
    const good = issuing.issue({ sans: [`dns:${name}.shop.example`] });
    return { ders: [content(good.der), issuing.der], key: good.key };
  },
});

function nested(depth: number): Buffer {
  let value = der.nullValue();
  for (let level = 0; level < depth; level += 1) value = der.sequence(value);
  return value;
}

const crookedTime = (text: string) => ({
  raw: { validity: der.sequence(der.utcTime(text), der.utcTime('491231235959Z')) },
});

const LEAVES: readonly OddCertificate[] = [
  leaf('serial-huge', 'a serial number of 20,000 bytes', {
    options: () => ({ serial: Buffer.alloc(20_000, 0x5a) }),
    expect: BROKEN,
  }),
  leaf('serial-negative', 'a negative serial number', { options: () => ({ serial: -5n }), expect: FINE }),
  leaf('many-names', '20,000 names before its own', {
    options: () => ({
      sans: [...Array.from({ length: 20_000 }, (_, i) => `dns:h${i}.example`), 'dns:many-names.shop.example'],
    }),
    expect: FINE,
  }),
  leaf('nameless', 'an empty subject', { options: () => ({ subject: '' }), expect: FINE }),
  leaf('year-9999', 'ends with the year 9999', {
    options: (now) => ({ notBefore: now - DAY, notAfter: Date.UTC(9999, 11, 31, 23, 59, 59) }),
    expect: FINE,
  }),
  leaf('year-0000', 'began with the year 0', {
    options: (now) => ({ notBefore: der.generalizedTime('00000101000000Z'), notAfter: now + 3650 * DAY }),
    expect: FINE,
  }),
  leaf('backwards', 'ended before it begins', {
    options: (now) => ({ notBefore: now + 10 * DAY, notAfter: now - 10 * DAY }),
    expect: { status: 'critical', codes: ['expired', 'not-yet-valid'] },
  }),
  leaf('month-13', 'begins in the thirteenth month', { options: () => crookedTime('251301000000Z'), expect: BROKEN }),
  leaf('time-text', 'begins "yesterday"', { options: () => crookedTime('yesterday'), expect: BROKEN }),
  leaf('twice', 'two subjectAltName extensions', {
    options: () => ({ extraExtensions: [ext.subjectAltName(['dns:evil.example'])] }),
    expect: BROKEN,
  }),
  leaf('two-minds', 'another signature algorithm inside than outside', {
    options: () => ({ raw: { innerAlgorithm: der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nullValue()) } }),
    expect: BROKEN,
  }),
  leaf('unknown-critical', 'a critical extension that nobody knows', {
    options: () => ({ extraExtensions: [ext.extension('1.3.6.1.4.1.99999.7', der.nullValue(), true)] }),
    expect: BROKEN,
  }),
  leaf('empty-san', 'a subjectAltName that is no list of names', {
    options: () => ({
      sans: null,
      extraExtensions: [ext.extension(ext.EXTENSION_OID.subjectAltName, Buffer.from('?'))],
    }),
    expect: { status: 'critical', codes: ['chain-invalid', 'hostname-mismatch', 'no-san'] },
  }),
];

const PIECES: readonly OddCertificate[] = [
  {
    // RFC 8446 4.4.2: an entry has at least one byte. The handshake is what is wrong then.
    ...bytes('nothing', 'no bytes', () => Buffer.alloc(0)),
    expect: { status: 'unknown', codes: ['handshake-failed'] },
  },
  bytes('half', 'half of a certificate', (good) => good.subarray(0, good.length / 2)),
  bytes('tail', 'a certificate and a byte more', (good) => Buffer.concat([good, Buffer.of(0)])),
  bytes('indefinite', 'an indefinite length, as BER has it', (good) =>
    Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(4), Buffer.of(0, 0)]),
  ),
  bytes('boast', 'a length of four gigabytes', (good) =>
    Buffer.concat([Buffer.from('3084ffffffff', 'hex'), good.subarray(4)]),
  ),
  bytes('nested', 'sequences in sequences, 5,000 deep', () => nested(5_000)),
  bytes('zeros', '100,000 zero bytes', () => Buffer.alloc(100_000)),
];

function meshOf(size: number, now: number): Authority[] {
  const own = Array.from({ length: size }, (_, i) => createCa({ now, subject: `CN=Mesh ${i},O=Example` }));
  return own.flatMap((signer) => own.filter((other) => other !== signer).map((other) => signer.crossSign(other)));
}

const WEBS: readonly OddCertificate[] = [
  {
    name: 'loop',
    story: 'two CAs that vouch for each other, and nobody else for them',
    make({ root }) {
      const a = createCa({ now: root.now!, subject: 'CN=Loop A' });
      const b = createCa({ now: root.now!, subject: 'CN=Loop B' });
      const issued = a.issue({ sans: ['dns:loop.shop.example'] });
      return { ders: [issued.der, b.crossSign(a).der, a.crossSign(b).der], key: issued.key };
    },
    expect: { status: 'critical', codes: [] },
  },
  {
    name: 'mesh',
    story: 'nine CAs that all vouch for one another, and nobody else for them',
    make({ root }) {
      const mesh = meshOf(9, root.now!);
      const issued = mesh[0]!.issue({ sans: ['dns:mesh.shop.example'] });
      return { ders: [issued.der, ...mesh.map((each) => each.der)], key: issued.key };
    },
    expect: { status: 'critical', codes: [] },
  },
  {
    name: 'mesh-with-a-way-out',
    story: 'six such CAs, one of them under the root',
    make({ root }) {
      const mesh = meshOf(6, root.now!);
      const issued = mesh[0]!.issue({ sans: ['dns:mesh-with-a-way-out.shop.example'] });
      const out = root.crossSign(mesh.at(-1)!);
      return { ders: [issued.der, ...mesh.map((each) => each.der), out.der], key: issued.key };
    },
    expect: FINE,
  },
  {
    name: 'explicit-curve',
    story: 'an intermediate with a curve of its own making (CVE-2020-0601)',
    make({ root }) {
      const key = makeKey('ec256');
      const raw = { spki: explicitP256Spki(Buffer.from(key.spki.subarray(-65))) };
      const crooked = root.issue({ ca: true, subject: 'CN=Crooked CA', key, raw });
      const issued = authorityOf(crooked, { now: root.now! }).issue({ sans: ['dns:explicit-curve.shop.example'] });
      return { ders: [issued.der, crooked.der], key: issued.key };
    },
    expect: { status: 'critical', codes: [] },
  },
  {
    name: 'same-name',
    story: 'self-signed, under the very name of the trusted root',
    make({ root }) {
      const issued = selfSigned({ now: root.now!, subject: root.identity.name, sans: ['dns:same-name.shop.example'] });
      return { ders: [issued.der], key: issued.key };
    },
    expect: { status: 'critical', codes: [] },
  },
];

export const ODD_CERTIFICATES: readonly OddCertificate[] = [...LEAVES, ...PIECES, ...WEBS];
