/**
 * What a web server at an address says for a path, by plain HTTP: a few kilobytes, one answer, no redirects, a certain end.
 */
import { ok } from '../../../model/result.ts';
import { askHttp } from '../../../net/http-exchange.ts';
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
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`);
  const resolve = async () => ok([address]);
  const seen = await askHttp({ url, headers: { host }, resolve, mostBytes: MOST_BYTES }, deadline);
  if (!seen.ok) return { kind: 'none', why: seen.error };
  const { status, body, ending } = seen.value;
  if (ending === 'connection-lost') return { kind: 'none', why: 'an answer that was cut short' };
  return { kind: 'answer', status, text: body.toString('latin1') };
}
