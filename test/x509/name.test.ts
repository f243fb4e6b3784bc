/** Names: string types, RFC 4514 text, RFC 5280 7.1 comparison, general names. */
import { describe, expect, it } from 'vitest';
import { DerCursor } from '../../src/x509/der.ts';
import {
  formatGeneralName,
  formatName,
  nameIsWithin,
  nameKey,
  namesMatch,
  readGeneralName,
  readName,
} from '../../src/x509/name.ts';
import { type Attribute, der, generalName, type NameInput, name } from '../support/pki/pki.ts';

function read(input: NameInput) {
  const cursor = DerCursor.over(name(input));
  return readName(cursor, cursor.next()!)!;
}
const cn = (value: string | Uint8Array, as: NonNullable<Attribute['as']> = 'utf8') => read([{ type: 'CN', value, as }]);
const textOf = (value: string | Uint8Array, as: NonNullable<Attribute['as']>) => cn(value, as).rdns[0]![0]!.value;

describe('string types', () => {
  it.each([
    ['Zürich', 'utf8', 'Zürich'],
    ['Zürich', 'teletex', 'Zürich'],
    ['Zürich 株', 'bmp', 'Zürich 株'],
    ['😀', 'universal', '😀'],
    ['Example', 'printable', 'Example'],
    ['a@example.org', 'ia5', 'a@example.org'],
    [Buffer.from([0x61, 0xff, 0x62]), 'utf8', 'a\ufffdb'],
    [Buffer.from([0x61, 0xff]), 'ia5', 'a\ufffd'],
    [Buffer.from([0x00, 0x61, 0x00]), 'bmp', 'a\ufffd'],
    [Buffer.from([0xd8, 0x00]), 'bmp', '\ufffd'],
    [Buffer.from([0xd8, 0x3d, 0xde, 0x00]), 'bmp', '😀'],
    [Buffer.from([0x00, 0x11, 0x00, 0x00]), 'universal', '\ufffd'],
    [Buffer.from([0x00, 0x00, 0xd8, 0x00, 0x00]), 'universal', '\ufffd\ufffd'],
  ] as const)('%j as %s is %j', (value, as, expected) => {
    expect(textOf(value, as)).toBe(expected);
  });

  it('shows what is no string as the hex of its DER', () => {
    const attribute = der.sequence(der.oid('2.5.4.45'), der.bitString(Buffer.of(0xa0), 5));
    expect(read(der.sequence(der.set(attribute))).rdns[0]![0]!.value).toBe('#030205a0');
  });
});

describe('formatName', () => {
  it.each<[NameInput, string]>([
    ['C=DE,O=Example,CN=example.org', 'CN=example.org,O=Example,C=DE'],
    ['', ''],
    [[{ type: 'O', value: 'Foo, Bar + "Baz" \\ <x>; =' }], 'O=Foo\\, Bar \\+ \\"Baz\\" \\\\ \\<x\\>\\; ='],
    [[{ type: 'O', value: '#hash' }], 'O=\\#hash'],
    [[{ type: 'O', value: ' both ' }], 'O=\\ both\\ '],
    [[{ type: 'O', value: ' ' }], 'O=\\ '],
    [[{ type: 'O', value: 'a\0b' }], 'O=a\\00b'],
    [
      [
        { type: 'CN', value: 'x' },
        { type: 'serialNumber', value: '1', joined: true },
      ],
      'CN=x+serialNumber=1',
    ],
    [[{ type: '1.2.3.4', value: 'x' }], '1.2.3.4=x'],
    [[{ type: 'emailAddress', value: 'a@b.example' }], 'emailAddress=a@b.example'],
    [[{ type: 'CN', value: 'line\nbreak\u001b[31m' }], 'CN=line\nbreak\u001b[31m'],
  ])('%j', (input, expected) => {
    expect(formatName(read(input))).toBe(expected);
  });
});

