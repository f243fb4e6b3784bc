/**
 * Update messages and their signatures. That a real server takes them is shown against BIND; here, that nothing but the
 * server with the key is believed.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUpdateAnswer, encodeUpdate, type Signing } from '../../../src/renew/acme/challenges/dns-update.ts';

const signing: Signing = {
  key: { name: 'acme', algorithm: 'hmac-sha256', secret: Buffer.from('a secret of the test') },
  time: 1_795_000_000,
};
const update = {
  id: 0x1234,
  zone: 'shop.example',
  action: 'add' as const,
  name: '_acme-challenge.shop.example',
  value: 'abc',
  ttl: 60,
};

/** An unsigned answer to an update: header only. */
const answer = (id: number, flags: number): Buffer => {
  const message = Buffer.alloc(12);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(flags, 2);
  return message;
};

describe('messages', () => {
  test('an addition: opcode UPDATE, one zone, one record of class IN', () => {
    const { message } = encodeUpdate(update);
    expect(message.toString('hex')).toBe(
      [
        '12342800' + '0001' + '0000' + '0001' + '0000',
        '0473686f70076578616d706c6500' + '0006' + '0001',
        '0f5f61636d652d6368616c6c656e67650473686f70076578616d706c6500' +
          '0010' +
          '0001' +
          '0000003c' +
          '0004' +
          '03616263',
      ].join(''),
    );
  });
  test('a deletion of that record only: class NONE, TTL 0', () => {
    const { message } = encodeUpdate({ ...update, action: 'delete' });
    expect(message.toString('hex')).toMatch(/001000fe00000000000403616263$/);
  });
  test('a signature goes last and is counted', () => {
    const { message, mac } = encodeUpdate(update, signing);
    expect(message.readUInt16BE(10)).toBe(1);
    expect(mac).toHaveLength(32);
    expect(message.includes(mac!)).toBe(true);
  });
});

describe('answers', () => {
  const request = encodeUpdate(update, signing);
  test.each([
    ['unsigned success', answer(0x1234, 0xa800), { ok: false, error: 'is not signed' }],
    ['unsigned refusal', answer(0x1234, 0xa805), { ok: true, value: { rcode: 5 } }],
    ['another id', answer(0x4321, 0xa800), { ok: false, error: 'answers another request' }],
    ['a question', answer(0x1234, 0x2800), { ok: false, error: 'is no answer to an update' }],
    ['an answer to a query', answer(0x1234, 0x8000), { ok: false, error: 'is no answer to an update' }],
    ['half a header', answer(0x1234, 0xa800).subarray(0, 7), { ok: false, error: 'too short' }],
  ])('%s', (_name, message, expected) => {
    expect(decodeUpdateAnswer(message, request, signing)).toEqual(expected);
  });

  test('unsigned success where nothing was signed', () => {
    expect(decodeUpdateAnswer(answer(0x1234, 0xa800), encodeUpdate(update))).toEqual({ ok: true, value: { rcode: 0 } });
  });

  test('the request sent back, its bits turned, is not taken for success', () => {
    const echo = Buffer.from(request.message);
    echo.writeUInt16BE(0xa800, 2);
    expect(decodeUpdateAnswer(echo, request, signing)).toEqual({ ok: false, error: 'has a wrong signature' });
  });

  test('bytes of any kind are an answer or an error, and never success without the key', () => {
    const header = answer(0x1234, 0xa800);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 8, maxLength: 8 }), (tail, counts) => {
        const message = Buffer.concat([header.subarray(0, 4), counts, tail]);
        const read = decodeUpdateAnswer(message, request, signing);
        expect(read.ok && read.value.rcode === 0).toBe(false);
      }),
    );
  });

  test('the request with a few bytes changed is never success', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: request.message.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }),
        (changes) => {
          const message = Buffer.from(request.message);
          message.writeUInt16BE(0xa800, 2);
          for (const [at, byte] of changes) message[at] = byte;
          const read = decodeUpdateAnswer(message, request, signing);
          expect(read.ok && read.value.rcode === 0).toBe(false);
        },
      ),
    );
  });
});
