/**
 * What a web server at an address says for a path, by plain HTTP: a few kilobytes, one answer, no redirects, a certain end.
 */
import type { Deadline } from '../../../time/deadline.ts';

const MOST_BYTES = 4 * 1024;

export type Seen =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  | { readonly kind: 'none'; readonly why: string };

export interface Fetching {
  readonly address: string;
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly deadline: Deadline;
}

export async function fetchText({ address, port, host, path, deadline }: Fetching): Promise<Seen> {
  if (deadline.expired) return { kind: 'none', why: 'nothing in time' };
  const { request } = await import('node:http');
  return new Promise((resolve) => {
    const outgoing = request({ host: address, port, path, agent: false, headers: { host, 'user-agent': 'certwatch' } });
    const settle = (seen: Seen) => {
      forget();
      resolve(seen);
      outgoing.destroy();
    };
    const forget = deadline.onExpire(() => settle({ kind: 'none', why: 'nothing in time' }));
    outgoing.on('error', (cause) => settle({ kind: 'none', why: cause.message }));
    outgoing.on('response', (incoming) => {
      let text = '';
      const done = () => settle({ kind: 'answer', status: incoming.statusCode ?? 0, text });
      incoming.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (text.length > MOST_BYTES) done();
      });
      incoming.on('end', done);
      incoming.on('error', (cause) => settle({ kind: 'none', why: cause.message }));
    });
    outgoing.end();
  });
}
