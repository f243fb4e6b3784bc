/**
 * One HTTP request against servers that answer, cut short, flood, drip and are not there.
 */

import { describe, expect, test } from 'vitest';
import { err, ok } from '../../src/model/result.ts';
import { askHttp, type ResolveName } from '../../src/net/http-exchange.ts';
import { httpGet } from '../../src/net/http-get.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { closedPort } from '../support/ports.ts';
import { drippingServer, silentServer } from '../support/servers/misbehaving.ts';
import { serve } from '../support/servers/server.ts';

/** Answers every request with these bytes, and closes. */
const answering = (...answers: readonly string[]) => {
  const left = [...answers];
  return serve((socket) => socket.once('data', () => socket.end((left.length > 1 ? left.shift() : left[0]) ?? '')));
};

const loopback: ResolveName = async () => ok(['127.0.0.1']);

async function ask(port: number, { mostBytes = 1_000, ms = 20_000, body }: Asking = {}) {
  const deadline = Deadline.after(ms);
  const url = new URL(`http://list.example:${port}/x?y=z`);
  const answer = await askHttp(
    { url, resolve: loopback, mostBytes, ...(body === undefined ? {} : { body }) },
    deadline,
  );
  deadline.release();
  return answer.ok ? ok({ ...answer.value, body: answer.value.body.toString() }) : answer;
}

interface Asking {
  readonly mostBytes?: number;
  readonly ms?: number;
  readonly body?: string;
}

describe('an answer', () => {
  test('is taken whole, and the connection is over', async () => {
    await using server = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    expect(await ask(server.port)).toEqual(ok({ status: 200, location: undefined, body: 'hi', ending: 'whole' }));
    await server.idle();
  });

  test.for([
    ['shorter than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi', 'hi', 'connection-lost'],
    ['longer than is taken', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(5_000)}`, 'x'.repeat(1_000), 'too-long'],
    ['just as long as is taken', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_000)}`, 'x'.repeat(1_000), 'whole'],
  ] as const)('%s', async ([, answer, body, ending]) => {
    await using server = await answering(answer);
    expect(await ask(server.port)).toMatchObject(ok({ status: 200, body, ending }));
  });

  test('of an error little is taken, however much a 200 may have', async () => {
    await using server = await answering(`HTTP/1.1 500 Oops\r\n\r\n${'x'.repeat(9_000)}`);
    expect(await ask(server.port, { mostBytes: 1_000_000 })).toMatchObject(
      ok({ status: 500, body: 'x'.repeat(4_096), ending: 'too-long' }),
    );
  });

  test('what is sent goes by POST', async () => {
    const heard: string[] = [];
    await using server = await serve((socket) =>
      socket.on('data', (bytes) => {
        heard.push(bytes.toString());
        if (heard.join('').endsWith('päng')) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      }),
    );
    expect(await ask(server.port, { body: 'päng' })).toMatchObject(ok({ status: 204 }));
    expect(heard.join('')).toMatch(/^POST \/x\?y=z HTTP\/1\.1\r\n[\s\S]*Content-Length: 5\r\n/);
  });
});

describe('no answer', () => {
  test('by the deadline, from one that is silent and from one that drips', async () => {
    await using silent = await silentServer();
    await using dripping = await drippingServer({ everyMs: 5 });
    for (const { port } of [silent, dripping]) {
      expect((await ask(port, { ms: 100 })).ok).toBe(false);
    }
    expect(await ask(silent.port, { ms: 50 })).toEqual(err('no answer in time'));
    expect(await ask(silent.port, { ms: 0 })).toEqual(err('no answer in time'));
  });

  test('from a closed port, in words', async () => {
    expect(await ask(await closedPort())).toEqual(err('connection refused'));
  });

  test('where the name has no address', async () => {
    const deadline = Deadline.after(20_000);
    const resolve: ResolveName = async () => err('no such name');
    const url = new URL('http://list.example/');
    expect(await askHttp({ url, resolve, mostBytes: 1 }, deadline)).toEqual(err('no such name'));
    deadline.release();
  });
});

describe('one file', () => {
  const get = async (port: number) => {
    const deadline = Deadline.after(20_000);
    const got = await httpGet(`http://list.example:${port}/a`, { deadline, mostBytes: 100, resolve: loopback });
    deadline.release();
    return got.ok ? ok(Buffer.from(got.value).toString()) : got;
  };
  const to = (location: string) => `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
  const file = 'HTTP/1.1 200 OK\r\n\r\nlist';

  test.for([
    ['behind redirects', [to('/b'), to('?c'), file], ok('list')],
    ['behind too many', [to('/b')], err('it redirects again and again')],
    ['at another kind of address', [to('https://list.example/')], err('the address is no http URL')],
    ['at what is no address', [to('http://[')], err('the address is no http URL')],
    ['of another status', ['HTTP/1.1 404 Gone\r\n\r\nlist'], err('HTTP status 404')],
    ['too long', [`${file}${'x'.repeat(100)}`], err('more than 100 bytes')],
    ['cut short', ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nlist'], err('cut short')],
  ] as const)('%s', async ([, answers, expected]) => {
    await using server = await answering(...answers);
    expect(await get(server.port)).toEqual(expected);
  });
});
