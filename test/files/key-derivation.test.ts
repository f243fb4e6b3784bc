/**
 * Key derivation by RFC 7292, held against node-forge's own, and its end at a deadline. (PBKDF2 is node:crypto's.)
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadForge } from '../../src/files/forge.ts';
import { derivePbkdf2, derivePkcs12, HASH } from '../../src/files/key-derivation.ts';
import { passwordOf } from '../../src/files/password.ts';
import { Deadline } from '../../src/time/deadline.ts';

it('gives the same octets as node-forge, for every hash, length and password', async () => {
  const { md, pkcs12, util } = await loadForge();
  const hash = fc.constantFrom(
    'md5' as const,
    'sha1' as const,
    'sha256' as const,
    'sha384' as const,
    'sha512' as const,
  );
  const purpose = fc.constantFrom('key' as const, 'iv' as const, 'mac' as const);
  const salt = fc.uint8Array({ minLength: 1, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(
      hash,
      purpose,
      salt,
      fc.nat(200),
      fc.string({ maxLength: 100 }),
      async (name, id, octets, length, text) => {
        const password = passwordOf(Buffer.from(text));
        const wanted = { hash: HASH[name], salt: octets, iterations: 3, length: length + 1 };
        const own = await derivePkcs12(password, id, wanted, Deadline.none());
        const number = { key: 1, iv: 2, mac: 3 }[id];
        const buffer = util.createBuffer(Buffer.from(octets).toString('latin1'));
        const theirs = pkcs12.generateKey(text, buffer, number, 3, length + 1, md[name].create());
        expect(own.ok && Buffer.from(own.value).toString('hex')).toBe(theirs.toHex());
      },
    ),
    { numRuns: 60 },
  );
});

const salt = Buffer.alloc(8);

it('ends at its deadline', async () => {
  const wanted = { hash: HASH.sha256, salt, iterations: 2_000_000, length: 32 };
  const failure = { ok: false, error: { reason: 'deadline' } };
  expect(await derivePkcs12(passwordOf(salt), 'mac', wanted, Deadline.after(20))).toMatchObject(failure);
  const late = Deadline.none();
  late.expire();
  expect(await derivePbkdf2(passwordOf(salt), wanted, late)).toMatchObject(failure);
});

it.each([0, 2_000_001])('refuses %i rounds', async (iterations) => {
  const wanted = { hash: HASH.sha1, salt, iterations, length: 20 };
  expect(await derivePbkdf2(passwordOf(salt), wanted, Deadline.none())).toMatchObject({ ok: false });
  expect(await derivePkcs12(passwordOf(salt), 'key', wanted, Deadline.none())).toMatchObject({ ok: false });
});
