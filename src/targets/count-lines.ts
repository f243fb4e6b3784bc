/**
 * How many targets a list has at most, without taking a single one apart.
 */
const LF = 0x0a;
const HASH = 0x23;
const SPACE = 0x20;

/** Lines that are neither blank nor comments, as bytes tell: a few in a million may be no target all the same. */
export async function countLines(source: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  let undecided = true;
  for await (const bytes of source) {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte === LF) undecided = true;
      else if (undecided && byte > SPACE) {
        if (byte !== HASH) lines += 1;
        undecided = false;
      }
    }
  }
  return lines;
}
