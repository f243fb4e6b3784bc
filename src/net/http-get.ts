/**
 * One file by plain HTTP: a bounded body, a few redirects, a certain end. What comes is nobody's word for anything; whoever
 * asks checks what it got.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { askHttp, type HttpAnswer, type ResolveName } from './http-exchange.ts';

export interface HttpGetOptions {
  readonly deadline: Deadline;
  readonly mostBytes: number;
  readonly resolve: ResolveName;
}

const MOST_REDIRECTS = 3;

/** @returns the body of an answer of 200; else why there is none, for a person. */
export async function httpGet(
  address: string,
  { deadline, mostBytes, resolve }: HttpGetOptions,
): Promise<Result<Uint8Array, string>> {
  let url = URL.canParse(address) ? new URL(address) : undefined;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    if (url?.protocol !== 'http:') return err('the address is no http URL');
    const got = await askHttp({ url, resolve, mostBytes }, deadline);
    if (!got.ok) return got;
    const { location } = got.value;
    if (location === undefined) return bodyOf(got.value, mostBytes);
    url = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
  }
  return err('it redirects again and again');
}

function bodyOf({ status, body, ending }: HttpAnswer, mostBytes: number): Result<Uint8Array, string> {
  if (status !== 200) return err(`HTTP status ${status}`);
  if (ending === 'too-long') return err(`more than ${mostBytes} bytes`);
  return ending === 'whole' ? ok(new Uint8Array(body)) : err('cut short');
}
