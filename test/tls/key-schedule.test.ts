/**
 * The key schedule against the trace of RFC 8448 section 3 ("Simple 1-RTT Handshake"), the PRF of TLS 1.2 against the
 * vector that the working group's list agreed on, and every group's agreement against itself.
 */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyPair, OFFERED_GROUPS } from '../../src/tls/groups.ts';
import { KeySchedule, prf, Transcript, trafficKeys } from '../../src/tls/key-schedule.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hex = (content: Uint8Array) => Buffer.from(content).toString('hex');

describe('RFC 8448, section 3', () => {
  const schedule = new KeySchedule('sha256', bytes('8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d'));
  const hello = bytes('860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8');
  const finished = bytes('9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13');

  test.each([
    [
      'c',
      'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
      'dbfaa693d1762c5b666af5d950258d01',
      '5bd3c71b836e0b76bb73265f',
    ],
    [
      's',
      'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
      '3fce516009c21727d0f2e4e86ee403bc',
      '5d313eb2671276ee13000b30',
    ],
  ] as const)('%s hs traffic, its key and its IV', (side, expected, key, iv) => {
    const secret = schedule.handshakeSecret(side, hello);
    expect(hex(secret)).toBe(expected);
    const keys = trafficKeys('sha256', secret, 16);
    expect([hex(keys.key), hex(keys.iv)]).toEqual([key, iv]);
  });

  test('c ap traffic', () => {
    const expected = '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5';
    expect(hex(schedule.clientApplicationSecret(finished))).toBe(expected);
  });
});

test('the PRF of TLS 1.2', () => {
  const secret = bytes('9bbe436ba940f017b17652849a71db35');
  const seed = bytes('a0ba9f936cda311827a6f796ffd5198c');
  expect(hex(prf('sha256', secret, 'test label', seed, 100))).toBe(
    'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a' +
      '6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab' +
      '4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701' +
      '87347b66',
  );
});

test('a transcript can be hashed at any point, and folded behind a HelloRetryRequest', () => {
  const transcript = new Transcript();
  transcript.add(bytes('01'));
  transcript.add(bytes('0203'));
  expect(hex(transcript.hash('sha256'))).toBe(hash('sha256', bytes('010203')));
  transcript.add(bytes('04'));
  expect(hex(transcript.hash('sha256'))).toBe(hash('sha256', bytes('01020304')));
  transcript.replaceByHash('sha256');
  transcript.add(bytes('05'));
  const folded = `fe000020${hash('sha256', bytes('01020304'))}05`;
  expect(hex(transcript.hash('sha256'))).toBe(hash('sha256', bytes(folded)));
});

test.each(OFFERED_GROUPS)('group %i agrees, and refuses what is no share of it', (group) => {
  const pair = keyPair(group)!;
  expect(keyPair(group)).toBe(pair);
  expect(pair.agree(pair.share)!.length).toBeGreaterThan(0);
  expect(pair.agree(new Uint8Array(0))).toBeUndefined();
  expect(pair.agree(new Uint8Array(pair.share.length))).toBeUndefined();
  expect(pair.agree(Buffer.concat([pair.share, bytes('00')]))).toBeUndefined();
});

test('a group that was not offered has no pair', () => expect(keyPair(0x11ec)).toBeUndefined());
