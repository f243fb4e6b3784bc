/**
 * node-forge comes in as one object, from the sources as from the built program.
 */
import { expect, test } from 'vitest';
import { loadForge } from '../../src/files/forge.ts';

test('node-forge is loaded whole, and once', async () => {
  const forge = await loadForge();
  expect(forge.pkcs12.toPkcs12Asn1).toBeTypeOf('function');
  expect(await loadForge()).toBe(forge);
});