describe('namesMatch', () => {
  const equal: [string, NameInput, NameInput][] = [
    ['the same', 'CN=a,O=b', 'CN=a,O=b'],
    ['case', 'CN=Example Root', 'CN=EXAMPLE rOOT'],
    ['white space', [{ type: 'CN', value: ' Example  Root ' }], 'CN=Example Root'],
    ['string types', [{ type: 'CN', value: 'Root', as: 'printable' }], [{ type: 'CN', value: 'root', as: 'bmp' }]],
    ['compatible characters', 'CN=ﬁx', 'CN=fix'],
    [
      'attributes of one RDN in another order',
      [
        { type: 'CN', value: 'a' },
        { type: 'O', value: 'b', joined: true },
      ],
      der.sequence(
        der.set(
          ...['O', 'CN'].map((type, i) =>
            der.sequence(der.oid(type === 'O' ? '2.5.4.10' : '2.5.4.3'), der.tlv(0x0c, Buffer.from('ba'[i]!))),
          ),
        ),
      ),
    ],
    ['nothing', '', ''],
  ];
  it.each(equal)('holds for %s', (_, a, b) => {
    expect(namesMatch(read(a), read(b))).toBe(true);
    expect(nameKey(read(a))).toBe(nameKey(read(b)));
  });

  const different: [string, NameInput, NameInput][] = [
    ['another value', 'CN=a', 'CN=b'],
    ['another type', 'CN=a', 'O=a'],
    ['another order', 'CN=a,O=b', 'O=b,CN=a'],
    ['one more', 'CN=a', 'CN=a,O=b'],
    [
      'one RDN for two',
      'CN=a,O=b',
      [
        { type: 'CN', value: 'a' },
        { type: 'O', value: 'b', joined: true },
      ],
    ],
    ['nothing and something', '', 'CN=a'],
    [
      'a value that poses as two attributes',
      [{ type: 'CN', value: 'a,2.5.4.10=b' }],
      [
        { type: 'CN', value: 'a' },
        { type: 'O', value: 'b' },
      ],
    ],
    ['inner white space and none', 'CN=a b', 'CN=ab'],
  ];
  it.each(different)('does not hold for %s', (_, a, b) => {
    expect(namesMatch(read(a), read(b))).toBe(false);
    expect(nameKey(read(a))).not.toBe(nameKey(read(b)));
  });

  it('knows what lies within a subtree', () => {
    expect(nameIsWithin(read('C=DE,O=X,CN=a'), read('C=de,O=x'))).toBe(true);
    expect(nameIsWithin(read('C=DE,O=X'), read('C=DE,O=X,CN=a'))).toBe(false);
    expect(nameIsWithin(read('C=DE,O=Y,CN=a'), read('C=DE,O=X'))).toBe(false);
    expect(nameIsWithin(read('C=DE'), read(''))).toBe(true);
  });
});

describe('what is no name', () => {
  it.each([
    ['a SET', der.set()],
    ['an empty RDN', der.sequence(der.set())],
    ['an attribute without a value', der.sequence(der.set(der.sequence(der.oid('2.5.4.3'))))],
    [
      'something behind the value',
      der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.tlv(0x0c), der.nullValue()))),
    ],
    ['an RDN that is no SET', der.sequence(der.sequence())],
  ])('%s', (_, bytes) => {
    const cursor = DerCursor.over(bytes);
    expect(readName(cursor, cursor.next()!)).toBeNull();
  });
});

describe('general names', () => {
  const format = (bytes: Uint8Array) => {
    const read = readGeneralName(DerCursor.over(bytes));
    return read && formatGeneralName(read);
  };
  it.each([
    ['dns:example.org', 'dns:example.org'],
    ['email:a@example.org', 'email:a@example.org'],
    ['uri:https://example.org/', 'uri:https://example.org/'],
    ['ip:192.0.2.1', 'ip:192.0.2.1'],
    ['ip:2001:db8::1', 'ip:2001:db8::1'],
    ['ip:10.0.0.0/8', 'ip:10.0.0.0/255.0.0.0'],
    ['dir:O=Example,CN=x', 'dirname:CN=x,O=Example'],
  ])('%s', (input, expected) => {
    expect(format(generalName(input))).toBe(expected);
  });
  it('keeps addresses of impossible lengths', () => {
    expect(format(der.contextPrimitive(7, Buffer.of(1, 2, 3)))).toBe('ip:#010203');
  });
  it('marks octets that are not ASCII', () => {
    expect(format(der.contextPrimitive(2, Buffer.from('ü.example')))).toBe('dns:\ufffd\ufffd.example');
  });
  it('shows other forms as hex', () => {
    expect(format(generalName('rid:1.2.3'))).toMatch(/^rid:88/);
    expect(format(generalName('upn:a@b'))).toMatch(/^othername:a0/);
  });
  it.each([
    [der.nullValue()],
    [der.contextPrimitive(9, Buffer.alloc(0))],
    [der.contextPrimitive(4, Buffer.alloc(0))],
    [Buffer.of(0x82, 0x05)],
  ])('refuses %#', (bytes) => {
    expect(format(bytes)).toBeNull();
  });
});
