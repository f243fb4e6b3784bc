/**
 * node-forge, loaded when it is needed and nowhere else: it costs a start as much as all the rest of a small check. It
 * makes PKCS#12 where the keys are RSA, and has the RC2 that older stores are encrypted by; EC keys and certificates it
 * cannot read.
 */
export type Forge = typeof import('node-forge');

export async function loadForge(): Promise<Forge> {
  const { default: forge } = await import('node-forge');
  return forge;
}
