import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countLines } from '../../src/targets/count-lines.ts';

const count = (...pieces: string[]) => countLines(Readable.from(pieces.map((piece) => Buffer.from(piece))));

test('counts what is neither blank nor a comment', async () => {
  expect(await count('a.example\n\n  \t\r\n# no\n   # nor this\nb.example # but this\r\nc.example')).toBe(3);
  expect(await count('')).toBe(0);
});

test('wherever the bytes are cut', async () => {
  const line = fc.constantFrom('a.example', '', ' ', '# c', ' b ', '\r');
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(200)), async (lines, cuts) => {
      const text = lines.join('\n');
      const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((end, i) => text.slice(places[i], end));
      expect(await count(...pieces)).toBe(lines.filter((one) => /^\s*[ab]/.test(one)).length);
    }),
    { numRuns: 60 },
  );
});
