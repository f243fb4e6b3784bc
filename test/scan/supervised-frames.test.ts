/**
 * What goes between the scanning process and its supervisor arrives as it was sent, however the pipe cuts it.
 */
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EndpointTarget } from '../../src/model/target.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { type Frame, FrameWriter, readFrames } from '../../src/scan/supervised/frames.ts';
import { VerdictDecoder, VerdictEncoder } from '../../src/scan/supervised/verdict-codec.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { judge } from '../../src/verdict/judge.ts';
import { ChainReader } from '../../src/x509/chain-reader.ts';
import { createCa } from '../support/pki/pki.ts';

async function written(frames: readonly Frame<string>[]): Promise<Buffer> {
  const pipe = new PassThrough();
  const chunks: Buffer[] = [];
  pipe.on('data', (chunk: Buffer) => chunks.push(chunk));
  const writer = new FrameWriter<string>(pipe);
  for (const frame of frames) await writer.write(frame);
  await writer.end();
  return Buffer.concat(chunks);
}

async function read(pieces: Iterable<Buffer>): Promise<Frame<string>[]> {
  const frames: Frame<string>[] = [];
  for await (const frame of readFrames<string>(Readable.from(pieces, { objectMode: false }))) frames.push(frame);
  return frames;
}

test('frames come out as they went in, at any cut of the pipe', async () => {
  const frames: Frame<string>[] = [
    { kind: 'run', run: 'x'.repeat(70_000) },
    { kind: 'input-error', error: { origin: 'hosts.txt:1', message: 'ünïcode \u0000' } },
    { kind: 'rendered', status: 'ok', text: '' },
    { kind: 'done' },
  ];
  const bytes = await written(frames);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
      expect(await read(pieces.filter((piece) => piece.length > 0))).toEqual(frames);
    }),
    { numRuns: 40 },
  );
});

test('bytes that are no frame are an error, not a wait', async () => {
  await expect(read([Buffer.from('ffffffff00', 'hex')])).rejects.toThrow('a frame of');
});

test('a verdict is the same on the other side, and an intermediate travels once', () => {
  const now = Date.UTC(2026, 10, 24);
  const intermediate = createCa({ now }).issueCa();
  const encoder = new VerdictEncoder();
  const decoder = new VerdictDecoder(new ChainReader());
  const chainReader = new ChainReader();
  const target: EndpointTarget = {
    kind: 'endpoint',
    input: 'a.example',
    name: 'a.example',
    origin: 'test',
    host: 'a.example',
    port: 443,
    protocol: 'tls',
    servername: 'a.example',
    settings: DEFAULT_SETTINGS,
  };
  const sent = [0, 1].map(() => {
    const chain = chainReader.read(intermediate.issue({ sans: ['dns:a.example'] }).chain.map(({ der }) => der));
    const timings = { resolve: 0, connect: 1, starttls: 0, handshake: 2 };
    const verdict: Verdict = judge({ target, now, observations: [{ kind: 'presented', chain, timings }] });
    const wire = encoder.encode(verdict);
    expect(decoder.decode(target, wire)).toEqual(verdict);
    return wire.observations[0]?.chain;
  });
  expect(sent[0]).toMatchObject([{ der: expect.anything() }, { der: expect.anything(), keep: 0 }]);
  expect(sent[1]).toMatchObject([{ der: expect.anything() }, { kept: 0 }]);
});
